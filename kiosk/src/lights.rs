//! Status light and buzzer; without a buzzer, the same sounds through the machine's own sound.
//!
//! **Invariant:** one sound for every outcome of a tap, so that the line behind learns nothing; a broken light, or one that cannot be
//! heard, never holds up a visit.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use kiosk_core::{Beep, Light};
use rppal::gpio::{Gpio, OutputPin};

use crate::config::Pins;

/// A light and a buzzer.
pub trait Lights {
    /// Shows this light, and no other.
    fn light(&mut self, light: Light);
    /// Makes this sound.
    fn beep(&mut self, beep: Beep);
}

/// A kiosk without lights.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoLights;

impl Lights for NoLights {
    fn light(&mut self, _: Light) {}
    fn beep(&mut self, _: Beep) {}
}

/// Samples a second: a tone of a few hundred milliseconds needs no more.
const RATE: u64 = 16_000;
/// One wave of 1 kHz, as loud as a voice and no louder: a third of what a sample holds.
const WAVE: [i16; 16] =
    [0, 3827, 7071, 9239, 10_000, 9239, 7071, 3827, 0, -3827, -7071, -9239, -10_000, -9239, -7071, -3827];

/// No lights, and the sounds as tones from `aplay`, beside the voice: whoever does not see the warning hears it without a buzzer, too.
#[derive(Debug)]
pub struct Tones {
    program: PathBuf,
    child: Option<Child>,
    /// It could not be started, and that has been logged.
    missing: bool,
}

impl Tones {
    /// Tones from this program, `aplay` or one that takes the same arguments.
    #[must_use]
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self { program: program.into(), child: None, missing: false }
    }

    fn start(&mut self, beep: Beep) -> std::io::Result<()> {
        let mut command = Command::new(&self.program);
        command.args(["-q", "-t", "raw", "-f", "S16_LE", "-c", "1", "-r", &RATE.to_string(), "-"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        if let Some(mut input) = child.stdin.take() {
            // All of it fits into the pipe, so nobody waits; a child that is gone already plays nothing.
            let _ = input.write_all(&samples(&pattern(beep)));
        }
        self.child = Some(child);
        Ok(())
    }

    fn hush(&mut self) {
        if let Some(mut child) = self.child.take() {
            // Fails when it has ended by itself; either way nothing of it is left.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Lights for Tones {
    fn light(&mut self, _: Light) {}

    fn beep(&mut self, beep: Beep) {
        self.hush();
        if let Err(error) = self.start(beep)
            && !std::mem::replace(&mut self.missing, true)
        {
            tracing::warn!(%error, "no sounds: aplay cannot be started");
        }
    }
}

impl Drop for Tones {
    fn drop(&mut self) {
        self.hush();
    }
}

/// A sound as 16-bit samples, little end first.
fn samples(parts: &[Part]) -> Vec<u8> {
    let of_part = |part: &Part| {
        let count = usize::try_from(u64::try_from(part.time.as_millis()).unwrap_or_default() * RATE / 1000);
        let wave = if part.on { WAVE } else { [0; WAVE.len()] };
        wave.into_iter().cycle().take(count.unwrap_or_default())
    };
    parts.iter().flat_map(of_part).flat_map(i16::to_le_bytes).collect()
}

/// Lights and buzzer on the pins of a Raspberry Pi, on a thread of their own because a sound takes time.
#[derive(Debug)]
pub struct GpioLights(Sender<Order>);

#[derive(Clone, Copy, Debug)]
enum Order {
    Light(Light),
    Beep(Beep),
}

impl GpioLights {
    /// Takes the pins.
    pub fn open(pins: Pins) -> Result<Self, rppal::gpio::Error> {
        let gpio = Gpio::new()?;
        let pin = |number| gpio.get(number).map(rppal::gpio::Pin::into_output_low);
        let board = Board {
            ready: pin(pins.ready)?,
            busy: pins.busy.map(pin).transpose()?,
            attention: pin(pins.attention)?,
            buzzer: pin(pins.buzzer)?,
        };
        let (out, orders) = mpsc::channel();
        thread::Builder::new()
            .name("lights".to_owned())
            .spawn(move || board.run(&orders))
            .map_err(rppal::gpio::Error::Io)?;
        Ok(Self(out))
    }
}

impl Lights for GpioLights {
    fn light(&mut self, light: Light) {
        let _ = self.0.send(Order::Light(light));
    }

    fn beep(&mut self, beep: Beep) {
        let _ = self.0.send(Order::Beep(beep));
    }
}

/// The lights of a configuration. Pins that cannot be had are reported, and the kiosk goes on without. Where there is sound but no
/// buzzer, the sounds are tones.
#[must_use]
pub fn open(pins: Option<Pins>, sound: bool) -> Box<dyn Lights> {
    match pins.map(GpioLights::open) {
        Some(Ok(lights)) => return Box::new(lights),
        Some(Err(error)) => tracing::error!(%error, "status light and buzzer cannot be used"),
        None => {}
    }
    if sound { Box::new(Tones::new("aplay")) } else { Box::new(NoLights) }
}

struct Board {
    ready: OutputPin,
    busy: Option<OutputPin>,
    attention: OutputPin,
    buzzer: OutputPin,
}

impl Board {
    fn run(mut self, orders: &Receiver<Order>) {
        let mut sound = Vec::new().into_iter();
        let mut next_part = None;
        loop {
            let order = match next_part {
                Some(at) => orders.recv_timeout(Instant::saturating_duration_since(&at, Instant::now())),
                None => orders.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match order {
                Ok(Order::Light(light)) => self.show(light),
                Ok(Order::Beep(beep)) => {
                    sound = pattern(beep).into_iter();
                    next_part = Some(Instant::now());
                }
                Err(RecvTimeoutError::Timeout) => {
                    let part = sound.next();
                    self.buzzer.write(part.is_some_and(|part: Part| part.on).into());
                    next_part = part.map(|part| Instant::now() + part.time);
                }
                Err(RecvTimeoutError::Disconnected) => {
                    self.buzzer.set_low();
                    return;
                }
            }
        }
    }

    fn show(&mut self, light: Light) {
        self.ready.write((light == Light::Ready).into());
        self.attention.write((light == Light::Attention).into());
        if let Some(busy) = &mut self.busy {
            busy.write((light == Light::Busy).into());
        }
    }
}

/// A part of a sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    on: bool,
    time: Duration,
}

/// One short tone for a card, two for done, three long ones for time running out: told apart without seeing.
fn pattern(beep: Beep) -> Vec<Part> {
    let tone = |time| Part { on: true, time: Duration::from_millis(time) };
    let pause = Part { on: false, time: Duration::from_millis(80) };
    match beep {
        Beep::Tap => vec![tone(60)],
        Beep::Done => vec![tone(60), pause, tone(60)],
        Beep::Warning => vec![tone(200), pause, tone(200), pause, tone(200)],
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn without_a_buzzer_each_sound_is_as_long_as_its_pattern_and_fits_into_a_pipe() {
        for (beep, millis) in [(Beep::Tap, 60), (Beep::Done, 200), (Beep::Warning, 760)] {
            let sound = samples(&pattern(beep));
            assert_eq!(sound.len(), millis * 32, "{beep:?}: 32 bytes a millisecond");
            assert!(sound.len() < 64 * 1024, "{beep:?}: what a pipe holds (pipe(7))");
            assert!(
                sound.chunks_exact(32).next().unwrap().iter().any(|byte| *byte != 0),
                "{beep:?} begins with silence"
            );
        }
    }

    #[test]
    fn a_sound_ends_the_one_before_it() {
        // Takes whatever arguments there are, and ends.
        let mut tones = Tones::new("true");
        tones.beep(Beep::Warning);
        let first = tones.child.as_ref().unwrap().id();
        tones.beep(Beep::Tap);
        assert_ne!(tones.child.as_ref().unwrap().id(), first);
        assert!(!std::path::Path::new(&format!("/proc/{first}")).exists(), "nothing of it is left");
    }

    #[test]
    fn no_program_is_silence_and_no_fault() {
        let mut tones = Tones::new("/nowhere/aplay");
        tones.light(Light::Busy);
        tones.beep(Beep::Warning);
        tones.beep(Beep::Tap);
        assert!(tones.missing && tones.child.is_none());
    }

    #[test]
    fn sounds_differ_in_the_number_of_tones_and_end_within_a_second() {
        let tones = |beep| pattern(beep).iter().filter(|part| part.on).count();
        assert_eq!([Beep::Tap, Beep::Done, Beep::Warning].map(tones), [1, 2, 3]);
        for beep in [Beep::Tap, Beep::Done, Beep::Warning] {
            assert!(pattern(beep).iter().map(|part| part.time).sum::<Duration>() < Duration::from_secs(1));
        }
    }
}
