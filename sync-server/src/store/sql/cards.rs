//! Cards that their holders block and open again, and those that the office blocks, opens and replaces.
//!
//! **Invariant:** a card that was blocked has no session any more; one that was replaced stays replaced.

use jiff::Timestamp;
use madkort_protocol::{
    CardId, CardNumber, CardRecord, CardStatus, DeviceKind, PersonId, Refusal, Rule, SchoolId, SetCardBlock,
};
use uuid::Uuid;

use crate::rights::{Asker, Proof, What, Whose, may};
use crate::store::{Blocking, Cards, Doer, NewCard, NewSession, Pending, Replacing};

use super::operations::Settling;
use super::session::First;
use super::value::{Db, values, word};
use super::write::Write;
use super::{SqlStore, catalogue, deeds, rows, sessions};

/// The kind of transaction, which moves nothing.
const KIND: &str = "card-status";

impl Cards for SqlStore {
    fn open_own_card(&self, session: NewSession, record: Uuid, now: Timestamp) -> Pending<'_, bool> {
        self.write("opening a card", move |write| open_own(write, &session, record, now))
    }

    fn block_at_office(
        &self,
        school: SchoolId,
        number: CardNumber,
        blocked: bool,
        now: Timestamp,
    ) -> Pending<'_, Blocking> {
        self.write("blocking a card from the office", move |write| {
            block_at_office(write, (school, &number), blocked, now)
        })
    }

    fn replace_card(&self, school: SchoolId, old: CardNumber, new: NewCard, now: Timestamp) -> Pending<'_, Replacing> {
        self.write("replacing a card", move |write| replace(write, (school, &old), &new, now))
    }
}

/// Blocks or opens a card; says which rule was in the way.
pub fn set_block(write: &Write<'_>, settling: &Settling<'_>, change: &SetCardBlock) -> Db<Option<Refusal>> {
    let school = settling.device.school;
    let Some((by, target, becomes)) = allowed(write, settling, change)? else {
        let refusal = Refusal { rule: Rule::Card, limit: None, asked: None, portions: None };
        write.settle(&settling.note(KIND, "", Some(&refusal)), None)?;
        return Ok(Some(refusal));
    };
    write.settle(&settling.note(KIND, "", None), None)?;
    if target.status == becomes {
        return Ok(None);
    }
    set_status(write, school, target.id, becomes)?;
    let record = settling.operation.id.uuid();
    let by = Doer { record, person: by, card: change.card, device: settling.device.id };
    let what = if change.blocked { "card-blocked" } else { "card-opened" };
    deeds::by_visitor(write, school, (target.person.uuid(), what, &target.number.masked()), &by, settling.now)?;
    Ok(None)
}

/// Who asks, the card to be changed, and how it stands afterwards, if whoever asks may.
fn allowed(
    write: &Write<'_>,
    settling: &Settling<'_>,
    change: &SetCardBlock,
) -> Db<Option<(PersonId, CardRecord, CardStatus)>> {
    let school = settling.device.school;
    let asking = rows::card(write.db()?, school, change.card)?.filter(|card| card.status == CardStatus::Active);
    let target = rows::card(write.db()?, school, change.target)?.filter(|card| card.status != CardStatus::Replaced);
    let (Some(asking), Some(target)) = (asking, target) else { return Ok(None) };
    let Some(person) = rows::person(write.db()?, school, asking.person)? else { return Ok(None) };
    let whose = whose(write, &asking, &target)?;
    // Whether the code was given before a card was opened again only the kiosk can tell: it may be out of our reach.
    let (what, proof, becomes) = match (change.blocked, target.status) {
        (true, stands) => (What::BlockCard, Proof::Card, stands.blocked(whose == Whose::Own)),
        (false, CardStatus::Blocked) => (What::LiftOfficesBlock, Proof::Session, CardStatus::Active),
        (false, CardStatus::BlockedByGuardian) => (What::LiftGuardiansBlock, Proof::Session, CardStatus::Active),
        (false, _) => (What::UnblockCard, Proof::Session, CardStatus::Active),
    };
    let asker = Asker { kind: person.kind, at: DeviceKind::Kiosk, proof };
    Ok(may(asker, what, whose).then_some((person.id, target, becomes)))
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

fn open_own(write: &Write<'_>, session: &NewSession, record: Uuid, now: Timestamp) -> Db<bool> {
    let card = rows::card(write.db()?, session.school, session.card)?;
    let Some(card) = card.filter(|card| card.status == CardStatus::BlockedByHolder) else { return Ok(false) };
    set_status(write, session.school, card.id, CardStatus::Active)?;
    let by = Doer { record, person: card.person, card: card.id, device: session.device };
    let number = card.number.masked();
    deeds::by_visitor(write, session.school, (card.person.uuid(), "card-opened", &number), &by, now)?;
    sessions::begin(write, session, now)
}

fn block_at_office(
    write: &Write<'_>,
    (school, number): (SchoolId, &CardNumber),
    blocked: bool,
    now: Timestamp,
) -> Db<Blocking> {
    let Some(card) = of_number(write, school, number)? else { return Ok(Blocking::Unknown) };
    let becomes = if blocked { CardStatus::Blocked } else { CardStatus::Active };
    match card.status {
        CardStatus::Replaced => return Ok(Blocking::Replaced),
        stands if stands == becomes => return Ok(Blocking::Already),
        _ => set_status(write, school, card.id, becomes)?,
    }
    let what = if blocked { "card-blocked" } else { "card-opened" };
    deeds::by_office(write, school, (card.person.uuid(), what, &number.masked()), now)?;
    Ok(Blocking::Done)
}

fn replace(
    write: &Write<'_>,
    (school, number): (SchoolId, &CardNumber),
    new: &NewCard,
    now: Timestamp,
) -> Db<Replacing> {
    let Some(old) = of_number(write, school, number)? else { return Ok(Replacing::Unknown) };
    if old.status == CardStatus::Replaced {
        return Ok(Replacing::Replaced);
    }
    // Of any school: a number is printed once.
    if write.db()?.exists("SELECT 1 FROM cards WHERE number = $1", &values![new.number.as_digits()])? {
        return Ok(Replacing::NumberTaken);
    }
    let uid = values![school.uuid(), new.uid.as_hex()];
    if write.db()?.exists("SELECT 1 FROM cards WHERE school = $1 AND uid = $2", &uid)? {
        return Ok(Replacing::UidTaken);
    }
    set_status(write, school, old.id, CardStatus::Replaced)?;
    let card = CardRecord {
        id: new.id,
        uid: new.uid.clone(),
        number: new.number.clone(),
        person: old.person,
        status: CardStatus::Active,
        ask_code: old.ask_code,
        code: new.code.clone(),
    };
    catalogue::put_card(write, school, &card)?;
    let detail = format!("{} → {}", number.masked(), new.number.masked());
    deeds::by_office(write, school, (old.person.uuid(), "card-replaced", &detail), now)?;
    Ok(Replacing::Done)
}

fn of_number(write: &Write<'_>, school: SchoolId, number: &CardNumber) -> Db<Option<CardRecord>> {
    let found = write
        .db()?
        .first("SELECT id FROM cards WHERE number = $1 AND school = $2", &values![number.as_digits(), school.uuid()])?;
    match found {
        Some(row) => rows::card(write.db()?, school, CardId::new(row.col("id")?)),
        None => Ok(None),
    }
}

fn set_status(write: &Write<'_>, school: SchoolId, card: CardId, status: CardStatus) -> Db<()> {
    let card = card.uuid();
    write.db()?.execute("UPDATE cards SET status = $1 WHERE id = $2", &values![word(&status)?, card])?;
    if status != CardStatus::Active {
        write.db()?.execute("DELETE FROM sessions WHERE card = $1", &values![card])?;
    }
    write.changed(school, "card", card.as_bytes())
}
