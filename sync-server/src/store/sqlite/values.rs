//! How values stand in columns: times as microseconds, days as text, enums as their word on the wire, lists as JSON.

use jiff::Timestamp;
use jiff::civil::Date;
use madkort_protocol::Money;
use rusqlite::Row;
use rusqlite::types::{FromSql, Type};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A time as it is stored.
pub(super) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// A count as it is stored. Counts grow by one: they do not reach the end of `i64`.
pub(super) fn count(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// The word of an enum, or the JSON of a list.
pub(super) fn json(value: &impl Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

/// The bare word of an enum without fields.
pub(super) fn word(value: &impl Serialize) -> rusqlite::Result<String> {
    Ok(json(value)?.trim_matches('"').to_owned())
}

/// Reads columns of a row by name, as what they stand for.
pub(super) trait Columns {
    fn col<T: FromSql>(&self, name: &str) -> rusqlite::Result<T>;

    fn time(&self, name: &str) -> rusqlite::Result<Timestamp> {
        time(self.col(name)?)
    }

    fn maybe_time(&self, name: &str) -> rusqlite::Result<Option<Timestamp>> {
        self.col::<Option<i64>>(name)?.map(time).transpose()
    }

    fn money(&self, name: &str) -> rusqlite::Result<Money> {
        self.col(name).map(Money::from_ore)
    }

    fn count(&self, name: &str) -> rusqlite::Result<u64> {
        u64::try_from(self.col::<i64>(name)?).map_err(|_| corrupt("count"))
    }

    fn day(&self, name: &str) -> rusqlite::Result<Date> {
        self.col::<String>(name)?.parse().map_err(|_| corrupt("day"))
    }

    fn json<T: DeserializeOwned>(&self, name: &str) -> rusqlite::Result<T> {
        serde_json::from_str(&self.col::<String>(name)?).map_err(|_| corrupt("list"))
    }

    fn word<T: DeserializeOwned>(&self, name: &str) -> rusqlite::Result<T> {
        let word: String = self.col(name)?;
        serde_json::from_value(serde_json::Value::String(word)).map_err(|_| corrupt("word"))
    }
}

impl Columns for Row<'_> {
    fn col<T: FromSql>(&self, name: &str) -> rusqlite::Result<T> {
        self.get(name)
    }
}

fn time(stored: i64) -> rusqlite::Result<Timestamp> {
    Timestamp::from_microsecond(stored).map_err(|_| corrupt("time"))
}

/// Something stored that cannot be.
pub(super) fn corrupt(what: &'static str) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, Type::Null, format!("a stored {what} cannot be read").into())
}
