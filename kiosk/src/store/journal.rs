//! What this kiosk did, in its own sequence, and what the server made of it.
//!
//! **Invariant:** an operation and the paper that belongs to it are recorded in one transaction, or neither is; sequence numbers
//! have no gaps; the same id recorded twice is one row.

use jiff::Timestamp;
use kiosk_core::{Draft, Paper};
use madkort_protocol::{
    CardId, Language, Money, Operation, OperationBody, OperationId, Outcome, Push, Pushed, Refusal,
};
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};

use super::{Doing as _, Once as _, Store, StoreError, cache, from_json, spool, to_json};

/// An operation to be put on disk.
#[derive(Clone, Debug)]
pub struct ToRecord {
    /// Its id.
    pub id: OperationId,
    /// What it is.
    pub draft: Draft,
    /// The paper that goes with it, and what it speaks.
    pub slip: Option<(Paper, Language)>,
    /// By the kiosk's clock.
    pub claimed_at: Timestamp,
    /// Out of the server's reach.
    pub offline: bool,
}

/// An operation that is on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Its number, as on the slip.
    pub number: String,
    /// The card it was done with.
    pub card: CardId,
}

/// What is next to be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// Consecutive, oldest first, at most [`Push::MOST`].
    pub push: Push,
    /// There is more behind it.
    pub more: bool,
}

/// What the server's answer came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settled {
    /// Operations it refused, now for the first time.
    pub refused: Vec<(OperationId, OperationBody, Refusal)>,
}

impl Store {
    /// Puts an operation and its slip on disk, under the next number of this kiosk.
    pub fn record(&mut self, order: ToRecord) -> Result<Recorded, StoreError> {
        let short_name = self.identity()?.ok_or(StoreError::NotEnrolled)?.short_name;
        let tx = self.write()?;
        let recorded = record_in(&tx, &short_name, order)?;
        tx.commit().doing("keep an operation")?;
        Ok(recorded)
    }

    /// The oldest operations the server has not settled.
    pub fn outbox(&self) -> Result<Batch, StoreError> {
        let sql = "SELECT seq, id, body, claimed_at, offline FROM journal WHERE seq > (SELECT acked_seq FROM device)
                   ORDER BY seq LIMIT ?1";
        let mut statement = self.db.prepare_cached(sql).doing("prepare the outbox")?;
        let most = i64::try_from(Push::MOST).unwrap_or(i64::MAX);
        let rows = statement.query_map([most + 1], raw_operation).doing("read the outbox")?;
        let mut operations = Vec::new();
        for row in rows {
            operations.push(operation(row.doing("read the outbox")?)?);
        }
        let more = operations.len() > Push::MOST;
        operations.truncate(Push::MOST);
        Ok(Batch { push: Push { operations }, more })
    }

    /// Takes the server's answer to a push: outcomes, accounts and orders in one transaction.
    pub fn settle(&mut self, pushed: &Pushed, now: Timestamp) -> Result<Settled, StoreError> {
        let tx = self.write()?;
        let mut settled = Settled::default();
        for answer in &pushed.answers {
            let sql = "UPDATE journal SET outcome = ?2 WHERE id = ?1 AND outcome IS NULL RETURNING body";
            let (id, outcome) = (answer.id.to_string(), to_json("outcome", &answer.outcome)?);
            let row: Option<String> =
                tx.one(sql, params![id, outcome], |row| row.get(0)).optional().doing("note an outcome")?;
            let Some(text) = row else { continue };
            match (from_json("journal", &text)?, &answer.outcome) {
                (body, Outcome::Refused(refusal)) => settled.refused.push((answer.id, body, refusal.clone())),
                // Until the change comes round with the feed, the card must not look open again.
                (OperationBody::SetCardBlock(change), _) => cache::set_block(&tx, &change)?,
                _ => {}
            }
        }
        let acked = i64::try_from(pushed.acked_seq).unwrap_or(i64::MAX);
        // Settled in an answer that never came: what it was shows in the accounts.
        let lost = to_json("outcome", &Outcome::AlreadyPosted)?;
        let sql = "UPDATE journal SET outcome = ?2
                   WHERE seq > (SELECT acked_seq FROM device) AND seq <= ?1 AND outcome IS NULL";
        tx.run(sql, params![acked, lost]).doing("note lost outcomes")?;
        let sql = "UPDATE device SET acked_seq = max(acked_seq, min(?1, (SELECT coalesce(max(seq), 0) FROM journal))),
                   last_heard = ?2";
        tx.run(sql, params![acked, now.to_string()]).doing("move the outbox")?;
        cache::keep_accounts(&tx, &pushed.accounts)?;
        cache::keep_orders(&tx, &pushed.orders)?;
        tx.commit().doing("keep the server's answer")?;
        Ok(settled)
    }

    /// The server has lost operations it once settled (it came back from a backup): send again from `expected` on.
    pub fn rewind(&mut self, expected: u64) -> Result<(), StoreError> {
        let keep = i64::try_from(expected.saturating_sub(1)).unwrap_or(i64::MAX);
        let tx = self.write()?;
        tx.run("UPDATE journal SET outcome = NULL WHERE seq > ?1", [keep]).doing("forget outcomes")?;
        tx.run("UPDATE device SET acked_seq = min(acked_seq, ?1)", [keep]).doing("move the outbox back")?;
        tx.commit().doing("send again")
    }
}

fn record_in(tx: &Transaction<'_>, short_name: &str, order: ToRecord) -> Result<Recorded, StoreError> {
    let id = order.id.to_string();
    let known: Option<(i64, String)> = tx
        .one("SELECT seq, body FROM journal WHERE id = ?1", [&id], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
        .doing("look for an operation")?;
    if let Some((seq, body)) = known {
        let card = card_of(&from_json("journal", &body)?);
        return Ok(Recorded { number: format!("{short_name}-{seq}"), card });
    }
    let seq: i64 =
        tx.one("SELECT coalesce(max(seq), 0) + 1 FROM journal", [], |row| row.get(0)).doing("count the journal")?;
    let number = format!("{short_name}-{seq}");
    let taken = match &order.draft {
        Draft::Order { taken, .. } => Some(taken.ore()),
        Draft::Cancel(_) | Draft::Ticket(_) | Draft::CardBlock(_) => None,
    };
    let body = numbered(order.draft, &number);
    let (kind, text) = (kind_of(&body), to_json("journal", &body)?);
    let claimed_at = order.claimed_at.to_string();
    tx.run(
        "INSERT INTO journal (seq, id, kind, body, claimed_at, offline, taken) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![seq, id, kind, text, claimed_at, order.offline, taken],
    )
    .doing("write the journal")?;
    if let Some((paper, language)) = order.slip {
        spool::enqueue_in(tx, &id, &paper.numbered(&number), language, order.claimed_at)?;
    }
    Ok(Recorded { number, card: card_of(&body) })
}

fn numbered(draft: Draft, number: &str) -> OperationBody {
    match draft {
        Draft::Order { mut order, .. } => {
            number.clone_into(&mut order.number);
            OperationBody::PlaceOrder(order)
        }
        Draft::Cancel(cancel) => OperationBody::CancelOrder(cancel),
        Draft::Ticket(mut ticket) => {
            number.clone_into(&mut ticket.number);
            OperationBody::FileTicket(ticket)
        }
        Draft::CardBlock(change) => OperationBody::SetCardBlock(change),
    }
}

fn kind_of(body: &OperationBody) -> &'static str {
    match body {
        OperationBody::PlaceOrder(_) => "place_order",
        OperationBody::CancelOrder(_) => "cancel_order",
        OperationBody::FileTicket(_) => "file_ticket",
        OperationBody::SetCardBlock(_) => "set_card_block",
    }
}

fn card_of(body: &OperationBody) -> CardId {
    match body {
        OperationBody::PlaceOrder(order) => order.card,
        OperationBody::CancelOrder(cancel) => cancel.card,
        OperationBody::FileTicket(ticket) => ticket.card,
        OperationBody::SetCardBlock(change) => change.card,
    }
}

/// What an order of this kiosk's takes from its account; `None` if it was ordered elsewhere.
pub(super) fn taken(db: &Connection, order: OperationId) -> Result<Option<Money>, StoreError> {
    let sql = "SELECT taken FROM journal WHERE id = ?1";
    let row: Option<Option<i64>> =
        db.one(sql, [order.to_string()], |row| row.get(0)).optional().doing("look for an order")?;
    Ok(row.flatten().map(Money::from_ore))
}

/// A row as SQLite gives it: sequence, id, body, time, offline.
type RawOperation = (i64, String, String, String, bool);

fn raw_operation(row: &Row<'_>) -> rusqlite::Result<RawOperation> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
}

fn operation((seq, id, body, claimed_at, offline): RawOperation) -> Result<Operation, StoreError> {
    Ok(Operation {
        id: from_json("journal", &format!("\"{id}\""))?,
        seq: seq.unsigned_abs(),
        claimed_at: from_json("journal", &format!("\"{claimed_at}\""))?,
        offline,
        body: from_json("journal", &body)?,
    })
}
