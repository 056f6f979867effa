//! *Log ind uden kort*: the card's number typed, for whoever forgot the card.
//!
//! Pure. **Invariant:** a number alone opens nothing: behind it stands the code, whatever the card says of itself; and wrong
//! numbers and wrong codes of those who come without a card count against all of them together, so that nobody can go through
//! the school's numbers here.

use jiff::Timestamp;
use madkort_protocol::{CardNumber, InvalidCard, Throttle};

use crate::{Effect, Intent, NumberProblem};

/// Digits of a card's number, as printed on it.
pub(crate) const NUMBER_LENGTH: usize = 14;

/// The number being typed.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct NumberRoom {
    pub digits: String,
    /// Whose it is, is being looked up.
    pub asked: Option<CardNumber>,
    pub problem: Option<NumberProblem>,
}

impl NumberRoom {
    /// What a hand does to the keypad. `strangers` are the wrong tries of those before.
    pub fn hand(&mut self, intent: &Intent, strangers: Throttle, now: Timestamp) -> Vec<Effect> {
        if self.asked.is_some() || strangers.wait_until(now).is_some() {
            return vec![];
        }
        match intent {
            Intent::Digit(digit @ 0..=9) if self.digits.len() < NUMBER_LENGTH => {
                self.digits.push(char::from(b'0' + digit));
            }
            Intent::Erase => {
                self.digits.pop();
            }
            _ => return vec![],
        }
        self.problem = None;
        if self.digits.len() < NUMBER_LENGTH {
            return vec![];
        }
        match CardNumber::parse(&self.digits) {
            Ok(number) => {
                self.asked = Some(number.clone());
                vec![Effect::LookUpNumber(number)]
            }
            Err(InvalidCard::CheckDigit | InvalidCard::Digits | InvalidCard::Uid) => {
                self.problem = Some(NumberProblem::Mistyped);
                vec![]
            }
        }
    }

    /// No card has that number.
    pub fn unknown(&mut self) {
        self.asked = None;
        self.digits.clear();
        self.problem = Some(NumberProblem::Unknown);
    }
}
