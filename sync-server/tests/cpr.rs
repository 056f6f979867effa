//! CPR numbers by the operator's hand: off until a school turns them on, sealed on the disk, and in no word the server says.

#![allow(clippy::unwrap_used)]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use madkort_protocol::{MaskedCpr, PersonId, SchoolId};
use serde_json::Value;
use sync_server::store::{self, DatabaseUrl};

const CPR: &str = "0101104321";
const WRITTEN: &str = "010110-4321";
const KEY: &str = "6c6f6e67206b657920666f7220746573747320616e64206e6f7468696e6720ab";

struct Place {
    folder: tempfile::TempDir,
    /// A pupil's card number.
    number: String,
    person: PersonId,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("cpr.key"), format!("{KEY}\n")).unwrap();
        assert!(run(folder.path(), &["migrate"], "").status.success());
        let demo = run(folder.path(), &["demo-data", "--today", "2026-11-23", "--json"], "");
        let demo: Value = serde_json::from_slice(&demo.stdout).unwrap();
        let pupil = demo["cards"].as_array().unwrap().iter().find(|card| card["kind"] == "pupil").unwrap();
        let number = pupil["number"].as_str().unwrap().to_owned();
        let person = PersonId::parse(pupil["person"].as_str().unwrap()).unwrap();
        Self { folder, number, person }
    }

    fn run(&self, args: &[&str], list: &str) -> Output {
        run(self.folder.path(), args, list)
    }

    fn list(&self, list: &str) -> Output {
        self.run(&["cpr", "list", "--cpr-key-file", "cpr.key"], list)
    }

    /// How the pupil's number is shown.
    fn shown(&self) -> Option<MaskedCpr> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let store = store::open(&DatabaseUrl::Sqlite(self.folder.path().join("books.db"))).unwrap();
            let school: SchoolId = store.schools().await.unwrap().remove(0).id;
            store.profile(school, self.person).await.unwrap().unwrap().cpr
        })
    }

    /// Whether the number stands anywhere beside the database, in any form it could be written in.
    fn is_on_the_disk(&self) -> bool {
        let files = std::fs::read_dir(self.folder.path()).unwrap().map(|entry| std::fs::read(entry.unwrap().path()));
        let all: Vec<u8> = files.flat_map(Result::unwrap).collect();
        let has = |part: &[u8]| all.windows(part.len()).any(|window| window == part);
        // Nor the birthday alone, nor as a number.
        [CPR, WRITTEN, &CPR[..6]].iter().any(|part| has(part.as_bytes()))
            || has(&CPR.parse::<u64>().unwrap().to_be_bytes()[3..])
    }
}

fn run(folder: &Path, args: &[&str], list: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sync-server"));
    command.args(args).current_dir(folder).env("MADKORT_DATABASE", "sqlite:books.db");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A command that refuses before it reads closes its ear.
    let _ = child.stdin.take().unwrap().write_all(list.as_bytes());
    child.wait_with_output().unwrap()
}

fn said(output: &Output) -> String {
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    for secret in [CPR, WRITTEN, &CPR[6..], KEY] {
        assert!(!said.contains(secret), "{said}");
    }
    assert!(!said.contains("panicked"), "{said}");
    said
}

#[test]
fn a_number_is_kept_only_where_the_school_says_so_and_never_in_clear() {
    let place = Place::new();
    let line = format!("{};{WRITTEN}", place.number);
    let off = place.list(&line);
    assert!(!off.status.success() && said(&off).contains("not turned on for this school"), "{}", said(&off));
    assert_eq!(place.shown(), None, "nothing is said of it where it is off");

    let on = place.run(&["cpr", "on"], "");
    assert!(on.status.success() && said(&on).contains("may be kept"), "{}", said(&on));
    assert_eq!(place.shown(), Some(MaskedCpr { masked: String::new(), confirmed: false }));
    let kept = place.list(&line);
    assert!(kept.status.success() && said(&kept).contains("1 card has"), "{}", said(&kept));
    assert_eq!(place.shown(), Some(MaskedCpr { masked: "XXXXXX-XXXX".to_owned(), confirmed: true }));
    assert!(!place.is_on_the_disk());
    let note = place.folder.path().join("note.txt");
    std::fs::write(&note, WRITTEN).unwrap();
    assert!(place.is_on_the_disk(), "what is there is found");
    std::fs::remove_file(note).unwrap();
    let copied = place.run(&["backup", "--to", "copy.db"], "");
    assert!(copied.status.success(), "{}", said(&copied));
    assert!(!place.is_on_the_disk(), "nor in a copy");

    // Forgotten by a line without one, and all of them when it is turned off.
    assert!(place.list(&format!("{};", place.number)).status.success());
    assert_eq!(place.shown().map(|cpr| cpr.confirmed), Some(false));
    assert!(place.list(&line).status.success());
    let off = place.run(&["cpr", "off"], "");
    assert!(off.status.success() && said(&off).contains("1 number was forgotten"), "{}", said(&off));
    assert_eq!(place.shown(), None);
    assert!(place.run(&["cpr", "on"], "").status.success());
    assert_eq!(place.shown().map(|cpr| cpr.confirmed), Some(false), "forgotten is forgotten");
}

#[test]
fn a_list_counts_whole_or_not_at_all() {
    let place = Place::new();
    assert!(place.run(&["cpr", "on"], "").status.success());
    let good = format!("{};{CPR}\n", place.number);
    let stranger = madkort_protocol::CardNumber::from_first_13("1234567890123").unwrap();
    for (list, words) in [
        (format!("{good}{};310210-4321", stranger.as_digits()), "line 2: this is no CPR number"),
        (format!("{good}{};{CPR}", stranger.as_digits()), "1 of 2 cards"),
        (format!("{good}{}", place.number), "line 2: must be"),
    ] {
        let refused = place.list(&list);
        assert!(!refused.status.success() && said(&refused).contains(words), "{words}: {}", said(&refused));
        assert_eq!(place.shown().map(|cpr| cpr.confirmed), Some(false));
    }
}

#[test]
fn the_key_is_asked_for_looked_at_and_the_same_as_before() {
    let place = Place::new();
    assert!(place.run(&["cpr", "on"], "").status.success());
    let line = format!("{};{CPR}", place.number);
    let without = place.run(&["cpr", "list"], &line);
    assert!(!without.status.success() && said(&without).contains("cpr_key_file"), "{}", said(&without));
    assert!(place.list(&line).status.success());

    std::fs::write(place.folder.path().join("short.key"), "abc").unwrap();
    std::fs::write(place.folder.path().join("other.key"), "cd".repeat(32)).unwrap();
    let check = |file: &str| place.run(&["config", "check", "--cpr-key-file", file], "");
    assert_eq!(check("cpr.key").status.code(), Some(0), "{}", said(&check("cpr.key")));
    for (file, words) in [
        ("short.key", "--cpr-key-file: cpr_key_file must name a file that holds 64 hexadecimal digits"),
        ("none.key", "--cpr-key-file: cpr_key_file cannot be read"),
        ("other.key", "does not open the CPR numbers there are"),
    ] {
        let wrong = check(file);
        assert_eq!(wrong.status.code(), Some(1), "{file}");
        assert!(said(&wrong).contains(words), "{words}: {}", said(&wrong));
    }
    let other = place.run(&["cpr", "list", "--cpr-key-file", "other.key"], &line);
    assert!(!other.status.success() && said(&other).contains("nothing was changed"), "{}", said(&other));
    assert_eq!(place.shown().map(|cpr| cpr.confirmed), Some(true));
}
