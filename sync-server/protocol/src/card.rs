//! The two names of a card: the UID its chip answers with, and the number printed on it.
//!
//! Pure. **Invariant:** a [`CardUid`] has 4, 7 or 10 bytes (ISO/IEC 14443-3) in transmission order; a [`CardNumber`] has 14
//! digits and a right check digit (Luhn, ISO/IEC 7812-1). Neither prints whole in logs.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Digits on the face of a card.
const CARD_NUMBER_DIGITS: usize = 14;

/// Why a text does not name a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCard {
    /// Not hexadecimal, or not 4, 7 or 10 bytes.
    #[error("a card UID has 4, 7 or 10 bytes in hexadecimal")]
    Uid,
    /// Not 14 digits.
    #[error("a card number has 14 digits")]
    Digits,
    /// The last digit does not fit the others: most likely a slip of the finger.
    #[error("the card number has a wrong digit")]
    CheckDigit,
}

/// A chip's UID in transmission order. A name, not a proof.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String))]
#[serde(try_from = "String", into = "String")]
pub struct CardUid(String);

impl CardUid {
    /// Reads 8, 14 or 20 hexadecimal digits.
    pub fn parse(hex_text: &str) -> Result<Self, InvalidCard> {
        let bytes = hex::decode(hex_text).map_err(|_| InvalidCard::Uid)?;
        if matches!(bytes.len(), 4 | 7 | 10) { Ok(Self(hex::encode_upper(bytes))) } else { Err(InvalidCard::Uid) }
    }

    /// Upper-case hexadecimal.
    #[must_use]
    pub fn as_hex(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for CardUid {
    type Error = InvalidCard;

    fn try_from(text: String) -> Result<Self, InvalidCard> {
        Self::parse(&text)
    }
}

impl From<CardUid> for String {
    fn from(uid: CardUid) -> Self {
        uid.0
    }
}

impl fmt::Debug for CardUid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CardUid(…{})", &self.0[self.0.len() - 4..])
    }
}

/// The 14 digits printed on a card.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String))]
#[serde(try_from = "String", into = "String")]
pub struct CardNumber(String);

impl CardNumber {
    /// Reads 14 digits, spaces allowed, and checks the last one.
    pub fn parse(text: &str) -> Result<Self, InvalidCard> {
        let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        if digits.len() != CARD_NUMBER_DIGITS || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(InvalidCard::Digits);
        }
        if luhn_sum(&digits).is_multiple_of(10) { Ok(Self(digits)) } else { Err(InvalidCard::CheckDigit) }
    }

    /// Completes 13 digits with their check digit.
    pub fn from_first_13(digits: &str) -> Result<Self, InvalidCard> {
        (0..10).find_map(|check| Self::parse(&format!("{digits}{check}")).ok()).ok_or(InvalidCard::Digits)
    }

    /// All 14 digits.
    #[must_use]
    pub fn as_digits(&self) -> &str {
        &self.0
    }

    /// The form for paper and logs: the last four digits.
    #[must_use]
    pub fn masked(&self) -> String {
        format!("···· {}", &self.0[CARD_NUMBER_DIGITS - 4..])
    }
}

impl TryFrom<String> for CardNumber {
    type Error = InvalidCard;

    fn try_from(text: String) -> Result<Self, InvalidCard> {
        Self::parse(&text)
    }
}

impl From<CardNumber> for String {
    fn from(number: CardNumber) -> Self {
        number.0
    }
}

impl fmt::Debug for CardNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CardNumber({})", self.masked())
    }
}

fn luhn_sum(digits: &str) -> u32 {
    digits
        .bytes()
        .rev()
        .map(|b| u32::from(b - b'0'))
        .enumerate()
        .map(|(i, d)| if i % 2 == 1 { d * 2 / 10 + d * 2 % 10 } else { d })
        .sum()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_uid_has_a_legal_length_and_is_masked() {
        let uid = CardUid::parse("04a1b2c3d4e580").unwrap();
        assert_eq!(uid.as_hex(), "04A1B2C3D4E580");
        assert_eq!(format!("{uid:?}"), "CardUid(…E580)");
        for bad in ["", "04A1", "04A1B2C3D4", "zz000000", "04A1B2C3D4E58"] {
            assert_eq!(CardUid::parse(bad), Err(InvalidCard::Uid), "{bad}");
        }
    }

    #[test]
    fn a_slip_of_one_digit_is_caught() {
        let number = CardNumber::from_first_13("1234567890123").unwrap();
        for place in 0..14 {
            let mut digits = number.as_digits().as_bytes().to_vec();
            digits[place] = if digits[place] == b'9' { b'0' } else { digits[place] + 1 };
            let typed = String::from_utf8(digits).unwrap();
            assert_eq!(CardNumber::parse(&typed), Err(InvalidCard::CheckDigit), "{typed}");
        }
        assert_eq!(CardNumber::parse("123"), Err(InvalidCard::Digits));
        assert_eq!(CardNumber::parse("1234567890123x"), Err(InvalidCard::Digits));
    }
}
