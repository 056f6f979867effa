//! The school and what it knows: people, cards, accounts, products, menus.

use jiff::Timestamp;
use madkort_protocol::{
    Account, AccountId, AccountKind, CardId, CardRecord, MenuDay, Person, PersonId, PictureDigest, Product,
    ProductPicture, School, SchoolId, TapPolicy,
};

use super::Pending;

/// One thing to be put in the catalogue, whole; what was there by that id is replaced.
#[derive(Clone, Debug)]
pub enum Thing {
    /// The school itself.
    School(School),
    /// Somebody. The accounts they name may come later in the same call.
    Person(Person),
    /// A card.
    Card(CardRecord),
    /// An account. Its balance is never put: it comes from postings.
    Account(NewAccount),
    /// A product.
    Product(Product),
    /// What products look like.
    Picture(ProductPicture),
    /// The menu of a day.
    Day(MenuDay),
}

/// An account without its balance.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// Its id.
    pub id: AccountId,
    /// Whose it is.
    pub owner: PersonId,
    /// What it is called.
    pub label: String,
    /// What it is.
    pub kind: AccountKind,
}

/// The catalogue.
pub trait Catalogue {
    /// Puts things, all or none, and tells the change feed.
    fn put(&self, school: SchoolId, things: Vec<Thing>) -> Pending<'_, ()>;

    /// Every school.
    fn schools(&self) -> Pending<'_, Vec<School>>;

    /// What a bare tap opens at a school from now on, told to the change feed and written down. Whether it was another before; `None`
    /// if there is no such school.
    fn set_tap_policy(&self, school: SchoolId, tap: TapPolicy, now: Timestamp) -> Pending<'_, Option<bool>>;

    /// One school.
    fn school(&self, id: SchoolId) -> Pending<'_, Option<School>>;

    /// An account as it stands, if it is the school's.
    fn account(&self, school: SchoolId, id: AccountId) -> Pending<'_, Option<Account>>;

    /// A card, if it is the school's.
    fn card(&self, school: SchoolId, id: CardId) -> Pending<'_, Option<CardRecord>>;

    /// A product's picture, if the school has it.
    fn product_picture(&self, school: SchoolId, digest: PictureDigest) -> Pending<'_, Option<ProductPicture>>;

    /// A person, if they are the school's.
    fn person(&self, school: SchoolId, id: PersonId) -> Pending<'_, Option<Person>>;
}
