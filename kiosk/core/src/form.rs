//! Reading what people fill in: amounts, addresses, messages.
//!
//! Pure. **Invariant:** a problem names the first field that is wrong and nothing typed is thrown away.

use madkort_protocol::{DepositLimits, FileTicket, Money, MoneyError, check_email, check_text};

use crate::FormProblem;

/// Digits of a typed amount: one more than the highest deposit has, so that too much can be said to be too much.
const AMOUNT_DIGITS: usize = 6;

/// One more digit of an amount in kroner; leading noughts and digits beyond [`AMOUNT_DIGITS`] are not taken.
pub(crate) fn type_digit(kroner: &mut String, digit: u8) {
    if digit <= 9 && kroner.len() < AMOUNT_DIGITS && !(kroner.is_empty() && digit == 0) {
        kroner.push(char::from(b'0' + digit));
    }
}

/// The amount that is typed, within the limits.
pub(crate) fn read_amount(kroner: &str, limits: DepositLimits) -> Result<Money, FormProblem> {
    let kroner: i32 = kroner.parse().map_err(|_| FormProblem::AmountMissing)?;
    let amount = Money::from_kroner(kroner);
    if amount <= Money::ZERO {
        Err(FormProblem::AmountMissing)
    } else if amount < limits.lowest {
        Err(FormProblem::AmountTooLow(limits.lowest))
    } else if amount > limits.highest {
        Err(FormProblem::AmountTooHigh(limits.highest))
    } else {
        Ok(amount)
    }
}

/// The sum that is typed, to the last øre, of what there is.
pub(crate) fn read_sum(typed: &str, balance: Money) -> Result<Money, FormProblem> {
    match Money::parse(typed) {
        Ok(amount) if amount <= Money::ZERO => Err(FormProblem::AmountMissing),
        Ok(amount) if amount > balance => Err(FormProblem::OverBalance(balance)),
        Ok(amount) => Ok(amount),
        Err(MoneyError::Overflow) => Err(FormProblem::OverBalance(balance)),
        Err(MoneyError::NotAnAmount) => Err(FormProblem::AmountMissing),
    }
}

/// The address that is typed.
pub(crate) fn read_email(email: &str) -> Result<String, FormProblem> {
    check_email(email).map_err(|_| FormProblem::Email)
}

/// The name that is typed.
pub(crate) fn read_name(name: &str) -> Result<String, FormProblem> {
    check_text(name, FileTicket::NAME).map_err(|_| FormProblem::Name)
}

/// The message that is typed.
pub(crate) fn read_message(message: &str) -> Result<String, FormProblem> {
    check_text(message, FileTicket::MESSAGE).map_err(|_| FormProblem::Message)
}

/// Keeps at most `limit` characters of what was typed.
pub(crate) fn keep(text: &str, limit: usize) -> String {
    text.chars().take(limit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: DepositLimits = DepositLimits { lowest: Money::from_kroner(20), highest: Money::from_kroner(5000) };

    #[test]
    fn amounts_that_cannot_be_paid_in_say_why() {
        for (typed, answer) in [
            ("", Err(FormProblem::AmountMissing)),
            ("0", Err(FormProblem::AmountMissing)),
            ("-1", Err(FormProblem::AmountMissing)),
            ("abc", Err(FormProblem::AmountMissing)),
            ("19", Err(FormProblem::AmountTooLow(LIMITS.lowest))),
            ("20", Ok(Money::from_kroner(20))),
            ("5000", Ok(Money::from_kroner(5000))),
            ("5001", Err(FormProblem::AmountTooHigh(LIMITS.highest))),
            ("100000", Err(FormProblem::AmountTooHigh(LIMITS.highest))),
        ] {
            assert_eq!(read_amount(typed, LIMITS), answer, "{typed}");
        }
    }

    #[test]
    fn a_sum_may_be_a_single_ore_and_no_more_than_there_is() {
        let balance = Money::from_ore(8_750);
        for (typed, answer) in [
            ("87,50", Ok(balance)),
            ("87.50", Ok(balance)),
            ("0,01", Ok(Money::from_ore(1))),
            ("87,51", Err(FormProblem::OverBalance(balance))),
            ("99999999999999999999", Err(FormProblem::OverBalance(balance))),
            ("0", Err(FormProblem::AmountMissing)),
            ("-5", Err(FormProblem::AmountMissing)),
            ("", Err(FormProblem::AmountMissing)),
            ("1,234", Err(FormProblem::AmountMissing)),
        ] {
            assert_eq!(read_sum(typed, balance), answer, "{typed}");
        }
    }

    #[test]
    fn the_keypad_types_kroner_from_the_left() {
        let mut kroner = String::new();
        for digit in [0, 0, 1, 0, 0, 9, 9, 9, 9, 10] {
            type_digit(&mut kroner, digit);
        }
        assert_eq!(kroner, "100999");
    }
}
