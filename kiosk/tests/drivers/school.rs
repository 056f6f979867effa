//! A small school for the tests of the drivers, and ears for what they tell.

use std::collections::VecDeque;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::civil::{Date, date};
use kiosk::events::{Clock, Events};
use kiosk::store::{Store, ToRecord};
use kiosk_core::{Draft, Event, OrderSlip, Paper, PaperLine};
use madkort_protocol::*;
use uuid::Uuid;

/// Longer than anything here takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(20);
/// A Sunday afternoon in Denmark.
pub const NOW: &str = "2026-11-22T13:00:00Z";
/// The day after.
pub const TOMORROW: Date = date(2026, 11, 23);
/// The code of Liva's card.
pub const CODE: &str = "4711";

pub fn now() -> Timestamp {
    NOW.parse().unwrap()
}

pub fn clock() -> Clock {
    Clock::new(now)
}

pub fn uuid(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

pub fn operation(number: u128) -> OperationId {
    OperationId::new(uuid(0x0193_0000_0000_7000_8000_0000_0000_0000 + number))
}

pub fn kroner(kroner: i32) -> Money {
    Money::from_kroner(kroner)
}

pub fn issuer() -> Issuer {
    let address = "Skolevej 1\n8000 Aarhus C".to_owned();
    Issuer { name: "Rugmarkens Skolemad ApS".to_owned(), cvr: "12345674".to_owned(), address }
}

pub fn school() -> School {
    School {
        id: SchoolId::new(uuid(1)),
        name: "Rugmarkens Skole".to_owned(),
        issuer: issuer(),
        terms: Terms { version: "2026-1".to_owned(), da: "Vilkår".to_owned(), en: "Terms".to_owned() },
        support_email: "hjaelp@rugmarken.example".to_owned(),
        support_phone: "70 10 10 10".to_owned(),
        tap: TapPolicy::CardDecides,
        offline: OfflineLimits { per_sale: kroner(100), per_card: kroner(200), per_kiosk: kroner(2000), hours: 72 },
        deposit: DepositLimits { lowest: kroner(50), highest: kroner(1000) },
    }
}

pub fn card_id() -> CardId {
    CardId::new(uuid(20))
}

pub fn account_id() -> AccountId {
    AccountId::new(uuid(30))
}

pub fn product_id() -> ProductId {
    ProductId::new(uuid(40))
}

pub fn uid() -> CardUid {
    CardUid::parse("04A1B2C3D4E580").unwrap()
}

pub fn account(balance: Money, version: u64) -> Account {
    Account {
        id: account_id(),
        owner: PersonId::new(uuid(10)),
        label: "Liva".to_owned(),
        kind: AccountKind::Card,
        balance,
        version,
        auto_recharge: None,
    }
}

/// A code's proof, made as cheap as argon2 allows: the tests are about who looks at it.
pub fn verifier() -> CodeVerifier {
    use argon2::password_hash::PasswordHasher as _;
    let cheap = argon2::Params::new(argon2::Params::MIN_M_COST, 1, 1, None).unwrap();
    let argon2 = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, cheap);
    let hash = argon2.hash_password_with_salt(CODE.as_bytes(), b"salt for a test").unwrap();
    CodeVerifier::new(hash.to_string())
}

/// One pupil with one card, one account with 100 kr., one dish, tomorrow's menu.
pub fn changes() -> Changes {
    Changes {
        cursor: 7,
        school: Some(school()),
        people: vec![Person {
            id: PersonId::new(uuid(10)),
            name: "Liva Holm".to_owned(),
            kind: PersonKind::Pupil,
            class: Some("5.B".to_owned()),
            email: None,
            language: Language::Danish,
            accounts: vec![account_id()],
        }],
        cards: vec![CardRecord {
            id: card_id(),
            uid: uid(),
            number: CardNumber::from_first_13("1234567890123").unwrap(),
            person: PersonId::new(uuid(10)),
            status: CardStatus::Active,
            ask_code: true,
            code: verifier(),
        }],
        accounts: vec![account(kroner(100), 1)],
        products: vec![Product {
            id: product_id(),
            category: Category::HotMeal,
            name_da: "Frikadeller".to_owned(),
            name_en: "Meatballs".to_owned(),
            about_da: String::new(),
            about_en: String::new(),
            price: kroner(22),
            vat_percent: 25,
            allergens: vec![Allergen::Milk],
            picture: None,
        }],
        days: vec![MenuDay {
            date: TOMORROW,
            cut_off: "2026-11-23T07:00:00Z".parse().unwrap(),
            products: vec![product_id()],
            portions: vec![],
        }],
        ..Changes::default()
    }
}

pub fn enrolled() -> Enrolled {
    Enrolled { device: DeviceId::new(uuid(99)), short_name: "K1".to_owned(), school: school() }
}

/// An order of so many frikadeller for tomorrow.
pub fn draft(quantity: u32) -> Draft {
    let lines =
        vec![LineRequest { product: product_id(), quantity, price: kroner(22), comment: "uden løg".to_owned() }];
    ordered(PlaceOrder {
        number: String::new(),
        card: card_id(),
        account: account_id(),
        date: TOMORROW,
        lines,
        total: kroner(22).times(quantity).unwrap(),
    })
}

/// An order whose holder pays all of it.
pub fn ordered(order: PlaceOrder) -> Draft {
    Draft::Order { taken: order.total, order }
}

pub fn slip(quantity: u32, offline: bool) -> Paper {
    let total = kroner(22).times(quantity).unwrap();
    Paper::Order(OrderSlip {
        school: "Rugmarkens Skole".to_owned(),
        issuer: issuer(),
        number: String::new(),
        at: now(),
        account: "Liva".to_owned(),
        delivery: TOMORROW,
        lines: vec![PaperLine {
            name: "Frikadeller".to_owned(),
            quantity,
            amount: total,
            comment: "uden løg".to_owned(),
        }],
        total,
        vat: total.vat_within(25),
        taken: (!offline).then_some(total),
        balance: Some(kroner(100).minus(total).unwrap()),
        offline,
        copy: false,
    })
}

pub fn to_record(number: u128, quantity: u32) -> ToRecord {
    ToRecord {
        id: operation(number),
        draft: draft(quantity),
        slip: Some((slip(quantity, false), Language::Danish)),
        claimed_at: now(),
        offline: false,
    }
}

/// A store that is enrolled and knows the school.
pub fn store_in(folder: &std::path::Path) -> Store {
    let mut store = Store::open(folder).unwrap();
    store.enrolled(&enrolled()).unwrap();
    store.apply(&changes(), now()).unwrap();
    store
}

/// Hears events; those that a test does not ask for are kept for later.
pub struct Ears {
    heard: Receiver<Event>,
    kept: VecDeque<Event>,
}

impl Ears {
    pub fn new() -> (Events, Self) {
        let (out, heard) = mpsc::channel();
        let events = Events::new(move |event| drop(out.send(event)));
        (events, Self { heard, kept: VecDeque::new() })
    }

    /// The first event that is wanted, whatever comes before it.
    pub fn wait_for<T>(&mut self, what: &str, mut wanted: impl FnMut(&Event) -> Option<T>) -> T {
        if let Some(place) = self.kept.iter().position(|event| wanted(event).is_some()) {
            return wanted(&self.kept.remove(place).unwrap()).unwrap();
        }
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(event) = self.heard.recv_timeout(left) else {
                panic!("nobody told {what}; told was {:?}", self.kept);
            };
            match wanted(&event) {
                Some(found) => return found,
                None => self.kept.push_back(event),
            }
        }
    }

    pub fn wait_for_event(&mut self, event: &Event) {
        self.wait_for(&format!("{event:?}"), |told| (told == event).then_some(()));
    }

    /// Everything told so far that nobody asked for.
    pub fn drain(&mut self) -> Vec<Event> {
        self.kept.extend(self.heard.try_iter());
        self.kept.drain(..).collect()
    }
}
