//! Opening the file: the lock, the check, the settings, the migrations; and putting it aside whole.
//!
//! **Invariant:** a damaged file is not written to, not even by SQLite's own tidying when it is closed.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode};
use rustix::fs::{FlockOperation, flock};

use super::{Doing as _, Store, StoreError};

/// The database's name in the state directory.
pub const DATABASE: &str = "kiosk.db";
const LOCK: &str = "kiosk.lock";
/// SQLite's companions of a database file.
const COMPANIONS: [&str; 2] = ["-wal", "-shm"];
/// How long to wait for somebody who only reads, such as a backup.
const BUSY: Duration = Duration::from_secs(2);

/// Statements kept prepared: more than the store has.
const STATEMENTS: usize = 64;

/// Each brings the schema one version up. Never changed once released.
const MIGRATIONS: &[&str] = &[include_str!("schema/0001_first.sql")];

/// What the promises rest on, as SQLite names it when asked.
const SETTINGS: [(&str, &str, &str); 4] = [
    ("journal_mode", "WAL", "wal"),
    ("synchronous", "FULL", "2"),
    ("foreign_keys", "ON", "1"),
    ("trusted_schema", "OFF", "0"),
];

/// A database that was put aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAside {
    /// Where it is now.
    pub path: PathBuf,
}

impl Store {
    /// Opens the database of a state directory, and makes both if they are not there.
    pub fn open(state: &Path) -> Result<Self, StoreError> {
        let path = state.join(DATABASE);
        let lock = lock(state)?;
        match open_checked(&path) {
            Ok(db) => Ok(Self { db, _lock: lock }),
            Err(StoreError::Damaged { path, what, .. }) => {
                let kept = keep_copy(&path).ok();
                Err(StoreError::Damaged { path, kept, what })
            }
            Err(StoreError::Sql { source, .. }) if is_damage(&source) => {
                let kept = keep_copy(&path).ok();
                Err(StoreError::Damaged { path, kept, what: source.to_string() })
            }
            Err(error) => Err(error),
        }
    }
}

/// Puts a closed database aside under a name that says whose it was, and makes room for a new one.
pub fn set_aside(state: &Path, name: &str) -> Result<Option<SetAside>, StoreError> {
    let from = state.join(DATABASE);
    let to = state.join(format!("{DATABASE}.{name}"));
    let moved = (|| {
        if !from.exists() {
            return Ok(None);
        }
        for companion in COMPANIONS {
            let side = with_suffix(&from, companion);
            if side.exists() {
                fs::rename(&side, with_suffix(&to, companion))?;
            }
        }
        fs::rename(&from, &to)?;
        File::open(state)?.sync_all()?;
        Ok(Some(SetAside { path: to }))
    })();
    moved.map_err(|source| StoreError::Open { path: from, source })
}

fn lock(state: &Path) -> Result<File, StoreError> {
    let path = state.join(LOCK);
    let opened = DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(state)
        .and_then(|()| OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path));
    let file = opened.map_err(|source| StoreError::Open { path: path.clone(), source })?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(StoreError::InUse { path }),
        Err(error) => Err(StoreError::Open { path, source: error.into() }),
    }
}

fn open_checked(path: &Path) -> Result<Connection, StoreError> {
    // Made by us with the right mode, so that SQLite does not make it with another.
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(|source| StoreError::Open { path: path.to_owned(), source })?;
    let mut db = Connection::open(path).doing("open")?;
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    // With the planner's statistics compiled in, a statement would otherwise be prepared anew for every bound value.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).doing("keep its plans")?;
    db.busy_timeout(BUSY).doing("set the patience")?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).doing("forbid tidying")?;
    let check: String = db.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).doing("check itself")?;
    if check != "ok" {
        return Err(StoreError::Damaged { path: path.to_owned(), kept: None, what: check });
    }
    for (pragma, value, wanted) in SETTINGS {
        set(&db, pragma, value, wanted)?;
    }
    migrate(&mut db, path)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false).doing("permit tidying")?;
    Ok(db)
}

/// Sets, and reads back: SQLite ignores a setting it cannot honour without saying so.
fn set(db: &Connection, pragma: &'static str, value: &str, wanted: &'static str) -> Result<(), StoreError> {
    db.pragma_update_and_check(None, pragma, value, |_| Ok(()))
        .or_else(|error| match error {
            // Most settings answer nothing when set.
            rusqlite::Error::QueryReturnedNoRows => Ok(()),
            other => Err(other),
        })
        .doing("take a setting")?;
    let found = db
        .pragma_query_value(None, pragma, |row| {
            row.get_ref(0).map(|value| match value {
                rusqlite::types::ValueRef::Integer(number) => number.to_string(),
                other => other.as_str().unwrap_or_default().to_owned(),
            })
        })
        .doing("tell a setting")?;
    if found == wanted { Ok(()) } else { Err(StoreError::Setting { pragma, wanted, found }) }
}

fn migrate(db: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let found: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0)).doing("tell its schema")?;
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    if found > known {
        return Err(StoreError::TooNew { path: path.to_owned(), found, known });
    }
    for (version, sql) in (1_i64..).zip(MIGRATIONS).filter(|(version, _)| *version > found) {
        let step = db.transaction().doing("begin a migration")?;
        step.execute_batch(sql).doing("migrate")?;
        step.pragma_update(None, "user_version", version).doing("note its schema")?;
        step.commit().doing("commit a migration")?;
    }
    Ok(())
}

fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

/// Copies the file and its log under a name by its last change, so that a restart does not fill the disk with copies.
fn keep_copy(path: &Path) -> io::Result<PathBuf> {
    let changed = fs::metadata(path)?.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let kept = with_suffix(path, &format!(".broken-{changed}"));
    if !kept.exists() {
        // The log may hold the newest rows; the third file, `-shm`, is only an index of it.
        let log = with_suffix(path, COMPANIONS[0]);
        if fs::metadata(&log).is_ok_and(|log| log.len() > 0) {
            fs::copy(&log, with_suffix(&kept, COMPANIONS[0]))?;
        }
        fs::copy(path, &kept)?;
    }
    Ok(kept)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
