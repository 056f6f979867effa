//! Purchases at a till: plain, capturing an authorisation, and made while the server was out of reach.
//!
//! **Invariant:** what a sale costs its buyer shows neither in the answer nor in the work it takes: a paid, a subsidised and a
//! free one look up the same and append to the same tables. A plain sale runs no statement of its own.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use madkort_ledger::hold::{Hold, HoldState};
use madkort_ledger::purchase::{Sale, sold_as_recorded};
use madkort_ledger::rules::{Offline, Payer, Recorded};
use madkort_ledger::{Book, HoldKind, Kind, PriceClass};
use madkort_protocol::{
    AccountId, Answer, CardUid, DeviceId, Money, OperationId, Outcome, PurchaseAnswer, PurchaseBatch, PurchaseRequest,
    Refusal, SchoolId,
};

use crate::store::{AtTill, Device, Purchasing};

use super::authorisations;
use super::holds::{self, Stored};
use super::orders::ONE_OUTAGE;
use super::posting::{BodyDigest, Note, digest};
use super::registers::Asked;
use super::rows;
use super::session::First;
use super::value::{Db, corrupt, values};
use super::write::Write;

/// How a sale came to the server.
#[derive(Clone, Copy)]
struct Course {
    /// When the till says it was, if the server was out of its reach.
    claimed_at: Option<Timestamp>,
    now: Timestamp,
}

/// Who buys, as far as the rules care.
pub struct Buyer {
    /// The account that pays; `None` if the card opens none.
    pub account: Option<AccountId>,
    pub payer: Payer,
    pub class: PriceClass,
}

/// The digest of a sale. Made before the writer's turn: it needs nothing that the writer has.
pub fn body_of(request: &PurchaseRequest) -> Db<BodyDigest> {
    digest("purchase", request)
}

/// Posts a purchase once, or settles that it is refused.
pub fn settle(
    write: &Write<'_>,
    id: DeviceId,
    (request, body): (&PurchaseRequest, BodyDigest),
    now: Timestamp,
) -> Db<Purchasing> {
    let Some(device) = write.device(id)?.filter(|device| !device.revoked) else {
        return Ok(Purchasing::UnknownDevice);
    };
    let course = Course { claimed_at: None, now };
    Ok(match book(write, device, (request, body), course)? {
        Some((outcome, account)) => Purchasing::Settled { answer: PurchaseAnswer { id: request.id, outcome }, account },
        None => Purchasing::IdReused,
    })
}

/// Settles sales made while the server was out of reach, each by itself and in their order. If an id among them came with another
/// body, none is.
pub fn settle_batch(write: &Write<'_>, id: DeviceId, batch: &PurchaseBatch, now: Timestamp) -> Db<AtTill<Vec<Answer>>> {
    let Some(device) = write.device(id)?.filter(|device| !device.revoked) else { return Ok(AtTill::UnknownDevice) };
    if let Some(reused) = reused(write, batch)? {
        return Ok(AtTill::IdReused(reused));
    }
    let (mut answer, mut accounts) = (Vec::with_capacity(batch.purchases.len()), Vec::new());
    for sale in &batch.purchases {
        let course = Course { claimed_at: Some(sale.claimed_at), now };
        let id = sale.purchase.id;
        let sale = (&sale.purchase, body_of(&sale.purchase)?);
        let Some((outcome, account)) = book(write, Arc::clone(&device), sale, course)? else {
            return Ok(AtTill::IdReused(id));
        };
        answer.push(Answer { id, outcome });
        accounts.extend(account);
    }
    Ok(AtTill::Settled { answer, accounts })
}

/// The first id that stands for something else, looked for before anything is written.
fn reused(write: &Write<'_>, batch: &PurchaseBatch) -> Db<Option<OperationId>> {
    let mut within = HashMap::new();
    for sale in &batch.purchases {
        let id = sale.purchase.id;
        let body = body_of(&sale.purchase)?;
        let before = match within.insert(id, body) {
            Some(before) => Some(before),
            None => write.settled(id)?.map(|before| before.digest),
        };
        if before.is_some_and(|before| before != body) {
            return Ok(Some(id));
        }
    }
    Ok(None)
}

/// What became of a sale, and the account to be considered for auto top-up; `None` if its id came with another body.
///
/// The body is the sale alone, not the way it came: one whose answer was lost online is the same sale in a batch.
fn book(
    write: &Write<'_>,
    device: Arc<Device>,
    (request, body): (&PurchaseRequest, BodyDigest),
    course: Course,
) -> Db<Option<(Outcome, Option<AccountId>)>> {
    match write.settled(request.id)? {
        Some(before) if before.digest != body => return Ok(None),
        Some(before) => return Ok(Some((before.outcome(), None))),
        None => {}
    }
    let school = device.school;
    let asked = Asked { device, id: request.id, digest: body, now: course.now };
    let hold = request.authorisation.map(|id| authorisations::of_till(write, &asked, id)).transpose()?;
    let stored = hold.as_ref().and_then(Option::as_ref);
    let recorded = recorded(write, &asked, request, course.claimed_at)?;
    let Buyer { account, payer, class } = buyer(write, school, &request.card_uid)?;
    // Looked at whatever the price class, so that a subsidised sale looks up no more than another.
    write.standing(school, &Book::Subsidy)?;
    let sale = Sale {
        id: request.id,
        at: course.now,
        account,
        payer,
        amount: request.amount,
        subsidised: class.subsidised(request.amount),
        vat_percent: request.vat_percent,
        authorisation: match &hold {
            Some(None) => account.map(|account| ended(request.id, account)),
            _ => stored.map(|row| row.hold),
        },
    };
    let outcome = sold_as_recorded(&sale, &recorded).map_err(|refusal| without_figures(&refusal));
    let note = Note {
        claimed_at: course.claimed_at,
        refusal: outcome.as_ref().err(),
        text: &request.text,
        about: request.authorisation,
        spent_at: stored.map(|row| row.at),
        ..asked.note(Kind::Purchase.word())
    };
    write.settle(&note, outcome.as_ref().ok())?;
    match outcome {
        Ok(_) => {
            let considered = posted(write, school, request, account)?;
            // After the account was told to the feed, which only a free sale has not done before.
            if let (Recorded::Offline(_), Some(account)) = (recorded, account) {
                keep_offline(write, &asked, account, request.amount)?;
            }
            if let Some(row) = stored {
                captured(write, row, &sale)?;
            }
            Ok(Some((Outcome::Posted, considered)))
        }
        Err(refusal) => Ok(Some((Outcome::Refused(refusal), None))),
    }
}

/// An authorisation that nobody made is to the rules one that has ended, after everything that is asked before it.
const fn ended(id: OperationId, account: AccountId) -> Hold {
    Hold {
        id,
        account,
        kind: HoldKind::Sale,
        amount: Money::ZERO,
        captured: Money::ZERO,
        state: HoldState::Released,
        expires_at: None,
    }
}

/// A free sale moves nothing on the card and is told to the feed like any other.
fn posted(
    write: &Write<'_>,
    school: SchoolId,
    request: &PurchaseRequest,
    account: Option<AccountId>,
) -> Db<Option<AccountId>> {
    if let Some(account) = account {
        write.changed(school, "account", account.uuid().as_bytes())?;
    }
    to_consider(write, school, &request.card_uid, account)
}

/// The hold has ended as the rules have just divided its money.
fn captured(write: &Write<'_>, row: &Stored, sale: &Sale) -> Db<()> {
    let paid = sale.amount.minus(sale.subsidised).map_err(|_| corrupt("amount"))?;
    let ended = if paid == Money::ZERO { row.hold.release() } else { row.hold.capture(paid, sale.at) };
    holds::keep_authorisation(write, &ended.map_err(|_| corrupt("authorisation"))?.hold)
}

/// How a sale was made, with what came before it in the same outage.
fn recorded(
    write: &Write<'_>,
    asked: &Asked,
    request: &PurchaseRequest,
    claimed_at: Option<Timestamp>,
) -> Db<Recorded> {
    let Some(claimed_at) = claimed_at else { return Ok(Recorded::Online) };
    let school = rows::school(write.db()?, asked.device.school)?.ok_or(corrupt("school"))?;
    let since = asked.now.checked_sub(ONE_OUTAGE).unwrap_or(Timestamp::MIN);
    let holder = write.holder(school.id, request.card_uid.as_hex())?;
    let account = holder.and_then(|holder| holder.account);
    let (card_before, kiosk_before) = sold_offline(write, asked.device.id, since, account)?;
    Ok(Recorded::Offline(Offline { claimed_at, limits: school.offline, card_before, kiosk_before }))
}

/// What a till sold offline since then: to one account, and to all. Two cards of one account count together. It is prices that count,
/// whatever the holder paid of them: a till that is told no must not learn who eats for less.
fn sold_offline(
    write: &Write<'_>,
    device: DeviceId,
    since: Timestamp,
    account: Option<AccountId>,
) -> Db<(Money, Money)> {
    let sums = write.db()?.first(
        "SELECT CAST(coalesce(sum(CASE WHEN account = $1 THEN price ELSE 0 END), 0) AS BIGINT) AS to_one,
             CAST(coalesce(sum(price), 0) AS BIGINT) AS to_all
         FROM offline_sales WHERE device = $2 AND at > $3",
        &values![account.map(AccountId::uuid), device.uuid(), since],
    )?;
    let sums = sums.ok_or(corrupt("sum"))?;
    Ok((sums.col("to_one")?, sums.col("to_all")?))
}

/// Keeps the price of a sale made offline, which no leg tells.
fn keep_offline(write: &Write<'_>, asked: &Asked, account: AccountId, price: Money) -> Db<()> {
    write.db()?.execute(
        "INSERT INTO offline_sales (id, school, device, account, price, at) VALUES ($1, $2, $3, $4, $5, $6)",
        &values![asked.id.uuid(), asked.device.school.uuid(), asked.device.id.uuid(), account.uuid(), price, asked.now],
    )?;
    Ok(())
}

/// A till must not show what somebody has left.
pub const fn without_figures(refusal: &Refusal) -> Refusal {
    Refusal { rule: refusal.rule, limit: None, asked: None, portions: None }
}

/// The account, if a mandate of auto top-up looks at a balance like the one it has now.
pub fn to_consider(
    write: &Write<'_>,
    school: SchoolId,
    uid: &CardUid,
    account: Option<AccountId>,
) -> Db<Option<AccountId>> {
    let below = write.holder(school, uid.as_hex())?.and_then(|holder| holder.below);
    let (Some(account), Some(below)) = (account, below) else { return Ok(None) };
    let balance = write.standing(school, &Book::Card(account))?.balance;
    Ok((balance < below.ore()).then_some(account))
}

/// The account behind the card's UID, its person's own, and what the rules ask of it.
pub fn buyer(write: &Write<'_>, school: SchoolId, uid: &CardUid) -> Db<Buyer> {
    let holder = write.holder(school, uid.as_hex())?;
    let account = holder.and_then(|holder| holder.account);
    let standing = account.map(|account| write.standing(school, &Book::Card(account))).transpose()?;
    let payer = Payer {
        card: holder.map(|holder| holder.status),
        may_use: account.is_some(),
        balance: standing.map(|standing| Money::from_ore(standing.balance)).unwrap_or_default(),
        caps: holder.map(|holder| holder.caps).unwrap_or_default(),
        spent: standing.map(|standing| standing.spent).unwrap_or_default(),
    };
    Ok(Buyer { account, payer, class: holder.map(|holder| holder.class).unwrap_or_default() })
}

#[cfg(test)]
mod tests;
