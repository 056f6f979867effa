//! How the server takes connections, says how it is, and ends: over real sockets.

#![allow(clippy::unwrap_used)]

mod support;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use madkort_protocol::{API_VERSION, DepositState, HEADER_API, HEADER_DEVICE, HEADER_REQUEST, HEADER_SIGNATURE};
use serde_json::Value;
use support::School;
use sync_server::Limits;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// Far above what anything here takes; only a fault meets it.
const PATIENCE: Duration = Duration::from_secs(30);
/// So short that a test need not wait for it.
const SHORT: Duration = Duration::from_millis(50);

/// A connection on which a test says every byte itself.
struct Line(TcpStream);

impl Line {
    async fn open(address: std::net::SocketAddr) -> Self {
        Self(TcpStream::connect(address).await.unwrap())
    }

    async fn say(&mut self, text: &str) {
        let mut left = text.as_bytes();
        while !left.is_empty() {
            self.0.writable().await.unwrap();
            left = self.0.try_write(left).map_or(left, |written| &left[written..]);
        }
    }

    /// The next piece; `None` when the server has hung up, in whatever manner.
    async fn hear(&mut self) -> Option<String> {
        let mut buffer = [0; 4096];
        loop {
            timeout(PATIENCE, self.0.readable()).await.expect("the server says nothing and never hangs up").unwrap();
            match self.0.try_read(&mut buffer) {
                Ok(0) => return None,
                Ok(got) => return Some(String::from_utf8(buffer[..got].to_vec()).unwrap()),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(_) => return None,
            }
        }
    }

    /// Everything until the server hangs up.
    async fn rest(&mut self) -> String {
        let mut heard = String::new();
        while let Some(more) = self.hear().await {
            heard += &more;
        }
        heard
    }

    async fn hear_until(&mut self, wanted: &str) -> String {
        let mut heard = String::new();
        while !heard.contains(wanted) {
            heard += &self.hear().await.unwrap_or_else(|| panic!("the server hung up after {heard:?}"));
        }
        heard
    }

    /// A request whose handler waits for its body: the server has asked for it.
    async fn begin(school: &School) -> Self {
        let mut line = Self::open(school.address).await;
        line.say(&format!(
            "POST /v1/devices HTTP/1.1\r\nhost: x\r\n{HEADER_API}: {API_VERSION}\r\ncontent-length: 2\r\n\
             expect: 100-continue\r\n\r\n"
        ))
        .await;
        line.hear_until("100 Continue\r\n\r\n").await;
        line
    }
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
}

async fn ask(school: &School, path: &str) -> String {
    let mut line = Line::open(school.address).await;
    line.say(&get(path)).await;
    line.rest().await
}

async fn ended(school: &mut School) {
    timeout(PATIENCE, school.served.take().unwrap()).await.expect("the server never stops").unwrap().unwrap();
}

#[tokio::test]
async fn a_head_that_trickles_in_is_not_waited_for() {
    let limits = Limits { head: SHORT, ..Limits::default() };
    let school = School::serving_within(limits).await;
    for said in ["", "G", "GET /healthz HTTP/1.1\r\nho"] {
        let mut line = Line::open(school.address).await;
        line.say(said).await;
        assert!(!line.rest().await.contains("200 OK"), "{said}");
    }
    // A connection that has asked before has no more time than a new one.
    let mut line = Line::open(school.address).await;
    line.say("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(line.rest().await.starts_with("HTTP/1.1 200 OK"));
}

#[tokio::test]
async fn a_body_that_trickles_in_is_not_waited_for() {
    let school = School::serving_within(Limits { body: SHORT, ..Limits::default() }).await;
    let mut line = Line::open(school.address).await;
    let (device, signature) = (school.kiosk.id, "00".repeat(64));
    line.say(&format!(
        "POST /v1/operations HTTP/1.1\r\nhost: x\r\n{HEADER_API}: {API_VERSION}\r\n{HEADER_DEVICE}: {device}\r\n\
         {HEADER_REQUEST}: 1\r\n{HEADER_SIGNATURE}: {signature}\r\ncontent-length: 100\r\n\r\n{{\"oper"
    ))
    .await;
    let said = line.rest().await;
    assert!(said.starts_with("HTTP/1.1 408") && said.contains("\"code\":\"too-slow\""), "{said}");
}

#[tokio::test]
async fn a_request_as_a_whole_has_its_time_too() {
    let school = School::serving_within(Limits { request: SHORT, ..Limits::default() }).await;
    let mut line = Line::open(school.address).await;
    line.say(
        "POST /pay/00000000000000000000000000000000 HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\
              content-type: application/x-www-form-urlencoded\r\n\r\ncard=",
    )
    .await;
    let said = line.rest().await;
    assert!(said.starts_with("HTTP/1.1 408") && said.contains("\"code\":\"too-slow\""), "{said}");
}

#[tokio::test]
async fn there_are_so_many_connections_and_no_more() {
    let school = School::serving_within(Limits { connections: 1, ..Limits::default() }).await;
    let mut first = Line::open(school.address).await;
    first.say("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await;
    first.hear_until("\"ok\"}").await;
    let mut second = Line::open(school.address).await;
    second.say(&get("/healthz")).await;
    // The first is answered again while the second waits.
    first.say("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await;
    first.hear_until("\"ok\"}").await;
    assert!(second.0.try_read(&mut [0; 1]).is_err());
    drop(first);
    assert!(second.rest().await.starts_with("HTTP/1.1 200 OK"));
}

#[tokio::test]
async fn when_it_stops_what_has_begun_is_finished_and_nothing_else_begins() {
    let mut school = School::serving().await;
    let mut begun = Line::begin(&school).await;
    assert!(ask(&school, "/readyz").await.starts_with("HTTP/1.1 200 OK"));
    school.state.stop();
    let not_ready = ask(&school, "/readyz").await;
    assert!(not_ready.starts_with("HTTP/1.1 503") && not_ready.contains("\"code\":\"unavailable\""), "{not_ready}");
    assert!(ask(&school, "/healthz").await.starts_with("HTTP/1.1 200 OK"));
    assert!(ask(&school, "/openapi.json").await.starts_with("HTTP/1.1 503"));
    begun.say("{}").await;
    let said = begun.rest().await;
    assert!(said.starts_with("HTTP/1.1 400") && said.contains("\"code\":\"malformed\""), "{said}");
    ended(&mut school).await;
}

#[tokio::test]
async fn a_request_that_never_ends_does_not_keep_it_from_stopping() {
    let mut school = School::serving_within(Limits { farewell: SHORT, ..Limits::default() }).await;
    let mut begun = Line::begin(&school).await;
    school.state.stop();
    ended(&mut school).await;
    assert_eq!(begun.rest().await, "");
}

#[tokio::test]
async fn whoever_waits_for_changes_is_let_go_at_once() {
    let mut school = School::serving().await;
    let (mut cursor, mut more) = (serde_json::json!(0), true);
    while more {
        let page = school.send(&school.kiosk, "GET", &format!("/v1/changes?after={cursor}"), &()).await.json;
        (cursor, more) = (page["cursor"].clone(), page["more"] == true);
    }
    let path = format!("/v1/changes?after={cursor}&wait=25");
    let waiting = school.send(&school.kiosk, "GET", &path, &());
    let stop = async {
        while !school.state.metrics.text().contains("madkort_feed_listeners 1") {
            tokio::task::yield_now().await;
        }
        school.state.stop();
    };
    // Well within the 25 seconds, and within the farewell: otherwise there would be no answer at all.
    let (said, ()) = timeout(Duration::from_secs(20), async { tokio::join!(waiting, stop) }).await.unwrap();
    assert_eq!(said.status, 200);
    ended(&mut school).await;
    assert!(school.state.metrics.text().contains("madkort_feed_listeners 0"));
}

#[tokio::test]
async fn it_is_ready_only_with_its_jobs_and_with_a_store_that_takes_writes() {
    let without_jobs = School::open().await;
    assert!(ask(&without_jobs, "/readyz").await.starts_with("HTTP/1.1 503"));
    assert!(ask(&without_jobs, "/healthz").await.starts_with("HTTP/1.1 200 OK"));

    let school = School::serving().await;
    assert!(ask(&school, "/readyz").await.contains("{\"status\":\"ready\"}"));
    let other = rusqlite::Connection::open(school.folder.path().join("madkort.db")).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let said = ask(&school, "/readyz").await;
    assert!(said.starts_with("HTTP/1.1 503") && said.contains("application/problem+json"), "{said}");
    assert!(ask(&school, "/healthz").await.starts_with("HTTP/1.1 200 OK"));
    other.execute_batch("ROLLBACK").unwrap();
}

#[tokio::test]
async fn it_is_not_ready_without_its_file() {
    let school = School::serving().await;
    let (file, away) = (school.folder.path().join("madkort.db"), school.folder.path().join("away.db"));
    assert!(ask(&school, "/readyz").await.starts_with("HTTP/1.1 200 OK"));
    std::fs::rename(&file, &away).unwrap();
    let said = ask(&school, "/readyz").await;
    assert!(said.starts_with("HTTP/1.1 503") && said.contains("\"code\":\"unavailable\""), "{said}");
    // What could not be kept is not sold, and whoever asks is told to come back.
    let said = school.purchase("Alma", 1_000).await;
    assert_eq!((said.status, said.json["code"].as_str()), (503, Some("unavailable")));
    assert!(ask(&school, "/healthz").await.starts_with("HTTP/1.1 200 OK"));
    std::fs::rename(&away, &file).unwrap();
    assert!(ask(&school, "/readyz").await.starts_with("HTTP/1.1 200 OK"));
    assert_eq!(school.purchase("Alma", 1_000).await.json["outcome"], "posted");
}

#[tokio::test]
async fn metrics_count_what_happened_and_name_nobody() {
    const LOOKS: u32 = 10_000;
    let school = School::serving().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(sync_server::serve_metrics(listener, school.state.clone()));

    assert_eq!(school.purchase("Alma", 1_000).await.status, 200);
    assert_eq!(school.purchase("Alma", 9_000_000).await.status, 422);
    assert_eq!(school.purchase("Alma", 99_900).await.json["outcome"], "refused");
    let stranger = support::Device::stranger();
    assert_eq!(school.send(&stranger, "GET", "/v1/changes?after=0", &()).await.status, 401);
    let impostor = support::Device { id: school.kiosk.id, ..support::Device::stranger() };
    assert_eq!(school.send(&impostor, "GET", "/v1/changes?after=0", &()).await.status, 401);
    let again = support::Device {
        count: 0.into(),
        key: support::signing_key(2),
        id: school.register.id,
        session: std::sync::Mutex::default(),
    };
    assert_eq!(school.send(&again, "POST", "/v1/purchases", &()).await.status, 401);
    assert_eq!(ask(&school, "/nowhere/Alma").await.split(' ').nth(1), Some("404"));

    let mut text = String::new();
    // Payments are counted by a job, at its own pace.
    for _ in 0..LOOKS {
        let mut line = Line::open(address).await;
        line.say(&get("/metrics")).await;
        text = line.rest().await;
        if text.contains("madkort_outstanding{") {
            break;
        }
    }
    for wanted in [
        "content-type: application/openmetrics-text; version=1.0.0; charset=utf-8",
        "madkort_request_seconds_count{method=\"POST\",route=\"/v1/purchases\",status=\"2xx\"} 2",
        "madkort_request_seconds_count{method=\"GET\",route=\"none\",status=\"4xx\"} 1",
        "madkort_operations_total{kind=\"purchase\",outcome=\"posted\",rule=\"\"} 1",
        "madkort_operations_total{kind=\"purchase\",outcome=\"refused\",rule=\"balance\"} 1",
        "madkort_turned_away_total{kind=\"unknown_device\"} 1",
        "madkort_turned_away_total{kind=\"bad_signature\"} 1",
        "madkort_turned_away_total{kind=\"replay\"} 1",
        "madkort_outstanding{kind=\"charge\"} 0",
        "madkort_store_retries_total 0",
        "madkort_store_waiting 0",
        "# EOF",
    ] {
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
    let commits = text.lines().find_map(|line| line.strip_prefix("madkort_store_commit_seconds_count ")).unwrap();
    assert!(commits.parse::<u32>().unwrap() > 2, "the enrolments, and two purchases at least");
    let resident = text.lines().find_map(|line| line.strip_prefix("madkort_resident_memory_bytes ")).unwrap();
    assert!(resident.parse::<u64>().unwrap() > 1_000_000);
    for hidden in ["Alma".to_owned(), school.kiosk.id.to_string(), school.card("Alma").account.to_string()] {
        assert!(!text.contains(&hidden), "{hidden}");
    }
    // They are not where devices and payers ask.
    assert!(ask(&school, "/metrics").await.starts_with("HTTP/1.1 404"));
}

#[tokio::test]
async fn without_a_gateway_nothing_is_paid_in_and_nothing_charged() {
    let school = School::without_gateway().await;
    // With a gateway this one would be charged.
    assert_eq!(school.purchase("Malthe", 2_500).await.json["outcome"], "posted");
    let before = school.audit().await;
    let said = school.post_deposit(&school.deposit("Alma", 100)).await;
    assert_eq!((said.status, said.json["code"].as_str()), (503, Some("no-gateway")));
    for card in &school.demo.cards {
        assert_eq!(school.payments.consider(card.account, school.now()).await.unwrap(), None, "{}", card.label);
    }
    school.payments.look_at_top_ups(school.now(), true).await.unwrap();
    assert_eq!(school.audit().await, before);
}

#[tokio::test]
async fn a_payment_another_gateway_has_begun_is_not_closed_without_it() {
    let school = School::open().await;
    let request = school.deposit("Alma", 100);
    school.post_deposit(&request).await;
    let none = sync_server::payments::Payments::not_set_up(school.store.clone());
    let row = school.store.deposit(request.id).await.unwrap().unwrap();
    let late = row.expires_at;
    assert_eq!(none.refresh_deposit(row, late).await.unwrap().state, DepositState::Unknown);
}

#[tokio::test]
async fn a_request_has_an_id_of_its_own_or_the_one_it_came_with() {
    let school = School::serving().await;
    let client = reqwest::Client::new();
    let url = format!("http://{}/healthz", school.address);
    for (sent, kept) in [(None, false), (Some("trace-1.a"), true), (Some("mor@skole.example"), false)] {
        let mut request = client.get(&url);
        if let Some(id) = sent {
            request = request.header("x-request-id", id);
        }
        let answer = request.send().await.unwrap();
        let id = answer.headers()["x-request-id"].to_str().unwrap();
        assert_eq!(Some(id) == sent, kept, "{sent:?}");
        assert!(kept || id.len() == 16 && id.bytes().all(|b| b.is_ascii_hexdigit()), "{id}");
    }
}

struct Serving {
    child: Child,
    log: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Serving {
    fn start(folder: &std::path::Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sync-server"));
        command.current_dir(folder).env("MADKORT_DATABASE", "sqlite:books.db");
        assert!(command.arg("migrate").output().unwrap().status.success());
        let mut command = Command::new(env!("CARGO_BIN_EXE_sync-server"));
        command
            .args(["serve", "--listen", "127.0.0.1:0"])
            .current_dir(folder)
            .env("MADKORT_DATABASE", "sqlite:books.db");
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let log = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, log }
    }

    fn line(&mut self, message: &str) -> Value {
        let lines = self.log.by_ref().map_while(Result::ok);
        let mut lines = lines.map(|line| serde_json::from_str::<Value>(&line).unwrap());
        lines.find(|line| line["fields"]["message"] == message).unwrap()
    }

    fn signal(&self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn who_asks_twice_does_not_wait() {
    let folder = tempfile::tempdir().unwrap();
    let mut serving = Serving::start(folder.path());
    let address = serving.line("listening")["fields"]["address"].as_str().unwrap().parse().unwrap();
    let mut line = Line::open(address).await;
    line.say(&format!(
        "POST /v1/devices HTTP/1.1\r\nhost: x\r\n{HEADER_API}: 1\r\ncontent-length: 2\r\nexpect: 100-continue\r\n\r\n"
    ))
    .await;
    line.hear_until("100 Continue").await;
    serving.signal();
    serving.line("stopping");
    serving.signal();
    serving.line("stopped at once");
    assert_eq!(serving.child.wait().unwrap().code(), Some(130));
}
