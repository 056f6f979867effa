//! Adding the books up again.

use jiff::Timestamp;

use madkort_protocol::{Money, SchoolId};

use super::Pending;

/// What was looked at when nothing was wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audited {
    /// Books re-added.
    pub books: u64,
    /// Transactions whose legs sum to zero.
    pub transactions: u64,
    /// Entries in an unbroken row.
    pub entries: u64,
    /// Where each school's hash chain ends: to be kept somewhere else, so that nobody can write a past anew.
    pub heads: Vec<Head>,
}

/// The end of a school's hash chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Whose.
    pub school: SchoolId,
    /// Transactions in it.
    pub transactions: u64,
    /// SHA-256 over all of them.
    pub hash: [u8; 32],
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
    /// A transaction is missing from its school's row.
    #[error("transaction {place} of ledger {shard} is missing")]
    MissingTransaction {
        /// The number of the school's ledger.
        shard: i64,
        /// Which.
        place: i64,
    },
    /// An entry is missing from its school's row.
    #[error("entry {entry} of ledger {shard} is missing")]
    Missing {
        /// The number of the school's ledger.
        shard: i64,
        /// Which.
        entry: i64,
    },
    /// An entry does not continue its book.
    #[error("entry {entry} of ledger {shard} says that book {book} stands at {found} øre, and it stands at {right}")]
    Entry {
        /// The number of the school's ledger.
        shard: i64,
        /// Which entry.
        entry: i64,
        /// In which book.
        book: String,
        /// What it says.
        found: i64,
        /// What its book adds up to.
        right: i64,
    },
    /// A book has entries that no transaction made.
    #[error("book {book} has entries of no transaction")]
    Stray {
        /// Which book.
        book: String,
    },
    /// A transaction or one of its entries is not as it was written.
    #[error("transaction {id}, from entry {entry} of ledger {shard}, was changed after it was written")]
    Chain {
        /// The number of the school's ledger.
        shard: i64,
        /// Its first entry.
        entry: i64,
        /// Which, hyphenated.
        id: String,
    },
    /// A link of the hash chain does not fit.
    #[error("link {link} of the hash chain of ledger {shard} does not fit")]
    Link {
        /// The number of the school's ledger.
        shard: i64,
        /// Which.
        link: i64,
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
    /// A figure beside a book's balance is not what its transactions come to.
    #[error("book {book} says that {figure} is {found}, and its transactions come to {right}")]
    Figure {
        /// Which book.
        book: String,
        /// The column: `version`, `last_at`, `deposited` or one of `spent_…`.
        figure: &'static str,
        /// What it says.
        found: String,
        /// What its transactions say.
        right: String,
    },
    /// An order, an authorisation or a withdrawal does not stand as its transactions say.
    #[error("{hold} says {found}, and its transactions say {right}")]
    Hold {
        /// Which, hyphenated.
        hold: String,
        /// What it says.
        found: String,
        /// What its transactions say.
        right: String,
    },
    /// An account has a book of another name.
    #[error("account {account} has the book of {book}")]
    Account {
        /// Which, hyphenated.
        account: String,
        /// The name of that book.
        book: String,
    },
    /// Money is held though the time of it is long over.
    #[error("{hold} still holds money, long after its end")]
    Overdue {
        /// The order, authorisation or withdrawal, hyphenated.
        hold: String,
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
    /// Re-adds everything and runs the hash chain again, from one snapshot. `now` tells which holds have outlived their rule.
    fn verify(&self, now: Timestamp) -> Pending<'_, Verdict>;

    /// Every book of a school that was ever used, by name, and where it stands.
    fn balances(&self, school: SchoolId) -> Pending<'_, Vec<(String, Money)>>;

    /// Whether the store still takes writes. Writes nothing.
    fn alive(&self) -> Pending<'_, ()>;
}
