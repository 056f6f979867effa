//! The card service on this machine: pcscd, through the crate `pcsc`.
//!
//! Does I/O; every call but [`Watch::wait`] and [`Conversation::transmit`] returns within milliseconds.
//!
//! **Invariant:** the plug-and-play entry is in every slice that is waited on. Without it a call with no readers
//! returns at once, and the watching thread would spin.

use std::ffi::CString;
use std::time::Duration;

use pcsc::{Card, Context, Disposition, Error, PNP_NOTIFICATION, Protocols, ReaderState, Scope, ShareMode, State};

use crate::backend::{Backend, Canceller, CardError, Conversation, MIN_APDU, ReaderSeen, Watch};

/// Longest short response: 256 bytes of data and the status word. With a smaller buffer the card would still carry out
/// the command, and a counter on it would move unseen.
const RESPONSE_LEN: usize = 258;

/// Room for the reader's name in a status answer (`MAX_READERNAME` is 128).
const NAMES_LEN: usize = 256;

/// pcscd, reached over its socket.
#[derive(Clone, Copy, Debug, Default)]
pub struct PcscService;

impl PcscService {
    /// Names of all readers that the service has now.
    pub fn readers(self) -> Result<Vec<String>, CardError> {
        self.watch()?.list()
    }
}

impl Backend for PcscService {
    fn watch(&self) -> Result<Box<dyn Watch>, CardError> {
        let context = Context::establish(Scope::System).map_err(sort)?;
        let pnp = ReaderState::new(PNP_NOTIFICATION(), State::UNAWARE);
        Ok(Box::new(PcscWatch { context, slots: Vec::new(), last: Vec::new(), pnp }))
    }

    fn open(&self, reader: &str, converse: &mut dyn FnMut(&mut dyn Conversation)) -> Result<(), CardError> {
        let name = CString::new(reader).map_err(|_| CardError::UnknownReader)?;
        let context = Context::establish(Scope::System).map_err(sort)?;
        let mut card = context.connect(&name, ShareMode::Exclusive, Protocols::ANY).map_err(sort)?;
        let outcome = match card.transaction() {
            Ok(transaction) => {
                converse(&mut PcscConversation { card: &transaction });
                transaction.end(Disposition::LeaveCard).map_err(|(_, error)| sort(error))
            }
            Err(error) => Err(sort(error)),
        };
        // Dropping the handle would reset the card, which costs the next reader its power-up time.
        if let Err((_, error)) = card.disconnect(Disposition::LeaveCard) {
            tracing::debug!(%error, "the card was gone before it was let go");
        }
        outcome
    }
}

struct PcscWatch {
    context: Context,
    /// One per reader that was asked for last, each with the state that was last returned.
    slots: Vec<ReaderState>,
    /// What was last returned, which a wait that runs out of time returns again.
    last: Vec<ReaderSeen>,
    pnp: ReaderState,
}

impl Watch for PcscWatch {
    fn list(&mut self) -> Result<Vec<String>, CardError> {
        match self.context.list_readers_owned() {
            Ok(names) => Ok(names.iter().map(|name| name.to_string_lossy().into_owned()).collect()),
            Err(Error::NoReadersAvailable) => Ok(Vec::new()),
            Err(error) => Err(sort(error)),
        }
    }

    fn wait(&mut self, readers: &[String], limit: Duration) -> Result<Vec<ReaderSeen>, CardError> {
        let mut slice = self.slice_of(readers);
        let waited = self.context.get_status_change(limit, &mut slice);
        match waited {
            Ok(()) => {
                slice.iter_mut().for_each(ReaderState::sync_current_state);
                self.keep(slice);
                self.last = self.slots.iter().filter_map(seen).collect();
            }
            Err(Error::Timeout) => {
                self.keep(slice);
                self.last.retain(|seen| readers.contains(&seen.name));
            }
            // A state from a failed call is worth nothing: ask for everything again.
            Err(error) => return Err(sort(error)),
        }
        Ok(self.last.clone())
    }

    fn canceller(&self) -> Canceller {
        let context = self.context.clone();
        Box::new(move || {
            if let Err(error) = context.cancel() {
                tracing::debug!(%error, "nothing to cancel");
            }
        })
    }
}

impl PcscWatch {
    /// Entries for `readers` with their last known states, new ones unaware, and the plug-and-play entry last.
    fn slice_of(&mut self, readers: &[String]) -> Vec<ReaderState> {
        let mut known = std::mem::take(&mut self.slots);
        let mut slice: Vec<ReaderState> = readers
            .iter()
            .filter_map(|reader| {
                let place = known.iter().position(|slot| slot.name().to_bytes() == reader.as_bytes());
                match place {
                    Some(place) => Some(known.swap_remove(place)),
                    // A name with a zero byte cannot come from the service.
                    None => CString::new(reader.as_str()).ok().map(|name| ReaderState::new(name, State::UNAWARE)),
                }
            })
            .collect();
        let fresh = ReaderState::new(PNP_NOTIFICATION(), State::UNAWARE);
        slice.push(std::mem::replace(&mut self.pnp, fresh));
        slice
    }

    /// Takes a slice apart again after a call that worked.
    fn keep(&mut self, mut slice: Vec<ReaderState>) {
        if let Some(pnp) = slice.pop() {
            self.pnp = pnp;
        }
        self.slots = slice;
    }
}

/// What a slot says after a wait that saw a change; `None` for a reader that went.
fn seen(slot: &ReaderState) -> Option<ReaderSeen> {
    let state = slot.event_state();
    if state.contains(State::UNKNOWN) {
        return None;
    }
    Some(ReaderSeen {
        name: slot.name().to_string_lossy().into_owned(),
        card: state.contains(State::PRESENT),
        event_count: slot.event_count(),
        answers: !state.contains(State::UNAVAILABLE),
    })
}

struct PcscConversation<'card> {
    card: &'card Card,
}

impl Conversation for PcscConversation<'_> {
    fn atr(&mut self) -> Result<Vec<u8>, CardError> {
        let (mut names, mut atr) = ([0; NAMES_LEN], [0; pcsc::MAX_ATR_SIZE]);
        let status = self.card.status2(&mut names, &mut atr).map_err(sort)?;
        Ok(status.atr().to_vec())
    }

    fn transmit(&mut self, apdu: &[u8]) -> Result<Vec<u8>, CardError> {
        if apdu.len() < MIN_APDU {
            return Err(CardError::ApduTooShort(apdu.len()));
        }
        let mut buffer = [0; RESPONSE_LEN];
        self.card.transmit(apdu, &mut buffer).map(<[u8]>::to_vec).map_err(sort)
    }
}

/// Sorts what pcsc-lite answers by what has to follow.
fn sort(error: Error) -> CardError {
    match error {
        // `CommError` is the client library's word for a socket that broke, not a card's.
        Error::NoService | Error::CommError | Error::ServiceStopped | Error::InvalidHandle | Error::Shutdown => {
            CardError::ServiceLost
        }
        Error::SecurityViolation => CardError::NotPermitted,
        Error::UnknownReader | Error::ReaderUnavailable => CardError::UnknownReader,
        Error::SharingViolation => CardError::InUse,
        // `NotTransacted` is all that pcscd says when a card leaves in the middle of an APDU.
        Error::NoSmartcard | Error::RemovedCard | Error::NotTransacted => CardError::CardLeft,
        Error::ResetCard => CardError::CardReset,
        Error::Cancelled | Error::SystemCancelled => CardError::Cancelled,
        other => CardError::Card(other),
    }
}
