//! The server as its devices see it: real sockets, real signatures, real files; only the clock is set by hand.
#![allow(clippy::unwrap_used)]

mod accounts;
mod bad_input;
mod binary;
mod books;
mod changes;
mod devices;
mod envelope;
mod jobs;
mod logins;
mod operations;
mod purchases;
mod registers;
mod store;
mod support;
