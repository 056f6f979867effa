//! How often anything may be asked for: every row of the table, as its askers meet it.

use jiff::SignedDuration;
use madkort_protocol::*;
use reqwest::{Client, Method, Response, StatusCode};
use serde::Serialize;
use sync_server::limits::{By, Kind, Rate, Rates};
use sync_server::store::Thing;
use uuid::Uuid;

use crate::support::*;

/// Few enough to be gone through, and a time that no usual row has.
const FEW: Rate = Rate { most: 2, seconds: 90 };
const BO_AND: PersonId = PersonId::new(Uuid::from_u128(2));
const ANNA_AND: PersonId = PersonId::new(Uuid::from_u128(1));
const BOS_MAIL: &str = "bo@familie.example";

/// A server where one row is short, and two kiosks with Bo signed in.
struct There {
    server: Server,
    kiosks: [Signer; 2],
}

/// Who asks: the one that is counted, or another.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Who {
    One,
    Another,
}

impl There {
    async fn with(kind: Kind) -> Self {
        let mut rates = Rates::default();
        rates.set(kind, FEW);
        let server = Server::start_with(rates).await;
        for (id, email) in [(BO_AND, BOS_MAIL), (ANNA_AND, "anna@skole.example")] {
            let person = server.store().person(SCHOOL, id).await.unwrap().unwrap();
            let person = Person { email: Some(email.into()), ..person };
            server.store().put(SCHOOL, vec![Thing::Person(person)]).await.unwrap();
        }
        let kiosks = [server.kiosk().await, server.kiosk().await];
        server.fund(&kiosks[0], BO, kr(500)).await;
        server.fund(&kiosks[0], ANNA, kr(500)).await;
        // Where codes typed are counted, nobody may have typed one.
        if kind != Kind::LogIns {
            for kiosk in &kiosks {
                kiosk.sign_in(BOS_CARD).await;
            }
        }
        Self { server, kiosks }
    }

    /// One request of a kind. What tells askers apart is another's for [`Who::Another`], and nothing else is.
    async fn ask(&self, kind: Kind, who: Who) -> Response {
        let server = &self.server;
        let other = who == Who::Another;
        let by = kind.row().by;
        let kiosk = &self.kiosks[usize::from(other && by != By::Mail)];
        let (card, account) = if other && by == By::Card { (ANNAS_CARD, ANNA) } else { (BOS_CARD, BO) };
        if other && by == By::Card && kind != Kind::Deposits {
            kiosk.sign_in(ANNAS_CARD).await;
        }
        let email = if other { "far@familie.example" } else { BOS_MAIL };
        let language = Language::Danish;
        match kind {
            Kind::Enrolments => {
                let public_key = SigningKey::from_seed([7; 32]).public();
                let asked = Enrol { code: "0000".into(), kind: DeviceKind::Kiosk, name: "Foyer".into(), public_key };
                self.from(other, Method::POST, "/v1/devices", serde_json::to_vec(&asked).unwrap()).await
            }
            Kind::LogIns => send(kiosk, "/v1/logins", &LoginRequest { card, code: "1234".into() }).await,
            Kind::Deposits => {
                let (amount, terms_version) = (kr(100), "1".to_owned());
                let id = server.id();
                let asked = DepositRequest { id, card, account, amount, email: email.into(), terms_version, language };
                send(kiosk, "/v1/deposits", &asked).await
            }
            Kind::Quotes => {
                let lines = vec![QuoteLine { product: LASAGNE, quantity: 1 }];
                send(kiosk, &format!("/v1/accounts/{account}/quotes"), &QuoteRequest { card, lines }).await
            }
            Kind::Transfers => {
                // Anna has no second account: a request that is refused by a rule is one all the same.
                let (from, to) = if other { (ANNA, ANNA) } else { (BO, ANNA) };
                let asked = TransferRequest { id: server.id(), card, from, to, amount: kr(1) };
                send(kiosk, "/v1/transfers", &asked).await
            }
            Kind::Withdrawals => {
                let asked = WithdrawalRequest {
                    id: server.id(),
                    card,
                    account,
                    amount: kr(1),
                    name: "Bo And".into(),
                    registration: "1234".into(),
                    account_number: "9876543".into(),
                    message: String::new(),
                    language,
                };
                send(kiosk, "/v1/withdrawals", &asked).await
            }
            Kind::MandatePages => {
                let agreement =
                    Agreement::Begin { amount: kr(100), email: email.into(), terms_version: "1".to_owned() };
                let asked = MandatePageRequest { id: server.id(), card, account, agreement, language };
                send(kiosk, "/v1/mandates", &asked).await
            }
            Kind::PicturePages => {
                let person = if other { ANNA_AND } else { BO_AND };
                send(kiosk, "/v1/picture-pages", &PicturePageRequest { id: server.id(), card, person, language }).await
            }
            Kind::Pages => self.from(other, Method::GET, "/pay/0?lang=en", Vec::new()).await,
            Kind::Uploads => self.from(other, Method::POST, "/picture/0?lang=en", Vec::new()).await,
            Kind::Resets => {
                let email = format!("{}@familie.example", Uuid::new_v4().simple());
                send(kiosk, "/v1/password-resets", &PasswordResetRequest { email, language }).await
            }
            Kind::ResetLetters => {
                let email = if other { "anna@skole.example" } else { BOS_MAIL };
                send(kiosk, "/v1/password-resets", &PasswordResetRequest { email: email.into(), language }).await
            }
            Kind::StatementLetters => {
                let asked = StatementMailRequest { id: server.id(), card, email: email.into(), language };
                send(kiosk, &format!("/v1/accounts/{account}/statements/2026-11/mails"), &asked).await
            }
            Kind::TicketLetters => {
                let number = format!("K1-{}", kiosk.seq.load(std::sync::atomic::Ordering::SeqCst) + 1);
                let ticket = FileTicket {
                    number,
                    card,
                    name: "Bo And".into(),
                    email: email.into(),
                    phone: String::new(),
                    regarding: account,
                    message: "Hvor er min kvittering?".into(),
                    language,
                };
                let filed = operation(server, kiosk, OperationBody::FileTicket(ticket));
                send(kiosk, "/v1/operations", &Push { operations: vec![filed] }).await
            }
        }
    }

    /// A request that nobody signed, from the machine itself or from another by way of a proxy.
    async fn from(&self, other: bool, method: Method, path: &str, body: Vec<u8>) -> Response {
        let request = Client::new().request(method, format!("{}{path}", self.server.url)).body(body);
        let request = request.header(HEADER_API, API_VERSION);
        let request = if other { request.header("x-forwarded-for", "203.0.113.7") } else { request };
        request.send().await.unwrap()
    }

    /// Letters there are, to whomever.
    async fn letters(&self) -> u64 {
        self.server.store().waiting_mails().await.unwrap()
    }
}

async fn send(kiosk: &Signer, path: &str, body: &impl Serialize) -> Response {
    kiosk.send(Method::POST, path, &serde_json::to_vec(body).unwrap()).await
}

/// What is asked too often is answered as ever, and a letter less is written: who asks learns nothing, or has left already.
fn is_silent(kind: Kind) -> bool {
    matches!(kind, Kind::ResetLetters | Kind::TicketLetters)
}

/// What the server is told to do when its row lets it through.
fn let_through(kind: Kind) -> &'static [StatusCode] {
    match kind {
        Kind::Enrolments => &[StatusCode::FORBIDDEN],
        Kind::Pages | Kind::Uploads => &[StatusCode::NOT_FOUND],
        // Between an account and itself nothing moves.
        Kind::Transfers => &[StatusCode::OK, StatusCode::UNPROCESSABLE_ENTITY],
        Kind::Resets | Kind::ResetLetters | Kind::StatementLetters => &[StatusCode::NO_CONTENT],
        _ => &[StatusCode::OK],
    }
}

/// The answer says so to a person, in both languages, and to a program: how long to wait.
async fn says_to_wait(kind: Kind, answer: Response, seconds: u32) {
    assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS, "{kind:?}");
    assert_eq!(answer.headers()["retry-after"].to_str().unwrap(), seconds.to_string(), "{kind:?}");
    let minutes = seconds.div_ceil(60);
    let english = format!("Try again in {minutes} minutes.");
    if matches!(kind, Kind::Pages | Kind::Uploads) {
        let page = answer.text().await.unwrap();
        assert!(page.contains("Wait a little") && page.contains(&english), "{kind:?}: {page}");
        return;
    }
    let problem = problem(answer).await;
    assert_eq!(problem.code, ProblemCode::TooMany, "{kind:?}");
    assert!(problem.detail.ends_with(&english), "{kind:?}: {}", problem.detail);
    let danish = format!("Prøv igen om {minutes} minutter.");
    assert!(problem.detail_da.ends_with(&danish), "{kind:?}: {}", problem.detail_da);
}

#[tokio::test]
async fn every_row_turns_away_what_is_too_often_for_as_long_as_it_says_and_nobody_else() {
    for kind in Kind::ALL.iter().copied() {
        let there = There::with(kind).await;
        for n in 0..FEW.most {
            let status = there.ask(kind, Who::One).await.status();
            assert!(let_through(kind).contains(&status), "{kind:?} {n}: {status}");
        }
        let letters = there.letters().await;
        if is_silent(kind) {
            let status = there.ask(kind, Who::One).await.status();
            assert!(let_through(kind).contains(&status), "{kind:?}: answered alike, not {status}");
            // Of a ticket, support hears in any case.
            let more = u64::from(kind == Kind::TicketLetters);
            assert_eq!(there.letters().await, letters + more, "{kind:?}");
        } else {
            says_to_wait(kind, there.ask(kind, Who::One).await, FEW.seconds).await;
            there.server.clock.forward(SignedDuration::from_secs(20));
            says_to_wait(kind, there.ask(kind, Who::One).await, FEW.seconds - 20).await;
            assert_eq!(there.letters().await, letters, "{kind:?}");
        }
        // Whatever their rights are: nobody waits for what another did.
        let status = there.ask(kind, Who::Another).await.status();
        assert_ne!(status, StatusCode::TOO_MANY_REQUESTS, "{kind:?}, another");
        let letters = there.letters().await;
        there.server.clock.forward(FEW.within() + SignedDuration::from_secs(1));
        let status = there.ask(kind, Who::One).await.status();
        assert!(let_through(kind).contains(&status), "{kind:?}, later: {status}");
        let more = match kind {
            Kind::ResetLetters | Kind::StatementLetters => 1,
            Kind::TicketLetters => 2,
            _ => 0,
        };
        assert_eq!(there.letters().await, letters + more, "{kind:?}");
        there.server.books_are_right().await;
    }
}

/// Whoever lost the answer asks again, and hears that the money has moved.
#[tokio::test]
async fn what_moved_money_is_never_told_as_turned_away() {
    let there = There::with(Kind::Transfers).await;
    let (server, kiosk) = (&there.server, &there.kiosks[0]);
    let asked = || TransferRequest { id: server.id(), card: BOS_CARD, from: BO, to: ANNA, amount: kr(1) };
    let (first, last, beyond) = (asked(), asked(), asked());
    for (request, status) in [
        (&first, StatusCode::OK),
        (&last, StatusCode::OK),
        (&beyond, StatusCode::TOO_MANY_REQUESTS),
        (&last, StatusCode::OK),
        (&beyond, StatusCode::TOO_MANY_REQUESTS),
    ] {
        assert_eq!(send(kiosk, "/v1/transfers", request).await.status(), status, "{request:?}");
    }
    server.books_are_right().await;
}

#[tokio::test]
async fn what_was_recorded_and_what_is_sold_is_never_turned_away() {
    let mut rates = Rates::default();
    for kind in Kind::ALL {
        rates.set(*kind, Rate { most: 1, seconds: 3600 });
    }
    let server = Server::start_with(rates).await;
    let (kiosk, till) = (server.kiosk().await, server.register().await);
    server.fund(&kiosk, ANNA, kr(500)).await;
    for n in 1..=5 {
        let placed = order(&server, &kiosk, lasagne(&format!("K1-{n}")));
        assert_eq!(kiosk.outcome(placed).await, Outcome::Posted);
        let sale = server.sale(uid(1), kr(10));
        let answer: PurchaseAnswer = till.post("/v1/purchases", &sale).await;
        assert_eq!(answer.outcome, Outcome::Posted);
    }
}
