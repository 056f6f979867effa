//! The keys, and what their values may be.
//!
//! **Invariant:** [`KEYS`] is the whole of what can be said; the stronger layer's word replaces the weaker one's.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use tracing_subscriber::EnvFilter;
use zeroize::Zeroizing;

use crate::cpr::CprKey;
use crate::limits::{Kind, Rate, Rates};
use crate::mail::{Authorities, Security, SmtpSettings};

use super::{Config, DatabaseUrl, Effective, Problem, Problems, Said, Source, file, said};

/// A configuration file with every key at its default.
pub const EXAMPLE: &str = include_str!("../../config.example.toml");

/// Connections at once unless somebody says otherwise: below the 1024 open files a process usually gets, with room for the
/// database and the log.
pub const MOST_CONNECTIONS: usize = 900;

/// Something that can be said.
#[derive(Debug)]
pub struct Key {
    /// In the file; as a flag, where it has one, with dashes.
    pub name: &'static str,
    /// In the environment.
    pub variable: &'static str,
    /// What holds where nobody says anything.
    pub default: Option<&'static str>,
    /// Whether it is a number in the file.
    pub number: bool,
}

const fn key(name: &'static str, variable: &'static str, default: Option<&'static str>) -> Key {
    Key { name, variable, default, number: false }
}

/// Every key, in the order in which they are shown.
pub const KEYS: &[Key] = &[
    key("database", "MADKORT_DATABASE", Some("sqlite:madkort.db")),
    key("database_file", "MADKORT_DATABASE_FILE", None),
    key("listen", "MADKORT_LISTEN", Some("127.0.0.1:8080")),
    key("public_url", "MADKORT_PUBLIC_URL", None),
    key("gateway", "MADKORT_GATEWAY", Some("none")),
    key("log_format", "MADKORT_LOG_FORMAT", Some("json")),
    key("log_filter", "MADKORT_LOG_FILTER", Some("info")),
    key("metrics_listen", "MADKORT_METRICS_LISTEN", None),
    key("smtp_url", "MADKORT_SMTP_URL", None),
    key("smtp_password_file", "MADKORT_SMTP_PASSWORD_FILE", None),
    key("smtp_from", "MADKORT_SMTP_FROM", None),
    key("smtp_ca_file", "MADKORT_SMTP_CA_FILE", None),
    key("cpr_key_file", "MADKORT_CPR_KEY_FILE", None),
    Key { number: true, ..key("connections", "MADKORT_CONNECTIONS", Some("900")) },
    key("limit_enrolments", "MADKORT_LIMIT_ENROLMENTS", Some("10/1m")),
    key("limit_log_ins", "MADKORT_LIMIT_LOG_INS", Some("60/1m")),
    key("limit_deposits", "MADKORT_LIMIT_DEPOSITS", Some("10/10m")),
    key("limit_quotes", "MADKORT_LIMIT_QUOTES", Some("300/1m")),
    key("limit_transfers", "MADKORT_LIMIT_TRANSFERS", Some("20/10m")),
    key("limit_withdrawals", "MADKORT_LIMIT_WITHDRAWALS", Some("10/10m")),
    key("limit_mandate_pages", "MADKORT_LIMIT_MANDATE_PAGES", Some("10/10m")),
    key("limit_picture_pages", "MADKORT_LIMIT_PICTURE_PAGES", Some("10/10m")),
    key("limit_pages", "MADKORT_LIMIT_PAGES", Some("600/1m")),
    key("limit_uploads", "MADKORT_LIMIT_UPLOADS", Some("60/10m")),
    key("limit_resets", "MADKORT_LIMIT_RESETS", Some("20/1h")),
    key("limit_reset_letters", "MADKORT_LIMIT_RESET_LETTERS", Some("3/1h")),
    key("limit_statement_letters", "MADKORT_LIMIT_STATEMENT_LETTERS", Some("13/1h")),
    key("limit_ticket_letters", "MADKORT_LIMIT_TICKET_LETTERS", Some("10/1h")),
];

/// Who takes payments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gateway {
    /// Nobody: no deposits and no auto top-up.
    None,
    /// The server's own sandbox, which moves no money.
    Sandbox,
}

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line.
    Json,
    /// For a person at a terminal.
    Text,
}

/// What is logged, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSettings {
    /// How a line looks.
    pub format: Format,
    /// What is let through, in the words of `tracing_subscriber::EnvFilter`.
    pub filter: String,
}

/// A value somebody gave.
struct Given {
    text: String,
    from: Source,
}

/// What has been said so far.
#[derive(Default)]
pub(super) struct Settings {
    given: BTreeMap<&'static str, Given>,
    pub(super) problems: Vec<Problem>,
}

impl Settings {
    /// Puts a stronger layer on top.
    pub(super) fn layer(&mut self, given: Vec<(&'static str, String, Source)>) {
        let names = |name| given.iter().any(|(key, _, _)| *key == name);
        if names("database") && names("database_file") {
            let place = given.iter().find(|(key, _, _)| *key == "database_file").map(|(_, _, from)| from.to_string());
            let what = said(
                "siger, hvor databasen er, og det gør database også: en af dem skal væk",
                "says where the database is, and so does database: one of them must go",
            );
            let key = Some("database_file".to_owned());
            self.problems.push(Problem { place: place.unwrap_or_default(), key, what });
        } else if names("database") || names("database_file") {
            // The two are one question: the stronger layer's answer is the answer.
            self.given.remove("database");
            self.given.remove("database_file");
        }
        self.given.extend(given.into_iter().map(|(key, text, from)| (key, Given { text, from })));
    }

    /// Checks every value.
    pub(super) fn check(mut self) -> Result<Config, Problems> {
        let database = self.database();
        let listen = self.take("listen", address);
        let public_url = self.take_if_given("public_url", web_address);
        let gateway = self.take("gateway", gateway);
        let format = self.take("log_format", format);
        let filter = self.take("log_filter", filter);
        let metrics_listen = self.take_if_given("metrics_listen", loopback);
        let smtp = self.smtp();
        let cpr_key = self.take_if_given("cpr_key_file", cpr_key);
        let connections = self.take("connections", connections);
        let rates = self.rates();
        let effective = KEYS.iter().map(|key| self.effective(key, database.as_ref())).collect();
        match (database, listen, gateway, format, filter, connections) {
            (Some(database), Some(listen), Some(gateway), Some(format), Some(filter), Some(connections))
                if self.problems.is_empty() =>
            {
                let log = LogSettings { format, filter };
                Ok(Config {
                    database,
                    listen,
                    public_url,
                    gateway,
                    log,
                    metrics_listen,
                    smtp,
                    cpr_key,
                    connections,
                    rates,
                    effective,
                })
            }
            _ => Err(Problems(self.problems)),
        }
    }

    /// How often anything may be asked for.
    fn rates(&mut self) -> Rates {
        let mut rates = Rates::default();
        for kind in Kind::ALL {
            if let Some(rate) = self.take(kind.row().key, rate) {
                rates.set(*kind, rate);
            }
        }
        rates
    }

    /// How letters are sent, if they are: where one of the keys is said, the sender must be.
    fn smtp(&mut self) -> Option<SmtpSettings> {
        let server = self.take_if_given("smtp_url", mail_server);
        let from = self.take_if_given("smtp_from", sender);
        let password = self.take_if_given("smtp_password_file", |path| {
            file::text(Path::new(path)).map(|text| text.trim_end_matches(['\r', '\n']).to_owned())
        });
        if self.given.contains_key("smtp_url") != self.given.contains_key("smtp_from") {
            let key = Some("smtp_from".to_owned());
            let what = said("og smtp_url siges sammen eller slet ikke", "and smtp_url are said together or not at all");
            self.problems.push(Problem { place: "smtp_url".to_owned(), key, what });
        }
        let authorities = self.take_if_given("smtp_ca_file", authorities);
        if self.given.contains_key("smtp_ca_file") && !self.given.contains_key("smtp_url") {
            let key = Some("smtp_ca_file".to_owned());
            let what = said(
                "er for mailserveren, og smtp_url er ikke sagt",
                "is for the mail server, and smtp_url is not said",
            );
            self.problems.push(Problem { place: "smtp_url".to_owned(), key, what });
        }
        let (server, from) = (server?, from?);
        if server.user.is_some() != password.is_some() {
            let key = Some("smtp_password_file".to_owned());
            let what = said(
                "og en bruger i smtp_url siges sammen eller slet ikke",
                "and a user in smtp_url are said together or not at all",
            );
            self.problems.push(Problem { place: "smtp_url".to_owned(), key, what });
        }
        let MailServer { host, port, security, user } = server;
        // Who says whom to believe wants a proof, also of this machine.
        let proved = security == Security::Plain && authorities.is_some();
        let security = if proved { Security::StartTls } else { security };
        Some(SmtpSettings { host, port, security, authorities, login: user.zip(password), from })
    }

    fn database(&mut self) -> Option<DatabaseUrl> {
        if !self.given.contains_key("database_file") {
            return self.take("database", |text| {
                let da = "skal være sqlite:STI eller postgres://BRUGER@VÆRT/NAVN";
                DatabaseUrl::parse(text).map_err(|error| said(da, error.to_string()))
            });
        }
        self.take("database_file", |path| {
            let text = file::text(Path::new(path))?;
            DatabaseUrl::parse(text.trim()).map_err(|error| {
                let da = "nævner en fil, hvis eneste linje skal være sqlite:STI eller postgres://BRUGER@VÆRT/NAVN";
                said(da, format!("names a file whose only line {error}"))
            })
        })
    }

    fn take<T>(&mut self, name: &'static str, read: impl Fn(&str) -> Result<T, Said>) -> Option<T> {
        let default = KEYS.iter().find(|key| key.name == name).and_then(|key| key.default);
        let (text, from) = match self.given.get(name) {
            Some(given) => (given.text.as_str(), &given.from),
            None => (default?, &Source::Default),
        };
        match read(text) {
            Ok(value) => Some(value),
            Err(what) => {
                self.problems.push(Problem { place: from.to_string(), key: Some(name.to_owned()), what });
                None
            }
        }
    }

    fn take_if_given<T>(&mut self, name: &'static str, read: impl Fn(&str) -> Result<T, Said>) -> Option<T> {
        if self.given.contains_key(name) { self.take(name, read) } else { None }
    }

    fn effective(&self, key: &Key, database: Option<&DatabaseUrl>) -> Effective {
        let given = self.given.get(key.name);
        let from = given.map_or(Source::Default, |given| given.from.clone());
        let text = given.map(|given| given.text.as_str());
        let shown = match key.name {
            "database" => match (database, self.given.contains_key("database_file")) {
                (Some(url), false) => url.to_string(),
                (Some(url), true) => format!("{url}, as database_file says"),
                (None, _) => String::new(),
            },
            _ => text.or(key.default).unwrap_or("not set").to_owned(),
        };
        Effective { key: key.name, shown, from }
    }
}

fn address(text: &str) -> Result<SocketAddr, Said> {
    text.parse().map_err(|_| {
        let da = "skal være en IP-adresse og en port, såsom 127.0.0.1:8080";
        said(da, "must be an IP address and a port, such as 127.0.0.1:8080")
    })
}

/// Whoever reaches the metrics reads them: only this machine may.
fn loopback(text: &str) -> Result<SocketAddr, Said> {
    let address = address(text)?;
    if address.ip().is_loopback() {
        Ok(address)
    } else {
        let da = "skal være en loopback-adresse, såsom 127.0.0.1:9464";
        Err(said(da, "must be a loopback address, such as 127.0.0.1:9464"))
    }
}

fn web_address(text: &str) -> Result<String, Said> {
    let wrong = || {
        let da = "skal være http:// eller https:// og en vært, uden navn, forespørgsel eller fragment";
        said(da, "must be http:// or https:// and a host, without name, query or fragment")
    };
    let uri: axum::http::Uri = text.parse().map_err(|_| wrong())?;
    let web = matches!(uri.scheme_str(), Some("http" | "https"));
    let plain = uri.query().is_none() && !text.contains(['#', '@']);
    let hosted = uri.host().is_some_and(|host| !host.is_empty());
    if web && plain && hosted { Ok(text.trim_end_matches('/').to_owned()) } else { Err(wrong()) }
}

struct MailServer {
    host: String,
    port: u16,
    security: Security,
    user: Option<String>,
}

/// `smtps://[USER@]HOST[:465]`, `smtp://[USER@]HOST[:587]` with STARTTLS, and to this machine also without TLS. A password would
/// be seen in a list of processes: it has a file.
fn mail_server(text: &str) -> Result<MailServer, Said> {
    let wrong = || {
        let da = "skal være smtps://BRUGER@VÆRT eller smtp://BRUGER@VÆRT, med adgangskoden i smtp_password_file";
        said(da, "must be smtps://USER@HOST or smtp://USER@HOST, with the password in smtp_password_file")
    };
    let (security, rest) = match (text.strip_prefix("smtps://"), text.strip_prefix("smtp://")) {
        (Some(rest), _) => (Security::Tls, rest),
        (None, Some(rest)) => (Security::StartTls, rest),
        (None, None) => return Err(wrong()),
    };
    let (user, place) = rest.rsplit_once('@').map_or((None, rest), |(user, place)| (Some(user), place));
    if user.is_some_and(|user| user.is_empty() || user.contains(':')) {
        return Err(wrong());
    }
    let authority: axum::http::uri::Authority = place.parse().map_err(|_| wrong())?;
    let host = authority.host().trim_matches(['[', ']']).to_owned();
    let here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    let security = if security == Security::StartTls && here { Security::Plain } else { security };
    let usual = if security == Security::Tls { 465 } else { 587 };
    Ok(MailServer { host, port: authority.port_u16().unwrap_or(usual), security, user: user.map(str::to_owned) })
}

fn sender(text: &str) -> Result<String, Said> {
    let address = text.parse::<lettre::Address>();
    address.map(|_| text.to_owned()).map_err(|_| said("skal være en e-mailadresse", "must be an e-mail address"))
}

fn authorities(path: &str) -> Result<Authorities, Said> {
    Authorities::parse(&file::text(Path::new(path))?).map_err(|_| {
        let da = "skal nævne en fil med certifikater (PEM) fra dem, der udsteder mailserverens";
        said(da, "must name a file of certificates (PEM) of those who issue the mail server's")
    })
}

fn cpr_key(path: &str) -> Result<CprKey, Said> {
    let text = Zeroizing::new(file::text(Path::new(path))?);
    CprKey::parse(&text).map_err(|_| {
        let da = "skal nævne en fil med 64 hexadecimale cifre og ikke andet";
        said(da, "must name a file that holds 64 hexadecimal digits and nothing else")
    })
}

fn gateway(text: &str) -> Result<Gateway, Said> {
    match text {
        "none" => Ok(Gateway::None),
        "sandbox" => Ok(Gateway::Sandbox),
        _ => Err(said("skal være none eller sandbox", "must be none or sandbox")),
    }
}

fn format(text: &str) -> Result<Format, Said> {
    match text {
        "json" => Ok(Format::Json),
        "text" => Ok(Format::Text),
        _ => Err(said("skal være json eller text", "must be json or text")),
    }
}

fn filter(text: &str) -> Result<String, Said> {
    let filter = EnvFilter::try_new(text).map(|_| text.to_owned());
    filter.map_err(|error| {
        said(format!("skal være et filter til loggen ({error})"), format!("must be a filter of the log ({error})"))
    })
}

fn connections(text: &str) -> Result<usize, Said> {
    let number = text.parse().ok().filter(|number| (1..=65_535).contains(number));
    let wrong = || said("skal være et helt tal fra 1 til 65535", "must be a whole number from 1 to 65535");
    number.ok_or_else(wrong)
}

fn rate(text: &str) -> Result<Rate, Said> {
    Rate::parse(text).map_err(|error| {
        let da = "skal være hvor mange på hvor lang tid, såsom 10/5m: fra 1 til 1000000, i sekunder (s), minutter (m) eller timer (h), \
                  højst 24h";
        said(da, error.to_string())
    })
}
