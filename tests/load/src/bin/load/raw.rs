//! What both raw engines agree on: the answer, the digest, the calendar.
//!
//! The raw engines are the reference: the leanest code that is still honest about durability and does the checks that a purchase
//! must have. They know purchases and nothing else.
//!
//! **Invariant:** an answer is given after the commit that holds what it says.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use madkort_protocol::{DeviceId, PurchaseRequest};
use sha2::{Digest, Sha256};

/// A purchase on its way into the books.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Which till.
    pub device: DeviceId,
    /// What it asks.
    pub request: PurchaseRequest,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is in the books now.
    Posted,
    /// It was before.
    AlreadyPosted,
    /// The id was used for something else.
    IdReused,
    /// A rule said no: card, balance or cap.
    Refused,
}

/// The most one account may spend in a day, a week and a month, in øre. Checked and never reached.
pub const CAP: i64 = i64::MAX / 4;
/// The book of income, then the book of VAT; accounts come after them. `raw_postgres.sql` says the same.
pub const INCOME: i64 = 1;
/// See [`INCOME`].
pub const VAT: i64 = 2;
/// The first account's book.
pub const FIRST_ACCOUNT: i64 = 3;

/// Which day, ISO week and month a moment lies in, as numbers that only have to differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Periods {
    /// The day.
    pub day: i64,
    /// The week.
    pub week: i64,
    /// The month.
    pub month: i64,
}

impl Periods {
    /// In UTC: the reference needs no zone's tables.
    pub fn of(now: Timestamp) -> Self {
        let date = now.to_zoned(TimeZone::UTC).date();
        let week = date.iso_week_date();
        Self {
            day: now.as_second().div_euclid(86_400),
            week: i64::from(week.year()) * 100 + i64::from(week.week()),
            month: i64::from(date.year()) * 100 + i64::from(date.month()),
        }
    }
}

/// What keeps the same id with another body apart.
pub fn digest(request: &PurchaseRequest) -> [u8; 32] {
    Sha256::new()
        .chain_update(request.id.uuid().as_bytes())
        .chain_update(request.card_uid.as_hex())
        .chain_update(request.amount.ore().to_le_bytes())
        .chain_update([request.vat_percent])
        .chain_update(&request.text)
        .finalize()
        .into()
}

/// VAT inside a price, in øre.
pub fn vat(request: &PurchaseRequest) -> i64 {
    request.amount.vat_within(request.vat_percent).ore()
}
