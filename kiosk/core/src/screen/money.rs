//! The pages where money moves: in, out, between accounts, by itself; and the list of orders.
//!
//! Pure. **Invariant:** of a bank account there is what its owner types in this visit, and of earlier ones the last four digits.

use jiff::Timestamp;
use madkort_protocol::{AutoRechargeDetails, Money, Withdrawal};

use super::{AccountChoice, FormProblem, OrderBrief};
use crate::PrintState;

/// Deposit: how much.
#[derive(Clone, Debug, PartialEq)]
pub struct DepositAmountPage {
    /// Whose account.
    pub account: String,
    /// Its balance.
    pub balance: Money,
    /// Kroner typed so far; empty if none.
    pub kroner: String,
    /// Amounts in kroner to choose from.
    pub presets: Vec<i32>,
    /// Where the receipt goes.
    pub email: String,
    /// The terms box.
    pub accepted: bool,
    /// The full terms, when they are to be shown.
    pub terms: Option<String>,
    /// Who holds the money, with CVR.
    pub issuer: String,
    /// What is wrong.
    pub problem: Option<FormProblem>,
    /// The server is being asked.
    pub opening: bool,
    /// The amount is for each time the balance is below this, once so much has been paid in: auto top-up.
    pub auto: Option<AutoTerms>,
}

/// What auto top-up rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AutoTerms {
    /// Charged when a purchase takes the balance below this.
    pub below: Money,
    /// In force once so much has been paid in.
    pub armed_from: Money,
}

/// Deposit: pay on the phone.
#[derive(Clone, Debug, PartialEq)]
pub struct DepositPayPage {
    /// Whose account.
    pub account: String,
    /// How much.
    pub amount: Money,
    /// The page to pay on.
    pub url: String,
    /// Where it stands.
    pub state: PayState,
    /// Until when the page takes payment.
    pub expires_at: Timestamp,
    /// Whole minutes until then, rounded up.
    pub minutes_left: i64,
    /// A payment card is given to auto top-up there, and nothing is paid.
    pub auto: bool,
}

/// Where a payment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PayState {
    /// Waiting for the phone.
    Waiting,
    /// The gateway has not said; it is being asked.
    Examining,
    /// The server cannot be asked just now; the payment goes on without the kiosk.
    OutOfSight,
    /// Declined; nothing moved.
    Declined,
    /// Given up; nothing moved.
    Cancelled,
    /// Too late; nothing moved.
    Expired,
}

impl PayState {
    /// Whether nothing can come of it any more.
    pub(crate) const fn is_over(self) -> bool {
        matches!(self, Self::Declined | Self::Cancelled | Self::Expired)
    }
}

/// Deposit: paid.
#[derive(Clone, Debug, PartialEq)]
pub struct DepositDonePage {
    /// Whose account.
    pub account: String,
    /// How much.
    pub amount: Money,
    /// The balance now.
    pub balance: Money,
    /// The receipt's number.
    pub receipt: String,
    /// The receipt on paper.
    pub paper: PrintState,
}

/// Auto top-up: how it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct AutoRechargePage {
    /// Whose account.
    pub account: String,
    /// How it stands, or what is there instead.
    pub body: AutoRechargeBody,
    /// The server is being asked or told.
    pub busy: bool,
    /// What is wrong.
    pub problem: Option<FormProblem>,
}

/// What is on that page.
#[derive(Clone, Debug, PartialEq)]
pub enum AutoRechargeBody {
    /// Being fetched.
    Loading,
    /// The server is out of reach.
    Unreachable,
    /// Here it is.
    Here(Box<AutoRechargeDetails>),
}

/// Auto top-up: really stop it?
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StopAutoRechargePage {
    /// Whose account.
    pub account: String,
}

/// Own orders.
#[derive(Clone, Debug, PartialEq)]
pub struct OrdersPage {
    /// The accounts the person may use.
    pub accounts: Vec<AccountChoice>,
    /// The chosen account's, by day, from today on.
    pub orders: Vec<OrderBrief>,
    /// The slip that was asked for last, if one was.
    pub paper: Option<PrintState>,
}

/// Transfer: how much, and where to.
#[derive(Clone, Debug, PartialEq)]
pub struct TransferPage {
    /// Where from.
    pub from: String,
    /// What is there.
    pub balance: Money,
    /// Where to: the other accounts, with their places among the visitor's.
    pub targets: Vec<(usize, AccountChoice)>,
    /// As typed.
    pub amount: String,
    /// What is wrong.
    pub problem: Option<FormProblem>,
    /// The server is being asked.
    pub asking: bool,
    /// It did not answer: only asking again is left.
    pub unsure: bool,
}

/// Transfer: done.
#[derive(Clone, Debug, PartialEq)]
pub struct TransferDonePage {
    /// Where from.
    pub from: String,
    /// Where to.
    pub to: String,
    /// How much.
    pub amount: Money,
    /// What is left where it came from.
    pub balance: Money,
    /// What to ask by.
    pub number: String,
    /// The slip.
    pub paper: PrintState,
}

/// Withdrawal: how much, and to which bank account.
#[derive(Clone, Debug, PartialEq)]
pub struct WithdrawPage {
    /// Whose account.
    pub account: String,
    /// What is there.
    pub balance: Money,
    /// As typed.
    pub amount: String,
    /// Whose bank account it is.
    pub name: String,
    /// As typed.
    pub registration: String,
    /// As typed.
    pub number: String,
    /// For the bank's statement.
    pub message: String,
    /// What is wrong.
    pub problem: Option<FormProblem>,
    /// Earlier ones.
    pub earlier: WithdrawalList,
    /// One of them is being called off.
    pub cancelling: bool,
}

/// Earlier withdrawals.
#[derive(Clone, Debug, PartialEq)]
pub enum WithdrawalList {
    /// Being fetched.
    Loading,
    /// The server is out of reach.
    Unreachable,
    /// Here they are, the newest first.
    Here(Vec<Withdrawal>),
}

/// Withdrawal: look once more.
#[derive(Clone, Debug, PartialEq)]
pub struct WithdrawCheckPage {
    /// Whose account.
    pub account: String,
    /// How much.
    pub amount: Money,
    /// The balance after it.
    pub balance_after: Money,
    /// Whose bank account it is.
    pub name: String,
    /// The bank account, in groups.
    pub bank: String,
    /// For the bank's statement; may be empty.
    pub message: String,
    /// Why the server did not look at it.
    pub problem: Option<FormProblem>,
    /// The server is being asked.
    pub asking: bool,
    /// It did not answer: only asking again is left.
    pub unsure: bool,
}

/// Withdrawal: asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct WithdrawDonePage {
    /// Whose account.
    pub account: String,
    /// How much.
    pub amount: Money,
    /// The balance now.
    pub balance: Money,
    /// The last four digits of the bank account.
    pub to: String,
    /// What to ask by.
    pub number: String,
    /// The slip.
    pub paper: PrintState,
}
