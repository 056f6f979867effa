//! Passwords of people's own, and the links by which a forgotten one is replaced.
//!
//! **Invariant:** a password is kept as its argon2id hash and a link as its SHA-256; a link is good once, and setting a password
//! ends every other session of that person.

use jiff::{SignedDuration, Timestamp};
use madkort_protocol::{CardId, CodeVerifier, DeviceId, Language, PersonId, SchoolId};
use uuid::Uuid;

use super::{Doer, Pending};

/// How often something may be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// So many times.
    pub most: u32,
    /// Within this time.
    pub within: SignedDuration,
}

/// Letters with a link to one address: who lost one asks again, and nobody's mailbox is filled.
pub const RESETS_PER_ADDRESS: RateLimit = RateLimit { most: 3, within: SignedDuration::from_hours(1) };
/// Requests at one kiosk: a class that forgot, and no list of addresses gone through.
pub const RESETS_PER_DEVICE: RateLimit = RateLimit { most: 20, within: SignedDuration::from_hours(1) };
/// How long a link is good.
pub const RESET_LASTS: SignedDuration = SignedDuration::from_mins(60);

/// Somebody has forgotten.
#[derive(Clone, Debug)]
pub struct AskedReset {
    /// The request's own id, at random.
    pub id: Uuid,
    /// The school of the kiosk.
    pub school: SchoolId,
    /// The kiosk.
    pub device: DeviceId,
    /// The address typed, checked for its form.
    pub email: String,
    /// What the letter speaks.
    pub language: Language,
}

/// Passwords.
pub trait Passwords {
    /// The hash of the password that goes with a card, if its holder has set one.
    fn password(&self, school: SchoolId, card: CardId) -> Pending<'_, Option<CodeVerifier>>;

    /// Sets somebody's password and ends their other sessions; `false` if there is no such person.
    fn set_password(
        &self,
        school: SchoolId,
        person: PersonId,
        password: CodeVerifier,
        by: Doer,
        but: Option<[u8; 32]>,
        now: Timestamp,
    ) -> Pending<'_, bool>;

    /// Notes the request and, if the address is somebody's and was not written to too often, a letter to each of them. The
    /// same is written to the disk whoever it is. `false` if this kiosk has asked too often.
    fn ask_reset(&self, asked: AskedReset, now: Timestamp) -> Pending<'_, bool>;

    /// Makes a link good for a person.
    fn add_reset_link(&self, hash: [u8; 32], school: SchoolId, person: PersonId, now: Timestamp) -> Pending<'_, ()>;

    /// Whether a link is still good.
    fn reset_link(&self, hash: [u8; 32], now: Timestamp) -> Pending<'_, Option<SchoolId>>;

    /// Uses a link up: sets the password, ends every session, and makes the person's other links worthless. `false` if the
    /// link is not good any more.
    fn use_reset_link(&self, hash: [u8; 32], password: CodeVerifier, record: Uuid, now: Timestamp)
    -> Pending<'_, bool>;
}
