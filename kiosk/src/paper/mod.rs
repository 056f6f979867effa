//! Paper: the words on it, and the thread that owns the printer.

pub mod driver;
pub mod words;

pub use driver::{PaperDriver, PrinterConfig};
