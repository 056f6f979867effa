//! Passwords of people's own, and the links by which a forgotten one is replaced.
//!
//! **Invariant:** a password is kept as its argon2id hash and a link as its SHA-256; a link is good once, and setting a password
//! ends every other session of that person.

use jiff::{SignedDuration, Timestamp};
use madkort_protocol::{CardId, CodeVerifier, DeviceId, Language, PersonId, SchoolId};
use uuid::Uuid;

use super::{Doer, Pending};
use crate::limits::{Rate, TooOften};

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
    /// How often this kiosk may ask.
    pub by_device: Rate,
    /// How often that address is written to.
    pub by_address: Rate,
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
    /// same is written to the disk whoever it is. Nothing is noted if this kiosk has asked too often.
    fn ask_reset(&self, asked: AskedReset, now: Timestamp) -> Pending<'_, Result<(), TooOften>>;

    /// Makes a link good for a person.
    fn add_reset_link(&self, hash: [u8; 32], school: SchoolId, person: PersonId, now: Timestamp) -> Pending<'_, ()>;

    /// Whether a link is still good.
    fn reset_link(&self, hash: [u8; 32], now: Timestamp) -> Pending<'_, Option<SchoolId>>;

    /// Uses a link up: sets the password, ends every session, and makes the person's other links worthless. `false` if the
    /// link is not good any more.
    fn use_reset_link(&self, hash: [u8; 32], password: CodeVerifier, record: Uuid, now: Timestamp)
    -> Pending<'_, bool>;
}
