//! Ledgers to test on: an engine that makes fresh ones, and a small school in each.
#![allow(clippy::unwrap_used, dead_code, reason = "each program that includes this file uses a part of it")]

pub mod serving;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp};
use madkort_postgres::Postgres;
use madkort_protocol::*;
use sync_server::store::{self, *};
use tempfile::TempDir;
use uuid::Uuid;

/// Sunday noon in Denmark.
pub const START: Timestamp = Timestamp::constant(1_795_345_200, 0);
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

/// Where fresh ledgers come from.
pub struct Ledgers {
    pub folder: TempDir,
    pub postgres: Option<Postgres>,
    made: AtomicU64,
}

impl Ledgers {
    pub fn sqlite() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), postgres: None, made: AtomicU64::new(0) }
    }

    /// With a PostgreSQL of its own, which ends with it.
    pub fn postgres() -> Self {
        Self { postgres: Some(Postgres::temporary().unwrap()), ..Self::sqlite() }
    }

    /// An empty database with its tables.
    pub fn fresh(&self) -> DatabaseUrl {
        let number = self.made.fetch_add(1, Ordering::SeqCst);
        let url = match &self.postgres {
            Some(postgres) => DatabaseUrl::parse(&postgres.create(&format!("ledger{number}")).unwrap()).unwrap(),
            None => self.file(&format!("ledger{number}.db")),
        };
        assert_eq!(store::migrate(&url).unwrap(), (0, 1));
        url
    }

    /// The address of a SQLite file beside the others.
    pub fn file(&self, name: &str) -> DatabaseUrl {
        DatabaseUrl::Sqlite(self.folder.path().join(name))
    }
}

/// A ledger with the school in it.
pub struct World {
    pub url: DatabaseUrl,
    pub store: Arc<dyn Store>,
    ids: AtomicU64,
}

/// An enrolled device.
pub struct Signer {
    pub id: DeviceId,
    pub key: SigningKey,
    seq: AtomicU64,
}

impl World {
    pub async fn new(url: DatabaseUrl) -> Self {
        let store = store::open(&url).unwrap();
        store.put(SCHOOL, things()).await.unwrap();
        Self { url, store, ids: AtomicU64::new(0) }
    }

    /// A second server's store on the same books.
    pub fn second(&self) -> Arc<dyn Store> {
        store::open(&self.url).unwrap()
    }

    /// A new version 7 id.
    pub fn id(&self) -> OperationId {
        let number = self.ids.fetch_add(1, Ordering::SeqCst);
        let mut tail = [0; 10];
        tail[2..].copy_from_slice(&number.to_be_bytes());
        let millis = u64::try_from(START.as_millisecond()).unwrap() + number;
        OperationId::new(uuid::Builder::from_unix_timestamp_millis(millis, &tail).into_uuid())
    }

    pub async fn device(&self, kind: DeviceKind) -> Signer {
        self.device_of(SCHOOL, kind).await
    }

    pub async fn device_of(&self, school: SchoolId, kind: DeviceKind) -> Signer {
        let number = self.ids.fetch_add(1, Ordering::SeqCst);
        let mut seed = [7; 32];
        seed[..8].copy_from_slice(&number.to_be_bytes());
        let key = SigningKey::from_seed(seed);
        let expires_at = START + SignedDuration::from_hours(1);
        let code = NewCode { hash: seed, school, kind, name: "Foyer".into(), expires_at };
        self.store.add_enrolment_code(code).await.unwrap();
        let id = DeviceId::new(Uuid::from_u128(0xde_0000 + u128::from(number)));
        let new = NewDevice { id, code_hash: seed, kind, name: "Foyer".into(), public_key: key.public() };
        let device = self.store.enrol(new, START).await.unwrap().unwrap();
        Signer { id: device.id, key, seq: AtomicU64::new(0) }
    }

    pub async fn kiosk(&self) -> Signer {
        self.device(DeviceKind::Kiosk).await
    }

    pub async fn till(&self) -> Signer {
        self.device(DeviceKind::Register).await
    }

    /// Pays in as a gateway would confirm it.
    pub async fn fund(&self, kiosk: &Signer, account: AccountId, amount: Money) {
        let id = self.id();
        let deposit = deposit(id, kiosk, account, amount);
        assert!(matches!(self.store.open_deposit(deposit, START).await.unwrap(), DepositOpening::Opened(_)));
        assert!(matches!(self.store.pay_deposit(id, amount, START).await.unwrap(), Moved::Moved(_)));
    }

    pub fn sale(&self, amount: Money) -> PurchaseRequest {
        sale(self.id(), amount)
    }

    pub fn order(&self, kiosk: &Signer, order: PlaceOrder) -> Operation {
        self.operation(kiosk, OperationBody::PlaceOrder(order))
    }

    pub fn operation(&self, kiosk: &Signer, body: OperationBody) -> Operation {
        let seq = kiosk.seq.fetch_add(1, Ordering::SeqCst) + 1;
        Operation { id: self.id(), seq, claimed_at: START, offline: false, body }
    }

    /// Pushes one operation and says what became of it.
    pub async fn outcome(&self, kiosk: &Signer, operation: Operation) -> Outcome {
        let pushing = self.store.push(kiosk.id, Push { operations: vec![operation] }, START).await.unwrap();
        let Pushing::Settled(mut pushed) = pushing else { panic!("not settled: {pushing:?}") };
        pushed.answers.remove(0).outcome
    }

    pub async fn buy(&self, till: &Signer, sale: &PurchaseRequest) -> Outcome {
        buy(&*self.store, till.id, sale).await
    }

    pub async fn balance(&self, account: AccountId) -> Money {
        self.store.account(SCHOOL, account).await.unwrap().unwrap().balance
    }

    /// What is in the ledger, if it is right.
    pub async fn audited(&self) -> Audited {
        self.store.verify(START).await.unwrap().unwrap()
    }

    /// The end of the change feed.
    pub async fn cursor(&self) -> u64 {
        self.store.changes(SCHOOL, 0, 10_000, Date::MIN).await.unwrap().cursor
    }
}

/// A deposit as a kiosk asks for it.
pub fn deposit(id: OperationId, kiosk: &Signer, account: AccountId, amount: Money) -> NewDeposit {
    let card = if account == BO { BOS_CARD } else { ANNAS_CARD };
    NewDeposit {
        id,
        device: kiosk.id,
        card,
        account,
        amount,
        email: "mor@skole.example".into(),
        terms_version: "1".into(),
        language: Language::Danish,
        gateway: "sandbox".into(),
        page: format!("page-{id}"),
        expires_at: START + SignedDuration::from_mins(10),
    }
}

/// What a till sells on Anna's card.
pub fn sale(id: OperationId, amount: Money) -> PurchaseRequest {
    PurchaseRequest { id, card_uid: uid(1), amount, vat_percent: 25, text: "Frokost".into(), authorisation: None }
}

pub async fn buy(store: &dyn Store, till: DeviceId, sale: &PurchaseRequest) -> Outcome {
    match store.purchase(SCHOOL, till, sale.clone(), START).await.unwrap() {
        Purchasing::Settled { answer, .. } => answer.outcome,
        other => panic!("not settled: {other:?}"),
    }
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

fn person(n: u128, name: &str, kind: PersonKind, accounts: &[AccountId]) -> Thing {
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

fn account(id: AccountId, owner: u128, label: &str, kind: AccountKind) -> Thing {
    Thing::Account(NewAccount { id, owner: PersonId::new(Uuid::from_u128(owner)), label: label.into(), kind })
}

pub fn card(id: CardId, n: u8, person: u128, status: CardStatus) -> CardRecord {
    CardRecord {
        id,
        uid: uid(n),
        number: CardNumber::from_first_13(&format!("12345678901{n:02}")).unwrap(),
        person: PersonId::new(Uuid::from_u128(person)),
        status,
        ask_code: false,
        code: CodeVerifier::new("$argon2id$v=19$m=8,t=1,p=1$BwcHBwcHBwc$AAAA".into()),
    }
}

pub fn product(id: ProductId, name: &str, price: Money) -> Thing {
    Thing::Product(Product {
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
    })
}

pub fn things() -> Vec<Thing> {
    vec![
        Thing::School(school()),
        person(1, "Anna And", PersonKind::Pupil, &[ANNA]),
        person(2, "Bo And", PersonKind::Guardian, &[BO, ANNA]),
        person(3, "", PersonKind::Guest, &[GUEST]),
        account(ANNA, 1, "Anna", AccountKind::Card),
        account(BO, 2, "Bo", AccountKind::Card),
        account(GUEST, 3, "Gæstekort 1", AccountKind::Guest),
        Thing::Card(card(ANNAS_CARD, 1, 1, CardStatus::Active)),
        Thing::Card(card(BOS_CARD, 2, 2, CardStatus::Active)),
        Thing::Card(card(GUEST_CARD, 3, 3, CardStatus::Active)),
        Thing::Card(card(BLOCKED_CARD, 4, 1, CardStatus::Blocked)),
        product(LASAGNE, "Lasagne", kr(45)),
        product(APPLE, "Æble", kr(5)),
        Thing::Day(MenuDay { date: TUESDAY, cut_off: CUT_OFF, products: vec![LASAGNE, APPLE], portions: vec![] }),
    ]
}
