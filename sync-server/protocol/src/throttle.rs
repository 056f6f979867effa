//! How often a verification code may be tried: five tries, then a wait that doubles.
//!
//! Pure, and the same rule on the kiosk and on the server, so that neither is the easy door.
//!
//! **Invariant:** a four-digit code cannot be searched: after the free tries the n-th wrong one costs 30 s, 60 s, 2 min … 1 h.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Wrong codes a person may enter before waiting: enough for a child who mixes up two numbers.
pub const FREE_TRIES: u32 = 5;
/// The first wait.
const FIRST_WAIT: SignedDuration = SignedDuration::from_secs(30);
/// The longest wait: long enough to make search hopeless, short enough for the next break.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(1);

/// The wrong tries on one card since the last right one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Throttle {
    /// Wrong codes in a row.
    pub wrong: u32,
    /// When the last wrong one came.
    pub last: Option<Timestamp>,
}

impl Throttle {
    /// Tries left before a wait.
    #[must_use]
    pub fn tries_left(&self) -> u32 {
        FREE_TRIES.saturating_sub(self.wrong)
    }

    /// Until when no code is looked at, if that is later than `now`.
    #[must_use]
    pub fn wait_until(&self, now: Timestamp) -> Option<Timestamp> {
        let doublings = self.wrong.checked_sub(FREE_TRIES)?;
        let wait = FIRST_WAIT.checked_mul(1 << doublings.min(16)).unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT);
        let until = self.last?.checked_add(wait).unwrap_or(Timestamp::MAX);
        (until > now).then_some(until)
    }

    /// One more wrong code.
    #[must_use]
    pub fn after_wrong(self, now: Timestamp) -> Self {
        Self { wrong: self.wrong.saturating_add(1), last: Some(now) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_tries_then_the_wait_doubles_to_an_hour() {
        let now = Timestamp::UNIX_EPOCH;
        let mut throttle = Throttle::default();
        let mut waits = Vec::new();
        for _ in 0..14 {
            throttle = throttle.after_wrong(now);
            waits.push(throttle.wait_until(now).map(Timestamp::as_second));
        }
        let expected = [30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600].map(Some);
        assert_eq!(waits[..4], [None; 4]);
        assert_eq!(waits[4..], expected);
    }

    #[test]
    fn the_wait_ends() {
        let throttle = Throttle { wrong: 5, last: Some(Timestamp::UNIX_EPOCH) };
        assert!(throttle.wait_until(Timestamp::from_second(29).unwrap_or_default()).is_some());
        assert!(throttle.wait_until(Timestamp::from_second(30).unwrap_or_default()).is_none());
    }
}
