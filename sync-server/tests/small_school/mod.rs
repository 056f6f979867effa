//! A small school to test on: Anna, who is a pupil, Bo, who answers for her, a guest, a lasagne and an apple.
#![allow(clippy::unwrap_used, dead_code, reason = "each program that includes this file uses a part of it")]

use jiff::Timestamp;
use jiff::civil::{Date, date};
use madkort_protocol::*;
use sync_server::store::{NewAccount, Thing};
use uuid::Uuid;

/// The day that can be ordered for; its cut-off is Monday 09:00 in Denmark.
pub const TUESDAY: Date = date(2026, 11, 24);
pub const CUT_OFF: Timestamp = Timestamp::constant(1_795_420_800, 0);

pub const SCHOOL: SchoolId = SchoolId::new(Uuid::from_u128(0x5c));
pub const ANNA: AccountId = AccountId::new(Uuid::from_u128(0xa1));
pub const BO: AccountId = AccountId::new(Uuid::from_u128(0xa2));
pub const GUEST: AccountId = AccountId::new(Uuid::from_u128(0xa3));
pub const ANNAS_CARD: CardId = CardId::new(Uuid::from_u128(0xc1));
pub const BOS_CARD: CardId = CardId::new(Uuid::from_u128(0xc2));
pub const GUEST_CARD: CardId = CardId::new(Uuid::from_u128(0xc3));
pub const BLOCKED_CARD: CardId = CardId::new(Uuid::from_u128(0xc4));
pub const LASAGNE: ProductId = ProductId::new(Uuid::from_u128(0xd1));
pub const APPLE: ProductId = ProductId::new(Uuid::from_u128(0xd2));

pub fn kr(kroner: i32) -> Money {
    Money::from_kroner(kroner)
}

pub fn uid(n: u8) -> CardUid {
    CardUid::parse(&format!("04A1B2C3D4E5{n:02X}")).unwrap()
}

pub fn refused(outcome: &Outcome) -> Rule {
    match outcome {
        Outcome::Refused(refusal) => refusal.rule,
        other => panic!("not refused: {other:?}"),
    }
}

/// One lasagne (45 kr.) for Tuesday on Anna's card.
pub fn lasagne(number: &str) -> PlaceOrder {
    PlaceOrder {
        number: number.into(),
        card: ANNAS_CARD,
        account: ANNA,
        date: TUESDAY,
        lines: vec![LineRequest { product: LASAGNE, quantity: 1, price: kr(45), comment: "uden løg".into() }],
        total: kr(45),
    }
}

pub fn school() -> School {
    School {
        id: SCHOOL,
        name: "Prøveskolen".into(),
        issuer: Issuer { name: "Udsteder".into(), cvr: "00000000".into(), address: "Vej 1".into() },
        terms: Terms { version: "1".into(), da: "Vilkår".into(), en: "Terms".into() },
        support_email: "hjaelp@skole.example".into(),
        support_phone: "00 00 00 00".into(),
        tap: TapPolicy::CardDecides,
        offline: OfflineLimits { per_sale: kr(100), per_card: kr(120), per_kiosk: kr(150), hours: 24 },
        deposit: DepositLimits { lowest: kr(50), highest: kr(1000) },
    }
}

pub fn person(n: u128, name: &str, kind: PersonKind, accounts: &[AccountId]) -> Thing {
    Thing::Person(Person {
        id: PersonId::new(Uuid::from_u128(n)),
        name: name.into(),
        kind,
        class: (kind == PersonKind::Pupil).then(|| "7.B".into()),
        email: None,
        language: Language::Danish,
        accounts: accounts.to_vec(),
    })
}

pub fn account(id: AccountId, owner: u128, label: &str, kind: AccountKind) -> Thing {
    Thing::Account(NewAccount { id, owner: PersonId::new(Uuid::from_u128(owner)), label: label.into(), kind })
}

/// The nth card, whose code is checked against that.
pub fn card(id: CardId, n: u8, person: u128, status: CardStatus, code: &CodeVerifier) -> CardRecord {
    CardRecord {
        id,
        uid: uid(n),
        number: CardNumber::from_first_13(&format!("12345678901{n:02}")).unwrap(),
        person: PersonId::new(Uuid::from_u128(person)),
        status,
        ask_code: false,
        code: code.clone(),
    }
}

pub fn product(id: ProductId, name: &str, price: Money) -> Product {
    Product {
        id,
        category: Category::HotMeal,
        name_da: name.into(),
        name_en: name.into(),
        about_da: String::new(),
        about_en: String::new(),
        price,
        vat_percent: 25,
        allergens: vec![Allergen::Gluten, Allergen::Milk],
        picture: None,
    }
}

/// All of it, every card with the same code; the day's menu comes last.
pub fn things(code: &CodeVerifier) -> Vec<Thing> {
    let card = |id, n, person, status| Thing::Card(card(id, n, person, status, code));
    vec![
        Thing::School(school()),
        person(1, "Anna And", PersonKind::Pupil, &[ANNA]),
        person(2, "Bo And", PersonKind::Guardian, &[BO, ANNA]),
        person(3, "", PersonKind::Guest, &[GUEST]),
        account(ANNA, 1, "Anna", AccountKind::Card),
        account(BO, 2, "Bo", AccountKind::Card),
        account(GUEST, 3, "Gæstekort 1", AccountKind::Guest),
        card(ANNAS_CARD, 1, 1, CardStatus::Active),
        card(BOS_CARD, 2, 2, CardStatus::Active),
        card(GUEST_CARD, 3, 3, CardStatus::Active),
        card(BLOCKED_CARD, 4, 1, CardStatus::Blocked),
        Thing::Product(product(LASAGNE, "Lasagne", kr(45))),
        Thing::Product(product(APPLE, "Æble", kr(5))),
        Thing::Day(MenuDay { date: TUESDAY, cut_off: CUT_OFF, products: vec![LASAGNE, APPLE], portions: vec![] }),
    ]
}
