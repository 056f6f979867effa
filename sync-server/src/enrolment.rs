//! One-time enrolment codes. How often a stranger may try one says [`crate::limits`].
//!
//! **Invariant:** a code is shown once and stored as its hash; a wrong one costs its sender a try.

use jiff::SignedDuration;
use sha2::{Digest, Sha256};

/// Crockford's base 32: no letter that is read as another.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Letters of a code, 5 bits each: 60 bits cannot be searched within a day at ten a minute.
const LENGTH: usize = 12;
/// How long a code may wait for its device: an installer's working day.
pub const VALID: SignedDuration = SignedDuration::from_hours(24);

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
}
