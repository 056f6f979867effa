//! Who is signed in, where, and for how long.

use jiff::SignedDuration;
use madkort_protocol::{
    AccountId, CardId, CardStatus, LoginAnswer, LoginRequest, ProblemCode, SessionToken, Statement,
};
use reqwest::{Method, StatusCode};
use sync_server::sessions;
use sync_server::store::Thing;

use crate::support::*;

async fn token(kiosk: &Signer, card: CardId) -> SessionToken {
    kiosk.sign_in(card).await;
    kiosk.session.lock().unwrap().clone().unwrap()
}

fn month_of(account: AccountId) -> String {
    format!("/v1/accounts/{account}/statements/2026-11")
}

async fn problem_reading(kiosk: &Signer, account: AccountId) -> ProblemCode {
    kiosk.problem_of(Method::GET, &month_of(account), b"").await.code
}

#[tokio::test]
async fn a_bare_tap_reads_nothing_and_a_code_opens_what_is_theirs() {
    let server = Server::start().await;
    let kiosk = server.kiosk().await;
    assert_eq!(problem_reading(&kiosk, ANNA).await, ProblemCode::SignIn);
    kiosk.sign_in(ANNAS_CARD).await;
    assert_eq!(kiosk.get::<Statement>(&month_of(ANNA)).await.account, ANNA);
    // Bo's account is none of Anna's; Anna's is entrusted to Bo.
    assert_eq!(problem_reading(&kiosk, BO).await, ProblemCode::NotFound);
    kiosk.sign_in(BOS_CARD).await;
    for account in [BO, ANNA] {
        assert_eq!(kiosk.get::<Statement>(&month_of(account)).await.account, account);
    }
    assert_eq!(problem_reading(&kiosk, GUEST).await, ProblemCode::NotFound);
}

#[tokio::test]
async fn a_session_is_good_at_one_kiosk_for_a_quarter_of_an_hour() {
    let server = Server::start().await;
    let (kiosk, other) = (server.kiosk().await, server.kiosk().await);
    let annas = token(&kiosk, ANNAS_CARD).await;
    *other.session.lock().unwrap() = Some(annas);
    assert_eq!(problem_reading(&other, ANNA).await, ProblemCode::SignIn, "carried to another kiosk");
    server.clock.forward(sessions::LASTS - SignedDuration::from_secs(1));
    assert_eq!(kiosk.get::<Statement>(&month_of(ANNA)).await.account, ANNA);
    server.clock.forward(SignedDuration::from_secs(1));
    assert_eq!(problem_reading(&kiosk, ANNA).await, ProblemCode::SignIn, "too old");
}

#[tokio::test]
async fn a_session_ends_with_the_visit() {
    let server = Server::start().await;
    let (kiosk, other) = (server.kiosk().await, server.kiosk().await);
    let annas = token(&kiosk, ANNAS_CARD).await;
    // Another kiosk cannot end it, whatever it shows.
    *other.session.lock().unwrap() = Some(annas);
    assert_eq!(other.send(Method::DELETE, "/v1/logins", b"").await.status(), StatusCode::NO_CONTENT);
    assert_eq!(kiosk.get::<Statement>(&month_of(ANNA)).await.account, ANNA);
    for _ in 0..2 {
        assert_eq!(kiosk.send(Method::DELETE, "/v1/logins", b"").await.status(), StatusCode::NO_CONTENT);
        assert_eq!(problem_reading(&kiosk, ANNA).await, ProblemCode::SignIn);
    }
    kiosk.session.lock().unwrap().take();
    assert_eq!(kiosk.send(Method::DELETE, "/v1/logins", b"").await.status(), StatusCode::NO_CONTENT, "none to end");
}

#[tokio::test]
async fn a_blocked_card_has_no_session_any_more() {
    let server = Server::start().await;
    let kiosk = server.kiosk().await;
    kiosk.sign_in(ANNAS_CARD).await;
    let card = server.store().card(SCHOOL, ANNAS_CARD).await.unwrap().unwrap();
    let blocked = madkort_protocol::CardRecord { status: CardStatus::Blocked, ..card };
    server.store().put(SCHOOL, vec![Thing::Card(blocked)]).await.unwrap();
    assert_eq!(problem_reading(&kiosk, ANNA).await, ProblemCode::SignIn);
}

#[tokio::test]
async fn other_sessions_of_a_person_can_be_ended_at_once() {
    let server = Server::start().await;
    let (one, two, bos) = (server.kiosk().await, server.kiosk().await, server.kiosk().await);
    for (kiosk, card) in [(&one, ANNAS_CARD), (&two, ANNAS_CARD), (&bos, BOS_CARD)] {
        kiosk.sign_in(card).await;
    }
    let anna = server.store().card(SCHOOL, ANNAS_CARD).await.unwrap().unwrap().person;
    assert_eq!(server.store().end_other_sessions(anna, None).await.unwrap(), 2);
    for kiosk in [&one, &two] {
        assert_eq!(problem_reading(kiosk, ANNA).await, ProblemCode::SignIn);
    }
    assert_eq!(bos.get::<Statement>(&month_of(ANNA)).await.account, ANNA);
}

#[tokio::test]
async fn nothing_that_was_made_up_is_a_session_and_no_token_is_stored() {
    let server = Server::start().await;
    let kiosk = server.kiosk().await;
    let annas = token(&kiosk, ANNAS_CARD).await;
    *kiosk.session.lock().unwrap() = Some(SessionToken::new([0; 32]));
    assert_eq!(problem_reading(&kiosk, ANNA).await, ProblemCode::SignIn);
    let again = LoginRequest { card: ANNAS_CARD, code: "1234".into() };
    let LoginAnswer::Right { session } = kiosk.post("/v1/logins", &again).await else { panic!("not let in") };
    assert_ne!(session, annas, "each is its own");
    let path = server.path.clone();
    let _folder = server.stop().await;
    for end in ["", "-wal"] {
        let bytes = std::fs::read(format!("{}{end}", path.display())).unwrap_or_default();
        let raw = hex::decode(annas.reveal()).unwrap();
        let found = |what: &[u8]| bytes.windows(what.len()).any(|window| window == what);
        assert!(!found(annas.reveal().as_bytes()) && !found(&raw), "the token is in the file {end}");
    }
}
