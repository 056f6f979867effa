//! The demo school behind the real server on a real port, with a clock in the test's hand.

#![allow(clippy::unwrap_used, dead_code)]

#[path = "../described/mod.rs"]
mod described;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp};
use madkort_protocol::{
    API_VERSION, CardUid, DepositRequest, DeviceId, DeviceKind, HEADER_API, HEADER_DEVICE, HEADER_REQUEST,
    HEADER_SESSION, HEADER_SIGNATURE, Language, LoginAnswer, LoginRequest, Money, OperationId, PurchaseRequest,
    RequestToSign, SessionToken, SigningKey,
};
use serde::Serialize;
use serde_json::Value;
use sync_server::demo::{self, DemoCard, DemoSchool};
use sync_server::payments::{Answer, Gateway, Outcome, PageRequest, Payments, Sandbox, StoredCharge, Unreachable};
use sync_server::store::{self, DatabaseUrl, NewCode, NewDevice, Store};
use sync_server::{AppState, Clock, Limits};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use uuid::Uuid;

/// A Monday.
pub const TODAY: Date = date(2026, 11, 23);
/// Just after lunch, Danish time.
pub const NOON: Timestamp = Timestamp::constant(1_795_434_000, 0);

/// An enrolled device.
pub struct Device {
    pub id: DeviceId,
    pub key: SigningKey,
    pub count: AtomicU64,
    /// Shown with every request, once somebody is signed in.
    pub session: Mutex<Option<SessionToken>>,
}

impl Device {
    /// One the server has never seen.
    pub fn stranger() -> Self {
        Self {
            id: DeviceId::new(Uuid::from_u128(99)),
            key: signing_key(99),
            count: AtomicU64::new(0),
            session: Mutex::default(),
        }
    }
}

/// The key of the nth device.
pub fn signing_key(n: u8) -> SigningKey {
    SigningKey::from_seed([n; 32])
}

/// The school, its server, a kiosk and a till.
pub struct School {
    pub state: AppState,
    pub store: Arc<dyn Store>,
    pub payments: Payments,
    pub demo: DemoSchool,
    pub kiosk: Device,
    pub register: Device,
    pub address: SocketAddr,
    pub folder: TempDir,
    /// Ends when the server has stopped.
    pub served: Option<JoinHandle<std::io::Result<()>>>,
    now: Arc<Mutex<Timestamp>>,
    http: reqwest::Client,
    next_id: AtomicU64,
}

/// How the server is set up.
#[derive(Default)]
struct Setup {
    gateway: Option<Arc<dyn Gateway>>,
    no_gateway: bool,
    jobs: bool,
    limits: Limits,
}

/// What the server answered.
#[derive(Debug)]
pub struct Said {
    pub status: u16,
    pub json: Value,
}

impl School {
    /// With the sandbox as its gateway, and without the jobs: only the test makes things happen.
    pub async fn open() -> Self {
        Self::with(Setup::default()).await
    }

    /// As `sync-server serve` runs it, jobs and all.
    pub async fn serving() -> Self {
        Self::with(Setup { jobs: true, ..Setup::default() }).await
    }

    /// As `sync-server serve` runs it, with less patience.
    pub async fn serving_within(limits: Limits) -> Self {
        Self::with(Setup { jobs: true, limits, ..Setup::default() }).await
    }

    /// With no gateway, as when nobody told the server of one, and without the jobs.
    pub async fn without_gateway() -> Self {
        Self::with(Setup { no_gateway: true, ..Setup::default() }).await
    }

    /// As `sync-server serve` runs it, with a gateway that says what the test wants.
    pub async fn serving_scripted() -> (Self, Arc<Scripted>) {
        let gateway = Arc::new(Scripted::default());
        (Self::with(Setup { gateway: Some(gateway.clone()), jobs: true, ..Setup::default() }).await, gateway)
    }

    /// With a gateway that says what the test wants.
    pub async fn scripted() -> (Self, Arc<Scripted>) {
        let gateway = Arc::new(Scripted::default());
        (Self::with(Setup { gateway: Some(gateway.clone()), ..Setup::default() }).await, gateway)
    }

    async fn with(setup: Setup) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("madkort.db");
        store::migrate(&DatabaseUrl::Sqlite(file.clone())).unwrap();
        let store: Arc<dyn Store> = store::open(&DatabaseUrl::Sqlite(file.clone())).unwrap();
        let sandbox = Arc::new(Sandbox::open(&Self::sandbox_file(&folder)).unwrap());
        let demo = demo::load(&*store, &sandbox, TODAY).await.unwrap();
        let now = Arc::new(Mutex::new(NOON));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let url = format!("http://{address}");
        let payments = match setup.gateway {
            None if setup.no_gateway => Payments::not_set_up(store.clone()),
            Some(gateway) => Payments::new(store.clone(), gateway, &url),
            None => Payments::with_sandbox(store.clone(), sandbox, &url),
        };
        let told = now.clone();
        let state = AppState::new(store.clone(), Clock::new(move || *told.lock().unwrap()), payments.clone())
            .with_limits(setup.limits);
        let kiosk = enrol(&*store, DeviceKind::Kiosk, 1).await;
        let register = enrol(&*store, DeviceKind::Register, 2).await;
        let mut served = None;
        if setup.jobs {
            served = Some(tokio::spawn(sync_server::serve(listener, state.clone())));
        } else {
            let router = sync_server::router(state.clone()).into_make_service_with_connect_info::<SocketAddr>();
            tokio::spawn(async move { axum::serve(listener, router).await });
        }
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let next_id = AtomicU64::new(1);
        Self { state, store, payments, demo, kiosk, register, address, folder, served, now, http, next_id }
    }

    pub fn sandbox_file(folder: &TempDir) -> PathBuf {
        folder.path().join("sandbox.db")
    }

    pub fn now(&self) -> Timestamp {
        *self.now.lock().unwrap()
    }

    pub fn wait(&self, duration: SignedDuration) {
        let mut now = self.now.lock().unwrap();
        *now += duration;
    }

    pub fn new_id(&self) -> OperationId {
        let n = self.next_id.fetch_add(1, Ordering::SeqCst);
        let mut tail = [0; 10];
        tail[2..].copy_from_slice(&n.to_be_bytes());
        let millis = u64::try_from(self.now().as_millisecond()).unwrap();
        OperationId::new(uuid::Builder::from_unix_timestamp_millis(millis, &tail).into_uuid())
    }

    pub fn card(&self, label: &str) -> DemoCard {
        self.demo.cards.iter().find(|card| card.label == label).unwrap().clone()
    }

    pub async fn account(&self, label: &str) -> madkort_protocol::Account {
        let school = self.store.schools().await.unwrap().remove(0);
        self.store.account(school.id, self.card(label).account).await.unwrap().unwrap()
    }

    pub async fn balance(&self, label: &str) -> i64 {
        self.account(label).await.balance.ore()
    }

    /// The books add up, and this is how many transactions there are.
    pub async fn audit(&self) -> u64 {
        self.store.verify(jiff::Timestamp::UNIX_EPOCH).await.unwrap().unwrap().transactions
    }

    pub fn deposit(&self, label: &str, kroner: i32) -> DepositRequest {
        let card = self.card(label);
        DepositRequest {
            id: self.new_id(),
            card: card.card,
            account: card.account,
            amount: Money::from_kroner(kroner),
            email: "alma@hojager.example".to_owned(),
            terms_version: "2026-08".to_owned(),
            language: Language::Danish,
        }
    }

    pub async fn purchase(&self, label: &str, ore: i64) -> Said {
        let request = PurchaseRequest {
            id: self.new_id(),
            card_uid: CardUid::parse(&self.card(label).uid).unwrap(),
            amount: Money::from_ore(ore),
            vat_percent: 25,
            text: "Frokost".to_owned(),
            authorisation: None,
        };
        self.send(&self.register, "POST", "/v1/purchases", &request).await
    }

    pub async fn send(&self, device: &Device, method: &str, path: &str, body: &impl Serialize) -> Said {
        let body = if matches!(method, "POST" | "PUT") { serde_json::to_vec(body).unwrap() } else { Vec::new() };
        let count = device.count.fetch_add(1, Ordering::SeqCst) + 1;
        let signature = device.key.sign(&RequestToSign { method, path, device: device.id, count, body: &body });
        let session = device.session.lock().unwrap().as_ref().map(|session| session.reveal().to_owned());
        let request = self.http.request(method.parse().unwrap(), format!("http://{}{path}", self.address));
        let answer = session
            .into_iter()
            .fold(request, |request, session| request.header(HEADER_SESSION, session))
            .header(HEADER_API, API_VERSION)
            .header(HEADER_DEVICE, device.id.to_string())
            .header(HEADER_REQUEST, count)
            .header(HEADER_SIGNATURE, signature.to_hex())
            .body(body)
            .send()
            .await
            .unwrap();
        let status = answer.status().as_u16();
        described::status(method, path, status);
        let body = answer.bytes().await.unwrap();
        let json = if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).unwrap() };
        Said { status, json }
    }

    /// Signs somebody in at the kiosk with the code of their card.
    pub async fn sign_in(&self, label: &str) {
        let card = self.card(label);
        let login = LoginRequest { card: card.card, code: card.code };
        let said = self.send(&self.kiosk, "POST", "/v1/logins", &login).await;
        let LoginAnswer::Right { session } = serde_json::from_value(said.json).unwrap() else { panic!("not let in") };
        *self.kiosk.session.lock().unwrap() = Some(session);
    }

    pub async fn post_deposit(&self, request: &DepositRequest) -> Said {
        self.send(&self.kiosk, "POST", "/v1/deposits", request).await
    }

    pub async fn get_deposit(&self, id: OperationId) -> Said {
        self.send(&self.kiosk, "GET", &format!("/v1/deposits/{id}"), &()).await
    }

    pub async fn delete_deposit(&self, id: OperationId) -> Said {
        self.send(&self.kiosk, "DELETE", &format!("/v1/deposits/{id}"), &()).await
    }

    /// The page as a browser gets it.
    pub async fn page(&self, url: &str) -> reqwest::Response {
        let answer = self.http.get(url).send().await.unwrap();
        described::status("GET", answer.url().path(), answer.status().as_u16());
        answer
    }

    /// Sends the page's form.
    pub async fn submit(&self, url: &str, form: &str) -> reqwest::Response {
        let request = self.http.post(url).header("content-type", "application/x-www-form-urlencoded");
        let answer = request.body(form.to_owned()).send().await.unwrap();
        described::status("POST", answer.url().path(), answer.status().as_u16());
        answer
    }

    pub async fn pay(&self, url: &str, card: &str) -> reqwest::Response {
        self.submit(url, &format!("card={card}&do=pay")).await
    }

    /// Waits, by the change feed, until the account is as wanted.
    pub async fn until(
        &self,
        label: &str,
        wanted: impl Fn(&madkort_protocol::Account) -> bool,
    ) -> madkort_protocol::Account {
        let school = self.store.schools().await.unwrap().remove(0).id;
        let mut feed = self.store.latest(school);
        let waiting = async {
            loop {
                feed.mark_unchanged();
                let account = self.account(label).await;
                if wanted(&account) {
                    return account;
                }
                feed.changed().await.unwrap();
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(20), waiting).await.expect("the account never got there")
    }
}

impl Drop for School {
    fn drop(&mut self) {
        self.state.stop();
    }
}

async fn enrol(store: &dyn Store, kind: DeviceKind, n: u8) -> Device {
    let school = store.schools().await.unwrap().remove(0).id;
    let expires_at = NOON + SignedDuration::from_mins(1);
    store
        .add_enrolment_code(NewCode { hash: [n; 32], school, kind, name: "Test".to_owned(), expires_at })
        .await
        .unwrap();
    let key = signing_key(n);
    let id = DeviceId::new(Uuid::from_u128(u128::from(n)));
    let device = NewDevice { id, code_hash: [n; 32], kind, name: "Test".to_owned(), public_key: key.public() };
    store.enrol(device, NOON).await.unwrap().unwrap();
    Device { id, key, count: AtomicU64::new(0), session: Mutex::default() }
}

/// A gateway that says what it was told to say, and remembers what it was asked.
#[derive(Default)]
pub struct Scripted {
    pub unreachable: Mutex<bool>,
    pub closes: Mutex<VecDeque<Option<Outcome>>>,
    pub asks: Mutex<VecDeque<Option<Outcome>>>,
    pub charges: Mutex<VecDeque<Outcome>>,
    pub charged: Mutex<Vec<StoredCharge>>,
    pub hangs: Mutex<bool>,
    /// The stored card that it hangs over; charges of others it answers.
    pub hangs_over: Mutex<Option<String>>,
    /// The intent that it says nothing about; about others it answers.
    pub silent_about: Mutex<Option<OperationId>>,
    /// What it was asked about or to close, answered or not.
    pub heard_of: Mutex<Vec<OperationId>>,
}

impl Scripted {
    pub fn will_say(&self, outcome: Option<Outcome>) {
        self.asks.lock().unwrap().push_back(outcome);
    }

    pub fn has_heard_of(&self, key: OperationId) -> bool {
        self.heard_of.lock().unwrap().contains(&key)
    }

    fn is_silent_about(&self, key: OperationId) -> bool {
        self.heard_of.lock().unwrap().push(key);
        *self.silent_about.lock().unwrap() == Some(key)
    }
}

impl Gateway for Scripted {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn open_page(&self, _: PageRequest) -> Answer<'_, Result<(), Unreachable>> {
        let unreachable = *self.unreachable.lock().unwrap();
        Box::pin(async move { if unreachable { Err(Unreachable) } else { Ok(()) } })
    }

    fn close_page(&self, key: OperationId) -> Answer<'_, Option<Outcome>> {
        if self.is_silent_about(key) {
            return Box::pin(std::future::pending());
        }
        let outcome = self.closes.lock().unwrap().pop_front().flatten();
        Box::pin(async move { outcome })
    }

    fn charge(&self, charge: StoredCharge) -> Answer<'_, Outcome> {
        let hangs = *self.hangs.lock().unwrap() || self.hangs_over.lock().unwrap().as_ref() == Some(&charge.card);
        self.charged.lock().unwrap().push(charge);
        // What it hangs over takes nobody else's answer.
        let said = if hangs { None } else { self.charges.lock().unwrap().pop_front() };
        let outcome = said.unwrap_or(Outcome::Unknown);
        Box::pin(async move { if hangs { std::future::pending().await } else { outcome } })
    }

    fn ask(&self, key: OperationId) -> Answer<'_, Option<Outcome>> {
        if self.is_silent_about(key) {
            return Box::pin(std::future::pending());
        }
        let outcome = self.asks.lock().unwrap().pop_front().unwrap_or(Some(Outcome::Unknown));
        Box::pin(async move { outcome })
    }
}
