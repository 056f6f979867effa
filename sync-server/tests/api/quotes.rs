//! `POST /v1/accounts/{account}/quotes`

use madkort_ledger::PriceClass;
use madkort_ledger::caps::Caps;
use madkort_protocol::*;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::*;

fn path(account: AccountId) -> String {
    format!("/v1/accounts/{account}/quotes")
}

fn basket(card: CardId) -> QuoteRequest {
    let line = |product, quantity| QuoteLine { product, quantity };
    QuoteRequest { card, lines: vec![line(LASAGNE, 1), line(APPLE, 3)] }
}

#[tokio::test]
async fn what_is_quoted_is_what_an_order_takes() {
    let server = Server::start().await;
    let kiosk = server.kiosk().await;
    server.fund(&kiosk, ANNA, kr(200)).await;
    for (class, number, taken) in
        [(PriceClass::Paid, "K1-1", 6_000), (PriceClass::Reduced, "K1-2", 3_000), (PriceClass::Free, "K1-3", 0)]
    {
        assert!(server.store().set_price_class(SCHOOL, ANNA, class).await.unwrap());
        let quote: Quote = kiosk.post(&path(ANNA), &basket(ANNAS_CARD)).await;
        let (taken, left) = (Money::from_ore(taken), SpendingCaps::default());
        assert_eq!(quote, Quote { account: ANNA, lines: basket(ANNAS_CARD).lines, price: kr(60), left, taken });
        let line = |product, quantity, price| LineRequest { product, quantity, price, comment: String::new() };
        let lines = vec![line(LASAGNE, 1, kr(45)), line(APPLE, 3, kr(5))];
        let before = server.balance(ANNA).await;
        let placed = order(&server, &kiosk, PlaceOrder { lines, total: kr(60), ..lasagne(number) });
        assert_eq!(kiosk.outcome(placed).await, Outcome::Posted);
        assert_eq!(before.minus(server.balance(ANNA).await).unwrap(), taken, "{class:?}");
    }
    // A guardian who orders for her hears it too, and of his own account what his own class takes.
    let of_anna: Quote = kiosk.post(&path(ANNA), &basket(BOS_CARD)).await;
    let of_bo: Quote = kiosk.post(&path(BO), &basket(BOS_CARD)).await;
    assert_eq!((of_anna.taken, of_bo.taken), (kr(0), kr(60)));
    server.books_are_right().await;
}

/// The names of what is in an answer, and the text with its last figure left out.
fn shape(answer: &str) -> String {
    let mut value: Value = serde_json::from_str(answer).unwrap();
    value["taken"] = json!("figure");
    value.to_string()
}

#[tokio::test]
async fn no_quote_names_a_class() {
    let server = Server::start().await;
    let kiosk = server.kiosk().await;
    let body = serde_json::to_vec(&basket(ANNAS_CARD)).unwrap();
    // Also where the basket goes beyond what may be spent: who pays for it decides that, and the kiosk works it out.
    let caps = Caps { day: Some(kr(10)), week: Some(kr(20)), month: Some(kr(30)) };
    assert!(server.store().set_caps(SCHOOL, ANNA, caps).await.unwrap());
    let mut told = Vec::new();
    for class in PriceClass::ALL {
        assert!(server.store().set_price_class(SCHOOL, ANNA, class).await.unwrap());
        let answer = kiosk.send(Method::POST, &path(ANNA), &body).await;
        let headers: Vec<_> = answer.headers().keys().map(|name| name.as_str().to_owned()).collect();
        told.push((answer.status(), headers, shape(&answer.text().await.unwrap())));
    }
    assert_eq!(told[0].0, StatusCode::OK);
    assert!(told.iter().all(|one| one == &told[0]), "{told:?}");
}

#[tokio::test]
async fn a_quote_says_what_the_caps_leave_and_an_order_that_takes_more_is_refused() {
    let server = Server::start().await;
    let kiosk = server.kiosk().await;
    server.fund(&kiosk, ANNA, kr(500)).await;
    let caps = Caps { day: Some(kr(100)), week: None, month: Some(kr(70)) };
    assert!(server.store().set_caps(SCHOOL, ANNA, caps).await.unwrap());
    let left = async || kiosk.post::<Quote>(&path(ANNA), &basket(ANNAS_CARD)).await.left;
    assert_eq!(left().await, SpendingCaps { day: Some(kr(100)), week: None, month: Some(kr(70)) });
    assert_eq!(kiosk.outcome(order(&server, &kiosk, lasagne("K1-1"))).await, Outcome::Posted);
    assert_eq!(left().await, SpendingCaps { day: Some(kr(55)), week: None, month: Some(kr(25)) });
    assert_eq!(refused(&kiosk.outcome(order(&server, &kiosk, lasagne("K1-2"))).await), Rule::MonthCap);
    // What is not the holder's to pay is nothing under a cap.
    assert!(server.store().set_price_class(SCHOOL, ANNA, PriceClass::Reduced).await.unwrap());
    assert_eq!(kiosk.outcome(order(&server, &kiosk, lasagne("K1-3"))).await, Outcome::Posted);
    let spent = SpendingCaps { day: Some(Money::from_ore(3_250)), week: None, month: Some(Money::from_ore(250)) };
    assert_eq!(left().await, spent);
    // The next day in Denmark has its own; a cap below what was spent leaves nothing, and no debt.
    server.clock.set(at("2026-11-22T23:00:00Z"));
    assert_eq!(left().await, SpendingCaps { day: Some(kr(100)), ..spent });
    assert!(server.store().set_caps(SCHOOL, ANNA, Caps { day: None, week: None, month: Some(kr(1)) }).await.unwrap());
    assert_eq!(left().await, SpendingCaps { month: Some(kr(0)), ..SpendingCaps::default() });
    server.books_are_right().await;
}

#[tokio::test]
async fn someone_elses_price_is_nobodys_business() {
    let server = Server::start().await;
    let (kiosk, till) = (server.kiosk().await, server.register().await);
    for (account, card) in [(BO, ANNAS_CARD), (ANNA, GUEST_CARD), (ANNA, BLOCKED_CARD), (GUEST, BOS_CARD)] {
        let body = serde_json::to_vec(&basket(card)).unwrap();
        let refused = kiosk.problem_of(Method::POST, &path(account), &body).await;
        assert_eq!(refused.code, ProblemCode::NotFound, "{account} {card}");
    }
    let body = serde_json::to_vec(&basket(ANNAS_CARD)).unwrap();
    let nowhere = kiosk.problem_of(Method::POST, "/v1/accounts/0/quotes", &body).await;
    assert_eq!(nowhere.code, ProblemCode::NotFound);
    let refused = till.problem_of(Method::POST, &path(ANNA), &body).await;
    assert_eq!(refused.code, ProblemCode::NotAllowed, "a till has no business with it");
    let guests: Quote = kiosk.post(&path(GUEST), &basket(GUEST_CARD)).await;
    assert_eq!(guests.taken, kr(60), "a guest pays");
}

#[tokio::test]
async fn a_basket_that_is_no_order_has_no_price() {
    let server = Server::start().await;
    let kiosk = server.kiosk().await;
    let line = |product, quantity| QuoteLine { product, quantity };
    for lines in [
        vec![],
        vec![line(LASAGNE, 0)],
        vec![line(LASAGNE, LineRequest::MOST + 1)],
        vec![line(APPLE, 1); madkort_ledger::order::MOST_LINES + 1],
        vec![line(LASAGNE, 1), line(ProductId::new(uuid::Uuid::nil()), 1)],
    ] {
        let body = serde_json::to_vec(&QuoteRequest { card: ANNAS_CARD, lines }).unwrap();
        assert_eq!(kiosk.problem_of(Method::POST, &path(ANNA), &body).await.code, ProblemCode::InvalidField);
    }
    let body = br#"{"card":"00000000-0000-0000-0000-0000000000c1","lines":[],"class":"free"}"#;
    assert_eq!(kiosk.problem_of(Method::POST, &path(ANNA), body).await.code, ProblemCode::Malformed);
}
