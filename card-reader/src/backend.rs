//! The line to the card service, as traits: list the readers, wait for changes, hold one conversation with a card.
//!
//! [`crate::service::PcscService`] speaks them over pcscd; the tests of this crate speak them from a script, because
//! unplugging, hanging and swapping cannot be staged with virtual readers.
//!
//! **Invariant:** watching and talking never share a context: a card that does not answer blocks every other call on
//! the context that talks to it. So [`Backend::watch`] and [`Backend::open`] each make their own.

use std::time::Duration;

/// One card service.
pub trait Backend: Send + Sync + 'static {
    /// Opens a context for the watching thread alone.
    fn watch(&self) -> Result<Box<dyn Watch>, CardError>;

    /// Opens a context of its own, connects exclusively to the card on `reader`, begins one transaction, lets
    /// `converse` talk, and ends both, leaving the card powered. `converse` is called once, or not at all when the
    /// result is an error from before the conversation.
    fn open(&self, reader: &str, converse: &mut dyn FnMut(&mut dyn Conversation)) -> Result<(), CardError>;
}

/// A context that waits for changes.
pub trait Watch: Send {
    /// Names of all readers; none is an empty list, not an error.
    fn list(&mut self) -> Result<Vec<String>, CardError>;

    /// Waits until something differs from what this method last returned, a reader comes or goes, or `limit` is over,
    /// and returns how each of `readers` is now. Readers that went meanwhile are left out.
    fn wait(&mut self, readers: &[String], limit: Duration) -> Result<Vec<ReaderSeen>, CardError>;

    /// What frees a waiting [`Watch::wait`] from another thread.
    fn canceller(&self) -> Canceller;
}

/// Ends the current [`Watch::wait`]; without one, it does nothing and is not remembered.
pub type Canceller = Box<dyn Fn() + Send>;

/// An open transaction with a card.
pub trait Conversation {
    /// The card's answer to reset.
    fn atr(&mut self) -> Result<Vec<u8>, CardError>;

    /// Sends one APDU of at least [`MIN_APDU`] bytes and returns what came back, status word included and untouched.
    /// May be empty or one byte long: the card left. **Has no time limit.**
    fn transmit(&mut self, apdu: &[u8]) -> Result<Vec<u8>, CardError>;
}

/// Shortest APDU: its header. Nothing shorter is sent; an empty one locks up some drivers.
pub const MIN_APDU: usize = 4;

/// How one reader is at the moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReaderSeen {
    /// Its name in the card service.
    pub name: String,
    /// Whether a card lies on it, answering or not.
    pub card: bool,
    /// Counts arrivals and departures, so that a card swapped between two looks is noticed. Wraps.
    pub event_count: u32,
    /// Whether it answers the card service.
    pub answers: bool,
}

/// A call that failed, sorted by what has to follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CardError {
    /// The service is gone; every context is worthless and must be made anew.
    #[error("the card service is not running")]
    ServiceLost,
    /// The service does not let this user in.
    #[error("the card service does not permit this user")]
    NotPermitted,
    /// A name in the call is no reader's any more: list again.
    #[error("no reader of that name")]
    UnknownReader,
    /// Another program holds the reader.
    #[error("another program uses the reader")]
    InUse,
    /// The card went, or another came in its place. Ends the tap for good: the next call might be answered by the
    /// other card.
    #[error("the card left")]
    CardLeft,
    /// Another program reset the card: what was said so far is forgotten.
    #[error("the card was reset by another program")]
    CardReset,
    /// The wait was ended by a [`Canceller`].
    #[error("the wait was cancelled")]
    Cancelled,
    /// An APDU shorter than [`MIN_APDU`], not sent.
    #[error("an APDU of {0} bytes is too short")]
    ApduTooShort(usize),
    /// Anything else between reader and card.
    #[error("the card does not answer: {0}")]
    Card(#[source] pcsc::Error),
}
