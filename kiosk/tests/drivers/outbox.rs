//! An outbox that does not move: a fault that is told, and that goes by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use kiosk::store::DATABASE;
use kiosk::sync::Question;
use kiosk_core::{Event, Link};
use madkort_protocol::*;

use crate::school::*;
use crate::server::{Reply, scripted};
use crate::sync::{facing, folder_with_an_order, nothing_new, problem, settled, wait_until_settled};
use crate::whole::Kiosk;

/// What the server says to a push.
type Answer = fn() -> Reply;

#[test]
fn a_server_that_answers_and_takes_nothing_is_a_fault_until_it_does() {
    let wrong: [(&str, Answer); 4] = [
        ("a gap that cannot be filled", || problem(ProblemCode::SequenceGap, Some(7))),
        ("not that outbox", || problem(ProblemCode::InvalidField, None)),
        ("a fault of its own", || Reply::Say(500, Some(API_VERSION), String::new())),
        ("an answer that settles nothing", || {
            let pushed = Pushed { acked_seq: 0, answers: vec![], accounts: vec![], orders: vec![] };
            Reply::Say(200, Some(API_VERSION), serde_json::to_string(&pushed).unwrap())
        }),
    ];
    for (what, wrong) in wrong {
        let mended = Arc::new(AtomicBool::new(false));
        let well = mended.clone();
        let (mut kiosk, _folder) = facing(move |asked| {
            if asked.path.starts_with("/v1/changes") {
                return nothing_new(asked);
            }
            if !well.load(Ordering::SeqCst) {
                return wrong();
            }
            settled(&serde_json::from_slice(&asked.body).unwrap(), &Outcome::Posted)
        });
        kiosk.ears.wait_for(what, |event| (*event == Event::Outbox { stuck: true }).then_some(()));
        kiosk.wait_for_link(Link::Online);
        let unsettled = kiosk.store.ask(|desk| desk.store.unsettled().unwrap()).blocking_recv().unwrap();
        assert_eq!(unsettled, 1, "{what}: it is kept");
        mended.store(true, Ordering::SeqCst);
        kiosk.sync.ask(Question::Hurry);
        kiosk.ears.wait_for_event(&Event::Outbox { stuck: false });
        wait_until_settled(&kiosk);
        let told = kiosk.ears.drain();
        assert!(!told.iter().any(|event| matches!(event, Event::Outbox { .. })), "{what}: told once each: {told:?}");
    }
}

#[test]
fn an_outbox_that_cannot_be_read_is_the_disk_s_fault() {
    let folder = folder_with_an_order();
    let outside = rusqlite::Connection::open(folder.path().join(DATABASE)).unwrap();
    outside.execute("UPDATE journal SET claimed_at = 'never'", []).unwrap();
    let address = scripted(|asked| {
        if asked.path == "/v1/operations" {
            return settled(&serde_json::from_slice(&asked.body).unwrap(), &Outcome::Posted);
        }
        nothing_new(asked)
    });
    let mut kiosk = Kiosk::start(&format!("http://{address}"), folder.path(), None, clock());
    kiosk.ears.wait_for_event(&Event::Disk { works: false });
    let unsettled = kiosk.store.ask(|desk| desk.store.unsettled().unwrap()).blocking_recv().unwrap();
    assert_eq!(unsettled, 1, "what cannot be read is not sent, and is kept");
    outside.execute("UPDATE journal SET claimed_at = ?1", [NOW]).unwrap();
    kiosk.ears.wait_for_event(&Event::Disk { works: true });
    wait_until_settled(&kiosk);
    let told = kiosk.ears.drain();
    assert!(!told.iter().any(|event| matches!(event, Event::Disk { .. })), "one fault, not one for each try: {told:?}");
}
