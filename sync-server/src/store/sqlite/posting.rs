//! Writing a transaction into the books.
//!
//! **Invariant:** entries are appended without gaps; each carries its book's balance right after it; a book's version is the
//! number of its entries; times within a book never run backwards, also when the machine's clock does.

use jiff::Timestamp;
use jiff::civil::Date;
use madkort_ledger::{Book, Transaction};
use madkort_protocol::{DeviceId, OperationId, Outcome, Refusal, SchoolId};
use rusqlite::OptionalExtension;
use sha2::{Digest, Sha256};

use super::values::{Columns, corrupt, count, json, micros};
use super::writer::Write;

/// SHA-256 of what was asked for under an id.
pub(super) type BodyDigest = [u8; 32];

/// The digest of a body. `kind` keeps bodies of different messages apart.
pub(super) fn digest(kind: &str, body: &impl serde::Serialize) -> rusqlite::Result<BodyDigest> {
    Ok(Sha256::new().chain_update(kind).chain_update([0]).chain_update(json(body)?).finalize().into())
}

/// What was settled under an id before.
pub(super) struct Settled {
    pub digest: BodyDigest,
    pub refusal: Option<Refusal>,
}

impl Settled {
    /// The first outcome, as it is told the second time.
    pub fn outcome(self) -> Outcome {
        self.refusal.map_or(Outcome::AlreadyPosted, Outcome::Refused)
    }
}

/// Looks an id up, among what is settled and what is on its way.
pub(super) fn settled(write: &Write<'_>, id: OperationId) -> rusqlite::Result<Option<Settled>> {
    let found = write
        .db
        .prepare_cached("SELECT digest, refusal FROM transactions WHERE id = ?")?
        .query_row([id.uuid()], |row| {
            let refusal: Option<String> = row.col("refusal")?;
            let refusal = refusal.map(|text| serde_json::from_str(&text)).transpose();
            Ok(Settled { digest: row.col("digest")?, refusal: refusal.map_err(|_| corrupt("refusal"))? })
        })
        .optional()?;
    if found.is_some() {
        return Ok(found);
    }
    // An id a deposit or a charge will be posted under is taken; no body digests to zero.
    let taken = write
        .db
        .prepare_cached("SELECT 1 FROM deposits WHERE id = ?1 UNION ALL SELECT 1 FROM charges WHERE id = ?1")?
        .exists([id.uuid()])?;
    Ok(taken.then_some(Settled { digest: [0; 32], refusal: None }))
}

/// What is settled now, whether money moves or not.
pub(super) struct Note<'a> {
    pub id: OperationId,
    pub school: SchoolId,
    pub digest: BodyDigest,
    pub kind: &'a str,
    pub at: Timestamp,
    pub claimed_at: Option<Timestamp>,
    pub device: Option<DeviceId>,
    pub seq: Option<u64>,
    pub refusal: Option<&'a Refusal>,
    pub number: &'a str,
    pub text: &'a str,
    pub delivery: Option<Date>,
}

/// Settles an id for ever.
pub(super) fn note(write: &Write<'_>, note: &Note<'_>) -> rusqlite::Result<()> {
    write
        .db
        .prepare_cached(
            "INSERT INTO transactions
             (id, school, digest, kind, at, claimed_at, device, seq, refusal, number, text, delivery)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute((
            note.id.uuid(),
            note.school.uuid(),
            note.digest,
            note.kind,
            micros(note.at),
            note.claimed_at.map(micros),
            note.device.map(DeviceId::uuid),
            note.seq.map(count),
            note.refusal.map(json).transpose()?,
            note.number,
            note.text,
            note.delivery.map(|date| date.to_string()),
        ))?;
    Ok(())
}

struct Standing {
    id: i64,
    balance: i64,
    last_at: i64,
}

/// Appends the entries of a transaction that is noted, and moves the balances. Holders' accounts go to the change feed.
pub(super) fn post(write: &Write<'_>, school: SchoolId, transaction: &Transaction) -> rusqlite::Result<()> {
    for leg in transaction.legs() {
        let book = standing(write, school, &leg.book)?;
        let balance = book.balance.checked_add(leg.amount.ore()).ok_or_else(|| corrupt("balance"))?;
        let at = micros(transaction.at()).max(book.last_at);
        write
            .db
            .prepare_cached("UPDATE books SET balance = ?, version = version + 1, last_at = ? WHERE id = ?")?
            .execute((balance, at, book.id))?;
        write
            .db
            .prepare_cached("INSERT INTO entries (\"transaction\", book, amount, balance, at) VALUES (?, ?, ?, ?, ?)")?
            .execute((transaction.id().uuid(), book.id, leg.amount.ore(), balance, at))?;
        if let Some(account) = leg.book.account() {
            write.changed(school, "account", account.uuid().as_bytes())?;
        }
    }
    Ok(())
}

fn standing(write: &Write<'_>, school: SchoolId, book: &Book) -> rusqlite::Result<Standing> {
    let name = book.to_string();
    let found = write
        .db
        .prepare_cached("SELECT id, balance, last_at FROM books WHERE school = ? AND name = ?")?
        .query_row((school.uuid(), &name), |row| {
            Ok(Standing { id: row.col("id")?, balance: row.col("balance")?, last_at: row.col("last_at")? })
        })
        .optional()?;
    found.map_or_else(|| Ok(Standing { id: open_book(write, school, &name)?, balance: 0, last_at: 0 }), Ok)
}

/// Opens an empty book and answers its row's id.
pub(super) fn open_book(write: &Write<'_>, school: SchoolId, name: &str) -> rusqlite::Result<i64> {
    write.db.prepare_cached("INSERT INTO books (school, name) VALUES (?, ?)")?.insert((school.uuid(), name))
}
