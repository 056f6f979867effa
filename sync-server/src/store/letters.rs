//! Letters that somebody asks for at a kiosk.
//!
//! **Invariant:** a letter is asked for under an id of its own, and asked again under the same one it is the same letter.

use jiff::Timestamp;
use jiff::civil::Date;
use madkort_protocol::{AccountId, Language, OperationId, SchoolId};

use super::{Doer, Pending};
use crate::limits::{Rate, TooOften};

/// A statement to be sent as a PDF.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskedStatement {
    /// The letter's id, made at the kiosk.
    pub id: OperationId,
    /// Of which school.
    pub school: SchoolId,
    /// Whose.
    pub account: AccountId,
    /// The first day of the month.
    pub month: Date,
    /// Where to, checked for its form.
    pub email: String,
    /// What the letter and the statement speak.
    pub language: Language,
    /// Who asks.
    pub by: Doer,
    /// How often that address is written to.
    pub rate: Rate,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// It is in the outbox, now or since it was asked for first.
    Written,
    /// That address was written to too often.
    TooOften(TooOften),
    /// No such account.
    Unknown,
}

/// Letters.
pub trait Letters {
    /// Puts the month as it stands into the outbox, and notes who asked.
    fn mail_statement(&self, asked: AskedStatement, now: Timestamp) -> Pending<'_, Asked>;
}
