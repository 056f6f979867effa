//! Money a holder pays in: the gateway owes it to us, we owe it to the holder.
//!
//! Pure.

use jiff::Timestamp;
use madkort_protocol::{AccountId, DepositLimits, Money, OperationId, Refusal, Rule};

use crate::rules::over;
use crate::transaction::NotBalanced;
use crate::{Book, Kind, Leg, Transaction};

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
    let owed = amount.negated().map_err(|_| NotBalanced::Overflow)?;
    let legs = vec![Leg { book, amount }, Leg { book: Book::GatewayClearing(gateway.to_owned()), amount: owed }];
    Transaction::try_new(id, kind, legs, at)
}

#[cfg(test)]
mod tests {
    use super::*;

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
