//! The office's commands on a real file: a card blocked, opened and replaced, and the record of what was done.

#![allow(clippy::unwrap_used)]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use madkort_protocol::{CardNumber, DeviceKind, School, SchoolId, TapPolicy};
use serde_json::Value;
use sync_server::enrolment;
use sync_server::store::{self, DatabaseUrl, NewCode, NewDevice, Store};

const NEW_UID: &str = "04D1E2F3A4B5C6";

struct Place {
    folder: tempfile::TempDir,
    demo: Value,
}

impl Place {
    fn new() -> Self {
        Self::on("2026-11-23")
    }

    fn on(today: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        assert!(run(folder.path(), &["migrate"], "").status.success());
        let demo = run(folder.path(), &["demo-data", "--today", today, "--json"], "");
        let demo = serde_json::from_slice(&demo.stdout).unwrap();
        Self { folder, demo }
    }

    fn card(&self, label: &str) -> &Value {
        self.demo["cards"].as_array().unwrap().iter().find(|card| card["label"] == label).unwrap()
    }

    fn number(&self, label: &str) -> String {
        self.card(label)["number"].as_str().unwrap().to_owned()
    }

    fn run(&self, args: &[&str], line: &str) -> Output {
        run(self.folder.path(), args, line)
    }

    fn status(&self, number: &str) -> String {
        let db = rusqlite::Connection::open(self.folder.path().join("books.db")).unwrap();
        db.query_row("SELECT status FROM cards WHERE number = ?1", [number], |row| row.get(0)).unwrap()
    }

    /// Does something with the store.
    fn with<T>(&self, act: impl AsyncFnOnce(&dyn Store, SchoolId) -> T) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let store = store::open(&DatabaseUrl::Sqlite(self.folder.path().join("books.db"))).unwrap();
            let school = store.schools().await.unwrap().remove(0).id;
            act(&*store, school).await
        })
    }
}

fn run(folder: &Path, args: &[&str], line: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sync-server"));
    command.args(args).current_dir(folder).env("MADKORT_DATABASE", "sqlite:books.db");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A command that refuses before it reads closes its ear.
    let _ = child.stdin.take().unwrap().write_all(line.as_bytes());
    child.wait_with_output().unwrap()
}

fn said(output: &Output) -> String {
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(!said.contains("panicked"), "{said}");
    said
}

#[test]
fn a_card_is_blocked_and_opened_by_its_number() {
    let place = Place::new();
    let noah = place.number("Noah");
    for (command, words, status) in [
        ("block", "the card is blocked", "blocked"),
        ("block", "the card was blocked by the office before", "blocked"),
        ("unblock", "the card is open again", "active"),
        ("unblock", "the card was open before", "active"),
    ] {
        let done = place.run(&["card", command], &format!("{noah}\n"));
        assert!(done.status.success() && said(&done).contains(words), "{command}: {}", said(&done));
        assert_eq!(place.status(&noah), status);
    }
    let nobodys = CardNumber::from_first_13("2080419999999").unwrap();
    for (line, words) in [
        (nobodys.as_digits().to_owned(), "no card of that number"),
        ("1234".to_owned(), "no card number"),
        (String::new(), "one line"),
        (format!("{noah}\n{noah}"), "one line"),
    ] {
        let refused = place.run(&["card", "block"], &line);
        assert!(!refused.status.success() && said(&refused).contains(words), "{line}: {}", said(&refused));
        assert!(!said(&refused).contains(&noah[..8]), "a number is repeated");
    }
    assert_eq!(place.status(&noah), "active");
    let deeds = said(&place.run(&["deeds"], &noah));
    let told: Vec<&str> = deeds.lines().filter(|line| line.contains("card-")).collect();
    assert_eq!(told.len(), 2, "{deeds}");
    assert!(told[0].contains(" card-blocked ···· ") && told[0].ends_with(", by the office"), "{deeds}");
    assert!(told[1].contains(" card-opened ···· "), "{deeds}");
}

#[test]
fn a_new_card_is_told_its_code_once() {
    let place = Place::new();
    let noah = place.number("Noah");
    let new = CardNumber::from_first_13("2080419000001").unwrap().as_digits().to_owned();
    let line = format!("{noah};{new};{NEW_UID}");
    let done = place.run(&["card", "replace"], &line);
    assert!(done.status.success(), "{}", said(&done));
    let told = said(&done);
    let code = told.lines().find_map(|line| line.strip_prefix("verification code: ")).unwrap();
    assert!(code.len() == 4 && code.bytes().all(|b| b.is_ascii_digit()), "{told}");
    assert_eq!((place.status(&noah).as_str(), place.status(&new).as_str()), ("replaced", "active"));
    let again = place.run(&["card", "replace"], &line);
    assert!(!again.status.success() && said(&again).contains("taken the old one's place already"), "{}", said(&again));
    // What is kept of the code is its hash.
    for entry in std::fs::read_dir(place.folder.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        let line = format!("verification code: {code}");
        assert!(!bytes.windows(line.len()).any(|window| window == line.as_bytes()));
    }
    let deeds = said(&place.run(&["deeds"], &new));
    assert!(deeds.contains(&format!("card-replaced ···· {} → ···· {}", &noah[10..], &new[10..])), "{deeds}");
    assert_eq!(said(&place.run(&["deeds"], &noah)), deeds, "the same person by either card");

    // A code that is printed on the card already is given, and not told back.
    let third = CardNumber::from_first_13("2080419000002").unwrap().as_digits().to_owned();
    let given = place.run(&["card", "replace"], &format!("{new};{third};04D1E2F3A4B5C7;0815"));
    assert!(given.status.success() && !said(&given).contains("0815"), "{}", said(&given));
    assert!(!said(&given).contains("verification code"), "{}", said(&given));
    for (line, words) in [
        (format!("{third};{new};04D1E2F3A4B5C8"), "a card of the new number already"),
        (
            format!("{third};{};04D1E2F3A4B5C7", CardNumber::from_first_13("2080419000003").unwrap().as_digits()),
            "that UID",
        ),
        (format!("{third};{new}"), "semicolons"),
    ] {
        let refused = place.run(&["card", "replace"], &line);
        assert!(!refused.status.success() && said(&refused).contains(words), "{line}: {}", said(&refused));
    }
    assert_eq!(place.status(&third), "active");
    assert!(place.run(&["verify"], "").status.success());
}

#[test]
fn a_school_says_whether_every_tap_is_asked_for_its_code() {
    let place = Place::new();
    let stands = || place.with(async |store, school| store.school(school).await.unwrap().unwrap());
    let before = stands();
    assert_eq!(before.tap, TapPolicy::CardDecides);
    let cursor = || {
        place.with(async |store, school| store.changes(school, 0, 10_000, jiff::civil::Date::MIN).await.unwrap().cursor)
    };
    let heard = cursor();
    for (policy, words, tap) in [
        ("always-ask-code", "every tap is asked for its code", TapPolicy::AlwaysAskCode),
        ("always-ask-code", "every tap was asked for its code before", TapPolicy::AlwaysAskCode),
        ("card-decides", "each card decides whether", TapPolicy::CardDecides),
        ("card-decides", "each card decided before", TapPolicy::CardDecides),
    ] {
        let done = place.run(&["tap-policy", policy], "");
        assert!(done.status.success() && said(&done).contains(words), "{policy}: {}", said(&done));
        assert_eq!(stands(), School { tap, ..before.clone() }, "and nothing else of the school");
    }
    assert_eq!(cursor(), heard + 2, "each change is told to the feed, and what changed nothing is not");
    let deeds = said(&place.run(&["deeds"], &before.id.to_string()));
    let told: Vec<&str> = deeds.lines().map(|line| line.split_once(' ').unwrap().1).collect();
    assert_eq!(told, ["tap-always-asks-code, by the office", "tap-card-decides, by the office"]);
    for wrong in [&["tap-policy", "never"][..], &["tap-policy"], &["tap-policy", "card-decides", "--school", "7"]] {
        assert!(!place.run(wrong, "").status.success(), "{wrong:?}");
    }
    assert_eq!(stands(), before);
}

#[test]
fn what_the_office_does_is_written_down() {
    let place = Place::new();
    let noah = place.number("Noah");
    let person = place.card("Noah")["person"].as_str().unwrap().to_owned();
    for _ in 0..2 {
        assert!(place.run(&["price-classes"], &format!("{noah};free")).status.success());
    }
    assert!(place.run(&["cpr", "on"], "").status.success());
    std::fs::write(place.folder.path().join("cpr.key"), "6c".repeat(32)).unwrap();
    for line in [format!("{noah};010110-4321"), format!("{noah};")] {
        let kept = place.run(&["cpr", "list", "--cpr-key-file", "cpr.key"], &line);
        assert!(kept.status.success(), "{}", said(&kept));
    }
    assert!(place.run(&["cpr", "off"], "").status.success());
    let words = |about: &str| -> Vec<String> {
        let output = place.run(&["deeds"], about);
        assert!(output.status.success(), "{}", said(&output));
        said(&output).lines().map(|line| line.split(' ').nth(1).unwrap().trim_end_matches(',').to_owned()).collect()
    };
    // Once for what changed once, and not into which class: that leaves the server nowhere.
    assert_eq!(words(&person), ["price-class", "cpr", "cpr-forgotten"]);
    assert_eq!(words(&noah), words(&person));
    assert!(!said(&place.run(&["deeds"], &noah)).contains("free"));
    let school = place.with(async |_, school| school);
    assert_eq!(words(&school.to_string()), ["cpr-turned-on", "cpr-turned-off"]);

    let device = place.with(async |store, school| {
        let (hash, kind) = (enrolment::hash("CODE"), DeviceKind::Kiosk);
        let now = jiff::Timestamp::now();
        let expires_at = now + enrolment::VALID;
        store.add_enrolment_code(NewCode { hash, school, kind, name: "Foyer".into(), expires_at }).await.unwrap();
        let id = madkort_protocol::DeviceId::new(uuid::Uuid::from_u128(77));
        let public_key = madkort_protocol::SigningKey::from_seed([3; 32]).public();
        let new = NewDevice { id, code_hash: hash, kind, name: "Foyer".into(), public_key };
        store.enrol(new, now).await.unwrap().unwrap()
    });
    for _ in 0..2 {
        assert!(place.run(&["revoke-device", "--device", &device.id.to_string()], "").status.success());
    }
    assert_eq!(words(&device.id.to_string()), ["device-revoked"], "once");
    let nobodys = place.run(&["deeds"], "1234");
    assert!(!nobodys.status.success() && said(&nobodys).contains("must be a card number"), "{}", said(&nobodys));
}

#[test]
fn the_kitchen_gets_its_list_once_and_then_copies() {
    // Long ago, so that the cut-off has passed whatever the machine's clock says.
    let place = Place::on("2020-01-06");
    let list = |more: &[&str]| {
        let output = place.run(&[&["kitchen-list", "--date", "2020-01-07"], more].concat(), "");
        assert!(output.status.success(), "{}", said(&output));
        said(&output)
    };
    let first = list(&[]);
    assert!(first.starts_with("KØKKENLISTE  ") && first.contains("\nTirsdag 07.01.2020\n"), "{first}");
    // Sofia's and Villads' lunch, by number and without a name.
    assert!(first.contains("I alt 2 portioner i 2 bestillinger.") && first.contains("Allergier: "), "{first}");
    for card in place.demo["cards"].as_array().unwrap() {
        let name = card["name"].as_str().unwrap();
        assert!(name.is_empty() || !first.contains(name.split(' ').next().unwrap()), "{name}: {first}");
    }
    let copy = list(&[]);
    assert!(copy.starts_with("KØKKENLISTE, KOPI  "), "{copy}");
    assert_eq!(copy.split_once('\n').unwrap().1, first.split_once('\n').unwrap().1);
    assert!(list(&["--english"]).starts_with("KITCHEN LIST, KOPI  "));
    let school = place.with(async |_, school| school).to_string();
    let deeds = said(&place.run(&["deeds"], &school));
    assert_eq!(deeds.matches(" kitchen-list 2020-01-07 ").count(), 1, "{deeds}");
    assert_eq!(list(&["--school", &school]), copy);

    let none = place.run(&["kitchen-list", "--date", "2020-02-29"], "");
    assert!(!none.status.success());
    let words = said(&none);
    assert!(words.contains("Skolen har ingen menu den 29.02.2020.\nThe school has no menu for 29/02/2020."), "{words}");
    let strange = SchoolId::new(uuid::Uuid::from_u128(7)).to_string();
    for wrong in [&["--date", "2020-01-07", "--school", &strange][..], &["--date", "7.1.2020"], &[]] {
        let refused = place.run(&[&["kitchen-list"], wrong].concat(), "");
        assert!(!refused.status.success() && !said(&refused).contains("portion"), "{wrong:?}");
    }
}

#[test]
fn a_list_before_the_cut_off_is_not_the_last_word() {
    let place = Place::on("2099-01-05");
    for _ in 0..2 {
        let list = said(&place.run(&["kitchen-list", "--date", "2099-01-06"], ""));
        assert!(list.starts_with("KØKKENLISTE, FORELØBIG  "), "{list}");
        // Where the line breaks depends on the hour that stands before it.
        let words = list.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("Der kan bestilles til 06.01.2099 kl. 08.00: tallene kan ændre sig."), "{list}");
    }
    let school = place.with(async |_, school| school).to_string();
    assert!(!said(&place.run(&["deeds"], &school)).contains("kitchen-list"));
}
