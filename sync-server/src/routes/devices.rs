//! `POST /v1/devices`: a device shows its one-time code and is let in. The only request that is not signed.

use std::net::SocketAddr;

use axum::Json;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::StatusCode;
use madkort_protocol::{DeviceId, Enrol, Enrolled, ProblemCode, check_text};

use crate::enrolment;
use crate::failure::Failure;
use crate::limits::{Kind, Who, address_of};
use crate::random;
use crate::signed::{read_body, read_json};
use crate::state::AppState;
use crate::store::NewDevice;

/// Characters of a device's name: what fits on a label.
const NAME: usize = 40;

pub(super) async fn post(
    State(state): State<AppState>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    request: Request,
) -> Result<(StatusCode, Json<Enrolled>), Failure> {
    let now = state.now();
    let (parts, body) = request.into_parts();
    let who = Who::Address(address_of(from, &parts.headers));
    state.limiter.look(Kind::Enrolments, who, now)?;
    let asked: Enrol = read_json(&read_body(&state, &parts.headers, body).await?)?;
    let name = check_text(&asked.name, NAME).map_err(|_| Failure::field("name"))?;
    let device = NewDevice {
        id: DeviceId::new(random::id()?),
        code_hash: enrolment::hash(&asked.code),
        kind: asked.kind,
        name,
        public_key: asked.public_key,
    };
    let Some(device) = state.store.enrol(device, now).await? else {
        state.limiter.note(Kind::Enrolments, who, now);
        tracing::warn!("a device showed an enrolment code that is not valid");
        return Err(ProblemCode::EnrolmentCode.into());
    };
    let school = state.store.school(device.school).await?.ok_or(ProblemCode::Internal)?;
    tracing::info!(device = %device.id, short_name = device.short_name, "enrolled");
    Ok((StatusCode::CREATED, Json(Enrolled { device: device.id, short_name: device.short_name, school })))
}
