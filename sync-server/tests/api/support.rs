//! The small school, a server on a free port, and devices that sign.

#[path = "../described/mod.rs"]
mod described;
#[path = "../small_school/mod.rs"]
mod small_school;

use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use argon2::password_hash::PasswordHasher;
use argon2::{Algorithm, Argon2, Params, Version};
use jiff::{SignedDuration, Timestamp};
use madkort_protocol::*;
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sync_server::limits::Rates;
use sync_server::payments::{Payments, Sandbox};
use sync_server::store::{self, DatabaseUrl, NewCode, NewDeposit, Store, Thing};
use sync_server::{AppState, Clock, enrolment};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use uuid::Uuid;

pub use small_school::*;

/// Sunday noon in Denmark.
pub const START: &str = "2026-11-22T11:00:00Z";
/// On no menu.
pub const NOT_TODAY: ProductId = ProductId::new(Uuid::from_u128(0xd3));

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A clock that stands until it is set.
#[derive(Clone)]
pub struct SetClock(Arc<AtomicI64>);

impl SetClock {
    pub fn set(&self, to: Timestamp) {
        self.0.store(to.as_microsecond(), Ordering::SeqCst);
    }

    pub fn now(&self) -> Timestamp {
        Timestamp::from_microsecond(self.0.load(Ordering::SeqCst)).unwrap()
    }

    pub fn forward(&self, by: SignedDuration) {
        self.set(self.now() + by);
    }
}

pub struct Server {
    pub url: String,
    pub clock: SetClock,
    pub state: AppState,
    pub path: PathBuf,
    serving: JoinHandle<std::io::Result<()>>,
    folder: TempDir,
}

impl Server {
    pub async fn start() -> Self {
        Self::start_with(Rates::default()).await
    }

    /// A plain sale under an id of its own.
    pub fn sale(&self, card_uid: CardUid, amount: Money) -> PurchaseRequest {
        PurchaseRequest {
            id: self.id(),
            card_uid,
            amount,
            vat_percent: 25,
            text: "Frokost".into(),
            authorisation: None,
        }
    }

    /// With other rates than the usual ones.
    pub async fn start_with(rates: Rates) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("books.db");
        store::migrate(&DatabaseUrl::Sqlite(path.clone())).unwrap();
        let store = store::open(&DatabaseUrl::Sqlite(path.clone())).unwrap();
        store.put(SCHOOL, things()).await.unwrap();
        let clock = SetClock(Arc::new(AtomicI64::new(at(START).as_microsecond())));
        let sandbox = Arc::new(Sandbox::open(&folder.path().join("sandbox.db")).unwrap());
        let payments = Payments::with_sandbox(store.clone(), sandbox, "http://127.0.0.1");
        let told = clock.clone();
        let state = AppState::new(store, Clock::new(move || told.now()), payments).with_rates(rates);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let serving = tokio::spawn(sync_server::serve(listener, state.clone()));
        Self { url, clock, state, path, serving, folder }
    }

    /// Stops as on SIGTERM, waits for it, and leaves the files.
    pub async fn stop(self) -> TempDir {
        self.state.stop();
        self.serving.await.unwrap().unwrap();
        self.folder
    }

    pub fn store(&self) -> &dyn Store {
        &*self.state.store
    }

    pub async fn code(&self, kind: DeviceKind) -> String {
        let code = enrolment::new_code().unwrap();
        let expires_at = self.clock.now() + enrolment::VALID;
        let hash = enrolment::hash(&code);
        let new = NewCode { hash, school: SCHOOL, kind, name: "Test".into(), expires_at };
        self.store().add_enrolment_code(new).await.unwrap();
        code
    }

    pub async fn device(&self, kind: DeviceKind) -> Signer {
        let key = SigningKey::from_seed(Uuid::new_v4().into_bytes().repeat(2).try_into().unwrap());
        let enrol = Enrol { code: self.code(kind).await, kind, name: "Foyer".into(), public_key: key.public() };
        let answer = unsigned(self, Method::POST, "/v1/devices", &serde_json::to_vec(&enrol).unwrap()).await;
        assert_eq!(answer.status(), StatusCode::CREATED);
        let enrolled: Enrolled = answer.json().await.unwrap();
        Signer {
            id: enrolled.device,
            key,
            url: self.url.clone(),
            count: AtomicU64::new(0),
            seq: AtomicU64::new(0),
            session: Mutex::default(),
        }
    }

    pub async fn kiosk(&self) -> Signer {
        self.device(DeviceKind::Kiosk).await
    }

    pub async fn register(&self) -> Signer {
        self.device(DeviceKind::Register).await
    }

    /// Pays in as a gateway would confirm it.
    pub async fn fund(&self, kiosk: &Signer, account: AccountId, amount: Money) {
        let id = self.id();
        let now = self.clock.now();
        let deposit = NewDeposit {
            id,
            device: kiosk.id,
            card: if account == BO {
                BOS_CARD
            } else if account == GUEST {
                GUEST_CARD
            } else {
                ANNAS_CARD
            },
            account,
            amount,
            // Nobody to write to: letters are other tests'.
            email: String::new(),
            terms_version: "1".into(),
            language: Language::Danish,
            gateway: "sandbox".into(),
            page: id.to_string(),
            expires_at: now + SignedDuration::from_mins(10),
        };
        self.store().open_deposit(deposit, now).await.unwrap();
        self.store().pay_deposit(id, amount, now).await.unwrap();
    }

    /// A new version 7 id of this moment.
    pub fn id(&self) -> OperationId {
        let millis = u64::try_from(self.clock.now().as_millisecond()).unwrap();
        let tail = Uuid::new_v4().into_bytes()[..10].try_into().unwrap();
        OperationId::new(uuid::Builder::from_unix_timestamp_millis(millis, &tail).into_uuid())
    }

    pub async fn balance(&self, account: AccountId) -> Money {
        self.store().account(SCHOOL, account).await.unwrap().unwrap().balance
    }

    /// The books add up: every test that moves money ends here.
    pub async fn books_are_right(&self) {
        assert_eq!(self.store().verify(jiff::Timestamp::UNIX_EPOCH).await.unwrap().err(), None);
    }
}

pub struct Signer {
    pub id: DeviceId,
    pub key: SigningKey,
    pub url: String,
    pub count: AtomicU64,
    pub seq: AtomicU64,
    /// Shown with every request, once somebody is signed in.
    pub session: Mutex<Option<SessionToken>>,
}

impl Signer {
    pub fn next_seq(&self) -> u64 {
        self.seq.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// Signs a card's holder in with their code.
    pub async fn sign_in(&self, card: CardId) {
        let login = LoginRequest { card, code: "1234".into() };
        match self.post("/v1/logins", &login).await {
            LoginAnswer::Right { session } => *self.session.lock().unwrap() = Some(session),
            other => panic!("not let in: {other:?}"),
        }
    }

    pub fn next_count(&self) -> u64 {
        self.count.fetch_add(1, Ordering::SeqCst) + 1
    }

    pub async fn send(&self, method: Method, path: &str, body: &[u8]) -> Response {
        self.send_counted(method, path, body, self.next_count()).await
    }

    pub async fn send_counted(&self, method: Method, path: &str, body: &[u8], count: u64) -> Response {
        let to_sign = RequestToSign { method: method.as_str(), path, device: self.id, count, body };
        let signature = self.key.sign(&to_sign);
        self.send_raw(method, path, body, count, &signature.to_hex()).await
    }

    /// Sends to a server that may not be there.
    pub async fn try_send(&self, method: Method, path: &str, body: &[u8]) -> reqwest::Result<Response> {
        let count = self.next_count();
        let to_sign = RequestToSign { method: method.as_str(), path, device: self.id, count, body };
        let signature = self.key.sign(&to_sign).to_hex();
        self.request(method, path, body, count, &signature).send().await
    }

    pub async fn send_raw(&self, method: Method, path: &str, body: &[u8], count: u64, signature: &str) -> Response {
        let answer = self.request(method.clone(), path, body, count, signature).send().await.unwrap();
        described::status(method.as_str(), path, answer.status().as_u16());
        answer
    }

    fn request(&self, method: Method, path: &str, body: &[u8], count: u64, signature: &str) -> RequestBuilder {
        let session = self.session.lock().unwrap().as_ref().map(|session| session.reveal().to_owned());
        let request = reqwest::Client::new().request(method, format!("{}{path}", self.url));
        session
            .into_iter()
            .fold(request, |request, session| request.header(HEADER_SESSION, session))
            .header(HEADER_API, API_VERSION)
            .header(HEADER_DEVICE, self.id.to_string())
            .header(HEADER_REQUEST, count)
            .header(HEADER_SIGNATURE, signature)
            .body(body.to_vec())
    }

    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> T {
        let answer = self.send(Method::GET, path, b"").await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.json().await.unwrap()
    }

    pub async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> T {
        let answer = self.send(Method::POST, path, &serde_json::to_vec(body).unwrap()).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.json().await.unwrap()
    }

    pub async fn push(&self, operations: Vec<Operation>) -> Pushed {
        self.post("/v1/operations", &Push { operations }).await
    }

    /// Pushes one operation and says what became of it.
    pub async fn outcome(&self, operation: Operation) -> Outcome {
        self.push(vec![operation]).await.answers.remove(0).outcome
    }

    pub async fn problem_of(&self, method: Method, path: &str, body: &[u8]) -> Problem {
        let problem = problem(self.send(method.clone(), path, body).await).await;
        described::code(method.as_str(), path, problem.code);
        problem
    }
}

/// A request nobody signed, with the right API version.
pub async fn unsigned(server: &Server, method: Method, path: &str, body: &[u8]) -> Response {
    let request = reqwest::Client::new().request(method, format!("{}{path}", server.url));
    request.header(HEADER_API, API_VERSION).body(body.to_vec()).send().await.unwrap()
}

/// The answer is a problem document that agrees with its status.
pub async fn problem(answer: Response) -> Problem {
    let status = answer.status().as_u16();
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    assert_eq!(answer.headers()[HEADER_API], "1");
    let problem: Problem = answer.json().await.unwrap();
    assert_eq!(problem.status, status);
    assert_eq!(problem.code.status(), status);
    problem
}

/// An operation recorded with the server in reach.
pub fn operation(server: &Server, kiosk: &Signer, body: OperationBody) -> Operation {
    Operation { id: server.id(), seq: kiosk.next_seq(), claimed_at: server.clock.now(), offline: false, body }
}

pub fn order(server: &Server, kiosk: &Signer, order: PlaceOrder) -> Operation {
    operation(server, kiosk, OperationBody::PlaceOrder(order))
}

pub fn verifier(code: &str) -> CodeVerifier {
    // As weak as it can be: what is tested is not its strength.
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8, 1, 1, None).unwrap());
    CodeVerifier::new(argon2.hash_password_with_salt(code.as_bytes(), &[7; 16]).unwrap().to_string())
}

fn things() -> Vec<Thing> {
    let mut things = small_school::things(&verifier("1234"));
    things.insert(things.len() - 1, Thing::Product(product(NOT_TODAY, "Suppe", kr(30))));
    things
}
