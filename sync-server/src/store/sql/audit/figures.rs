//! What rides on a book beside its balance, once more from the transactions: the number of its entries, the time of the last,
//! what its holder has paid in (which arms auto top-up) and spent (which caps limit).
//!
//! **Invariant:** what is counted here is counted by the ledger's own rules ([`Spent`]), from the stored transactions alone but for
//! whose a hold was, which [`super::holds`] checks.

use std::collections::HashMap;

use jiff::Timestamp;
use jiff::civil::Date;
use madkort_ledger::caps::Spent;
use madkort_ledger::{HoldKind, Kind};
use madkort_protocol::Money;
use uuid::Uuid;

use super::super::legs::{self, BookLeg};
use super::super::session::Session;
use super::super::value::{Db, Row, Value, corrupt, values};
use super::AT_ONCE;
use super::walk::{OwnBooks, Settled, Tallies, Tally};
use crate::store::Broken;

/// A transaction that another one is about.
pub struct Origin {
    kind: Option<Kind>,
    legs: Vec<BookLeg>,
    /// When its holder's money was first taken or held.
    spent_at: i64,
    /// The book of whoever's money was held for it.
    holder: Option<i64>,
}

/// What some transactions are about, where it is needed to count them: looked up together.
pub fn origins(db: &dyn Session, transactions: &[Settled]) -> Db<HashMap<Uuid, Origin>> {
    const SQL: &str = "SELECT t.id, t.kind, t.legs, coalesce(f.at, t.at) AS spent_at, a.book AS holder FROM transactions t \
         LEFT JOIN transactions f ON f.id = t.about LEFT JOIN holds h ON h.id = t.about \
         LEFT JOIN accounts a ON a.id = h.account WHERE t.id = $1";
    let counts = |settled: &&Settled| settled.kind.is_some_and(|kind| kind.is_spending() || kind == Kind::Reversal);
    let mut about: Vec<Uuid> = transactions.iter().filter(counts).filter_map(|settled| settled.about).collect();
    about.sort_unstable();
    about.dedup();
    let about: Vec<Value> = about.into_iter().map(Value::from).collect();
    db.query_each(SQL, &[], &about)?.iter().map(|row| Ok((row.col("id")?, origin(row)?))).collect()
}

fn origin(row: &Row) -> Db<Origin> {
    let word: String = row.col("kind")?;
    Ok(Origin {
        kind: Kind::ALL.into_iter().find(|kind| kind.word() == word),
        legs: legs::read(&row.col::<Vec<u8>>("legs")?).unwrap_or_default(),
        spent_at: row.col("spent_at")?,
        holder: row.col("holder")?,
    })
}

/// Counts one more transaction.
pub fn count(books: &mut Tallies, own: &OwnBooks, settled: &Settled, origins: &HashMap<Uuid, Origin>) {
    let Some(kind) = settled.kind.filter(|_| !settled.refused) else { return };
    let origin = settled.about.and_then(|about| origins.get(&about));
    match kind {
        Kind::Deposit | Kind::Recharge => {
            for leg in own.of_holders(&settled.legs) {
                let book = books.entry(leg.book).or_default();
                book.deposited = book.deposited.saturating_add(leg.amount);
            }
        }
        Kind::Reversal => origin.iter().for_each(|wrong| take_back(books, own, settled, wrong)),
        kind if kind.is_spending() => {
            let spent_at = origin.map_or(settled.at, |origin| origin.spent_at);
            for leg in own.of_holders(&settled.legs) {
                let book = books.entry(leg.book).or_default();
                book.spent = spend(book.spent, leg.amount.saturating_neg(), spent_at, settled.at);
            }
        }
        _ => {}
    }
}

/// What was put right counts no longer as paid in or spent.
fn take_back(books: &mut Tallies, own: &OwnBooks, settled: &Settled, wrong: &Origin) {
    let on_card = || own.of_holders(&wrong.legs).next().map(|leg| leg.book);
    let Some(holder) = wrong.holder.or_else(on_card) else { return };
    let moved = wrong.legs.iter().find(|leg| leg.book == holder).map_or(0, |leg| leg.amount);
    let book = books.entry(holder).or_default();
    match wrong.kind {
        Some(Kind::Deposit | Kind::Recharge) => book.deposited = book.deposited.saturating_sub(moved),
        Some(Kind::Purchase) => {
            let taken = moved.saturating_add(own.held(&wrong.legs, HoldKind::Sale));
            book.spent = give_back(book.spent, taken.saturating_neg(), wrong.spent_at, settled.at);
        }
        _ => {}
    }
}

/// More by what was taken, or less by what was given back.
fn spend(spent: Spent, taken: i64, spent_at: i64, now: i64) -> Spent {
    if taken < 0 {
        return give_back(spent, taken.saturating_neg(), spent_at, now);
    }
    // A sum that the ledger could not have made is found when it is compared.
    spent.spend(Money::from_ore(taken), moment(now)).unwrap_or(spent)
}

fn give_back(spent: Spent, amount: i64, spent_at: i64, now: i64) -> Spent {
    spent.give_back(Money::from_ore(amount), moment(spent_at), moment(now))
}

fn moment(at: i64) -> Timestamp {
    Timestamp::from_microsecond(at).unwrap_or_default()
}

/// Whether each book stands where its transactions leave it; the first that does not, in the order of their numbers.
pub fn check(db: &dyn Session, head: &Row, books: &Tallies) -> Db<Option<Broken>> {
    const SQL: &str = "SELECT * FROM books WHERE school = $1 AND id > $2 ORDER BY id LIMIT $3";
    let school: Uuid = head.col("school")?;
    let mut last = i64::MIN;
    let mut seen = 0;
    loop {
        let page = db.query(SQL, &values![school, last, AT_ONCE])?;
        if page.is_empty() {
            break;
        }
        for book in page {
            last = book.col("id")?;
            let tally = books.get(&last).copied();
            seen += usize::from(tally.is_some());
            if let Some(broken) = compare(&book, &tally.unwrap_or_default())? {
                return Ok(Some(broken));
            }
        }
    }
    if seen < books.len() { Err(corrupt("book: one that transactions name is not there")) } else { Ok(None) }
}

fn compare(row: &Row, tally: &Tally) -> Db<Option<Broken>> {
    let name: String = row.col("name")?;
    let found = row.col("balance")?;
    if found != tally.balance {
        return Ok(Some(Broken::Balance { book: name, found, right: tally.balance }));
    }
    let spent = &tally.spent;
    let figures = [
        ("version", row.col::<i64>("version")?, tally.version),
        ("last_at", row.col("last_at")?, tally.last_at),
        ("deposited", row.col("deposited")?, tally.deposited),
        ("spent_day", row.col("spent_day")?, spent.day_sum.ore()),
        ("spent_week", row.col("spent_week")?, spent.week_sum.ore()),
        ("spent_month", row.col("spent_month")?, spent.month_sum.ore()),
    ];
    let broken = |figure, found: String, right: String| Broken::Figure { book: name.clone(), figure, found, right };
    let first = figures.into_iter().find(|(_, found, right)| found != right);
    if let Some((figure, found, right)) = first {
        return Ok(Some(broken(figure, found.to_string(), right.to_string())));
    }
    let day: Date = row.col("spent_on")?;
    Ok((day != spent.day).then(|| broken("spent_on", day.to_string(), spent.day.to_string())))
}
