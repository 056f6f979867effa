//! The card reader on the counter, and the hand with the cards.
//!
//! **Invariant:** when [`Reader::tap`] returns, the card lies on the reader; whether the service has noticed is another matter: it
//! looks every 400 ms.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::bins::bin;
use crate::pcscd::Pcscd;
use crate::process::{PATIENCE, Process};

/// A virtual reader behind a real card service, and cards to lay on it.
pub struct Reader {
    service: Pcscd,
    hand: Process,
}

impl Reader {
    /// Starts both; `dir` holds the service's files.
    pub fn start(dir: &Path) -> Result<Self> {
        let service = Pcscd::start(dir)?;
        let hand = Process::start(
            "virtual-card",
            Command::new(bin("virtual-card")).args(["--port", &service.port().to_string()]),
        )?;
        Ok(Self { service, hand })
    }

    /// The variable through which a program finds the service.
    pub fn env(&self) -> (String, String) {
        let (name, path) = self.service.env();
        (name.to_owned(), path.display().to_string())
    }

    /// Lays the card with this UID on the reader.
    pub fn tap(&mut self, uid: &str) -> Result<()> {
        self.order(&format!("tap {uid}"))
    }

    /// Lays a telephone on the reader.
    pub fn tap_phone(&mut self) -> Result<()> {
        self.order("tap 08A1B2C3 phone")
    }

    /// Takes away what lies there.
    pub fn lift(&mut self) -> Result<()> {
        self.order("lift")
    }

    /// Pulls the reader's plug.
    pub fn unplug(&mut self) -> Result<()> {
        self.service.restart_without_reader()
    }

    /// Puts it back.
    pub fn plug(&mut self) -> Result<()> {
        self.service.restart()
    }

    /// Stops the card service.
    pub fn stop_service(&mut self) -> Result<()> {
        self.service.stop()
    }

    /// Kills it, as a crash would.
    pub fn kill_service(&mut self) -> Result<()> {
        self.service.kill()
    }

    /// Starts it again.
    pub fn restart_service(&mut self) -> Result<()> {
        self.service.restart()
    }

    fn order(&mut self, order: &str) -> Result<()> {
        self.hand.tell(order)?;
        let answer = self.hand.wait_line("whether it did so", PATIENCE, |line| Some(line.to_owned()))?;
        match answer.strip_prefix("error ") {
            Some(why) => bail!("{order:?}: {why}"),
            None => answer.starts_with("ok ").then_some(()).with_context(|| format!("{order:?}: {answer}")),
        }
    }
}
