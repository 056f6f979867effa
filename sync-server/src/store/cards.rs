//! Cards opened again by their holders, and blocked, opened and replaced from the office.
//!
//! **Invariant:** a card that is not active has no session; one that was replaced stays replaced; a new card is its predecessor's
//! person's, so that account, rights and history are too.

use jiff::Timestamp;
use madkort_protocol::{CardId, CardNumber, CardUid, CodeVerifier, SchoolId};
use uuid::Uuid;

use super::{NewSession, Pending};

/// What became of blocking or opening a card from the office.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocking {
    /// It stands so now.
    Done,
    /// It stood so before.
    Already,
    /// Another card has taken its place.
    Replaced,
    /// The school has no card of that number.
    Unknown,
}

/// A card that takes another's place.
#[derive(Clone, Debug)]
pub struct NewCard {
    /// The id it will have.
    pub id: CardId,
    /// What its chip answers.
    pub uid: CardUid,
    /// What is printed on it.
    pub number: CardNumber,
    /// Proof of its verification code.
    pub code: CodeVerifier,
}

/// What became of putting a card in another's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replacing {
    /// It is its holder's card now.
    Done,
    /// The school has no card of the old number.
    Unknown,
    /// Another card has taken the old one's place already.
    Replaced,
    /// There is a card of the new number.
    NumberTaken,
    /// There is a card with that chip.
    UidTaken,
}

/// Cards.
pub trait Cards {
    /// Opens a card that its own holder has blocked and has just given the code of, and begins a session with it; `false` if it does
    /// not stand so any more. `record` names the line in the record of deeds.
    fn open_own_card(&self, session: NewSession, record: Uuid, now: Timestamp) -> Pending<'_, bool>;

    /// Blocks a card so that only the office opens it, or opens one, whoever has blocked it.
    fn block_at_office(
        &self,
        school: SchoolId,
        number: CardNumber,
        blocked: bool,
        now: Timestamp,
    ) -> Pending<'_, Blocking>;

    /// Puts a card in another's place.
    fn replace_card(&self, school: SchoolId, old: CardNumber, new: NewCard, now: Timestamp) -> Pending<'_, Replacing>;
}
