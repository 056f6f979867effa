//! Whatever arrives that no well-behaved device sends: each is a problem with its code, and nothing is written.

use madkort_protocol::*;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sync_server::BODY_LIMIT;

use crate::messages::{By, Message, Messages};
use crate::support::*;

/// Routes whose messages are told of elsewhere: each changes one thing of one person, and moves no money.
const ELSEWHERE: [&str; 8] = [
    "/v1/accounts/{account}/auto-recharge",
    "/v1/accounts/{account}/statements/{month}/mails",
    "/v1/card-openings",
    "/v1/password-resets",
    "/v1/people/{person}",
    "/v1/people/{person}/allergies",
    "/v1/people/{person}/password",
    "/v1/picture-pages",
];

#[tokio::test]
async fn every_route_that_takes_a_message_is_told_of() {
    let all = Messages::new().await;
    let mut told: Vec<_> = all.right.iter().map(|message| message.route).chain(ELSEWHERE).collect();
    let mut there: Vec<_> =
        sync_server::openapi::ROUTES.iter().filter(|route| route.takes.is_some()).map(|route| route.path).collect();
    told.sort_unstable();
    there.sort_unstable();
    assert_eq!(told, there);
    all.the_right_ones_still_go().await;
}

#[tokio::test]
async fn a_path_that_cannot_be_read_names_nothing() {
    let server = Server::start().await;
    let kiosk = server.kiosk().await;
    for route in sync_server::openapi::ROUTES.iter().filter(|route| route.path.contains('{')) {
        let names = route.path.split('/').map(|part| if part.starts_with('{') { "%ff" } else { part });
        let (path, method) = (names.collect::<Vec<_>>().join("/"), route.method.to_uppercase().parse().unwrap());
        if path.starts_with("/v1/") {
            assert_eq!(kiosk.problem_of(method, &path, b"").await.code, ProblemCode::NotFound, "{path}");
        } else {
            let answer = kiosk.send(method, &format!("{path}?lang=en&lang=da"), b"").await;
            assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
            assert_eq!(answer.headers()["content-type"], "text/html; charset=utf-8", "{path}");
        }
    }
}

/// A message with one thing in it replaced, as text: so that also what JSON cannot hold can be said.
fn with(right: &Value, pointer: &str, raw: &str) -> Vec<u8> {
    let mut changed = right.clone();
    *changed.pointer_mut(pointer).unwrap() = json!("\u{1}here\u{1}");
    changed.to_string().replace("\"\\u0001here\\u0001\"", raw).into_bytes()
}

#[tokio::test]
async fn what_is_no_message_is_malformed_on_every_route() {
    let all = Messages::new().await;
    let before = all.written().await;
    for Message { route: path, right, .. } in &all.right {
        let text = right.to_string();
        let mut bad: Vec<(String, Vec<u8>)> = vec![
            ("nothing".into(), vec![]),
            ("null".into(), b"null".to_vec()),
            ("a list".into(), format!("[{text}]").into_bytes()),
            ("twice".into(), format!("{text}{text}").into_bytes()),
            ("a NUL behind it".into(), format!("{text}\0").into_bytes()),
            ("a byte order mark".into(), format!("\u{feff}{text}").into_bytes()),
            ("not UTF-8".into(), text.replace("\"id\"", "\"\u{fffd}\"").into_bytes()),
            ("deep".into(), "[".repeat(BODY_LIMIT - 1).into_bytes()),
            ("deep and closed".into(), format!("{}1{}", "{\"a\":".repeat(20_000), "}".repeat(20_000)).into_bytes()),
            ("one thing too many".into(), text.replacen('{', "{\"more\":1,", 1).into_bytes()),
            ("one thing too many within".into(), {
                let within = text.rfind('{').unwrap() + 1;
                format!("{}\"more\":1,{}", &text[..within], &text[within..]).into_bytes()
            }),
        ];
        for end in [1, text.len() / 3, text.len() / 2, text.len() - 1] {
            bad.push((format!("cut at {end}"), text.as_bytes()[..end].to_vec()));
        }
        let mut bytes = text.clone().into_bytes();
        let middle = text.rfind("\":\"").unwrap() + 3;
        bytes[middle] = 0xff;
        bad.push(("a byte that is no text".into(), bytes.clone()));
        bytes[middle] = 0;
        bad.push(("a NUL within".into(), bytes));
        for field in right.as_object().unwrap().keys() {
            let wrong = if right[field].is_array() { "{}" } else { "[]" };
            bad.push((format!("{field} of a wrong type"), with(right, &format!("/{field}"), wrong)));
            let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
            bad.push((format!("{field} deep"), with(right, &format!("/{field}"), &deep)));
            let mut without = right.clone();
            without.as_object_mut().unwrap().remove(field);
            bad.push((format!("without {field}"), without.to_string().into_bytes()));
            let twice = text.replacen('{', &format!("{{\"{field}\":{},", right[field]), 1);
            bad.push((format!("{field} twice"), twice.into_bytes()));
        }
        for (what, body) in bad {
            // Cut so short, or with one name replaced, some routes' messages cannot be told from this one's.
            if body == text.as_bytes() {
                continue;
            }
            assert_eq!(all.code_of(path, &body).await, ProblemCode::Malformed, "{path}: {what}");
        }
        let large = vec![b' '; BODY_LIMIT + 1];
        assert_eq!(all.code_of(path, &large).await, ProblemCode::TooLarge, "{path}");
    }
    assert_eq!(all.written().await, before);
    all.the_right_ones_still_go().await;
}

#[tokio::test]
async fn no_amount_overflows_anything() {
    use ProblemCode::{InvalidAmount, Malformed};
    let all = Messages::new().await;
    let before = all.written().await;
    let amounts = [
        ("9223372036854775808", Malformed),
        ("-9223372036854775809", Malformed),
        ("18446744073709551615", Malformed),
        ("1e400", Malformed),
        ("-1e400", Malformed),
        ("1e3", Malformed),
        ("1000.0", Malformed),
        ("\"1000\"", Malformed),
        ("NaN", Malformed),
        ("01000", Malformed),
        ("9223372036854775807", InvalidAmount),
        ("-9223372036854775808", InvalidAmount),
        ("-1000", InvalidAmount),
        ("-0", Malformed),
        ("0", InvalidAmount),
    ];
    for message in &all.right {
        let Some((amount, refused)) = message.amount else { continue };
        for (raw, code) in amounts {
            // One that is refused for good is so under its id, and says so when everything has been tried.
            let code = if code == Malformed { Malformed } else { refused };
            if message.settles && code != Malformed {
                continue;
            }
            let body = with(&message.right, amount, raw);
            assert_eq!(all.code_of(message.route, &body).await, code, "{} {raw}", message.route);
        }
    }
    let order = all.right("/v1/operations");
    for field in ["total", "lines/0/price", "lines/0/quantity"] {
        for (raw, _) in amounts.iter().filter(|(_, code)| *code == Malformed) {
            let body = with(&order, &format!("/operations/0/body/{field}"), raw);
            assert_eq!(all.code_of("/v1/operations", &body).await, Malformed, "{field} {raw}");
        }
    }
    assert_eq!(all.written().await, before);
    for message in all.right.iter().filter(|message| message.settles) {
        let Some((amount, refused)) = message.amount else { continue };
        for (raw, _) in amounts.iter().filter(|(_, code)| *code != Malformed) {
            let body = with(&message.under_another_id(&all.server), amount, raw);
            assert_eq!(all.code_of(message.route, &body).await, refused, "{} {raw}", message.route);
        }
    }
    assert_eq!(all.written().await.balances, before.balances);
    // Amounts that can be read and make no sense are the order's own fault: it is settled as refused, and money does not move.
    let mut seq = 0;
    for (field, raw) in [
        ("total", "9223372036854775807"),
        ("total", "-4500"),
        ("lines/0/price", "9223372036854775807"),
        ("lines/0/price", "-9223372036854775808"),
        ("lines/0/quantity", "4294967295"),
        ("lines/0/quantity", "0"),
    ] {
        seq += 1;
        let mut order = order.clone();
        order["operations"][0]["seq"] = json!(seq);
        order["operations"][0]["id"] = json!(all.server.id());
        let body = with(&order, &format!("/operations/0/body/{field}"), raw);
        let answer: Pushed = all.kiosk.send(Method::POST, "/v1/operations", &body).await.json().await.unwrap();
        assert!(matches!(answer.answers[0].outcome, Outcome::Refused(_)), "{field} {raw}: {answer:?}");
    }
    assert_eq!(all.written().await.balances, before.balances);
    all.server.books_are_right().await;
}

#[tokio::test]
async fn counts_that_are_none_are_malformed() {
    let all = Messages::new().await;
    let before = all.written().await;
    for raw in ["-1", "18446744073709551616", "1e400", "1.5", "\"1\"", "null"] {
        let body = with(&all.right("/v1/operations"), "/operations/0/seq", raw);
        assert_eq!(all.code_of("/v1/operations", &body).await, ProblemCode::Malformed, "{raw}");
    }
    for (raw, code) in [("0", ProblemCode::InvalidField), ("18446744073709551615", ProblemCode::SequenceGap)] {
        let body = with(&all.right("/v1/operations"), "/operations/0/seq", raw);
        assert_eq!(all.code_of("/v1/operations", &body).await, code, "{raw}");
    }
    assert_eq!(all.written().await, before);
}

#[tokio::test]
async fn text_that_is_not_for_reading_is_not_taken() {
    let all = Messages::new().await;
    let before = all.written().await;
    for message in &all.right {
        let (path, Some(text)) = (message.route, message.text) else { continue };
        for raw in ["\"a\\u0000b\"", "\"\"", &format!("\"{}\"", "x".repeat(100_000))] {
            let shown = &raw[..raw.len().min(20)];
            let body = with(&message.right, text, raw);
            assert_eq!(all.code_of(path, &body).await, ProblemCode::InvalidField, "{path} {shown}");
        }
        // Half a surrogate pair is no text at all.
        let body = with(&message.right, text, "\"\\ud800\"");
        assert_eq!(all.code_of(path, &body).await, ProblemCode::Malformed, "{path}");
    }
    assert_eq!(all.written().await, before);
    all.the_right_ones_still_go().await;
}

#[tokio::test]
async fn what_says_that_it_is_not_json_is_not_read_as_json() {
    let all = Messages::new().await;
    let before = all.written().await;
    for Message { path, by, right, .. } in &all.right {
        let body = right.to_string();
        for kind in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", "", "json"] {
            let request = if *by == By::Anybody {
                reqwest::Client::new().post(format!("{}{path}", all.server.url)).header(HEADER_API, API_VERSION)
            } else {
                signed(all.device(*by), path, body.as_bytes())
            };
            let answer = request.header("content-type", kind).body(body.clone()).send().await.unwrap();
            assert_eq!(problem(answer).await.code, ProblemCode::MediaType, "{path} {kind}");
        }
    }
    assert_eq!(all.written().await, before);
    let body = all.right("/v1/purchases").to_string();
    let request = signed(&all.till, "/v1/purchases", body.as_bytes());
    let answer = request.header("content-type", "Application/JSON; charset=utf-8").body(body).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
}

/// A signed `POST` that is not sent yet, without its body.
fn signed(device: &Signer, path: &str, body: &[u8]) -> reqwest::RequestBuilder {
    let count = device.next_count();
    let signature = device.key.sign(&RequestToSign { method: "POST", path, device: device.id, count, body });
    reqwest::Client::new()
        .post(format!("{}{path}", device.url))
        .header(HEADER_API, API_VERSION)
        .header(HEADER_DEVICE, device.id.to_string())
        .header(HEADER_REQUEST, count)
        .header(HEADER_SIGNATURE, signature.to_hex())
}

#[tokio::test]
async fn a_garbled_envelope_is_none() {
    use ProblemCode::{BadSignature, UnknownDevice};
    let all = Messages::new().await;
    let before = all.written().await;
    let path = "/v1/purchases";
    let body = all.right(path).to_string();
    let zeros = "0".repeat(128);
    let garbled: [(&str, &[u8], ProblemCode); 17] = [
        (HEADER_DEVICE, b"", UnknownDevice),
        (HEADER_DEVICE, b"1", UnknownDevice),
        (HEADER_DEVICE, b"\xff\xfe", UnknownDevice),
        (HEADER_DEVICE, b"00000000-0000-0000-0000-000000000000", UnknownDevice),
        (HEADER_REQUEST, b"", BadSignature),
        (HEADER_REQUEST, b"-1", BadSignature),
        (HEADER_REQUEST, b"1.0", BadSignature),
        (HEADER_REQUEST, b"0x1", BadSignature),
        (HEADER_REQUEST, b"18446744073709551616", BadSignature),
        (HEADER_REQUEST, b"\xff", BadSignature),
        (HEADER_REQUEST, b"0", BadSignature),
        (HEADER_SIGNATURE, b"", BadSignature),
        (HEADER_SIGNATURE, b"zz", BadSignature),
        (HEADER_SIGNATURE, zeros.as_bytes(), BadSignature),
        (HEADER_SIGNATURE, &zeros.as_bytes()[1..], BadSignature),
        (HEADER_SIGNATURE, b"\xff\xff", BadSignature),
        (HEADER_SIGNATURE, b"caf\xc3\xa9", BadSignature),
    ];
    for (name, value, code) in garbled {
        let mut request = signed(&all.till, path, body.as_bytes()).body(body.clone()).build().unwrap();
        request.headers_mut().insert(name, reqwest::header::HeaderValue::from_bytes(value).unwrap());
        let answer = reqwest::Client::new().execute(request).await.unwrap();
        assert_eq!(problem(answer).await.code, code, "{name}: {value:?}");
    }
    assert_eq!(all.written().await, before);
}

#[tokio::test]
async fn a_request_that_comes_again_or_far_too_late_does_nothing() {
    let all = Messages::new().await;
    let sale = |amount| {
        let mut sale = all.right("/v1/purchases");
        sale["id"] = json!(all.server.id());
        sale["amount"] = json!(amount);
        sale.to_string()
    };
    let send = async |count, body: &str| {
        let answer = all.till.send_counted(Method::POST, "/v1/purchases", body.as_bytes(), count).await;
        (answer.status() == StatusCode::OK, answer)
    };
    let first = sale(100);
    assert!(send(1_000, &first).await.0);
    // Overtaken on the way, and within the window of 64.
    for count in [999, 940, 937] {
        assert!(send(count, &sale(100)).await.0, "{count}");
    }
    let before = all.written().await;
    for (count, body) in
        [(1_000, first), (999, sale(100)), (937, sale(100)), (936, sale(100)), (1, sale(100)), (0, sale(1))]
    {
        let (done, answer) = send(count, &body).await;
        assert!(!done, "{count}");
        assert_eq!(problem(answer).await.code, ProblemCode::BadSignature, "{count}");
    }
    assert_eq!(all.written().await, before);
    assert!(send(u64::MAX, &sale(100)).await.0);
}

#[tokio::test]
async fn a_device_that_was_shut_out_does_nothing_any_more() {
    let all = Messages::new().await;
    for device in [&all.kiosk, &all.till, &all.visitor] {
        assert!(all.server.store().revoke(device.id, all.server.clock.now()).await.unwrap());
    }
    // Some of them have just been let in, and are known for a second.
    all.server.clock.forward(jiff::SignedDuration::from_secs(2));
    let before = all.written().await;
    for Message { route, right, .. } in all.right.iter().filter(|message| message.by != By::Anybody) {
        assert_eq!(all.code_of(route, right.to_string().as_bytes()).await, ProblemCode::UnknownDevice, "{route}");
    }
    let id = all.server.id();
    for (method, path) in [
        (Method::GET, "/v1/changes?after=0".to_owned()),
        (Method::GET, format!("/v1/accounts/{ANNA}/statements/2026-11")),
        (Method::GET, format!("/v1/deposits/{id}")),
        (Method::DELETE, format!("/v1/deposits/{id}")),
    ] {
        assert_eq!(all.kiosk.problem_of(method, &path, b"").await.code, ProblemCode::UnknownDevice, "{path}");
    }
    assert_eq!(all.written().await, before);
}

#[tokio::test]
async fn a_clock_years_off_neither_moves_the_cut_off_nor_the_bill() {
    let all = Messages::new().await;
    let (server, kiosk) = (&all.server, &all.kiosk);
    // Within the server's reach its clock decides, whatever the device's says.
    for (number, claimed_at) in [("K1-1", "1970-01-01T00:00:00Z"), ("K1-2", "2100-01-01T00:00:00Z")] {
        let far_off = Operation { claimed_at: at(claimed_at), ..order(server, kiosk, lasagne(number)) };
        assert_eq!(kiosk.outcome(far_off).await, Outcome::Posted, "{claimed_at}");
    }
    assert_eq!(server.balance(ANNA).await, kr(10));
    // Out of its reach, a time that cannot be buys no more than there is on the account.
    for claimed_at in ["1970-01-01T00:00:00Z", "2100-01-01T00:00:00Z"] {
        let order = order(server, kiosk, PlaceOrder { account: BO, card: BOS_CARD, ..lasagne("K1-3") });
        let far_off = Operation { claimed_at: at(claimed_at), offline: true, ..order };
        let rule = refused(&kiosk.outcome(far_off).await);
        assert!(matches!(rule, Rule::CutOff | Rule::OfflineAllowance | Rule::Balance), "{claimed_at} {rule:?}");
    }
    // Behind the cut-off by the server's clock, a device that says 1970 does not get its order in.
    server.clock.set(at("2026-11-23T08:00:01Z"));
    let late = Operation { claimed_at: at("1970-01-01T00:00:00Z"), ..order(server, kiosk, lasagne("K1-4")) };
    assert_eq!(refused(&kiosk.outcome(late).await), Rule::CutOff);
    // What is no time at all is no message.
    for raw in ["\"\"", "\"2026-11-22\"", "0", "\"+999999-01-01T00:00:00Z\"", "\"2026-13-01T00:00:00Z\"", "null"] {
        let body = with(&all.right("/v1/operations"), "/operations/0/claimed_at", raw);
        assert_eq!(all.code_of("/v1/operations", &body).await, ProblemCode::Malformed, "{raw}");
    }
    server.books_are_right().await;
}

#[tokio::test]
async fn a_till_whose_clock_is_years_off_sells_no_more_and_bills_on_no_other_day() {
    let all = Messages::new().await;
    let (server, till) = (&all.server, &all.till);
    let right = all.right("/v1/purchase-batches");
    let sell = async |claimed_at: &str| {
        let mut batch = right.clone();
        batch["purchases"][0]["purchase"]["id"] = json!(server.id());
        batch["purchases"][0]["claimed_at"] = json!(claimed_at);
        till.post::<PurchaseBatchAnswer>("/v1/purchase-batches", &batch).await.answers.remove(0).outcome
    };
    for long_ago in ["-009999-01-02T01:59:59Z", "1970-01-01T00:00:00Z", "2026-11-21T10:59:59Z"] {
        assert_eq!(refused(&sell(long_ago).await), Rule::OfflineAllowance, "{long_ago}");
    }
    assert_eq!(server.balance(ANNA).await, kr(100));
    // A time to come counts as now, and is sold once: what can be sold offline is limited all the same.
    for to_come in ["2100-01-01T00:00:00Z", "9999-12-30T22:00:00Z"] {
        assert_eq!(sell(to_come).await, Outcome::Posted, "{to_come}");
    }
    all.visitor.sign_in(BOS_CARD).await;
    let path = format!("/v1/accounts/{ANNA}/statements/2026-11");
    let lines = all.visitor.get::<Statement>(&path).await.lines;
    assert!(lines.iter().all(|line| line.date == jiff::civil::date(2026, 11, 22)), "{lines:?}");
    assert_eq!((lines.len(), server.balance(ANNA).await), (3, kr(80)));

    let before = all.written().await;
    for raw in ["\"\"", "\"2026-11-22\"", "0", "\"+999999-01-01T00:00:00Z\"", "\"2026-13-01T00:00:00Z\"", "null"] {
        let body = with(&right, "/purchases/0/claimed_at", raw);
        assert_eq!(all.code_of("/v1/purchase-batches", &body).await, ProblemCode::Malformed, "{raw}");
    }
    // One sale too many, and none of them is looked at; so is one that is wrong among others.
    let many = |number: usize, last: Value| {
        let mut batch = right.clone();
        let sales = batch["purchases"].as_array_mut().unwrap();
        while sales.len() < number {
            let mut sale = sales[0].clone();
            sale["purchase"]["id"] = json!(server.id());
            sales.push(sale);
        }
        sales.last_mut().unwrap()["purchase"]["vat_percent"] = last;
        batch.to_string().into_bytes()
    };
    let batches = "/v1/purchase-batches";
    assert_eq!(all.code_of(batches, &many(PurchaseBatch::MOST + 1, json!(25))).await, ProblemCode::InvalidField);
    assert_eq!(all.code_of(batches, &many(3, json!(26))).await, ProblemCode::InvalidField);
    assert_eq!(all.code_of(batches, &many(3, json!(256))).await, ProblemCode::Malformed);
    assert_eq!(all.written().await, before);
    server.books_are_right().await;
}
