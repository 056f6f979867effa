//! Any bytes as a message: see `messages.rs`, whose corpus `tests/fuzz_corpus.rs` replays.
#![no_main]

#[path = "messages.rs"]
mod messages;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| drop(messages::check(bytes)));
