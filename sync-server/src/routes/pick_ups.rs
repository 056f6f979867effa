//! `POST /v1/pick-ups`: a card is tapped where preorders are handed out.

use axum::Json;
use axum::extract::State;
use madkort_protocol::{DeviceKind, PickUpAnswer, PickUpRequest};

use crate::failure::Failure;
use crate::requests::about;
use crate::signed::SignedDevice;
use crate::state::AppState;

use super::{check_id, told};

pub(super) async fn post(State(state): State<AppState>, signed: SignedDevice) -> Result<Json<PickUpAnswer>, Failure> {
    signed.must_be(DeviceKind::Register)?;
    let request: PickUpRequest = signed.json()?;
    check_id(request.id)?;
    about("operation", request.id);
    let device = signed.device.id;
    let answer = told(&state, device, state.store.pick_up(device, request, state.now()).await?)?;
    state.metrics.settled("pick_up", &answer.outcome);
    Ok(Json(answer))
}
