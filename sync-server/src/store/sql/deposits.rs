//! Deposits.

use jiff::Timestamp;
use madkort_ledger::deposit::{paid, stray};
use madkort_ledger::recharge::Event;
use madkort_ledger::{Book, Kind};
use madkort_protocol::{AccountId, CardId, DepositState, DeviceId, Money, OperationId, SchoolId};

use crate::danish;
use crate::rights::What;
use crate::store::{DepositOpening, DepositRow, Deposits, Moved, NewDeposit, Pending, Stepping};

use super::operations::payer_for;
use super::posting::{Note, digest};
use super::session::{First, Session};
use super::value::{Db, Row, corrupt, values, word};
use super::write::Write;
use super::{SqlStore, charges, letters, rows};

impl Deposits for SqlStore {
    fn open_deposit(&self, deposit: NewDeposit, now: Timestamp) -> Pending<'_, DepositOpening> {
        self.write("opening a deposit", move |write| open(write, &deposit, now))
    }

    fn deposit(&self, id: OperationId) -> Pending<'_, Option<DepositRow>> {
        self.read("looking up a deposit", move |db| deposit(db, id))
    }

    fn deposit_of_page(&self, page: String) -> Pending<'_, Option<DepositRow>> {
        self.read("looking up a payment page", move |db| {
            db.first("SELECT * FROM deposits WHERE page = $1", &values![&page])?.as_ref().map(read).transpose()
        })
    }

    fn name_deposit(&self, id: OperationId, reference: String) -> Pending<'_, ()> {
        self.write("naming a deposit", move |write| {
            write.db()?.execute("UPDATE deposits SET reference = $1 WHERE id = $2", &values![&reference, id.uuid()])?;
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
            let Some(before) = deposit(write.db()?, id)? else { return Ok(Moved::Unknown) };
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
            db.query(
                "SELECT * FROM deposits WHERE state IN ('open', 'unknown') AND coalesce(ask_at, expires_at) <= $1
                 AND (state = 'unknown' OR expires_at <= $2) ORDER BY id LIMIT $3",
                &values![now, now, most],
            )?
            .iter()
            .map(read)
            .collect()
        })
    }

    fn asked_deposit(&self, id: OperationId, ask_at: Timestamp) -> Pending<'_, ()> {
        self.write("noting a question to the gateway", move |write| {
            write.db()?.execute(
                "UPDATE deposits SET asks = asks + 1, ask_at = $1 WHERE id = $2",
                &values![ask_at, id.uuid()],
            )?;
            Ok(())
        })
    }
}

fn open(write: &Write<'_>, new: &NewDeposit, now: Timestamp) -> Db<DepositOpening> {
    if let Some(before) = deposit(write.db()?, new.id)? {
        let same = before.device == new.device
            && before.card == new.card
            && before.account == new.account
            && before.amount == new.amount
            && before.email == new.email
            && before.terms_version == new.terms_version
            && before.language == new.language;
        return Ok(if same { DepositOpening::Already(Box::new(before)) } else { DepositOpening::IdReused });
    }
    if write.settled(new.id)?.is_some() {
        return Ok(DepositOpening::IdReused);
    }
    let device = write.device(new.device)?.ok_or(corrupt("device"))?;
    if let Err(refusal) = payer_for(write, &device, (new.card, What::PayIn), new.account)?.check_card() {
        return Ok(DepositOpening::Refused(refusal));
    }
    insert(write, device.school, new, now)?;
    let opened = deposit(write.db()?, new.id)?.ok_or(corrupt("deposit"))?;
    Ok(DepositOpening::Opened(Box::new(opened)))
}

fn insert(write: &Write<'_>, school: SchoolId, new: &NewDeposit, now: Timestamp) -> Db<()> {
    write.db()?.execute(
        "INSERT INTO deposits (id, school, device, card, account, amount, email, terms_version, language, gateway,
             page, state, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        &values![
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
            now,
            new.expires_at
        ],
    )?;
    Ok(())
}

/// Posts once. The id is the key, so a second word from the gateway finds the first one's posting.
fn pay(write: &Write<'_>, id: OperationId, received: Money, now: Timestamp) -> Db<Moved<DepositRow>> {
    let Some(before) = deposit(write.db()?, id)? else { return Ok(Moved::Unknown) };
    let posted = write.db()?.exists("SELECT 1 FROM transactions WHERE id = $1", &values![id.uuid()])?;
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
    let kind = if fits { Kind::Deposit } else { Kind::Stray };
    let note = Note::new(id, before.school, digest("deposit", &received)?, kind.word(), now);
    write.settle(&Note { device: Some(before.device), number: &receipt, ..note }, Some(&transaction))?;
    if fits {
        credit(write, &before, &receipt, now)?;
    } else {
        set_state(write, id, DepositState::Unknown)?;
    }
    deposit(write.db()?, id)?.map(Moved::Moved).ok_or(corrupt("deposit"))
}

fn credit(write: &Write<'_>, deposit: &DepositRow, receipt: &str, now: Timestamp) -> Db<()> {
    paid_in(write, deposit.school, deposit.account, deposit.amount)?;
    let account = rows::account(write.db()?, deposit.school, deposit.account)?.ok_or(corrupt("account"))?;
    write.db()?.execute(
        "UPDATE deposits SET state = $1, receipt = $2, paid_at = $3, balance = $4 WHERE id = $5",
        &values![word(&DepositState::Paid)?, receipt, now, account.balance.ore(), deposit.id.uuid()],
    )?;
    letters::deposit_receipt(write, deposit, &account, receipt, now)?;
    // What it arms, or spares a retry, follows in the same step. No charge begins with a deposit.
    let new_id = deposit.id;
    let event = Event::PaidIn;
    charges::step(write, &Stepping { account: deposit.account, event, mandate: None, reference: None, new_id, now })?;
    Ok(())
}

/// Counts towards what auto top-up asks for before it is in force.
pub fn paid_in(write: &Write<'_>, school: SchoolId, account: AccountId, amount: Money) -> Db<()> {
    write.with_standing(school, &Book::Card(account), |standing| {
        standing.deposited = standing.deposited.saturating_add(amount.ore());
    })
}

/// Receipts are numbered without gaps within a school; the year in front is the Danish one.
pub fn next_receipt(write: &Write<'_>, school: SchoolId, now: Timestamp) -> Db<String> {
    let row = write
        .db()?
        .first("UPDATE schools SET receipt = receipt + 1 WHERE id = $1 RETURNING receipt", &values![school.uuid()])?;
    let number: i64 = row.ok_or(corrupt("school"))?.col("receipt")?;
    Ok(format!("{}-{number:06}", danish::day_of(now).year()))
}

fn set_state(write: &Write<'_>, id: OperationId, state: DepositState) -> Db<()> {
    write.db()?.execute("UPDATE deposits SET state = $1 WHERE id = $2", &values![word(&state)?, id.uuid()])?;
    Ok(())
}

fn deposit(db: &dyn Session, id: OperationId) -> Db<Option<DepositRow>> {
    db.first("SELECT * FROM deposits WHERE id = $1", &values![id.uuid()])?.as_ref().map(read).transpose()
}

fn read(row: &Row) -> Db<DepositRow> {
    Ok(DepositRow {
        id: OperationId::new(row.col("id")?),
        school: SchoolId::new(row.col("school")?),
        device: DeviceId::new(row.col("device")?),
        card: CardId::new(row.col("card")?),
        account: AccountId::new(row.col("account")?),
        amount: row.col("amount")?,
        email: row.col("email")?,
        terms_version: row.col("terms_version")?,
        language: row.word("language")?,
        gateway: row.col("gateway")?,
        reference: row.col("reference")?,
        page: row.col("page")?,
        state: row.word("state")?,
        created_at: row.col("created_at")?,
        expires_at: row.col("expires_at")?,
        receipt: row.col("receipt")?,
        paid_at: row.col("paid_at")?,
        balance: row.col::<Option<i64>>("balance")?.map(Money::from_ore),
        asks: row.col("asks")?,
        ask_at: row.col("ask_at")?,
    })
}
