//! Language, and the bounds on what people type.
//!
//! Pure. **Invariant:** text that passes [`check_text`] has no control characters, so it can neither break a receipt nor a log.

use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Serialize};

/// What the screen and the paper speak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Language {
    /// Dansk.
    #[default]
    #[serde(rename = "da")]
    Danish,
    /// English.
    #[serde(rename = "en")]
    English,
}

impl Language {
    /// The BCP 47 tag.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Danish => "da",
            Self::English => "en",
        }
    }

    const fn choose(self, danish: &'static str, english: &'static str) -> &'static str {
        match self {
            Self::Danish => danish,
            Self::English => english,
        }
    }

    /// The month of a day, as it stands within a sentence: `november`, `November`.
    #[must_use]
    pub fn month_name(self, day: Date) -> &'static str {
        let (danish, english) = match day.month() {
            1 => ("januar", "January"),
            2 => ("februar", "February"),
            3 => ("marts", "March"),
            4 => ("april", "April"),
            5 => ("maj", "May"),
            6 => ("juni", "June"),
            7 => ("juli", "July"),
            8 => ("august", "August"),
            9 => ("september", "September"),
            10 => ("oktober", "October"),
            11 => ("november", "November"),
            _ => ("december", "December"),
        };
        self.choose(danish, english)
    }

    /// The day of the week as it begins a line: `Mandag`, `Monday`.
    #[must_use]
    pub fn weekday_name(self, day: Date) -> &'static str {
        let (danish, english) = match day.weekday() {
            Weekday::Monday => ("Mandag", "Monday"),
            Weekday::Tuesday => ("Tirsdag", "Tuesday"),
            Weekday::Wednesday => ("Onsdag", "Wednesday"),
            Weekday::Thursday => ("Torsdag", "Thursday"),
            Weekday::Friday => ("Fredag", "Friday"),
            Weekday::Saturday => ("Lørdag", "Saturday"),
            Weekday::Sunday => ("Søndag", "Sunday"),
        };
        self.choose(danish, english)
    }
}

/// Why a text was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidText {
    /// Nothing but spaces.
    #[error("the field is empty")]
    Empty,
    /// More characters than the field holds.
    #[error("the text is longer than {limit} characters")]
    TooLong {
        /// The most characters it may have.
        limit: usize,
    },
    /// A control character, such as an escape sequence for a printer.
    #[error("the text has a character that cannot be printed")]
    ControlCharacter,
    /// Not of the form name@domain.
    #[error("this is not an e-mail address")]
    NotAnEmail,
}

/// Trims, and refuses control characters (line breaks are kept) and more than `limit` characters.
pub fn check_text(text: &str, limit: usize) -> Result<String, InvalidText> {
    let text = text.trim();
    if text.is_empty() {
        return Err(InvalidText::Empty);
    }
    if text.chars().count() > limit {
        return Err(InvalidText::TooLong { limit });
    }
    if text.chars().any(|c| c.is_control() && c != '\n') {
        return Err(InvalidText::ControlCharacter);
    }
    Ok(text.to_owned())
}

/// A plain look at an e-mail address: one `@`, a dot in the domain, no spaces, at most 254 characters (RFC 5321, 4.5.3.1.3).
/// Whether it exists only a mail can tell.
pub fn check_email(text: &str) -> Result<String, InvalidText> {
    let text = check_text(text, 254)?;
    let (name, domain) = text.split_once('@').ok_or(InvalidText::NotAnEmail)?;
    let good_domain = domain.contains('.') && domain.split('.').all(|label| !label.is_empty());
    let good = !name.is_empty() && good_domain && !domain.contains('@') && !text.contains(char::is_whitespace);
    if good { Ok(text) } else { Err(InvalidText::NotAnEmail) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_people_mistype() {
        for good in ["mor@skole.dk", "å.æ+x@mail.example.org"] {
            assert!(check_email(good).is_ok(), "{good}");
        }
        for bad in ["", "mor", "mor@", "@skole.dk", "mor@skole", "mor @skole.dk", "a@b@c.dk", "mor@.dk"] {
            assert!(check_email(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_escape_sequence_is_not_a_comment() {
        assert_eq!(check_text("uden løg\u{1b}p0", 100), Err(InvalidText::ControlCharacter));
        assert_eq!(check_text("  uden løg ", 100), Ok("uden løg".to_owned()));
        assert_eq!(check_text("æøå", 2), Err(InvalidText::TooLong { limit: 2 }));
    }
}
