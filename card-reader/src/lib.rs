//! Contactless cards over PC/SC: is there a reader, is there a card on it, and which card is it.
//!
//! The kiosk starts one [`Monitor`] and is told [`CardEvent`]s. Everything below it is split by who decides and who
//! carries out:
//!
//! | module | what | does I/O |
//! |---|---|---|
//! | [`uid`], [`atr`], [`event`] | the words: UID, card kind, events, refusals | no |
//! | `presentation` | what the changes on the readers mean | no |
//! | `reading` | the APDUs of one tap | through [`backend`] |
//! | [`backend`] | the line to the card service, as traits | traits only |
//! | [`service`] | those traits over pcscd | yes |
//! | `watch`, [`monitor`] | the threads | yes |
//!
//! **Invariant:** after each [`CardEvent::Tapped`] or [`CardEvent::Refused`] comes exactly one [`CardEvent::Lifted`]
//! before the next of them, whatever the card, the reader and the card service do in between.
//!
//! A UID is a name, not a proof: it can be copied for cents. What it may buy is the server's decision.

pub mod atr;
pub mod backend;
pub mod event;
pub mod monitor;
mod presentation;
mod reading;
pub mod service;
pub mod uid;
mod watch;

pub use atr::CardKind;
pub use event::{CardEvent, ReaderFault, ReaderStatus, Refusal};
pub use monitor::{Monitor, ReaderConfig};
pub use uid::Uid;
