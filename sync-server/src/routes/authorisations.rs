//! `POST /v1/authorisations` and `POST /v1/authorisations/{id}/release`: a till holds money for a sale, and gives it up.

use axum::Json;
use axum::extract::State;
use madkort_ledger::purchase::check_amount;
use madkort_protocol::{Answer, AuthorisationRequest, DeviceKind, Release};

use crate::failure::Failure;
use crate::requests::about;
use crate::signed::SignedDevice;
use crate::state::AppState;

use super::in_path::InPath;
use super::{check_id, id_in_path, told};

pub(super) async fn post(State(state): State<AppState>, signed: SignedDevice) -> Result<Json<Answer>, Failure> {
    signed.must_be(DeviceKind::Register)?;
    let request: AuthorisationRequest = signed.json()?;
    check_id(request.id)?;
    check_amount(request.amount)?;
    about("operation", request.id);
    let device = signed.device.id;
    let answer = told(&state, device, state.store.authorise(device, request, state.now()).await?)?;
    state.metrics.settled("authorisation", &answer.outcome);
    Ok(Json(answer))
}

pub(super) async fn release(
    State(state): State<AppState>,
    InPath(authorisation): InPath<String>,
    signed: SignedDevice,
) -> Result<Json<Answer>, Failure> {
    signed.must_be(DeviceKind::Register)?;
    let authorisation = id_in_path(&authorisation)?;
    let release: Release = signed.json()?;
    check_id(release.id)?;
    about("operation", release.id);
    let device = signed.device.id;
    let settled = state.store.release(device, authorisation, release, state.now()).await?;
    let answer = told(&state, device, settled)?;
    state.metrics.settled("authorisation_release", &answer.outcome);
    Ok(Json(answer))
}
