//! What the server remembers, behind one trait per noun; [`Store`] is all of them.
//!
//! Every method that writes is one atomic step: it decides on what stands at that moment, and either all of it is durable when
//! the answer comes or none of it happened. Times come from the caller.
//!
//! **Invariant:** whatever moves money carries the id under which it moves once; balances and the change feed are written in the
//! step that moves the money.

mod allergies;
mod audit;
mod cards;
mod catalogue;
mod codes;
mod cpr_numbers;
mod deeds;
mod devices;
mod feed;
mod kitchen;
pub mod letters;
mod mails;
mod mandates;
mod movements;
mod moving;
mod operations;
pub mod passwords;
mod payments;
mod people;
pub mod pictures;
mod postgres;
mod price_classes;
mod registers;
mod sentence;
mod sessions;
mod sql;
mod sqlite;
mod url;
pub mod withdrawals;

use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::runtime::Handle;

use crate::metrics::StoreMetrics;

pub use allergies::AllergyRecords;
pub use audit::{Audit, Audited, Broken, Head, Verdict};
pub use cards::{Blocking, Cards, NewCard, Replacing};
pub use catalogue::{Catalogue, NewAccount, Thing};
pub use codes::{CodeTry, Codes};
pub use cpr_numbers::CprNumbers;
pub use deeds::{Deed, Deeds, Doer};
pub use devices::{Device, Devices, NewCode, NewDevice};
pub use feed::{Feed, Statements};
pub use kitchen::{Kitchen, KitchenDay, KitchenLine, Taken};
pub use letters::{Asked, AskedStatement, Letters};
pub use mails::{Letter, Mail, Mails, topic_of};
pub use mandates::{
    CARD_LINK_LASTS, LedBy, MandatePageOpening, MandatePageRow, Mandates, NewLetterPage, NewMandatePage, StoredCard,
};
pub use movements::{Movement, Movements, Moving};
pub use moving::{MoveStep, move_ledger, move_step_by_step};
pub use operations::{Operations, Purchasing, Pushing};
pub use payments::{
    Charge, ChargeState, Charges, DepositOpening, DepositRow, Deposits, Mandate, MandateChange, MandateState, Moved,
    NewDeposit, Stepped, Stepping,
};

pub use passwords::{AskedReset, Passwords};
pub use people::People;
pub use pictures::{NewPicturePage, PicturePageRow, Pictures};
pub use price_classes::{Listed, PriceClasses};
pub use registers::{AtTill, Registers};
pub use sessions::{NewSession, Session, Sessions};
pub use url::{DatabaseUrl, NoDatabase};
pub use withdrawals::{NewWithdrawal, WithdrawalRow, Withdrawals, Withdrawing};

use self::postgres::PostgresServer;
use self::sql::session::Engine;
use self::sql::value::DbError;
use self::sql::{SqlStore, copy};
use self::sqlite::SqliteFile;

/// An answer that is durable, where something was written, once it is there.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Everything the server remembers.
pub trait Store:
    AllergyRecords
    + Audit
    + Cards
    + Catalogue
    + Charges
    + Codes
    + CprNumbers
    + Deeds
    + Deposits
    + Devices
    + Feed
    + Kitchen
    + Letters
    + Mails
    + Mandates
    + Movements
    + Operations
    + Passwords
    + People
    + Pictures
    + PriceClasses
    + Registers
    + Sessions
    + Statements
    + Withdrawals
    + Send
    + Sync
    + 'static
{
    /// How it works: groups, commits, retries.
    fn metrics(&self) -> StoreMetrics;
}

/// Opens a database whose schema is up to date.
pub fn open(url: &DatabaseUrl) -> Result<Arc<dyn Store>, StoreError> {
    let engine = engine_of(url)?;
    let runtime = Handle::try_current().ok();
    apart(|| SqlStore::open(engine, runtime)).map(|store| Arc::new(store) as Arc<dyn Store>)
}

fn engine_of(url: &DatabaseUrl) -> Result<Arc<dyn Engine>, StoreError> {
    Ok(match url {
        DatabaseUrl::Sqlite(path) => {
            let file = SqliteFile::new(path);
            file.check()?;
            Arc::new(file)
        }
        DatabaseUrl::Postgres(_) => {
            let server = PostgresServer::parse(&url.reveal(), &url.to_string())?;
            apart(|| server.check())?;
            Arc::new(server)
        }
    })
}

/// Creates a database's tables or brings its schema up to date. Says which schema it had and has.
pub fn migrate(url: &DatabaseUrl) -> Result<(u32, u32), StoreError> {
    match url {
        DatabaseUrl::Sqlite(path) => SqliteFile::new(path).migrate(),
        DatabaseUrl::Postgres(_) => {
            let server = PostgresServer::parse(&url.reveal(), &url.to_string())?;
            apart(|| server.migrate())
        }
    }
}

/// Copies a ledger as it stands into a new SQLite file, while it is being used, and proves the copy: a backup. The file is
/// opened, or moved into any engine, as any other ledger.
pub fn back_up(from: &DatabaseUrl, to: &Path, now: Timestamp) -> Result<Audited, StoreError> {
    let file = SqliteFile::new(to);
    if to.exists() {
        return Err(StoreError::NotEmpty { place: to.display().to_string() });
    }
    file.migrate()?;
    let original = engine_of(from)?;
    apart(|| {
        let reader = original.connect_reader()?;
        reader.begin_snapshot().map_err(engine("reading the ledger"))?;
        let writer = file.connect()?;
        writer.begin().map_err(engine("writing the copy"))?;
        let audited = copy::fill(&*reader, &*writer, now)?;
        writer.commit().map_err(engine("writing the copy"))?;
        Ok(audited)
    })
}

/// Runs work that waits for a database on a thread of its own: the caller may be a task, which must not wait.
fn apart<T: Send>(work: impl FnOnce() -> Result<T, StoreError> + Send) -> Result<T, StoreError> {
    std::thread::scope(|scope| scope.spawn(work).join()).unwrap_or(Err(StoreError::Closed))
}

fn engine<E: Into<DbError>>(doing: &'static str) -> impl Fn(E) -> StoreError {
    move |error| match error.into() {
        DbError::Unreachable | DbError::Gone => StoreError::Unreachable,
        DbError::Busy => StoreError::Busy,
        DbError::Moved(place) => StoreError::Moved { place },
        DbError::Arriving(place) => StoreError::Arriving { place },
        source => StoreError::Engine { doing, source: Box::new(source) },
    }
}

/// Why the store could not do it. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be opened.
    #[error("cannot open the database {path}")]
    Open {
        /// Where it should be.
        path: String,
        /// Why not.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A setting that durability rests on did not take.
    #[error("the database says {name} is {found}, and it must be {wanted}")]
    Setting {
        /// The pragma.
        name: &'static str,
        /// What it reads back.
        found: String,
        /// What it must be.
        wanted: &'static str,
    },
    /// The schema is not the one this program knows.
    #[error("the database has schema {found}, this program knows {known}: {advice}")]
    Schema {
        /// What the file has.
        found: u32,
        /// What this program has.
        known: u32,
        /// What to do about it.
        advice: &'static str,
    },
    /// The engine failed.
    #[error("the database failed while {doing}")]
    Engine {
        /// What was going on.
        doing: &'static str,
        /// Its own words.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// What is stored cannot be read as what it should be.
    #[error("the database holds a broken {what}")]
    Corrupt {
        /// Which column or row.
        what: &'static str,
    },
    /// Nobody answers where the database should be, or its file is not there any more.
    #[error("the database cannot be reached")]
    Unreachable,
    /// A database that must be empty holds something.
    #[error("{place} holds something already")]
    NotEmpty {
        /// Which.
        place: String,
    },
    /// The ledger has gone to another place.
    #[error("this ledger has moved to {place}")]
    Moved {
        /// Which.
        place: String,
    },
    /// The ledger is still on its way here.
    #[error("this ledger is on its way here from {place}: run the same `sync-server migrate --from` again")]
    Arriving {
        /// From where.
        place: String,
    },
    /// A copy is not the same as its original.
    #[error("table {table} was not copied as it is")]
    Copy {
        /// Which table.
        table: &'static str,
    },
    /// The ledger does not prove itself.
    #[error(transparent)]
    Broken(Broken),
    /// More work waits than the queue takes, or another program holds the ledger.
    #[error("too much work is waiting, or another program holds the ledger")]
    Busy,
    /// The writer has stopped.
    #[error("the store is closed")]
    Closed,
}
