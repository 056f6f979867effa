//! The store's thread: the only one that touches the database, and the one that tells the core what the database now says.
//!
//! **Invariants:** [`Event::Recorded`] is told after the commit and before the printer hears of the slip; nobody but this thread
//! waits for the disk. When the database cannot be opened it is tried again, and until then whatever is asked is not answered. What
//! cannot be read is a fault of the disk, and never a word about a person.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

use kiosk_core::{Draft, Event, Paper, PrintState, Visitor};
use madkort_protocol::{CardId, CardNumber, CardUid, Changes, Enrolled, Language, OperationId, Pushed};
use tokio::sync::{Notify, oneshot};

use super::{Store, StoreError, ToRecord};
use crate::events::{Clock, Events};

/// How often an unusable disk or database is tried again: soon enough for whoever stands there with a screwdriver.
const TRY_AGAIN: Duration = Duration::from_secs(2);
/// How long the fault stays when what is known of one person cannot be read: they have time to read it, and the next is served.
const ROW_SHOWN: Duration = Duration::from_secs(8);

/// Who is rung when there is something for them.
#[derive(Clone, Debug)]
pub struct Bells {
    /// The outbox has grown, the device was enrolled, or the store was opened.
    pub outbox: Arc<Notify>,
    /// The spool has grown. Holds one ring.
    pub spool: SyncSender<()>,
}

impl Bells {
    /// Bells, and the end where the printer's thread hears its own.
    #[must_use]
    pub fn new() -> (Self, Receiver<()>) {
        let (spool, heard) = mpsc::sync_channel(1);
        (Self { outbox: Arc::new(Notify::new()), spool }, heard)
    }

    fn ring_spool(&self) {
        // A ring that nobody has heard yet is enough.
        let _ = self.spool.try_send(());
    }
}

type Errand = Box<dyn FnOnce(&mut Desk) + Send>;

/// The way to the store's thread. Cheap to clone; the thread ends, and the file is closed, when all are gone.
#[derive(Clone)]
pub struct StoreHandle(Sender<Errand>);

impl StoreHandle {
    /// Starts the thread, which opens the database of that directory.
    pub fn start(state: PathBuf, events: Events, clock: Clock, bells: Bells) -> std::io::Result<Self> {
        let (out, errands) = mpsc::channel();
        let run = move || run(&state, &errands, &events, &clock, &bells);
        thread::Builder::new().name("store".to_owned()).spawn(run)?;
        Ok(Self(out))
    }

    /// Has something done.
    pub fn tell(&self, errand: impl FnOnce(&mut Desk) + Send + 'static) {
        // Fails only when the thread is gone, that is when the kiosk ends.
        let _ = self.0.send(Box::new(errand));
    }

    /// Has something done, and its answer sent back. The answer fails while the database cannot be opened.
    pub fn ask<T: Send + 'static>(&self, errand: impl FnOnce(&mut Desk) -> T + Send + 'static) -> oneshot::Receiver<T> {
        let (answer, answered) = oneshot::channel();
        self.tell(move |desk| {
            // Nobody waits for it any more: nothing to do.
            let _ = answer.send(errand(desk));
        });
        answered
    }
}

/// The database, and what the core was told of it last.
pub struct Desk {
    /// The database.
    pub store: Store,
    events: Events,
    clock: Clock,
    bells: Bells,
    followed: Option<CardId>,
    shown: Option<Visitor>,
    /// When an unusable disk is tried again; `None` while it works.
    tries_at: Option<Instant>,
    offered: bool,
}

impl Desk {
    /// Finds out whose card this is.
    pub fn look_up(&mut self, uid: CardUid) {
        let card = self.store.card_of(&uid);
        self.introduce(card, Event::NotKnown(uid));
    }

    /// Finds out whose card has this number.
    pub fn look_up_number(&mut self, number: &CardNumber) {
        let card = self.store.card_of_number(number);
        self.introduce(card, Event::NumberNotKnown);
    }

    fn introduce(&mut self, card: Result<Option<CardId>, StoreError>, nobody: Event) {
        let today = self.clock.today();
        let found = card.and_then(|card| match card {
            Some(card) => self.store.visitor(card, today),
            None => Ok(None),
        });
        match found {
            Ok(Some(visitor)) => {
                self.shown = Some(visitor.clone());
                self.events.tell(Event::Known(Box::new(visitor)));
            }
            Ok(None) => self.events.tell(nobody),
            // Nothing is known about them, not even that they are nobody.
            Err(error) => {
                self.disk_fails(ROW_SHOWN);
                self.failed(&error);
            }
        }
    }

    /// Keeps this visitor fresh, or nobody.
    pub fn follow(&mut self, card: Option<CardId>) {
        self.followed = card;
        self.shown = self.shown.take().filter(|shown| Some(shown.card) == card);
        self.tell_changed();
    }

    /// Puts an operation and its slip on disk.
    pub fn record(&mut self, id: OperationId, draft: Draft, slip: Option<(Paper, Language)>, offline: bool) {
        let has_slip = slip.is_some();
        let takes_portions = matches!(draft, Draft::Order { .. } | Draft::Cancel(_));
        let began = Instant::now();
        let order = ToRecord { id, draft, slip, claimed_at: self.clock.now(), offline };
        match self.store.record(order) {
            Ok(recorded) => {
                let micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
                tracing::debug!(micros, "an operation is on disk");
                let now_so = self.store.visitor(recorded.card, self.clock.today());
                let visitor = now_so.ok().flatten().or_else(|| self.shown.clone());
                if let Some(visitor) = visitor {
                    self.shown = Some(visitor.clone());
                    self.events.tell(Event::Recorded { id, number: recorded.number, visitor: Box::new(visitor) });
                }
                self.bells.outbox.notify_one();
                if has_slip {
                    self.bells.ring_spool();
                }
                if takes_portions {
                    self.tell_portions();
                }
            }
            Err(error) => {
                self.events.tell(Event::RecordFailed(id));
                // What cannot be recorded is not sold, until a write has worked again.
                self.failed(&error);
                self.disk_fails(TRY_AGAIN);
            }
        }
    }

    /// Puts a paper into the spool.
    pub fn print(&mut self, reference: String, paper: &Paper, language: Language) {
        match self.store.enqueue(&reference, paper, language, self.clock.now()) {
            Ok(()) => self.bells.ring_spool(),
            Err(error) => {
                self.events.tell(Event::Paper { reference, state: PrintState::NotPrinted });
                self.failed(&error);
            }
        }
    }

    /// Takes what the server says has changed.
    pub fn apply(&mut self, changes: &Changes) -> Result<(), StoreError> {
        let anything = self.heed(|store, now| store.apply(changes, now))?;
        if !self.offered || changes.school.is_some() || !changes.products.is_empty() || !changes.days.is_empty() {
            self.tell_catalogue();
        }
        if anything {
            self.tell_changed();
        }
        Ok(())
    }

    /// Shows the pictures that have come.
    pub fn show_pictures(&mut self) {
        self.tell_catalogue();
    }

    /// Takes the server's answer to a push.
    pub fn settle(&mut self, pushed: &Pushed) -> Result<(), StoreError> {
        let settled = self.heed(|store, now| store.settle(pushed, now))?;
        for (id, body, refusal) in settled.refused {
            tracing::warn!(rule = ?refusal.rule, "the server refused an operation");
            let counted = refusal.portions.is_some();
            self.events.tell(Event::OperationRefused { id, body: Box::new(body), refusal });
            if counted {
                self.tell_portions();
            }
        }
        self.tell_changed();
        Ok(())
    }

    /// Takes the server's word that a card is open again.
    pub fn opened(&mut self, card: CardId) -> Result<(), StoreError> {
        self.heed(|store, _| store.opened(card))?;
        self.tell_changed();
        Ok(())
    }

    /// Whoever opened a deposit has walked away from it. If the disk does not take that they are told of it, at worst, once too often.
    pub fn leave_deposit(&mut self, id: OperationId) {
        let _ = self.heed(|store, _| store.leave_deposit(id));
    }

    /// Whoever opened a deposit was shown its end, or the server knows of none. As for [`Desk::leave_deposit`].
    pub fn deposit_told(&mut self, id: OperationId) {
        let _ = self.heed(|store, _| store.deposit_told(id));
    }

    /// Keeps what enrolment gave.
    pub fn enrolled(&mut self, enrolled: &Enrolled) -> Result<(), StoreError> {
        self.heed(|store, _| store.enrolled(enrolled))?;
        self.tell_catalogue();
        self.bells.outbox.notify_one();
        Ok(())
    }

    /// Does something with the store, and tells the core if the disk does not take it.
    pub fn heed<T>(
        &mut self,
        act: impl FnOnce(&mut Store, jiff::Timestamp) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let done = act(&mut self.store, self.clock.now());
        if let Err(error) = &done {
            self.failed(error);
        }
        done
    }

    fn tell_catalogue(&mut self) {
        match self.store.catalogue() {
            Ok(Some(catalogue)) => {
                self.offered = true;
                self.events.tell(Event::Catalogue(catalogue));
            }
            Ok(None) => {}
            Err(error) => self.failed(&error),
        }
    }

    /// What is left of the dishes of which there are only so many has changed by what this kiosk did.
    fn tell_portions(&mut self) {
        match self.store.catalogue() {
            Ok(Some(catalogue)) if catalogue.days.iter().any(|day| !day.portions.is_empty()) => {
                self.events.tell(Event::Catalogue(catalogue));
            }
            Ok(_) => {}
            Err(error) => self.failed(&error),
        }
    }

    fn tell_changed(&mut self) {
        let Some(card) = self.followed else { return };
        match self.store.visitor(card, self.clock.today()) {
            Ok(Some(visitor)) if self.shown.as_ref() != Some(&visitor) => {
                self.shown = Some(visitor.clone());
                self.events.tell(Event::Changed(Box::new(visitor)));
            }
            Ok(_) => {}
            Err(error) => self.failed(&error),
        }
    }

    fn failed(&mut self, error: &StoreError) {
        tracing::error!(error = %chain(error), "the store failed");
        match error {
            StoreError::Sql { .. }
            | StoreError::Open { .. }
            | StoreError::Damaged { .. }
            | StoreError::Row { .. }
            | StoreError::Money(_) => self.disk_fails(TRY_AGAIN),
            StoreError::InUse { .. }
            | StoreError::TooNew { .. }
            | StoreError::Setting { .. }
            | StoreError::NotEnrolled => {}
        }
    }

    fn disk_fails(&mut self, tried_after: Duration) {
        if self.tries_at.is_none() {
            self.tries_at = Some(Instant::now() + tried_after);
            self.events.tell(Event::Disk { works: false });
        }
    }

    /// It works when it takes a write and gives back what the kiosk cannot do without: the outbox and the catalogue.
    fn try_disk(&mut self) {
        let tried = self.store.probe().and_then(|()| self.store.outbox()).and_then(|_| self.store.catalogue());
        match tried {
            Ok(_) => {
                tracing::info!("the disk works again");
                self.tries_at = None;
                self.events.tell(Event::Disk { works: true });
                if !self.offered {
                    self.tell_catalogue();
                }
            }
            Err(error) => {
                tracing::debug!(error = %chain(&error), "the disk does not work yet");
                self.tries_at = Some(Instant::now() + TRY_AGAIN);
            }
        }
    }
}

fn run(state: &std::path::Path, errands: &Receiver<Errand>, events: &Events, clock: &Clock, bells: &Bells) {
    let mut told = false;
    let store = loop {
        match open(state, clock) {
            Ok(store) => break store,
            Err(error) => {
                if !told {
                    for language in [Language::Danish, Language::English] {
                        tracing::error!(sentence = error.sentence(language), error = %chain(&error), "the store cannot be opened");
                    }
                    events.tell(Event::Disk { works: false });
                    told = true;
                }
                if !drop_errands(errands) {
                    return;
                }
            }
        }
    };
    if told {
        events.tell(Event::Disk { works: true });
    }
    let (events, clock, bells) = (events.clone(), clock.clone(), bells.clone());
    let mut desk = Desk { store, events, clock, bells, followed: None, shown: None, tries_at: None, offered: false };
    desk.tell_catalogue();
    desk.bells.outbox.notify_one();
    desk.bells.ring_spool();
    loop {
        let errand = match desk.tries_at {
            None => errands.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(at) => errands.recv_timeout(at.saturating_duration_since(Instant::now())),
        };
        match errand {
            Ok(errand) => errand(&mut desk),
            Err(RecvTimeoutError::Timeout) => desk.try_disk(),
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

fn open(state: &std::path::Path, clock: &Clock) -> Result<Store, StoreError> {
    let mut store = Store::open(state)?;
    store.doubt_interrupted(clock.now())?;
    Ok(store)
}

/// Lets what is asked go unanswered until it is time to try again; false when nobody is left to ask.
fn drop_errands(errands: &Receiver<Errand>) -> bool {
    let until = Instant::now() + TRY_AGAIN;
    loop {
        match errands.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(errand) => drop(errand),
            Err(RecvTimeoutError::Timeout) => return true,
            Err(RecvTimeoutError::Disconnected) => return false,
        }
    }
}

/// An error and what caused it, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
