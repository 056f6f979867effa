//! Withdrawals with where the money goes.
//!
//! **Invariant:** the bank account stands in this one table and nowhere else: not in a transaction, not in the digest of one. The
//! row is written in the step that holds the money. Whether a withdrawal was asked for in the same words is told by the digest of its
//! transaction, and by the bank account for as long as it is kept.

use jiff::Timestamp;
use madkort_ledger::withdrawal::{Stage, Withdrawal};
use madkort_protocol::{AccountId, OperationId, Outcome, SchoolId};

use crate::store::withdrawals::PAYEE_KEPT;
use crate::store::{Movement, Moving, NewWithdrawal, Pending, WithdrawalRow, Withdrawals, Withdrawing};

use super::SqlStore;
use super::holds::stage_of;
use super::movements::settle;
use super::session::{First, Session};
use super::value::{Db, Row, corrupt, values, word};
use super::write::Write;

impl Withdrawals for SqlStore {
    fn request_withdrawal(&self, school: SchoolId, new: NewWithdrawal, now: Timestamp) -> Pending<'_, Withdrawing> {
        self.write("holding a withdrawal", move |write| request(write, school, &new, now))
    }

    fn withdrawal(&self, school: SchoolId, id: OperationId) -> Pending<'_, Option<WithdrawalRow>> {
        self.read("looking up a withdrawal", move |db| withdrawal(db, school, id))
    }

    fn forget_payees(&self, now: Timestamp, most: u32) -> Pending<'_, u32> {
        self.write("forgetting bank accounts", move |write| forget(write, now, most))
    }

    fn withdrawals_of(&self, school: SchoolId, account: AccountId, most: u32) -> Pending<'_, Vec<WithdrawalRow>> {
        self.read("listing withdrawals", move |db| {
            db.query(
                "SELECT w.*, h.amount, h.state, b.balance FROM withdrawals w JOIN holds h ON h.id = w.id
                 JOIN accounts a ON a.id = w.account JOIN books b ON b.id = a.book
                 WHERE w.account = $1 AND w.school = $2 ORDER BY w.at DESC, w.id DESC LIMIT $3",
                &values![account.uuid(), school.uuid(), most],
            )?
            .iter()
            .map(read)
            .collect()
        })
    }
}

fn request(write: &Write<'_>, school: SchoolId, new: &NewWithdrawal, now: Timestamp) -> Db<Withdrawing> {
    let movement = Movement::RequestWithdrawal { card: new.card, account: new.account, amount: new.amount };
    match settle(write, school, new.id, &movement, now)? {
        Moving::Settled(Outcome::Posted) => {
            insert(write, school, new, now)?;
            let row = withdrawal(write.db()?, school, new.id)?.ok_or(corrupt("withdrawal"))?;
            Ok(Withdrawing::Held(Box::new(row)))
        }
        Moving::Settled(Outcome::Refused(refusal)) => Ok(Withdrawing::Refused(refusal)),
        // The same card, account and amount, by the digest.
        Moving::Settled(Outcome::AlreadyPosted) => {
            let same = is_payee(write.db()?, new)?;
            let found = if same { withdrawal(write.db()?, school, new.id)? } else { None };
            Ok(found.map_or(Withdrawing::IdReused, |row| Withdrawing::Held(Box::new(row))))
        }
        Moving::IdReused => Ok(Withdrawing::IdReused),
    }
}

/// Whether the money goes where it was to go the first time: as far as that is still known, once the bank account is forgotten by its
/// last four digits. A digest of a bank account would be no way out: there are so few of them that it tells which it was.
fn is_payee(db: &dyn Session, new: &NewWithdrawal) -> Db<bool> {
    let sql = "SELECT name, registration, number, message FROM withdrawals WHERE id = $1";
    // Held without a bank account: not by this route.
    let Some(row) = db.first(sql, &values![new.id.uuid()])? else { return Ok(false) };
    let payee = &new.payee;
    let words: [String; 4] = [row.col("name")?, row.col("registration")?, row.col("number")?, row.col("message")?];
    let forgotten = words[0].is_empty();
    Ok(if forgotten {
        words[2] == last_four(payee.account.number())
    } else {
        words == [&*payee.name, payee.account.registration(), payee.account.number(), &*payee.message]
    })
}

fn insert(write: &Write<'_>, school: SchoolId, new: &NewWithdrawal, now: Timestamp) -> Db<()> {
    write.db()?.execute(
        "INSERT INTO withdrawals (id, school, device, card, account, name, registration, number, message, language, at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        &values![
            new.id.uuid(),
            school.uuid(),
            new.device.uuid(),
            new.card.uuid(),
            new.account.uuid(),
            &new.payee.name,
            new.payee.account.registration(),
            new.payee.account.number(),
            &new.payee.message,
            word(&new.language)?,
            now
        ],
    )?;
    Ok(())
}

/// Notes when a withdrawal took a step; one without a bank account has no row, and nothing to note.
pub fn stepped(write: &Write<'_>, withdrawal: &Withdrawal, at: Timestamp) -> Db<()> {
    let sql = match withdrawal.stage {
        Stage::Requested => return Ok(()),
        Stage::Sent => "UPDATE withdrawals SET sent_at = $1 WHERE id = $2",
        Stage::Settled => "UPDATE withdrawals SET settled_at = $1 WHERE id = $2",
        Stage::Cancelled | Stage::Returned => "UPDATE withdrawals SET back_at = $1 WHERE id = $2",
    };
    write.db()?.execute(sql, &values![at, withdrawal.hold.id.uuid()])?;
    Ok(())
}

fn forget(write: &Write<'_>, now: Timestamp, most: u32) -> Db<u32> {
    let ended = now.saturating_sub(PAYEE_KEPT).unwrap_or(Timestamp::MIN);
    // A bank may send back what it had paid: the last step counts.
    let rows = write.db()?.query(
        "SELECT id, number FROM withdrawals WHERE name <> ''
         AND coalesce(back_at, settled_at) IS NOT NULL AND coalesce(back_at, settled_at) <= $1 ORDER BY id LIMIT $2",
        &values![ended, most],
    )?;
    let mut forgotten = 0;
    for row in rows {
        let (id, number): (uuid::Uuid, String) = (row.col("id")?, row.col("number")?);
        write.db()?.execute(
            "UPDATE withdrawals SET name = '', registration = '', message = '', number = $1 WHERE id = $2",
            &values![last_four(&number), id],
        )?;
        forgotten += 1;
    }
    Ok(forgotten)
}

fn last_four(number: &str) -> &str {
    number.get(number.len().saturating_sub(4)..).unwrap_or_default()
}

fn withdrawal(db: &dyn Session, school: SchoolId, id: OperationId) -> Db<Option<WithdrawalRow>> {
    db.first(
        "SELECT w.*, h.amount, h.state, b.balance FROM withdrawals w JOIN holds h ON h.id = w.id
         JOIN accounts a ON a.id = w.account JOIN books b ON b.id = a.book WHERE w.id = $1 AND w.school = $2",
        &values![id.uuid(), school.uuid()],
    )?
    .as_ref()
    .map(read)
    .transpose()
}

fn read(row: &Row) -> Db<WithdrawalRow> {
    let number: String = row.col("number")?;
    Ok(WithdrawalRow {
        id: OperationId::new(row.col("id")?),
        account: AccountId::new(row.col("account")?),
        amount: row.col("amount")?,
        to: last_four(&number).to_owned(),
        stage: stage_of(&row.col::<String>("state")?),
        requested_at: row.col("at")?,
        sent_at: row.col("sent_at")?,
        settled_at: row.col("settled_at")?,
        back_at: row.col("back_at")?,
        balance: row.col("balance")?,
    })
}
