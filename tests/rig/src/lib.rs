//! The rig: the real programs of the house, started against virtual devices, and the real kiosk window, used as a person uses it.
//!
//! **Invariant:** everything a rig starts ends with it, listens only on 127.0.0.1, and knows no other rig.

pub mod display;
pub mod folders;
pub mod process;
pub mod window;
