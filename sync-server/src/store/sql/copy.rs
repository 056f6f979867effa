//! Copying a whole ledger, row by row, into an empty database of any engine: a backup, or a move.
//!
//! **Invariant:** a copy is answered only when every table of it holds the very rows of the original, by number and by a digest
//! over all of them, and the ledger in it proves itself.

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::audit;
use super::session::Session;
use super::tables::{ALL, Table};
use super::value::{Db, Row, Value, corrupt};
use crate::store::{Audited, StoreError, engine};

/// Rows held in memory at once.
const AT_ONCE: u32 = 2000;

/// The rows of a table: how many, and a sum of their hashes, which does not depend on the order an engine reads them in.
#[derive(Debug, Default, PartialEq, Eq)]
struct Content {
    rows: u64,
    sum: u128,
}

/// Copies what one transaction sees into another, in a database that has its tables and nothing in them, and proves the copy.
/// To be followed by the commit.
pub fn fill(from: &dyn Session, to: &dyn Session, now: Timestamp) -> Result<Audited, StoreError> {
    let doing = "copying the ledger";
    for table in ALL {
        let original = each_page(from, table, |rows| to.append(table, rows)).map_err(engine(doing))?;
        same(&original, to, table)?;
    }
    prove(to, now)
}

/// Proves a copy that was made before: row by row the original's, and right.
pub fn compare(from: &dyn Session, to: &dyn Session, now: Timestamp) -> Result<Audited, StoreError> {
    for table in ALL {
        let original = each_page(from, table, |_| Ok(())).map_err(engine("reading the ledger again"))?;
        same(&original, to, table)?;
    }
    prove(to, now)
}

/// Empties a database, in the open transaction.
pub fn clear(db: &dyn Session) -> Db<()> {
    ALL.iter().rev().try_for_each(|table| db.clear(table))
}

fn same(original: &Content, to: &dyn Session, table: &'static Table) -> Result<(), StoreError> {
    let copied = each_page(to, table, |_| Ok(())).map_err(engine("reading the copy"))?;
    if *original == copied { Ok(()) } else { Err(StoreError::Copy { table: table.name }) }
}

fn prove(copy: &dyn Session, now: Timestamp) -> Result<Audited, StoreError> {
    audit::verify(copy, now).map_err(engine("proving the copy"))?.map_err(StoreError::Broken)
}

/// Whether there is nothing in a database yet.
pub fn is_empty(db: &dyn Session) -> Db<bool> {
    ALL.iter().try_fold(true, |empty, table| Ok(empty && db.page(table, None, 1)?.is_empty()))
}

fn each_page(db: &dyn Session, table: &'static Table, mut take: impl FnMut(&[Vec<Value>]) -> Db<()>) -> Db<Content> {
    let mut content = Content::default();
    let mut after: Option<Vec<Value>> = None;
    loop {
        let rows: Vec<_> = db.page(table, after.as_deref(), AT_ONCE)?.into_iter().map(Row::into_values).collect();
        let Some(last) = rows.last() else { return Ok(content) };
        after = Some(key(table, last)?);
        for row in &rows {
            content.count(row);
        }
        take(&rows)?;
    }
}

impl Content {
    fn count(&mut self, row: &[Value]) {
        let mut hasher = Sha256::new();
        super::chain::absorb(&mut hasher, row);
        let mut first = [0; 16];
        first.copy_from_slice(&hasher.finalize()[..16]);
        self.sum = self.sum.wrapping_add(u128::from_be_bytes(first));
        self.rows += 1;
    }
}

fn key(table: &Table, row: &[Value]) -> Db<Vec<Value>> {
    let place = |name: &&str| table.columns.iter().position(|(column, _)| column == name);
    let values = table.key.iter().map(|name| place(name).and_then(|place| row.get(place)).cloned());
    values.collect::<Option<_>>().ok_or(corrupt("key"))
}
