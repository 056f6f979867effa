//! Where a ledger is: `sqlite:PATH` or `postgres://…`.
//!
//! **Invariant:** what is shown of a URL holds no password.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// Where a ledger is.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A file beside the server.
    Sqlite(PathBuf),
    /// A PostgreSQL server; the URL may hold a password.
    Postgres(String),
}

/// A text that names no database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("say sqlite:PATH or postgres://user@host/database")]
pub struct NotADatabase;

impl FromStr for DatabaseUrl {
    type Err = NotADatabase;

    fn from_str(text: &str) -> Result<Self, NotADatabase> {
        match text.split_once(':') {
            Some(("sqlite", path)) if !path.is_empty() => Ok(Self::Sqlite(path.into())),
            Some(("postgres" | "postgresql", rest)) if rest.starts_with("//") => Ok(Self::Postgres(text.to_owned())),
            _ => Err(NotADatabase),
        }
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(url) => f.write_str(&masked(url)),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// The URL without its password, and without parameters, among which one may stand.
fn masked(url: &str) -> String {
    let (url, more) = url.split_once('?').map_or((url, ""), |(url, _)| (url, "?…"));
    let (scheme, rest) = url.split_once("//").unwrap_or(("", url));
    let shown = match rest.rsplit_once('@') {
        Some((who, place)) if who.contains(':') => {
            format!("{}:***@{place}", who.split(':').next().unwrap_or_default())
        }
        _ => rest.to_owned(),
    };
    format!("{scheme}//{shown}{more}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ledger_is_named_and_its_password_is_not() {
        let shown = |text: &str| text.parse::<DatabaseUrl>().map(|url| format!("{url} {url:?}"));
        let twice = |text: &str| Ok(format!("{text} {text}"));
        assert_eq!(shown("sqlite:/var/lib/madkort/books.db"), twice("sqlite:/var/lib/madkort/books.db"));
        assert_eq!(shown("postgres://kok@db/madkort"), twice("postgres://kok@db/madkort"));
        assert_eq!(shown("postgres://kok:s3:cr@t@db:5432/madkort"), twice("postgres://kok:***@db:5432/madkort"));
        assert_eq!(shown("postgresql://db/m?user=a&password=b"), twice("postgresql://db/m?…"));
        for bad in ["", "sqlite", "sqlite:", "books.db", "postgres:books", "mysql://db/m"] {
            assert_eq!(bad.parse::<DatabaseUrl>(), Err(NotADatabase), "{bad}");
        }
    }
}
