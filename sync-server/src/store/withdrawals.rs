//! Withdrawals with where the money goes. The ledger knows the money, and nothing of a bank account: that is kept in a table of its
//! own.

use jiff::{SignedDuration, Timestamp};
use madkort_ledger::withdrawal::Stage;
use madkort_protocol::{AccountId, CardId, DeviceId, Language, Money, OperationId, Payee, Refusal, SchoolId};

use super::Pending;

/// How long a bank account is kept after its withdrawal has ended: for 13 months the holder may say that the payment was wrong
/// (directive (EU) 2015/2366, article 71).
pub const PAYEE_KEPT: SignedDuration = SignedDuration::from_hours(24 * 397);

/// A withdrawal about to be made.
#[derive(Clone, Debug)]
pub struct NewWithdrawal {
    /// The key under which the money is held.
    pub id: OperationId,
    /// The kiosk that asked.
    pub device: DeviceId,
    /// The card that was on the reader.
    pub card: CardId,
    /// Whose money.
    pub account: AccountId,
    /// How much.
    pub amount: Money,
    /// Where it goes.
    pub payee: Payee,
    /// What they read.
    pub language: Language,
}

/// A withdrawal as it stands, without where the money goes but for the last four digits.
#[derive(Clone, Debug, PartialEq)]
pub struct WithdrawalRow {
    /// The key under which the money is held.
    pub id: OperationId,
    /// Whose money.
    pub account: AccountId,
    /// How much.
    pub amount: Money,
    /// The last four digits of the bank account's number.
    pub to: String,
    /// How far it has come.
    pub stage: Stage,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// When the bank was told.
    pub sent_at: Option<Timestamp>,
    /// When the bank had paid it out.
    pub settled_at: Option<Timestamp>,
    /// When it was called off or came back.
    pub back_at: Option<Timestamp>,
    /// The account's balance now.
    pub balance: Money,
}

/// What became of asking for a withdrawal.
#[derive(Clone, Debug, PartialEq)]
pub enum Withdrawing {
    /// The money is held, now or since before.
    Held(Box<WithdrawalRow>),
    /// A rule says no.
    Refused(Refusal),
    /// The id stands for something else.
    IdReused,
}

/// Withdrawals. They move on by [`super::Movement`].
pub trait Withdrawals {
    /// Holds the money and keeps where it goes, once.
    fn request_withdrawal(&self, school: SchoolId, new: NewWithdrawal, now: Timestamp) -> Pending<'_, Withdrawing>;

    /// A withdrawal, if it is the school's.
    fn withdrawal(&self, school: SchoolId, id: OperationId) -> Pending<'_, Option<WithdrawalRow>>;

    /// Empties where the money went, but for the last four digits, of at most `most` withdrawals that ended longer than
    /// [`PAYEE_KEPT`] ago; says how many.
    fn forget_payees(&self, now: Timestamp, most: u32) -> Pending<'_, u32>;

    /// The withdrawals of an account, the newest first.
    fn withdrawals_of(&self, school: SchoolId, account: AccountId, most: u32) -> Pending<'_, Vec<WithdrawalRow>>;
}
