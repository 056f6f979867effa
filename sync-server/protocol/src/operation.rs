//! What a device did, and the server's answer to it.
//!
//! Pure. **Invariant:** an operation's id never changes and is posted once; asked again, the server says
//! [`Outcome::AlreadyPosted`].

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{Account, AccountId, CardId, Language, Money, OperationId, Order, Portions, ProductId, SetCardBlock};

/// `POST /v1/operations`: journal rows in device-sequence order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Push {
    /// Consecutive by [`Operation::seq`], oldest first, at most [`Push::MOST`].
    pub operations: Vec<Operation>,
}

impl Push {
    /// Operations in one push: keeps a request well under the server's body limit of 256 KiB.
    pub const MOST: usize = 64;
}

/// One row of a device's journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Operation {
    /// The key under which it is posted.
    pub id: OperationId,
    /// The device's own count, from 1, without gaps.
    pub seq: u64,
    /// When the device says it was; a Pi has no battery clock, so this is shown and never billed by.
    pub claimed_at: Timestamp,
    /// Whether the device was out of the server's reach when it recorded it.
    pub offline: bool,
    /// What it was.
    pub body: OperationBody,
}

/// What a device can have done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum OperationBody {
    /// A preorder; the money is held.
    PlaceOrder(PlaceOrder),
    /// A preorder taken back before its cut-off.
    CancelOrder(CancelOrder),
    /// A support ticket.
    FileTicket(FileTicket),
    /// A card blocked by its holder, or opened again.
    SetCardBlock(SetCardBlock),
}

/// A preorder, as confirmed on the screen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PlaceOrder {
    /// The number on the slip, such as `K1-42`.
    pub number: String,
    /// The card that was on the reader.
    pub card: CardId,
    /// Who pays.
    pub account: AccountId,
    /// The day of delivery.
    pub date: Date,
    /// What was ordered, with the prices shown.
    pub lines: Vec<LineRequest>,
    /// What the person saw and confirmed; must be the sum of the lines.
    pub total: Money,
}

/// One line of a preorder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct LineRequest {
    /// What.
    pub product: ProductId,
    /// How many, 1 to [`LineRequest::MOST`].
    pub quantity: u32,
    /// The price of one that was shown.
    pub price: Money,
    /// To the kitchen, at most [`LineRequest::COMMENT`] characters.
    pub comment: String,
}

impl LineRequest {
    /// Of one product in one order: a class tray, not a catering job.
    pub const MOST: u32 = 30;
    /// Characters of a comment: two lines of a kitchen slip.
    pub const COMMENT: usize = 80;
}

/// Takes a preorder back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CancelOrder {
    /// The order.
    pub order: OperationId,
    /// The card that was on the reader.
    pub card: CardId,
}

/// A support ticket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct FileTicket {
    /// The number on the slip, such as `K1-42`.
    pub number: String,
    /// The card that was on the reader.
    pub card: CardId,
    /// Who asks.
    pub name: String,
    /// Where the answer goes.
    pub email: String,
    /// Where they can be called; may be empty.
    pub phone: String,
    /// Whose account it is about.
    pub regarding: AccountId,
    /// What is wrong, at most [`FileTicket::MESSAGE`] characters.
    pub message: String,
    /// What they read.
    pub language: Language,
}

impl FileTicket {
    /// Characters of a message: a full screen of typing.
    pub const MESSAGE: usize = 1000;
    /// Characters of a name.
    pub const NAME: usize = 80;
    /// Characters of a telephone number.
    pub const PHONE: usize = 20;
}

/// The answer to a [`Push`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Pushed {
    /// Everything up to and including this sequence number is settled and need not be sent again.
    pub acked_seq: u64,
    /// One for each operation sent, in their order.
    pub answers: Vec<Answer>,
    /// The accounts they touched, as they now stand.
    pub accounts: Vec<Account>,
    /// The orders they touched, as they now stand.
    pub orders: Vec<Order>,
}

/// What became of one operation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Answer {
    /// Which.
    pub id: OperationId,
    /// What.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What became of an operation. Never an error: a refusal is an answer, and the device's queue moves on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// It is in the ledger now.
    Posted,
    /// It was in the ledger before; nothing happened.
    AlreadyPosted,
    /// It is not in the ledger and will not be.
    Refused(Refusal),
}

/// Which rule said no, with its figures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Refusal {
    /// The rule.
    pub rule: Rule,
    /// The figure the rule allows, in øre, where it has one.
    pub limit: Option<Money>,
    /// The figure that was asked for, in øre, where it has one.
    pub asked: Option<Money>,
    /// The dish there is not enough of, with its limit and what is left, with [`Rule::Portions`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub portions: Option<Portions>,
}

/// The rules an operation can break.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// The balance does not cover it.
    Balance,
    /// Over the allowance for orders taken offline.
    OfflineAllowance,
    /// After the cut-off.
    CutOff,
    /// The product is not on that day's menu.
    NotOnMenu,
    /// Fewer are left of a product than were asked for.
    Portions,
    /// The price shown is not the price.
    Price,
    /// The card is blocked, replaced or unknown.
    Card,
    /// The card may not use that account.
    Account,
    /// No such order, or not one that can be taken back.
    Order,
    /// A field is out of its bounds.
    Field,
    /// An amount outside what may be paid in, or not whole kroner.
    Amount,
    /// Over what may be spent in a day.
    DayCap,
    /// Over what may be spent in a week, from Monday.
    WeekCap,
    /// Over what may be spent in a month.
    MonthCap,
    /// No such authorisation, or not one that is open.
    Authorisation,
    /// No such sale of this till, or it is too late or done already.
    Undo,
    /// No such withdrawal, or it is too far on its way.
    Withdrawal,
    /// Not a transaction that can be reversed, or it is reversed already.
    Reversal,
    /// Not a guest card, or one that is still in use.
    GuestCard,
}
