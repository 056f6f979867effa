//! The rig: the real programs of the house, started against virtual devices, and the real kiosk window, used as a person uses it.
//!
//! **Invariant:** everything a rig starts ends with it, listens only on 127.0.0.1, and knows no other rig.

pub mod album;
pub mod banks;
pub mod bench;
pub mod bench_words;
pub mod bins;
pub mod browser;
pub mod device;
pub mod display;
pub mod ear;
pub mod folders;
pub mod http;
pub mod keys;
pub mod kiosk;
pub mod kiosk_user;
pub mod ledger;
pub mod mailbox;
pub mod patience;
pub mod pcscd;
pub mod printer;
pub mod process;
pub mod qr;
pub mod reader;
pub mod records;
pub mod rig;
pub mod school;
pub mod server;
pub mod time;
pub mod turning;
pub mod visit;
pub mod window;
pub mod wire;
pub mod words;
