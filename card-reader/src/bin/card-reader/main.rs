//! Says what the card readers of this machine see: for the technician who installs a kiosk, and for tests.
//!
//! Runs until interrupted; with `--once` until the first card. The UID is printed masked.
//!
//! **Invariant:** one line on standard output per event, in the order of the events; with `--json` each is one object.

mod report;

use std::process::ExitCode;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use card_reader::service::PcscService;
use card_reader::{CardEvent, Monitor, ReaderConfig, ReaderStatus};
use clap::Parser;
use report::{Form, Report};
use tracing_subscriber::EnvFilter;

const EXIT_CODES: &str = "\
Exit codes:
  0  a card was read (with --once)
  1  an error that is no state of card or reader
  2  wrong arguments
  3  the card service (pcscd) is not running
  4  no card reader is connected
  5  the card reader cannot be used
  6  the card was refused
  7  no card came in time";

/// Diagnose a card reader: list the readers, tell their state, and say what each card is.
#[derive(Parser)]
#[command(version, after_help = EXIT_CODES)]
struct Args {
    /// Use only readers whose name begins like this.
    #[arg(long, value_name = "NAME")]
    reader: Option<String>,
    /// End after the first card, read or refused.
    #[arg(long)]
    once: bool,
    /// With --once: wait this many seconds for a card.
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    wait: u64,
    /// Print one JSON object per line instead of sentences.
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("off"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    match run(&args) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("card-reader: {error:#}");
            ExitCode::from(1)
        }
    }
}

fn run(args: &Args) -> anyhow::Result<u8> {
    let mut report = Report::new(if args.json { Form::Json } else { Form::Sentences }, std::io::stdout());
    let readers = PcscService.readers().unwrap_or_default();
    report.readers(&readers, args.reader.as_deref()).context("writing to standard output")?;

    let (out, events) = mpsc::channel();
    let config = ReaderConfig { reader: args.reader.clone() };
    let _monitor = Monitor::start(config, move |event| {
        // Taken here, where the kiosk too would be told: the channel to the printing thread is not part of it.
        let took = if let CardEvent::Tapped { seen, .. } = &event { Some(seen.elapsed()) } else { None };
        let _ = out.send((event, took));
    });

    let until = args.once.then(|| Instant::now() + Duration::from_secs(args.wait));
    let mut status = ReaderStatus::ServiceDown;
    loop {
        let next = match until {
            Some(until) => events.recv_timeout(until.saturating_duration_since(Instant::now())),
            None => events.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        let (event, took) = match next {
            Ok(event) => event,
            Err(RecvTimeoutError::Timeout) => return Ok(code_of(status)),
            Err(RecvTimeoutError::Disconnected) => anyhow::bail!("the card monitor ended"),
        };
        report.event(&event, took).context("writing to standard output")?;
        match event {
            CardEvent::Reader(now) => status = now,
            CardEvent::Tapped { .. } if args.once => return Ok(0),
            CardEvent::Refused(_) if args.once => return Ok(6),
            CardEvent::Tapped { .. } | CardEvent::Refused(_) | CardEvent::Lifted => {}
        }
    }
}

/// The exit code when no card came.
fn code_of(status: ReaderStatus) -> u8 {
    match status {
        ReaderStatus::ServiceDown => 3,
        ReaderStatus::NoReader => 4,
        ReaderStatus::Fault(_) => 5,
        ReaderStatus::Idle | ReaderStatus::CardPresent => 7,
    }
}
