//! Who is here, what the school offers, and how the devices are: what the shell knows and tells the core.
//!
//! Pure. **Invariant:** a visitor's balances are the server's minus this kiosk's own operations that the server has not yet
//! acknowledged.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use madkort_protocol::{
    Account, AccountId, CardId, CardStatus, Deposit, MenuDay, Money, OperationId, Order, Person, PersonId,
    PictureDigest, Product, ProductId, ProductPicture, School,
};

/// The person whose card is on the reader, as the store knows them now.
#[derive(Clone, Debug, PartialEq)]
pub struct Visitor {
    /// The card.
    pub card: CardId,
    /// Its number for paper, masked.
    pub card_masked: String,
    /// Whether it may be used.
    pub status: CardStatus,
    /// Whether the verification code is asked for.
    pub ask_code: bool,
    /// Who they are.
    pub person: Person,
    /// The accounts they may use, their own first; at least one.
    pub accounts: Vec<Account>,
    /// The cards of those accounts' owners, this one first of all.
    pub cards: Vec<VisitorCard>,
    /// Orders of those accounts from today on, by day.
    pub orders: Vec<Order>,
    /// Those of the orders that the server has not acknowledged.
    pub unacknowledged: Vec<OperationId>,
    /// Sum of this card's orders the server has not acknowledged.
    pub card_unacknowledged: Money,
    /// Sum of all orders on this kiosk the server has not acknowledged.
    pub kiosk_unacknowledged: Money,
    /// A deposit of theirs at this kiosk of which they have not been told how it ended.
    pub deposit: Option<Deposit>,
}

/// A card that a visitor may see and stop.
#[derive(Clone, Debug, PartialEq)]
pub struct VisitorCard {
    /// Its id.
    pub id: CardId,
    /// Its number, masked.
    pub masked: String,
    /// Whose it is.
    pub person: PersonId,
    /// Whether it may be used, as far as this kiosk knows.
    pub status: CardStatus,
}

/// What the school offers.
#[derive(Clone, Debug, PartialEq)]
pub struct Catalogue {
    /// The school and its rules.
    pub school: School,
    /// This kiosk's prefix of slip numbers, such as `K1`.
    pub kiosk: String,
    /// All products.
    pub products: Vec<Product>,
    /// Menus by day, earliest first.
    pub days: Vec<MenuDay>,
    /// What products look like, as far as that has come.
    pub pictures: BTreeMap<PictureDigest, ProductPicture>,
}

impl Catalogue {
    /// The product of that id.
    #[must_use]
    pub fn product(&self, id: ProductId) -> Option<&Product> {
        self.products.iter().find(|p| p.id == id)
    }

    /// What a product looks like, if that has come.
    #[must_use]
    pub fn picture(&self, product: &Product) -> Option<(PictureDigest, ProductPicture)> {
        let digest = product.picture?;
        self.pictures.get(&digest).map(|picture| (digest, picture.clone()))
    }

    /// The menu of that day.
    #[must_use]
    pub fn day(&self, date: Date) -> Option<&MenuDay> {
        self.days.iter().find(|d| d.date == date)
    }
}

/// A point in time, in the three ways the core needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Milliseconds on a clock that only goes forward: for waiting.
    pub mono_ms: u64,
    /// The time of day, as well as the kiosk knows it: for cut-offs.
    pub wall: Timestamp,
    /// The day in Danish time.
    pub today: Date,
}

/// The way to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// It answered.
    Online,
    /// It does not; this is when it last did, if ever. A kiosk that starts says this, with the time it remembers, before it
    /// tells the catalogue it remembers.
    Offline {
        /// The last word from it, by the kiosk's clock.
        last_heard: Option<Timestamp>,
    },
    /// It does not know this kiosk.
    NotEnrolled,
    /// It speaks another version.
    WrongVersion,
}

/// The card reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReaderHealth {
    /// Reads cards.
    Works,
    /// pcscd is not running.
    ServiceDown,
    /// Nothing is plugged in.
    Missing,
    /// Plugged in and not working.
    Faulty,
}

/// The receipt printer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrinterHealth {
    /// Prints.
    Works,
    /// Prints; staff should bring a roll.
    NearEnd,
    /// No paper.
    PaperOut,
    /// Cover open.
    CoverOpen,
    /// Knife stuck.
    Cutter,
    /// Another error it reports.
    Faulty,
    /// Does not answer.
    Gone,
    /// This kiosk has none.
    None,
}

impl Visitor {
    /// The account of that id, if this person may use it.
    #[must_use]
    pub fn account(&self, id: AccountId) -> Option<&Account> {
        self.accounts.iter().find(|a| a.id == id)
    }
}

impl Link {
    /// Whether the server can be asked now.
    #[must_use]
    pub const fn is_online(self) -> bool {
        matches!(self, Self::Online)
    }
}
