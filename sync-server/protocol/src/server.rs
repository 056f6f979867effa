//! The remaining v1 messages: enrolment, log-in, deposits, statements, purchases.
//!
//! Pure. **Invariant:** whatever moves money carries the id under which it moves once.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{
    AccountId, AutoRecharge, CardId, CardUid, Correction, DeviceId, Language, Money, OperationId, Outcome, PublicKey,
    School, SessionToken,
};

/// `POST /v1/devices`: the only unsigned request, allowed once per code.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Enrol {
    /// The one-time code from the server's operator.
    pub code: String,
    /// What is enrolled.
    pub kind: DeviceKind,
    /// What staff call it.
    pub name: String,
    /// With which its requests will be signed.
    pub public_key: PublicKey,
}

/// What a device is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DeviceKind {
    /// A touchscreen for card holders.
    Kiosk,
    /// A till.
    Register,
}

/// The answer to [`Enrol`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Enrolled {
    /// Its id from now on.
    pub device: DeviceId,
    /// The prefix of its slips, such as `K1`.
    pub short_name: String,
    /// Where it stands.
    pub school: School,
}

/// `POST /v1/logins`: a verification code typed at a kiosk.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct LoginRequest {
    /// The card on the reader.
    pub card: CardId,
    /// What was typed: the verification code, or the holder's own password.
    pub code: String,
}

impl std::fmt::Debug for LoginRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoginRequest").field("card", &self.card).finish_non_exhaustive()
    }
}

/// The answer to [`LoginRequest`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "login", rename_all = "snake_case")]
pub enum LoginAnswer {
    /// Come in. Until the visit ends the token goes with what shows the person's data or moves their money out.
    Right {
        /// For [`crate::HEADER_SESSION`], 15 minutes at most.
        session: SessionToken,
    },
    /// Not that code.
    Wrong {
        /// Tries before a wait.
        tries_left: u32,
    },
    /// Not looked at: too many wrong ones.
    Wait {
        /// When the next try is looked at.
        until: Timestamp,
    },
}

/// `POST /v1/deposits`: opens a payment page. Asked again with the same id, it answers with the same deposit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct DepositRequest {
    /// The key under which the money is posted.
    pub id: OperationId,
    /// The card that was on the reader.
    pub card: CardId,
    /// Which account.
    pub account: AccountId,
    /// Whole kroner.
    pub amount: Money,
    /// Where the receipt goes.
    pub email: String,
    /// The terms that were accepted.
    pub terms_version: String,
    /// The language of page and mail.
    pub language: Language,
}

/// A deposit as it stands: the answer to [`DepositRequest`], and to `GET` and `DELETE /v1/deposits/{id}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Deposit {
    /// Its id.
    pub id: OperationId,
    /// Which account.
    pub account: AccountId,
    /// How much.
    pub amount: Money,
    /// Where it stands.
    pub state: DepositState,
    /// The page to pay on, for the QR code.
    pub url: String,
    /// Until when the page takes payment.
    pub expires_at: Timestamp,
    /// The receipt number, once paid.
    pub receipt: Option<String>,
    /// When it was paid, by the server's clock.
    pub paid_at: Option<Timestamp>,
    /// The account's balance right after it, once paid.
    pub balance: Option<Money>,
}

/// Where a deposit stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DepositState {
    /// Waiting for the payer.
    Open,
    /// In the ledger.
    Paid,
    /// The payment was declined; nothing moved.
    Declined,
    /// Given up by the payer; nothing moved.
    Cancelled,
    /// Nobody paid in time; nothing moved.
    Expired,
    /// The gateway has not said: it is being asked, and never charged again meanwhile.
    Unknown,
}

/// `GET /v1/accounts/{id}/statements/{year-month}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Statement {
    /// Whose.
    pub account: AccountId,
    /// The first day of the month.
    pub month: Date,
    /// Balance when the month began.
    pub opening: Money,
    /// Balance when it ended, or now.
    pub closing: Money,
    /// What happened, oldest first.
    pub lines: Vec<StatementLine>,
    /// The months that have lines, newest first, as first days.
    pub months: Vec<Date>,
}

/// One line of a statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StatementLine {
    /// The day, in Danish time.
    pub date: Date,
    /// What it was.
    pub text: StatementText,
    /// The number of the order, receipt or sale; may be empty.
    pub number: String,
    /// How the balance changed.
    pub amount: Money,
    /// The balance after it.
    pub balance: Money,
    /// What was put right, where it is a line of a correction: in parts, to be said in any language. The text says it in Danish, for a
    /// kiosk that does not know of the parts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correction: Option<Correction>,
}

/// What a line of a statement was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum StatementText {
    /// Paid in.
    Deposit,
    /// Paid in by auto top-up.
    Recharge,
    /// Bought at a till; what, in the till's words. Or put right by staff: which line of which day, who did it and why.
    Purchase {
        /// What was bought, or `Rettelse af Frokost 22.11.2026: PH: tastet to gange`.
        text: String,
    },
    /// Ordered for a day.
    OrderPlaced {
        /// The day of delivery.
        delivery: Date,
    },
    /// An order taken back.
    OrderReleased {
        /// The day of delivery.
        delivery: Date,
    },
    /// From another account, or to one.
    Transfer,
    /// To a bank account.
    Withdrawal,
    /// A withdrawal that was called off, or that the bank sent back.
    WithdrawalBack,
    /// Put right by staff, where nothing is known of what was wrong.
    Correction,
}

/// `POST /v1/purchases`: a till books a sale.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PurchaseRequest {
    /// The key under which it is posted.
    pub id: OperationId,
    /// The card that was tapped.
    pub card_uid: CardUid,
    /// Price with VAT.
    pub amount: Money,
    /// VAT inside it, in percent.
    pub vat_percent: u8,
    /// What was bought, for the statement.
    pub text: String,
    /// The authorisation of the same till that it captures, in whole or in part: the rest goes back in the same moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorisation: Option<OperationId>,
}

/// The answer to [`PurchaseRequest`]: what a till must show, and nothing about the balance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PurchaseAnswer {
    /// Which.
    pub id: OperationId,
    /// What became of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// `POST /v1/accounts/{account}/auto-recharge`: a holder pauses, resumes or cancels auto top-up. Answered with how it then
/// stands, also when nothing changed: a card that is gone cannot be resumed, only replaced.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct MandateRequest {
    /// The card on the reader.
    pub card: CardId,
    /// What to do.
    pub change: MandateWish,
}

/// What a holder wants of auto top-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum MandateWish {
    /// No charges for now.
    Pause,
    /// Charges again.
    Resume,
    /// No charges any more, for good.
    Cancel,
}

/// The answer to [`MandateRequest`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MandateAnswer {
    /// How it stands; nothing once it is cancelled.
    pub auto_recharge: Option<AutoRecharge>,
}
