//! What people tell about themselves.
//!
//! **Invariant:** a change to somebody is written together with who made it, where, and when.

use jiff::Timestamp;
use madkort_protocol::{AccountId, CardId, DeviceId, PersonId, Profile, ProfileChange, SchoolId};
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

/// One line of the record of who did what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// In a word: `profile`.
    pub what: String,
    /// To whom.
    pub about: PersonId,
    /// Who did it.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
}

/// People.
pub trait People {
    /// What somebody of the school has told; `None` for those without an account of their own.
    fn profile(&self, school: SchoolId, person: PersonId) -> Pending<'_, Option<Profile>>;

    /// Changes it, with the caps of their account. The change has passed its check. Answers how it then stands.
    fn change_profile(
        &self,
        school: SchoolId,
        person: PersonId,
        account: AccountId,
        change: ProfileChange,
        by: Doer,
        now: Timestamp,
    ) -> Pending<'_, Option<Profile>>;

    /// Puts somebody into the school's track, or into none; `false` if the school has no such person.
    fn set_track(&self, school: SchoolId, person: PersonId, track: Option<String>) -> Pending<'_, bool>;

    /// What was done to somebody, oldest first.
    fn deeds(&self, school: SchoolId, about: PersonId) -> Pending<'_, Vec<Deed>>;
}
