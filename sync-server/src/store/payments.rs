//! Money on its way in: deposits, mandates, and the charges of auto top-up.
//!
//! **Invariant:** the intent is durable before any gateway is called; a state only moves from one that the caller names, and
//! whoever comes second is told how it stands.

use jiff::Timestamp;
use madkort_ledger::recharge::{Attempt, Caps, Effect, Event, State, Stop};
use madkort_protocol::{
    AccountId, CardId, DepositState, DeviceId, Language, MandateAnswer, MandateId, MandateWish, Money, OperationId,
    PersonId, Refusal, SchoolId,
};

use super::{Doer, Pending};

/// A deposit about to be opened.
#[derive(Clone, Debug)]
pub struct NewDeposit {
    /// The key under which the money will be posted.
    pub id: OperationId,
    /// The kiosk that asked.
    pub device: DeviceId,
    /// The card that was on the reader.
    pub card: CardId,
    /// Which account.
    pub account: AccountId,
    /// How much, already within the school's limits.
    pub amount: Money,
    /// Where the receipt goes.
    pub email: String,
    /// The terms that were accepted.
    pub terms_version: String,
    /// The language of page and mail.
    pub language: Language,
    /// Which gateway takes it.
    pub gateway: String,
    /// The unguessable name of its payment page.
    pub page: String,
    /// Until when the page takes payment.
    pub expires_at: Timestamp,
}

/// A deposit as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct DepositRow {
    /// The key under which the money is posted.
    pub id: OperationId,
    /// The tenant.
    pub school: SchoolId,
    /// The kiosk that asked.
    pub device: DeviceId,
    /// The card that was on the reader.
    pub card: CardId,
    /// Which account.
    pub account: AccountId,
    /// How much.
    pub amount: Money,
    /// Where the receipt goes.
    pub email: String,
    /// The terms that were accepted.
    pub terms_version: String,
    /// The language of page and mail.
    pub language: Language,
    /// Which gateway takes it.
    pub gateway: String,
    /// The gateway's own name for the payment, once it has one.
    pub reference: Option<String>,
    /// The unguessable name of its payment page.
    pub page: String,
    /// Where it stands.
    pub state: DepositState,
    /// When it was opened.
    pub created_at: Timestamp,
    /// Until when the page takes payment.
    pub expires_at: Timestamp,
    /// The receipt number, once paid.
    pub receipt: Option<String>,
    /// When it was paid.
    pub paid_at: Option<Timestamp>,
    /// The balance right after it, once paid.
    pub balance: Option<Money>,
    /// How often the gateway was asked how it stands.
    pub asks: u32,
    /// When to ask next.
    pub ask_at: Option<Timestamp>,
}

/// What became of opening a deposit.
#[derive(Clone, Debug, PartialEq)]
pub enum DepositOpening {
    /// It is open now.
    Opened(Box<DepositRow>),
    /// It was asked for before, in the same words.
    Already(Box<DepositRow>),
    /// The id stands for something else.
    IdReused,
    /// The card or the account does not allow it.
    Refused(Refusal),
}

/// What became of moving something to another state.
#[derive(Clone, Debug, PartialEq)]
pub enum Moved<T> {
    /// It moved; this is how it stands now.
    Moved(T),
    /// It was not in a state to move from; this is how it stands.
    Stands(T),
    /// There is none.
    Unknown,
}

/// Deposits.
pub trait Deposits {
    /// Opens a deposit, or finds it again. Checks that the card is active and may use the account.
    fn open_deposit(&self, deposit: NewDeposit, now: Timestamp) -> Pending<'_, DepositOpening>;

    /// A deposit.
    fn deposit(&self, id: OperationId) -> Pending<'_, Option<DepositRow>>;

    /// The deposit behind a payment page.
    fn deposit_of_page(&self, page: String) -> Pending<'_, Option<DepositRow>>;

    /// Keeps the gateway's name for the payment.
    fn name_deposit(&self, id: OperationId, reference: String) -> Pending<'_, ()>;

    /// Moves a deposit from one of the states to another, none of them [`DepositState::Paid`].
    fn move_deposit(
        &self,
        id: OperationId,
        from: Vec<DepositState>,
        to: DepositState,
    ) -> Pending<'_, Moved<DepositRow>>;

    /// Posts the money once, whatever state the deposit is in, and numbers the receipt. An amount other than the deposit's goes
    /// to the suspense book and leaves the deposit as [`DepositState::Unknown`].
    fn pay_deposit(&self, id: OperationId, received: Money, now: Timestamp) -> Pending<'_, Moved<DepositRow>>;

    /// Deposits that are open past their end, or unknown and due to be asked about.
    fn deposits_due(&self, now: Timestamp, most: u32) -> Pending<'_, Vec<DepositRow>>;

    /// Notes that the gateway was asked, and when to ask again.
    fn asked_deposit(&self, id: OperationId, ask_at: Timestamp) -> Pending<'_, ()>;
}

/// Whether a mandate may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MandateState {
    /// Yes.
    Active,
    /// Not until its holder acts; why, is never [`Stop::Cancelled`].
    Suspended(Stop),
    /// Taken back by its holder.
    Cancelled,
}

impl MandateState {
    /// By what stops it.
    #[must_use]
    pub const fn of(stop: Option<Stop>) -> Self {
        match stop {
            None => Self::Active,
            Some(Stop::Cancelled) => Self::Cancelled,
            Some(why) => Self::Suspended(why),
        }
    }

    /// What stops it.
    #[must_use]
    pub const fn stop(self) -> Option<Stop> {
        match self {
            Self::Active => None,
            Self::Suspended(why) => Some(why),
            Self::Cancelled => Some(Stop::Cancelled),
        }
    }
}

/// A standing permission to charge a payment card for one account.
#[derive(Clone, Debug, PartialEq)]
pub struct Mandate {
    /// Its id.
    pub id: MandateId,
    /// The tenant.
    pub school: SchoolId,
    /// The account it fills. At most one mandate that is not cancelled.
    pub account: AccountId,
    /// Charged each time.
    pub amount: Money,
    /// Charged when a purchase takes the balance below this.
    pub below: Money,
    /// Whether it may be charged.
    pub state: MandateState,
    /// Which gateway keeps the card.
    pub gateway: String,
    /// The gateway's name for it.
    pub reference: String,
    /// The most it may charge.
    pub caps: Caps,
    /// Where receipts go.
    pub email: String,
    /// The terms that were accepted.
    pub terms_version: String,
    /// The language of its mails.
    pub language: Language,
    /// Who gave it.
    pub given_by: PersonId,
    /// When it was given.
    pub created_at: Timestamp,
    /// The card of whoever paused, resumed or cancelled it last.
    pub changed_by: Option<CardId>,
    /// When that was.
    pub changed_at: Option<Timestamp>,
    /// The last four digits of the payment card, where they are known.
    pub last_four: Option<String>,
}

/// Where a charge stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChargeState {
    /// Intended; the gateway has not been called.
    Created,
    /// The gateway is being called.
    Sent,
    /// The gateway has not said: to be asked, never charged again meanwhile.
    Unknown,
    /// In the ledger.
    Succeeded,
    /// Nothing moved.
    Declined,
}

/// A charge as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Charge {
    /// The key under which the money is posted.
    pub id: OperationId,
    /// The permission.
    pub mandate: MandateId,
    /// The account it fills.
    pub account: AccountId,
    /// How much.
    pub amount: Money,
    /// The purchase that caused it.
    pub cause: OperationId,
    /// Which attempt for that purchase, from 1; 0 once declines are history.
    pub number: u32,
    /// When the first attempt was made.
    pub first_at: Timestamp,
    /// Where it stands.
    pub state: ChargeState,
    /// The gateway's name for it, once it has one.
    pub reference: Option<String>,
    /// When it was intended.
    pub created_at: Timestamp,
    /// When it was decided.
    pub settled_at: Option<Timestamp>,
    /// How often the gateway was asked how it stands.
    pub asks: u32,
    /// When to ask next.
    pub ask_at: Option<Timestamp>,
}

impl Charge {
    /// As the rule sees it.
    #[must_use]
    pub const fn attempt(&self) -> Attempt {
        Attempt { charge: self.id, cause: self.cause, number: self.number, first: self.first_at, made: self.created_at }
    }
}

/// Something that happened to auto top-up of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stepping {
    /// Which account.
    pub account: AccountId,
    /// What happened.
    pub event: Event,
    /// To which mandate; `None` means the one of the charge that is open, or the one in force.
    pub mandate: Option<MandateId>,
    /// The gateway's name for the charge, where it said one.
    pub reference: Option<String>,
    /// The key of the charge, should one begin.
    pub new_id: OperationId,
    /// Now.
    pub now: Timestamp,
}

/// What a step came to: all of it is durable.
#[derive(Clone, Debug, PartialEq)]
pub struct Stepped {
    /// The mandate, as it stood before.
    pub mandate: Mandate,
    /// The charge that is open, or was until now.
    pub charge: Option<Charge>,
    /// The state after it.
    pub state: State,
    /// What was decided; calls, questions and alarms are still to be carried out.
    pub effects: Vec<Effect>,
}

/// What a holder does to a mandate at a kiosk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MandateChange {
    /// To whose mandate.
    pub account: AccountId,
    /// What.
    pub wish: MandateWish,
    /// Who, for the record of it.
    pub by: Doer,
}

/// Mandates and charges.
pub trait Charges {
    /// Puts a mandate, replacing the one by that id, and tells the change feed of its account.
    fn put_mandate(&self, mandate: Mandate) -> Pending<'_, ()>;

    /// The mandate that is not cancelled.
    fn mandate(&self, account: AccountId) -> Pending<'_, Option<Mandate>>;

    /// Accounts with an active mandate, for the look around at start.
    fn accounts_with_mandate(&self) -> Pending<'_, Vec<AccountId>>;

    /// Accounts with a decline that waits for its next attempt.
    fn accounts_to_retry(&self) -> Pending<'_, Vec<AccountId>>;

    /// Takes auto top-up one step on; `None` without a mandate. Intent, posting, decline, stop and letters are written in it.
    fn recharge(&self, stepping: Stepping) -> Pending<'_, Option<Stepped>>;

    /// A holder changes a mandate; `None` if the card may not, or there is no mandate. Answers as it then stands, also when
    /// the change changes nothing.
    fn change_mandate(&self, change: MandateChange, now: Timestamp) -> Pending<'_, Option<MandateAnswer>>;

    /// A charge.
    fn charge(&self, id: OperationId) -> Pending<'_, Option<Charge>>;

    /// Charges that are created, sent or unknown, and due by then to be sent or asked about, the longest due first. With
    /// [`Timestamp::MAX`] it is all of them.
    fn open_charges(&self, due: Timestamp, most: u32) -> Pending<'_, Vec<Charge>>;
}
