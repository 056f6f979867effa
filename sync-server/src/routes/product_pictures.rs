//! `GET /v1/product-pictures/{digest}`: what a product looks like.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use madkort_protocol::{DeviceKind, PictureDigest, ProblemCode};

use super::in_path::InPath;
use crate::failure::Failure;
use crate::signed::SignedDevice;
use crate::state::AppState;

pub(super) async fn get(
    State(state): State<AppState>,
    InPath(digest): InPath<String>,
    signed: SignedDevice,
) -> Result<Response, Failure> {
    signed.must_be(DeviceKind::Kiosk)?;
    let digest = PictureDigest::parse(&digest).map_err(|_| ProblemCode::NotFound)?;
    let picture = state.store.product_picture(signed.school(), digest).await?.ok_or(ProblemCode::NotFound)?;
    Ok(([(header::CONTENT_TYPE, "image/png")], picture.as_png().to_vec()).into_response())
}
