//! How the printer is, and how its answers are read.
//!
//! Pure. Three kinds of answer come back from an ESC/POS printer, mixed and unannounced: one byte for a real-time query
//! (`DLE EOT n`), four bytes of automatic status (`GS a`), and answers to commands in the job (`GS r`, `GS ( H`,
//! `GS I`). They are told apart by their fixed bits; an [`AnswerReader`] does it over any chunking of the bytes.
//! Bits: TM-L60II and T-H5000 manuals; process ID: Epson's `GS ( H` page.
//!
//! **Invariant:** no sequence of bytes makes the reader fail or grow beyond [`MAX_BLOCK`]; what it does not know it drops.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How a printer is, worst first where several hold: what cannot print stands before what can.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PrinterStatus {
    /// It prints.
    Ready,
    /// It prints; the roll is nearly empty. For staff, not for pupils.
    NearEnd,
    /// No paper.
    PaperOut,
    /// The cover is open.
    CoverOpen,
    /// The blade is stuck.
    CutterFault,
    /// Another error, or offline without a known cause.
    Fault,
    /// The link stands but nothing answers. With the cover open some printers do this.
    NotResponding,
    /// There is no link: unplugged, switched off, another client holds it.
    Unreachable,
}

impl PrinterStatus {
    /// Whether a job may be sent.
    #[must_use]
    pub fn can_print(self) -> bool {
        matches!(self, Self::Ready | Self::NearEnd)
    }

    /// Whether a person at the printer must do something: paper, cover, blade.
    #[must_use]
    pub fn needs_attention(self) -> bool {
        matches!(self, Self::PaperOut | Self::CoverOpen | Self::CutterFault | Self::Fault)
    }
}

impl fmt::Display for PrinterStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ready => "ready",
            Self::NearEnd => "paper near end",
            Self::PaperOut => "paper out",
            Self::CoverOpen => "cover open",
            Self::CutterFault => "cutter fault",
            Self::Fault => "fault",
            Self::NotResponding => "not responding",
            Self::Unreachable => "unreachable",
        })
    }
}

/// The four real-time queries, in the order in which they are asked and answered.
pub const QUERIES: [[u8; 3]; 4] = [[0x10, 0x04, 1], [0x10, 0x04, 2], [0x10, 0x04, 3], [0x10, 0x04, 4]];

/// The answers to `DLE EOT` 1 to 4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RealTime {
    /// `n = 1`: 08h offline.
    pub printer: u8,
    /// `n = 2`: 04h cover, 20h stopped by paper end, 40h error.
    pub offline: u8,
    /// `n = 3`: 08h cutter, 20h unrecoverable, 40h recovers by itself.
    pub error: u8,
    /// `n = 4`: 0Ch near end, 60h end.
    pub paper: u8,
}

impl RealTime {
    /// The answers in the order of [`QUERIES`].
    #[must_use]
    pub fn new(answers: [u8; 4]) -> Self {
        let [printer, offline, error, paper] = answers;
        Self { printer, offline, error, paper }
    }

    /// What they mean together. An open cover hides the paper sensor, so it is named first.
    #[must_use]
    pub fn status(self) -> PrinterStatus {
        Signs {
            cover: self.offline & 0x04 != 0,
            paper_out: self.paper & 0x60 != 0 || self.offline & 0x20 != 0,
            cutter: self.error & 0x08 != 0,
            fault: self.error & 0x60 != 0 || self.offline & 0x40 != 0,
            offline: self.printer & 0x08 != 0,
            near_end: self.paper & 0x0C != 0,
        }
        .status()
    }
}

/// Reads four bytes of automatic status.
#[must_use]
pub fn automatic_status(bytes: [u8; 4]) -> PrinterStatus {
    let [printer, error, paper, _] = bytes;
    Signs {
        cover: printer & 0x20 != 0,
        paper_out: paper & 0x0C != 0,
        cutter: error & 0x08 != 0,
        fault: error & 0x60 != 0,
        offline: printer & 0x08 != 0,
        near_end: paper & 0x03 != 0,
    }
    .status()
}

struct Signs {
    cover: bool,
    paper_out: bool,
    cutter: bool,
    fault: bool,
    offline: bool,
    near_end: bool,
}

impl Signs {
    fn status(&self) -> PrinterStatus {
        if self.cover {
            PrinterStatus::CoverOpen
        } else if self.paper_out {
            PrinterStatus::PaperOut
        } else if self.cutter {
            PrinterStatus::CutterFault
        } else if self.fault || self.offline {
            PrinterStatus::Fault
        } else if self.near_end {
            PrinterStatus::NearEnd
        } else {
            PrinterStatus::Ready
        }
    }
}

/// One thing the printer said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// To `DLE EOT n`; which `n` only the order tells.
    RealTime(u8),
    /// Unasked, after `GS a`.
    Automatic([u8; 4]),
    /// To `GS r 1`: all before it has been taken from the buffer. 03h near end, 0Ch end.
    Processed(u8),
    /// To `GS ( H`: the job with this tag has been printed.
    Printed([u8; 4]),
    /// Any other block, such as the model name that answers `GS I`: its bytes between header and NUL.
    Block(Vec<u8>),
}

/// The longest block that is read as one; Epson's are at most 80 bytes with header and NUL.
pub const MAX_BLOCK: usize = 80;

/// Cuts what the printer sends into [`Answer`]s.
#[derive(Debug, Default)]
pub struct AnswerReader {
    pending: Vec<u8>,
}

impl AnswerReader {
    /// A reader at the start of a connection.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets a half-read answer.
    pub fn clear(&mut self) {
        self.pending.clear();
    }

    /// Takes the next bytes and returns the answers they complete.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Answer> {
        bytes.iter().filter_map(|byte| self.push_byte(*byte)).collect()
    }

    fn push_byte(&mut self, byte: u8) -> Option<Answer> {
        self.pending.push(byte);
        let first = self.pending[0];
        if matches!(first, 0x37 | 0x5F) {
            return self.block();
        }
        if first & 0x93 == 0x10 {
            return self.automatic();
        }
        self.pending.clear();
        if first & 0x93 == 0x12 {
            Some(Answer::RealTime(first))
        } else if first & 0x90 == 0 {
            Some(Answer::Processed(first))
        } else {
            None
        }
    }

    fn block(&mut self) -> Option<Answer> {
        if *self.pending.last()? != 0 {
            if self.pending.len() >= MAX_BLOCK {
                self.pending.clear();
            }
            return None;
        }
        let block = std::mem::take(&mut self.pending);
        Some(match block[..] {
            [0x37, 0x22, a, b, c, d, 0] => Answer::Printed([a, b, c, d]),
            [_, ref body @ .., _] => Answer::Block(body.to_vec()),
            _ => return None,
        })
    }

    fn automatic(&mut self) -> Option<Answer> {
        // Bytes two to four have both fixed bits low. Anything else is a new answer, and the first byte was noise.
        if let [_, .., last] = self.pending[..]
            && last & 0x90 != 0
        {
            self.pending.clear();
            return self.push_byte(last);
        }
        let bytes = <[u8; 4]>::try_from(&self.pending[..]).ok()?;
        self.pending.clear();
        Some(Answer::Automatic(bytes))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn real_time_rows() {
        for (answers, status) in [
            ([0x12, 0x12, 0x12, 0x12], PrinterStatus::Ready),
            ([0x16, 0x12, 0x12, 0x12], PrinterStatus::Ready),
            ([0x12, 0x12, 0x12, 0x1E], PrinterStatus::NearEnd),
            ([0x1A, 0x32, 0x12, 0x7E], PrinterStatus::PaperOut),
            ([0x1A, 0x12, 0x12, 0x72], PrinterStatus::PaperOut),
            ([0x1A, 0x16, 0x12, 0x12], PrinterStatus::CoverOpen),
            ([0x1A, 0x36, 0x12, 0x7E], PrinterStatus::CoverOpen),
            ([0x1A, 0x52, 0x1A, 0x12], PrinterStatus::CutterFault),
            ([0x1A, 0x52, 0x32, 0x12], PrinterStatus::Fault),
            ([0x1A, 0x52, 0x52, 0x12], PrinterStatus::Fault),
            ([0x1A, 0x12, 0x12, 0x12], PrinterStatus::Fault),
        ] {
            assert_eq!(RealTime::new(answers).status(), status, "{answers:02x?}");
        }
    }

    #[test]
    fn automatic_rows() {
        for (bytes, status) in [
            ([0x10, 0x00, 0x00, 0x0F], PrinterStatus::Ready),
            ([0x14, 0x00, 0x00, 0x00], PrinterStatus::Ready),
            ([0x10, 0x00, 0x03, 0x00], PrinterStatus::NearEnd),
            ([0x18, 0x00, 0x0F, 0x00], PrinterStatus::PaperOut),
            ([0x38, 0x00, 0x00, 0x00], PrinterStatus::CoverOpen),
            ([0x18, 0x08, 0x00, 0x00], PrinterStatus::CutterFault),
            ([0x18, 0x20, 0x00, 0x00], PrinterStatus::Fault),
            ([0x18, 0x00, 0x00, 0x00], PrinterStatus::Fault),
        ] {
            assert_eq!(automatic_status(bytes), status, "{bytes:02x?}");
        }
    }

    #[test]
    fn answers_are_told_apart() {
        let wire = [
            0x12, 0x18, 0x00, 0x0C, 0x00, 0x7E, 0x0C, 0x37, 0x22, b'a', b'b', b'c', b'd', 0x00, 0xFF, 0x5F, b'T', b'M',
            0x00, 0x00,
        ];
        let expected = vec![
            Answer::RealTime(0x12),
            Answer::Automatic([0x18, 0x00, 0x0C, 0x00]),
            Answer::RealTime(0x7E),
            Answer::Processed(0x0C),
            Answer::Printed(*b"abcd"),
            Answer::Block(b"TM".to_vec()),
            Answer::Processed(0x00),
        ];
        assert_eq!(AnswerReader::new().push(&wire), expected);
        let mut one_by_one = AnswerReader::new();
        let answers: Vec<Answer> = wire.iter().flat_map(|byte| one_by_one.push(&[*byte])).collect();
        assert_eq!(answers, expected);
    }

    #[test]
    fn a_lost_half_of_an_automatic_status_does_not_swallow_the_next_answer() {
        assert_eq!(AnswerReader::new().push(&[0x10, 0x00, 0x12]), [Answer::RealTime(0x12)]);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(wire: Vec<u8>) {
            let mut reader = AnswerReader::new();
            prop_assert!(reader.push(&wire).len() <= wire.len());
            prop_assert!(reader.pending.len() < MAX_BLOCK);
        }
    }
}
