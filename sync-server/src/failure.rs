//! Errors as they go over the wire: problem details, whatever went wrong.
//!
//! **Invariant:** a [`Failure`] names no secret and no person, and nothing of the machine it happened on.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use madkort_protocol::{Problem, ProblemCode, Refusal, Rule};

use crate::store::StoreError;

/// Seconds after which it is worth asking again what could not be answered right now: a database that was started anew, or another
/// server, is there by then.
const COME_BACK: &str = "2";

/// Why a request was not carried out.
#[derive(Debug)]
pub struct Failure(Box<Problem>);

impl Failure {
    /// The problem.
    #[must_use]
    pub fn problem(&self) -> &Problem {
        &self.0
    }

    /// A field out of its bounds.
    #[must_use]
    pub fn field(name: &str) -> Self {
        Problem::new(ProblemCode::InvalidField).in_field(name).into()
    }

    /// A field out of its bounds, with sentences of its own: the standing ones name no figures.
    #[must_use]
    pub(crate) fn said(field: &str, da: &str, en: &str) -> Self {
        let problem = Problem::new(ProblemCode::InvalidField);
        Problem { detail_da: da.to_owned(), detail: en.to_owned(), ..problem }.in_field(field).into()
    }

    /// Operations are missing before the first one.
    #[must_use]
    pub fn gap(expected_seq: u64) -> Self {
        Problem { expected_seq: Some(expected_seq), ..Problem::new(ProblemCode::SequenceGap) }.into()
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self(Box::new(problem))
    }
}

impl From<ProblemCode> for Failure {
    fn from(code: ProblemCode) -> Self {
        Problem::new(code).into()
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            // A ledger that is out of reach, that moves or has moved, is served again soon: whoever comes back finds it.
            StoreError::Busy
            | StoreError::Closed
            | StoreError::Unreachable
            | StoreError::Moved { .. }
            | StoreError::Arriving { .. } => ProblemCode::Unavailable.into(),
            error => {
                tracing::error!(%error, source = std::error::Error::source(&error).map(tracing::field::display), "the store failed");
                ProblemCode::Internal.into()
            }
        }
    }
}

/// A rule that a whole request breaks, where the wire has no outcome for it.
impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match refusal.rule {
            Rule::Amount => ProblemCode::InvalidAmount.into(),
            Rule::Card => Self::field("card"),
            Rule::Account => Self::field("account"),
            _ => ProblemCode::NotAllowed.into(),
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_string(&self.0).unwrap_or_default();
        let kind = HeaderValue::from_static("application/problem+json");
        let mut answer = (status, [(header::CONTENT_TYPE, kind)], body).into_response();
        if self.0.code == ProblemCode::Unavailable {
            answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static(COME_BACK));
        }
        answer
    }
}
