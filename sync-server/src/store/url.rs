//! Where the books are: `sqlite:PATH` or `postgres://USER:PASSWORD@HOST/NAME`.
//!
//! Pure. **Invariant:** a password is shown by nothing but [`DatabaseUrl::reveal`].

use std::fmt;
use std::path::PathBuf;

/// What stands where a secret was.
const MASK: &str = "***";
/// Parameters of a PostgreSQL URL that may be shown. Every other one is masked: a new one may hold a secret.
const SHOWN: [&str; 5] = ["application_name", "connect_timeout", "sslmode", "sslrootcert", "target_session_attrs"];

/// The address of a database.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A file.
    Sqlite(PathBuf),
    /// A PostgreSQL server; the URL whole, with its secrets.
    Postgres(Secret),
}

/// A text that is not shown by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// The text is no address of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be sqlite:PATH or postgres://USER@HOST/NAME")]
pub struct NoDatabase;

impl DatabaseUrl {
    /// Reads the two forms.
    pub fn parse(text: &str) -> Result<Self, NoDatabase> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            return if path.is_empty() { Err(NoDatabase) } else { Ok(Self::Sqlite(path.into())) };
        }
        let rest = text.strip_prefix("postgres://").or_else(|| text.strip_prefix("postgresql://")).ok_or(NoDatabase)?;
        let place = &rest[rest.rfind('@').map_or(0, |at| at + 1)..];
        let (host, name) = place.split_once('/').ok_or(NoDatabase)?;
        let name = name.split('?').next().unwrap_or_default();
        let port_is_one = match host.rsplit_once(':') {
            Some((_, port)) if !port.ends_with(']') => port.parse::<u16>().is_ok(),
            _ => true,
        };
        let usable = !host.is_empty() && !host.starts_with(':') && !name.is_empty() && port_is_one;
        let plain = !text.chars().any(|c| c.is_whitespace() || c.is_control());
        if usable && plain { Ok(Self::Postgres(Secret(text.to_owned()))) } else { Err(NoDatabase) }
    }

    /// The URL with its secrets, for whoever opens the database.
    #[must_use]
    pub fn reveal(&self) -> String {
        match self {
            Self::Sqlite(path) => format!("sqlite:{}", path.display()),
            Self::Postgres(Secret(url)) => url.clone(),
        }
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(Secret(url)) => f.write_str(&masked(url)),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

/// Everything between the user's name and the last `@` goes, and the parameters that are not known to be harmless.
fn masked(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("postgres", url));
    let (user, place) = rest.rsplit_once('@').map_or((None, rest), |(user, place)| (Some(user), place));
    let user = user.map_or(String::new(), |user| match user.split_once(':') {
        Some((name, _)) => format!("{name}:{MASK}@"),
        None => format!("{user}@"),
    });
    let (place, parameters) = place.split_once('?').map_or((place, None), |(place, rest)| (place, Some(rest)));
    let show = |parameter: &str| match parameter.split_once('=') {
        Some((name, _)) if SHOWN.contains(&name) => parameter.to_owned(),
        Some((name, _)) => format!("{name}={MASK}"),
        None => MASK.to_owned(),
    };
    let parameters =
        parameters.map_or(String::new(), |all| format!("?{}", all.split('&').map(show).collect::<Vec<_>>().join("&")));
    format!("{scheme}://{user}{place}{parameters}")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read_and_nothing_else() {
        for good in
            ["sqlite:books.db", "postgres://h/n", "postgresql://u@h:5432/n", "postgres://u:p@[::1]:5/n?sslmode=require"]
        {
            assert_eq!(DatabaseUrl::parse(good).unwrap().reveal(), good);
        }
        for bad in [
            "",
            "books.db",
            "sqlite:",
            "mysql://h/n",
            "postgres://",
            "postgres://h",
            "postgres:///n",
            "postgres://h:x/n",
            "postgres://h/",
            "postgres://h/ n",
            "postgres://u:p@/n",
        ] {
            assert_eq!(DatabaseUrl::parse(bad), Err(NoDatabase), "{bad}");
        }
    }

    #[test]
    fn no_secret_is_shown() {
        for (url, shown) in [
            ("postgres://u:hunter2@h/n", "postgres://u:***@h/n"),
            ("postgres://u:hunter2@x@h:1/n", "postgres://u:***@h:1/n"),
            ("postgres://u:hunter2/?@h/n", "postgres://u:***@h/n"),
            ("postgres://u@h/n?sslmode=require&password=hunter2", "postgres://u@h/n?sslmode=require&password=***"),
            ("postgres://h/n?hunter2", "postgres://h/n?***"),
        ] {
            let parsed = DatabaseUrl::parse(url).unwrap();
            assert_eq!(parsed.to_string(), shown);
            assert!(!format!("{parsed:?}").contains("hunter2"));
        }
    }
}
