//! What takes its time at the server, over at once: a payment page that nobody uses, a link that nobody follows.
//!
//! **Invariant:** only a moment that the server has written down for later is moved, to one that has been; what follows from that is
//! the server's own doing.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rusqlite::Connection;

use crate::server::Server;

/// How long the server may hold its books for itself.
const IN_USE: Duration = Duration::from_secs(5);

impl Server {
    /// The time of every payment page that waits for its payer is up.
    pub fn payment_pages_run_out(&self) -> Result<()> {
        self.is_past("UPDATE deposits SET expires_at = created_at WHERE state = 'open'")
    }

    /// The time of every page that waits for a payment card is up.
    pub fn card_pages_run_out(&self) -> Result<()> {
        self.is_past("UPDATE mandate_pages SET expires_at = created_at WHERE state = 'open'")
    }

    /// The time of every link for a forgotten password is up.
    pub fn reset_links_run_out(&self) -> Result<()> {
        self.is_past("UPDATE reset_links SET expires_at = 0")
    }

    fn is_past(&self, sql: &str) -> Result<()> {
        let books = Connection::open(self.database()).context("opening the server's database")?;
        books.busy_timeout(IN_USE)?;
        ensure!(books.execute(sql, [])? > 0, "there is none whose time could be up");
        Ok(())
    }
}
