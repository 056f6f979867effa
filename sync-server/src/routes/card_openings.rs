//! `POST /v1/card-openings`: whoever has blocked their own card opens it again, with its code or their own password, and is signed in.

use axum::Json;
use axum::extract::State;
use madkort_protocol::{CardStatus, DeviceKind, LONGEST_PASSWORD, LoginAnswer, LoginRequest, ProblemCode};

use crate::failure::Failure;
use crate::limits::{Kind, Who};
use crate::passwords::{Given, given};
use crate::random;
use crate::sessions;
use crate::signed::SignedDevice;
use crate::state::AppState;

pub(super) async fn post(State(state): State<AppState>, signed: SignedDevice) -> Result<Json<LoginAnswer>, Failure> {
    signed.must_be(DeviceKind::Kiosk)?;
    let opening: LoginRequest = signed.json()?;
    if opening.code.is_empty() || opening.code.len() > LONGEST_PASSWORD {
        return Err(Failure::field("code"));
    }
    state.not_too_often(Kind::LogIns, Who::Device(signed.device.id))?;
    let card = (opening.card, CardStatus::BlockedByHolder);
    let answer = match given(&state, signed.school(), card, opening.code).await? {
        Given::Right => {
            let (token, session) = sessions::new(&state, &signed, opening.card)?;
            // It may have been blocked by somebody else in the same moment.
            if !state.store.open_own_card(session, random::id()?, state.now()).await? {
                return Err(ProblemCode::NotFound.into());
            }
            LoginAnswer::Right { session: token }
        }
        Given::Wrong { tries_left } => LoginAnswer::Wrong { tries_left },
        Given::Wait { until } => LoginAnswer::Wait { until },
    };
    Ok(Json(answer))
}
