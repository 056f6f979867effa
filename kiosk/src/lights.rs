//! Status light and buzzer.
//!
//! **Invariant:** one sound for every outcome of a tap, so that the line behind learns nothing; a broken light never holds up a visit.

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

/// The lights of a configuration. Pins that cannot be had are reported, and the kiosk goes on without.
#[must_use]
pub fn open(pins: Option<Pins>) -> Box<dyn Lights> {
    match pins.map(GpioLights::open) {
        None => Box::new(NoLights),
        Some(Ok(lights)) => Box::new(lights),
        Some(Err(error)) => {
            tracing::error!(%error, "status light and buzzer cannot be used");
            Box::new(NoLights)
        }
    }
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
mod tests {
    use super::*;

    #[test]
    fn sounds_differ_in_the_number_of_tones_and_end_within_a_second() {
        let tones = |beep| pattern(beep).iter().filter(|part| part.on).count();
        assert_eq!([Beep::Tap, Beep::Done, Beep::Warning].map(tones), [1, 2, 3]);
        for beep in [Beep::Tap, Beep::Done, Beep::Warning] {
            assert!(pattern(beep).iter().map(|part| part.time).sum::<Duration>() < Duration::from_secs(1));
        }
    }
}
