//! The one-way rule: who may depend on whom.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// Workspace crates and the workspace crates each may use in what ships.
const MAY_USE: &[(&str, &[&str])] = &[
    ("madkort-protocol", &[]),
    ("madkort-ledger", &["madkort-protocol"]),
    ("sync-server", &["madkort-protocol", "madkort-ledger"]),
    ("kiosk-core", &["madkort-protocol"]),
    ("card-reader", &[]),
    ("receipt-printer", &[]),
    ("kiosk", &["madkort-protocol", "kiosk-core", "card-reader", "receipt-printer"]),
];

/// Crates that decide and do no I/O.
const PURE: &[&str] = &["madkort-protocol", "madkort-ledger", "kiosk-core"];

/// What a pure crate may not reach, however far down.
const IMPURE: &[&str] = &[
    "axum",
    "escpos",
    "getrandom",
    "hyper",
    "pcsc",
    "rand",
    "reqwest",
    "rppal",
    "rusqlite",
    "rustix",
    "slint",
    "tokio",
    "tokio-postgres",
];

/// Only tests see these.
const TESTS: &[&str] = &["madkort-load", "madkort-postgres", "madkort-register", "madkort-tests", "workbench"];

struct Workspace {
    /// What each crate names for itself and for its build script. What its tests use does not ship.
    direct: BTreeMap<String, BTreeSet<String>>,
}

impl Workspace {
    fn read() -> Self {
        let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");
        let output = Command::new(env!("CARGO"))
            .args(["metadata", "--format-version", "1", "--no-deps", "--offline", "--manifest-path", manifest])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
        let direct = metadata["packages"].as_array().unwrap().iter().map(|package| {
            let dependencies = package["dependencies"].as_array().unwrap().iter();
            let shipped = dependencies.filter(|d| d["kind"] != "dev");
            let names = shipped.map(|d| d["name"].as_str().unwrap().to_owned()).collect();
            (package["name"].as_str().unwrap().to_owned(), names)
        });
        Self { direct: direct.collect() }
    }

    fn inner(&self, name: &str) -> BTreeSet<&str> {
        self.direct[name].iter().map(String::as_str).filter(|d| self.direct.contains_key(*d)).collect()
    }
}

#[test]
fn dependencies_run_one_way() {
    let workspace = Workspace::read();
    for (name, allowed) in MAY_USE {
        for used in workspace.inner(name) {
            assert!(allowed.contains(&used), "{name} must not use {used}");
        }
    }
    let known: BTreeSet<&str> = MAY_USE.iter().map(|(name, _)| *name).chain(TESTS.iter().copied()).collect();
    let all: BTreeSet<&str> = workspace.direct.keys().map(String::as_str).collect();
    assert_eq!(all, known, "a new crate needs its place in the rule");
}

#[test]
fn pure_crates_reach_nothing_that_does_io() {
    for name in PURE {
        let output = Command::new(env!("CARGO"))
            .args([
                "tree",
                "--offline",
                "--edges",
                "normal",
                "--prefix",
                "none",
                "--format",
                "{lib}",
                "--package",
                name,
            ])
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let tree = String::from_utf8(output.stdout).unwrap();
        assert!(tree.contains("serde"), "the tree of {name} was not read");
        for line in tree.lines() {
            let library = line.trim().replace('_', "-");
            assert!(!IMPURE.contains(&library.as_str()), "{name} reaches {library}");
        }
    }
}

#[test]
fn only_what_links_slint_is_gpl() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    for (name, folder) in [
        ("kiosk", "kiosk"),
        ("workbench", "tests/workbench"),
        ("kiosk-core", "kiosk/core"),
        ("card-reader", "card-reader"),
        ("receipt-printer", "printer"),
        ("sync-server", "sync-server"),
        ("madkort-protocol", "sync-server/protocol"),
        ("madkort-ledger", "sync-server/ledger"),
        ("madkort-tests", "tests"),
        ("madkort-load", "tests/load"),
        ("madkort-postgres", "tests/postgres"),
        ("madkort-register", "tests/register"),
    ] {
        let manifest = std::fs::read_to_string(format!("{root}/{folder}/Cargo.toml")).unwrap();
        let links_slint = manifest.lines().any(|l| l.starts_with("slint.") || l.starts_with("slint ="));
        assert_eq!(manifest.contains("GPL-3.0-only"), links_slint, "{name}");
    }
}
