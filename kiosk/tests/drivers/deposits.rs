//! Deposits on the kiosk's disk: kept before they are shown, until their end was.

use std::time::Instant;

use kiosk::store::Store;
use kiosk::sync::Question;
use kiosk_core::{Event, Link, Visitor};
use madkort_protocol::*;

use crate::school::*;
use crate::server::RealServer;
use crate::sync::alma_pays_in;
use crate::whole::Kiosk;

fn deposit(number: u128, state: DepositState) -> Deposit {
    let paid = state == DepositState::Paid;
    Deposit {
        id: operation(number),
        account: account_id(),
        amount: kroner(100),
        state,
        url: "https://betal.hojager.example/pay/x".to_owned(),
        expires_at: now(),
        receipt: paid.then(|| "2026-000001".to_owned()),
        paid_at: paid.then(now),
        balance: paid.then(|| kroner(200)),
    }
}

fn untold(store: &Store) -> Option<Deposit> {
    let visitor: Visitor = store.visitor(card_id(), jiff::civil::date(2026, 11, 22)).unwrap().unwrap();
    visitor.deposit
}

#[test]
fn a_deposit_outlives_a_power_cut_until_its_end_was_shown() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store_in(folder.path());
    assert_eq!(untold(&store), None);
    store.keep_deposit(card_id(), &deposit(1, DepositState::Open)).unwrap();
    drop(store);

    let mut store = Store::open(folder.path()).unwrap();
    assert_eq!(store.deposits().unwrap(), [deposit(1, DepositState::Open)]);
    assert_eq!(untold(&store), Some(deposit(1, DepositState::Open)));
    store.deposit_is(&deposit(1, DepositState::Paid)).unwrap();
    drop(store);

    let mut store = Store::open(folder.path()).unwrap();
    assert_eq!(untold(&store), Some(deposit(1, DepositState::Paid)));
    store.deposit_told(operation(1)).unwrap();
    drop(store);

    let mut store = Store::open(folder.path()).unwrap();
    assert_eq!((untold(&store), store.deposit(operation(1)).unwrap()), (None, None));
    // A late word brings nothing back.
    store.deposit_is(&deposit(1, DepositState::Paid)).unwrap();
    assert_eq!(store.deposits().unwrap(), []);
}

#[test]
fn what_was_not_paid_is_told_to_whoever_was_cut_off_and_not_to_whoever_walked_away() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store_in(folder.path());
    for state in [DepositState::Declined, DepositState::Cancelled, DepositState::Expired] {
        store.keep_deposit(card_id(), &deposit(1, DepositState::Open)).unwrap();
        store.deposit_is(&deposit(1, state)).unwrap();
        assert_eq!(untold(&store), Some(deposit(1, state)));
        store.deposit_told(operation(1)).unwrap();

        store.keep_deposit(card_id(), &deposit(2, DepositState::Open)).unwrap();
        store.leave_deposit(operation(2)).unwrap();
        assert_eq!(untold(&store), None, "they have left it");
        assert_eq!(store.deposits().unwrap().len(), 1, "and it is followed");
        store.deposit_is(&deposit(2, state)).unwrap();
        assert_eq!(store.deposits().unwrap(), [], "there is nothing to tell");
    }
}

#[test]
fn whoever_walked_away_is_told_of_what_was_paid_and_the_oldest_first() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store_in(folder.path());
    for number in [2, 1] {
        store.keep_deposit(card_id(), &deposit(number, DepositState::Open)).unwrap();
        store.leave_deposit(operation(number)).unwrap();
        store.deposit_is(&deposit(number, DepositState::Paid)).unwrap();
    }
    for number in [1, 2] {
        assert_eq!(untold(&store).map(|deposit| deposit.id), Some(operation(number)));
        store.deposit_told(operation(number)).unwrap();
    }
    assert_eq!(untold(&store), None);
}

#[test]
fn a_deposit_is_told_to_its_person_by_another_card_of_theirs_and_to_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store_in(folder.path());
    store.keep_deposit(CardId::new(uuid(0xdead)), &deposit(1, DepositState::Paid)).unwrap();
    assert_eq!(untold(&store), None, "of a card that is nobody's here");
    let replaced = CardRecord { id: CardId::new(uuid(21)), status: CardStatus::Replaced, ..changes().cards[0].clone() };
    let card = replaced.id;
    store.apply(&Changes { cursor: 8, cards: vec![replaced], ..Changes::default() }, now()).unwrap();
    store.keep_deposit(card, &deposit(2, DepositState::Paid)).unwrap();
    assert_eq!(untold(&store).map(|deposit| deposit.id), Some(operation(2)));
}

/// What whoever has that card is to be told now.
fn told_at_a_tap(kiosk: &mut Kiosk, uid: &CardUid) -> Option<Deposit> {
    let uid = uid.clone();
    kiosk.store.tell(move |desk| desk.look_up(uid));
    kiosk.ears.wait_for("Known", |event| match event {
        Event::Known(visitor) => Some(visitor.deposit.clone()),
        _ => None,
    })
}

#[test]
fn a_deposit_paid_while_the_kiosk_was_off_is_known_when_it_is_on_again() {
    let server = RealServer::start(clock());
    let state = tempfile::tempdir().unwrap();
    let uid = CardUid::parse(&server.card("Alma").uid).unwrap();
    let mut kiosk = Kiosk::start(&server.url(), state.path(), Some(server.code_file()), clock());
    // With everything that the school has, its cards among it.
    kiosk.catalogue_of(server.demo.next_school_day);
    kiosk.sync.ask(alma_pays_in(&server, 1, 100));
    let open = kiosk.deposit_is(DepositState::Open);
    drop(kiosk);
    server.pay(&open.url);

    // Nobody has tapped, and nobody is told; the kiosk asks by itself and keeps the answer.
    let mut kiosk = Kiosk::start(&server.url(), state.path(), None, clock());
    kiosk.wait_for_link(Link::Online);
    let deadline = Instant::now() + PATIENCE;
    let paid = loop {
        match told_at_a_tap(&mut kiosk, &uid) {
            Some(deposit) if deposit.state == DepositState::Paid => break deposit,
            other => assert!(Instant::now() < deadline, "{other:?}"),
        }
    };
    assert_eq!((paid.id, paid.amount), (open.id, kroner(100)));
    assert!(!kiosk.ears.drain().iter().any(|event| matches!(event, Event::DepositIs(_))), "nobody stood there");
    kiosk.store.tell(move |desk| desk.deposit_told(open.id));
    assert_eq!(told_at_a_tap(&mut kiosk, &uid), None);
}

#[test]
fn whoever_comes_back_to_an_open_deposit_has_it_followed_again() {
    let server = RealServer::start(clock());
    let state = tempfile::tempdir().unwrap();
    let mut kiosk = Kiosk::start(&server.url(), state.path(), Some(server.code_file()), clock());
    kiosk.wait_for_link(Link::Online);
    kiosk.sync.ask(alma_pays_in(&server, 1, 100));
    let open = kiosk.deposit_is(DepositState::Open);
    kiosk.sync.ask(Question::ForgetDeposit(open.id));
    kiosk.sync.ask(Question::FollowDeposit(open.id));
    kiosk.deposit_is(DepositState::Open);
    server.pay(&open.url);
    assert_eq!(kiosk.deposit_is(DepositState::Paid).id, open.id);
}
