//! One-time enrolment codes, and how often a stranger may try one.
//!
//! **Invariant:** a code is shown once and stored as its hash; a wrong one costs its sender a try.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

/// Crockford's base 32: no letter that is read as another.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Letters of a code, 5 bits each: 60 bits cannot be searched within a day at [`MOST_WRONG`].
const LENGTH: usize = 12;
/// How long a code may wait for its device: an installer's working day.
pub const VALID: SignedDuration = SignedDuration::from_hours(24);
/// Wrong codes from one address in [`WINDOW`]: an installer's slips, not a search.
pub const MOST_WRONG: u32 = 10;
/// The time those count for.
const WINDOW: SignedDuration = SignedDuration::from_mins(1);
/// Addresses remembered at once: bounds the memory a flood can take.
const MOST_ADDRESSES: usize = 4096;

/// A new code, in three groups of four. Fails only where the system gives no random bytes.
pub fn new_code() -> Result<String, getrandom::Error> {
    let mut bytes = [0_u8; LENGTH];
    getrandom::fill(&mut bytes)?;
    let letters: Vec<u8> = bytes.iter().map(|byte| LETTERS[usize::from(byte % 32)]).collect();
    let groups: Vec<_> = letters.chunks(4).map(String::from_utf8_lossy).collect();
    Ok(groups.join("-"))
}

/// What is stored of a code. Case, spaces and dashes do not matter to a person, so they do not matter here.
#[must_use]
pub fn hash(code: &str) -> [u8; 32] {
    let plain: String =
        code.chars().filter(|c| !c.is_whitespace() && *c != '-').map(|c| c.to_ascii_uppercase()).collect();
    Sha256::digest(plain.as_bytes()).into()
}

/// Wrong codes by address.
#[derive(Debug, Default)]
pub struct EnrolmentLimit(Mutex<HashMap<IpAddr, (u32, Timestamp)>>);

impl EnrolmentLimit {
    /// Whether a code from the address is looked at.
    pub fn allows(&self, from: IpAddr, now: Timestamp) -> bool {
        let wrong = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        wrong.get(&from).is_none_or(|(times, since)| *times < MOST_WRONG || is_over(*since, now))
    }

    /// One more wrong code from the address.
    pub fn wrong(&self, from: IpAddr, now: Timestamp) {
        let mut wrong = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if wrong.len() >= MOST_ADDRESSES {
            wrong.retain(|_, (_, since)| !is_over(*since, now));
        }
        if wrong.len() >= MOST_ADDRESSES && !wrong.contains_key(&from) {
            return;
        }
        let entry = wrong.entry(from).or_insert((0, now));
        if is_over(entry.1, now) {
            *entry = (0, now);
        }
        entry.0 = entry.0.saturating_add(1);
    }
}

fn is_over(since: Timestamp, now: Timestamp) -> bool {
    now.duration_since(since) >= WINDOW
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_code_can_be_typed_as_it_is_read() {
        let code = new_code().unwrap();
        assert_eq!(code.len(), 14);
        assert_eq!(hash(&code), hash(&code.to_lowercase().replace('-', " ")));
        assert_ne!(hash(&code), hash(&new_code().unwrap()));
    }

    #[test]
    fn a_minute_has_ten_wrong_codes() {
        let limit = EnrolmentLimit::default();
        let from = IpAddr::from([127, 0, 0, 1]);
        let at = |second| Timestamp::from_second(second).unwrap();
        for second in 0..10 {
            assert!(limit.allows(from, at(second)));
            limit.wrong(from, at(second));
        }
        assert!(!limit.allows(from, at(59)));
        assert!(limit.allows(IpAddr::from([127, 0, 0, 2]), at(59)));
        assert!(limit.allows(from, at(60)));
    }
}
