//! The test cards of the sandbox: the only numbers it takes, so that no real card number is ever typed into it and kept.
//!
//! Pure data. **Invariant:** a number that is not in [`TEST_CARDS`] is refused before anything is stored.

use madkort_ledger::recharge::DeclineClass;
use madkort_protocol::Language;

/// What a test card does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// Pays.
    Approve,
    /// Is declined.
    Decline(DeclineClass),
    /// Pays on a page, and is declined when it is charged later by a mandate.
    DeclineStored(DeclineClass),
    /// Says nothing at first; has paid when asked again.
    Hang,
    /// Charged by a mandate: takes the money at once and says that it does not know; says so when asked.
    TakeSilently,
    /// Charged by a mandate: says that it does not know and has never heard of it; takes it when it is sent again.
    Lose,
    /// Charged by a mandate: says twice more, on its own, that there is news of it.
    TellTwice,
}

/// A card that exists only in the sandbox.
#[derive(Clone, Copy, Debug)]
pub struct TestCard {
    /// 16 digits.
    pub number: &'static str,
    /// What it does.
    pub behaviour: Behaviour,
    /// What it does, Danish.
    pub da: &'static str,
    /// What it does, English.
    pub en: &'static str,
}

/// Every test card. The numbers starting with 1000 are those of `QuickPay`'s test list and do the same there.
#[rustfmt::skip]
pub const TEST_CARDS: &[TestCard] = &[
    TestCard { number: "4242424242424242", behaviour: Behaviour::Approve, da: "Godkendes", en: "Approved" },
    TestCard { number: "1000000000000008", behaviour: Behaviour::Approve, da: "Godkendes", en: "Approved" },
    TestCard { number: "1000000000000016", behaviour: Behaviour::Decline(DeclineClass::Soft), da: "Afvises af banken", en: "Declined by the bank" },
    TestCard { number: "1000000000000024", behaviour: Behaviour::Decline(DeclineClass::CardGone), da: "Er udløbet", en: "Expired" },
    TestCard { number: "1000000000000065", behaviour: Behaviour::DeclineStored(DeclineClass::Soft), da: "Godkendes her, afvises ved auto-optank", en: "Approved here, declined by auto top-up" },
    TestCard { number: "1000000000000073", behaviour: Behaviour::Decline(DeclineClass::ApprovalNeeded), da: "Kræver godkendelse", en: "Needs approval" },
    TestCard { number: "4000000000000002", behaviour: Behaviour::Decline(DeclineClass::Never), da: "Er meldt stjålet", en: "Reported stolen" },
    TestCard { number: "1000000000000099", behaviour: Behaviour::Hang, da: "Svarer ikke straks, godkendes lidt efter", en: "No answer at first, approved a little later" },
    TestCard { number: "1000000000000107", behaviour: Behaviour::TakeSilently, da: "Godkendes; auto-optank trækker uden at svare", en: "Approved; auto top-up is charged without an answer" },
    TestCard { number: "1000000000000115", behaviour: Behaviour::Lose, da: "Godkendes; auto-optank går tabt første gang", en: "Approved; auto top-up is lost the first time" },
    TestCard { number: "1000000000000123", behaviour: Behaviour::TellTwice, da: "Godkendes; auto-optank meldes flere gange", en: "Approved; auto top-up is told several times" },
];

/// Finds a test card by what was typed: spaces and dashes do not count.
#[must_use]
pub fn find(typed: &str) -> Option<&'static TestCard> {
    let digits: String = typed.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    TEST_CARDS.iter().find(|card| card.number == digits)
}

impl TestCard {
    /// What it does, for a person.
    #[must_use]
    pub fn what(&self, language: Language) -> &'static str {
        match language {
            Language::Danish => self.da,
            Language::English => self.en,
        }
    }

    /// The number in groups of four.
    #[must_use]
    pub fn grouped(&self) -> String {
        let n = self.number;
        format!("{} {} {} {}", &n[..4], &n[4..8], &n[8..12], &n[12..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_cards_are_sixteen_digits_with_a_right_check_digit() {
        for card in TEST_CARDS {
            let digits: Vec<u32> = card.number.chars().filter_map(|c| c.to_digit(10)).collect();
            assert_eq!(digits.len(), 16, "{}", card.number);
            let sum: u32 = digits
                .iter()
                .rev()
                .enumerate()
                .map(|(i, d)| if i % 2 == 0 { *d } else { d * 2 / 10 + d * 2 % 10 })
                .sum();
            assert_eq!(sum % 10, 0, "{}", card.number);
            assert_eq!(find(&card.grouped()).map(|found| found.number), Some(card.number));
        }
    }

    #[test]
    fn a_real_looking_number_is_no_test_card() {
        for typed in ["", "4111 1111 1111 1111", "424242424242424", "42424242424242420", "abcd"] {
            assert!(find(typed).is_none(), "{typed}");
        }
    }
}
