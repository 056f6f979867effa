//! When to come back with what was asked for too often.
//!
//! Pure. **Invariant:** whoever waits as long as is said has waited long enough: a part of a minute counts as a whole one.

/// Seconds in a minute.
const MINUTE: u64 = 60;

/// The server's word to whoever asked too often (429 Too Many Requests, RFC 6585, 4): nothing was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ComeBack {
    /// It did not say when.
    Later,
    /// After so many minutes, at least one.
    In {
        /// Whole minutes.
        minutes: u32,
    },
}

impl ComeBack {
    /// After so many seconds (`Retry-After`, RFC 9110, 10.2.3), if they were told.
    #[must_use]
    pub fn after(seconds: Option<u64>) -> Self {
        seconds.map_or(Self::Later, |seconds| {
            let minutes = u32::try_from(seconds.div_ceil(MINUTE)).unwrap_or(u32::MAX);
            Self::In { minutes: minutes.max(1) }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_waits_as_long_as_is_said_has_waited_long_enough() {
        for (seconds, minutes) in [(0, 1), (1, 1), (60, 1), (61, 2), (599, 10), (600, 10), (86_400, 1440)] {
            assert_eq!(ComeBack::after(Some(seconds)), ComeBack::In { minutes }, "{seconds} s");
        }
        assert_eq!(ComeBack::after(Some(u64::MAX)), ComeBack::In { minutes: u32::MAX });
        assert_eq!(ComeBack::after(None), ComeBack::Later);
    }
}
