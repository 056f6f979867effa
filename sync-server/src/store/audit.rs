//! Adding the books up again.

use super::Pending;

/// What was looked at when nothing was wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Audited {
    /// Books re-added.
    pub books: u64,
    /// Transactions whose legs sum to zero.
    pub transactions: u64,
    /// Entries in an unbroken row.
    pub entries: u64,
}

/// The first thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// The legs of a transaction do not sum to zero.
    #[error("transaction {id} is out of balance by {by} øre")]
    Unbalanced {
        /// Which, hyphenated.
        id: String,
        /// The sum of its legs.
        by: i64,
    },
    /// An entry does not continue its book.
    #[error("entry {entry} of book {book} says the balance is {found} øre, and it is {right}")]
    Entry {
        /// Which entry.
        entry: i64,
        /// In which book.
        book: String,
        /// What it says.
        found: i64,
        /// What its book adds up to.
        right: i64,
    },
    /// An entry is missing from the row.
    #[error("entry {entry} is missing")]
    Missing {
        /// Which.
        entry: i64,
    },
    /// A book's balance is not the sum of its entries.
    #[error("book {book} says {found} øre, and its entries add up to {right}")]
    Balance {
        /// Which book.
        book: String,
        /// What it says.
        found: i64,
        /// The sum.
        right: i64,
    },
    /// The held orders are not what the book of held orders says.
    #[error("held orders come to {orders} øre, and their book says {book}")]
    Held {
        /// The sum of the orders.
        orders: i64,
        /// The book.
        book: i64,
    },
    /// An account is below its floor.
    #[error("account {account} stands at {balance} øre")]
    BelowFloor {
        /// Which, hyphenated.
        account: String,
        /// Where it stands.
        balance: i64,
    },
}

/// What an audit says.
pub type Verdict = Result<Audited, Broken>;

/// The audit.
pub trait Audit {
    /// Re-adds everything from a snapshot.
    fn verify(&self) -> Pending<'_, Verdict>;

    /// Whether the store still takes writes. Writes nothing.
    fn alive(&self) -> Pending<'_, ()>;
}
