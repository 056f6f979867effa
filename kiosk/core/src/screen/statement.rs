//! *Kontoudtog*: a month, the months to choose from, and a month as a letter.
//!
//! Pure.

use jiff::civil::Date;
use madkort_protocol::{Money, Statement};

use super::FormProblem;
use crate::PrintState;

/// A month.
#[derive(Clone, Debug, PartialEq)]
pub struct StatementPage {
    /// Whose account.
    pub account: String,
    /// Its balance now.
    pub balance: Money,
    /// The month, or what is there instead.
    pub body: StatementBody,
    /// The statement on paper, once asked for.
    pub paper: Option<PrintState>,
}

/// What is on a statement page.
#[derive(Clone, Debug, PartialEq)]
pub enum StatementBody {
    /// Being fetched.
    Loading,
    /// The server is out of reach.
    Unreachable,
    /// Here it is.
    Here(Box<Statement>),
}

/// The months to choose from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MonthsPage {
    /// Whose account.
    pub account: String,
    /// Its balance now.
    pub balance: Money,
    /// Those with lines, newest first.
    pub months: Vec<MonthChoice>,
}

/// A month to choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MonthChoice {
    /// Its first day.
    pub month: Date,
    /// The one that was shown.
    pub chosen: bool,
}

/// A month as a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailStatementPage {
    /// Whose account.
    pub account: String,
    /// The first day of the month.
    pub month: Date,
    /// Where the letter goes.
    pub email: String,
    /// What is wrong.
    pub problem: Option<FormProblem>,
    /// On its way to the server.
    pub asking: bool,
    /// The server has it.
    pub sent: bool,
}
