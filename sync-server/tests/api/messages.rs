//! The routes that take a message, each with one that is right, as a table: what is wrong with a message is told of all of them.

use madkort_protocol::*;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::*;

/// Who sends a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Anybody: it is not signed.
    Anybody,
    Kiosk,
    Till,
    /// A kiosk at which Bo is signed in.
    Visitor,
}

/// A route and a message for it that is right.
pub struct Message {
    /// As the API's description names it.
    pub route: &'static str,
    /// Where it is sent.
    pub path: String,
    pub by: By,
    pub right: Value,
    /// Where its amount stands, and what is said of one that can be read and makes no sense.
    pub amount: Option<(&'static str, ProblemCode)>,
    /// Whether an amount that makes no sense is refused for good under the message's id.
    pub settles: bool,
    /// A text for people to read.
    pub text: Option<&'static str>,
}

/// All of them, and the devices that send them.
pub struct Messages {
    pub server: Server,
    pub kiosk: Signer,
    pub till: Signer,
    pub visitor: Signer,
    pub right: Vec<Message>,
}

/// What must not change.
#[derive(Debug, PartialEq)]
pub struct Written {
    transactions: u64,
    cursor: u64,
    pub balances: [Money; 2],
    next_device: Option<u64>,
}

impl Messages {
    /// Anna has 100 kr., Bo 10, and a sale and an authorisation stand at the till.
    pub async fn new() -> Self {
        let server = Server::start().await;
        let (kiosk, till, visitor) = (server.kiosk().await, server.register().await, server.kiosk().await);
        server.fund(&kiosk, ANNA, kr(100)).await;
        server.fund(&kiosk, BO, kr(30)).await;
        visitor.sign_in(BOS_CARD).await;
        let sold = PurchaseRequest { card_uid: uid(2), ..sale(&server) };
        assert_eq!(till.post::<PurchaseAnswer>("/v1/purchases", &sold).await.outcome, Outcome::Posted);
        let held = AuthorisationRequest { id: server.id(), card_uid: uid(2), amount: kr(10) };
        assert_eq!(till.post::<Answer>("/v1/authorisations", &held).await.outcome, Outcome::Posted);
        let mut right = at_the_till(&server, sold.id, held.id);
        right.extend(at_a_kiosk(&server).await);
        right.extend(for_a_visitor(&server));
        Self { server, kiosk, till, visitor, right }
    }

    pub fn message(&self, route: &str) -> &Message {
        self.right.iter().find(|message| message.route == route).unwrap()
    }

    pub fn right(&self, route: &str) -> Value {
        self.message(route).right.clone()
    }

    pub fn device(&self, by: By) -> &Signer {
        match by {
            By::Till => &self.till,
            By::Visitor => &self.visitor,
            By::Kiosk | By::Anybody => &self.kiosk,
        }
    }

    async fn send(&self, message: &Message, body: &[u8]) -> reqwest::Response {
        match message.by {
            By::Anybody => unsigned(&self.server, Method::POST, &message.path, body).await,
            by => self.device(by).send(Method::POST, &message.path, body).await,
        }
    }

    /// Sends it as the device would whose route it is.
    pub async fn code_of(&self, route: &str, body: &[u8]) -> ProblemCode {
        problem(self.send(self.message(route), body).await).await.code
    }

    pub async fn written(&self) -> Written {
        let store = self.server.store();
        let since = jiff::civil::date(2000, 1, 1);
        Written {
            transactions: store.verify(jiff::Timestamp::UNIX_EPOCH).await.unwrap().unwrap().transactions,
            cursor: store.changes(SCHOOL, 0, 10_000, since).await.unwrap().cursor,
            balances: [self.server.balance(ANNA).await, self.server.balance(BO).await],
            next_device: store.device(self.kiosk.id).await.unwrap().map(|device| device.last_seq),
        }
    }

    /// Everything that was right before is still right, and not by half done already.
    pub async fn the_right_ones_still_go(&self) {
        for message in &self.right {
            let answer = self.send(message, message.right.to_string().as_bytes()).await;
            assert!(answer.status().is_success(), "{}: {}", message.route, answer.text().await.unwrap());
        }
        self.server.books_are_right().await;
    }
}

impl Message {
    fn new(route: &'static str, by: By, right: Value) -> Self {
        Self { route, path: route.to_owned(), by, right, amount: None, settles: false, text: None }
    }

    fn with_amount(self, at: &'static str, code: ProblemCode) -> Self {
        Self { amount: Some((at, code)), ..self }
    }

    fn with_text(self, at: &'static str) -> Self {
        Self { text: Some(at), ..self }
    }

    /// The same with another id, for one whose id is used up by a refusal.
    pub fn under_another_id(&self, server: &Server) -> Value {
        let mut again = self.right.clone();
        again["id"] = json!(server.id());
        again
    }
}

fn sale(server: &Server) -> PurchaseRequest {
    PurchaseRequest { text: "Mad".into(), ..server.sale(uid(1), kr(10)) }
}

fn at_the_till(server: &Server, sold: OperationId, held: OperationId) -> Vec<Message> {
    use ProblemCode::InvalidAmount;
    let batch =
        PurchaseBatch { purchases: vec![OfflinePurchase { claimed_at: server.clock.now(), purchase: sale(server) }] };
    let authorisation = AuthorisationRequest { id: server.id(), card_uid: uid(1), amount: kr(10) };
    let (undo, release) = (Undo { id: server.id() }, Release { id: server.id() });
    let pick_up = PickUpRequest { id: server.id(), card_uid: uid(1) };
    let till = |route, right| Message::new(route, By::Till, right);
    vec![
        till("/v1/purchases", json!(sale(server))).with_amount("/amount", InvalidAmount).with_text("/text"),
        till("/v1/purchase-batches", json!(batch))
            .with_amount("/purchases/0/purchase/amount", InvalidAmount)
            .with_text("/purchases/0/purchase/text"),
        till("/v1/authorisations", json!(authorisation)).with_amount("/amount", InvalidAmount),
        till("/v1/pick-ups", json!(pick_up)),
        Message { path: format!("/v1/purchases/{sold}/undo"), ..till("/v1/purchases/{id}/undo", json!(undo)) },
        Message {
            path: format!("/v1/authorisations/{held}/release"),
            ..till("/v1/authorisations/{id}/release", json!(release))
        },
    ]
}

async fn at_a_kiosk(server: &Server) -> Vec<Message> {
    let order = Operation {
        id: server.id(),
        seq: 1,
        claimed_at: server.clock.now(),
        offline: false,
        body: OperationBody::PlaceOrder(lasagne("K1-1")),
    };
    let deposit = DepositRequest {
        id: server.id(),
        card: ANNAS_CARD,
        account: ANNA,
        amount: kr(100),
        email: "mor@skole.example".into(),
        terms_version: "1".into(),
        language: Language::Danish,
    };
    let code = server.code(DeviceKind::Kiosk).await;
    let public_key = SigningKey::from_seed([9; 32]).public();
    let enrol = Enrol { code, kind: DeviceKind::Kiosk, name: "Ny".into(), public_key };
    let quote = QuoteRequest { card: ANNAS_CARD, lines: vec![QuoteLine { product: LASAGNE, quantity: 1 }] };
    let kiosk = |route, right| Message::new(route, By::Kiosk, right);
    vec![
        kiosk("/v1/operations", json!(Push { operations: vec![order] })),
        kiosk("/v1/deposits", json!(deposit)).with_amount("/amount", ProblemCode::InvalidAmount).with_text("/email"),
        kiosk("/v1/logins", json!(LoginRequest { card: ANNAS_CARD, code: "1234".into() })),
        Message { path: format!("/v1/accounts/{ANNA}/quotes"), ..kiosk("/v1/accounts/{account}/quotes", json!(quote)) },
        Message { by: By::Anybody, ..kiosk("/v1/devices", json!(enrol)) }.with_text("/name"),
    ]
}

fn for_a_visitor(server: &Server) -> Vec<Message> {
    use ProblemCode::InvalidField;
    let transfer = TransferRequest { id: server.id(), card: BOS_CARD, from: BO, to: ANNA, amount: kr(2) };
    let withdrawal = WithdrawalRequest {
        id: server.id(),
        card: BOS_CARD,
        account: BO,
        amount: kr(3),
        name: "Bo And".into(),
        registration: "1234".into(),
        account_number: "1234567890".into(),
        message: String::new(),
        language: Language::Danish,
    };
    let begin = Agreement::Begin { amount: kr(100), email: "bo@familie.example".into(), terms_version: "1".into() };
    let mandate = MandatePageRequest {
        id: server.id(),
        card: BOS_CARD,
        account: ANNA,
        agreement: begin,
        language: Language::Danish,
    };
    let visitor = |route, right| Message::new(route, By::Visitor, right);
    vec![
        Message { settles: true, ..visitor("/v1/transfers", json!(transfer)).with_amount("/amount", InvalidField) },
        Message {
            settles: true,
            ..visitor("/v1/withdrawals", json!(withdrawal)).with_amount("/amount", InvalidField).with_text("/name")
        },
        visitor("/v1/mandates", json!(mandate))
            .with_amount("/agreement/amount", ProblemCode::InvalidAmount)
            .with_text("/agreement/email"),
    ]
}
