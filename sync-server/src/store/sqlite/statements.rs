//! Statements from the entries of an account's book. The running balance stands in each entry, so nothing is summed.

use jiff::Timestamp;
use jiff::civil::Date;
use madkort_ledger::Kind;
use madkort_protocol::{AccountId, Money, SchoolId, Statement, StatementLine, StatementText};
use rusqlite::{Connection, OptionalExtension, Row};

use crate::danish;
use crate::store::{Pending, Statements};

use super::SqliteStore;
use super::values::{Columns, corrupt, micros};

/// Months a statement can be asked for, newest first: five years and a little, as long as bookkeeping is kept.
const MONTHS: usize = 64;

impl Statements for SqliteStore {
    fn statement(&self, school: SchoolId, account: AccountId, month: Date) -> Pending<'_, Option<Statement>> {
        self.read("writing a statement", move |db| statement(db, school, account, month))
    }

    fn last_posting(&self, account: AccountId) -> Pending<'_, Option<Timestamp>> {
        self.read("looking up the last posting", move |db| {
            db.prepare_cached(
                "SELECT b.last_at FROM accounts a JOIN books b ON b.id = a.book WHERE a.id = ? AND b.version > 0",
            )?
            .query_row([account.uuid()], |row| row.time("last_at"))
            .optional()
        })
    }
}

fn statement(
    db: &Connection,
    school: SchoolId,
    account: AccountId,
    month: Date,
) -> rusqlite::Result<Option<Statement>> {
    let book: Option<i64> = db
        .prepare_cached("SELECT book FROM accounts WHERE id = ? AND school = ?")?
        .query_row((account.uuid(), school.uuid()), |row| row.get(0))
        .optional()?;
    let Some(book) = book else { return Ok(None) };
    let month = danish::month_of(month);
    let (begin, end) = (danish::start_of(month), danish::start_of(danish::next_month(month)));
    let opening = last_before(db, book, begin)?.map_or(Money::ZERO, |(_, balance)| balance);
    let lines = lines(db, book, begin, end)?;
    let closing = lines.last().map_or(opening, |line| line.balance);
    Ok(Some(Statement { account, month, opening, closing, lines, months: months(db, book)? }))
}

fn last_before(db: &Connection, book: i64, before: Timestamp) -> rusqlite::Result<Option<(Timestamp, Money)>> {
    db.prepare_cached("SELECT at, balance FROM entries WHERE book = ? AND at < ? ORDER BY at DESC, id DESC LIMIT 1")?
        .query_row((book, micros(before)), |row| Ok((row.time("at")?, row.money("balance")?)))
        .optional()
}

fn lines(db: &Connection, book: i64, begin: Timestamp, end: Timestamp) -> rusqlite::Result<Vec<StatementLine>> {
    db.prepare_cached(
        "SELECT e.at, e.amount, e.balance, t.kind, t.number, t.text, t.delivery
         FROM entries e JOIN transactions t ON t.id = e.\"transaction\"
         WHERE e.book = ? AND e.at >= ? AND e.at < ? ORDER BY e.at, e.id",
    )?
    .query_map((book, micros(begin), micros(end)), line)?
    .collect()
}

fn line(row: &Row<'_>) -> rusqlite::Result<StatementLine> {
    Ok(StatementLine {
        date: danish::day_of(row.time("at")?),
        text: text(row)?,
        number: row.col("number")?,
        amount: row.money("amount")?,
        balance: row.money("balance")?,
    })
}

fn text(row: &Row<'_>) -> rusqlite::Result<StatementText> {
    let word: String = row.col("kind")?;
    let kind = Kind::ALL.into_iter().find(|kind| kind.word() == word).ok_or_else(|| corrupt("kind"))?;
    Ok(match kind {
        Kind::Deposit => StatementText::Deposit,
        Kind::Recharge => StatementText::Recharge,
        Kind::Purchase | Kind::PurchaseUndone => StatementText::Purchase { text: row.col("text")? },
        Kind::OrderHeld => StatementText::OrderPlaced { delivery: row.day("delivery")? },
        Kind::OrderReleased | Kind::OrderRefunded => StatementText::OrderReleased { delivery: row.day("delivery")? },
        // Those that no route makes yet have no words of their own.
        Kind::OrderCaptured
        | Kind::Stray
        | Kind::Correction
        | Kind::Reversal
        | Kind::AuthorisationHeld
        | Kind::AuthorisationReleased
        | Kind::AuthorisationExpired
        | Kind::Transfer
        | Kind::WithdrawalRequested
        | Kind::WithdrawalCancelled
        | Kind::WithdrawalSent
        | Kind::WithdrawalSettled
        | Kind::WithdrawalReturned
        | Kind::GuestCardIssued
        | Kind::GuestCardReturned => StatementText::Correction,
    })
}

/// The months with lines, newest first: one step in the index per month.
fn months(db: &Connection, book: i64) -> rusqlite::Result<Vec<Date>> {
    let mut months = Vec::new();
    let mut before = Timestamp::MAX;
    while months.len() < MONTHS {
        let Some((at, _)) = last_before(db, book, before)? else { break };
        let month = danish::month_of(danish::day_of(at));
        before = danish::start_of(month);
        months.push(month);
    }
    Ok(months)
}
