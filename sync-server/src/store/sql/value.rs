//! Values as both engines store them: whole numbers, text, bytes. Times are microseconds, days and words are text, lists JSON.
//!
//! **Invariant:** what one engine stores the other reads back the same, so that a ledger can move between them.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use madkort_protocol::Money;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

/// What an engine or a stored value got wrong.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// SQLite.
    #[error(transparent)]
    Sqlite(rusqlite::Error),
    /// PostgreSQL.
    #[error(transparent)]
    Postgres(#[from] tokio_postgres::Error),
    /// Something stored that cannot be, or cannot be stored.
    #[error("a stored {0} cannot be read")]
    Corrupt(&'static str),
    /// The file that is open is not the one at its path any more: what is written into it is lost.
    #[error("the database's file was moved, deleted or replaced")]
    Gone,
    /// The engine is not there; nothing is known to have been written.
    #[error("the database cannot be reached")]
    Unreachable,
    /// Another program holds the file: a move, for one. Nothing was written.
    #[error("another program holds the database")]
    Busy,
    /// The ledger has gone to another place, and takes no more writes here.
    #[error("this ledger has moved to {0}")]
    Moved(String),
    /// The ledger is on its way here from another place, and takes no writes yet.
    #[error("this ledger is on its way here from {0}")]
    Arriving(String),
}

impl DbError {
    /// The same once more, where it is told to all that waits and no piece of work is to blame.
    pub fn for_all(&self) -> Option<Self> {
        match self {
            Self::Unreachable => Some(Self::Unreachable),
            Self::Busy => Some(Self::Busy),
            Self::Moved(place) => Some(Self::Moved(place.clone())),
            Self::Arriving(place) => Some(Self::Arriving(place.clone())),
            Self::Sqlite(_) | Self::Postgres(_) | Self::Corrupt(_) | Self::Gone => None,
        }
    }
}

impl From<rusqlite::Error> for DbError {
    fn from(error: rusqlite::Error) -> Self {
        let busy = error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy);
        if busy { Self::Busy } else { Self::Sqlite(error) }
    }
}

/// What the engines answer.
pub type Db<T> = Result<T, DbError>;

/// Something stored that cannot be.
pub const fn corrupt(what: &'static str) -> DbError {
    DbError::Corrupt(what)
}

/// A value in a column or a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Nothing.
    Null,
    /// A whole number: counts, øre, microseconds, 0 or 1 for no and yes.
    Int(i64),
    /// Text.
    Text(String),
    /// Bytes: ids, digests, hashes.
    Bytes(Vec<u8>),
}

/// Values of a list, in their order.
macro_rules! values {
    ($($value:expr),* $(,)?) => { [$($crate::store::sql::value::Value::from($value)),*] };
}
pub(super) use values;

/// The bare word of an enum without fields.
pub fn word(value: &impl Serialize) -> Db<String> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => Ok(word),
        _ => Err(corrupt("word")),
    }
}

/// A list or a record as JSON.
pub fn json(value: &impl Serialize) -> Db<String> {
    serde_json::to_string(value).map_err(|_| corrupt("record"))
}

/// A count as it is stored. Counts grow by one: they do not reach the end of `i64`.
pub fn count(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Self::Int(value.into())
    }
}

impl From<u8> for Value {
    fn from(value: u8) -> Self {
        Self::Int(value.into())
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Int(value.into())
    }
}

impl From<Money> for Value {
    fn from(value: Money) -> Self {
        Self::Int(value.ore())
    }
}

impl From<Timestamp> for Value {
    fn from(value: Timestamp) -> Self {
        Self::Int(value.as_microsecond())
    }
}

impl From<Date> for Value {
    fn from(value: Date) -> Self {
        Self::Text(value.to_string())
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<&String> for Value {
    fn from(value: &String) -> Self {
        Self::Text(value.clone())
    }
}

impl From<Uuid> for Value {
    fn from(value: Uuid) -> Self {
        Self::Bytes(value.into_bytes().to_vec())
    }
}

impl From<[u8; 32]> for Value {
    fn from(value: [u8; 32]) -> Self {
        Self::Bytes(value.to_vec())
    }
}

impl From<&[u8]> for Value {
    fn from(value: &[u8]) -> Self {
        Self::Bytes(value.to_vec())
    }
}

impl From<&Option<String>> for Value {
    fn from(value: &Option<String>) -> Self {
        value.as_deref().into()
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// What can be read from a column.
pub trait FromValue: Sized {
    /// Reads it; `None` if it is something else.
    fn from_value(value: &Value) -> Option<Self>;
}

impl FromValue for i64 {
    fn from_value(value: &Value) -> Option<Self> {
        if let Value::Int(number) = value { Some(*number) } else { None }
    }
}

impl FromValue for u64 {
    fn from_value(value: &Value) -> Option<Self> {
        i64::from_value(value)?.try_into().ok()
    }
}

impl FromValue for u32 {
    fn from_value(value: &Value) -> Option<Self> {
        i64::from_value(value)?.try_into().ok()
    }
}

impl FromValue for u8 {
    fn from_value(value: &Value) -> Option<Self> {
        i64::from_value(value)?.try_into().ok()
    }
}

impl FromValue for bool {
    fn from_value(value: &Value) -> Option<Self> {
        match i64::from_value(value)? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

impl FromValue for Money {
    fn from_value(value: &Value) -> Option<Self> {
        i64::from_value(value).map(Self::from_ore)
    }
}

impl FromValue for Timestamp {
    fn from_value(value: &Value) -> Option<Self> {
        Self::from_microsecond(i64::from_value(value)?).ok()
    }
}

impl FromValue for String {
    fn from_value(value: &Value) -> Option<Self> {
        if let Value::Text(text) = value { Some(text.clone()) } else { None }
    }
}

impl FromValue for Date {
    fn from_value(value: &Value) -> Option<Self> {
        if let Value::Text(text) = value { text.parse().ok() } else { None }
    }
}

impl FromValue for Uuid {
    fn from_value(value: &Value) -> Option<Self> {
        if let Value::Bytes(bytes) = value { Self::from_slice(bytes).ok() } else { None }
    }
}

impl FromValue for Vec<u8> {
    fn from_value(value: &Value) -> Option<Self> {
        if let Value::Bytes(bytes) = value { Some(bytes.clone()) } else { None }
    }
}

impl FromValue for [u8; 32] {
    fn from_value(value: &Value) -> Option<Self> {
        if let Value::Bytes(bytes) = value { bytes.as_slice().try_into().ok() } else { None }
    }
}

impl FromValue for [u8; 16] {
    fn from_value(value: &Value) -> Option<Self> {
        if let Value::Bytes(bytes) = value { bytes.as_slice().try_into().ok() } else { None }
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: &Value) -> Option<Self> {
        if *value == Value::Null { Some(None) } else { T::from_value(value).map(Some) }
    }
}

/// A row that was read.
#[derive(Clone, Debug)]
pub struct Row {
    columns: Arc<[String]>,
    values: Vec<Value>,
}

impl Row {
    /// Values under the names of their columns.
    pub const fn new(columns: Arc<[String]>, values: Vec<Value>) -> Self {
        Self { columns, values }
    }

    /// A column by name.
    pub fn col<T: FromValue>(&self, name: &'static str) -> Db<T> {
        let place = self.columns.iter().position(|column| column == name).ok_or(corrupt(name))?;
        self.values.get(place).and_then(T::from_value).ok_or(corrupt(name))
    }

    /// An enum by its word.
    pub fn word<T: DeserializeOwned>(&self, name: &'static str) -> Db<T> {
        serde_json::from_value(serde_json::Value::String(self.col(name)?)).map_err(|_| corrupt(name))
    }

    /// A list or a record stored as JSON.
    pub fn json<T: DeserializeOwned>(&self, name: &'static str) -> Db<T> {
        serde_json::from_str(&self.col::<String>(name)?).map_err(|_| corrupt(name))
    }

    /// The values as they stand.
    pub fn into_values(self) -> Vec<Value> {
        self.values
    }
}
