//! The card reader's events, as the core knows them.
//!
//! **Invariant:** a UID goes to the core and to nobody else; not to a log.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use card_reader::{CardEvent, Monitor, ReaderConfig, ReaderStatus, Refusal};
use kiosk_core::{Event, ReaderHealth, TapRefusal};
use madkort_protocol::CardUid;

use crate::events::Events;

/// When the last card was seen, so that the first picture after it can be timed.
#[derive(Clone, Debug, Default)]
pub struct TapSeen(Arc<Mutex<Option<Instant>>>);

impl TapSeen {
    /// A card was seen.
    pub fn set(&self, seen: Instant) {
        if let Ok(mut last) = self.0.lock() {
            *last = Some(seen);
        }
    }

    /// When the last card was seen; asked once for each card.
    #[must_use]
    pub fn take(&self) -> Option<Instant> {
        self.0.lock().ok().and_then(|mut last| last.take())
    }
}

/// Starts to watch the reader whose name begins so, or any.
#[must_use]
pub fn start(reader: Option<String>, events: Events, tap_seen: TapSeen) -> Monitor {
    Monitor::start(ReaderConfig { reader }, move |event| {
        if let CardEvent::Tapped { seen, .. } = &event {
            tap_seen.set(*seen);
        }
        events.tell(told(&event));
    })
}

fn told(event: &CardEvent) -> Event {
    match event {
        CardEvent::Reader(status) => Event::Reader(match status {
            ReaderStatus::ServiceDown => ReaderHealth::ServiceDown,
            ReaderStatus::NoReader => ReaderHealth::Missing,
            ReaderStatus::Idle | ReaderStatus::CardPresent => ReaderHealth::Works,
            ReaderStatus::Fault(_) => ReaderHealth::Faulty,
        }),
        CardEvent::Tapped { uid, .. } => match CardUid::parse(&uid.to_hex()) {
            Ok(uid) => Event::Tapped(uid),
            Err(_) => Event::TapRefused(TapRefusal::Unreadable),
        },
        CardEvent::Refused(refusal) => Event::TapRefused(match refusal {
            Refusal::RandomId => TapRefusal::Phone,
            Refusal::TwoCards => TapRefusal::TwoCards,
            Refusal::Unreadable | Refusal::UnknownLength => TapRefusal::Unreadable,
            Refusal::LeftTooSoon => TapRefusal::LeftTooSoon,
        }),
        CardEvent::Lifted => Event::Lifted,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use card_reader::{CardKind, ReaderFault, Uid};

    use super::*;

    #[test]
    fn the_reader_s_words_become_the_core_s() {
        let uid: Uid = "04A1B2C3D4E580".parse().unwrap();
        let tapped = CardEvent::Tapped { uid, kind: CardKind::Unknown, seen: Instant::now() };
        assert_eq!(told(&tapped), Event::Tapped(CardUid::parse("04A1B2C3D4E580").unwrap()));
        assert_eq!(told(&CardEvent::Refused(Refusal::RandomId)), Event::TapRefused(TapRefusal::Phone));
        assert_eq!(told(&CardEvent::Refused(Refusal::UnknownLength)), Event::TapRefused(TapRefusal::Unreadable));
        assert_eq!(told(&CardEvent::Reader(ReaderStatus::CardPresent)), Event::Reader(ReaderHealth::Works));
        let in_use = CardEvent::Reader(ReaderStatus::Fault(ReaderFault::InUse));
        assert_eq!(told(&in_use), Event::Reader(ReaderHealth::Faulty));
        assert_eq!(told(&CardEvent::Lifted), Event::Lifted);
    }
}
