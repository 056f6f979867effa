//! A small school to visit, and a hand that plays a visit.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp};
use kiosk_core::{
    Catalogue, CodeAnswer, Effect, Event, Intent, Kiosk, Link, Moment, Page, PrinterHealth, ReaderHealth, Visitor,
    VisitorCard,
};
use madkort_protocol::*;
use uuid::Uuid;

pub const TODAY: Date = date(2026, 11, 23);
pub const TOMORROW: Date = date(2026, 11, 24);
pub const NAME: &str = "Alma Østergård";

pub fn start() -> Timestamp {
    "2026-11-23T09:00:00Z".parse().unwrap()
}

pub fn op(n: u128) -> OperationId {
    OperationId::new(Uuid::from_u128(n))
}

pub fn uid() -> CardUid {
    CardUid::parse("04A1B2C3D4E580").unwrap()
}

fn product(n: u128, name: &str, category: Category, kroner: i32) -> Product {
    Product {
        id: ProductId::new(Uuid::from_u128(n)),
        category,
        name_da: name.to_owned(),
        name_en: format!("{name} (en)"),
        about_da: String::new(),
        about_en: String::new(),
        price: Money::from_kroner(kroner),
        vat_percent: 25,
        allergens: vec![Allergen::Gluten],
        picture: None,
    }
}

pub const LASAGNE: u128 = 101;
pub const MILK: u128 = 102;

pub fn product_id(n: u128) -> ProductId {
    ProductId::new(Uuid::from_u128(n))
}

pub fn school() -> School {
    School {
        id: SchoolId::new(Uuid::from_u128(1)),
        name: "Højager Skole".to_owned(),
        issuer: Issuer { name: "Højager Madfond".into(), cvr: "00000000".into(), address: "Skolevej 1".into() },
        terms: Terms { version: "2026-08".into(), da: "Betingelser".into(), en: "Terms".into() },
        support_email: "hjaelp@hojager.example".into(),
        support_phone: "00 00 00 00".into(),
        tap: TapPolicy::CardDecides,
        offline: OfflineLimits {
            per_sale: Money::from_kroner(60),
            per_card: Money::from_kroner(100),
            per_kiosk: Money::from_kroner(1000),
            hours: 72,
        },
        deposit: DepositLimits { lowest: Money::from_kroner(20), highest: Money::from_kroner(5000) },
    }
}

pub fn catalogue() -> Catalogue {
    let day = |date, hours| MenuDay {
        date,
        cut_off: start() + SignedDuration::from_hours(hours),
        products: vec![product_id(LASAGNE), product_id(MILK)],
        portions: vec![],
    };
    Catalogue {
        school: school(),
        kiosk: "K1".into(),
        products: vec![product(LASAGNE, "Lasagne", Category::HotMeal, 32), product(MILK, "Mælk", Category::Drink, 6)],
        days: vec![day(TODAY, -1), day(TOMORROW, 22)],
        pictures: BTreeMap::default(),
    }
}

pub fn account(n: u128, label: &str, kroner: i32) -> Account {
    Account {
        id: AccountId::new(Uuid::from_u128(n)),
        owner: PersonId::new(Uuid::from_u128(n)),
        label: label.to_owned(),
        kind: AccountKind::Card,
        balance: Money::from_kroner(kroner),
        version: 1,
        auto_recharge: None,
    }
}

/// An order of theirs for tomorrow.
pub fn held_order(of: &Visitor) -> Order {
    Order {
        id: op(5),
        number: "K1-3".into(),
        account: of.accounts[0].id,
        date: TOMORROW,
        lines: vec![],
        total: Money::from_kroner(32),
        state: OrderState::Held,
        picked_up_at: None,
    }
}

pub fn visitor(kroner: i32) -> Visitor {
    let own = account(201, "Alma", kroner);
    Visitor {
        card: CardId::new(Uuid::from_u128(301)),
        card_masked: "···· 4580".into(),
        status: CardStatus::Active,
        ask_code: false,
        person: Person {
            id: own.owner,
            name: NAME.to_owned(),
            kind: PersonKind::Pupil,
            class: Some("7.B".into()),
            email: Some("alma@hojager.example".into()),
            language: Language::Danish,
            accounts: vec![own.id],
        },
        cards: vec![VisitorCard {
            id: CardId::new(Uuid::from_u128(301)),
            masked: "···· 4580".into(),
            person: own.owner,
            status: CardStatus::Active,
        }],
        accounts: vec![own],
        orders: vec![],
        unacknowledged: vec![],
        card_unacknowledged: Money::ZERO,
        kiosk_unacknowledged: Money::ZERO,
        deposit: None,
    }
}

/// A deposit of a hundred kroner to their own account.
pub fn deposit_as(id: OperationId, state: DepositState) -> Deposit {
    let paid = state == DepositState::Paid;
    Deposit {
        id,
        account: visitor(0).accounts[0].id,
        amount: Money::from_kroner(100),
        state,
        url: "https://betal.hojager.example/pay/x".into(),
        expires_at: start() + SignedDuration::from_mins(10),
        receipt: paid.then(|| "R-7".into()),
        paid_at: paid.then(start),
        balance: paid.then(|| Money::from_kroner(178)),
    }
}

/// Plays a visit and remembers what the kiosk asked for.
pub struct Play {
    pub kiosk: Kiosk,
    pub effects: Vec<Effect>,
    /// The server says at once what an order takes, and a subsidy pays so many percent of it; nobody answers if there is none.
    pub subsidy: Option<i64>,
    mono_ms: u64,
    fresh: u128,
}

impl Play {
    /// A kiosk in good health, waiting for a card.
    pub fn new() -> Self {
        let mut play =
            Self { kiosk: Kiosk::default(), effects: vec![], subsidy: Some(0), mono_ms: 1_000, fresh: 1_000 };
        play.wait(0);
        play.tell(Event::Link(Link::Online));
        play.tell(Event::Catalogue(Arc::new(catalogue())));
        play.tell(Event::Reader(ReaderHealth::Works));
        play.tell(Event::Printer(PrinterHealth::Works));
        play
    }

    /// A visitor who is let in.
    pub fn inside(visitor: Visitor) -> Self {
        let mut play = Self::new();
        play.tell(Event::Tapped(uid()));
        play.tell(Event::Known(Box::new(visitor)));
        play.effects.clear();
        play
    }

    /// A visitor who gave the code.
    pub fn signed_in(visitor: Visitor) -> Self {
        let mut play = Self::new();
        play.tell(Event::Tapped(uid())).tell(Event::Known(Box::new(Visitor { ask_code: true, ..visitor })));
        play.digits("4711").tell(Event::CodeChecked(CodeAnswer::Right));
        play.effects.clear();
        play
    }

    pub fn tell(&mut self, event: Event) -> &mut Self {
        let (kiosk, effects) = std::mem::take(&mut self.kiosk).update(event);
        self.kiosk = kiosk;
        let quotes: Vec<Event> = effects.iter().filter_map(|effect| self.quote(effect)).collect();
        self.effects.extend(effects);
        for quote in quotes {
            self.tell(quote);
        }
        self
    }

    fn quote(&self, effect: &Effect) -> Option<Event> {
        let (Effect::AskQuote { account, request }, Some(subsidy)) = (effect, self.subsidy) else { return None };
        let lines = request.lines.clone();
        let amounts = lines.iter().map(|line| catalogue().product(line.product).unwrap().price.times(line.quantity));
        let price = Money::sum(amounts.map(Result::unwrap)).unwrap();
        let taken = Money::from_ore(price.ore() * (100 - subsidy) / 100);
        let left = SpendingCaps::default();
        Some(Event::QuoteIs(Box::new(Quote { account: *account, lines, price, left, taken })))
    }

    pub fn wait(&mut self, seconds: u64) -> &mut Self {
        self.mono_ms += seconds * 1000;
        let elapsed = SignedDuration::from_millis(i64::try_from(self.mono_ms).unwrap() - 1000);
        self.tell(Event::Tick(Moment { mono_ms: self.mono_ms, wall: start() + elapsed, today: TODAY }))
    }

    pub fn hand(&mut self, intent: Intent) -> &mut Self {
        self.fresh += 1;
        let fresh = op(self.fresh);
        self.tell(Event::Hand(intent, fresh))
    }

    pub fn digits(&mut self, digits: &str) -> &mut Self {
        for digit in digits.bytes() {
            self.hand(Intent::Digit(digit - b'0'));
        }
        self
    }

    pub fn page(&self) -> Page {
        self.kiosk.view().page
    }

    /// The whole screen as text, to look for what must not be there.
    pub fn screen_text(&self) -> String {
        format!("{:?}", self.kiosk.view())
    }
}
