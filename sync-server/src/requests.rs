//! What surrounds every request: its id, its span in the log, its time, its place in the metrics.
//!
//! **Invariant:** the log names a request by id, method and route as written in the program, with the device and the operations
//! it turned out to be about: never by the path as sent, and never by anything of a person.

use std::fmt;
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use madkort_protocol::{OperationId, ProblemCode};
use tokio::time::{Instant, timeout};
use tracing::field::{Empty, display};
use tracing::{Instrument, Span};

use crate::failure::Failure;
use crate::openapi::ROUTES;
use crate::state::AppState;

/// Carries the request's id, both ways.
const HEADER_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Characters of an id that is taken over: a UUID with room to spare.
const LONGEST_ID: usize = 64;
/// An answer that took so long is in the log, whatever it says. Long-polls are longer on purpose, and are not.
const SLOW: Duration = Duration::from_secs(2);
/// What a route is called that is none.
const NO_ROUTE: &str = "none";
/// The route that waits on purpose.
const WAITS: &str = "/v1/changes";

/// Runs a request within its span and its time.
pub(crate) async fn attend(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let id = taken_over(request.headers()).or_else(made);
    let (method, route) = (known_method(request.method()), known_route(&request));
    let span = tracing::info_span!(
        "request",
        request = id.as_ref().and_then(|id| id.to_str().ok()),
        method,
        route,
        device = Empty,
        operation = Empty,
    );
    let answering = async {
        match timeout(state.limits.request, next.run(request)).await {
            Ok(answer) => answer,
            Err(_) => Failure::from(ProblemCode::TooSlow).into_response(),
        }
    };
    let mut answer = answering.instrument(span.clone()).await;
    let (status, took) = (answer.status(), began.elapsed());
    state.metrics.answered(method, route, status, took);
    span.in_scope(|| note(status, took, route));
    if let Some(id) = id {
        answer.headers_mut().insert(HEADER_REQUEST_ID, id);
    }
    answer
}

/// Writes into the request's span what it is about.
pub(crate) fn about(field: &'static str, what: impl std::fmt::Display) {
    Span::current().record(field, display(what));
}

/// The ids of what is asked for at once, for the log.
pub(crate) struct Ids(pub(crate) Vec<OperationId>);

impl fmt::Display for Ids {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().enumerate().try_for_each(|(n, id)| if n == 0 { write!(f, "{id}") } else { write!(f, " {id}") })
    }
}

/// Thousands of good answers a second are for the metrics; the log names what somebody may have to look at. How it ended stands in
/// the line and not in the span: a span is written anew for each thing that is noted in it.
fn note(answered: StatusCode, took: Duration, route: &str) {
    let (status, ms) = (answered.as_u16(), took.as_millis());
    if answered.is_server_error() {
        tracing::error!(status, ms, "failed");
    } else if answered.is_client_error() {
        tracing::info!(status, ms, "refused");
    } else if took >= SLOW && route != WAITS {
        tracing::warn!(status, ms, "slow");
    } else {
        tracing::debug!(status, ms, "answered");
    }
}

/// An id from outside, if it is one word of harmless characters.
fn taken_over(headers: &HeaderMap) -> Option<HeaderValue> {
    let id = headers.get(HEADER_REQUEST_ID)?;
    let sane = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
    let fits = (1..=LONGEST_ID).contains(&id.len()) && id.as_bytes().iter().all(sane);
    fits.then(|| id.clone())
}

/// 64 random bits. `None` if the system gives none: then the request goes without.
fn made() -> Option<HeaderValue> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).ok()?;
    HeaderValue::from_str(&hex::encode(bytes)).ok()
}

fn known_method(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "POST" => "POST",
        "PUT" => "PUT",
        "DELETE" => "DELETE",
        "HEAD" => "HEAD",
        _ => "other",
    }
}

fn known_route(request: &Request) -> &'static str {
    let matched = request.extensions().get::<MatchedPath>();
    let known = matched.and_then(|path| ROUTES.iter().find(|route| route.path == path.as_str()));
    known.map_or(NO_ROUTE, |route| route.path)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_word_is_taken_over() {
        let header =
            |value: &[u8]| HeaderMap::from_iter([(HEADER_REQUEST_ID, HeaderValue::from_bytes(value).unwrap())]);
        for good in ["a", "0190-abc_D.9", &"x".repeat(64)] {
            assert_eq!(taken_over(&header(good.as_bytes())).unwrap(), good);
        }
        for bad in
            [&b""[..], b"a b", b"mor@skole.example", b"{\"x\":1}", "\u{e6}".as_bytes(), "x".repeat(65).as_bytes()]
        {
            assert_eq!(taken_over(&header(bad)), None, "{bad:?}");
        }
        assert_eq!(taken_over(&HeaderMap::new()), None);
        assert_ne!(made(), made());
    }
}
