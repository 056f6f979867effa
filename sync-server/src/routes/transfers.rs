//! `POST /v1/transfers`: whoever is signed in moves money between two accounts of theirs, at once.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use madkort_protocol::{DeviceKind, Outcome, ProblemCode, Transfer, TransferRequest};

use super::withdrawals::refused;
use super::{check_id, id_reused};
use crate::failure::Failure;
use crate::limits::{Kind, Who};
use crate::payments::case_number;
use crate::requests::about;
use crate::rights::What;
use crate::sessions::Visitor;
use crate::signed::SignedDevice;
use crate::state::AppState;
use crate::store::{Movement, Moving};

pub(super) async fn post(
    State(state): State<AppState>,
    headers: HeaderMap,
    signed: SignedDevice,
) -> Result<Json<Transfer>, Failure> {
    signed.must_be(DeviceKind::Kiosk)?;
    let request: TransferRequest = signed.json()?;
    check_id(request.id)?;
    about("operation", request.id);
    let visitor = Visitor::of(&state, &signed, &headers, request.card).await?;
    visitor.must(What::Transfer, request.from)?;
    visitor.must(What::Transfer, request.to)?;
    state.not_too_often_under(request.id, Kind::Transfers, Who::Card(visitor.card))?;
    let TransferRequest { id, card, from, to, amount } = request;
    let (school, now) = (signed.school(), state.now());
    match state.store.carry_out(school, id, Movement::Transfer { card, from, to, amount }, now).await? {
        Moving::Settled(Outcome::Posted | Outcome::AlreadyPosted) => {}
        Moving::Settled(Outcome::Refused(refusal)) => return Err(refused(&refusal)),
        Moving::IdReused => return Err(id_reused(signed.device.id, id)),
    }
    let (from_now, to_now) = tokio::try_join!(state.store.account(school, from), state.store.account(school, to))?;
    let (from_now, to_now) = (from_now.ok_or(ProblemCode::NotFound)?, to_now.ok_or(ProblemCode::NotFound)?);
    Ok(Json(Transfer {
        id,
        number: case_number(id),
        from,
        to,
        amount,
        at: now,
        from_balance: from_now.balance,
        to_balance: to_now.balance,
    }))
}
