//! The watching thread: reports what lies on the readers, and outlives the card service.
//!
//! Does I/O through [`Backend`], on a context of its own.
//!
//! **Invariant:** no path through the loop is without a wait or a pause, whatever the service answers.

use std::sync::mpsc::Sender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::backend::{Backend, Canceller, CardError, ReaderSeen, Watch};
use crate::monitor::{Message, ReaderConfig};
use crate::presentation::Look;

/// Longest single wait. Afterwards the readers are listed again, which is cheap and finds those whose arrival fell
/// between two calls (pcsc-lite before 2.3.0 counts them only while waiting).
const SLICE: Duration = Duration::from_secs(2);

/// Pause between two attempts to reach the service at first. A failed attempt costs 30 microseconds, and a restarted
/// service should be found before anyone looks at the screen.
const RETRY_FIRST: Duration = Duration::from_millis(100);

/// Attempts at that pace: 10 seconds, longer than the service takes to restart. Then the pause doubles.
const QUICK_RETRIES: u32 = 100;

/// Longest pause between two attempts.
const RETRY_MOST: Duration = Duration::from_secs(2);

/// Waits in a row that may end early without news; more is a driver that does not wait.
const MOST_EMPTY_WAITS: u32 = 8;

/// Pause after that, and before listing again when a reader went between the listing and the wait.
const EMPTY_WAIT_PAUSE: Duration = Duration::from_millis(100);

/// Part of the name of the slot for a reader's own security module, where no person's card ever lies.
const SAM_SLOT: &str = " SAM ";

/// How a thread is asked to stop, and freed from what it waits for.
#[derive(Default)]
pub struct Stop {
    state: Mutex<StopState>,
    changed: Condvar,
}

#[derive(Default)]
struct StopState {
    asked: bool,
    canceller: Option<Canceller>,
}

impl Stop {
    /// Asks to stop, and frees a wait that is going on. A cancel that comes just before the wait is lost, so ask until
    /// the thread has ended.
    pub fn ask(&self) {
        let mut state = self.lock();
        state.asked = true;
        if let Some(cancel) = &state.canceller {
            cancel();
        }
        self.changed.notify_all();
    }

    /// Waits for `time`, or until asked to stop.
    pub fn pause(&self, time: Duration) {
        let state = self.lock();
        drop(self.changed.wait_timeout_while(state, time, |state| !state.asked));
    }

    fn asked(&self) -> bool {
        self.lock().asked
    }

    fn set_canceller(&self, canceller: Option<Canceller>) {
        self.lock().canceller = canceller;
    }

    fn lock(&self) -> MutexGuard<'_, StopState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Watches until asked to stop.
pub fn run(backend: &dyn Backend, config: &ReaderConfig, stop: &Arc<Stop>, out: &Sender<Message>) {
    let (mut failures, mut refused) = (0, false);
    while !stop.asked() {
        let error = match backend.watch() {
            Ok(mut watch) => {
                (failures, refused) = (0, false);
                stop.set_canceller(Some(watch.canceller()));
                let error = follow(watch.as_mut(), config, stop, out);
                stop.set_canceller(None);
                error
            }
            Err(error) => error,
        };
        if stop.asked() {
            break;
        }
        tracing::debug!(%error, failures, "the card service is out of reach");
        let refused_before = std::mem::replace(&mut refused, error == CardError::NotPermitted);
        // A service that is dying while it is called closes the connection as one that refuses: ask once more.
        if refused && !refused_before {
            stop.pause(RETRY_FIRST);
            continue;
        }
        let look = if refused { Look::NotPermitted } else { Look::Down };
        send(out, look, Instant::now());
        stop.pause(pause_after(failures));
        failures += 1;
    }
    let _ = out.send(Message::Stopped);
}

/// Follows the readers on one context until it fails.
fn follow(watch: &mut dyn Watch, config: &ReaderConfig, stop: &Stop, out: &Sender<Message>) -> CardError {
    let mut last: Vec<ReaderSeen> = Vec::new();
    let mut empty_waits = 0;
    loop {
        if stop.asked() {
            return CardError::Cancelled;
        }
        let readers = match watch.list() {
            Ok(names) => config.choose(names),
            Err(error) => return error,
        };
        let before = last.len();
        last.retain(|seen| readers.contains(&seen.name));
        // Waiting on the others would not tell that one went, nor waiting on none that there is none.
        if last.len() < before || readers.is_empty() {
            send(out, Look::Readers(last.clone()), Instant::now());
        }
        let began = Instant::now();
        match watch.wait(&readers, SLICE) {
            Ok(seen) => {
                let now = Instant::now();
                empty_waits = if seen == last && now - began < SLICE { empty_waits + 1 } else { 0 };
                last.clone_from(&seen);
                send(out, Look::Readers(seen), now);
                if empty_waits >= MOST_EMPTY_WAITS {
                    stop.pause(EMPTY_WAIT_PAUSE);
                }
            }
            Err(CardError::UnknownReader | CardError::Cancelled) => stop.pause(EMPTY_WAIT_PAUSE),
            Err(error) => return error,
        }
    }
}

/// A receiver that is gone has stopped listening, which ends this thread too.
fn send(out: &Sender<Message>, look: Look, at: Instant) {
    let _ = out.send(Message::Looked(look, at));
}

fn pause_after(failures: u32) -> Duration {
    let doublings = failures.saturating_sub(QUICK_RETRIES).min(16);
    (RETRY_FIRST * (1 << doublings)).min(RETRY_MOST)
}

impl ReaderConfig {
    /// The readers that count, the one with exactly the configured name first.
    fn choose(&self, mut names: Vec<String>) -> Vec<String> {
        match &self.reader {
            Some(prefix) => {
                names.retain(|name| name.starts_with(prefix.as_str()));
                names.sort_by_key(|name| name != prefix);
            }
            None => names.retain(|name| !name.contains(SAM_SLOT)),
        }
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &[&str]) -> Vec<String> {
        list.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn quick_at_first_and_never_slower_than_two_seconds() {
        assert_eq!(pause_after(0), Duration::from_millis(100));
        assert_eq!(pause_after(99), Duration::from_millis(100));
        assert_eq!(pause_after(102), Duration::from_millis(400));
        assert_eq!(pause_after(u32::MAX), Duration::from_secs(2));
    }

    #[test]
    fn configured_readers_only_and_the_exact_name_first() {
        let all = ["Other 00 00", "Virtual PCD 00 00", "Virtual PCD 00 01"];
        let prefix = ReaderConfig { reader: Some("Virtual PCD".to_owned()) };
        assert_eq!(prefix.choose(names(&all)), names(&["Virtual PCD 00 00", "Virtual PCD 00 01"]));
        let exact = ReaderConfig { reader: Some("Virtual PCD 00 01".to_owned()) };
        assert_eq!(exact.choose(names(&all)), names(&["Virtual PCD 00 01"]));
    }

    #[test]
    fn without_a_name_every_reader_but_the_sam_slot() {
        let all = ["ACS ACR1252 1S CL Reader PICC 00 00", "ACS ACR1252 1S CL Reader SAM 00 01"];
        assert_eq!(ReaderConfig::default().choose(names(&all)), names(&all[..1]));
    }

    #[test]
    fn a_stop_ends_every_pause() {
        let stop = Stop::default();
        stop.ask();
        let began = Instant::now();
        stop.pause(Duration::from_mins(1));
        assert!(began.elapsed() < Duration::from_secs(30));
    }
}
