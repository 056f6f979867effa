//! Statements from the entries of an account's book. The running balance stands in each entry, so nothing is summed.
//!
//! **Invariant:** a line of a correction names what it corrects, by its words and its day, and says who did it and why
//! (bookkeeping law: the original and the change can be seen).

use jiff::Timestamp;
use jiff::civil::Date;
use madkort_ledger::Kind;
use madkort_protocol::{
    AccountId, Correction, CorrectionStep, Language, Money, SchoolId, Statement, StatementLine, StatementText,
    WrongEntry,
};

use crate::danish;
use crate::store::{Pending, Statements};

use super::SqlStore;
use super::session::{First, Session};
use super::value::{Db, Row, corrupt, values};

/// Months a statement can be asked for, newest first: five years and a little, as long as bookkeeping is kept.
const MONTHS: usize = 64;

impl Statements for SqlStore {
    fn statement(&self, school: SchoolId, account: AccountId, month: Date) -> Pending<'_, Option<Statement>> {
        self.read("writing a statement", move |db| statement(db, school, account, month))
    }

    fn last_posting(&self, account: AccountId) -> Pending<'_, Option<Timestamp>> {
        self.read("looking up the last posting", move |db| {
            db.first(
                "SELECT b.last_at FROM accounts a JOIN books b ON b.id = a.book WHERE a.id = $1 AND b.version > 0",
                &values![account.uuid()],
            )?
            .map(|row| row.col("last_at"))
            .transpose()
        })
    }
}

/// A month as it stands; `None` if the school has no such account.
pub fn statement(db: &dyn Session, school: SchoolId, account: AccountId, month: Date) -> Db<Option<Statement>> {
    let book: Option<i64> = db
        .first("SELECT book FROM accounts WHERE id = $1 AND school = $2", &values![account.uuid(), school.uuid()])?
        .map(|row| row.col("book"))
        .transpose()?;
    let Some(book) = book else { return Ok(None) };
    let month = danish::month_of(month);
    let (begin, end) = (danish::start_of(month), danish::start_of(danish::next_month(month)));
    let opening = last_before(db, book, begin)?.map_or(Money::ZERO, |(_, balance)| balance);
    let lines = lines(db, book, begin, end)?;
    let closing = lines.last().map_or(opening, |line| line.balance);
    Ok(Some(Statement { account, month, opening, closing, lines, months: months(db, book)? }))
}

fn last_before(db: &dyn Session, book: i64, before: Timestamp) -> Db<Option<(Timestamp, Money)>> {
    db.first(
        "SELECT at, balance FROM entries WHERE book = $1 AND at < $2 ORDER BY at DESC, number DESC LIMIT 1",
        &values![book, before],
    )?
    .map(|row| Ok((row.col("at")?, row.col("balance")?)))
    .transpose()
}

fn lines(db: &dyn Session, book: i64, begin: Timestamp, end: Timestamp) -> Db<Vec<StatementLine>> {
    db.query(
        "SELECT e.at, e.amount, e.balance, t.kind, t.number, t.text, t.delivery,
                o.at AS wrong_at, o.kind AS wrong_kind, o.number AS wrong_number, o.text AS wrong_text
         FROM entries e JOIN transactions t ON t.shard = e.shard AND t.place = e.place
         LEFT JOIN transactions o ON o.id = t.about
         WHERE e.book = $1 AND e.at >= $2 AND e.at < $3 ORDER BY e.at, e.number",
        &values![book, begin, end],
    )?
    .iter()
    .map(line)
    .collect()
}

fn line(row: &Row) -> Db<StatementLine> {
    let kind = kind(&row.col::<String>("kind")?)?;
    let correction = correction(kind, row)?;
    let text = match &correction {
        // In Danish as all that staff and tills write, for kiosks that read the text alone.
        Some(correction) => StatementText::Purchase { text: correction.in_words(Language::Danish) },
        None => text(kind, row)?,
    };
    Ok(StatementLine {
        date: danish::day_of(row.col("at")?),
        text,
        number: row.col("number")?,
        amount: row.col("amount")?,
        balance: row.col("balance")?,
        correction,
    })
}

fn text(kind: Kind, row: &Row) -> Db<StatementText> {
    Ok(match kind {
        Kind::Deposit => StatementText::Deposit,
        Kind::Recharge => StatementText::Recharge,
        Kind::Purchase | Kind::PurchaseUndone => StatementText::Purchase { text: row.col("text")? },
        Kind::OrderHeld => StatementText::OrderPlaced { delivery: row.col("delivery")? },
        Kind::OrderReleased | Kind::OrderRefunded => StatementText::OrderReleased { delivery: row.col("delivery")? },
        Kind::Transfer => StatementText::Transfer,
        Kind::WithdrawalRequested => StatementText::Withdrawal,
        Kind::WithdrawalCancelled | Kind::WithdrawalReturned => StatementText::WithdrawalBack,
        // A correction of what nothing is known of; and those that no route makes yet, which have no words of their own.
        Kind::Reversal
        | Kind::Correction
        | Kind::OrderCaptured
        | Kind::Stray
        | Kind::AuthorisationHeld
        | Kind::AuthorisationReleased
        | Kind::AuthorisationExpired
        | Kind::WithdrawalSent
        | Kind::WithdrawalSettled
        | Kind::GuestCardIssued
        | Kind::GuestCardReturned => StatementText::Correction,
    })
}

fn kind(word: &str) -> Db<Kind> {
    Kind::ALL.into_iter().find(|kind| kind.word() == word).ok_or(corrupt("kind"))
}

/// What a correction put right: told from the row it is about, so that nothing but the reason is kept in words.
fn correction(of: Kind, row: &Row) -> Db<Option<Correction>> {
    let step = match of {
        Kind::Reversal => CorrectionStep::Reversal,
        Kind::Correction => CorrectionStep::Replacement,
        _ => return Ok(None),
    };
    let Some(word) = row.col::<Option<String>>("wrong_kind")? else { return Ok(None) };
    let wrong = match kind(&word)? {
        Kind::Purchase => WrongEntry::Purchase { text: row.col("wrong_text")? },
        Kind::Deposit | Kind::Stray => WrongEntry::Deposit,
        Kind::Recharge => WrongEntry::Recharge,
        Kind::Transfer => WrongEntry::Transfer,
        Kind::GuestCardIssued | Kind::GuestCardReturned => WrongEntry::GuestCard,
        _ => WrongEntry::Correction,
    };
    let (number, reason, date) = (row.col("wrong_number")?, row.col("text")?, danish::day_of(row.col("wrong_at")?));
    Ok(Some(Correction { step, wrong, number, date, reason }))
}

/// The months with lines, newest first: one step in the index per month.
fn months(db: &dyn Session, book: i64) -> Db<Vec<Date>> {
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
