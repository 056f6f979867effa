//! Who is signed in at which kiosk.
//!
//! **Invariant:** a session is found only by the device it was given to, only while its card may be used, and only until its end;
//! a token is kept as its hash.

use jiff::Timestamp;
use madkort_protocol::{AccountId, CardId, DeviceId, Person, PersonId, SchoolId};

use super::Pending;

/// A session that begins.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// SHA-256 of the token.
    pub hash: [u8; 32],
    /// The school of device and card.
    pub school: SchoolId,
    /// Where the code was typed.
    pub device: DeviceId,
    /// Whose code it was.
    pub card: CardId,
    /// When it ends by itself.
    pub expires_at: Timestamp,
}

/// A session that goes on.
#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    /// The card whose code was given.
    pub card: CardId,
    /// Whose card it is, as they are now.
    pub person: Person,
    /// Of the accounts they may use, those that are their own.
    pub own: Vec<AccountId>,
}

/// Sessions.
pub trait Sessions {
    /// Begins a session; `false` if the card may not be used. Those that have ended by themselves are forgotten.
    fn begin_session(&self, session: NewSession, now: Timestamp) -> Pending<'_, bool>;

    /// Who is signed in with a token at a device.
    fn session(&self, hash: [u8; 32], device: DeviceId, now: Timestamp) -> Pending<'_, Option<Session>>;

    /// Ends a session of a device, if there is one.
    fn end_session(&self, hash: [u8; 32], device: DeviceId) -> Pending<'_, ()>;

    /// Ends all sessions of a person, wherever they are, but for one; says how many.
    fn end_other_sessions(&self, person: PersonId, but: Option<[u8; 32]>) -> Pending<'_, u64>;
}
