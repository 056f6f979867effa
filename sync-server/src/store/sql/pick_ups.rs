//! Preorders handed out at a till.
//!
//! **Invariant:** an order is handed out once, and the pick-up that did it stands in its row.

use jiff::Timestamp;
use madkort_ledger::rules::refusal;
use madkort_protocol::{
    CardStatus, DeviceId, HandOut, HandOutLine, OperationId, Order, Outcome, PickUpAnswer, PickUpRequest, Rule,
    SchoolId,
};

use crate::danish;
use crate::store::AtTill;

use super::posting::{Note, digest};
use super::registers::{Asked, Before};
use super::rows;
use super::value::{Db, Row, corrupt, values};
use super::write::Write;

/// The word a pick-up is stored under: no movement of money.
const KIND: &str = "pick-up";

/// Hands out today's orders of the accounts a card opens, or settles that the card opens nothing.
pub fn settle(
    write: &Write<'_>,
    device: DeviceId,
    request: &PickUpRequest,
    now: Timestamp,
) -> Db<AtTill<PickUpAnswer>> {
    let asked = match Asked::look_up(write, device, request.id, digest(KIND, request)?, now)? {
        Before::New(asked) => asked,
        Before::Settled(outcome) => return told(write, device, request.id, outcome),
        Before::Not(answer) => return Ok(answer),
    };
    let school = asked.device.school;
    let holder = write.holder(school, request.card_uid.as_hex())?;
    let Some(holder) = holder.filter(|holder| holder.status == CardStatus::Active) else {
        let no = refusal(Rule::Card);
        write.settle(&Note { refusal: Some(&no), ..asked.note(KIND) }, None)?;
        return told(write, device, request.id, Outcome::Refused(no));
    };
    write.settle(&asked.note(KIND), None)?;
    let orders = write.db()?.query(
        "SELECT o.id FROM orders o JOIN person_accounts p ON p.account = o.account
         WHERE p.person = $1 AND o.school = $2 AND o.date = $3 AND o.state IN ('held', 'captured')
             AND o.picked_up_at IS NULL ORDER BY o.id LIMIT $4",
        &values![holder.person.uuid(), school.uuid(), danish::day_of(now), PickUpAnswer::MOST],
    )?;
    for order in orders.iter().map(id_of) {
        let order = order?.uuid();
        write.db()?.execute(
            "UPDATE orders SET picked_up_at = $1, picked_up_by = $2 WHERE id = $3",
            &values![now, request.id.uuid(), order],
        )?;
        write.changed(school, "order", order.as_bytes())?;
    }
    told(write, device, request.id, Outcome::Posted)
}

/// The answer, also the second time: what was handed out then.
fn told(write: &Write<'_>, device: DeviceId, id: OperationId, outcome: Outcome) -> Db<AtTill<PickUpAnswer>> {
    let school = write.device(device)?.ok_or(corrupt("device"))?.school;
    let picked_up = write.db()?.query(
        "SELECT id FROM orders WHERE picked_up_by = $1 AND school = $2 ORDER BY id",
        &values![id.uuid(), school.uuid()],
    )?;
    let orders = picked_up.iter().map(|row| hand_out(write, school, id_of(row)?)).collect::<Db<_>>()?;
    Ok(AtTill::Settled { answer: PickUpAnswer { id, outcome, orders }, accounts: Vec::new() })
}

fn id_of(row: &Row) -> Db<OperationId> {
    row.col("id").map(OperationId::new)
}

fn hand_out(write: &Write<'_>, school: SchoolId, id: OperationId) -> Db<HandOut> {
    let Order { number, lines, .. } = rows::order(write.db()?, school, id)?.ok_or(corrupt("order"))?;
    let lines = lines.into_iter().map(|line| HandOutLine {
        product: line.product,
        name_da: line.name_da,
        name_en: line.name_en,
        quantity: line.quantity,
        comment: line.comment,
    });
    Ok(HandOut { order: id, number, lines: lines.collect() })
}
