//! The pages of the webshop: days, dishes, a warning, the check-out, and what was ordered.
//!
//! Pure. **Invariant:** of these pages, what somebody cannot eat is on [`AllergyPage`] alone, and only what the dish before them contains
//! of it.

use jiff::Timestamp;
use jiff::civil::Date;
use madkort_protocol::{Allergen, Category, Money, PictureDigest, ProductId, ProductPicture};

use super::{Countdown, FormProblem};
use crate::PrintState;

/// Preorder: choose.
#[derive(Clone, Debug, PartialEq)]
pub struct MenuPage {
    /// Whose account.
    pub account: String,
    /// Its balance.
    pub balance: Money,
    /// The day of delivery.
    pub day: DayChoice,
    /// Time left to order for the chosen day.
    pub countdown: Option<Countdown>,
    /// What is on that day, by category.
    pub products: Vec<ProductCard>,
    /// Pieces in the basket.
    pub pieces: u32,
    /// What they cost.
    pub total: Money,
    /// What is wrong.
    pub problem: Option<FormProblem>,
    /// Nobody could be asked what the eater cannot eat.
    pub unchecked: bool,
}

/// Preorder: choose the day of delivery.
#[derive(Clone, Debug, PartialEq)]
pub struct DaysPage {
    /// Whose account.
    pub account: String,
    /// The days, earliest first.
    pub days: Vec<DayChoice>,
}

/// A day of delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayChoice {
    /// The day.
    pub date: Date,
    /// Whether it is the chosen one.
    pub chosen: bool,
    /// Tomorrow, seen from today.
    pub tomorrow: bool,
    /// Today.
    pub today: bool,
    /// Until when orders for it are taken.
    pub cut_off: Timestamp,
    /// Whether they are taken now.
    pub open: bool,
    /// Pieces in its basket.
    pub pieces: u32,
}

/// A product to choose.
#[derive(Clone, Debug, PartialEq)]
pub struct ProductCard {
    /// Which.
    pub id: ProductId,
    /// Its shelf.
    pub category: Category,
    /// Its name, in the screen's language.
    pub name: String,
    /// One line about it.
    pub about: String,
    /// Its price.
    pub price: Money,
    /// What it contains.
    pub allergens: Vec<Allergen>,
    /// What it looks like; without, its shelf's drawing stands for it.
    pub picture: Option<(PictureDigest, ProductPicture)>,
    /// How many are in the basket.
    pub quantity: u32,
    /// How many there still are; `None` where there is no limit.
    pub left: Option<u32>,
    /// Whether one more can go into the basket.
    pub can_add: bool,
}

/// Preorder: the dish contains what the eater cannot eat.
#[derive(Clone, Debug, PartialEq)]
pub struct AllergyPage {
    /// Who eats.
    pub account: String,
    /// The dish.
    pub dish: String,
    /// What it contains of what they cannot eat.
    pub allergens: Vec<Allergen>,
    /// It is not ordered for them at all; else whoever orders may go on.
    pub blocked: bool,
}

/// Preorder: check and pay.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckoutPage {
    /// Whose account.
    pub account: String,
    /// The day of delivery.
    pub date: Date,
    /// What is ordered.
    pub lines: Vec<CheckoutLine>,
    /// What it costs.
    pub total: Money,
    /// What it takes from the account, and the balance after it; `None` while the server is asked.
    pub taken: Option<(Money, Money)>,
    /// What is wrong.
    pub problem: Option<FormProblem>,
    /// It is being put on disk.
    pub recording: bool,
}

/// One line of the check-out.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckoutLine {
    /// Which.
    pub product: ProductId,
    /// Its name.
    pub name: String,
    /// How many.
    pub quantity: u32,
    /// Price of one.
    pub price: Money,
    /// What the line costs.
    pub amount: Money,
    /// To the kitchen.
    pub comment: String,
    /// What it contains.
    pub allergens: Vec<Allergen>,
}

/// Preorder: placed.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderDonePage {
    /// Its number.
    pub number: String,
    /// The day of delivery.
    pub date: Date,
    /// What it takes from the account.
    pub taken: Money,
    /// The balance now.
    pub balance: Money,
    /// The slip.
    pub paper: PrintState,
    /// Kept here until the server is back.
    pub offline: bool,
    /// The next day that has something in its basket.
    pub next: Option<DayChoice>,
}
