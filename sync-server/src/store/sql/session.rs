//! What an engine does for the store: statements, and rows in bulk.
//!
//! The statements are the same on every engine: plain SQL with parameters `$1, $2, …` that first appear in that order, whole
//! numbers, text and bytes only, no triggers, sequences or locks of one engine's own.

use super::tables::Table;
use super::value::{Db, Row, Value};
use crate::store::StoreError;

/// What [`Session::query_each`] is asked.
#[derive(Debug)]
pub struct Lookup {
    pub sql: &'static str,
    pub fixed: Vec<Value>,
    pub keys: Vec<Value>,
}

/// One connection. Used by one thread at a time.
pub trait Session: Send {
    /// The rows a statement answers.
    fn query(&self, sql: &'static str, parameters: &[Value]) -> Db<Vec<Row>>;

    /// Runs a statement and says how many rows it touched.
    fn execute(&self, sql: &'static str, parameters: &[Value]) -> Db<u64>;

    /// Rows whose key is one of many. `sql` takes `fixed` and then, as its last parameter, the key: as a list where the engine
    /// takes a list in place of `= $n`, else one at a time.
    fn query_each(&self, sql: &'static str, fixed: &[Value], keys: &[Value]) -> Db<Vec<Row>>;

    /// Several such look-ups, none of which depends on another: at once, where asking costs a round trip.
    fn query_each_of(&self, asked: &[Lookup]) -> Db<Vec<Vec<Row>>> {
        asked.iter().map(|lookup| self.query_each(lookup.sql, &lookup.fixed, &lookup.keys)).collect()
    }

    /// Appends rows to a table, or replaces them by key where the table says so.
    fn append(&self, table: &'static Table, rows: &[Vec<Value>]) -> Db<()>;

    /// Appends to several tables, in their order: at once, where saying so costs a round trip.
    fn append_to(&self, tables: &[(&'static Table, Vec<Vec<Value>>)]) -> Db<()> {
        tables.iter().try_for_each(|(table, rows)| self.append(table, rows))
    }

    /// The rows of a table in the order of its key, after one of them: at most `most`.
    fn page(&self, table: &'static Table, after: Option<&[Value]>, most: u32) -> Db<Vec<Row>>;

    /// Empties a table.
    fn clear(&self, table: &'static Table) -> Db<()>;

    /// Begins a transaction that writes, in a ledger that is used here.
    fn begin(&self) -> Db<()>;

    /// Begins a transaction that writes, also in a ledger that is on its way.
    fn begin_moving(&self) -> Db<()>;

    /// Begins a transaction that reads one snapshot.
    fn begin_snapshot(&self) -> Db<()>;

    /// Within a transaction: a mark that differs when another connection has committed since it was asked last on this one; none
    /// where the engine cannot tell.
    fn mark_of_others(&self) -> Db<Option<i64>> {
        Ok(None)
    }

    /// Makes everything since the beginning durable.
    fn commit(&self) -> Db<()>;

    /// Forgets everything since the beginning.
    fn rollback(&self) -> Db<()>;

    /// Looks after itself in a pause.
    fn tend(&self) {}
}

/// Where sessions come from.
pub trait Engine: Send + Sync + 'static {
    /// A connection that writes, with what durability rests on set and read back.
    fn connect(&self) -> Result<Box<dyn Session>, StoreError>;

    /// A connection that cannot write.
    fn connect_reader(&self) -> Result<Box<dyn Session>, StoreError>;

    /// Whether other processes write the same books, so that the change feed must be looked at from time to time.
    fn shared(&self) -> bool;
}

/// The first row, if there is one.
pub trait First {
    /// The first row, if there is one.
    fn first(&self, sql: &'static str, parameters: &[Value]) -> Db<Option<Row>>;

    /// Whether there is a row.
    fn exists(&self, sql: &'static str, parameters: &[Value]) -> Db<bool> {
        Ok(self.first(sql, parameters)?.is_some())
    }
}

impl First for dyn Session + '_ {
    fn first(&self, sql: &'static str, parameters: &[Value]) -> Db<Option<Row>> {
        Ok(self.query(sql, parameters)?.into_iter().next())
    }
}
