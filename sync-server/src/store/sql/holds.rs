//! Money set aside, as it is stored: a row for each hold that is not an order's.
//!
//! **Invariant:** the row says what the hold's book says: it is opened and ended in the step that moves the money.

use jiff::Timestamp;
use madkort_ledger::HoldKind;
use madkort_ledger::hold::{Hold, HoldState};
use madkort_protocol::{AccountId, DeviceId, OperationId, SchoolId};

use super::session::{First, Session};
use super::value::{Db, Row, corrupt, values};
use super::write::Write;

/// A hold and where it comes from.
#[derive(Clone, Copy, Debug)]
pub struct HoldRow {
    pub hold: Hold,
    pub school: SchoolId,
    /// The till that made it, if one did.
    pub device: Option<DeviceId>,
    /// When the money was held.
    pub at: Timestamp,
}

const STATES: [(HoldState, &str); 4] = [
    (HoldState::Open, "held"),
    (HoldState::Captured, "captured"),
    (HoldState::Released, "released"),
    (HoldState::Expired, "expired"),
];

fn state_word(state: HoldState) -> &'static str {
    STATES.iter().find(|(one, _)| *one == state).map_or("", |(_, word)| word)
}

/// Writes a new hold down.
pub fn open(write: &Write<'_>, row: &HoldRow) -> Db<()> {
    let hold = row.hold;
    write.db()?.execute(
        "INSERT INTO holds (id, school, account, kind, device, amount, captured, state, at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        &values![
            hold.id.uuid(),
            row.school.uuid(),
            hold.account.uuid(),
            hold.kind.word(),
            row.device.map(DeviceId::uuid),
            hold.amount,
            hold.captured,
            state_word(hold.state),
            row.at,
            hold.expires_at
        ],
    )?;
    Ok(())
}

/// Writes down that a hold has moved on.
pub fn end(write: &Write<'_>, hold: &Hold) -> Db<()> {
    write.db()?.execute(
        "UPDATE holds SET captured = $1, state = $2 WHERE id = $3",
        &values![hold.captured, state_word(hold.state), hold.id.uuid()],
    )?;
    Ok(())
}

/// A hold of the school.
pub fn find(db: &dyn Session, school: SchoolId, id: OperationId) -> Db<Option<HoldRow>> {
    db.first("SELECT * FROM holds WHERE id = $1 AND school = $2", &values![id.uuid(), school.uuid()])?
        .as_ref()
        .map(read)
        .transpose()
}

/// Open holds of a kind whose time is up, oldest first.
pub fn due(db: &dyn Session, kind: HoldKind, now: Timestamp, most: u32) -> Db<Vec<HoldRow>> {
    db.query(
        "SELECT * FROM holds WHERE state = 'held' AND kind = $1 AND expires_at <= $2 ORDER BY expires_at, id LIMIT $3",
        &values![kind.word(), now, most],
    )?
    .iter()
    .map(read)
    .collect()
}

fn read(row: &Row) -> Db<HoldRow> {
    let (kind, state): (String, String) = (row.col("kind")?, row.col("state")?);
    let hold = Hold {
        id: OperationId::new(row.col("id")?),
        account: AccountId::new(row.col("account")?),
        kind: HoldKind::ALL.into_iter().find(|one| one.word() == kind).ok_or(corrupt("kind of hold"))?,
        amount: row.col("amount")?,
        captured: row.col("captured")?,
        state: STATES.iter().find(|(_, word)| *word == state).ok_or(corrupt("state of hold"))?.0,
        expires_at: row.col("expires_at")?,
    };
    Ok(HoldRow {
        hold,
        school: SchoolId::new(row.col("school")?),
        device: row.col::<Option<_>>("device")?.map(DeviceId::new),
        at: row.col("at")?,
    })
}
