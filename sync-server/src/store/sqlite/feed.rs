//! The change feed in SQLite.

use jiff::civil::Date;
use madkort_protocol::{AccountId, CardId, Changes, OperationId, PersonId, ProductId, SchoolId};
use rusqlite::Connection;
use tokio::sync::watch;

use crate::store::{Feed, Pending};

use super::values::{Columns, corrupt, count};
use super::{SqliteStore, rows};

impl Feed for SqliteStore {
    fn changes(&self, school: SchoolId, after: u64, most: u32, since: Date) -> Pending<'_, Changes> {
        self.read("reading the change feed", move |db| changes(db, school, after, most, since))
    }

    fn latest(&self, school: SchoolId) -> watch::Receiver<u64> {
        self.feeds.subscribe(school)
    }
}

fn changes(db: &Connection, school: SchoolId, after: u64, most: u32, since: Date) -> rusqlite::Result<Changes> {
    // A cursor from a future that was lost with the last backup: the device hears everything again.
    let latest = db
        .prepare_cached("SELECT coalesce(max(cursor), 0) AS cursor FROM changes")?
        .query_row([], |row| row.count("cursor"))?;
    let after = if after > latest { 0 } else { after };
    let mut changes = Changes { cursor: after, ..Changes::default() };
    let mut statement = db.prepare_cached(
        "SELECT cursor, kind, key FROM changes WHERE school = ? AND cursor > ? ORDER BY cursor LIMIT ?",
    )?;
    let mut found = statement.query((school.uuid(), count(after), most))?;
    let mut number = 0;
    while let Some(row) = found.next()? {
        number += 1;
        changes.cursor = row.count("cursor")?;
        let (kind, key): (String, Vec<u8>) = (row.col("kind")?, row.col("key")?);
        add(db, &mut changes, school, since, &kind, &key)?;
    }
    changes.more = number == most;
    Ok(changes)
}

/// Adds a thing as it stands now.
fn add(
    db: &Connection,
    changes: &mut Changes,
    school: SchoolId,
    since: Date,
    kind: &str,
    key: &[u8],
) -> rusqlite::Result<()> {
    match kind {
        "school" => changes.school = rows::school(db, school)?,
        "person" => changes.people.extend(rows::person(db, school, PersonId::new(rows::key_id(key)?))?),
        "card" => changes.cards.extend(rows::card(db, school, CardId::new(rows::key_id(key)?))?),
        "account" => changes.accounts.extend(rows::account(db, school, AccountId::new(rows::key_id(key)?))?),
        "product" => changes.products.extend(rows::product(db, school, ProductId::new(rows::key_id(key)?))?),
        "order" => {
            let order = rows::order(db, school, OperationId::new(rows::key_id(key)?))?;
            changes.orders.extend(order.filter(|order| order.date >= since));
        }
        "day" => {
            let date = std::str::from_utf8(key).ok().and_then(|text| text.parse().ok());
            let day = rows::day(db, school, date.ok_or_else(|| corrupt("day"))?)?;
            changes.days.extend(day.filter(|day| day.date >= since));
        }
        _ => return Err(corrupt("kind of change")),
    }
    Ok(())
}
