//! `GET /v1/product-pictures/{digest}`: what a product looks like.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use madkort_protocol::{DeviceKind, PictureDigest, ProblemCode, ProductPicture};

use crate::failure::Failure;
use crate::signed::SignedDevice;
use crate::state::AppState;

pub(super) async fn get(
    State(state): State<AppState>,
    path: Result<Path<String>, PathRejection>,
    signed: SignedDevice,
) -> Result<Json<ProductPicture>, Failure> {
    signed.must_be(DeviceKind::Kiosk)?;
    let Path(digest) = path.map_err(|_| ProblemCode::NotFound)?;
    let digest = PictureDigest::parse(&digest).map_err(|_| ProblemCode::NotFound)?;
    let png = state.store.product_picture(signed.school(), digest).await?.ok_or(ProblemCode::NotFound)?;
    Ok(Json(ProductPicture { digest, png }))
}
