//! The binary itself: its commands, its exit codes, its one line of JSON.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use madkort_protocol::*;
use reqwest::Method;
use sync_server::store::{self, DatabaseUrl};

use crate::support::{ANNA, SCHOOL, Server, Signer, kr, uid};

fn run(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sync-server"));
    command.args(args).current_dir(folder).env("MADKORT_DATABASE", "sqlite:books.db").output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

struct Serving {
    child: Child,
    address: String,
}

impl Serving {
    fn start(folder: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_sync-server"))
            .args(["serve", "--listen", "127.0.0.1:0", "--gateway", "sandbox"])
            .current_dir(folder)
            .env("MADKORT_DATABASE", "sqlite:books.db")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = lines.map_while(Result::ok).find_map(|line| {
            let line: serde_json::Value = serde_json::from_str(&line).expect("every line is JSON");
            (line["fields"]["message"] == "listening").then(|| line["fields"]["address"].as_str().unwrap().to_owned())
        });
        Self { child, address: address.expect("it says where it listens") }
    }

    async fn enrol(&self, code: &str) -> Enrolled {
        let public_key = SigningKey::from_seed([3; 32]).public();
        let enrol = Enrol { code: code.into(), kind: DeviceKind::Kiosk, name: "Foyer".into(), public_key };
        let request = reqwest::Client::new().post(format!("http://{}/v1/devices", self.address)).json(&enrol);
        request.header(HEADER_API, API_VERSION).send().await.unwrap().json().await.unwrap()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn help_names_every_command() {
    let folder = tempfile::tempdir().unwrap();
    let help = text(&run(folder.path(), &["--help"]).stdout);
    for command in [
        "serve",
        "migrate",
        "backup",
        "demo-data",
        "verify",
        "enrol-code",
        "revoke-device",
        "price-classes",
        "cpr",
        "card",
        "deeds",
        "config",
    ] {
        assert!(help.contains(command), "{command}: {help}");
    }
}

#[test]
fn a_wrong_database_is_a_sentence_and_not_a_panic() {
    let folder = tempfile::tempdir().unwrap();
    for args in [&["verify"][..], &["serve"], &["verify", "--database", "postgres://x"]] {
        let output = run(folder.path(), args);
        assert!(!output.status.success());
        let said = text(&output.stderr);
        assert!(!said.contains("panicked") && !said.is_empty(), "{said}");
    }
    std::fs::write(folder.path().join("books.db"), "nonsense ".repeat(500)).unwrap();
    let said = text(&run(folder.path(), &["serve"]).stderr);
    assert!(said.contains("not a database") && !said.contains("panicked"), "{said}");
}

#[test]
fn a_list_of_price_classes_counts_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    assert!(run(folder.path(), &["migrate"]).status.success());
    let demo = run(folder.path(), &["demo-data", "--today", "2026-11-23", "--json"]);
    let demo: serde_json::Value = serde_json::from_slice(&demo.stdout).unwrap();
    let cards = demo["cards"].as_array().unwrap();
    let pupil = cards.iter().find(|card| card["kind"] == "pupil").unwrap()["number"].as_str().unwrap();
    let tell = |list: String| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sync-server"));
        command.args(["price-classes", "--database", "sqlite:books.db"]).current_dir(folder.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(list.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    };
    let class = || -> Vec<String> {
        let db = rusqlite::Connection::open(folder.path().join("books.db")).unwrap();
        let mut rows = db
            .prepare("SELECT price_class FROM accounts a JOIN cards c ON c.person = a.owner WHERE c.number = ?")
            .unwrap();
        rows.query_map([pupil], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let other = CardNumber::from_first_13("1234567890123").unwrap();
    let tobias = cards.iter().find(|card| card["label"] == "Tobias").unwrap()["number"].as_str().unwrap();
    let his_old_one = CardNumber::from_first_13("2080410001021").unwrap();
    for (list, said) in [
        (format!("{pupil};reduced\n{};free\n", other.as_digits()), "1 of 2 cards"),
        (format!("{pupil};reduced\n{pupil};cheap\n"), "line 2: the price class must be"),
        (
            format!("{pupil};free\n{tobias};free\n\n{};reduced\n", his_old_one.as_digits()),
            "lines 2 and 4: two cards of one person",
        ),
    ] {
        let before = class();
        let refused = tell(list);
        assert!(!refused.status.success());
        assert!(text(&refused.stderr).contains(said), "{}", text(&refused.stderr));
        assert!(!text(&refused.stderr).contains(pupil));
        assert_eq!(class(), before);
    }
    for word in ["reduced", "free", "paid"] {
        let set = tell(format!("# {word}\n{pupil};{word}\n"));
        assert!(set.status.success(), "{}", text(&set.stderr));
        assert_eq!(class(), [word]);
    }
}

#[tokio::test]
async fn from_an_empty_folder_to_a_kiosk_that_is_let_in_and_a_kill_in_between() {
    let folder = tempfile::tempdir().unwrap();
    assert!(run(folder.path(), &["migrate"]).status.success());
    assert!(run(folder.path(), &["demo-data", "--today", "2026-11-23"]).status.success());
    let code = text(&run(folder.path(), &["enrol-code", "--kind", "kiosk", "--name", "Foyer"]).stdout);

    let serving = Serving::start(folder.path());
    let enrolled = serving.enrol(code.trim()).await;
    assert!(enrolled.short_name.starts_with('K'));
    // Killed, not stopped: what it answered is there when it comes back.
    drop(serving);
    let serving = Serving::start(folder.path());
    assert_eq!(serving.enrol(code.trim()).await, enrolled);
    drop(serving);

    let verified = run(folder.path(), &["verify"]);
    assert!(verified.status.success(), "{}", text(&verified.stderr));
    let db = rusqlite::Connection::open(folder.path().join("books.db")).unwrap();
    db.execute("UPDATE books SET balance = balance + 1 WHERE id = (SELECT min(id) FROM books WHERE balance > 0)", [])
        .unwrap();
    let verified = run(folder.path(), &["verify"]);
    assert_eq!(verified.status.code(), Some(1));
    assert!(text(&verified.stderr).contains("entries add up to"), "{}", text(&verified.stderr));
}

/// Sells one krone at a time until the line breaks. Answers what was posted, and the sale whose answer never came.
async fn sell_until_the_line_breaks(
    till: &Signer,
    next: impl Fn() -> OperationId,
    kill: impl Fn(),
) -> (Vec<PurchaseRequest>, PurchaseRequest) {
    let mut posted = Vec::new();
    loop {
        let sale = PurchaseRequest {
            id: next(),
            card_uid: uid(1),
            amount: kr(1),
            vat_percent: 25,
            text: "Æble".into(),
            authorisation: None,
        };
        let body = serde_json::to_vec(&sale).unwrap();
        let Ok(answer) = till.try_send(Method::POST, "/v1/purchases", &body).await else { return (posted, sale) };
        let Ok(answer) = answer.json::<PurchaseAnswer>().await else { return (posted, sale) };
        assert_eq!(answer.outcome, Outcome::Posted);
        posted.push(sale);
        kill();
    }
}

#[tokio::test]
async fn killed_among_sales_it_remembers_every_one_it_answered() {
    let server = Server::start().await;
    let mut tills = [server.register().await, server.register().await, server.register().await];
    let kiosk = server.kiosk().await;
    server.fund(&kiosk, ANNA, kr(1000)).await;
    let ids: Vec<_> = (0..900).map(|_| server.id()).collect();
    let folder = server.stop().await;

    let serving = Serving::start(folder.path());
    for till in &mut tills {
        till.url = format!("http://{}", serving.address);
    }
    let (taken, answered) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let serving = Mutex::new(serving);
    let next = || ids[taken.fetch_add(1, Ordering::SeqCst)];
    let kill = || {
        if answered.fetch_add(1, Ordering::SeqCst) == 40 {
            serving.lock().unwrap().child.kill().unwrap();
        }
    };
    let (one, two, three) = tokio::join!(
        sell_until_the_line_breaks(&tills[0], next, kill),
        sell_until_the_line_breaks(&tills[1], next, kill),
        sell_until_the_line_breaks(&tills[2], next, kill),
    );
    drop(serving);

    let serving = Serving::start(folder.path());
    for till in &mut tills {
        till.url = format!("http://{}", serving.address);
    }
    let mut sold = 0;
    for (posted, in_doubt) in [one, two, three] {
        for sale in posted {
            let again: PurchaseAnswer = tills[0].post("/v1/purchases", &sale).await;
            assert_eq!(again.outcome, Outcome::AlreadyPosted);
            sold += 1;
        }
        // Either it was on disk before the kill or it is now: once.
        let again: PurchaseAnswer = tills[0].post("/v1/purchases", &in_doubt).await;
        assert!(matches!(again.outcome, Outcome::Posted | Outcome::AlreadyPosted));
        sold += 1;
    }
    assert!(sold > 40);
    drop(serving);
    let store = store::open(&DatabaseUrl::Sqlite(folder.path().join("books.db"))).unwrap();
    assert_eq!(store.account(SCHOOL, ANNA).await.unwrap().unwrap().balance, kr(1000 - sold));
    assert_eq!(store.verify(jiff::Timestamp::UNIX_EPOCH).await.unwrap().err(), None);
}

#[test]
fn it_stops_when_it_is_asked_to() {
    let folder = tempfile::tempdir().unwrap();
    assert!(run(folder.path(), &["migrate"]).status.success());
    for signal in ["-TERM", "-INT"] {
        let mut serving = Serving::start(folder.path());
        let pid = serving.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
        assert!(serving.child.wait().unwrap().success());
    }
}
