//! What a till says beside a plain purchase: authorisations, undo, pick-up, and sales made while the server was out of reach; and
//! what it hears of cards.
//!
//! Pure. **Invariant:** no answer to a till tells a balance or a price class: what was paid, subsidised or free looks the same,
//! field by field and byte by byte.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Answer, CardId, CardStatus, CardUid, Money, OperationId, Outcome, ProductId, PurchaseRequest};

/// `POST /v1/authorisations`: holds money while a sale is put together; answered with an [`Answer`].
///
/// The hold ends by itself after 15 minutes. Before that the till captures it with a purchase, in whole or in part, or gives it
/// up with a [`Release`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AuthorisationRequest {
    /// The key under which the money is held; the purchase names it.
    pub id: OperationId,
    /// The card that was tapped.
    pub card_uid: CardUid,
    /// The most the sale will come to, with VAT.
    pub amount: Money,
}

/// `POST /v1/authorisations/{id}/release`: gives up an authorisation of the same till; answered with an [`Answer`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// The key of the release itself.
    pub id: OperationId,
}

/// `POST /v1/purchases/{id}/undo`: takes a sale of the same till back within 5 minutes; answered with an [`Answer`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Undo {
    /// The key of the undo itself.
    pub id: OperationId,
}

/// `POST /v1/pick-ups`: a card is tapped where preorders are handed out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PickUpRequest {
    /// The key; asked again under it, the answer names the same orders.
    pub id: OperationId,
    /// The card that was tapped.
    pub card_uid: CardUid,
}

/// The answer to [`PickUpRequest`]: what to hand out. Nobody is handed the same order twice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PickUpAnswer {
    /// Which.
    pub id: OperationId,
    /// What became of it.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// Today's orders that were not handed out before; none is an answer too.
    pub orders: Vec<HandOut>,
}

impl PickUpAnswer {
    /// Orders handed out at one tap: a family's lunch. Whoever has more taps again.
    pub const MOST: u32 = 16;
}

/// An order to be handed out, without anything of its price.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HandOut {
    /// The order.
    pub order: OperationId,
    /// The number on its slip, such as `K1-42`.
    pub number: String,
    /// What is in it.
    pub lines: Vec<HandOutLine>,
}

/// One line of a [`HandOut`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HandOutLine {
    /// What.
    pub product: ProductId,
    /// Its Danish name then.
    pub name_da: String,
    /// Its English name then.
    pub name_en: String,
    /// How many.
    pub quantity: u32,
    /// To the kitchen; empty if none.
    pub comment: String,
}

/// `POST /v1/purchase-batches`: sales made while the server was out of reach.
///
/// Each is settled by itself, in this order, at the server's time: within the school's offline limits per sale, per card, per
/// till and age, and as far as the balance covers it: no account ever owes. A sale that is refused stays refused under its id.
/// The till keeps it on its list of unpaid sales and shows it to staff, who take the money another way; what can be lost so is
/// what the till's offline limit allows. A sale whose answer never came online may come again here under the same id: it is the
/// same sale.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PurchaseBatch {
    /// At most [`PurchaseBatch::MOST`], oldest first.
    pub purchases: Vec<OfflinePurchase>,
}

impl PurchaseBatch {
    /// Sales in one batch: keeps a request well under the server's body limit of 256 KiB, and the writer free for others soon.
    pub const MOST: usize = 64;
}

/// One sale made while the server was out of reach.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct OfflinePurchase {
    /// When the till says it was. It decides only whether the sale is too old.
    pub claimed_at: Timestamp,
    /// The sale.
    pub purchase: PurchaseRequest,
}

/// The answer to [`PurchaseBatch`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PurchaseBatchAnswer {
    /// One for each sale, in their order.
    pub answers: Vec<Answer>,
}

/// The answer to a register that asks `GET /v1/changes`: the cards that changed after a cursor.
///
/// It is what a till needs to turn a blocked card away while the server is out of reach, and nothing of whom a card belongs to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct TillChanges {
    /// Ask from here the next time.
    pub cursor: u64,
    /// There is more: ask again at once.
    pub more: bool,
    /// Cards that changed.
    pub cards: Vec<TillCard>,
}

/// A card as a till knows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct TillCard {
    /// Which: the same card may come again with another UID.
    pub card: CardId,
    /// What its chip says.
    pub uid: CardUid,
    /// Whether it opens anything: `active`, `blocked` or `replaced`. Who stopped it is not for the counter.
    pub status: CardStatus,
}
