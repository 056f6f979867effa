//! `POST /v1/logins`: a verification code typed at a kiosk.

use argon2::Argon2;
use argon2::password_hash::{PasswordVerifier, phc::PasswordHash};
use axum::Json;
use axum::extract::State;
use madkort_protocol::{CodeVerifier, DeviceKind, LoginAnswer, LoginRequest, ProblemCode};

use crate::failure::Failure;
use crate::signed::SignedDevice;
use crate::state::AppState;
use crate::store::CodeTry;

/// Characters of a code: far above the four digits there are, so that no more than a nonsense is hashed.
const CODE: usize = 32;

pub(super) async fn post(State(state): State<AppState>, signed: SignedDevice) -> Result<Json<LoginAnswer>, Failure> {
    signed.must_be(DeviceKind::Kiosk)?;
    let login: LoginRequest = signed.json()?;
    if login.code.is_empty() || login.code.len() > CODE {
        return Err(Failure::field("code"));
    }
    let answer = match state.store.take_code_try(signed.school(), login.card, state.now()).await? {
        CodeTry::Unknown => return Err(ProblemCode::NotFound.into()),
        CodeTry::Wait { until } => LoginAnswer::Wait { until },
        CodeTry::Look { verifier, tries_left } => {
            if fits(&state, verifier, login.code).await? {
                state.store.code_was_right(login.card).await?;
                LoginAnswer::Right
            } else {
                LoginAnswer::Wrong { tries_left }
            }
        }
    };
    Ok(Json(answer))
}

/// Hashing takes tens of milliseconds on purpose: on a thread of its own, a few at a time.
async fn fits(state: &AppState, verifier: CodeVerifier, code: String) -> Result<bool, Failure> {
    let permit = state.hashing.clone().acquire_owned().await.map_err(|_| ProblemCode::Unavailable)?;
    let hashing = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        let hash = PasswordHash::new(verifier.phc()).map_err(|_| ProblemCode::Internal)?;
        Ok(Argon2::default().verify_password(code.as_bytes(), &hash).is_ok())
    });
    hashing.await.map_err(|_| ProblemCode::Internal)?
}
