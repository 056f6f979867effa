//! What the kitchen cooks for a day.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use madkort_protocol::{OperationId, Product, ProductId, SchoolId};
use sha2::{Digest, Sha256};

use crate::store::{Kitchen, KitchenDay, KitchenLine, Pending, Taken};

use super::session::{First, Session};
use super::value::{Db, Row, corrupt, json, values};
use super::write::Write;
use super::{SqlStore, deeds, rows};

/// The word a list stands under in the record.
const DEED: &str = "kitchen-list";
/// Bytes of a list's hash in the record: two lists of one day are never taken for the same by chance.
const MARK: usize = 8;

impl Kitchen for SqlStore {
    fn kitchen_day(&self, school: SchoolId, date: Date, now: Timestamp) -> Pending<'_, Option<KitchenDay>> {
        self.write("taking the kitchen's list", move |write| take(write, school, date, now))
    }
}

fn take(write: &Write<'_>, school: SchoolId, date: Date, now: Timestamp) -> Db<Option<KitchenDay>> {
    let db = write.db()?;
    let Some(day) = rows::day(db, school, date)? else { return Ok(None) };
    let lines = lines(db, school, date)?;
    let dishes = dishes(db, school, &day.products, &lines)?;
    // As it is stored, so that a list which was written down says the same moment again.
    let now = Timestamp::from_microsecond(now.as_microsecond()).map_err(|_| corrupt("time"))?;
    let taken = if now <= day.cut_off {
        Taken::Open { at: now }
    } else {
        closed(write, school, date, &mark(db, school, date, &dishes, &lines)?, now)?
    };
    Ok(Some(KitchenDay { date, cut_off: day.cut_off, taken, dishes, lines }))
}

/// What somebody cannot eat is found by whose account it was ordered for, whoever ordered.
fn lines(db: &dyn Session, school: SchoolId, date: Date) -> Db<Vec<KitchenLine>> {
    let found = db.query(
        "SELECT o.id, o.number, l.product, l.quantity, l.comment, g.allergens
         FROM orders o JOIN order_lines l ON l.\"order\" = o.id
         JOIN accounts a ON a.id = o.account AND a.school = o.school
         LEFT JOIN allergies g ON g.person = a.owner AND g.school = o.school
         WHERE o.school = $1 AND o.date = $2 AND o.state IN ('held', 'captured') ORDER BY o.id, l.place",
        &values![school.uuid(), date],
    )?;
    let mut lines = found.iter().map(read).collect::<Db<Vec<_>>>()?;
    // Here and not in SQL, where each engine orders words in its own way. The shorter number is the lower one: K1-9 before K1-10.
    lines.sort_by(|one, other| (one.number.len(), &one.number).cmp(&(other.number.len(), &other.number)));
    Ok(lines)
}

fn read(row: &Row) -> Db<KitchenLine> {
    let allergens = match row.col::<Option<String>>("allergens")? {
        Some(_) => row.json("allergens")?,
        None => Vec::new(),
    };
    Ok(KitchenLine {
        order: OperationId::new(row.col("id")?),
        number: row.col("number")?,
        product: ProductId::new(row.col("product")?),
        quantity: row.col("quantity")?,
        comment: row.col("comment")?,
        allergens,
    })
}

fn dishes(db: &dyn Session, school: SchoolId, menu: &[ProductId], lines: &[KitchenLine]) -> Db<Vec<Product>> {
    let on_the_menu: BTreeSet<_> = menu.iter().copied().collect();
    let gone: BTreeSet<_> = lines.iter().map(|line| line.product).filter(|id| !on_the_menu.contains(id)).collect();
    let mut dishes = Vec::new();
    for id in menu.iter().copied().chain(gone) {
        dishes.extend(rows::product(db, school, id)?);
    }
    Ok(dishes)
}

/// Says whether the same list was taken before, and writes down one that was not.
fn closed(write: &Write<'_>, school: SchoolId, date: Date, mark: &str, now: Timestamp) -> Db<Taken> {
    let before = write
        .db()?
        .query(
            "SELECT detail, at FROM deeds WHERE school = $1 AND about = $2 AND what = $3 AND substr(detail, 1, 10) = $4
             ORDER BY at DESC, id LIMIT 2",
            &values![school.uuid(), school.uuid(), DEED, date],
        )?
        .iter()
        .map(|row| Ok((row.col("detail")?, row.col("at")?)))
        .collect::<Db<Vec<(String, Timestamp)>>>()?;
    let at = |place: usize| before.get(place).map(|(_, at)| *at);
    let detail = format!("{date} {mark}");
    match before.first() {
        // Of this very moment it is the same one: work whose end was lost is tried again.
        Some((last, first_at)) if *last == detail => {
            Ok(Taken::Closed { at: *first_at, replaces: at(1), copy: *first_at != now })
        }
        last => {
            deeds::by_office(write, school, (school.uuid(), DEED, &detail), now)?;
            Ok(Taken::Closed { at: now, replaces: last.map(|(_, at)| *at), copy: false })
        }
    }
}

/// Another one for another list. Of what people cannot eat it counts the changes and knows nothing else: a hash in the record outlives
/// what was forgotten, and what is hashed here could be guessed.
fn mark(db: &dyn Session, school: SchoolId, date: Date, dishes: &[Product], lines: &[KitchenLine]) -> Db<String> {
    let changes: i64 = db
        .first(
            "SELECT count(DISTINCT d.id) AS times FROM orders o
             JOIN accounts a ON a.id = o.account AND a.school = o.school
             JOIN deeds d ON d.about = a.owner AND d.school = o.school
             WHERE o.school = $1 AND o.date = $2 AND o.state IN ('held', 'captured') AND d.what = 'allergies'",
            &values![school.uuid(), date],
        )?
        .ok_or(corrupt("count"))?
        .col("times")?;
    let dishes: Vec<_> = dishes.iter().map(|dish| (dish.id, &dish.name_da, &dish.name_en, &dish.allergens)).collect();
    let lines: Vec<_> =
        lines.iter().map(|line| (line.order, &line.number, line.product, line.quantity, &line.comment)).collect();
    let digest = Sha256::digest(json(&(changes, dishes, lines))?);
    Ok(hex::encode(&digest[..MARK]))
}
