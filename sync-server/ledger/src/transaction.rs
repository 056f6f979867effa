//! A movement of money between books.
//!
//! Pure. **Invariant:** the legs of a [`Transaction`] sum to zero, none of them is zero, and no book has two: one that does not
//! balance cannot be made.

use jiff::Timestamp;
use madkort_protocol::{Money, OperationId};

use crate::Book;

/// The most legs of one transaction: a holder's, the held orders', and income and VAT at every rate there is.
pub const MOST_LEGS: usize = 16;

/// What a transaction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Paid in by the holder.
    Deposit,
    /// Paid in by auto top-up.
    Recharge,
    /// Bought at a till.
    Purchase,
    /// Ordered: the money is held.
    OrderHeld,
    /// The held order is sold.
    OrderCaptured,
    /// The held order is cancelled.
    OrderReleased,
    /// Came in and fits nothing.
    Stray,
    /// Put right by staff.
    Correction,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::Deposit,
        Self::Recharge,
        Self::Purchase,
        Self::OrderHeld,
        Self::OrderCaptured,
        Self::OrderReleased,
        Self::Stray,
        Self::Correction,
    ];

    /// The word it is stored under.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Deposit => "deposit",
            Self::Recharge => "recharge",
            Self::Purchase => "purchase",
            Self::OrderHeld => "order-held",
            Self::OrderCaptured => "order-captured",
            Self::OrderReleased => "order-released",
            Self::Stray => "stray",
            Self::Correction => "correction",
        }
    }
}

/// One book's share of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leg {
    /// Where.
    pub book: Book,
    /// By how much its balance changes.
    pub amount: Money,
}

/// Why legs are not a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotBalanced {
    /// Fewer than two legs, or more than [`MOST_LEGS`].
    #[error("a transaction has 2 to {MOST_LEGS} legs")]
    Legs,
    /// A leg that moves nothing.
    #[error("a leg moves nothing")]
    Nothing,
    /// A book with two legs: its running balance would be ambiguous.
    #[error("a book has two legs")]
    Twice,
    /// They do not sum to zero.
    #[error("the legs do not sum to zero")]
    Sum,
    /// They cannot be added.
    #[error("the legs are too large to be added")]
    Overflow,
}

/// A balanced movement of money. Its id is the key under which it is posted once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    id: OperationId,
    kind: Kind,
    legs: Vec<Leg>,
    at: Timestamp,
}

impl Transaction {
    /// Takes legs that balance.
    pub fn try_new(id: OperationId, kind: Kind, legs: Vec<Leg>, at: Timestamp) -> Result<Self, NotBalanced> {
        if !(2..=MOST_LEGS).contains(&legs.len()) {
            return Err(NotBalanced::Legs);
        }
        if legs.iter().any(|leg| leg.amount == Money::ZERO) {
            return Err(NotBalanced::Nothing);
        }
        if legs.iter().enumerate().any(|(i, leg)| legs[..i].iter().any(|other| other.book == leg.book)) {
            return Err(NotBalanced::Twice);
        }
        match Money::sum(legs.iter().map(|leg| leg.amount)) {
            Ok(Money::ZERO) => Ok(Self { id, kind, legs, at }),
            Ok(_) => Err(NotBalanced::Sum),
            Err(_) => Err(NotBalanced::Overflow),
        }
    }

    /// The key.
    #[must_use]
    pub const fn id(&self) -> OperationId {
        self.id
    }

    /// What it is.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Its legs, in the order they are posted.
    #[must_use]
    pub fn legs(&self) -> &[Leg] {
        &self.legs
    }

    /// When, by the server's clock.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        self.at
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn try_legs(amounts: &[i64]) -> Result<Transaction, NotBalanced> {
        let legs = amounts
            .iter()
            .zip(0_u8..)
            .map(|(ore, i)| Leg { book: Book::Income { vat_percent: i }, amount: Money::from_ore(*ore) })
            .collect();
        let id = OperationId::parse("0198c0de-0000-7000-8000-000000000001").unwrap();
        Transaction::try_new(id, Kind::Correction, legs, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn what_does_not_balance_cannot_be_made() {
        assert!(try_legs(&[100, -100]).is_ok());
        assert_eq!(try_legs(&[]), Err(NotBalanced::Legs));
        assert_eq!(try_legs(&[0]), Err(NotBalanced::Legs));
        assert_eq!(try_legs(&[1; 17]), Err(NotBalanced::Legs));
        assert_eq!(try_legs(&[0, 0]), Err(NotBalanced::Nothing));
        assert_eq!(try_legs(&[100, -99]), Err(NotBalanced::Sum));
        assert_eq!(try_legs(&[i64::MAX, i64::MAX, 2]), Err(NotBalanced::Overflow));
    }

    #[test]
    fn a_book_stands_once_in_a_transaction() {
        let leg = |ore| Leg { book: Book::Bank, amount: Money::from_ore(ore) };
        let id = OperationId::parse("0198c0de-0000-7000-8000-000000000001").unwrap();
        let made = Transaction::try_new(id, Kind::Correction, vec![leg(1), leg(-1)], Timestamp::UNIX_EPOCH);
        assert_eq!(made, Err(NotBalanced::Twice));
    }

    proptest! {
        #[test]
        fn any_transaction_sums_to_zero(amounts in prop::collection::vec(-1000_i64..1000, 0..20)) {
            if let Ok(made) = try_legs(&amounts) {
                prop_assert_eq!(Money::sum(made.legs().iter().map(|leg| leg.amount)), Ok(Money::ZERO));
            }
        }
    }
}
