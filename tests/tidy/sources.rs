//! What a source file may look like.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Lines of a source file; past this it wants another shape.
const LONGEST_FILE: usize = 600;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Files of the project with one of these endings: what git tracks, and what it would.
fn files(endings: &[&str]) -> Vec<(String, String)> {
    let output = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "these rules read the list of files from git");
    let names = String::from_utf8(output.stdout).unwrap();
    let wanted = names.lines().filter(|name| endings.iter().any(|e| name.ends_with(e)));
    let read = |name: &str| Some((name.to_owned(), std::fs::read_to_string(root().join(name)).ok()?));
    wanted.filter_map(read).collect()
}

fn fail(broken: &[String]) {
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

#[test]
fn files_are_short() {
    let long = files(&[".rs", ".slint"]).into_iter().filter_map(|(name, text)| {
        let lines = text.lines().count();
        (lines > LONGEST_FILE).then(|| format!("{name}: {lines} lines"))
    });
    fail(&long.collect::<Vec<_>>());
}

#[test]
fn every_module_opens_with_its_contract() {
    let bare = files(&[".rs"]).into_iter().filter(|(_, text)| !text.starts_with("//!"));
    fail(&bare.map(|(name, _)| name).collect::<Vec<_>>());
}

#[test]
fn nothing_sleeps() {
    let sleeps = [["thread::", "sleep"].concat(), ["time::", "sleep("].concat()];
    let tests = files(&[".rs"]).into_iter().filter(|(name, _)| name.contains("tests/") && !name.contains("tidy/"));
    let asleep = tests.filter(|(_, text)| sleeps.iter().any(|s| text.contains(s)));
    fail(&asleep.map(|(name, _)| name).collect::<Vec<_>>());
}

#[test]
fn no_file_knows_one_machine() {
    let homes = ["work", "root", "home"].map(|folder| format!("/{folder}/"));
    let texts = files(&[".rs", ".slint", ".toml", ".md", ".sh", ".html", ".json", ".po", "Makefile", ".ci/run"]);
    let bound = texts.into_iter().flat_map(|(name, text)| {
        let at_home = |line: &&str| {
            homes.iter().any(|home| line.contains(&format!("\"{home}")) || line.contains(&format!(" {home}")))
        };
        let lines: Vec<String> = text.lines().filter(at_home).map(|line| format!("{name}: {line}")).collect();
        lines
    });
    fail(&bound.collect::<Vec<_>>());
}

#[test]
fn unfinished_work_has_no_place() {
    let marks = [["TO", "DO"].concat(), ["FIX", "ME"].concat(), ["X", "XX:"].concat(), ["todo", "!("].concat()];
    let sources = files(&[".rs", ".slint", ".sh"]);
    let open = sources.into_iter().filter(|(_, text)| marks.iter().any(|mark| text.contains(mark)));
    fail(&open.map(|(name, _)| name).collect::<Vec<_>>());
}
