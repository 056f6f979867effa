//! The store on SQLite: one file, one thread that writes, a few connections that read.
//!
//! Writes go through a bounded queue to the writer, which takes all that wait, runs them in one transaction, commits once and
//! then answers all ([`writer`]). Readers see WAL snapshots and never wait for it.
//!
//! **Invariant:** the file is in WAL mode with `synchronous=FULL` and foreign keys on, or it is not opened.

mod audit;
mod catalogue;
mod charges;
mod codes;
mod deposits;
mod devices;
mod feed;
mod operations;
mod orders;
mod posting;
mod purchases;
mod readers;
mod rows;
mod schema;
mod statements;
mod values;
mod writer;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;

use self::readers::Readers;
use self::writer::{Feeds, Write, Writer};
use super::{Pending, Store, StoreError};

/// How long a write waits for another process, such as `sync-server enrol-code` beside a running server.
const BUSY: Duration = Duration::from_secs(5);
/// Pages in the WAL before a commit also checkpoints (80 MB): rarely and on purpose, for checkpoints cost more than commits.
const CHECKPOINT_PAGES: u32 = 20_000;
/// Prepared statements kept on a connection: more than there are in the program.
const STATEMENTS: usize = 192;

/// The store on one SQLite file.
pub struct SqliteStore {
    writer: Writer,
    readers: Readers,
    feeds: Arc<Feeds>,
}

impl Store for SqliteStore {}

impl SqliteStore {
    /// Creates the file or brings its schema up to date. Says which schema it had and has.
    pub fn migrate(path: &Path) -> Result<(u32, u32), StoreError> {
        let mut db = connect(path)?;
        Ok((schema::migrate(&mut db)?, schema::known()))
    }

    /// Opens a file whose schema is up to date.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        if !path.exists() {
            let source = "there is no such file; `sync-server migrate` creates it".into();
            return Err(StoreError::Open { path: path.display().to_string(), source });
        }
        let db = connect(path)?;
        schema::check(&db)?;
        let feeds = Arc::new(Feeds::default());
        let readers = Readers::open(path)?;
        let writer = Writer::start(db, Arc::clone(&feeds))?;
        Ok(Self { writer, readers, feeds })
    }

    fn write<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnMut(&Write<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Pending<'_, T> {
        let answer = self.writer.submit(doing, work);
        Box::pin(async move { answer?.await.unwrap_or(Err(StoreError::Closed)) })
    }

    fn read<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Pending<'_, T> {
        self.readers.run(doing, work)
    }
}

/// Opens for writing and makes sure of what durability rests on.
fn connect(path: &Path) -> Result<Connection, StoreError> {
    let db = Connection::open(path)
        .map_err(|source| StoreError::Open { path: path.display().to_string(), source: Box::new(source) })?;
    db.busy_timeout(BUSY).map_err(engine("setting up the connection"))?;
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    setting(&db, "journal_mode", "WAL", "wal")?;
    setting(&db, "synchronous", "FULL", "2")?;
    setting(&db, "foreign_keys", "ON", "1")?;
    db.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES).map_err(engine("setting up the connection"))?;
    Ok(db)
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

fn engine(doing: &'static str) -> impl Fn(rusqlite::Error) -> StoreError {
    move |source| StoreError::Engine { doing, source: Box::new(source) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_database_that_cannot_be_made_durable_is_refused() {
        // In memory there is no WAL, and SQLite says so only to those who ask.
        let refused = connect(Path::new(":memory:")).unwrap_err();
        assert!(matches!(refused, StoreError::Setting { name: "journal_mode", wanted: "wal", .. }), "{refused}");
    }

    #[test]
    fn what_durability_rests_on_is_set() {
        let folder = tempfile::tempdir().unwrap();
        let db = connect(&folder.path().join("books.db")).unwrap();
        let pragma = |name| db.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!((pragma("synchronous"), pragma("foreign_keys"), pragma("wal_autocheckpoint")), (2, 1, 20_000));
    }
}
