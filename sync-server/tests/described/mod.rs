//! Whatever the server answers in a test, its own description says that it can.
#![allow(clippy::unwrap_used, dead_code, reason = "each program that includes this file uses a part of it")]

use std::sync::LazyLock;

use madkort_protocol::ProblemCode;
use serde_json::Value;
use sync_server::openapi::{self, ROUTES, Route};

static DOCUMENT: LazyLock<Value> = LazyLock::new(openapi::document);

/// The status stands in the description of the route, if there is such a route.
pub fn status(method: &str, path: &str, status: u16) {
    let Some(route) = route(method, path) else { return };
    let responses = &DOCUMENT["paths"][route.path][route.method]["responses"];
    assert!(responses.get(status.to_string()).is_some(), "{method} {}: {status} is not described", route.path);
}

/// So does the code of a problem.
pub fn code(method: &str, path: &str, code: ProblemCode) {
    let Some(route) = route(method, path) else { return };
    assert!(route.codes().contains(&code), "{method} {}: {code:?} is not described", route.path);
}

fn route(method: &str, path: &str) -> Option<&'static Route> {
    let path = path.split('?').next().unwrap();
    let fits = |(described, sent): (&str, &str)| described == sent || described.starts_with('{');
    ROUTES.iter().find(|route| {
        route.method.eq_ignore_ascii_case(method)
            && route.path.split('/').count() == path.split('/').count()
            && route.path.split('/').zip(path.split('/')).all(fits)
    })
}
