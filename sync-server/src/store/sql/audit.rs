//! Proving the ledger from one snapshot, whatever its size: rows come by the thousand, and only one sum a book is kept.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use madkort_protocol::{Money, SchoolId};
use uuid::Uuid;

use super::SqlStore;
use super::chain::{self, Hash};
use super::session::{First, Session};
use super::tables::{ENTRIES, TRANSACTIONS};
use super::value::{Db, FromValue, Row, Value, corrupt, values};
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
        let walk = Walk::begin(&shard)?;
        match walk.go_to_the_end(db, &shard, &mut audited)? {
            Ok(sums) => {
                if let Some(broken) = balances(db, &shard, &sums)? {
                    return Ok(Err(broken));
                }
                audited.heads.push(Head {
                    school: SchoolId::new(shard.col("school")?),
                    transactions: shard.col("places")?,
                    hash: shard.col("hash")?,
                });
                audited.books += u64::try_from(sums.len()).unwrap_or(u64::MAX);
            }
            Err(broken) => return Ok(Err(broken)),
        }
    }
    for check in [held_orders, held_otherwise, below_floor] {
        if let Some(broken) = check(db)? {
            return Ok(Err(broken));
        }
    }
    Ok(overdue(db, now)?.map_or(Ok(audited), Err))
}

/// A walk along a school's transactions and entries, in the order they were written.
struct Walk {
    shard: i64,
    place: i64,
    entry: i64,
    hash: Hash,
    link: i64,
    sums: HashMap<i64, i64>,
}

/// What is read of a transaction: its columns as they were hashed, and its mark.
struct Settled {
    row: Vec<Value>,
    mark: i64,
    id: Uuid,
    legs: usize,
    first_entry: i64,
}

impl Walk {
    fn begin(shard: &Row) -> Db<Self> {
        Ok(Self { shard: shard.col("shard")?, place: 0, entry: 0, hash: chain::START, link: 0, sums: HashMap::new() })
    }

    fn go_to_the_end(
        mut self,
        db: &dyn Session,
        head: &Row,
        audited: &mut Audited,
    ) -> Db<Result<HashMap<i64, i64>, Broken>> {
        loop {
            let transactions = self.transactions(db)?;
            let Some(last) = transactions.last() else { break };
            let until = last.first_entry.saturating_add(i64::try_from(last.legs).unwrap_or(0));
            let mut entries = self.entries(db, until)?.into_iter();
            let links = self.links(db, transactions.len())?;
            for settled in transactions {
                let own: Vec<_> = entries.by_ref().take(settled.legs).collect();
                if let Some(broken) = self.step(db, &settled, &own)? {
                    return Ok(Err(broken));
                }
                if let Some(broken) = self.at_link(&links) {
                    return Ok(Err(broken));
                }
                audited.transactions += 1;
                audited.entries += u64::try_from(own.len()).unwrap_or(u64::MAX);
            }
        }
        Ok(self.at_head(db, head)?.map_or(Ok(self.sums), Err))
    }

    fn transactions(&self, db: &dyn Session) -> Db<Vec<Settled>> {
        const SQL: &str = "SELECT id, school, shard, place, digest, kind, at, claimed_at, device, seq, refusal, number, text, \
             delivery, about, first_entry, legs, mark FROM transactions WHERE shard = $1 AND place > $2 ORDER BY place LIMIT $3";
        let rows = db.query(SQL, &values![self.shard, self.place, AT_ONCE])?;
        rows.into_iter()
            .map(|row| {
                let settled = (row.col("mark")?, row.col("id")?, row.col::<u32>("legs")?, row.col("first_entry")?);
                let mut values = row.into_values();
                values.truncate(TRANSACTIONS.columns.len() - 1);
                let (mark, id, legs, first_entry) = settled;
                Ok(Settled { row: values, mark, id, legs: usize::try_from(legs).unwrap_or(usize::MAX), first_entry })
            })
            .collect()
    }

    fn entries(&self, db: &dyn Session, until: i64) -> Db<Vec<Vec<Value>>> {
        const SQL: &str = "SELECT shard, number, place, book, amount, balance, at FROM entries \
             WHERE shard = $1 AND number > $2 AND number < $3 ORDER BY number";
        Ok(db.query(SQL, &values![self.shard, self.entry, until])?.into_iter().map(Row::into_values).collect())
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

    /// One transaction: it is the next, its entries are the next, they sum to zero and continue their books, and its mark is that
    /// of the chain.
    fn step(&mut self, db: &dyn Session, settled: &Settled, entries: &[Vec<Value>]) -> Db<Option<Broken>> {
        if int(&settled.row, "place", &TRANSACTIONS)? != self.place + 1 || settled.first_entry != self.entry + 1 {
            return Ok(Some(Broken::MissingTransaction { shard: self.shard, place: self.place + 1 }));
        }
        self.place += 1;
        let mut sum = 0_i64;
        for entry in entries {
            if let Some(broken) = self.enter(db, entry)? {
                return Ok(Some(broken));
            }
            sum = sum.saturating_add(int(entry, "amount", &ENTRIES)?);
        }
        if entries.len() != settled.legs {
            return Ok(Some(Broken::Missing { shard: self.shard, entry: self.entry + 1 }));
        }
        if sum != 0 {
            return Ok(Some(Broken::Unbalanced { id: settled.id.to_string(), by: sum }));
        }
        self.hash = chain::after(self.hash, &settled.row, entries.iter().map(Vec::as_slice));
        let fits = chain::mark(&self.hash) == settled.mark;
        let id = settled.id.to_string();
        Ok((!fits).then_some(Broken::Chain { shard: self.shard, entry: settled.first_entry, id }))
    }

    fn enter(&mut self, db: &dyn Session, entry: &[Value]) -> Db<Option<Broken>> {
        let number = int(entry, "number", &ENTRIES)?;
        if number != self.entry + 1 || int(entry, "place", &ENTRIES)? != self.place {
            return Ok(Some(Broken::Missing { shard: self.shard, entry: self.entry + 1 }));
        }
        self.entry = number;
        let book = int(entry, "book", &ENTRIES)?;
        let sum = self.sums.entry(book).or_default();
        *sum = sum.saturating_add(int(entry, "amount", &ENTRIES)?);
        let (right, found) = (*sum, int(entry, "balance", &ENTRIES)?);
        if found == right {
            return Ok(None);
        }
        Ok(Some(Broken::Entry { shard: self.shard, entry: number, book: name(db, book)?, found, right }))
    }

    fn at_link(&mut self, links: &HashMap<i64, (i64, i64, Hash)>) -> Option<Broken> {
        let (number, entries, hash) = links.get(&self.place)?;
        let fits = *number == self.link + 1 && *entries == self.entry && *hash == self.hash;
        self.link = *number;
        (!fits).then_some(Broken::Link { shard: self.shard, link: *number })
    }

    /// The head of the school's rows says what was found: nothing was cut off at the end.
    fn at_head(&self, db: &dyn Session, head: &Row) -> Db<Option<Broken>> {
        if head.col::<i64>("places")? != self.place {
            return Ok(Some(Broken::MissingTransaction { shard: self.shard, place: self.place + 1 }));
        }
        let more = "SELECT 1 AS one FROM entries WHERE shard = $1 AND number > $2 LIMIT 1";
        if head.col::<i64>("entries")? != self.entry || db.exists(more, &values![self.shard, self.entry])? {
            return Ok(Some(Broken::Missing { shard: self.shard, entry: self.entry + 1 }));
        }
        let fits = head.col::<Hash>("hash")? == self.hash && head.col::<i64>("links")? == self.link;
        Ok((!fits).then_some(Broken::Link { shard: self.shard, link: self.link }))
    }
}

fn int(row: &[Value], column: &'static str, table: &super::tables::Table) -> Db<i64> {
    let place = table.columns.iter().position(|(name, _)| *name == column);
    place.and_then(|place| row.get(place)).and_then(i64::from_value).ok_or(corrupt(column))
}

fn balances(db: &dyn Session, shard: &Row, sums: &HashMap<i64, i64>) -> Db<Option<Broken>> {
    let school: Uuid = shard.col("school")?;
    let mut last = i64::MIN;
    loop {
        const SQL: &str = "SELECT id, name, balance FROM books WHERE school = $1 AND id > $2 ORDER BY id LIMIT $3";
        let books = db.query(SQL, &values![school, last, AT_ONCE])?;
        if books.is_empty() {
            return Ok(None);
        }
        for book in books {
            last = book.col("id")?;
            let right = sums.get(&last).copied().unwrap_or_default();
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
