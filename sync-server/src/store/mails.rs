//! Letters to holders: written down with what they tell of, sent afterwards.
//!
//! **Invariant:** a letter keeps its id, so that one that was sent twice can be known as one.

use jiff::Timestamp;
use madkort_protocol::{Issuer, Language, MandateId, Money, PersonId, SchoolId, Statement};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Pending;

/// What a letter tells, with all that it needs to be written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "letter", rename_all = "snake_case")]
pub enum Letter {
    /// Auto top-up has stopped.
    Stopped {
        /// What the account is called.
        account: String,
        /// Why, as `madkort_ledger::recharge::Stop` has it.
        why: String,
        /// What it would have charged.
        amount: Money,
        /// The mandate. Where another card helps, a page for one is opened when the letter is sent: its address is nowhere but in it.
        mandate: MandateId,
    },
    /// *Nulstil adgangskode*. The link is made when the letter is sent: its token is nowhere but in it.
    PasswordReset {
        /// At which school.
        school: SchoolId,
        /// Whose.
        person: PersonId,
        /// What they are called.
        name: String,
    },
    /// *Kontoudtog*, as a PDF.
    Statement {
        /// The school's name.
        school: String,
        /// Who holds the money.
        issuer: Issuer,
        /// What the account is called.
        account: String,
        /// The card by which it was asked for, masked.
        card: String,
        /// The month.
        statement: Box<Statement>,
        /// 1 for the first letter of these very lines; from 2 on it is a copy, and says so.
        copy: u32,
    },
    /// To whoever wrote to support: it has arrived.
    TicketReceived {
        /// The school's name.
        school: String,
        /// The number to ask by.
        number: String,
        /// Who wrote.
        name: String,
        /// What they wrote.
        message: String,
        /// Where else to get help.
        support_email: String,
        /// The telephone beside it.
        support_phone: String,
    },
    /// To support: somebody wrote.
    Ticket {
        /// The school's name.
        school: String,
        /// The number to answer under.
        number: String,
        /// Who wrote.
        name: String,
        /// Where the answer goes.
        email: String,
        /// Where they can be called; may be empty.
        phone: String,
        /// What the account is called that it is about.
        regarding: String,
        /// The card, masked.
        card: String,
        /// What they wrote.
        message: String,
        /// What they speak.
        speaks: Language,
    },
    /// Money that was paid in at a kiosk is on the account.
    DepositReceipt {
        /// What the account is called.
        account: String,
        /// Who holds the money.
        issuer: Issuer,
        /// How much.
        amount: Money,
        /// The receipt's number.
        number: String,
        /// When it was paid.
        paid_at: Timestamp,
        /// The balance right after it.
        balance: Money,
        /// The terms that were accepted.
        terms_version: String,
    },
    /// Auto top-up has charged.
    Receipt {
        /// What the account is called.
        account: String,
        /// How much.
        amount: Money,
        /// The receipt's number.
        number: String,
        /// The purchase that caused it.
        bought: String,
        /// When that was.
        bought_at: Timestamp,
        /// The balance right after the charge.
        balance: Money,
        /// The terms under which it was charged.
        terms_version: String,
    },
}

impl Letter {
    /// In a word.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Stopped { .. } => "auto-recharge-stopped",
            Self::PasswordReset { .. } => "password-reset",
            Self::Statement { .. } => "statement",
            Self::TicketReceived { .. } => "ticket-received",
            Self::Ticket { .. } => "ticket",
            Self::DepositReceipt { .. } => "deposit-receipt",
            Self::Receipt { .. } => "auto-recharge-receipt",
        }
    }

    /// What other letters may be copies of; empty if nothing.
    #[must_use]
    pub fn topic(&self) -> String {
        match self {
            Self::Statement { statement, .. } => topic_of(statement),
            _ => String::new(),
        }
    }
}

/// The same account, month and lines, as on paper: a month that has grown since is no copy.
#[must_use]
pub fn topic_of(statement: &Statement) -> String {
    format!("{} {} {}", statement.account, statement.month, statement.lines.len())
}

/// A letter to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// Its name for ever, from which its Message-ID is made.
    pub id: Uuid,
    /// The address.
    pub recipient: String,
    /// What they read.
    pub language: Language,
    /// What it tells.
    pub letter: Letter,
    /// When it was written; its date.
    pub created_at: Timestamp,
    /// Tries, this one included.
    pub attempts: u32,
}

/// The outbox.
pub trait Mails {
    /// Takes letters that are due, oldest first, and notes when each is tried again should nothing be heard of this try:
    /// `again` is told the number of tries and the time.
    fn lease_mails(&self, now: Timestamp, most: u32, again: fn(u32, Timestamp) -> Timestamp) -> Pending<'_, Vec<Mail>>;

    /// The mail server has it.
    fn mail_sent(&self, id: Uuid, now: Timestamp) -> Pending<'_, ()>;

    /// The mail server will never take it; `code` is its reply code.
    fn mail_failed(&self, id: Uuid, code: String, now: Timestamp) -> Pending<'_, ()>;

    /// How many letters wait.
    fn waiting_mails(&self) -> Pending<'_, u64>;
}
