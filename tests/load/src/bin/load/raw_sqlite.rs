//! Raw group commit through rusqlite.
//!
//! **Invariant:** a group is one transaction in WAL mode with `synchronous=FULL`; when [`RawSqlite::post`] returns, it is on disk.

use std::path::Path;

use anyhow::Result;
use jiff::Timestamp;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior};
use sha2::{Digest, Sha256};

use crate::books;
use crate::raw::{Answer, Asked, CAP, FIRST_ACCOUNT, INCOME, Periods, VAT, digest, vat};

const SCHEMA: &str = "
CREATE TABLE cards (uid TEXT PRIMARY KEY, book INTEGER NOT NULL, active INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE books (
    id INTEGER PRIMARY KEY, balance INTEGER NOT NULL, version INTEGER NOT NULL, floor INTEGER NOT NULL,
    day INTEGER NOT NULL, day_spent INTEGER NOT NULL, day_cap INTEGER NOT NULL,
    week INTEGER NOT NULL, week_spent INTEGER NOT NULL, week_cap INTEGER NOT NULL,
    month INTEGER NOT NULL, month_spent INTEGER NOT NULL, month_cap INTEGER NOT NULL) STRICT;
CREATE TABLE transactions (
    id BLOB PRIMARY KEY, digest BLOB NOT NULL, device BLOB NOT NULL, at INTEGER NOT NULL, text TEXT NOT NULL)
    STRICT, WITHOUT ROWID;
CREATE TABLE entries (
    book INTEGER NOT NULL, version INTEGER NOT NULL, \"transaction\" BLOB NOT NULL, amount INTEGER NOT NULL,
    balance INTEGER NOT NULL, PRIMARY KEY (book, version)) STRICT, WITHOUT ROWID;
CREATE TABLE changes (cursor INTEGER PRIMARY KEY, book INTEGER NOT NULL UNIQUE) STRICT;
CREATE TABLE chain (number INTEGER PRIMARY KEY, hash BLOB NOT NULL) STRICT;
";
/// As the server sets it: checkpoints cost more than commits.
const CHECKPOINT_PAGES: u32 = 20_000;
/// On each account at the beginning, in øre.
const PAID_IN: i64 = 1_000_000_000_000;

/// The books and what the one writer keeps in memory of them.
pub struct RawSqlite {
    db: Connection,
    income: Shared,
    vat: Shared,
    cursor: i64,
    groups: i64,
    chain: [u8; 32],
}

/// A book that every purchase touches: written back once a group.
#[derive(Clone, Copy, Default)]
struct Shared {
    balance: i64,
    version: i64,
}

struct Payer {
    book: i64,
    active: bool,
    balance: i64,
    version: i64,
    floor: i64,
    /// Spent in this day, week and month, with the caps.
    spent: [(i64, i64); 3],
}

impl RawSqlite {
    /// Makes new books with every account in them.
    pub fn create(path: &Path) -> Result<Self> {
        let db = Connection::open(path)?;
        db.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
        db.pragma_update(None, "synchronous", "FULL")?;
        db.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
        // Or SQLite, as it is bundled, prepares a statement anew whenever a value is bound to it.
        db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        db.set_prepared_statement_cache_capacity(32);
        db.execute_batch(SCHEMA)?;
        let transaction = db.unchecked_transaction()?;
        let mut book = db.prepare("INSERT INTO books VALUES (?, ?, 0, 0, 0, 0, ?3, 0, 0, ?3, 0, 0, ?3)")?;
        let mut card = db.prepare("INSERT INTO cards VALUES (?, ?, 1)")?;
        book.execute((INCOME, 0, CAP))?;
        book.execute((VAT, 0, CAP))?;
        for (number, id) in (0..books::ACCOUNTS).zip(FIRST_ACCOUNT..) {
            book.execute((id, PAID_IN, CAP))?;
            card.execute((books::uid(number)?.as_hex(), id))?;
        }
        drop((book, card));
        transaction.commit()?;
        let (income, vat) = (Shared::default(), Shared::default());
        Ok(Self { db, income, vat, cursor: 0, groups: 0, chain: [0; 32] })
    }

    /// Checks and posts a group, commits once, answers in order.
    pub fn post(&mut self, group: &[Asked], now: Timestamp) -> Result<Vec<Answer>> {
        let (before, periods) = ((self.income, self.vat, self.cursor), Periods::of(now));
        let transaction = Transaction::new_unchecked(&self.db, TransactionBehavior::Immediate)?;
        let mut shared = before;
        let mut chain = Sha256::new().chain_update(self.chain);
        let mut answers = Vec::with_capacity(group.len());
        for asked in group {
            answers.push(post_one(&transaction, asked, now, periods, &mut shared, &mut chain)?);
        }
        let (income, vat, cursor) = shared;
        let mut book = transaction.prepare_cached("UPDATE books SET balance = ?, version = ? WHERE id = ?")?;
        book.execute((income.balance, income.version, INCOME))?;
        book.execute((vat.balance, vat.version, VAT))?;
        drop(book);
        let hash: [u8; 32] = chain.finalize().into();
        transaction
            .prepare_cached("INSERT INTO chain (number, hash) VALUES (?, ?)")?
            .execute((self.groups + 1, hash))?;
        transaction.commit()?;
        (self.income, self.vat, self.cursor) = (income, vat, cursor);
        (self.groups, self.chain) = (self.groups + 1, hash);
        Ok(answers)
    }
}

fn post_one(
    db: &Connection,
    asked: &Asked,
    now: Timestamp,
    periods: Periods,
    (income, vat_book, cursor): &mut (Shared, Shared, i64),
    chain: &mut Sha256,
) -> rusqlite::Result<Answer> {
    let (id, digest) = (asked.request.id.uuid(), digest(&asked.request));
    let known: Option<[u8; 32]> = db
        .prepare_cached("SELECT digest FROM transactions WHERE id = ?")?
        .query_row([id], |row| row.get(0))
        .optional()?;
    if let Some(known) = known {
        return Ok(if known == digest { Answer::AlreadyPosted } else { Answer::IdReused });
    }
    let (amount, vat) = (asked.request.amount.ore(), vat(&asked.request));
    let Some(payer) = payer(db, asked.request.card_uid.as_hex(), periods)? else { return Ok(Answer::Refused) };
    let balance = payer.balance - amount;
    if !payer.active || balance < payer.floor || payer.spent.iter().any(|(spent, cap)| spent + amount > *cap) {
        return Ok(Answer::Refused);
    }
    db.prepare_cached("INSERT INTO transactions (id, digest, device, at, text) VALUES (?, ?, ?, ?, ?)")?.execute((
        id,
        digest,
        asked.device.uuid(),
        now.as_microsecond(),
        &asked.request.text,
    ))?;
    for (shared, amount) in [(&mut *income, amount - vat), (&mut *vat_book, vat)] {
        *shared = Shared { balance: shared.balance + amount, version: shared.version + 1 };
    }
    let legs = [
        (payer.book, payer.version + 1, -amount, balance),
        (INCOME, income.version, amount - vat, income.balance),
        (VAT, vat_book.version, vat, vat_book.balance),
    ];
    chain.update(digest);
    let mut entry = db.prepare_cached("INSERT INTO entries VALUES (?, ?, ?, ?, ?)")?;
    for (book, version, amount, balance) in legs {
        entry.execute((book, version, id, amount, balance))?;
        chain.update(book.to_le_bytes());
        chain.update(amount.to_le_bytes());
        chain.update(balance.to_le_bytes());
    }
    let [day, week, month] = payer.spent.map(|(spent, _)| spent + amount);
    db.prepare_cached(
        "UPDATE books SET balance = ?, version = ?, day = ?, day_spent = ?, week = ?, week_spent = ?, month = ?,
         month_spent = ? WHERE id = ?",
    )?
    .execute((
        balance,
        payer.version + 1,
        periods.day,
        day,
        periods.week,
        week,
        periods.month,
        month,
        payer.book,
    ))?;
    *cursor += 1;
    db.prepare_cached("INSERT OR REPLACE INTO changes (cursor, book) VALUES (?, ?)")?.execute((*cursor, payer.book))?;
    Ok(Answer::Posted)
}

fn payer(db: &Connection, uid: &str, periods: Periods) -> rusqlite::Result<Option<Payer>> {
    let spent = |row: &rusqlite::Row<'_>, at: usize, period: i64| {
        let (stored, spent, cap): (i64, i64, i64) = (row.get(at)?, row.get(at + 1)?, row.get(at + 2)?);
        Ok::<_, rusqlite::Error>((if stored == period { spent } else { 0 }, cap))
    };
    db.prepare_cached(
        "SELECT c.active, b.id, b.balance, b.version, b.floor, b.day, b.day_spent, b.day_cap, b.week, b.week_spent,
         b.week_cap, b.month, b.month_spent, b.month_cap FROM cards c JOIN books b ON b.id = c.book WHERE c.uid = ?",
    )?
    .query_row([uid], |row| {
        Ok(Payer {
            active: row.get(0)?,
            book: row.get(1)?,
            balance: row.get(2)?,
            version: row.get(3)?,
            floor: row.get(4)?,
            spent: [spent(row, 5, periods.day)?, spent(row, 8, periods.week)?, spent(row, 11, periods.month)?],
        })
    })
    .optional()
}
