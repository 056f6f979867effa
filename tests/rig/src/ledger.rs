//! The server's books, read from the outside: the database file itself, not what the server says about it.
//!
//! **Invariant:** opened read-only; every figure is added up here, never taken from a column that caches it without checking that
//! the two agree.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

/// One preorder as the server has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderRow {
    /// The operation that placed it, hyphenated.
    pub id: String,
    /// `K1-42`.
    pub number: String,
    /// Whose account, by its label.
    pub account: String,
    /// The day of delivery.
    pub date: String,
    /// In øre.
    pub total: i64,
    /// `held`, `captured`, `released` or `refused`.
    pub state: String,
    /// Recorded out of the server's reach.
    pub offline: bool,
    /// The comments of its lines that have one.
    pub comments: Vec<String>,
}

/// One support ticket as the server has it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct TicketRow {
    pub number: String,
    pub name: String,
    pub email: String,
    pub message: String,
}

/// The books.
pub struct Ledger {
    file: PathBuf,
}

impl Ledger {
    /// The books in this database file.
    pub fn of(file: &Path) -> Self {
        Self { file: file.to_owned() }
    }

    /// Adds everything up again: every transaction sums to nought, every book's balance is the sum of its entries, and each entry
    /// says the balance right after it.
    pub fn must_add_up(&self) -> Result<()> {
        let books = self.open()?;
        let none = |sql: &str, what: &str| -> Result<()> {
            let bad: Option<rusqlite::types::Value> = books.query_row(sql, [], |row| row.get(0)).optional()?;
            ensure!(bad.is_none(), "{what}: {bad:?}");
            Ok(())
        };
        none(
            "SELECT place FROM entries GROUP BY shard, place HAVING sum(amount) <> 0",
            "a transaction that does not sum to nought",
        )?;
        none(
            "SELECT name FROM books WHERE balance <> (SELECT coalesce(sum(amount), 0) FROM entries WHERE book = books.id)",
            "a book whose balance is not the sum of its entries",
        )?;
        none(
            "SELECT number FROM (SELECT number, balance, sum(amount) OVER (PARTITION BY book ORDER BY number) AS added FROM entries)
             WHERE balance <> added",
            "an entry with a wrong balance",
        )?;
        none(
            "SELECT t.place FROM transactions t JOIN entries e ON e.shard = t.shard AND e.place = t.place WHERE t.refusal IS NOT NULL",
            "a refusal that moved money",
        )
    }

    /// The balance of the account with this label, in øre, added up from its entries.
    pub fn balance(&self, label: &str) -> Result<i64> {
        let sql = "SELECT coalesce(sum(amount), 0), count(DISTINCT accounts.id) FROM accounts
                   LEFT JOIN entries ON entries.book = accounts.book WHERE label = ?1";
        let (sum, accounts): (i64, i64) = self.open()?.query_row(sql, [label], |row| Ok((row.get(0)?, row.get(1)?)))?;
        ensure!(accounts == 1, "{accounts} accounts are called {label:?}");
        Ok(sum)
    }

    /// Every preorder of that account, in the order the server got them.
    pub fn orders(&self, label: &str) -> Result<Vec<OrderRow>> {
        let books = self.open()?;
        let sql = r#"SELECT hex(orders.id), number, label, date, total, state, offline,
                     (SELECT group_concat(comment, char(10)) FROM order_lines WHERE "order" = orders.id AND comment <> '')
                     FROM orders JOIN accounts ON accounts.id = orders.account WHERE label = ?1 ORDER BY at, orders.id"#;
        let mut statement = books.prepare(sql)?;
        let rows = statement.query_map([label], |row| {
            let comments: Option<String> = row.get(7)?;
            Ok(OrderRow {
                id: row.get::<_, String>(0)?.to_lowercase(),
                number: row.get(1)?,
                account: row.get(2)?,
                date: row.get(3)?,
                total: row.get(4)?,
                state: row.get(5)?,
                offline: row.get(6)?,
                comments: comments.map(|all| all.lines().map(str::to_owned).collect()).unwrap_or_default(),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What a subsidy pays, or is to pay, of the order of that number, in øre.
    pub fn subsidised(&self, number: &str) -> Result<i64> {
        Ok(self.open()?.query_row("SELECT subsidised FROM orders WHERE number = ?1", [number], |row| row.get(0))?)
    }

    /// How often money moved for the operation: its transactions that have entries. Once is right.
    pub fn times_posted(&self, number: &str) -> Result<i64> {
        let sql = "SELECT count(*) FROM transactions t WHERE number = ?1 AND refusal IS NULL
                   AND EXISTS (SELECT 1 FROM entries e WHERE e.shard = t.shard AND e.place = t.place)";
        Ok(self.open()?.query_row(sql, [number], |row| row.get(0))?)
    }

    /// Why an operation was refused, as the server keeps it, by its id in hexadecimal digits; `None` if it was not.
    pub fn refusal(&self, id: &str) -> Result<Option<String>> {
        let sql = "SELECT refusal FROM transactions WHERE lower(hex(id)) = ?1 AND refusal IS NOT NULL";
        Ok(self.open()?.query_row(sql, [id], |row| row.get(0)).optional()?)
    }

    /// How many transactions of a kind have moved money on that account.
    pub fn moved(&self, kind: &str, label: &str) -> Result<i64> {
        let sql = "SELECT count(*) FROM transactions t JOIN entries e ON e.shard = t.shard AND e.place = t.place
                   JOIN accounts ON accounts.book = e.book WHERE t.kind = ?1 AND label = ?2";
        Ok(self.open()?.query_row(sql, params![kind, label], |row| row.get(0))?)
    }

    /// Every transaction on that account, oldest first: its kind and what it did to the balance, in øre.
    pub fn movements(&self, label: &str) -> Result<Vec<(String, i64)>> {
        let books = self.open()?;
        let sql = "SELECT t.kind, amount FROM entries e JOIN transactions t ON t.shard = e.shard AND t.place = e.place
                   JOIN accounts ON accounts.book = e.book WHERE label = ?1 ORDER BY e.number";
        let mut statement = books.prepare(sql)?;
        let rows = statement.query_map([label], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The number of the newest paid deposit's receipt on that account.
    pub fn last_receipt(&self, label: &str) -> Result<String> {
        let sql = "SELECT receipt FROM deposits JOIN accounts ON accounts.id = deposits.account
                   WHERE label = ?1 AND receipt IS NOT NULL ORDER BY paid_at DESC LIMIT 1";
        self.open()?.query_row(sql, [label], |row| row.get(0)).with_context(|| format!("no paid deposit of {label}"))
    }

    /// The newest payment page that waits for its payer, if any: the last part of its address.
    pub fn open_page(&self) -> Result<Option<String>> {
        let sql = "SELECT page FROM deposits WHERE state = 'open' ORDER BY created_at DESC LIMIT 1";
        Ok(self.open()?.query_row(sql, [], |row| row.get(0)).optional()?)
    }

    /// Every support ticket.
    pub fn tickets(&self) -> Result<Vec<TicketRow>> {
        let books = self.open()?;
        let mut statement = books.prepare("SELECT number, name, email, message FROM tickets ORDER BY at, id")?;
        let rows = statement.query_map([], |row| {
            Ok(TicketRow { number: row.get(0)?, name: row.get(1)?, email: row.get(2)?, message: row.get(3)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Transactions in all: nothing may appear twice, and nothing may go away.
    pub fn transactions(&self) -> Result<i64> {
        Ok(self.open()?.query_row("SELECT count(*) FROM transactions", [], |row| row.get(0))?)
    }

    pub(crate) fn open(&self) -> Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let books = Connection::open_with_flags(&self.file, flags)
            .with_context(|| format!("opening {}", self.file.display()))?;
        books.busy_timeout(std::time::Duration::from_secs(5))?;
        Ok(books)
    }
}
