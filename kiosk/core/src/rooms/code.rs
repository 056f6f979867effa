//! Asking for the verification code.
//!
//! Pure. **Invariant:** the name and the balance are behind the code; nothing of the visitor is shown here.

use jiff::Timestamp;
use madkort_protocol::{FREE_TRIES, LoginAnswer};

use crate::{Effect, Intent, Visitor};

/// Digits of a verification code, as printed on the card.
pub(crate) const CODE_LENGTH: usize = 4;

/// The door.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CodeRoom {
    pub visitor: Box<Visitor>,
    pub digits: String,
    pub step: CodeStep,
}

/// Where the door stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CodeStep {
    /// Waiting for digits.
    Typing,
    /// The code is being looked at.
    Checking,
    /// It was not that one.
    Wrong { tries_left: u32 },
    /// Not looked at before then.
    Waiting { until: Timestamp },
}

impl CodeRoom {
    pub fn enter(visitor: Box<Visitor>) -> Self {
        Self { visitor, digits: String::new(), step: CodeStep::Typing }
    }

    /// What a hand does at the door.
    pub fn hand(&mut self, intent: &Intent, now: Timestamp) -> Vec<Effect> {
        if self.step == CodeStep::Checking || matches!(self.step, CodeStep::Waiting { until } if until > now) {
            return vec![];
        }
        match intent {
            Intent::Digit(digit @ 0..=9) if self.digits.len() < CODE_LENGTH => {
                self.digits.push(char::from(b'0' + digit));
            }
            Intent::Erase => {
                self.digits.pop();
            }
            _ => return vec![],
        }
        if self.digits.len() < CODE_LENGTH {
            self.step = CodeStep::Typing;
            return vec![];
        }
        self.step = CodeStep::Checking;
        vec![Effect::CheckCode { card: self.visitor.card, code: std::mem::take(&mut self.digits) }]
    }

    /// The code was wrong, or not looked at.
    pub fn stay_out(&mut self, answer: LoginAnswer) {
        self.digits.clear();
        self.step = match answer {
            LoginAnswer::Wrong { tries_left } => CodeStep::Wrong { tries_left: tries_left.min(FREE_TRIES) },
            LoginAnswer::Wait { until } => CodeStep::Waiting { until },
            LoginAnswer::Right => CodeStep::Typing,
        };
    }
}
