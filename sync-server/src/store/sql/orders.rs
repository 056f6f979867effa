//! Orders: held, released, captured.

use jiff::{SignedDuration, Timestamp};
use madkort_ledger::order::{Placing, Releasing, captured, held, released};
use madkort_ledger::rules::{Offline, Recorded};
use madkort_ledger::{Kind, Transaction};
use madkort_protocol::{
    CancelOrder, CardId, DeviceId, Money, OperationId, Order, OrderState, PlaceOrder, Product, Refusal, Rule, SchoolId,
};

use crate::rights::What;

use super::allergies;
use super::operations::{Settling, payer_for};
use super::portions;
use super::posting::{Note, digest};
use super::session::First;
use super::value::{Db, Value, corrupt, values, word};
use super::write::Write;
use super::{price_classes, rows};

/// What a device took in one outage reaches the server within this of its return, in a row of pushes: what came in that time
/// counts together against the offline allowances.
pub const ONE_OUTAGE: SignedDuration = SignedDuration::from_mins(10);

/// Holds the money of an order, or says which rule forbids it.
pub fn place(write: &Write<'_>, settling: &Settling<'_>, order: &PlaceOrder) -> Db<Option<Refusal>> {
    let school = settling.device.school;
    let products = rows::products(write.db()?, school, order.lines.iter().map(|line| line.product))?;
    let day = rows::day(write.db()?, school, order.date)?;
    let forbidden = allergies::forbid(write.db()?, school, order.account, &products)?;
    let class = price_classes::of_account(write.db()?, school, order.account)?.unwrap_or_default();
    let subsidised = class.subsidised(order.total);
    let placing = Placing {
        id: settling.operation.id,
        at: settling.now,
        order,
        payer: payer_for(write, settling.device, (order.card, What::Order), order.account)?,
        subsidised,
        day: day.as_ref(),
        products: &products,
        recorded: recorded(write, settling, order.card)?,
    };
    let verdict = held(&placing).and_then(|made| {
        // In the words of any other dish they cannot have: the ledger keeps no health data.
        if forbidden { Err(madkort_ledger::rules::refusal(Rule::NotOnMenu)) } else { Ok(made) }
    });
    match verdict {
        Ok(made) => {
            let note = note_of(settling, Kind::OrderHeld, &order.number, order.date, None);
            write.settle(&note, made.as_ref())?;
            keep(write, settling, order, &products, (OrderState::Held, subsidised))?;
            portions::moved(write, school, day.as_ref(), order.lines.iter().map(|line| line.product))?;
            Ok(None)
        }
        Err(refusal) => {
            write.settle(&note_of(settling, Kind::OrderHeld, "", order.date, Some(&refusal)), None)?;
            if shows_to_holder(&refusal) && products.len() == distinct(order) {
                keep(write, settling, order, &products, (OrderState::Refused, subsidised))?;
            }
            Ok(Some(refusal))
        }
    }
}

/// Gives the money of a held order back, or says which rule forbids it.
pub fn cancel(write: &Write<'_>, settling: &Settling<'_>, cancel: &CancelOrder) -> Db<Option<Refusal>> {
    let school = settling.device.school;
    let order = rows::order(write.db()?, school, cancel.order)?;
    let Some(found) = order.as_ref() else {
        let refusal = madkort_ledger::rules::refusal(Rule::Order);
        write.settle(&settling.note(Kind::OrderReleased.word(), "", Some(&refusal)), None)?;
        return Ok(Some(refusal));
    };
    let day = rows::day(write.db()?, school, found.date)?;
    let (placed_at, subsidised) = placed(write, found.id)?;
    let releasing = Releasing {
        id: settling.operation.id,
        at: settling.now,
        order: order.as_ref(),
        subsidised,
        payer: payer_for(write, settling.device, (cancel.card, What::Order), found.account)?,
        day: day.as_ref(),
        recorded: recorded(write, settling, cancel.card)?,
    };
    match released(&releasing) {
        Ok(made) => {
            let note = note_of(settling, Kind::OrderReleased, &found.number, found.date, None);
            let spent_at = Some(placed_at);
            write.settle(&Note { spent_at, about: Some(found.id), ..note }, made.as_ref())?;
            set_state(write, school, found.id, OrderState::Released)?;
            portions::moved(write, school, day.as_ref(), found.lines.iter().map(|line| line.product))?;
            Ok(None)
        }
        Err(refusal) => {
            let note = note_of(settling, Kind::OrderReleased, &found.number, found.date, Some(&refusal));
            write.settle(&Note { about: Some(found.id), ..note }, None)?;
            Ok(Some(refusal))
        }
    }
}

/// Sells held orders whose cut-off has passed, oldest day first.
pub fn capture_due(write: &Write<'_>, now: Timestamp, most: u32) -> Db<Vec<OperationId>> {
    let due = write
        .db()?
        .query(
            "SELECT o.id, o.school, o.subsidised FROM orders o JOIN menu_days d ON d.school = o.school AND d.date = o.date
             WHERE o.state = 'held' AND d.cut_off < $1 ORDER BY o.date, o.id LIMIT $2",
            &values![now, most],
        )?
        .iter()
        .map(|row| Ok((OperationId::new(row.col("id")?), SchoolId::new(row.col("school")?), row.col("subsidised")?)))
        .collect::<Db<Vec<_>>>()?;
    for (id, school, subsidised) in &due {
        let order = rows::order(write.db()?, *school, *id)?.ok_or(corrupt("order"))?;
        let transaction = captured(&order, *subsidised, now).map_err(|_| corrupt("order"))?;
        capture(write, *school, &order, &transaction)?;
    }
    Ok(due.into_iter().map(|(id, ..)| id).collect())
}

fn capture(write: &Write<'_>, school: SchoolId, order: &Order, transaction: &Transaction) -> Db<()> {
    let kind = transaction.kind().word();
    let note = Note::new(transaction.id(), school, digest("capture", &order.id)?, kind, transaction.at());
    let note = Note { number: &order.number, delivery: Some(order.date), about: Some(order.id), ..note };
    write.settle(&note, Some(transaction))?;
    set_state(write, school, order.id, OrderState::Captured)
}

fn note_of<'a>(
    settling: &Settling<'a>,
    kind: Kind,
    number: &'a str,
    delivery: jiff::civil::Date,
    refusal: Option<&'a Refusal>,
) -> Note<'a> {
    Note { delivery: Some(delivery), ..settling.note(kind.word(), number, refusal) }
}

/// When an order was placed, and what a subsidy pays of it.
fn placed(write: &Write<'_>, order: OperationId) -> Db<(Timestamp, Money)> {
    let row = write.db()?.first("SELECT at, subsidised FROM orders WHERE id = $1", &values![order.uuid()])?;
    let row = row.ok_or(corrupt("order"))?;
    Ok((row.col("at")?, row.col("subsidised")?))
}

/// A holder sees that an order of theirs was refused; a stranger's order, or one that is no order, shows nowhere.
fn shows_to_holder(refusal: &Refusal) -> bool {
    !matches!(refusal.rule, Rule::Card | Rule::Account | Rule::Field)
}

fn distinct(order: &PlaceOrder) -> usize {
    order.lines.iter().map(|line| line.product).collect::<std::collections::BTreeSet<_>>().len()
}

fn recorded(write: &Write<'_>, settling: &Settling<'_>, card: CardId) -> Db<Recorded> {
    if !settling.operation.offline {
        return Ok(Recorded::Online);
    }
    let school = rows::school(write.db()?, settling.device.school)?.ok_or(corrupt("school"))?;
    let since = settling.now.checked_sub(ONE_OUTAGE).unwrap_or(Timestamp::MIN);
    let device = settling.device.id;
    Ok(Recorded::Offline(Offline {
        claimed_at: settling.operation.claimed_at,
        limits: school.offline,
        card_before: taken_offline(write, device, Some(card), since)?,
        kiosk_before: taken_offline(write, device, None, since)?,
    }))
}

fn taken_offline(write: &Write<'_>, device: DeviceId, card: Option<CardId>, since: Timestamp) -> Db<Money> {
    const ALL: &str = "SELECT CAST(coalesce(sum(total), 0) AS BIGINT) AS sum FROM orders
         WHERE offline = 1 AND device = $1 AND at > $2 AND state <> 'refused'";
    const OF_CARD: &str = "SELECT CAST(coalesce(sum(total), 0) AS BIGINT) AS sum FROM orders
         WHERE offline = 1 AND device = $1 AND at > $2 AND state <> 'refused' AND card = $3";
    let mut parameters = Vec::from(values![device.uuid(), since]);
    parameters.extend(card.map(|card| Value::from(card.uuid())));
    let sql = if card.is_some() { OF_CARD } else { ALL };
    write.db()?.first(sql, &parameters)?.map_or(Ok(Money::ZERO), |row| row.col("sum"))
}

fn keep(
    write: &Write<'_>,
    settling: &Settling<'_>,
    order: &PlaceOrder,
    products: &[Product],
    (state, subsidised): (OrderState, Money),
) -> Db<()> {
    let id = settling.operation.id;
    write.db()?.execute(
        "INSERT INTO orders (id, school, account, card, device, number, date, total, subsidised, state, offline, at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        &values![
            id.uuid(),
            settling.device.school.uuid(),
            order.account.uuid(),
            order.card.uuid(),
            settling.device.id.uuid(),
            &order.number,
            order.date.to_string(),
            order.total.ore(),
            subsidised.ore(),
            word(&state)?,
            settling.operation.offline,
            settling.now
        ],
    )?;
    for (place, line) in (0_i64..).zip(&order.lines) {
        let product = products.iter().find(|product| product.id == line.product).ok_or(corrupt("product"))?;
        write.db()?.execute(
            "INSERT INTO order_lines
                 (\"order\", school, place, product, name_da, name_en, quantity, price, vat_percent, comment)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            &values![
                id.uuid(),
                settling.device.school.uuid(),
                place,
                product.id.uuid(),
                &product.name_da,
                &product.name_en,
                line.quantity,
                line.price.ore(),
                product.vat_percent,
                &line.comment
            ],
        )?;
    }
    write.changed(settling.device.school, "order", id.uuid().as_bytes())
}

fn set_state(write: &Write<'_>, school: SchoolId, order: OperationId, state: OrderState) -> Db<()> {
    write.db()?.execute("UPDATE orders SET state = $1 WHERE id = $2", &values![word(&state)?, order.uuid()])?;
    write.changed(school, "order", order.uuid().as_bytes())
}
