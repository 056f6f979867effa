//! Tries at verification codes.

use jiff::Timestamp;
use madkort_protocol::{CardId, CardStatus, SchoolId, Throttle};

use crate::store::{CodeTry, Codes, Pending};

use super::session::First;
use super::value::{Db, values};
use super::write::Write;
use super::{SqlStore, rows};

impl Codes for SqlStore {
    fn take_code_try(
        &self,
        school: SchoolId,
        card: CardId,
        stands: CardStatus,
        now: Timestamp,
    ) -> Pending<'_, CodeTry> {
        self.write("counting a code", move |write| take_try(write, school, (card, stands), now))
    }

    fn code_was_right(&self, card: CardId) -> Pending<'_, ()> {
        self.write("forgetting wrong codes", move |write| {
            write.db()?.execute("DELETE FROM code_throttle WHERE card = $1", &values![card.uuid()])?;
            Ok(())
        })
    }
}

fn take_try(write: &Write<'_>, school: SchoolId, (card, stands): (CardId, CardStatus), now: Timestamp) -> Db<CodeTry> {
    let found = rows::card(write.db()?, school, card)?.filter(|card| card.status == stands);
    let Some(found) = found else { return Ok(CodeTry::Unknown) };
    let throttle = write
        .db()?
        .first("SELECT wrong, last FROM code_throttle WHERE card = $1", &values![card.uuid()])?
        .map(|row| Db::Ok(Throttle { wrong: row.col("wrong")?, last: row.col("last")? }))
        .transpose()?
        .unwrap_or_default();
    if let Some(until) = throttle.wait_until(now) {
        return Ok(CodeTry::Wait { until });
    }
    let throttle = throttle.after_wrong(now);
    write.db()?.execute(
        "INSERT INTO code_throttle (card, school, wrong, last) VALUES ($1, $2, $3, $4)
         ON CONFLICT (card) DO UPDATE SET wrong = excluded.wrong, last = excluded.last",
        &values![card.uuid(), school.uuid(), throttle.wrong, now],
    )?;
    Ok(CodeTry::Look { verifier: found.code, tries_left: throttle.tries_left() })
}
