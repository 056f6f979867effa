//! CPR numbers, where a school has turned them on: read, sealed, and never shown.
//!
//! Pure. They are put on the server by its operator and leave it as [`madkort_protocol::MaskedCpr`]: that there is one.
//!
//! **Invariant:** a number prints nowhere, not even in an error; what is stored of it is sealed.

mod key;

use jiff::civil::Date;
use zeroize::Zeroizing;

use crate::card_list::OfCard;

pub use key::{CprKey, NotAKey, Unsealed};

/// Digits of a number: day, month, year, and four that tell people of one birthday apart.
const DIGITS: usize = 10;

/// A CPR number (Danish civil registration).
#[derive(PartialEq, Eq)]
pub struct Cpr(Zeroizing<String>);

/// What was given is no CPR number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no CPR number")]
pub struct NotACpr;

impl Cpr {
    /// Reads `ddmmyy-nnnn`, with or without the hyphen. Its date must be one there was or will be; that the digits add up by modulus
    /// 11 has not been a rule since 2007.
    pub fn parse(text: &str) -> Result<Self, NotACpr> {
        let text = text.trim();
        let digits = match text.split_once('-') {
            Some((date, serial)) if date.len() == 6 && serial.len() == 4 => Zeroizing::new(format!("{date}{serial}")),
            Some(_) => return Err(NotACpr),
            None => Zeroizing::new(text.to_owned()),
        };
        if digits.len() != DIGITS || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NotACpr);
        }
        let two = |at: usize| digits[at..at + 2].parse::<i8>().map_err(|_| NotACpr);
        let (day, month, year) = (two(0)?, two(2)?, two(4)?);
        let year = century(digits.as_bytes()[6] - b'0', year) + i16::from(year);
        Date::new(year, month, day).map_err(|_| NotACpr)?;
        Ok(Self(digits))
    }

    /// The ten digits, for sealing.
    fn digits(&self) -> &str {
        &self.0
    }
}

/// On a list; nothing where it is to be forgotten.
impl OfCard for Option<Cpr> {
    const SHAPE: &'static str = "must be a card number, a semicolon and a CPR number, or nothing behind the semicolon";
    const WRONG: &'static str = "this is no CPR number";
    const TWICE: &'static str = "the card has another CPR number further up";

    fn parse(text: &str) -> Option<Self> {
        if text.is_empty() { Some(None) } else { Cpr::parse(text).ok().map(Some) }
    }
}

impl std::fmt::Debug for Cpr {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Cpr(…)")
    }
}

/// The century that the seventh digit says, beside the year's last two (CPR-kontoret, "Personnummeret i CPR").
const fn century(seventh: u8, year: i8) -> i16 {
    match (seventh, year) {
        (4 | 9, 0..=36) | (5..=8, 0..=57) => 2000,
        (5..=8, _) => 1800,
        _ => 1900,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_ten_digits_that_begin_with_a_day() {
        for good in
            ["0101104321", "010110-4321", " 311299-0000 ", "290200-4000", "290296-1234", "290260-5000", "010100-9999"]
        {
            assert!(Cpr::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "010110432",
            "01011043210",
            "0101-104321",
            "010110 4321",
            "3102104321",
            "0013104321",
            "0001104321",
            "01011043æ1",
            "+101104321",
            "０101104321",
            // 1900 was no leap year, 2000 was one; 1958 was none, 1858 neither.
            "290200-1000",
            "290258-1000",
        ] {
            assert_eq!(Cpr::parse(bad), Err(NotACpr), "{bad}");
        }
    }

    #[test]
    fn the_seventh_digit_says_the_century() {
        for (seventh, year, expected) in [
            (0, 99, 1900),
            (3, 0, 1900),
            (4, 36, 2000),
            (4, 37, 1900),
            (5, 57, 2000),
            (5, 58, 1800),
            (8, 99, 1800),
            (9, 36, 2000),
            (9, 37, 1900),
        ] {
            assert_eq!(century(seventh, year), expected, "{seventh} {year}");
        }
    }

    #[test]
    fn it_prints_nowhere() {
        let cpr = Cpr::parse("010110-4321").unwrap();
        assert_eq!(format!("{cpr:?} {cpr:#?}"), "Cpr(…) Cpr(…)");
        assert!(!format!("{NotACpr:?} {NotACpr}").contains(char::is_numeric));
    }
}
