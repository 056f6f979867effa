//! Transactions read back as they were posted, to be undone, refunded or corrected.

use std::collections::HashMap;

use jiff::Timestamp;
use madkort_ledger::{Kind, Leg, Posted, Transaction};
use madkort_protocol::{AccountId, DeviceId, Money, OperationId, SchoolId};

use super::legs::{self, BookLeg};
use super::session::First;
use super::value::{Db, Value, corrupt, values};
use super::write::Write;

/// A transaction in the books, and what has become of it.
pub struct Found {
    pub transaction: Transaction,
    pub holder: Option<AccountId>,
    pub device: Option<DeviceId>,
    pub reversed: bool,
    /// What the statement says of it.
    pub text: String,
    /// When the holder's money was first taken or held.
    pub spent_at: Timestamp,
}

impl Found {
    /// As the rules look at it.
    pub fn posted(&self) -> Posted<'_> {
        Posted { transaction: &self.transaction, holder: self.holder, device: self.device, reversed: self.reversed }
    }
}

/// What was posted under an id; `None` if nothing moved under it.
pub fn found(write: &Write<'_>, school: SchoolId, id: OperationId) -> Db<Option<Found>> {
    let row = write.db()?.first(
        "SELECT t.kind, t.at, t.device, t.about, t.text, t.legs, h.account, h.at AS held_at
         FROM transactions t LEFT JOIN holds h ON h.id = t.about
         WHERE t.id = $1 AND t.school = $2 AND t.refusal IS NULL AND length(t.legs) > 0",
        &values![id.uuid(), school.uuid()],
    )?;
    let Some(row) = row else { return Ok(None) };
    let kind: String = row.col("kind")?;
    let kind = Kind::ALL.into_iter().find(|known| known.word() == kind).ok_or(corrupt("kind"))?;
    let at = row.col("at")?;
    let legs = legs_of(write, &row.col::<Vec<u8>>("legs")?)?;
    let transaction = Transaction::try_new(id, kind, legs, at).map_err(|_| corrupt("transaction"))?;
    let on_card = transaction.legs().iter().find_map(|leg| leg.book.account());
    let held_for = row.col::<Option<_>>("account")?.map(AccountId::new);
    Ok(Some(Found {
        holder: held_for.or(on_card),
        device: row.col::<Option<_>>("device")?.map(DeviceId::new),
        reversed: is_reversed(write, id)?,
        text: row.col("text")?,
        spent_at: row.col::<Option<_>>("held_at")?.unwrap_or(at),
        transaction,
    }))
}

fn legs_of(write: &Write<'_>, stored: &[u8]) -> Db<Vec<Leg>> {
    let legs = legs::read(stored)?;
    let books: Vec<_> = legs.iter().map(|leg| Value::from(leg.book)).collect();
    let mut names = HashMap::new();
    for row in write.db()?.query_each("SELECT id, name FROM books WHERE id = $1", &[], &books)? {
        names.insert(row.col::<i64>("id")?, row.col::<String>("name")?);
    }
    let with_book = |leg: &BookLeg| {
        let book = names.get(&leg.book).and_then(|name| name.parse().ok()).ok_or(corrupt("book"))?;
        Ok(Leg { book, amount: Money::from_ore(leg.amount) })
    };
    legs.iter().map(with_book).collect()
}

fn is_reversed(write: &Write<'_>, id: OperationId) -> Db<bool> {
    write.db()?.exists(
        "SELECT 1 AS one FROM transactions WHERE about = $1 AND refusal IS NULL
         AND kind IN ('purchase-undone', 'order-refunded', 'reversal')",
        &values![id.uuid()],
    )
}
