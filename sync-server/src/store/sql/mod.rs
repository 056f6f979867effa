//! The store in SQL: one set of rules and statements, whatever engine keeps the rows.
//!
//! Writes go through a bounded queue to the writer, which takes all that wait, runs them in one transaction, commits once and
//! then answers all ([`writer`]). Readers see snapshots and never wait for it.
//!
//! **Invariant:** what is decided is decided here and not by an engine, so that two ledgers with the same operations are the same
//! ledger, row by row.

mod allergies;
mod audit;
mod authorisations;
mod cards;
mod catalogue;
mod causes;
mod chain;
mod charges;
mod codes;
pub(super) mod copy;
mod cpr_numbers;
mod deeds;
mod deposits;
mod devices;
mod feed;
mod holds;
mod kitchen;
mod legs;
mod letters;
mod mails;
mod mandates;
mod movements;
pub(super) mod moves;
mod operations;
mod orders;
mod passwords;
mod people;
mod pick_ups;
mod pictures;
mod portions;
mod posted;
mod posting;
mod price_classes;
mod purchases;
mod readers;
mod registers;
mod rows;
pub(super) mod schema;
pub(super) mod session;
mod sessions;
mod statements;
pub(super) mod tables;
mod undo;
pub(super) mod value;
mod withdrawals;
mod write;
mod writer;

use std::sync::Arc;

use tokio::runtime::Handle;

use self::readers::Readers;
use self::session::{Engine, Session};
use self::value::Db;
use self::write::{Wanted, Write};
use self::writer::{Feeds, Noted, Writer};
use super::{Pending, Store, StoreError};
use crate::metrics::StoreMetrics;

/// The store on one database.
pub struct SqlStore {
    writer: Writer,
    readers: Readers,
    feeds: Arc<Feeds>,
    noted: Arc<Noted>,
    metrics: StoreMetrics,
    /// Stops looking at other servers' changes when the store is dropped.
    _watching: Option<feed::Watching>,
}

impl Store for SqlStore {
    fn metrics(&self) -> StoreMetrics {
        self.metrics.clone()
    }
}

impl SqlStore {
    /// Opens a database whose schema is up to date. Those who wait for the writer are answered in the runtime, if there is one.
    pub(super) fn open(engine: Arc<dyn Engine>, runtime: Option<Handle>) -> Result<Self, StoreError> {
        let feeds = Arc::new(Feeds::default());
        let readers = Readers::open(Arc::clone(&engine))?;
        let watching = if engine.shared() { Some(feed::watch(Arc::clone(&engine), Arc::clone(&feeds))?) } else { None };
        let noted = Arc::new(Noted::default());
        let metrics = StoreMetrics::default();
        let writer = Writer::start(engine, Arc::clone(&feeds), Arc::clone(&noted), metrics.clone(), runtime)?;
        Ok(Self { writer, readers, feeds, noted, metrics, _watching: watching })
    }

    fn write<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnMut(&Write<'_>) -> Db<T> + Send + 'static,
    ) -> Pending<'_, T> {
        self.write_expecting(doing, Wanted::default(), work)
    }

    /// Work that says beforehand what it will look up.
    fn write_expecting<T: Send + 'static>(
        &self,
        doing: &'static str,
        wanted: Wanted,
        work: impl FnMut(&Write<'_>) -> Db<T> + Send + 'static,
    ) -> Pending<'_, T> {
        let answer = self.writer.submit(doing, wanted, work);
        Box::pin(async move { answer?.await.unwrap_or(Err(StoreError::Closed)) })
    }

    fn read<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl Fn(&dyn Session) -> Db<T> + Send + 'static,
    ) -> Pending<'_, T> {
        self.readers.run(doing, work)
    }
}
