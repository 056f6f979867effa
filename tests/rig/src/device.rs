//! A device of the school's, played by the rig: enrolled with a one-time code, signing what it sends.
//!
//! The stories' cash register, and, where a story needs a kiosk that misbehaves, that kiosk.
//!
//! **Invariant:** its request count only grows.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use jiff::Timestamp;
use madkort_protocol::{
    API_VERSION, CardUid, DeviceId, DeviceKind, Enrol, Enrolled, HEADER_API, HEADER_DEVICE, HEADER_REQUEST,
    HEADER_SIGNATURE, Money, OperationId, PurchaseAnswer, PurchaseRequest, RequestToSign, SigningKey,
};
use serde::Serialize;
use uuid::{NoContext, Uuid};

use crate::http::{self, Answer};

/// An enrolled device.
pub struct Device {
    server: SocketAddr,
    id: DeviceId,
    key: SigningKey,
    count: u64,
}

impl Device {
    /// Enrols with a one-time code.
    pub fn enrol(server: SocketAddr, kind: DeviceKind, name: &str, code: &str) -> Result<Self> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|error| anyhow::anyhow!("no randomness: {error}"))?;
        let key = SigningKey::from_seed(seed);
        let enrol = Enrol { code: code.to_owned(), kind, name: name.to_owned(), public_key: key.public() };
        let headers = [(HEADER_API, API_VERSION.to_string())];
        let answer = http::request(server, "POST", "/v1/devices", &headers, &serde_json::to_vec(&enrol)?)?;
        let enrolled: Enrolled = answer.json().context("enrolling")?;
        Ok(Self { server, id: enrolled.device, key, count: 0 })
    }

    /// Books a sale under an id of the caller's choosing.
    pub fn purchase(&mut self, id: OperationId, uid: &str, amount: Money, text: &str) -> Result<PurchaseAnswer> {
        let sale = PurchaseRequest {
            id,
            card_uid: CardUid::parse(uid)?,
            amount,
            vat_percent: 25,
            text: text.to_owned(),
            authorisation: None,
        };
        self.post("/v1/purchases", &sale)?.json()
    }

    /// Signs and sends a body.
    pub fn post(&mut self, path: &str, body: &impl Serialize) -> Result<Answer> {
        self.send("POST", path, &serde_json::to_vec(body)?)
    }

    /// Signs and sends a question.
    pub fn get(&mut self, path: &str) -> Result<Answer> {
        self.send("GET", path, &[])
    }

    fn send(&mut self, method: &str, path: &str, body: &[u8]) -> Result<Answer> {
        self.count += 1;
        let signature =
            self.key.sign(&RequestToSign { method, path, device: self.id, count: self.count, body }).to_hex();
        let headers = [
            (HEADER_API, API_VERSION.to_string()),
            (HEADER_DEVICE, self.id.to_string()),
            (HEADER_REQUEST, self.count.to_string()),
            (HEADER_SIGNATURE, signature),
        ];
        http::request(self.server, method, path, &headers, body)
    }
}

/// An id nobody has used before.
pub fn new_id() -> OperationId {
    let now = Timestamp::now();
    let seconds = u64::try_from(now.as_second()).unwrap_or_default();
    let nanos = u32::try_from(now.subsec_nanosecond()).unwrap_or_default();
    OperationId::new(Uuid::new_v7(uuid::Timestamp::from_unix(NoContext, seconds, nanos)))
}
