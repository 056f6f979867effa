//! What people tell about themselves.
//!
//! **Invariant:** a change to somebody is written together with who made it, where, and when.

use jiff::Timestamp;
use madkort_protocol::{AccountId, PersonId, Profile, ProfileChange, SchoolId};

use super::{Doer, Pending};

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

    /// Whether a guardian answers for an account: somebody of that kind may use it, and it is not theirs.
    fn has_guardian(&self, school: SchoolId, account: AccountId) -> Pending<'_, bool>;

    /// Puts somebody into the school's track, or into none; `false` if the school has no such person.
    fn set_track(&self, school: SchoolId, person: PersonId, track: Option<String>) -> Pending<'_, bool>;
}
