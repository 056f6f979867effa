//! What staff have put right, as a line of a statement tells it: in either language, from the same parts.
//!
//! Pure. **Invariant:** the line names what was wrong by its words, its number and its day, and says who put it right and why, as they
//! wrote it (bookkeeping law: the original and the change can be seen).

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::Language;

/// A line of a correction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Correction {
    /// Which of its two lines this is.
    pub step: CorrectionStep,
    /// What was wrong.
    pub wrong: WrongEntry,
    /// Its number; may be empty.
    pub number: String,
    /// Its day, in Danish time.
    pub date: Date,
    /// Who put it right and why, in their own words.
    pub reason: String,
}

/// A correction takes back what was wrong, and then puts what is right in its place, where anything is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CorrectionStep {
    /// What was wrong, the other way round.
    Reversal,
    /// What is right.
    Replacement,
}

/// What was wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum WrongEntry {
    /// Bought at a till.
    Purchase {
        /// What, in the till's words.
        text: String,
    },
    /// Paid in.
    Deposit,
    /// Paid in by auto top-up.
    Recharge,
    /// From another account, or to one.
    Transfer,
    /// Cash on a guest card, or back from one.
    GuestCard,
    /// A correction that was itself wrong.
    Correction,
}

impl Correction {
    /// `Tilbageførsel af Frokost 22.11.2026: PH: tastet to gange`, `Reversal of Frokost 22/11/2026: PH: tastet to gange`. What tills and
    /// staff wrote is theirs, and stays in the language they wrote it in.
    #[must_use]
    pub fn in_words(&self, language: Language) -> String {
        let say = |danish, english| match language {
            Language::Danish => danish,
            Language::English => english,
        };
        let step = match self.step {
            CorrectionStep::Reversal => say("Tilbageførsel af", "Reversal of"),
            CorrectionStep::Replacement => say("Rettelse af", "Correction of"),
        };
        let wrong = match &self.wrong {
            WrongEntry::Purchase { text } => text.as_str(),
            WrongEntry::Deposit => say("indbetaling", "deposit"),
            WrongEntry::Recharge => say("auto-optank", "auto top-up"),
            WrongEntry::Transfer => say("overførsel", "transfer"),
            WrongEntry::GuestCard => say("gæstekort", "guest card"),
            WrongEntry::Correction => say("rettelse", "correction"),
        };
        let number = if self.number.is_empty() { String::new() } else { format!(" {}", self.number) };
        let day = self.date.strftime(say("%d.%m.%Y", "%d/%m/%Y"));
        format!("{step} {wrong}{number} {day}: {}", self.reason)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn line(step: CorrectionStep, wrong: WrongEntry, number: &str) -> [String; 2] {
        let (number, reason) = (number.to_owned(), "PH: tastet to gange".to_owned());
        let correction = Correction { step, wrong, number, date: date(2026, 11, 2), reason };
        [Language::Danish, Language::English].map(|language| correction.in_words(language))
    }

    #[test]
    fn a_correction_is_told_in_both_languages_and_quotes_in_the_one_it_was_written_in() {
        use CorrectionStep::{Replacement, Reversal};
        let lunch = WrongEntry::Purchase { text: "Frokost".into() };
        assert_eq!(
            line(Reversal, lunch, ""),
            [
                "Tilbageførsel af Frokost 02.11.2026: PH: tastet to gange",
                "Reversal of Frokost 02/11/2026: PH: tastet to gange",
            ]
        );
        assert_eq!(
            line(Replacement, WrongEntry::Deposit, "2026-000007"),
            [
                "Rettelse af indbetaling 2026-000007 02.11.2026: PH: tastet to gange",
                "Correction of deposit 2026-000007 02/11/2026: PH: tastet to gange",
            ]
        );
        let others = [WrongEntry::Recharge, WrongEntry::Transfer, WrongEntry::GuestCard, WrongEntry::Correction];
        for wrong in others {
            let [danish, english] = line(Reversal, wrong, "");
            assert!(danish.starts_with("Tilbageførsel af ") && english.starts_with("Reversal of "));
            assert_ne!(danish.split(' ').nth(2), english.split(' ').nth(2));
        }
    }
}
