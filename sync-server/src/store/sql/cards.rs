//! Cards that their holders block and open again.
//!
//! **Invariant:** a card that was blocked has no session any more; one that was replaced stays replaced.

use madkort_protocol::{CardRecord, CardStatus, DeviceKind, Refusal, Rule, SetCardBlock};

use crate::rights::{Asker, Proof, What, Whose, may};

use super::operations::Settling;
use super::rows;
use super::session::First;
use super::value::{Db, values, word};
use super::write::Write;

/// The kind of transaction, which moves nothing.
const KIND: &str = "card-status";

/// Blocks or opens a card; says which rule was in the way.
pub fn set_block(write: &Write<'_>, settling: &Settling<'_>, change: &SetCardBlock) -> Db<Option<Refusal>> {
    let Some(target) = allowed(write, settling, change)? else {
        let refusal = Refusal { rule: Rule::Card, limit: None, asked: None, portions: None };
        write.settle(&settling.note(KIND, "", Some(&refusal)), None)?;
        return Ok(Some(refusal));
    };
    write.settle(&settling.note(KIND, "", None), None)?;
    let status = if change.blocked { CardStatus::Blocked } else { CardStatus::Active };
    if target.status == status {
        return Ok(None);
    }
    let card = target.id.uuid();
    write.db()?.execute("UPDATE cards SET status = $1 WHERE id = $2", &values![word(&status)?, card])?;
    if change.blocked {
        write.db()?.execute("DELETE FROM sessions WHERE card = $1", &values![card])?;
    }
    write.changed(settling.device.school, "card", card.as_bytes())?;
    Ok(None)
}

/// The card to be changed, if whoever asks may.
fn allowed(write: &Write<'_>, settling: &Settling<'_>, change: &SetCardBlock) -> Db<Option<CardRecord>> {
    let school = settling.device.school;
    let asking = rows::card(write.db()?, school, change.card)?.filter(|card| card.status == CardStatus::Active);
    let target = rows::card(write.db()?, school, change.target)?.filter(|card| card.status != CardStatus::Replaced);
    let (Some(asking), Some(target)) = (asking, target) else { return Ok(None) };
    let Some(person) = rows::person(write.db()?, school, asking.person)? else { return Ok(None) };
    let whose = whose(write, &asking, &target)?;
    // Whether the code was given before a card was opened again only the kiosk can tell: it may be out of our reach.
    let (what, proof) =
        if change.blocked { (What::BlockCard, Proof::Card) } else { (What::UnblockCard, Proof::Session) };
    let asker = Asker { kind: person.kind, at: DeviceKind::Kiosk, proof };
    Ok(may(asker, what, whose).then_some(target))
}

fn whose(write: &Write<'_>, asking: &CardRecord, target: &CardRecord) -> Db<Whose> {
    if asking.person == target.person {
        return Ok(Whose::Own);
    }
    let entrusted = write.db()?.exists(
        "SELECT 1 FROM person_accounts p JOIN accounts a ON a.id = p.account WHERE p.person = $1 AND a.owner = $2",
        &values![asking.person.uuid(), target.person.uuid()],
    )?;
    Ok(if entrusted { Whose::Entrusted } else { Whose::Foreign })
}
