//! What holders pay: their price classes.
//!
//! **Invariant:** a class is in no feed and in no answer; it shows only in what an account was debited.

use madkort_ledger::PriceClass;
use madkort_protocol::{AccountId, SchoolId};

use super::Pending;

/// Price classes.
pub trait PriceClasses {
    /// Puts an account into a class, for what is bought and ordered from now on; `false` if the school has no such account.
    fn set_price_class(&self, school: SchoolId, account: AccountId, class: PriceClass) -> Pending<'_, bool>;

    /// The class an account is in; `None` if the school has no such account.
    fn price_class(&self, school: SchoolId, account: AccountId) -> Pending<'_, Option<PriceClass>>;
}
