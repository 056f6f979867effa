//! Letters that somebody asks for, as a mail server gets them: a forgotten password, a statement, a ticket.

use jiff::SignedDuration;
use madkort_protocol::*;
use reqwest::{Client, Method, StatusCode};
use sync_server::limits::Kind;
use sync_server::mail::Mailer;
use sync_server::store::Thing;
use uuid::Uuid;

use crate::mail_server::{Says, attachment, header, mail_server, settings, subject, text};
use crate::support::*;

const ANNA_AND: PersonId = PersonId::new(Uuid::from_u128(1));
const PASSWORD: &str = "blåbærgrød på fredag";

/// Sends what is due to a mail server, and says what it got.
async fn post(server: &Server, letters: usize) -> Vec<String> {
    let (port, kept) = mail_server(vec![Says::Taken; letters]).await;
    let mailer = Mailer::new(server.state.store.clone(), &settings(port)).unwrap().reached_at(&server.url);
    assert_eq!(mailer.send_due(server.clock.now()).await.unwrap(), letters);
    kept.lock().unwrap().clone()
}

fn to(letters: &[String], address: &str) -> String {
    letters.iter().find(|letter| header(letter, "To") == address).unwrap_or_else(|| panic!("{letters:?}")).clone()
}

async fn with_an_address() -> (Server, Signer) {
    let server = Server::start().await;
    let kiosk = server.kiosk().await;
    let anna = server.store().person(SCHOOL, ANNA_AND).await.unwrap().unwrap();
    let anna = Person { email: Some("anna@skole.example".into()), ..anna };
    server.store().put(SCHOOL, vec![Thing::Person(anna)]).await.unwrap();
    (server, kiosk)
}

async fn choose(link: &str, password: &str) -> StatusCode {
    let escaped: String = password.bytes().flat_map(|b| ['%'.to_string(), hex::encode_upper([b])]).collect();
    let request = Client::new().post(link).header("content-type", "application/x-www-form-urlencoded");
    request.body(format!("password={escaped}&again={escaped}")).send().await.unwrap().status()
}

#[tokio::test]
async fn a_forgotten_password_is_replaced_by_the_link_in_the_letter() {
    for (language, title, words) in [
        (Language::Danish, "Nulstil adgangskode", "Linket virker én gang og i 60 minutter"),
        (Language::English, "Reset password", "The link works once, for 60 minutes"),
    ] {
        let (server, kiosk) = with_an_address().await;
        kiosk.sign_in(ANNAS_CARD).await;
        let asked = PasswordResetRequest { email: "anna@skole.example".into(), language };
        let asked = serde_json::to_vec(&asked).unwrap();
        assert_eq!(kiosk.send(Method::POST, "/v1/password-resets", &asked).await.status(), StatusCode::NO_CONTENT);
        let letter = to(&post(&server, 1).await, "anna@skole.example");
        assert_eq!(subject(&letter), title);
        let text = text(&letter);
        assert!(text.contains(words) && text.contains("Anna And"), "{text}");
        let link = text.lines().find(|line| line.starts_with("http")).unwrap().to_owned();
        assert!(link.starts_with(&format!("{}/reset/", server.url)), "{link}");
        assert_eq!(Client::new().get(&link).send().await.unwrap().status(), StatusCode::OK);
        assert_eq!(choose(&link, PASSWORD).await, StatusCode::OK);
        // Whoever was signed in is not any more, and the link is used up.
        let month = format!("/v1/accounts/{ANNA}/statements/2026-11");
        assert_eq!(kiosk.problem_of(Method::GET, &month, b"").await.code, ProblemCode::SignIn);
        assert_eq!(choose(&link, "noget helt andet").await, StatusCode::NOT_FOUND);
        let login = LoginRequest { card: ANNAS_CARD, code: PASSWORD.into() };
        assert!(matches!(kiosk.post("/v1/logins", &login).await, LoginAnswer::Right { .. }));
    }
}

#[tokio::test]
async fn a_link_in_a_letter_is_good_for_an_hour_from_when_it_was_sent() {
    let (server, kiosk) = with_an_address().await;
    let asked = br#"{"email":"anna@skole.example","language":"da"}"#;
    assert_eq!(kiosk.send(Method::POST, "/v1/password-resets", asked).await.status(), StatusCode::NO_CONTENT);
    let text = text(&post(&server, 1).await[0]);
    let link = text.lines().find(|line| line.starts_with("http")).unwrap();
    server.clock.forward(SignedDuration::from_mins(59));
    assert_eq!(Client::new().get(link).send().await.unwrap().status(), StatusCode::OK);
    server.clock.forward(SignedDuration::from_mins(1));
    assert_eq!(choose(link, PASSWORD).await, StatusCode::NOT_FOUND);
}

fn mail_of(server: &Server, card: CardId, email: &str, language: Language) -> StatementMailRequest {
    StatementMailRequest { id: server.id(), card, email: email.into(), language }
}

async fn ask(kiosk: &Signer, account: AccountId, request: &StatementMailRequest) -> StatusCode {
    let path = format!("/v1/accounts/{account}/statements/2026-11/mails");
    kiosk.send(Method::POST, &path, &serde_json::to_vec(request).unwrap()).await.status()
}

/// What a PDF of ours shows, piece by piece: texts are literal strings, or hexadecimal where they are not plain ASCII.
fn shown(pdf: &[u8]) -> Vec<String> {
    let latin: String = pdf.iter().map(|byte| char::from(*byte)).collect();
    let texts = latin.lines().filter_map(|line| line.strip_suffix(" Tj"));
    let read = texts.map(|text| match text.strip_prefix('<') {
        Some(digits) => hex::decode(digits.trim_end_matches('>')).unwrap().into_iter().map(char::from).collect(),
        None => text.strip_prefix('(').and_then(|text| text.strip_suffix(')')).unwrap().replace('\\', ""),
    });
    read.collect()
}

#[tokio::test]
async fn a_statement_comes_as_a_pdf_with_every_line_of_the_month() {
    let (server, kiosk) = with_an_address().await;
    server.fund(&kiosk, ANNA, kr(100)).await;
    kiosk.outcome(order(&server, &kiosk, lasagne("K1-7"))).await;
    kiosk.sign_in(ANNAS_CARD).await;
    for (language, title, words, file) in [
        (
            Language::Danish,
            "Kontoudtog for november 2026",
            ["Indbetaling (", "Bestilling til 24.11 (K1-7)"],
            "kontoudtog-2026-11.pdf",
        ),
        (
            Language::English,
            "Statement for November 2026",
            ["Deposit (", "Order for 24/11 (K1-7)"],
            "statement-2026-11.pdf",
        ),
    ] {
        let request = mail_of(&server, ANNAS_CARD, "mor@skole.example", language);
        // Asked again after a lost answer: still one letter.
        for _ in 0..2 {
            assert_eq!(ask(&kiosk, ANNA, &request).await, StatusCode::NO_CONTENT);
        }
        let letter = to(&post(&server, 1).await, "mor@skole.example");
        assert_eq!(subject(&letter), title);
        assert!(letter.contains(&format!("filename=\"{file}\"")), "{letter}");
        assert!(text(&letter).contains("Anna"));
        let pdf = attachment(&letter);
        assert!(pdf.starts_with(b"%PDF-1.") && pdf.trim_ascii_end().ends_with(b"%%EOF"));
        if let Some(keep) = std::env::var_os("KEEP_PDF") {
            std::fs::write(std::path::Path::new(&keep).join(file), &pdf).unwrap();
        }
        let shown = shown(&pdf);
        for wanted in words {
            assert!(shown.iter().any(|text| text.starts_with(wanted)), "{wanted} in {shown:?}");
        }
        for figure in [kr(0), kr(100), kr(-45), kr(55)] {
            assert!(shown.contains(&figure.in_words(language)), "{figure:?} in {shown:?}");
        }
    }
    let deeds = server.store().deeds(SCHOOL, ANNA_AND.uuid()).await.unwrap();
    assert_eq!(deeds.iter().map(|deed| deed.what.as_str()).collect::<Vec<_>>(), ["statement-mailed"; 2]);
}

#[tokio::test]
async fn a_statement_that_has_to_wait_is_the_same_letter_with_the_lines_it_had() {
    let (server, kiosk) = with_an_address().await;
    server.fund(&kiosk, ANNA, kr(100)).await;
    kiosk.sign_in(ANNAS_CARD).await;
    let request = mail_of(&server, ANNAS_CARD, "mor@skole.example", Language::Danish);
    assert_eq!(ask(&kiosk, ANNA, &request).await, StatusCode::NO_CONTENT);
    let (port, kept) = mail_server(vec![Says::Later, Says::Taken]).await;
    let mailer = Mailer::new(server.state.store.clone(), &settings(port)).unwrap();
    assert_eq!(mailer.send_due(server.clock.now()).await.unwrap(), 0);
    server.clock.forward(SignedDuration::from_mins(5));
    server.fund(&kiosk, ANNA, kr(50)).await;
    assert_eq!(mailer.send_due(server.clock.now()).await.unwrap(), 1);
    let kept = kept.lock().unwrap().clone();
    assert_eq!(kept[0], kept[1]);
    assert!(header(&kept[0], "Message-ID").ends_with("@madkort.example>"));
}

#[tokio::test]
async fn a_month_that_was_mailed_before_says_that_it_is_a_copy() {
    let (server, kiosk) = with_an_address().await;
    server.fund(&kiosk, ANNA, kr(100)).await;
    kiosk.sign_in(ANNAS_CARD).await;
    let mark = async |language: Language| {
        let request = mail_of(&server, ANNAS_CARD, "mor@skole.example", language);
        for _ in 0..2 {
            assert_eq!(ask(&kiosk, ANNA, &request).await, StatusCode::NO_CONTENT);
        }
        let shown = shown(&attachment(&post(&server, 1).await[0]));
        shown.into_iter().find(|text| text.starts_with("KOPI") || text.starts_with("COPY"))
    };
    assert_eq!(mark(Language::Danish).await, None);
    assert_eq!(mark(Language::Danish).await.as_deref(), Some("KOPI 2"));
    assert_eq!(mark(Language::English).await.as_deref(), Some("COPY 3"));
    // As on paper: a month that has grown is another one.
    server.fund(&kiosk, ANNA, kr(50)).await;
    assert_eq!(mark(Language::Danish).await, None);
}

#[tokio::test]
async fn nobody_has_somebody_elses_statement_sent() {
    let (server, kiosk) = with_an_address().await;
    let request = mail_of(&server, ANNAS_CARD, "mor@skole.example", Language::Danish);
    assert_eq!(ask(&kiosk, ANNA, &request).await, StatusCode::UNAUTHORIZED, "nobody is signed in");
    kiosk.sign_in(ANNAS_CARD).await;
    assert_eq!(ask(&kiosk, BO, &request).await, StatusCode::NOT_FOUND, "a child is not its parent");
    let other = StatementMailRequest { card: BOS_CARD, ..request.clone() };
    assert_eq!(ask(&kiosk, ANNA, &other).await, StatusCode::UNAUTHORIZED, "another card is signed in");
    let nowhere = StatementMailRequest { email: "mor".into(), ..request };
    assert_eq!(ask(&kiosk, ANNA, &nowhere).await, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(server.store().waiting_mails().await.unwrap(), 0);
    // A parent may, for the child's account; and nobody's mailbox is filled.
    kiosk.sign_in(BOS_CARD).await;
    let most = Kind::StatementLetters.row().usual.most;
    for _ in 0..most {
        let request = mail_of(&server, BOS_CARD, "far@skole.example", Language::Danish);
        assert_eq!(ask(&kiosk, ANNA, &request).await, StatusCode::NO_CONTENT);
    }
    let request = mail_of(&server, BOS_CARD, "FAR@skole.example", Language::Danish);
    assert_eq!(ask(&kiosk, ANNA, &request).await, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(server.store().waiting_mails().await.unwrap(), u64::from(most));
}

fn ticket(number: &str, language: Language) -> FileTicket {
    FileTicket {
        number: number.into(),
        card: ANNAS_CARD,
        name: "Anna And".into(),
        email: "anna@skole.example".into(),
        phone: "12 34 56 78".into(),
        regarding: ANNA,
        message: "Jeg kan ikke finde min kvittering.\n.\nHilsen Anna".into(),
        language,
    }
}

#[tokio::test]
async fn a_ticket_tells_whoever_wrote_it_and_support() {
    for (language, title, words) in [
        (Language::Danish, "Vi har fået din henvendelse, nr. K1-S1", "Vi svarer dig hurtigst muligt"),
        (Language::English, "We have received your request, no. K1-S1", "We answer as soon as we can"),
    ] {
        let server = Server::start().await;
        let kiosk = server.kiosk().await;
        let filed = operation(&server, &kiosk, OperationBody::FileTicket(ticket("K1-S1", language)));
        assert_eq!(kiosk.outcome(filed.clone()).await, Outcome::Posted);
        assert_eq!(kiosk.outcome(filed).await, Outcome::AlreadyPosted);
        let letters = post(&server, 2).await;
        let theirs = to(&letters, "anna@skole.example");
        assert_eq!(subject(&theirs), title);
        let said = text(&theirs);
        assert!(
            said.contains(words) && said.contains("> Hilsen Anna") && said.contains("hjaelp@skole.example"),
            "{said}"
        );
        let ours = to(&letters, "hjaelp@skole.example");
        assert_eq!(
            (subject(&ours).as_str(), header(&ours, "Reply-To").as_str()),
            ("Henvendelse nr. K1-S1", "anna@skole.example")
        );
        let said = text(&ours);
        for wanted in ["Navn: Anna And", "Telefon: 12 34 56 78", "Vedrører: Anna", "> Jeg kan ikke finde"] {
            assert!(said.contains(wanted), "{wanted} in {said}");
        }
        assert!(!said.contains("12345678901"), "no card number");
    }
}

#[tokio::test]
async fn a_ticket_that_is_refused_tells_nobody_and_a_late_one_is_told_when_it_comes() {
    let server = Server::start().await;
    let kiosk = server.kiosk().await;
    let blocked = FileTicket { card: BLOCKED_CARD, ..ticket("K1-S1", Language::Danish) };
    let refused_one = operation(&server, &kiosk, OperationBody::FileTicket(blocked));
    assert_eq!(refused(&kiosk.outcome(refused_one).await), Rule::Card);
    assert_eq!(server.store().waiting_mails().await.unwrap(), 0);
    let late = operation(&server, &kiosk, OperationBody::FileTicket(ticket("K1-S2", Language::Danish)));
    let late = Operation { offline: true, ..late };
    server.clock.set(at("2026-11-23T09:00:00Z"));
    assert_eq!(kiosk.outcome(late).await, Outcome::Posted);
    assert_eq!(server.store().waiting_mails().await.unwrap(), 2);
}
