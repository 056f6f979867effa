//! Connections that read. **Invariant:** a reader sees one snapshot from its first statement to its last, and cannot write.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Semaphore;

use super::session::{Engine, Session};
use super::value::{Db, DbError};
use crate::store::{Pending, StoreError, engine};

/// Connections that read: more than there are cores on a small server, so that a long statement does not hold up a log-in.
const READERS: usize = 4;

pub struct Readers {
    engine: Arc<dyn Engine>,
    idle: Arc<Mutex<Vec<Box<dyn Session>>>>,
    free: Arc<Semaphore>,
}

impl Readers {
    /// Connects the first; the others come when they are needed.
    pub fn open(engine: Arc<dyn Engine>) -> Result<Self, StoreError> {
        let idle = Arc::new(Mutex::new(vec![engine.connect_reader()?]));
        Ok(Self { engine, idle, free: Arc::new(Semaphore::new(READERS)) })
    }

    /// Runs work on a free connection, on a thread that may block. A connection that broke while it lay idle is replaced.
    pub fn run<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl Fn(&dyn Session) -> Db<T> + Send + 'static,
    ) -> Pending<'static, T> {
        let (engine_of, idle, free) = (Arc::clone(&self.engine), Arc::clone(&self.idle), Arc::clone(&self.free));
        Box::pin(async move {
            let permit = free.acquire_owned().await.map_err(|_| StoreError::Closed)?;
            let reading = tokio::task::spawn_blocking(move || {
                let _permit = permit;
                let connect = || {
                    engine_of.connect_reader().map_err(|error| {
                        tracing::error!(%error, "no connection to the database");
                        StoreError::Unreachable
                    })
                };
                let found = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
                let (mut session, fresh) = match found {
                    Some(session) => (session, false),
                    None => (connect()?, true),
                };
                let mut answer = in_snapshot(&*session, &work);
                if matches!(answer, Err(DbError::Unreachable)) && !fresh {
                    session = connect()?;
                    answer = in_snapshot(&*session, &work);
                }
                if !matches!(answer, Err(DbError::Unreachable)) {
                    idle.lock().unwrap_or_else(PoisonError::into_inner).push(session);
                }
                answer.map_err(engine(doing))
            });
            let answer = reading.await.map_err(|_| StoreError::Closed)?;
            if let Err(error) = &answer {
                tracing::error!(doing, %error, "the store failed");
            }
            answer
        })
    }
}

fn in_snapshot<T>(session: &dyn Session, work: impl Fn(&dyn Session) -> Db<T>) -> Db<T> {
    session.begin_snapshot()?;
    let answer = work(session);
    if !matches!(answer, Err(DbError::Unreachable)) {
        session.rollback()?;
    }
    answer
}
