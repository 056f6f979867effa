//! The store's contract, through the trait: what another engine must do the same way.

use jiff::SignedDuration;
use madkort_ledger::recharge::{Answer as Recharged, Caps, DeclineClass, Effect, Event};
use madkort_protocol::*;
use sync_server::store::{self, *};
use uuid::Uuid;

use crate::support::*;

async fn open_deposit(server: &Server, kiosk: &Signer, id: OperationId, amount: Money) -> DepositOpening {
    let now = server.clock.now();
    let deposit = NewDeposit {
        id,
        device: kiosk.id,
        card: ANNAS_CARD,
        account: ANNA,
        amount,
        email: "mor@skole.example".into(),
        terms_version: "1".into(),
        language: Language::Danish,
        gateway: "sandbox".into(),
        page: format!("page-{id}"),
        expires_at: now + SignedDuration::from_mins(10),
    };
    server.store().open_deposit(deposit, now).await.unwrap()
}

#[tokio::test]
async fn a_deposit_is_opened_once_and_paid_once() {
    let server = Server::start().await;
    let kiosk = server.kiosk().await;
    let id = server.id();
    assert!(matches!(open_deposit(&server, &kiosk, id, kr(100)).await, DepositOpening::Opened(_)));
    assert!(matches!(open_deposit(&server, &kiosk, id, kr(100)).await, DepositOpening::Already(_)));
    assert_eq!(open_deposit(&server, &kiosk, id, kr(101)).await, DepositOpening::IdReused);

    let now = server.clock.now();
    let (one, two) =
        tokio::join!(server.store().pay_deposit(id, kr(100), now), server.store().pay_deposit(id, kr(100), now));
    let (Moved::Moved(paid), Moved::Stands(stands)) = (one.unwrap(), two.unwrap()) else { panic!("paid twice") };
    assert_eq!((paid.state, paid.balance), (DepositState::Paid, Some(kr(100))));
    assert_eq!(paid.receipt.as_deref(), Some("2026-000001"));
    assert_eq!(paid, stands);
    assert_eq!(server.balance(ANNA).await, kr(100));
    server.books_are_right().await;
}

#[tokio::test]
async fn money_that_fits_nothing_is_kept_apart() {
    let server = Server::start().await;
    let kiosk = server.kiosk().await;
    let id = server.id();
    open_deposit(&server, &kiosk, id, kr(100)).await;
    let moved = server.store().pay_deposit(id, kr(99), server.clock.now()).await.unwrap();
    assert!(matches!(moved, Moved::Moved(DepositRow { state: DepositState::Unknown, .. })));
    assert_eq!(server.balance(ANNA).await, Money::ZERO);
    server.books_are_right().await;
}

#[tokio::test]
async fn a_deposits_id_cannot_be_taken_by_an_order() {
    let server = Server::start().await;
    let kiosk = server.kiosk().await;
    let placed = order(&server, &kiosk, lasagne("K1-1"));
    open_deposit(&server, &kiosk, placed.id, kr(100)).await;
    let push = Push { operations: vec![placed.clone()] };
    let pushing = server.store().push(kiosk.id, push, server.clock.now()).await.unwrap();
    assert_eq!(pushing, Pushing::IdReused(placed.id));
    // And the other way round.
    let sold = order(&server, &kiosk, lasagne("K1-1"));
    kiosk.push(vec![Operation { seq: 1, ..sold.clone() }]).await;
    assert_eq!(open_deposit(&server, &kiosk, sold.id, kr(100)).await, DepositOpening::IdReused);
}

#[tokio::test]
async fn states_move_only_from_where_the_caller_thinks_they_are() {
    let server = Server::start().await;
    let kiosk = server.kiosk().await;
    let id = server.id();
    open_deposit(&server, &kiosk, id, kr(100)).await;
    let store = server.store();
    let moved = store.move_deposit(id, vec![DepositState::Unknown], DepositState::Declined).await.unwrap();
    assert!(matches!(moved, Moved::Stands(row) if row.state == DepositState::Open));
    let moved = store.move_deposit(id, vec![DepositState::Open], DepositState::Cancelled).await.unwrap();
    assert!(matches!(moved, Moved::Moved(row) if row.state == DepositState::Cancelled));
    let moved = store.move_deposit(server.id(), vec![DepositState::Open], DepositState::Cancelled).await.unwrap();
    assert_eq!(moved, Moved::Unknown);
    // A gateway that took the money all the same is believed: the money is real.
    let moved = store.pay_deposit(id, kr(100), server.clock.now()).await.unwrap();
    assert!(matches!(moved, Moved::Moved(row) if row.state == DepositState::Paid));
    assert_eq!(server.balance(ANNA).await, kr(100));
}

fn mandate(server: &Server) -> Mandate {
    Mandate {
        id: MandateId::new(Uuid::from_u128(0xe1)),
        school: SCHOOL,
        account: ANNA,
        amount: kr(200),
        below: kr(50),
        state: MandateState::Active,
        gateway: "sandbox".into(),
        reference: "stored-card".into(),
        caps: Caps { day: kr(400), week: None, month: kr(1000) },
        email: "mor@skole.example".into(),
        terms_version: "1".into(),
        language: Language::Danish,
        given_by: PersonId::new(Uuid::from_u128(1)),
        created_at: server.clock.now(),
        changed_by: None,
        changed_at: None,
    }
}

#[tokio::test]
async fn one_purchase_causes_one_charge_at_a_time() {
    let server = Server::start().await;
    let (kiosk, till) = (server.kiosk().await, server.register().await);
    let store = server.store();
    server.fund(&kiosk, ANNA, kr(100)).await;
    // The store alone is tested here: no mandate is there yet for the server's own job to act on.
    let cause = server.id();
    let sale = PurchaseRequest { id: cause, card_uid: uid(1), amount: kr(60), vat_percent: 25, text: "Frokost".into() };
    till.post::<PurchaseAnswer>("/v1/purchases", &sale).await;
    let now = server.clock.now();
    assert_eq!(store.mandate(ANNA).await.unwrap(), None);
    store.put_mandate(mandate(&server)).await.unwrap();

    let (first, second) = (server.id(), server.id());
    let step = |event, new_id| {
        let stepping = Stepping { account: ANNA, event, mandate: None, reference: None, new_id, now };
        async { store.recharge(stepping).await.unwrap().unwrap() }
    };
    let answered = |charge, answer| Event::Answered { charge, answer };
    let due = step(Event::Posted, first).await;
    assert!(matches!(due.effects[..], [Effect::Intend(attempt)] if attempt.charge == first && attempt.cause == cause));
    assert_eq!(step(Event::Posted, second).await.effects, []);
    let shown = store.account(SCHOOL, ANNA).await.unwrap().unwrap().auto_recharge.unwrap();
    assert_eq!(shown.state, AutoRechargeState::Charging);

    step(answered(first, Recharged::Declined(DeclineClass::Soft)), second).await;
    assert_eq!(store.accounts_to_retry().await.unwrap(), [ANNA]);
    // Tried again for the same purchase, and then paid: once.
    let now = now + SignedDuration::from_hours(24);
    let step = |event, new_id| {
        let stepping = Stepping { account: ANNA, event, mandate: None, reference: None, new_id, now };
        async { store.recharge(stepping).await.unwrap().unwrap() }
    };
    let again = step(Event::TimePassed, second).await;
    assert!(matches!(again.effects[..], [Effect::Intend(attempt)] if attempt.number == 2 && attempt.cause == cause));
    assert_eq!(step(answered(second, Recharged::Succeeded), first).await.effects, [Effect::Post(second)]);
    assert_eq!(store.accounts_to_retry().await.unwrap(), []);
    // The second word changes nothing, and money for a closed charge is nobody's.
    step(answered(second, Recharged::Succeeded), first).await;
    assert_eq!(server.balance(ANNA).await, kr(240));
    step(answered(first, Recharged::Succeeded), first).await;
    step(answered(first, Recharged::Succeeded), first).await;
    assert_eq!(server.balance(ANNA).await, kr(240));
    assert_eq!(step(Event::Posted, server.id()).await.effects, []);
    server.books_are_right().await;
}

#[tokio::test]
async fn a_group_shares_a_commit_and_not_its_faults() {
    let server = Server::start().await;
    let store = server.store();
    let stranger = |n| {
        Thing::Card(CardRecord {
            id: CardId::new(Uuid::from_u128(n)),
            uid: CardUid::parse("04FFFFFFFFFF01").unwrap(),
            number: CardNumber::from_first_13("9999999999999").unwrap(),
            person: PersonId::new(Uuid::from_u128(0xdead)),
            status: CardStatus::Active,
            ask_code: false,
            code: verifier("1"),
        })
    };
    let good = |n, name| Thing::Product(product(ProductId::new(Uuid::from_u128(n)), name, kr(1)));
    let (one, bad, two) = tokio::join!(
        store.put(SCHOOL, vec![good(0xf1, "et")]),
        store.put(SCHOOL, vec![good(0xf2, "to"), stranger(0xf3)]),
        store.put(SCHOOL, vec![good(0xf4, "tre")]),
    );
    assert!(one.is_ok() && two.is_ok() && matches!(bad, Err(StoreError::Engine { .. })));
    let changes = store.changes(SCHOOL, 0, 1000, TUESDAY).await.unwrap();
    let names: Vec<_> = changes.products.iter().map(|product| product.name_da.as_str()).collect();
    assert_eq!(names, ["Lasagne", "Æble", "Suppe", "et", "tre"]);
}

#[tokio::test]
async fn what_was_answered_is_there_after_reopening() {
    let server = Server::start().await;
    let kiosk = server.kiosk().await;
    server.fund(&kiosk, ANNA, kr(200)).await;
    kiosk.push(vec![order(&server, &kiosk, lasagne("K1-1"))]).await;
    // A second store on the same file, beside the first, as after a kill: nothing was closed in between.
    let again = store::open(&DatabaseUrl::Sqlite(server.path.clone())).unwrap();
    assert_eq!(again.account(SCHOOL, ANNA).await.unwrap().unwrap().balance, kr(155));
    assert_eq!(again.device(kiosk.id).await.unwrap().unwrap().last_seq, 1);
    assert_eq!(
        again.verify(jiff::Timestamp::UNIX_EPOCH).await.unwrap().map(|audited| (audited.transactions, audited.entries)),
        Ok((2, 4))
    );
}

#[tokio::test]
async fn a_file_that_is_not_ours_is_not_opened() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    assert!(matches!(store::open(&DatabaseUrl::Sqlite(path("missing.db"))), Err(StoreError::Open { .. })));

    std::fs::write(path("text.db"), "this is not a database, whatever its name says. ".repeat(100)).unwrap();
    assert!(store::migrate(&DatabaseUrl::Sqlite(path("text.db"))).is_err());
    assert!(store::open(&DatabaseUrl::Sqlite(path("text.db"))).is_err());

    let other = rusqlite::Connection::open(path("other.db")).unwrap();
    other.execute_batch("CREATE TABLE recipes (name TEXT)").unwrap();
    assert!(matches!(store::migrate(&DatabaseUrl::Sqlite(path("other.db"))), Err(StoreError::Schema { found: 0, .. })));
    assert!(matches!(store::open(&DatabaseUrl::Sqlite(path("other.db"))), Err(StoreError::Schema { .. })));

    assert_eq!(store::migrate(&DatabaseUrl::Sqlite(path("new.db"))).unwrap(), (0, 1));
    assert_eq!(store::migrate(&DatabaseUrl::Sqlite(path("new.db"))).unwrap(), (1, 1));
    rusqlite::Connection::open(path("new.db")).unwrap().pragma_update(None, "user_version", 99).unwrap();
    for refused in [
        store::migrate(&DatabaseUrl::Sqlite(path("new.db"))).err(),
        store::open(&DatabaseUrl::Sqlite(path("new.db"))).err(),
    ] {
        assert!(matches!(refused, Some(StoreError::Schema { found: 99, .. })));
    }
}
