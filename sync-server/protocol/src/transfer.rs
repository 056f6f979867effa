//! *Overfør*: money between two accounts that one person may use.
//!
//! Pure. **Invariant:** the id is the key under which the money moves, once.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{AccountId, CardId, Money, OperationId};

/// `POST /v1/transfers`: moves money at once. Asked again with the same id, it answers as the first time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct TransferRequest {
    /// The key under which it is posted.
    pub id: OperationId,
    /// The card on the reader.
    pub card: CardId,
    /// Where from.
    pub from: AccountId,
    /// Where to.
    pub to: AccountId,
    /// How much, from 0,01 kr.
    pub amount: Money,
}

/// The answer to [`TransferRequest`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Transfer {
    /// Its id.
    pub id: OperationId,
    /// What a person asks by.
    pub number: String,
    /// Where from.
    pub from: AccountId,
    /// Where to.
    pub to: AccountId,
    /// How much.
    pub amount: Money,
    /// When, by the server's clock; when asked again, that moment.
    pub at: Timestamp,
    /// The balance of the account it came from, now.
    pub from_balance: Money,
    /// The balance of the account it went to, now.
    pub to_balance: Money,
}
