//! What an order takes from an account, asked before it is placed.
//!
//! Pure. **Invariant:** a quote says how much, and never why: which price class an account is in stays on the server.

use serde::{Deserialize, Serialize};

use crate::{AccountId, CardId, Money, ProductId, SpendingCaps};

/// `POST /v1/accounts/{account}/quotes`: a basket, asked about while the card lies on the reader.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct QuoteRequest {
    /// The card the visit goes by.
    pub card: CardId,
    /// What is in the basket; at least one line, and at most as many as an order has.
    pub lines: Vec<QuoteLine>,
}

/// One line of a basket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct QuoteLine {
    /// What.
    pub product: ProductId,
    /// How many, 1 to [`LineRequest::MOST`](crate::LineRequest::MOST).
    pub quantity: u32,
}

/// The answer: the same for everybody but for its last figure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Quote {
    /// Whose account.
    pub account: AccountId,
    /// The lines that were asked about.
    pub lines: Vec<QuoteLine>,
    /// What they cost, at the prices of now.
    pub price: Money,
    /// The most that may still be spent from the account this day, week and month, where there is a limit.
    #[serde(default)]
    pub left: SpendingCaps,
    /// What an order of them takes from the account.
    pub taken: Money,
}
