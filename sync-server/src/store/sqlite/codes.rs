//! Tries at verification codes in SQLite.

use jiff::Timestamp;
use madkort_protocol::{CardId, CardStatus, SchoolId, Throttle};
use rusqlite::OptionalExtension;

use crate::store::{CodeTry, Codes, Pending};

use super::values::{Columns, micros};
use super::writer::Write;
use super::{SqliteStore, rows};

impl Codes for SqliteStore {
    fn take_code_try(&self, school: SchoolId, card: CardId, now: Timestamp) -> Pending<'_, CodeTry> {
        self.write("counting a code", move |write| take_try(write, school, card, now))
    }

    fn code_was_right(&self, card: CardId) -> Pending<'_, ()> {
        self.write("forgetting wrong codes", move |write| {
            write.db.prepare_cached("DELETE FROM code_throttle WHERE card = ?")?.execute([card.uuid()])?;
            Ok(())
        })
    }
}

fn take_try(write: &Write<'_>, school: SchoolId, card: CardId, now: Timestamp) -> rusqlite::Result<CodeTry> {
    let found = rows::card(write.db, school, card)?.filter(|card| card.status == CardStatus::Active);
    let Some(found) = found else { return Ok(CodeTry::Unknown) };
    let throttle = write
        .db
        .prepare_cached("SELECT wrong, last FROM code_throttle WHERE card = ?")?
        .query_row([card.uuid()], |row| Ok(Throttle { wrong: row.col("wrong")?, last: row.maybe_time("last")? }))
        .optional()?
        .unwrap_or_default();
    if let Some(until) = throttle.wait_until(now) {
        return Ok(CodeTry::Wait { until });
    }
    let throttle = throttle.after_wrong(now);
    write.db.prepare_cached("INSERT OR REPLACE INTO code_throttle (card, wrong, last) VALUES (?, ?, ?)")?.execute((
        card.uuid(),
        throttle.wrong,
        micros(now),
    ))?;
    Ok(CodeTry::Look { verifier: found.code, tries_left: throttle.tries_left() })
}
