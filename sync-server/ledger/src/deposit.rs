//! Money a holder pays in: the gateway owes it to us, we owe it to the holder.
//!
//! Pure. Legs of a deposit: gateway −, card +. Of a stray payment: gateway −, suspense +.

use jiff::Timestamp;
use madkort_protocol::{AccountId, DepositLimits, Money, OperationId, Refusal, Rule};

use crate::rules::{LARGEST, over};
use crate::transaction::{Legs, NotBalanced};
use crate::{Book, Kind, Transaction};

/// The most a gateway may report of one payment: far above any deposit, and far below where the books could overflow.
pub const MOST: Money = LARGEST;

/// Whether an amount may be paid in: whole kroner, within the school's limits.
pub fn check_amount(amount: Money, limits: DepositLimits) -> Result<(), Refusal> {
    if amount < limits.lowest || amount.whole_kroner().is_none() {
        return Err(over(Rule::Amount, limits.lowest, amount));
    }
    if amount > limits.highest { Err(over(Rule::Amount, limits.highest, amount)) } else { Ok(()) }
}

/// A deposit the gateway has confirmed.
pub fn paid(
    id: OperationId,
    account: AccountId,
    amount: Money,
    gateway: &str,
    at: Timestamp,
) -> Result<Transaction, NotBalanced> {
    from_gateway(id, Kind::Deposit, Book::Card(account), amount, gateway, at)
}

/// Money the gateway took that is not what was asked for: it is kept apart until somebody has looked.
pub fn stray(id: OperationId, amount: Money, gateway: &str, at: Timestamp) -> Result<Transaction, NotBalanced> {
    from_gateway(id, Kind::Stray, Book::Suspense, amount, gateway, at)
}

/// The gateway owes `amount`, and `book` is owed it.
pub(crate) fn from_gateway(
    id: OperationId,
    kind: Kind,
    book: Book,
    amount: Money,
    gateway: &str,
    at: Timestamp,
) -> Result<Transaction, NotBalanced> {
    if amount > MOST {
        return Err(NotBalanced::Overflow);
    }
    // Below zero it would be a payout.
    if amount < Money::ZERO {
        return Err(NotBalanced::Nothing);
    }
    Legs::default().give(book, amount)?.take(Book::GatewayClearing(gateway.to_owned()), amount)?.post(id, kind, at)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn what_a_gateway_reports_is_an_amount() {
        let id = OperationId::new(Uuid::from_u128(1));
        let account = AccountId::new(Uuid::from_u128(2));
        let reported = |ore| paid(id, account, Money::from_ore(ore), "sandbox", Timestamp::UNIX_EPOCH).map(drop);
        assert_eq!(reported(MOST.ore()), Ok(()));
        assert_eq!([0, -1].map(reported), [Err(NotBalanced::Legs), Err(NotBalanced::Nothing)]);
        assert_eq!([MOST.ore() + 1, i64::MAX].map(reported), [Err(NotBalanced::Overflow); 2]);
    }

    #[test]
    fn amounts_people_may_pay_in() {
        let limits = DepositLimits { lowest: Money::from_kroner(50), highest: Money::from_kroner(1000) };
        for kroner in [50, 100, 1000] {
            assert!(check_amount(Money::from_kroner(kroner), limits).is_ok());
        }
        for ore in [0, -1, -10_000, 4999, 10_050, 100_001, 10_000_000, i64::MAX, i64::MIN] {
            assert_eq!(check_amount(Money::from_ore(ore), limits).map_err(|r| r.rule), Err(Rule::Amount), "{ore}");
        }
    }
}
