//! What the demo and its workbench window say to each other: one JSON object a line, on the window's standard input and output.
//!
//! Pure. This file is compiled into both programs. **Invariant:** the window knows nothing of devices: it shows what it is told and
//! says what was pressed.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The demo to the window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Show {
    /// The cards in the drawer.
    Cards(Vec<Card>),
    /// Which card lies on the reader, by its UID, if any.
    Lying(Option<String>),
    /// A new paper came out of the printer: its picture.
    Paper(PathBuf),
    /// A switch stands like this.
    Switch(Fault, bool),
    /// A sentence for whoever tries the demo.
    Say(String),
}

/// A card in the drawer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// Its UID.
    pub uid: String,
    /// Whose it is.
    pub name: String,
    /// What it shows, and its code.
    pub about: String,
}

/// The window to the demo.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wish {
    /// Lay this card on the reader.
    Tap(String),
    /// Take the card away.
    Lift,
    /// Lay a telephone on the reader.
    TapPhone,
    /// Break or mend something.
    Switch(Fault, bool),
    /// Pay the payment page that is open, as the payer's phone would.
    Pay,
    /// Sell something at the till to the card on the reader.
    Sell,
}

/// What can be broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The cable to the server is cut.
    Network,
    /// The server is not running.
    Server,
    /// The reader is unplugged.
    Reader,
    /// The roll is at its end.
    Paper,
    /// The printer's cover is open.
    Cover,
}

impl Fault {
    /// Every one.
    pub const ALL: [Self; 5] = [Self::Network, Self::Server, Self::Reader, Self::Paper, Self::Cover];
}
