//! Money from outside: what a payment gateway must be able to do, and what follows from its answers.
//!
//! A gateway answers in exactly three ways: [`Outcome::Succeeded`], [`Outcome::Declined`], [`Outcome::Unknown`]. A time-out, a
//! broken line or an answer that cannot be read is `Unknown`: then the gateway is *asked*, by the key that was written down
//! before the first call, and never paid again meanwhile.
//!
//! **Invariant:** no gateway is called before the intent and its key are durable; nothing is credited that the gateway has not
//! said succeeded, with the amount and the currency of the intent.

mod abreast;
pub mod cards;
mod charges;
mod deposits;
mod gateway;
mod mandates;
mod no_gateway;
pub mod sandbox;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use madkort_protocol::OperationId;

pub(crate) use abreast::Abreast;
pub use deposits::Opening;
pub use gateway::{Answer, CardPageRequest, Gateway, Mismatch, Outcome, PageRequest, StoredCharge, Taken, Unreachable};
pub use mandates::MandateOpening;
pub use sandbox::Sandbox;

use no_gateway::NoGateway;

use crate::store::{Store, StoreError};

/// The only currency.
pub const CURRENCY: &str = "DKK";
/// How long a payment page takes payment: long enough to find a phone and a card, short enough to clear a kiosk.
pub const PAGE_OPEN: SignedDuration = SignedDuration::from_mins(10);
/// How long a gateway's answer is waited for: longer than its own time-outs, and the charge is then asked about.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often mandates are gone through for a declined top-up that is due again: it waits a day, so minutes do not matter.
const RETRIES_EVERY: SignedDuration = SignedDuration::from_mins(5);
/// Intents looked at in one round: a backlog is worked off over several rounds, and a round stays short.
const ROUND: u32 = 64;
/// Intents counted for the metrics, or looked at when the server starts: above it the number says no more than that something is badly
/// wrong, and the rounds after it take what is left.
const COUNTED: u32 = 1000;

/// Deposits and charges between the store and one gateway.
#[derive(Clone)]
pub struct Payments {
    store: Arc<dyn Store>,
    gateway: Arc<dyn Gateway>,
    sandbox: Option<Arc<Sandbox>>,
    set_up: bool,
    public_url: Arc<str>,
    next_retries: Arc<AtomicI64>,
    patience: Duration,
}

impl Payments {
    /// With a gateway of any kind. `public_url` is how a telephone reaches this server, without a slash at the end.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, gateway: Arc<dyn Gateway>, public_url: &str) -> Self {
        Self {
            store,
            gateway,
            sandbox: None,
            set_up: true,
            public_url: public_url.trim_end_matches('/').into(),
            next_retries: Arc::default(),
            patience: PATIENCE,
        }
    }

    /// With the server's own sandbox, which moves no money and has its pages here.
    #[must_use]
    pub fn with_sandbox(store: Arc<dyn Store>, sandbox: Arc<Sandbox>, public_url: &str) -> Self {
        Self { sandbox: Some(sandbox.clone()), ..Self::new(store, sandbox, public_url) }
    }

    /// Without a gateway: nothing is opened or charged, and what another gateway has begun stays unknown until it is back.
    #[must_use]
    pub fn not_set_up(store: Arc<dyn Store>) -> Self {
        Self { set_up: false, ..Self::new(store, Arc::new(NoGateway), "") }
    }

    /// With another patience than the usual one.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Whether there is a gateway.
    #[must_use]
    pub const fn are_set_up(&self) -> bool {
        self.set_up
    }

    /// The sandbox, if that is the gateway.
    #[must_use]
    pub fn sandbox(&self) -> Option<&Arc<Sandbox>> {
        self.sandbox.as_ref()
    }

    /// What intents remember the gateway by.
    #[must_use]
    pub fn gateway_name(&self) -> &'static str {
        self.gateway.name()
    }

    /// The address of a payment page.
    #[must_use]
    pub fn page_url(&self, page: &str) -> String {
        format!("{}/pay/{page}", self.public_url)
    }

    /// How many deposits and charges there are whose end is not known, each up to [`COUNTED`].
    pub(crate) async fn outstanding(&self) -> Result<(usize, usize), StoreError> {
        let deposits = self.store.deposits_due(Timestamp::MAX, COUNTED).await?.len();
        Ok((deposits, self.store.open_charges(Timestamp::MAX, COUNTED).await?.len()))
    }

    /// A gateway that does not answer has not answered.
    async fn patiently<T>(&self, call: impl Future<Output = T>) -> Option<T> {
        tokio::time::timeout(self.patience, call).await.ok()
    }

    /// How a payment stands; one that the gateway says nothing about is not known.
    async fn asked(&self, id: OperationId) -> Option<Outcome> {
        self.patiently(self.gateway.ask(id)).await.unwrap_or(Some(Outcome::Unknown))
    }

    /// True once in [`RETRIES_EVERY`].
    fn time_for_retries(&self, now: Timestamp) -> bool {
        let next = self.next_retries.load(Ordering::Relaxed);
        if now.as_second() < next {
            return false;
        }
        self.next_retries.store(now.as_second() + RETRIES_EVERY.as_secs(), Ordering::Relaxed);
        true
    }
}

/// A version 7 id of this moment.
pub(crate) fn new_id(now: Timestamp) -> Option<OperationId> {
    let mut tail = [0; 10];
    getrandom::fill(&mut tail).ok()?;
    let millis = u64::try_from(now.as_millisecond()).ok()?;
    Some(OperationId::new(uuid::Builder::from_unix_timestamp_millis(millis, &tail).into_uuid()))
}

/// What a person can quote about a payment whose end is not known.
#[must_use]
pub fn case_number(id: OperationId) -> String {
    let text = id.uuid().simple().to_string();
    text[text.len() - 8..].to_uppercase()
}
