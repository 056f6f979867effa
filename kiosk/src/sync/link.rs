//! Whether the server is heard, and how long to wait before it is tried again.
//!
//! **Invariant:** the link is told only when it changes; a wait grows from 0.2 s to 30 s and is spread by chance, so that a hundred
//! kiosks do not come back in the same instant.

use std::sync::Mutex;
use std::time::Duration;

use jiff::Timestamp;
use kiosk_core::{Event, Link};
use tokio::sync::Notify;

use crate::events::{Dice, Events};

/// The first wait.
const FIRST: Duration = Duration::from_millis(200);
/// The longest: a person who puts the network plug back in wants to see it work.
const LONGEST: Duration = Duration::from_secs(30);

/// Waits between tries: they double, and each is spread over its upper half.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// It worked.
    pub fn reset(&mut self) {
        self.failures = 0;
    }

    /// The wait after one more failure, spread by a random number.
    pub fn next(&mut self, random: u64) -> Duration {
        let whole = FIRST.saturating_mul(1 << self.failures.min(16)).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        let half = whole / 2;
        let spread = u64::try_from(half.as_millis()).unwrap_or(u64::MAX).saturating_add(1);
        half + Duration::from_millis(random % spread)
    }
}

/// The link as it is known now.
pub(super) struct LinkState {
    events: Events,
    now: Mutex<(Option<Link>, Option<Timestamp>)>,
    /// Rung when waiting makes no more sense: somebody is here, or another request got through.
    pub(super) hurry: Notify,
    /// Rung when one request got lost: the question that waits for changes may be waiting for nothing.
    pub(super) doubt: Notify,
}

impl LinkState {
    pub(super) fn new(events: Events) -> Self {
        Self { events, now: Mutex::new((None, None)), hurry: Notify::new(), doubt: Notify::new() }
    }

    /// Takes what the database remembers of the server's last word.
    pub(super) fn remember(&self, last_heard: Option<Timestamp>) {
        if let Ok(mut now) = self.now.lock() {
            now.1 = now.1.max(last_heard);
        }
    }

    /// The server answered.
    pub(super) fn heard(&self, at: Timestamp) {
        if let Ok(mut now) = self.now.lock() {
            now.1 = Some(at);
        }
        if self.is_now(Link::Online) {
            self.hurry.notify_waiters();
        }
    }

    /// The server did not answer, or not as a server of ours does.
    pub(super) fn lost(&self) {
        let last_heard = self.now.lock().ok().and_then(|now| now.1);
        if self.is_now(Link::Offline { last_heard }) {
            self.doubt.notify_waiters();
        }
    }

    /// The server said that it will not speak with this kiosk.
    pub(super) fn shut_out(&self, why: Link) {
        self.is_now(why);
    }

    /// Tells a change; true when it was one.
    fn is_now(&self, link: Link) -> bool {
        let Ok(mut now) = self.now.lock() else { return false };
        if now.0 == Some(link) {
            return false;
        }
        now.0 = Some(link);
        drop(now);
        tracing::info!(?link, "the way to the server");
        self.events.tell(Event::Link(link));
        true
    }

    /// Waits before the next try, less long if somebody is in a hurry.
    pub(super) async fn rest(&self, backoff: &mut Backoff, dice: &Dice) {
        tokio::select! {
            () = tokio::time::sleep(backoff.next(dice.roll())) => {}
            () = self.hurry.notified() => {}
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn waits_double_to_half_a_minute_and_are_spread_over_their_upper_half() {
        let (mut early, mut late) = (Backoff::default(), Backoff::default());
        let waits: Vec<(u128, u128)> =
            (0..10).map(|_| (early.next(0).as_millis(), late.next(u64::MAX).as_millis())).collect();
        assert_eq!(
            waits.iter().map(|w| w.0).collect::<Vec<_>>(),
            [100, 200, 400, 800, 1600, 3200, 6400, 12_800, 15_000, 15_000]
        );
        assert!(waits.iter().all(|(low, high)| low <= high && *high <= 30_000));
        early.reset();
        assert_eq!(early.next(0).as_millis(), 100);
    }

    #[test]
    fn a_link_is_told_once_and_remembers_when_it_was_heard() {
        let (out, told) = mpsc::channel();
        let state = LinkState::new(Events::new(move |event| out.send(event).unwrap()));
        let heard = Timestamp::from_second(1_000).unwrap();
        state.lost();
        state.lost();
        state.heard(heard);
        state.heard(heard);
        state.lost();
        let told: Vec<Event> = told.try_iter().collect();
        let links = [Link::Offline { last_heard: None }, Link::Online, Link::Offline { last_heard: Some(heard) }];
        assert_eq!(told, links.map(Event::Link));
    }
}
