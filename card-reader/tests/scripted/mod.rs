//! A card service that does as a test tells it: plugs and unplugs readers, puts cards on them and takes them away,
//! stops and starts, and answers APDUs from a script.
//!
//! **Invariant:** what it answers is what pcsc 2.9.0 answers with pcscd 1.9.9 in the same situation.

#![allow(clippy::unwrap_used)]

use std::collections::VecDeque;
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use card_reader::backend::{Backend, Canceller, CardError, Conversation, ReaderSeen, Watch};
use card_reader::{CardEvent, Monitor, ReaderConfig};

/// Longest wait for something that must happen.
const DEADLINE: Duration = Duration::from_secs(20);

/// An NTAG 213, 215 or 216, or a MIFARE Ultralight.
pub const NTAG_ATR: &str = "3B8F8001804F0CA0000003060300030000000068";

/// What happens when the monitor opens a card.
#[derive(Clone, Debug)]
pub enum Opening {
    /// The connection fails.
    Fails(CardError),
    /// It works, and APDUs get these replies in turn.
    Replies(Vec<Reply>),
}

/// What a card replies.
#[derive(Clone, Debug)]
pub enum Reply {
    Bytes(Vec<u8>),
    Error(CardError),
    /// Nothing, until [`Desk::let_go`].
    Hangs,
}

/// A whole response in hexadecimal digits.
pub fn bytes(hex: &str) -> Reply {
    Reply::Bytes(hex::decode(hex).unwrap())
}

/// A card that answers with its UID as often as it is asked.
pub fn card(uid: &str) -> Opening {
    Opening::Replies(vec![bytes(&format!("{uid}9000")); 2])
}

/// A desk with card readers, the service behind it, and the monitor in front.
pub struct Desk {
    scene: Arc<Scene>,
    events: Receiver<CardEvent>,
    monitor: Option<Monitor>,
}

#[derive(Default)]
struct Scene {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// What opening a context answers, if not that it works.
    closed: Option<CardError>,
    refuse_once: bool,
    /// Counts starts of the service: contexts of an earlier one are dead.
    life: u64,
    readers: Vec<ReaderSeen>,
    /// A reader that is still listed but gone, for one wait.
    ghost: Option<String>,
    /// Whether waits end at once, without news.
    impatient: bool,
    openings: VecDeque<Opening>,
    opened: usize,
    waits: usize,
    let_go: bool,
    /// Cancelled while waiting.
    cancelled: bool,
    waiting: bool,
}

impl Desk {
    /// The service runs and has these readers, without cards.
    pub fn with_readers(names: &[&str]) -> Self {
        Self::set_up(names, None)
    }

    /// The service cannot be reached.
    pub fn closed(error: CardError) -> Self {
        Self::set_up(&["Reader A"], Some(error))
    }

    fn set_up(names: &[&str], closed: Option<CardError>) -> Self {
        let scene = Arc::new(Scene::default());
        {
            let mut state = scene.state.lock().unwrap();
            state.closed = closed;
            state.readers = names.iter().map(|name| reader(name)).collect();
        }
        let (out, events) = mpsc::channel();
        let service = Arc::new(Service { scene: scene.clone() });
        let monitor = Monitor::start_with(service, ReaderConfig::default(), move |event| {
            let _ = out.send(event);
        });
        Self { scene, events, monitor: Some(monitor) }
    }

    /// The next event. Fails the test if none comes.
    pub fn next(&self) -> CardEvent {
        self.events.recv_timeout(DEADLINE).expect("an event")
    }

    /// The next events, as many as asked.
    pub fn take<const N: usize>(&self) -> [CardEvent; N] {
        std::array::from_fn(|_| self.next())
    }

    /// All events that come within `time`.
    pub fn within(&self, time: Duration) -> Vec<CardEvent> {
        let until = Instant::now() + time;
        std::iter::from_fn(|| self.events.recv_timeout(until.saturating_duration_since(Instant::now())).ok()).collect()
    }

    /// Says what the next openings of a card do.
    pub fn next_openings(&self, openings: impl IntoIterator<Item = Opening>) {
        self.change(|state| state.openings.extend(openings));
    }

    /// Puts a card on a reader.
    pub fn put(&self, name: &str) {
        self.change(|state| {
            let reader = state.reader(name);
            reader.card = true;
            reader.event_count += 1;
        });
    }

    /// Takes the card away.
    pub fn lift(&self, name: &str) {
        self.change(|state| {
            let reader = state.reader(name);
            reader.card = false;
            reader.event_count += 1;
        });
    }

    /// Takes the card away and puts another there before anyone looks.
    pub fn swap(&self, name: &str) {
        self.change(|state| state.reader(name).event_count += 2);
    }

    /// The reader stops or begins to answer the service.
    pub fn answers(&self, name: &str, answers: bool) {
        self.change(|state| state.reader(name).answers = answers);
    }

    pub fn plug(&self, name: &str) {
        self.change(|state| state.readers.push(reader(name)));
    }

    pub fn unplug(&self, name: &str) {
        self.change(|state| state.readers.retain(|reader| reader.name != name));
    }

    /// Unplugs between the listing and the wait: the next list still has the name, and the wait does not know it.
    pub fn unplug_behind_the_list(&self, name: &str) {
        self.change(|state| {
            state.readers.retain(|reader| reader.name != name);
            state.ghost = Some(name.to_owned());
        });
    }

    /// The driver's waits end at once, always.
    pub fn make_impatient(&self) {
        self.change(|state| state.impatient = true);
    }

    /// The service ends; cards and readers stay where they are.
    pub fn stop_service(&self) {
        self.change(|state| {
            state.closed = Some(CardError::ServiceLost);
            state.life += 1;
        });
    }

    /// The service starts, or begins to let us in.
    pub fn start_service(&self) {
        self.change(|state| state.closed = None);
    }

    /// The next context that is opened is refused, whatever comes after.
    pub fn refuse_once(&self) {
        self.change(|state| state.refuse_once = true);
    }

    /// Cards that hang reply that they left.
    pub fn let_go(&self) {
        self.change(|state| state.let_go = true);
    }

    /// Waits until the service has been asked to open a card `count` times in all.
    pub fn await_openings(&self, count: usize) {
        let state = self.scene.state.lock().unwrap();
        let (state, _) = self.scene.changed.wait_timeout_while(state, DEADLINE, |state| state.opened < count).unwrap();
        assert!(state.opened >= count, "{} openings instead of {count}", state.opened);
    }

    /// How often a card was opened.
    pub fn opened(&self) -> usize {
        self.scene.state.lock().unwrap().opened
    }

    /// How often the service was waited on.
    pub fn waits(&self) -> usize {
        self.scene.state.lock().unwrap().waits
    }

    /// Drops the monitor and says how long that took.
    pub fn close(mut self) -> Duration {
        let began = Instant::now();
        drop(self.monitor.take());
        began.elapsed()
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.scene.state.lock().unwrap());
        self.scene.changed.notify_all();
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.change(|state| state.let_go = true);
    }
}

impl State {
    fn reader(&mut self, name: &str) -> &mut ReaderSeen {
        self.readers.iter_mut().find(|reader| reader.name == name).expect("a reader of that name")
    }

    fn alive(&self, life: u64) -> Result<(), CardError> {
        if self.closed.is_some() || self.life != life { Err(CardError::ServiceLost) } else { Ok(()) }
    }
}

fn reader(name: &str) -> ReaderSeen {
    ReaderSeen { name: name.to_owned(), card: false, event_count: 0, answers: true }
}

struct Service {
    scene: Arc<Scene>,
}

impl Service {
    fn state(&self) -> MutexGuard<'_, State> {
        self.scene.state.lock().unwrap()
    }
}

impl Backend for Service {
    fn watch(&self) -> Result<Box<dyn Watch>, CardError> {
        let mut state = self.state();
        if std::mem::take(&mut state.refuse_once) {
            return Err(CardError::NotPermitted);
        }
        match state.closed {
            Some(error) => Err(error),
            None => Ok(Box::new(Session { scene: self.scene.clone(), life: state.life, last: Vec::new() })),
        }
    }

    fn open(&self, reader: &str, converse: &mut dyn FnMut(&mut dyn Conversation)) -> Result<(), CardError> {
        let (opening, life) = {
            let mut state = self.state();
            state.opened += 1;
            self.scene.changed.notify_all();
            if let Some(error) = state.closed {
                return Err(error);
            }
            if !state.readers.iter().any(|seen| seen.name == reader && seen.card) {
                return Err(CardError::CardLeft);
            }
            (state.openings.pop_front().expect("a scripted opening"), state.life)
        };
        match opening {
            Opening::Fails(error) => Err(error),
            Opening::Replies(replies) => {
                converse(&mut Talk { scene: self.scene.clone(), life, replies: replies.into() });
                Ok(())
            }
        }
    }
}

struct Session {
    scene: Arc<Scene>,
    life: u64,
    last: Vec<ReaderSeen>,
}

impl Watch for Session {
    fn list(&mut self) -> Result<Vec<String>, CardError> {
        let state = self.scene.state.lock().unwrap();
        state.alive(self.life)?;
        Ok(state.readers.iter().map(|reader| reader.name.clone()).chain(state.ghost.clone()).collect())
    }

    fn wait(&mut self, readers: &[String], limit: Duration) -> Result<Vec<ReaderSeen>, CardError> {
        let mut state = self.scene.state.lock().unwrap();
        state.waits += 1;
        if let Some(ghost) = state.ghost.take()
            && readers.contains(&ghost)
        {
            return Err(CardError::UnknownReader);
        }
        let until = Instant::now() + limit;
        (state.waiting, state.cancelled) = (true, false);
        let result = loop {
            if let Err(error) = state.alive(self.life) {
                break Err(error);
            }
            if std::mem::take(&mut state.cancelled) {
                break Err(CardError::Cancelled);
            }
            let left = until.saturating_duration_since(Instant::now());
            let now: Vec<ReaderSeen> =
                state.readers.iter().filter(|reader| readers.contains(&reader.name)).cloned().collect();
            // The plug-and-play entry, which since pcsc-lite 2.3 also tells of what came since the listing.
            let plugged = state.readers.len() != now.len();
            if now != self.last || plugged || state.impatient || left.is_zero() {
                self.last.clone_from(&now);
                break Ok(now);
            }
            (state, _) = self.scene.changed.wait_timeout(state, left).unwrap();
        };
        state.waiting = false;
        result
    }

    fn canceller(&self) -> Canceller {
        let scene = self.scene.clone();
        Box::new(move || {
            let mut state = scene.state.lock().unwrap();
            // As the real one: a cancel without a wait is lost.
            state.cancelled = state.waiting;
            scene.changed.notify_all();
        })
    }
}

struct Talk {
    scene: Arc<Scene>,
    life: u64,
    replies: VecDeque<Reply>,
}

impl Conversation for Talk {
    fn atr(&mut self) -> Result<Vec<u8>, CardError> {
        Ok(hex::decode(NTAG_ATR).unwrap())
    }

    fn transmit(&mut self, apdu: &[u8]) -> Result<Vec<u8>, CardError> {
        assert_eq!(apdu, [0xFF, 0xCA, 0, 0, 0]);
        match self.replies.pop_front().expect("a scripted reply") {
            Reply::Bytes(bytes) => Ok(bytes),
            Reply::Error(error) => Err(error),
            Reply::Hangs => {
                let state = self.scene.state.lock().unwrap();
                let state = self
                    .scene
                    .changed
                    .wait_while(state, |state| !state.let_go && state.alive(self.life).is_ok())
                    .unwrap();
                state.alive(self.life)?;
                Err(CardError::CardLeft)
            }
        }
    }
}
