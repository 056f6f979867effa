//! A day at the till: the `register` command drives the real server, from its enrolment to its offline sales.
#![allow(clippy::unwrap_used)]

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// The server's program: beside this test's own, or in the folder that `MADKORT_BIN_DIR` names.
fn server_program() -> PathBuf {
    let beside = || std::env::current_exe().unwrap().parent().unwrap().parent().unwrap().to_owned();
    let folder = std::env::var_os("MADKORT_BIN_DIR").map_or_else(beside, PathBuf::from);
    let program = folder.join("sync-server");
    assert!(program.is_file(), "there is no {}: build it with `cargo build --bin sync-server`", program.display());
    program
}

fn server(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(server_program());
    command.args(args).current_dir(folder).env("MADKORT_DATABASE", "sqlite:books.db");
    command
}

/// What a command of the server says when all is well.
fn said(mut command: Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

struct Serving {
    child: Child,
    url: String,
}

impl Serving {
    fn start(folder: &Path) -> Self {
        let mut serve = server(folder, &["serve", "--listen", "127.0.0.1:0", "--gateway", "sandbox"]);
        let mut child = serve.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let address = lines.by_ref().find_map(|line| {
            let line: Value = serde_json::from_str(&line).unwrap();
            (line["fields"]["message"] == "listening").then(|| line["fields"]["address"].as_str().unwrap().to_owned())
        });
        // It goes on writing its log, and somebody must read it. Ends with the server.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, url: format!("http://{}", address.unwrap()) }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct School {
    folder: TempDir,
    cards: Vec<Value>,
    serving: Serving,
}

impl School {
    /// The demo school of today, served.
    fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        said(server(folder.path(), &["migrate"]));
        let demo: Value = serde_json::from_str(&said(server(folder.path(), &["demo-data", "--json"]))).unwrap();
        let serving = Serving::start(folder.path());
        Self { cards: demo["cards"].as_array().unwrap().clone(), serving, folder }
    }

    fn uid(&self, label: &str) -> &str {
        let card = self.cards.iter().find(|card| card["label"] == label && card["status"] == "active").unwrap();
        card["uid"].as_str().unwrap()
    }

    /// Runs the register, with something on its standard input.
    fn run(&self, register: &str, args: &[&str], input: &str) -> Output {
        let mut child = Command::new(env!("CARGO_BIN_EXE_register"))
            .args(["--state", register])
            .args(args)
            .current_dir(self.folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // It may not read what it does not need.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap()
    }

    fn enrol(&self, register: &str) {
        let code = said(server(self.folder.path(), &["enrol-code", "--kind", "register", "--name", register]));
        let output = self.run(register, &["enrol", "--server", &self.serving.url, "--name", register], &code);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(String::from_utf8(output.stdout).unwrap().starts_with("TILMELDT"));
    }

    /// What the register shows, line by line behind the id it asked under, and how it ended.
    fn shows(&self, register: &str, args: &[&str]) -> (String, Vec<String>, Option<i32>) {
        let output = self.run(register, args, "");
        let text = String::from_utf8(output.stdout).unwrap();
        let mut lines = text.lines();
        let id = lines.next().and_then(|line| line.strip_prefix("id ")).unwrap_or_default().to_owned();
        let mut lines: Vec<_> = lines.map(str::to_owned).collect();
        lines.extend(String::from_utf8(output.stderr).unwrap().lines().map(str::to_owned));
        (id, lines, output.status.code())
    }

    fn sell(&self, register: &str, more: &[&str]) -> (String, Vec<String>, Option<i32>) {
        let mut args = vec!["purchase", "--card", self.uid("Alma")];
        args.extend(more);
        self.shows(register, &args)
    }

    /// The server is stopped and its books are looked at.
    fn books_are_right(self) {
        drop(self.serving);
        assert!(said(server(self.folder.path(), &["verify"])).contains("the books are right"));
    }
}

fn is(shown: &(String, Vec<String>, Option<i32>), code: i32, line: &str) {
    assert_eq!((shown.1.first().map(String::as_str), shown.2), (Some(line), Some(code)), "{shown:?}");
}

#[test]
fn a_day_at_the_till() {
    let school = School::open();
    school.enrol("till");
    let kept = school.folder.path().join("till");
    assert_eq!(kept.metadata().unwrap().permissions().mode() & 0o777, 0o600);

    let sold = school.sell("till", &["--amount", "10,00", "--text", "Frikadelle"]);
    is(&sold, 0, "BETALT");
    // Asked again it looks the same.
    is(&school.sell("till", &["--amount", "10,00", "--text", "Frikadelle", "--id", &sold.0]), 0, "BETALT");
    is(
        &school.sell("till", &["--amount", "11,00", "--id", &sold.0]),
        2,
        "Handlingens nummer er allerede brugt til noget andet. (urn:madkort:problem:id-reused)",
    );
    is(&school.sell("till", &["--amount", "1999,00"]), 1, "AFVIST: der er ikke penge nok på kortet");
    is(&school.shows("till", &["undo", &sold.0]), 0, "FORTRUDT");
    is(&school.shows("till", &["undo", &sold.0]), 1, "AFVIST: salget kan ikke fortrydes her");

    let held = school.shows("till", &["authorise", "--card", school.uid("Alma"), "--amount", "20"]);
    is(&held, 0, "RESERVERET");
    is(&school.sell("till", &["--amount", "12,50", "--authorisation", &held.0]), 0, "BETALT");
    is(&school.shows("till", &["release", &held.0]), 1, "AFVIST: reservationen gælder ikke længere");
    let held = school.shows("till", &["authorise", "--card", school.uid("Alma"), "--amount", "20"]);
    is(&school.shows("till", &["release", &held.0]), 0, "FRIGIVET");

    let handed_out = school.shows("till", &["pick-up", "--card", school.uid("Alma")]);
    assert!(handed_out.1[0].starts_with("UDLEVER ") && handed_out.1[1].starts_with("1 x "), "{handed_out:?}");
    assert!(handed_out.1.iter().any(|line| line.ends_with("(Uden løg, tak)")), "{handed_out:?}");
    let again = school.shows("till", &["pick-up", "--card", school.uid("Alma"), "--id", &handed_out.0]);
    assert_eq!(again, handed_out);
    is(&school.shows("till", &["pick-up", "--card", school.uid("Alma")]), 0, "INTET AT UDLEVERE");

    let cards = String::from_utf8(school.run("till", &["cards"], "").stdout).unwrap();
    assert_eq!(cards.lines().count(), school.cards.len());
    assert!(cards.contains(&format!("KORT {} aktivt\n", school.uid("Alma"))), "{cards}");
    // Heard once, it is not told again; what was sold meanwhile is nobody's business here.
    assert_eq!(String::from_utf8(school.run("till", &["cards"], "").stdout).unwrap(), "");
    school.books_are_right();
}

#[test]
fn what_was_sold_while_the_server_was_away_is_told_when_it_is_back() {
    let mut school = School::open();
    school.enrol("till");
    // The line is cut. A sale that got no answer is remembered under the same id.
    school.serving.child.kill().unwrap();
    school.serving.child.wait().unwrap();
    let lost = school.sell("till", &["--amount", "10"]);
    is(&lost, 2, lost.1.first().unwrap());
    assert!(lost.1[0].starts_with("no answer; ask again under the same id"), "{lost:?}");
    is(&school.sell("till", &["--amount", "10", "--offline", "--id", &lost.0]), 0, "SOLGT OFFLINE");
    is(&school.sell("till", &["--amount", "7,50", "--offline"]), 0, "SOLGT OFFLINE");
    is(&school.sell("till", &["--amount", "1999", "--offline"]), 0, "SOLGT OFFLINE");
    assert_eq!(school.run("till", &["batch"], "").status.code(), Some(2));

    school.serving = Serving::start(school.folder.path());
    let kept = school.folder.path().join("till");
    let mut state: Value = serde_json::from_slice(&std::fs::read(&kept).unwrap()).unwrap();
    state["server"] = school.serving.url.clone().into();
    std::fs::write(&kept, state.to_string()).unwrap();
    let output = school.run("till", &["batch"], "");
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<_> = text.lines().filter(|line| !line.starts_with("id ")).collect();
    let refused = "AFVIST: salget er for gammelt eller over grænsen for salg uden forbindelse";
    assert_eq!(lines, ["BETALT", "BETALT", refused, "UBETALTE SALG: 1"]);
    assert_eq!(output.status.code(), Some(1));
    // Nothing is sent twice, and the unpaid sale stays on the list.
    let again = school.run("till", &["batch"], "");
    assert_eq!(String::from_utf8(again.stdout).unwrap(), "UBETALTE SALG: 1\n");
    school.books_are_right();
}

#[test]
fn who_is_not_enrolled_sells_nothing() {
    let school = School::open();
    let output = school.sell("stranger", &["--amount", "10"]);
    assert_eq!(output.2, Some(2));
    let output = school.run("stranger", &["enrol", "--server", &school.serving.url], "NOTA-CODE-ATAL\n");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("urn:madkort:problem:enrolment-code"));
    assert_eq!(school.sell("stranger", &["--amount", "10"]).2, Some(2));
    school.books_are_right();
}
