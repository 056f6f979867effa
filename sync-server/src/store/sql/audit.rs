//! Proving the ledger from one snapshot, whatever its size: rows come by the thousand, and only a sum and a hash per book are kept.
//!
//! The transactions are walked in the order they were written, and say what the entries of each book must be; then the entries are
//! walked in the order they are kept, book by book. Only where the two differ are they laid side by side.

use std::collections::{BTreeSet, HashMap};

use jiff::{SignedDuration, Timestamp};
use madkort_protocol::{Money, SchoolId};
use uuid::Uuid;

use super::SqlStore;
use super::chain::{self, Hash};
use super::legs::{self, BookLeg, Entry};
use super::session::{First, Session};
use super::tables::TRANSACTIONS;
use super::value::{Db, Row, Value, corrupt, values};
use super::write;
use crate::store::{Audit, Audited, Broken, Head, Pending, Verdict};

/// Transactions read at a time: some hundred kilobytes.
const AT_ONCE: i64 = 2000;
/// How long after its cut-off, or its end, money may still be held: the job that sells or releases runs every few seconds, and a
/// server that was off over the weekend gets a morning to catch up.
const OVERDUE: SignedDuration = SignedDuration::from_hours(96);

impl Audit for SqlStore {
    fn verify(&self, now: Timestamp) -> Pending<'_, Verdict> {
        self.read("proving the ledger", move |db| verify(db, now))
    }

    fn balances(&self, school: SchoolId) -> Pending<'_, Vec<(String, Money)>> {
        self.read("listing the books", move |db| {
            let books =
                db.query("SELECT name, balance FROM books WHERE school = $1 ORDER BY id", &values![school.uuid()])?;
            books.iter().map(|book| Ok((book.col("name")?, book.col("balance")?))).collect()
        })
    }

    fn alive(&self) -> Pending<'_, ()> {
        self.write("looking whether the store is alive", |write| write.db()?.query("SELECT 1 AS one", &[]).map(|_| ()))
    }
}

/// Proves the ledger that a transaction sees.
pub fn verify(db: &dyn Session, now: Timestamp) -> Db<Verdict> {
    let mut audited = Audited::default();
    for shard in db.query("SELECT * FROM shards ORDER BY shard", &[])? {
        if let Some(broken) = school(db, &shard, &mut audited)? {
            return Ok(Err(broken));
        }
    }
    for check in [held_orders, held_otherwise, below_floor] {
        if let Some(broken) = check(db)? {
            return Ok(Err(broken));
        }
    }
    Ok(overdue(db, now)?.map_or(Ok(audited), Err))
}

/// One school's ledger: its transactions, then its entries, then where its books stand.
fn school(db: &dyn Session, shard: &Row, audited: &mut Audited) -> Db<Option<Broken>> {
    let number = shard.col("shard")?;
    let mut walk = Walk::begin(number);
    if let Some(broken) = walk.go_to_the_end(db, &mut |_, _| Ok(None))? {
        return Ok(Some(broken));
    }
    if let Some(broken) = walk.at_head(shard)? {
        return Ok(Some(broken));
    }
    if let Some(broken) = entries(db, number, &walk.books)? {
        return Ok(Some(broken));
    }
    if let Some(broken) = balances(db, shard, &walk.books)? {
        return Ok(Some(broken));
    }
    audited.transactions += u64::try_from(walk.place).unwrap_or_default();
    audited.entries += u64::try_from(walk.entry).unwrap_or_default();
    audited.books += u64::try_from(walk.books.len()).unwrap_or(u64::MAX);
    let school = SchoolId::new(shard.col("school")?);
    audited.heads.push(Head { school, transactions: shard.col("places")?, hash: shard.col("hash")? });
    Ok(None)
}

/// A walk along a school's transactions, in the order they were written.
struct Walk {
    shard: i64,
    place: i64,
    entry: i64,
    hash: Hash,
    link: i64,
    books: Tallies,
}

/// What the transactions say of each book, by its id.
type Tallies = HashMap<i64, Tally>;

/// A book as far as the transactions have come.
#[derive(Clone, Copy)]
struct Tally {
    balance: i64,
    last_at: i64,
    /// Over the entries it must have.
    hash: Hash,
}

impl Tally {
    const NONE: Self = Self { balance: 0, last_at: 0, hash: chain::START };
}

/// What is read of a transaction: its columns as they were hashed, and its mark.
struct Settled {
    row: Vec<Value>,
    mark: i64,
    id: Uuid,
    place: i64,
    at: i64,
    first_entry: i64,
    legs: Vec<BookLeg>,
}

/// What is made of each entry that the transactions call for, beside the transaction it belongs to.
type Look<'a> = dyn FnMut(&Entry, &Settled) -> Db<Option<Broken>> + 'a;

impl Walk {
    fn begin(shard: i64) -> Self {
        Self { shard, place: 0, entry: 0, hash: chain::START, link: 0, books: HashMap::new() }
    }

    /// Goes along all transactions and links, and stops at the first that is wrong.
    fn go_to_the_end(&mut self, db: &dyn Session, look: &mut Look<'_>) -> Db<Option<Broken>> {
        loop {
            let transactions = self.transactions(db)?;
            if transactions.is_empty() {
                return Ok(None);
            }
            let links = self.links(db, transactions.len())?;
            for settled in transactions {
                if let Some(broken) = self.step(&settled, look)? {
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
        rows.into_iter()
            .map(|row| {
                let (mark, id, place, at) = (row.col("mark")?, row.col("id")?, row.col("place")?, row.col("at")?);
                let first_entry = row.col("first_entry")?;
                // Legs that are no legs are a changed row: the chain says so.
                let legs = legs::read(&row.col::<Vec<u8>>("legs")?).unwrap_or_default();
                let mut values = row.into_values();
                values.truncate(TRANSACTIONS.columns.len() - 1);
                Ok(Settled { row: values, mark, id, place, at, first_entry, legs })
            })
            .collect()
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
    fn step(&mut self, settled: &Settled, look: &mut Look<'_>) -> Db<Option<Broken>> {
        if settled.place != self.place + 1 || settled.first_entry != self.entry + 1 {
            return Ok(Some(Broken::MissingTransaction { shard: self.shard, place: self.place + 1 }));
        }
        self.place += 1;
        self.hash = chain::after(self.hash, &settled.row);
        if chain::mark(&self.hash) != settled.mark {
            return Ok(Some(settled.changed(self.shard)));
        }
        let sum = settled.legs.iter().fold(0_i64, |sum, leg| sum.saturating_add(leg.amount));
        if sum != 0 {
            return Ok(Some(Broken::Unbalanced { id: settled.id.to_string(), by: sum }));
        }
        for leg in &settled.legs {
            let entry = self.enter(*leg, settled.at);
            if let Some(broken) = look(&entry, settled)? {
                return Ok(Some(broken));
            }
        }
        Ok(None)
    }

    /// The entry that a leg calls for.
    fn enter(&mut self, leg: BookLeg, at: i64) -> Entry {
        self.entry += 1;
        let book = self.books.entry(leg.book).or_insert(Tally::NONE);
        book.balance = book.balance.saturating_add(leg.amount);
        book.last_at = book.last_at.max(at);
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
    fn at_head(&self, head: &Row) -> Db<Option<Broken>> {
        if head.col::<i64>("places")? != self.place || head.col::<i64>("entries")? != self.entry {
            return Ok(Some(Broken::MissingTransaction { shard: self.shard, place: self.place + 1 }));
        }
        let fits = head.col::<Hash>("hash")? == self.hash && head.col::<i64>("links")? == self.link;
        Ok((!fits).then_some(Broken::Link { shard: self.shard, link: self.link }))
    }
}

impl Settled {
    fn changed(&self, shard: i64) -> Broken {
        Broken::Chain { shard, entry: self.first_entry, id: self.id.to_string() }
    }
}

/// Whether the entries of a school are those that its transactions call for: each book's own, read once in the order they are kept.
fn entries(db: &dyn Session, shard: i64, books: &Tallies) -> Db<Option<Broken>> {
    const SQL: &str = "SELECT book, at, number, shard, place, amount, balance FROM entries \
         WHERE (book, at, number) > ($1, $2, $3) AND book < $4 ORDER BY book, at, number LIMIT $5";
    let mut found: HashMap<i64, Hash> = HashMap::with_capacity(books.len());
    let end = write::first_book_of(shard + 1);
    let mut last = [write::first_book_of(shard), i64::MIN, i64::MIN];
    loop {
        let rows = db.query(SQL, &values![last[0], last[1], last[2], end, AT_ONCE])?;
        let Some(latest) = rows.last() else { break };
        last = [latest.col("book")?, latest.col("at")?, latest.col("number")?];
        for row in rows {
            let hash = found.entry(row.col("book")?).or_insert(chain::START);
            *hash = chain::after(*hash, &row.into_values());
        }
    }
    let wrong = |book: &i64| books.get(book).map(|tally| tally.hash) != found.get(book).copied();
    let wrong: BTreeSet<i64> = books.keys().chain(found.keys()).copied().filter(wrong).collect();
    if wrong.is_empty() { Ok(None) } else { first_wrong(db, shard, &wrong).map(Some) }
}

/// The first entry of some books that is not as its transaction calls for; if there is none, they have more than they should.
fn first_wrong(db: &dyn Session, shard: i64, books: &BTreeSet<i64>) -> Db<Broken> {
    let mut look = |entry: &Entry, settled: &Settled| {
        if books.contains(&entry.book) { compare(db, entry, settled) } else { Ok(None) }
    };
    let broken = Walk::begin(shard).go_to_the_end(db, &mut look)?;
    match (broken, books.first()) {
        (Some(broken), _) => Ok(broken),
        (None, Some(book)) => Ok(Broken::Stray { book: name(db, *book)? }),
        (None, None) => Err(corrupt("entry")),
    }
}

fn compare(db: &dyn Session, entry: &Entry, settled: &Settled) -> Db<Option<Broken>> {
    const SQL: &str = "SELECT * FROM entries WHERE book = $1 AND number = $2";
    let Some(row) = db.first(SQL, &values![entry.book, entry.number])? else {
        return Ok(Some(Broken::Missing { shard: entry.shard, entry: entry.number }));
    };
    let (amount, balance): (i64, i64) = (row.col("amount")?, row.col("balance")?);
    if amount != entry.amount || balance != entry.balance {
        // Where the book would stand by what the entry says it moved, if the balance in it is right.
        let moved_to = entry.balance.saturating_sub(entry.amount).saturating_add(amount);
        let found = if balance == entry.balance { moved_to } else { balance };
        let book = name(db, entry.book)?;
        return Ok(Some(Broken::Entry { shard: entry.shard, entry: entry.number, book, found, right: entry.balance }));
    }
    let same = row.col::<i64>("at")? == entry.at
        && row.col::<i64>("place")? == entry.place
        && row.col::<i64>("shard")? == entry.shard;
    Ok((!same).then(|| settled.changed(entry.shard)))
}

fn balances(db: &dyn Session, shard: &Row, books: &Tallies) -> Db<Option<Broken>> {
    let school: Uuid = shard.col("school")?;
    let mut last = i64::MIN;
    loop {
        const SQL: &str = "SELECT id, name, balance FROM books WHERE school = $1 AND id > $2 ORDER BY id LIMIT $3";
        let page = db.query(SQL, &values![school, last, AT_ONCE])?;
        if page.is_empty() {
            return Ok(None);
        }
        for book in page {
            last = book.col("id")?;
            let right = books.get(&last).map(|tally| tally.balance).unwrap_or_default();
            let found = book.col("balance")?;
            if found != right {
                return Ok(Some(Broken::Balance { book: book.col("name")?, found, right }));
            }
        }
    }
}

fn held_orders(db: &dyn Session) -> Db<Option<Broken>> {
    const SQL: &str = "SELECT * FROM (
             SELECT CAST((SELECT coalesce(sum(total - subsidised), 0) FROM orders o
                        WHERE o.school = s.id AND o.state = 'held') AS BIGINT) AS held,
                    coalesce((SELECT balance FROM books b WHERE b.school = s.id AND b.name = 'held-orders'), 0) AS book
             FROM schools s) AS sums
         WHERE held <> book LIMIT 1";
    let found = db.first(SQL, &[])?;
    found.map(|row| Ok(Broken::Held { held: row.col("held")?, book: row.col("book")? })).transpose()
}

/// Open holds of every other kind are what their books say.
fn held_otherwise(db: &dyn Session) -> Db<Option<Broken>> {
    const SQL: &str = "SELECT b.balance AS book,
             CAST(coalesce((SELECT sum(h.amount - h.captured) FROM holds h
                 WHERE h.school = b.school AND h.state = 'held' AND 'held-' || h.kind = b.name), 0) AS BIGINT) AS held
         FROM books b WHERE b.name IN ('held-payouts', 'held-sales')";
    for row in db.query(SQL, &[])? {
        let (held, book): (i64, i64) = (row.col("held")?, row.col("book")?);
        if held != book {
            return Ok(Some(Broken::Held { held, book }));
        }
    }
    Ok(None)
}

fn below_floor(db: &dyn Session) -> Db<Option<Broken>> {
    let found = db.first(
        "SELECT a.id, b.balance FROM accounts a JOIN books b ON b.id = a.book WHERE b.balance < $1 LIMIT 1",
        &values![madkort_ledger::rules::FLOOR],
    )?;
    let broken =
        |row: Row| Ok(Broken::BelowFloor { account: row.col::<Uuid>("id")?.to_string(), balance: row.col("balance")? });
    found.map(broken).transpose()
}

/// Money that is still held though its time is long over.
fn overdue(db: &dyn Session, now: Timestamp) -> Db<Option<Broken>> {
    let latest = now.checked_sub(OVERDUE).unwrap_or(Timestamp::MIN);
    let found = db.first(
        "SELECT o.id FROM orders o JOIN menu_days d ON d.school = o.school AND d.date = o.date
         WHERE o.state = 'held' AND d.cut_off < $1
         UNION ALL SELECT id FROM holds WHERE state = 'held' AND expires_at < $1 LIMIT 1",
        &values![latest],
    )?;
    found.map(|row| Ok(Broken::Overdue { hold: row.col::<Uuid>("id")?.to_string() })).transpose()
}

fn name(db: &dyn Session, book: i64) -> Db<String> {
    let row = db.first("SELECT name FROM books WHERE id = $1", &values![book])?;
    row.map_or_else(|| Ok(format!("number {book}")), |row| row.col("name"))
}
