//! Whatever arrives that no well-behaved device sends: each is a problem with its code, and nothing is written.

use madkort_protocol::*;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sync_server::BODY_LIMIT;

use crate::support::*;

/// The routes that take a message, each with one that is right.
struct Messages {
    server: Server,
    kiosk: Signer,
    till: Signer,
    right: Vec<(&'static str, Value)>,
}

/// What must not change.
#[derive(Debug, PartialEq)]
struct Written {
    transactions: u64,
    cursor: u64,
    balances: [Money; 2],
    next_device: Option<u64>,
}

impl Messages {
    async fn new() -> Self {
        let server = Server::start().await;
        let (kiosk, till) = (server.kiosk().await, server.register().await);
        server.fund(&kiosk, ANNA, kr(100)).await;
        let order = Operation {
            id: server.id(),
            seq: 1,
            claimed_at: server.clock.now(),
            offline: false,
            body: OperationBody::PlaceOrder(lasagne("K1-1")),
        };
        let purchase = PurchaseRequest {
            id: server.id(),
            card_uid: uid(1),
            amount: kr(10),
            vat_percent: 25,
            text: "Mad".into(),
            authorisation: None,
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
        let public_key = SigningKey::from_seed([9; 32]).public();
        let enrol = Enrol {
            code: server.code(DeviceKind::Kiosk).await,
            kind: DeviceKind::Kiosk,
            name: "Ny".into(),
            public_key,
        };
        let right = vec![
            ("/v1/operations", json!(Push { operations: vec![order] })),
            ("/v1/purchases", json!(purchase)),
            ("/v1/deposits", json!(deposit)),
            ("/v1/logins", json!(LoginRequest { card: ANNAS_CARD, code: "1234".into() })),
            ("/v1/devices", json!(enrol)),
        ];
        Self { server, kiosk, till, right }
    }

    fn right(&self, path: &str) -> Value {
        self.right.iter().find(|(of, _)| *of == path).unwrap().1.clone()
    }

    fn device(&self, path: &str) -> &Signer {
        if path == "/v1/purchases" { &self.till } else { &self.kiosk }
    }

    /// Sends it as the device would whose route it is.
    async fn code_of(&self, path: &str, body: &[u8]) -> ProblemCode {
        if path == "/v1/devices" {
            return problem(unsigned(&self.server, Method::POST, path, body).await).await.code;
        }
        self.device(path).problem_of(Method::POST, path, body).await.code
    }

    async fn written(&self) -> Written {
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
    async fn the_right_ones_still_go(&self) {
        for (path, right) in &self.right {
            let body = right.to_string();
            let answer = match *path {
                "/v1/devices" => unsigned(&self.server, Method::POST, path, body.as_bytes()).await,
                path => self.device(path).send(Method::POST, path, body.as_bytes()).await,
            };
            assert!(answer.status().is_success(), "{path}: {}", answer.text().await.unwrap());
        }
        self.server.books_are_right().await;
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
    for (path, right) in &all.right {
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
    for path in ["/v1/purchases", "/v1/deposits"] {
        for (raw, code) in amounts {
            let body = with(&all.right(path), "/amount", raw);
            assert_eq!(all.code_of(path, &body).await, code, "{path} {raw}");
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
    for (path, field) in [("/v1/purchases", "text"), ("/v1/deposits", "email"), ("/v1/devices", "name")] {
        for raw in ["\"a\\u0000b\"", "\"\"", &format!("\"{}\"", "x".repeat(100_000))] {
            let shown = &raw[..raw.len().min(20)];
            let body = with(&all.right(path), &format!("/{field}"), raw);
            assert_eq!(all.code_of(path, &body).await, ProblemCode::InvalidField, "{path} {shown}");
        }
        // Half a surrogate pair is no text at all.
        let body = with(&all.right(path), &format!("/{field}"), "\"\\ud800\"");
        assert_eq!(all.code_of(path, &body).await, ProblemCode::Malformed, "{path}");
    }
    assert_eq!(all.written().await, before);
    all.the_right_ones_still_go().await;
}

#[tokio::test]
async fn what_says_that_it_is_not_json_is_not_read_as_json() {
    let all = Messages::new().await;
    let before = all.written().await;
    for (path, right) in &all.right {
        let body = right.to_string();
        for kind in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", "", "json"] {
            let request = if *path == "/v1/devices" {
                reqwest::Client::new().post(format!("{}{path}", all.server.url)).header(HEADER_API, API_VERSION)
            } else {
                signed(all.device(path), path, body.as_bytes())
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
    for device in [&all.kiosk, &all.till] {
        assert!(all.server.store().revoke(device.id, all.server.clock.now()).await.unwrap());
    }
    let before = all.written().await;
    for (path, right) in all.right.iter().filter(|(path, _)| *path != "/v1/devices") {
        assert_eq!(all.code_of(path, right.to_string().as_bytes()).await, ProblemCode::UnknownDevice, "{path}");
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
