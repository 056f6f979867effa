//! Mandates and charges.

use jiff::Timestamp;
use madkort_ledger::recharge::{Caps, Charged, Declined, MandateState, RechargeFacts};
use madkort_ledger::{Kind, recharge_paid};
use madkort_protocol::{AccountId, MandateId, Money, OperationId, SchoolId};

use crate::danish;
use crate::store::{Charge, ChargeOpening, ChargeState, Charges, Decline, Mandate, Moved, NewCharge, Pending};

use super::SqlStore;
use super::deposits::{next_receipt, paid_in};
use super::posting::{Note, digest};
use super::session::{First, Session};
use super::value::{Db, Row, corrupt, values, word};
use super::write::Write;

/// The states in which a charge is under way.
const OPEN: [ChargeState; 3] = [ChargeState::Created, ChargeState::Sent, ChargeState::Unknown];

impl Charges for SqlStore {
    fn put_mandate(&self, mandate: Mandate) -> Pending<'_, ()> {
        self.write("putting a mandate", move |write| put_mandate(write, &mandate))
    }

    fn recharge_facts(&self, account: AccountId, now: Timestamp) -> Pending<'_, Option<(Mandate, RechargeFacts)>> {
        self.read("gathering what auto top-up decides by", move |db| facts(db, account, Some(now)))
    }

    fn accounts_with_mandate(&self) -> Pending<'_, Vec<AccountId>> {
        self.read("listing accounts with a mandate", |db| {
            db.query("SELECT account FROM mandates WHERE state = 'active' ORDER BY account", &[])?
                .iter()
                .map(|row| row.col("account").map(AccountId::new))
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
            let Some(before) = charge(write.db()?, id)? else { return Ok(Moved::Unknown) };
            if !from.contains(&before.state) || !OPEN.contains(&before.state) || !OPEN.contains(&to) {
                return Ok(Moved::Stands(before));
            }
            write.db()?.execute(
                "UPDATE charges SET state = $1, reference = coalesce($2, reference) WHERE id = $3",
                &values![word(&to)?, &reference, id.uuid()],
            )?;
            moved(write, id)
        })
    }

    fn pay_charge(&self, id: OperationId, now: Timestamp) -> Pending<'_, Moved<Charge>> {
        self.write("posting a charge", move |write| pay(write, id, now))
    }

    fn decline_charge(&self, id: OperationId, decline: Decline, now: Timestamp) -> Pending<'_, Moved<Charge>> {
        self.write("declining a charge", move |write| {
            let Some(before) = charge(write.db()?, id)? else { return Ok(Moved::Unknown) };
            if !OPEN.contains(&before.state) {
                return Ok(Moved::Stands(before));
            }
            settle(write, id, ChargeState::Declined, now)?;
            if decline == Decline::Suspend {
                write.db()?.execute(
                    "UPDATE mandates SET state = 'suspended' WHERE id = $1 AND state = 'active'",
                    &values![before.mandate.uuid()],
                )?;
            }
            moved(write, id)
        })
    }

    fn open_charges(&self, most: u32) -> Pending<'_, Vec<Charge>> {
        self.read("listing open charges", move |db| {
            db.query(
                "SELECT * FROM charges WHERE state IN ('created', 'sent', 'unknown') ORDER BY created_at, id LIMIT $1",
                &values![most],
            )?
            .iter()
            .map(read)
            .collect()
        })
    }

    fn asked_charge(&self, id: OperationId, ask_at: Timestamp) -> Pending<'_, ()> {
        self.write("noting a question to the gateway", move |write| {
            write.db()?.execute(
                "UPDATE charges SET asks = asks + 1, ask_at = $1 WHERE id = $2",
                &values![ask_at, id.uuid()],
            )?;
            Ok(())
        })
    }
}

fn put_mandate(write: &Write<'_>, mandate: &Mandate) -> Db<()> {
    write.db()?.execute(
        "INSERT INTO mandates (id, school, account, amount, below, state, gateway, reference, day_cap, week_cap,
             month_cap, email, terms_version, language, created_at, active_since)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
             ON CONFLICT (id) DO UPDATE SET amount = excluded.amount, below = excluded.below, state = excluded.state,
             gateway = excluded.gateway, reference = excluded.reference, day_cap = excluded.day_cap,
             week_cap = excluded.week_cap, month_cap = excluded.month_cap, email = excluded.email,
             terms_version = excluded.terms_version, language = excluded.language,
             active_since = excluded.active_since",
        &values![
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
            mandate.created_at,
            mandate.active_since
        ],
    )?;
    write.changed(mandate.school, "account", mandate.account.uuid().as_bytes())
}

fn open(write: &Write<'_>, new: &NewCharge, now: Timestamp) -> Db<ChargeOpening> {
    let mandate = write
        .db()?
        .first("SELECT * FROM mandates WHERE id = $1 AND state = 'active'", &values![new.mandate.uuid()])?
        .as_ref()
        .map(read_mandate)
        .transpose()?;
    let Some(mandate) = mandate else { return Ok(ChargeOpening::NoMandate) };
    let under_way = write.db()?.exists(
        "SELECT 1 FROM charges WHERE (account = $1 AND state IN ('created', 'sent', 'unknown'))
             OR (cause = $2 AND state <> 'declined')",
        &values![mandate.account.uuid(), new.cause.uuid()],
    )?;
    if under_way || write.settled(new.id)?.is_some() {
        return Ok(ChargeOpening::UnderWay);
    }
    write.db()?.execute(
        "INSERT INTO charges (id, school, mandate, account, amount, cause, state, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        &values![
            new.id.uuid(),
            mandate.school.uuid(),
            mandate.id.uuid(),
            mandate.account.uuid(),
            new.amount.ore(),
            new.cause.uuid(),
            word(&ChargeState::Created)?,
            now
        ],
    )?;
    write.changed(mandate.school, "account", mandate.account.uuid().as_bytes())?;
    charge(write.db()?, new.id)?.map(ChargeOpening::Opened).ok_or(corrupt("charge"))
}

fn pay(write: &Write<'_>, id: OperationId, now: Timestamp) -> Db<Moved<Charge>> {
    let Some(before) = charge(write.db()?, id)? else { return Ok(Moved::Unknown) };
    if !OPEN.contains(&before.state) {
        return Ok(Moved::Stands(before));
    }
    let mandate = mandate(write.db()?, before.mandate)?.ok_or(corrupt("mandate"))?;
    let transaction =
        recharge_paid::paid(id, before.account, before.amount, &mandate.gateway, now).map_err(|_| corrupt("amount"))?;
    let receipt = next_receipt(write, mandate.school, now)?;
    let note = Note::new(id, mandate.school, digest("charge", &before.amount)?, Kind::Recharge.word(), now);
    write.settle(&Note { number: &receipt, about: Some(before.cause), ..note }, Some(&transaction))?;
    paid_in(write, mandate.school, before.account, before.amount)?;
    settle(write, id, ChargeState::Succeeded, now)?;
    moved(write, id)
}

fn settle(write: &Write<'_>, id: OperationId, state: ChargeState, now: Timestamp) -> Db<()> {
    write.db()?.execute(
        "UPDATE charges SET state = $1, settled_at = $2 WHERE id = $3",
        &values![word(&state)?, now, id.uuid()],
    )?;
    Ok(())
}

/// The charge as it stands now; its account's holder sees the change.
fn moved(write: &Write<'_>, id: OperationId) -> Db<Moved<Charge>> {
    let charge = charge(write.db()?, id)?.ok_or(corrupt("charge"))?;
    let mandate = mandate(write.db()?, charge.mandate)?.ok_or(corrupt("mandate"))?;
    write.changed(mandate.school, "account", charge.account.uuid().as_bytes())?;
    Ok(Moved::Moved(charge))
}

/// What the rule decides by. Without `now`, only what [`madkort_ledger::recharge::shown_state`] looks at: nothing is summed.
pub fn facts(db: &dyn Session, account: AccountId, now: Option<Timestamp>) -> Db<Option<(Mandate, RechargeFacts)>> {
    let mandate = db
        .first("SELECT * FROM mandates WHERE account = $1 AND state <> 'cancelled'", &values![account.uuid()])?
        .as_ref()
        .map(read_mandate)
        .transpose()?;
    let Some(mandate) = mandate else { return Ok(None) };
    let standing = db
        .first(
            "SELECT b.id, b.balance, b.deposited FROM accounts a JOIN books b ON b.id = a.book WHERE a.id = $1",
            &values![account.uuid()],
        )?
        .ok_or(corrupt("account"))?;
    let last = db
        .first(
            "SELECT * FROM charges WHERE account = $1 ORDER BY created_at DESC, id DESC LIMIT 1",
            &values![account.uuid()],
        )?
        .as_ref()
        .map(read)
        .transpose()?;
    let facts = RechargeFacts {
        mandate: mandate.state,
        amount: mandate.amount,
        below: mandate.below,
        caps: mandate.caps,
        charged: now.map(|now| charged(db, account, now)).transpose()?.unwrap_or_default(),
        paid_in: standing.col("deposited")?,
        balance: standing.col("balance")?,
        open_charge: last.as_ref().is_some_and(|last| OPEN.contains(&last.state)),
        last_success: last_success(db, account)?,
        declined: declined(db, &mandate, last.as_ref())?,
        purchase: if now.is_some() { purchase(db, standing.col("id")?, last.as_ref())? } else { None },
        now: now.unwrap_or(Timestamp::UNIX_EPOCH),
    };
    Ok(Some((mandate, facts)))
}

fn charged(db: &dyn Session, account: AccountId, now: Timestamp) -> Db<Charged> {
    let today = danish::day_of(now);
    let since = |day| -> Db<Money> {
        db.first(
            "SELECT CAST(coalesce(sum(amount), 0) AS BIGINT) AS sum FROM charges
             WHERE account = $1 AND created_at >= $2 AND state <> 'declined'",
            &values![account.uuid(), danish::start_of(day)],
        )?
        .map_or(Ok(Money::ZERO), |row| row.col("sum"))
    };
    Ok(Charged { day: since(today)?, week: since(danish::monday_of(today))?, month: since(danish::month_of(today))? })
}

fn last_success(db: &dyn Session, account: AccountId) -> Db<Option<Timestamp>> {
    db.first(
        "SELECT settled_at FROM charges WHERE account = $1 AND state = 'succeeded' ORDER BY created_at DESC LIMIT 1",
        &values![account.uuid()],
    )?
    .map(|row| row.col("settled_at"))
    .transpose()
    .map(Option::flatten)
}

/// The decline that waits for its next attempt, or whose next attempt is under way: the last charge's, with all attempts for the
/// same purchase.
fn declined(db: &dyn Session, mandate: &Mandate, last: Option<&Charge>) -> Db<Option<Declined>> {
    let Some(last) = last.filter(|last| last.state != ChargeState::Succeeded) else { return Ok(None) };
    db.first(
        "SELECT min(created_at) AS first, count(*) AS attempts FROM charges
         WHERE cause = $1 AND state = 'declined' AND created_at >= $2 HAVING count(*) > 0",
        &values![last.cause.uuid(), mandate.active_since],
    )?
    .map(|row| Ok(Declined { first: row.col("first")?, attempts: row.col("attempts")?, trigger: last.cause }))
    .transpose()
}

/// The newest purchase, if no charge was opened for it or after it.
fn purchase(db: &dyn Session, book: i64, last: Option<&Charge>) -> Db<Option<OperationId>> {
    let newest = db
        .first(
            "SELECT t.id, e.at FROM entries e JOIN transactions t ON t.shard = e.shard AND t.place = e.place
             WHERE e.book = $1 AND t.kind IN ('purchase', 'authorisation-held', 'order-held') ORDER BY e.at DESC, e.number DESC LIMIT 1",
            &values![book],
        )?
        .map(|row| Db::Ok((OperationId::new(row.col("id")?), row.col("at")?)))
        .transpose()?;
    Ok(newest.filter(|(id, at)| last.is_none_or(|last| last.cause != *id && last.created_at <= *at)).map(|(id, _)| id))
}

fn charge(db: &dyn Session, id: OperationId) -> Db<Option<Charge>> {
    db.first("SELECT * FROM charges WHERE id = $1", &values![id.uuid()])?.as_ref().map(read).transpose()
}

fn read(row: &Row) -> Db<Charge> {
    Ok(Charge {
        id: OperationId::new(row.col("id")?),
        mandate: MandateId::new(row.col("mandate")?),
        account: AccountId::new(row.col("account")?),
        amount: row.col("amount")?,
        cause: OperationId::new(row.col("cause")?),
        state: row.word("state")?,
        reference: row.col("reference")?,
        created_at: row.col("created_at")?,
        settled_at: row.col("settled_at")?,
        asks: row.col("asks")?,
        ask_at: row.col("ask_at")?,
    })
}

fn mandate(db: &dyn Session, id: MandateId) -> Db<Option<Mandate>> {
    db.first("SELECT * FROM mandates WHERE id = $1", &values![id.uuid()])?.as_ref().map(read_mandate).transpose()
}

fn read_mandate(row: &Row) -> Db<Mandate> {
    Ok(Mandate {
        id: MandateId::new(row.col("id")?),
        school: SchoolId::new(row.col("school")?),
        account: AccountId::new(row.col("account")?),
        amount: row.col("amount")?,
        below: row.col("below")?,
        state: state_of(&row.col::<String>("state")?)?,
        gateway: row.col("gateway")?,
        reference: row.col("reference")?,
        caps: Caps {
            day: row.col("day_cap")?,
            week: row.col::<Option<i64>>("week_cap")?.map(Money::from_ore),
            month: row.col("month_cap")?,
        },
        email: row.col("email")?,
        terms_version: row.col("terms_version")?,
        language: row.word("language")?,
        created_at: row.col("created_at")?,
        active_since: row.col("active_since")?,
    })
}

const fn state_word(state: MandateState) -> &'static str {
    match state {
        MandateState::Active => "active",
        MandateState::Suspended => "suspended",
        MandateState::Cancelled => "cancelled",
    }
}

fn state_of(word: &str) -> Db<MandateState> {
    [MandateState::Active, MandateState::Suspended, MandateState::Cancelled]
        .into_iter()
        .find(|state| state_word(*state) == word)
        .ok_or(corrupt("state of a mandate"))
}
