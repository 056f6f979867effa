//! The one thread that writes, and its group commit.
//!
//! A commit costs an fsync whatever is in it, so the writer takes all that waits, up to [`GROUP`], into one transaction.
//! Each piece of work decides on what it reads in that transaction before it writes, so a refusal leaves nothing behind.
//!
//! **Invariant:** nobody is answered before the commit; a piece of work that fails does so alone: the group is rolled back and
//! each piece tried again by itself.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use madkort_protocol::SchoolId;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::{oneshot, watch};

use crate::store::StoreError;

use super::engine;

/// The most work in one commit: beyond it a commit takes so long that the first one waits for nothing.
const GROUP: usize = 512;
/// The most work that waits: two groups. What comes on top is told to come back.
const QUEUE: usize = 2 * GROUP;
/// A pause in which the WAL is written back to the database.
const IDLE: Duration = Duration::from_secs(2);

/// The open transaction, as work sees it.
pub(super) struct Write<'a> {
    pub db: &'a Connection,
    touched: RefCell<BTreeSet<SchoolId>>,
}

impl Write<'_> {
    /// Puts a thing at the head of its school's change feed.
    pub fn changed(&self, school: SchoolId, kind: &'static str, key: &[u8]) -> rusqlite::Result<()> {
        self.db.prepare_cached("INSERT OR REPLACE INTO changes (school, kind, key) VALUES (?, ?, ?)")?.execute((
            school.uuid(),
            kind,
            key,
        ))?;
        self.touched.borrow_mut().insert(school);
        Ok(())
    }
}

/// Who waits for a school's feed.
#[derive(Default)]
pub(super) struct Feeds(Mutex<HashMap<SchoolId, watch::Sender<u64>>>);

impl Feeds {
    /// Wakes when something of the school has changed.
    pub fn subscribe(&self, school: SchoolId) -> watch::Receiver<u64> {
        let mut feeds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        feeds.entry(school).or_insert_with(|| watch::channel(0).0).subscribe()
    }

    fn wake(&self, schools: &BTreeSet<SchoolId>) {
        let feeds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for feed in schools.iter().filter_map(|school| feeds.get(school)) {
            feed.send_modify(|times| *times = times.wrapping_add(1));
        }
    }
}

/// The writer. Dropped, it finishes what waits.
pub(super) struct Writer {
    queue: Option<SyncSender<Box<dyn Work>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread.
    pub fn start(db: Connection, feeds: Arc<Feeds>) -> Result<Self, StoreError> {
        let (queue, work) = sync_channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("ledger-writer".to_owned())
            .spawn(move || write_until_closed(&db, &work, &feeds))
            .map_err(|source| StoreError::Engine { doing: "starting the writer", source: Box::new(source) })?;
        Ok(Self { queue: Some(queue), thread: Some(thread) })
    }

    /// Queues work; the answer comes after its commit.
    pub fn submit<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnMut(&Write<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<oneshot::Receiver<Result<T, StoreError>>, StoreError> {
        let (reply, answer) = oneshot::channel();
        let task = Box::new(Task { doing, work, done: None, reply });
        match self.queue.as_ref().ok_or(StoreError::Closed)?.try_send(task) {
            Ok(()) => Ok(answer),
            Err(TrySendError::Full(_)) => Err(StoreError::Busy),
            Err(TrySendError::Disconnected(_)) => Err(StoreError::Closed),
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take() {
            // A writer that panicked has said so already.
            let _ = thread.join();
        }
    }
}

/// One piece of work, whatever it answers.
trait Work: Send {
    fn run(&mut self, write: &Write<'_>) -> rusqlite::Result<()>;
    fn succeed(self: Box<Self>);
    fn fail(self: Box<Self>, error: rusqlite::Error);
}

struct Task<T, F> {
    doing: &'static str,
    work: F,
    done: Option<T>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T: Send, F: FnMut(&Write<'_>) -> rusqlite::Result<T> + Send> Work for Task<T, F> {
    fn run(&mut self, write: &Write<'_>) -> rusqlite::Result<()> {
        self.done = Some((self.work)(write)?);
        Ok(())
    }

    fn succeed(self: Box<Self>) {
        // Nobody listens any more when a request was given up: what it wrote stands all the same.
        let _ = self.reply.send(self.done.ok_or(StoreError::Closed));
    }

    fn fail(self: Box<Self>, error: rusqlite::Error) {
        tracing::error!(doing = self.doing, %error, "the store failed");
        let _ = self.reply.send(Err(engine(self.doing)(error)));
    }
}

fn write_until_closed(db: &Connection, queue: &Receiver<Box<dyn Work>>, feeds: &Feeds) {
    let mut written = false;
    loop {
        match queue.recv_timeout(IDLE) {
            Ok(first) => {
                let group = std::iter::once(first).chain(queue.try_iter()).take(GROUP).collect();
                settle(db, group, feeds);
                written = true;
            }
            Err(RecvTimeoutError::Timeout) if written => {
                checkpoint(db);
                written = false;
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return checkpoint(db),
        }
    }
}

/// Commits a group, or each of it alone if the group will not go.
fn settle(db: &Connection, mut group: Vec<Box<dyn Work>>, feeds: &Feeds) {
    match commit(db, &mut group) {
        Ok(touched) => {
            group.into_iter().for_each(Work::succeed);
            feeds.wake(&touched);
        }
        Err(error) if group.len() > 1 => {
            tracing::warn!(size = group.len(), %error, "a group failed and is tried one by one");
            for work in group {
                settle(db, vec![work], feeds);
            }
        }
        Err(error) => {
            if let Some(work) = group.pop() {
                work.fail(error);
            }
        }
    }
}

fn commit(db: &Connection, group: &mut [Box<dyn Work>]) -> rusqlite::Result<BTreeSet<SchoolId>> {
    let transaction = Transaction::new_unchecked(db, TransactionBehavior::Immediate)?;
    let write = Write { db, touched: RefCell::default() };
    for work in group {
        work.run(&write)?;
    }
    transaction.commit()?;
    Ok(write.touched.into_inner())
}

/// A passive checkpoint waits for nobody; what it could not do the next one does.
fn checkpoint(db: &Connection) {
    if let Err(error) = db.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())) {
        tracing::warn!(%error, "the WAL could not be written back");
    }
}
