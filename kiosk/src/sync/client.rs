//! One signed request and what came of it.
//!
//! **Invariants:** no request count is used twice, not even after a crash (counts are reserved on disk in blocks); an answer that
//! does not carry our API version is not the server's, so a captive portal is "out of reach" and never "refused".

use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use kiosk_core::{ComeBack, Link};
use madkort_protocol::{
    API_VERSION, Enrol, Enrolled, HEADER_API, HEADER_DEVICE, HEADER_REQUEST, HEADER_SESSION, HEADER_SIGNATURE, Problem,
    ProblemCode, RequestToSign, SessionToken, SigningKey,
};
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::link::{Backoff, LinkState};
use super::session::Session;
use super::{Outside, SyncConfig, enrol};
use crate::events::{Clock, Dice, Events};
use crate::store::{Identity, Store, StoreHandle};

/// A server that takes longer to accept a connection is out of reach; a person is waiting.
const CONNECT: Duration = Duration::from_secs(2);
/// After so long without a sign the network is asked whether the other end still lives.
const KEEPALIVE: Duration = Duration::from_secs(4);
/// Questions to an other end that does not answer before it counts as gone.
const KEEPALIVE_RETRIES: u32 = 3;
/// Bytes of an answer: a school's whole first set of changes is a tenth of it.
const LARGEST_ANSWER: usize = 32 * 1024 * 1024;
/// Bytes of a file: a small picture is a tenth of it.
const LARGEST_FILE: usize = 256 * 1024;
/// Two requests of ours can overtake each other on their way; the later one is then an old one to the server.
const OVERTAKEN_TRIES: usize = 3;
/// How often the server's last word is written down when nothing else is.
const HEARD_EVERY: SignedDuration = SignedDuration::from_mins(1);

/// Why a request came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// No answer of the server's.
    #[error("the server is out of reach: {0}")]
    Unreachable(String),
    /// The server is there and has a fault of its own.
    #[error("the server has a fault: status {0}")]
    Unwell(u16),
    /// The server does not know this kiosk.
    #[error("the server does not know this kiosk")]
    NotEnrolled,
    /// The server speaks another version.
    #[error("the server speaks another version")]
    WrongVersion,
    /// The server said no.
    #[error("the server said: {}", .0.detail)]
    Problem(Box<Problem>),
    /// The server said "not now": it was asked too often, and has done nothing.
    #[error("the server was asked too often: {}", .problem.detail)]
    TooOften {
        /// What it said.
        problem: Box<Problem>,
        /// When it may be asked again.
        back: ComeBack,
    },
    /// The kiosk's own disk could not give a request count.
    #[error("the kiosk's own store does not work")]
    Store,
}

/// A request.
#[derive(Clone, Debug)]
pub struct Call {
    method: Method,
    path: String,
    body: Vec<u8>,
    patience: Duration,
    session: Option<SessionToken>,
}

impl Call {
    /// A request without a body. `path` with query, from the slash on.
    #[must_use]
    pub fn new(method: Method, path: impl Into<String>, patience: Duration) -> Self {
        Self { method, path: path.into(), body: Vec::new(), patience, session: None }
    }

    /// For whoever is signed in with that token.
    #[must_use]
    pub fn as_visitor(mut self, session: Option<SessionToken>) -> Self {
        self.session = session;
        self
    }

    /// With a body.
    #[must_use]
    pub fn with(mut self, body: &impl Serialize) -> Self {
        // Our own message types always serialise; an empty body would be refused as malformed.
        self.body = serde_json::to_vec(body).unwrap_or_default();
        self
    }
}

/// Who signs.
struct Signer {
    identity: Identity,
    key: SigningKey,
}

/// The line to one server.
pub(super) struct Line {
    pub(super) config: SyncConfig,
    pub(super) store: StoreHandle,
    pub(super) events: Events,
    pub(super) clock: Clock,
    pub(super) dice: Dice,
    pub(super) link: LinkState,
    pub(super) session: Session,
    pub(super) http: Client,
    signer: Mutex<Option<Arc<Signer>>>,
    counts: tokio::sync::Mutex<Option<RangeInclusive<u64>>>,
    noted: Mutex<Option<Timestamp>>,
}

impl Line {
    pub(super) fn new(config: SyncConfig, outside: Outside) -> reqwest::Result<Self> {
        Ok(Self {
            config,
            store: outside.store,
            link: LinkState::new(outside.events.clone()),
            events: outside.events,
            clock: outside.clock,
            dice: outside.dice,
            session: Session::default(),
            http: http()?,
            signer: Mutex::default(),
            counts: tokio::sync::Mutex::default(),
            noted: Mutex::default(),
        })
    }

    pub(super) async fn rest(&self, backoff: &mut Backoff) {
        self.link.rest(backoff, &self.dice).await;
    }

    /// Sends a request, signed, and tells the link what came of it.
    pub(super) async fn call<T: DeserializeOwned>(&self, call: &Call) -> Result<T, CallError> {
        self.call_for(call, message).await
    }

    /// The same, for what is answered with a file of no more than [`LARGEST_FILE`] bytes.
    pub(super) async fn file(&self, call: &Call) -> Result<Vec<u8>, CallError> {
        self.call_for(call, file).await
    }

    async fn call_for<T>(&self, call: &Call, reads: Reads<T>) -> Result<T, CallError> {
        let mut tries = 0;
        let answer = loop {
            tries += 1;
            match self.send(call, reads).await {
                Err(CallError::Problem(problem)) if problem.code == ProblemCode::BadSignature => {
                    if tries == OVERTAKEN_TRIES {
                        break Err(CallError::NotEnrolled);
                    }
                }
                other => break other,
            }
        };
        match &answer {
            Ok(_) | Err(CallError::Problem(_) | CallError::TooOften { .. }) => self.heard(),
            Err(CallError::Unreachable(why)) => {
                tracing::debug!(path = path_only(&call.path), why, "a request came to nothing");
                self.link.lost();
            }
            Err(CallError::NotEnrolled) => {
                self.forget_signer();
                self.link.shut_out(Link::NotEnrolled);
            }
            Err(CallError::WrongVersion) => self.link.shut_out(Link::WrongVersion),
            // One question it cannot answer does not make a server absent; the pull decides.
            Err(CallError::Unwell(_) | CallError::Store) => {}
        }
        answer
    }

    async fn send<T>(&self, call: &Call, reads: Reads<T>) -> Result<T, CallError> {
        let signer = self.signer().await?;
        let count = self.next_count().await?;
        let device = signer.identity.device;
        let signature = signer.key.sign(&RequestToSign {
            method: call.method.as_str(),
            path: &call.path,
            device,
            count,
            body: &call.body,
        });
        let url = format!("{}{}", self.config.server, call.path);
        let mut request = self
            .http
            .request(call.method.clone(), url)
            .header(HEADER_DEVICE, device.to_string())
            .header(HEADER_REQUEST, count)
            .header(HEADER_SIGNATURE, signature.to_hex());
        if let Some(session) = &call.session {
            request = request.header(HEADER_SESSION, session.reveal());
        }
        if !call.body.is_empty() {
            request = request.header(CONTENT_TYPE, "application/json").body(call.body.clone());
        }
        answer(request, call.patience, reads).await
    }

    /// Who this kiosk is and the key it signs with; read once, and again after the server has shut it out.
    async fn signer(&self) -> Result<Arc<Signer>, CallError> {
        if let Some(signer) = self.signer.lock().ok().and_then(|signer| signer.clone()) {
            return Ok(signer);
        }
        let known = self.store.ask(|desk| (desk.store.identity(), desk.store.last_heard())).await;
        let (Ok(identity), Ok(last_heard)) = known.map_err(|_| CallError::Store)? else { return Err(CallError::Store) };
        self.link.remember(last_heard);
        let identity = identity.ok_or(CallError::NotEnrolled)?;
        let key = enrol::read_key(&self.config.state).map_err(|error| {
            tracing::error!(%error, "the device key cannot be read");
            CallError::NotEnrolled
        })?;
        let signer = Arc::new(Signer { identity, key });
        if let Ok(mut held) = self.signer.lock() {
            *held = Some(signer.clone());
        }
        Ok(signer)
    }

    fn forget_signer(&self) {
        if let Ok(mut signer) = self.signer.lock() {
            *signer = None;
        }
    }

    async fn next_count(&self) -> Result<u64, CallError> {
        let mut counts = self.counts.lock().await;
        if let Some(count) = counts.as_mut().and_then(Iterator::next) {
            return Ok(count);
        }
        let reserved = self.store.ask(|desk| desk.heed(|store, _| store.reserve_requests())).await;
        let mut fresh = reserved.map_err(|_| CallError::Store)?.map_err(|_| CallError::Store)?;
        let count = fresh.next().ok_or(CallError::Store)?;
        *counts = Some(fresh);
        Ok(count)
    }

    fn heard(&self) {
        let now = self.clock.now();
        self.link.heard(now);
        let Ok(mut noted) = self.noted.lock() else { return };
        if noted.is_none_or(|at| now.duration_since(at).abs() >= HEARD_EVERY) {
            *noted = Some(now);
            self.store.tell(|desk| {
                // A failure has been told by the desk; the next word is noted again.
                let _ = desk.heed(Store::heard);
            });
        }
    }
}

/// A client for one server. Redirects are not followed: our server sends none, and a signature is for one path.
pub(super) fn http() -> reqwest::Result<Client> {
    Client::builder()
        .connect_timeout(CONNECT)
        .tcp_keepalive(KEEPALIVE)
        .tcp_keepalive_interval(KEEPALIVE)
        .tcp_keepalive_retries(KEEPALIVE_RETRIES)
        .tcp_user_timeout(KEEPALIVE * KEEPALIVE_RETRIES)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("madkort-kiosk/", env!("CARGO_PKG_VERSION")))
        .build()
}

/// Enrols: the only unsigned request.
pub(super) async fn enrol(
    http: &Client,
    server: &str,
    enrol: &Enrol,
    patience: Duration,
) -> Result<Enrolled, CallError> {
    answer(http.post(format!("{server}/v1/devices")).json(enrol), patience, message).await
}

/// What a good answer's body says.
type Reads<T> = fn(&[u8]) -> Result<T, CallError>;

fn message<T: DeserializeOwned>(body: &[u8]) -> Result<T, CallError> {
    // An answer without words (204) is JSON's nothing.
    serde_json::from_slice(if body.is_empty() { b"null" } else { body })
        .map_err(|error| CallError::Unreachable(format!("an answer nobody understands: {error}")))
}

fn file(body: &[u8]) -> Result<Vec<u8>, CallError> {
    let fits = body.len() <= LARGEST_FILE;
    if fits { Ok(body.to_vec()) } else { Err(CallError::Unreachable("a file without end".to_owned())) }
}

async fn answer<T>(request: RequestBuilder, patience: Duration, reads: Reads<T>) -> Result<T, CallError> {
    let request = request.header(HEADER_API, API_VERSION).timeout(patience);
    let response = request.send().await.map_err(|error| unreachable_by(&error))?;
    let status = response.status();
    let version = response.headers().get(HEADER_API).and_then(|value| value.to_str().ok()).map(str::to_owned);
    // In seconds, as our server says it (RFC 9110, 10.2.3).
    let wait = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    if status == StatusCode::UPGRADE_REQUIRED {
        return Err(CallError::WrongVersion);
    }
    match version.as_deref().map(str::parse::<u16>) {
        Some(Ok(API_VERSION)) => {}
        Some(Ok(_)) => return Err(CallError::WrongVersion),
        Some(Err(_)) | None => return Err(CallError::Unreachable(format!("status {status} from somebody else"))),
    }
    let body = read(response).await?;
    if status.is_success() {
        return reads(&body);
    }
    if status.is_server_error() {
        return Err(CallError::Unwell(status.as_u16()));
    }
    match serde_json::from_slice::<Problem>(&body) {
        Ok(problem) => Err(match problem.code {
            ProblemCode::UnknownDevice => CallError::NotEnrolled,
            ProblemCode::ApiVersion => CallError::WrongVersion,
            ProblemCode::TooMany => CallError::TooOften { problem: Box::new(problem), back: ComeBack::after(wait) },
            _ => CallError::Problem(Box::new(problem)),
        }),
        Err(_) => Err(CallError::Unreachable(format!("status {status} without a problem"))),
    }
}

async fn read(mut response: Response) -> Result<Vec<u8>, CallError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| unreachable_by(&error))? {
        if body.len() + chunk.len() > LARGEST_ANSWER {
            return Err(CallError::Unreachable("an answer without end".to_owned()));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The cause in technicians' words, without the address, which may name an account.
fn unreachable_by(error: &reqwest::Error) -> CallError {
    let mut why = String::new();
    let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(error);
    while let Some(error) = cause {
        why = error.to_string();
        cause = error.source();
    }
    CallError::Unreachable(if error.is_timeout() { "no answer in time".to_owned() } else { why })
}

/// The first two parts of a path: what is asked, and not of whom.
fn path_only(path: &str) -> &str {
    let path = path.split('?').next().unwrap_or_default();
    path.match_indices('/').nth(2).map_or(path, |(end, _)| &path[..end])
}
