//! Rows read as the things they are. Each takes the school it must belong to: nothing crosses from one tenant to another.

use std::collections::BTreeMap;

use jiff::civil::Date;
use madkort_protocol::{
    Account, AccountId, CardId, CardRecord, CodeVerifier, MenuDay, OperationId, Order, OrderLine, Person, PersonId,
    PictureDigest, Product, ProductId, School, SchoolId,
};

use uuid::Uuid;

use super::charges;
use super::portions;
use super::session::{First, Session};
use super::value::{Db, Row, corrupt, values};

pub fn school(db: &dyn Session, id: SchoolId) -> Db<Option<School>> {
    db.first("SELECT body FROM schools WHERE id = $1", &values![id.uuid()])?.map(|row| row.json("body")).transpose()
}

pub fn schools(db: &dyn Session) -> Db<Vec<School>> {
    db.query("SELECT body FROM schools ORDER BY id", &[])?.iter().map(|row| row.json("body")).collect()
}

pub fn person(db: &dyn Session, school: SchoolId, id: PersonId) -> Db<Option<Person>> {
    let accounts = db
        .query("SELECT account FROM person_accounts WHERE person = $1 ORDER BY place", &values![id.uuid()])?
        .iter()
        .map(|row| row.col("account").map(AccountId::new))
        .collect::<Db<Vec<_>>>()?;
    db.first(
        "SELECT name, kind, class, email, language FROM people WHERE id = $1 AND school = $2",
        &values![id.uuid(), school.uuid()],
    )?
    .map(|row| {
        Ok(Person {
            id,
            name: row.col("name")?,
            kind: row.word("kind")?,
            class: row.col("class")?,
            email: row.col("email")?,
            language: row.word("language")?,
            accounts,
        })
    })
    .transpose()
}

pub fn card(db: &dyn Session, school: SchoolId, id: CardId) -> Db<Option<CardRecord>> {
    db.first("SELECT * FROM cards WHERE id = $1 AND school = $2", &values![id.uuid(), school.uuid()])?
        .as_ref()
        .map(read_card)
        .transpose()
}

fn read_card(row: &Row) -> Db<CardRecord> {
    Ok(CardRecord {
        id: CardId::new(row.col("id")?),
        uid: row.word("uid")?,
        number: row.word("number")?,
        person: PersonId::new(row.col("person")?),
        status: row.word("status")?,
        ask_code: row.col("ask_code")?,
        code: CodeVerifier::new(row.col("code")?),
    })
}

/// Whether a person may use an account.
pub fn may_use(db: &dyn Session, person: PersonId, account: AccountId) -> Db<bool> {
    db.exists(
        "SELECT 1 FROM person_accounts WHERE person = $1 AND account = $2",
        &values![person.uuid(), account.uuid()],
    )
}

pub fn account(db: &dyn Session, school: SchoolId, id: AccountId) -> Db<Option<Account>> {
    let stored = db
        .first(
            "SELECT a.owner, a.label, a.kind, b.balance, b.version FROM accounts a JOIN books b ON b.id = a.book
             WHERE a.id = $1 AND a.school = $2",
            &values![id.uuid(), school.uuid()],
        )?
        .map(|row| {
            Db::Ok(Account {
                id,
                owner: PersonId::new(row.col("owner")?),
                label: row.col("label")?,
                kind: row.word("kind")?,
                balance: row.col("balance")?,
                version: row.col("version")?,
                auto_recharge: None,
            })
        })
        .transpose()?;
    let Some(account) = stored else { return Ok(None) };
    let auto_recharge = charges::shown(db, id)?;
    Ok(Some(Account { auto_recharge, ..account }))
}

pub fn product(db: &dyn Session, school: SchoolId, id: ProductId) -> Db<Option<Product>> {
    db.first("SELECT * FROM products WHERE id = $1 AND school = $2", &values![id.uuid(), school.uuid()])?
        .map(|row| {
            Ok(Product {
                id,
                category: row.word("category")?,
                name_da: row.col("name_da")?,
                name_en: row.col("name_en")?,
                about_da: row.col("about_da")?,
                about_en: row.col("about_en")?,
                price: row.col("price")?,
                vat_percent: row.col("vat_percent")?,
                allergens: row.json("allergens")?,
                picture: row.col::<Option<[u8; 32]>>("picture")?.map(PictureDigest::new),
            })
        })
        .transpose()
}

pub fn day(db: &dyn Session, school: SchoolId, date: Date) -> Db<Option<MenuDay>> {
    let row = db.first(
        "SELECT cut_off, products, portions FROM menu_days WHERE school = $1 AND date = $2",
        &values![school.uuid(), date.to_string()],
    )?;
    let Some(row) = row else { return Ok(None) };
    let portions = portions::left(db, school, date, row.json("portions")?)?;
    Ok(Some(MenuDay { date, cut_off: row.col("cut_off")?, products: row.json("products")?, portions }))
}

pub fn order(db: &dyn Session, school: SchoolId, id: OperationId) -> Db<Option<Order>> {
    let lines = db
        .query("SELECT * FROM order_lines WHERE \"order\" = $1 ORDER BY place", &values![id.uuid()])?
        .iter()
        .map(read_line)
        .collect::<Db<Vec<_>>>()?;
    db.first(
        "SELECT number, account, date, total, state, picked_up_at FROM orders WHERE id = $1 AND school = $2",
        &values![id.uuid(), school.uuid()],
    )?
    .map(|row| {
        Ok(Order {
            id,
            number: row.col("number")?,
            account: AccountId::new(row.col("account")?),
            date: row.col("date")?,
            lines,
            total: row.col("total")?,
            state: row.word("state")?,
            picked_up_at: row.col("picked_up_at")?,
        })
    })
    .transpose()
}

fn read_line(row: &Row) -> Db<OrderLine> {
    Ok(OrderLine {
        product: ProductId::new(row.col("product")?),
        name_da: row.col("name_da")?,
        name_en: row.col("name_en")?,
        quantity: row.col("quantity")?,
        price: row.col("price")?,
        vat_percent: row.col("vat_percent")?,
        comment: row.col("comment")?,
    })
}

/// Those of some products that the school has.
pub fn products(db: &dyn Session, school: SchoolId, ids: impl Iterator<Item = ProductId>) -> Db<Vec<Product>> {
    let mut found = BTreeMap::new();
    for id in ids {
        if let Some(product) = product(db, school, id)? {
            found.insert(id, product);
        }
    }
    Ok(found.into_values().collect())
}

/// The id in a key of the change feed.
pub fn key_id(key: &[u8]) -> Db<Uuid> {
    Uuid::from_slice(key).map_err(|_| corrupt("key"))
}
