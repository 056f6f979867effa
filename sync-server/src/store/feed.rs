//! What devices ask for: changes after a cursor, and statements.

use jiff::Timestamp;
use jiff::civil::Date;
use madkort_protocol::{AccountId, Changes, SchoolId, Statement, TillChanges};
use tokio::sync::watch;

use super::Pending;

/// The change feed: every thing that changed has one place in it, that of its last change.
pub trait Feed {
    /// At most `most` things of the school that changed after the cursor, as they now stand. Orders and menus for days before
    /// `since` are passed over.
    fn changes(&self, school: SchoolId, after: u64, most: u32, since: Date) -> Pending<'_, Changes>;

    /// The same as a till may know it: at most `most` cards of the school.
    fn till_changes(&self, school: SchoolId, after: u64, most: u32) -> Pending<'_, TillChanges>;

    /// Wakes when the school's feed grows by something this process wrote.
    fn latest(&self, school: SchoolId) -> watch::Receiver<u64>;
}

/// Statements.
pub trait Statements {
    /// The month that begins on `month`, by Danish time, of an account of the school. `None` if there is no such account.
    fn statement(&self, school: SchoolId, account: AccountId, month: Date) -> Pending<'_, Option<Statement>>;

    /// When the account was last posted to.
    fn last_posting(&self, account: AccountId) -> Pending<'_, Option<Timestamp>>;
}
