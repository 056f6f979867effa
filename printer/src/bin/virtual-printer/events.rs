//! What the printer tells the one who holds its standard output: one JSON object a line.
//!
//! **Invariant:** a line is whole, whichever thread writes it, and a closed output stops nothing.

use std::io::Write as _;

use serde::Serialize;

/// One line.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event<'a> {
    /// It takes connections here.
    Listening {
        /// With the real port.
        address: String,
    },
    /// A client is there.
    Connected,
    /// The client is gone.
    Disconnected {
        /// Bytes that came from it.
        received: usize,
    },
    /// The sensors changed.
    Status {
        /// `ready`, `near_end`, `paper_out`, `cover_open` or `cutter_fault`.
        status: &'a str,
    },
    /// It has something to print and cannot.
    Waiting {
        /// As in `status`.
        status: &'a str,
    },
    /// It goes on.
    Resumed,
    /// A paper was cut off.
    Paper {
        /// Its number in the folder, from 1.
        n: usize,
        /// The picture.
        png: String,
        /// The words, as a file.
        txt: String,
        /// The bytes it was made of.
        bin: String,
        /// The words.
        text: &'a str,
        /// What its codes carry.
        codes: &'a [String],
        /// Length in millimetres, the way to the blade included.
        mm: usize,
        /// Whether a bridge of paper is left at the cut; false also where a person tore it off.
        partial_cut: bool,
        /// Commands it did not understand, in hexadecimal.
        unknown: &'a [String],
    },
    /// A pulse opened the drawer.
    Drawer,
    /// It was switched off and on.
    PowerCycle {
        /// Bytes that were waiting and are lost.
        lost: usize,
    },
    /// It cut the connection as it was told to.
    Reset {
        /// Bytes that came before.
        received: usize,
    },
    /// A paper could not be written down.
    Trouble {
        /// Why.
        message: String,
    },
}

/// Writes an event.
pub fn tell(event: &Event) {
    if let Ok(line) = serde_json::to_string(event) {
        say(&line);
    }
}

/// Writes any line.
pub fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // Whoever listened has gone; the printer prints on.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
