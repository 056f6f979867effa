//! The way to the server, against the real one and against everything that can stand in between.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use kiosk::events::Clock;
use kiosk::store::Store;
use kiosk::sync::Question;
use kiosk::sync::enrol::{EnrolError, KEY_FILE, enrol};
use kiosk_core::{Catalogue, CodeAnswer, Event, Link, Visitor};
use madkort_protocol::*;

use crate::school::*;
use crate::server::{Asked, RealServer, Reply, scripted};
use crate::whole::Kiosk;

fn uid_of(server: &RealServer, label: &str) -> CardUid {
    CardUid::parse(&server.card(label).uid).unwrap()
}

/// One piece of the first dish of a day.
fn first_dish(catalogue: &Catalogue, day: jiff::civil::Date, visitor: &Visitor) -> PlaceOrder {
    let product = catalogue.product(catalogue.day(day).unwrap().products[0]).unwrap();
    PlaceOrder {
        number: String::new(),
        card: visitor.card,
        account: visitor.accounts[0].id,
        date: day,
        lines: vec![LineRequest { product: product.id, quantity: 1, price: product.price, comment: String::new() }],
        total: product.price,
    }
}

#[test]
fn a_kiosk_enrols_pulls_the_school_and_has_its_orders_in_the_ledger() {
    let server = RealServer::start(clock());
    let state = tempfile::tempdir().unwrap();
    let code_file = server.code_file();
    let mut kiosk = Kiosk::start(&server.url(), state.path(), Some(code_file.clone()), clock());
    kiosk.wait_for_link(Link::NotEnrolled);
    kiosk.wait_for_link(Link::Online);
    let day = server.demo.next_school_day;
    let catalogue = kiosk.catalogue_of(day);
    let pictured = kiosk.ears.wait_for("every picture", |event| match event {
        Event::Catalogue(catalogue) => catalogue.products.iter().map(|product| catalogue.picture(product)).collect(),
        _ => None::<Vec<(PictureDigest, ProductPicture)>>,
    });
    assert!(!pictured.is_empty() && pictured.iter().all(|(digest, picture)| picture.digest() == *digest));
    assert!(!code_file.exists());
    let key = std::fs::metadata(state.path().join(KEY_FILE)).unwrap();
    assert_eq!(key.permissions().mode() & 0o777, 0o600);

    let uid = uid_of(&server, "Alma");
    kiosk.store.tell(move |desk| desk.look_up(uid));
    let alma = kiosk.wait_for_visitor("Alma", |_| true);
    assert_eq!(alma.accounts[0].balance, server.balance("Alma"));
    let (card, before) = (alma.card, alma.accounts[0].balance);

    assert_eq!(kiosk.code(card, "0000"), CodeAnswer::Wrong { tries_left: FREE_TRIES - 1 });
    assert_eq!(kiosk.code(card, &server.card("Alma").code), CodeAnswer::Right);

    let order = first_dish(&catalogue, day, &alma);
    let price = order.total;
    kiosk.store.tell(move |desk| {
        desk.follow(Some(card));
        desk.record(operation(1), ordered(order), None, false);
    });
    let recorded = kiosk.ears.wait_for("Recorded", |event| match event {
        Event::Recorded { number, visitor, .. } => Some((number.clone(), (**visitor).clone())),
        _ => None,
    });
    assert_eq!(recorded.1.accounts[0].balance, before.minus(price).unwrap());
    assert_eq!(recorded.1.unacknowledged, [operation(1)]);
    let settled = kiosk.wait_for_visitor("the order acknowledged", |visitor| {
        visitor.unacknowledged.is_empty() && visitor.orders.iter().any(|o| o.id == operation(1))
    });
    assert_eq!(settled.accounts[0].balance, before.minus(price).unwrap());
    assert_eq!(server.balance("Alma"), before.minus(price).unwrap());

    kiosk.sync.ask(Question::LoadStatement { account: alma.accounts[0].id, month: None });
    let statement = kiosk.ears.wait_for("the statement", |event| match event {
        Event::StatementIs(statement) => Some((**statement).clone()),
        _ => None,
    });
    assert!(statement.lines.iter().any(|line| line.number == recorded.0), "{} in {:?}", recorded.0, statement.lines);

    // Whoever is signed in reads and changes who they are; when the visit is over, nobody is.
    let who = alma.person.id;
    kiosk.sync.ask(Question::LoadProfile(who));
    let profile = |kiosk: &mut Kiosk| {
        kiosk.ears.wait_for("the profile", |event| match event {
            Event::ProfileIs(profile) => Some((**profile).clone()),
            _ => None,
        })
    };
    let before = profile(&mut kiosk);
    let change = ProfileChange {
        card,
        name: before.name,
        email: before.email,
        phone: String::new(),
        address: String::new(),
        postcode: "8766".to_owned(),
        town: "Nørre Snede".to_owned(),
        caps: SpendingCaps { day: Some(Money::from_kroner(50)), ..SpendingCaps::default() },
    };
    kiosk.sync.ask(Question::SaveProfile { person: who, change: Box::new(change.clone()) });
    assert_eq!(profile(&mut kiosk).caps, change.caps);
    kiosk.sync.ask(Question::NextVisit);
    kiosk.sync.ask(Question::LoadProfile(who));
    kiosk.ears.wait_for_event(&Event::SignedOut);
    kiosk.sync.ask(Question::LoadStatement { account: alma.accounts[0].id, month: None });
    kiosk.ears.wait_for_event(&Event::SignedOut);
}

#[test]
fn an_order_the_server_refuses_is_told_and_undone() {
    let server = RealServer::start(clock());
    let state = tempfile::tempdir().unwrap();
    let mut kiosk = Kiosk::start(&server.url(), state.path(), Some(server.code_file()), clock());
    let day = server.demo.next_school_day;
    let catalogue = kiosk.catalogue_of(day);
    let uid = uid_of(&server, "Alma");
    kiosk.store.tell(move |desk| desk.look_up(uid));
    let alma = kiosk.wait_for_visitor("Alma", |_| true);
    let mut order = first_dish(&catalogue, day, &alma);
    order.lines[0].price = kroner(1);
    order.total = kroner(1);
    let card = alma.card;
    kiosk.store.tell(move |desk| {
        desk.follow(Some(card));
        desk.record(operation(1), ordered(order), None, false);
    });
    let rule = kiosk.ears.wait_for("OperationRefused", |event| match event {
        Event::OperationRefused { id, refusal, .. } if *id == operation(1) => Some(refusal.rule),
        _ => None,
    });
    assert_eq!(rule, Rule::Price);
    let undone = kiosk
        .wait_for_visitor("the order undone", |visitor| visitor.orders.iter().any(|o| o.state == OrderState::Refused));
    assert_eq!(undone.accounts[0].balance, server.balance("Alma"));
}

pub fn alma_pays_in(server: &RealServer, number: u128, amount: i32) -> Question {
    Question::OpenDeposit(Box::new(DepositRequest {
        id: operation(number),
        card: server.card("Alma").card,
        account: server.card("Alma").account,
        amount: kroner(amount),
        email: "alma@hojager.example".to_owned(),
        terms_version: block_terms(server),
        language: Language::Danish,
    }))
}

#[test]
fn a_deposit_is_followed_until_it_is_paid_and_another_is_given_up() {
    let server = RealServer::start(clock());
    let state = tempfile::tempdir().unwrap();
    let mut kiosk = Kiosk::start(&server.url(), state.path(), Some(server.code_file()), clock());
    kiosk.wait_for_link(Link::Online);
    let before = server.balance("Alma");
    let request = |number, amount| alma_pays_in(&server, number, amount);
    kiosk.sync.ask(request(1, 100));
    let open = kiosk.deposit_is(DepositState::Open);
    server.pay(&open.url);
    let paid = kiosk.deposit_is(DepositState::Paid);
    assert_eq!((paid.id, paid.balance), (operation(1), Some(before.plus(kroner(100)).unwrap())));

    kiosk.sync.ask(request(2, 200));
    kiosk.deposit_is(DepositState::Open);
    kiosk.sync.ask(Question::CancelDeposit(operation(2)));
    assert_eq!(kiosk.deposit_is(DepositState::Cancelled).id, operation(2));

    // Far above what the school takes at once.
    kiosk.sync.ask(request(3, 100_000));
    kiosk.ears.wait_for_event(&Event::DepositRefused(operation(3)));
}

#[test]
fn money_goes_out_for_whoever_gave_the_code_and_once() {
    let server = RealServer::start(clock());
    let state = tempfile::tempdir().unwrap();
    let mut kiosk = Kiosk::start(&server.url(), state.path(), Some(server.code_file()), clock());
    kiosk.wait_for_link(Link::Online);
    let (alma, before) = (server.card("Alma"), server.balance("Alma"));
    let request = WithdrawalRequest {
        id: operation(1),
        card: alma.card,
        account: alma.account,
        amount: before,
        name: "Alma Østergaard Lindqvist".to_owned(),
        registration: "1234".to_owned(),
        account_number: "9876543".to_owned(),
        message: String::new(),
        language: Language::Danish,
    };
    kiosk.sync.ask(Question::Withdraw(Box::new(request.clone())));
    kiosk.ears.wait_for_event(&Event::SignedOut);
    assert_eq!(kiosk.code(alma.card, &alma.code), CodeAnswer::Right);
    let mut said = |question| {
        kiosk.sync.ask(question);
        kiosk.ears.wait_for("WithdrawalIs", |event| match event {
            Event::WithdrawalIs(withdrawal) => Some((**withdrawal).clone()),
            _ => None,
        })
    };
    let held = said(Question::Withdraw(Box::new(request.clone())));
    assert_eq!((held.balance, held.to.as_str()), (Money::ZERO, "6543"));
    assert_eq!(said(Question::Withdraw(Box::new(request.clone()))), held, "sent again it is the same one");
    let back = said(Question::CancelWithdrawal(request.id));
    assert_eq!((back.stage(), back.balance), (WithdrawalStage::Cancelled, before));

    let wrong = WithdrawalRequest { id: operation(2), registration: "123".to_owned(), ..request };
    kiosk.sync.ask(Question::Withdraw(Box::new(wrong)));
    let field = Some("registration".to_owned());
    kiosk.ears.wait_for_event(&Event::RequestRefused { id: operation(2), field });
    kiosk.sync.ask(Question::NextVisit);
    kiosk.sync.ask(Question::LoadWithdrawals(alma.account));
    kiosk.ears.wait_for_event(&Event::SignedOut);
}

#[test]
fn auto_top_up_is_set_up_paused_and_stopped_from_the_kiosk() {
    let server = RealServer::start(clock());
    let state = tempfile::tempdir().unwrap();
    let mut kiosk = Kiosk::start(&server.url(), state.path(), Some(server.code_file()), clock());
    kiosk.wait_for_link(Link::Online);
    let alma = server.card("Alma");
    assert_eq!(kiosk.code(alma.card, &alma.code), CodeAnswer::Right);
    let agreement = Agreement::Begin {
        amount: kroner(100),
        email: "alma@hojager.example".to_owned(),
        terms_version: block_terms(&server),
    };
    kiosk.sync.ask(Question::OpenMandatePage(Box::new(MandatePageRequest {
        id: operation(1),
        card: alma.card,
        account: alma.account,
        agreement,
        language: Language::Danish,
    })));
    let mut page_is = |state: MandatePageState| {
        kiosk.ears.wait_for(&format!("a page that is {state:?}"), |event| match event {
            Event::MandatePageIs(page) if page.state == state => Some(page.url.clone()),
            _ => None,
        })
    };
    server.pay(&page_is(MandatePageState::Open));
    page_is(MandatePageState::Given);
    for (wish, stopped_by) in [
        (MandateWish::Pause, Some(Some(StopReason::Paused))),
        (MandateWish::Resume, Some(None)),
        (MandateWish::Cancel, None),
    ] {
        kiosk.sync.ask(Question::ChangeAutoRecharge { account: alma.account, card: alma.card, wish });
        let details = kiosk.ears.wait_for("AutoRechargeIs", |event| match event {
            Event::AutoRechargeIs(details) => Some((**details).clone()),
            _ => None,
        });
        assert_eq!(details.standing.map(|standing| standing.stopped_by), stopped_by, "{wish:?}");
    }
}

fn block_terms(server: &RealServer) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(server.store.schools()).unwrap().remove(0).terms.version
}

#[test]
fn while_the_server_is_away_orders_are_kept_and_codes_are_looked_at_here() {
    let mut server = RealServer::start(clock());
    let state = tempfile::tempdir().unwrap();
    let mut kiosk = Kiosk::start(&server.url(), state.path(), Some(server.code_file()), clock());
    let day = server.demo.next_school_day;
    let catalogue = kiosk.catalogue_of(day);
    let uid = uid_of(&server, "Alma");
    kiosk.store.tell(move |desk| desk.look_up(uid));
    let alma = kiosk.wait_for_visitor("Alma", |_| true);
    let (card, account) = (alma.card, alma.accounts[0].id);
    let booked = server.audit();

    server.switch_off();
    kiosk.wait_for_offline();
    let order = first_dish(&catalogue, day, &alma);
    let price = order.total;
    kiosk.store.tell(move |desk| {
        desk.follow(Some(card));
        desk.record(operation(1), ordered(order), None, true);
    });
    kiosk.ears.wait_for("Recorded", |event| matches!(event, Event::Recorded { .. }).then_some(()));
    assert_eq!(kiosk.code(card, "0000"), CodeAnswer::Wrong { tries_left: FREE_TRIES - 1 });
    assert_eq!(kiosk.code(card, &server.card("Alma").code), CodeAnswer::Right);
    kiosk.sync.ask(Question::LoadStatement { account, month: Some(day) });
    kiosk.ears.wait_for_event(&Event::StatementUnreachable);

    server.switch_on();
    kiosk.sync.ask(Question::Hurry);
    kiosk.wait_for_link(Link::Online);
    kiosk.wait_for_visitor("the order acknowledged", |visitor| {
        visitor.unacknowledged.is_empty() && !visitor.orders.is_empty()
    });
    assert_eq!(server.balance("Alma"), alma.accounts[0].balance.minus(price).unwrap());
    assert_eq!(server.audit(), booked + 1);
}

#[test]
fn the_sixth_wrong_code_waits_even_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    drop(store_in(folder.path()));
    let nobody = scripted(|_| Reply::HangUp);
    let key = [7; 32].map(|byte: u8| format!("{byte:02x}")).concat();
    std::fs::write(folder.path().join(KEY_FILE), key).unwrap();
    let mut kiosk = Kiosk::start(&format!("http://{nobody}"), folder.path(), None, clock());
    for left in (1..FREE_TRIES).rev() {
        assert_eq!(kiosk.code(card_id(), "0000"), CodeAnswer::Wrong { tries_left: left });
    }
    let until = now() + jiff::SignedDuration::from_secs(30);
    assert_eq!(kiosk.code(card_id(), "0000"), CodeAnswer::Wait { until });
    // Not even the right one, and not by pulling the plug.
    assert_eq!(kiosk.code(card_id(), CODE), CodeAnswer::Wait { until });
    let wrong = kiosk.store.ask(|desk| desk.store.throttle(card_id()).unwrap().wrong).blocking_recv().unwrap();
    assert_eq!(wrong, FREE_TRIES);
    let later = Clock::new(|| now() + jiff::SignedDuration::from_secs(30));
    let Kiosk { store, sync, .. } = kiosk;
    drop((store, sync));
    let mut kiosk = restarted(&format!("http://{nobody}"), folder.path(), later);
    assert_eq!(kiosk.code(card_id(), CODE), CodeAnswer::Right);
    assert_eq!(kiosk.code(card_id(), "0000"), CodeAnswer::Wrong { tries_left: FREE_TRIES - 1 });
}

/// Starts again when the threads of the one before have let go of the database.
fn restarted(server: &str, state: &Path, clock: Clock) -> Kiosk {
    let mut kiosk = Kiosk::start(server, state, None, clock);
    kiosk.ears.wait_for("the store to open", |event| matches!(event, Event::Catalogue(_)).then_some(()));
    kiosk
}

/// An enrolled kiosk with one order, facing whatever the test puts in the server's place.
pub fn facing(answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> (Kiosk, tempfile::TempDir) {
    let folder = folder_with_an_order();
    let kiosk = Kiosk::start(&format!("http://{}", scripted(answer)), folder.path(), None, clock());
    (kiosk, folder)
}

pub fn folder_with_an_order() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store_in(folder.path());
    store.record(to_record(1, 1)).unwrap();
    drop(store);
    std::fs::write(folder.path().join(KEY_FILE), "07".repeat(32)).unwrap();
    folder
}

pub fn problem(code: ProblemCode, expected_seq: Option<u64>) -> Reply {
    let problem = Problem { expected_seq, ..Problem::new(code) };
    Reply::Say(code.status(), Some(API_VERSION), serde_json::to_string(&problem).unwrap())
}

pub fn settled(push: &Push, outcome: &Outcome) -> Reply {
    let answers = push.operations.iter().map(|o| Answer { id: o.id, outcome: outcome.clone() }).collect();
    let acked_seq = push.operations.last().unwrap().seq;
    let pushed = Pushed { acked_seq, answers, accounts: vec![], orders: vec![] };
    Reply::Say(200, Some(API_VERSION), serde_json::to_string(&pushed).unwrap())
}

#[test]
fn another_version_is_named_whether_the_server_says_so_or_only_shows_it() {
    let (mut kiosk, _folder) = facing(|_| problem(ProblemCode::ApiVersion, None));
    kiosk.wait_for_link(Link::WrongVersion);
    let (mut kiosk, _folder) = facing(|_| Reply::Say(200, Some(API_VERSION + 1), "{}".to_owned()));
    kiosk.wait_for_link(Link::WrongVersion);
}

#[test]
fn a_captive_portal_is_out_of_reach_and_settles_nothing() {
    let (mut kiosk, _folder) = facing(|_| Reply::Say(200, None, "<html>Log på gæstenettet</html>".to_owned()));
    kiosk.wait_for_offline();
    let unsettled = kiosk.store.ask(|desk| desk.store.unsettled().unwrap()).blocking_recv().unwrap();
    assert_eq!(unsettled, 1);
}

#[test]
fn a_shut_out_kiosk_says_so_and_keeps_its_journal() {
    let (mut kiosk, folder) = facing(|_| problem(ProblemCode::UnknownDevice, None));
    kiosk.wait_for_link(Link::NotEnrolled);
    let Kiosk { store, sync, mut ears } = kiosk;
    drop((store, sync));
    // Enrolling anew does not throw the orders away unasked.
    let refused = loop {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        match runtime.block_on(enrol("http://127.0.0.1:9", folder.path(), "Kiosk", "code", false)) {
            // The threads of the kiosk have not let go of the database yet.
            Err(EnrolError::Store(_)) => std::thread::yield_now(),
            other => break other.unwrap_err(),
        }
    };
    assert!(matches!(refused, EnrolError::Unsettled(1)), "{refused:?}");
    assert!(refused.sentence(Language::Danish).contains("--set-aside"));
    assert!(Store::open(folder.path()).unwrap().identity().unwrap().is_some());
    ears.drain();
}

#[test]
fn an_answer_that_is_lost_is_asked_for_again_and_the_order_counts_once() {
    let pushes = Arc::new(Mutex::new(Vec::<Push>::new()));
    let seen = pushes.clone();
    let (kiosk, _folder) = facing(move |asked| {
        if asked.path != "/v1/operations" {
            return Reply::Hold;
        }
        let push: Push = serde_json::from_slice(&asked.body).unwrap();
        let mut seen = seen.lock().unwrap();
        seen.push(push.clone());
        if seen.len() == 1 { Reply::HangUp } else { settled(&push, &Outcome::AlreadyPosted) }
    });
    wait_until_settled(&kiosk);
    let pushes = pushes.lock().unwrap();
    assert_eq!(pushes.len(), 2);
    assert_eq!(pushes[0], pushes[1]);
}

#[test]
fn a_server_back_from_a_backup_gets_what_it_lost() {
    let (kiosk, _folder) = facing(|asked| {
        if asked.path != "/v1/operations" {
            return Reply::Hold;
        }
        let push: Push = serde_json::from_slice(&asked.body).unwrap();
        // Once settled up to 2, the server now wants 1 again.
        if push.operations[0].seq == 1 && push.operations.len() == 3 {
            settled(&push, &Outcome::Posted)
        } else if push.operations.iter().any(|o| o.seq == 3) {
            problem(ProblemCode::SequenceGap, Some(1))
        } else {
            settled(&push, &Outcome::Posted)
        }
    });
    wait_until_settled(&kiosk);
    kiosk.store.tell(|desk| desk.record(operation(2), draft(1), None, false));
    wait_until_settled(&kiosk);
    kiosk.store.tell(|desk| desk.record(operation(3), draft(1), None, false));
    wait_until_settled(&kiosk);
}

/// Asks the store until nothing is left to push: each question waits for the store's thread, so this does not spin.
pub fn wait_until_settled(kiosk: &Kiosk) {
    let deadline = std::time::Instant::now() + PATIENCE;
    while kiosk.store.ask(|desk| desk.store.unsettled().unwrap()).blocking_recv().unwrap() > 0 {
        assert!(std::time::Instant::now() < deadline, "the outbox is stuck");
        std::thread::yield_now();
    }
}

#[test]
fn an_overtaken_request_is_sent_again_under_a_new_count() {
    let counts = Arc::new(Mutex::new(BTreeSet::new()));
    let (seen, refused) = (counts.clone(), AtomicUsize::new(0));
    let (kiosk, _folder) = facing(move |asked| {
        assert!(seen.lock().unwrap().insert(asked.count.unwrap()), "a count came twice");
        if asked.path != "/v1/operations" {
            return Reply::Hold;
        }
        if refused.fetch_add(1, Ordering::SeqCst) == 0 {
            return problem(ProblemCode::BadSignature, None);
        }
        settled(&serde_json::from_slice(&asked.body).unwrap(), &Outcome::Posted)
    });
    wait_until_settled(&kiosk);
    assert!(counts.lock().unwrap().len() >= 3);
}

#[test]
fn a_wrong_enrolment_code_is_said_in_both_languages_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let address = scripted(|_| problem(ProblemCode::EnrolmentCode, None));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let error =
        runtime.block_on(enrol(&format!("http://{address}"), folder.path(), "Kiosk", "forkert", false)).unwrap_err();
    assert_eq!(error.sentence(Language::Danish), "Tilmeldingskoden er forkert, brugt eller for gammel.");
    assert_eq!(error.sentence(Language::English), "The enrolment code is wrong, used or too old.");
    assert_eq!(Store::open(folder.path()).unwrap().identity().unwrap(), None);
}

#[test]
fn enrolling_again_puts_the_old_journal_aside_and_starts_a_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store_in(folder.path());
    store.record(to_record(1, 1)).unwrap();
    drop(store);
    let server = RealServer::start(clock());
    let code = std::fs::read_to_string(server.code_file()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let enrolled = runtime.block_on(enrol(&server.url(), folder.path(), "Kiosk", &code, true)).unwrap();
    let store = Store::open(folder.path()).unwrap();
    assert_eq!(store.identity().unwrap().unwrap().device, enrolled.device);
    assert_eq!(store.unsettled().unwrap(), 0);
    let aside = std::fs::read_dir(folder.path())
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with("kiosk.db.K1-"));
    assert!(aside.count() >= 1);
}

/// Nothing new, unless the kiosk is willing to wait for it.
pub fn nothing_new(asked: &Asked) -> Reply {
    let nothing = Changes { cursor: changes().cursor, ..Changes::default() };
    if asked.path.ends_with("wait=0") {
        Reply::Say(200, Some(API_VERSION), serde_json::to_string(&nothing).unwrap())
    } else {
        Reply::Hold
    }
}

#[test]
fn a_server_that_cannot_answer_one_question_is_not_away() {
    let pushes = Arc::new(AtomicUsize::new(0));
    let seen = pushes.clone();
    let (mut kiosk, _folder) = facing(move |asked| {
        if asked.path.starts_with("/v1/changes") {
            return nothing_new(asked);
        }
        // Twice a fault of its own, then well.
        if seen.fetch_add(1, Ordering::SeqCst) < 2 {
            return Reply::Say(500, Some(API_VERSION), String::new());
        }
        settled(&serde_json::from_slice(&asked.body).unwrap(), &Outcome::Posted)
    });
    wait_until_settled(&kiosk);
    kiosk.wait_for_link(Link::Online);
    assert!(!kiosk.ears.drain().iter().any(|event| matches!(event, Event::Link(Link::Offline { .. }))));
}

#[test]
fn one_lost_request_does_not_leave_the_kiosk_offline_until_something_changes() {
    let lost = AtomicUsize::new(0);
    let (mut kiosk, _folder) = facing(move |asked| {
        if asked.path.starts_with("/v1/changes") {
            return nothing_new(asked);
        }
        if asked.path == "/v1/operations" {
            return settled(&serde_json::from_slice(&asked.body).unwrap(), &Outcome::Posted);
        }
        assert_eq!(lost.fetch_add(1, Ordering::SeqCst), 0, "asked again by itself");
        Reply::HangUp
    });
    wait_until_settled(&kiosk);
    kiosk.wait_for_link(Link::Online);
    kiosk.sync.ask(Question::LoadStatement { account: account_id(), month: None });
    kiosk.wait_for_offline();
    kiosk.wait_for_link(Link::Online);
}
