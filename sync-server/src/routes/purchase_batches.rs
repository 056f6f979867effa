//! `POST /v1/purchase-batches`: a till tells what it sold while the server was out of reach.

use axum::Json;
use axum::extract::State;
use madkort_protocol::{DeviceKind, PurchaseBatch, PurchaseBatchAnswer};

use crate::failure::Failure;
use crate::requests::{Ids, about};
use crate::signed::SignedDevice;
use crate::state::AppState;

use super::{purchases, told};

pub(super) async fn post(
    State(state): State<AppState>,
    signed: SignedDevice,
) -> Result<Json<PurchaseBatchAnswer>, Failure> {
    signed.must_be(DeviceKind::Register)?;
    let batch: PurchaseBatch = signed.json()?;
    if batch.purchases.len() > PurchaseBatch::MOST {
        return Err(Failure::field("purchases"));
    }
    batch.purchases.iter().try_for_each(|sale| purchases::check(&sale.purchase))?;
    about("operation", Ids(batch.purchases.iter().map(|sale| sale.purchase.id).collect()));
    let device = signed.device.id;
    let answers = told(&state, device, state.store.purchase_batch(device, batch, state.now()).await?)?;
    for answer in &answers {
        state.metrics.settled("offline_purchase", &answer.outcome);
    }
    Ok(Json(PurchaseBatchAnswer { answers }))
}
