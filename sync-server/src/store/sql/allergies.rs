//! What people cannot eat.

use jiff::Timestamp;
use madkort_protocol::{AccountId, Allergen, Allergies, PersonId, Product, SchoolId};

use crate::store::{AllergyRecords, Doer, Pending};

use super::SqlStore;
use super::deeds::record;
use super::session::{First, Session};
use super::value::{Db, json, values};
use super::write::Write;

impl AllergyRecords for SqlStore {
    fn allergies(&self, school: SchoolId, person: PersonId) -> Pending<'_, Vec<Allergies>> {
        self.read("looking up allergies", move |db| {
            db.query(
                "SELECT DISTINCT l.person, l.allergens, l.block FROM person_accounts u
                 JOIN accounts a ON a.id = u.account JOIN allergies l ON l.person = a.owner
                 WHERE u.person = $1 AND l.school = $2 ORDER BY l.person",
                &values![person.uuid(), school.uuid()],
            )?
            .iter()
            .map(|row| Ok(Allergies::new(PersonId::new(row.col("person")?), row.json("allergens")?, row.col("block")?)))
            .collect()
        })
    }

    fn set_allergies(
        &self,
        school: SchoolId,
        allergies: Allergies,
        by: Option<Doer>,
        now: Timestamp,
    ) -> Pending<'_, ()> {
        self.write("changing allergies", move |write| {
            keep(write, school, &allergies)?;
            match &by {
                Some(by) => record(write, school, allergies.person, "allergies", by, now),
                None => Ok(()),
            }
        })
    }
}

fn keep(write: &Write<'_>, school: SchoolId, allergies: &Allergies) -> Db<()> {
    let person = allergies.person.uuid();
    if allergies.allergens.is_empty() {
        write
            .db()?
            .execute("DELETE FROM allergies WHERE person = $1 AND school = $2", &values![person, school.uuid()])?;
        return Ok(());
    }
    write.db()?.execute(
        "INSERT INTO allergies (person, school, allergens, block) VALUES ($1, $2, $3, $4)
             ON CONFLICT (person) DO UPDATE SET allergens = excluded.allergens, block = excluded.block",
        &values![person, school.uuid(), json(&allergies.allergens)?, allergies.block],
    )?;
    Ok(())
}

/// Whether any of these is not to be ordered for whoever owns the account.
pub fn forbid(db: &dyn Session, school: SchoolId, account: AccountId, products: &[Product]) -> Db<bool> {
    let row = db.first(
        "SELECT l.allergens FROM allergies l JOIN accounts a ON a.owner = l.person
         WHERE a.id = $1 AND l.school = $2 AND l.block = 1",
        &values![account.uuid(), school.uuid()],
    )?;
    let blocked: Vec<Allergen> = row.map_or(Ok(Vec::new()), |row| row.json("allergens"))?;
    Ok(products.iter().flat_map(|product| &product.allergens).any(|allergen| blocked.contains(allergen)))
}
