//! The one way into the loop, and the two things that differ from run to run: the clock and the dice.
//!
//! **Invariant:** no driver reads a clock or makes randomness but through here, so a test decides both.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use kiosk_core::Event;

/// Where drivers tell what happened. Cheap to clone, callable from any thread, never blocks.
#[derive(Clone)]
pub struct Events(Arc<dyn Fn(Event) + Send + Sync>);

impl Events {
    /// Tells `sink`.
    pub fn new(sink: impl Fn(Event) + Send + Sync + 'static) -> Self {
        Self(Arc::new(sink))
    }

    /// Tells one event.
    pub fn tell(&self, event: Event) {
        (self.0)(event);
    }
}

/// The time of day, as well as the machine knows it.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// A clock of somebody's own.
    pub fn new(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The machine's clock.
    #[must_use]
    pub fn machine() -> Self {
        Self::new(Timestamp::now)
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }

    /// Today in Danish time.
    #[must_use]
    pub fn today(&self) -> Date {
        danish_day(self.now())
    }
}

/// Random numbers.
#[derive(Clone)]
pub struct Dice(Arc<dyn Fn() -> u64 + Send + Sync>);

impl Dice {
    /// Dice of somebody's own.
    pub fn new(roll: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        Self(Arc::new(roll))
    }

    /// The machine's randomness. What is made with these dice is a wait or an id and never a secret, so a machine without
    /// randomness gives zeros rather than a panic.
    #[must_use]
    pub fn machine() -> Self {
        Self::new(|| getrandom::u64().unwrap_or_default())
    }

    /// Any number.
    #[must_use]
    pub fn roll(&self) -> u64 {
        (self.0)()
    }
}

/// Danish time. The time zones are compiled in, so this falls back to UTC only if that build is broken.
#[must_use]
pub fn danish_time() -> TimeZone {
    TimeZone::get("Europe/Copenhagen").unwrap_or(TimeZone::UTC)
}

/// The day in Danish time.
#[must_use]
pub fn danish_day(at: Timestamp) -> Date {
    at.to_zoned(danish_time()).date()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn the_day_turns_at_danish_midnight_in_winter_and_in_summer() {
        let day = |text: &str| text.parse().map(danish_day).ok();
        assert_eq!(day("2026-11-22T22:59:59Z"), Some(date(2026, 11, 22)));
        assert_eq!(day("2026-11-22T23:00:00Z"), Some(date(2026, 11, 23)));
        assert_eq!(day("2026-06-22T22:00:00Z"), Some(date(2026, 6, 23)));
    }
}
