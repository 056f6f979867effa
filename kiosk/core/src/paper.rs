//! What goes on paper, as figures and names; the words and the layout are the printer's room.
//!
//! Pure. **Invariant:** no full card number, no class, no balance of anybody else.

use jiff::Timestamp;
use jiff::civil::Date;
use madkort_protocol::{Issuer, Money, Statement};
use serde::{Deserialize, Serialize};

/// One paper.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "paper", rename_all = "snake_case")]
pub enum Paper {
    /// A deposit was paid.
    Receipt(Receipt),
    /// A preorder was placed.
    Order(OrderSlip),
    /// A month.
    Statement(StatementPaper),
    /// A support ticket was filed.
    Ticket(TicketSlip),
    /// Money was moved between two accounts.
    Transfer(TransferSlip),
    /// Money was set aside for a bank account.
    Withdrawal(WithdrawalSlip),
}

impl Paper {
    /// The paper with the number the store gave.
    #[must_use]
    pub fn numbered(mut self, number: &str) -> Self {
        match &mut self {
            Self::Order(slip) => number.clone_into(&mut slip.number),
            Self::Ticket(slip) => number.clone_into(&mut slip.number),
            // Theirs is the server's.
            Self::Receipt(_) | Self::Statement(_) | Self::Transfer(_) | Self::Withdrawal(_) => {}
        }
        self
    }
}

/// A receipt for a deposit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    /// The school's name.
    pub school: String,
    /// Who holds the money.
    pub issuer: Issuer,
    /// The server's receipt number.
    pub number: String,
    /// When it was paid.
    pub at: Timestamp,
    /// Whose account, by its label.
    pub account: String,
    /// The card, masked.
    pub card: String,
    /// Paid in.
    pub amount: Money,
    /// The balance after it.
    pub balance: Money,
    /// The terms it was paid under.
    pub terms_version: String,
}

/// A slip for a preorder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrderSlip {
    /// The school's name.
    pub school: String,
    /// Who holds the money.
    pub issuer: Issuer,
    /// The number to call out.
    pub number: String,
    /// When it was ordered, by the kiosk's clock.
    pub at: Timestamp,
    /// Whose account, by its label.
    pub account: String,
    /// The day of delivery.
    pub delivery: Date,
    /// What was ordered.
    pub lines: Vec<PaperLine>,
    /// What it costs.
    pub total: Money,
    /// VAT inside the total.
    pub vat: Money,
    /// What it takes from the account; `None` if the server could not say, and the total counts until it does.
    pub taken: Option<Money>,
    /// The balance after it; `None` on a copy, where it has long been another.
    pub balance: Option<Money>,
    /// Recorded while the server was out of reach.
    pub offline: bool,
    /// Asked for once more: it says KOPI, also where this kiosk has not printed the first.
    #[serde(default)]
    pub copy: bool,
}

/// One line of a slip.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PaperLine {
    /// What, in the slip's language.
    pub name: String,
    /// How many.
    pub quantity: u32,
    /// What the line costs.
    pub amount: Money,
    /// To the kitchen; may be empty.
    pub comment: String,
}

/// A month on paper.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StatementPaper {
    /// The school's name.
    pub school: String,
    /// Who holds the money.
    pub issuer: Issuer,
    /// Whose account, by its label.
    pub account: String,
    /// The card, masked.
    pub card: String,
    /// When it was printed.
    pub at: Timestamp,
    /// The month.
    pub statement: Statement,
}

/// A slip for a support ticket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TicketSlip {
    /// The school's name.
    pub school: String,
    /// The number to ask by.
    pub number: String,
    /// When it was written.
    pub at: Timestamp,
    /// Whose account it is about, by its label.
    pub regarding: String,
    /// Where else to get help.
    pub support_email: String,
    /// The telephone beside it.
    pub support_phone: String,
    /// It goes to support when the server is back.
    pub offline: bool,
}

/// A slip for a transfer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TransferSlip {
    /// The school's name.
    pub school: String,
    /// Who holds the money.
    pub issuer: Issuer,
    /// What to ask by.
    pub number: String,
    /// When, by the server's clock.
    pub at: Timestamp,
    /// The account it came from, by its label.
    pub from: String,
    /// The account it went to, by its label.
    pub to: String,
    /// How much.
    pub amount: Money,
    /// The balance of the account it came from, after it.
    pub balance: Money,
}

/// A slip for a withdrawal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WithdrawalSlip {
    /// The school's name.
    pub school: String,
    /// Who holds the money.
    pub issuer: Issuer,
    /// What to ask by.
    pub number: String,
    /// When it was asked for, by the server's clock.
    pub at: Timestamp,
    /// Whose account, by its label.
    pub account: String,
    /// The card, masked.
    pub card: String,
    /// How much.
    pub amount: Money,
    /// The last four digits of the bank account, and no more.
    pub to: String,
    /// The balance after it.
    pub balance: Money,
}

/// How a paper is coming along.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PrintState {
    /// In the spool or under way.
    Printing,
    /// Stopped in the middle; it goes on by itself when the printer is well.
    Waiting,
    /// Out.
    Printed,
    /// Nobody can say whether it came out; it is not printed again by itself.
    Uncertain,
    /// Not printed; nothing is lost but the paper.
    NotPrinted,
}
