//! A device's operations, settled in its sequence.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use madkort_ledger::Book;
use madkort_ledger::caps::{Caps, Spent};
use madkort_ledger::rules::Payer;
use madkort_protocol::{
    AccountId, Answer, CardId, DeviceId, FileTicket, Money, Operation, OperationBody, OperationId, Outcome,
    PurchaseRequest, Push, Pushed, Refusal, SchoolId,
};

use crate::rights::{Asker, Proof, What, Whose, may};
use crate::store::{Device, Operations, Pending, Purchasing, Pushing, engine};

use super::posting::{BodyDigest, Note, digest};
use super::session::First;
use super::value::{Db, count, values, word};
use super::write::{Wanted, Write, caps};
use super::{SqlStore, cards, letters, orders, purchases, rows};

impl Operations for SqlStore {
    fn push_quietly(
        &self,
        device: DeviceId,
        push: Push,
        quiet: Vec<OperationId>,
        now: Timestamp,
    ) -> Pending<'_, Pushing> {
        self.write("settling a push", move |write| settle(write, device, (&push, &quiet), now))
    }

    fn purchase(
        &self,
        school: SchoolId,
        device: DeviceId,
        request: PurchaseRequest,
        now: Timestamp,
    ) -> Pending<'_, Purchasing> {
        let wanted = Wanted {
            ids: vec![request.id],
            holders: vec![(school, request.card_uid.as_hex().to_owned())],
            device: Some(device),
        };
        let doing = "posting a purchase";
        let body = match purchases::body_of(&request) {
            Ok(body) => body,
            Err(error) => return Box::pin(async move { Err(engine(doing)(error)) }),
        };
        self.write_expecting(doing, wanted, move |write| purchases::settle(write, device, (&request, body), now))
    }

    fn capture_due(&self, now: Timestamp, most: u32) -> Pending<'_, Vec<OperationId>> {
        self.write("capturing orders", move |write| orders::capture_due(write, now, most))
    }
}

/// One operation as it is being settled.
#[derive(Clone, Copy)]
pub struct Settling<'a> {
    pub device: &'a Device,
    pub operation: &'a Operation,
    pub digest: BodyDigest,
    /// Whoever did it is not written to.
    pub quiet: bool,
    pub now: Timestamp,
}

impl<'a> Settling<'a> {
    /// What is written down about it, whatever becomes of it.
    pub fn note(&self, kind: &'a str, number: &'a str, refusal: Option<&'a Refusal>) -> Note<'a> {
        Note {
            claimed_at: Some(self.operation.claimed_at),
            device: Some(self.device.id),
            seq: Some(self.operation.seq),
            refusal,
            number,
            ..Note::new(self.operation.id, self.device.school, self.digest, kind, self.now)
        }
    }
}

/// What an operation touched, to be told as it stands in the end.
#[derive(Default)]
pub struct Touched {
    pub accounts: BTreeSet<AccountId>,
    pub orders: BTreeSet<OperationId>,
}

fn settle(write: &Write<'_>, id: DeviceId, (push, quiet): (&Push, &[OperationId]), now: Timestamp) -> Db<Pushing> {
    let Some(device) = write.device(id)?.filter(|device| !device.revoked) else {
        return Ok(Pushing::UnknownDevice);
    };
    let digests = match look_ahead(write, &device, push)? {
        Ok(digests) => digests,
        Err(stop) => return Ok(stop),
    };
    let mut touched = Touched::default();
    let mut answers = Vec::with_capacity(push.operations.len());
    for (operation, digest) in push.operations.iter().zip(digests) {
        let quiet = quiet.contains(&operation.id);
        let settling = Settling { device: &device, operation, digest, quiet, now };
        touched.note(write, &settling)?;
        let outcome = match write.settled(operation.id)? {
            Some(before) => before.outcome(),
            None => carry_out(write, &settling)?,
        };
        answers.push(Answer { id: operation.id, outcome });
    }
    let acked_seq = push.operations.last().map_or(0, |last| last.seq).max(device.last_seq);
    write.db()?.execute("UPDATE devices SET last_seq = $1 WHERE id = $2", &values![count(acked_seq), id.uuid()])?;
    tell(write, &device, acked_seq, answers, &touched).map(Pushing::Settled)
}

/// Looks at every id before anything is written, so that a push that cannot go through leaves no trace.
fn look_ahead(write: &Write<'_>, device: &Device, push: &Push) -> Db<Result<Vec<BodyDigest>, Pushing>> {
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
            None => write.settled(operation.id)?.map(|before| before.digest),
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

fn carry_out(write: &Write<'_>, settling: &Settling<'_>) -> Db<Outcome> {
    let refused = match &settling.operation.body {
        OperationBody::PlaceOrder(order) => orders::place(write, settling, order)?,
        OperationBody::CancelOrder(cancel) => orders::cancel(write, settling, cancel)?,
        OperationBody::FileTicket(ticket) => file(write, settling, ticket)?,
        OperationBody::SetCardBlock(change) => cards::set_block(write, settling, change)?,
    };
    Ok(refused.map_or(Outcome::Posted, Outcome::Refused))
}

fn file(write: &Write<'_>, settling: &Settling<'_>, ticket: &FileTicket) -> Db<Option<Refusal>> {
    let payer = payer_for(write, settling.device, (ticket.card, What::AskSupport), ticket.regarding)?;
    let ticket = match madkort_ledger::ticket::filed(ticket, payer) {
        Ok(ticket) => ticket,
        Err(refusal) => {
            write.settle(&settling.note("ticket", "", Some(&refusal)), None)?;
            return Ok(Some(refusal));
        }
    };
    write.settle(&settling.note("ticket", &ticket.number, None), None)?;
    write.db()?.execute(
        "INSERT INTO tickets (id, school, card, number, name, email, phone, regarding, message, language, at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        &values![
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
            settling.now
        ],
    )?;
    letters::ticket(write, settling, &ticket)?;
    Ok(None)
}

/// What the rules ask of whoever pays.
pub fn payer(write: &Write<'_>, device: &Device, card: CardId, account: AccountId) -> Db<Payer> {
    payer_of_card(write, device.school, card, account)
}

/// What the rules ask of whoever wants something at a kiosk with a bare tap: they may use the account if the table of rights lets
/// them do that with it.
pub fn payer_for(write: &Write<'_>, device: &Device, (card, what): (CardId, What), account: AccountId) -> Db<Payer> {
    let asked = payer_of_card(write, device.school, card, account)?;
    Ok(Payer { may_use: asked.may_use && lets(write, device, (card, what), account)?, ..asked })
}

/// Whether the table lets a card's person do that with an account.
fn lets(write: &Write<'_>, device: &Device, (card, what): (CardId, What), account: AccountId) -> Db<bool> {
    let row = write.db()?.first(
        "SELECT p.kind, p.id, a.owner FROM cards c JOIN people p ON p.id = c.person
         JOIN person_accounts u ON u.person = p.id JOIN accounts a ON a.id = u.account
         WHERE c.id = $1 AND c.school = $2 AND u.account = $3",
        &values![card.uuid(), device.school.uuid(), account.uuid()],
    )?;
    let Some(row) = row else { return Ok(false) };
    let whose =
        if row.col::<uuid::Uuid>("owner")? == row.col::<uuid::Uuid>("id")? { Whose::Own } else { Whose::Entrusted };
    let asker = Asker { kind: row.word("kind")?, at: device.kind, proof: Proof::Card };
    Ok(may(asker, what, whose))
}

/// What the rules ask of whoever pays with a card of a school.
pub fn payer_of_card(write: &Write<'_>, school: SchoolId, card: CardId, account: AccountId) -> Db<Payer> {
    let card = rows::card(write.db()?, school, card)?;
    let known = write.db()?.first(
        "SELECT day_cap, week_cap, month_cap FROM accounts WHERE id = $1 AND school = $2",
        &values![account.uuid(), school.uuid()],
    )?;
    let Some(row) = known else {
        let (card, spent) = (card.map(|card| card.status), Spent::default());
        return Ok(Payer { card, may_use: false, balance: Money::ZERO, caps: Caps::NONE, spent });
    };
    let may_use = card.as_ref().map(|card| rows::may_use(write.db()?, card.person, account)).transpose()?;
    let standing = write.standing(school, &Book::Card(account))?;
    Ok(Payer {
        card: card.map(|card| card.status),
        may_use: may_use.unwrap_or_default(),
        balance: Money::from_ore(standing.balance),
        caps: caps(&row)?,
        spent: standing.spent,
    })
}

impl Touched {
    fn note(&mut self, write: &Write<'_>, settling: &Settling<'_>) -> Db<()> {
        match &settling.operation.body {
            OperationBody::PlaceOrder(order) => {
                self.accounts.insert(order.account);
                self.orders.insert(settling.operation.id);
            }
            OperationBody::CancelOrder(cancel) => {
                self.orders.insert(cancel.order);
                let order = rows::order(write.db()?, settling.device.school, cancel.order)?;
                self.accounts.extend(order.map(|order| order.account));
            }
            OperationBody::FileTicket(_) | OperationBody::SetCardBlock(_) => {}
        }
        Ok(())
    }
}

fn tell(write: &Write<'_>, device: &Device, acked_seq: u64, answers: Vec<Answer>, touched: &Touched) -> Db<Pushed> {
    let mut pushed = Pushed { acked_seq, answers, accounts: Vec::new(), orders: Vec::new() };
    for id in &touched.accounts {
        pushed.accounts.extend(rows::account(write.db()?, device.school, *id)?);
    }
    for id in &touched.orders {
        pushed.orders.extend(rows::order(write.db()?, device.school, *id)?);
    }
    Ok(pushed)
}
