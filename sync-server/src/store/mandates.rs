//! How mandates come to be: pages on a telephone where a payment card is given to auto top-up, or another one.
//!
//! **Invariant:** what is agreed is durable before the page is there; a page gives its card once.

use jiff::{SignedDuration, Timestamp};
use madkort_protocol::{
    AccountId, Agreement, AutoRechargeDetails, CardId, DeviceId, Language, MandateId, MandatePageState, Money,
    OperationId, Refusal, SchoolId,
};

use super::{Moved, Pending};

/// How long a page that a letter leads to takes a card, from when the letter is sent: letters are read at the weekend.
pub const CARD_LINK_LASTS: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A page about to be opened by a kiosk.
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

/// A page for another card about to be opened, that a letter leads to.
#[derive(Clone, Debug)]
pub struct NewLetterPage {
    /// The key under which the gateway stores the card.
    pub id: OperationId,
    /// Of the name that stands in the letter and nowhere else.
    pub hash: [u8; 32],
    /// Whose card is to be another one.
    pub mandate: MandateId,
    /// Which gateway stores the card.
    pub gateway: String,
}

/// What leads to a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LedBy {
    /// A kiosk.
    Kiosk {
        /// Which.
        device: DeviceId,
        /// The card that was on the reader.
        card: CardId,
        /// The unguessable name of the page.
        page: String,
    },
    /// A letter about this mandate.
    Letter(MandateId),
}

/// A page as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct MandatePageRow {
    /// The key under which the gateway stores the card.
    pub id: OperationId,
    /// The tenant.
    pub school: SchoolId,
    /// How somebody comes to it.
    pub led_by: LedBy,
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
    /// Where it stands.
    pub state: MandatePageState,
    /// Until when it takes a card.
    pub expires_at: Timestamp,
}

impl MandatePageRow {
    /// The name under which a kiosk leads to it.
    #[must_use]
    pub fn page(&self) -> Option<&str> {
        match &self.led_by {
            LedBy::Kiosk { page, .. } => Some(page),
            LedBy::Letter(_) => None,
        }
    }
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

    /// Opens a page that a letter leads to, for [`CARD_LINK_LASTS`]; `None` if the mandate was taken back.
    fn open_letter_page(&self, new: NewLetterPage, now: Timestamp) -> Pending<'_, Option<MandatePageRow>>;

    /// The page behind an address: by the name in it, or by the hash of that if a letter leads there.
    fn mandate_page_of(&self, page: String, hash: [u8; 32]) -> Pending<'_, Option<MandatePageRow>>;

    /// A card was given: the mandate begins with it, or goes on with it, and the record of deeds says by whom. Once; where a letter led to the page, every other page that
    /// one about the same mandate leads to is shut.
    fn give_card(&self, id: OperationId, card: StoredCard, now: Timestamp) -> Pending<'_, Moved<MandatePageRow>>;

    /// Closes a page nobody has given a card on.
    fn close_mandate_page(&self, id: OperationId, to: MandatePageState) -> Pending<'_, Moved<MandatePageRow>>;

    /// Pages past their end that nobody has closed, at most `most`.
    fn stale_mandate_pages(&self, now: Timestamp, most: u32) -> Pending<'_, Vec<OperationId>>;

    /// Auto top-up of an account in full; `None` if the school has no such account.
    fn auto_recharge(&self, school: SchoolId, account: AccountId) -> Pending<'_, Option<AutoRechargeDetails>>;
}
