//! Mandates and charges: the records behind `madkort_ledger::recharge`, which decides.
//!
//! **Invariant:** the state that the rows come to, one step of it, and the rows after it are one transaction; the unique indexes
//! would stop a second open charge, or a second one for a purchase, whatever the code does.

use jiff::Timestamp;
use madkort_ledger::recharge::{Attempt, CALL_IS_OVER, Caps, Charged, Effect, Event, Facts, Open, State, Stop};
use madkort_ledger::{Kind, deposit, recharge_paid};
use madkort_protocol::{
    AccountId, AutoRecharge, CardId, MandateAnswer, MandateId, MandateWish, Money, OperationId, PersonId, SchoolId,
};

use crate::danish;
use crate::store::{Charge, ChargeState, Charges, Mandate, MandateChange, MandateState, Pending, Stepped, Stepping};

use super::SqlStore;
use super::causes;
use super::deeds::record;
use super::deposits::{next_receipt, paid_in};
use super::mails;
use super::operations::payer;
use super::posting::{Note, digest};
use super::rows;
use super::session::{First, Session};
use super::value::{Db, Row, corrupt, values, word};
use super::write::Write;

/// After so long a call that has not come back is asked about, in microseconds.
const CALL_MICROS: i64 = CALL_IS_OVER.as_secs() * 1_000_000;

impl Charges for SqlStore {
    fn put_mandate(&self, mandate: Mandate) -> Pending<'_, ()> {
        self.write("putting a mandate", move |write| put_mandate(write, &mandate))
    }

    fn mandate(&self, account: AccountId) -> Pending<'_, Option<Mandate>> {
        self.read("looking up a mandate", move |db| standing_mandate(db, account))
    }

    fn accounts_with_mandate(&self) -> Pending<'_, Vec<AccountId>> {
        self.read("listing accounts with a mandate", |db| {
            accounts(db, "SELECT account FROM mandates WHERE state = 'active' ORDER BY account")
        })
    }

    fn accounts_to_retry(&self) -> Pending<'_, Vec<AccountId>> {
        self.read("listing declined charges", |db| {
            accounts(
                db,
                "SELECT DISTINCT account FROM charges WHERE state = 'declined' AND attempt > 0 ORDER BY account",
            )
        })
    }

    fn recharge(&self, stepping: Stepping) -> Pending<'_, Option<Stepped>> {
        self.write("taking auto top-up a step on", move |write| step(write, &stepping))
    }

    fn change_mandate(&self, change: MandateChange, now: Timestamp) -> Pending<'_, Option<MandateAnswer>> {
        self.write("changing a mandate", move |write| change_mandate(write, &change, now))
    }

    fn charge(&self, id: OperationId) -> Pending<'_, Option<Charge>> {
        self.read("looking up a charge", move |db| charge(db, id))
    }

    fn open_charges(&self, due: Timestamp, most: u32) -> Pending<'_, Vec<Charge>> {
        self.read("listing open charges", move |db| {
            // As `State::update` has it: what is created goes out at once, a call is over after a while, the gateway is asked at its hour.
            db.query(
                "SELECT * FROM (SELECT c.*, CASE c.state WHEN 'created' THEN c.created_at
                     WHEN 'sent' THEN c.created_at + $1 ELSE coalesce(c.ask_at, c.created_at) END AS due_at
                     FROM charges c WHERE c.state IN ('created', 'sent', 'unknown')) AS waiting
                 WHERE due_at <= $2 ORDER BY due_at, id LIMIT $3",
                &values![CALL_MICROS, due, most],
            )?
            .iter()
            .map(read)
            .collect()
        })
    }
}

fn accounts(db: &dyn Session, sql: &'static str) -> Db<Vec<AccountId>> {
    db.query(sql, &[])?.iter().map(|row| row.col("account").map(AccountId::new)).collect()
}

/// Puts a mandate, and tells the change feed of its account.
pub fn put_mandate(write: &Write<'_>, mandate: &Mandate) -> Db<()> {
    let (state, stopped_by) = state_words(mandate.state);
    let seen = causes::newest(write.db()?, mandate.account)?;
    write.db()?.execute(
        "INSERT INTO mandates (id, school, account, amount, below, state, gateway, reference, day_cap, week_cap,
             month_cap, email, terms_version, language, given_by, created_at, stopped_by, last_four, seen_at, seen)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
             ON CONFLICT (id) DO UPDATE SET amount = excluded.amount, below = excluded.below, state = excluded.state,
             gateway = excluded.gateway, reference = excluded.reference, day_cap = excluded.day_cap,
             week_cap = excluded.week_cap, month_cap = excluded.month_cap, email = excluded.email,
             terms_version = excluded.terms_version, language = excluded.language, given_by = excluded.given_by,
             stopped_by = excluded.stopped_by, last_four = excluded.last_four",
        &values![
            mandate.id.uuid(),
            mandate.school.uuid(),
            mandate.account.uuid(),
            mandate.amount.ore(),
            mandate.below.ore(),
            state,
            &mandate.gateway,
            &mandate.reference,
            mandate.caps.day.ore(),
            mandate.caps.week.map(Money::ore),
            mandate.caps.month.ore(),
            &mandate.email,
            &mandate.terms_version,
            word(&mandate.language)?,
            mandate.given_by.uuid(),
            mandate.created_at,
            stopped_by,
            &mandate.last_four,
            seen.at,
            seen.number
        ],
    )?;
    write.changed(mandate.school, "account", mandate.account.uuid().as_bytes())
}

/// What the holder is shown of auto top-up.
pub fn shown(db: &dyn Session, account: AccountId) -> Db<Option<AutoRecharge>> {
    let Some(mandate) = standing_mandate(db, account)? else { return Ok(None) };
    let open = open_charge(db, account)?.filter(|open| open.mandate == mandate.id);
    let facts = facts(db, &mandate, None)?;
    let state = state_of(db, &mandate, open.as_ref(), &facts)?;
    Ok(Some(AutoRecharge { amount: mandate.amount, below: mandate.below, state: state.shown(&facts) }))
}

fn change_mandate(write: &Write<'_>, change: &MandateChange, now: Timestamp) -> Db<Option<MandateAnswer>> {
    let device = write.device(change.by.device)?.ok_or(corrupt("device"))?;
    if payer(write, &device, change.by.card, change.account)?.check_card().is_err() {
        return Ok(None);
    }
    let Some(mandate) = standing_mandate(write.db()?, change.account)? else { return Ok(None) };
    write.db()?.execute(
        "UPDATE mandates SET changed_by = $1, changed_at = $2 WHERE id = $3",
        &values![change.by.card.uuid(), now, mandate.id.uuid()],
    )?;
    // No charge begins with a change of the mandate.
    let new_id = OperationId::new(mandate.id.uuid());
    let (event, what) = match change.wish {
        MandateWish::Pause => (Event::Paused, "auto-recharge-paused"),
        MandateWish::Resume => (Event::Resumed, "auto-recharge-resumed"),
        MandateWish::Cancel => (Event::Cancelled, "auto-recharge-cancelled"),
    };
    let mandate = Some(mandate.id);
    step(write, &Stepping { account: change.account, event, mandate, reference: None, new_id, now })?;
    let account = rows::account(write.db()?, device.school, change.account)?.ok_or(corrupt("account"))?;
    record(write, device.school, account.owner, what, &change.by, now)?;
    Ok(Some(MandateAnswer { auto_recharge: account.auto_recharge }))
}

/// One step of the machine, from rows to rows.
pub fn step(write: &Write<'_>, stepping: &Stepping) -> Db<Option<Stepped>> {
    let db = write.db()?;
    let mut open = open_charge(db, stepping.account)?;
    // A charge goes on under the mandate it was begun with, also when that one was taken back and another given.
    let named = match (&stepping.mandate, stepping.event, &open) {
        (Some(named), ..) => mandate(db, *named)?,
        (None, Event::Answered { charge: id, .. }, _) => match charge(db, id)? {
            Some(charge) => mandate(db, charge.mandate)?,
            None => None,
        },
        (None, _, Some(open)) => mandate(db, open.mandate)?,
        (None, _, None) => standing_mandate(db, stepping.account)?,
    };
    let Some(mandate) = named else { return Ok(None) };
    open = open.filter(|open| open.mandate == mandate.id);
    let facts = Facts { new_id: stepping.new_id, ..facts(db, &mandate, Some(stepping.now))? };
    let before = state_of(db, &mandate, open.as_ref(), &facts)?;
    let (mut after, mut effects) = before.update(stepping.event, &facts);
    // Of two purchases' charges, or two servers', the first stands.
    if let [Effect::Intend(attempt)] = effects[..]
        && (write.settled(attempt.charge)?.is_some() || has_charge(write, stepping.account, attempt.cause)?)
    {
        (after, effects) = (before, vec![]);
    }
    for effect in &effects {
        carry_out(write, &mandate, &facts, &after, *effect, stepping)?;
    }
    if after != before {
        save(write, &mandate, &before, &after, stepping.reference.as_deref())?;
    }
    if before.has_looked(stepping.event, &after) {
        causes::look(write, stepping.account)?;
    }
    let concerned = after.open().or(before.open()).map(|open| open.attempt.charge);
    let charge = concerned.map(|id| charge(write.db()?, id)).transpose()?.flatten();
    Ok(Some(Stepped { mandate, charge, state: after, effects }))
}

fn has_charge(write: &Write<'_>, account: AccountId, cause: OperationId) -> Db<bool> {
    write.db()?.exists(
        "SELECT 1 FROM charges WHERE (account = $1 AND state IN ('created', 'sent', 'unknown'))
             OR (cause = $2 AND state <> 'declined')",
        &values![account.uuid(), cause.uuid()],
    )
}

fn carry_out(
    write: &Write<'_>,
    mandate: &Mandate,
    facts: &Facts,
    after: &State,
    effect: Effect,
    stepping: &Stepping,
) -> Db<()> {
    let now = stepping.now;
    match effect {
        Effect::Intend(attempt) => {
            forgive(write, mandate.account)?;
            insert(write, mandate, &attempt)
        }
        Effect::Post(id) => pay(write, mandate, id, now),
        Effect::PostStray(id) => pay_stray(write, mandate, id, now),
        Effect::Close(id) => {
            settle(write, id, ChargeState::Declined, now)?;
            if after.stop().is_some() { forgive(write, mandate.account) } else { Ok(()) }
        }
        Effect::Forgive => forgive(write, mandate.account),
        Effect::MailStopped { charge, why } => mails::stopped(write, mandate, charge, why, facts, now),
        // After the commit, and not here.
        Effect::Call(_) | Effect::Ask(_) | Effect::Alarm { .. } => Ok(()),
    }
}

/// Declines so far are history.
fn forgive(write: &Write<'_>, account: AccountId) -> Db<()> {
    write.db()?.execute(
        "UPDATE charges SET attempt = 0 WHERE account = $1 AND state = 'declined' AND attempt > 0",
        &values![account.uuid()],
    )?;
    Ok(())
}

fn insert(write: &Write<'_>, mandate: &Mandate, attempt: &Attempt) -> Db<()> {
    write.db()?.execute(
        "INSERT INTO charges (id, school, mandate, account, amount, cause, attempt, first_at, state, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        &values![
            attempt.charge.uuid(),
            mandate.school.uuid(),
            mandate.id.uuid(),
            mandate.account.uuid(),
            mandate.amount.ore(),
            attempt.cause.uuid(),
            attempt.number,
            attempt.first,
            word(&ChargeState::Created)?,
            attempt.made
        ],
    )?;
    Ok(())
}

fn pay(write: &Write<'_>, mandate: &Mandate, id: OperationId, now: Timestamp) -> Db<()> {
    let charge = charge(write.db()?, id)?.ok_or(corrupt("charge"))?;
    let transaction =
        recharge_paid::paid(id, charge.account, charge.amount, &mandate.gateway, now).map_err(|_| corrupt("amount"))?;
    let receipt = next_receipt(write, mandate.school, now)?;
    let note = Note::new(id, mandate.school, digest("charge", &charge.amount)?, Kind::Recharge.word(), now);
    write.settle(&Note { number: &receipt, about: Some(charge.cause), ..note }, Some(&transaction))?;
    paid_in(write, mandate.school, charge.account, charge.amount)?;
    settle(write, id, ChargeState::Succeeded, now)?;
    mails::receipt(write, mandate, &charge, &receipt, now)
}

/// A charge that was closed, and the gateway took money for it all the same.
fn pay_stray(write: &Write<'_>, mandate: &Mandate, id: OperationId, now: Timestamp) -> Db<()> {
    let Some(charge) = charge(write.db()?, id)?.filter(|charge| charge.state == ChargeState::Declined) else {
        return Ok(());
    };
    if write.db()?.exists("SELECT 1 FROM transactions WHERE id = $1", &values![id.uuid()])? {
        return Ok(());
    }
    tracing::error!(charge = %id, alarm = "stray-charge", "the gateway took money for a charge that was closed");
    let transaction = deposit::stray(id, charge.amount, &mandate.gateway, now).map_err(|_| corrupt("amount"))?;
    let note = Note::new(id, mandate.school, digest("charge", &charge.amount)?, Kind::Stray.word(), now);
    write.settle(&Note { about: Some(charge.cause), ..note }, Some(&transaction))
}

fn settle(write: &Write<'_>, id: OperationId, state: ChargeState, now: Timestamp) -> Db<()> {
    write.db()?.execute(
        "UPDATE charges SET state = $1, settled_at = $2 WHERE id = $3",
        &values![word(&state)?, now, id.uuid()],
    )?;
    Ok(())
}

/// Writes down where the open charge and the mandate stand; the account's holder sees the change.
fn save(write: &Write<'_>, mandate: &Mandate, before: &State, after: &State, reference: Option<&str>) -> Db<()> {
    if let Some((stage, open)) = stage(after) {
        write.db()?.execute(
            "UPDATE charges SET state = $1, asks = $2, ask_at = $3 WHERE id = $4",
            &values![word(&stage)?, open.asks, open.ask_at, open.attempt.charge.uuid()],
        )?;
    }
    if let (Some(reference), Some(open)) = (reference, before.open()) {
        write.db()?.execute(
            "UPDATE charges SET reference = $1 WHERE id = $2",
            &values![reference, open.attempt.charge.uuid()],
        )?;
    }
    if before.stop() != after.stop() {
        let (state, stopped_by) = state_words(MandateState::of(after.stop()));
        write.db()?.execute(
            "UPDATE mandates SET state = $1, stopped_by = $2 WHERE id = $3",
            &values![state, stopped_by, mandate.id.uuid()],
        )?;
    }
    write.changed(mandate.school, "account", mandate.account.uuid().as_bytes())
}

fn stage(state: &State) -> Option<(ChargeState, &Open)> {
    match state {
        State::Due(open) => Some((ChargeState::Created, open)),
        State::Charging(open) => Some((ChargeState::Sent, open)),
        State::Unknown(open) => Some((ChargeState::Unknown, open)),
        State::NotArmed | State::Armed | State::Retry { .. } | State::Suspended(_) => None,
    }
}

/// The state that the rows come to.
fn state_of(db: &dyn Session, mandate: &Mandate, open: Option<&Charge>, facts: &Facts) -> Db<State> {
    let stop = mandate.state.stop();
    let Some(charge) = open else {
        let declined = if stop.is_some() { None } else { declined(db, mandate.account)? };
        return Ok(State::resting(stop, declined, facts));
    };
    let open = Open { attempt: charge.attempt(), stop, asks: charge.asks, ask_at: charge.ask_at };
    match charge.state {
        ChargeState::Created => Ok(State::Due(open)),
        ChargeState::Sent => Ok(State::Charging(open)),
        ChargeState::Unknown => Ok(State::Unknown(open)),
        ChargeState::Succeeded | ChargeState::Declined => Err(corrupt("open charge")),
    }
}

/// What the machine decides by. Without `now`, only what [`State::shown`] looks at: nothing is summed.
fn facts(db: &dyn Session, mandate: &Mandate, now: Option<Timestamp>) -> Db<Facts> {
    let account = mandate.account;
    let standing = db
        .first(
            "SELECT b.id, b.balance, b.deposited FROM accounts a JOIN books b ON b.id = a.book WHERE a.id = $1",
            &values![account.uuid()],
        )?
        .ok_or(corrupt("account"))?;
    Ok(Facts {
        amount: mandate.amount,
        below: mandate.below,
        caps: mandate.caps,
        charged: now.map(|now| charged(db, account, now)).transpose()?.unwrap_or_default(),
        paid_in: standing.col("deposited")?,
        balance: standing.col("balance")?,
        last_success: if now.is_some() { last_success(db, account)? } else { None },
        purchase: match now {
            Some(_) => causes::cause(db, mandate.id, standing.col("id")?, mandate.below)?,
            None => None,
        },
        new_id: OperationId::new(mandate.id.uuid()),
        now: now.unwrap_or(Timestamp::UNIX_EPOCH),
    })
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

/// The decline that waits for its next attempt.
fn declined(db: &dyn Session, account: AccountId) -> Db<Option<Attempt>> {
    db.first(
        "SELECT * FROM charges WHERE account = $1 AND state = 'declined' AND attempt > 0",
        &values![account.uuid()],
    )?
    .map(|row| read(&row).map(|charge| charge.attempt()))
    .transpose()
}

fn open_charge(db: &dyn Session, account: AccountId) -> Db<Option<Charge>> {
    db.first(
        "SELECT * FROM charges WHERE account = $1 AND state IN ('created', 'sent', 'unknown')",
        &values![account.uuid()],
    )?
    .as_ref()
    .map(read)
    .transpose()
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
        number: row.col("attempt")?,
        first_at: row.col("first_at")?,
        state: row.word("state")?,
        reference: row.col("reference")?,
        created_at: row.col("created_at")?,
        settled_at: row.col("settled_at")?,
        asks: row.col("asks")?,
        ask_at: row.col("ask_at")?,
    })
}

/// The mandate of an account that is not cancelled.
pub fn standing_mandate(db: &dyn Session, account: AccountId) -> Db<Option<Mandate>> {
    db.first("SELECT * FROM mandates WHERE account = $1 AND state <> 'cancelled'", &values![account.uuid()])?
        .as_ref()
        .map(read_mandate)
        .transpose()
}

/// A mandate, whatever has become of it.
pub fn mandate(db: &dyn Session, id: MandateId) -> Db<Option<Mandate>> {
    db.first("SELECT * FROM mandates WHERE id = $1", &values![id.uuid()])?.as_ref().map(read_mandate).transpose()
}

fn read_mandate(row: &Row) -> Db<Mandate> {
    Ok(Mandate {
        id: MandateId::new(row.col("id")?),
        school: SchoolId::new(row.col("school")?),
        account: AccountId::new(row.col("account")?),
        amount: row.col("amount")?,
        below: row.col("below")?,
        state: state_from(&row.col::<String>("state")?, row.col::<Option<String>>("stopped_by")?.as_deref())?,
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
        given_by: PersonId::new(row.col("given_by")?),
        created_at: row.col("created_at")?,
        changed_by: row.col::<Option<uuid::Uuid>>("changed_by")?.map(CardId::new),
        changed_at: row.col("changed_at")?,
        last_four: row.col("last_four")?,
    })
}

fn state_words(state: MandateState) -> (&'static str, Option<String>) {
    match state {
        MandateState::Active => ("active", None),
        MandateState::Suspended(why) => ("suspended", Some(why.word().to_owned())),
        MandateState::Cancelled => ("cancelled", None),
    }
}

fn state_from(state: &str, stopped_by: Option<&str>) -> Db<MandateState> {
    match (state, stopped_by.and_then(Stop::parse)) {
        ("active", None) => Ok(MandateState::Active),
        ("suspended", Some(why)) => Ok(MandateState::Suspended(why)),
        ("cancelled", _) => Ok(MandateState::Cancelled),
        _ => Err(corrupt("state of a mandate")),
    }
}
