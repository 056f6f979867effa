//! `/v1/devices`

use madkort_protocol::{DeviceKind, Enrol, Enrolled, ProblemCode, SigningKey};
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::support::{SCHOOL, Server, problem, unsigned};

fn body(code: &str, kind: DeviceKind, seed: u8) -> Vec<u8> {
    let public_key = SigningKey::from_seed([seed; 32]).public();
    serde_json::to_vec(&Enrol { code: code.into(), kind, name: "Foyer".into(), public_key }).unwrap()
}

#[tokio::test]
async fn a_code_lets_one_device_in() {
    let server = Server::start().await;
    let code = server.code(DeviceKind::Kiosk).await;
    let answer = unsigned(&server, Method::POST, "/v1/devices", &body(&code, DeviceKind::Kiosk, 1)).await;
    assert_eq!(answer.status(), StatusCode::CREATED);
    let first: Enrolled = answer.json().await.unwrap();
    assert_eq!((first.short_name.as_str(), first.school.id), ("K1", SCHOOL));

    // The answer got lost: the same key with the same code is the same device.
    let again = unsigned(&server, Method::POST, "/v1/devices", &body(&code, DeviceKind::Kiosk, 1)).await;
    assert_eq!(again.json::<Enrolled>().await.unwrap(), first);

    // Somebody else found the note with the code on it.
    let other = unsigned(&server, Method::POST, "/v1/devices", &body(&code, DeviceKind::Kiosk, 2)).await;
    assert_eq!(problem(other).await.code, ProblemCode::EnrolmentCode);
}

#[tokio::test]
async fn each_kind_has_its_own_letter_and_count() {
    let server = Server::start().await;
    let mut names = Vec::new();
    for kind in [DeviceKind::Kiosk, DeviceKind::Register, DeviceKind::Kiosk] {
        let device = server.device(kind).await;
        names.push(server.store().device(device.id).await.unwrap().unwrap().short_name);
    }
    assert_eq!(names, ["K1", "R1", "K2"]);
}

#[tokio::test]
async fn a_code_is_for_its_kind_and_its_day() {
    let server = Server::start().await;
    let code = server.code(DeviceKind::Kiosk).await;
    let wrong_kind = unsigned(&server, Method::POST, "/v1/devices", &body(&code, DeviceKind::Register, 1)).await;
    assert_eq!(problem(wrong_kind).await.code, ProblemCode::EnrolmentCode);
    server.clock.forward(sync_server::enrolment::VALID);
    let too_late = unsigned(&server, Method::POST, "/v1/devices", &body(&code, DeviceKind::Kiosk, 1)).await;
    assert_eq!(problem(too_late).await.code, ProblemCode::EnrolmentCode);
}

#[tokio::test]
async fn codes_cannot_be_searched() {
    let server = Server::start().await;
    for _ in 0..sync_server::limits::Kind::Enrolments.row().usual.most {
        let wrong = unsigned(&server, Method::POST, "/v1/devices", &body("0000", DeviceKind::Kiosk, 1)).await;
        assert_eq!(problem(wrong).await.code, ProblemCode::EnrolmentCode);
    }
    let code = server.code(DeviceKind::Kiosk).await;
    let right = || async { unsigned(&server, Method::POST, "/v1/devices", &body(&code, DeviceKind::Kiosk, 1)).await };
    assert_eq!(problem(right().await).await.code, ProblemCode::TooMany);
    server.clock.forward(jiff::SignedDuration::from_mins(1));
    assert_eq!(right().await.status(), StatusCode::CREATED);
}

#[tokio::test]
async fn what_is_no_enrolment_is_malformed() {
    let server = Server::start().await;
    let good = json!({"code": "x", "kind": "kiosk", "name": "Foyer", "public_key": "00".repeat(32)});
    for (field, value) in [
        ("kind", json!("toaster")),
        ("code", json!(7)),
        ("public_key", json!("zz")),
        ("public_key", json!(null)),
        ("extra", json!(1)),
    ] {
        let mut bad = good.clone();
        bad[field] = value;
        let answer = unsigned(&server, Method::POST, "/v1/devices", bad.to_string().as_bytes()).await;
        assert_eq!(problem(answer).await.code, ProblemCode::Malformed, "{field}");
    }
    for body in [&b""[..], b"{", b"[]", b"\xff\xfe", b"null"] {
        let answer = unsigned(&server, Method::POST, "/v1/devices", body).await;
        assert_eq!(problem(answer).await.code, ProblemCode::Malformed);
    }
    let mut long = good;
    long["name"] = json!("x".repeat(41));
    let answer = unsigned(&server, Method::POST, "/v1/devices", long.to_string().as_bytes()).await;
    assert_eq!(problem(answer).await.field.as_deref(), Some("name"));
}
