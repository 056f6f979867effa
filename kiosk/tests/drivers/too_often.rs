//! A server that is asked too often: every question somebody waits for is told so, with the wait where that was said.

use kiosk::sync::{Question, Typed};
use kiosk_core::{CodeAnswer, ComeBack, Event, FormProblem, LetterAnswer, Link};
use madkort_protocol::*;

use crate::school::*;
use crate::server::Reply;
use crate::sync::{facing, nothing_new, settled};
use crate::whole::Kiosk;

const LANGUAGE: Language = Language::Danish;

/// A kiosk whose server is there, and has had enough of every question.
fn turned_away(wait: Option<u64>) -> (Kiosk, tempfile::TempDir) {
    facing(move |asked| match asked.path.as_str() {
        "/v1/operations" => settled(&serde_json::from_slice(&asked.body).unwrap(), &Outcome::Posted),
        path if path.starts_with("/v1/changes") => nothing_new(asked),
        _ => Reply::TooOften(wait),
    })
}

fn person() -> PersonId {
    PersonId::new(uuid(10))
}

fn email() -> String {
    "liva@rugmarken.example".to_owned()
}

/// What moves money or opens a page, with what is told of it.
fn under_an_id(back: ComeBack) -> Vec<(Question, Event)> {
    let (card, account, language) = (card_id(), account_id(), LANGUAGE);
    let too_often = |number| Event::RequestTooOften { id: operation(number), back };
    let deposit = DepositRequest {
        id: operation(11),
        card,
        account,
        amount: kroner(100),
        email: email(),
        terms_version: "2026-1".to_owned(),
        language,
    };
    let withdrawal = WithdrawalRequest {
        id: operation(12),
        card,
        account,
        amount: kroner(100),
        name: "Liva Holm".to_owned(),
        registration: "1234".to_owned(),
        account_number: "9876543".to_owned(),
        message: String::new(),
        language,
    };
    let to = AccountId::new(uuid(31));
    let transfer = TransferRequest { id: operation(14), card, from: account, to, amount: kroner(1) };
    let agreement = Agreement::AnotherCard;
    let mandate = MandatePageRequest { id: operation(15), card, account, agreement, language };
    let picture = PicturePageRequest { id: operation(16), card, person: person(), language };
    vec![
        (Question::OpenDeposit(Box::new(deposit)), Event::DepositTooOften { id: operation(11), back }),
        (Question::Withdraw(Box::new(withdrawal)), too_often(12)),
        (Question::CancelWithdrawal(operation(13)), too_often(13)),
        (Question::Transfer(transfer), too_often(14)),
        (Question::OpenMandatePage(Box::new(mandate)), too_often(15)),
        (Question::OpenPicturePage(Box::new(picture)), too_often(16)),
    ]
}

/// What is about a person, or sends a letter, with what is told of it.
fn about_somebody(back: ComeBack) -> Vec<(Question, Event)> {
    let (card, language, person) = (card_id(), LANGUAGE, person());
    let change = ProfileChange {
        card,
        name: "Liva Holm".to_owned(),
        email: email(),
        phone: String::new(),
        address: String::new(),
        postcode: String::new(),
        town: String::new(),
        caps: SpendingCaps::default(),
    };
    let request = Box::new(StatementMailRequest { id: operation(17), card, email: email(), language });
    let month = jiff::civil::date(2026, 11, 1);
    let allergies = AllergiesChange { card, allergens: vec![Allergen::Milk], block: false };
    let letter = LetterAnswer::TooOften(back);
    let looked_at = Event::CodeChecked(CodeAnswer::TooOften(back));
    let typed = |code| Question::CheckCode { card, code };
    vec![
        (Question::SaveProfile { person, change: Box::new(change) }, Event::ProfileTooOften(back)),
        (
            Question::SaveAllergies { person, change: allergies },
            Event::AllergiesSaved { person, problem: Some(FormProblem::TooOften(back)) },
        ),
        (
            Question::ChangePassword { person, card, current: CODE.into(), fresh: "rugbroed igen".into() },
            Event::PasswordTooOften(back),
        ),
        (
            Question::MailStatement { account: account_id(), month, request },
            Event::StatementMailed { id: operation(17), answer: letter },
        ),
        (Question::AskReset(PasswordResetRequest { email: email(), language }), Event::ResetAsked(letter)),
        (typed(Typed::Code(CODE.into())), looked_at.clone()),
        (typed(Typed::Password("rugbroed igen".into())), looked_at.clone()),
        (typed(Typed::Opening(CODE.into())), looked_at),
    ]
}

#[test]
fn every_question_is_told_when_to_come_back_and_the_server_is_not_called_away() {
    for (wait, back) in [(Some(600), ComeBack::In { minutes: 10 }), (None, ComeBack::Later)] {
        let (mut kiosk, _folder) = turned_away(wait);
        kiosk.wait_for_link(Link::Online);
        for (question, told) in under_an_id(back).into_iter().chain(about_somebody(back)) {
            kiosk.sync.ask(question);
            kiosk.ears.wait_for_event(&told);
        }
        // Not looked at by the server, and not counted here: the right code is not looked at behind its back either.
        let wrong = kiosk.store.ask(|desk| desk.store.throttle(card_id()).unwrap().wrong).blocking_recv().unwrap();
        assert_eq!(wrong, 0);
        let away = kiosk.ears.drain().into_iter().find(|event| matches!(event, Event::Link(Link::Offline { .. })));
        assert_eq!(away, None);
    }
}
