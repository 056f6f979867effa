//! `POST /v1/purchases`: a till books a sale.

use axum::Json;
use axum::extract::State;
use madkort_ledger::purchase::{HIGHEST_VAT, TEXT, check_amount};
use madkort_protocol::{DeviceKind, ProblemCode, PurchaseAnswer, PurchaseRequest, check_text};

use crate::failure::Failure;
use crate::requests::about;
use crate::signed::SignedDevice;
use crate::state::AppState;
use crate::store::Purchasing;

use super::check_id;

pub(super) async fn post(State(state): State<AppState>, signed: SignedDevice) -> Result<Json<PurchaseAnswer>, Failure> {
    signed.must_be(DeviceKind::Register)?;
    let request: PurchaseRequest = signed.json()?;
    check_id(request.id)?;
    check_amount(request.amount)?;
    check_text(&request.text, TEXT).map_err(|_| Failure::field("text"))?;
    if request.vat_percent > HIGHEST_VAT {
        return Err(Failure::field("vat_percent"));
    }
    let id = request.id;
    about("operation", id);
    match state.store.purchase(signed.school(), signed.device.id, request, state.now()).await? {
        Purchasing::Settled { answer, account } => {
            state.metrics.settled("purchase", &answer.outcome);
            // Full means thousands wait already; the next purchase or start finds the account again.
            account.map(|account| state.posted.try_send(account));
            Ok(Json(answer))
        }
        Purchasing::UnknownDevice => Err(ProblemCode::UnknownDevice.into()),
        Purchasing::IdReused => {
            tracing::error!(alarm = "id-reused", device = %signed.device.id, operation = %id, "an id came with another body");
            Err(ProblemCode::IdReused.into())
        }
    }
}
