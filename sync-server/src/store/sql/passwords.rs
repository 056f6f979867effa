//! Passwords, and links to replace forgotten ones.

use jiff::Timestamp;
use madkort_protocol::{CardId, CodeVerifier, OperationId, PersonId, SchoolId};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::limits::{Rate, TooOften};
use crate::store::passwords::RESET_LASTS;
use crate::store::{AskedReset, Doer, Letter, Passwords, Pending};

use super::SqlStore;
use super::deeds::{by_letter, record};
use super::mails::{Envelope, put};
use super::session::First;
use super::value::{Db, Value, corrupt, values};
use super::write::Write;

/// People that one address may stand for: a parent who gave it for every child.
const SHARED_BY: u32 = 8;

impl Passwords for SqlStore {
    fn password(&self, school: SchoolId, card: CardId) -> Pending<'_, Option<CodeVerifier>> {
        self.read("looking up a password", move |db| {
            let row = db.first(
                "SELECT p.password FROM cards c JOIN people p ON p.id = c.person WHERE c.id = $1 AND c.school = $2",
                &values![card.uuid(), school.uuid()],
            )?;
            let phc: Option<String> = row.map_or(Ok(None), |row| row.col("password"))?;
            Ok(phc.map(CodeVerifier::new))
        })
    }

    fn set_password(
        &self,
        school: SchoolId,
        person: PersonId,
        password: CodeVerifier,
        by: Doer,
        but: Option<[u8; 32]>,
        now: Timestamp,
    ) -> Pending<'_, bool> {
        self.write("setting a password", move |write| {
            if !set(write, (school, person), &password, but.unwrap_or_default())? {
                return Ok(false);
            }
            record(write, school, person, "password", &by, now)?;
            Ok(true)
        })
    }

    fn ask_reset(&self, asked: AskedReset, now: Timestamp) -> Pending<'_, Result<(), TooOften>> {
        self.write("noting a forgotten password", move |write| ask(write, &asked, now))
    }

    fn add_reset_link(&self, hash: [u8; 32], school: SchoolId, person: PersonId, now: Timestamp) -> Pending<'_, ()> {
        self.write("making a link", move |write| {
            let until = now.saturating_add(RESET_LASTS).unwrap_or(Timestamp::MAX);
            write.db()?.execute("DELETE FROM reset_links WHERE expires_at <= $1", &values![now])?;
            write.db()?.execute(
                "INSERT INTO reset_links (hash, school, person, expires_at) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (hash) DO NOTHING",
                &values![hash, school.uuid(), person.uuid(), until],
            )?;
            Ok(())
        })
    }

    fn reset_link(&self, hash: [u8; 32], now: Timestamp) -> Pending<'_, Option<SchoolId>> {
        self.read("looking up a link", move |db| {
            db.first("SELECT school FROM reset_links WHERE hash = $1 AND expires_at > $2", &values![hash, now])?
                .map(|row| row.col("school").map(SchoolId::new))
                .transpose()
        })
    }

    fn use_reset_link(
        &self,
        hash: [u8; 32],
        password: CodeVerifier,
        record_id: Uuid,
        now: Timestamp,
    ) -> Pending<'_, bool> {
        self.write("using a link", move |write| {
            let found = write.db()?.first(
                "SELECT school, person FROM reset_links WHERE hash = $1 AND expires_at > $2",
                &values![hash, now],
            )?;
            let Some(row) = found else { return Ok(false) };
            let (school, person) = (SchoolId::new(row.col("school")?), PersonId::new(row.col("person")?));
            if !set(write, (school, person), &password, <[u8; 32]>::default())? {
                return Ok(false);
            }
            by_letter(write, school, (person.uuid(), "password-reset", ""), (record_id, person), now)?;
            Ok(true)
        })
    }
}

/// Sets it, and ends what was begun with the one before.
fn set(write: &Write<'_>, (school, person): (SchoolId, PersonId), password: &CodeVerifier, but: [u8; 32]) -> Db<bool> {
    let known = write.db()?.execute(
        "UPDATE people SET password = $1 WHERE id = $2 AND school = $3",
        &values![password.phc(), person.uuid(), school.uuid()],
    )?;
    write.db()?.execute("DELETE FROM reset_links WHERE person = $1", &values![person.uuid()])?;
    write.db()?.execute("DELETE FROM sessions WHERE person = $1 AND hash <> $2", &values![person.uuid(), but])?;
    Ok(known > 0)
}

fn ask(write: &Write<'_>, asked: &AskedReset, now: Timestamp) -> Db<Result<(), TooOften>> {
    let address: [u8; 32] = Sha256::digest(asked.email.to_lowercase().as_bytes()).into();
    let by_device = too_often(
        write,
        "SELECT count(*) AS n, min(at) AS oldest FROM resets_asked WHERE device = $1 AND at > $2",
        asked.device.uuid().into(),
        asked.by_device,
        now,
    )?;
    let by_address = too_often(
        write,
        "SELECT count(*) AS n, min(at) AS oldest FROM resets_asked WHERE address = $1 AND at > $2",
        address.into(),
        asked.by_address,
        now,
    )?;
    if let Some(too_often) = by_device {
        return Ok(Err(too_often));
    }
    let keep_from = asked.by_device.since(now).min(asked.by_address.since(now));
    write.db()?.execute("DELETE FROM resets_asked WHERE at <= $1", &values![keep_from])?;
    write.db()?.execute(
        "INSERT INTO resets_asked (id, school, device, address, at) VALUES ($1, $2, $3, $4, $5)",
        &values![asked.id, asked.school.uuid(), asked.device.uuid(), address, now],
    )?;
    if by_address.is_none() {
        write_letters(write, asked, now)?;
    }
    Ok(Ok(()))
}

fn too_often(write: &Write<'_>, sql: &'static str, key: Value, rate: Rate, now: Timestamp) -> Db<Option<TooOften>> {
    let row = write.db()?.first(sql, &[key, rate.since(now).into()])?.ok_or(corrupt("count"))?;
    Ok(rate.after(row.col("n")?, row.col("oldest")?, now))
}

fn write_letters(write: &Write<'_>, asked: &AskedReset, now: Timestamp) -> Db<()> {
    let whose = write.db()?.query(
        "SELECT id, name FROM people WHERE school = $1 AND lower(email) = $2 ORDER BY id LIMIT $3",
        &values![asked.school.uuid(), asked.email.to_lowercase(), SHARED_BY],
    )?;
    for row in whose {
        let person: Uuid = row.col("id")?;
        let letter =
            Letter::PasswordReset { school: asked.school, person: PersonId::new(person), name: row.col("name")? };
        let digest = Sha256::new().chain_update(asked.id.as_bytes()).chain_update(person.as_bytes()).finalize();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        let envelope = Envelope {
            school: asked.school,
            about: OperationId::new(uuid::Builder::from_custom_bytes(bytes).into_uuid()),
            recipient: &asked.email,
            language: asked.language,
        };
        put(write, &envelope, &letter, now)?;
    }
    Ok(())
}
