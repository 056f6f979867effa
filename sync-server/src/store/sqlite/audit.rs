//! Re-adding the books from one snapshot.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension};
use uuid::Uuid;

use crate::store::{Audit, Audited, Broken, Pending, Verdict};

use super::SqliteStore;
use super::values::Columns;

impl Audit for SqliteStore {
    fn verify(&self) -> Pending<'_, Verdict> {
        self.read("re-adding the books", verify)
    }

    fn alive(&self) -> Pending<'_, ()> {
        self.write("looking whether the store is alive", |write| {
            write.db.query_row("SELECT 1 FROM schools UNION ALL SELECT 1 LIMIT 1", [], |_| Ok(()))
        })
    }
}

fn verify(db: &Connection) -> rusqlite::Result<Verdict> {
    let sums = match entries(db)? {
        Ok(sums) => sums,
        Err(broken) => return Ok(Err(broken)),
    };
    for check in [unbalanced, held, below_floor] {
        if let Some(broken) = check(db)? {
            return Ok(Err(broken));
        }
    }
    if let Some(broken) = balances(db, &sums.books)? {
        return Ok(Err(broken));
    }
    let transactions =
        db.query_row("SELECT count(DISTINCT \"transaction\") AS n FROM entries", [], |row| row.count("n"))?;
    let books = u64::try_from(sums.books.len()).unwrap_or(u64::MAX);
    Ok(Ok(Audited { books, transactions, entries: sums.entries }))
}

struct Sums {
    books: HashMap<i64, i64>,
    entries: u64,
}

/// Walks every entry in order: none is missing, and each continues its book.
fn entries(db: &Connection) -> rusqlite::Result<Result<Sums, Broken>> {
    let mut sums = Sums { books: HashMap::new(), entries: 0 };
    let mut expected = 1_i64;
    let mut statement = db.prepare("SELECT id, book, amount, balance FROM entries ORDER BY id")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (entry, book, found): (i64, i64, i64) = (row.col("id")?, row.col("book")?, row.col("balance")?);
        if entry != expected {
            return Ok(Err(Broken::Missing { entry: expected }));
        }
        expected += 1;
        let sum = sums.books.entry(book).or_default();
        let right = sum.saturating_add(row.col("amount")?);
        if found != right {
            return Ok(Err(Broken::Entry { entry, book: name(db, book)?, found, right }));
        }
        *sum = right;
        sums.entries += 1;
    }
    Ok(Ok(sums))
}

fn unbalanced(db: &Connection) -> rusqlite::Result<Option<Broken>> {
    db.query_row(
        "SELECT \"transaction\" AS id, sum(amount) AS sum FROM entries
         GROUP BY \"transaction\" HAVING sum(amount) <> 0 ORDER BY min(id) LIMIT 1",
        [],
        |row| Ok(Broken::Unbalanced { id: row.col::<Uuid>("id")?.to_string(), by: row.col("sum")? }),
    )
    .optional()
}

fn balances(db: &Connection, sums: &HashMap<i64, i64>) -> rusqlite::Result<Option<Broken>> {
    let mut statement = db.prepare("SELECT id, name, balance FROM books ORDER BY id")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let right = sums.get(&row.col::<i64>("id")?).copied().unwrap_or_default();
        let found = row.col("balance")?;
        if found != right {
            return Ok(Some(Broken::Balance { book: row.col("name")?, found, right }));
        }
    }
    Ok(None)
}

fn held(db: &Connection) -> rusqlite::Result<Option<Broken>> {
    db.query_row(
        "SELECT * FROM (
             SELECT (SELECT coalesce(sum(total), 0) FROM orders o WHERE o.school = s.id AND o.state = 'held') AS orders,
                    coalesce((SELECT balance FROM books b WHERE b.school = s.id AND b.name = 'held-orders'), 0) AS book
             FROM schools s)
         WHERE orders <> book LIMIT 1",
        [],
        |row| Ok(Broken::Held { orders: row.col("orders")?, book: row.col("book")? }),
    )
    .optional()
}

fn below_floor(db: &Connection) -> rusqlite::Result<Option<Broken>> {
    db.query_row(
        "SELECT a.id, b.balance FROM accounts a JOIN books b ON b.id = a.book WHERE b.balance < ? LIMIT 1",
        [madkort_ledger::rules::FLOOR.ore()],
        |row| Ok(Broken::BelowFloor { account: row.col::<Uuid>("id")?.to_string(), balance: row.col("balance")? }),
    )
    .optional()
}

fn name(db: &Connection, book: i64) -> rusqlite::Result<String> {
    db.query_row("SELECT name FROM books WHERE id = ?", [book], |row| row.get(0))
}
