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

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use sync_server::openapi::ROUTES;

/// Gives each file of a corpus to its check.
fn replay(corpus: &str, mut check: impl FnMut(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(corpus);
    let mut files = 0;
    for entry in fs::read_dir(folder).unwrap() {
        check(&fs::read(entry.unwrap().path()).unwrap());
        files += 1;
    }
    assert!(files >= 10, "the corpus is not there");
}

/// A message that no file is read as is one the fuzzer has to find by itself, if it is given to it at all.
#[test]
fn every_message_a_route_takes_is_in_the_corpus_and_the_rest_of_it_is_refused() {
    let mut read = BTreeSet::new();
    replay("wire", |bytes| read.extend(messages::check(bytes)));
    let taken: BTreeSet<_> = ROUTES.iter().filter_map(|route| route.takes).collect();
    assert_eq!(read, taken);
}

#[test]
fn every_story_of_the_corpus_is_told_alike_by_the_ledger_and_its_model() {
    replay("movements", stories::check);
}
