//! What a payment gateway must be able to do.
//!
//! Pure types and one trait. **Invariant:** every call carries the intent's key, and a gateway that has seen a key never takes
//! money for it twice.

use std::pin::Pin;

use jiff::Timestamp;
use madkort_ledger::recharge::DeclineClass;
use madkort_protocol::{Language, Money, OperationId};

use super::CURRENCY;
use crate::store::StoredCard;

/// A gateway's answer on its way. It has no error: not to know is one of the outcomes.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// How a payment ended, as far as is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The gateway has the money.
    Succeeded(Taken),
    /// Nothing moved, and nothing will under this key.
    Declined(DeclineClass),
    /// Nobody can say yet: ask, do not pay again.
    Unknown,
}

/// What the gateway says it took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The gateway's own name for the payment.
    pub reference: String,
    /// How much.
    pub amount: Money,
    /// Of what.
    pub currency: String,
}

/// The gateway took something other than was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the gateway took {} øre {}, and {} øre {CURRENCY} was asked for", taken.amount.ore(), taken.currency, asked.ore())]
pub struct Mismatch {
    /// What it took.
    pub taken: Taken,
    /// What was asked for.
    pub asked: Money,
}

impl Taken {
    /// Compares with the intent before anything is credited.
    pub fn check(&self, asked: Money) -> Result<(), Mismatch> {
        if self.amount == asked && self.currency == CURRENCY {
            Ok(())
        } else {
            Err(Mismatch { taken: self.clone(), asked })
        }
    }
}

/// A payment page to be opened.
#[derive(Clone, Debug)]
pub struct PageRequest {
    /// The intent's key.
    pub key: OperationId,
    /// How much.
    pub amount: Money,
    /// The unguessable name the page has on this server.
    pub page: String,
    /// The language it begins in.
    pub language: Language,
    /// Until when it takes payment.
    pub expires_at: Timestamp,
}

/// A page to be opened where a card is stored for later charges, approved by its holder; no money moves.
#[derive(Clone, Debug)]
pub struct CardPageRequest {
    /// The key under which the card is stored.
    pub key: OperationId,
    /// The unguessable name the page has on this server.
    pub page: String,
    /// The language it begins in.
    pub language: Language,
    /// Until when it takes a card.
    pub expires_at: Timestamp,
}

/// A charge of a stored card, by mandate: the payer is absent.
#[derive(Clone, Debug)]
pub struct StoredCharge {
    /// The intent's key.
    pub key: OperationId,
    /// The gateway's name for the stored card. Never a card number.
    pub card: String,
    /// How much.
    pub amount: Money,
}

/// A payment gateway.
pub trait Gateway: Send + Sync + 'static {
    /// What intents remember it by.
    fn name(&self) -> &'static str;

    /// Opens a page for an intent; the same key again is the same page. `Err` says nothing was opened as far as is known.
    fn open_page(&self, request: PageRequest) -> Answer<'_, Result<(), Unreachable>>;

    /// Takes no payment on the page from now on, and says how it stands: `None` if nobody has tried to pay.
    fn close_page(&self, key: OperationId) -> Answer<'_, Option<Outcome>>;

    /// Opens a page where a card is stored; the same key again is the same page. One that cannot store cards opens none.
    fn open_card_page(&self, _request: CardPageRequest) -> Answer<'_, Result<(), Unreachable>> {
        Box::pin(async { Err(Unreachable) })
    }

    /// The card that was given on such a page; `None` if none was, as far as is known.
    fn stored_card(&self, _key: OperationId) -> Answer<'_, Option<StoredCard>> {
        Box::pin(async { None })
    }

    /// Charges a stored card.
    fn charge(&self, charge: StoredCharge) -> Answer<'_, Outcome>;

    /// Payments of which the gateway has said, on its own, that there is news; each is told once. Hints: they are asked about.
    fn notices(&self) -> Vec<OperationId> {
        Vec::new()
    }

    /// How the intent stands: `None` if the gateway has seen no attempt to pay under this key.
    fn ask(&self, key: OperationId) -> Answer<'_, Option<Outcome>>;
}

/// The gateway did not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the payment gateway cannot be reached")]
pub struct Unreachable;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_amount_or_currency_is_not_what_was_asked_for() {
        let taken = |ore, currency: &str| Taken {
            reference: "r".to_owned(),
            amount: Money::from_ore(ore),
            currency: currency.to_owned(),
        };
        let asked = Money::from_kroner(100);
        assert!(taken(10_000, "DKK").check(asked).is_ok());
        for wrong in [taken(9_999, "DKK"), taken(10_001, "DKK"), taken(10_000, "EUR"), taken(10_000, "")] {
            let mismatch = wrong.check(asked).map_err(|mismatch| mismatch.to_string());
            assert!(mismatch.is_err_and(|text| text.contains("10000 øre DKK was asked for")));
        }
    }
}
