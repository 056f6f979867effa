//! CPR numbers, sealed, where a school has turned them on.
//!
//! **Invariant:** what comes in here is sealed already, and only that there is one goes out to devices; a school that has turned them
//! off has none.

use jiff::Timestamp;
use madkort_protocol::{CardNumber, PersonId, SchoolId};

use super::Pending;

/// CPR numbers.
pub trait CprNumbers {
    /// Lets a school's numbers be kept, or not: then every one of them is forgotten. Answers how many there were; `None` if there is no
    /// such school.
    fn turn_cpr(&self, school: SchoolId, on: bool, now: Timestamp) -> Pending<'_, Option<u64>>;

    /// Whose each of these cards is; `None` for one that is not the school's.
    fn holders(&self, school: SchoolId, cards: Vec<CardNumber>) -> Pending<'_, Vec<Option<PersonId>>>;

    /// Puts sealed numbers in place of those there are, and forgets where there is none; all of them or, where the school has not turned
    /// them on, nothing and `false`.
    fn put_cpr(&self, school: SchoolId, sealed: Vec<(PersonId, Option<Vec<u8>>)>, now: Timestamp) -> Pending<'_, bool>;

    /// One of a school's sealed numbers, if it has any: to try a key on.
    fn a_sealed_cpr(&self, school: SchoolId) -> Pending<'_, Option<(PersonId, Vec<u8>)>>;
}
