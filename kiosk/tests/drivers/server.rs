//! The far end of the wire to a server: what a test says, or the real server with a fictional school.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;

use jiff::SignedDuration;
use kiosk::events::Clock;
use madkort_protocol::{API_VERSION, DeviceKind, HEADER_REQUEST, Problem, ProblemCode};
use sync_server::demo::{self, DemoCard, DemoSchool};
use sync_server::payments::{Payments, Sandbox};
use sync_server::store::{self, DatabaseUrl, NewCode, Store};
use sync_server::{AppState, enrolment};

/// What was asked.
#[derive(Clone, Debug)]
pub struct Asked {
    pub path: String,
    pub count: Option<u64>,
    pub body: Vec<u8>,
}

/// What is answered.
pub enum Reply {
    /// Status, API version header if any, body.
    Say(u16, Option<u16>, String),
    /// Too often; with seconds to wait, if they are told.
    TooOften(Option<u64>),
    /// The line is cut after the request was taken.
    HangUp,
    /// Nothing, until the other end goes.
    Hold,
}

/// A server that says what the test wants. Its threads end with the test.
pub fn scripted(answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let answer = Arc::new(answer);
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let (client, answer) = (client.unwrap(), answer.clone());
            std::thread::spawn(move || converse(client, answer.as_ref()));
        }
    });
    address
}

fn converse(client: TcpStream, answer: &dyn Fn(&Asked) -> Reply) -> Option<()> {
    let mut reader = BufReader::new(client.try_clone().ok()?);
    let mut client = client;
    loop {
        let asked = read(&mut reader)?;
        match answer(&asked) {
            Reply::Say(status, version, body) => {
                let version = version.map(|v| format!("madkort-api: {v}\r\n")).unwrap_or_default();
                say(&mut client, status, &version, &body)?;
            }
            Reply::TooOften(wait) => {
                let wait = wait.map(|seconds| format!("retry-after: {seconds}\r\n")).unwrap_or_default();
                let problem = Problem::new(ProblemCode::TooMany);
                let headers = format!("madkort-api: {API_VERSION}\r\n{wait}");
                say(&mut client, problem.status, &headers, &serde_json::to_string(&problem).ok()?)?;
            }
            Reply::HangUp => return None,
            Reply::Hold => {
                let _ = reader.read(&mut [0]);
                return None;
            }
        }
    }
}

fn say(client: &mut TcpStream, status: u16, headers: &str, body: &str) -> Option<()> {
    let length = body.len();
    write!(client, "HTTP/1.1 {status} x\r\n{headers}content-length: {length}\r\n\r\n{body}").ok()
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Asked> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split(' ');
    let path = words.nth(1)?.to_owned();
    let (mut length, mut count) = (0, None);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().ok()?,
            HEADER_REQUEST => count = value.parse().ok(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Asked { path, count, body })
}

/// The real server with the demo school, which can be switched off and on again.
pub struct RealServer {
    folder: tempfile::TempDir,
    clock: Clock,
    address: Option<SocketAddr>,
    running: Option<(AppState, JoinHandle<()>)>,
    pub store: Arc<dyn Store>,
    pub demo: DemoSchool,
}

impl RealServer {
    /// With the demo school on the day the clock shows.
    pub fn start(clock: Clock) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("madkort.db");
        store::migrate(&DatabaseUrl::Sqlite(file.clone())).unwrap();
        let store: Arc<dyn Store> = store::open(&DatabaseUrl::Sqlite(file.clone())).unwrap();
        let sandbox = Sandbox::open(&folder.path().join("sandbox.db")).unwrap();
        let demo = block_on(demo::load(&*store, &sandbox, clock.today())).unwrap();
        let mut server = Self { folder, clock, address: None, running: None, store, demo };
        server.switch_on();
        server
    }

    pub fn switch_on(&mut self) {
        let listener = TcpListener::bind(self.address.unwrap_or(([127, 0, 0, 1], 0).into())).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let sandbox = Arc::new(Sandbox::open(&self.folder.path().join("sandbox.db")).unwrap());
        let payments = Payments::with_sandbox(self.store.clone(), sandbox, &format!("http://{address}"));
        let clock = self.clock.clone();
        let state = AppState::new(self.store.clone(), sync_server::Clock::new(move || clock.now()), payments);
        let served = state.clone();
        let thread = std::thread::spawn(move || {
            let serve =
                async { sync_server::serve(tokio::net::TcpListener::from_std(listener).unwrap(), served).await };
            runtime().block_on(serve).unwrap();
        });
        self.address = Some(address);
        self.running = Some((state, thread));
    }

    pub fn switch_off(&mut self) {
        if let Some((state, thread)) = self.running.take() {
            state.stop();
            thread.join().unwrap();
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address.unwrap())
    }

    /// A file with a one-time code for a kiosk.
    pub fn code_file(&self) -> PathBuf {
        let school = block_on(self.store.schools()).unwrap().remove(0);
        let code = enrolment::new_code().unwrap();
        let expires_at = self.clock.now() + SignedDuration::from_hours(1);
        let (hash, name) = (enrolment::hash(&code), "Kiosk".to_owned());
        block_on(self.store.add_enrolment_code(NewCode {
            hash,
            school: school.id,
            kind: DeviceKind::Kiosk,
            name,
            expires_at,
        }))
        .unwrap();
        let file = self.folder.path().join("code");
        std::fs::write(&file, format!("{code}\n")).unwrap();
        file
    }

    pub fn card(&self, label: &str) -> DemoCard {
        self.demo.cards.iter().find(|card| card.label == label).unwrap().clone()
    }

    /// What the ledger says.
    pub fn balance(&self, label: &str) -> madkort_protocol::Money {
        let school = block_on(self.store.schools()).unwrap().remove(0);
        block_on(self.store.account(school.id, self.card(label).account)).unwrap().unwrap().balance
    }

    /// The books add up, and this is how many transactions there are.
    pub fn audit(&self) -> u64 {
        block_on(self.store.verify(jiff::Timestamp::UNIX_EPOCH)).unwrap().unwrap().transactions
    }

    /// Pays on the payment page with a card that is approved.
    pub fn pay(&self, page: &str) {
        let path = page.strip_prefix(&self.url()).unwrap();
        let body = "card=4242424242424242&do=pay";
        let mut line = TcpStream::connect(self.address.unwrap()).unwrap();
        write!(
            line,
            "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/x-www-form-urlencoded\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut said = String::new();
        line.read_to_string(&mut said).unwrap();
        assert!(said.starts_with("HTTP/1.1 303"), "{said}");
    }
}

impl Drop for RealServer {
    fn drop(&mut self) {
        if let Some((state, thread)) = self.running.take() {
            state.stop();
            let _ = thread.join();
        }
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    runtime().block_on(future)
}
