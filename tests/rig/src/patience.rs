//! Waiting for something that sends no word when it happens: look, pause a moment, look again, until a deadline.
//!
//! **Invariant:** a wait ends as soon as a look finds what is wanted, and never later than its deadline.

use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// Between two looks: short beside what a person notices, long beside what a look costs.
const GLANCE: Duration = Duration::from_millis(40);

/// Looks until `look` finds something.
pub fn until<T>(what: &str, patience: Duration, mut look: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let (_never_speaks, silence) = channel::<()>();
    let deadline = Instant::now() + patience;
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            bail!("{what} did not come within {patience:?}");
        }
        let _ = silence.recv_timeout(left.min(GLANCE));
    }
}
