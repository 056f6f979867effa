//! Deposits that were opened here and whose end nobody was shown yet.
//!
//! **Invariants:** a deposit is kept before its page is shown, and forgotten once its end was: a power cut in between is made good when
//! the same person comes back. Of one they walked away from they are told only that it was paid.

use madkort_protocol::{CardId, Deposit, OperationId, PersonId};
use rusqlite::{Connection, params};

use super::{Doing as _, Once as _, Store, StoreError, bodies, body, to_json};

impl Store {
    /// Keeps a deposit, and by which card it was opened.
    pub fn keep_deposit(&mut self, card: CardId, deposit: &Deposit) -> Result<(), StoreError> {
        let (id, text) = (deposit.id.to_string(), to_json("deposits", deposit)?);
        let sql = "INSERT INTO deposits (id, card, body) VALUES (?1, ?2, ?3)
                   ON CONFLICT (id) DO UPDATE SET body = excluded.body";
        self.db.run(sql, params![id, card.to_string(), text]).doing("keep a deposit")?;
        Ok(())
    }

    /// Takes the server's word on one that is kept.
    pub fn deposit_is(&mut self, deposit: &Deposit) -> Result<(), StoreError> {
        let (id, text) = (deposit.id.to_string(), to_json("deposits", deposit)?);
        let tx = self.write()?;
        tx.run("UPDATE deposits SET body = ?2 WHERE id = ?1", params![id, text]).doing("keep a deposit")?;
        forget_untold(&tx)?;
        tx.commit().doing("keep a deposit")
    }

    /// Whoever opened it has walked away from it.
    pub fn leave_deposit(&mut self, id: OperationId) -> Result<(), StoreError> {
        let tx = self.write()?;
        tx.run("UPDATE deposits SET gone = 1 WHERE id = ?1", [id.to_string()]).doing("leave a deposit")?;
        forget_untold(&tx)?;
        tx.commit().doing("leave a deposit")
    }

    /// Whoever opened it was shown its end.
    pub fn deposit_told(&mut self, id: OperationId) -> Result<(), StoreError> {
        self.db.run("DELETE FROM deposits WHERE id = ?1", [id.to_string()]).doing("forget a deposit")?;
        Ok(())
    }

    /// One that is kept.
    pub fn deposit(&self, id: OperationId) -> Result<Option<Deposit>, StoreError> {
        body(&self.db, "deposits", "SELECT body FROM deposits WHERE id = ?1", [id.to_string()])
    }

    /// All that are kept, oldest first.
    pub fn deposits(&self) -> Result<Vec<Deposit>, StoreError> {
        bodies(&self.db, "deposits", "SELECT body FROM deposits ORDER BY id", [])
    }
}

/// The oldest that somebody is to be told of, whichever of their cards they opened it by.
pub(super) fn untold(db: &Connection, person: PersonId) -> Result<Option<Deposit>, StoreError> {
    let sql = "SELECT deposits.body FROM deposits JOIN cards ON cards.id = deposits.card
               WHERE cards.person = ?1 AND (gone = 0 OR json_extract(deposits.body, '$.state') = 'paid')
               ORDER BY deposits.id LIMIT 1";
    body(db, "deposits", sql, [person.to_string()])
}

/// Where somebody walked away and no money moved, there is nothing to tell.
fn forget_untold(db: &Connection) -> Result<(), StoreError> {
    let sql = "DELETE FROM deposits WHERE gone = 1
               AND json_extract(body, '$.state') IN ('declined', 'cancelled', 'expired')";
    db.run(sql, []).doing("forget a deposit")?;
    Ok(())
}
