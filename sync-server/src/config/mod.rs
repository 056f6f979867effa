//! What the server is told before it starts: a TOML file, the environment, and flags.
//!
//! Reads what it is pointed at and nothing else. A flag is stronger than an environment variable, and that is stronger than
//! the file; an empty environment variable says nothing. All three speak of the same keys: [`KEYS`].
//!
//! **Invariant:** a [`Config`] holds only values that are usable in themselves; whatever is wrong is found at once, as
//! [`Problems`] that name key and place. A database's password is in no message.

mod file;
mod settings;

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use madkort_protocol::Language;

use crate::cpr::CprKey;
use crate::limits::Rates;
use crate::mail::SmtpSettings;
pub use crate::store::DatabaseUrl;
pub use settings::{EXAMPLE, Format, Gateway, Key, LogSettings};
pub use settings::{KEYS, MOST_CONNECTIONS};

use settings::Settings;

/// Names the configuration file where no flag does.
pub const FILE_VARIABLE: &str = "MADKORT_CONFIG";

/// What somebody wrote on the command line: the file, and values by key.
#[derive(Default)]
pub struct Flags {
    /// The configuration file.
    pub config: Option<PathBuf>,
    /// Values by the name of their key; `None` where the flag was not given.
    pub values: Vec<(&'static str, Option<String>)>,
}

/// Everything the server must know, checked.
#[derive(Debug)]
pub struct Config {
    /// Where the books are.
    pub database: DatabaseUrl,
    /// The address to listen on.
    pub listen: SocketAddr,
    /// How a telephone reaches this server, without a slash at the end; where missing, the address it listens on.
    pub public_url: Option<String>,
    /// Who takes payments.
    pub gateway: Gateway,
    /// What is logged, and how.
    pub log: LogSettings,
    /// Where metrics are served, if anywhere.
    pub metrics_listen: Option<SocketAddr>,
    /// How letters are sent; without it they wait.
    pub smtp: Option<SmtpSettings>,
    /// What CPR numbers are sealed under; without it none can be put.
    pub cpr_key: Option<CprKey>,
    /// Connections at once.
    pub connections: usize,
    /// How often anything may be asked for.
    pub rates: Rates,
    effective: Vec<Effective>,
}

/// One key as it stands, fit to be shown.
#[derive(Debug)]
struct Effective {
    key: &'static str,
    shown: String,
    from: Source,
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Nobody said anything.
    Default,
    /// The file, at a line from 1.
    File(PathBuf, usize),
    /// An environment variable.
    Environment(&'static str),
    /// A flag, named like its key.
    Flag(&'static str),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(file, line) => write!(f, "{}:{line}", file.display()),
            Self::Environment(name) => f.write_str(name),
            Self::Flag(key) => write!(f, "--{}", key.replace('_', "-")),
        }
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where: file and line, variable or flag.
    pub place: String,
    /// The key, where it is about one.
    pub key: Option<String>,
    /// What.
    pub what: Said,
}

/// The end of a sentence that begins with a key, in both languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Danish.
    pub da: String,
    /// English.
    pub en: String,
}

fn said(da: impl Into<String>, en: impl Into<String>) -> Said {
    Said { da: da.into(), en: en.into() }
}

impl Problem {
    /// Where it is, and what.
    #[must_use]
    pub fn sentence(&self, language: Language) -> String {
        let key = self.key.as_ref().map(|key| format!("{key} ")).unwrap_or_default();
        let what = match language {
            Language::Danish => &self.what.da,
            Language::English => &self.what.en,
        };
        format!("{}: {key}{what}", self.place)
    }
}

/// Everything that is wrong, in the order of the keys; told in Danish, and then in English.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = |language| self.0.iter().map(move |problem| problem.sentence(language));
        writeln!(f, "Konfigurationen kan ikke bruges:")?;
        of(Language::Danish).try_for_each(|sentence| writeln!(f, "  {sentence}"))?;
        write!(f, "The configuration cannot be used:")?;
        of(Language::English).try_for_each(|sentence| write!(f, "\n  {sentence}"))
    }
}

impl std::error::Error for Problems {}

impl Config {
    /// Reads file, environment and flags. `environment` says what a variable holds.
    pub fn load(flags: &Flags, environment: &dyn Fn(&str) -> Option<String>) -> Result<Self, Problems> {
        let mut settings = Settings::default();
        let file =
            flags.config.clone().or_else(|| environment(FILE_VARIABLE).filter(|p| !p.is_empty()).map(Into::into));
        if let Some(file) = file {
            file::read(&file, &mut settings);
        }
        let said = |key: &Key| Some((key.name, environment(key.variable)?, Source::Environment(key.variable)));
        settings.layer(KEYS.iter().filter_map(said).filter(|(_, text, _)| !text.is_empty()).collect());
        let said = flags.values.iter().filter_map(|(key, text)| Some((*key, text.clone()?, Source::Flag(key))));
        settings.layer(said.collect());
        settings.check()
    }

    /// What is in force and where it comes from, a line for each key; nothing secret.
    #[must_use]
    pub fn effective(&self) -> String {
        let line = |one: &Effective| format!("{:<23} {}  ({})\n", one.key, one.shown, one.from);
        self.effective.iter().map(line).collect()
    }

    /// Where the sandbox keeps its books: beside ours, never among them.
    #[must_use]
    pub fn sandbox_file(&self) -> PathBuf {
        match &self.database {
            DatabaseUrl::Sqlite(path) => path.with_extension("sandbox.db"),
            DatabaseUrl::Postgres(_) => Path::new("madkort.sandbox.db").to_owned(),
        }
    }
}
