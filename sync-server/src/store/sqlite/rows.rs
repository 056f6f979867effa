//! Rows read as the things they are. Each takes the school it must belong to: nothing crosses from one tenant to another.

use std::collections::BTreeMap;

use jiff::civil::Date;
use madkort_protocol::{
    Account, AccountId, AutoRecharge, CardId, CardRecord, CodeVerifier, MenuDay, OperationId, Order, OrderLine, Person,
    PersonId, Product, ProductId, School, SchoolId,
};
use rusqlite::{Connection, OptionalExtension, Row};
use uuid::Uuid;

use super::charges;
use super::values::{Columns, corrupt};

pub(super) fn school(db: &Connection, id: SchoolId) -> rusqlite::Result<Option<School>> {
    db.prepare_cached("SELECT body FROM schools WHERE id = ?")?
        .query_row([id.uuid()], |row| row.json("body"))
        .optional()
}

pub(super) fn schools(db: &Connection) -> rusqlite::Result<Vec<School>> {
    db.prepare_cached("SELECT body FROM schools ORDER BY id")?.query_map([], |row| row.json("body"))?.collect()
}

pub(super) fn person(db: &Connection, school: SchoolId, id: PersonId) -> rusqlite::Result<Option<Person>> {
    let accounts = db
        .prepare_cached("SELECT account FROM person_accounts WHERE person = ? ORDER BY place")?
        .query_map([id.uuid()], |row| row.col("account").map(AccountId::new))?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    db.prepare_cached("SELECT name, kind, class, email, language FROM people WHERE id = ? AND school = ?")?
        .query_row((id.uuid(), school.uuid()), |row| {
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
        .optional()
}

pub(super) fn card(db: &Connection, school: SchoolId, id: CardId) -> rusqlite::Result<Option<CardRecord>> {
    db.prepare_cached("SELECT * FROM cards WHERE id = ? AND school = ?")?
        .query_row((id.uuid(), school.uuid()), read_card)
        .optional()
}

pub(super) fn card_of_uid(db: &Connection, school: SchoolId, uid: &str) -> rusqlite::Result<Option<CardRecord>> {
    db.prepare_cached("SELECT * FROM cards WHERE school = ? AND uid = ?")?
        .query_row((school.uuid(), uid), read_card)
        .optional()
}

fn read_card(row: &Row<'_>) -> rusqlite::Result<CardRecord> {
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

/// The account a person pays from when nobody chooses: their own.
pub(super) fn first_account(db: &Connection, person: PersonId) -> rusqlite::Result<Option<AccountId>> {
    db.prepare_cached("SELECT account FROM person_accounts WHERE person = ? ORDER BY place LIMIT 1")?
        .query_row([person.uuid()], |row| row.col("account").map(AccountId::new))
        .optional()
}

/// Whether a person may use an account.
pub(super) fn may_use(db: &Connection, person: PersonId, account: AccountId) -> rusqlite::Result<bool> {
    db.prepare_cached("SELECT 1 FROM person_accounts WHERE person = ? AND account = ?")?
        .exists((person.uuid(), account.uuid()))
}

pub(super) fn account(db: &Connection, school: SchoolId, id: AccountId) -> rusqlite::Result<Option<Account>> {
    let stored = db
        .prepare_cached(
            "SELECT a.owner, a.label, a.kind, b.balance, b.version FROM accounts a JOIN books b ON b.id = a.book
             WHERE a.id = ? AND a.school = ?",
        )?
        .query_row((id.uuid(), school.uuid()), |row| {
            Ok(Account {
                id,
                owner: PersonId::new(row.col("owner")?),
                label: row.col("label")?,
                kind: row.word("kind")?,
                balance: row.money("balance")?,
                version: row.count("version")?,
                auto_recharge: None,
            })
        })
        .optional()?;
    let Some(account) = stored else { return Ok(None) };
    let auto_recharge = charges::facts(db, id, None)?.map(|(mandate, facts)| AutoRecharge {
        amount: mandate.amount,
        below: mandate.below,
        state: madkort_ledger::recharge::shown_state(&facts),
    });
    Ok(Some(Account { auto_recharge, ..account }))
}

pub(super) fn product(db: &Connection, school: SchoolId, id: ProductId) -> rusqlite::Result<Option<Product>> {
    db.prepare_cached("SELECT * FROM products WHERE id = ? AND school = ?")?
        .query_row((id.uuid(), school.uuid()), |row| {
            Ok(Product {
                id,
                category: row.word("category")?,
                name_da: row.col("name_da")?,
                name_en: row.col("name_en")?,
                about_da: row.col("about_da")?,
                about_en: row.col("about_en")?,
                price: row.money("price")?,
                vat_percent: row.col("vat_percent")?,
                allergens: row.json("allergens")?,
            })
        })
        .optional()
}

pub(super) fn day(db: &Connection, school: SchoolId, date: Date) -> rusqlite::Result<Option<MenuDay>> {
    db.prepare_cached("SELECT cut_off, products FROM menu_days WHERE school = ? AND date = ?")?
        .query_row((school.uuid(), date.to_string()), |row| {
            Ok(MenuDay { date, cut_off: row.time("cut_off")?, products: row.json("products")? })
        })
        .optional()
}

pub(super) fn order(db: &Connection, school: SchoolId, id: OperationId) -> rusqlite::Result<Option<Order>> {
    let lines = db
        .prepare_cached("SELECT * FROM order_lines WHERE \"order\" = ? ORDER BY place")?
        .query_map([id.uuid()], read_line)?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    db.prepare_cached("SELECT number, account, date, total, state FROM orders WHERE id = ? AND school = ?")?
        .query_row((id.uuid(), school.uuid()), |row| {
            Ok(Order {
                id,
                number: row.col("number")?,
                account: AccountId::new(row.col("account")?),
                date: row.day("date")?,
                lines,
                total: row.money("total")?,
                state: row.word("state")?,
            })
        })
        .optional()
}

fn read_line(row: &Row<'_>) -> rusqlite::Result<OrderLine> {
    Ok(OrderLine {
        product: ProductId::new(row.col("product")?),
        name_da: row.col("name_da")?,
        name_en: row.col("name_en")?,
        quantity: row.col("quantity")?,
        price: row.money("price")?,
        vat_percent: row.col("vat_percent")?,
        comment: row.col("comment")?,
    })
}

/// Those of some products that the school has.
pub(super) fn products(
    db: &Connection,
    school: SchoolId,
    ids: impl Iterator<Item = ProductId>,
) -> rusqlite::Result<Vec<Product>> {
    let mut found = BTreeMap::new();
    for id in ids {
        if let Some(product) = product(db, school, id)? {
            found.insert(id, product);
        }
    }
    Ok(found.into_values().collect())
}

/// The id in a key of the change feed.
pub(super) fn key_id(key: &[u8]) -> rusqlite::Result<Uuid> {
    Uuid::from_slice(key).map_err(|_| corrupt("key"))
}
