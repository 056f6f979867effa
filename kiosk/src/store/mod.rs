//! What the kiosk remembers: one SQLite file in the state directory.
//!
//! Does disk I/O, blocks, and belongs to the thread of [`desk`]; time comes in with each call.
//!
//! **Invariants:** a call that returned `Ok` is on the disk (`journal_mode=WAL`, `synchronous=FULL`, read back when opened). A
//! journal row *is* the outbox row: the outbox is the journal after `acked_seq`. Nothing is ever reset: a file that cannot be read
//! is left where it is and copied aside, because operations nobody else knows of may be inside.

mod cache;
mod deposits;
pub mod desk;
mod device;
mod journal;
mod opening;
mod pictures;
mod spool;
mod visit;

pub use desk::{Bells, Desk, StoreHandle};
pub use device::{Identity, REQUESTS_RESERVED};
pub use journal::{Batch, Recorded, Settled, ToRecord};
pub use opening::{DATABASE, SetAside, set_aside};
pub use spool::{Job, JobState, KEPT_QUEUED, SpoolState};

use std::path::PathBuf;

use madkort_protocol::Language;
use rusqlite::{Connection, Row, Transaction, TransactionBehavior};

/// The open database.
#[derive(Debug)]
pub struct Store {
    db: Connection,
    /// Held while the store is open, so that no two kiosks write one journal.
    _lock: std::fs::File,
}

/// Why the store did not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The directory or file cannot be opened.
    #[error("{} cannot be opened", .path.display())]
    Open {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Another kiosk process holds it.
    #[error("{} is in use by another kiosk", .path.display())]
    InUse {
        /// The lock.
        path: PathBuf,
    },
    /// The file is damaged.
    #[error("{} is damaged: {what}", .path.display())]
    Damaged {
        /// Which.
        path: PathBuf,
        /// Where its copy is, if the disk took one.
        kept: Option<PathBuf>,
        /// What SQLite says.
        what: String,
    },
    /// A newer kiosk wrote it.
    #[error("{} has schema {found}, and this kiosk knows {known}", .path.display())]
    TooNew {
        /// Which.
        path: PathBuf,
        /// Its schema.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// SQLite did not take a setting the promises rest on.
    #[error("PRAGMA {pragma} is {found} and not {wanted}")]
    Setting {
        /// Which.
        pragma: &'static str,
        /// What it should be.
        wanted: &'static str,
        /// What it is.
        found: String,
    },
    /// Nothing can be recorded before enrolment gave the kiosk its short name.
    #[error("this kiosk is not enrolled")]
    NotEnrolled,
    /// A statement failed.
    #[error("the database did not {doing}")]
    Sql {
        /// What was being done.
        doing: &'static str,
        /// Why it failed.
        #[source]
        source: rusqlite::Error,
    },
    /// A row does not hold what it should.
    #[error("a row of {what} cannot be read")]
    Row {
        /// Of what.
        what: &'static str,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// A sum does not fit.
    #[error("a balance is too large to be counted")]
    Money(#[from] madkort_protocol::MoneyError),
}

impl StoreError {
    /// A sentence for staff: what it is and what to do.
    #[must_use]
    pub fn sentence(&self, language: Language) -> String {
        let danish = language == Language::Danish;
        match self {
            Self::Damaged { path, kept, .. } => {
                let kept = kept.as_ref().map(|kept| kept.display().to_string()).unwrap_or_default();
                let path = path.display();
                if danish {
                    format!(
                        "Kioskens database {path} er beskadiget. Den er ikke rørt, og en kopi ligger i {kept}. Den kan rumme bestillinger, som serveren ikke har fået: kontakt support."
                    )
                } else {
                    format!(
                        "The kiosk's database {path} is damaged. It was not touched, and a copy is in {kept}. It may hold orders that the server has not got: contact support."
                    )
                }
            }
            Self::TooNew { path, found, known } => {
                let path = path.display();
                if danish {
                    format!(
                        "Kioskens database {path} er skrevet af en nyere kiosk (skema {found}, denne kender {known}). Installér den nyere version igen."
                    )
                } else {
                    format!(
                        "The kiosk's database {path} was written by a newer kiosk (schema {found}, this one knows {known}). Install the newer version again."
                    )
                }
            }
            Self::InUse { path } => {
                let path = path.display();
                if danish {
                    format!("En anden kiosk kører allerede i samme mappe ({path}). Stop den først.")
                } else {
                    format!("Another kiosk already runs in the same directory ({path}). Stop it first.")
                }
            }
            other if danish => format!("Kioskens disk eller database virker ikke: {other}."),
            other => format!("The kiosk's disk or database does not work: {other}."),
        }
    }
}

/// Names what was being done when SQLite failed.
trait Doing<T> {
    fn doing(self, doing: &'static str) -> Result<T, StoreError>;
}

impl<T> Doing<T> for Result<T, rusqlite::Error> {
    fn doing(self, doing: &'static str) -> Result<T, StoreError> {
        self.map_err(|source| StoreError::Sql { doing, source })
    }
}

/// Statements prepared once and kept: to prepare one costs as much as what it writes.
trait Once {
    /// Runs a statement that answers nothing.
    fn run(&self, sql: &str, parameters: impl rusqlite::Params) -> rusqlite::Result<usize>;

    /// The first row of a query.
    fn one<T>(
        &self,
        sql: &str,
        parameters: impl rusqlite::Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T>;
}

impl Once for Connection {
    fn run(&self, sql: &str, parameters: impl rusqlite::Params) -> rusqlite::Result<usize> {
        self.prepare_cached(sql)?.execute(parameters)
    }

    fn one<T>(
        &self,
        sql: &str,
        parameters: impl rusqlite::Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        self.prepare_cached(sql)?.query_row(parameters, read)
    }
}

impl Store {
    /// A transaction that holds the write lock from its start, so it cannot fail half-way for want of it.
    fn write(&mut self) -> Result<Transaction<'_>, StoreError> {
        self.db.transaction_with_behavior(TransactionBehavior::Immediate).doing("begin a transaction")
    }
}

fn to_json<T: serde::Serialize>(what: &'static str, value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|source| StoreError::Row { what, source })
}

fn from_json<T: serde::de::DeserializeOwned>(what: &'static str, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|source| StoreError::Row { what, source })
}

/// All bodies a query gives, parsed.
fn bodies<T: serde::de::DeserializeOwned>(
    db: &Connection,
    what: &'static str,
    sql: &str,
    parameters: impl rusqlite::Params,
) -> Result<Vec<T>, StoreError> {
    let mut statement = db.prepare_cached(sql).doing("prepare a query")?;
    let rows = statement.query_map(parameters, |row| row.get::<_, String>(0)).doing("query")?;
    rows.map(|row| from_json(what, &row.doing("read a row")?)).collect()
}

/// The one body a query gives, parsed.
fn body<T: serde::de::DeserializeOwned>(
    db: &Connection,
    what: &'static str,
    sql: &str,
    parameters: impl rusqlite::Params,
) -> Result<Option<T>, StoreError> {
    Ok(bodies(db, what, sql, parameters)?.into_iter().next())
}
