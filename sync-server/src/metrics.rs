//! What is counted and timed, for Prometheus to read (`OpenMetrics` 1.0 text).
//!
//! **Invariant:** a label is one of a few fixed words: no id, no path as sent, nothing of a person. So there are never more
//! than a few hundred series, whoever asks for what.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use madkort_protocol::{OperationBody, Outcome};
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// The text's media type, as its specification has it.
const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// Seconds: from a cached answer to the longest long-poll.
const SECONDS: [f64; 14] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0];
/// Pieces of work in one commit: up to the largest group.
const GROUPS: [f64; 10] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    method: &'static str,
    route: &'static str,
    status: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Operation {
    kind: &'static str,
    outcome: &'static str,
    rule: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Of {
    kind: &'static str,
}

type Timing = Family<Request, Histogram, fn() -> Histogram>;

/// How the store works. It holds a clone and tells; cheap to clone, all clones are one.
#[derive(Clone, Debug)]
pub struct StoreMetrics {
    groups: Histogram,
    commits: Histogram,
    retries: Counter,
    waiting: Gauge,
}

impl Default for StoreMetrics {
    fn default() -> Self {
        let retries = Counter::default();
        Self { groups: Histogram::new(GROUPS), commits: Histogram::new(SECONDS), retries, waiting: Gauge::default() }
    }
}

impl StoreMetrics {
    /// A commit of so many pieces of work took so long, from its first statement to the disk's word.
    pub fn committed(&self, pieces: usize, took: Duration) {
        self.groups.observe(f64::from(u32::try_from(pieces).unwrap_or(u32::MAX)));
        self.commits.observe(took.as_secs_f64());
    }

    /// A commit had to be tried again: serialisation failure, deadlock, a group taken apart.
    pub fn tried_again(&self) {
        self.retries.inc();
    }

    /// A piece of work waits for its commit.
    pub fn came(&self) {
        self.waiting.inc();
    }

    /// So many wait no longer: their commit has begun.
    pub fn begun(&self, pieces: usize) {
        self.waiting.dec_by(i64::try_from(pieces).unwrap_or(i64::MAX));
    }
}

/// All the server counts.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    store: StoreMetrics,
    requests: Timing,
    operations: Family<Operation, Counter>,
    outstanding: Family<Of, Gauge>,
    turned_away: Family<Of, Counter>,
    listeners: Gauge,
    connections: Gauge,
    resident: Gauge<u64, AtomicU64>,
}

/// Why a signed request was not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TurnedAway {
    /// No such device, or revoked.
    UnknownDevice,
    /// The signature is missing, garbled or another's.
    BadSignature,
    /// Its count came before.
    Replay,
}

impl Metrics {
    /// All at nought, beside what the store tells.
    #[must_use]
    pub fn new(store: StoreMetrics) -> Self {
        let mut registry = Registry::with_prefix("madkort");
        let requests = Timing::new_with_constructor(|| Histogram::new(SECONDS));
        let metrics = Self {
            requests,
            operations: Family::default(),
            outstanding: Family::default(),
            turned_away: Family::default(),
            listeners: Gauge::default(),
            connections: Gauge::default(),
            resident: Gauge::default(),
            store,
            registry: Registry::default(),
        };
        let all = &mut registry;
        let seconds = || Unit::Seconds;
        all.register_with_unit("request", "Requests answered, by route", seconds(), metrics.requests.clone());
        all.register("operations", "What devices did, and what became of it", metrics.operations.clone());
        all.register("outstanding", "Payments whose end is not known", metrics.outstanding.clone());
        all.register("turned_away", "Signed requests that were not let in", metrics.turned_away.clone());
        all.register("feed_listeners", "Devices waiting at the change feed", metrics.listeners.clone());
        all.register("connections", "Open connections", metrics.connections.clone());
        all.register_with_unit("resident_memory", "Memory of the process", Unit::Bytes, metrics.resident.clone());
        all.register("store_group_size", "Pieces of work in one commit", metrics.store.groups.clone());
        all.register_with_unit("store_commit", "How long commits take", seconds(), metrics.store.commits.clone());
        all.register("store_retries", "Commits that had to be tried again", metrics.store.retries.clone());
        all.register("store_waiting", "Pieces of work waiting for their commit", metrics.store.waiting.clone());
        Self { registry, ..metrics }
    }

    /// A request was answered.
    pub(crate) fn answered(&self, method: &'static str, route: &'static str, status: StatusCode, took: Duration) {
        let labels = Request { method, route, status: class(status) };
        self.requests.get_or_create(&labels).observe(took.as_secs_f64());
    }

    /// An operation was settled.
    pub(crate) fn settled(&self, kind: &'static str, outcome: &Outcome) {
        let (outcome, rule) = match outcome {
            Outcome::Posted => ("posted", String::new()),
            Outcome::AlreadyPosted => ("already_posted", String::new()),
            Outcome::Refused(refusal) => {
                let rule = serde_json::to_value(refusal.rule).ok();
                ("refused", rule.and_then(|rule| rule.as_str().map(str::to_owned)).unwrap_or_default())
            }
        };
        self.operations.get_or_create(&Operation { kind, outcome, rule }).inc();
    }

    /// A signed request was not let in.
    pub(crate) fn turned_away(&self, why: TurnedAway) {
        let kind = match why {
            TurnedAway::UnknownDevice => "unknown_device",
            TurnedAway::BadSignature => "bad_signature",
            TurnedAway::Replay => "replay",
        };
        self.turned_away.get_or_create(&Of { kind }).inc();
    }

    /// So many deposits and charges whose end is not known.
    pub(crate) fn outstanding(&self, deposits: usize, charges: usize) {
        for (kind, number) in [("deposit", deposits), ("charge", charges)] {
            self.outstanding.get_or_create(&Of { kind }).set(i64::try_from(number).unwrap_or(i64::MAX));
        }
    }

    /// A device waits at the change feed for as long as it holds this.
    pub(crate) fn listens(&self) -> Counted {
        Counted::one_more(&self.listeners)
    }

    /// A connection is open for as long as it holds this.
    pub(crate) fn connected(&self) -> Counted {
        Counted::one_more(&self.connections)
    }

    /// Everything, as text.
    #[must_use]
    pub fn text(&self) -> String {
        self.resident.set(resident_bytes().unwrap_or(0));
        let mut text = String::new();
        match text::encode(&mut text, &self.registry) {
            Ok(()) => text,
            // Writing to a `String` does not fail.
            Err(std::fmt::Error) => String::new(),
        }
    }
}

/// One more, until it is dropped.
#[derive(Debug)]
pub(crate) struct Counted(Gauge);

impl Counted {
    fn one_more(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// What the listener for metrics answers to.
pub fn router(metrics: Arc<Metrics>) -> Router {
    let not_found = || async { crate::Failure::from(madkort_protocol::ProblemCode::NotFound) };
    Router::new().route("/metrics", get(tell)).fallback(not_found).with_state(metrics)
}

async fn tell(State(metrics): State<Arc<Metrics>>) -> Response {
    ([(header::CONTENT_TYPE, MEDIA_TYPE)], metrics.text()).into_response()
}

/// What a kiosk's operation is counted as.
pub(crate) const fn kind_of(body: &OperationBody) -> &'static str {
    match body {
        OperationBody::PlaceOrder(_) => "place_order",
        OperationBody::CancelOrder(_) => "cancel_order",
        OperationBody::FileTicket(_) => "file_ticket",
        OperationBody::SetCardBlock(_) => "set_card_block",
    }
}

const fn class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        500..=599 => "5xx",
        _ => "1xx",
    }
}

/// `VmRSS` of `/proc/self/status` (proc(5)), which is in KiB.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}
