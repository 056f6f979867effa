//! The receipt printer, and the person who tears off its paper, opens its cover and forgets the roll.
//!
//! **Invariant:** no paper is overlooked: each one that comes out is kept in order, read or not.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::bins::bin;
use crate::process::{PATIENCE, Process};

/// One paper that came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paper {
    /// What is printed on it, line by line.
    pub text: String,
    /// Its picture, a PNG file.
    pub png: PathBuf,
    /// What its codes carry.
    pub codes: Vec<String>,
    /// How long it is.
    pub millimetres: usize,
}

impl Paper {
    /// Whether all of it is on it.
    pub fn says_all(&self, parts: &[&str]) -> Result<()> {
        match parts.iter().find(|part| !self.text.contains(**part)) {
            None => Ok(()),
            Some(part) => bail!("the paper does not say {part:?}:\n{}", self.text),
        }
    }
}

/// What the printer tells; other events are of no interest here.
#[derive(Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Told {
    Listening {
        address: SocketAddr,
    },
    Paper {
        png: PathBuf,
        text: String,
        codes: Vec<String>,
        mm: usize,
        unknown: Vec<String>,
    },
    Waiting {
        status: String,
    },
    Trouble {
        message: String,
    },
    #[serde(other)]
    Other,
}

/// A virtual printer.
pub struct Printer {
    process: Process,
    address: SocketAddr,
    papers: Vec<Paper>,
    taken: usize,
    stuck: Option<String>,
}

impl Printer {
    /// Starts it; finished papers fall into `dir`.
    pub fn start(dir: &Path) -> Result<Self> {
        let process = Process::start(
            "virtual-printer",
            Command::new(bin("virtual-printer")).args(["--listen", "127.0.0.1:0", "--paper-dir"]).arg(dir),
        )?;
        let address = process.wait_line("where it listens", PATIENCE, |line| match serde_json::from_str(line) {
            Ok(Told::Listening { address }) => Some(address),
            _ => None,
        })?;
        Ok(Self { process, address, papers: Vec::new(), taken: 0, stuck: None })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits for the next paper nobody has taken yet.
    pub fn take(&mut self) -> Result<Paper> {
        let deadline = Instant::now() + PATIENCE;
        while self.papers.len() <= self.taken {
            self.read_line("a paper", deadline.saturating_duration_since(Instant::now()))?;
        }
        self.taken += 1;
        Ok(self.papers[self.taken - 1].clone())
    }

    /// Every paper that has come out so far, taken or not.
    pub fn papers(&mut self) -> Result<&[Paper]> {
        while let Some(line) = self.process.next_line() {
            self.note(&line)?;
        }
        Ok(&self.papers)
    }

    /// Papers nobody has taken.
    pub fn untaken(&mut self) -> Result<Vec<Paper>> {
        let taken = self.taken;
        Ok(self.papers()?[taken..].to_vec())
    }

    /// Waits until it has something to print and cannot, and says why: `paper_out`, `cover_open`.
    pub fn wait_stuck(&mut self) -> Result<String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(why) = self.stuck.take() {
                return Ok(why);
            }
            self.read_line("that it cannot print", deadline.saturating_duration_since(Instant::now()))?;
        }
    }

    /// The roll is at its end, now.
    pub fn paper_out(&mut self) -> Result<()> {
        self.order("paper out")
    }

    /// The roll ends after this much more: in the middle of a paper that is longer.
    pub fn paper_ends_after(&mut self, millimetres: usize) -> Result<()> {
        self.order(&format!("paper-mm {millimetres}"))
    }

    /// A new roll.
    pub fn new_roll(&mut self) -> Result<()> {
        self.order("paper ok")
    }

    /// Opens or closes the cover.
    pub fn cover(&mut self, open: bool) -> Result<()> {
        self.order(if open { "cover open" } else { "cover closed" })
    }

    /// Off and on again: what waited in its buffer is lost.
    pub fn power_cycle(&mut self) -> Result<()> {
        self.order("power-cycle")
    }

    /// Any other line for it; see `virtual-printer --help`.
    pub fn order(&mut self, order: &str) -> Result<()> {
        self.process.tell(order)?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            let line = self.read_line("whether it did so", deadline.saturating_duration_since(Instant::now()))?;
            if line.starts_with("ok ") {
                return Ok(());
            }
            if let Some(why) = line.strip_prefix("err ") {
                bail!("{order:?}: {why}");
            }
        }
    }

    fn read_line(&mut self, what: &str, patience: Duration) -> Result<String> {
        let line = self.process.wait_line(what, patience, |line| Some(line.to_owned()))?;
        self.note(&line)?;
        Ok(line)
    }

    fn note(&mut self, line: &str) -> Result<()> {
        if !line.starts_with('{') {
            return Ok(());
        }
        match serde_json::from_str(line).with_context(|| format!("the printer said {line}"))? {
            Told::Paper { png, text, codes, mm, unknown } => {
                if !unknown.is_empty() {
                    bail!("the printer did not understand {unknown:?} in:\n{text}");
                }
                self.papers.push(Paper { text, png, codes, millimetres: mm });
            }
            Told::Waiting { status } => self.stuck = Some(status),
            Told::Trouble { message } => bail!("the printer is in trouble: {message}"),
            Told::Listening { .. } | Told::Other => {}
        }
        Ok(())
    }
}
