//! A movement of money between books.
//!
//! Pure. **Invariant:** the legs of a [`Transaction`] sum to zero, none of them is zero, and no book has two: one that does not
//! balance cannot be made.

use jiff::Timestamp;
use madkort_protocol::{Money, OperationId};

use crate::Book;

/// The most legs of one transaction: a holder's, the held orders', and income and VAT at every rate there is.
pub const MOST_LEGS: usize = 16;
/// Characters of the reason of a correction or a refund: two lines on paper.
pub const REASON: usize = 120;

/// What a transaction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Paid in by the holder.
    Deposit,
    /// Paid in by auto top-up.
    Recharge,
    /// Bought at a till.
    Purchase,
    /// Taken back by the till that sold it.
    PurchaseUndone,
    /// A sale has begun at a till: the money is held.
    AuthorisationHeld,
    /// The till gave the sale up.
    AuthorisationReleased,
    /// The till never came back.
    AuthorisationExpired,
    /// Ordered: the money is held.
    OrderHeld,
    /// The held order is sold.
    OrderCaptured,
    /// The held order is cancelled.
    OrderReleased,
    /// The sold order is paid back.
    OrderRefunded,
    /// From one account to another.
    Transfer,
    /// The holder wants money out: it is held.
    WithdrawalRequested,
    /// The withdrawal is called off.
    WithdrawalCancelled,
    /// The bank is told to pay out.
    WithdrawalSent,
    /// The bank has paid out.
    WithdrawalSettled,
    /// The bank could not pay out, or got it back.
    WithdrawalReturned,
    /// Cash on a guest card.
    GuestCardIssued,
    /// The rest of a guest card in cash.
    GuestCardReturned,
    /// Came in and fits nothing.
    Stray,
    /// The opposite of a transaction that was wrong.
    Reversal,
    /// Put right by staff.
    Correction,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 22] = [
        Self::Deposit,
        Self::Recharge,
        Self::Purchase,
        Self::PurchaseUndone,
        Self::AuthorisationHeld,
        Self::AuthorisationReleased,
        Self::AuthorisationExpired,
        Self::OrderHeld,
        Self::OrderCaptured,
        Self::OrderReleased,
        Self::OrderRefunded,
        Self::Transfer,
        Self::WithdrawalRequested,
        Self::WithdrawalCancelled,
        Self::WithdrawalSent,
        Self::WithdrawalSettled,
        Self::WithdrawalReturned,
        Self::GuestCardIssued,
        Self::GuestCardReturned,
        Self::Stray,
        Self::Reversal,
        Self::Correction,
    ];

    /// The word it is stored under.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Deposit => "deposit",
            Self::Recharge => "recharge",
            Self::Purchase => "purchase",
            Self::PurchaseUndone => "purchase-undone",
            Self::AuthorisationHeld => "authorisation-held",
            Self::AuthorisationReleased => "authorisation-released",
            Self::AuthorisationExpired => "authorisation-expired",
            Self::OrderHeld => "order-held",
            Self::OrderCaptured => "order-captured",
            Self::OrderReleased => "order-released",
            Self::OrderRefunded => "order-refunded",
            Self::Transfer => "transfer",
            Self::WithdrawalRequested => "withdrawal-requested",
            Self::WithdrawalCancelled => "withdrawal-cancelled",
            Self::WithdrawalSent => "withdrawal-sent",
            Self::WithdrawalSettled => "withdrawal-settled",
            Self::WithdrawalReturned => "withdrawal-returned",
            Self::GuestCardIssued => "guest-card-issued",
            Self::GuestCardReturned => "guest-card-returned",
            Self::Stray => "stray",
            Self::Reversal => "reversal",
            Self::Correction => "correction",
        }
    }

    /// Whether what it takes from a holder is spending, which caps limit, and what it gives back is spending less.
    #[must_use]
    pub const fn is_spending(self) -> bool {
        matches!(
            self,
            Self::Purchase
                | Self::PurchaseUndone
                | Self::AuthorisationHeld
                | Self::AuthorisationReleased
                | Self::AuthorisationExpired
                | Self::OrderHeld
                | Self::OrderReleased
                | Self::OrderRefunded
        )
    }

    /// Whether a correction may reverse it. The others have a movement of their own that ends or undoes them, or are the
    /// opposite of something themselves; and money that is held must stay with what it is held for.
    #[must_use]
    pub const fn is_reversible(self) -> bool {
        matches!(
            self,
            Self::Deposit
                | Self::Recharge
                | Self::Purchase
                | Self::Transfer
                | Self::GuestCardIssued
                | Self::GuestCardReturned
                | Self::Stray
                | Self::Correction
        )
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
    about: Option<OperationId>,
    reason: Option<String>,
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
            Ok(Money::ZERO) => Ok(Self { id, kind, legs, at, about: None, reason: None }),
            Ok(_) => Err(NotBalanced::Sum),
            Err(_) => Err(NotBalanced::Overflow),
        }
    }

    /// Names the transaction that this one captures, gives back, undoes or reverses.
    #[must_use]
    pub fn concerning(self, about: OperationId) -> Self {
        Self { about: Some(about), ..self }
    }

    /// Says who did it and why.
    #[must_use]
    pub fn because(self, reason: String) -> Self {
        Self { reason: Some(reason), ..self }
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

    /// The transaction that this one captures, gives back, undoes or reverses.
    #[must_use]
    pub const fn about(&self) -> Option<OperationId> {
        self.about
    }

    /// Who did it and why, where somebody had to say.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// By how much it changes a book.
    #[must_use]
    pub fn change_of(&self, book: &Book) -> Money {
        self.legs.iter().find(|leg| leg.book == *book).map_or(Money::ZERO, |leg| leg.amount)
    }
}

/// Legs being put together: one per book, and none that moves nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Legs(Vec<Leg>);

impl Legs {
    /// Adds to a book.
    pub(crate) fn give(mut self, book: Book, amount: Money) -> Result<Self, NotBalanced> {
        match self.0.iter_mut().find(|leg| leg.book == book) {
            Some(leg) => leg.amount = leg.amount.plus(amount).map_err(|_| NotBalanced::Overflow)?,
            None => self.0.push(Leg { book, amount }),
        }
        Ok(self)
    }

    /// Takes from a book.
    pub(crate) fn take(self, book: Book, amount: Money) -> Result<Self, NotBalanced> {
        self.give(book, amount.negated().map_err(|_| NotBalanced::Overflow)?)
    }

    /// Makes the transaction.
    pub(crate) fn post(mut self, id: OperationId, kind: Kind, at: Timestamp) -> Result<Transaction, NotBalanced> {
        self.0.retain(|leg| leg.amount != Money::ZERO);
        Transaction::try_new(id, kind, self.0, at)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_kind_has_its_own_word() {
        let words: std::collections::BTreeSet<_> = Kind::ALL.map(Kind::word).into();
        assert_eq!(words.len(), Kind::ALL.len());
        assert!(words.iter().all(|word| word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')));
    }

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
