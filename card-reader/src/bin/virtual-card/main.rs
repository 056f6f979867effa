//! A card for the virtual reader of `vsmartcard-vpcd`: for tests, demonstrations and machines without a reader.
//!
//! With `--uid` one card lies on the reader until the program is ended. Without, commands are read from standard input,
//! one a line, and each is answered with one line that begins with `ok` or `error`:
//!
//! ```text
//! tap 04A1B2C3D4E580        ok tap
//! lift                      ok lift
//! tap 08123456 phone        ok tap
//! quit                      ok quit
//! ```
//!
//! **Invariant:** each command is carried out before its answer is written, so that whoever waits for the answer knows
//! that the card lies there, or does not. (The reader may take up to 400 ms to notice: it polls.)

mod card;
mod script;
mod tap;
mod vpcd;

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::ExitCode;

use anyhow::Context as _;
use card::{Atr, Card, CardUid, Kind};
use clap::Parser;
use tap::Tap;

/// The port of the first slot in Debian's reader file.
const DEFAULT_PORT: u16 = 35963;

const EXIT_CODES: &str = "\
Commands on standard input, without --uid:
  tap UID [KIND]   put a card on the reader
  lift             take it away
  quit             end (as does the end of the input)

Exit codes:
  0  ended as asked, or the card left by itself
  1  no reader there, or standard input or output failed
  2  wrong arguments";

/// Put a virtual card on a virtual reader (vpcd).
#[derive(Parser)]
#[command(version, after_help = EXIT_CODES)]
struct Args {
    /// Address of the virtual reader.
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    address: IpAddr,
    /// Port of the slot.
    #[arg(long, default_value_t = DEFAULT_PORT)]
    port: u16,
    /// UID of the card in hexadecimal digits, transmission order. Without it, commands are read from standard input.
    #[arg(long)]
    uid: Option<CardUid>,
    /// Answer to reset in hexadecimal digits, instead of the kind's own.
    #[arg(long, requires = "uid")]
    atr: Option<Atr>,
    /// What lies on the reader: without it, what is usual for the length of the UID.
    #[arg(long, requires = "uid")]
    kind: Option<Kind>,
}

fn main() -> ExitCode {
    let args = Args::parse();
    match run(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("virtual-card: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: Args) -> anyhow::Result<()> {
    let address = SocketAddr::new(args.address, args.port);
    let Some(uid) = args.uid else {
        return script::run(address, io::stdin().lock(), io::stdout().lock()).context("reading or writing the script");
    };
    let tap = Tap::start(address, Card::new(uid, args.kind, args.atr))
        .with_context(|| format!("no virtual reader at {address}"))?;
    println!("ok tap");
    tap.wait();
    Ok(())
}
