//! A walk along a school's transactions, in the order they were written.
//!
//! **Invariant:** of what was passed only a [`Tally`] per book is kept; everything else goes to whoever looks, and is forgotten.

use std::collections::HashMap;

use madkort_ledger::caps::Spent;
use madkort_ledger::{Book, HoldKind, Kind};
use uuid::Uuid;

use super::super::chain::{self, Hash};
use super::super::legs::{self, BookLeg, Entry};
use super::super::session::Session;
use super::super::tables::TRANSACTIONS;
use super::super::value::{Db, Row, Value, values};
use super::AT_ONCE;
use super::figures;
use super::holds::{self, Change};
use crate::store::Broken;

/// The walk, as far as it has come.
pub struct Walk {
    pub shard: i64,
    pub place: i64,
    pub entry: i64,
    pub books: Tallies,
    hash: Hash,
    link: i64,
    own: OwnBooks,
}

/// What the transactions say of each book, by its id.
pub type Tallies = HashMap<i64, Tally>;

/// A book as far as the transactions have come; at first, one that was never used.
#[derive(Clone, Copy, Default)]
pub struct Tally {
    pub balance: i64,
    pub last_at: i64,
    /// Its entries.
    pub version: i64,
    pub deposited: i64,
    pub spent: Spent,
    /// Over the entries it must have.
    pub hash: Hash,
}

/// The books that are no holder's, by their ids.
pub struct OwnBooks(HashMap<i64, Book>);

/// What is read of a transaction: its columns as they were hashed, and its mark.
pub struct Settled {
    row: Vec<Value>,
    mark: i64,
    pub id: Uuid,
    pub place: i64,
    pub at: i64,
    pub first_entry: i64,
    /// What moved, if money did.
    pub kind: Option<Kind>,
    pub refused: bool,
    pub about: Option<Uuid>,
    pub legs: Vec<BookLeg>,
}

/// One transaction, with what it calls for.
pub struct Step<'a> {
    pub settled: &'a Settled,
    pub entries: Vec<Entry>,
    pub change: Option<Change>,
}

/// What is made of each.
pub type Look<'a> = dyn FnMut(&Step<'_>) -> Db<Option<Broken>> + 'a;

impl Walk {
    /// At the start of a school's row, whose head is given.
    pub fn begin(db: &dyn Session, head: &Row) -> Db<Self> {
        let own = OwnBooks::read(db, head.col("school")?)?;
        let shard = head.col("shard")?;
        Ok(Self { shard, place: 0, entry: 0, books: HashMap::new(), hash: chain::START, link: 0, own })
    }

    /// Goes along all transactions and links, and stops at the first that is wrong.
    pub fn go_to_the_end(&mut self, db: &dyn Session, look: &mut Look<'_>) -> Db<Option<Broken>> {
        loop {
            let transactions = self.transactions(db)?;
            if transactions.is_empty() {
                return Ok(None);
            }
            let links = self.links(db, transactions.len())?;
            let origins = figures::origins(db, &transactions)?;
            for settled in transactions {
                if let Some(broken) = self.prove(&settled) {
                    return Ok(Some(broken));
                }
                let entries = settled.legs.iter().map(|leg| self.enter(*leg, settled.at)).collect();
                figures::count(&mut self.books, &self.own, &settled, &origins);
                let change = holds::change(&settled, &self.own);
                if let Some(broken) = look(&Step { settled: &settled, entries, change })? {
                    return Ok(Some(broken));
                }
                if let Some(broken) = self.at_link(&links) {
                    return Ok(Some(broken));
                }
            }
        }
    }

    fn transactions(&self, db: &dyn Session) -> Db<Vec<Settled>> {
        const SQL: &str = "SELECT id, school, shard, place, digest, kind, at, claimed_at, device, seq, refusal, number, text, \
             delivery, about, first_entry, legs, mark FROM transactions WHERE shard = $1 AND place > $2 ORDER BY place LIMIT $3";
        let rows = db.query(SQL, &values![self.shard, self.place, AT_ONCE])?;
        rows.into_iter().map(Settled::read).collect()
    }

    /// Links that end among the next transactions, by the place they end at.
    fn links(&self, db: &dyn Session, transactions: usize) -> Db<HashMap<i64, (i64, i64, Hash)>> {
        const SQL: &str = "SELECT number, places, entries, hash FROM links \
             WHERE shard = $1 AND places > $2 AND places <= $3";
        let last = self.place.saturating_add(i64::try_from(transactions).unwrap_or(i64::MAX));
        let links = db.query(SQL, &values![self.shard, self.place, last])?;
        links
            .iter()
            .map(|row| Ok((row.col("places")?, (row.col("number")?, row.col("entries")?, row.col("hash")?))))
            .collect()
    }

    /// One transaction: it is the next, its mark is that of the chain, its legs sum to zero.
    fn prove(&mut self, settled: &Settled) -> Option<Broken> {
        if settled.place != self.place + 1 || settled.first_entry != self.entry + 1 {
            return Some(Broken::MissingTransaction { shard: self.shard, place: self.place + 1 });
        }
        self.place += 1;
        self.hash = chain::after(self.hash, &settled.row);
        if chain::mark(&self.hash) != settled.mark {
            return Some(settled.changed(self.shard));
        }
        let sum = settled.legs.iter().fold(0_i64, |sum, leg| sum.saturating_add(leg.amount));
        (sum != 0).then(|| Broken::Unbalanced { id: settled.id.to_string(), by: sum })
    }

    /// The entry that a leg calls for.
    fn enter(&mut self, leg: BookLeg, at: i64) -> Entry {
        self.entry += 1;
        let book = self.books.entry(leg.book).or_default();
        book.balance = book.balance.saturating_add(leg.amount);
        book.last_at = book.last_at.max(at);
        book.version += 1;
        let entry = Entry {
            book: leg.book,
            at: book.last_at,
            number: self.entry,
            shard: self.shard,
            place: self.place,
            amount: leg.amount,
            balance: book.balance,
        };
        book.hash = chain::after(book.hash, &entry.row());
        entry
    }

    fn at_link(&mut self, links: &HashMap<i64, (i64, i64, Hash)>) -> Option<Broken> {
        let (number, entries, hash) = links.get(&self.place)?;
        let fits = *number == self.link + 1 && *entries == self.entry && *hash == self.hash;
        self.link = *number;
        (!fits).then_some(Broken::Link { shard: self.shard, link: *number })
    }

    /// The head of the school's rows says what was found: nothing was cut off at the end.
    pub fn at_head(&self, head: &Row) -> Db<Option<Broken>> {
        if head.col::<i64>("places")? != self.place || head.col::<i64>("entries")? != self.entry {
            return Ok(Some(Broken::MissingTransaction { shard: self.shard, place: self.place + 1 }));
        }
        let fits = head.col::<Hash>("hash")? == self.hash && head.col::<i64>("links")? == self.link;
        Ok((!fits).then_some(Broken::Link { shard: self.shard, link: self.link }))
    }
}

impl OwnBooks {
    fn read(db: &dyn Session, school: Uuid) -> Db<Self> {
        const SQL: &str = "SELECT id, name FROM books WHERE school = $1 AND name NOT LIKE 'card:%'";
        let mut books = HashMap::new();
        for row in db.query(SQL, &values![school])? {
            // A name that is none is a changed row: nothing of what is to move on its book is then found there.
            if let Ok(book) = row.col::<String>("name")?.parse() {
                books.insert(row.col("id")?, book);
            }
        }
        Ok(Self(books))
    }

    /// What moved on one of them.
    pub fn moved(&self, legs: &[BookLeg], book: &Book) -> i64 {
        legs.iter().find(|leg| self.0.get(&leg.book) == Some(book)).map_or(0, |leg| leg.amount)
    }

    /// What moved between what is held of a kind and somewhere else.
    pub fn held(&self, legs: &[BookLeg], kind: HoldKind) -> i64 {
        self.moved(legs, &Book::Held(kind))
    }

    /// The legs that are holders'.
    pub fn of_holders<'a>(&self, legs: &'a [BookLeg]) -> impl Iterator<Item = &'a BookLeg> {
        legs.iter().filter(|leg| !self.0.contains_key(&leg.book))
    }
}

impl Settled {
    fn read(row: Row) -> Db<Self> {
        let (mark, id, place, at) = (row.col("mark")?, row.col("id")?, row.col("place")?, row.col("at")?);
        let (first_entry, about) = (row.col("first_entry")?, row.col("about")?);
        let word: String = row.col("kind")?;
        let kind = Kind::ALL.into_iter().find(|kind| kind.word() == word);
        let refused = row.col::<Option<String>>("refusal")?.is_some();
        // Legs that are no legs are a changed row: the chain says so.
        let legs = legs::read(&row.col::<Vec<u8>>("legs")?).unwrap_or_default();
        let mut values = row.into_values();
        values.truncate(TRANSACTIONS.columns.len() - 1);
        Ok(Self { row: values, mark, id, place, at, first_entry, kind, refused, about, legs })
    }

    /// It is not as it was written.
    pub fn changed(&self, shard: i64) -> Broken {
        Broken::Chain { shard, entry: self.first_entry, id: self.id.to_string() }
    }
}
