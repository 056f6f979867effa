//! Receipts: a document, laid out once, to paper, picture and plain text; and an honest conversation with the printer.
//!
//! ```text
//! Document ── layout(profile) ──> Layout ──> escpos::job   the bytes a printer prints
//!                                        ──> png::paper    the picture of that paper
//!                                        ──> text::render  the words of that paper
//! ```
//!
//! The words come from the caller as finished strings. [`layout`] wraps, aligns and translates them, once; the three
//! back-ends only write down what it decided. [`job::print_job`] takes the bytes to the printer and says what can be
//! said of them afterwards; the spool that remembers it is the caller's.
//!
//! ```
//! use receipt_printer::{Document, Profile, Size, Tag, escpos, layout, text};
//!
//! let document = Document::new().heading("Kantinen", Size::Tall).rule().row("Frikadeller", "22,00 kr.");
//! let profile = Profile::parse("tm-t20iii")?;
//! let layout = layout(&document, &profile);
//! assert!(text::render(&layout).ends_with("Frikadeller                            22,00 kr.\n"));
//! let bytes = escpos::job(&layout, &profile, Tag::from_number(1));
//! # assert!(bytes.starts_with(&[0x1B, 0x40]));
//! # Ok::<(), receipt_printer::profile::UnknownProfile>(())
//! ```

pub mod bitmap;
pub mod command;
pub mod document;
pub mod encoder;
pub mod escpos;
pub mod glyph;
pub mod job;
pub mod layout;
pub mod png;
pub mod profile;
pub mod query;
pub mod sample;
pub mod status;
pub mod symbol;
pub mod text;
pub mod transport;

pub use bitmap::Bitmap;
pub use document::{Align, Block, Cell, Document, Mark, Size, Style};
pub use job::{Control, JobEvent, JobOutcome, Left, NotStarted, Patience, Tag, Uncertain, print_job};
pub use layout::{Layout, layout};
pub use profile::Profile;
pub use query::query_status;
pub use status::PrinterStatus;
pub use transport::PrinterAddress;
