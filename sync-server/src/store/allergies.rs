//! What people cannot eat: health data.
//!
//! **Invariant:** it is in no feed and in no posting; it leaves the store only for whoever may see it, and for the kitchen without a name
//! ([`super::Kitchen`]).

use jiff::Timestamp;
use madkort_protocol::{Allergies, PersonId, SchoolId};

use super::{Doer, Pending};

/// Allergies.
pub trait AllergyRecords {
    /// Those of everybody whose account a person may use, their own among them; nobody without any is named.
    fn allergies(&self, school: SchoolId, person: PersonId) -> Pending<'_, Vec<Allergies>>;

    /// Puts somebody's in place of what was there, with who did it if it was somebody at a kiosk. None at all are forgotten.
    fn set_allergies(
        &self,
        school: SchoolId,
        allergies: Allergies,
        by: Option<Doer>,
        now: Timestamp,
    ) -> Pending<'_, ()>;
}
