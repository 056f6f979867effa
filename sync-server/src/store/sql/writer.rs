//! The one thread that writes, and its group commit.
//!
//! A commit costs an fsync whatever is in it, so the writer takes all that waits, up to [`GROUP`], into one transaction.
//! Each piece of work decides on what stands in that transaction before it writes, so a refusal leaves nothing behind.
//!
//! **Invariant:** nobody is answered before the commit; a piece of work that fails does so alone: the group is rolled back and
//! each piece tried again by itself. Work may run more than once and commits at most once, but for a connection that breaks in
//! the commit itself: then it runs again, and finds by its ids what it did the first time.

use std::collections::{BTreeSet, HashMap};
use std::num::NonZeroU64;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use madkort_protocol::{DeviceId, SchoolId};
use rustix::thread::set_current_timer_slack;
use tokio::runtime::Handle;
use tokio::sync::{oneshot, watch};
use tokio_postgres::error::SqlState;

use super::session::{Engine, Session};
use super::value::{Db, DbError};
use super::write::{Group, Wanted, Write};
use crate::metrics::StoreMetrics;
use crate::store::{StoreError, engine};

/// The most work in one commit: beyond it a commit takes so long that the first one waits for nothing.
const GROUP: usize = 512;
/// The most work that waits: two groups. What comes on top is told to come back.
const QUEUE: usize = 2 * GROUP;
/// A pause in which the engine may tidy up.
const IDLE: Duration = Duration::from_secs(2);
/// How often a group that ran into another server's is tried. It may run into the same one again as long as that has not committed,
/// so each time it waits a little longer: at last as long as a slow commit takes, a second and a half in all.
const CONFLICTS: u32 = 50;
/// How much longer than before it waits.
const STEP: Duration = Duration::from_millis(2);
/// How long it waits at most: a slow commit.
const LONGEST: Duration = Duration::from_millis(40);

/// Of the time the last commit took, how much is waited for as much work as it settled: those who were just answered come
/// back within it, and one fsync serves them all instead of half of them.
const PATIENCE: u32 = 4;
/// How often it is looked who has come back: often enough that nobody waits long for the last one.
const LOOK: Duration = Duration::from_micros(20);
/// By how much the system may let the writer sleep on, in nanoseconds: it takes 50 microseconds unless it is told otherwise, more
/// than [`LOOK`] itself (prctl(2), `PR_SET_TIMERSLACK`).
const SLACK: NonZeroU64 = NonZeroU64::MIN;

/// Request counts on their way to the disk: they are written with the next group.
#[derive(Default)]
pub struct Noted(Mutex<HashMap<DeviceId, u64>>);

impl Noted {
    /// Notes a count, to be durable no later than any work submitted after this.
    pub fn note(&self, device: DeviceId, count: u64) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let highest = noted.entry(device).or_default();
        *highest = count.max(*highest);
    }

    fn copy(&self) -> Vec<(DeviceId, u64)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().map(|(device, count)| (*device, *count)).collect()
    }

    fn written(&self, counts: &[(DeviceId, u64)]) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (device, count) in counts {
            if noted.get(device).is_some_and(|highest| highest <= count) {
                noted.remove(device);
            }
        }
    }
}

/// Who waits for a school's feed.
#[derive(Default)]
pub struct Feeds(Mutex<HashMap<SchoolId, watch::Sender<u64>>>);

impl Feeds {
    /// Wakes when something of the school has changed.
    pub fn subscribe(&self, school: SchoolId) -> watch::Receiver<u64> {
        let mut feeds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        feeds.entry(school).or_insert_with(|| watch::channel(0).0).subscribe()
    }

    /// Wakes everybody who waits for one of the schools.
    pub fn wake<'a>(&self, schools: impl IntoIterator<Item = &'a SchoolId>) {
        let feeds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for feed in schools.into_iter().filter_map(|school| feeds.get(school)) {
            feed.send_modify(|times| *times = times.wrapping_add(1));
        }
    }
}

/// The writer. Dropped, it finishes what waits.
pub struct Writer {
    queue: Option<SyncSender<Box<dyn Work>>>,
    thread: Option<JoinHandle<()>>,
    metrics: StoreMetrics,
}

impl Writer {
    /// Connects and starts the thread.
    pub fn start(
        engine_of: Arc<dyn Engine>,
        feeds: Arc<Feeds>,
        noted: Arc<Noted>,
        metrics: StoreMetrics,
        runtime: Option<Handle>,
    ) -> Result<Self, StoreError> {
        let (queue, work) = sync_channel(QUEUE);
        let session = Some(engine_of.connect()?);
        let told = metrics.clone();
        let mut desk = Desk {
            engine: engine_of,
            queue: work,
            early: Vec::new(),
            session,
            known: None,
            feeds,
            noted,
            metrics,
            last: Last::default(),
            runtime,
        };
        let thread = std::thread::Builder::new()
            .name("ledger-writer".to_owned())
            .spawn(move || desk.write_until_closed())
            .map_err(|source| StoreError::Engine { doing: "starting the writer", source: Box::new(source) })?;
        Ok(Self { queue: Some(queue), thread: Some(thread), metrics: told })
    }

    /// Queues work; the answer comes after its commit.
    pub fn submit<T: Send + 'static>(
        &self,
        doing: &'static str,
        wanted: Wanted,
        work: impl FnMut(&Write<'_>) -> Db<T> + Send + 'static,
    ) -> Result<oneshot::Receiver<Result<T, StoreError>>, StoreError> {
        let (reply, answer) = oneshot::channel();
        let task = Box::new(Task { doing, wanted, work, done: None, reply });
        match self.queue.as_ref().ok_or(StoreError::Closed)?.try_send(task) {
            Ok(()) => {
                self.metrics.came();
                Ok(answer)
            }
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
    fn wanted(&self) -> &Wanted;
    fn run(&mut self, write: &Write<'_>) -> Db<()>;
    fn succeed(self: Box<Self>);
    fn fail(self: Box<Self>, error: DbError);
}

struct Task<T, F> {
    doing: &'static str,
    wanted: Wanted,
    work: F,
    done: Option<T>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T: Send, F: FnMut(&Write<'_>) -> Db<T> + Send> Work for Task<T, F> {
    fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    fn run(&mut self, write: &Write<'_>) -> Db<()> {
        self.done = Some((self.work)(write)?);
        Ok(())
    }

    fn succeed(self: Box<Self>) {
        // Nobody listens any more when a request was given up: what it wrote stands all the same.
        let _ = self.reply.send(self.done.ok_or(StoreError::Closed));
    }

    fn fail(self: Box<Self>, error: DbError) {
        tracing::error!(doing = self.doing, %error, "the store failed");
        let _ = self.reply.send(Err(engine(self.doing)(error)));
    }
}

/// The writer's thread.
struct Desk {
    engine: Arc<dyn Engine>,
    queue: Receiver<Box<dyn Work>>,
    /// What came while the last group was being committed.
    early: Vec<Box<dyn Work>>,
    /// None when the last one broke and no new one could be had.
    session: Option<Box<dyn Session>>,
    /// What the last group on that connection left.
    known: Option<Known>,
    feeds: Arc<Feeds>,
    noted: Arc<Noted>,
    metrics: StoreMetrics,
    last: Last,
    /// Where those who wait run, if the store was opened there.
    runtime: Option<Handle>,
}

/// What a group knew after its commit, and the mark by which a commit of somebody else is noticed; where nothing tells of one, only
/// what the next is likely to ask for.
struct Known {
    mark: Option<i64>,
    group: Group,
}

/// The last group.
#[derive(Clone, Copy, Debug, Default)]
struct Last {
    size: usize,
    took: Duration,
}

impl Desk {
    fn write_until_closed(&mut self) {
        if let Err(error) = set_current_timer_slack(Some(SLACK)) {
            tracing::debug!(%error, "the writer looks less often who has come back");
        }
        let mut written = false;
        loop {
            let came_meanwhile = self.early.len();
            if came_meanwhile == 0 {
                match self.queue.recv_timeout(IDLE) {
                    Ok(first) => self.early.push(first),
                    Err(RecvTimeoutError::Timeout) if written => {
                        self.tend();
                        written = false;
                        continue;
                    }
                    Err(RecvTimeoutError::Timeout) => continue,
                    Err(RecvTimeoutError::Disconnected) => return self.tend(),
                }
            }
            let group = self.gather(came_meanwhile);
            self.metrics.begun(group.len());
            self.settle(group);
            written = true;
        }
    }

    /// All that waits, and for a moment also those who were answered by the last commit and come back: on top of what came while it
    /// was under way, or two halves would take turns for ever, each with an fsync of its own. It looks whether they have and is not
    /// woken by each of them: that would cost more than their work.
    fn gather(&mut self, came_meanwhile: usize) -> Vec<Box<dyn Work>> {
        let until = Instant::now() + self.last.took / PATIENCE;
        let mut group = std::mem::take(&mut self.early);
        let enough = (came_meanwhile + self.last.size).min(GROUP);
        loop {
            let room = GROUP.saturating_sub(group.len());
            group.extend(self.queue.try_iter().take(room));
            let left = until.saturating_duration_since(Instant::now());
            if group.len() >= enough || left.is_zero() {
                return group;
            }
            #[expect(clippy::disallowed_methods, reason = "a deadline; a channel would wake it for each of hundreds")]
            std::thread::sleep(left.min(LOOK));
        }
    }

    /// Commits a group, or each of it alone if the group will not go.
    fn settle(&mut self, mut group: Vec<Box<dyn Work>>) {
        let begun = Instant::now();
        let size = group.len();
        match self.commit(&mut group) {
            Ok(touched) => {
                let took = begun.elapsed();
                self.metrics.committed(size, took);
                self.feeds.wake(&touched);
                self.early.extend(self.queue.try_iter().take(GROUP - self.early.len()));
                self.last = Last { size, took };
                self.answer(group);
            }
            Err(error) => self.failed(group, error),
        }
    }

    /// Tells a group that nothing of it was written, or tries each of it alone.
    fn failed(&mut self, mut group: Vec<Box<dyn Work>>, error: DbError) {
        let size = group.len();
        if error.for_all().is_some() {
            for work in group {
                work.fail(error.for_all().unwrap_or(DbError::Unreachable));
            }
        } else if size > 1 {
            tracing::warn!(size, %error, "a group failed and is tried one by one");
            self.metrics.tried_again();
            for work in group {
                self.settle(vec![work]);
            }
        } else if let Some(work) = group.pop() {
            work.fail(error);
        }
    }

    /// Tells a group that it is on disk: from within the runtime, where one waiter after another costs no call of the system.
    fn answer(&self, group: Vec<Box<dyn Work>>) {
        match &self.runtime {
            Some(runtime) if group.len() > 1 => {
                runtime.spawn(async { group.into_iter().for_each(Work::succeed) });
            }
            _ => group.into_iter().for_each(Work::succeed),
        }
    }

    /// Tries until it is through, is refused for good, or nobody answers on a new connection either.
    fn commit(&mut self, group: &mut [Box<dyn Work>]) -> Db<BTreeSet<SchoolId>> {
        let mut conflicts = 0;
        let mut clash = None;
        let mut reconnected = false;
        loop {
            let session = if let Some(session) = self.session.take() {
                session
            } else {
                reconnected = true;
                self.known = None;
                self.engine.connect().map_err(|error| {
                    tracing::error!(%error, "no connection to the database");
                    DbError::Unreachable
                })?
            };
            match attempt(&*session, group, &self.noted, &mut self.known) {
                Err(DbError::Unreachable) if !reconnected => {}
                Err(DbError::Unreachable) => return Err(DbError::Unreachable),
                Err(error) if conflicts < CONFLICTS && is_conflict(&error, &mut clash) => {
                    conflicts += 1;
                    self.metrics.tried_again();
                    self.session = Some(session);
                    #[expect(
                        clippy::disallowed_methods,
                        reason = "PostgreSQL does not tell when the other has committed"
                    )]
                    std::thread::sleep((STEP * (conflicts - 1)).min(LONGEST));
                }
                settled => {
                    self.session = Some(session);
                    return settled;
                }
            }
        }
    }

    fn tend(&self) {
        if let Some(session) = &self.session {
            session.tend();
        }
    }
}

fn attempt(
    session: &dyn Session,
    group: &mut [Box<dyn Work>],
    noted: &Noted,
    known: &mut Option<Known>,
) -> Db<BTreeSet<SchoolId>> {
    session.begin()?;
    let counts = noted.copy();
    let done = carry_out(session, group, &counts, known.take());
    match done {
        Ok((touched, left)) => {
            session.commit()?;
            noted.written(&counts);
            *known = left;
            Ok(touched)
        }
        Err(DbError::Unreachable) => Err(DbError::Unreachable),
        Err(error) => {
            session.rollback()?;
            Err(error)
        }
    }
}

fn carry_out(
    session: &dyn Session,
    group: &mut [Box<dyn Work>],
    counts: &[(DeviceId, u64)],
    known: Option<Known>,
) -> Db<(BTreeSet<SchoolId>, Option<Known>)> {
    let mark = session.mark_of_others()?;
    let known = known.filter(|known| mark == known.mark).map(|known| known.group);
    let write = Write::new(session, known.unwrap_or_default());
    for (device, count) in counts {
        write.note_request(*device, *count);
    }
    let wanted: Vec<_> = group.iter().map(|work| work.wanted()).filter(|wanted| !wanted.is_nothing()).collect();
    if !wanted.is_empty() {
        write.expect(&wanted)?;
    }
    group.iter_mut().try_for_each(|work| work.run(&write))?;
    let (touched, group) = write.finish()?;
    let group = if mark.is_some() { group } else { group.habits() };
    Ok((touched, Some(Known { mark, group })))
}

/// A key that was taken: its constraint and its values, in the engine's words.
#[derive(Debug, PartialEq, Eq)]
struct Clash(Option<String>, Option<String>);

/// Whether another server's transaction came in between: the next attempt sees what it did. Two that take the same next place in
/// a school's row meet in its unique key, and PostgreSQL names that before it looks at what they read; the next attempt takes
/// another place. One that meets the same key again has seen who has it, and wants it all the same: that is no conflict.
fn is_conflict(error: &DbError, last: &mut Option<Clash>) -> bool {
    let DbError::Postgres(error) = error else { return false };
    let Some(told) = error.as_db_error() else { return false };
    if *told.code() != SqlState::UNIQUE_VIOLATION {
        return [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED].contains(told.code());
    }
    let clash = Some(Clash(told.constraint().map(str::to_owned), told.detail().map(str::to_owned)));
    let other = clash != *last;
    *last = clash;
    other
}
