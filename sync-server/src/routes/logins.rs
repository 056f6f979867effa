//! `POST /v1/logins`: a verification code, or the holder's own password, typed at a kiosk; the right one begins a session.
//! `DELETE /v1/logins`: the visit is over.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use madkort_protocol::{DeviceKind, LONGEST_PASSWORD, LoginAnswer, LoginRequest, ProblemCode};

use crate::failure::Failure;
use crate::passwords::fits;
use crate::sessions;
use crate::signed::SignedDevice;
use crate::state::AppState;
use crate::store::CodeTry;

pub(super) async fn post(State(state): State<AppState>, signed: SignedDevice) -> Result<Json<LoginAnswer>, Failure> {
    signed.must_be(DeviceKind::Kiosk)?;
    let login: LoginRequest = signed.json()?;
    if login.code.is_empty() || login.code.len() > LONGEST_PASSWORD {
        return Err(Failure::field("code"));
    }
    let answer = match state.store.take_code_try(signed.school(), login.card, state.now()).await? {
        CodeTry::Unknown => return Err(ProblemCode::NotFound.into()),
        CodeTry::Wait { until } => LoginAnswer::Wait { until },
        CodeTry::Look { verifier, tries_left } => {
            let password = state.store.password(signed.school(), login.card).await?;
            let mut right = fits(&state, verifier, login.code.clone()).await?;
            if let Some(password) = password.filter(|_| !right) {
                right = fits(&state, password, login.code).await?;
            }
            if right {
                state.store.code_was_right(login.card).await?;
                let session = sessions::begin(&state, &signed, login.card).await?.ok_or(ProblemCode::NotFound)?;
                LoginAnswer::Right { session }
            } else {
                LoginAnswer::Wrong { tries_left }
            }
        }
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
