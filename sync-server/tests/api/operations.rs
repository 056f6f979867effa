//! `/v1/operations`

use jiff::SignedDuration;
use madkort_protocol::*;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::*;

async fn funded() -> (Server, Signer) {
    let server = Server::start().await;
    let kiosk = server.kiosk().await;
    server.fund(&kiosk, ANNA, kr(200)).await;
    (server, kiosk)
}

#[tokio::test]
async fn an_order_holds_its_money_once() {
    let (server, kiosk) = funded().await;
    let placed = order(&server, &kiosk, lasagne("K1-1"));
    let pushed = kiosk.push(vec![placed.clone()]).await;
    assert_eq!((pushed.acked_seq, &pushed.answers[0].outcome), (1, &Outcome::Posted));
    assert_eq!((pushed.accounts[0].balance, pushed.accounts[0].version), (kr(155), 2));
    let held = &pushed.orders[0];
    assert_eq!((held.number.as_str(), held.state, held.total), ("K1-1", OrderState::Held, kr(45)));
    assert_eq!((held.lines[0].name_da.as_str(), held.lines[0].comment.as_str()), ("Lasagne", "uden løg"));

    // The answer got lost: pushed again, nothing happens and everything is told again.
    let again = kiosk.push(vec![placed]).await;
    assert_eq!(again.answers[0].outcome, Outcome::AlreadyPosted);
    assert_eq!((again.acked_seq, again.accounts, again.orders), (1, pushed.accounts, pushed.orders));
    assert_eq!(server.balance(ANNA).await, kr(155));
    server.books_are_right().await;
}

#[tokio::test]
async fn a_cancelled_order_gives_the_money_back_once() {
    let (server, kiosk) = funded().await;
    let placed = order(&server, &kiosk, lasagne("K1-1"));
    kiosk.push(vec![placed.clone()]).await;
    let cancel = OperationBody::CancelOrder(CancelOrder { order: placed.id, card: ANNAS_CARD });
    let pushed = kiosk.push(vec![operation(&server, &kiosk, cancel.clone())]).await;
    assert_eq!(pushed.answers[0].outcome, Outcome::Posted);
    assert_eq!((pushed.accounts[0].balance, pushed.orders[0].state), (kr(200), OrderState::Released));
    // A second cancellation is another operation, and there is nothing left to cancel.
    assert_eq!(refused(&kiosk.outcome(operation(&server, &kiosk, cancel)).await), Rule::Order);
    assert_eq!(server.balance(ANNA).await, kr(200));
    server.books_are_right().await;
}

#[tokio::test]
async fn every_rule_says_no_by_its_name_and_the_queue_moves_on() {
    let (server, kiosk) = funded().await;
    let change = |change: &dyn Fn(&mut PlaceOrder)| {
        let mut order = lasagne("K1-1");
        change(&mut order);
        order
    };
    let cases = [
        (Rule::Balance, change(&|o| (o.lines[0].quantity, o.total) = (5, kr(225)))),
        (Rule::NotOnMenu, change(&|o| (o.lines[0].product, o.lines[0].price, o.total) = (NOT_TODAY, kr(30), kr(30)))),
        (Rule::NotOnMenu, change(&|o| o.date = jiff::civil::date(2026, 11, 25))),
        (Rule::Price, change(&|o| (o.lines[0].price, o.total) = (kr(44), kr(44)))),
        (Rule::Price, change(&|o| (o.lines[0].price, o.total) = (kr(-45), kr(-45)))),
        (Rule::Card, change(&|o| o.card = BLOCKED_CARD)),
        (Rule::Card, change(&|o| o.card = CardId::new(uuid::Uuid::from_u128(77)))),
        (Rule::Account, change(&|o| o.account = BO)),
        (Rule::Account, change(&|o| o.account = AccountId::new(uuid::Uuid::from_u128(77)))),
        (Rule::Field, change(&|o| (o.lines[0].quantity, o.total) = (0, kr(0)))),
        (Rule::Field, change(&|o| (o.lines[0].quantity, o.total) = (31, kr(1395)))),
        (Rule::Field, change(&|o| o.total = kr(44))),
        (Rule::Field, change(&|o| (o.lines, o.total) = (vec![], kr(0)))),
        (Rule::Field, change(&|o| o.number = String::new())),
        (Rule::Field, change(&|o| o.lines[0].comment = "x".repeat(81))),
        (Rule::Field, change(&|o| o.lines[0].comment = "\u{1b}p0".into())),
        (Rule::Field, change(&|o| (o.lines[0].price, o.lines[0].quantity) = (Money::from_ore(i64::MAX), 2))),
    ];
    let operations: Vec<_> = cases.iter().map(|(_, placed)| order(&server, &kiosk, placed.clone())).collect();
    let pushed = kiosk.push(operations.clone()).await;
    for ((rule, placed), answer) in cases.iter().zip(&pushed.answers) {
        assert_eq!(refused(&answer.outcome), *rule, "{placed:?}");
    }
    // A refusal is settled: pushed again, the answer is the first one.
    assert_eq!(kiosk.push(operations).await.answers, pushed.answers);
    assert_eq!(pushed.acked_seq, 17);
    assert_eq!(server.balance(ANNA).await, kr(200));
    assert_eq!(kiosk.outcome(order(&server, &kiosk, lasagne("K1-18"))).await, Outcome::Posted);
    server.books_are_right().await;
}

#[tokio::test]
async fn the_balance_says_its_figures_and_the_order_shows_as_refused() {
    let server = Server::start().await;
    let kiosk = server.kiosk().await;
    server.fund(&kiosk, ANNA, kr(50)).await;
    let mut two = lasagne("K1-1");
    (two.lines[0].quantity, two.total) = (2, kr(90));
    let pushed = kiosk.push(vec![order(&server, &kiosk, two)]).await;
    let refusal = Refusal { rule: Rule::Balance, limit: Some(kr(50)), asked: Some(kr(90)), portions: None };
    assert_eq!(pushed.answers[0].outcome, Outcome::Refused(refusal));
    assert_eq!(pushed.orders[0].state, OrderState::Refused);
    // To the last øre is fine, and not one more.
    assert_eq!(kiosk.outcome(order(&server, &kiosk, lasagne("K1-2"))).await, Outcome::Posted);
    assert_eq!(refused(&kiosk.outcome(order(&server, &kiosk, lasagne("K1-3"))).await), Rule::Balance);
    assert_eq!(server.balance(ANNA).await, kr(5));
    server.books_are_right().await;
}

#[tokio::test]
async fn after_the_cut_off_nothing_is_ordered_or_cancelled() {
    let (server, kiosk) = funded().await;
    server.clock.set(at("2026-11-23T08:00:00Z"));
    let on_the_stroke = order(&server, &kiosk, lasagne("K1-1"));
    assert_eq!(kiosk.outcome(on_the_stroke.clone()).await, Outcome::Posted);
    server.clock.set(at("2026-11-23T08:00:01Z"));
    // Online, the device's own clock decides nothing.
    let mut late = order(&server, &kiosk, lasagne("K1-2"));
    late.claimed_at = at("2026-11-23T07:00:00Z");
    assert_eq!(refused(&kiosk.outcome(late).await), Rule::CutOff);
    let cancel = OperationBody::CancelOrder(CancelOrder { order: on_the_stroke.id, card: ANNAS_CARD });
    let rule = refused(&kiosk.outcome(operation(&server, &kiosk, cancel)).await);
    assert!(matches!(rule, Rule::CutOff | Rule::Order), "{rule:?}");
    server.books_are_right().await;
}

#[tokio::test]
async fn an_order_taken_offline_counts_from_when_it_was_taken() {
    let (server, kiosk) = funded().await;
    let mut offline = order(&server, &kiosk, lasagne("K1-1"));
    (offline.offline, offline.claimed_at) = (true, at("2026-11-23T07:59:00Z"));
    let mut too_old = order(&server, &kiosk, lasagne("K1-2"));
    (too_old.offline, too_old.claimed_at) = (true, at("2026-11-22T08:00:00Z"));
    let mut too_late = order(&server, &kiosk, lasagne("K1-3"));
    (too_late.offline, too_late.claimed_at) = (true, at("2026-11-23T08:00:01Z"));
    server.clock.set(at("2026-11-23T09:00:00Z"));
    let pushed = kiosk.push(vec![offline, too_old, too_late]).await;
    assert_eq!(pushed.answers[0].outcome, Outcome::Posted);
    assert_eq!(refused(&pushed.answers[1].outcome), Rule::CutOff);
    assert_eq!(refused(&pushed.answers[2].outcome), Rule::CutOff);
    server.books_are_right().await;
}

#[tokio::test]
async fn what_is_taken_offline_has_an_allowance_per_sale_card_and_kiosk() {
    let (server, kiosk) = funded().await;
    server.fund(&kiosk, BO, kr(500)).await;
    let offline = |quantity: u32, card, account| {
        let mut placed = lasagne("K1-1");
        (placed.card, placed.account) = (card, account);
        (placed.lines[0].quantity, placed.total) = (quantity, kr(45).times(quantity).unwrap());
        Operation { offline: true, ..order(&server, &kiosk, placed) }
    };
    let pushed = kiosk
        .push(vec![
            offline(3, ANNAS_CARD, ANNA), // 135: over 100 in one sale
            offline(2, ANNAS_CARD, ANNA), // 90
            offline(1, ANNAS_CARD, ANNA), // 135: over 120 on the card
            offline(1, BOS_CARD, BO),     // 135 on the kiosk
            offline(1, BOS_CARD, BO),     // 180: over 150 on the kiosk
        ])
        .await;
    let rules: Vec<_> = pushed.answers.iter().map(|answer| &answer.outcome).collect();
    let over = |limit, asked| {
        Outcome::Refused(Refusal {
            rule: Rule::OfflineAllowance,
            limit: Some(kr(limit)),
            asked: Some(kr(asked)),
            portions: None,
        })
    };
    assert_eq!(rules[0], &over(100, 135));
    assert_eq!(rules[1], &Outcome::Posted);
    assert_eq!(rules[2], &over(120, 135));
    assert_eq!(rules[3], &Outcome::Posted);
    assert_eq!(rules[4], &over(150, 180));
    // Another outage, another allowance.
    server.clock.forward(SignedDuration::from_mins(11));
    assert_eq!(kiosk.outcome(offline(1, BOS_CARD, BO)).await, Outcome::Posted);
    server.books_are_right().await;
}

#[tokio::test]
async fn a_ticket_is_filed_by_a_card() {
    let (server, kiosk) = funded().await;
    let ticket = FileTicket {
        number: "K1-1".into(),
        card: ANNAS_CARD,
        name: "Anna And".into(),
        email: "anna@skole.example".into(),
        phone: String::new(),
        regarding: ANNA,
        message: "Der mangler en deposit.\nHilsen Anna".into(),
        language: Language::Danish,
    };
    let file = |ticket: FileTicket| operation(&server, &kiosk, OperationBody::FileTicket(ticket));
    assert_eq!(kiosk.outcome(file(ticket.clone())).await, Outcome::Posted);
    for (rule, bad) in [
        (Rule::Card, FileTicket { card: BLOCKED_CARD, ..ticket.clone() }),
        (Rule::Account, FileTicket { regarding: BO, ..ticket.clone() }),
        (Rule::Field, FileTicket { email: "anna".into(), ..ticket.clone() }),
        (Rule::Field, FileTicket { message: "x".repeat(1001), ..ticket.clone() }),
        (Rule::Field, FileTicket { name: String::new(), ..ticket }),
    ] {
        assert_eq!(refused(&kiosk.outcome(file(bad)).await), rule);
    }
}

#[tokio::test]
async fn a_gap_is_named_and_nothing_is_posted() {
    let (server, kiosk) = funded().await;
    let first = order(&server, &kiosk, lasagne("K1-1"));
    let second = order(&server, &kiosk, lasagne("K1-2"));
    let push = |operations: &[Operation]| serde_json::to_vec(&Push { operations: operations.to_vec() }).unwrap();
    let gap = kiosk.problem_of(Method::POST, "/v1/operations", &push(std::slice::from_ref(&second))).await;
    assert_eq!((gap.code, gap.expected_seq), (ProblemCode::SequenceGap, Some(1)));
    assert_eq!(server.balance(ANNA).await, kr(200));
    // Out of order within one push, or with a hole, is not a push.
    for wrong in [[second.clone(), first.clone()], [first.clone(), Operation { seq: 3, ..second.clone() }]] {
        let problem = kiosk.problem_of(Method::POST, "/v1/operations", &push(&wrong)).await;
        assert_eq!((problem.code, problem.field.as_deref()), (ProblemCode::InvalidField, Some("seq")));
    }
    assert_eq!(kiosk.push(vec![first, second]).await.acked_seq, 2);
    // A device that has forgotten what it did begins again at 1, with other ids.
    let forgot = Operation { seq: 1, ..order(&server, &kiosk, lasagne("K1-1")) };
    let gap = kiosk.problem_of(Method::POST, "/v1/operations", &push(&[forgot])).await;
    assert_eq!((gap.code, gap.expected_seq), (ProblemCode::SequenceGap, Some(3)));
    server.books_are_right().await;
}

#[tokio::test]
async fn an_id_stands_for_one_thing() {
    let (server, kiosk) = funded().await;
    let first = order(&server, &kiosk, lasagne("K1-1"));
    kiosk.push(vec![first.clone()]).await;
    let mut other = lasagne("K1-1");
    other.lines[0].comment = "med løg".into();
    let reused = |seq| Operation { seq, body: OperationBody::PlaceOrder(other.clone()), ..first.clone() };
    let fresh = order(&server, &kiosk, lasagne("K1-2"));
    let with_fresh = vec![fresh.clone(), reused(3)];
    for operations in [vec![reused(1)], vec![reused(2)], with_fresh] {
        let body = serde_json::to_vec(&Push { operations }).unwrap();
        let problem = kiosk.problem_of(Method::POST, "/v1/operations", &body).await;
        assert_eq!(problem.code, ProblemCode::IdReused);
    }
    // The good one beside it was not posted either, and goes through now.
    assert_eq!(server.balance(ANNA).await, kr(155));
    assert_eq!(kiosk.outcome(fresh).await, Outcome::Posted);
    server.books_are_right().await;
}

type Change = fn(&mut Value);

#[tokio::test]
async fn what_is_no_push_is_malformed() {
    let (server, kiosk) = funded().await;
    let good = serde_json::to_value(Push { operations: vec![order(&server, &kiosk, lasagne("K1-1"))] }).unwrap();
    let changes: [Change; 9] = [
        |push| push["extra"] = json!(1),
        |push| push["operations"][0]["extra"] = json!(1),
        |push| push["operations"][0]["seq"] = json!(-1),
        |push| push["operations"][0]["seq"] = json!("1"),
        |push| push["operations"][0]["id"] = json!("1"),
        |push| push["operations"][0]["claimed_at"] = json!("yesterday"),
        |push| push["operations"][0]["body"]["kind"] = json!("give_me_money"),
        |push| push["operations"][0]["body"]["total"] = json!("abc"),
        |push| push["operations"][0]["body"]["total"] = json!(45.5),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let mut bad = good.clone();
        change(&mut bad);
        let problem = kiosk.problem_of(Method::POST, "/v1/operations", bad.to_string().as_bytes()).await;
        assert_eq!(problem.code, ProblemCode::Malformed, "{number}");
    }
    let mut not_v7 = good.clone();
    not_v7["operations"][0]["id"] = json!(uuid::Uuid::from_u128(5).to_string());
    let problem = kiosk.problem_of(Method::POST, "/v1/operations", not_v7.to_string().as_bytes()).await;
    assert_eq!(problem.field.as_deref(), Some("id"));
    assert_eq!(kiosk.send(Method::POST, "/v1/operations", good.to_string().as_bytes()).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_push_has_a_most() {
    let (server, kiosk) = funded().await;
    let operations: Vec<_> = (0..=Push::MOST).map(|_| order(&server, &kiosk, lasagne("K1-1"))).collect();
    let body = serde_json::to_vec(&Push { operations: operations.clone() }).unwrap();
    let problem = kiosk.problem_of(Method::POST, "/v1/operations", &body).await;
    assert_eq!(problem.field.as_deref(), Some("operations"));
    assert_eq!(kiosk.push(operations[..Push::MOST].to_vec()).await.acked_seq, 64);
    assert_eq!(kiosk.push(vec![]).await.acked_seq, 64);
    server.books_are_right().await;
}

#[tokio::test]
async fn a_till_has_no_journal() {
    let server = Server::start().await;
    let till = server.register().await;
    let problem = till.problem_of(Method::POST, "/v1/operations", br#"{"operations":[]}"#).await;
    assert_eq!(problem.code, ProblemCode::NotAllowed);
}
