//! `GET /healthz`: whether the server can read and write its books.

use axum::Json;
use axum::extract::State;

use crate::failure::Failure;
use crate::state::AppState;

pub(super) async fn get(State(state): State<AppState>) -> Result<Json<serde_json::Value>, Failure> {
    state.store.alive().await?;
    Ok(Json(serde_json::json!({ "status": "ok" })))
}
