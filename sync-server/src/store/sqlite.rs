//! SQLite: one file beside the server, in WAL mode.
//!
//! **Invariant:** a connection that writes is in WAL mode with `synchronous=FULL` and foreign keys on, or it is not opened, and
//! writes only while its file is the one at its path; one that reads cannot write.

use std::cell::RefCell;
use std::collections::HashMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OpenFlags, ToSql, params_from_iter};

use super::sql::session::{Engine, Session};
use super::sql::tables::Table;
use super::sql::value::{Db, DbError, Row, Value, corrupt};
use super::sql::{moves, schema};
use super::{StoreError, engine};

/// How long a write waits for another process, such as `sync-server enrol-code` beside a running server.
const BUSY: Duration = Duration::from_secs(5);
/// Pages in the WAL before a commit also checkpoints (80 MB): rarely and on purpose, for checkpoints cost more than commits.
const CHECKPOINT_PAGES: u32 = 20_000;
/// Prepared statements kept on a connection: more than there are in the program.
const STATEMENTS: usize = 192;

/// A ledger in one file.
#[derive(Debug)]
pub struct SqliteFile(PathBuf);

impl SqliteFile {
    /// The ledger in a file, whether it is there or not.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Creates the file or brings its schema up to date. Says which schema it had and has.
    pub fn migrate(&self) -> Result<(u32, u32), StoreError> {
        let session = open(&self.0)?;
        let found = session.schema()?;
        let foreign = found == 0 && session.holds_something()?;
        schema::migrate(found, foreign, |version, sql| session.run_migration(version, sql))
    }

    /// Refuses a file that is not there, whose schema is not this program's, or whose ledger is used elsewhere.
    pub fn check(&self) -> Result<(), StoreError> {
        moves::check(&*self.connect_moving()?).map_err(engine("looking whether the ledger has moved"))
    }

    /// A connection that writes, also where the ledger has moved.
    pub fn connect_moving(&self) -> Result<Box<dyn Session>, StoreError> {
        if !self.0.exists() {
            let source = "there is no such file; `sync-server migrate` creates it".into();
            return Err(StoreError::Open { path: self.0.display().to_string(), source });
        }
        let session = open(&self.0)?;
        schema::check(session.schema()?)?;
        Ok(Box::new(session))
    }
}

impl Engine for SqliteFile {
    fn connect(&self) -> Result<Box<dyn Session>, StoreError> {
        Ok(Box::new(open(&self.0)?))
    }

    fn connect_reader(&self) -> Result<Box<dyn Session>, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(&self.0, flags)
            .map_err(|source| StoreError::Open { path: self.0.display().to_string(), source: Box::new(source) })?;
        db.busy_timeout(BUSY).map_err(engine("setting up a reader"))?;
        db.pragma_update(None, "query_only", true).map_err(engine("setting up a reader"))?;
        stable_plans(&db).map_err(engine("setting up a reader"))?;
        Ok(Box::new(SqliteSession::new(db)))
    }

    fn shared(&self) -> bool {
        false
    }
}

/// Which file it is, whatever it is called: device and inode.
type Identity = (u64, u64);

fn identity(path: &Path) -> std::io::Result<Identity> {
    std::fs::metadata(path).map(|file| (file.dev(), file.ino()))
}

struct SqliteSession {
    db: Connection,
    /// Where the file of one that writes was when it was opened.
    place: Option<(PathBuf, Identity)>,
    columns: RefCell<HashMap<usize, Arc<[String]>>>,
    appends: RefCell<HashMap<&'static str, String>>,
}

impl SqliteSession {
    fn new(db: Connection) -> Self {
        db.set_prepared_statement_cache_capacity(STATEMENTS);
        Self { db, place: None, columns: RefCell::default(), appends: RefCell::default() }
    }

    /// SQLite goes on in a file that has lost its name, and everything in it is gone with the process. It is looked up before
    /// every commit, which costs a thousandth of it.
    fn check_place(&self) -> Db<()> {
        let Some((path, opened)) = &self.place else { return Ok(()) };
        if identity(path).is_ok_and(|found| found == *opened) { Ok(()) } else { Err(DbError::Gone) }
    }

    fn schema(&self) -> Result<u32, StoreError> {
        self.db.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(engine("reading the schema version"))
    }

    fn holds_something(&self) -> Result<bool, StoreError> {
        self.db
            .query_row("SELECT count(*) > 0 FROM sqlite_schema", [], |row| row.get(0))
            .map_err(engine("reading the schema"))
    }

    fn run_migration(&self, version: u32, sql: &str) -> Result<(), StoreError> {
        let run = || {
            let transaction = rusqlite::Transaction::new_unchecked(&self.db, rusqlite::TransactionBehavior::Immediate)?;
            transaction.execute_batch(&dialect(sql))?;
            if version == 1 {
                transaction.execute_batch(&append_only())?;
            }
            transaction.pragma_update(None, "user_version", version)?;
            transaction.commit()
        };
        run().map_err(engine("migrating the schema"))
    }

    fn rows(&self, sql: &'static str, parameters: &[Value], rows: &mut Vec<Row>) -> Db<()> {
        let mut statement = self.db.prepare_cached(sql)?;
        let columns = self.columns_of(sql, &statement);
        read(&mut statement, &columns, parameters, rows)
    }

    fn columns_of(&self, sql: &'static str, statement: &rusqlite::Statement<'_>) -> Arc<[String]> {
        let mut known = self.columns.borrow_mut();
        let named = || statement.column_names().map(str::to_owned).collect();
        Arc::clone(known.entry(sql.as_ptr().addr()).or_insert_with(named))
    }
}

impl Session for SqliteSession {
    fn query(&self, sql: &'static str, parameters: &[Value]) -> Db<Vec<Row>> {
        let mut rows = Vec::new();
        self.rows(sql, parameters, &mut rows)?;
        Ok(rows)
    }

    fn execute(&self, sql: &'static str, parameters: &[Value]) -> Db<u64> {
        let touched = self.db.prepare_cached(sql)?.execute(params_from_iter(parameters))?;
        Ok(u64::try_from(touched).unwrap_or(u64::MAX))
    }

    fn query_each(&self, sql: &'static str, fixed: &[Value], keys: &[Value]) -> Db<Vec<Row>> {
        let mut rows = Vec::new();
        let mut parameters = fixed.to_vec();
        for key in keys {
            parameters.truncate(fixed.len());
            parameters.push(key.clone());
            self.rows(sql, &parameters, &mut rows)?;
        }
        Ok(rows)
    }

    fn append(&self, table: &'static Table, rows: &[Vec<Value>]) -> Db<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let mut appends = self.appends.borrow_mut();
        let sql = appends.entry(table.name).or_insert_with(|| insert(table));
        let mut statement = self.db.prepare_cached(sql)?;
        rows.iter().try_for_each(|row| statement.execute(params_from_iter(row)).map(|_| ()).map_err(Into::into))
    }

    fn page(&self, table: &'static Table, after: Option<&[Value]>, most: u32) -> Db<Vec<Row>> {
        let mut statement = self.db.prepare_cached(&table.page(after.is_some()))?;
        let columns: Arc<[String]> = statement.column_names().map(str::to_owned).collect();
        let mut parameters = after.unwrap_or_default().to_vec();
        parameters.push(Value::from(most));
        let mut rows = Vec::new();
        read(&mut statement, &columns, &parameters, &mut rows)?;
        Ok(rows)
    }

    fn clear(&self, table: &'static Table) -> Db<()> {
        self.db.execute_batch(&format!("DELETE FROM {}", table.name)).map_err(Into::into)
    }

    fn begin(&self) -> Db<()> {
        self.begin_moving()?;
        let used = moves::check(self);
        if used.is_err() {
            self.rollback()?;
        }
        used
    }

    fn begin_moving(&self) -> Db<()> {
        self.check_place()?;
        self.execute("BEGIN IMMEDIATE", &[]).map(|_| ())
    }

    fn begin_snapshot(&self) -> Db<()> {
        self.execute("BEGIN", &[]).map(|_| ())
    }

    fn mark_of_others(&self) -> Db<Option<i64>> {
        let row = self.query("PRAGMA data_version", &[])?.into_iter().next();
        row.map(|row| row.col("data_version")).transpose()
    }

    fn commit(&self) -> Db<()> {
        self.execute("COMMIT", &[]).map(|_| ())
    }

    fn rollback(&self) -> Db<()> {
        // After some errors SQLite has rolled back by itself.
        if self.db.is_autocommit() { Ok(()) } else { self.execute("ROLLBACK", &[]).map(|_| ()) }
    }

    /// A passive checkpoint waits for nobody; what it could not do the next one does.
    fn tend(&self) {
        if let Err(error) = self.db.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())) {
            tracing::warn!(%error, "the WAL could not be written back");
        }
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

fn value(stored: ValueRef<'_>) -> Db<Value> {
    Ok(match stored {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Int(number),
        ValueRef::Text(text) => Value::Text(std::str::from_utf8(text).map_err(|_| corrupt("text"))?.to_owned()),
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
        ValueRef::Real(_) => return Err(corrupt("number")),
    })
}

fn read(
    statement: &mut rusqlite::Statement<'_>,
    columns: &Arc<[String]>,
    parameters: &[Value],
    rows: &mut Vec<Row>,
) -> Db<()> {
    let mut found = statement.query(params_from_iter(parameters))?;
    while let Some(row) = found.next()? {
        let values = (0..columns.len()).map(|place| value(row.get_ref(place)?)).collect::<Db<Vec<_>>>()?;
        rows.push(Row::new(Arc::clone(columns), values));
    }
    Ok(())
}

fn insert(table: &Table) -> String {
    let places: Vec<_> = (1..=table.columns.len()).map(|place| format!("${place}")).collect();
    format!("INSERT INTO {} ({}) VALUES ({}) {}", table.name, table.names(), places.join(", "), table.on_conflict)
}

/// Tables whose row is its key are kept under it; all of them check the types of what they are given.
fn dialect(sql: &str) -> String {
    sql.replace("BYTEA", "BLOB").replace("BIGINT", "INTEGER").replace("\n);", "\n) STRICT, WITHOUT ROWID;")
}

/// What is written once and for ever. SQLite can hold to it by itself; elsewhere the server's role is not given the right, and the
/// hash chain tells.
const APPEND_ONLY: [&str; 3] = ["transactions", "entries", "links"];

fn append_only() -> String {
    let guard = |(table, verb, done): (&str, &str, &str)| {
        format!(
            "CREATE TRIGGER {table}_are_not_{done} BEFORE {verb} ON {table}
             BEGIN SELECT RAISE(ABORT, '{table} are append-only'); END;"
        )
    };
    let both = |table| [(table, "UPDATE", "changed"), (table, "DELETE", "deleted")];
    APPEND_ONLY.into_iter().flat_map(both).map(guard).collect()
}

/// Opens for writing and makes sure of what durability rests on.
fn open(path: &Path) -> Result<SqliteSession, StoreError> {
    let db = Connection::open(path)
        .map_err(|source| StoreError::Open { path: path.display().to_string(), source: Box::new(source) })?;
    db.busy_timeout(BUSY).map_err(engine("setting up the connection"))?;
    setting(&db, "journal_mode", "WAL", "wal")?;
    setting(&db, "synchronous", "FULL", "2")?;
    setting(&db, "foreign_keys", "ON", "1")?;
    db.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES).map_err(engine("setting up the connection"))?;
    stable_plans(&db).map_err(engine("setting up the connection"))?;
    let identity = identity(path)
        .map_err(|source| StoreError::Open { path: path.display().to_string(), source: Box::new(source) })?;
    Ok(SqliteSession { place: Some((path.to_owned(), identity)), ..SqliteSession::new(db) })
}

/// One plan for a statement, whatever is bound to it. Otherwise SQLite, built with statistics as it is here, prepares a statement
/// again for every value, at a third of the writer's time.
fn stable_plans(db: &Connection) -> rusqlite::Result<()> {
    db.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map(|_| ())
}

/// Sets a pragma and reads it back: `journal_mode` for one can fail without an error.
fn setting(db: &Connection, name: &'static str, value: &str, wanted: &'static str) -> Result<(), StoreError> {
    db.pragma_update_and_check(None, name, value, |_| Ok(())).or_else(ignore_no_rows).map_err(engine("setting up"))?;
    let found = db
        .pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0))
        .map_err(engine("reading a setting back"))?;
    let found = match found {
        rusqlite::types::Value::Text(text) => text,
        rusqlite::types::Value::Integer(number) => number.to_string(),
        _ => String::new(),
    };
    if found == wanted { Ok(()) } else { Err(StoreError::Setting { name, found, wanted }) }
}

/// Most pragmas answer nothing when they are set.
fn ignore_no_rows(error: rusqlite::Error) -> rusqlite::Result<()> {
    if matches!(error, rusqlite::Error::QueryReturnedNoRows) { Ok(()) } else { Err(error) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_database_that_cannot_be_made_durable_is_refused() {
        // In memory there is no WAL, and SQLite says so only to those who ask.
        let Err(refused) = open(Path::new(":memory:")) else { panic!("it was opened") };
        assert!(matches!(refused, StoreError::Setting { name: "journal_mode", wanted: "wal", .. }), "{refused}");
    }

    #[test]
    fn a_file_that_was_moved_deleted_or_replaced_takes_no_more_writes() {
        let folder = tempfile::tempdir().unwrap();
        let (path, away) = (folder.path().join("books.db"), folder.path().join("away.db"));
        let begins = |session: &SqliteSession| {
            let begun = session.begin_moving();
            if begun.is_ok() {
                session.rollback().unwrap();
            }
            begun
        };
        let session = open(&path).unwrap();
        assert!(begins(&session).is_ok());
        std::fs::rename(&path, &away).unwrap();
        assert!(matches!(begins(&session), Err(DbError::Gone)));
        std::fs::copy(&away, &path).unwrap();
        assert!(matches!(begins(&session), Err(DbError::Gone)), "a copy is another file");
        std::fs::rename(&away, &path).unwrap();
        assert!(begins(&session).is_ok(), "it is back");
        std::fs::remove_file(&path).unwrap();
        assert!(matches!(begins(&session), Err(DbError::Gone)));
    }

    #[test]
    fn what_durability_rests_on_is_set() {
        let folder = tempfile::tempdir().unwrap();
        let db = open(&folder.path().join("books.db")).unwrap().db;
        let pragma = |name| db.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!((pragma("synchronous"), pragma("foreign_keys"), pragma("wal_autocheckpoint")), (2, 1, 20_000));
    }
}
