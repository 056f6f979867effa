//! ESC/POS, as a printer reads it: bytes become commands.
//!
//! Pure. Written from the command reference and not from the generator, so that the two check each other.
//!
//! **Invariant:** any sequence of bytes is cut into commands; what is not known is [`Command::Unknown`] and reported,
//! never guessed at.

/// The longest command that is collected: two bands of a wide picture. A longer one is a lost byte in a length field.
const MAX_COMMAND: usize = 64 * 1024;

/// What the bytes ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// A printable byte, under the code page of the moment.
    Character(u8),
    /// `LF`.
    LineFeed,
    /// NUL, CR and other bytes that a printer passes over.
    Nothing,
    /// `ESC @`.
    Initialise,
    /// `ESC t n`.
    CodePage(u8),
    /// `ESC R n`.
    National(u8),
    /// `FS .` and `FS &`.
    TwoByteMode(bool),
    /// `ESC E n`, `ESC G n`.
    Bold(bool),
    /// `ESC - n`.
    Underline(bool),
    /// `GS ! n`: times wide, times high.
    Size(usize, usize),
    /// `ESC a n`.
    Align(u8),
    /// `ESC d n`.
    FeedLines(usize),
    /// `ESC J n`.
    FeedDots(usize),
    /// `ESC 3 n`, `ESC 2`.
    LineSpacing(Option<usize>),
    /// `ESC p m t1 t2`.
    DrawerPulse,
    /// `GS V`; `feed` is in dots, on top of the way to the blade where the command feeds.
    Cut {
        /// A bridge of paper is left.
        partial: bool,
        /// Whether the paper is fed to the blade first.
        to_blade: bool,
    },
    /// `GS v 0`.
    Raster {
        /// Bytes a row.
        stride: usize,
        /// The packed rows.
        rows: Vec<u8>,
    },
    /// `GS ( k 31 41`: 31h Model 1, 32h Model 2.
    QrModel(u8),
    /// `GS ( k 31 43`: dots a module.
    QrModule(usize),
    /// `GS ( k 31 45`: 30h L, 31h M, 32h Q, 33h H.
    QrCorrection(u8),
    /// `GS ( k 31 50`.
    QrStore(Vec<u8>),
    /// `GS ( k 31 51`.
    QrPrint,
    /// `GS h n`.
    BarHeight(usize),
    /// `GS w n`.
    BarWidth(usize),
    /// `GS H n`: bit 0 text above, bit 1 text below.
    BarText(u8),
    /// `GS k m n data`.
    Barcode {
        /// 65 to 73.
        system: u8,
        /// With its code set marks.
        data: Vec<u8>,
    },
    /// `DLE EOT`, `DLE ENQ`, `DLE DC4`: obeyed when they arrived, passed over now.
    RealTime,
    /// `GS ( H` function 48.
    ProcessId([u8; 4]),
    /// `GS r n`.
    TransmitStatus(u8),
    /// `GS I n`.
    Identity(u8),
    /// `GS a n`.
    AutomaticStatus(u8),
    /// `GS ( D`: whether `DLE DC4` with this function is obeyed.
    RealTimeSwitch {
        /// 1 pulse, 2 power-off.
        function: u8,
        /// Obeyed.
        on: bool,
    },
    /// Not a command of this printer.
    Unknown(Vec<u8>),
}

/// Cuts a stream of bytes into commands.
#[derive(Debug, Default)]
pub struct Interpreter {
    partial: Vec<u8>,
}

impl Interpreter {
    /// Takes the next byte; a command when it is complete.
    pub fn push(&mut self, byte: u8) -> Option<Command> {
        self.partial.push(byte);
        let command = parse(&self.partial);
        if command.is_some() {
            self.partial.clear();
        } else if self.partial.len() >= MAX_COMMAND {
            return Some(Command::Unknown(std::mem::take(&mut self.partial)));
        }
        command
    }

    /// Forgets a half-read command: the power was off.
    pub fn clear(&mut self) {
        self.partial.clear();
    }
}

fn parse(bytes: &[u8]) -> Option<Command> {
    match bytes {
        [0x0A] => Some(Command::LineFeed),
        [0x1B, rest @ ..] => escape(rest),
        [0x1C, rest @ ..] => match rest {
            [] => None,
            [b'.'] => Some(Command::TwoByteMode(false)),
            [b'&'] => Some(Command::TwoByteMode(true)),
            _ => skipped(bytes),
        },
        [0x1D, rest @ ..] => group(rest),
        [0x10, rest @ ..] => match rest {
            [] | [0x04 | 0x05 | 0x14] | [0x14, _] | [0x14, _, _] => None,
            [0x04 | 0x05, _] | [0x14, _, _, _] => Some(Command::RealTime),
            _ => Some(unknown(bytes)),
        },
        [byte @ 0x20..=u8::MAX] => Some(Command::Character(*byte)),
        _ => Some(Command::Nothing),
    }
}

/// `ESC`, and what follows it.
fn escape(rest: &[u8]) -> Option<Command> {
    match rest {
        [] | [b't' | b'R' | b'E' | b'G' | b'-' | b'a' | b'd' | b'J' | b'3'] => None,
        [b'@'] => Some(Command::Initialise),
        [b'2'] => Some(Command::LineSpacing(None)),
        [b't', n] => Some(Command::CodePage(*n)),
        [b'R', n] => Some(Command::National(*n)),
        [b'E' | b'G', n] => Some(Command::Bold(n & 1 == 1)),
        [b'-', n] => Some(Command::Underline(!matches!(n, 0 | b'0'))),
        [b'a', n] => Some(Command::Align(n & 0x03)),
        [b'd', n] => Some(Command::FeedLines(usize::from(*n))),
        [b'J', n] => Some(Command::FeedDots(usize::from(*n))),
        [b'3', n] => Some(Command::LineSpacing(Some(usize::from(*n)))),
        [b'p', parameters @ ..] => (parameters.len() == 3).then_some(Command::DrawerPulse),
        _ => skipped(&[&[0x1B], rest].concat()),
    }
}

/// `GS`, and what follows it.
fn group(rest: &[u8]) -> Option<Command> {
    match rest {
        [] | [b'!' | b'V' | b'h' | b'w' | b'H' | b'r' | b'I' | b'a' | b'k' | b'v' | b'('] => None,
        [b'!', n] => Some(Command::Size(usize::from(n >> 4 & 7) + 1, usize::from(n & 7) + 1)),
        [b'V', rest @ ..] => match rest {
            [0 | b'0'] => Some(Command::Cut { partial: false, to_blade: false }),
            [1 | b'1'] => Some(Command::Cut { partial: true, to_blade: false }),
            [65 | 66] => None,
            [65, _] => Some(Command::Cut { partial: false, to_blade: true }),
            [66, _] => Some(Command::Cut { partial: true, to_blade: true }),
            _ => Some(unknown(&[&[0x1D, b'V'], rest].concat())),
        },
        [b'h', n] => Some(Command::BarHeight(usize::from(*n))),
        [b'w', n] => Some(Command::BarWidth(usize::from(*n))),
        [b'H', n] => Some(Command::BarText(n & 0x03)),
        [b'r', n] => Some(Command::TransmitStatus(*n)),
        [b'I', n] => Some(Command::Identity(*n)),
        [b'a', n] => Some(Command::AutomaticStatus(*n)),
        [b'k', rest @ ..] => barcode(rest),
        [b'v', rest @ ..] => raster(rest),
        [b'(', rest @ ..] => extended(rest),
        _ => skipped(&[&[0x1D], rest].concat()),
    }
}

fn barcode(rest: &[u8]) -> Option<Command> {
    match rest {
        [system @ 65..=73, count, data @ ..] => {
            (data.len() == usize::from(*count)).then(|| Command::Barcode { system: *system, data: data.to_vec() })
        }
        // Function A ends with NUL. It is read to its end and not drawn: nobody sends it.
        [0..=6, .., 0] => Some(unknown(&[&[0x1D, b'k'], rest].concat())),
        [0..=6, ..] | [65..=73] => None,
        _ => Some(unknown(&[&[0x1D, b'k'], rest].concat())),
    }
}

fn raster(rest: &[u8]) -> Option<Command> {
    let [_, _, x_low, x_high, y_low, y_high, rows @ ..] = rest else { return None };
    let stride = word(*x_low, *x_high);
    (rows.len() == stride * word(*y_low, *y_high)).then(|| Command::Raster { stride, rows: rows.to_vec() })
}

/// `GS (`: a letter, a length, and so many bytes.
fn extended(rest: &[u8]) -> Option<Command> {
    let [letter, low, high, parameters @ ..] = rest else { return None };
    if parameters.len() < word(*low, *high) {
        return None;
    }
    let command = match (letter, parameters) {
        (b'k', [0x31, 0x41, model, _]) => Command::QrModel(*model),
        (b'k', [0x31, 0x43, module]) => Command::QrModule(usize::from(*module)),
        (b'k', [0x31, 0x45, level]) => Command::QrCorrection(*level),
        (b'k', [0x31, 0x50, 0x30, data @ ..]) => Command::QrStore(data.to_vec()),
        (b'k', [0x31, 0x51, 0x30]) => Command::QrPrint,
        (b'H', [0x30, 0x30, a, b, c, d]) => Command::ProcessId([*a, *b, *c, *d]),
        (b'D', [0x14, function, on]) => Command::RealTimeSwitch { function: *function, on: on & 1 == 1 },
        _ => unknown(&[&[0x1D, b'('], rest].concat()),
    };
    Some(command)
}

/// A command of the reference that nobody here sends: passed over with its parameters, so that they are not printed.
fn skipped(bytes: &[u8]) -> Option<Command> {
    let parameters = match bytes {
        [0x1B, b'!' | b'M' | b' ' | b'{' | b'%' | b'?' | b'V' | b'r' | b'U' | b'B' | b'=', ..]
        | [0x1C, b'-' | b'C' | b'!' | b'W', ..]
        | [0x1D, b'B' | b'b' | b'f' | b'g' | b'/', ..] => 1,
        [0x1B, b'$' | b'\\' | b'c', ..] | [0x1C, b'S', ..] | [0x1D, b'L' | b'W' | b'P' | b'$' | b'\\', ..] => 2,
        [0x1D, b'8', b'L', a, b, c, d, ..] => {
            usize::try_from(u32::from_le_bytes([*a, *b, *c, *d])).ok()?.checked_add(5)?
        }
        [0x1D, b'8', ..] => return None,
        _ => 0,
    };
    (bytes.len() >= 2 + parameters).then(|| unknown(bytes))
}

fn unknown(bytes: &[u8]) -> Command {
    Command::Unknown(bytes.to_vec())
}

fn word(low: u8, high: u8) -> usize {
    usize::from(u16::from_le_bytes([low, high]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn commands(bytes: &[u8]) -> Vec<Command> {
        let mut interpreter = Interpreter::default();
        bytes.iter().filter_map(|byte| interpreter.push(*byte)).collect()
    }

    #[test]
    fn a_drawer_pulse_without_its_times_eats_what_follows() {
        assert_eq!(
            commands(&[0x1B, 0x70, 0, 0x1B, 0x61, 1, b'x']),
            [Command::DrawerPulse, Command::Nothing, Command::Character(b'x')]
        );
    }

    #[test]
    fn what_is_not_known_is_reported() {
        assert_eq!(commands(&[0x1B, b'~', 0x0A]), [Command::Unknown(vec![0x1B, b'~']), Command::LineFeed]);
        assert_eq!(commands(&[0x1B, b'!', b'0', 0x0A]), [Command::Unknown(vec![0x1B, b'!', b'0']), Command::LineFeed]);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes: Vec<u8>) {
            prop_assert!(commands(&bytes).len() <= bytes.len());
        }
    }
}
