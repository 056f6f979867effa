//! A till takes its own sale back.

use jiff::Timestamp;
use madkort_ledger::Kind;
use madkort_ledger::undo::{Undoing, undone};
use madkort_protocol::{Answer, DeviceId, OperationId, Outcome};

use crate::store::AtTill;

use super::posted::{Found, found};
use super::posting::{Note, digest};
use super::registers::{Asked, Before, refused, settled};
use super::value::Db;
use super::write::Write;

/// Takes a sale back once, or settles that it stands.
pub fn settle(
    write: &Write<'_>,
    device: DeviceId,
    purchase: OperationId,
    id: OperationId,
    now: Timestamp,
) -> Db<AtTill<Answer>> {
    let asked = match Asked::look_up(write, device, id, digest("undo", &(purchase, id))?, now)? {
        Before::New(asked) => asked,
        Before::Settled(outcome) => return Ok(settled(id, outcome)),
        Before::Not(answer) => return Ok(answer),
    };
    let sale = found(write, asked.device.school, purchase)?;
    let text = sale.as_ref().map_or("", |sale| &sale.text);
    let note = Note { about: Some(purchase), text, ..asked.note(Kind::PurchaseUndone.word()) };
    let posted = sale.as_ref().map(Found::posted);
    match undone(&Undoing { id, at: now, device, sale: posted }) {
        Ok(transaction) => {
            let spent_at = sale.as_ref().map(|sale| sale.spent_at);
            write.settle(&Note { spent_at, ..note }, Some(&transaction))?;
            Ok(settled(id, Outcome::Posted))
        }
        Err(no) => refused(write, note, &no),
    }
}
