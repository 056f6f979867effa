//! A receipt printer without paper: it listens where a network printer would, understands what it is sent, answers
//! status queries, and writes each paper as a picture, as text and as the bytes it was made of.
//!
//! Its sensors are turned by lines on standard input (`paper out`, `cover open`, …), each answered on standard output
//! with `ok …` or `err …`; what happens is told there too, one JSON object a line.

mod archive;
mod codepage;
mod events;
mod interpreter;
mod machine;
mod mechanism;
mod remote;
mod sensors;
mod sheet;
mod wire;

use std::io::BufRead as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use anyhow::Context as _;
use clap::Parser;
use receipt_printer::profile::Profile;

use crate::archive::Archive;
use crate::events::{Event, say, tell};
use crate::machine::Machine;
use crate::mechanism::Press;
use crate::remote::{COMMANDS, Order};

/// A receipt printer without paper.
///
/// It takes ESC/POS on a TCP port, answers status queries like a real printer, and writes each finished paper as PNG,
/// text and bytes into a folder. Lines on standard input turn its sensors and faults.
#[derive(Debug, Parser)]
#[command(version, after_help = format!("Lines on standard input: {COMMANDS}"))]
struct Arguments {
    /// Where to listen; port 0 takes a free one and tells which.
    #[arg(long, default_value = "127.0.0.1:9100")]
    listen: String,
    /// The folder for finished papers.
    #[arg(long, default_value = "papers")]
    paper_dir: PathBuf,
    /// The model it behaves like: tm-t20iii, tm-t88v, generic-80 or generic-58.
    #[arg(long, default_value = "tm-t20iii")]
    profile: Profile,
    /// Paper speed in mm/s, or `fast` for no waiting at all; the model's own by default.
    #[arg(long)]
    speed: Option<String>,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let speed = match arguments.speed.as_deref() {
        None => Some(arguments.profile.speed_mm_s),
        Some("fast") => None,
        Some(number) => Some(number.parse().context("--speed is a number of mm/s, or fast")?),
    };
    let archive = Archive::open(&arguments.paper_dir)?;
    let listener = wire::listen(&arguments.listen).with_context(|| format!("cannot listen on {}", arguments.listen))?;
    tell(&Event::Listening { address: listener.local_addr()?.to_string() });

    let machine = Arc::new(Machine::new(&arguments.profile, Press::new(&arguments.profile, archive)));
    let wire = Arc::clone(&machine);
    thread::spawn(move || wire::serve(&listener, &wire));
    let person = Arc::clone(&machine);
    thread::spawn(move || listen_to_person(&person));
    mechanism::run(&machine, speed);
    Ok(())
}

/// Ends with the input; the printer goes on without a person.
fn listen_to_person(machine: &Machine) {
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        match line.parse::<Order>().and_then(|order| machine.order(order)) {
            Ok(answer) if answer.is_empty() => say(&format!("ok {line}")),
            Ok(answer) => say(&format!("ok {line} {answer}")),
            Err(error) => say(&format!("err {error}")),
        }
    }
}
