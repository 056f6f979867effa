//! How mandates come to be: pages on a telephone where a payment card is given to auto top-up, or another one.
//!
//! **Invariant:** what is agreed is durable before the page is there; a page gives its card once.

use jiff::Timestamp;
use madkort_protocol::{
    AccountId, Agreement, AutoRechargeDetails, CardId, DeviceId, Language, MandatePageState, Money, OperationId,
    Refusal, SchoolId,
};

use super::{Moved, Pending};

/// A page about to be opened.
#[derive(Clone, Debug)]
pub struct NewMandatePage {
    /// The key under which the gateway stores the card.
    pub id: OperationId,
    /// The kiosk that asked.
    pub device: DeviceId,
    /// The card that was on the reader.
    pub card: CardId,
    /// Which account is filled.
    pub account: AccountId,
    /// What is agreed.
    pub agreement: Agreement,
    /// The language of page and mails.
    pub language: Language,
    /// Which gateway stores the card.
    pub gateway: String,
    /// The unguessable name of the page.
    pub page: String,
    /// Until when the page takes a card.
    pub expires_at: Timestamp,
}

/// A page as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct MandatePageRow {
    /// The key under which the gateway stores the card.
    pub id: OperationId,
    /// The tenant.
    pub school: SchoolId,
    /// The card that was on the reader.
    pub card: CardId,
    /// Which account is filled.
    pub account: AccountId,
    /// Whether auto top-up begins with it; else only its card changes.
    pub begins: bool,
    /// Charged each time.
    pub amount: Money,
    /// Where receipts go.
    pub email: String,
    /// The terms that were accepted.
    pub terms_version: String,
    /// The language of page and mails.
    pub language: Language,
    /// Which gateway stores the card.
    pub gateway: String,
    /// The unguessable name of the page.
    pub page: String,
    /// Where it stands.
    pub state: MandatePageState,
    /// Until when it takes a card.
    pub expires_at: Timestamp,
}

/// What became of opening a page.
#[derive(Clone, Debug, PartialEq)]
pub enum MandatePageOpening {
    /// There it is, now or since before.
    Open(Box<MandatePageRow>),
    /// The id stands for something else.
    IdReused,
    /// The card or the account does not allow it.
    Refused(Refusal),
    /// There is a mandate already, or, for another card, none.
    NotNow,
}

/// A payment card that a gateway keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredCard {
    /// The gateway's name for it. Never a number.
    pub reference: String,
    /// The last four digits.
    pub last_four: String,
}

/// Mandates as their holders make and see them.
pub trait Mandates {
    /// Opens a page, or finds it again.
    fn open_mandate_page(&self, new: NewMandatePage, now: Timestamp) -> Pending<'_, MandatePageOpening>;

    /// A page.
    fn mandate_page(&self, id: OperationId) -> Pending<'_, Option<MandatePageRow>>;

    /// The page behind an address.
    fn mandate_page_of(&self, page: String) -> Pending<'_, Option<MandatePageRow>>;

    /// A card was given: the mandate begins with it, or goes on with it. Once.
    fn give_card(&self, id: OperationId, card: StoredCard, now: Timestamp) -> Pending<'_, Moved<MandatePageRow>>;

    /// Closes a page nobody has given a card on.
    fn close_mandate_page(&self, id: OperationId, to: MandatePageState) -> Pending<'_, Moved<MandatePageRow>>;

    /// Pages past their end that nobody has closed, at most `most`.
    fn stale_mandate_pages(&self, now: Timestamp, most: u32) -> Pending<'_, Vec<OperationId>>;

    /// Auto top-up of an account in full; `None` if the school has no such account.
    fn auto_recharge(&self, school: SchoolId, account: AccountId) -> Pending<'_, Option<AutoRechargeDetails>>;
}
