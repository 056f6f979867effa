//! Proof that somebody gave the code of a card in this visit.
//!
//! Pure. **Invariant:** a token has 32 bytes and never prints: it is as good as the code while it lasts.

use serde::{Deserialize, Serialize};

/// Carries the [`SessionToken`] of whoever stands at the kiosk, beside the device's signature.
pub const HEADER_SESSION: &str = "madkort-session";

/// The text is no session token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a session token has 32 bytes in hexadecimal")]
pub struct NotASession;

/// 32 random bytes, as 64 hexadecimal digits. Good at the device it was given to, for one visit.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String))]
#[serde(try_from = "String", into = "String")]
pub struct SessionToken(String);

impl SessionToken {
    /// From 32 random bytes.
    #[must_use]
    pub fn new(random: [u8; 32]) -> Self {
        Self(hex::encode(random))
    }

    /// Reads 64 hexadecimal digits.
    pub fn parse(text: &str) -> Result<Self, NotASession> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| NotASession)?;
        Ok(Self::new(bytes))
    }

    /// The 64 digits, for [`HEADER_SESSION`] alone.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for SessionToken {
    type Error = NotASession;

    fn try_from(text: String) -> Result<Self, NotASession> {
        Self::parse(&text)
    }
}

impl From<SessionToken> for String {
    fn from(token: SessionToken) -> Self {
        token.0
    }
}

impl std::fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionToken(…)")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_as_it_was_written_and_does_not_print() {
        let token = SessionToken::new([0xA5; 32]);
        assert_eq!(SessionToken::parse(token.reveal()), Ok(token.clone()));
        assert_eq!(format!("{token:?}"), "SessionToken(…)");
        for bad in ["", "a5", &"a5".repeat(31), &"a5".repeat(33), &"zz".repeat(32)] {
            assert_eq!(SessionToken::parse(bad), Err(NotASession), "{bad}");
        }
    }
}
