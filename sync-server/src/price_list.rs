//! A list of who pays what: a line per card, its number and a price class.
//!
//! Pure.

use std::fmt;

use madkort_ledger::PriceClass;

use crate::card_list::OfCard;

impl OfCard for PriceClass {
    const SHAPE: &'static str = "must be a card number, a semicolon and a price class";
    const WRONG: &'static str = "the price class must be paid, reduced or free";
    const TWICE: &'static str = "the card has another price class further up";

    fn parse(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

/// Two cards of one person with different classes: the person has one account, and it is in one class. Named by their lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Torn {
    /// The line further up.
    pub line: usize,
    /// The other one.
    pub other: usize,
}

impl fmt::Display for Torn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, other } = self;
        write!(f, "lines {line} and {other}: two cards of one person have different price classes: nothing was changed")
    }
}
