//! `/v1/accounts/{account}/statements/{month}`

use jiff::civil::date;
use madkort_protocol::*;
use reqwest::Method;
use sync_server::store::{Movement, Moving, NewDeposit};

use crate::support::*;

#[tokio::test]
async fn a_month_shows_what_happened_by_danish_time() {
    let server = Server::start().await;
    let (kiosk, till) = (server.kiosk().await, server.register().await);
    // Half past eleven at night in UTC is the next month in Denmark.
    server.clock.set(at("2026-10-31T22:59:59Z"));
    server.fund(&kiosk, ANNA, kr(100)).await;
    server.clock.set(at("2026-10-31T23:30:00Z"));
    let sale = PurchaseRequest {
        id: server.id(),
        card_uid: uid(1),
        amount: kr(22),
        vat_percent: 25,
        text: "Frikadelle".into(),
        authorisation: None,
    };
    till.post::<PurchaseAnswer>("/v1/purchases", &sale).await;
    server.clock.set(at(START));
    let placed = order(&server, &kiosk, lasagne("K1-1"));
    kiosk.push(vec![placed.clone()]).await;
    let cancel = OperationBody::CancelOrder(CancelOrder { order: placed.id, card: ANNAS_CARD });
    kiosk.push(vec![operation(&server, &kiosk, cancel)]).await;

    kiosk.sign_in(ANNAS_CARD).await;
    let november: Statement = kiosk.get(&format!("/v1/accounts/{ANNA}/statements/2026-11")).await;
    let line = |day, text, number: &str, amount, balance| StatementLine {
        date: date(2026, 11, day),
        text,
        number: number.into(),
        amount: kr(amount),
        balance: kr(balance),
        correction: None,
    };
    assert_eq!(
        november.lines,
        [
            line(1, StatementText::Purchase { text: "Frikadelle".into() }, "", -22, 78),
            line(22, StatementText::OrderPlaced { delivery: TUESDAY }, "K1-1", -45, 33),
            line(22, StatementText::OrderReleased { delivery: TUESDAY }, "K1-1", 45, 78),
        ]
    );
    assert_eq!((november.opening, november.closing), (kr(100), kr(78)));
    assert_eq!(november.months, [date(2026, 11, 1), date(2026, 10, 1)]);

    let october: Statement = kiosk.get(&format!("/v1/accounts/{ANNA}/statements/2026-10")).await;
    assert_eq!((october.opening, october.closing, october.lines.len()), (kr(0), kr(100), 1));
    assert_eq!((&october.lines[0].text, october.lines[0].number.as_str()), (&StatementText::Deposit, "2026-000001"));
    let september: Statement = kiosk.get(&format!("/v1/accounts/{ANNA}/statements/2026-09")).await;
    assert_eq!((september.opening, september.closing, september.lines.len()), (kr(0), kr(0), 0));
}

#[tokio::test]
async fn a_correction_shows_what_was_wrong_and_why() {
    let server = Server::start().await;
    let (kiosk, till) = (server.kiosk().await, server.register().await);
    server.clock.set(at("2026-10-30T11:00:00Z"));
    server.fund(&kiosk, ANNA, kr(100)).await;
    let sale = PurchaseRequest {
        id: server.id(),
        card_uid: uid(1),
        amount: kr(22),
        vat_percent: 25,
        text: "Frikadelle".into(),
        authorisation: None,
    };
    till.post::<PurchaseAnswer>("/v1/purchases", &sale).await;
    kiosk.sign_in(ANNAS_CARD).await;
    let path = format!("/v1/accounts/{ANNA}/statements/2026-10");
    let deposit = kiosk.get::<Statement>(&path).await.lines[0].number.clone();

    server.clock.set(at(START));
    let correct = async |wrong, right: Option<Money>| {
        let right = right.map(|amount| {
            vec![(format!("card:{ANNA}"), amount), ("corrections".to_owned(), amount.negated().unwrap())]
        });
        let (id, reason) = (server.id(), "PH: tastet forkert".to_owned());
        let movement = Movement::Correct { wrong, right, reason };
        let moving = server.store().carry_out(SCHOOL, id, movement, server.clock.now()).await.unwrap();
        assert_eq!(moving, Moving::Settled(Outcome::Posted));
        id
    };
    let corrected = correct(sale.id, Some(kr(-2))).await;
    correct(corrected_to(corrected), None).await;
    kiosk.sign_in(ANNAS_CARD).await;
    let november: Statement = kiosk.get(&format!("/v1/accounts/{ANNA}/statements/2026-11")).await;
    let lines: Vec<_> = november.lines.iter().map(|line| (line.text.clone(), line.amount)).collect();
    let said = |text: &str| StatementText::Purchase { text: text.into() };
    assert_eq!(
        lines,
        [
            (said("Tilbageførsel af Frikadelle 30.10.2026: PH: tastet forkert"), kr(22)),
            (said("Rettelse af Frikadelle 30.10.2026: PH: tastet forkert"), kr(-2)),
            (said("Tilbageførsel af rettelse 22.11.2026: PH: tastet forkert"), kr(2)),
        ]
    );
    // In parts beside it, for who reads another language.
    let english = |statement: &Statement, line: usize| {
        statement.lines[line].correction.as_ref().map(|correction| correction.in_words(Language::English))
    };
    for (line, words) in [
        "Reversal of Frikadelle 30/10/2026",
        "Correction of Frikadelle 30/10/2026",
        "Reversal of correction 22/11/2026",
    ]
    .iter()
    .enumerate()
    {
        assert_eq!(english(&november, line), Some(format!("{words}: PH: tastet forkert")));
    }

    server.clock.set(at("2026-12-01T11:00:00Z"));
    let paid = server.id();
    let new = NewDeposit {
        id: paid,
        device: kiosk.id,
        card: ANNAS_CARD,
        account: ANNA,
        amount: kr(50),
        email: String::new(),
        terms_version: "1".into(),
        language: Language::Danish,
        gateway: "sandbox".into(),
        page: paid.to_string(),
        expires_at: server.clock.now(),
    };
    server.store().open_deposit(new, server.clock.now()).await.unwrap();
    server.store().pay_deposit(paid, kr(50), server.clock.now()).await.unwrap();
    correct(paid, None).await;
    kiosk.sign_in(ANNAS_CARD).await;
    let december: Statement = kiosk.get(&format!("/v1/accounts/{ANNA}/statements/2026-12")).await;
    let number = &december.lines[0].number;
    assert_ne!(*number, deposit);
    let text = said(&format!("Tilbageførsel af indbetaling {number} 01.12.2026: PH: tastet forkert"));
    assert_eq!(december.lines[1].text, text);
    let words = format!("Reversal of deposit {number} 01/12/2026: PH: tastet forkert");
    assert_eq!((english(&december, 0), english(&december, 1)), (None, Some(words)));
    server.books_are_right().await;
}

/// The key of what a correction put in place of what was wrong.
fn corrected_to(correction: OperationId) -> OperationId {
    madkort_ledger::Purpose::Replacement.of(correction)
}

#[tokio::test]
async fn a_clock_set_back_does_not_tear_a_statement() {
    let server = Server::start().await;
    let kiosk = server.kiosk().await;
    server.fund(&kiosk, ANNA, kr(100)).await;
    server.clock.set(at("2026-10-01T10:00:00Z"));
    server.fund(&kiosk, ANNA, kr(50)).await;
    kiosk.sign_in(ANNAS_CARD).await;
    let november: Statement = kiosk.get(&format!("/v1/accounts/{ANNA}/statements/2026-11")).await;
    let balances: Vec<_> = november.lines.iter().map(|line| line.balance).collect();
    assert_eq!((balances, november.months), (vec![kr(100), kr(150)], vec![date(2026, 11, 1)]));
    server.books_are_right().await;
}

#[tokio::test]
async fn what_is_no_statement() {
    let server = Server::start().await;
    let (kiosk, till) = (server.kiosk().await, server.register().await);
    kiosk.sign_in(ANNAS_CARD).await;
    for (path, code) in [
        (format!("/v1/accounts/{ANNA}/statements/2026-13"), ProblemCode::InvalidField),
        (format!("/v1/accounts/{ANNA}/statements/november"), ProblemCode::InvalidField),
        (format!("/v1/accounts/{}/statements/2026-11", uuid::Uuid::from_u128(7)), ProblemCode::NotFound),
        ("/v1/accounts/anna/statements/2026-11".to_owned(), ProblemCode::NotFound),
        ("/v1/accounts/%ff/statements/2026-11".to_owned(), ProblemCode::NotFound),
    ] {
        assert_eq!(kiosk.problem_of(Method::GET, &path, b"").await.code, code, "{path}");
    }
    let path = format!("/v1/accounts/{ANNA}/statements/2026-11");
    assert_eq!(till.problem_of(Method::GET, &path, b"").await.code, ProblemCode::NotAllowed);
}
