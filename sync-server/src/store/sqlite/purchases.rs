//! Purchases at a till in SQLite.

use jiff::Timestamp;
use madkort_ledger::Kind;
use madkort_ledger::caps::{Caps, Spent};
use madkort_ledger::purchase::{Sale, sold};
use madkort_ledger::rules::Payer;
use madkort_protocol::{AccountId, CardStatus, DeviceId, Money, Outcome, PurchaseAnswer, PurchaseRequest, Refusal};

use crate::store::{Device, Purchasing};

use super::devices::device;
use super::posting::{Note, digest, note, post, settled};
use super::rows;
use super::writer::Write;

/// Posts a purchase once, or settles that it is refused.
pub(super) fn settle(
    write: &Write<'_>,
    id: DeviceId,
    request: &PurchaseRequest,
    now: Timestamp,
) -> rusqlite::Result<Purchasing> {
    let Some(device) = device(write.db, id)?.filter(|device| !device.revoked) else {
        return Ok(Purchasing::UnknownDevice);
    };
    let body = digest("purchase", request)?;
    match settled(write, request.id)? {
        Some(before) if before.digest != body => return Ok(Purchasing::IdReused),
        Some(before) => return Ok(answer(request, before.outcome(), None)),
        None => {}
    }
    let (account, payer) = payer_of(write, &device, request)?;
    let sale = Sale {
        id: request.id,
        at: now,
        account,
        payer,
        amount: request.amount,
        subsidised: Money::ZERO,
        vat_percent: request.vat_percent,
        authorisation: None,
    };
    let outcome = sold(&sale).map_err(|refusal| without_figures(&refusal));
    let noted = Note {
        id: request.id,
        school: device.school,
        digest: body,
        kind: Kind::Purchase.word(),
        at: now,
        claimed_at: None,
        device: Some(device.id),
        seq: None,
        refusal: outcome.as_ref().err(),
        number: "",
        text: &request.text,
        delivery: None,
    };
    note(write, &noted)?;
    match outcome {
        Ok(transaction) => {
            post(write, device.school, &transaction)?;
            Ok(answer(request, Outcome::Posted, account))
        }
        Err(refusal) => Ok(answer(request, Outcome::Refused(refusal), None)),
    }
}

fn answer(request: &PurchaseRequest, outcome: Outcome, account: Option<AccountId>) -> Purchasing {
    Purchasing::Settled { answer: PurchaseAnswer { id: request.id, outcome }, account }
}

/// A till must not show what somebody has left.
const fn without_figures(refusal: &Refusal) -> Refusal {
    Refusal { rule: refusal.rule, limit: None, asked: None }
}

/// The account behind the card's UID: its person's own.
fn payer_of(
    write: &Write<'_>,
    device: &Device,
    request: &PurchaseRequest,
) -> rusqlite::Result<(Option<AccountId>, Payer)> {
    let Some(card) = rows::card_of_uid(write.db, device.school, request.card_uid.as_hex())? else {
        return Ok((None, uncapped(None, false, Money::ZERO)));
    };
    let account = match rows::first_account(write.db, card.person)? {
        Some(id) => rows::account(write.db, device.school, id)?,
        None => None,
    };
    let balance = account.as_ref().map(|account| account.balance).unwrap_or_default();
    let id = account.map(|account| account.id);
    Ok((id, uncapped(Some(card.status), id.is_some(), balance)))
}

/// Somebody with no caps on what they spend.
pub(super) fn uncapped(card: Option<CardStatus>, may_use: bool, balance: Money) -> Payer {
    Payer { card, may_use, balance, caps: Caps::NONE, spent: Spent::default() }
}
