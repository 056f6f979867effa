//! The change feed.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use jiff::civil::Date;
use madkort_protocol::{
    AccountId, CardId, CardStatus, CardUid, Changes, OperationId, PersonId, ProductId, SchoolId, TillCard, TillChanges,
};

use tokio::sync::watch;

use crate::store::{Feed, Pending, StoreError};

use super::session::{Engine, First, Session};
use super::value::{Db, Row, corrupt, count, values};
use super::writer::Feeds;
use super::{SqlStore, rows};

/// How often the feeds' heads are looked at where other servers write too: a purchase there is on a kiosk here within a second.
const LOOK: Duration = Duration::from_millis(300);

impl Feed for SqlStore {
    fn changes(&self, school: SchoolId, after: u64, most: u32, since: Date) -> Pending<'_, Changes> {
        self.read("reading the change feed", move |db| changes(db, school, after, most, since))
    }

    fn till_changes(&self, school: SchoolId, after: u64, most: u32) -> Pending<'_, TillChanges> {
        self.read("reading the change feed of tills", move |db| till_changes(db, school, after, most))
    }

    fn latest(&self, school: SchoolId) -> watch::Receiver<u64> {
        self.feeds.subscribe(school)
    }
}

fn changes(db: &dyn Session, school: SchoolId, after: u64, most: u32, since: Date) -> Db<Changes> {
    let (after, _) = begin(db, school, after)?;
    let mut changes = Changes { cursor: after, ..Changes::default() };
    let found = db.query(
        "SELECT c.cursor, c.kind, c.key FROM changes c JOIN shards s ON s.shard = c.shard
         WHERE s.school = $1 AND c.cursor > $2 ORDER BY c.cursor LIMIT $3",
        &values![school.uuid(), count(after), most],
    )?;
    let number = u32::try_from(found.len()).unwrap_or(u32::MAX);
    for row in found {
        changes.cursor = row.col("cursor")?;
        let (kind, key): (String, Vec<u8>) = (row.col("kind")?, row.col("key")?);
        add(db, &mut changes, school, since, &kind, &key)?;
    }
    changes.more = number == most;
    Ok(changes)
}

/// Where to go on, and where the feed ends. A cursor from a future that was lost with the last backup: the device hears everything
/// again.
fn begin(db: &dyn Session, school: SchoolId, after: u64) -> Db<(u64, u64)> {
    let head = db.first("SELECT cursor FROM shards WHERE school = $1", &values![school.uuid()])?;
    let latest = head.map_or(Ok(0), |row| row.col("cursor"))?;
    Ok((if after > latest { 0 } else { after }, latest))
}

/// Reads nothing but what a till may hear.
fn till_changes(db: &dyn Session, school: SchoolId, after: u64, most: u32) -> Db<TillChanges> {
    let (after, latest) = begin(db, school, after)?;
    let found = db.query(
        "SELECT c.cursor, k.id, k.uid, k.status FROM changes c JOIN shards s ON s.shard = c.shard
         JOIN cards k ON k.id = c.key
         WHERE s.school = $1 AND c.kind = 'card' AND c.cursor > $2 ORDER BY c.cursor LIMIT $3",
        &values![school.uuid(), count(after), most],
    )?;
    let more = u32::try_from(found.len()).unwrap_or(u32::MAX) == most;
    // What else has changed need not be passed over once more.
    let cursor = found.last().filter(|_| more).map_or(Ok(latest), |last| last.col("cursor"))?;
    let card = |row: &Row| {
        let uid = CardUid::parse(&row.col::<String>("uid")?).map_err(|_| corrupt("card UID"))?;
        Ok(TillCard { card: CardId::new(row.col("id")?), uid, status: row.word::<CardStatus>("status")?.at_a_till() })
    };
    Ok(TillChanges { cursor, more, cards: found.iter().map(card).collect::<Db<_>>()? })
}

/// Adds a thing as it stands now.
fn add(db: &dyn Session, changes: &mut Changes, school: SchoolId, since: Date, kind: &str, key: &[u8]) -> Db<()> {
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
            let day = rows::day(db, school, date.ok_or(corrupt("day"))?)?;
            changes.days.extend(day.filter(|day| day.date >= since));
        }
        _ => return Err(corrupt("kind of change")),
    }
    Ok(())
}

/// A thread that looks at the heads of the feeds. Ends when it is dropped.
pub struct Watching(#[allow(dead_code, reason = "its end is what it says")] SyncSender<()>);

/// Wakes those who wait when another server has written. A database out of reach is looked at again later.
pub fn watch(engine_of: Arc<dyn Engine>, feeds: Arc<Feeds>) -> Result<Watching, StoreError> {
    let (watching, dropped) = sync_channel(1);
    let look = move || {
        let mut heads: HashMap<SchoolId, i64> = HashMap::new();
        let mut session = None;
        while dropped.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
            let Some(db) = session.take().or_else(|| engine_of.connect_reader().ok()) else { continue };
            let Ok(found) = heads_of(&*db) else { continue };
            session = Some(db);
            let grown: Vec<_> = found.iter().filter(|(school, head)| heads.get(school) != Some(head)).collect();
            feeds.wake(grown.iter().map(|(school, _)| school));
            heads = found.into_iter().collect();
        }
    };
    std::thread::Builder::new()
        .name("feed-watcher".to_owned())
        .spawn(look)
        .map_err(|source| StoreError::Engine { doing: "starting to watch the feeds", source: Box::new(source) })?;
    Ok(Watching(watching))
}

fn heads_of(db: &dyn Session) -> Db<Vec<(SchoolId, i64)>> {
    let heads = db.query("SELECT school, cursor FROM shards", &[])?;
    heads.iter().map(|row| Ok((SchoolId::new(row.col("school")?), row.col("cursor")?))).collect()
}
