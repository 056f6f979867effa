//! What the kitchen cooks for a day: every portion that was ordered, and what whoever eats it cannot eat.
//!
//! **Invariants:** what somebody cannot eat leaves the store by their order's number, and by no name, card or account. A list that was
//! taken after the cut-off stands in the record of deeds, so that the same one taken again is known for a copy; nothing of what
//! anybody cannot eat is in that line, nor any hash of it.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use madkort_protocol::{Allergen, OperationId, Product, ProductId, SchoolId};

use super::Pending;

/// A day as the kitchen cooks it.
#[derive(Clone, Debug, PartialEq)]
pub struct KitchenDay {
    /// The day of delivery.
    pub date: Date,
    /// Orders are taken until here.
    pub cut_off: Timestamp,
    /// When the list was taken, and which it is.
    pub taken: Taken,
    /// The menu in its order, and behind it what was ordered and is on it no more.
    pub dishes: Vec<Product>,
    /// Every line of every order that stands, the lowest number first.
    pub lines: Vec<KitchenLine>,
}

/// A line of an order, as far as the kitchen needs it.
#[derive(Clone, PartialEq, Eq)]
pub struct KitchenLine {
    /// The order.
    pub order: OperationId,
    /// The number on its slip.
    pub number: String,
    /// The dish.
    pub product: ProductId,
    /// Portions.
    pub quantity: u32,
    /// The comment to the kitchen; may be empty.
    pub comment: String,
    /// All that whoever eats it cannot eat, whether the dish contains it or not.
    pub allergens: Vec<Allergen>,
}

impl fmt::Debug for KitchenLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KitchenLine({} × {})", self.number, self.quantity)
    }
}

/// When a list was taken, and which of its day it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// While orders were taken: not the last word, and not written down.
    Open {
        /// When.
        at: Timestamp,
    },
    /// After the cut-off.
    Closed {
        /// When this one was taken for the first time.
        at: Timestamp,
        /// When the one was taken whose place it takes, if something has changed since.
        replaces: Option<Timestamp>,
        /// Whether it was taken before as it stands.
        copy: bool,
    },
}

/// The kitchen's lists.
pub trait Kitchen {
    /// The list of a day as everything stands now; `None` where the school has no menu for it. After the cut-off it is written down,
    /// unless it was before.
    fn kitchen_day(&self, school: SchoolId, date: Date, now: Timestamp) -> Pending<'_, Option<KitchenDay>>;
}
