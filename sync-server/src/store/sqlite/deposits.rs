//! Deposits in SQLite.

use jiff::Timestamp;
use madkort_ledger::Kind;
use madkort_ledger::deposit::{paid, stray};
use madkort_protocol::{AccountId, CardId, DepositState, DeviceId, Money, OperationId, SchoolId};
use rusqlite::{Connection, OptionalExtension, Row};

use crate::danish;
use crate::store::{DepositOpening, DepositRow, Deposits, Moved, NewDeposit, Pending};

use super::devices::device;
use super::operations::payer;
use super::posting::{Note, digest, note, post, settled};
use super::values::{Columns, corrupt, micros, word};
use super::writer::Write;
use super::{SqliteStore, rows};

impl Deposits for SqliteStore {
    fn open_deposit(&self, deposit: NewDeposit, now: Timestamp) -> Pending<'_, DepositOpening> {
        self.write("opening a deposit", move |write| open(write, &deposit, now))
    }

    fn deposit(&self, id: OperationId) -> Pending<'_, Option<DepositRow>> {
        self.read("looking up a deposit", move |db| deposit(db, id))
    }

    fn deposit_of_page(&self, page: String) -> Pending<'_, Option<DepositRow>> {
        self.read("looking up a payment page", move |db| {
            db.prepare_cached("SELECT * FROM deposits WHERE page = ?")?.query_row([page], read).optional()
        })
    }

    fn name_deposit(&self, id: OperationId, reference: String) -> Pending<'_, ()> {
        self.write("naming a deposit", move |write| {
            write
                .db
                .prepare_cached("UPDATE deposits SET reference = ? WHERE id = ?")?
                .execute((&reference, id.uuid()))?;
            Ok(())
        })
    }

    fn move_deposit(
        &self,
        id: OperationId,
        from: Vec<DepositState>,
        to: DepositState,
    ) -> Pending<'_, Moved<DepositRow>> {
        self.write("moving a deposit", move |write| {
            let Some(before) = deposit(write.db, id)? else { return Ok(Moved::Unknown) };
            if !from.contains(&before.state) || to == DepositState::Paid {
                return Ok(Moved::Stands(before));
            }
            set_state(write, id, to)?;
            Ok(Moved::Moved(DepositRow { state: to, ..before }))
        })
    }

    fn pay_deposit(&self, id: OperationId, received: Money, now: Timestamp) -> Pending<'_, Moved<DepositRow>> {
        self.write("posting a deposit", move |write| pay(write, id, received, now))
    }

    fn deposits_due(&self, now: Timestamp, most: u32) -> Pending<'_, Vec<DepositRow>> {
        self.read("listing deposits to look at", move |db| {
            db.prepare_cached(
                "SELECT * FROM deposits WHERE state IN ('open', 'unknown') AND coalesce(ask_at, expires_at) <= ?
                 AND (state = 'unknown' OR expires_at <= ?) ORDER BY id LIMIT ?",
            )?
            .query_map((micros(now), micros(now), most), read)?
            .collect()
        })
    }

    fn asked_deposit(&self, id: OperationId, ask_at: Timestamp) -> Pending<'_, ()> {
        self.write("noting a question to the gateway", move |write| {
            write
                .db
                .prepare_cached("UPDATE deposits SET asks = asks + 1, ask_at = ? WHERE id = ?")?
                .execute((micros(ask_at), id.uuid()))?;
            Ok(())
        })
    }
}

fn open(write: &Write<'_>, new: &NewDeposit, now: Timestamp) -> rusqlite::Result<DepositOpening> {
    if let Some(before) = deposit(write.db, new.id)? {
        let same = before.device == new.device
            && before.card == new.card
            && before.account == new.account
            && before.amount == new.amount
            && before.email == new.email
            && before.terms_version == new.terms_version
            && before.language == new.language;
        return Ok(if same { DepositOpening::Already(Box::new(before)) } else { DepositOpening::IdReused });
    }
    if settled(write, new.id)?.is_some() {
        return Ok(DepositOpening::IdReused);
    }
    let device = device(write.db, new.device)?.ok_or_else(|| corrupt("device"))?;
    if let Err(refusal) = payer(write, &device, new.card, new.account)?.check_card() {
        return Ok(DepositOpening::Refused(refusal));
    }
    insert(write, device.school, new, now)?;
    let opened = deposit(write.db, new.id)?.ok_or_else(|| corrupt("deposit"))?;
    Ok(DepositOpening::Opened(Box::new(opened)))
}

fn insert(write: &Write<'_>, school: SchoolId, new: &NewDeposit, now: Timestamp) -> rusqlite::Result<()> {
    write
        .db
        .prepare_cached(
            "INSERT INTO deposits (id, school, device, card, account, amount, email, terms_version, language, gateway,
             page, state, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute((
            new.id.uuid(),
            school.uuid(),
            new.device.uuid(),
            new.card.uuid(),
            new.account.uuid(),
            new.amount.ore(),
            &new.email,
            &new.terms_version,
            word(&new.language)?,
            &new.gateway,
            &new.page,
            word(&DepositState::Open)?,
            micros(now),
            micros(new.expires_at),
        ))?;
    Ok(())
}

/// Posts once. The id is the key, so a second word from the gateway finds the first one's posting.
fn pay(write: &Write<'_>, id: OperationId, received: Money, now: Timestamp) -> rusqlite::Result<Moved<DepositRow>> {
    let Some(before) = deposit(write.db, id)? else { return Ok(Moved::Unknown) };
    let posted = write.db.prepare_cached("SELECT 1 FROM transactions WHERE id = ?")?.exists([id.uuid()])?;
    if posted {
        return Ok(Moved::Stands(before));
    }
    let fits = received == before.amount;
    let transaction = if fits {
        paid(id, before.account, received, &before.gateway, now)
    } else {
        tracing::error!(deposit = %id, "the gateway took another amount than was asked for");
        stray(id, received, &before.gateway, now)
    };
    let transaction = transaction.map_err(|_| corrupt("amount"))?;
    let receipt = if fits { next_receipt(write, before.school, now)? } else { String::new() };
    let noted = Note {
        id,
        school: before.school,
        digest: digest("deposit", &received)?,
        kind: if fits { Kind::Deposit.word() } else { Kind::Stray.word() },
        at: now,
        claimed_at: None,
        device: Some(before.device),
        seq: None,
        refusal: None,
        number: &receipt,
        text: "",
        delivery: None,
    };
    note(write, &noted)?;
    post(write, before.school, &transaction)?;
    if fits {
        credit(write, &before, &receipt, now)?;
    } else {
        set_state(write, id, DepositState::Unknown)?;
    }
    deposit(write.db, id)?.map(Moved::Moved).ok_or_else(|| corrupt("deposit"))
}

fn credit(write: &Write<'_>, deposit: &DepositRow, receipt: &str, now: Timestamp) -> rusqlite::Result<()> {
    paid_in(write, deposit.account, deposit.amount)?;
    let account = rows::account(write.db, deposit.school, deposit.account)?.ok_or_else(|| corrupt("account"))?;
    write
        .db
        .prepare_cached("UPDATE deposits SET state = ?, receipt = ?, paid_at = ?, balance = ? WHERE id = ?")?
        .execute((word(&DepositState::Paid)?, receipt, micros(now), account.balance.ore(), deposit.id.uuid()))?;
    Ok(())
}

/// Counts towards what auto top-up asks for before it is in force.
pub(super) fn paid_in(write: &Write<'_>, account: AccountId, amount: Money) -> rusqlite::Result<()> {
    write
        .db
        .prepare_cached("UPDATE accounts SET deposited = deposited + ? WHERE id = ?")?
        .execute((amount.ore(), account.uuid()))?;
    Ok(())
}

/// Receipts are numbered without gaps within a school; the year in front is the Danish one.
pub(super) fn next_receipt(write: &Write<'_>, school: SchoolId, now: Timestamp) -> rusqlite::Result<String> {
    let number: i64 = write
        .db
        .prepare_cached("UPDATE schools SET receipt = receipt + 1 WHERE id = ? RETURNING receipt")?
        .query_row([school.uuid()], |row| row.get(0))?;
    Ok(format!("{}-{number:06}", danish::day_of(now).year()))
}

fn set_state(write: &Write<'_>, id: OperationId, state: DepositState) -> rusqlite::Result<()> {
    write.db.prepare_cached("UPDATE deposits SET state = ? WHERE id = ?")?.execute((word(&state)?, id.uuid()))?;
    Ok(())
}

fn deposit(db: &Connection, id: OperationId) -> rusqlite::Result<Option<DepositRow>> {
    db.prepare_cached("SELECT * FROM deposits WHERE id = ?")?.query_row([id.uuid()], read).optional()
}

fn read(row: &Row<'_>) -> rusqlite::Result<DepositRow> {
    Ok(DepositRow {
        id: OperationId::new(row.col("id")?),
        school: SchoolId::new(row.col("school")?),
        device: DeviceId::new(row.col("device")?),
        card: CardId::new(row.col("card")?),
        account: AccountId::new(row.col("account")?),
        amount: row.money("amount")?,
        email: row.col("email")?,
        terms_version: row.col("terms_version")?,
        language: row.word("language")?,
        gateway: row.col("gateway")?,
        reference: row.col("reference")?,
        page: row.col("page")?,
        state: row.word("state")?,
        created_at: row.time("created_at")?,
        expires_at: row.time("expires_at")?,
        receipt: row.col("receipt")?,
        paid_at: row.maybe_time("paid_at")?,
        balance: row.col::<Option<i64>>("balance")?.map(Money::from_ore),
        asks: row.col("asks")?,
        ask_at: row.maybe_time("ask_at")?,
    })
}
