//! Devices and enrolment codes in SQLite.

use jiff::Timestamp;
use madkort_protocol::{DeviceId, DeviceKind, SchoolId};
use rusqlite::{Connection, OptionalExtension};

use crate::store::{Device, Devices, NewCode, NewDevice, Pending};

use super::SqliteStore;
use super::values::{Columns, count, micros, word};
use super::writer::Write;

impl Devices for SqliteStore {
    fn add_enrolment_code(&self, code: NewCode) -> Pending<'_, ()> {
        self.write("adding an enrolment code", move |write| {
            write
                .db
                .prepare_cached(
                    "INSERT INTO enrolment_codes (hash, school, kind, name, expires_at) VALUES (?, ?, ?, ?, ?)",
                )?
                .execute((code.hash, code.school.uuid(), word(&code.kind)?, &code.name, micros(code.expires_at)))?;
            Ok(())
        })
    }

    fn enrol(&self, device: NewDevice, now: Timestamp) -> Pending<'_, Option<Device>> {
        self.write("enrolling a device", move |write| enrol(write, &device, now))
    }

    fn device(&self, id: DeviceId) -> Pending<'_, Option<Device>> {
        self.read("looking up a device", move |db| device(db, id))
    }

    fn revoke(&self, id: DeviceId, now: Timestamp) -> Pending<'_, bool> {
        self.write("revoking a device", move |write| {
            let revoked = write
                .db
                .prepare_cached("UPDATE devices SET revoked_at = coalesce(revoked_at, ?) WHERE id = ?")?
                .execute((micros(now), id.uuid()))?;
            Ok(revoked > 0)
        })
    }

    fn note_request(&self, id: DeviceId, seen: u64) {
        // The answer is not waited for: the queue keeps order, so it is durable with the work queued after it. When the queue is
        // full, that work is turned away too.
        let _ = self.writer.submit("noting a request count", move |write| {
            write
                .db
                .prepare_cached("UPDATE devices SET request_count = max(request_count, ?) WHERE id = ?")?
                .execute((count(seen), id.uuid()))
        });
    }
}

fn enrol(write: &Write<'_>, new: &NewDevice, now: Timestamp) -> rusqlite::Result<Option<Device>> {
    let code = write
        .db
        .prepare_cached("SELECT school, device FROM enrolment_codes WHERE hash = ? AND kind = ? AND expires_at > ?")?
        .query_row((new.code_hash, word(&new.kind)?, micros(now)), |row| {
            Ok((SchoolId::new(row.col("school")?), row.col("device")?))
        })
        .optional()?;
    match code {
        None => Ok(None),
        Some((_, Some(used_by))) => {
            let before = device(write.db, DeviceId::new(used_by))?;
            Ok(before.filter(|device| device.public_key == new.public_key && !device.revoked))
        }
        Some((school, None)) => {
            let short_name = short_name(write, school, new.kind)?;
            write
                .db
                .prepare_cached(
                    "INSERT INTO devices (id, school, kind, name, short_name, public_key, enrolled_at)
                     VALUES (?, ?, ?, ?, ?, ?, ?)",
                )?
                .execute((
                    new.id.uuid(),
                    school.uuid(),
                    word(&new.kind)?,
                    &new.name,
                    short_name,
                    new.public_key.to_hex(),
                    micros(now),
                ))?;
            write
                .db
                .prepare_cached("UPDATE enrolment_codes SET device = ? WHERE hash = ?")?
                .execute((new.id.uuid(), new.code_hash))?;
            device(write.db, new.id)
        }
    }
}

/// The next free prefix: devices are never deleted, so their number grows.
fn short_name(write: &Write<'_>, school: SchoolId, kind: DeviceKind) -> rusqlite::Result<String> {
    let before: i64 = write
        .db
        .prepare_cached("SELECT count(*) FROM devices WHERE school = ? AND kind = ?")?
        .query_row((school.uuid(), word(&kind)?), |row| row.get(0))?;
    let letter = match kind {
        DeviceKind::Kiosk => 'K',
        DeviceKind::Register => 'R',
    };
    Ok(format!("{letter}{}", before + 1))
}

pub(super) fn device(db: &Connection, id: DeviceId) -> rusqlite::Result<Option<Device>> {
    db.prepare_cached("SELECT * FROM devices WHERE id = ?")?
        .query_row([id.uuid()], |row| {
            Ok(Device {
                id,
                school: SchoolId::new(row.col("school")?),
                kind: row.word("kind")?,
                name: row.col("name")?,
                short_name: row.col("short_name")?,
                public_key: row.word("public_key")?,
                last_seq: row.count("last_seq")?,
                request_count: row.count("request_count")?,
                revoked: row.maybe_time("revoked_at")?.is_some(),
            })
        })
        .optional()
}
