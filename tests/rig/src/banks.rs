//! The banks behind the school: the one that pays withdrawals out, and the one behind the sandbox's payment cards.
//!
//! **Invariant:** what happens at a bank reaches the books only in the way the server has for it.

use anyhow::{Context, Result, bail, ensure};
use jiff::Timestamp;
use madkort_protocol::{OperationId, Outcome};
use rusqlite::Connection;
use sync_server::store::{self, DatabaseUrl, Movement, Moving};

use crate::device::new_id;
use crate::server::Server;

impl Server {
    /// The bank is told of a withdrawal. What will write its files moves the books through the server's store, and so does this; the
    /// server must be off meanwhile.
    pub fn tell_the_bank(&self, withdrawal: OperationId) -> Result<()> {
        self.at_the_bank(Movement::SendWithdrawal { withdrawal })
    }

    /// The bank knows no such account and sends the money back; the server must be off meanwhile.
    pub fn bank_sends_back(&self, withdrawal: OperationId) -> Result<()> {
        self.at_the_bank(Movement::ReturnWithdrawal { withdrawal })
    }

    fn at_the_bank(&self, movement: Movement) -> Result<()> {
        ensure!(!self.is_on(), "books have one writer: switch the server off first");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let moved = runtime.block_on(async {
            let store = store::open(&DatabaseUrl::Sqlite(self.database()))?;
            let school = store.schools().await?.pop().context("no school")?.id;
            anyhow::Ok(store.carry_out(school, new_id(), movement, Timestamp::now()).await?)
        })?;
        match moved {
            Moving::Settled(Outcome::Posted) => Ok(()),
            other => bail!("nothing moved at the bank: {other:?}"),
        }
    }

    /// At its bank, the payment card behind the auto top-up of that account becomes one of the sandbox's others: expired, say.
    pub fn payment_card_becomes(&self, label: &str, what: &str) -> Result<()> {
        let reference = self.ledger().mandate(label)?.reference;
        let number = self.school().payment_card(what)?.replace(' ', "");
        let file = self.database().with_extension("sandbox.db");
        let bank = Connection::open(&file).with_context(|| format!("opening {}", file.display()))?;
        bank.busy_timeout(std::time::Duration::from_secs(5))?;
        let changed = bank.execute("UPDATE stored_cards SET number = ?1 WHERE name = ?2", [&number, &reference])?;
        ensure!(changed == 1, "the sandbox keeps no card {reference:?}");
        Ok(())
    }
}
