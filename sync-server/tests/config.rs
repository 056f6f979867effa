//! What the server is told, and what it says of it.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use madkort_protocol::Language;
use sync_server::config::{Config, EXAMPLE, Flags, Format, Gateway, KEYS, MOST_CONNECTIONS, Problems};
use sync_server::limits::{Kind, Rate};
use sync_server::mail::Security;

const PASSWORD: &str = "hunter2";

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn run(&self, args: &[&str], environment: &[(&str, &str)]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sync-server"));
        for key in KEYS {
            command.env_remove(key.variable);
        }
        command.args(args).current_dir(self.0.path()).envs(environment.iter().copied()).output().unwrap()
    }
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn load(file: Option<&Path>, environment: &[(&str, &str)], flags: &[(&'static str, &str)]) -> Result<Config, Problems> {
    let values = flags.iter().map(|(key, value)| (*key, Some((*value).to_owned()))).collect();
    let flags = Flags { config: file.map(Path::to_owned), values };
    Config::load(&flags, &|name| {
        environment.iter().find(|(variable, _)| *variable == name).map(|(_, value)| (*value).to_owned())
    })
}

fn problems(text: &str) -> Vec<String> {
    let folder = Folder::new();
    let file = folder.write("madkort.toml", text);
    let place = format!("{}:", file.display());
    let problems = load(Some(&file), &[], &[]).unwrap_err();
    problems.0.iter().map(|problem| problem.sentence(Language::English).replace(&place, "")).collect()
}

#[test]
fn nothing_said_is_enough() {
    let config = load(None, &[], &[]).unwrap();
    assert_eq!(config.database.to_string(), "sqlite:madkort.db");
    assert_eq!((config.listen.to_string().as_str(), config.public_url), ("127.0.0.1:8080", None));
    // A server that nobody told otherwise takes no test cards for money.
    assert_eq!(config.gateway, Gateway::None);
    assert_eq!((config.log.format, config.log.filter.as_str()), (Format::Json, "info"));
    assert_eq!((config.metrics_listen, config.connections), (None, MOST_CONNECTIONS));
    assert!(config.cpr_key.is_none());
    for kind in Kind::ALL {
        assert_eq!(config.rates.of(*kind), kind.row().usual, "{kind:?}");
    }
}

#[test]
fn the_example_is_the_defaults_and_names_every_key() {
    let folder = Folder::new();
    let as_it_is = load(Some(&folder.write("a.toml", EXAMPLE)), &[], &[]).unwrap();
    let values = |config: &Config| {
        let lines = config.effective();
        lines.lines().map(|line| line.split("  (").next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(values(&as_it_is), values(&load(None, &[], &[]).unwrap()));
    for key in KEYS {
        let lines =
            EXAMPLE.lines().filter(|line| line.trim_start_matches("# ").starts_with(&format!("{} = ", key.name)));
        assert_eq!(lines.count(), 1, "{}", key.name);
    }
    // What is commented out is right too; only the database cannot be said twice, and a password's file is not here.
    let says_something = |line: &&str| line.contains(" = \"") && !line.contains("database") && !line.contains("_file");
    let all: Vec<_> = EXAMPLE.lines().filter(says_something).map(|line| line.trim_start_matches("# ")).collect();
    let config = load(Some(&folder.write("b.toml", &all.join("\n"))), &[], &[]).unwrap();
    assert_eq!(config.public_url.unwrap(), "https://madkort.example");
    assert!(config.metrics_listen.is_some());
    assert_eq!(said(&folder.run(&["config", "show-example"], &[])), EXAMPLE);
}

#[test]
fn every_key_is_in_the_readme() {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md")).unwrap();
    for key in KEYS {
        assert!(readme.contains(&format!("| `{}` |", key.name)), "{}", key.name);
    }
}

#[test]
fn a_flag_beats_the_environment_and_that_beats_the_file() {
    let folder = Folder::new();
    let text = "listen = \"127.0.0.1:1\"\ngateway = \"sandbox\"\nlog_format = \"text\"\nconnections = 7\n";
    let file = folder.write("madkort.toml", text);
    let environment = [("MADKORT_LISTEN", "127.0.0.1:2"), ("MADKORT_GATEWAY", "none"), ("MADKORT_LOG_FORMAT", "")];
    let config = load(Some(&file), &environment, &[("listen", "127.0.0.1:3")]).unwrap();
    assert_eq!((config.listen.port(), config.gateway, config.log.format), (3, Gateway::None, Format::Text));
    assert_eq!(config.connections, 7);
    let effective = config.effective();
    for from in ["(--listen)", "(MADKORT_GATEWAY)", "madkort.toml:3)", "madkort.toml:4)", "(default)"] {
        assert!(effective.contains(from), "{from}: {effective}");
    }
    // The file itself can be named by the environment.
    let named = [("MADKORT_CONFIG", file.to_str().unwrap())];
    assert_eq!(load(None, &named, &[]).unwrap().listen.port(), 1);
}

#[test]
fn the_stronger_word_on_the_database_counts_whether_it_is_an_address_or_a_file() {
    let folder = Folder::new();
    let secret = folder.write("address", "postgres://u:hunter2@db.example/madkort\n");
    let secret = secret.to_str().unwrap();
    let file = folder.write("madkort.toml", &format!("database_file = \"{secret}\"\n"));
    assert_eq!(load(Some(&file), &[], &[]).unwrap().database.reveal(), "postgres://u:hunter2@db.example/madkort");
    let config = load(Some(&file), &[("MADKORT_DATABASE", "sqlite:a.db")], &[]).unwrap();
    assert_eq!(config.database.reveal(), "sqlite:a.db");
    let config = load(Some(&file), &[("MADKORT_DATABASE", "sqlite:a.db")], &[("database_file", secret)]).unwrap();
    assert_eq!(config.database.to_string(), "postgres://u:***@db.example/madkort");
    let both = load(None, &[], &[("database", "sqlite:a.db"), ("database_file", secret)]).unwrap_err();
    assert!(both.to_string().contains("one of them must go"), "{both}");
}

#[test]
fn everything_that_is_wrong_is_said_at_once_with_key_and_line() {
    let text = "database = \"mysql://u:hunter2@h/n\"\nlisten = \"here\"\npublic_url = \"ftp://x\"\ngateway = \"visa\"\n\
                log_format = 7\nlog_filter = \"a=b=c\"\nmetrics_listen = \"0.0.0.0:9\"\nconnections = \"900\"\n\
                listne = \"127.0.0.1:1\"\n";
    let said = problems(text);
    let expected = [
        "5: log_format must be a text in quotation marks",
        "8: connections must be a whole number, without quotation marks",
        "9: listne is no key; there are: database, database_file,",
        "1: database must be sqlite:PATH or postgres://USER@HOST/NAME",
        "2: listen must be an IP address and a port",
        "3: public_url must be http:// or https://",
        "4: gateway must be none or sandbox",
        "6: log_filter must be a filter",
        "7: metrics_listen must be a loopback address",
    ];
    for line in expected {
        assert!(said.iter().any(|said| said.starts_with(line)), "{line}: {said:#?}");
    }
    assert_eq!(said.len(), expected.len(), "{said:#?}");
    assert!(!said.join(" ").contains(PASSWORD));
}

#[test]
fn a_file_that_is_no_configuration_is_said_without_quoting_it() {
    for (text, expected) in [
        ("database = \"postgres://u:hunter2@h/n\n", "1: not valid TOML"),
        ("listen = \"127.0.0.1:1\"\nlisten = \"127.0.0.1:2\"\n", "2: not valid TOML"),
        ("connections = 0\n", "1: connections must be a whole number from 1"),
        ("connections = 99999999999999999999\n", "1: connections must be a whole number"),
    ] {
        let said = problems(text);
        assert!(said.len() == 1 && said[0].starts_with(expected), "{said:?}");
        assert!(!said[0].contains(PASSWORD));
    }
    let gone = load(Some(Path::new("/nowhere/madkort.toml")), &[], &[]).unwrap_err();
    assert!(gone.to_string().contains("/nowhere/madkort.toml: cannot be read"), "{gone}");
    let large = Folder::new();
    let large = load(Some(&large.write("x", &"#".repeat(70_000))), &[], &[]).unwrap_err();
    assert!(large.to_string().contains("too large"));
}

#[test]
fn a_limit_is_said_in_the_file_or_the_environment_and_checked() {
    let folder = Folder::new();
    let file = folder.write("madkort.toml", "limit_deposits = \"3/5m\"\nlimit_pages = \"7/2h\"\n");
    let config = load(Some(&file), &[("MADKORT_LIMIT_PAGES", "8/10s")], &[]).unwrap();
    assert_eq!(config.rates.of(Kind::Deposits), Rate { most: 3, seconds: 300 });
    assert_eq!(config.rates.of(Kind::Pages), Rate { most: 8, seconds: 10 });
    assert_eq!(config.rates.of(Kind::Quotes), Kind::Quotes.row().usual);
    assert_eq!(
        problems("limit_deposits = \"many\"\nlimit_pages = 7\nlimit_quotes = \"0/1m\"\n")
            .iter()
            .map(|said| said.split_once(" must be ").unwrap().0.to_owned())
            .collect::<Vec<_>>(),
        ["2: limit_pages", "1: limit_deposits", "3: limit_quotes"],
    );
    assert!(folder.run(&["migrate"], &[]).status.success());
    let wrong = folder.run(&["config", "check"], &[("MADKORT_LIMIT_DEPOSITS", "3/5d")]);
    assert_eq!(wrong.status.code(), Some(1));
    assert!(said(&wrong).contains("MADKORT_LIMIT_DEPOSITS: limit_deposits must be how many in how long"));
    let right = folder.run(&["config", "check"], &[("MADKORT_LIMIT_DEPOSITS", "3/5m")]);
    assert!(said(&right).contains("3/5m  (MADKORT_LIMIT_DEPOSITS)"), "{}", said(&right));
}

#[test]
fn an_authority_of_ones_own_is_read_and_then_also_this_machine_proves_its_name() {
    let folder = Folder::new();
    let key = rcgen::KeyPair::generate().unwrap();
    let ca = rcgen::CertificateParams::new(vec!["mail.example".to_owned()]).unwrap().self_signed(&key).unwrap().pem();
    folder.write("ca.pem", &ca);
    let keys = "smtp_url = \"smtp://127.0.0.1\"\nsmtp_from = \"madkort@madkort.example\"\n";
    let plain = load(Some(&folder.write("a.toml", keys)), &[], &[]).unwrap().smtp.unwrap();
    assert!(plain.security == Security::Plain && plain.authorities.is_none());
    let file = folder.0.path().join("ca.pem");
    let named = [("smtp_ca_file", file.to_str().unwrap())];
    let proved = load(Some(&folder.write("a.toml", keys)), &[], &named).unwrap().smtp.unwrap();
    assert!(proved.security == Security::StartTls && proved.authorities.is_some());

    assert!(folder.run(&["migrate"], &[]).status.success());
    let check = ["config", "check", "--config", "a.toml", "--smtp-ca-file", "ca.pem"];
    let right = folder.run(&check, &[]);
    assert!(right.status.success() && said(&right).contains("ca.pem  (--smtp-ca-file)"), "{}", said(&right));
    let wrong = "MADKORT_SMTP_CA_FILE: smtp_ca_file must name a file of certificates (PEM)";
    for text in ["", "hej", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        folder.write("ca.pem", text);
        let output = folder.run(&check[..4], &[("MADKORT_SMTP_CA_FILE", "ca.pem")]);
        assert!(!output.status.success() && said(&output).contains(wrong), "{text}: {}", said(&output));
    }
    let gone = folder.run(&check[..4], &[("MADKORT_SMTP_CA_FILE", "nowhere.pem")]);
    assert!(said(&gone).contains("smtp_ca_file cannot be read"), "{}", said(&gone));
    folder.write("ca.pem", &ca);
    let alone = folder.run(&["config", "check", "--smtp-ca-file", "ca.pem"], &[]);
    assert!(
        !alone.status.success()
            && said(&alone).contains("smtp_ca_file is for the mail server, and smtp_url is not said")
    );
}

#[test]
fn check_says_what_is_in_force_and_whether_the_database_is_there() {
    let folder = Folder::new();
    let nothing = folder.run(&["config", "check"], &[]);
    assert_eq!(nothing.status.code(), Some(1));
    assert!(said(&nothing).contains("there is no such file"), "{}", said(&nothing));

    assert!(folder.run(&["migrate"], &[]).status.success());
    let right = folder.run(&["config", "check", "--connections", "12"], &[("MADKORT_GATEWAY", "sandbox")]);
    assert_eq!(right.status.code(), Some(0), "{}", said(&right));
    for line in ["sqlite:madkort.db  (default)", "sandbox  (MADKORT_GATEWAY)", "12  (--connections)", "is right"] {
        assert!(said(&right).contains(line), "{line}: {}", said(&right));
    }

    let wrong = folder.run(&["config", "check", "--listen", "x", "--gateway", "y"], &[]);
    assert_eq!(wrong.status.code(), Some(1));
    assert!(said(&wrong).contains("--listen: listen must be") && said(&wrong).contains("--gateway: gateway must be"));
}

#[test]
fn whoever_stands_at_the_console_is_told_in_danish_and_in_english() {
    let folder = Folder::new();
    let wrong = folder.run(&["serve"], &[("MADKORT_LISTEN", "here")]);
    for line in [
        "Konfigurationen kan ikke bruges:\n  MADKORT_LISTEN: listen skal være en IP-adresse og en port",
        "The configuration cannot be used:\n  MADKORT_LISTEN: listen must be an IP address and a port",
    ] {
        assert!(said(&wrong).contains(line), "{line}: {}", said(&wrong));
    }
    // No file, one that is no database, and one that was cut off in the middle.
    let nothing = folder.run(&["serve"], &[]);
    assert!(said(&nothing).contains("kan ikke åbnes (") && said(&nothing).contains("cannot be opened ("));
    folder.write("madkort.db", &"Dette er et brev. ".repeat(4000));
    let letter = folder.run(&["serve"], &[]);
    std::fs::remove_file(folder.0.path().join("madkort.db")).unwrap();
    assert!(folder.run(&["migrate"], &[]).status.success());
    let whole = std::fs::read(folder.0.path().join("madkort.db")).unwrap();
    let mut torn = whole.clone();
    for byte in &mut torn[4096..] {
        *byte = 0xa5;
    }
    std::fs::write(folder.0.path().join("madkort.db"), torn).unwrap();
    for (what, output) in [("a letter", letter), ("torn", folder.run(&["verify"], &[]))] {
        assert_eq!(output.status.code(), Some(1), "{what}: {}", said(&output));
        let told = said(&output);
        let danish = told.contains("kan ikke åbnes (") || told.contains("Databasen er beskadiget eller svigtede: ");
        let english = told.contains("cannot be opened (") || told.contains("The database is damaged or failed: ");
        assert!(danish && english && !told.contains("panicked"), "{what}: {told}");
    }
}

#[test]
fn no_command_says_the_password() {
    let folder = Folder::new();
    let url = "postgres://madkort:hunter2@127.0.0.1:1/madkort?password=hunter2";
    folder.write("address", url);
    for (args, environment) in [
        (&["config", "check"][..], &[("MADKORT_DATABASE", url)][..]),
        (&["config", "check", "--database-file", "address"], &[]),
        (&["serve"], &[("MADKORT_DATABASE", url)]),
        (&["migrate"], &[("MADKORT_DATABASE_FILE", "address")]),
        (&["verify"], &[("MADKORT_DATABASE", url)]),
        (&["serve", "--help"], &[("MADKORT_DATABASE", url)]),
        (&["config", "check"], &[("MADKORT_DATABASE", "postgres://madkort:hunter2@/")]),
    ] {
        let output = folder.run(args, environment);
        assert!(!said(&output).contains(PASSWORD), "{args:?}: {}", said(&output));
        assert!(!said(&output).contains("panicked"), "{args:?}");
    }
}
