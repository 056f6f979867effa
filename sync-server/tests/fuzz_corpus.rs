//! The corpus of the fuzz targets, replayed through the same functions: what once was interesting stays right.

#![allow(clippy::unwrap_used)]

#[path = "../ledger/tests/books/mod.rs"]
mod books;
#[path = "../fuzz/fuzz_targets/messages.rs"]
mod messages;
#[path = "../ledger/tests/model/mod.rs"]
mod model;
#[path = "../fuzz/fuzz_targets/stories.rs"]
mod stories;

use std::fs;
use std::path::Path;

/// Gives each file of a corpus to its check.
fn replay(corpus: &str, check: impl Fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(corpus);
    let mut files = 0;
    for entry in fs::read_dir(folder).unwrap() {
        check(&fs::read(entry.unwrap().path()).unwrap());
        files += 1;
    }
    assert!(files >= 10, "the corpus is not there");
}

#[test]
fn every_message_of_the_corpus_is_read_or_refused() {
    replay("wire", messages::check);
}

#[test]
fn every_story_of_the_corpus_is_told_alike_by_the_ledger_and_its_model() {
    replay("movements", stories::check);
}
