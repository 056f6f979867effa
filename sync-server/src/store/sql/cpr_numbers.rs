//! CPR numbers, sealed.

use jiff::Timestamp;
use madkort_protocol::{CardNumber, MaskedCpr, PersonId, SchoolId};

use crate::store::{CprNumbers, Pending};

use super::session::{First, Session};
use super::value::{Db, values};
use super::{SqlStore, deeds};

impl CprNumbers for SqlStore {
    fn turn_cpr(&self, school: SchoolId, on: bool, now: Timestamp) -> Pending<'_, Option<u64>> {
        self.write("turning CPR numbers on or off", move |write| {
            let db = write.db()?;
            if db.execute("UPDATE schools SET cpr = $1 WHERE id = $2", &values![on, school.uuid()])? == 0 {
                return Ok(None);
            }
            let forgotten =
                if on { 0 } else { db.execute("DELETE FROM cpr_numbers WHERE school = $1", &values![school.uuid()])? };
            let what = if on { "cpr-turned-on" } else { "cpr-turned-off" };
            deeds::by_office(write, school, (school.uuid(), what, ""), now)?;
            Ok(Some(forgotten))
        })
    }

    fn holders(&self, school: SchoolId, cards: Vec<CardNumber>) -> Pending<'_, Vec<Option<PersonId>>> {
        self.read("looking up whose cards these are", move |db| {
            let whose = |number: &CardNumber| {
                db.first(
                    "SELECT person FROM cards WHERE number = $1 AND school = $2",
                    &values![number.as_digits(), school.uuid()],
                )?
                .map(|row| row.col("person").map(PersonId::new))
                .transpose()
            };
            cards.iter().map(whose).collect()
        })
    }

    fn put_cpr(&self, school: SchoolId, sealed: Vec<(PersonId, Option<Vec<u8>>)>, now: Timestamp) -> Pending<'_, bool> {
        self.write("keeping CPR numbers", move |write| {
            let db = write.db()?;
            if !is_on(db, school)? {
                return Ok(false);
            }
            for (person, sealed) in &sealed {
                let what = if sealed.is_some() { "cpr" } else { "cpr-forgotten" };
                deeds::by_office(write, school, (person.uuid(), what, ""), now)?;
                match sealed {
                    Some(sealed) => db.execute(
                        "INSERT INTO cpr_numbers (person, school, sealed, at) VALUES ($1, $2, $3, $4)
                         ON CONFLICT (person) DO UPDATE SET sealed = excluded.sealed, at = excluded.at",
                        &values![person.uuid(), school.uuid(), sealed.as_slice(), now],
                    )?,
                    None => db.execute(
                        "DELETE FROM cpr_numbers WHERE person = $1 AND school = $2",
                        &values![person.uuid(), school.uuid()],
                    )?,
                };
            }
            Ok(true)
        })
    }

    fn a_sealed_cpr(&self, school: SchoolId) -> Pending<'_, Option<(PersonId, Vec<u8>)>> {
        self.read("looking up a sealed CPR number", move |db| {
            db.first(
                "SELECT person, sealed FROM cpr_numbers WHERE school = $1 ORDER BY person LIMIT 1",
                &values![school.uuid()],
            )?
            .map(|row| Ok((PersonId::new(row.col("person")?), row.col("sealed")?)))
            .transpose()
        })
    }
}

/// As far as anybody is shown it; nothing where the school has not turned them on.
pub fn masked(db: &dyn Session, school: SchoolId, person: PersonId) -> Db<Option<MaskedCpr>> {
    if !is_on(db, school)? {
        return Ok(None);
    }
    let known = db.exists(
        "SELECT 1 FROM cpr_numbers WHERE person = $1 AND school = $2",
        &values![person.uuid(), school.uuid()],
    )?;
    Ok(Some(MaskedCpr::new(known)))
}

fn is_on(db: &dyn Session, school: SchoolId) -> Db<bool> {
    db.exists("SELECT 1 FROM schools WHERE id = $1 AND cpr = 1", &values![school.uuid()])
}
