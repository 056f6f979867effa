//! Devices and enrolment codes.

use jiff::Timestamp;
use madkort_protocol::{DeviceId, DeviceKind, SchoolId};

use crate::store::{Device, Devices, NewCode, NewDevice, Pending};

use super::session::{First, Session};
use super::value::{Db, Row, Value, values, word};
use super::write::Write;
use super::{SqlStore, deeds};

impl Devices for SqlStore {
    fn add_enrolment_code(&self, code: NewCode) -> Pending<'_, ()> {
        self.write("adding an enrolment code", move |write| {
            write.db()?.execute(
                "INSERT INTO enrolment_codes (hash, school, kind, name, expires_at) VALUES ($1, $2, $3, $4, $5)",
                &values![code.hash, code.school.uuid(), word(&code.kind)?, &code.name, code.expires_at],
            )?;
            Ok(())
        })
    }

    fn enrol(&self, device: NewDevice, now: Timestamp) -> Pending<'_, Option<Device>> {
        self.write("enrolling a device", move |write| enrol(write, &device, now))
    }

    fn device(&self, id: DeviceId) -> Pending<'_, Option<Device>> {
        self.read("looking up a device", move |db| device(db, id))
    }

    fn devices(&self, ids: Vec<DeviceId>) -> Pending<'_, Vec<Device>> {
        self.read("looking up devices", move |db| {
            let keys: Vec<_> = ids.iter().map(|id| Value::from(id.uuid())).collect();
            db.query_each(DEVICE, &[], &keys)?.iter().map(read).collect()
        })
    }

    fn revoke(&self, id: DeviceId, now: Timestamp) -> Pending<'_, bool> {
        self.write("revoking a device", move |write| {
            let Some(found) = device(write.db()?, id)? else { return Ok(false) };
            if !found.revoked {
                write.db()?.execute("UPDATE devices SET revoked_at = $1 WHERE id = $2", &values![now, id.uuid()])?;
                deeds::by_office(write, found.school, (id.uuid(), "device-revoked", &found.short_name), now)?;
            }
            Ok(true)
        })
    }

    fn note_request(&self, id: DeviceId, seen: u64) {
        self.noted.note(id, seen);
    }
}

fn enrol(write: &Write<'_>, new: &NewDevice, now: Timestamp) -> Db<Option<Device>> {
    let code = write
        .db()?
        .first(
            "SELECT school, device FROM enrolment_codes WHERE hash = $1 AND kind = $2 AND expires_at > $3",
            &values![new.code_hash, word(&new.kind)?, now],
        )?
        .map(|row| Db::Ok((SchoolId::new(row.col("school")?), row.col("device")?)))
        .transpose()?;
    match code {
        None => Ok(None),
        Some((_, Some(used_by))) => {
            let before = device(write.db()?, DeviceId::new(used_by))?;
            Ok(before.filter(|device| device.public_key == new.public_key && !device.revoked))
        }
        Some((school, None)) => {
            let short_name = short_name(write, school, new.kind)?;
            write.db()?.execute(
                "INSERT INTO devices (id, school, kind, name, short_name, public_key, enrolled_at)
                     VALUES ($1, $2, $3, $4, $5, $6, $7)",
                &values![
                    new.id.uuid(),
                    school.uuid(),
                    word(&new.kind)?,
                    &new.name,
                    short_name,
                    new.public_key.to_hex(),
                    now
                ],
            )?;
            write.db()?.execute(
                "UPDATE enrolment_codes SET device = $1 WHERE hash = $2",
                &values![new.id.uuid(), new.code_hash],
            )?;
            device(write.db()?, new.id)
        }
    }
}

/// The next free prefix: devices are never deleted, so their number grows.
fn short_name(write: &Write<'_>, school: SchoolId, kind: DeviceKind) -> Db<String> {
    let row = write.db()?.first(
        "SELECT count(*) AS n FROM devices WHERE school = $1 AND kind = $2",
        &values![school.uuid(), word(&kind)?],
    )?;
    let before: i64 = row.map_or(Ok(0), |row| row.col("n"))?;
    let letter = match kind {
        DeviceKind::Kiosk => 'K',
        DeviceKind::Register => 'R',
    };
    Ok(format!("{letter}{}", before + 1))
}

/// The device by its id, and the highest request count it wrote with.
pub const DEVICE: &str = "SELECT d.*, coalesce(r.count, 0) AS request_count \
     FROM devices d LEFT JOIN requests r ON r.device = d.id WHERE d.id = $1";

pub fn device(db: &dyn Session, id: DeviceId) -> Db<Option<Device>> {
    db.first(DEVICE, &values![id.uuid()])?.as_ref().map(read).transpose()
}

pub fn read(row: &Row) -> Db<Device> {
    Ok(Device {
        id: DeviceId::new(row.col("id")?),
        school: SchoolId::new(row.col("school")?),
        kind: row.word("kind")?,
        name: row.col("name")?,
        short_name: row.col("short_name")?,
        public_key: row.word("public_key")?,
        last_seq: row.col("last_seq")?,
        request_count: row.col("request_count")?,
        revoked: row.col::<Option<i64>>("revoked_at")?.is_some(),
    })
}
