//! What people tell about themselves.

use jiff::Timestamp;
use madkort_protocol::{AccountId, PersonId, PersonKind, Profile, ProfileChange, SchoolId, SpendingCaps};

use crate::store::{Doer, Pending, People};

use super::deeds::record;
use super::session::{First, Session};
use super::value::{Db, values, word};
use super::write::Write;
use super::{SqlStore, cpr_numbers, rows};

impl People for SqlStore {
    fn profile(&self, school: SchoolId, person: PersonId) -> Pending<'_, Option<Profile>> {
        self.read("looking up a profile", move |db| profile(db, school, person))
    }

    fn change_profile(
        &self,
        school: SchoolId,
        person: PersonId,
        account: AccountId,
        change: ProfileChange,
        by: Doer,
        now: Timestamp,
    ) -> Pending<'_, Option<Profile>> {
        self.write("changing a profile", move |write| {
            change_in(write, (school, person, account), &change)?;
            record(write, school, person, "profile", &by, now)?;
            profile(write.db()?, school, person)
        })
    }

    fn has_guardian(&self, school: SchoolId, account: AccountId) -> Pending<'_, bool> {
        self.read("looking for a guardian", move |db| {
            db.exists(
                "SELECT 1 FROM person_accounts u JOIN people p ON p.id = u.person
                 JOIN accounts a ON a.id = u.account AND a.owner <> p.id
                 WHERE u.account = $1 AND a.school = $2 AND p.kind = $3",
                &values![account.uuid(), school.uuid(), word(&PersonKind::Guardian)?],
            )
        })
    }

    fn set_track(&self, school: SchoolId, person: PersonId, track: Option<String>) -> Pending<'_, bool> {
        self.write("setting a track", move |write| {
            let known = write.db()?.execute(
                "UPDATE people SET track = $1 WHERE id = $2 AND school = $3",
                &values![&track, person.uuid(), school.uuid()],
            )?;
            Ok(known > 0)
        })
    }
}

fn profile(db: &dyn Session, school: SchoolId, person: PersonId) -> Db<Option<Profile>> {
    let row = db.first(
        "SELECT p.name, p.email, p.phone, p.address, p.postcode, p.town, p.class, p.track, a.id, a.day_cap, a.week_cap,
                a.month_cap
         FROM people p JOIN person_accounts u ON u.person = p.id
         JOIN accounts a ON a.id = u.account AND a.owner = p.id AND a.school = p.school
         WHERE p.id = $1 AND p.school = $2 ORDER BY u.place LIMIT 1",
        &values![person.uuid(), school.uuid()],
    )?;
    let Some(row) = row else { return Ok(None) };
    let cpr = cpr_numbers::masked(db, school, person)?;
    let school = rows::school(db, school)?;
    let picture = db.exists("SELECT 1 FROM pictures WHERE person = $1", &values![person.uuid()])?;
    Ok(Some(Profile {
        person,
        account: AccountId::new(row.col("id")?),
        name: row.col("name")?,
        email: row.col::<Option<String>>("email")?.unwrap_or_default(),
        phone: row.col("phone")?,
        address: row.col("address")?,
        postcode: row.col("postcode")?,
        town: row.col("town")?,
        school: school.map(|school| school.name).unwrap_or_default(),
        class: row.col("class")?,
        track: row.col("track")?,
        picture,
        cpr,
        caps: SpendingCaps { day: row.col("day_cap")?, week: row.col("week_cap")?, month: row.col("month_cap")? },
    }))
}

fn change_in(
    write: &Write<'_>,
    (school, person, account): (SchoolId, PersonId, AccountId),
    change: &ProfileChange,
) -> Db<()> {
    let email = Some(change.email.clone()).filter(|email| !email.is_empty());
    write.db()?.execute(
        "UPDATE people SET name = $1, email = $2, phone = $3, address = $4, postcode = $5, town = $6
         WHERE id = $7 AND school = $8",
        &values![
            &change.name,
            &email,
            &change.phone,
            &change.address,
            &change.postcode,
            &change.town,
            person.uuid(),
            school.uuid()
        ],
    )?;
    write.db()?.execute(
        "UPDATE accounts SET day_cap = $1, week_cap = $2, month_cap = $3 WHERE id = $4 AND school = $5",
        &values![change.caps.day, change.caps.week, change.caps.month, account.uuid(), school.uuid()],
    )?;
    write.changed(school, "person", person.uuid().as_bytes())?;
    write.changed(school, "account", account.uuid().as_bytes())
}
