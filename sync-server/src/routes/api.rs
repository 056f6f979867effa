//! `GET /openapi.json`: the description of this API.

use axum::Json;

pub(super) async fn get() -> Json<serde_json::Value> {
    Json(crate::openapi::document())
}
