//! The loop with real drivers and no screen: a card becomes a page, a hand becomes a row on disk, and a log line names nobody.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Instant;

use kiosk::card::TapSeen;
use kiosk::events::{Dice, Events};
use kiosk::lights::NoLights;
use kiosk::paper::{PaperDriver, PrinterConfig};
use kiosk::shell::{Drivers, Face, Incoming, Shell, page_name};
use kiosk::store::{Bells, StoreHandle};
use kiosk::sync::enrol::KEY_FILE;
use kiosk::sync::{self, Outside, SyncConfig};
use kiosk_core::{Event, Intent, Page, PrintState, ReaderHealth, Screen, TileKind};
use madkort_protocol::{Language, OperationBody};
use receipt_printer::Profile;

use crate::school::*;
use crate::server::{Reply, scripted};

#[derive(Clone, Default)]
struct Wall(Rc<RefCell<Vec<Screen>>>);

impl Face for Wall {
    fn show(&self, screen: &Screen) {
        self.0.borrow_mut().push(screen.clone());
    }
}

struct Kiosk {
    shell: Shell,
    wall: Wall,
    post: Sender<Incoming>,
    woken: Receiver<()>,
    wake: Sender<()>,
    store: StoreHandle,
    tap_seen: TapSeen,
    _folder: tempfile::TempDir,
}

fn kiosk() -> Kiosk {
    let folder = tempfile::tempdir().unwrap();
    drop(store_in(folder.path()));
    std::fs::write(folder.path().join(KEY_FILE), "07".repeat(32)).unwrap();
    let (post, incoming) = mpsc::channel();
    let (wake, woken) = mpsc::channel();
    let (out, bell) = (post.clone(), wake.clone());
    let events = Events::new(move |event| {
        let _ = out.send(Incoming::Event(event));
        let _ = bell.send(());
    });
    let (bells, rings) = Bells::new();
    let outbox = bells.outbox.clone();
    let store = StoreHandle::start(folder.path().to_owned(), events.clone(), clock(), bells).unwrap();
    let nobody = scripted(|_| Reply::HangUp);
    let config = SyncConfig {
        server: format!("http://{nobody}"),
        state: folder.path().to_owned(),
        name: "Kiosk".to_owned(),
        enrol_code_file: None,
    };
    let dice = Dice::new(|| 5);
    let outside = Outside { store: store.clone(), events: events.clone(), clock: clock(), dice: dice.clone(), outbox };
    let sync = sync::start(config, outside).unwrap();
    let printer = PrinterConfig { address: None, profile: Profile::tm_t20iii() };
    PaperDriver::new(printer, store.clone(), events).start(rings).unwrap();
    let (wall, tap_seen) = (Wall::default(), TapSeen::default());
    let drivers = Drivers { store: store.clone(), sync, lights: Box::new(NoLights) };
    let face = Box::new(wall.clone());
    let shell = Shell::new(face, drivers, (clock(), dice), Language::Danish, incoming, tap_seen.clone(), |_, _| {});
    let kiosk = Kiosk { shell, wall, post, woken, wake, store, tap_seen, _folder: folder };
    kiosk.say(Incoming::Second);
    kiosk.say(Incoming::Event(Event::Reader(ReaderHealth::Works)));
    kiosk
}

impl Kiosk {
    fn say(&self, incoming: Incoming) {
        self.post.send(incoming).unwrap();
        self.wake.send(()).unwrap();
    }

    fn hand(&self, intent: Intent) {
        self.say(Incoming::Hand(intent));
    }

    /// Turns the loop until the screen is as wanted.
    fn wait_for<T>(&mut self, what: &str, wanted: impl Fn(&Page) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            self.shell.drain();
            if let Some(found) = self.wall.0.borrow().last().and_then(|screen| wanted(&screen.page)) {
                return found;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if self.woken.recv_timeout(left).is_err() {
                let shown: Vec<_> = self.wall.0.borrow().iter().map(|screen| page_name(&screen.page)).collect();
                panic!("the screen never showed {what}; it showed {shown:?}");
            }
        }
    }

    fn wait_for_page(&mut self, name: &str) {
        self.wait_for(name, |page| (page_name(page) == name).then_some(()));
    }
}

#[test]
fn a_visit_from_card_to_slip_leaves_a_row_on_disk_and_nobody_on_the_screen() {
    let mut kiosk = kiosk();
    kiosk.wait_for_page("Idle");
    kiosk.tap_seen.set(Instant::now());
    kiosk.say(Incoming::Event(Event::Tapped(uid())));
    kiosk.wait_for_page("Code");
    for digit in CODE.bytes() {
        kiosk.hand(Intent::Digit(digit - b'0'));
    }
    kiosk.wait_for_page("Home");
    assert!(kiosk.tap_seen.take().is_none(), "the tap was not timed");
    kiosk.hand(Intent::Speak(Language::English));
    kiosk.hand(Intent::Open(TileKind::Order));
    kiosk.wait_for_page("Menu");
    kiosk.hand(Intent::Add(product_id()));
    kiosk.hand(Intent::Checkout);
    kiosk.wait_for_page("Checkout");
    kiosk.hand(Intent::Pay);
    let done = kiosk.wait_for("OrderDone without paper", |page| match page {
        Page::OrderDone(done) if done.paper == PrintState::NotPrinted => Some(done.clone()),
        _ => None,
    });
    assert_eq!((done.number.as_str(), done.balance, done.offline), ("K1-1", kroner(78), true));
    kiosk.say(Incoming::Event(Event::Lifted));
    kiosk.wait_for_page("Idle");
    let operations = kiosk.store.ask(|desk| desk.store.outbox().unwrap().push.operations).blocking_recv().unwrap();
    assert_eq!(operations.len(), 1);
    assert!(operations[0].offline);
    assert_eq!(operations[0].id.uuid().get_version_num(), 7);
    assert!(matches!(&operations[0].body, OperationBody::PlaceOrder(order) if order.number == "K1-1"));
}

#[test]
fn the_same_screen_is_not_shown_twice() {
    let mut kiosk = kiosk();
    kiosk.wait_for_page("Idle");
    kiosk.shell.drain();
    let shown = kiosk.wall.0.borrow().len();
    kiosk.say(Incoming::Second);
    kiosk.say(Incoming::Second);
    kiosk.shell.drain();
    let again = kiosk.wall.0.borrow();
    assert!(again.len() <= shown + 1, "{} screens", again.len());
    assert!(again.windows(2).all(|pair| pair[0] != pair[1]));
}
