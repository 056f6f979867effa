//! Print head, paper feed and blade: takes the buffer apart into commands and carries them out, one after the other.
//!
//! **Invariant:** a command that moves paper waits until there is paper, the cover is closed and the blade free; and an
//! answer in the stream is given when everything before it is on paper.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use receipt_printer::profile::Profile;

use crate::archive::Archive;
use crate::interpreter::{Command, Interpreter};
use crate::machine::{Machine, Next};
use crate::sheet::Sheet;

/// From the print head to the blade.
const BLADE_MM: usize = 15;
/// How long the blade takes.
const CUT_TIME: Duration = Duration::from_millis(400);

/// The paper that hangs out, and where it goes when it is cut.
pub struct Press(Mutex<Hanging>);

struct Hanging {
    sheet: Sheet,
    archive: Archive,
    /// Bytes that the paper in the making was made of.
    consumed: Vec<u8>,
}

impl Press {
    /// White paper.
    pub fn new(profile: &Profile, archive: Archive) -> Self {
        Self(Mutex::new(Hanging { sheet: Sheet::new(profile), archive, consumed: Vec::new() }))
    }

    /// Draws what hangs out into a file, and says which.
    pub fn snapshot(&self, profile: &Profile) -> anyhow::Result<String> {
        let hanging = self.lock();
        Ok(hanging.archive.snapshot(&hanging.sheet, profile)?.display().to_string())
    }

    /// A person tears off what hangs out.
    pub fn tear(&self, profile: &Profile) {
        let mut hanging = self.lock();
        if !hanging.sheet.is_blank() {
            hanging.finish(profile, false);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Hanging> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hanging {
    fn finish(&mut self, profile: &Profile, partial: bool) {
        let paper = self.sheet.cut();
        let bytes = std::mem::take(&mut self.consumed);
        self.archive.keep(&paper, &bytes, profile, partial, BLADE_MM);
    }

    /// Keeps the bytes of this command, if they belong to the paper.
    fn consume(&mut self, command: &Command, bytes: &[u8]) {
        match command {
            // Queries are the client's business.
            Command::RealTime => return,
            // What stands before the first command of a paper belongs to the paper before.
            Command::Initialise if self.sheet.is_blank() => self.consumed.clear(),
            _ => {}
        }
        self.consumed.extend_from_slice(bytes);
    }
}

/// Prints until the machine is told to quit, at this speed in mm/s; `None` is at once.
pub fn run(machine: &Machine, speed: Option<usize>) {
    let mut interpreter = Interpreter::default();
    let mut command_bytes = Vec::new();
    let (mut epoch, mut idle) = (0, false);
    loop {
        match machine.next(epoch, idle) {
            Next::Quit => return,
            Next::PowerOn(now) => {
                epoch = now;
                interpreter.clear();
                command_bytes.clear();
                machine.press.lock().sheet.obey(&Command::Initialise);
            }
            Next::Idle => {
                idle = true;
                if machine.profile.cut_is_by_hand() {
                    machine.press.tear(&machine.profile);
                }
            }
            Next::Byte(byte) => {
                idle = false;
                command_bytes.push(byte);
                if let Some(command) = interpreter.push(byte) {
                    machine.press.lock().consume(&command, &command_bytes);
                    command_bytes.clear();
                    carry_out(machine, speed, &command, epoch);
                }
            }
        }
    }
}

fn carry_out(machine: &Machine, speed: Option<usize>, command: &Command, epoch: usize) {
    let profile = &machine.profile;
    let mut dots = machine.press.lock().sheet.advance(command);
    let cut = match *command {
        Command::Cut { partial, to_blade } => {
            dots += if to_blade { BLADE_MM * profile.dpi * 10 / 254 } else { 0 };
            Some(partial)
        }
        _ => None,
    };
    if (dots > 0 || cut.is_some()) && !machine.use_paper(dots, epoch) {
        return;
    }
    machine.press.lock().sheet.obey(command);
    if let Some(speed) = speed {
        let micros = dots * 25_400_000 / (profile.dpi * speed.max(1));
        let moving = Duration::from_micros(u64::try_from(micros).unwrap_or(0));
        machine.take_time(if cut.is_some() { moving + CUT_TIME } else { moving }, epoch);
    }
    if let Some(partial) = cut {
        machine.press.lock().finish(profile, partial);
    }
    machine.answer(command);
}
