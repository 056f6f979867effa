//! Read-only connections. **Invariant:** a reader sees one snapshot from its first statement to its last, and cannot write.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OpenFlags};
use tokio::sync::Semaphore;

use crate::store::{Pending, StoreError};

use super::{BUSY, STATEMENTS, engine};

/// Connections that read: more than there are cores on a small server, so that a long statement does not hold up a log-in.
const READERS: usize = 4;

pub(super) struct Readers {
    idle: Arc<Mutex<Vec<Connection>>>,
    free: Arc<Semaphore>,
}

impl Readers {
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let open = || open(path);
        let idle = (0..READERS).map(|_| open()).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { idle: Arc::new(Mutex::new(idle)), free: Arc::new(Semaphore::new(READERS)) })
    }

    /// Runs work on a free connection, on a thread that may block.
    pub fn run<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Pending<'static, T> {
        let (idle, free) = (Arc::clone(&self.idle), Arc::clone(&self.free));
        let work = move |db: &Connection| {
            let snapshot = db.unchecked_transaction()?;
            let answer = work(&snapshot)?;
            snapshot.finish()?;
            Ok(answer)
        };
        Box::pin(async move {
            let permit = free.acquire_owned().await.map_err(|_| StoreError::Closed)?;
            let reading = tokio::task::spawn_blocking(move || {
                let _permit = permit;
                let db = idle.lock().unwrap_or_else(PoisonError::into_inner).pop().ok_or(StoreError::Busy)?;
                let answer = work(&db).map_err(engine(doing));
                idle.lock().unwrap_or_else(PoisonError::into_inner).push(db);
                answer
            });
            let answer = reading.await.map_err(|_| StoreError::Closed)?;
            if let Err(error) = &answer {
                tracing::error!(doing, %error, "the store failed");
            }
            answer
        })
    }
}

fn open(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags)
        .map_err(|source| StoreError::Open { path: path.display().to_string(), source: Box::new(source) })?;
    db.busy_timeout(BUSY).map_err(engine("setting up a reader"))?;
    db.pragma_update(None, "query_only", true).map_err(engine("setting up a reader"))?;
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(db)
}
