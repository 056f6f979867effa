//! What every request handler holds.

use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use madkort_protocol::{AccountId, OperationId};
use tokio::sync::{Semaphore, mpsc, watch};

use crate::clock::Clock;
use crate::connections::Limits;
use crate::failure::Failure;
use crate::limits::{Kind, Limiter, Rates, Who};
use crate::mail::Mailer;
use crate::metrics::Metrics;
use crate::payments::Payments;
use crate::replay::ReplayGuard;
use crate::signed::Signers;
use crate::store::Store;

/// Accounts waiting to be considered for auto top-up. One that finds no room is found again at the next purchase, or at a start on the
/// same day.
const WAITING: usize = 4096;
/// Verification codes hashed at once: argon2 takes 19 MiB and a core each.
const HASHING: usize = 2;
/// Pictures looked at once: the largest takes a few hundred megabytes while it is made small.
const PICTURES: usize = 1;

/// The server's state: one pointer, for every layer of every request has its own.
#[derive(Clone)]
pub struct AppState(Arc<Shared>);

/// What all requests share.
#[derive(Clone)]
pub struct Shared {
    /// What the server remembers.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Clock,
    /// Deposits and charges.
    pub payments: Payments,
    /// Accounts a till has just taken money from.
    pub posted: mpsc::Sender<AccountId>,
    /// What is counted and timed.
    pub metrics: Arc<Metrics>,
    /// How much of the server a client may have.
    pub limits: Limits,
    /// How a telephone reaches this server, without a slash at the end; empty where nobody has said.
    pub public_url: Arc<str>,
    pub(crate) mailer: Option<Arc<Mailer>>,
    pub(crate) jobs: Arc<Jobs>,
    pub(crate) replay: Arc<ReplayGuard>,
    pub(crate) signers: Arc<Signers>,
    pub(crate) limiter: Arc<Limiter>,
    pub(crate) hashing: Arc<Semaphore>,
    pub(crate) pictures: Arc<Semaphore>,
    stopping: Arc<watch::Sender<bool>>,
    waiting: Arc<Mutex<Option<mpsc::Receiver<AccountId>>>>,
}

impl Deref for AppState {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl AppState {
    /// A server that has answered nothing yet.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Clock, payments: Payments) -> Self {
        let (posted, waiting) = mpsc::channel(WAITING);
        let metrics = Arc::new(Metrics::new(store.metrics()));
        Self(Arc::new(Shared {
            store,
            clock,
            payments,
            posted,
            metrics,
            limits: Limits::default(),
            public_url: Arc::default(),
            mailer: None,
            jobs: Arc::default(),
            replay: Arc::default(),
            signers: Arc::default(),
            limiter: Arc::default(),
            hashing: Arc::new(Semaphore::new(HASHING)),
            pictures: Arc::new(Semaphore::new(PICTURES)),
            stopping: Arc::new(watch::channel(false).0),
            waiting: Arc::new(Mutex::new(Some(waiting))),
        }))
    }

    /// With a mail server for its letters.
    #[must_use]
    pub fn with_mailer(self, mailer: Mailer) -> Self {
        Self(Arc::new(Shared { mailer: Some(Arc::new(mailer)), ..Arc::unwrap_or_clone(self.0) }))
    }

    /// Where a telephone reaches it, for the pages it leads one to.
    #[must_use]
    pub fn reached_at(self, public_url: &str) -> Self {
        let public_url = public_url.trim_end_matches('/').into();
        Self(Arc::new(Shared { public_url, ..Arc::unwrap_or_clone(self.0) }))
    }

    /// With other limits than the usual ones.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self(Arc::new(Shared { limits, ..Arc::unwrap_or_clone(self.0) }))
    }

    /// With other rates than the usual ones.
    #[must_use]
    pub fn with_rates(self, rates: Rates) -> Self {
        Self(Arc::new(Shared { limiter: Arc::new(Limiter::new(rates)), ..Arc::unwrap_or_clone(self.0) }))
    }

    /// Counts one more of a kind, and goes on only if it is not one too many.
    pub(crate) fn not_too_often(&self, kind: Kind, who: Who) -> Result<(), Failure> {
        Ok(self.limiter.count(kind, who, self.now())?)
    }

    /// The same for what has an id: asked again, it is not one more.
    pub(crate) fn not_too_often_under(&self, id: OperationId, kind: Kind, who: Who) -> Result<(), Failure> {
        Ok(self.limiter.count_once(kind, who, id, self.now())?)
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Asks the server to finish what it has begun and to take nothing more.
    pub fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Whether the server was asked to stop.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Ends when the server is asked to stop.
    pub async fn stopped(&self) {
        // The sender lives in `self`: this cannot end early.
        let _ = self.stopping.subscribe().wait_for(|stopping| *stopping).await;
    }

    /// The accounts to consider, for the one job that does; `None` the second time.
    pub(crate) fn take_waiting(&self) -> Option<mpsc::Receiver<AccountId>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Whether the jobs run.
#[derive(Debug, Default)]
pub(crate) struct Jobs(AtomicBool);

impl Jobs {
    /// They run for as long as this is held, also if they end in a panic.
    pub(crate) fn run(self: &Arc<Self>) -> Running {
        self.0.store(true, Ordering::SeqCst);
        Running(Arc::clone(self))
    }

    /// Whether they run.
    pub(crate) fn are_running(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// The jobs run.
pub(crate) struct Running(Arc<Jobs>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.0.store(false, Ordering::SeqCst);
    }
}
