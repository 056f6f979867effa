//! Passwords of one's own, and forgotten ones.

use jiff::SignedDuration;
use madkort_protocol::*;
use reqwest::{Client, Method, StatusCode};
use sync_server::limits::Kind;
use sync_server::store::{Letter, Thing};
use uuid::Uuid;

use crate::support::*;

const ANNA_AND: PersonId = PersonId::new(Uuid::from_u128(1));
const PASSWORD: &str = "blåbærgrød på fredag";

async fn log_in(kiosk: &Signer, card: CardId, typed: &str) -> LoginAnswer {
    kiosk.post("/v1/logins", &LoginRequest { card, code: typed.into() }).await
}

async fn is_let_in(kiosk: &Signer, card: CardId, typed: &str) -> bool {
    matches!(log_in(kiosk, card, typed).await, LoginAnswer::Right { .. })
}

fn change(card: CardId, password: &str) -> Vec<u8> {
    change_from(card, "1234", password)
}

fn change_from(card: CardId, current: &str, password: &str) -> Vec<u8> {
    serde_json::to_vec(&PasswordChange { card, current: current.into(), password: password.into() }).unwrap()
}

async fn changed(kiosk: &Signer, person: PersonId, change: &[u8]) -> PasswordAnswer {
    let answer = kiosk.send(Method::PUT, &format!("/v1/people/{person}/password"), change).await;
    assert_eq!(answer.status(), StatusCode::OK);
    answer.json().await.unwrap()
}

async fn ask(kiosk: &Signer, email: &str) -> StatusCode {
    let body = PasswordResetRequest { email: email.into(), language: Language::Danish };
    kiosk.send(Method::POST, "/v1/password-resets", &serde_json::to_vec(&body).unwrap()).await.status()
}

/// Anna has told her address.
async fn with_an_address() -> (Server, Signer) {
    let server = Server::start().await;
    let kiosk = server.kiosk().await;
    let anna = server.store().person(SCHOOL, ANNA_AND).await.unwrap().unwrap();
    let anna = Person { email: Some("Anna@skole.example".into()), ..anna };
    server.store().put(SCHOOL, vec![Thing::Person(anna)]).await.unwrap();
    (server, kiosk)
}

async fn letters(server: &Server) -> Vec<sync_server::store::Mail> {
    let mails = server.store().lease_mails(server.clock.now(), 100, |_, now| now).await.unwrap();
    for mail in &mails {
        server.store().mail_sent(mail.id, server.clock.now()).await.unwrap();
    }
    mails
}

/// A link as the letter's sender makes it.
async fn link(server: &Server) -> String {
    let token = "ab".repeat(32);
    let hash = sha2_of(&token);
    server.store().add_reset_link(hash, SCHOOL, ANNA_AND, server.clock.now()).await.unwrap();
    format!("{}/reset/{token}", server.url)
}

fn sha2_of(token: &str) -> [u8; 32] {
    use sha2::Digest as _;
    sha2::Sha256::digest(token.as_bytes()).into()
}

async fn submit(link: &str, password: &str, again: &str) -> (StatusCode, String) {
    let form = [("password", password), ("again", again)];
    let body: Vec<String> = form.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
    let request = Client::new().post(link).header("content-type", "application/x-www-form-urlencoded");
    let answer = request.body(body.join("&")).send().await.unwrap();
    (answer.status(), answer.text().await.unwrap())
}

fn escaped(text: &str) -> String {
    text.bytes().flat_map(|byte| ['%'.to_string(), hex::encode_upper([byte])]).collect()
}

#[tokio::test]
async fn a_password_works_beside_the_code_and_ends_other_sessions() {
    let server = Server::start().await;
    let (kiosk, other) = (server.kiosk().await, server.kiosk().await);
    let path = format!("/v1/people/{ANNA_AND}/password");
    assert_eq!(kiosk.problem_of(Method::PUT, &path, &change(ANNAS_CARD, PASSWORD)).await.code, ProblemCode::SignIn);
    kiosk.sign_in(ANNAS_CARD).await;
    other.sign_in(ANNAS_CARD).await;
    assert_eq!(changed(&kiosk, ANNA_AND, &change(ANNAS_CARD, PASSWORD)).await, PasswordAnswer::Changed);
    // Whoever changed it stays; whoever else was in is out.
    let month = format!("/v1/accounts/{ANNA}/statements/2026-11");
    assert_eq!(kiosk.send(Method::GET, &month, b"").await.status(), StatusCode::OK);
    assert_eq!(other.problem_of(Method::GET, &month, b"").await.code, ProblemCode::SignIn);
    assert!(is_let_in(&kiosk, ANNAS_CARD, PASSWORD).await);
    assert!(is_let_in(&kiosk, ANNAS_CARD, "1234").await);
    assert_eq!(log_in(&kiosk, ANNAS_CARD, "blåbærgrød").await, LoginAnswer::Wrong { tries_left: 4 });
    assert!(!is_let_in(&kiosk, BOS_CARD, PASSWORD).await, "it is Anna's alone");
    let bytes = std::fs::read(format!("{}-wal", server.path.display())).unwrap_or_default();
    assert!(!bytes.windows(PASSWORD.len()).any(|window| window == PASSWORD.as_bytes()));
    let deeds = server.store().deeds(SCHOOL, ANNA_AND.uuid()).await.unwrap();
    assert_eq!(deeds.iter().map(|d| (d.what.as_str(), d.by)).collect::<Vec<_>>(), [("password", Some(ANNA_AND))]);
}

#[tokio::test]
async fn whoever_finds_a_kiosk_signed_in_does_not_take_it_over() {
    let server = Server::start().await;
    let kiosk = server.kiosk().await;
    kiosk.sign_in(ANNAS_CARD).await;
    let path = format!("/v1/people/{ANNA_AND}/password");
    for none in ["", &"x".repeat(200)] {
        let problem = kiosk.problem_of(Method::PUT, &path, &change_from(ANNAS_CARD, none, PASSWORD)).await;
        assert_eq!((problem.code, problem.field.as_deref()), (ProblemCode::InvalidField, Some("current")));
    }
    // Wrong ones count with wrong codes at the door, and the wait holds there too.
    for left in (1..5).rev() {
        let answer = changed(&kiosk, ANNA_AND, &change_from(ANNAS_CARD, "4321", PASSWORD)).await;
        assert_eq!(answer, PasswordAnswer::Wrong { tries_left: left });
    }
    assert_eq!(log_in(&kiosk, ANNAS_CARD, "4321").await, LoginAnswer::Wrong { tries_left: 0 });
    let until = server.clock.now() + SignedDuration::from_secs(30);
    let answer = changed(&kiosk, ANNA_AND, &change(ANNAS_CARD, PASSWORD)).await;
    assert_eq!(answer, PasswordAnswer::Wait { until });
    assert_eq!(log_in(&kiosk, ANNAS_CARD, "1234").await, LoginAnswer::Wait { until });
    server.clock.forward(SignedDuration::from_secs(30));
    assert_eq!(changed(&kiosk, ANNA_AND, &change(ANNAS_CARD, PASSWORD)).await, PasswordAnswer::Changed);
    // From then on the password will do, or still the code.
    let next = change_from(ANNAS_CARD, PASSWORD, "rødgrød med fløde");
    assert_eq!(changed(&kiosk, ANNA_AND, &next).await, PasswordAnswer::Changed);
    let stale = changed(&kiosk, ANNA_AND, &change_from(ANNAS_CARD, PASSWORD, "noget andet")).await;
    assert!(matches!(stale, PasswordAnswer::Wrong { .. }), "{stale:?}");
}

#[tokio::test]
async fn nobody_sets_a_password_for_somebody_else_nor_an_easy_one() {
    let server = Server::start().await;
    let kiosk = server.kiosk().await;
    let path = |person: u128| format!("/v1/people/{}/password", Uuid::from_u128(person));
    kiosk.sign_in(BOS_CARD).await;
    // Not even a parent: who knows a child's password is the child.
    for person in [1, 3, 99] {
        let problem = kiosk.problem_of(Method::PUT, &path(person), &change(BOS_CARD, PASSWORD)).await;
        assert_eq!(problem.code, ProblemCode::NotFound, "{person}");
    }
    for easy in ["", "1234", "aaaaaaaa", &"x".repeat(200)] {
        let problem = kiosk.problem_of(Method::PUT, &path(2), &change(BOS_CARD, easy)).await;
        assert_eq!((problem.code, problem.field.as_deref()), (ProblemCode::InvalidField, Some("password")));
    }
    kiosk.sign_in(GUEST_CARD).await;
    let problem = kiosk.problem_of(Method::PUT, &path(3), &change(GUEST_CARD, PASSWORD)).await;
    assert_eq!(problem.code, ProblemCode::NotAllowed);
}

#[tokio::test]
async fn a_forgotten_password_is_answered_alike_whoever_asks() {
    let (server, kiosk) = with_an_address().await;
    assert_eq!(ask(&kiosk, "nobody@skole.example").await, StatusCode::NO_CONTENT);
    assert!(letters(&server).await.is_empty());
    assert_eq!(ask(&kiosk, "anna@SKOLE.example").await, StatusCode::NO_CONTENT);
    let mails = letters(&server).await;
    assert_eq!(mails.len(), 1);
    let Letter::PasswordReset { person, .. } = &mails[0].letter else { panic!("{:?}", mails[0].letter) };
    assert_eq!(*person, ANNA_AND);
    let wrong = kiosk.problem_of(Method::POST, "/v1/password-resets", br#"{"email":"anna","language":"da"}"#).await;
    assert_eq!(wrong.field.as_deref(), Some("email"));
}

#[tokio::test]
async fn a_mailbox_is_not_filled_and_a_list_not_gone_through() {
    let (server, kiosk) = with_an_address().await;
    let (by_address, by_device) = (Kind::ResetLetters.row().usual, Kind::Resets.row().usual);
    for _ in 0..by_address.most + 3 {
        assert_eq!(ask(&kiosk, "anna@skole.example").await, StatusCode::NO_CONTENT, "answered alike");
    }
    assert_eq!(letters(&server).await.len(), usize::try_from(by_address.most).unwrap());
    for n in by_address.most + 3..by_device.most {
        assert_eq!(ask(&kiosk, &format!("n{n}@skole.example")).await, StatusCode::NO_CONTENT);
    }
    assert_eq!(ask(&kiosk, "once-more@skole.example").await, StatusCode::TOO_MANY_REQUESTS);
    server.clock.forward(by_device.within() + SignedDuration::from_secs(1));
    assert_eq!(ask(&kiosk, "anna@skole.example").await, StatusCode::NO_CONTENT);
    assert_eq!(letters(&server).await.len(), 1);
}

#[tokio::test]
async fn a_link_sets_a_password_once_and_ends_every_session() {
    let (server, kiosk) = with_an_address().await;
    kiosk.sign_in(ANNAS_CARD).await;
    let link = link(&server).await;
    // Looking at it, as a mail scanner does, uses nothing up.
    for lang in ["da", "en"] {
        let page = Client::new().get(format!("{link}?lang={lang}")).send().await.unwrap();
        assert_eq!(page.status(), StatusCode::OK);
        assert!(page.headers()["content-security-policy"].to_str().unwrap().contains("default-src 'none'"));
        assert_eq!(page.headers()["referrer-policy"], "no-referrer");
        let text = page.text().await.unwrap();
        assert!(!text.contains("Anna") && !text.contains("<script"));
    }
    let (status, page) = submit(&link, "1234", "1234").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("mindst 8 tegn"), "{page}");
    let (status, page) = submit(&link, PASSWORD, "noget andet").await;
    assert!(status == StatusCode::UNPROCESSABLE_ENTITY && page.contains("ikke ens"), "{page}");
    let (status, page) = submit(&link, PASSWORD, PASSWORD).await;
    assert!(status == StatusCode::OK && page.contains("Adgangskoden er gemt"), "{page}");
    let month = format!("/v1/accounts/{ANNA}/statements/2026-11");
    assert_eq!(kiosk.problem_of(Method::GET, &month, b"").await.code, ProblemCode::SignIn);
    assert!(is_let_in(&kiosk, ANNAS_CARD, PASSWORD).await);
    let (status, _) = submit(&link, "noget helt andet", "noget helt andet").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(is_let_in(&kiosk, ANNAS_CARD, PASSWORD).await, "used up");
    let deeds = server.store().deeds(SCHOOL, ANNA_AND.uuid()).await.unwrap();
    assert_eq!(deeds.iter().map(|d| d.what.as_str()).collect::<Vec<_>>(), ["password-reset"]);
}

#[tokio::test]
async fn a_link_is_good_for_an_hour_and_a_made_up_one_never() {
    let (server, kiosk) = with_an_address().await;
    let link = link(&server).await;
    server.clock.forward(SignedDuration::from_mins(60));
    for old in [link, format!("{}/reset/{}", server.url, "cd".repeat(32)), format!("{}/reset/x", server.url)] {
        assert_eq!(Client::new().get(&old).send().await.unwrap().status(), StatusCode::NOT_FOUND);
        assert_eq!(submit(&old, PASSWORD, PASSWORD).await.0, StatusCode::NOT_FOUND);
    }
    assert!(!is_let_in(&kiosk, ANNAS_CARD, PASSWORD).await);
}
