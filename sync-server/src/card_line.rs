//! What the office says of a card, on one line: its number, or what takes its place.
//!
//! Pure. **Invariant:** no error repeats a number or a code.

use madkort_protocol::{CardNumber, CardUid};
use zeroize::Zeroizing;

/// Digits of a verification code, as a kiosk asks for them.
pub const CODE_DIGITS: usize = 4;

/// What is wrong with the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadLine {
    /// Nothing, or more than one line.
    #[error("there must be one line")]
    One,
    /// Not three or four words.
    #[error("must be the old card's number, the new one's number and its UID, with semicolons between them")]
    Shape,
    /// The old card's number is none.
    #[error("the first is no card number")]
    Number,
    /// The new card's number is none.
    #[error("the second is no card number")]
    NewNumber,
    /// The UID is none.
    #[error("the third is no card UID: 4, 7 or 10 bytes in hexadecimal, as the card-reader program shows it")]
    Uid,
    /// The code is none.
    #[error("the fourth is no verification code: 4 digits, or leave it out to have one made")]
    Code,
}

/// A card that takes another's place.
#[derive(Debug)]
pub struct Replacement {
    /// The old card's number.
    pub old: CardNumber,
    /// The new one's.
    pub new: CardNumber,
    /// What the new one's chip answers.
    pub uid: CardUid,
    /// The new one's verification code, where one is printed on it already.
    pub code: Option<Zeroizing<String>>,
}

/// The only line that says something.
pub fn only(text: &str) -> Result<&str, BadLine> {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    match (lines.next(), lines.next()) {
        (Some(line), None) => Ok(line),
        _ => Err(BadLine::One),
    }
}

/// A card's number.
pub fn number(text: &str) -> Result<CardNumber, BadLine> {
    CardNumber::parse(only(text)?).map_err(|_| BadLine::Number)
}

/// `OLD;NEW;UID`, or `OLD;NEW;UID;CODE`.
pub fn replacement(text: &str) -> Result<Replacement, BadLine> {
    let words: Vec<&str> = only(text)?.split(';').map(str::trim).collect();
    let (old, new, uid, code) = match words[..] {
        [old, new, uid] => (old, new, uid, None),
        [old, new, uid, code] => (old, new, uid, Some(code)),
        _ => return Err(BadLine::Shape),
    };
    let digits = |code: &str| code.len() == CODE_DIGITS && code.bytes().all(|b| b.is_ascii_digit());
    if !code.is_none_or(digits) {
        return Err(BadLine::Code);
    }
    Ok(Replacement {
        old: CardNumber::parse(old).map_err(|_| BadLine::Number)?,
        new: CardNumber::parse(new).map_err(|_| BadLine::NewNumber)?,
        uid: CardUid::parse(uid).map_err(|_| BadLine::Uid)?,
        code: code.map(|code| Zeroizing::new(code.to_owned())),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const OLD: &str = "12345678901237";
    const NEW: &str = "12345678901245";
    const UID: &str = "04A1B2C3D4E580";

    #[test]
    fn a_number_stands_alone() {
        assert_eq!(number(&format!("\n {OLD}\n")).unwrap().as_digits(), OLD);
        for (text, problem) in [("", BadLine::One), (&format!("{OLD}\n{NEW}"), BadLine::One), ("1234", BadLine::Number)]
        {
            assert_eq!(number(text).unwrap_err(), problem, "{text}");
        }
    }

    #[test]
    fn a_new_card_comes_with_its_code_or_without() {
        let made = replacement(&format!("{OLD};{NEW};{UID}")).unwrap();
        assert_eq!((made.old.as_digits(), made.new.as_digits(), made.uid.as_hex()), (OLD, NEW, UID));
        assert!(made.code.is_none());
        let printed = replacement(&format!("{OLD} ; {NEW} ; 04a1b2c3d4e580 ; 0815")).unwrap();
        assert_eq!(printed.code.unwrap().as_str(), "0815");
        for (text, problem) in [
            (OLD.to_owned(), BadLine::Shape),
            (format!("1;{NEW};{UID}"), BadLine::Number),
            (format!("{OLD};1;{UID}"), BadLine::NewNumber),
            (format!("{OLD};{NEW};04A1"), BadLine::Uid),
            (format!("{OLD};{NEW};{UID};815"), BadLine::Code),
            (format!("{OLD};{NEW};{UID};08i5"), BadLine::Code),
            (format!("{OLD};{NEW};{UID};0815;1"), BadLine::Shape),
        ] {
            let bad = replacement(&text).unwrap_err();
            assert_eq!(bad, problem, "{text}");
            assert!(!bad.to_string().contains(&OLD[..6]), "{bad}");
        }
    }
}
