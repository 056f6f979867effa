//! An enrolled register: it signs and asks.
//!
//! **Invariant:** no request count is used twice: it is on disk before the request is sent.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use jiff::Timestamp;
use madkort_protocol::{
    API_VERSION, DeviceId, DeviceKind, Enrol, Enrolled, HEADER_API, HEADER_DEVICE, HEADER_REQUEST, HEADER_SIGNATURE,
    OperationId, Problem, RequestToSign, SigningKey,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use ureq::Agent;

use crate::state::State;

/// How long an answer is waited for: longer than the server gives itself.
const PATIENCE: Duration = Duration::from_secs(30);

/// A register that can ask.
pub struct Till {
    /// What it keeps.
    pub state: State,
    device: DeviceId,
    key: SigningKey,
    agent: Agent,
}

/// Enrols a register and says what it is called.
pub fn enrol(mut state: State, code: &str, name: &str) -> Result<String> {
    let public_key = state.key()?.public();
    let enrol = Enrol { code: code.to_owned(), kind: DeviceKind::Register, name: name.to_owned(), public_key };
    let body = serde_json::to_vec(&enrol)?;
    let request = agent().post(format!("{}/v1/devices", state.server)).header(HEADER_API, API_VERSION.to_string());
    let enrolled: Enrolled = read(request.content_type("application/json").send(&body))?;
    state.device = Some(enrolled.device);
    state.save()?;
    Ok(enrolled.short_name)
}

impl Till {
    /// A register that is enrolled.
    pub fn open(state: State) -> Result<Self> {
        let device = state.device.context("enrol first")?;
        Ok(Self { key: state.key()?, device, state, agent: agent() })
    }

    /// Asks, and reads the answer.
    pub fn post<T: DeserializeOwned>(&mut self, path: &str, message: &impl Serialize) -> Result<T> {
        let body = serde_json::to_vec(message)?;
        let envelope = self.envelope("POST", path, &body)?;
        let request = self.agent.post(format!("{}{path}", self.state.server)).content_type("application/json");
        read(envelope.into_iter().fold(request, |request, (name, value)| request.header(name, value)).send(&body))
    }

    /// Asks for what stands there.
    pub fn get<T: DeserializeOwned>(&mut self, path: &str) -> Result<T> {
        let envelope = self.envelope("GET", path, b"")?;
        let request = self.agent.get(format!("{}{path}", self.state.server));
        read(envelope.into_iter().fold(request, |request, (name, value)| request.header(name, value)).call())
    }

    /// What says that it is this register that asks, once.
    fn envelope(&mut self, method: &str, path: &str, body: &[u8]) -> Result<[(&'static str, String); 4]> {
        self.state.count += 1;
        self.state.save()?;
        let count = self.state.count;
        let signature = self.key.sign(&RequestToSign { method, path, device: self.device, count, body });
        Ok([
            (HEADER_API, API_VERSION.to_string()),
            (HEADER_DEVICE, self.device.to_string()),
            (HEADER_REQUEST, count.to_string()),
            (HEADER_SIGNATURE, signature.to_hex()),
        ])
    }
}

/// A new version 7 id of this moment.
pub fn new_id() -> Result<OperationId> {
    let millis = u64::try_from(Timestamp::now().as_millisecond()).context("the clock stands before 1970")?;
    let mut tail = [0; 10];
    getrandom::fill(&mut tail).context("the system gives no random bytes")?;
    Ok(OperationId::new(uuid::Builder::from_unix_timestamp_millis(millis, &tail).into_uuid()))
}

fn agent() -> Agent {
    Agent::config_builder().timeout_global(Some(PATIENCE)).http_status_as_error(false).build().into()
}

fn read<T: DeserializeOwned>(answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Result<T> {
    let mut answer = answer.context("no answer; ask again under the same id")?;
    let status = answer.status();
    let text = answer.body_mut().read_to_string().context("no whole answer; ask again under the same id")?;
    if status.is_success() {
        return serde_json::from_str(&text).context("the answer is not the message that was waited for");
    }
    match serde_json::from_str::<Problem>(&text) {
        Ok(problem) => bail!("{} ({})", problem.detail_da, problem.kind),
        Err(_) => bail!("the server answered {status}"),
    }
}
