//! What somebody typed and nobody else may read.
//!
//! Pure. **Invariant:** a secret never prints, and the bytes it held are overwritten when it is dropped: with the room it was typed
//! in, when the visit ends.

use madkort_protocol::LONGEST_PASSWORD;
use zeroize::Zeroizing;

/// A code or a password as typed.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// What was typed, whole.
    #[must_use]
    pub fn new(typed: String) -> Self {
        Self(Zeroizing::new(typed))
    }

    /// What was typed, for whoever checks it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// How many characters: what the screen shows of it.
    #[must_use]
    pub fn chars(&self) -> usize {
        self.0.chars().count()
    }

    /// Whether nothing was typed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it is too long to be anybody's.
    pub(crate) fn is_too_long(&self) -> bool {
        self.0.len() > LONGEST_PASSWORD
    }
}

impl From<&str> for Secret {
    fn from(typed: &str) -> Self {
        Self::new(typed.to_owned())
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_counted_and_does_not_print() {
        let secret = Secret::from("blåbærgrød");
        assert_eq!((secret.chars(), secret.reveal()), (10, "blåbærgrød"));
        assert_eq!(format!("{secret:?}"), "Secret(…)");
    }
}
