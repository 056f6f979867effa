//! Proving the ledger from one snapshot, whatever its size: rows come by the thousand, and of each book, not of each entry, some
//! figures are kept.
//!
//! The transactions are walked in the order they were written ([`walk`]), and say what the entries of each book must be, where it
//! must stand ([`figures`]) and what must be held ([`holds`]). Then the entries, the books and the holds are read in the order they
//! are kept. Only where something differs are the transactions walked once more, to name the first that is wrong.

mod entries;
mod figures;
mod holds;
mod overdue;
mod walk;

use jiff::Timestamp;
use madkort_ledger::Book;
use madkort_ledger::rules::FLOOR;
use madkort_protocol::{AccountId, Money, SchoolId};
use uuid::Uuid;

use super::SqlStore;
use super::session::{First, Session};
use super::value::{Db, Row, values};
use crate::store::{Audit, Audited, Broken, Head, Pending, Verdict};

use self::holds::Sums;
use self::overdue::Clock;
use self::walk::Walk;

/// Rows read at a time: some hundred kilobytes.
const AT_ONCE: i64 = 2000;

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
    let shards = db.query("SELECT * FROM shards ORDER BY shard", &[])?;
    let clock = Clock::read(db, &shards, now)?;
    for shard in &shards {
        if let Some(broken) = school(db, shard, &clock, &mut audited)? {
            return Ok(Err(broken));
        }
    }
    Ok(accounts(db)?.map_or(Ok(audited), Err))
}

/// One school's ledger: its transactions, then its entries, where its books stand, and what is held.
fn school(db: &dyn Session, shard: &Row, clock: &Clock, audited: &mut Audited) -> Db<Option<Broken>> {
    let mut walk = Walk::begin(db, shard)?;
    let mut sums = Sums::default();
    let broken = walk.go_to_the_end(db, &mut |step| {
        step.change.iter().for_each(|change| sums.move_to(change));
        Ok(None)
    })?;
    if broken.is_some() {
        return Ok(broken);
    }
    if let Some(broken) = walk.at_head(shard)? {
        return Ok(Some(broken));
    }
    if let Some(broken) = entries::check(db, shard, &walk.books)? {
        return Ok(Some(broken));
    }
    if let Some(broken) = figures::check(db, shard, &walk.books)? {
        return Ok(Some(broken));
    }
    if let Some(broken) = holds::check(db, shard, sums, clock)? {
        return Ok(Some(broken));
    }
    let used = walk.books.values().filter(|tally| tally.version > 0).count();
    audited.transactions += u64::try_from(walk.place).unwrap_or_default();
    audited.entries += u64::try_from(walk.entry).unwrap_or_default();
    audited.books += u64::try_from(used).unwrap_or(u64::MAX);
    let school = SchoolId::new(shard.col("school")?);
    audited.heads.push(Head { school, transactions: shard.col("places")?, hash: shard.col("hash")? });
    Ok(None)
}

/// Each account has the book that is called after it, and owes nothing.
fn accounts(db: &dyn Session) -> Db<Option<Broken>> {
    const SQL: &str = "SELECT a.id, b.name, b.balance FROM accounts a LEFT JOIN books b ON b.id = a.book AND b.school = a.school \
         WHERE a.id > $1 ORDER BY a.id LIMIT $2";
    let mut last = Uuid::nil();
    loop {
        let page = db.query(SQL, &values![last, AT_ONCE])?;
        if page.is_empty() {
            return Ok(None);
        }
        for row in page {
            last = row.col("id")?;
            let book: Option<String> = row.col("name")?;
            if book.as_deref() != Some(&Book::Card(AccountId::new(last)).to_string()) {
                let book = book.unwrap_or_else(|| "nobody".to_owned());
                return Ok(Some(Broken::Account { account: last.to_string(), book }));
            }
            let balance = row.col("balance")?;
            if balance < FLOOR.ore() {
                return Ok(Some(Broken::BelowFloor { account: last.to_string(), balance }));
            }
        }
    }
}

fn name(db: &dyn Session, book: i64) -> Db<String> {
    let row = db.first("SELECT name FROM books WHERE id = $1", &values![book])?;
    row.map_or_else(|| Ok(format!("number {book}")), |row| row.col("name"))
}
