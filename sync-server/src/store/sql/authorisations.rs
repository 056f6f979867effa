//! A till's authorisations: held, given up, expired. Captured they are by [`super::purchases`].
//!
//! **Invariant:** an authorisation is the till's that made it: to another one it is not there.

use jiff::Timestamp;
use madkort_ledger::authorisation::{Authorising, expired, held, released};
use madkort_ledger::rules::refusal;
use madkort_ledger::{Book, HoldKind, Kind, Purpose};
use madkort_protocol::{Answer, AuthorisationRequest, DeviceId, OperationId, Outcome, Rule};

use crate::store::AtTill;

use super::holds::{self, Stored};
use super::posting::{Note, digest};
use super::purchases::{Buyer, buyer, to_consider};
use super::registers::{Asked, Before, refused, settled};
use super::value::{Db, corrupt};
use super::write::Write;

/// Holds money once, or settles that it is refused.
pub fn hold(write: &Write<'_>, device: DeviceId, request: &AuthorisationRequest, now: Timestamp) -> Db<AtTill<Answer>> {
    let asked = match Asked::look_up(write, device, request.id, digest("authorisation", request)?, now)? {
        Before::New(asked) => asked,
        Before::Settled(outcome) => return Ok(settled(request.id, outcome)),
        Before::Not(answer) => return Ok(answer),
    };
    let school = asked.device.school;
    let Buyer { account, payer, class } = buyer(write, school, &request.card_uid)?;
    // Looked at whatever the price class, also where nothing is held.
    write.standing(school, &Book::Held(HoldKind::Sale))?;
    let note = asked.note(Kind::AuthorisationHeld.word());
    let (amount, subsidised) = (request.amount, class.subsidised(request.amount));
    match held(&Authorising { id: request.id, at: now, account, payer, amount, subsidised }) {
        Ok((hold, made)) => {
            write.settle(&note, made.as_ref())?;
            if let Some(account) = account {
                write.changed(school, "account", account.uuid().as_bytes())?;
            }
            let accounts = to_consider(write, school, &request.card_uid, account)?.into_iter().collect();
            holds::keep(write, school, &hold, Some(device), now)?;
            Ok(AtTill::Settled { answer: Answer { id: request.id, outcome: Outcome::Posted }, accounts })
        }
        Err(no) => refused(write, note, &no),
    }
}

/// Gives back what is held, once, or settles that there is nothing to give back.
pub fn release(
    write: &Write<'_>,
    device: DeviceId,
    authorisation: OperationId,
    id: OperationId,
    now: Timestamp,
) -> Db<AtTill<Answer>> {
    let asked = match Asked::look_up(write, device, id, digest("release", &(authorisation, id))?, now)? {
        Before::New(asked) => asked,
        Before::Settled(outcome) => return Ok(settled(id, outcome)),
        Before::Not(answer) => return Ok(answer),
    };
    let note = Note { about: Some(authorisation), ..asked.note(Kind::AuthorisationReleased.word()) };
    let row = of_till(write, &asked, authorisation)?;
    let given = row.ok_or(refusal(Rule::Authorisation)).and_then(|row| Ok((row.at, released(id, &row.hold, now)?)));
    match given {
        Ok((held_at, (hold, made))) => {
            write.settle(&Note { spent_at: Some(held_at), ..note }, made.as_ref())?;
            holds::keep_authorisation(write, &hold)?;
            Ok(settled(id, Outcome::Posted))
        }
        Err(no) => refused(write, note, &no),
    }
}

/// Gives back what no till came back for.
pub fn expire_due(write: &Write<'_>, now: Timestamp, most: u32) -> Db<Vec<OperationId>> {
    let due = holds::due(write, now, most)?;
    for (school, row) in &due {
        let (hold, made) = expired(&row.hold, now).map_err(|_| corrupt("authorisation"))?;
        let (id, kind) = (Purpose::Expiry.of(hold.id), Kind::AuthorisationExpired.word());
        let note = Note::new(id, *school, digest("expiry", &hold.id)?, kind, now);
        // Said also where nothing was held, so that the row alone tells which one has ended.
        write.settle(&Note { about: Some(hold.id), spent_at: Some(row.at), ..note }, made.as_ref())?;
        holds::keep_authorisation(write, &hold)?;
    }
    Ok(due.into_iter().map(|(_, row)| row.hold.id).collect())
}

/// The till's own authorisation.
pub fn of_till(write: &Write<'_>, asked: &Asked, authorisation: OperationId) -> Db<Option<Stored>> {
    let row = holds::stored(write, asked.device.school, authorisation)?;
    Ok(row.filter(|row| row.device == Some(asked.device.id) && row.hold.kind == HoldKind::Sale))
}
