//! Passwords and letters over the wire: the kiosk's line to the real server.

use kiosk::sync::Question;
use kiosk_core::{CodeAnswer, Draft, Event, LetterAnswer};
use madkort_protocol::*;

use crate::school::*;
use crate::server::RealServer;
use crate::whole::Kiosk;

const PASSWORD: &str = "blåbærgrød på fredag";

fn change(kiosk: &mut Kiosk, person: PersonId, card: CardId, (current, fresh): (&str, &str)) -> PasswordAnswer {
    kiosk.sync.ask(Question::ChangePassword { person, card, current: current.into(), fresh: fresh.into() });
    kiosk.ears.wait_for("the answer to a new password", |event| match event {
        Event::PasswordIs(answer) => Some(*answer),
        _ => None,
    })
}

#[test]
fn a_password_is_set_lets_in_and_is_only_the_servers_to_look_at() {
    let mut server = RealServer::start(clock());
    let state = tempfile::tempdir().unwrap();
    let mut kiosk = Kiosk::start(&server.url(), state.path(), Some(server.code_file()), clock());
    kiosk.catalogue_of(server.demo.next_school_day);
    let card = server.card("Alma");
    let (id, code) = (card.card, card.code.clone());
    let uid = CardUid::parse(&card.uid).unwrap();
    kiosk.store.tell(move |desk| desk.look_up(uid));
    let person = kiosk.wait_for_visitor("Alma", |_| true).person.id;

    kiosk.sync.ask(Question::ChangePassword { person, card: id, current: (&*code).into(), fresh: PASSWORD.into() });
    kiosk.ears.wait_for_event(&Event::SignedOut);
    assert_eq!(kiosk.code(id, &code), CodeAnswer::Right);
    assert!(matches!(change(&mut kiosk, person, id, ("0000", PASSWORD)), PasswordAnswer::Wrong { .. }));
    assert_eq!(change(&mut kiosk, person, id, (&code, PASSWORD)), PasswordAnswer::Changed);
    assert_eq!(kiosk.password(id, PASSWORD), CodeAnswer::Right);
    assert!(matches!(kiosk.password(id, "noget andet"), CodeAnswer::Wrong { .. }));

    let (account, month) = (server.card("Alma").account, jiff::civil::date(2026, 11, 1));
    let (email, language) = ("mor@skole.example".to_owned(), Language::Danish);
    let request = Box::new(StatementMailRequest { id: operation(1), card: id, email: email.clone(), language });
    kiosk.sync.ask(Question::MailStatement { account, month, request });
    kiosk.ears.wait_for_event(&Event::StatementMailed { id: operation(1), answer: LetterAnswer::Asked });
    kiosk.sync.ask(Question::AskReset(PasswordResetRequest { email, language }));
    kiosk.ears.wait_for_event(&Event::ResetAsked(LetterAnswer::Asked));

    // Out of its reach a password is not looked at and not counted; the code on the card is looked at here.
    server.switch_off();
    for _ in 0..=FREE_TRIES {
        assert_eq!(kiosk.password(id, PASSWORD), CodeAnswer::OutOfReach);
    }
    assert_eq!(kiosk.code(id, &code), CodeAnswer::Right);
    let bytes = walk(state.path());
    assert!(!bytes.windows(PASSWORD.len()).any(|window| window == PASSWORD.as_bytes()), "nowhere on the disk");
}

#[test]
fn a_card_its_holder_has_blocked_is_opened_for_its_code_by_the_server_alone() {
    let mut server = RealServer::start(clock());
    let state = tempfile::tempdir().unwrap();
    let mut kiosk = Kiosk::start(&server.url(), state.path(), Some(server.code_file()), clock());
    kiosk.catalogue_of(server.demo.next_school_day);
    let card = server.card("Noah");
    let (id, code) = (card.card, card.code.clone());
    let uid = CardUid::parse(&card.uid).unwrap();
    let stands = |kiosk: &mut Kiosk| {
        let uid = uid.clone();
        kiosk.store.tell(move |desk| desk.look_up(uid));
        kiosk.wait_for_visitor("Noah", |visitor| visitor.card == id).status
    };
    let block = |kiosk: &Kiosk, number| {
        let draft = Draft::CardBlock(SetCardBlock { card: id, target: id, blocked: true });
        kiosk.store.tell(move |desk| desk.record(operation(number), draft, None, false));
    };
    block(&kiosk, 1);
    assert_eq!(stands(&mut kiosk), CardStatus::BlockedByHolder);
    // Until the server has heard of the block there is nothing for it to open.
    let answer = |kiosk: &mut Kiosk, code: &str| loop {
        match kiosk.opening(id, code) {
            CodeAnswer::OutOfReach => {}
            answer => break answer,
        }
    };
    assert!(matches!(answer(&mut kiosk, "0000"), CodeAnswer::Wrong { .. }));
    assert_eq!(stands(&mut kiosk), CardStatus::BlockedByHolder);
    assert_eq!(answer(&mut kiosk, &code), CodeAnswer::Right);
    assert_eq!(stands(&mut kiosk), CardStatus::Active, "before the feed says so");

    server.switch_off();
    block(&kiosk, 2);
    assert_eq!(kiosk.opening(id, &code), CodeAnswer::OutOfReach);
    assert_eq!(stands(&mut kiosk), CardStatus::BlockedByHolder);
}

fn walk(folder: &std::path::Path) -> Vec<u8> {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.is_file()).flat_map(|path| std::fs::read(path).unwrap()).collect()
}
