//! What holders pay: their price classes.
//!
//! **Invariant:** a class is in no feed and in no answer; it shows only in what an account was debited, or would be.

use jiff::Timestamp;
use madkort_ledger::PriceClass;
use madkort_protocol::{AccountId, CardNumber, Quote, QuoteLine, SchoolId};

use super::Pending;

/// What became of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listed {
    /// Every account is in its class.
    Set,
    /// None is: the cards at these places of the list are not the school's, or have no account of their own.
    Unknown(Vec<usize>),
    /// None is: the cards at these two places are one person's, and their classes differ.
    Torn(usize, usize),
}

/// Price classes.
pub trait PriceClasses {
    /// Puts an account into a class, for what is bought and ordered from now on; `false` if the school has no such account.
    fn set_price_class(&self, school: SchoolId, account: AccountId, class: PriceClass) -> Pending<'_, bool>;

    /// Puts the account behind each card of the list into its class: all of them, or none. Written down for each who comes into
    /// another class; into which is not.
    fn set_price_classes(
        &self,
        school: SchoolId,
        list: Vec<(CardNumber, PriceClass)>,
        now: Timestamp,
    ) -> Pending<'_, Listed>;

    /// What an order of these lines would take from an account at the prices of now, and what may still be spent from it; `None` if
    /// the school lacks the account or one of the products, or the lines come to no price an order can have. The same is looked up for
    /// every class.
    fn quote(
        &self,
        school: SchoolId,
        account: AccountId,
        lines: Vec<QuoteLine>,
        now: Timestamp,
    ) -> Pending<'_, Option<Quote>>;

    /// The class an account is in; `None` if the school has no such account.
    fn price_class(&self, school: SchoolId, account: AccountId) -> Pending<'_, Option<PriceClass>>;
}
