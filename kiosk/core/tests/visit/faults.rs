//! Every fault in every state: it has a page or a line, and the kiosk comes back by itself.

use jiff::SignedDuration;
use kiosk_core::*;
use madkort_protocol::*;

use crate::world::*;

fn causes(fault: Fault) -> Event {
    match fault {
        Fault::Disk => Event::Disk { works: false },
        Fault::NotEnrolled => Event::Link(Link::NotEnrolled),
        Fault::WrongVersion => Event::Link(Link::WrongVersion),
        Fault::OfflineTooLong => {
            Event::Link(Link::Offline { last_heard: Some(start() - SignedDuration::from_hours(73)) })
        }
        Fault::Offline => Event::Link(Link::Offline { last_heard: Some(start()) }),
        Fault::Unsent => Event::Outbox { stuck: true },
        Fault::ReaderService => Event::Reader(ReaderHealth::ServiceDown),
        Fault::NoReader => Event::Reader(ReaderHealth::Missing),
        Fault::ReaderFault => Event::Reader(ReaderHealth::Faulty),
        Fault::PaperOut => Event::Printer(PrinterHealth::PaperOut),
        Fault::CoverOpen => Event::Printer(PrinterHealth::CoverOpen),
        Fault::Cutter => Event::Printer(PrinterHealth::Cutter),
        Fault::PrinterFault => Event::Printer(PrinterHealth::Faulty),
        Fault::PrinterGone => Event::Printer(PrinterHealth::Gone),
    }
}

fn cures(play: &mut Play) {
    play.tell(Event::Disk { works: true });
    play.tell(Event::Link(Link::Online));
    play.tell(Event::Outbox { stuck: false });
    play.tell(Event::Reader(ReaderHealth::Works));
    play.tell(Event::Printer(PrinterHealth::Works));
}

/// A visit in each of its states.
fn states() -> Vec<Play> {
    let inside = |intents: &[Intent]| {
        let mut play = Play::inside(visitor(200));
        for intent in intents {
            play.hand(intent.clone());
        }
        play
    };
    let mut at_door = Play::new();
    at_door.tell(Event::Tapped(uid())).tell(Event::Known(Box::new(Visitor { ask_code: true, ..visitor(78) })));
    let (mut without_card, mut signed_in) = (Play::new(), Play::signed_in(visitor(78)));
    without_card.hand(Intent::WithoutCard);
    signed_in.hand(Intent::Open(TileKind::Statement));
    let mut looking_up = Play::new();
    looking_up.tell(Event::Tapped(uid()));
    let order = [Intent::Open(TileKind::Order), Intent::Add(product_id(LASAGNE)), Intent::Checkout, Intent::Pay];
    let deposit = [Intent::Open(TileKind::Deposit), Intent::Preset(100), Intent::AcceptTerms(true), Intent::Next];
    vec![
        Play::new(),
        looking_up,
        at_door,
        inside(&[]),
        inside(&order[..1]),
        inside(&order[..3]),
        inside(&order),
        inside(&deposit[..1]),
        inside(&deposit),
        without_card,
        signed_in,
        inside(&[Intent::Open(TileKind::Accounts)]),
        inside(&[Intent::Open(TileKind::Accounts), Intent::BlockCard(visitor(0).card)]),
        inside(&[Intent::Open(TileKind::Statement)]),
        inside(&[Intent::Open(TileKind::Support)]),
    ]
}

#[test]
fn every_fault_in_every_state_shows_and_passes() {
    for fault in Fault::ALL {
        for mut play in states() {
            let before = play.page();
            play.tell(causes(fault));
            let screen = play.kiosk.view();
            match fault.weight() {
                Weight::Stops => {
                    assert_eq!(screen.page, Page::OutOfService(fault));
                    assert!(!play.screen_text().contains("Alma"), "{fault:?} from {before:?}");
                    play.tell(Event::Tapped(uid()));
                    assert_eq!(play.page(), Page::OutOfService(fault), "nobody is let in");
                }
                Weight::Limits => {
                    assert_eq!(screen.faults, vec![fault]);
                    assert_eq!(std::mem::discriminant(&screen.page), std::mem::discriminant(&before));
                }
            }
            cures(&mut play);
            assert_eq!(play.kiosk.view().faults, vec![]);
            assert!(!matches!(play.page(), Page::OutOfService(_)), "it comes back by itself");
        }
    }
}

#[test]
fn the_gravest_fault_has_the_page() {
    let mut play = Play::new();
    play.tell(causes(Fault::NoReader)).tell(causes(Fault::Disk)).tell(causes(Fault::PaperOut));
    assert_eq!(play.page(), Page::OutOfService(Fault::Disk));
    assert_eq!(play.kiosk.view().faults, vec![Fault::PaperOut]);
    assert!(play.effects.contains(&Effect::Light(Light::Attention)));
}

#[test]
fn one_trouble_with_the_server_has_one_line() {
    let mut play = Play::new();
    play.tell(causes(Fault::Unsent)).tell(causes(Fault::Offline));
    assert_eq!(play.kiosk.view().faults, vec![Fault::Offline]);
    play.tell(Event::Link(Link::Online));
    assert_eq!(play.kiosk.view().faults, vec![Fault::Unsent], "it is heard again, and still takes nothing");
}

#[test]
fn an_order_being_recorded_when_the_reader_dies_is_neither_lost_nor_shown_to_the_next() {
    let mut play = states().remove(6);
    play.tell(causes(Fault::ReaderService));
    play.tell(Event::Recorded { id: op(1004), number: "K1-1".into(), visitor: Box::new(visitor(168)) });
    assert_eq!(play.page(), Page::OutOfService(Fault::ReaderService));
    cures(&mut play);
    assert!(!play.screen_text().contains("Alma"));
}

#[test]
fn a_printer_fault_stops_no_order() {
    for health in [PrinterHealth::PaperOut, PrinterHealth::Gone, PrinterHealth::None] {
        let mut play = Play::inside(visitor(200));
        play.tell(Event::Printer(health));
        play.hand(Intent::Open(TileKind::Order)).hand(Intent::Add(product_id(MILK)));
        play.hand(Intent::Checkout).hand(Intent::Pay);
        assert!(play.effects.iter().any(|e| matches!(e, Effect::Record { .. })), "{health:?}");
    }
}

#[test]
fn before_the_school_is_known_nothing_is_read() {
    let (kiosk, effects) = Kiosk::default().update(Event::Tapped(uid()));
    assert_eq!(kiosk.view().page, Page::Starting);
    assert!(!effects.contains(&Effect::LookUp(uid())));
    assert_eq!(Language::default(), kiosk.view().language);
}
