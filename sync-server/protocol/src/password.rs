//! A password of one's own, beside the code on the card.
//!
//! Pure. **Invariant:** a password never prints.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{CardId, Language};

/// Characters a password has at least (NIST SP 800-63B, 3.1.1.2, for one behind a throttle and beside a card).
pub const SHORTEST_PASSWORD: usize = 8;
/// Bytes it has at most: more adds nothing, and is hashed at the server's cost.
pub const LONGEST_PASSWORD: usize = 128;

/// Why a password is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WeakPassword {
    /// Fewer than [`SHORTEST_PASSWORD`] characters, or a code of digits alone as long as that.
    #[error("the password is too short or too easy")]
    TooEasy,
    /// More than [`LONGEST_PASSWORD`] bytes, or with control characters.
    #[error("the password is too long or cannot be typed")]
    TooLong,
}

/// Looks at a password that is to be set.
pub fn check_password(password: &str) -> Result<(), WeakPassword> {
    if password.len() > LONGEST_PASSWORD || password.chars().any(char::is_control) {
        return Err(WeakPassword::TooLong);
    }
    let mut different: Vec<char> = password.chars().collect();
    let length = different.len();
    different.sort_unstable();
    different.dedup();
    // Eight times the same letter, or 12341234, is found in a handful of tries.
    if length < SHORTEST_PASSWORD || different.len() < 5 { Err(WeakPassword::TooEasy) } else { Ok(()) }
}

/// `PUT /v1/people/{person}/password`, for whoever is signed in.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
    /// The card the visit goes by.
    pub card: CardId,
    /// The one that holds now, or the card's verification code: whoever finds a kiosk signed in does not take it over.
    pub current: String,
    /// The new one.
    pub password: String,
}

impl std::fmt::Debug for PasswordChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PasswordChange").field("card", &self.card).finish_non_exhaustive()
    }
}

/// The answer to [`PasswordChange`]. A wrong one counts as a wrong code at the door does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "password", rename_all = "snake_case")]
pub enum PasswordAnswer {
    /// The new one holds.
    Changed,
    /// Neither the password nor the code.
    Wrong {
        /// Tries before a wait.
        tries_left: u32,
    },
    /// Not looked at: too many wrong ones.
    Wait {
        /// When the next try is looked at.
        until: Timestamp,
    },
}

/// `POST /v1/password-resets`: *Glemt adgangskode*. Answered alike whether anybody has that address or not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PasswordResetRequest {
    /// Where the letter goes, if it is somebody's.
    pub email: String,
    /// The language of the letter.
    pub language: Language,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_found_in_a_handful_of_tries_is_no_password() {
        for good in ["mad til alle", "blåbærgrød", "Xy7-Kq2m"] {
            assert_eq!(check_password(good), Ok(()), "{good}");
        }
        for bad in ["", "1234", "aaaaaaaa", "12341234", "kort æø"] {
            assert_eq!(check_password(bad), Err(WeakPassword::TooEasy), "{bad}");
        }
        assert_eq!(check_password(&"abcde".repeat(26)), Err(WeakPassword::TooLong));
        assert_eq!(check_password("abcdefgh\n"), Err(WeakPassword::TooLong));
    }
}
