//! The demo school, put into a real database.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use std::collections::BTreeMap;

use argon2::Argon2;
use argon2::password_hash::{PasswordVerifier, phc::PasswordHash};
use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp};
use madkort_ledger::PriceClass;
use madkort_protocol::{AutoRechargeState, CardStatus, Changes, Money, Order, OrderState, PersonKind, StatementText};
use sync_server::danish;
use sync_server::demo::{self, DemoError, DemoSchool};
use sync_server::payments::Sandbox;
use sync_server::store::{self, DatabaseUrl, Store};
use tempfile::TempDir;

const TODAY: Date = date(2026, 11, 23);

struct Loaded {
    store: Arc<dyn Store>,
    sandbox: Sandbox,
    demo: DemoSchool,
    _folder: TempDir,
}

async fn load(today: Date) -> Loaded {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("madkort.db");
    store::migrate(&DatabaseUrl::Sqlite(file.clone())).unwrap();
    let store: Arc<dyn Store> = store::open(&DatabaseUrl::Sqlite(file.clone())).unwrap();
    let sandbox = Sandbox::open(&folder.path().join("sandbox.db")).unwrap();
    let demo = demo::load(&*store, &sandbox, today).await.unwrap();
    Loaded { store, sandbox, demo, _folder: folder }
}

impl Loaded {
    async fn everything(&self) -> Changes {
        let school = self.store.schools().await.unwrap().remove(0);
        let mut all = self.store.changes(school.id, 0, 10_000, Date::MIN).await.unwrap();
        all.school = Some(school);
        all
    }

    fn account(&self, changes: &Changes, label: &str) -> madkort_protocol::Account {
        let card = self.demo.cards.iter().find(|card| card.label == label).unwrap();
        let account = changes.accounts.iter().find(|account| account.id == card.account).unwrap();
        assert_eq!(account.balance, card.balance, "what is printed is what is booked");
        account.clone()
    }
}

fn orders_of<'a>(changes: &'a Changes, account: &madkort_protocol::Account) -> Vec<&'a Order> {
    changes.orders.iter().filter(|order| order.account == account.id).collect()
}

#[tokio::test]
async fn the_books_add_up_and_everybody_stands_where_the_demo_needs_them() {
    let loaded = load(TODAY).await;
    let audited = loaded.store.verify(jiff::Timestamp::UNIX_EPOCH).await.unwrap().unwrap();
    assert!(audited.transactions > 200, "{audited:?}");

    let all = loaded.everything().await;
    let kinds = |kind| all.people.iter().filter(|person| person.kind == kind).count();
    assert_eq!(
        [PersonKind::Pupil, PersonKind::Guardian, PersonKind::Staff, PersonKind::Guest].map(kinds),
        [24, 1, 4, 1]
    );
    assert_eq!(all.cards.iter().filter(|card| card.status == CardStatus::Blocked).count(), 1);
    assert_eq!(all.cards.iter().filter(|card| card.status == CardStatus::Replaced).count(), 1);
    assert_eq!(all.products.len(), 21);

    let malthe = loaded.account(&all, "Malthe");
    assert_eq!(malthe.balance, Money::from_kroner(53));
    assert_eq!(malthe.auto_recharge.unwrap().state, AutoRechargeState::Armed);
    assert_eq!(loaded.account(&all, "Ida").balance, Money::from_kroner(12));
    let noah = loaded.account(&all, "Noah").auto_recharge.unwrap();
    assert_eq!(noah.state, AutoRechargeState::WaitingForDeposits);
    assert_eq!(loaded.account(&all, "Elias").auto_recharge.unwrap().state, AutoRechargeState::Suspended);

    let karen = all.people.iter().find(|person| person.kind == PersonKind::Guardian).unwrap();
    let children: Vec<_> = ["Karen", "Sofia", "Villads"].map(|label| loaded.account(&all, label).id).into();
    assert_eq!(karen.accounts, children);

    let school = all.school.as_ref().unwrap().id;
    for (label, class, track) in [("Alma", Some("7.B"), Some("B")), ("Karen", None, None)] {
        let person = loaded.account(&all, label).owner;
        let profile = loaded.store.profile(school, person).await.unwrap().unwrap();
        assert_eq!((profile.class.as_deref(), profile.track.as_deref()), (class, track), "{label}");
    }
}

#[tokio::test]
async fn one_pupil_pays_half_and_one_eats_free() {
    let loaded = load(TODAY).await;
    let all = loaded.everything().await;
    let school = all.school.as_ref().unwrap().id;
    let mut spent = Vec::new();
    for (label, class) in [("Storm", PriceClass::Reduced), ("Lærke", PriceClass::Free), ("Emil", PriceClass::Paid)] {
        let account = loaded.account(&all, label).id;
        assert_eq!(loaded.store.price_class(school, account).await.unwrap(), Some(class), "{label}");
        let mut lines = Vec::new();
        for month in [date(2026, 10, 1), date(2026, 11, 1)] {
            lines.extend(loaded.store.statement(school, account, month).await.unwrap().unwrap().lines);
        }
        spent.push(lines.iter().filter(|line| line.amount < Money::ZERO).count());
    }
    assert!(spent[0] > 0 && spent[1] == 0 && spent[2] > 0, "{spent:?}");
    let books = loaded.store.balances(school).await.unwrap();
    assert!(books.iter().any(|(book, balance)| book == "subsidy" && *balance < Money::ZERO), "{books:?}");
}

#[tokio::test]
async fn the_main_pupil_has_an_order_for_today_and_a_statement_to_read() {
    for today in [TODAY, date(2026, 11, 22), date(2026, 12, 1), date(2027, 1, 4)] {
        let loaded = load(today).await;
        let all = loaded.everything().await;
        let alma = loaded.account(&all, "Alma");
        let orders = orders_of(&all, &alma);
        let todays: Vec<_> = orders.iter().filter(|order| order.date == today).collect();
        assert_eq!(todays.len(), 1, "{today}");
        assert_eq!(todays[0].state, OrderState::Held, "the cut-off is the server's business");
        assert!(todays[0].lines.iter().any(|line| !line.comment.is_empty()));
        assert!(orders.iter().filter(|order| order.date < today).all(|order| order.state == OrderState::Captured));

        // From two or three months the demo shows, at least one has deposits and orders.
        let school = all.school.as_ref().unwrap().id;
        let month = danish::month_of(today);
        let statement = loaded.store.statement(school, alma.id, month).await.unwrap().unwrap();
        assert!(!statement.months.is_empty());
        assert_eq!(statement.closing, alma.balance);
    }
}

#[tokio::test]
async fn the_top_up_in_the_history_follows_the_purchase_that_caused_it() {
    let loaded = load(TODAY).await;
    let all = loaded.everything().await;
    let (school, malthe) = (all.school.as_ref().unwrap().id, loaded.account(&all, "Malthe"));
    let mut lines = Vec::new();
    for month in [date(2026, 10, 1), date(2026, 11, 1)] {
        lines.extend(loaded.store.statement(school, malthe.id, month).await.unwrap().unwrap().lines);
    }
    let at = lines.iter().position(|line| line.text == StatementText::Recharge).unwrap();
    assert!(matches!(lines[at - 1].text, StatementText::Purchase { .. }));
    assert_eq!(lines[at - 1].balance, Money::from_ore(4_550));
    assert_eq!(lines[at].balance, Money::from_ore(14_550));
}

#[tokio::test]
async fn the_next_school_day_can_be_ordered_for_at_any_hour_of_today() {
    let loaded = load(TODAY).await;
    let all = loaded.everything().await;
    let next = all.days.iter().find(|day| day.date == loaded.demo.next_school_day).unwrap();
    assert_eq!(next.date, date(2026, 11, 24));
    let midnight = danish::start_of(next.date);
    assert!(next.cut_off > midnight);
}

#[tokio::test]
async fn the_same_day_makes_the_same_school() {
    let (one, other) = (load(TODAY).await, load(TODAY).await);
    assert_eq!(one.demo, other.demo);
    let sorted = |changes: Changes| {
        let orders: BTreeMap<_, _> = changes.orders.into_iter().map(|order| (order.id, order)).collect();
        (orders, changes.cards.len())
    };
    assert_eq!(sorted(one.everything().await), sorted(other.everything().await));
}

#[tokio::test]
async fn codes_fit_their_verifiers_and_no_other() {
    let loaded = load(TODAY).await;
    let all = loaded.everything().await;
    for card in loaded.demo.cards.iter().take(3) {
        let record = all.cards.iter().find(|record| record.id == card.card).unwrap();
        let verifier = PasswordHash::new(record.code.phc()).unwrap();
        assert!(Argon2::default().verify_password(card.code.as_bytes(), &verifier).is_ok());
        assert!(Argon2::default().verify_password(b"0000", &verifier).is_err());
        assert!(record.code.phc().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    }
}

#[tokio::test]
async fn demo_data_never_mixes_with_a_school() {
    let loaded = load(TODAY).await;
    let again = demo::load(&*loaded.store, &loaded.sandbox, TODAY).await;
    assert!(matches!(again, Err(DemoError::NotEmpty)));
}

#[tokio::test]
async fn the_devices_of_the_history_are_shut_out() {
    let loaded = load(TODAY).await;
    let all = loaded.everything().await;
    let alma = loaded.account(&all, "Alma");
    let card = loaded.demo.cards.iter().find(|card| card.account == alma.id).unwrap();
    // Nobody but the history's own register could have sold this; its key can be derived by anyone who reads the source.
    let now = Timestamp::MAX - SignedDuration::from_hours(48);
    let device = demo::history_devices()[1];
    let request = madkort_protocol::PurchaseRequest {
        id: madkort_protocol::OperationId::new(uuid::Uuid::from_u128(1)),
        card_uid: madkort_protocol::CardUid::parse(&card.uid).unwrap(),
        amount: Money::from_kroner(1),
        vat_percent: 25,
        text: "x".to_owned(),
        authorisation: None,
    };
    let school = loaded.store.schools().await.unwrap().remove(0).id;
    let purchasing = loaded.store.purchase(school, device, request, now).await.unwrap();
    assert_eq!(purchasing, sync_server::store::Purchasing::UnknownDevice);
}

#[test]
fn the_table_names_every_card() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let loaded = runtime.block_on(load(TODAY));
    let table = demo::table(&loaded.demo);
    for card in &loaded.demo.cards {
        assert!(table.contains(&card.uid) && table.contains(&card.number), "{}", card.name);
    }
    let json = serde_json::to_string(&loaded.demo).unwrap();
    assert_eq!(serde_json::from_str::<DemoSchool>(&json).unwrap(), loaded.demo);
}
