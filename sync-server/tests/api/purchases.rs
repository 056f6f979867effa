//! `/v1/purchases`

use jiff::SignedDuration;
use madkort_protocol::*;
use reqwest::Method;
use serde_json::json;

use crate::support::*;

fn purchase(server: &Server, card: u8, amount: Money) -> PurchaseRequest {
    PurchaseRequest { text: "Frikadelle".into(), ..server.sale(uid(card), amount) }
}

async fn open() -> (Server, Signer) {
    let server = Server::start().await;
    let (kiosk, till) = (server.kiosk().await, server.register().await);
    server.fund(&kiosk, ANNA, kr(100)).await;
    server.fund(&kiosk, GUEST, kr(20)).await;
    (server, till)
}

#[tokio::test]
async fn a_sale_is_booked_once() {
    let (server, till) = open().await;
    let sale = purchase(&server, 1, Money::from_ore(2250));
    let answer: PurchaseAnswer = till.post("/v1/purchases", &sale).await;
    assert_eq!(answer, PurchaseAnswer { id: sale.id, outcome: Outcome::Posted });
    let again: PurchaseAnswer = till.post("/v1/purchases", &sale).await;
    assert_eq!(again.outcome, Outcome::AlreadyPosted);
    assert_eq!(server.balance(ANNA).await, Money::from_ore(7750));
    server.books_are_right().await;
}

#[tokio::test]
async fn a_sale_leaves_no_count_on_disk_for_its_id_says_that_it_came_before() {
    let (server, till) = open().await;
    let sale = serde_json::to_vec(&purchase(&server, 1, kr(10))).unwrap();
    assert!(till.send_counted(Method::POST, "/v1/purchases", &sale, 7).await.status().is_success());
    server.store().alive().await.unwrap();
    assert_eq!(server.store().device(till.id).await.unwrap().unwrap().request_count, 0);
    let again = till.send_counted(Method::POST, "/v1/purchases", &sale, 7).await;
    assert_eq!(problem(again).await.code, ProblemCode::BadSignature, "as long as the server runs");
    assert_eq!(server.balance(ANNA).await, kr(90));
}

#[tokio::test]
async fn a_till_that_sells_is_known_for_a_second_from_its_last_sale_on() {
    let (server, till) = open().await;
    let step = |millis| server.clock.forward(SignedDuration::from_millis(millis));
    let hears = async || till.send(Method::GET, "/v1/changes?after=0", b"").await.status().is_success();
    let sells = async || {
        let sale = serde_json::to_vec(&purchase(&server, 1, kr(1))).unwrap();
        till.send(Method::POST, "/v1/purchases", &sale).await.status().is_success()
    };
    assert!(sells().await);
    step(900);
    assert!(sells().await);
    server.store().revoke(till.id, server.clock.now()).await.unwrap();
    step(900);
    assert!(!sells().await, "what is written is decided on what stands");
    assert!(hears().await);
    step(200);
    assert!(!hears().await);
    assert_eq!(server.balance(ANNA).await, kr(98));
}

#[tokio::test]
async fn a_parent_pays_from_their_own_account() {
    let (server, till) = open().await;
    let kiosk = server.kiosk().await;
    server.fund(&kiosk, BO, kr(70)).await;
    let answer: PurchaseAnswer = till.post("/v1/purchases", &purchase(&server, 2, kr(30))).await;
    assert_eq!(answer.outcome, Outcome::Posted);
    assert_eq!((server.balance(BO).await, server.balance(ANNA).await), (kr(40), kr(100)));
}

#[tokio::test]
async fn a_till_learns_that_it_is_refused_and_not_what_is_left() {
    let (server, till) = open().await;
    let bare = |rule| Outcome::Refused(Refusal { rule, limit: None, asked: None, portions: None });
    let too_much = purchase(&server, 3, Money::from_ore(2001));
    let cases = [
        (Rule::Balance, too_much.clone()),
        (Rule::Card, purchase(&server, 4, kr(10))),
        (Rule::Card, purchase(&server, 99, kr(10))),
    ];
    for (rule, sale) in cases {
        let answer: PurchaseAnswer = till.post("/v1/purchases", &sale).await;
        assert_eq!(answer.outcome, bare(rule));
    }
    // Settled for ever: money that comes later does not change the answer to that id.
    let kiosk = server.kiosk().await;
    server.fund(&kiosk, GUEST, kr(100)).await;
    let again: PurchaseAnswer = till.post("/v1/purchases", &too_much).await;
    assert_eq!(again.outcome, bare(Rule::Balance));
    assert_eq!(server.balance(GUEST).await, kr(120));
    server.books_are_right().await;
}

#[tokio::test]
async fn an_id_stands_for_one_sale() {
    let (server, till) = open().await;
    let sale = purchase(&server, 1, kr(10));
    till.post::<PurchaseAnswer>("/v1/purchases", &sale).await;
    let other = PurchaseRequest { amount: kr(11), ..sale };
    let body = serde_json::to_vec(&other).unwrap();
    assert_eq!(till.problem_of(Method::POST, "/v1/purchases", &body).await.code, ProblemCode::IdReused);
    assert_eq!(server.balance(ANNA).await, kr(90));
}

#[tokio::test]
async fn amounts_and_fields_have_bounds() {
    let (server, till) = open().await;
    let good = serde_json::to_value(purchase(&server, 1, kr(10))).unwrap();
    let cases = [
        ("amount", json!(0), ProblemCode::InvalidAmount),
        ("amount", json!(-1), ProblemCode::InvalidAmount),
        ("amount", json!(200_001), ProblemCode::InvalidAmount),
        ("amount", json!(i64::MAX), ProblemCode::InvalidAmount),
        ("amount", json!(i64::MIN), ProblemCode::InvalidAmount),
        ("amount", json!("abc"), ProblemCode::Malformed),
        ("amount", json!(10.5), ProblemCode::Malformed),
        ("amount", json!(1e30), ProblemCode::Malformed),
        ("vat_percent", json!(26), ProblemCode::InvalidField),
        ("vat_percent", json!(256), ProblemCode::Malformed),
        ("text", json!(""), ProblemCode::InvalidField),
        ("text", json!("x".repeat(61)), ProblemCode::InvalidField),
        ("text", json!("\u{7}"), ProblemCode::InvalidField),
        ("card_uid", json!("04"), ProblemCode::Malformed),
        ("id", json!(uuid::Uuid::new_v4().to_string()), ProblemCode::InvalidField),
        ("more", json!(true), ProblemCode::Malformed),
    ];
    for (field, value, code) in cases {
        let mut bad = good.clone();
        bad[field] = value.clone();
        let problem = till.problem_of(Method::POST, "/v1/purchases", bad.to_string().as_bytes()).await;
        assert_eq!(problem.code, code, "{field} {value}");
    }
    assert_eq!(server.balance(ANNA).await, kr(100));
}

#[tokio::test]
async fn a_kiosk_is_no_till() {
    let (server, _) = open().await;
    let kiosk = server.kiosk().await;
    let body = serde_json::to_vec(&purchase(&server, 1, kr(10))).unwrap();
    assert_eq!(kiosk.problem_of(Method::POST, "/v1/purchases", &body).await.code, ProblemCode::NotAllowed);
}

#[tokio::test]
async fn many_tills_on_one_account_never_overdraw_it() {
    let (server, _) = open().await;
    let mut tills = Vec::new();
    for _ in 0..8 {
        tills.push(server.register().await);
    }
    let sales = tills.iter().map(|till| {
        let server = &server;
        async move {
            let mut posted = 0;
            for _ in 0..5 {
                let sale = purchase(server, 1, kr(7));
                let answer: PurchaseAnswer = till.post("/v1/purchases", &sale).await;
                posted += i32::from(answer.outcome == Outcome::Posted);
            }
            posted
        }
    });
    let mut running = Vec::new();
    for sale in sales {
        running.push(Box::pin(sale));
    }
    let posted = all(running).await.iter().sum::<i32>();
    // 100 kr. has room for fourteen of seven.
    assert_eq!((posted, server.balance(ANNA).await), (14, kr(2)));
    server.books_are_right().await;
}

/// Runs futures side by side.
async fn all<F: Future<Output = T> + Unpin, T>(mut futures: Vec<F>) -> Vec<T> {
    let mut done: Vec<Option<T>> = futures.iter().map(|_| None).collect();
    std::future::poll_fn(|cx| {
        for (future, done) in futures.iter_mut().zip(&mut done) {
            if done.is_none()
                && let std::task::Poll::Ready(value) = std::pin::Pin::new(future).poll(cx)
            {
                *done = Some(value);
            }
        }
        if done.iter().all(Option::is_some) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done.into_iter().flatten().collect()
}
