//! The store: what is on disk stays there, and what cannot be trusted is not touched.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use kiosk::store::{Bells, DATABASE, KEPT_QUEUED, SpoolState, Store, StoreError, StoreHandle, set_aside};
use kiosk_core::{Draft, Event, Paper, Visitor};
use madkort_protocol::*;
use rusqlite::Connection;

use crate::school::*;

fn visitor(store: &Store) -> Visitor {
    store.visitor(card_id(), jiff::civil::date(2026, 11, 22)).unwrap().unwrap()
}

fn balance(store: &Store) -> Money {
    visitor(store).accounts[0].balance
}

fn answered(outcome: Outcome, number: u128, acked_seq: u64) -> Pushed {
    let answers = vec![Answer { id: operation(number), outcome }];
    Pushed { acked_seq, answers, accounts: vec![], orders: vec![] }
}

#[test]
fn an_operation_survives_whatever_happens_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store_in(folder.path());
    assert_eq!(store.record(to_record(1, 2)).unwrap().number, "K1-1");
    drop(store);

    let mut store = Store::open(folder.path()).unwrap();
    assert_eq!(store.record(to_record(2, 1)).unwrap().number, "K1-2");
    let batch = store.outbox().unwrap();
    assert_eq!(
        batch.push.operations.iter().map(|o| (o.seq, o.id)).collect::<Vec<_>>(),
        [(1, operation(1)), (2, operation(2))]
    );
    let OperationBody::PlaceOrder(order) = &batch.push.operations[0].body else { panic!("not an order") };
    assert_eq!(order.number, "K1-1");
    assert_eq!(balance(&store), kroner(100 - 66));
    assert_eq!(visitor(&store).orders.iter().map(|o| o.number.as_str()).collect::<Vec<_>>(), ["K1-1", "K1-2"]);
    assert_eq!(visitor(&store).unacknowledged, [operation(1), operation(2)]);
    assert_eq!(visitor(&store).kiosk_unacknowledged, kroner(66));

    let job = store.next_job().unwrap().unwrap();
    let Paper::Order(slip) = job.paper else { panic!("not a slip") };
    assert_eq!((slip.number.as_str(), job.copy_no, job.reference), ("K1-1", 1, operation(1).to_string()));
}

#[test]
fn the_same_operation_twice_is_one_row_and_one_paper() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store_in(folder.path());
    let first = store.record(to_record(1, 2)).unwrap();
    assert_eq!(store.record(to_record(1, 2)).unwrap(), first);
    assert_eq!(store.outbox().unwrap().push.operations.len(), 1);
    let job = store.next_job().unwrap().unwrap();
    store.note_job(job.job, SpoolState::Printed, 100, None, now()).unwrap();
    assert_eq!(store.next_job().unwrap(), None);
}

#[test]
fn the_server_s_answer_takes_the_place_of_what_was_assumed() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store_in(folder.path());
    store.record(to_record(1, 2)).unwrap();
    let mut pushed = answered(Outcome::Posted, 1, 1);
    pushed.accounts = vec![account(kroner(56), 2)];
    assert_eq!(store.settle(&pushed, now()).unwrap().refused, []);
    assert_eq!(balance(&store), kroner(56));
    assert_eq!(store.outbox().unwrap().push.operations, []);
    assert_eq!(visitor(&store).unacknowledged, []);
    // An answer that was overtaken by the push brings nothing back.
    store.apply(&Changes { cursor: 8, accounts: vec![account(kroner(100), 1)], ..Changes::default() }, now()).unwrap();
    assert_eq!(balance(&store), kroner(56));
}

#[test]
fn a_refusal_is_told_once_undone_and_shown() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store_in(folder.path());
    store.record(to_record(1, 2)).unwrap();
    let refusal = Refusal { rule: Rule::Balance, limit: Some(kroner(10)), asked: Some(kroner(44)), portions: None };
    let pushed = answered(Outcome::Refused(refusal.clone()), 1, 1);
    let settled = store.settle(&pushed, now()).unwrap();
    assert_eq!(
        settled.refused.iter().map(|(id, _, r)| (*id, r.clone())).collect::<Vec<_>>(),
        [(operation(1), refusal)]
    );
    assert_eq!(store.settle(&pushed, now()).unwrap().refused, []);
    assert_eq!(balance(&store), kroner(100));
    assert_eq!(visitor(&store).orders.iter().map(|o| o.state).collect::<Vec<_>>(), [OrderState::Refused]);
    assert_eq!(visitor(&store).kiosk_unacknowledged, Money::ZERO);
}

#[test]
fn an_order_taken_back_gives_its_money_back_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store_in(folder.path());
    store.record(to_record(1, 2)).unwrap();
    let cancel = Draft::Cancel(CancelOrder { order: operation(1), card: card_id() });
    store.record(kiosk::store::ToRecord { draft: cancel, slip: None, ..to_record(2, 1) }).unwrap();
    assert_eq!(balance(&store), kroner(100));
    assert_eq!(visitor(&store).orders[0].state, OrderState::Released);
    assert_eq!(visitor(&store).card_unacknowledged, Money::ZERO);
}

#[test]
fn an_order_takes_from_the_balance_what_the_server_said_and_gives_that_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store_in(folder.path());
    let Draft::Order { order, .. } = draft(1) else { panic!("no order") };
    let half = Draft::Order { order, taken: kroner(11) };
    store.record(kiosk::store::ToRecord { draft: half, ..to_record(1, 1) }).unwrap();
    assert_eq!(balance(&store), kroner(89));
    // What may be lost by an outage is counted as the server counts it: whole.
    assert_eq!(visitor(&store).card_unacknowledged, kroner(22));
    assert_eq!(visitor(&store).orders[0].total, kroner(22), "the price is the price");
    let cancel = Draft::Cancel(CancelOrder { order: operation(1), card: card_id() });
    store.record(kiosk::store::ToRecord { draft: cancel, slip: None, ..to_record(2, 1) }).unwrap();
    assert_eq!(balance(&store), kroner(100));
}

#[test]
fn what_is_left_is_the_servers_less_what_is_on_its_way() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store_in(folder.path());
    let left = |store: &Store| store.catalogue().unwrap().unwrap().days[0].left(product_id());
    assert_eq!(left(&store), None, "no limit");
    let mut days = changes().days;
    days[0].portions = vec![Portions::new(product_id(), 5)];
    store.apply(&Changes { cursor: 8, days: days.clone(), ..Changes::default() }, now()).unwrap();
    store.record(to_record(1, 2)).unwrap();
    store.record(to_record(2, 1)).unwrap();
    assert_eq!(left(&store), Some(2));
    let cancel = Draft::Cancel(CancelOrder { order: operation(2), card: card_id() });
    store.record(kiosk::store::ToRecord { draft: cancel, slip: None, ..to_record(3, 1) }).unwrap();
    assert_eq!(left(&store), Some(3));
    // The server has counted them; the day comes with the feed.
    store.settle(&answered(Outcome::Posted, 1, 3), now()).unwrap();
    days[0].portions[0].left = 3;
    store.apply(&Changes { cursor: 9, days, ..Changes::default() }, now()).unwrap();
    assert_eq!(left(&store), Some(3));
}

#[test]
fn an_order_that_was_handed_out_is_known_to_be() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store_in(folder.path());
    store.record(to_record(1, 2)).unwrap();
    let held = visitor(&store).orders.remove(0);
    for state in [OrderState::Held, OrderState::Captured] {
        let order = Order { state, picked_up_at: Some(now()), ..held.clone() };
        store.apply(&Changes { cursor: 8, orders: vec![order.clone()], ..Changes::default() }, now()).unwrap();
        assert_eq!(visitor(&store).orders, [order]);
    }
}

#[test]
fn a_server_that_lost_operations_gets_them_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store_in(folder.path());
    for number in 1..=3 {
        store.record(to_record(number, 1)).unwrap();
    }
    store.settle(&Pushed { acked_seq: 3, answers: vec![], accounts: vec![], orders: vec![] }, now()).unwrap();
    assert_eq!(store.unsettled().unwrap(), 0);
    store.rewind(2).unwrap();
    assert_eq!(store.outbox().unwrap().push.operations.iter().map(|o| o.seq).collect::<Vec<_>>(), [2, 3]);
}

#[test]
fn no_request_count_is_given_twice_and_wrong_codes_are_remembered() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store_in(folder.path());
    let first = store.reserve_requests().unwrap();
    let throttle = Throttle::default().after_wrong(now());
    store.set_throttle(card_id(), throttle).unwrap();
    drop(store);
    let mut store = Store::open(folder.path()).unwrap();
    let second = store.reserve_requests().unwrap();
    assert!(first.end() < second.start(), "{first:?} {second:?}");
    assert_eq!(store.throttle(card_id()).unwrap(), throttle);
}

#[test]
fn a_card_that_was_issued_again_opens_for_whoever_has_it_now() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store_in(folder.path());
    let mut old = changes().cards[0].clone();
    old.id = CardId::new(uuid(21));
    old.status = CardStatus::Replaced;
    store.apply(&Changes { cursor: 8, cards: vec![old], ..Changes::default() }, now()).unwrap();
    assert_eq!(store.card_of(&uid()).unwrap(), Some(card_id()));
    assert_eq!(store.card_of(&CardUid::parse("00112233").unwrap()).unwrap(), None);
}

#[test]
fn the_promises_rest_on_settings_that_were_read_back() {
    let folder = tempfile::tempdir().unwrap();
    drop(store_in(folder.path()));
    let db = Connection::open(folder.path().join(DATABASE)).unwrap();
    let mode: String = db.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
    let private = std::fs::metadata(folder.path().join(DATABASE)).unwrap().permissions().mode() & 0o777;
    assert_eq!(private, 0o600);
}

#[test]
fn two_kiosks_never_write_one_journal() {
    let folder = tempfile::tempdir().unwrap();
    let _first = store_in(folder.path());
    let second = Store::open(folder.path()).unwrap_err();
    assert!(matches!(second, StoreError::InUse { .. }), "{second:?}");
    assert!(second.sentence(Language::Danish).contains("En anden kiosk kører allerede"));
}

fn damage(folder: &Path) -> Vec<u8> {
    let mut store = store_in(folder);
    store.record(to_record(1, 2)).unwrap();
    drop(store);
    let path = folder.join(DATABASE);
    let mut bytes = std::fs::read(&path).unwrap();
    // Past the first page, so that the file still looks like a database.
    let torn = bytes.len() / 2;
    bytes[4096..torn.max(8192)].fill(0xA5);
    std::fs::write(&path, &bytes).unwrap();
    bytes
}

#[test]
fn a_damaged_database_is_named_kept_and_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let before = damage(folder.path());
    let error = Store::open(folder.path()).unwrap_err();
    let StoreError::Damaged { kept: Some(kept), .. } = &error else { panic!("{error:?}") };
    assert_eq!(std::fs::read(kept).unwrap(), before);
    assert_eq!(std::fs::read(folder.path().join(DATABASE)).unwrap(), before);
    assert!(error.sentence(Language::Danish).contains("er beskadiget"));
    assert!(error.sentence(Language::English).contains("is damaged"));
    // A second start makes no second copy.
    Store::open(folder.path()).unwrap_err();
    let copies = std::fs::read_dir(folder.path())
        .unwrap()
        .filter(|e| e.as_ref().unwrap().file_name().to_string_lossy().contains("broken"));
    assert_eq!(copies.count(), 1);
}

#[test]
fn a_file_that_is_no_database_is_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(DATABASE), "this is not a database, but somebody's notes about one").unwrap();
    let error = Store::open(folder.path()).unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error:?}");
    assert!(std::fs::read_to_string(folder.path().join(DATABASE)).unwrap().starts_with("this is not"));
}

#[test]
fn a_newer_kiosk_s_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    drop(store_in(folder.path()));
    Connection::open(folder.path().join(DATABASE)).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let error = Store::open(folder.path()).unwrap_err();
    assert!(matches!(error, StoreError::TooNew { found: 99, known: 1, .. }), "{error:?}");
    assert!(error.sentence(Language::English).contains("newer kiosk"));
}

#[test]
fn a_database_put_aside_leaves_room_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store_in(folder.path());
    store.record(to_record(1, 2)).unwrap();
    drop(store);
    let aside = set_aside(folder.path(), "K1").unwrap().unwrap();
    assert_eq!(Store::open(folder.path()).unwrap().identity().unwrap(), None);
    let rows: i64 =
        Connection::open(aside.path).unwrap().query_row("SELECT count(*) FROM journal", [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 1);
}

#[test]
fn a_second_paper_is_a_copy_and_says_which() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store_in(folder.path());
    let print = |store: &mut Store| store.enqueue("statement", &slip(1, false), Language::English, now()).unwrap();
    print(&mut store);
    // Asked again while it has not come out: still the one paper.
    print(&mut store);
    let first = store.next_job().unwrap().unwrap();
    assert_eq!((first.copy_no, first.language), (1, Language::English));
    store.note_job(first.job, SpoolState::Printed, 500, None, now()).unwrap();
    assert_eq!(store.next_job().unwrap(), None);
    print(&mut store);
    assert_eq!(store.next_job().unwrap().unwrap().copy_no, 2);
}

#[test]
fn a_paper_under_way_at_a_power_cut_is_in_doubt_and_not_printed_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store_in(folder.path());
    store.enqueue("a", &slip(1, false), Language::Danish, now()).unwrap();
    store.enqueue("b", &slip(1, false), Language::Danish, now()).unwrap();
    let job = store.next_job().unwrap().unwrap();
    store.note_job(job.job, SpoolState::Sending, 0, None, now()).unwrap();
    drop(store);
    let mut store = Store::open(folder.path()).unwrap();
    store.doubt_interrupted(now()).unwrap();
    assert_eq!(store.job_state("a").unwrap().unwrap().state, SpoolState::Uncertain);
    assert_eq!(store.next_job().unwrap().unwrap().reference, "b");
    // What was in doubt may be out: another one is marked.
    store.enqueue("a", &slip(1, false), Language::Danish, now()).unwrap();
    assert_eq!(store.give_up(true, now()).unwrap(), ["b", "a"]);
}

#[test]
fn papers_nobody_waits_for_any_more_are_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store_in(folder.path());
    store.enqueue("a", &slip(1, false), Language::Danish, now()).unwrap();
    assert_eq!(store.give_up(false, now() + KEPT_QUEUED).unwrap(), Vec::<String>::new());
    let late = now() + KEPT_QUEUED + jiff::SignedDuration::from_secs(1);
    assert_eq!(store.give_up(false, late).unwrap(), ["a"]);
    // Not a byte of it was sent: asked for again it is still the original.
    store.enqueue("a", &slip(1, false), Language::Danish, late).unwrap();
    assert_eq!(store.next_job().unwrap().unwrap().copy_no, 1);
}

fn desk(folder: &Path) -> (StoreHandle, Ears) {
    let (events, ears) = Ears::new();
    let (bells, _) = Bells::new();
    (StoreHandle::start(folder.to_owned(), events, clock(), bells).unwrap(), ears)
}

fn recorded(event: &Event) -> Option<(String, Visitor)> {
    match event {
        Event::Recorded { number, visitor, .. } => Some((number.clone(), (**visitor).clone())),
        _ => None,
    }
}

#[test]
fn the_desk_tells_who_came_and_what_was_recorded() {
    let folder = tempfile::tempdir().unwrap();
    drop(store_in(folder.path()));
    let (desk, mut ears) = desk(folder.path());
    ears.wait_for("the catalogue", |event| matches!(event, Event::Catalogue(c) if c.kiosk == "K1").then_some(()));
    desk.tell(|desk| desk.look_up(uid()));
    let known = ears.wait_for("Known", |event| match event {
        Event::Known(visitor) => Some((**visitor).clone()),
        _ => None,
    });
    assert_eq!((known.card, known.accounts[0].balance), (card_id(), kroner(100)));
    assert!(known.card_masked.starts_with("····"));
    desk.tell(|desk| desk.record(operation(1), draft(2), Some((slip(2, false), Language::Danish)), false));
    let (number, visitor) = ears.wait_for("Recorded", recorded);
    assert_eq!((number.as_str(), visitor.accounts[0].balance), ("K1-1", kroner(56)));
    let stranger = CardUid::parse("00112233").unwrap();
    let asked = stranger.clone();
    desk.tell(move |desk| desk.look_up(asked));
    ears.wait_for_event(&Event::NotKnown(stranger));
}

#[test]
fn whoever_is_here_sees_what_changes() {
    let folder = tempfile::tempdir().unwrap();
    drop(store_in(folder.path()));
    let (desk, mut ears) = desk(folder.path());
    desk.tell(|desk| {
        desk.look_up(uid());
        desk.follow(Some(card_id()));
        let more = Changes { cursor: 8, accounts: vec![account(kroner(180), 2)], ..Changes::default() };
        desk.apply(&more).unwrap();
        // The same again changes nothing, and nothing is told.
        desk.apply(&more).unwrap();
        desk.follow(None);
        desk.apply(&Changes { cursor: 9, accounts: vec![account(kroner(1), 3)], ..Changes::default() }).unwrap();
        desk.look_up(CardUid::parse("00112233").unwrap());
    });
    ears.wait_for("the end", |event| matches!(event, Event::NotKnown(_)).then_some(()));
    let changed: Vec<Money> = ears
        .drain()
        .iter()
        .filter_map(|event| if let Event::Changed(visitor) = event { Some(visitor.accounts[0].balance) } else { None })
        .collect();
    assert_eq!(changed, [kroner(180)]);
}

#[test]
fn a_disk_that_refuses_sells_nothing_and_comes_back_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    drop(store_in(folder.path()));
    let (desk, mut ears) = desk(folder.path());
    let outside = Connection::open(folder.path().join(DATABASE)).unwrap();
    outside
        .execute_batch(
            "CREATE TRIGGER full_journal BEFORE INSERT ON journal BEGIN SELECT RAISE(FAIL, 'no space left'); END;
             CREATE TRIGGER full_device BEFORE UPDATE ON device BEGIN SELECT RAISE(FAIL, 'no space left'); END;",
        )
        .unwrap();
    desk.tell(|desk| desk.record(operation(1), draft(2), Some((slip(2, false), Language::Danish)), false));
    ears.wait_for_event(&Event::RecordFailed(operation(1)));
    ears.wait_for_event(&Event::Disk { works: false });
    let left = desk.ask(|desk| (desk.store.outbox().unwrap().push.operations, desk.store.next_job().unwrap()));
    assert_eq!(left.blocking_recv().unwrap(), (vec![], None));
    outside.execute_batch("DROP TRIGGER full_journal; DROP TRIGGER full_device;").unwrap();
    ears.wait_for_event(&Event::Disk { works: true });
    desk.tell(|desk| desk.record(operation(1), draft(2), None, false));
    assert_eq!(ears.wait_for("Recorded", recorded).0, "K1-1");
}

#[test]
fn a_row_that_cannot_be_read_is_the_disk_s_fault_and_no_word_about_the_person() {
    let folder = tempfile::tempdir().unwrap();
    drop(store_in(folder.path()));
    let (desk, mut ears) = desk(folder.path());
    let outside = Connection::open(folder.path().join(DATABASE)).unwrap();
    outside.execute("UPDATE people SET body = substr(body, 2)", []).unwrap();
    let number = CardNumber::from_first_13("1234567890123").unwrap();
    desk.tell(|desk| desk.look_up(uid()));
    ears.wait_for_event(&Event::Disk { works: false });
    desk.tell(move |desk| desk.look_up_number(&number));
    // The next is served: what all of them need can be read.
    ears.wait_for_event(&Event::Disk { works: true });
    outside.execute("UPDATE people SET body = '{' || body", []).unwrap();
    desk.tell(|desk| desk.look_up(uid()));
    ears.wait_for("whose card it is", |event| matches!(event, Event::Known(_)).then_some(()));
    let told = ears.drain();
    assert!(!told.iter().any(|e| matches!(e, Event::NotKnown(_) | Event::NumberNotKnown)), "{told:?}");
}

#[test]
fn a_menu_that_cannot_be_read_stops_the_kiosk_until_it_can() {
    let folder = tempfile::tempdir().unwrap();
    drop(store_in(folder.path()));
    let outside = Connection::open(folder.path().join(DATABASE)).unwrap();
    outside.execute("UPDATE school SET body = substr(body, 2)", []).unwrap();
    let (_desk, mut ears) = desk(folder.path());
    ears.wait_for_event(&Event::Disk { works: false });
    outside.execute("UPDATE school SET body = '{' || body", []).unwrap();
    ears.wait_for_event(&Event::Disk { works: true });
    ears.wait_for("the catalogue", |event| matches!(event, Event::Catalogue(_)).then_some(()));
}

#[test]
fn a_damaged_database_is_a_fault_on_the_screen_until_it_is_mended() {
    let folder = tempfile::tempdir().unwrap();
    damage(folder.path());
    let (desk, mut ears) = desk(folder.path());
    ears.wait_for_event(&Event::Disk { works: false });
    assert!(desk.ask(|_| ()).blocking_recv().is_err());
    set_aside(folder.path(), "mended").unwrap();
    ears.wait_for_event(&Event::Disk { works: true });
    assert!(desk.ask(|_| ()).blocking_recv().is_ok());
}

#[test]
fn a_kiosk_that_has_not_heard_everything_offers_nothing_yet() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path()).unwrap();
    store.enrolled(&enrolled()).unwrap();
    store.apply(&Changes { more: true, ..changes() }, now()).unwrap();
    assert_eq!(store.catalogue().unwrap(), None);
    store.apply(&Changes { cursor: 8, ..Changes::default() }, now()).unwrap();
    assert_eq!(store.catalogue().unwrap().unwrap().products.len(), 1);
    // A long time away brings pages again, and the kiosk goes on offering what it knows.
    store.apply(&Changes { cursor: 9, more: true, ..Changes::default() }, now()).unwrap();
    assert!(store.catalogue().unwrap().is_some());
}

#[test]
fn a_card_is_known_by_its_number() {
    let folder = tempfile::tempdir().unwrap();
    let store = store_in(folder.path());
    let number = CardNumber::from_first_13("1234567890123").unwrap();
    assert_eq!(store.card_of_number(&number).unwrap(), Some(card_id()));
    let nobodys = CardNumber::from_first_13("1234567890124").unwrap();
    assert_eq!(store.card_of_number(&nobodys).unwrap(), None);
}

#[test]
fn a_card_that_was_blocked_here_is_blocked_here_at_once_and_stays_so() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store_in(folder.path());
    let set = |number, blocked| {
        let draft = Draft::CardBlock(SetCardBlock { card: card_id(), target: card_id(), blocked });
        kiosk::store::ToRecord { draft, slip: None, ..to_record(number, 1) }
    };
    let stands = |store: &Store| {
        let visitor = visitor(store);
        assert_eq!(visitor.cards[0].status, visitor.status);
        visitor.status
    };
    assert_eq!(stands(&store), CardStatus::Active);
    store.record(set(1, true)).unwrap();
    assert_eq!(stands(&store), CardStatus::BlockedByHolder);
    drop(store);
    // Pulling the plug opens nothing, nor does the server's answer while the change is on its way round.
    let mut store = Store::open(folder.path()).unwrap();
    assert_eq!(stands(&store), CardStatus::BlockedByHolder);
    store.settle(&answered(Outcome::Posted, 1, 1), now()).unwrap();
    assert_eq!(stands(&store), CardStatus::BlockedByHolder);
    store.record(set(2, false)).unwrap();
    assert_eq!(stands(&store), CardStatus::Active);
    store
        .settle(
            &answered(Outcome::Refused(Refusal { rule: Rule::Card, limit: None, asked: None, portions: None }), 2, 2),
            now(),
        )
        .unwrap();
    assert_eq!(stands(&store), CardStatus::BlockedByHolder, "what the server refused has not happened");
    // The server has opened it, for its code: it is open here before the feed says so.
    store.opened(card_id()).unwrap();
    assert_eq!(stands(&store), CardStatus::Active);
}

#[test]
fn only_what_its_holder_has_blocked_is_opened_by_a_code() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store_in(folder.path());
    for status in [CardStatus::Blocked, CardStatus::BlockedByGuardian, CardStatus::Replaced] {
        let card = CardRecord { status, ..changes().cards.remove(0) };
        store.apply(&Changes { cursor: 8, cards: vec![card], ..Changes::default() }, now()).unwrap();
        store.opened(card_id()).unwrap();
        assert_eq!(visitor(&store).status, status);
        // Nor is it made a block of one's own.
        let draft = Draft::CardBlock(SetCardBlock { card: card_id(), target: card_id(), blocked: true });
        store.record(kiosk::store::ToRecord { draft, slip: None, ..to_record(status as u128 + 10, 1) }).unwrap();
        assert_eq!(visitor(&store).status, status);
    }
}

#[test]
fn a_picture_stays_as_long_as_a_product_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store_in(folder.path());
    assert_eq!(store.missing_pictures().unwrap(), []);
    let png = |what: &[u8]| ProductPicture::new([b"\x89PNG\r\n\x1a\n", what].concat()).unwrap();
    let named = |png: &ProductPicture| {
        let product = Product { picture: Some(png.digest()), ..changes().products.remove(0) };
        Changes { cursor: 8, products: vec![product], ..Changes::default() }
    };
    let pictures = |store: &Store| store.catalogue().unwrap().unwrap().pictures.clone();

    let (first, second) = (png(b"first"), png(b"second"));
    store.apply(&named(&first), now()).unwrap();
    assert_eq!((store.missing_pictures().unwrap(), pictures(&store)), (vec![first.digest()], [].into()));
    store.keep_picture(&first).unwrap();
    assert_eq!(
        (store.missing_pictures().unwrap(), pictures(&store)),
        (vec![], [(first.digest(), first.clone())].into())
    );
    // The next drawing takes its place when it has come, and not before.
    store.apply(&named(&second), now()).unwrap();
    assert_eq!((store.missing_pictures().unwrap(), pictures(&store).len()), (vec![second.digest()], 1));
    store.keep_picture(&second).unwrap();
    assert_eq!(pictures(&store), [(second.digest(), second)].into());
}
