//! The kiosk's drivers as they work together: store and line, and what they tell.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use kiosk::events::{Clock, Dice};
use kiosk::store::{Bells, StoreHandle};
use kiosk::sync::{self, Outside, Question, SyncConfig, SyncHandle, Typed};
use kiosk_core::{Catalogue, CodeAnswer, Event, Link, Visitor};
use madkort_protocol::*;

use crate::school::*;

/// A kiosk's store and sync, without a screen.
pub struct Kiosk {
    pub store: StoreHandle,
    pub sync: SyncHandle,
    pub ears: Ears,
}

impl Kiosk {
    pub fn start(server: &str, state: &Path, code_file: Option<PathBuf>, clock: Clock) -> Self {
        let (events, ears) = Ears::new();
        let (bells, _) = Bells::new();
        let outbox = bells.outbox.clone();
        let store = StoreHandle::start(state.to_owned(), events.clone(), clock.clone(), bells).unwrap();
        let config = SyncConfig {
            server: server.to_owned(),
            state: state.to_owned(),
            name: "Kiosken ved trappen".to_owned(),
            enrol_code_file: code_file,
        };
        let outside = Outside { store: store.clone(), events, clock, dice: Dice::new(|| 0), outbox };
        let sync = sync::start(config, outside).unwrap();
        Self { store, sync, ears }
    }

    pub fn wait_for_link(&mut self, link: Link) {
        self.ears.wait_for_event(&Event::Link(link));
    }

    pub fn wait_for_offline(&mut self) {
        self.ears.wait_for("Offline", |event| matches!(event, Event::Link(Link::Offline { .. })).then_some(()));
    }

    pub fn catalogue_of(&mut self, day: jiff::civil::Date) -> Arc<Catalogue> {
        self.ears.wait_for("a catalogue with that day", |event| match event {
            Event::Catalogue(catalogue) if catalogue.day(day).is_some() => Some(catalogue.clone()),
            _ => None,
        })
    }

    /// Waits until whoever is followed looks as wanted.
    pub fn wait_for_visitor(&mut self, what: &str, wanted: impl Fn(&Visitor) -> bool) -> Visitor {
        self.ears.wait_for(what, |event| match event {
            Event::Changed(visitor) | Event::Known(visitor) if wanted(visitor) => Some((**visitor).clone()),
            _ => None,
        })
    }

    pub fn code(&mut self, card: CardId, code: &str) -> CodeAnswer {
        self.typed(card, Typed::Code(code.into()))
    }

    pub fn password(&mut self, card: CardId, password: &str) -> CodeAnswer {
        self.typed(card, Typed::Password(password.into()))
    }

    /// Gives the code of a blocked card, so that the server opens it.
    pub fn opening(&mut self, card: CardId, code: &str) -> CodeAnswer {
        self.typed(card, Typed::Opening(code.into()))
    }

    fn typed(&mut self, card: CardId, code: Typed) -> CodeAnswer {
        self.sync.ask(Question::CheckCode { card, code });
        self.ears.wait_for("CodeChecked", |event| match event {
            Event::CodeChecked(answer) => Some(*answer),
            _ => None,
        })
    }

    pub fn deposit_is(&mut self, state: DepositState) -> Deposit {
        self.ears.wait_for(&format!("a deposit that is {state:?}"), |event| match event {
            Event::DepositIs(deposit) if deposit.state == state => Some((**deposit).clone()),
            _ => None,
        })
    }
}
