//! Purchases at a till.

use jiff::Timestamp;
use madkort_ledger::purchase::{Sale, sold};
use madkort_ledger::rules::Payer;
use madkort_ledger::{Book, Kind};
use madkort_protocol::{
    AccountId, CardUid, DeviceId, Money, Outcome, PurchaseAnswer, PurchaseRequest, Refusal, SchoolId,
};

use crate::store::Purchasing;

use super::posting::{Note, digest};
use super::value::Db;
use super::write::Write;

/// Posts a purchase once, or settles that it is refused.
pub fn settle(write: &Write<'_>, id: DeviceId, request: &PurchaseRequest, now: Timestamp) -> Db<Purchasing> {
    let Some(device) = write.device(id)?.filter(|device| !device.revoked) else {
        return Ok(Purchasing::UnknownDevice);
    };
    let body = digest("purchase", request)?;
    match write.settled(request.id)? {
        Some(before) if before.digest != body => return Ok(Purchasing::IdReused),
        Some(before) => return Ok(answer(request, before.outcome(), None)),
        None => {}
    }
    let (account, payer) = payer_of(write, device.school, &request.card_uid)?;
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
    let note = Note {
        device: Some(id),
        refusal: outcome.as_ref().err(),
        text: &request.text,
        ..Note::new(request.id, device.school, body, Kind::Purchase.word(), now)
    };
    write.settle(&note, outcome.as_ref().ok())?;
    Ok(match outcome {
        Ok(_) => answer(request, Outcome::Posted, to_consider(write, device.school, request, account)?),
        Err(refusal) => answer(request, Outcome::Refused(refusal), None),
    })
}

fn answer(request: &PurchaseRequest, outcome: Outcome, account: Option<AccountId>) -> Purchasing {
    Purchasing::Settled { answer: PurchaseAnswer { id: request.id, outcome }, account }
}

/// A till must not show what somebody has left.
const fn without_figures(refusal: &Refusal) -> Refusal {
    Refusal { rule: refusal.rule, limit: None, asked: None }
}

/// The account, if a mandate of auto top-up looks at a balance like the one it has now.
fn to_consider(
    write: &Write<'_>,
    school: SchoolId,
    request: &PurchaseRequest,
    account: Option<AccountId>,
) -> Db<Option<AccountId>> {
    let below = write.holder(school, request.card_uid.as_hex())?.and_then(|holder| holder.below);
    let (Some(account), Some(below)) = (account, below) else { return Ok(None) };
    let balance = write.standing(school, &Book::Card(account))?.balance;
    Ok((balance < below.ore()).then_some(account))
}

/// The account behind the card's UID, and what the rules ask of it: its person's own.
pub fn payer_of(write: &Write<'_>, school: SchoolId, uid: &CardUid) -> Db<(Option<AccountId>, Payer)> {
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
    Ok((account, payer))
}
