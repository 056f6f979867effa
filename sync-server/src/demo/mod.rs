//! The demo school: Højager Skole, which does not exist, with three weeks behind it.
//!
//! The same day gives the same school: ids, codes and history are fixed, and nothing reads a clock. Everything that happened is
//! posted through the store's own movements, back-dated, so that statements have lines and `verify` has something to re-add.
//!
//! **Invariant:** only an empty database is filled; a demo never mixes with a school.

mod food;
mod history;
mod ids;
mod load;
pub mod people;
mod print;
mod school;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use madkort_protocol::{AccountId, CardId, CardStatus, Language, Money, PersonId, PersonKind};
use serde::{Deserialize, Serialize};

pub use load::{history_devices, load};
pub use print::table;

use crate::payments::Unreachable;
use crate::store::StoreError;

/// Why the demo school could not be put into the database.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// There is a school in it.
    #[error("the database already has a school; demo data goes into an empty one")]
    NotEmpty,
    /// The store failed.
    #[error("cannot store the demo school")]
    Store(#[from] StoreError),
    /// The sandbox failed.
    #[error("cannot store the demo school's payment cards")]
    Sandbox(#[from] Unreachable),
    /// A day cannot be counted from.
    #[error("the day is too close to the end of the calendar")]
    Calendar(#[from] jiff::Error),
    /// The ledger refused a line of the history: a fault in the demo's own data.
    #[error("the history cannot be posted: {0}")]
    History(String),
    /// A card of the demo school is not a card.
    #[error("a card of the demo school is not well-formed")]
    Card(#[from] madkort_protocol::InvalidCard),
    /// A drawing of the demo school is none.
    #[error("a picture of the demo school is not well-formed")]
    Picture(#[from] madkort_protocol::InvalidPicture),
}

/// What was put into the database: what a person needs to play with it, and what a test rig reads with `--json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DemoSchool {
    /// Its name.
    pub school: String,
    /// The day the demo is about.
    pub today: Date,
    /// The next day that can be ordered for at any hour.
    pub next_school_day: Date,
    /// Every card.
    pub cards: Vec<DemoCard>,
    /// Payment cards of the sandbox: number and what it does.
    pub payment_cards: Vec<(String, String)>,
}

/// One card. The code is a demo secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DemoCard {
    /// Full name; empty for the guest.
    pub name: String,
    /// What they are.
    pub kind: PersonKind,
    /// Pupils only.
    pub class: Option<String>,
    /// What they read.
    pub language: Language,
    /// Their id.
    pub person: PersonId,
    /// Their own account.
    pub account: AccountId,
    /// What it is called.
    pub label: String,
    /// What is on it when the demo opens.
    pub balance: Money,
    /// The card's id.
    pub card: CardId,
    /// The chip's UID in hexadecimal.
    pub uid: String,
    /// What is printed on it.
    pub number: String,
    /// The verification code.
    pub code: String,
    /// Whether a tap asks for it.
    pub ask_code: bool,
    /// Whether it may be used.
    pub status: CardStatus,
    /// What the demo shows with it; empty for the crowd.
    pub shows: String,
}

fn danish() -> Result<TimeZone, jiff::Error> {
    TimeZone::get("Europe/Copenhagen")
}
