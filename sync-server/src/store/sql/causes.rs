//! Which purchase a charge of auto top-up is for, and up to where auto top-up has looked.
//!
//! A mandate keeps the last entry of its account's book that was looked at. It begins with the newest one when the mandate is given,
//! and moves on to the newest one whenever the account is considered or auto top-up goes on after a stop.
//!
//! **Invariant:** what was bought before a mandate was given, or while it was stopped, is never a cause; what was looked at once is
//! not looked at again.

use std::collections::BTreeSet;

use jiff::Timestamp;
use madkort_ledger::Kind;
use madkort_ledger::recharge::Cause;
use madkort_protocol::{AccountId, MandateId, Money, OperationId};
use uuid::Uuid;

use super::session::{First, Session};
use super::value::{Db, Row, corrupt, values};
use super::write::Write;

/// What takes money from a holder for food.
const BUYS: [Kind; 3] = [Kind::Purchase, Kind::AuthorisationHeld, Kind::OrderHeld];
/// What takes one of them back; each names it, or the capture of it.
const TAKES_BACK: [Kind; 6] = [
    Kind::PurchaseUndone,
    Kind::AuthorisationReleased,
    Kind::AuthorisationExpired,
    Kind::OrderReleased,
    Kind::OrderRefunded,
    Kind::Reversal,
];

/// Where an entry stands in its book. Times within a book never run backwards, so the number alone tells which of two is later; the
/// time is what the entries are kept by.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    pub at: i64,
    pub number: i64,
}

/// The newest entry of an account's book; before the first one, nothing.
pub fn newest(db: &dyn Session, account: AccountId) -> Db<Place> {
    let last = db.first(
        "SELECT at, number FROM entries WHERE book = (SELECT book FROM accounts WHERE id = $1)
         ORDER BY at DESC, number DESC LIMIT 1",
        &values![account.uuid()],
    )?;
    last.map_or(Ok(Place { at: 0, number: 0 }), |row| place(&row))
}

/// Everything on the account has been looked at.
pub fn look(write: &Write<'_>, account: AccountId) -> Db<()> {
    let last = newest(write.db()?, account)?;
    write.db()?.execute(
        "UPDATE mandates SET seen_at = $1, seen = $2 WHERE account = $3 AND state <> 'cancelled' AND seen < $2",
        &values![last.at, last.number, account.uuid()],
    )?;
    Ok(())
}

/// The purchase that took the balance of a book below the threshold: of those that the mandate has not looked at and that were not
/// taken back since, the first that left it below and after which it never was at the threshold or above.
pub fn cause(db: &dyn Session, mandate: MandateId, book: i64, below: Money) -> Db<Option<Cause>> {
    let looked =
        db.first("SELECT seen_at AS at, seen AS number FROM mandates WHERE id = $1", &values![mandate.uuid()])?;
    let looked = place(&looked.ok_or(corrupt("mandate"))?)?;
    let enough = db.first(
        "SELECT at, number FROM entries WHERE book = $1 AND at >= $2 AND number > $3 AND balance >= $4
         ORDER BY at DESC, number DESC LIMIT 1",
        &values![book, looked.at, looked.number, below],
    )?;
    let since = enough.map_or(Ok(looked), |row| place(&row))?;
    let moved = db.query(
        "SELECT t.id, t.kind, t.about, captured.about AS behind, t.at, e.amount FROM entries e
         JOIN transactions t ON t.shard = e.shard AND t.place = e.place
         LEFT JOIN transactions captured ON captured.id = t.about
         WHERE e.book = $1 AND e.at >= $2 AND e.number > $3 ORDER BY e.at, e.number",
        &values![book, since.at, since.number],
    )?;
    let mut taken_back = BTreeSet::new();
    for row in &moved {
        if is_one_of(row, &TAKES_BACK)? {
            taken_back.extend(row.col::<Option<Uuid>>("about")?);
            taken_back.extend(row.col::<Option<Uuid>>("behind")?);
        }
    }
    for row in &moved {
        let id: Uuid = row.col("id")?;
        let amount: Money = row.col("amount")?;
        if is_one_of(row, &BUYS)? && amount < Money::ZERO && !taken_back.contains(&id) {
            return Ok(Some(Cause { id: OperationId::new(id), at: row.col::<Timestamp>("at")? }));
        }
    }
    Ok(None)
}

fn place(row: &Row) -> Db<Place> {
    Ok(Place { at: row.col("at")?, number: row.col("number")? })
}

fn is_one_of(row: &Row, kinds: &[Kind]) -> Db<bool> {
    let kind: String = row.col("kind")?;
    Ok(kinds.iter().any(|one| one.word() == kind))
}
