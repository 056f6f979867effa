//! The kiosk's thin drivers, one for each outside thing, and the loop that ties them to `kiosk_core`.
//!
//! Nothing here decides what happens in a visit: drivers tell [`kiosk_core::Event`]s, and carry out [`kiosk_core::Effect`]s.
//!
//! **Invariant:** no driver blocks the screen: each has a thread of its own and is spoken to through a channel.

pub mod appliance;
pub mod card;
pub mod config;
pub mod events;
pub mod headset;
pub mod lights;
pub mod notify;
pub mod paper;
pub mod shell;
pub mod speech;
pub mod store;
pub mod sync;
pub mod ui;
