//! Sealing CPR numbers: AES-256-GCM under a key that is in a file of its own and never in the database.
//!
//! **Invariant:** a sealed number opens only under its key and only for the person and the school it was sealed for: moved to
//! somebody else's row it opens for nobody.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use madkort_protocol::{PersonId, SchoolId};
use zeroize::Zeroizing;

use super::Cpr;

/// How a sealed number begins: another way of sealing would begin otherwise.
const VERSION: u8 = 1;
/// Bytes of a key.
const KEY: usize = 32;

/// What CPR numbers are sealed under.
pub struct CprKey(RandomizedNonceKey);

/// What was given is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a key is 64 hexadecimal digits")]
pub struct NotAKey;

/// A number cannot be sealed, or does not open: it was sealed under another key, or for somebody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a CPR number does not open under this key")]
pub struct Unsealed;

impl CprKey {
    /// Reads 64 hexadecimal digits.
    pub fn parse(text: &str) -> Result<Self, NotAKey> {
        let mut key = Zeroizing::new([0; KEY]);
        hex::decode_to_slice(text.trim(), key.as_mut()).map_err(|_| NotAKey)?;
        RandomizedNonceKey::new(&AES_256_GCM, key.as_ref()).map(Self).map_err(|_| NotAKey)
    }

    /// Seals somebody's number: a version, the nonce, the ciphertext and its tag.
    pub fn seal(&self, whose: (SchoolId, PersonId), cpr: &Cpr) -> Result<Vec<u8>, Unsealed> {
        let mut body = cpr.digits().as_bytes().to_vec();
        let nonce = self.0.seal_in_place_append_tag(Aad::from(bound_to(whose)), &mut body).map_err(|_| Unsealed)?;
        Ok([&[VERSION][..], &nonce.as_ref()[..], &body].concat())
    }

    /// Opens it again.
    pub fn open(&self, whose: (SchoolId, PersonId), sealed: &[u8]) -> Result<Cpr, Unsealed> {
        let rest = sealed.strip_prefix(&[VERSION]).ok_or(Unsealed)?;
        let (nonce, body) = rest.split_at_checked(NONCE_LEN).ok_or(Unsealed)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| Unsealed)?;
        let mut body = Zeroizing::new(body.to_vec());
        let digits = self.0.open_in_place(nonce, Aad::from(bound_to(whose)), &mut body).map_err(|_| Unsealed)?;
        Cpr::parse(std::str::from_utf8(digits).map_err(|_| Unsealed)?).map_err(|_| Unsealed)
    }
}

impl std::fmt::Debug for CprKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CprKey(…)")
    }
}

fn bound_to((school, person): (SchoolId, PersonId)) -> [u8; 32] {
    let mut both = [0; 32];
    both[..16].copy_from_slice(school.uuid().as_bytes());
    both[16..].copy_from_slice(person.uuid().as_bytes());
    both
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const NUMBER: &str = "0101104321";

    fn key(byte: u8) -> CprKey {
        CprKey::parse(&hex::encode([byte; KEY])).unwrap()
    }

    fn whose(school: u128, person: u128) -> (SchoolId, PersonId) {
        (SchoolId::new(Uuid::from_u128(school)), PersonId::new(Uuid::from_u128(person)))
    }

    #[test]
    fn what_is_sealed_opens_for_the_same_person_under_the_same_key_only() {
        let cpr = Cpr::parse(NUMBER).unwrap();
        let sealed = key(1).seal(whose(1, 2), &cpr).unwrap();
        assert_eq!(key(1).open(whose(1, 2), &sealed).unwrap(), cpr);
        assert!(!sealed.windows(4).any(|part| NUMBER.as_bytes().windows(4).any(|digits| digits == part)));
        assert_ne!(key(1).seal(whose(1, 2), &cpr).unwrap(), sealed, "the same number is never sealed alike");
        assert_eq!(key(2).open(whose(1, 2), &sealed), Err(Unsealed));
        for other in [whose(1, 3), whose(2, 2)] {
            assert_eq!(key(1).open(other, &sealed), Err(Unsealed));
        }
        for at in 0..sealed.len() {
            let mut touched = sealed.clone();
            touched[at] ^= 1;
            assert_eq!(key(1).open(whose(1, 2), &touched), Err(Unsealed), "{at}");
            assert_eq!(key(1).open(whose(1, 2), &sealed[..at]), Err(Unsealed), "{at}");
        }
    }

    #[test]
    fn a_key_is_64_hexadecimal_digits_and_prints_nowhere() {
        assert!(CprKey::parse(&format!("{}\n", "ab".repeat(KEY))).is_ok());
        for bad in ["", "ab", &"ab".repeat(KEY - 1), &"ab".repeat(KEY + 1), &"xy".repeat(KEY)] {
            assert_eq!(CprKey::parse(bad).err(), Some(NotAKey), "{bad}");
        }
        assert_eq!(format!("{:?}", key(7)), "CprKey(…)");
    }
}
