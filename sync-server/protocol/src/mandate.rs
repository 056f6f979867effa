//! *Auto-optank* in full: how it stands and why, what it has charged and for which purchase, and the page on a telephone where its
//! card is given or changed.
//!
//! Pure. **Invariant:** of a payment card there are the last four digits and nothing else.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{AccountId, AutoRecharge, CardId, Language, Money, OperationId};

/// `GET /v1/accounts/{account}/auto-recharge`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AutoRechargeDetails {
    /// Whose.
    pub account: AccountId,
    /// How it stands; nothing where there is no mandate.
    pub standing: Option<AutoRechargeStanding>,
    /// The balance below which a new mandate charges.
    pub below: Money,
    /// What has to be paid in before a mandate is in force.
    pub armed_from: Money,
    /// How much of that is missing.
    pub missing: Money,
    /// What was charged, the newest first, at most [`AutoRechargeDetails::MOST`].
    pub charges: Vec<AutoRechargeCharge>,
}

impl AutoRechargeDetails {
    /// Charges in one answer: two months of a hungry pupil.
    pub const MOST: u32 = 10;
}

/// A mandate as its holder sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AutoRechargeStanding {
    /// How much, when, and whether.
    #[serde(flatten)]
    pub auto_recharge: AutoRecharge,
    /// Why it is stopped, if it is.
    pub stopped_by: Option<StopReason>,
    /// The last four digits of the payment card, where they are known.
    pub card: Option<String>,
    /// The most it may charge in a day.
    pub day_cap: Money,
    /// The most it may charge in a week.
    pub week_cap: Option<Money>,
    /// The most it may charge in a month.
    pub month_cap: Money,
}

/// Why auto top-up is stopped, and so how it is started again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// Every attempt was declined: start it again, or take another card.
    Declines,
    /// The bank wants the payer's own approval: give the card once more.
    ApprovalNeeded,
    /// The card is expired or closed: take another card.
    CardGone,
    /// The card must not be charged any more: take another card.
    CardStopped,
    /// The fault is not the payer's: start it again, or ask support.
    OurError,
    /// Its holder paused it: start it again.
    Paused,
}

/// One charge, and what it was for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AutoRechargeCharge {
    /// When it was begun.
    pub at: Timestamp,
    /// How much.
    pub amount: Money,
    /// What became of it.
    pub state: AutoRechargeChargeState,
    /// The purchase that caused it: what was bought, or the number of the slip.
    pub cause: String,
    /// When that was.
    pub caused_at: Timestamp,
    /// The receipt number, once paid.
    pub receipt: Option<String>,
}

/// What became of a charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AutoRechargeChargeState {
    /// Not decided yet.
    UnderWay,
    /// The money is on the account.
    Paid,
    /// Declined; nothing moved.
    Declined,
}

/// `POST /v1/mandates`: opens a page where a payment card is given to auto top-up, or another one. Asked again with the same id, it
/// answers with the same page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct MandatePageRequest {
    /// Names the page.
    pub id: OperationId,
    /// The card on the reader.
    pub card: CardId,
    /// Which account is filled.
    pub account: AccountId,
    /// What is to be agreed.
    pub agreement: Agreement,
    /// The language of page and mails.
    pub language: Language,
}

/// What is to be agreed on the page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "wish", rename_all = "snake_case", deny_unknown_fields)]
pub enum Agreement {
    /// Auto top-up begins.
    Begin {
        /// Charged each time, whole kroner.
        amount: Money,
        /// Where receipts go.
        email: String,
        /// The terms that were accepted.
        terms_version: String,
    },
    /// Another payment card, and everything else as it is.
    AnotherCard,
}

/// A page where a payment card is given, as it stands: the answer to [`MandatePageRequest`], and to `GET` and
/// `DELETE /v1/mandates/{id}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MandatePage {
    /// Its id.
    pub id: OperationId,
    /// Which account.
    pub account: AccountId,
    /// What is charged each time.
    pub amount: Money,
    /// Where it stands.
    pub state: MandatePageState,
    /// The page, for the QR code.
    pub url: String,
    /// Until when the page takes a card.
    pub expires_at: Timestamp,
}

/// Where such a page stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum MandatePageState {
    /// Waiting for the payer.
    Open,
    /// The card is stored, and auto top-up uses it from now on.
    Given,
    /// Given up by the payer; nothing changed.
    Cancelled,
    /// Nobody gave a card in time; nothing changed.
    Expired,
}
