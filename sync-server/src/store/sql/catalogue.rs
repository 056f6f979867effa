//! The catalogue.

use jiff::Timestamp;
use madkort_ledger::Book;
use madkort_protocol::{
    Account, AccountId, CardId, CardRecord, MenuDay, Person, PersonId, PictureDigest, Product, ProductPicture, School,
    SchoolId, TapPolicy,
};

use crate::store::{Catalogue, NewAccount, Pending, Thing};

use super::session::First;
use super::value::{Db, corrupt, json, values, word};
use super::write::Write;
use super::{SqlStore, deeds, portions, rows};

impl Catalogue for SqlStore {
    fn put(&self, school: SchoolId, things: Vec<Thing>) -> Pending<'_, ()> {
        self.write("putting things in the catalogue", move |write| {
            things.iter().try_for_each(|thing| put(write, school, thing))
        })
    }

    fn schools(&self) -> Pending<'_, Vec<School>> {
        self.read("listing the schools", rows::schools)
    }

    fn set_tap_policy(&self, school: SchoolId, tap: TapPolicy, now: Timestamp) -> Pending<'_, Option<bool>> {
        self.write("saying what a bare tap opens", move |write| {
            let Some(body) = rows::school(write.db()?, school)? else { return Ok(None) };
            if body.tap == tap {
                return Ok(Some(false));
            }
            put_school(write, school, &School { tap, ..body })?;
            let what = match tap {
                TapPolicy::CardDecides => "tap-card-decides",
                TapPolicy::AlwaysAskCode => "tap-always-asks-code",
            };
            deeds::by_office(write, school, (school.uuid(), what, ""), now)?;
            Ok(Some(true))
        })
    }

    fn school(&self, id: SchoolId) -> Pending<'_, Option<School>> {
        self.read("looking up a school", move |db| rows::school(db, id))
    }

    fn account(&self, school: SchoolId, id: AccountId) -> Pending<'_, Option<Account>> {
        self.read("looking up an account", move |db| rows::account(db, school, id))
    }

    fn card(&self, school: SchoolId, id: CardId) -> Pending<'_, Option<CardRecord>> {
        self.read("looking up a card", move |db| rows::card(db, school, id))
    }

    fn product_picture(&self, school: SchoolId, digest: PictureDigest) -> Pending<'_, Option<ProductPicture>> {
        self.read("looking up a picture", move |db| {
            let row = db.first(
                "SELECT png FROM product_pictures WHERE school = $1 AND digest = $2",
                &values![school.uuid(), digest.bytes()],
            )?;
            row.map(|row| ProductPicture::new(row.col("png")?).map_err(|_| corrupt("picture"))).transpose()
        })
    }

    fn person(&self, school: SchoolId, id: PersonId) -> Pending<'_, Option<Person>> {
        self.read("looking up a person", move |db| rows::person(db, school, id))
    }
}

fn put(write: &Write<'_>, school: SchoolId, thing: &Thing) -> Db<()> {
    match thing {
        Thing::School(body) => put_school(write, school, body),
        Thing::Person(person) => put_person(write, school, person),
        Thing::Card(card) => put_card(write, school, card),
        Thing::Account(account) => put_account(write, school, account),
        Thing::Product(product) => put_product(write, school, product),
        Thing::Picture(picture) => put_picture(write, school, picture),
        Thing::Day(day) => put_day(write, school, day),
    }
}

fn put_school(write: &Write<'_>, school: SchoolId, body: &School) -> Db<()> {
    write.db()?.execute(
        "INSERT INTO schools (id, body) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET body = excluded.body",
        &values![school.uuid(), json(body)?],
    )?;
    write.changed(school, "school", school.uuid().as_bytes())
}

fn put_person(write: &Write<'_>, school: SchoolId, person: &Person) -> Db<()> {
    write.db()?.execute(
        "INSERT INTO people (id, school, name, kind, class, email, language) VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (id) DO UPDATE SET name = excluded.name, kind = excluded.kind, class = excluded.class,
             email = excluded.email, language = excluded.language",
        &values![
            person.id.uuid(),
            school.uuid(),
            &person.name,
            word(&person.kind)?,
            &person.class,
            &person.email,
            word(&person.language)?
        ],
    )?;
    write.db()?.execute("DELETE FROM person_accounts WHERE person = $1", &values![person.id.uuid()])?;
    for (place, account) in (0_i64..).zip(&person.accounts) {
        write.db()?.execute(
            "INSERT INTO person_accounts (person, school, place, account) VALUES ($1, $2, $3, $4)",
            &values![person.id.uuid(), school.uuid(), place, account.uuid()],
        )?;
    }
    write.changed(school, "person", person.id.uuid().as_bytes())
}

pub fn put_card(write: &Write<'_>, school: SchoolId, card: &CardRecord) -> Db<()> {
    write.db()?.execute(
        "INSERT INTO cards (id, school, uid, number, person, status, ask_code, code)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (id) DO UPDATE SET uid = excluded.uid, number = excluded.number, person = excluded.person,
             status = excluded.status, ask_code = excluded.ask_code, code = excluded.code",
        &values![
            card.id.uuid(),
            school.uuid(),
            card.uid.as_hex(),
            card.number.as_digits(),
            card.person.uuid(),
            word(&card.status)?,
            card.ask_code,
            card.code.phc()
        ],
    )?;
    write.changed(school, "card", card.id.uuid().as_bytes())
}

fn put_account(write: &Write<'_>, school: SchoolId, account: &NewAccount) -> Db<()> {
    let known = write.db()?.execute(
        "UPDATE accounts SET owner = $1, label = $2, kind = $3 WHERE id = $4 AND school = $5",
        &values![account.owner.uuid(), &account.label, word(&account.kind)?, account.id.uuid(), school.uuid()],
    )?;
    if known == 0 {
        let book = write.standing(school, &Book::Card(account.id))?.id;
        write.db()?.execute(
            "INSERT INTO accounts (id, school, owner, label, kind, book) VALUES ($1, $2, $3, $4, $5, $6)",
            &values![
                account.id.uuid(),
                school.uuid(),
                account.owner.uuid(),
                &account.label,
                word(&account.kind)?,
                book
            ],
        )?;
    }
    write.changed(school, "account", account.id.uuid().as_bytes())
}

fn put_product(write: &Write<'_>, school: SchoolId, product: &Product) -> Db<()> {
    write.db()?.execute(
        "INSERT INTO products
             (id, school, category, name_da, name_en, about_da, about_en, price, vat_percent, allergens, picture)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
             ON CONFLICT (id) DO UPDATE SET category = excluded.category, name_da = excluded.name_da,
             name_en = excluded.name_en, about_da = excluded.about_da, about_en = excluded.about_en,
             price = excluded.price, vat_percent = excluded.vat_percent, allergens = excluded.allergens,
             picture = excluded.picture",
        &values![
            product.id.uuid(),
            school.uuid(),
            word(&product.category)?,
            &product.name_da,
            &product.name_en,
            &product.about_da,
            &product.about_en,
            product.price.ore(),
            product.vat_percent,
            json(&product.allergens)?,
            product.picture.map(PictureDigest::bytes)
        ],
    )?;
    write.changed(school, "product", product.id.uuid().as_bytes())
}

/// No product has changed by it: those that show it are told to the feed when they are put.
fn put_picture(write: &Write<'_>, school: SchoolId, picture: &ProductPicture) -> Db<()> {
    write.db()?.execute(
        "INSERT INTO product_pictures (school, digest, png) VALUES ($1, $2, $3) ON CONFLICT (school, digest) DO NOTHING",
        &values![school.uuid(), picture.digest().bytes(), picture.as_png()],
    )?;
    Ok(())
}

fn put_day(write: &Write<'_>, school: SchoolId, day: &MenuDay) -> Db<()> {
    let date = day.date.to_string();
    write.db()?.execute(
        "INSERT INTO menu_days (school, date, cut_off, products, portions) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (school, date) DO UPDATE SET cut_off = excluded.cut_off, products = excluded.products,
             portions = excluded.portions",
        &values![school.uuid(), &date, day.cut_off, json(&day.products)?, json(&portions::limits(day))?],
    )?;
    write.changed(school, "day", date.as_bytes())
}
