//! The `kiosk` program: runs the kiosk, enrols it, or checks its configuration.
//!
//! **Invariant:** what a person must mend is said in Danish and in English before the program ends; no code, key or name of a person
//! is taken from the command line or written to the log.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use kiosk::config::{Config, DEFAULT_FILE};
use kiosk::store::{Store, StoreError};
use kiosk::sync::enrol::{EnrolError, enrol};
use madkort_protocol::Language;
use tracing_subscriber::EnvFilter;

/// The configuration is wrong (`EX_CONFIG` of sysexits.h).
const EXIT_CONFIG: u8 = 78;
/// The state directory or the database in it is (`EX_IOERR`).
const EXIT_STATE: u8 = 74;
/// The server did not let the kiosk in (`EX_UNAVAILABLE`).
const EXIT_ENROL: u8 = 69;
/// Bytes of a code: more is not a code.
const LONGEST_CODE: u64 = 1024;

/// The Madkort kiosk.
#[derive(Parser)]
#[command(version)]
struct Command {
    /// The configuration file.
    #[arg(long, env = "MADKORT_KIOSK_CONFIG", default_value = DEFAULT_FILE, global = true, value_name = "FILE")]
    config: PathBuf,
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Subcommand)]
enum What {
    /// Run the kiosk (the default).
    Run,
    /// Check configuration and database, and say what is wrong.
    Check,
    /// Make this kiosk known to the server with a one-time code. The kiosk must not be running.
    Enrol(EnrolArgs),
}

#[derive(Args)]
struct EnrolArgs {
    #[command(flatten)]
    code: CodeFrom,
    /// Enrol again even if operations have not reached the server; the old database is put aside in the state directory.
    #[arg(long)]
    set_aside: bool,
}

/// Where the code is; never on the command line, where every user of the machine can read it.
#[derive(Args)]
#[group(required = true, multiple = false)]
struct CodeFrom {
    /// Read the code from standard input.
    #[arg(long)]
    code_stdin: bool,
    /// Read the code from this file.
    #[arg(long, value_name = "FILE")]
    code_file: Option<PathBuf>,
}

fn main() -> ExitCode {
    let command = Command::parse();
    log_to_stderr();
    let config = match Config::open(&command.config) {
        Ok(config) => config,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(EXIT_CONFIG);
        }
    };
    match command.what.unwrap_or(What::Run) {
        What::Check => check(&config),
        What::Enrol(args) => enrol_kiosk(&config, &args),
        What::Run => {
            restart_on_panic();
            match kiosk::appliance::run(config) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => {
                    tracing::error!(error = format!("{error:#}"), "the kiosk cannot run");
                    ExitCode::FAILURE
                }
            }
        }
    }
}

fn check(config: &Config) -> ExitCode {
    match Store::open(&config.state) {
        // In use is a kiosk that runs: then the database is well.
        Ok(_) | Err(StoreError::InUse { .. }) => {
            println!("Opsætningen er i orden.\nThe configuration is fine.");
            ExitCode::SUCCESS
        }
        Err(error) => {
            say(|language| error.sentence(language));
            ExitCode::from(EXIT_STATE)
        }
    }
}

fn enrol_kiosk(config: &Config, args: &EnrolArgs) -> ExitCode {
    let enrolled = read_code(args.code.code_file.as_deref()).and_then(|code| {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|_| EnrolError::NoCode)?;
        runtime.block_on(enrol(&config.server, &config.state, &config.name, &code, args.set_aside))
    });
    match enrolled {
        Ok(enrolled) => {
            println!("{} – {} ({})", enrolled.school.name, enrolled.short_name, enrolled.device);
            ExitCode::SUCCESS
        }
        Err(error) => {
            tracing::debug!(?error, "not enrolled");
            say(|language| error.sentence(language));
            ExitCode::from(EXIT_ENROL)
        }
    }
}

fn read_code(file: Option<&Path>) -> Result<String, EnrolError> {
    let mut code = String::new();
    let read = match file {
        Some(file) => std::fs::File::open(file).and_then(|file| file.take(LONGEST_CODE).read_to_string(&mut code)),
        None => std::io::stdin().take(LONGEST_CODE).read_to_string(&mut code),
    };
    match read {
        Ok(_) => Ok(code),
        Err(_) => Err(EnrolError::NoCode),
    }
}

fn say(sentence: impl Fn(Language) -> String) {
    for language in [Language::Danish, Language::English] {
        eprintln!("{}", sentence(language));
    }
}

/// One JSON object a line on standard error, where systemd's journal takes it. `RUST_LOG` says how much.
fn log_to_stderr() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().json().flatten_event(true).with_env_filter(filter).with_writer(std::io::stderr).init();
}

/// A programmer's error on any thread ends the program, and systemd starts it anew: a kiosk with a dead driver would look well.
/// Only the place is logged: the words of a panic may hold what a person typed.
fn restart_on_panic() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let thread = std::thread::current().name().unwrap_or_default().to_owned();
        tracing::error!(place, thread, "the kiosk panicked");
        std::process::abort();
    }));
}
