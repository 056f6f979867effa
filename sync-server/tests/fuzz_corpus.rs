//! The corpus of the fuzz targets, replayed through the same functions: what once was interesting stays right.

#![allow(clippy::unwrap_used)]

#[path = "../fuzz/fuzz_targets/messages.rs"]
mod messages;

use std::fs;
use std::path::Path;

#[test]
fn every_message_of_the_corpus_is_read_or_refused() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/wire");
    let mut files = 0;
    for entry in fs::read_dir(folder).unwrap() {
        messages::check(&fs::read(entry.unwrap().path()).unwrap());
        files += 1;
    }
    assert!(files >= 10, "the corpus is not there");
}
