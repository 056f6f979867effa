//! Who changed what about whom.

use jiff::Timestamp;
use madkort_protocol::{PersonId, SchoolId};
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

use crate::store::{Deed, Deeds, Doer, Pending};

use super::SqlStore;
use super::value::{Db, Row, values};
use super::write::Write;

impl Deeds for SqlStore {
    fn deeds(&self, school: SchoolId, about: Uuid) -> Pending<'_, Vec<Deed>> {
        self.read("looking up what was done", move |db| {
            db.query(
                "SELECT d.what, d.detail, d.person, d.at, p.name, v.short_name FROM deeds d
                 LEFT JOIN people p ON p.id = d.person LEFT JOIN devices v ON v.id = d.device
                 WHERE d.school = $1 AND d.about = $2 ORDER BY d.at, d.id",
                &values![school.uuid(), about],
            )?
            .iter()
            .map(|row| read(row, about))
            .collect()
        })
    }
}

fn read(row: &Row, about: Uuid) -> Db<Deed> {
    Ok(Deed {
        what: row.col("what")?,
        detail: row.col("detail")?,
        about,
        by: row.col::<Option<Uuid>>("person")?.map(PersonId::new),
        by_name: row.col("name")?,
        at_device: row.col("short_name")?,
        at: row.col("at")?,
    })
}

/// Writes down what somebody at a kiosk did to a person.
pub fn record(
    write: &Write<'_>,
    school: SchoolId,
    about: PersonId,
    what: &'static str,
    by: &Doer,
    now: Timestamp,
) -> Db<()> {
    by_visitor(write, school, (about.uuid(), what, ""), by, now)
}

/// Writes down what somebody at a kiosk did: to whom or what, in a word, and the rest.
pub fn by_visitor(
    write: &Write<'_>,
    school: SchoolId,
    (about, what, detail): (Uuid, &'static str, &str),
    by: &Doer,
    now: Timestamp,
) -> Db<()> {
    write.db()?.execute(
        "INSERT INTO deeds (id, school, about, what, detail, person, card, device, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (id) DO NOTHING",
        &values![
            by.record,
            school.uuid(),
            about,
            what,
            detail,
            by.person.uuid(),
            by.card.uuid(),
            by.device.uuid(),
            now
        ],
    )?;
    Ok(())
}

/// Writes down what somebody did by a link in a letter to them: no card vouches for them there, and no device.
pub fn by_letter(
    write: &Write<'_>,
    school: SchoolId,
    (about, what, detail): (Uuid, &'static str, &str),
    (record, reader): (Uuid, PersonId),
    now: Timestamp,
) -> Db<()> {
    write.db()?.execute(
        "INSERT INTO deeds (id, school, about, what, detail, person, at) VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (id) DO NOTHING",
        &values![record, school.uuid(), about, what, detail, reader.uuid(), now],
    )?;
    Ok(())
}

/// Writes down what the office did, with a command on the server. The line's name follows from what it says, so that work that is
/// tried again writes it once.
pub fn by_office(
    write: &Write<'_>,
    school: SchoolId,
    (about, what, detail): (Uuid, &'static str, &str),
    now: Timestamp,
) -> Db<()> {
    let digest = Sha256::new()
        .chain_update(school.uuid().as_bytes())
        .chain_update(about.as_bytes())
        .chain_update(now.as_microsecond().to_be_bytes())
        .chain_update(what)
        .chain_update([0])
        .chain_update(detail)
        .finalize();
    let mut name = [0; 16];
    name.copy_from_slice(&digest[..16]);
    write.db()?.execute(
        "INSERT INTO deeds (id, school, about, what, detail, at) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (id) DO NOTHING",
        &values![Builder::from_custom_bytes(name).into_uuid(), school.uuid(), about, what, detail, now],
    )?;
    Ok(())
}
