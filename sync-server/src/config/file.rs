//! The configuration file: TOML, flat, nothing but known keys.
//!
//! **Invariant:** no message quotes the file: a line of it may hold a password.

use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::settings::{KEYS, Key, Settings};
use super::{Problem, Said, Source, said};

/// Bytes of a configuration: a hundred times what all keys need, so that a wrong path is noticed before it is read.
const LARGEST_FILE: u64 = 64 * 1024;

/// Reads a file's values into the settings, or what is wrong with it.
pub(super) fn read(file: &Path, settings: &mut Settings) {
    let whole = |what: Said| Problem { place: file.display().to_string(), key: None, what };
    let text = match text(file) {
        Ok(text) => text,
        Err(why) => return settings.problems.push(whole(why)),
    };
    let table = match DeTable::parse(&text) {
        Ok(table) => table,
        Err(error) => {
            let place = match error.span() {
                Some(span) => Source::File(file.to_owned(), line_of(&text, span.start)).to_string(),
                None => file.display().to_string(),
            };
            let why = error.message().lines().next().unwrap_or_default();
            let what = said(format!("ikke gyldig TOML ({why})"), format!("not valid TOML ({why})"));
            return settings.problems.push(Problem { place, key: None, what });
        }
    };
    let mut given = Vec::new();
    for (name, value) in table.get_ref() {
        let from = Source::File(file.to_owned(), line_of(&text, name.span().start));
        let Some(key) = KEYS.iter().find(|key| key.name == name.get_ref()) else {
            let known: Vec<_> = KEYS.iter().map(|key| key.name).collect();
            let known = known.join(", ");
            let what = said(format!("er ikke en nøgle; der er: {known}"), format!("is no key; there are: {known}"));
            settings.problems.push(Problem { place: from.to_string(), key: Some(name.get_ref().to_string()), what });
            continue;
        };
        match value_of(key, value.get_ref()) {
            Ok(text) => given.push((key.name, text, from)),
            Err(what) => {
                let key = Some(key.name.to_owned());
                settings.problems.push(Problem { place: from.to_string(), key, what });
            }
        }
    }
    settings.layer(given);
}

/// Text of a file of a sensible size.
pub(super) fn text(file: &Path) -> Result<String, Said> {
    let unreadable =
        |error: std::io::Error| said(format!("kan ikke læses ({error})"), format!("cannot be read ({error})"));
    if std::fs::metadata(file).map_err(unreadable)?.len() > LARGEST_FILE {
        return Err(said("er for stor til at være ment", "is too large to be meant"));
    }
    std::fs::read_to_string(file).map_err(unreadable)
}

fn value_of(key: &Key, value: &DeValue<'_>) -> Result<String, Said> {
    match value {
        DeValue::String(text) if !key.number => Ok(text.to_string()),
        DeValue::Integer(number) if key.number => {
            let number = i64::from_str_radix(number.as_str(), number.radix());
            number.map(|number| number.to_string()).map_err(|_| said("skal være et helt tal", "must be a whole number"))
        }
        _ if key.number => {
            Err(said("skal være et helt tal, uden citationstegn", "must be a whole number, without quotation marks"))
        }
        _ => Err(said("skal være en tekst i citationstegn", "must be a text in quotation marks")),
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}
