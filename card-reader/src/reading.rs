//! The conversation of one tap: which card is this?
//!
//! Talks through [`Backend`]; decides by itself only what to ask again.
//!
//! **Invariant:** a UID is given out only if the card still answers with it in the last APDU of the same transaction.
//! On some readers a card that takes the first one's place answers on the same handle without a word about the change.

use std::time::Duration;

use crate::backend::{Backend, CardError, Conversation};
use crate::{CardKind, ReaderFault, Refusal, Uid};

/// Get Data for the UID: a pseudo-APDU that the reader itself answers (PC/SC part 3, section 3.2.2.1.3).
pub const GET_UID: [u8; 5] = [0xFF, 0xCA, 0x00, 0x00, 0x00];

/// Tries after the first, when another program holds the reader: a desktop's card daemon looks at each new card and
/// lets go of it after some milliseconds.
const IN_USE_RETRIES: u32 = 3;

/// Pause before each try.
const RETRY_PAUSE: Duration = Duration::from_millis(20);

/// Tries after the first, when the service does not permit it: one that is dying while it is called closes the
/// connection in the same way, and is gone at the second.
const REFUSED_RETRIES: u32 = 1;

/// Fresh starts after another program reset the card. One: two programs that reset each other's work would never end.
const RESET_RETRIES: u32 = 1;

/// How one reading ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A card with a fixed UID, still there.
    Card(Uid, CardKind),
    /// A card that will not do.
    Refused(Refusal),
    /// The reader could not be used.
    Fault(ReaderFault),
    /// The service or the reader went away meanwhile; says nothing about the card.
    Lost,
}

/// Reads the card on `reader`. Blocks for as long as the card does; `pause` is how to wait between two tries.
pub fn read(backend: &dyn Backend, reader: &str, pause: &dyn Fn(Duration)) -> Outcome {
    let (mut in_use, mut refused, mut resets) = (0, 0, 0);
    loop {
        let mut identified = None;
        let opened = backend.open(reader, &mut |card| identified = Some(identify(card)));
        let error = match (identified, opened) {
            (Some(Ok(outcome)), _) => return outcome,
            (Some(Err(error)), _) | (None, Err(error)) => error,
            (None, Ok(())) => CardError::ServiceLost,
        };
        tracing::debug!(%error, "a reading failed");
        match error {
            CardError::InUse if in_use < IN_USE_RETRIES => {
                in_use += 1;
                pause(RETRY_PAUSE);
            }
            CardError::NotPermitted if refused < REFUSED_RETRIES => {
                refused += 1;
                pause(RETRY_PAUSE);
            }
            CardError::CardReset if resets < RESET_RETRIES => resets += 1,
            error => return end(error),
        }
    }
}

fn end(error: CardError) -> Outcome {
    match error {
        CardError::InUse => Outcome::Fault(ReaderFault::InUse),
        CardError::NotPermitted => Outcome::Fault(ReaderFault::NotPermitted),
        CardError::ServiceLost | CardError::UnknownReader | CardError::Cancelled => Outcome::Lost,
        CardError::CardLeft => Outcome::Refused(Refusal::LeftTooSoon),
        CardError::CardReset | CardError::ApduTooShort(_) | CardError::Card(_) => Outcome::Refused(Refusal::Unreadable),
    }
}

fn identify(card: &mut dyn Conversation) -> Result<Outcome, CardError> {
    let kind = CardKind::from_atr(&card.atr()?);
    let uid = match uid_in(&card.transmit(&GET_UID)?) {
        Ok(uid) if uid.is_fixed() => uid,
        Ok(_) => return Ok(Outcome::Refused(Refusal::RandomId)),
        Err(refusal) => return Ok(Outcome::Refused(refusal)),
    };
    Ok(match uid_in(&card.transmit(&GET_UID)?) {
        Ok(again) if again == uid => Outcome::Card(uid, kind),
        Ok(_) => Outcome::Refused(Refusal::TwoCards),
        Err(refusal) => Outcome::Refused(refusal),
    })
}

/// The UID in a response to [`GET_UID`].
fn uid_in(response: &[u8]) -> Result<Uid, Refusal> {
    match response {
        [uid @ .., 0x90, 0x00] => Uid::from_bytes(uid),
        // Not even a status word: the card was gone, and the driver calls that an answer.
        [] | [_] => Err(Refusal::LeftTooSoon),
        // 6A81 not supported, 6300 failed, and whatever else is not success.
        [..] => Err(Refusal::Unreadable),
    }
}
