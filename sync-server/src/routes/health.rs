//! `GET /healthz` and `GET /readyz`: whether the process answers, and whether it should be sent requests.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use madkort_protocol::ProblemCode;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::failure::Failure;
use crate::state::AppState;

/// For the store to say that it takes writes: a disk that needs longer keeps tills waiting.
const SOON: Duration = Duration::from_secs(2);

pub(super) async fn alive() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

pub(super) async fn ready(State(state): State<AppState>) -> Result<Json<Value>, Failure> {
    let why = if state.is_stopping() {
        "stopping"
    } else if !state.jobs.are_running() {
        "a job has ended"
    } else {
        match timeout(SOON, state.store.alive()).await {
            Ok(Ok(())) => return Ok(Json(json!({ "status": "ready" }))),
            Ok(Err(error)) => {
                let source = std::error::Error::source(&error).map(tracing::field::display);
                tracing::error!(%error, source, "the store takes no writes");
                "the store takes no writes"
            }
            Err(_) => "the store does not answer",
        }
    };
    tracing::warn!(why, "not ready");
    Err(ProblemCode::Unavailable.into())
}
