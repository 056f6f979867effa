//! A device's operations, settled in its sequence.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use madkort_ledger::rules::Payer;
use madkort_protocol::{
    AccountId, Answer, CardId, DeviceId, FileTicket, Operation, OperationBody, OperationId, Outcome, PurchaseRequest,
    Push, Pushed, Refusal,
};

use crate::store::{Device, Operations, Pending, Purchasing, Pushing};

use super::devices::device;
use super::posting::{BodyDigest, Note, digest, note, settled};
use super::values::{count, micros, word};
use super::writer::Write;
use super::{SqliteStore, orders, purchases, rows};

impl Operations for SqliteStore {
    fn push(&self, device: DeviceId, push: Push, now: Timestamp) -> Pending<'_, Pushing> {
        self.write("settling a push", move |write| settle(write, device, &push, now))
    }

    fn purchase(&self, device: DeviceId, request: PurchaseRequest, now: Timestamp) -> Pending<'_, Purchasing> {
        self.write("posting a purchase", move |write| purchases::settle(write, device, &request, now))
    }

    fn capture_due(&self, now: Timestamp, most: u32) -> Pending<'_, Vec<OperationId>> {
        self.write("capturing orders", move |write| orders::capture_due(write, now, most))
    }
}

/// One operation as it is being settled.
#[derive(Clone, Copy)]
pub(super) struct Settling<'a> {
    pub device: &'a Device,
    pub operation: &'a Operation,
    pub digest: BodyDigest,
    pub now: Timestamp,
}

impl<'a> Settling<'a> {
    /// What is written down about it, whatever becomes of it.
    pub fn note(&self, kind: &'a str, number: &'a str, refusal: Option<&'a Refusal>) -> Note<'a> {
        Note {
            id: self.operation.id,
            school: self.device.school,
            digest: self.digest,
            kind,
            at: self.now,
            claimed_at: Some(self.operation.claimed_at),
            device: Some(self.device.id),
            seq: Some(self.operation.seq),
            refusal,
            number,
            text: "",
            delivery: None,
        }
    }
}

/// What an operation touched, to be told as it stands in the end.
#[derive(Default)]
pub(super) struct Touched {
    pub accounts: BTreeSet<AccountId>,
    pub orders: BTreeSet<OperationId>,
}

fn settle(write: &Write<'_>, id: DeviceId, push: &Push, now: Timestamp) -> rusqlite::Result<Pushing> {
    let Some(device) = device(write.db, id)?.filter(|device| !device.revoked) else {
        return Ok(Pushing::UnknownDevice);
    };
    let digests = match look_ahead(write, &device, push)? {
        Ok(digests) => digests,
        Err(stop) => return Ok(stop),
    };
    let mut touched = Touched::default();
    let mut answers = Vec::with_capacity(push.operations.len());
    for (operation, digest) in push.operations.iter().zip(digests) {
        let settling = Settling { device: &device, operation, digest, now };
        touched.note(write, &settling)?;
        let outcome = match settled(write, operation.id)? {
            Some(before) => before.outcome(),
            None => carry_out(write, &settling)?,
        };
        answers.push(Answer { id: operation.id, outcome });
    }
    let acked_seq = push.operations.last().map_or(0, |last| last.seq).max(device.last_seq);
    write.db.prepare_cached("UPDATE devices SET last_seq = ? WHERE id = ?")?.execute((count(acked_seq), id.uuid()))?;
    tell(write, &device, acked_seq, answers, &touched).map(Pushing::Settled)
}

/// Looks at every id before anything is written, so that a push that cannot go through leaves no trace.
fn look_ahead(write: &Write<'_>, device: &Device, push: &Push) -> rusqlite::Result<Result<Vec<BodyDigest>, Pushing>> {
    let gap = Pushing::Gap { expected_seq: device.last_seq + 1 };
    if push.operations.first().is_some_and(|first| first.seq > device.last_seq + 1) {
        return Ok(Err(gap));
    }
    let mut within: HashMap<OperationId, BodyDigest> = HashMap::new();
    let mut digests = Vec::with_capacity(push.operations.len());
    for operation in &push.operations {
        let body = digest("operation", &operation.body)?;
        let before = match within.insert(operation.id, body) {
            Some(before) => Some(before),
            None => settled(write, operation.id)?.map(|before| before.digest),
        };
        match before {
            Some(before) if before != body => return Ok(Err(Pushing::IdReused(operation.id))),
            // A sequence number that is settled under another id: the device has forgotten what it did.
            None if operation.seq <= device.last_seq => return Ok(Err(gap)),
            _ => digests.push(body),
        }
    }
    Ok(Ok(digests))
}

fn carry_out(write: &Write<'_>, settling: &Settling<'_>) -> rusqlite::Result<Outcome> {
    let refused = match &settling.operation.body {
        OperationBody::PlaceOrder(order) => orders::place(write, settling, order)?,
        OperationBody::CancelOrder(cancel) => orders::cancel(write, settling, cancel)?,
        OperationBody::FileTicket(ticket) => file(write, settling, ticket)?,
    };
    Ok(refused.map_or(Outcome::Posted, Outcome::Refused))
}

fn file(write: &Write<'_>, settling: &Settling<'_>, ticket: &FileTicket) -> rusqlite::Result<Option<Refusal>> {
    let payer = payer(write, settling.device, ticket.card, ticket.regarding)?;
    let ticket = match madkort_ledger::ticket::filed(ticket, payer) {
        Ok(ticket) => ticket,
        Err(refusal) => {
            note(write, &settling.note("ticket", "", Some(&refusal)))?;
            return Ok(Some(refusal));
        }
    };
    note(write, &settling.note("ticket", &ticket.number, None))?;
    write
        .db
        .prepare_cached(
            "INSERT INTO tickets (id, school, card, number, name, email, phone, regarding, message, language, at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute((
            settling.operation.id.uuid(),
            settling.device.school.uuid(),
            ticket.card.uuid(),
            &ticket.number,
            &ticket.name,
            &ticket.email,
            &ticket.phone,
            ticket.regarding.uuid(),
            &ticket.message,
            word(&ticket.language)?,
            micros(settling.now),
        ))?;
    Ok(None)
}

/// What the rules ask of whoever pays.
pub(super) fn payer(write: &Write<'_>, device: &Device, card: CardId, account: AccountId) -> rusqlite::Result<Payer> {
    let card = rows::card(write.db, device.school, card)?;
    let account = rows::account(write.db, device.school, account)?;
    let may_use = match (&card, &account) {
        (Some(card), Some(account)) => rows::may_use(write.db, card.person, account.id)?,
        _ => false,
    };
    let balance = account.map(|account| account.balance).unwrap_or_default();
    Ok(super::purchases::uncapped(card.map(|card| card.status), may_use, balance))
}

impl Touched {
    fn note(&mut self, write: &Write<'_>, settling: &Settling<'_>) -> rusqlite::Result<()> {
        match &settling.operation.body {
            OperationBody::PlaceOrder(order) => {
                self.accounts.insert(order.account);
                self.orders.insert(settling.operation.id);
            }
            OperationBody::CancelOrder(cancel) => {
                self.orders.insert(cancel.order);
                let order = rows::order(write.db, settling.device.school, cancel.order)?;
                self.accounts.extend(order.map(|order| order.account));
            }
            OperationBody::FileTicket(_) => {}
        }
        Ok(())
    }
}

fn tell(
    write: &Write<'_>,
    device: &Device,
    acked_seq: u64,
    answers: Vec<Answer>,
    touched: &Touched,
) -> rusqlite::Result<Pushed> {
    let mut pushed = Pushed { acked_seq, answers, accounts: Vec::new(), orders: Vec::new() };
    for id in &touched.accounts {
        pushed.accounts.extend(rows::account(write.db, device.school, *id)?);
    }
    for id in &touched.orders {
        pushed.orders.extend(rows::order(write.db, device.school, *id)?);
    }
    Ok(pushed)
}
