//! One card lying on one reader, from tap to lift.
//!
//! Does I/O on a thread of its own.
//!
//! **Invariant:** a card stays until it is lifted, as a real one does: if the reader goes away under it and comes back,
//! the card is on it again.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::card::{Card, Reply};
use crate::vpcd::{Request, Slot};

/// Pause before looking again for a reader that went away.
const RECONNECT_PAUSE: Duration = Duration::from_millis(50);

/// A card on a reader. Dropping it lifts the card.
#[derive(Debug)]
pub struct Tap {
    hand: Arc<Hand>,
    thread: Option<JoinHandle<()>>,
}

/// What takes the card away.
#[derive(Debug, Default)]
struct Hand {
    state: Mutex<HandState>,
    lifted: Condvar,
}

#[derive(Debug, Default)]
struct HandState {
    lifted: bool,
    slot: Option<Slot>,
}

impl Tap {
    /// Puts `card` on the reader at `address`, which must be there.
    pub fn start(address: SocketAddr, card: Card) -> io::Result<Self> {
        let slot = Slot::connect(address)?;
        let hand = Arc::new(Hand::default());
        let held = hand.clone();
        let thread = thread::Builder::new().name("card".to_owned()).spawn(move || lie(&held, address, &card, slot))?;
        Ok(Self { hand, thread: Some(thread) })
    }

    /// Takes the card away. Returns when the connection is closed.
    pub fn lift(mut self) {
        self.end();
    }

    /// Whether the card went by itself.
    pub fn has_left(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Waits until the card goes by itself.
    pub fn wait(mut self) {
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }

    fn end(&mut self) {
        self.hand.lift();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.end();
    }
}

impl Hand {
    fn lift(&self) {
        let mut state = self.lock();
        state.lifted = true;
        if let Some(slot) = &state.slot {
            slot.close();
        }
        self.lifted.notify_all();
    }

    /// Lets [`Self::lift`] close this slot; false if the card was lifted already.
    fn hold(&self, slot: &Slot) -> bool {
        let mut state = self.lock();
        state.slot = slot.try_clone().ok();
        !state.lifted
    }

    /// Pauses; false as soon as the card is lifted.
    fn pause(&self) -> bool {
        let (state, _) = self
            .lifted
            .wait_timeout_while(self.lock(), RECONNECT_PAUSE, |state| !state.lifted)
            .unwrap_or_else(PoisonError::into_inner);
        !state.lifted
    }

    fn lock(&self) -> MutexGuard<'_, HandState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lies there until lifted, or until the card leaves by itself.
fn lie(hand: &Hand, address: SocketAddr, card: &Card, first: Slot) {
    let mut slot = Some(first);
    loop {
        if let Some(mut slot) = slot.take()
            && (!hand.hold(&slot) || answer(&mut slot, card))
        {
            slot.close();
            return;
        }
        if !hand.pause() {
            return;
        }
        slot = Slot::connect(address).ok();
    }
}

/// Answers until the connection ends; true if it was the card that left.
fn answer(slot: &mut Slot, card: &Card) -> bool {
    while let Ok(Some(request)) = slot.receive() {
        let answer = match request {
            Request::Power => continue,
            Request::Atr => card.atr().to_vec(),
            Request::Apdu(apdu) => match card.respond(&apdu) {
                Reply::Answer(answer) => answer,
                Reply::Silence => continue,
                Reply::Leave => return true,
            },
        };
        if slot.send(&answer).is_err() {
            return false;
        }
    }
    false
}
