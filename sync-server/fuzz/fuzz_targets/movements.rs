//! Any bytes as a story of movements: see `stories.rs`, whose corpus `tests/fuzz_corpus.rs` replays.
#![no_main]

#[path = "../../ledger/tests/books/mod.rs"]
mod books;
#[path = "../../ledger/tests/model/mod.rs"]
mod model;
#[path = "stories.rs"]
mod stories;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| stories::check(bytes));
