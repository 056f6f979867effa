//! What a person does to the printer, as lines of text on its standard input.
//!
//! Pure. **Invariant:** every line is answered with exactly one line, `ok …` or `err …`, by the caller.

use std::str::FromStr;

/// The commands, for `--help` and for the answer to a wrong one.
pub const COMMANDS: &str = "paper out | paper ok | paper-mm N | near-end on|off | cover open|closed | cutter fault|ok | \
     mute on|off | offline mute|answers | stall on|off | rst-after N | power-cycle | tear | snapshot | status | quit";

/// One line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// `paper out` empties the roll, `paper ok` puts in a new one.
    Paper(bool),
    /// So many millimetres are left.
    PaperMm(usize),
    /// The near-end sensor.
    NearEnd(bool),
    /// The cover; true is open.
    Cover(bool),
    /// The blade; true is stuck.
    Cutter(bool),
    /// It prints and answers nothing.
    Mute(bool),
    /// It answers nothing while it cannot print.
    MuteOffline(bool),
    /// It takes no more bytes.
    Stall(bool),
    /// It cuts the connection after so many more bytes.
    ResetAfter(usize),
    /// Off and on: what waits in the buffer is lost.
    PowerCycle,
    /// A person tears off what hangs out.
    Tear,
    /// Draw what hangs out.
    Snapshot,
    /// Say how the sensors are.
    Status,
    /// Stop.
    Quit,
}

impl FromStr for Order {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, String> {
        let words: Vec<&str> = line.split_whitespace().collect();
        Ok(match words[..] {
            ["paper", "out"] => Self::Paper(false),
            ["paper", "ok"] => Self::Paper(true),
            ["paper-mm", count] => Self::PaperMm(number(count)?),
            ["near-end", switch] => Self::NearEnd(choice(switch, "on", "off")?),
            ["cover", switch] => Self::Cover(choice(switch, "open", "closed")?),
            ["cutter", switch] => Self::Cutter(choice(switch, "fault", "ok")?),
            ["mute", switch] => Self::Mute(choice(switch, "on", "off")?),
            ["offline", switch] => Self::MuteOffline(choice(switch, "mute", "answers")?),
            ["stall", switch] => Self::Stall(choice(switch, "on", "off")?),
            ["rst-after", count] => Self::ResetAfter(number(count)?),
            ["power-cycle"] => Self::PowerCycle,
            ["tear"] => Self::Tear,
            ["snapshot"] => Self::Snapshot,
            ["status"] => Self::Status,
            ["quit"] => Self::Quit,
            _ => return Err(format!("{line:?} is not one of: {COMMANDS}")),
        })
    }
}

fn number(word: &str) -> Result<usize, String> {
    word.parse().map_err(|_| format!("{word:?} is not a number"))
}

fn choice(word: &str, yes: &str, no: &str) -> Result<bool, String> {
    if word == yes {
        Ok(true)
    } else if word == no {
        Ok(false)
    } else {
        Err(format!("{word:?} is neither {yes} nor {no}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read() {
        assert_eq!("paper out".parse(), Ok(Order::Paper(false)));
        assert_eq!(" rst-after  300 ".parse(), Ok(Order::ResetAfter(300)));
        assert_eq!("cover ajar".parse::<Order>(), Err("\"ajar\" is neither open nor closed".to_owned()));
        assert!("".parse::<Order>().is_err());
    }
}
