//! Price classes, as they are stored with the accounts.

use std::collections::HashMap;

use jiff::Timestamp;
use madkort_ledger::caps::Caps;
use madkort_ledger::{PriceClass, order};
use madkort_protocol::{AccountId, CardNumber, Money, Quote, QuoteLine, SchoolId, SpendingCaps};
use uuid::Uuid;

use crate::store::{Listed, Pending, PriceClasses};

use super::session::{First, Session};
use super::value::{Db, Row, corrupt, values};
use super::write::{caps, spent};
use super::{SqlStore, deeds, rows};

impl PriceClasses for SqlStore {
    fn set_price_class(&self, school: SchoolId, account: AccountId, class: PriceClass) -> Pending<'_, bool> {
        self.write("setting a price class", move |write| {
            let known = write.db()?.execute(
                "UPDATE accounts SET price_class = $1 WHERE id = $2 AND school = $3",
                &values![class.word(), account.uuid(), school.uuid()],
            )?;
            Ok(known > 0)
        })
    }

    fn set_price_classes(
        &self,
        school: SchoolId,
        list: Vec<(CardNumber, PriceClass)>,
        now: Timestamp,
    ) -> Pending<'_, Listed> {
        self.write("setting price classes", move |write| {
            let (mut unknown, mut people) = (Vec::new(), HashMap::new());
            for (place, (number, class)) in list.iter().enumerate() {
                let Some(person) = holder(write.db()?, school, number)? else {
                    unknown.push(place);
                    continue;
                };
                let (before, theirs) = *people.entry(person).or_insert((place, *class));
                if theirs != *class {
                    return Ok(Listed::Torn(before, place));
                }
            }
            if !unknown.is_empty() {
                return Ok(Listed::Unknown(unknown));
            }
            for (person, (_, class)) in people {
                let changed = write.db()?.execute(
                    "UPDATE accounts SET price_class = $1 WHERE school = $2 AND owner = $3 AND price_class <> $4",
                    &values![class.word(), school.uuid(), person, class.word()],
                )?;
                if changed > 0 {
                    deeds::by_office(write, school, (person, "price-class", ""), now)?;
                }
            }
            Ok(Listed::Set)
        })
    }

    fn quote(
        &self,
        school: SchoolId,
        account: AccountId,
        lines: Vec<QuoteLine>,
        now: Timestamp,
    ) -> Pending<'_, Option<Quote>> {
        self.read("quoting an order", move |db| quote(db, (school, account), &lines, now))
    }

    fn price_class(&self, school: SchoolId, account: AccountId) -> Pending<'_, Option<PriceClass>> {
        self.read("looking up a price class", move |db| of_account(db, school, account))
    }
}

/// Whose card it is, if they have an account of their own.
fn holder(db: &dyn Session, school: SchoolId, number: &CardNumber) -> Db<Option<Uuid>> {
    db.first(
        "SELECT c.person FROM cards c JOIN accounts a ON a.owner = c.person AND a.school = c.school
         WHERE c.number = $1 AND c.school = $2",
        &values![number.as_digits(), school.uuid()],
    )?
    .map(|row| row.col("person"))
    .transpose()
}

fn quote(
    db: &dyn Session,
    (school, account): (SchoolId, AccountId),
    lines: &[QuoteLine],
    now: Timestamp,
) -> Db<Option<Quote>> {
    let products = rows::products(db, school, lines.iter().map(|line| line.product))?;
    let known = db.first(
        "SELECT a.price_class, a.day_cap, a.week_cap, a.month_cap, b.spent_on, b.spent_day, b.spent_week, b.spent_month
         FROM accounts a JOIN books b ON b.id = a.book WHERE a.id = $1 AND a.school = $2",
        &values![account.uuid(), school.uuid()],
    )?;
    let Some(row) = known else { return Ok(None) };
    let class = read(&row)?;
    let Caps { day, week, month } = caps(&row)?.left(spent(&row)?, now);
    let left = SpendingCaps { day, week, month };
    let amounts = lines.iter().map(|line| {
        let product = products.iter().find(|product| product.id == line.product)?;
        product.price.times(line.quantity).ok()
    });
    let Some(price) = amounts.collect::<Option<Vec<_>>>().and_then(|amounts| Money::sum(amounts).ok()) else {
        return Ok(None);
    };
    let taken = order::taken(price, class).ok();
    Ok(taken.map(|taken| Quote { account, lines: lines.to_vec(), price, left, taken }))
}

/// The class an account is in.
pub fn of_account(db: &dyn Session, school: SchoolId, account: AccountId) -> Db<Option<PriceClass>> {
    db.first("SELECT price_class FROM accounts WHERE id = $1 AND school = $2", &values![account.uuid(), school.uuid()])?
        .map(|row| read(&row))
        .transpose()
}

/// The class in a row of `accounts`; where there is none, as behind a card without an account, nothing is subsidised.
pub fn read(row: &Row) -> Db<PriceClass> {
    let word: Option<String> = row.col("price_class")?;
    word.map_or(Ok(PriceClass::Paid), |word| PriceClass::parse(&word).ok_or(corrupt("price class")))
}
