//! Errors as they go over the wire: problem details, whatever went wrong.
//!
//! **Invariant:** a [`Failure`] names no secret and no person, and nothing of the machine it happened on.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::SignedDuration;
use madkort_protocol::{Language, Problem, ProblemCode, Refusal, Rule};

use crate::limits::TooOften;
use crate::store::StoreError;

/// After so long it is worth asking again what could not be answered right now: a database that was started anew, or another
/// server, is there by then.
const COME_BACK: SignedDuration = SignedDuration::from_secs(2);

/// Why a request was not carried out.
#[derive(Debug)]
pub struct Failure {
    problem: Box<Problem>,
    /// When to come back, where that is known.
    retry_after: Option<SignedDuration>,
}

impl Failure {
    /// The problem.
    #[must_use]
    pub fn problem(&self) -> &Problem {
        &self.problem
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
        Self { problem: Box::new(problem), retry_after: None }
    }
}

/// With how long to wait, for a person and for a program.
impl From<TooOften> for Failure {
    fn from(TooOften { wait }: TooOften) -> Self {
        let problem = Problem {
            detail_da: too_often(Language::Danish, wait),
            detail: too_often(Language::English, wait),
            ..Problem::new(ProblemCode::TooMany)
        };
        Self { problem: Box::new(problem), retry_after: Some(wait) }
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
        let status = StatusCode::from_u16(self.problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_string(&self.problem).unwrap_or_default();
        let kind = HeaderValue::from_static("application/problem+json");
        let mut answer = (status, [(header::CONTENT_TYPE, kind)], body).into_response();
        let later = (self.problem.code == ProblemCode::Unavailable).then_some(COME_BACK);
        if let Some(wait) = self.retry_after.or(later) {
            answer.headers_mut().insert(header::RETRY_AFTER, seconds_of(wait));
        }
        answer
    }
}

/// The sentence for whoever has to wait.
pub(crate) fn too_often(language: Language, wait: SignedDuration) -> String {
    let (number, one, many) = match (whole_seconds(wait), language) {
        (seconds @ ..60, Language::Danish) => (seconds, "sekund", "sekunder"),
        (seconds @ ..60, Language::English) => (seconds, "second", "seconds"),
        (seconds @ ..3600, Language::Danish) => (up(seconds, 60), "minut", "minutter"),
        (seconds @ ..3600, Language::English) => (up(seconds, 60), "minute", "minutes"),
        (seconds, Language::Danish) => (up(seconds, 3600), "time", "timer"),
        (seconds, Language::English) => (up(seconds, 3600), "hour", "hours"),
    };
    let unit = if number == 1 { one } else { many };
    match language {
        Language::Danish => format!("Der er for mange forsøg lige nu. Prøv igen om {number} {unit}."),
        Language::English => format!("There are too many attempts right now. Try again in {number} {unit}."),
    }
}

/// In the header's whole seconds (RFC 9110, 10.2.3).
pub(crate) fn seconds_of(wait: SignedDuration) -> HeaderValue {
    HeaderValue::from(whole_seconds(wait))
}

/// Whoever waits so many seconds has waited long enough.
fn whole_seconds(wait: SignedDuration) -> i64 {
    wait.as_secs().saturating_add(i64::from(wait.subsec_nanos() > 0)).max(1)
}

fn up(seconds: i64, unit: i64) -> i64 {
    seconds.saturating_add(unit - 1) / unit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_waits_as_long_as_is_said_has_waited_long_enough() {
        for (millis, seconds, said) in [
            (1, 1_i64, "in 1 second."),
            (59_000, 59, "in 59 seconds."),
            (59_001, 60, "in 1 minute."),
            (61_000, 61, "in 2 minutes."),
            (3_600_000, 3600, "in 1 hour."),
            (3_601_000, 3601, "in 2 hours."),
        ] {
            let wait = SignedDuration::from_millis(millis);
            assert!(too_often(Language::English, wait).ends_with(said), "{millis}");
            assert_eq!(seconds_of(wait), HeaderValue::from(seconds));
        }
        let danish = too_often(Language::Danish, SignedDuration::from_secs(90));
        assert_eq!(danish, "Der er for mange forsøg lige nu. Prøv igen om 2 minutter.");
    }
}
