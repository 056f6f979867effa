//! The demo school as `sync-server demo-data --json` tells of it: whose card is whose.
//!
//! Pure. **Invariant:** a name that is asked for and is not there is an error that names those that are.

use anyhow::{Context, Result};
use madkort_protocol::CardNumber;
use serde::Deserialize;

/// The demo school.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct School {
    /// Its name.
    pub school: String,
    /// The day the demo is about.
    pub today: jiff::civil::Date,
    /// The next day that can be ordered for at any hour.
    pub next_school_day: jiff::civil::Date,
    /// Every card.
    pub cards: Vec<Card>,
    /// Payment cards of the sandbox: number and what it does.
    pub payment_cards: Vec<(String, String)>,
}

/// One card.
#[derive(Clone, Debug, Deserialize)]
pub struct Card {
    /// Full name; empty for the guest.
    pub name: String,
    /// What the account is called.
    pub label: String,
    /// The account's id.
    pub account: madkort_protocol::AccountId,
    /// The card's id.
    pub card: madkort_protocol::CardId,
    /// The chip's UID.
    pub uid: String,
    /// What is printed on it.
    pub number: String,
    /// The verification code.
    pub code: String,
    /// Whether a tap asks for it.
    pub ask_code: bool,
    /// What the demo shows with it; empty for the crowd.
    pub shows: String,
}

impl Card {
    /// Its number as the screen and the papers have it.
    pub fn masked(&self) -> Result<String> {
        Ok(CardNumber::parse(&self.number)?.masked())
    }

    /// What its holder is called by their friends.
    pub fn first_name(&self) -> &str {
        self.name.split(' ').next().unwrap_or_default()
    }
}

impl School {
    /// The card whose account has this label.
    pub fn card(&self, label: &str) -> Result<&Card> {
        let labels = || self.cards.iter().map(|card| card.label.as_str()).collect::<Vec<_>>().join(", ");
        self.cards.iter().find(|card| card.label == label).with_context(|| format!("no {label:?} among {}", labels()))
    }

    /// The sandbox's first card that does so, by what the demo says of it: `Expired`.
    pub fn payment_card(&self, what: &str) -> Result<&str> {
        let found = self.payment_cards.iter().find(|(_, does)| does == what);
        found.map(|(number, _)| number.as_str()).with_context(|| format!("no payment card is {what:?}"))
    }

    /// The sandbox's card that pays.
    pub fn good_payment_card(&self) -> Result<&str> {
        self.payment_cards.first().map(|(number, _)| number.as_str()).context("no payment card")
    }
}
