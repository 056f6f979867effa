//! Money set aside in two phases: held first, then captured, released or expired. Orders, payouts and sales under way at a
//! till hold.
//!
//! Pure: a state machine; the movements that use it make the legs.
//!
//! **Invariant:** a hold ends once, and what is captured and what is released then are together what was held.

use jiff::{SignedDuration, Timestamp};
use madkort_protocol::{AccountId, Money, OperationId, Refusal, Rule};

use crate::rules::{LEAST, over, refusal};
use crate::transaction::NotBalanced;

/// How long a till's authorisation holds: longer than any sale at a counter takes, and short enough that a till that broke down
/// before the noon break does not keep a pupil's money from it.
pub const AUTHORISED_FOR: SignedDuration = SignedDuration::from_mins(15);

/// What money is held for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HoldKind {
    /// A preorder until its cut-off.
    Order,
    /// A withdrawal until the bank is told.
    Payout,
    /// A sale that a till has begun.
    Sale,
}

impl HoldKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Order, Self::Payout, Self::Sale];

    /// The word its book is stored under.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Order => "orders",
            Self::Payout => "payouts",
            Self::Sale => "sales",
        }
    }

    /// How long it holds; `None` if something else ends it: an order its cut-off, a payout the bank or its holder.
    #[must_use]
    pub const fn holds_for(self) -> Option<SignedDuration> {
        match self {
            Self::Order | Self::Payout => None,
            Self::Sale => Some(AUTHORISED_FOR),
        }
    }

    /// The rule that a move breaks which its state does not allow.
    const fn rule(self) -> Rule {
        match self {
            Self::Order => Rule::Order,
            Self::Payout => Rule::Withdrawal,
            Self::Sale => Rule::Authorisation,
        }
    }
}

/// Where a hold stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HoldState {
    /// The money is held.
    Open,
    /// It was taken, in whole or in part.
    Captured,
    /// It was given back.
    Released,
    /// It was given back because its time was up.
    Expired,
}

/// Money held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    /// The operation that holds it.
    pub id: OperationId,
    /// Whose money.
    pub account: AccountId,
    /// For what.
    pub kind: HoldKind,
    /// How much.
    pub amount: Money,
    /// How much of it was taken in the end.
    pub captured: Money,
    /// Where it stands.
    pub state: HoldState,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
}

/// Why a hold does not move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HoldError {
    /// Less than one øre.
    #[error("a hold is at least one øre")]
    Amount(Money),
    /// It has ended.
    #[error("the hold has ended")]
    Ended(HoldState),
    /// Its time is up.
    #[error("the hold's time is up")]
    TimeIsUp,
    /// Its time is not up, or it has none.
    #[error("the hold's time is not up")]
    NotDue,
    /// More than is held.
    #[error("more than is held")]
    TooMuch {
        /// What is held.
        held: Money,
        /// What was asked for.
        asked: Money,
    },
    /// It makes no transaction.
    #[error(transparent)]
    NotBalanced(#[from] NotBalanced),
}

impl HoldError {
    /// As it is told to whoever asked.
    #[must_use]
    pub const fn refusal(self, kind: HoldKind) -> Refusal {
        match self {
            Self::Amount(asked) => over(Rule::Amount, LEAST, asked),
            Self::TooMuch { held, asked } => over(Rule::Amount, held, asked),
            Self::Ended(_) | Self::TimeIsUp | Self::NotDue => refusal(kind.rule()),
            Self::NotBalanced(_) => refusal(Rule::Amount),
        }
    }
}

/// A hold that has ended, and how its money was divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// The hold as it now stands.
    pub hold: Hold,
    /// What goes where it was held for.
    pub captured: Money,
    /// What goes back to the holder.
    pub released: Money,
}

impl Hold {
    /// Sets money aside; its time begins at `at`.
    pub fn open(
        id: OperationId,
        account: AccountId,
        kind: HoldKind,
        amount: Money,
        at: Timestamp,
    ) -> Result<Self, HoldError> {
        if amount < LEAST {
            return Err(HoldError::Amount(amount));
        }
        Ok(Self::begun(id, account, kind, amount, at))
    }

    /// Sets nothing aside, for what is wholly subsidised: it ends as any other does.
    #[must_use]
    pub fn of_nothing(id: OperationId, account: AccountId, kind: HoldKind, at: Timestamp) -> Self {
        Self::begun(id, account, kind, Money::ZERO, at)
    }

    fn begun(id: OperationId, account: AccountId, kind: HoldKind, amount: Money, at: Timestamp) -> Self {
        let expires_at = kind.holds_for().map(|time| at.checked_add(time).unwrap_or(Timestamp::MAX));
        Self { id, account, kind, amount, captured: Money::ZERO, state: HoldState::Open, expires_at }
    }

    /// Takes some of it or all. The rest goes back in the same transaction: so a hold has one end under one key, and nobody's
    /// money waits for a till that will not come back. Who needs more holds again.
    pub fn capture(self, amount: Money, now: Timestamp) -> Result<Ended, HoldError> {
        self.check_open()?;
        if self.expires_at.is_some_and(|end| now >= end) {
            return Err(HoldError::TimeIsUp);
        }
        if amount < LEAST {
            return Err(HoldError::Amount(amount));
        }
        if amount > self.amount {
            return Err(HoldError::TooMuch { held: self.amount, asked: amount });
        }
        self.end(HoldState::Captured, amount)
    }

    /// Gives it back.
    pub fn release(self) -> Result<Ended, HoldError> {
        self.check_open()?;
        self.end(HoldState::Released, Money::ZERO)
    }

    /// Gives it back because its time is up.
    pub fn expire(self, now: Timestamp) -> Result<Ended, HoldError> {
        self.check_open()?;
        if self.expires_at.is_none_or(|end| now < end) {
            return Err(HoldError::NotDue);
        }
        self.end(HoldState::Expired, Money::ZERO)
    }

    fn check_open(&self) -> Result<(), HoldError> {
        if self.state == HoldState::Open { Ok(()) } else { Err(HoldError::Ended(self.state)) }
    }

    fn end(self, state: HoldState, captured: Money) -> Result<Ended, HoldError> {
        let released = self.amount.minus(captured).map_err(|_| NotBalanced::Overflow)?;
        Ok(Ended { hold: Self { captured, state, ..self }, captured, released })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    const NOON: Timestamp = Timestamp::constant(1_795_345_200, 0);

    fn hold(kind: HoldKind, ore: i64) -> Result<Hold, HoldError> {
        let id = OperationId::new(Uuid::from_u128(1));
        Hold::open(id, AccountId::new(Uuid::from_u128(2)), kind, Money::from_ore(ore), NOON)
    }

    fn after(minutes: i64) -> Timestamp {
        NOON.checked_add(SignedDuration::from_mins(minutes)).unwrap()
    }

    #[test]
    fn a_hold_holds_something() {
        for ore in [0, -1, i64::MIN] {
            assert_eq!(hold(HoldKind::Sale, ore), Err(HoldError::Amount(Money::from_ore(ore))));
        }
        assert!(hold(HoldKind::Sale, 1).is_ok());
        assert!(hold(HoldKind::Sale, i64::MAX).is_ok());
    }

    #[test]
    fn what_is_not_captured_goes_back_at_once() {
        let ended = hold(HoldKind::Sale, 5000).unwrap().capture(Money::from_ore(4200), after(1)).unwrap();
        assert_eq!((ended.captured.ore(), ended.released.ore()), (4200, 800));
        assert_eq!((ended.hold.state, ended.hold.captured.ore()), (HoldState::Captured, 4200));
    }

    #[test]
    fn no_more_than_is_held_and_no_less_than_an_ore() {
        let hold = hold(HoldKind::Sale, 5000).unwrap();
        let asked = |ore| hold.capture(Money::from_ore(ore), after(1)).map_err(|e| e.refusal(HoldKind::Sale));
        assert!(asked(5000).is_ok());
        for (ore, limit) in [(5001, 5000), (i64::MAX, 5000), (0, 1), (-1, 1), (i64::MIN, 1)] {
            assert_eq!(asked(ore), Err(over(Rule::Amount, Money::from_ore(limit), Money::from_ore(ore))));
        }
    }

    #[test]
    fn an_authorisation_ends_on_the_minute_and_nothing_else_ends_by_itself() {
        let sale = hold(HoldKind::Sale, 100).unwrap();
        assert_eq!(sale.expire(after(14)), Err(HoldError::NotDue));
        assert!(sale.capture(sale.amount, after(14)).is_ok());
        assert_eq!(sale.expire(after(15)).unwrap().released, sale.amount);
        assert_eq!(sale.capture(sale.amount, after(15)), Err(HoldError::TimeIsUp));
        for kind in [HoldKind::Order, HoldKind::Payout] {
            let hold = hold(kind, 100).unwrap();
            assert_eq!(hold.expire(Timestamp::MAX), Err(HoldError::NotDue));
            assert!(hold.capture(hold.amount, Timestamp::MAX).is_ok());
        }
    }

    #[test]
    fn a_hold_ends_once() {
        let open = hold(HoldKind::Sale, 100).unwrap();
        let ends = [open.capture(open.amount, NOON), open.release(), open.expire(after(15))];
        for ended in ends.map(|end| end.unwrap().hold) {
            let again = Err(HoldError::Ended(ended.state));
            assert_eq!(ended.capture(Money::from_ore(1), NOON), again);
            assert_eq!(ended.release(), again);
            assert_eq!(ended.expire(Timestamp::MAX), again);
        }
        assert_eq!(HoldError::Ended(HoldState::Released).refusal(HoldKind::Payout), refusal(Rule::Withdrawal));
        assert_eq!(HoldError::Ended(HoldState::Captured).refusal(HoldKind::Order), refusal(Rule::Order));
        assert_eq!(HoldError::TimeIsUp.refusal(HoldKind::Sale), refusal(Rule::Authorisation));
    }

    proptest! {
        #[test]
        fn the_parts_are_the_whole(held: i64, asked: i64, minutes in 0_i64..30) {
            let Ok(hold) = hold(HoldKind::Sale, held) else { return Ok(()) };
            let ends = [hold.capture(Money::from_ore(asked), after(minutes)), hold.release(), hold.expire(after(minutes))];
            for ended in ends.into_iter().flatten() {
                prop_assert_eq!(ended.captured.plus(ended.released), Ok(hold.amount));
                prop_assert!(ended.captured >= Money::ZERO && ended.released >= Money::ZERO);
                prop_assert_eq!(ended.hold.captured, ended.captured);
            }
        }
    }
}
