//! Who asks: the extractor that lets a request in.
//!
//! **Invariant:** a handler that takes [`SignedDevice`] runs only for an enrolled, unrevoked device, on the very bytes it signed,
//! once. The body is not read as JSON before its signature is known to be right.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, HeaderValue, Method, header};
use jiff::{SignedDuration, Timestamp};
use madkort_protocol::{
    DeviceId, DeviceKind, HEADER_DEVICE, HEADER_REQUEST, HEADER_SIGNATURE, ProblemCode, RequestToSign, SchoolId,
    Signature, VerifyingKey,
};
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use crate::failure::Failure;
use crate::metrics::TurnedAway;
use crate::requests::about;
use crate::state::AppState;
use crate::store::Device;

/// The largest body: 64 operations with room to spare.
pub const BODY_LIMIT: usize = 256 * 1024;

/// A device whose signature fits the request, and the body it signed.
#[derive(Debug)]
pub struct SignedDevice {
    /// Who.
    pub device: Arc<Device>,
    body: Bytes,
}

impl SignedDevice {
    /// The only school the device may hear about.
    #[must_use]
    pub fn school(&self) -> SchoolId {
        self.device.school
    }

    /// Lets only one kind of device go on.
    pub fn must_be(&self, kind: DeviceKind) -> Result<(), Failure> {
        if self.device.kind == kind { Ok(()) } else { Err(ProblemCode::NotAllowed.into()) }
    }

    /// The body as the message the route takes.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        read_json(&self.body)
    }
}

impl FromRequest<AppState> for SignedDevice {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Failure> {
        let (parts, body) = request.into_parts();
        let turn_away = |why| {
            state.metrics.turned_away(why);
            Failure::from(match why {
                TurnedAway::UnknownDevice => ProblemCode::UnknownDevice,
                TurnedAway::BadSignature | TurnedAway::Replay => ProblemCode::BadSignature,
            })
        };
        let id = header(&parts.headers, HEADER_DEVICE).and_then(|text| DeviceId::parse(text).ok());
        let id = id.ok_or_else(|| turn_away(TurnedAway::UnknownDevice))?;
        let count = header(&parts.headers, HEADER_REQUEST).and_then(|text| text.parse().ok());
        let count: u64 = count.ok_or_else(|| turn_away(TurnedAway::BadSignature))?;
        let signature = header(&parts.headers, HEADER_SIGNATURE).and_then(|text| Signature::parse(text).ok());
        let signature = signature.ok_or_else(|| turn_away(TurnedAway::BadSignature))?;
        // Before the body: a stranger does not get to send one.
        let signer = signer(state, id).await?;
        let Signer { device, key, .. } = signer.ok_or_else(|| turn_away(TurnedAway::UnknownDevice))?;
        about("device", id);
        let body = read_body(state, &parts.headers, body).await?;
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let request = RequestToSign { method: parts.method.as_str(), path, device: id, count, body: &body };
        key.verify(&request, &signature).map_err(|_| turn_away(TurnedAway::BadSignature))?;
        if !state.replay.accept(id, device.request_count, count) {
            tracing::warn!(count, "an old request came again");
            return Err(turn_away(TurnedAway::Replay));
        }
        if parts.method != Method::GET && !SETTLED_BY_ID.contains(&parts.uri.path()) {
            state.store.note_request(id, count);
        }
        Ok(Self { device, body })
    }
}

/// Where all that is written is written once, under its own id. What comes again after a restart is told what the first one was told,
/// so that its count need not be on disk: that would be one row more for every purchase.
const SETTLED_BY_ID: [&str; 2] = ["/v1/purchases", "/v1/purchase-batches"];

/// How long a device is taken to be what it was: so soon a revocation by another process holds. Whatever it asks to be written is
/// decided on what stands in that very transaction.
const KNOWN_FOR: SignedDuration = SignedDuration::from_secs(1);

/// Devices that asked something a moment ago, with their keys looked at. As many as there are devices: only enrolled ones get in.
#[derive(Debug, Default)]
pub(crate) struct Signers {
    known: Mutex<HashMap<DeviceId, Signer>>,
    /// Held by whoever looks all of them up anew: hundreds of tills that come in one second are one question.
    looking: tokio::sync::Mutex<()>,
}

#[derive(Clone, Debug)]
struct Signer {
    since: Timestamp,
    device: Arc<Device>,
    key: VerifyingKey,
}

impl Signer {
    /// A device that is not shut out, and whose key is one.
    fn of(device: Device, since: Timestamp) -> Option<Self> {
        let key = device.public_key.check().ok()?;
        (!device.revoked).then(|| Self { since, device: Arc::new(device), key })
    }

    fn is_fresh(&self, now: Timestamp) -> bool {
        let age = now.duration_since(self.since);
        !age.is_negative() && age < KNOWN_FOR
    }
}

impl Signers {
    fn lock(&self) -> MutexGuard<'_, HashMap<DeviceId, Signer>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, id: DeviceId, now: Timestamp) -> Option<Signer> {
        self.lock().get(&id).filter(|signer| signer.is_fresh(now)).cloned()
    }

    fn has(&self, id: DeviceId) -> bool {
        self.lock().contains_key(&id)
    }

    fn stale(&self, now: Timestamp) -> Vec<DeviceId> {
        self.lock().iter().filter(|(_, signer)| !signer.is_fresh(now)).map(|(id, _)| *id).collect()
    }

    /// What these devices are now; those that are none any more are forgotten.
    fn keep(&self, asked: &[DeviceId], found: Vec<Device>, now: Timestamp) {
        let mut known = self.lock();
        for id in asked {
            known.remove(id);
        }
        known.extend(found.into_iter().filter_map(|device| Some((device.id, Signer::of(device, now)?))));
    }

    /// A device that the store has looked at in a step that began no earlier than `since`, and found to be enrolled and not shut out:
    /// a till that sells is not looked up apart from its sales.
    pub(crate) fn seen(&self, id: DeviceId, since: Timestamp) {
        if let Some(signer) = self.lock().get_mut(&id) {
            signer.since = signer.since.max(since);
        }
    }
}

/// The device, if it is enrolled and not shut out, and its key, if it is one.
async fn signer(state: &AppState, id: DeviceId) -> Result<Option<Signer>, Failure> {
    let (signers, now) = (&state.signers, state.now());
    if let Some(known) = signers.get(id, now) {
        return Ok(Some(known));
    }
    // A stranger asks for itself: it keeps nobody waiting who is known.
    let _alone = if signers.has(id) { Some(signers.looking.lock().await) } else { None };
    let now = state.now();
    if let Some(known) = signers.get(id, now) {
        return Ok(Some(known));
    }
    let asked = if signers.has(id) { signers.stale(now) } else { vec![id] };
    let found = state.store.devices(asked.clone()).await?;
    signers.keep(&asked, found, now);
    Ok(signers.get(id, now))
}

/// Reads a body within [`BODY_LIMIT`] and its time. One that does not say what it is is taken for JSON.
pub(crate) async fn read_body(state: &AppState, headers: &HeaderMap, body: Body) -> Result<Bytes, Failure> {
    let announced = header(headers, header::CONTENT_LENGTH.as_str()).and_then(|text| text.parse::<usize>().ok());
    if announced.is_some_and(|length| length > BODY_LIMIT) {
        return Err(ProblemCode::TooLarge.into());
    }
    if headers.get(header::CONTENT_TYPE).is_some_and(|kind| !is_json(kind)) {
        return Err(ProblemCode::MediaType.into());
    }
    let read = timeout(state.limits.body, to_bytes(body, BODY_LIMIT)).await.map_err(|_| ProblemCode::TooSlow)?;
    read.map_err(|error| {
        let too_large = std::error::Error::source(&error).is_some_and(|source| source.to_string().contains("limit"));
        if too_large { ProblemCode::TooLarge.into() } else { ProblemCode::Malformed.into() }
    })
}

/// `application/json`, with or without parameters (RFC 9110, 8.3.1).
fn is_json(kind: &HeaderValue) -> bool {
    let essence = kind.to_str().ok().and_then(|kind| kind.split(';').next()).unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}

/// Reads a message. What is wrong with it is not echoed: it may hold what must not be logged.
pub(crate) fn read_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(body).map_err(|_| ProblemCode::Malformed.into())
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
