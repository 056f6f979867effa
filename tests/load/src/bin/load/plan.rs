//! How long and how often is measured.
//!
//! Pure. **Invariant:** a shorter run measures the same things at fewer sizes; it makes no figure easier to reach.

use std::time::Duration;

/// A whole run's rounds.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// How long one side is measured before the other has its turn.
    pub round: Duration,
    /// Turns of each side; the median counts.
    pub rounds: usize,
    /// Whether only a few sizes are looked at, and nothing that takes minutes to prepare.
    pub short: bool,
}

impl Plan {
    /// The sizes to look at: all of them, or for a short run the smallest and the third.
    pub fn sizes<'a>(&self, all: &'a [usize]) -> impl Iterator<Item = &'a usize> {
        let short = self.short;
        all.iter().enumerate().filter(move |(place, _)| !short || matches!(place, 0 | 2)).map(|(_, size)| size)
    }
}
