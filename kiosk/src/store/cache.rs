//! What the server told: replaced whole, thing by thing.
//!
//! **Invariant:** an answer that was overtaken on its way (a pull that started before a push was answered) does not bring back an
//! older account or order: versions only grow, and an order that has ended does not open again.

use std::sync::Arc;

use jiff::Timestamp;
use kiosk_core::Catalogue;
use madkort_protocol::{Account, CardId, CardRecord, CardStatus, Changes, MenuDay, Order, SetCardBlock};
use rusqlite::{Connection, params};

use super::{Doing as _, Once as _, Store, StoreError, bodies, body, to_json};

impl Store {
    /// The cursor to ask for changes from.
    pub fn cursor(&self) -> Result<u64, StoreError> {
        let cursor: i64 = self.db.one("SELECT cursor FROM device", [], |row| row.get(0)).doing("tell its cursor")?;
        Ok(cursor.unsigned_abs())
    }

    /// Takes what changed, with the cursor, in one transaction. Answers whether anything did.
    pub fn apply(&mut self, changes: &Changes, now: Timestamp) -> Result<bool, StoreError> {
        let anything = changes.school.is_some()
            || !(changes.people.is_empty() && changes.cards.is_empty() && changes.accounts.is_empty())
            || !(changes.products.is_empty() && changes.days.is_empty() && changes.orders.is_empty());
        let tx = self.write()?;
        if let Some(school) = &changes.school {
            tx.run("INSERT OR REPLACE INTO school VALUES (1, ?1)", [to_json("school", school)?])
                .doing("keep the school")?;
        }
        for person in &changes.people {
            keep(
                &tx,
                "INSERT OR REPLACE INTO people VALUES (?1, ?2)",
                &person.id.to_string(),
                &to_json("people", person)?,
            )?;
        }
        for card in &changes.cards {
            let (id, text) = (card.id.to_string(), to_json("cards", card)?);
            let (uid, number, person) = (card.uid.as_hex(), card.number.as_digits(), card.person.to_string());
            tx.prepare_cached("INSERT OR REPLACE INTO cards VALUES (?1, ?2, ?3, ?4, ?5)")
                .and_then(|mut insert| insert.execute(params![id, uid, number, person, text]))
                .doing("keep a card")?;
        }
        for product in &changes.products {
            let (id, text) = (product.id.to_string(), to_json("products", product)?);
            keep(&tx, "INSERT OR REPLACE INTO products VALUES (?1, ?2)", &id, &text)?;
        }
        for day in &changes.days {
            let (date, text) = (day.date.to_string(), to_json("days", day)?);
            keep(&tx, "INSERT OR REPLACE INTO days VALUES (?1, ?2)", &date, &text)?;
        }
        keep_accounts(&tx, &changes.accounts)?;
        keep_orders(&tx, &changes.orders)?;
        let cursor = i64::try_from(changes.cursor).unwrap_or(i64::MAX);
        let sql = "UPDATE device SET cursor = ?1, last_heard = ?2, pulled = max(pulled, ?3)";
        tx.run(sql, params![cursor, now.to_string(), !changes.more]).doing("move its cursor")?;
        tx.commit().doing("keep the changes")?;
        Ok(anything)
    }

    /// What the school offers, with what is left of it less this kiosk's own orders that the server has not answered; once the kiosk
    /// has been told everything: before that, a card it does not know might well be one.
    pub fn catalogue(&self) -> Result<Option<Arc<Catalogue>>, StoreError> {
        let pulled: bool =
            self.db.one("SELECT pulled FROM device", [], |row| row.get(0)).doing("tell what it has pulled")?;
        if !pulled {
            return Ok(None);
        }
        let school = body(&self.db, "school", "SELECT body FROM school", [])?;
        let (Some(school), Some(identity)) = (school, self.identity()?) else { return Ok(None) };
        let products = bodies(&self.db, "products", "SELECT body FROM products ORDER BY id", [])?;
        let mut days: Vec<MenuDay> = bodies(&self.db, "days", "SELECT body FROM days ORDER BY date", [])?;
        for order in self.unanswered_orders()? {
            let day = days.iter_mut().find(|day| day.date == order.date);
            for portions in day.into_iter().flat_map(|day| &mut day.portions) {
                let lines = order.lines.iter().filter(|line| line.product == portions.product);
                *portions = portions.without(lines.map(|line| line.quantity).sum());
            }
        }
        let pictures = self.pictures()?;
        Ok(Some(Arc::new(Catalogue { school, kiosk: identity.short_name, products, days, pictures })))
    }

    /// The server has opened a card that its own holder had blocked.
    pub fn opened(&self, card: CardId) -> Result<(), StoreError> {
        let sql = "SELECT body FROM cards WHERE id = ?1";
        let known: Option<CardRecord> = body(&self.db, "cards", sql, [card.to_string()])?;
        match known.filter(|card| card.status == CardStatus::BlockedByHolder) {
            Some(card) => keep_status(&self.db, card, CardStatus::Active),
            None => Ok(()),
        }
    }
}

pub(super) fn keep_accounts(db: &Connection, accounts: &[Account]) -> Result<(), StoreError> {
    let sql = "INSERT INTO accounts VALUES (?1, ?2, ?3) ON CONFLICT (id) DO UPDATE
               SET version = excluded.version, body = excluded.body WHERE excluded.version >= accounts.version";
    let mut insert = db.prepare_cached(sql).doing("keep accounts")?;
    for account in accounts {
        let version = i64::try_from(account.version).unwrap_or(i64::MAX);
        let row = params![account.id.to_string(), version, to_json("accounts", account)?];
        insert.execute(row).doing("keep an account")?;
    }
    Ok(())
}

pub(super) fn keep_orders(db: &Connection, orders: &[Order]) -> Result<(), StoreError> {
    let sql = "INSERT INTO orders VALUES (?1, ?2, ?3, ?4) ON CONFLICT (id) DO UPDATE
               SET account = excluded.account, date = excluded.date, body = excluded.body
               WHERE json_extract(orders.body, '$.state') = 'held' OR json_extract(excluded.body, '$.state') <> 'held'";
    let mut insert = db.prepare_cached(sql).doing("keep orders")?;
    for order in orders {
        let (id, account, date) = (order.id.to_string(), order.account.to_string(), order.date.to_string());
        insert.execute(params![id, account, date, to_json("orders", order)?]).doing("keep an order")?;
    }
    Ok(())
}

/// A card stands as the server has agreed that it stands.
pub(super) fn set_block(db: &Connection, change: &SetCardBlock) -> Result<(), StoreError> {
    let id = change.target.to_string();
    let known: Option<CardRecord> = body(db, "cards", "SELECT body FROM cards WHERE id = ?1", [&id])?;
    let Some(card) = known.filter(|card| card.status != CardStatus::Replaced) else { return Ok(()) };
    let status = if change.blocked { card.status.blocked(is_own(db, change)?) } else { CardStatus::Active };
    keep_status(db, card, status)
}

/// Whether the card that asks and the card that is meant are one person's.
pub(super) fn is_own(db: &Connection, change: &SetCardBlock) -> Result<bool, StoreError> {
    let person = |card: CardId| {
        let known: Option<CardRecord> = body(db, "cards", "SELECT body FROM cards WHERE id = ?1", [card.to_string()])?;
        Ok::<_, StoreError>(known.map(|card| card.person))
    };
    Ok(change.card == change.target || person(change.card)? == person(change.target)?)
}

fn keep_status(db: &Connection, card: CardRecord, status: CardStatus) -> Result<(), StoreError> {
    let (id, text) = (card.id.to_string(), to_json("cards", &CardRecord { status, ..card })?);
    db.run("UPDATE cards SET body = ?2 WHERE id = ?1", params![id, text]).doing("keep a card's status")?;
    Ok(())
}

fn keep(db: &Connection, sql: &str, key: &str, text: &str) -> Result<(), StoreError> {
    db.prepare_cached(sql).and_then(|mut insert| insert.execute(params![key, text])).doing("keep a row")?;
    Ok(())
}
