//! The monitor against a scripted card service: each test is one thing that happens at a reader, told in order.

#![allow(clippy::unwrap_used)]

mod scripted;

use std::time::{Duration, Instant};

use card_reader::backend::CardError;
use card_reader::{CardEvent, CardKind, ReaderFault, ReaderStatus, Refusal};
use scripted::{Desk, Opening, Reply, bytes, card};

const A: &str = "Reader A";
const B: &str = "Reader B";
const ANNA: &str = "04A1B2C3D4E580";
const BO: &str = "04112233445566";

const IDLE: CardEvent = CardEvent::Reader(ReaderStatus::Idle);
const PRESENT: CardEvent = CardEvent::Reader(ReaderStatus::CardPresent);
const NO_READER: CardEvent = CardEvent::Reader(ReaderStatus::NoReader);
const DOWN: CardEvent = CardEvent::Reader(ReaderStatus::ServiceDown);

fn fault(fault: ReaderFault) -> CardEvent {
    CardEvent::Reader(ReaderStatus::Fault(fault))
}

#[track_caller]
fn assert_tapped(event: &CardEvent, uid: &str) {
    match event {
        CardEvent::Tapped { uid: read, kind: CardKind::Ultralight, .. } => assert_eq!(read.to_hex(), uid),
        other => panic!("{other:?} instead of a tap"),
    }
}

/// A desk with an empty reader, and the monitor has said so.
fn desk() -> Desk {
    let desk = Desk::with_readers(&[A]);
    assert_eq!(desk.next(), IDLE);
    desk
}

/// Puts this card down, and lifts it after what it is told to be.
#[track_caller]
fn assert_refused(opening: Opening, refusal: Refusal) {
    let desk = desk();
    desk.next_openings([opening]);
    desk.put(A);
    assert_eq!(desk.take(), [PRESENT, CardEvent::Refused(refusal)]);
    desk.lift(A);
    assert_eq!(desk.take(), [CardEvent::Lifted, IDLE]);
    assert_works(&desk);
}

/// A good card is read, once, as if nothing had been.
#[track_caller]
fn assert_works(desk: &Desk) {
    desk.next_openings([card(ANNA)]);
    desk.put(A);
    let [present, tapped] = desk.take();
    assert_eq!(present, PRESENT);
    assert_tapped(&tapped, ANNA);
    desk.lift(A);
    assert_eq!(desk.take(), [CardEvent::Lifted, IDLE]);
}

#[test]
fn one_event_per_presentation() {
    let desk = desk();
    for _ in 0..50 {
        assert_works(&desk);
    }
    assert_eq!(desk.opened(), 50);
}

#[test]
fn a_card_that_lies_there_already_is_read() {
    let desk = Desk::closed(CardError::ServiceLost);
    desk.put(A);
    desk.next_openings([card(ANNA)]);
    assert_eq!(desk.next(), DOWN);
    desk.start_service();
    let [present, tapped] = desk.take();
    assert_eq!(present, PRESENT);
    assert_tapped(&tapped, ANNA);
}

#[test]
fn service_not_running_at_first() {
    let desk = Desk::closed(CardError::ServiceLost);
    assert_eq!(desk.next(), DOWN);
    desk.start_service();
    assert_eq!(desk.next(), IDLE);
    assert_works(&desk);
}

#[test]
fn service_ends_and_comes_back() {
    let desk = desk();
    for _ in 0..3 {
        desk.stop_service();
        assert_eq!(desk.next(), DOWN);
        let started = Instant::now();
        desk.start_service();
        assert_eq!(desk.next(), IDLE);
        assert!(started.elapsed() < Duration::from_millis(500), "back after {:?}", started.elapsed());
        assert_works(&desk);
    }
}

#[test]
fn service_ends_under_a_card() {
    let desk = desk();
    desk.next_openings([card(ANNA), card(ANNA)]);
    desk.put(A);
    assert_tapped(&desk.take::<2>()[1], ANNA);
    desk.stop_service();
    assert_eq!(desk.take(), [CardEvent::Lifted, DOWN]);
    desk.start_service();
    let [present, tapped] = desk.take();
    assert_eq!(present, PRESENT);
    assert_tapped(&tapped, ANNA);
    desk.lift(A);
    assert_eq!(desk.take(), [CardEvent::Lifted, IDLE]);
}

#[test]
fn service_ends_in_a_reading_and_the_card_is_not_blamed() {
    let desk = desk();
    desk.next_openings([Opening::Replies(vec![Reply::Hangs]), card(ANNA)]);
    desk.put(A);
    assert_eq!(desk.next(), PRESENT);
    desk.await_openings(1);
    desk.stop_service();
    assert_eq!(desk.next(), DOWN);
    desk.start_service();
    let [present, tapped] = desk.take();
    assert_eq!(present, PRESENT);
    assert_tapped(&tapped, ANNA);
}

#[test]
fn a_reading_that_alone_lost_the_service_is_tried_again() {
    let desk = desk();
    desk.next_openings([Opening::Fails(CardError::ServiceLost), card(ANNA)]);
    desk.put(A);
    let [present, tapped] = desk.take();
    assert_eq!(present, PRESENT);
    assert_tapped(&tapped, ANNA);
}

#[test]
fn not_permitted_until_someone_permits_it() {
    let desk = Desk::closed(CardError::NotPermitted);
    assert_eq!(desk.next(), fault(ReaderFault::NotPermitted));
    desk.start_service();
    assert_eq!(desk.next(), IDLE);
    assert_works(&desk);
}

#[test]
fn a_service_that_refuses_once_is_dying() {
    let desk = desk();
    desk.refuse_once();
    desk.stop_service();
    assert_eq!(desk.next(), DOWN);
    desk.refuse_once();
    desk.start_service();
    assert_eq!(desk.next(), IDLE);

    desk.next_openings([Opening::Fails(CardError::NotPermitted), card(ANNA)]);
    desk.put(A);
    assert_tapped(&desk.take::<2>()[1], ANNA);
}

#[test]
fn a_card_that_this_user_may_not_use() {
    let desk = desk();
    desk.next_openings(vec![Opening::Fails(CardError::NotPermitted); 2]);
    desk.next_openings([card(ANNA)]);
    desk.put(A);
    assert_eq!(desk.take(), [PRESENT, fault(ReaderFault::NotPermitted)]);
    let [present, tapped] = desk.take();
    assert_eq!(present, PRESENT);
    assert_tapped(&tapped, ANNA);
}

#[test]
fn no_reader_is_told_at_once_and_one_that_comes_is_used() {
    let began = Instant::now();
    let desk = Desk::with_readers(&[]);
    assert_eq!(desk.next(), NO_READER);
    assert!(began.elapsed() < Duration::from_secs(1), "told after {:?}", began.elapsed());
    desk.plug(A);
    assert_eq!(desk.next(), IDLE);
    assert_works(&desk);
}

#[test]
fn reader_unplugged_and_plugged_in_again() {
    let desk = desk();
    for _ in 0..3 {
        desk.unplug(A);
        assert_eq!(desk.next(), NO_READER);
        desk.plug(A);
        assert_eq!(desk.next(), IDLE);
        assert_works(&desk);
    }
}

#[test]
fn reader_unplugged_under_a_card() {
    let desk = desk();
    desk.next_openings([card(ANNA)]);
    desk.put(A);
    assert_tapped(&desk.take::<2>()[1], ANNA);
    desk.unplug(A);
    assert_eq!(desk.take(), [CardEvent::Lifted, NO_READER]);
}

#[test]
fn reader_unplugged_between_listing_and_waiting() {
    let desk = desk();
    desk.unplug_behind_the_list(A);
    assert_eq!(desk.next(), NO_READER);
    desk.plug(A);
    assert_eq!(desk.next(), IDLE);
    assert_works(&desk);
}

#[test]
fn losing_one_of_two_readers_is_not_losing_the_reader() {
    let desk = Desk::with_readers(&[A, B]);
    assert_eq!(desk.next(), IDLE);
    desk.unplug(B);
    assert_works(&desk);
    desk.unplug(A);
    assert_eq!(desk.next(), NO_READER);
}

#[test]
fn reader_stops_answering_and_recovers() {
    let desk = desk();
    desk.answers(A, false);
    assert_eq!(desk.next(), fault(ReaderFault::NotAnswering));
    desk.answers(A, true);
    assert_eq!(desk.next(), IDLE);
    assert_works(&desk);
}

#[test]
fn a_driver_that_does_not_wait_does_not_make_us_spin() {
    let desk = desk();
    desk.make_impatient();
    let before = desk.waits();
    assert_eq!(desk.within(Duration::from_secs(1)), []);
    let waits = desk.waits() - before;
    assert!(waits < 50, "{waits} waits in a second");
    assert_works(&desk);
}

#[test]
fn card_leaves_in_the_middle_of_an_apdu() {
    // vpcd says so with an empty answer, other drivers with an error; a lone byte is no status word either.
    assert_refused(Opening::Replies(vec![bytes("")]), Refusal::LeftTooSoon);
    assert_refused(Opening::Replies(vec![bytes("90")]), Refusal::LeftTooSoon);
    assert_refused(Opening::Replies(vec![Reply::Error(CardError::CardLeft)]), Refusal::LeftTooSoon);
    assert_refused(Opening::Replies(vec![bytes("04A1B2C3D4E5809000"), bytes("")]), Refusal::LeftTooSoon);
    assert_refused(Opening::Fails(CardError::CardLeft), Refusal::LeftTooSoon);
}

#[test]
fn card_leaves_before_it_is_read_and_the_late_result_is_dropped() {
    let desk = desk();
    desk.next_openings([Opening::Replies(vec![Reply::Hangs])]);
    desk.put(A);
    assert_eq!(desk.next(), PRESENT);
    desk.await_openings(1);
    desk.lift(A);
    assert_eq!(desk.take(), [CardEvent::Refused(Refusal::LeftTooSoon), CardEvent::Lifted, IDLE]);
    desk.let_go();
    assert_works(&desk);
}

#[test]
fn card_swapped_during_the_reading() {
    let replies = vec![bytes(&format!("{ANNA}9000")), bytes(&format!("{BO}9000"))];
    assert_refused(Opening::Replies(replies), Refusal::TwoCards);
}

#[test]
fn card_swapped_between_two_looks() {
    let desk = desk();
    desk.next_openings([card(ANNA), card(BO)]);
    desk.put(A);
    assert_tapped(&desk.take::<2>()[1], ANNA);
    desk.swap(A);
    let [lifted, tapped] = desk.take();
    assert_eq!(lifted, CardEvent::Lifted);
    assert_tapped(&tapped, BO);
    desk.lift(A);
    assert_eq!(desk.take(), [CardEvent::Lifted, IDLE]);
}

#[test]
fn card_never_answers_and_the_next_one_does() {
    let desk = desk();
    desk.next_openings([Opening::Replies(vec![Reply::Hangs])]);
    let put = Instant::now();
    desk.put(A);
    assert_eq!(desk.take(), [PRESENT, CardEvent::Refused(Refusal::Unreadable)]);
    let took = put.elapsed();
    assert!(took >= Duration::from_millis(700), "given up after {took:?}");
    assert!(took < Duration::from_secs(2), "given up after {took:?}");
    desk.lift(A);
    assert_eq!(desk.take(), [CardEvent::Lifted, IDLE]);
    // The first reading still hangs.
    assert_works(&desk);
    desk.let_go();
    assert_works(&desk);
}

#[test]
fn two_cards_at_once() {
    let desk = Desk::with_readers(&[A, B]);
    assert_eq!(desk.next(), IDLE);
    desk.next_openings([card(ANNA), card(BO)]);
    desk.put(B);
    assert_tapped(&desk.take::<2>()[1], ANNA);
    desk.put(A);
    assert_eq!(desk.take(), [CardEvent::Lifted, CardEvent::Refused(Refusal::TwoCards)]);
    desk.lift(B);
    let [lifted, tapped] = desk.take();
    assert_eq!(lifted, CardEvent::Lifted);
    assert_tapped(&tapped, BO);
    desk.lift(A);
    assert_eq!(desk.take(), [CardEvent::Lifted, IDLE]);
}

#[test]
fn another_program_lets_go_in_time() {
    let desk = desk();
    let busy = Opening::Fails(CardError::InUse);
    desk.next_openings([busy.clone(), busy.clone(), busy, card(ANNA)]);
    desk.put(A);
    let [present, tapped] = desk.take();
    assert_eq!(present, PRESENT);
    assert_tapped(&tapped, ANNA);
}

#[test]
fn another_program_holds_the_reader_and_then_lets_go() {
    let desk = desk();
    desk.next_openings(vec![Opening::Fails(CardError::InUse); 4]);
    desk.next_openings([card(ANNA)]);
    desk.put(A);
    assert_eq!(desk.take(), [PRESENT, fault(ReaderFault::InUse)]);
    assert_eq!(desk.opened(), 4, "tried once and then three times again");
    // The card still lies there, and is read without being lifted.
    let [present, tapped] = desk.take();
    assert_eq!(present, PRESENT);
    assert_tapped(&tapped, ANNA);
    desk.lift(A);
    assert_eq!(desk.take(), [CardEvent::Lifted, IDLE]);
}

#[test]
fn another_program_resets_the_card() {
    let desk = desk();
    let reset = Opening::Replies(vec![bytes("04A1B2C3D4E5809000"), Reply::Error(CardError::CardReset)]);
    desk.next_openings([reset.clone(), card(ANNA)]);
    desk.put(A);
    assert_tapped(&desk.take::<2>()[1], ANNA);
    assert_eq!(desk.opened(), 2);
    desk.lift(A);
    assert_eq!(desk.take(), [CardEvent::Lifted, IDLE]);

    desk.next_openings([reset.clone(), reset]);
    desk.put(A);
    assert_eq!(desk.take(), [PRESENT, CardEvent::Refused(Refusal::Unreadable)]);
    assert_eq!(desk.opened(), 4, "one fresh start, not more");
}

#[test]
fn phones_and_reserved_numbers() {
    for uid in ["08A1B2C3", "00000000", "FFFFFFFF", "88A1B2C3", "00000000000000"] {
        assert_refused(card(uid), Refusal::RandomId);
    }
}

#[test]
fn answers_that_are_no_uid() {
    assert_refused(Opening::Replies(vec![bytes("6A81")]), Refusal::Unreadable);
    assert_refused(Opening::Replies(vec![bytes("6300")]), Refusal::Unreadable);
    assert_refused(Opening::Replies(vec![bytes("04A1B2C3D4E5806282")]), Refusal::Unreadable);
    assert_refused(Opening::Replies(vec![bytes("9000")]), Refusal::UnknownLength);
    assert_refused(Opening::Replies(vec![bytes("0102030405069000")]), Refusal::UnknownLength);
    assert_refused(Opening::Fails(CardError::Card(pcsc::Error::UnresponsiveCard)), Refusal::Unreadable);
}

#[test]
fn dropping_the_monitor_ends_it_whatever_it_waits_for() {
    let limit = Duration::from_secs(1);
    let waiting = desk();
    assert!(waiting.close() < limit, "while waiting for a card");

    let down = Desk::closed(CardError::ServiceLost);
    assert_eq!(down.next(), DOWN);
    assert!(down.close() < limit, "while waiting for the service");

    let hanging = desk();
    hanging.next_openings([Opening::Replies(vec![Reply::Hangs])]);
    hanging.put(A);
    hanging.await_openings(1);
    assert!(hanging.close() < limit, "while a card hangs");
}
