//! `/v1/logins`

use jiff::SignedDuration;
use madkort_protocol::{LoginAnswer, LoginRequest, ProblemCode};
use reqwest::Method;

use crate::support::*;

fn login(card: madkort_protocol::CardId, code: &str) -> LoginRequest {
    LoginRequest { card, code: code.into() }
}

#[tokio::test]
async fn the_right_code_lets_in_and_forgets_the_wrong_ones() {
    let server = Server::start().await;
    let kiosk = server.kiosk().await;
    for left in [4, 3] {
        let answer: LoginAnswer = kiosk.post("/v1/logins", &login(ANNAS_CARD, "0000")).await;
        assert_eq!(answer, LoginAnswer::Wrong { tries_left: left });
    }
    let answer: LoginAnswer = kiosk.post("/v1/logins", &login(ANNAS_CARD, "1234")).await;
    assert!(matches!(answer, LoginAnswer::Right { .. }), "{answer:?}");
    let answer: LoginAnswer = kiosk.post("/v1/logins", &login(ANNAS_CARD, "0000")).await;
    assert_eq!(answer, LoginAnswer::Wrong { tries_left: 4 });
}

#[tokio::test]
async fn five_wrong_ones_cost_a_wait_that_grows() {
    let server = Server::start().await;
    let (kiosk, other) = (server.kiosk().await, server.kiosk().await);
    for left in [4, 3, 2, 1, 0] {
        let answer: LoginAnswer = kiosk.post("/v1/logins", &login(ANNAS_CARD, "0000")).await;
        assert_eq!(answer, LoginAnswer::Wrong { tries_left: left });
    }
    // Not even the right one is looked at, nor at another kiosk; another card is none the worse.
    let until = server.clock.now() + SignedDuration::from_secs(30);
    for kiosk in [&kiosk, &other] {
        let answer: LoginAnswer = kiosk.post("/v1/logins", &login(ANNAS_CARD, "1234")).await;
        assert_eq!(answer, LoginAnswer::Wait { until });
    }
    let answer: LoginAnswer = kiosk.post("/v1/logins", &login(BOS_CARD, "1234")).await;
    assert!(matches!(answer, LoginAnswer::Right { .. }), "{answer:?}");
    server.clock.set(until);
    let answer: LoginAnswer = kiosk.post("/v1/logins", &login(ANNAS_CARD, "0000")).await;
    assert_eq!(answer, LoginAnswer::Wrong { tries_left: 0 });
    let answer: LoginAnswer = kiosk.post("/v1/logins", &login(ANNAS_CARD, "1234")).await;
    assert_eq!(answer, LoginAnswer::Wait { until: until + SignedDuration::from_mins(1) });
}

#[tokio::test]
async fn a_burst_gets_no_more_tries_than_one_after_the_other() {
    let server = Server::start().await;
    let kiosk = server.kiosk().await;
    let wrong = login(ANNAS_CARD, "0000");
    let ask = || kiosk.post::<LoginAnswer>("/v1/logins", &wrong);
    let answers: [LoginAnswer; 8] = tokio::join!(ask(), ask(), ask(), ask(), ask(), ask(), ask(), ask()).into();
    let looked_at = answers.iter().filter(|answer| matches!(answer, LoginAnswer::Wrong { .. })).count();
    assert_eq!(looked_at, 5);
}

#[tokio::test]
async fn who_may_not_ask_and_what_is_no_code() {
    let server = Server::start().await;
    let (kiosk, till) = (server.kiosk().await, server.register().await);
    let body = |request: &LoginRequest| serde_json::to_vec(request).unwrap();
    let ask = |request: LoginRequest| {
        let body = body(&request);
        let kiosk = &kiosk;
        async move { kiosk.problem_of(Method::POST, "/v1/logins", &body).await }
    };
    let unknown = madkort_protocol::CardId::new(uuid::Uuid::from_u128(77));
    assert_eq!(ask(login(unknown, "1234")).await.code, ProblemCode::NotFound);
    assert_eq!(ask(login(BLOCKED_CARD, "1234")).await.code, ProblemCode::NotFound);
    assert_eq!(ask(login(ANNAS_CARD, "")).await.field.as_deref(), Some("code"));
    assert_eq!(ask(login(ANNAS_CARD, &"1".repeat(129))).await.field.as_deref(), Some("code"));
    let malformed = kiosk.problem_of(Method::POST, "/v1/logins", br#"{"card":1,"code":"1234"}"#).await;
    assert_eq!(malformed.code, ProblemCode::Malformed);
    let till = till.problem_of(Method::POST, "/v1/logins", &body(&login(ANNAS_CARD, "1234"))).await;
    assert_eq!(till.code, ProblemCode::NotAllowed);
}
