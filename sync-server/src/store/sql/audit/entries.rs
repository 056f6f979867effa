//! The entries beside the transactions they follow from.

use std::collections::{BTreeSet, HashMap};

use super::super::chain::{self, Hash};
use super::super::legs::Entry;
use super::super::session::{First, Session};
use super::super::value::{Db, Row, corrupt, values};
use super::super::write;
use super::walk::{Settled, Tallies, Walk};
use super::{AT_ONCE, name};
use crate::store::Broken;

/// Whether the entries of a school are those that its transactions call for: each book's own, read once in the order they are kept.
pub fn check(db: &dyn Session, head: &Row, books: &Tallies) -> Db<Option<Broken>> {
    const SQL: &str = "SELECT book, at, number, shard, place, amount, balance FROM entries \
         WHERE (book, at, number) > ($1, $2, $3) AND book < $4 ORDER BY book, at, number LIMIT $5";
    let shard: i64 = head.col("shard")?;
    let mut found: HashMap<i64, Hash> = HashMap::with_capacity(books.len());
    let end = write::first_book_of(shard + 1);
    let mut last = [write::first_book_of(shard), i64::MIN, i64::MIN];
    loop {
        let rows = db.query(SQL, &values![last[0], last[1], last[2], end, AT_ONCE])?;
        let Some(latest) = rows.last() else { break };
        last = [latest.col("book")?, latest.col("at")?, latest.col("number")?];
        for row in rows {
            let hash = found.entry(row.col("book")?).or_insert(chain::START);
            *hash = chain::after(*hash, &row.into_values());
        }
    }
    let right = |book: &i64| books.get(book).map_or(chain::START, |tally| tally.hash);
    let wrong = |book: &i64| right(book) != found.get(book).copied().unwrap_or(chain::START);
    let wrong: BTreeSet<i64> = books.keys().chain(found.keys()).copied().filter(wrong).collect();
    if wrong.is_empty() { Ok(None) } else { first_wrong(db, head, &wrong).map(Some) }
}

/// The first entry of some books that is not as its transaction calls for; if there is none, they have more than they should.
fn first_wrong(db: &dyn Session, head: &Row, books: &BTreeSet<i64>) -> Db<Broken> {
    let broken = Walk::begin(db, head)?.go_to_the_end(db, &mut |step| {
        for entry in step.entries.iter().filter(|entry| books.contains(&entry.book)) {
            if let Some(broken) = compare(db, entry, step.settled)? {
                return Ok(Some(broken));
            }
        }
        Ok(None)
    })?;
    match (broken, books.first()) {
        (Some(broken), _) => Ok(broken),
        (None, Some(book)) => Ok(Broken::Stray { book: name(db, *book)? }),
        (None, None) => Err(corrupt("entry")),
    }
}

fn compare(db: &dyn Session, entry: &Entry, settled: &Settled) -> Db<Option<Broken>> {
    const SQL: &str = "SELECT * FROM entries WHERE book = $1 AND number = $2";
    let Some(row) = db.first(SQL, &values![entry.book, entry.number])? else {
        return Ok(Some(Broken::Missing { shard: entry.shard, entry: entry.number }));
    };
    let (amount, balance): (i64, i64) = (row.col("amount")?, row.col("balance")?);
    if amount != entry.amount || balance != entry.balance {
        // Where the book would stand by what the entry says it moved, if the balance in it is right.
        let moved_to = entry.balance.saturating_sub(entry.amount).saturating_add(amount);
        let found = if balance == entry.balance { moved_to } else { balance };
        let book = name(db, entry.book)?;
        return Ok(Some(Broken::Entry { shard: entry.shard, entry: entry.number, book, found, right: entry.balance }));
    }
    let same = row.col::<i64>("at")? == entry.at
        && row.col::<i64>("place")? == entry.place
        && row.col::<i64>("shard")? == entry.shard;
    Ok((!same).then(|| settled.changed(entry.shard)))
}
