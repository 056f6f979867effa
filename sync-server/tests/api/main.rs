//! The server as its devices see it: real sockets, real signatures, real files; only the clock is set by hand.
#![allow(clippy::unwrap_used)]

mod accounts;
mod allergies;
mod bad_input;
mod binary;
mod books;
mod cards;
mod changes;
mod devices;
mod envelope;
mod jobs;
mod letters;
mod limits;
mod logins;
#[path = "../mail_server/mod.rs"]
mod mail_server;
mod mandates;
mod messages;
mod operations;
mod passwords;
mod people;
mod pictures;
mod product_pictures;
mod purchases;
mod quotes;
mod registers;
mod sessions;
mod store;
mod support;
mod transfers;
mod withdrawals;
