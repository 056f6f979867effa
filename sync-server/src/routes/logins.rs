//! `POST /v1/logins`: a verification code, or the holder's own password, typed at a kiosk; the right one begins a session.
//! `DELETE /v1/logins`: the visit is over.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use madkort_protocol::{CardStatus, DeviceKind, LONGEST_PASSWORD, LoginAnswer, LoginRequest, ProblemCode};

use crate::failure::Failure;
use crate::limits::{Kind, Who};
use crate::passwords::{Given, given};
use crate::sessions;
use crate::signed::SignedDevice;
use crate::state::AppState;

pub(super) async fn post(State(state): State<AppState>, signed: SignedDevice) -> Result<Json<LoginAnswer>, Failure> {
    signed.must_be(DeviceKind::Kiosk)?;
    let login: LoginRequest = signed.json()?;
    if login.code.is_empty() || login.code.len() > LONGEST_PASSWORD {
        return Err(Failure::field("code"));
    }
    state.not_too_often(Kind::LogIns, Who::Device(signed.device.id))?;
    let answer = match given(&state, signed.school(), (login.card, CardStatus::Active), login.code).await? {
        Given::Right => {
            let session = sessions::begin(&state, &signed, login.card).await?.ok_or(ProblemCode::NotFound)?;
            LoginAnswer::Right { session }
        }
        Given::Wrong { tries_left } => LoginAnswer::Wrong { tries_left },
        Given::Wait { until } => LoginAnswer::Wait { until },
    };
    Ok(Json(answer))
}

pub(super) async fn delete(
    State(state): State<AppState>,
    headers: HeaderMap,
    signed: SignedDevice,
) -> Result<StatusCode, Failure> {
    signed.must_be(DeviceKind::Kiosk)?;
    sessions::end(&state, &signed, &headers).await?;
    Ok(StatusCode::NO_CONTENT)
}
