//! Whoever stands at the till learns nothing of the price class, neither from the answer nor from its time.
#![allow(clippy::unwrap_used)]

use std::cell::RefCell;

use madkort_protocol::{CardNumber, DepositLimits, Issuer, OfflineLimits, OperationId, School, TapPolicy, Terms};
use uuid::Uuid;

use super::super::session::{Engine, Session};
use super::super::tables::Table;
use super::super::value::{Row, Value};
use super::super::write::Group;
use super::*;
use crate::store::sqlite::SqliteFile;

const SCHOOL: SchoolId = SchoolId::new(Uuid::from_u128(0x5c));
const ANNA: AccountId = AccountId::new(Uuid::from_u128(0xa1));
const TILL: DeviceId = DeviceId::new(Uuid::from_u128(0xde));
const UID: &str = "04A1B2C3D4E501";
const NOON: Timestamp = Timestamp::constant(1_795_345_200, 0);

/// A session that writes down which statements it ran and which tables it appended to.
struct Watched {
    session: Box<dyn Session>,
    seen: RefCell<Vec<String>>,
}

impl Watched {
    fn saw(&self, what: impl Into<String>) {
        self.seen.borrow_mut().push(what.into());
    }
}

impl Session for Watched {
    fn query(&self, sql: &'static str, parameters: &[Value]) -> Db<Vec<Row>> {
        self.saw(sql);
        self.session.query(sql, parameters)
    }

    fn execute(&self, sql: &'static str, parameters: &[Value]) -> Db<u64> {
        self.saw(sql);
        self.session.execute(sql, parameters)
    }

    fn query_each(&self, sql: &'static str, fixed: &[Value], keys: &[Value]) -> Db<Vec<Row>> {
        self.saw(sql);
        self.session.query_each(sql, fixed, keys)
    }

    fn append(&self, table: &'static Table, rows: &[Vec<Value>]) -> Db<()> {
        if !rows.is_empty() {
            self.saw(table.name);
        }
        self.session.append(table, rows)
    }

    fn page(&self, table: &'static Table, after: Option<&[Value]>, most: u32) -> Db<Vec<Row>> {
        self.session.page(table, after, most)
    }

    fn clear(&self, table: &'static Table) -> Db<()> {
        self.session.clear(table)
    }

    fn begin(&self) -> Db<()> {
        self.session.begin()
    }

    fn begin_moving(&self) -> Db<()> {
        self.session.begin_moving()
    }

    fn begin_snapshot(&self) -> Db<()> {
        self.session.begin_snapshot()
    }

    fn commit(&self) -> Db<()> {
        self.session.commit()
    }

    fn rollback(&self) -> Db<()> {
        self.session.rollback()
    }
}

/// A school that lets a till sell 100 kr. offline, once.
fn school() -> School {
    let kr = Money::from_kroner;
    School {
        id: SCHOOL,
        name: String::new(),
        issuer: Issuer { name: String::new(), cvr: String::new(), address: String::new() },
        terms: Terms { version: String::new(), da: String::new(), en: String::new() },
        support_email: String::new(),
        support_phone: String::new(),
        tap: TapPolicy::CardDecides,
        offline: OfflineLimits { per_sale: kr(100), per_card: kr(100), per_kiosk: kr(100), hours: 24 },
        deposit: DepositLimits { lowest: kr(50), highest: kr(1000) },
    }
}

fn fill(session: &dyn Session, class: PriceClass) {
    let (person, card) = (Uuid::from_u128(1), Uuid::from_u128(0xc1));
    let number = CardNumber::from_first_13("1234567890101").unwrap();
    let (school, anna) = (SCHOOL.uuid(), ANNA.uuid());
    let run = |sql, parameters: &[Value]| session.execute(sql, parameters).unwrap();
    let body = serde_json::to_string(&self::school()).unwrap();
    run("INSERT INTO schools (id, body) VALUES ($1, $2)", &values![school, body]);
    run(
        "INSERT INTO people (id, school, name, kind, language) VALUES ($1, $2, 'Anna', 'pupil', 'da')",
        &values![person, school],
    );
    let write = Write::new(session, Group::default());
    let book = write.standing(SCHOOL, &Book::Card(ANNA)).unwrap().id;
    write.with_standing(SCHOOL, &Book::Card(ANNA), |standing| standing.balance = 10_000).unwrap();
    write.finish().unwrap();
    run(
        "INSERT INTO accounts (id, school, owner, label, kind, book, price_class)
             VALUES ($1, $2, $3, 'Anna', 'card', $4, $5)",
        &values![anna, school, person, book, class.word()],
    );
    run(
        "INSERT INTO person_accounts (person, school, place, account) VALUES ($1, $2, 0, $3)",
        &values![person, school, anna],
    );
    run(
        "INSERT INTO cards (id, school, uid, number, person, status, ask_code, code)
             VALUES ($1, $2, $3, $4, $5, 'active', 0, '')",
        &values![card, school, UID, number.as_digits(), person],
    );
    run(
        "INSERT INTO devices (id, school, kind, name, short_name, public_key, enrolled_at)
             VALUES ($1, $2, 'register', 'Kasse', 'R1', $3, 0)",
        &values![TILL.uuid(), school, "00".repeat(32)],
    );
}

/// Sells 35 kr. twice on fresh books and says how it was answered, by which work, and what is left.
fn sell(class: PriceClass, claimed_at: Option<Timestamp>) -> (Vec<usize>, Vec<String>, i64) {
    let folder = tempfile::tempdir().unwrap();
    let file = SqliteFile::new(&folder.path().join("books.db"));
    file.migrate().unwrap();
    let session = file.connect().unwrap();
    session.begin().unwrap();
    fill(&*session, class);
    let watched = Watched { session, seen: RefCell::default() };
    let mut lengths = Vec::new();
    let mut left = 0;
    for n in 1..=2 {
        let write = Write::new(&watched, Group::default());
        let device = write.device(TILL).unwrap().unwrap();
        let request = PurchaseRequest {
            id: OperationId::new(Uuid::from_u128(n)),
            card_uid: CardUid::parse(UID).unwrap(),
            amount: Money::from_kroner(35),
            vat_percent: 25,
            text: "Frikadelle".to_owned(),
            authorisation: None,
        };
        let course = Course { claimed_at, now: NOON };
        let (outcome, _) = book(&write, device, (&request, body_of(&request).unwrap()), course).unwrap().unwrap();
        assert_eq!(outcome, Outcome::Posted);
        let answer = PurchaseAnswer { id: request.id, outcome };
        lengths.push(serde_json::to_vec(&answer).unwrap().len());
        left = write.standing(SCHOOL, &Book::Card(ANNA)).unwrap().balance;
        write.finish().unwrap();
    }
    watched.rollback().unwrap();
    (lengths, watched.seen.into_inner(), left)
}

#[test]
fn paid_subsidised_and_free_are_answered_alike_by_the_same_work() {
    let mut works = Vec::new();
    for claimed_at in [None, Some(NOON)] {
        let (paid, work, left) = sell(PriceClass::Paid, claimed_at);
        assert_eq!(left, 3000);
        let (subsidised, same, left) = sell(PriceClass::Reduced, claimed_at);
        assert_eq!((subsidised, same, left), (paid.clone(), work.clone(), 6500));
        let (free, same, left) = sell(PriceClass::Free, claimed_at);
        assert_eq!((free, same, left), (paid, work.clone(), 10_000));
        assert!(work.len() > 10, "{work:?}");
        works.push(work.len());
    }
    assert!(works[0] < works[1], "offline there is an allowance to be looked at");
}
