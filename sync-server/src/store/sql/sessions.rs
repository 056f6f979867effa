//! Sessions.

use jiff::Timestamp;
use madkort_protocol::{AccountId, CardId, CardStatus, DeviceId, PersonId, SchoolId};

use crate::store::{NewSession, Pending, Session as SignedIn, Sessions};

use super::session::{First, Session};
use super::value::{Db, values};
use super::write::Write;
use super::{SqlStore, rows};

impl Sessions for SqlStore {
    fn begin_session(&self, session: NewSession, now: Timestamp) -> Pending<'_, bool> {
        self.write("beginning a session", move |write| begin(write, &session, now))
    }

    fn session(&self, hash: [u8; 32], device: DeviceId, now: Timestamp) -> Pending<'_, Option<SignedIn>> {
        self.read("looking up a session", move |db| signed_in(db, hash, device, now))
    }

    fn end_session(&self, hash: [u8; 32], device: DeviceId) -> Pending<'_, ()> {
        self.write("ending a session", move |write| {
            write
                .db()?
                .execute("DELETE FROM sessions WHERE hash = $1 AND device = $2", &values![hash, device.uuid()])?;
            Ok(())
        })
    }

    fn end_other_sessions(&self, person: PersonId, but: Option<[u8; 32]>) -> Pending<'_, u64> {
        // No token hashes to nothing, so that without an exception all of them go.
        let but = but.unwrap_or_default();
        self.write("ending a person's sessions", move |write| {
            write.db()?.execute("DELETE FROM sessions WHERE person = $1 AND hash <> $2", &values![person.uuid(), but])
        })
    }
}

pub fn begin(write: &Write<'_>, new: &NewSession, now: Timestamp) -> Db<bool> {
    write.db()?.execute("DELETE FROM sessions WHERE expires_at <= $1", &values![now])?;
    let card = rows::card(write.db()?, new.school, new.card)?.filter(|card| card.status == CardStatus::Active);
    let Some(card) = card else { return Ok(false) };
    write.db()?.execute(
        "INSERT INTO sessions (hash, school, device, card, person, expires_at) VALUES ($1, $2, $3, $4, $5, $6)",
        &values![new.hash, new.school.uuid(), new.device.uuid(), card.id.uuid(), card.person.uuid(), new.expires_at],
    )?;
    Ok(true)
}

fn signed_in(db: &dyn Session, hash: [u8; 32], device: DeviceId, now: Timestamp) -> Db<Option<SignedIn>> {
    let found = db.first(
        "SELECT school, card, person FROM sessions WHERE hash = $1 AND device = $2 AND expires_at > $3",
        &values![hash, device.uuid(), now],
    )?;
    let Some(row) = found else { return Ok(None) };
    let (school, card) = (SchoolId::new(row.col("school")?), CardId::new(row.col("card")?));
    let card = rows::card(db, school, card)?.filter(|card| card.status == CardStatus::Active);
    let Some(card) = card else { return Ok(None) };
    let Some(person) = rows::person(db, school, PersonId::new(row.col("person")?))? else { return Ok(None) };
    let own = db
        .query(
            "SELECT a.id FROM person_accounts p JOIN accounts a ON a.id = p.account
             WHERE p.person = $1 AND a.owner = $1 AND a.school = $2 ORDER BY p.place",
            &values![person.id.uuid(), school.uuid()],
        )?
        .iter()
        .map(|row| row.col("id").map(AccountId::new))
        .collect::<Db<Vec<_>>>()?;
    Ok(Some(SignedIn { card: card.id, person, own }))
}
