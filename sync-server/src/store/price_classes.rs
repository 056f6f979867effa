//! What holders pay: their price classes.
//!
//! **Invariant:** a class is in no feed and in no answer; it shows only in what an account was debited.

use madkort_ledger::PriceClass;
use madkort_protocol::{AccountId, CardNumber, SchoolId};

use super::Pending;

/// Price classes.
pub trait PriceClasses {
    /// Puts an account into a class, for what is bought and ordered from now on; `false` if the school has no such account.
    fn set_price_class(&self, school: SchoolId, account: AccountId, class: PriceClass) -> Pending<'_, bool>;

    /// Puts the account behind each card of the list into its class, all of them or, where a card is not the school's or has no
    /// account of its own, none. Answers the places in the list of such cards.
    fn set_price_classes(&self, school: SchoolId, list: Vec<(CardNumber, PriceClass)>) -> Pending<'_, Vec<usize>>;

    /// The class an account is in; `None` if the school has no such account.
    fn price_class(&self, school: SchoolId, account: AccountId) -> Pending<'_, Option<PriceClass>>;
}
