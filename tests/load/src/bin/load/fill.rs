//! Books with a past: millions of entries written straight into the server's SQLite file.
//!
//! The one place that knows the server's tables. What it writes is what purchases would have left there, so that the audit finds
//! nothing wrong with it.
//!
//! **Invariant:** a file that was not filled to the end is not taken for one that was: its schema lacks the indexes that are put
//! back last.

use std::path::Path;

use anyhow::{Context, Result};
use jiff::Timestamp;
use rusqlite::{Connection, params};
use uuid::Builder;

use crate::books;

/// Rows written in one transaction.
const BATCH: u64 = 100_000;
/// Entries of a purchase: the holder's, income's and the tax office's.
const LEGS: u64 = 3;
/// Memory for pages while the file is filled, in KiB.
const CACHE: i64 = 256 * 1024;

/// What a file's tables and indexes look like. Two files with the same text hold the same things.
pub fn schema(path: &Path) -> Result<String> {
    let db = Connection::open(path)?;
    let mut statement = db.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name")?;
    let parts = statement.query_map([], |row| row.get::<_, String>(0))?.collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(parts.join("\n"))
}

/// How many entries a file has; their ids have no gaps.
pub fn entries(path: &Path) -> Result<u64> {
    let most: i64 =
        Connection::open(path)?.query_row("SELECT coalesce(max(id), 0) FROM entries", [], |row| row.get(0))?;
    Ok(u64::try_from(most)?)
}

/// Adds purchases until there are so many entries. The books hold the school, its tills and at least one purchase; nobody else
/// has the file open.
pub fn fill(path: &Path, wanted: u64) -> Result<()> {
    let purchases = wanted.saturating_sub(entries(path)?).div_ceil(LEGS);
    let db = Connection::open(path)?;
    // Nothing here needs to outlive a power cut: the file would be made again.
    db.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(()))?;
    db.pragma_update_and_check(None, "journal_mode", "OFF", |_| Ok(()))?;
    db.pragma_update(None, "synchronous", "OFF")?;
    db.pragma_update(None, "cache_size", -CACHE)?;
    let indexes = drop_indexes(&db)?;
    let mut filler = Filler::new(&db, purchases)?;
    let mut written = 0;
    while written < purchases {
        let transaction = db.unchecked_transaction()?;
        let batch = BATCH.min(purchases - written);
        for number in written..written + batch {
            filler.purchase(number)?;
        }
        transaction.commit()?;
        written += batch;
    }
    filler.finish()?;
    for sql in indexes {
        db.execute_batch(&sql).with_context(|| format!("putting back {sql}"))?;
    }
    db.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    Ok(())
}

/// An index is built faster at the end than along the way.
fn drop_indexes(db: &Connection) -> Result<Vec<String>> {
    let mut statement = db.prepare(
        "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL
         AND tbl_name IN ('transactions', 'entries')",
    )?;
    let found = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let found = found.collect::<rusqlite::Result<Vec<(String, String)>>>()?;
    for (name, _) in &found {
        db.execute_batch(&format!("DROP INDEX \"{name}\""))?;
    }
    Ok(found.into_iter().map(|(_, sql)| sql).collect())
}

/// A book as it stands so far.
#[derive(Clone, Copy)]
struct Standing {
    id: i64,
    balance: i64,
    version: i64,
}

struct Filler<'a> {
    db: &'a Connection,
    payers: Vec<Standing>,
    income: Standing,
    vat: Standing,
    at: i64,
    first_millis: u64,
}

impl<'a> Filler<'a> {
    fn new(db: &'a Connection, purchases: u64) -> Result<Self> {
        let now = Timestamp::now();
        let millis = u64::try_from(now.as_millisecond())?;
        let shared = |name: &str| {
            let sql = "SELECT id, balance, version FROM books WHERE name = ?";
            db.query_row(sql, [name], standing).with_context(|| format!("the book {name}"))
        };
        let mut accounts =
            db.prepare("SELECT b.id, b.balance, b.version FROM accounts a JOIN books b ON b.id = a.book")?;
        let payers = accounts.query_map([], standing)?.collect::<rusqlite::Result<_>>()?;
        drop(accounts);
        let (income, vat) = (shared(&format!("income:{}", books::VAT))?, shared("vat")?);
        // One purchase a millisecond until now: what comes next has later ids.
        Ok(Self { db, payers, income, vat, at: now.as_microsecond(), first_millis: millis - purchases })
    }

    fn purchase(&mut self, number: u64) -> Result<()> {
        let mut tail = [0; 10];
        tail[2..].copy_from_slice(&number.to_be_bytes());
        let id = Builder::from_unix_timestamp_millis(self.first_millis + number, &tail).into_uuid();
        let mut digest = [0; 32];
        digest[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes());
        let (till, payers) = (u32::try_from(number % u64::from(books::TILLS))?, self.payers.len());
        self.db
            .prepare_cached(
                "INSERT INTO transactions (id, school, digest, kind, at, device, text)
                 VALUES (?, ?, ?, 'purchase', ?, ?, ?)",
            )?
            .execute((id, books::SCHOOL.uuid(), digest, self.at, books::till_id(till).uuid(), books::TEXT))?;
        let price = books::PRICE.ore();
        let vat = books::PRICE.vat_within(books::VAT).ore();
        let payer = &mut self.payers[usize::try_from(number)? % payers];
        for (book, amount) in [(payer, -price), (&mut self.income, price - vat), (&mut self.vat, vat)] {
            book.balance += amount;
            book.version += 1;
            self.db
                .prepare_cached(
                    "INSERT INTO entries (\"transaction\", book, amount, balance, at) VALUES (?, ?, ?, ?, ?)",
                )?
                .execute((id, book.id, amount, book.balance, self.at))?;
        }
        Ok(())
    }

    fn finish(self) -> Result<()> {
        let mut update = self.db.prepare("UPDATE books SET balance = ?, version = ?, last_at = ? WHERE id = ?")?;
        for book in self.payers.iter().chain([&self.income, &self.vat]) {
            update.execute(params![book.balance, book.version, self.at, book.id])?;
        }
        Ok(())
    }
}

fn standing(row: &rusqlite::Row<'_>) -> rusqlite::Result<Standing> {
    Ok(Standing { id: row.get(0)?, balance: row.get(1)?, version: row.get(2)? })
}
