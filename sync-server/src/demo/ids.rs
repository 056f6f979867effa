//! Ids of the demo school: the same every time, and shaped like the real thing.
//!
//! Pure. **Invariant:** one `(kind, n, at)` is one id, for ever; ids are version 7 (RFC 9562), so they sort by their time.

use jiff::Timestamp;
use madkort_protocol::{AccountId, CardId, DeviceId, MandateId, OperationId, PersonId, ProductId, SchoolId};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// When the school was set up: 1 August 2026, 06:00 UTC.
const SET_UP: Timestamp = Timestamp::constant(1_785_564_000, 0);

fn id(kind: &str, n: u32, at: Timestamp) -> Uuid {
    let digest = Sha256::digest(format!("madkort demo school/{kind}/{n}"));
    let mut tail = [0; 10];
    tail.copy_from_slice(&digest[..10]);
    let millis = u64::try_from(at.as_millisecond()).unwrap_or_default();
    uuid::Builder::from_unix_timestamp_millis(millis, &tail).into_uuid()
}

/// The school itself.
pub fn school() -> SchoolId {
    SchoolId::new(id("school", 0, SET_UP))
}

/// The n-th person.
pub fn person(n: u32) -> PersonId {
    PersonId::new(id("person", n, SET_UP))
}

/// The n-th person's account.
pub fn account(n: u32) -> AccountId {
    AccountId::new(id("account", n, SET_UP))
}

/// The n-th person's card; a second, older one has `n` + 1000.
pub fn card(n: u32) -> CardId {
    CardId::new(id("card", n, SET_UP))
}

/// The n-th product.
pub fn product(n: u32) -> ProductId {
    ProductId::new(id("product", n, SET_UP))
}

/// The n-th person's mandate.
pub fn mandate(n: u32) -> MandateId {
    MandateId::new(id("mandate", n, SET_UP))
}

/// The n-th thing that happened, at its time.
pub fn operation(n: u32, at: Timestamp) -> OperationId {
    OperationId::new(id("operation", n, at))
}

/// A device of the history, by what it is called.
pub fn device(name: &str) -> DeviceId {
    DeviceId::new(id(name, 0, SET_UP))
}

/// Sixteen bytes that look random and are not: salts of the demo cards' code verifiers.
pub fn salt(n: u32) -> [u8; 16] {
    let digest = Sha256::digest(format!("madkort demo school/salt/{n}"));
    let mut salt = [0; 16];
    salt.copy_from_slice(&digest[..16]);
    salt
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_fixed_and_of_version_seven() {
        assert_eq!(person(1), person(1));
        assert_ne!(person(1), person(2));
        assert_ne!(person(1).uuid(), account(1).uuid());
        assert_eq!(person(1).uuid().get_version_num(), 7);
        let later = SET_UP + jiff::SignedDuration::from_hours(1);
        assert!(operation(9, SET_UP) < operation(1, later), "operations sort by time");
    }
}
