//! *Udbetal*: money back to its holder's bank account.
//!
//! Pure. **Invariant:** a bank account goes one way, to the server: what comes back, and what is printed of a request, is its last
//! four digits.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    AccountId, BankAccount, CardId, InvalidBankAccount, InvalidText, Language, Money, OperationId, check_text,
};

/// `POST /v1/withdrawals`: holds the money, to be paid out. Asked again with the same id, it answers with the same withdrawal.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct WithdrawalRequest {
    /// The key under which the money is held.
    pub id: OperationId,
    /// The card on the reader.
    pub card: CardId,
    /// Whose money.
    pub account: AccountId,
    /// How much, from 0,01 kr.
    pub amount: Money,
    /// Whose bank account it is, at most [`WithdrawalRequest::NAME`] characters.
    pub name: String,
    /// Registration number, 4 digits.
    pub registration: String,
    /// Account number, at most 10 digits.
    pub account_number: String,
    /// To stand on the bank's statement; may be empty, at most [`WithdrawalRequest::MESSAGE`] characters.
    pub message: String,
    /// What they read.
    pub language: Language,
}

impl std::fmt::Debug for WithdrawalRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { id, account, amount, .. } = self;
        let mut shown = f.debug_struct("WithdrawalRequest");
        shown.field("id", id).field("account", account).field("amount", amount).finish_non_exhaustive()
    }
}

/// What is wrong with where the money is to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPayee {
    /// The name.
    #[error("the name of the bank account's owner: {0}")]
    Name(InvalidText),
    /// One of the two numbers.
    #[error(transparent)]
    Account(#[from] InvalidBankAccount),
    /// The message.
    #[error("the message: {0}")]
    Message(InvalidText),
}

/// Where the money is to go, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payee {
    /// Whose bank account it is.
    pub name: String,
    /// Which.
    pub account: BankAccount,
    /// To stand on the bank's statement; may be empty.
    pub message: String,
}

impl WithdrawalRequest {
    /// Characters of a name: what every Danish bank's file carries (ISO 20022 `Max70Text` and longer).
    pub const NAME: usize = 70;
    /// Characters of a message (ISO 20022 `Ustrd`, `Max140Text`).
    pub const MESSAGE: usize = 140;

    /// Where the money is to go, or the first field that is wrong.
    pub fn payee(&self) -> Result<Payee, InvalidPayee> {
        Payee::parse(&self.name, &self.registration, &self.account_number, &self.message)
    }
}

impl Payee {
    /// Reads what was typed.
    pub fn parse(name: &str, registration: &str, number: &str, message: &str) -> Result<Self, InvalidPayee> {
        let name = one_line(name, WithdrawalRequest::NAME).map_err(InvalidPayee::Name)?;
        let account = BankAccount::parse(registration, number)?;
        let message = match one_line(message, WithdrawalRequest::MESSAGE) {
            Err(InvalidText::Empty) => String::new(),
            message => message.map_err(InvalidPayee::Message)?,
        };
        Ok(Self { name, account, message })
    }
}

/// A bank's file has no line breaks.
fn one_line(text: &str, limit: usize) -> Result<String, InvalidText> {
    check_text(text, limit).map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// A withdrawal as it stands: the answer to [`WithdrawalRequest`], and to `GET` and `DELETE /v1/withdrawals/{id}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Withdrawal {
    /// Its id.
    pub id: OperationId,
    /// What a person asks by.
    pub number: String,
    /// Whose money.
    pub account: AccountId,
    /// How much.
    pub amount: Money,
    /// The last four digits of the bank account's number.
    pub to: String,
    /// Every step so far, the first one first; never empty.
    pub steps: Vec<WithdrawalStep>,
    /// Whether it can still be called off.
    pub can_cancel: bool,
    /// The account's balance now.
    pub balance: Money,
}

impl Withdrawal {
    /// Where it stands.
    #[must_use]
    pub fn stage(&self) -> WithdrawalStage {
        self.steps.last().map_or(WithdrawalStage::Requested, |step| step.stage)
    }
}

/// One step on the way to the bank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WithdrawalStep {
    /// Which.
    pub stage: WithdrawalStage,
    /// When, by the server's clock.
    pub at: Timestamp,
}

/// How far a withdrawal has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum WithdrawalStage {
    /// The money is set aside, and it can be called off.
    Requested,
    /// Called off; the money is on the account again.
    Cancelled,
    /// The bank was told.
    Sent,
    /// The bank has paid it out.
    Paid,
    /// The bank could not pay it out; the money is on the account again.
    Returned,
}

/// `GET /v1/accounts/{account}/withdrawals`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Withdrawals {
    /// Whose.
    pub account: AccountId,
    /// The newest first, at most [`Withdrawals::MOST`].
    pub withdrawals: Vec<Withdrawal>,
}

impl Withdrawals {
    /// Withdrawals in one answer: a pupil makes one a year.
    pub const MOST: u32 = 10;
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_first_field_that_is_wrong_is_named() {
        let good = ("Karen Dahl", "1234", "1234567", "");
        let parse = |(name, registration, number, message): (&str, &str, &str, &str)| {
            Payee::parse(name, registration, number, message)
        };
        assert_eq!(parse(good).unwrap().message, "");
        assert_eq!(parse((" ", "", "", "")), Err(InvalidPayee::Name(InvalidText::Empty)));
        assert_eq!(parse(("Karen", "", "", "")), Err(InvalidBankAccount::Registration.into()));
        assert_eq!(parse(("Karen", "1234", "", "")), Err(InvalidBankAccount::Number.into()));
        let long = "x".repeat(WithdrawalRequest::MESSAGE + 1);
        let limit = WithdrawalRequest::MESSAGE;
        let too_long = InvalidPayee::Message(InvalidText::TooLong { limit });
        assert_eq!(parse(("Karen", "1234", "1", &long)), Err(too_long));
        assert_eq!(
            parse(("Karen", "1234", "1", "a\u{1b}[m")),
            Err(InvalidPayee::Message(InvalidText::ControlCharacter))
        );
    }

    #[test]
    fn line_breaks_become_spaces() {
        let payee = Payee::parse("Karen\n Dahl", "1234", "1", "madpenge\nretur").unwrap();
        assert_eq!((payee.name.as_str(), payee.message.as_str()), ("Karen Dahl", "madpenge retur"));
    }

    #[test]
    fn a_request_does_not_print_where_the_money_goes() {
        let request = WithdrawalRequest {
            id: OperationId::new(uuid::Uuid::from_u128(1)),
            card: CardId::new(uuid::Uuid::from_u128(2)),
            account: AccountId::new(uuid::Uuid::from_u128(3)),
            amount: Money::from_ore(1),
            name: "Karen Dahl".into(),
            registration: "1234".into(),
            account_number: "9876543210".into(),
            message: "retur".into(),
            language: Language::Danish,
        };
        let printed = format!("{request:?} {:?}", request.payee().unwrap().account);
        for hidden in ["Karen", "1234", "987654", "retur"] {
            assert!(!printed.contains(hidden), "{hidden}");
        }
    }
}
