//! What holds for every request, whatever it asks for.

use madkort_protocol::{
    API_VERSION, Changes, HEADER_API, HEADER_DEVICE, HEADER_REQUEST, HEADER_SIGNATURE, ProblemCode, RequestToSign,
    SigningKey,
};
use reqwest::{Method, StatusCode};
use sync_server::BODY_LIMIT;

use crate::support::{Server, problem, unsigned};

const CHANGES: &str = "/v1/changes?after=0";

#[tokio::test]
async fn another_version_is_told_so_both_ways() {
    let server = Server::start().await;
    let client = reqwest::Client::new();
    for version in [None, Some("2"), Some("0"), Some("one"), Some("65537")] {
        for path in ["/v1/changes", "/v1/devices", "/v1/nowhere"] {
            let mut request = client.get(format!("{}{path}", server.url));
            if let Some(version) = version {
                request = request.header(HEADER_API, version);
            }
            let problem = problem(request.send().await.unwrap()).await;
            assert_eq!(problem.code, ProblemCode::ApiVersion, "{version:?} {path}");
        }
    }
}

#[tokio::test]
async fn a_request_works_once() {
    let server = Server::start().await;
    let kiosk = server.kiosk().await;
    let send = |count| kiosk.send_counted(Method::GET, CHANGES, b"", count);
    assert_eq!(send(100).await.status(), StatusCode::OK);
    assert_eq!(problem(send(100).await).await.code, ProblemCode::BadSignature);
    // Overtaken on the way, within the window of 64.
    assert_eq!(send(37).await.status(), StatusCode::OK);
    assert_eq!(problem(send(37).await).await.code, ProblemCode::BadSignature);
    assert_eq!(problem(send(36).await).await.code, ProblemCode::BadSignature);
    assert_eq!(send(101).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_restart_does_not_forget_counts_that_wrote() {
    let server = Server::start().await;
    let kiosk = server.kiosk().await;
    let push = br#"{"operations":[]}"#;
    assert_eq!(kiosk.send_counted(Method::POST, "/v1/operations", push, 7).await.status(), StatusCode::OK);
    // A write that comes later in the queue: what was noted before is on disk when it is answered.
    server.store().alive().await.unwrap();
    assert_eq!(server.store().device(kiosk.id).await.unwrap().unwrap().request_count, 7);
}

#[tokio::test]
async fn only_the_very_request_that_was_signed_is_taken() {
    let server = Server::start().await;
    let kiosk = server.kiosk().await;
    let signed = RequestToSign { method: "GET", path: CHANGES, device: kiosk.id, count: 1, body: b"" };
    let good = kiosk.key.sign(&signed).to_hex();
    let tries = [
        (Method::GET, "/v1/changes?after=1", &b""[..], 1, good.clone()),
        (Method::GET, CHANGES, b"x", 1, good.clone()),
        (Method::GET, CHANGES, b"", 2, good.clone()),
        (Method::GET, CHANGES, b"", 1, "00".repeat(64)),
        (Method::GET, CHANGES, b"", 1, "nonsense".into()),
        (Method::GET, CHANGES, b"", 1, SigningKey::from_seed([9; 32]).sign(&signed).to_hex()),
    ];
    for (method, path, body, count, signature) in tries {
        let answer = kiosk.send_raw(method, path, body, count, &signature).await;
        assert_eq!(problem(answer).await.code, ProblemCode::BadSignature, "{path} {count}");
    }
    // None of these used the count up.
    let answer = kiosk.send_raw(Method::GET, CHANGES, b"", 1, &good).await;
    assert!(answer.json::<Changes>().await.is_ok());
}

#[tokio::test]
async fn strangers_and_revoked_devices_stay_outside() {
    let server = Server::start().await;
    let kiosk = server.kiosk().await;
    assert_eq!(problem(unsigned(&server, Method::GET, CHANGES, b"").await).await.code, ProblemCode::UnknownDevice);
    let stranger = crate::support::Signer {
        id: madkort_protocol::DeviceId::new(uuid::Uuid::from_u128(99)),
        key: SigningKey::from_seed([1; 32]),
        url: server.url.clone(),
        count: 0.into(),
        seq: 0.into(),
        session: std::sync::Mutex::default(),
    };
    assert_eq!(stranger.problem_of(Method::GET, CHANGES, b"").await.code, ProblemCode::UnknownDevice);
    assert!(server.store().revoke(kiosk.id, server.clock.now()).await.unwrap());
    for (method, path) in [(Method::GET, CHANGES), (Method::POST, "/v1/operations"), (Method::POST, "/v1/logins")] {
        assert_eq!(kiosk.problem_of(method, path, b"{}").await.code, ProblemCode::UnknownDevice, "{path}");
    }
}

#[tokio::test]
async fn half_an_envelope_is_none() {
    let server = Server::start().await;
    let kiosk = server.kiosk().await;
    let all = [
        (HEADER_DEVICE, kiosk.id.to_string(), ProblemCode::UnknownDevice),
        (HEADER_REQUEST, "1".to_owned(), ProblemCode::BadSignature),
        (HEADER_SIGNATURE, "00".repeat(64), ProblemCode::BadSignature),
    ];
    for (left_out, _, expected) in &all {
        let mut request =
            reqwest::Client::new().get(format!("{}{CHANGES}", server.url)).header(HEADER_API, API_VERSION);
        for (name, value, _) in &all {
            if name != left_out {
                request = request.header(*name, value);
            }
        }
        assert_eq!(problem(request.send().await.unwrap()).await.code, *expected, "{left_out}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_said_in_the_same_form() {
    let server = Server::start().await;
    for path in ["/", "/v1/nowhere", "/v1/operations/7", "/favicon.ico"] {
        let answer = unsigned(&server, Method::GET, path, b"").await;
        assert_eq!(problem(answer).await.code, ProblemCode::NotFound, "{path}");
    }
    for (method, path) in [(Method::DELETE, "/v1/operations"), (Method::GET, "/v1/devices"), (Method::PUT, "/healthz")]
    {
        let answer = unsigned(&server, method, path, b"").await;
        assert_eq!(problem(answer).await.code, ProblemCode::MethodNotAllowed, "{path}");
    }
}

#[tokio::test]
async fn a_body_has_a_limit() {
    let server = Server::start().await;
    let kiosk = server.kiosk().await;
    let large = vec![b' '; BODY_LIMIT + 1];
    let signed = kiosk.problem_of(Method::POST, "/v1/operations", &large).await;
    assert_eq!(signed.code, ProblemCode::TooLarge);
    let unsigned = unsigned(&server, Method::POST, "/v1/devices", &large).await;
    assert_eq!(problem(unsigned).await.code, ProblemCode::TooLarge);
    let just_fits = vec![b' '; BODY_LIMIT];
    let fits = kiosk.problem_of(Method::POST, "/v1/operations", &just_fits).await;
    assert_eq!(fits.code, ProblemCode::Malformed);
}

#[tokio::test]
async fn it_says_that_it_is_well() {
    let server = Server::start().await;
    let answer = reqwest::get(format!("{}/healthz", server.url)).await.unwrap();
    assert_eq!((answer.status(), answer.headers()[HEADER_API].to_str().unwrap()), (StatusCode::OK, "1"));
    assert_eq!(answer.text().await.unwrap(), r#"{"status":"ok"}"#);
    server.stop().await;
}
