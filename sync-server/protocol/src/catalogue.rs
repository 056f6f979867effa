//! What the server tells its devices about: the school, its people, cards, accounts, menus and orders.
//!
//! Pure. **Invariant:** each thing arrives whole; a device replaces what it knew by what it got and never patches.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{
    AccountId, CardId, CardNumber, CardUid, Language, Money, OperationId, PersonId, PictureDigest, Portions, ProductId,
    SchoolId,
};

/// Everything that changed after a cursor, as `GET /v1/changes` answers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Changes {
    /// Ask from here the next time.
    pub cursor: u64,
    /// There is more: ask again at once.
    pub more: bool,
    /// The school, when it changed.
    pub school: Option<School>,
    /// People who changed.
    pub people: Vec<Person>,
    /// Cards that changed.
    pub cards: Vec<CardRecord>,
    /// Accounts that changed.
    pub accounts: Vec<Account>,
    /// Products that changed.
    pub products: Vec<Product>,
    /// Menus that changed.
    pub days: Vec<MenuDay>,
    /// Orders that changed.
    pub orders: Vec<Order>,
}

/// The tenant and its rules.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct School {
    /// Its id.
    pub id: SchoolId,
    /// Its name, as on receipts.
    pub name: String,
    /// Who holds the money.
    pub issuer: Issuer,
    /// The terms a deposit is made under.
    pub terms: Terms,
    /// Where a person gets help.
    pub support_email: String,
    /// The telephone beside it.
    pub support_phone: String,
    /// What a bare tap may do.
    pub tap: TapPolicy,
    /// What may be lost while the server is out of reach.
    pub offline: OfflineLimits,
    /// What may be paid in at once.
    pub deposit: DepositLimits,
}

/// Whoever holds the balances: a tenant setting, never a constant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Issuer {
    /// Registered name.
    pub name: String,
    /// CVR, the Danish business registration number.
    pub cvr: String,
    /// Postal address.
    pub address: String,
}

/// Payment terms in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Terms {
    /// Stored with each acceptance.
    pub version: String,
    /// Danish text.
    pub da: String,
    /// English text.
    pub en: String,
}

/// What a bare tap may do without the verification code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum TapPolicy {
    /// The card's own flag decides.
    CardDecides,
    /// Every tap asks for the code.
    AlwaysAskCode,
}

/// How much may be at stake while the server is out of reach. Anything beyond is not sold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OfflineLimits {
    /// Highest total of one order.
    pub per_sale: Money,
    /// Highest sum of one card's unacknowledged orders.
    pub per_card: Money,
    /// Highest sum of all unacknowledged orders on one kiosk.
    pub per_kiosk: Money,
    /// Hours since the last word from the server after which nothing more is sold.
    pub hours: u32,
}

/// What may be paid in at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DepositLimits {
    /// Lowest deposit.
    pub lowest: Money,
    /// Highest deposit: keeps a typing slip from becoming a refund.
    pub highest: Money,
}

/// Somebody known to the school.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Person {
    /// Their id.
    pub id: PersonId,
    /// Full name; empty for the holder of a guest card.
    pub name: String,
    /// What they are.
    pub kind: PersonKind,
    /// `7.B`, for pupils.
    pub class: Option<String>,
    /// Where receipts go, if they have told.
    pub email: Option<String>,
    /// What they read.
    pub language: Language,
    /// The accounts they may use, their own first.
    pub accounts: Vec<AccountId>,
}

/// What a person is to the school.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PersonKind {
    /// Goes to school here.
    Pupil,
    /// Answers for a pupil.
    Guardian,
    /// Works here.
    Staff,
    /// Unknown by design.
    Guest,
}

/// One card and what it opens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CardRecord {
    /// Its id.
    pub id: CardId,
    /// What the chip answers.
    pub uid: CardUid,
    /// What is printed on it.
    pub number: CardNumber,
    /// Whose it is.
    pub person: PersonId,
    /// Whether it may be used.
    pub status: CardStatus,
    /// Whether this card's taps ask for the verification code.
    pub ask_code: bool,
    /// Proof of the verification code, for kiosks that are offline.
    pub code: CodeVerifier,
}

/// Whether a card may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CardStatus {
    /// Yes.
    Active,
    /// Its own holder has stopped it, and opens it again with its code.
    BlockedByHolder,
    /// Somebody who answers for its holder has stopped it: they open it again, or the office.
    BlockedByGuardian,
    /// The office has stopped it, and alone opens it again.
    Blocked,
    /// Another card took its place for good.
    Replaced,
}

impl CardStatus {
    /// What a till hears of it: who stopped a card is not for the counter.
    #[must_use]
    pub const fn at_a_till(self) -> Self {
        match self {
            Self::BlockedByHolder | Self::BlockedByGuardian => Self::Blocked,
            other => other,
        }
    }

    /// How a card stands that is stopped at a kiosk by its own holder, or by another. A stronger block is not made weaker, so that
    /// nobody lifts it by setting their own in its place.
    #[must_use]
    pub const fn blocked(self, by_its_holder: bool) -> Self {
        match self {
            Self::Active if by_its_holder => Self::BlockedByHolder,
            Self::Active | Self::BlockedByHolder if !by_its_holder => Self::BlockedByGuardian,
            stands => stands,
        }
    }
}

/// An argon2id hash of the verification code in PHC string form. Never printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct CodeVerifier(String);

impl CodeVerifier {
    /// Wraps a PHC string.
    #[must_use]
    pub const fn new(phc: String) -> Self {
        Self(phc)
    }

    /// The PHC string.
    #[must_use]
    pub fn phc(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for CodeVerifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CodeVerifier(…)")
    }
}

/// A balance and what is tied to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Whose it is.
    pub owner: PersonId,
    /// What it is called: the owner's first name, or `Gæstekort 12`.
    pub label: String,
    /// What it is.
    pub kind: AccountKind,
    /// Spendable now: held orders are already taken off.
    pub balance: Money,
    /// Grows by one with every posting that touches the account.
    pub version: u64,
    /// Auto top-up, if there is a mandate.
    pub auto_recharge: Option<AutoRecharge>,
}

/// What an account is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AccountKind {
    /// A canteen card account of a known person.
    Card,
    /// An anonymous guest card.
    Guest,
}

/// Auto top-up (*Auto-optank*) as its holder sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AutoRecharge {
    /// Charged each time.
    pub amount: Money,
    /// Charged when a purchase takes the balance below this.
    pub below: Money,
    /// Where it stands.
    pub state: AutoRechargeState,
}

/// Where an auto top-up stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AutoRechargeState {
    /// In force only after 100 kr. have been paid in.
    WaitingForDeposits,
    /// Watching the balance.
    Armed,
    /// A charge is under way.
    Charging,
    /// The last charge was declined; it is tried again later.
    Retrying,
    /// Stopped until its holder acts.
    Suspended,
}

/// A dish or an article.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Product {
    /// Its id.
    pub id: ProductId,
    /// Where it stands in the shop.
    pub category: Category,
    /// Danish name.
    pub name_da: String,
    /// English name.
    pub name_en: String,
    /// One line about it, Danish.
    pub about_da: String,
    /// One line about it, English.
    pub about_en: String,
    /// Price with VAT.
    pub price: Money,
    /// VAT inside the price, in percent.
    pub vat_percent: u8,
    /// What it contains of Annex II.
    pub allergens: Vec<Allergen>,
    /// What it looks like, by the name of a picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<PictureDigest>,
}

impl Product {
    /// Its name in a language.
    #[must_use]
    pub fn name(&self, language: Language) -> &str {
        match language {
            Language::Danish => &self.name_da,
            Language::English => &self.name_en,
        }
    }

    /// The line about it in a language; may be empty.
    #[must_use]
    pub fn about(&self, language: Language) -> &str {
        match language {
            Language::Danish => &self.about_da,
            Language::English => &self.about_en,
        }
    }
}

/// Shelves of the shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// The day's hot dish.
    HotMeal,
    /// Sandwiches and smørrebrød.
    Cold,
    /// Fruit, vegetables, snacks.
    Snack,
    /// Something to drink.
    Drink,
}

/// The 14 allergens of Annex II to Regulation (EU) 1169/2011, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Allergen {
    Gluten,
    Crustaceans,
    Eggs,
    Fish,
    Peanuts,
    Soybeans,
    Milk,
    Nuts,
    Celery,
    Mustard,
    Sesame,
    Sulphites,
    Lupin,
    Molluscs,
}

impl Allergen {
    /// Every one, in the order of Annex II.
    pub const ALL: [Self; 14] = [
        Self::Gluten,
        Self::Crustaceans,
        Self::Eggs,
        Self::Fish,
        Self::Peanuts,
        Self::Soybeans,
        Self::Milk,
        Self::Nuts,
        Self::Celery,
        Self::Mustard,
        Self::Sesame,
        Self::Sulphites,
        Self::Lupin,
        Self::Molluscs,
    ];
}

/// What can be ordered for one day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MenuDay {
    /// The day of delivery.
    pub date: Date,
    /// Orders and cancellations are taken until here.
    pub cut_off: Timestamp,
    /// What is on.
    pub products: Vec<ProductId>,
    /// Those of which there are only so many; each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub portions: Vec<Portions>,
}

impl MenuDay {
    /// How many are left of a product; `None` where there is no limit.
    #[must_use]
    pub fn left(&self, product: ProductId) -> Option<u32> {
        self.portions.iter().find(|portions| portions.product == product).map(|portions| portions.left)
    }
}

/// A preorder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Order {
    /// The operation that placed it.
    pub id: OperationId,
    /// The number on the slip, such as `K1-42`.
    pub number: String,
    /// Who pays.
    pub account: AccountId,
    /// The day of delivery.
    pub date: Date,
    /// What was ordered.
    pub lines: Vec<OrderLine>,
    /// What is held for it.
    pub total: Money,
    /// Where it stands.
    pub state: OrderState,
    /// When it was handed out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picked_up_at: Option<Timestamp>,
}

/// One line of an order, with the words and the price it was sold at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OrderLine {
    /// What.
    pub product: ProductId,
    /// Its Danish name then.
    pub name_da: String,
    /// Its English name then.
    pub name_en: String,
    /// How many.
    pub quantity: u32,
    /// Price of one, with VAT.
    pub price: Money,
    /// VAT inside the price, in percent.
    pub vat_percent: u8,
    /// To the kitchen; empty if none.
    pub comment: String,
}

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum OrderState {
    /// The money is held.
    Held,
    /// Sold: at the cut-off.
    Captured,
    /// Cancelled and the money given back.
    Released,
    /// The server would not take it; the money was never held.
    Refused,
}

#[cfg(test)]
mod tests {
    use super::CardStatus::{self, Active, Blocked, BlockedByGuardian, BlockedByHolder, Replaced};

    #[test]
    fn a_block_gets_stronger_and_never_weaker() {
        let after = |stands: CardStatus| (stands.blocked(true), stands.blocked(false));
        assert_eq!(after(Active), (BlockedByHolder, BlockedByGuardian));
        assert_eq!(after(BlockedByHolder), (BlockedByHolder, BlockedByGuardian));
        for stays in [BlockedByGuardian, Blocked, Replaced] {
            assert_eq!(after(stays), (stays, stays));
        }
    }
}
