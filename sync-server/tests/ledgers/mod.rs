//! Ledgers to test on: an engine that makes fresh ones, and a small school in each.
#![allow(clippy::unwrap_used, dead_code, reason = "each program that includes this file uses a part of it")]

pub mod serving;
#[path = "../small_school/mod.rs"]
mod small_school;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use madkort_postgres::Postgres;
use madkort_protocol::*;
use sync_server::store::{self, *};
use tempfile::TempDir;
use uuid::Uuid;

pub use small_school::*;

/// Sunday noon in Denmark.
pub const START: Timestamp = Timestamp::constant(1_795_345_200, 0);

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
        store.put(SCHOOL, small_school::things(&no_code())).await.unwrap();
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

/// The code of no card.
pub fn no_code() -> CodeVerifier {
    CodeVerifier::new("$argon2id$v=19$m=8,t=1,p=1$BwcHBwcHBwc$AAAA".into())
}

/// The nth card, without a code.
pub fn card(id: CardId, n: u8, person: u128, status: CardStatus) -> CardRecord {
    small_school::card(id, n, person, status, &no_code())
}
