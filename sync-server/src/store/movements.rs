//! Movements of money that no till or kiosk queue carries: between accounts, to the bank and back, in cash, and what staff put
//! right.

use jiff::Timestamp;
use madkort_ledger::Purpose;
use madkort_ledger::caps::Caps;
use madkort_protocol::{AccountId, CardId, Money, OperationId, Outcome, SchoolId};
use serde::Serialize;

use super::Pending;

/// A movement to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Movement {
    /// From one account to another of the same school.
    Transfer {
        /// The card of whoever asks.
        card: CardId,
        /// Where from.
        from: AccountId,
        /// Where to.
        to: AccountId,
        /// How much.
        amount: Money,
    },
    /// To the holder's bank account: held until the bank is told.
    RequestWithdrawal {
        /// The card of whoever asks.
        card: CardId,
        /// Whose money.
        account: AccountId,
        /// How much.
        amount: Money,
    },
    /// Called off before the bank is told.
    CancelWithdrawal {
        /// The card of whoever asks.
        card: CardId,
        /// Which.
        withdrawal: OperationId,
    },
    /// The bank was told.
    SendWithdrawal {
        /// Which.
        withdrawal: OperationId,
    },
    /// The bank has booked it.
    SettleWithdrawal {
        /// Which.
        withdrawal: OperationId,
    },
    /// The bank could not pay it out.
    ReturnWithdrawal {
        /// Which.
        withdrawal: OperationId,
    },
    /// A sold order whose dish never came.
    RefundOrder {
        /// Which.
        order: OperationId,
        /// Who says so and why.
        reason: String,
    },
    /// A transaction was wrong: it is reversed, and the right one, if there is one, posted beside it.
    Correct {
        /// What was wrong.
        wrong: OperationId,
        /// The right legs: books by name, and by how much their balance changes.
        right: Option<Vec<(String, Money)>>,
        /// Who says so and why.
        reason: String,
    },
    /// Cash onto a guest card.
    IssueGuestCard {
        /// Its account.
        account: AccountId,
        /// How much.
        amount: Money,
    },
    /// The rest of a guest card in cash.
    ReturnGuestCard {
        /// Its account.
        account: AccountId,
    },
}

impl Movement {
    /// The key it is posted under: the one it comes with, or, where it can happen only once, one that follows from what it is
    /// about.
    #[must_use]
    pub const fn key(&self, id: OperationId) -> OperationId {
        match self {
            Self::SendWithdrawal { withdrawal } => Purpose::Sent.of(*withdrawal),
            Self::SettleWithdrawal { withdrawal } => Purpose::Settled.of(*withdrawal),
            Self::ReturnWithdrawal { withdrawal } => Purpose::Returned.of(*withdrawal),
            Self::RefundOrder { order, .. } => Purpose::Refund.of(*order),
            _ => id,
        }
    }
}

/// What became of a movement.
#[derive(Clone, Debug, PartialEq)]
pub enum Moving {
    /// Posted, posted before, or refused.
    Settled(Outcome),
    /// Nothing was posted: the id came back with another body.
    IdReused,
}

/// Movements, and what limits spending.
pub trait Movements {
    /// Makes a movement once. A refusal is settled as well, and stays.
    fn carry_out(&self, school: SchoolId, id: OperationId, movement: Movement, now: Timestamp) -> Pending<'_, Moving>;

    /// Sets what may be spent from an account in a day, a week and a month; `false` if the school has no such account.
    fn set_caps(&self, school: SchoolId, account: AccountId, caps: Caps) -> Pending<'_, bool>;
}
