//! The published description: the file, the server and the routes say the same.

#![allow(clippy::unwrap_used)]

mod support;

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::path::Path;

use madkort_protocol::{Problem, ProblemCode};
use serde_json::Value;
use support::School;
use sync_server::openapi::{self, ROUTES, Route};

fn file(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

#[test]
fn the_file_is_the_document() {
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        fs::write(file("openapi.json"), openapi::text()).unwrap();
    }
    let kept = fs::read_to_string(file("openapi.json")).unwrap();
    assert!(kept == openapi::text(), "openapi.json is old: run this test with UPDATE_OPENAPI=1");
}

#[tokio::test]
async fn the_server_serves_it() {
    let school = School::open().await;
    let answer = school.page(&format!("http://{}/openapi.json", school.address)).await;
    assert_eq!(answer.headers()["content-type"], "application/json");
    let served: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    assert_eq!(served, openapi::document());
}

/// `.route("/path", get(…).post(…))` in the sources, as `get /path`.
fn routes_in_the_sources() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(file("src/routes")).unwrap() {
        let source = fs::read_to_string(entry.unwrap().path()).unwrap();
        for call in source.split(".route(").skip(1) {
            let path = call.split('"').nth(1).unwrap();
            // Up to the end of the call: the next line that is not part of it begins another `.route` or ends the chain.
            let handlers = call.split(".with_state").next().unwrap().split("\n        .").next().unwrap();
            for method in ["get", "post", "delete", "put", "patch"] {
                if handlers.contains(&format!("{method}(")) {
                    found.insert(format!("{method} {path}"));
                }
            }
        }
    }
    found
}

#[test]
fn every_route_is_described_and_no_other() {
    let described: BTreeSet<_> = ROUTES.iter().map(|route| format!("{} {}", route.method, route.path)).collect();
    assert_eq!(described, routes_in_the_sources());
    assert_eq!(described.len(), ROUTES.len(), "each once");
}

#[tokio::test]
async fn every_described_route_is_there() {
    let school = School::serving().await;
    for route in ROUTES {
        let path = route
            .path
            .replace("{month}", "2026-11")
            .replace("{id}", "0")
            .replace("{account}", "0")
            .replace("{card}", "0")
            .replace("{person}", "0")
            .replace("{token}", "0");
        let said = match route.path {
            path if path.starts_with("/v1/") => None,
            path => Some(school.page(&format!("http://{}{path}", school.address)).await.status().as_u16()),
        };
        if let Some(status) = said {
            assert!(status == 200 || route.path.contains('{'), "{path}: {status}");
            continue;
        }
        // Unsigned or not a message: whatever it is, it is not "no such route".
        let method = route.method.to_uppercase();
        let said = school.send(&school.kiosk, &method, &path, &()).await;
        assert_ne!(said.status, 405, "{method} {path}");
        let no_route = said.status == 404 && !route.path.contains('{');
        assert!(!no_route, "{method} {path}: {said:?}");
    }
}

#[test]
fn every_code_is_described_and_each_route_names_its_own() {
    let described: BTreeSet<_> = ROUTES.iter().flat_map(Route::codes).map(|code| format!("{code:?}")).collect();
    let all = ProblemCode::ALL.iter().filter(|code| **code != ProblemCode::MethodNotAllowed);
    assert_eq!(described, all.map(|code| format!("{code:?}")).collect());
    let document = openapi::document();
    for route in ROUTES.iter().filter(|route| route.path.starts_with("/v1/")) {
        let responses = &document["paths"][route.path][route.method]["responses"];
        for code in route.codes() {
            let problem = Problem::new(code);
            let description = responses[problem.status.to_string()]["description"].as_str().unwrap();
            assert!(description.contains(&problem.detail), "{} {}: {code:?}", route.method, route.path);
        }
        let codes = route.codes();
        assert_eq!(codes.len(), codes.iter().collect::<HashSet<_>>().len(), "{} {}: twice", route.method, route.path);
        for status in [429, 503] {
            let answer = responses.get(status.to_string());
            assert!(
                answer.is_none_or(|answer| answer["headers"]["Retry-After"].is_object()),
                "{} {status}",
                route.path
            );
        }
        assert!(responses.get("503").is_some(), "{}", route.path);
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let document = openapi::document();
    let mut references = BTreeSet::new();
    collect(&document, &mut references);
    assert!(references.len() > 20);
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
    assert_eq!(document["openapi"], "3.1.0");
}

fn collect(value: &Value, references: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            if let Some(Value::String(reference)) = map.get("$ref") {
                references.insert(reference.clone());
            }
            map.values().for_each(|value| collect(value, references));
        }
        Value::Array(list) => list.iter().for_each(|value| collect(value, references)),
        _ => {}
    }
}
