//! Who this kiosk is to the server, what it has used up, and who typed a wrong code.
//!
//! **Invariant:** a request count is on the disk as used before the first request carries it.

use std::ops::RangeInclusive;

use jiff::Timestamp;
use madkort_protocol::{CardId, DeviceId, Enrolled, Throttle};
use rusqlite::{OptionalExtension as _, params};

use super::{Doing as _, Once as _, Store, StoreError, body, to_json};

/// Request counts taken from the disk at once: one write for a thousand requests.
pub const REQUESTS_RESERVED: u64 = 1000;

/// What enrolment gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The id that goes into every request.
    pub device: DeviceId,
    /// The prefix of slip numbers.
    pub short_name: String,
}

impl Store {
    /// Who this kiosk is, if it is enrolled.
    pub fn identity(&self) -> Result<Option<Identity>, StoreError> {
        let row = self
            .db
            .one("SELECT id, short_name FROM device", [], |row| {
                Ok((row.get::<_, Option<String>>(0)?, row.get::<_, Option<String>>(1)?))
            })
            .doing("tell who this kiosk is")?;
        let (Some(id), Some(short_name)) = row else { return Ok(None) };
        Ok(DeviceId::parse(&id).ok().map(|device| Identity { device, short_name }))
    }

    /// Keeps what enrolment gave.
    pub fn enrolled(&mut self, enrolled: &Enrolled) -> Result<(), StoreError> {
        let school = to_json("school", &enrolled.school)?;
        let tx = self.write()?;
        let (device, short_name) = (enrolled.device.to_string(), &enrolled.short_name);
        tx.run("UPDATE device SET id = ?1, short_name = ?2", params![device, short_name]).doing("keep its name")?;
        tx.run("INSERT OR REPLACE INTO school VALUES (1, ?1)", [school]).doing("keep the school")?;
        tx.commit().doing("keep the enrolment")
    }

    /// Journal rows the server has not settled.
    pub fn unsettled(&self) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM journal WHERE seq > (SELECT acked_seq FROM device)";
        let count: i64 = self.db.one(sql, [], |row| row.get(0)).doing("count the outbox")?;
        Ok(count.unsigned_abs())
    }

    /// The next counts for requests; none of them has been used, whatever happened before.
    pub fn reserve_requests(&mut self) -> Result<RangeInclusive<u64>, StoreError> {
        let sql = "UPDATE device SET request_count = request_count + ?1 RETURNING request_count";
        let step = i64::try_from(REQUESTS_RESERVED).unwrap_or(i64::MAX);
        let last: i64 = self.db.one(sql, [step], |row| row.get(0)).doing("reserve requests")?;
        let last = last.unsigned_abs();
        Ok(last - REQUESTS_RESERVED + 1..=last)
    }

    /// When the server was last heard.
    pub fn last_heard(&self) -> Result<Option<Timestamp>, StoreError> {
        let text: Option<String> =
            self.db.one("SELECT last_heard FROM device", [], |row| row.get(0)).doing("tell when it last heard")?;
        Ok(text.and_then(|text| text.parse().ok()))
    }

    /// Notes that the server was heard.
    pub fn heard(&mut self, at: Timestamp) -> Result<(), StoreError> {
        self.db.run("UPDATE device SET last_heard = ?1", [at.to_string()]).doing("note the server's word")?;
        Ok(())
    }

    /// Writes something, to find out whether the disk works.
    pub fn probe(&mut self) -> Result<(), StoreError> {
        self.db.run("UPDATE device SET probed = 1 - probed", []).doing("write")?;
        Ok(())
    }

    /// The wrong codes typed for a card.
    pub fn throttle(&self, card: CardId) -> Result<Throttle, StoreError> {
        let sql = "SELECT body FROM code_throttle WHERE card = ?1";
        Ok(body(&self.db, "code_throttle", sql, [card.to_string()])?.unwrap_or_default())
    }

    /// Keeps the wrong codes typed for a card.
    pub fn set_throttle(&mut self, card: CardId, throttle: Throttle) -> Result<(), StoreError> {
        let (card, text) = (card.to_string(), to_json("code_throttle", &throttle)?);
        let sql = "INSERT INTO code_throttle VALUES (?1, ?2) ON CONFLICT DO UPDATE SET body = excluded.body";
        self.db.run(sql, params![card, text]).doing("note a wrong code")?;
        Ok(())
    }

    /// The proof of a card's verification code.
    pub fn code_verifier(&self, card: CardId) -> Result<Option<madkort_protocol::CodeVerifier>, StoreError> {
        let sql = "SELECT body FROM cards WHERE id = ?1";
        let text: Option<String> =
            self.db.one(sql, [card.to_string()], |row| row.get(0)).optional().doing("find a card")?;
        let card = text.map(|text| super::from_json::<madkort_protocol::CardRecord>("cards", &text)).transpose()?;
        Ok(card.map(|card| card.code))
    }
}
