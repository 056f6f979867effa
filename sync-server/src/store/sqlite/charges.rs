//! Mandates and charges in SQLite.

use jiff::Timestamp;
use madkort_ledger::recharge::{Caps, Charged, Declined, MandateState, RechargeFacts};
use madkort_ledger::{Kind, recharge_paid};
use madkort_protocol::{AccountId, MandateId, Money, OperationId, SchoolId};
use rusqlite::{Connection, OptionalExtension, Row};

use crate::danish;
use crate::store::{Charge, ChargeOpening, ChargeState, Charges, Decline, Mandate, Moved, NewCharge, Pending};

use super::SqliteStore;
use super::deposits::{next_receipt, paid_in};
use super::posting::{Note, digest, note, post, settled};
use super::values::{Columns, corrupt, micros, word};
use super::writer::Write;

/// The states in which a charge is under way.
const OPEN: [ChargeState; 3] = [ChargeState::Created, ChargeState::Sent, ChargeState::Unknown];

impl Charges for SqliteStore {
    fn put_mandate(&self, mandate: Mandate) -> Pending<'_, ()> {
        self.write("putting a mandate", move |write| put_mandate(write, &mandate))
    }

    fn recharge_facts(&self, account: AccountId, now: Timestamp) -> Pending<'_, Option<(Mandate, RechargeFacts)>> {
        self.read("gathering what auto top-up decides by", move |db| facts(db, account, Some(now)))
    }

    fn accounts_with_mandate(&self) -> Pending<'_, Vec<AccountId>> {
        self.read("listing accounts with a mandate", |db| {
            db.prepare_cached("SELECT account FROM mandates WHERE state = 'active' ORDER BY account")?
                .query_map([], |row| row.col("account").map(AccountId::new))?
                .collect()
        })
    }

    fn open_charge(&self, charge: NewCharge, now: Timestamp) -> Pending<'_, ChargeOpening> {
        self.write("opening a charge", move |write| open(write, &charge, now))
    }

    fn charge(&self, id: OperationId) -> Pending<'_, Option<Charge>> {
        self.read("looking up a charge", move |db| charge(db, id))
    }

    fn move_charge(
        &self,
        id: OperationId,
        from: Vec<ChargeState>,
        to: ChargeState,
        reference: Option<String>,
    ) -> Pending<'_, Moved<Charge>> {
        self.write("moving a charge", move |write| {
            let Some(before) = charge(write.db, id)? else { return Ok(Moved::Unknown) };
            if !from.contains(&before.state) || !OPEN.contains(&before.state) || !OPEN.contains(&to) {
                return Ok(Moved::Stands(before));
            }
            write
                .db
                .prepare_cached("UPDATE charges SET state = ?, reference = coalesce(?, reference) WHERE id = ?")?
                .execute((word(&to)?, &reference, id.uuid()))?;
            moved(write, id)
        })
    }

    fn pay_charge(&self, id: OperationId, now: Timestamp) -> Pending<'_, Moved<Charge>> {
        self.write("posting a charge", move |write| pay(write, id, now))
    }

    fn decline_charge(&self, id: OperationId, decline: Decline, now: Timestamp) -> Pending<'_, Moved<Charge>> {
        self.write("declining a charge", move |write| {
            let Some(before) = charge(write.db, id)? else { return Ok(Moved::Unknown) };
            if !OPEN.contains(&before.state) {
                return Ok(Moved::Stands(before));
            }
            settle(write, id, ChargeState::Declined, now)?;
            if decline == Decline::Suspend {
                write
                    .db
                    .prepare_cached("UPDATE mandates SET state = 'suspended' WHERE id = ? AND state = 'active'")?
                    .execute([before.mandate.uuid()])?;
            }
            moved(write, id)
        })
    }

    fn open_charges(&self, most: u32) -> Pending<'_, Vec<Charge>> {
        self.read("listing open charges", move |db| {
            db.prepare_cached(
                "SELECT * FROM charges WHERE state IN ('created', 'sent', 'unknown') ORDER BY created_at, id LIMIT ?",
            )?
            .query_map([most], read)?
            .collect()
        })
    }

    fn asked_charge(&self, id: OperationId, ask_at: Timestamp) -> Pending<'_, ()> {
        self.write("noting a question to the gateway", move |write| {
            write
                .db
                .prepare_cached("UPDATE charges SET asks = asks + 1, ask_at = ? WHERE id = ?")?
                .execute((micros(ask_at), id.uuid()))?;
            Ok(())
        })
    }
}

fn put_mandate(write: &Write<'_>, mandate: &Mandate) -> rusqlite::Result<()> {
    write
        .db
        .prepare_cached(
            "INSERT INTO mandates (id, school, account, amount, below, state, gateway, reference, day_cap, week_cap,
             month_cap, email, terms_version, language, created_at, active_since)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT (id) DO UPDATE SET amount = excluded.amount, below = excluded.below, state = excluded.state,
             gateway = excluded.gateway, reference = excluded.reference, day_cap = excluded.day_cap,
             week_cap = excluded.week_cap, month_cap = excluded.month_cap, email = excluded.email,
             terms_version = excluded.terms_version, language = excluded.language,
             active_since = excluded.active_since",
        )?
        .execute((
            mandate.id.uuid(),
            mandate.school.uuid(),
            mandate.account.uuid(),
            mandate.amount.ore(),
            mandate.below.ore(),
            state_word(mandate.state),
            &mandate.gateway,
            &mandate.reference,
            mandate.caps.day.ore(),
            mandate.caps.week.map(Money::ore),
            mandate.caps.month.ore(),
            &mandate.email,
            &mandate.terms_version,
            word(&mandate.language)?,
            micros(mandate.created_at),
            micros(mandate.active_since),
        ))?;
    write.changed(mandate.school, "account", mandate.account.uuid().as_bytes())
}

fn open(write: &Write<'_>, new: &NewCharge, now: Timestamp) -> rusqlite::Result<ChargeOpening> {
    let mandate = write
        .db
        .prepare_cached("SELECT * FROM mandates WHERE id = ? AND state = 'active'")?
        .query_row([new.mandate.uuid()], read_mandate)
        .optional()?;
    let Some(mandate) = mandate else { return Ok(ChargeOpening::NoMandate) };
    let under_way = write
        .db
        .prepare_cached(
            "SELECT 1 FROM charges WHERE (account = ? AND state IN ('created', 'sent', 'unknown'))
             OR (cause = ? AND state <> 'declined')",
        )?
        .exists((mandate.account.uuid(), new.cause.uuid()))?;
    if under_way || settled(write, new.id)?.is_some() {
        return Ok(ChargeOpening::UnderWay);
    }
    write
        .db
        .prepare_cached(
            "INSERT INTO charges (id, mandate, account, amount, cause, state, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute((
            new.id.uuid(),
            mandate.id.uuid(),
            mandate.account.uuid(),
            new.amount.ore(),
            new.cause.uuid(),
            word(&ChargeState::Created)?,
            micros(now),
        ))?;
    write.changed(mandate.school, "account", mandate.account.uuid().as_bytes())?;
    charge(write.db, new.id)?.map(ChargeOpening::Opened).ok_or_else(|| corrupt("charge"))
}

fn pay(write: &Write<'_>, id: OperationId, now: Timestamp) -> rusqlite::Result<Moved<Charge>> {
    let Some(before) = charge(write.db, id)? else { return Ok(Moved::Unknown) };
    if !OPEN.contains(&before.state) {
        return Ok(Moved::Stands(before));
    }
    let mandate = mandate(write.db, before.mandate)?.ok_or_else(|| corrupt("mandate"))?;
    let transaction =
        recharge_paid::paid(id, before.account, before.amount, &mandate.gateway, now).map_err(|_| corrupt("amount"))?;
    let receipt = next_receipt(write, mandate.school, now)?;
    let noted = Note {
        id,
        school: mandate.school,
        digest: digest("charge", &before.amount)?,
        kind: Kind::Recharge.word(),
        at: now,
        claimed_at: None,
        device: None,
        seq: None,
        refusal: None,
        number: &receipt,
        text: "",
        delivery: None,
    };
    note(write, &noted)?;
    post(write, mandate.school, &transaction)?;
    paid_in(write, before.account, before.amount)?;
    settle(write, id, ChargeState::Succeeded, now)?;
    moved(write, id)
}

fn settle(write: &Write<'_>, id: OperationId, state: ChargeState, now: Timestamp) -> rusqlite::Result<()> {
    write.db.prepare_cached("UPDATE charges SET state = ?, settled_at = ? WHERE id = ?")?.execute((
        word(&state)?,
        micros(now),
        id.uuid(),
    ))?;
    Ok(())
}

/// The charge as it stands now; its account's holder sees the change.
fn moved(write: &Write<'_>, id: OperationId) -> rusqlite::Result<Moved<Charge>> {
    let charge = charge(write.db, id)?.ok_or_else(|| corrupt("charge"))?;
    let mandate = mandate(write.db, charge.mandate)?.ok_or_else(|| corrupt("mandate"))?;
    write.changed(mandate.school, "account", charge.account.uuid().as_bytes())?;
    Ok(Moved::Moved(charge))
}

/// What the rule decides by. Without `now`, only what [`madkort_ledger::recharge::shown_state`] looks at: nothing is summed.
pub(super) fn facts(
    db: &Connection,
    account: AccountId,
    now: Option<Timestamp>,
) -> rusqlite::Result<Option<(Mandate, RechargeFacts)>> {
    let mandate = db
        .prepare_cached("SELECT * FROM mandates WHERE account = ? AND state <> 'cancelled'")?
        .query_row([account.uuid()], read_mandate)
        .optional()?;
    let Some(mandate) = mandate else { return Ok(None) };
    let (book, balance, paid_in): (i64, i64, i64) = db
        .prepare_cached(
            "SELECT b.id, b.balance, a.deposited FROM accounts a JOIN books b ON b.id = a.book WHERE a.id = ?",
        )?
        .query_row([account.uuid()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let last = db
        .prepare_cached("SELECT * FROM charges WHERE account = ? ORDER BY created_at DESC, id DESC LIMIT 1")?
        .query_row([account.uuid()], read)
        .optional()?;
    let facts = RechargeFacts {
        mandate: mandate.state,
        amount: mandate.amount,
        below: mandate.below,
        caps: mandate.caps,
        charged: now.map(|now| charged(db, account, now)).transpose()?.unwrap_or_default(),
        paid_in: Money::from_ore(paid_in),
        balance: Money::from_ore(balance),
        open_charge: last.as_ref().is_some_and(|last| OPEN.contains(&last.state)),
        last_success: last_success(db, account)?,
        declined: declined(db, &mandate, last.as_ref())?,
        purchase: if now.is_some() { purchase(db, book, last.as_ref())? } else { None },
        now: now.unwrap_or(Timestamp::UNIX_EPOCH),
    };
    Ok(Some((mandate, facts)))
}

fn charged(db: &Connection, account: AccountId, now: Timestamp) -> rusqlite::Result<Charged> {
    let today = danish::day_of(now);
    let since = |day| -> rusqlite::Result<Money> {
        db.prepare_cached(
            "SELECT coalesce(sum(amount), 0) FROM charges
             WHERE account = ? AND created_at >= ? AND state <> 'declined'",
        )?
        .query_row((account.uuid(), micros(danish::start_of(day))), |row| row.get(0).map(Money::from_ore))
    };
    Ok(Charged { day: since(today)?, week: since(danish::monday_of(today))?, month: since(danish::month_of(today))? })
}

fn last_success(db: &Connection, account: AccountId) -> rusqlite::Result<Option<Timestamp>> {
    db.prepare_cached(
        "SELECT settled_at FROM charges WHERE account = ? AND state = 'succeeded' ORDER BY created_at DESC LIMIT 1",
    )?
    .query_row([account.uuid()], |row| row.maybe_time("settled_at"))
    .optional()
    .map(Option::flatten)
}

/// The decline that waits for its next attempt, or whose next attempt is under way: the last charge's, with all attempts for the
/// same purchase.
fn declined(db: &Connection, mandate: &Mandate, last: Option<&Charge>) -> rusqlite::Result<Option<Declined>> {
    let Some(last) = last.filter(|last| last.state != ChargeState::Succeeded) else { return Ok(None) };
    db.prepare_cached(
        "SELECT min(created_at) AS first, count(*) AS attempts FROM charges
         WHERE cause = ? AND state = 'declined' AND created_at >= ? HAVING count(*) > 0",
    )?
    .query_row((last.cause.uuid(), micros(mandate.active_since)), |row| {
        Ok(Declined { first: row.time("first")?, attempts: row.col("attempts")?, trigger: last.cause })
    })
    .optional()
}

/// The newest purchase, if no charge was opened for it or after it.
fn purchase(db: &Connection, book: i64, last: Option<&Charge>) -> rusqlite::Result<Option<OperationId>> {
    let newest = db
        .prepare_cached(
            "SELECT e.\"transaction\" AS id, e.at FROM entries e JOIN transactions t ON t.id = e.\"transaction\"
             WHERE e.book = ? AND t.kind = 'purchase' ORDER BY e.at DESC, e.id DESC LIMIT 1",
        )?
        .query_row([book], |row| Ok((OperationId::new(row.col("id")?), row.time("at")?)))
        .optional()?;
    Ok(newest.filter(|(id, at)| last.is_none_or(|last| last.cause != *id && last.created_at <= *at)).map(|(id, _)| id))
}

fn charge(db: &Connection, id: OperationId) -> rusqlite::Result<Option<Charge>> {
    db.prepare_cached("SELECT * FROM charges WHERE id = ?")?.query_row([id.uuid()], read).optional()
}

fn read(row: &Row<'_>) -> rusqlite::Result<Charge> {
    Ok(Charge {
        id: OperationId::new(row.col("id")?),
        mandate: MandateId::new(row.col("mandate")?),
        account: AccountId::new(row.col("account")?),
        amount: row.money("amount")?,
        cause: OperationId::new(row.col("cause")?),
        state: row.word("state")?,
        reference: row.col("reference")?,
        created_at: row.time("created_at")?,
        settled_at: row.maybe_time("settled_at")?,
        asks: row.col("asks")?,
        ask_at: row.maybe_time("ask_at")?,
    })
}

fn mandate(db: &Connection, id: MandateId) -> rusqlite::Result<Option<Mandate>> {
    db.prepare_cached("SELECT * FROM mandates WHERE id = ?")?.query_row([id.uuid()], read_mandate).optional()
}

fn read_mandate(row: &Row<'_>) -> rusqlite::Result<Mandate> {
    Ok(Mandate {
        id: MandateId::new(row.col("id")?),
        school: SchoolId::new(row.col("school")?),
        account: AccountId::new(row.col("account")?),
        amount: row.money("amount")?,
        below: row.money("below")?,
        state: state_of(&row.col::<String>("state")?)?,
        gateway: row.col("gateway")?,
        reference: row.col("reference")?,
        caps: Caps {
            day: row.money("day_cap")?,
            week: row.col::<Option<i64>>("week_cap")?.map(Money::from_ore),
            month: row.money("month_cap")?,
        },
        email: row.col("email")?,
        terms_version: row.col("terms_version")?,
        language: row.word("language")?,
        created_at: row.time("created_at")?,
        active_since: row.time("active_since")?,
    })
}

const fn state_word(state: MandateState) -> &'static str {
    match state {
        MandateState::Active => "active",
        MandateState::Suspended => "suspended",
        MandateState::Cancelled => "cancelled",
    }
}

fn state_of(word: &str) -> rusqlite::Result<MandateState> {
    [MandateState::Active, MandateState::Suspended, MandateState::Cancelled]
        .into_iter()
        .find(|state| state_word(*state) == word)
        .ok_or_else(|| corrupt("state of a mandate"))
}
