//! A server whose PostgreSQL is not there: it says to every device that it should come back, sells nothing, and goes on by itself when
//! the database does.
#![allow(clippy::unwrap_used)]

mod ledgers;

use std::time::{Duration, Instant};

use ledgers::serving::{Serving, Till};
use ledgers::{ANNA, ANNAS_CARD, Ledgers, SCHOOL, START, World, kr};
use madkort_protocol::*;
use reqwest::{Method, Response, StatusCode, header};
use sync_server::store;

/// How long a server may take to find its database again.
const PATIENCE: Duration = Duration::from_secs(30);

fn ticket() -> FileTicket {
    FileTicket {
        number: "K1-S1".into(),
        card: ANNAS_CARD,
        name: "Anna And".into(),
        email: "anna@skole.example".into(),
        phone: String::new(),
        regarding: ANNA,
        message: "Hvor er min kvittering?".into(),
        language: Language::Danish,
    }
}

async fn is_told_to_come_back(answer: Option<Response>, what: &str) {
    let answer = answer.unwrap_or_else(|| panic!("no answer to {what}"));
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE, "{what}");
    let after: u32 = answer.headers()[header::RETRY_AFTER].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&after), "{what}: {after}");
    assert_eq!(answer.json::<Problem>().await.unwrap().code, ProblemCode::Unavailable, "{what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_database_it_tells_devices_to_come_back_and_then_goes_on() {
    let mut ledgers = Ledgers::postgres();
    let world = World::new(ledgers.fresh()).await;
    let kiosk = world.kiosk().await;
    world.fund(&kiosk, ANNA, kr(200)).await;
    let sales = [world.sale(kr(10)), world.sale(kr(20))];
    let push = Push { operations: vec![world.operation(&kiosk, OperationBody::FileTicket(ticket()))] };
    // One that the server has heard of a moment ago, and one that it has to look up.
    let (till, stranger) = (Till::new(world.till().await), Till::new(world.till().await));
    let (kiosk, url) = (Till::new(kiosk), world.url.clone());
    drop(world);
    let serving = Serving::start(&url);
    assert_eq!(till.buy(&serving.url, &sales[0]).await, Some(Outcome::Posted));

    ledgers.postgres.as_mut().unwrap().stop().unwrap();
    // Twice: on the connections that broke, and on none.
    for _ in 0..2 {
        for (device, path) in [(&till, "a sale"), (&stranger, "a stranger's sale")] {
            let answer = device.ask(&serving.url, Method::POST, "/v1/purchases", &sales[1]).await;
            is_told_to_come_back(answer, path).await;
        }
        let path = "/v1/operations";
        is_told_to_come_back(kiosk.ask(&serving.url, Method::POST, path, &push).await, path).await;
        let path = "/v1/changes?after=0";
        is_told_to_come_back(kiosk.ask(&serving.url, Method::GET, path, &()).await, path).await;
        let ready = reqwest::get(format!("{}/readyz", serving.url)).await;
        is_told_to_come_back(ready.ok(), "/readyz").await;
        let alive = reqwest::get(format!("{}/healthz", serving.url)).await.unwrap();
        assert_eq!(alive.status(), StatusCode::OK);
    }

    ledgers.postgres.as_mut().unwrap().restart().unwrap();
    // Who comes back with the same sale finds it unsold, and then sold.
    let patience = Instant::now() + PATIENCE;
    let sold = loop {
        if let Some(outcome) = stranger.buy(&serving.url, &sales[1]).await {
            break outcome;
        }
        assert!(Instant::now() < patience, "the server does not find its database again");
    };
    assert_eq!(sold, Outcome::Posted);
    assert_eq!(till.buy(&serving.url, &sales[1]).await, Some(Outcome::AlreadyPosted));
    let pushed = kiosk.ask(&serving.url, Method::POST, "/v1/operations", &push).await.unwrap();
    assert_eq!(pushed.json::<Pushed>().await.unwrap().answers[0].outcome, Outcome::Posted);
    drop(serving);
    let store = store::open(&url).unwrap();
    assert_eq!(store.account(SCHOOL, ANNA).await.unwrap().unwrap().balance, kr(200 - 10 - 20));
    store.verify(START).await.unwrap().unwrap();
}
