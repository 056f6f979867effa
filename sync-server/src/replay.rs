//! No signed request is carried out twice.
//!
//! Pure. Requests of one device may overtake each other on the way, so the counts need not come in order: a window remembers
//! which of the last [`WIDTH`] came. After a restart everything up to the highest count that wrote something is old.
//!
//! **Invariant:** a device's count is accepted once.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use madkort_protocol::DeviceId;

/// Requests one device may have on the way at once.
const WIDTH: u64 = 64;

/// The counts that came, by device. As many windows as there are devices: only signed requests open one.
#[derive(Debug, Default)]
pub struct ReplayGuard(Mutex<HashMap<DeviceId, Window>>);

impl ReplayGuard {
    /// Takes a count, unless it came before. `stored` is the device's highest count on disk.
    pub fn accept(&self, device: DeviceId, stored: u64, count: u64) -> bool {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        windows.entry(device).or_insert_with(|| Window::after(stored)).accept(count)
    }
}

#[derive(Debug)]
struct Window {
    highest: u64,
    /// Bit n: `highest - n` came.
    seen: u64,
}

impl Window {
    const fn after(stored: u64) -> Self {
        Self { highest: stored, seen: u64::MAX }
    }

    fn accept(&mut self, count: u64) -> bool {
        if let Some(behind) = self.highest.checked_sub(count) {
            let bit = if behind < WIDTH { 1 << behind } else { return false };
            let first_time = self.seen & bit == 0;
            self.seen |= bit;
            return first_time;
        }
        let ahead = count - self.highest;
        self.seen = if ahead < WIDTH { self.seen << ahead } else { 0 } | 1;
        self.highest = count;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overtaking_is_fine_and_repeating_is_not() {
        let mut window = Window::after(10);
        for count in [11, 13, 12, 90, 27] {
            assert!(window.accept(count), "{count}");
        }
        for count in [0, 1, 10, 11, 12, 13, 26, 27, 90] {
            assert!(!window.accept(count), "{count}");
        }
        assert!(window.accept(u64::MAX));
        assert!(!window.accept(u64::MAX));
        assert!(!window.accept(91));
    }

    #[test]
    fn a_restart_forgets_no_count_that_wrote() {
        let mut window = Window::after(64);
        assert!((0..=64).all(|count| !window.accept(count)));
        assert!(window.accept(65));
    }
}
