//! The record of who did what to whom: at a kiosk, by a link in a letter, or from the office.
//!
//! **Invariant:** a line is written together with what it tells of, once, and never changed.

use jiff::Timestamp;
use madkort_protocol::{CardId, DeviceId, PersonId, SchoolId};
use uuid::Uuid;

use super::Pending;

/// Who did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Doer {
    /// The name of the record, made at random.
    pub record: Uuid,
    /// The person who was signed in.
    pub person: PersonId,
    /// With which card.
    pub card: CardId,
    /// At which device.
    pub device: DeviceId,
}

/// One line of the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// In a word: `profile`.
    pub what: String,
    /// Which card, by its last digits; which day's list, and its hash; empty where the word says it all.
    pub detail: String,
    /// To whom or what: a person, a device or the school.
    pub about: Uuid,
    /// Who did it; nobody when it was the office, with a command on the server.
    pub by: Option<PersonId>,
    /// What they are called, if they still are somebody here.
    pub by_name: Option<String>,
    /// At which device, by the prefix of its slips.
    pub at_device: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// The record.
pub trait Deeds {
    /// What was done to a person, a device or the school, oldest first.
    fn deeds(&self, school: SchoolId, about: Uuid) -> Pending<'_, Vec<Deed>>;
}
