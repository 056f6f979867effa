//! Tries at verification codes, counted so that neither a restart nor a burst of requests gives more of them.

use jiff::Timestamp;
use madkort_protocol::{CardId, CardStatus, CodeVerifier, SchoolId};

use super::Pending;

/// Whether a code will be looked at.
#[derive(Clone, Debug, PartialEq)]
pub enum CodeTry {
    /// No card by that id in the school that stands so.
    Unknown,
    /// Not looked at.
    Wait {
        /// When the next try is.
        until: Timestamp,
    },
    /// To be checked. The try already counts as a wrong one, so that two at once cannot share it.
    Look {
        /// What the code must fit.
        verifier: CodeVerifier,
        /// Tries left if this one is wrong.
        tries_left: u32,
    },
}

/// The tries on each card.
pub trait Codes {
    /// Takes one try on a card that stands so: whatever a code is given for, the tries count together.
    fn take_code_try(&self, school: SchoolId, card: CardId, stands: CardStatus, now: Timestamp)
    -> Pending<'_, CodeTry>;

    /// The code was right: forgets the wrong ones.
    fn code_was_right(&self, card: CardId) -> Pending<'_, ()>;
}
