//! Money set aside, as it is stored: authorisations and withdrawals.

use jiff::Timestamp;
use madkort_ledger::hold::{Hold, HoldKind, HoldState};
use madkort_ledger::withdrawal::{Stage, Withdrawal};
use madkort_protocol::{AccountId, DeviceId, OperationId, SchoolId};

use super::session::First;
use super::value::{Db, Row, corrupt, values};
use super::write::Write;

/// A hold and where it stands, in the words of the column.
pub struct Stored {
    pub hold: Hold,
    /// Of a withdrawal, how far it has come; of an authorisation, the stage that is like its state.
    pub stage: Stage,
    pub device: Option<DeviceId>,
    pub at: Timestamp,
}

const WORDS: [(Stage, &str); 5] = [
    (Stage::Requested, "held"),
    (Stage::Cancelled, "released"),
    (Stage::Sent, "captured"),
    (Stage::Settled, "settled"),
    (Stage::Returned, "returned"),
];
const EXPIRED: &str = "expired";

/// Keeps a new hold.
pub fn keep(write: &Write<'_>, school: SchoolId, hold: &Hold, device: Option<DeviceId>, at: Timestamp) -> Db<()> {
    write.db()?.execute(
        "INSERT INTO holds (id, school, account, kind, device, amount, captured, state, at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 'held', $8, $9)",
        &values![
            hold.id.uuid(),
            school.uuid(),
            hold.account.uuid(),
            hold.kind.word(),
            device.map(DeviceId::uuid),
            hold.amount,
            hold.captured,
            at,
            hold.expires_at
        ],
    )?;
    Ok(())
}

/// Keeps how a withdrawal stands now.
pub fn keep_withdrawal(write: &Write<'_>, withdrawal: &Withdrawal) -> Db<()> {
    let word = WORDS.iter().find(|(stage, _)| *stage == withdrawal.stage).map(|(_, word)| *word);
    put(write, &withdrawal.hold, word.ok_or(corrupt("stage"))?)
}

/// Keeps how an authorisation stands now.
pub fn keep_authorisation(write: &Write<'_>, hold: &Hold) -> Db<()> {
    let word = match hold.state {
        HoldState::Open => "held",
        HoldState::Captured => "captured",
        HoldState::Released => "released",
        HoldState::Expired => EXPIRED,
    };
    put(write, hold, word)
}

fn put(write: &Write<'_>, hold: &Hold, word: &str) -> Db<()> {
    write.db()?.execute(
        "UPDATE holds SET captured = $1, state = $2 WHERE id = $3",
        &values![hold.captured, word, hold.id.uuid()],
    )?;
    Ok(())
}

/// How far a hold has come, by the word it is stored under.
pub fn stage_of(state: &str) -> Stage {
    let known = WORDS.iter().find(|(_, word)| *word == state);
    known.map_or(Stage::Cancelled, |(stage, _)| *stage)
}

/// A hold of the school.
pub fn stored(write: &Write<'_>, school: SchoolId, id: OperationId) -> Db<Option<Stored>> {
    let sql = "SELECT * FROM holds WHERE id = $1 AND school = $2";
    write.db()?.first(sql, &values![id.uuid(), school.uuid()])?.map(|row| read(&row)).transpose()
}

/// Authorisations whose time is up and the schools they are in, oldest first.
pub fn due(write: &Write<'_>, now: Timestamp, most: u32) -> Db<Vec<(SchoolId, Stored)>> {
    let sql = "SELECT * FROM holds WHERE state = 'held' AND expires_at <= $1 ORDER BY expires_at, id LIMIT $2";
    let rows = write.db()?.query(sql, &values![now, most])?;
    rows.iter().map(|row| Ok((SchoolId::new(row.col("school")?), read(row)?))).collect()
}

/// Reads a row of `holds`.
pub fn read(row: &Row) -> Db<Stored> {
    let (word, state): (String, String) = (row.col("kind")?, row.col("state")?);
    let kind = HoldKind::ALL.into_iter().find(|one| one.word() == word).ok_or(corrupt("kind of hold"))?;
    let reached = stage_of(&state);
    let hold = Hold {
        id: OperationId::new(row.col("id")?),
        account: AccountId::new(row.col("account")?),
        kind,
        amount: row.col("amount")?,
        captured: row.col("captured")?,
        state: match reached {
            Stage::Requested => HoldState::Open,
            Stage::Cancelled if state == EXPIRED => HoldState::Expired,
            Stage::Cancelled => HoldState::Released,
            Stage::Sent | Stage::Settled | Stage::Returned => HoldState::Captured,
        },
        expires_at: row.col("expires_at")?,
    };
    Ok(Stored { hold, stage: reached, device: row.col::<Option<_>>("device")?.map(DeviceId::new), at: row.col("at")? })
}
