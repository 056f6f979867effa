//! The card reader on the counter, and the hand with the cards.
//!
//! **Invariant:** when [`Reader::tap`] or [`Reader::lift`] returns, the card service has noticed. It looks every 400 ms, and a hand
//! that is faster than that would not be seen at all.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

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
        self.lay(&format!("tap {uid}"))
    }

    /// Lays a telephone on the reader.
    pub fn tap_phone(&mut self) -> Result<()> {
        self.lay("tap 08A1B2C3 phone")
    }

    /// Takes away what lies there.
    pub fn lift(&mut self) -> Result<()> {
        self.order("lift")?;
        // Not noticed is as good: then it had not noticed the card either.
        self.service.wait_noticed(false);
        Ok(())
    }

    /// Pulls the reader's plug; a card that lay on it is taken away.
    pub fn unplug(&mut self) -> Result<()> {
        self.service.restart_without_reader()?;
        // There may have been none.
        let _ = self.order("lift");
        Ok(())
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

    fn lay(&mut self, order: &str) -> Result<()> {
        self.order(order)?;
        ensure!(self.service.wait_noticed(true), "the card service did not notice {order:?}");
        Ok(())
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
