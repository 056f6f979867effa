//! The drivers: disk, line, paper and the loop that joins them, against what stands at the far end.

#![allow(clippy::unwrap_used)]

mod deposits;
mod outbox;
mod paper;
mod passwords;
mod pictures;
mod printer;
mod school;
mod server;
mod shell;
mod store;
mod sync;
mod too_often;
mod whole;
