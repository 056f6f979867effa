//! The screen: Slint shows what [`kiosk_core::Screen`] says, and names what a hand asks for.
//!
//! **Invariant:** nothing is decided and nothing is worded here. The words are in `ui/*.slint` and `lang/`, the decisions in
//! `kiosk-core`; this module copies one into the other.

mod binding;
mod focus;
mod kinds;
mod pages;
mod pay_code;
mod photo;
mod pixels;
mod reader;
mod reading;
mod rows;

pub use binding::{House, Ui};

/// What the Slint compiler makes of `ui/app.slint`.
mod screens {
    #![allow(clippy::all, clippy::pedantic, clippy::nursery, clippy::restriction, missing_docs, unused, unsafe_code)]
    slint::include_modules!();
}
pub use screens::AppWindow;
