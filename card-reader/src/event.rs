//! What the monitor tells: the state of the reader, and cards that come and go.
//!
//! Pure data.
//!
//! **Invariant:** every refusal and fault is a variant of its own, so that each can have its own sentence and screen.
//! The English sentences here are for technicians; the kiosk translates from the variants.

use std::fmt;
use std::time::Instant;

use crate::{CardKind, Uid};

/// One thing that happened at the reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CardEvent {
    /// The state of the reader is now another one. The first event of a monitor is always of this kind.
    Reader(ReaderStatus),
    /// A card was put on the reader and read.
    Tapped {
        /// Its UID, fixed (never a random id) and read twice with the same answer.
        uid: Uid,
        /// What its ATR says it is.
        kind: CardKind,
        /// When the card service's report of the card arrived, before the card was read.
        seen: Instant,
    },
    /// A card was put on the reader that will not do. Nothing more comes for it until it is lifted.
    Refused(Refusal),
    /// The card or cards that were tapped or refused are gone, or can no longer be seen. Exactly one for each
    /// [`CardEvent::Tapped`] and [`CardEvent::Refused`].
    Lifted,
}

/// The state of the reader, told only when it changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReaderStatus {
    /// The card service is not running, or is starting.
    ServiceDown,
    /// The card service runs and has no reader for us: unplugged, or named otherwise than the configuration says.
    NoReader,
    /// Waiting for a card.
    Idle,
    /// At least one card lies on a reader.
    CardPresent,
    /// The reader is there and cannot be used.
    Fault(ReaderFault),
}

/// Why a connected reader cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum ReaderFault {
    /// Another program holds the reader exclusively.
    #[error("another program uses the card reader")]
    InUse,
    /// The card service refuses this user: a polkit rule or the socket's group is missing.
    #[error("the card service does not permit this user to use the reader")]
    NotPermitted,
    /// The reader does not answer; unplugging it for some seconds helps.
    #[error("the card reader does not answer")]
    NotAnswering,
}

/// Why a card will not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refusal {
    /// It answers with another number each time, as phones and some bank cards do, or with a reserved number.
    #[error("this looks like a phone or a bank card: use the school card")]
    RandomId,
    /// More than one card.
    #[error("more than one card: show one card at a time")]
    TwoCards,
    /// It does not answer, or not with a UID.
    #[error("the card cannot be read")]
    Unreadable,
    /// It was gone before it was read.
    #[error("the card was taken away too soon: hold it a little longer")]
    LeftTooSoon,
    /// Its UID has another length than 4, 7 or 10 bytes.
    #[error("the card's number has an unknown length")]
    UnknownLength,
}

impl ReaderStatus {
    /// A short fixed name for logs and machine-readable output.
    pub fn name(self) -> &'static str {
        match self {
            Self::ServiceDown => "service-down",
            Self::NoReader => "no-reader",
            Self::Idle => "idle",
            Self::CardPresent => "card-present",
            Self::Fault(ReaderFault::InUse) => "fault-in-use",
            Self::Fault(ReaderFault::NotPermitted) => "fault-not-permitted",
            Self::Fault(ReaderFault::NotAnswering) => "fault-not-answering",
        }
    }
}

impl fmt::Display for ReaderStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ServiceDown => f.write_str("the card service (pcscd) is not running"),
            Self::NoReader => f.write_str("no card reader is connected"),
            Self::Idle => f.write_str("the card reader is ready"),
            Self::CardPresent => f.write_str("a card is on the reader"),
            Self::Fault(fault) => fault.fmt(f),
        }
    }
}

impl Refusal {
    /// A short fixed name for logs and machine-readable output.
    pub fn name(self) -> &'static str {
        match self {
            Self::RandomId => "random-id",
            Self::TwoCards => "two-cards",
            Self::Unreadable => "unreadable",
            Self::LeftTooSoon => "left-too-soon",
            Self::UnknownLength => "unknown-length",
        }
    }
}
