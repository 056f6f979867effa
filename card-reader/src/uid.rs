//! The number a contactless card answers to during anticollision (ISO/IEC 14443-3).
//!
//! Pure.
//!
//! **Invariant:** a [`Uid`] has 4, 7 or 10 bytes in transmission order, and neither `Debug` nor `Display` shows more
//! than its last two, for a technician who looks for a card on the desk; a log has none of them. [`Uid::to_hex`] alone shows
//! it whole.

use std::fmt;
use std::str::FromStr;

use crate::Refusal;

/// Most bytes a UID has: triple size, ISO/IEC 14443-3 table 7.
pub const MAX_LEN: usize = 10;

/// Bytes that `Debug` and `Display` leave readable: enough to tell the cards on a desk apart.
const SHOWN: usize = 2;

/// A card's UID in transmission order, the order in which PC/SC gives it (not the reversed or decimal form that
/// keyboard readers print).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Uid {
    bytes: [u8; MAX_LEN],
    len: u8,
}

/// A text that is not the UID of a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a UID is 8, 14 or 20 hexadecimal digits")]
pub struct NotAUid;

impl Uid {
    /// Takes 4, 7 or 10 bytes; any other number is refused as [`Refusal::UnknownLength`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Refusal> {
        let len = match bytes.len() {
            4 => 4,
            7 => 7,
            MAX_LEN => 10,
            _ => return Err(Refusal::UnknownLength),
        };
        let mut held = [0; MAX_LEN];
        held[..bytes.len()].copy_from_slice(bytes);
        Ok(Self { bytes: held, len })
    }

    /// The bytes in transmission order.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    /// The whole UID as upper-case hexadecimal digits in transmission order: 8, 14 or 20 of them. For the server and
    /// the store, never for a log.
    pub fn to_hex(&self) -> String {
        hex::encode_upper(self.as_bytes())
    }

    /// Whether this UID always names the same card.
    ///
    /// False for the random ids of phones, wallets and some bank cards (4 bytes starting with 08, ISO/IEC 14443-3
    /// clause 6.5.4) and for values that no card may have: all zeros, all ones, and those that start with the cascade
    /// tag 88, which are half a UID.
    pub fn is_fixed(&self) -> bool {
        !matches!(
            self.as_bytes(),
            [0x08 | 0x88, _, _, _] | [0, 0, 0, 0] | [0xFF, 0xFF, 0xFF, 0xFF] | [0, 0, 0, 0, 0, 0, 0]
        )
    }
}

impl FromStr for Uid {
    type Err = NotAUid;

    /// Reads 8, 14 or 20 hexadecimal digits of either case, and nothing else.
    fn from_str(text: &str) -> Result<Self, NotAUid> {
        let bytes = hex::decode(text).map_err(|_| NotAUid)?;
        Self::from_bytes(&bytes).map_err(|_| NotAUid)
    }
}

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hidden, shown) = self.as_bytes().split_at(usize::from(self.len) - SHOWN);
        for _ in hidden {
            f.write_str("**")?;
        }
        f.write_str(&hex::encode_upper(shown))
    }
}

impl fmt::Debug for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Uid({self})")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hex_is_upper_case_in_transmission_order() {
        let uid: Uid = "04a1b2c3d4e580".parse().unwrap();
        assert_eq!(uid.to_hex(), "04A1B2C3D4E580");
        assert_eq!(uid.as_bytes()[0], 0x04);
    }

    #[test]
    fn text_for_technicians_is_masked() {
        let uid: Uid = "04A1B2C3D4E580".parse().unwrap();
        assert_eq!(uid.to_string(), "**********E580");
        assert_eq!(format!("{uid:?}"), "Uid(**********E580)");
        assert_eq!("DEADBEEF".parse::<Uid>().unwrap().to_string(), "****BEEF");
    }

    #[test]
    fn only_three_lengths_are_uids() {
        for len in 0..=20 {
            let uid = Uid::from_bytes(&vec![0x11; len]);
            match len {
                4 | 7 | 10 => assert_eq!(uid.unwrap().as_bytes().len(), len),
                _ => assert_eq!(uid, Err(Refusal::UnknownLength)),
            }
        }
    }

    #[test]
    fn random_and_reserved_values_are_not_fixed() {
        for text in ["08123456", "00000000", "FFFFFFFF", "8804A1B2", "00000000000000"] {
            assert!(!text.parse::<Uid>().unwrap().is_fixed(), "{text}");
        }
        // 08 says random only in a single size UID; F at the front is fixed, though not unique.
        for text in ["04A1B2C3D4E580", "08A1B2C3D4E580", "DEADBEEF", "F0123456", "00000000000000000000"] {
            assert!(text.parse::<Uid>().unwrap().is_fixed(), "{text}");
        }
    }

    #[test]
    fn text_that_is_no_uid_is_refused() {
        for text in ["", "04", "04A1B2C3D4E58", "04 A1 B2 C3", "04A1B2C3D4E5801", "0xDEADBE", "ÆØÅÆØÅÆ"] {
            assert_eq!(text.parse::<Uid>(), Err(NotAUid), "{text}");
        }
    }

    proptest! {
        #[test]
        fn hex_and_back(bytes in prop_oneof![
            prop::collection::vec(any::<u8>(), 4),
            prop::collection::vec(any::<u8>(), 7),
            prop::collection::vec(any::<u8>(), 10),
        ]) {
            let uid = Uid::from_bytes(&bytes).unwrap();
            prop_assert_eq!(uid.as_bytes(), &bytes[..]);
            prop_assert_eq!(uid.to_hex().parse::<Uid>().unwrap(), uid);
            prop_assert_eq!(uid.to_string().len(), 2 * bytes.len());
        }
    }
}
