//! What takes its time at the server, over at once: a payment page that nobody uses, a link that nobody follows, a day that closes.
//!
//! **Invariant:** only a moment that the server has written down is moved; what follows from that is the server's own doing.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, Params};

use crate::server::Server;

/// How long the server may hold its books for itself.
const IN_USE: Duration = Duration::from_secs(5);

impl Server {
    /// The time of every payment page that waits for its payer is up.
    pub fn payment_pages_run_out(&self) -> Result<()> {
        self.moves("UPDATE deposits SET expires_at = created_at WHERE state = 'open'", [])
    }

    /// The time of every page that waits for a payment card is up.
    pub fn card_pages_run_out(&self) -> Result<()> {
        self.moves("UPDATE mandate_pages SET expires_at = created_at WHERE state = 'open'", [])
    }

    /// The time of every link for a forgotten password is up.
    pub fn reset_links_run_out(&self) -> Result<()> {
        self.moves("UPDATE reset_links SET expires_at = 0", [])
    }

    /// Today can be ordered for, whatever the hour, and no later day, which a kiosk would offer first: today's cut-off is an hour away.
    pub fn only_today_is_open(&self) -> Result<()> {
        let (now, today) = (Timestamp::now().as_microsecond(), self.school().today.to_string());
        self.moves("UPDATE menu_days SET cut_off = ?1 WHERE date > ?2", (now, today))?;
        self.cut_off_of_today(Timestamp::now() + SignedDuration::from_hours(1))
    }

    /// Today's cut-off has been, a minute ago.
    pub fn today_has_closed(&self) -> Result<()> {
        self.cut_off_of_today(Timestamp::now() - SignedDuration::from_mins(1))
    }

    fn cut_off_of_today(&self, at: Timestamp) -> Result<()> {
        let today = self.school().today.to_string();
        self.moves("UPDATE menu_days SET cut_off = ?1 WHERE date = ?2", (at.as_microsecond(), today))
    }

    fn moves(&self, sql: &str, params: impl Params) -> Result<()> {
        let books = Connection::open(self.database()).context("opening the server's database")?;
        books.busy_timeout(IN_USE)?;
        ensure!(books.execute(sql, params)? > 0, "there is no such moment");
        Ok(())
    }
}
