//! A Danish bank account as people write it: four digits of registration number (*reg.nr.*) and up to ten of account number.
//!
//! Pure, and the same rule on the kiosk and on the server, so that what the one takes the other does not refuse.
//!
//! There is no check digit that holds for every bank, so a slip of the finger can only be found by whoever looks: the number is
//! shown back in groups before anything is asked for. No IBAN is made of the two: only the bank knows it.
//!
//! **Invariant:** a [`BankAccount`] has 4 and 10 digits, neither of them all noughts; it prints its last four digits and no more.

use std::fmt;

/// Digits of a registration number. One with three is a slip of the finger: it is asked for again and not padded.
const REGISTRATION: usize = 4;
/// Digits of an account number (BBAN); shorter ones are padded on the left, as banks do.
const NUMBER: usize = 10;
/// Digits that are shown to whoever may look over a shoulder.
const SHOWN: usize = 4;

/// Why what was typed is no bank account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidBankAccount {
    /// Not four digits, or only noughts.
    #[error("a registration number has 4 digits")]
    Registration,
    /// Not 1 to 10 digits, or only noughts.
    #[error("an account number has at most 10 digits")]
    Number,
}

/// Where money is paid out to.
#[derive(Clone, PartialEq, Eq)]
pub struct BankAccount {
    registration: String,
    number: String,
}

impl BankAccount {
    /// Reads the two numbers; spaces, dots and dashes do not count.
    pub fn parse(registration: &str, number: &str) -> Result<Self, InvalidBankAccount> {
        let registration = digits(registration).filter(|digits| digits.len() == REGISTRATION);
        let registration = registration.ok_or(InvalidBankAccount::Registration)?;
        let number = digits(number).filter(|digits| (1..=NUMBER).contains(&digits.len()));
        let number = number.ok_or(InvalidBankAccount::Number)?;
        Ok(Self { registration, number: format!("{number:0>NUMBER$}") })
    }

    /// The registration number, 4 digits.
    #[must_use]
    pub fn registration(&self) -> &str {
        &self.registration
    }

    /// The account number, 10 digits.
    #[must_use]
    pub fn number(&self) -> &str {
        &self.number
    }

    /// To be looked at once more before money goes there: `1234 · 0001 234 567`.
    #[must_use]
    pub fn grouped(&self) -> String {
        let n = &self.number;
        format!("{} · {} {} {}", self.registration, &n[..4], &n[4..7], &n[7..])
    }

    /// The last four digits, for paper and for later.
    #[must_use]
    pub fn last_four(&self) -> &str {
        &self.number[NUMBER - SHOWN..]
    }
}

impl fmt::Debug for BankAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BankAccount(…{})", self.last_four())
    }
}

/// The digits of a number, if there is nothing else in it and not only noughts.
fn digits(typed: &str) -> Option<String> {
    let plain: String = typed.chars().filter(|c| !c.is_whitespace() && !matches!(c, '.' | '-')).collect();
    let good = plain.bytes().all(|byte| byte.is_ascii_digit()) && plain.bytes().any(|byte| byte != b'0');
    good.then_some(plain)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn people_write_it_in_several_ways() {
        for (registration, number) in
            [("1234", "1234567"), (" 1234 ", "123 45 67"), ("12-34", "123.4567"), ("1234", "0001234567")]
        {
            let account = BankAccount::parse(registration, number).unwrap();
            assert_eq!((account.registration(), account.number()), ("1234", "0001234567"), "{registration} {number}");
            assert_eq!(account.grouped(), "1234 · 0001 234 567");
        }
        assert_eq!(BankAccount::parse("0400", "1").unwrap().number(), "0000000001", "noughts in front are kept");
    }

    #[test]
    fn what_is_no_account_says_which_of_the_two() {
        for registration in ["", "123", "12345", "0000", "12a4", "DK12", "１２３４"] {
            assert_eq!(BankAccount::parse(registration, "1234567"), Err(InvalidBankAccount::Registration));
        }
        for number in ["", "0", "0000000000", "12345678901", "12345a7", "DK5000400440116243"] {
            assert_eq!(BankAccount::parse("1234", number), Err(InvalidBankAccount::Number), "{number}");
        }
    }

    #[test]
    fn it_does_not_print_whole() {
        let account = BankAccount::parse("1234", "9876543210").unwrap();
        assert_eq!((format!("{account:?}"), account.last_four()), ("BankAccount(…3210)".to_owned(), "3210"));
    }

    proptest! {
        #[test]
        fn what_is_taken_reads_back(registration in "[0-9]{4}", number in "[0-9]{1,10}") {
            if let Ok(account) = BankAccount::parse(&registration, &number) {
                let again = BankAccount::parse(account.registration(), account.number());
                prop_assert_eq!(again, Ok(account));
            }
        }

        #[test]
        fn anything_else_is_refused_and_nothing_breaks(registration in ".*", number in ".*") {
            if let Ok(account) = BankAccount::parse(&registration, &number) {
                prop_assert_eq!((account.registration().len(), account.number().len()), (4, 10));
            }
        }
    }
}
