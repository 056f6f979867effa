//! `POST /v1/purchases` and `POST /v1/purchases/{id}/undo`: a till books a sale, and takes it back.

use axum::Json;
use axum::extract::State;
use madkort_ledger::purchase::{HIGHEST_VAT, TEXT, check_amount};
use madkort_protocol::{Answer, DeviceKind, ProblemCode, PurchaseAnswer, PurchaseRequest, Undo, check_text};

use crate::failure::Failure;
use crate::requests::about;
use crate::signed::SignedDevice;
use crate::state::AppState;
use crate::store::Purchasing;

use super::in_path::InPath;
use super::{check_id, id_in_path, id_reused, told};

pub(super) async fn post(State(state): State<AppState>, signed: SignedDevice) -> Result<Json<PurchaseAnswer>, Failure> {
    signed.must_be(DeviceKind::Register)?;
    let request: PurchaseRequest = signed.json()?;
    check(&request)?;
    let id = request.id;
    about("operation", id);
    let now = state.now();
    match state.store.purchase(signed.school(), signed.device.id, request, now).await? {
        Purchasing::Settled { answer, account } => {
            state.signers.seen(signed.device.id, now);
            state.metrics.settled("purchase", &answer.outcome);
            // Full means thousands wait already; the next purchase or start finds the account again.
            account.map(|account| state.posted.try_send(account));
            Ok(Json(answer))
        }
        Purchasing::UnknownDevice => Err(ProblemCode::UnknownDevice.into()),
        Purchasing::IdReused => Err(id_reused(signed.device.id, id)),
    }
}

pub(super) async fn undo(
    State(state): State<AppState>,
    InPath(purchase): InPath<String>,
    signed: SignedDevice,
) -> Result<Json<Answer>, Failure> {
    signed.must_be(DeviceKind::Register)?;
    let purchase = id_in_path(&purchase)?;
    let undo: Undo = signed.json()?;
    check_id(undo.id)?;
    about("operation", undo.id);
    let device = signed.device.id;
    let answer = told(&state, device, state.store.undo(device, purchase, undo, state.now()).await?)?;
    state.metrics.settled("purchase_undo", &answer.outcome);
    Ok(Json(answer))
}

/// What is wrong with a sale whoever buys.
pub(super) fn check(request: &PurchaseRequest) -> Result<(), Failure> {
    check_id(request.id)?;
    check_amount(request.amount)?;
    check_text(&request.text, TEXT).map_err(|_| Failure::field("text"))?;
    if request.vat_percent > HIGHEST_VAT { Err(Failure::field("vat_percent")) } else { Ok(()) }
}
