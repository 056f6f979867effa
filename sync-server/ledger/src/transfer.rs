//! Money from one account to another (*Overfør*), both of one school and both open to the person who asks.
//!
//! Pure. Legs: card −, other card +. No cap is asked, because nothing is spent.

use jiff::Timestamp;
use madkort_protocol::{AccountId, Money, OperationId, Refusal, Rule};

use crate::rules::{Payer, check_moves, refusal};
use crate::transaction::Legs;
use crate::{Book, Kind, Transaction};

/// A transfer to be made.
#[derive(Clone, Copy, Debug)]
pub struct Transferring {
    /// The key.
    pub id: OperationId,
    /// When, by the server's clock.
    pub at: Timestamp,
    /// Where from.
    pub from: AccountId,
    /// What is known of that account, and of the card that asks.
    pub payer: Payer,
    /// Where to; `None` if the school has no such account or the person may not use it.
    pub to: Option<AccountId>,
    /// How much.
    pub amount: Money,
}

/// Moves the money.
pub fn transferred(asked: &Transferring) -> Result<Transaction, Refusal> {
    asked.payer.check_card()?;
    let to = asked.to.filter(|to| *to != asked.from).ok_or(refusal(Rule::Account))?;
    check_moves(asked.amount)?;
    asked.payer.check_balance(asked.amount)?;
    Legs::default()
        .take(Book::Card(asked.from), asked.amount)
        .and_then(|legs| legs.give(Book::Card(to), asked.amount))
        .and_then(|legs| legs.post(asked.id, Kind::Transfer, asked.at))
        .map_err(|_| refusal(Rule::Amount))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::caps::Caps;
    use crate::purchase::tests::{NOON, account, id, legs, payer, written};
    use crate::rules::{LEAST, over};

    fn asked(ore: i64) -> Transferring {
        let (from, to) = (account(1), Some(account(2)));
        // A cap on spending is none on moving.
        let payer = Payer { caps: Caps { day: Some(Money::ZERO), ..Caps::NONE }, ..payer(5000) };
        Transferring { id: id(1), at: NOON, from, payer, to, amount: Money::from_ore(ore) }
    }

    #[test]
    fn every_ore_may_move() {
        for ore in [1, 5000] {
            let moved = transferred(&asked(ore)).unwrap();
            assert_eq!(written(&moved), legs(&[("card 1", -ore), ("card 2", ore)]));
        }
    }

    #[test]
    fn not_to_itself_not_to_strangers_not_more_than_there_is() {
        let itself = Transferring { to: Some(account(1)), ..asked(1) };
        assert_eq!(transferred(&itself), Err(refusal(Rule::Account)));
        assert_eq!(transferred(&Transferring { to: None, ..asked(1) }), Err(refusal(Rule::Account)));
        let stranger = Payer { may_use: false, ..payer(5000) };
        assert_eq!(transferred(&Transferring { payer: stranger, ..asked(1) }), Err(refusal(Rule::Account)));
        for ore in [5001, i64::MAX] {
            let refused = over(Rule::Balance, Money::from_ore(5000), Money::from_ore(ore));
            assert_eq!(transferred(&asked(ore)), Err(refused));
        }
        for ore in [0, -1, i64::MIN] {
            assert_eq!(transferred(&asked(ore)), Err(over(Rule::Amount, LEAST, Money::from_ore(ore))));
        }
    }
}
