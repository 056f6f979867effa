//! Money that auto top-up brought in. Whether it is charged is decided in [`crate::recharge`].
//!
//! Pure. Legs: gateway −, card +.

use jiff::Timestamp;
use madkort_protocol::{AccountId, Money, OperationId};

use crate::deposit::from_gateway;
use crate::transaction::NotBalanced;
use crate::{Book, Kind, Transaction};

/// A charge the gateway has confirmed.
pub fn paid(
    id: OperationId,
    account: AccountId,
    amount: Money,
    gateway: &str,
    at: Timestamp,
) -> Result<Transaction, NotBalanced> {
    from_gateway(id, Kind::Recharge, Book::Card(account), amount, gateway, at)
}
