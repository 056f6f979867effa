//! The real server on a ledger, as a process that can be killed, and what a till says to it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

use madkort_protocol::*;
use reqwest::{Method, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use sync_server::store::{DatabaseUrl, NewSession, Store};

use super::{SCHOOL, START, Signer};

/// A running server. Killed when it is dropped.
pub struct Serving {
    child: Child,
    pub url: String,
}

impl Serving {
    /// Starts it and waits until it listens.
    pub fn start(database: &DatabaseUrl) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sync-server"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--log-filter", "info"]);
        // Tellers move more in a second than anybody may in ten minutes.
        command.env("MADKORT_LIMIT_TRANSFERS", "1000000/1s");
        command.env("MADKORT_DATABASE", database.reveal()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = lines.by_ref().map_while(Result::ok).find_map(|line| {
            let line: serde_json::Value = serde_json::from_str(&line).ok()?;
            (line["fields"]["message"] == "listening").then(|| line["fields"]["address"].as_str().unwrap().to_owned())
        });
        // Its log is read on, or it would stop when the pipe is full.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, url: format!("http://{}", address.expect("the server does not start")) }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
    }

    /// SIGKILL, and waits for its end.
    pub fn kill9(&mut self) {
        self.kill();
        let _ = self.child.wait();
    }

    /// Whether it is still there.
    pub fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits until somebody else has killed it.
    pub fn wait(&mut self) {
        self.child.wait().unwrap();
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.kill9();
    }
}

/// A till on the line.
pub struct Till {
    line: Line,
}

impl Till {
    pub fn new(signer: Signer) -> Self {
        Self { line: Line::new(signer) }
    }

    pub const fn id(&self) -> DeviceId {
        self.line.signer.id
    }

    /// What the server says to a request, whatever that is.
    pub async fn ask(&self, server: &str, method: Method, path: &str, body: &impl Serialize) -> Option<Response> {
        self.line.send(server, method, path, body).await
    }

    /// What the server says, if it says that the sale is settled. Everything else leaves it in doubt.
    pub async fn buy(&self, server: &str, sale: &PurchaseRequest) -> Option<Outcome> {
        Some(self.line.post::<PurchaseAnswer>(server, "/v1/purchases", sale).await?.outcome)
    }
}

/// A kiosk on the line, at which somebody is signed in.
pub struct Teller {
    line: Line,
}

impl Teller {
    /// Signs the card in at the kiosk, for as long as anybody may want.
    pub async fn new(store: &dyn Store, signer: Signer, card: CardId) -> Self {
        let mut seed = [7; 32];
        seed[..16].copy_from_slice(signer.id.uuid().as_bytes());
        let token = SessionToken::new(seed);
        let hash = Sha256::digest(token.reveal().as_bytes()).into();
        let (device, expires_at) = (signer.id, "2200-01-01T00:00:00Z".parse().unwrap());
        let session = NewSession { hash, school: SCHOOL, device, card, expires_at };
        assert!(store.begin_session(session, START).await.unwrap());
        Self { line: Line { session: Some(token), ..Line::new(signer) } }
    }

    /// Moves money, if the server says that it moved. Everything else leaves it in doubt.
    pub async fn transfer(&self, server: &str, transfer: &TransferRequest) -> Option<()> {
        self.line.post::<Transfer>(server, "/v1/transfers", transfer).await.map(drop)
    }
}

/// What a device says over the network.
struct Line {
    signer: Signer,
    session: Option<SessionToken>,
    count: AtomicU64,
    http: reqwest::Client,
}

impl Line {
    fn new(signer: Signer) -> Self {
        Self { signer, session: None, count: AtomicU64::new(0), http: reqwest::Client::new() }
    }

    /// What the server answers, if it answers; it must not refuse.
    async fn post<T: DeserializeOwned>(&self, server: &str, path: &str, body: &impl Serialize) -> Option<T> {
        let answer = self.send(server, Method::POST, path, body).await?;
        let status = answer.status();
        assert!(status.is_success() || status.is_server_error(), "{status}: {:?}", answer.text().await);
        if status.is_success() { answer.json().await.ok() } else { None }
    }

    /// What the server says, if it says anything. A `GET` goes without its body.
    async fn send(&self, server: &str, method: Method, path: &str, body: &impl Serialize) -> Option<Response> {
        let body = if method == Method::GET { Vec::new() } else { serde_json::to_vec(body).unwrap() };
        let count = self.count.fetch_add(1, Ordering::SeqCst) + 1;
        let to_sign = RequestToSign { method: method.as_str(), path, device: self.signer.id, count, body: &body };
        let signature = self.signer.key.sign(&to_sign).to_hex();
        let request = self.http.request(method, format!("{server}{path}"));
        let request = request.header(HEADER_API, API_VERSION).header(HEADER_DEVICE, self.signer.id.to_string());
        let request = request.header(HEADER_REQUEST, count).header(HEADER_SIGNATURE, signature);
        let request = match &self.session {
            Some(session) => request.header(HEADER_SESSION, session.reveal()),
            None => request,
        };
        request.body(body).send().await.ok()
    }
}
