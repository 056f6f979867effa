//! `POST /v1/operations`: a kiosk pushes its journal.

use axum::Json;
use axum::extract::State;
use madkort_protocol::{
    AccountId, DeviceKind, Operation, OperationBody, OperationId, Outcome, ProblemCode, Push, Pushed,
};

use crate::failure::Failure;
use crate::limits::{Kind, Who};
use crate::metrics::kind_of;
use crate::requests::{Ids, about};
use crate::signed::SignedDevice;
use crate::state::AppState;
use crate::store::Pushing;

use super::{check_id, id_reused};

pub(super) async fn post(State(state): State<AppState>, signed: SignedDevice) -> Result<Json<Pushed>, Failure> {
    signed.must_be(DeviceKind::Kiosk)?;
    let push: Push = signed.json()?;
    check(&push)?;
    about("operation", Ids(push.operations.iter().map(|operation| operation.id).collect()));
    let orders: Vec<_> = push.operations.iter().map(|operation| orderer(&operation.body)).collect();
    let kinds: Vec<_> = push.operations.iter().map(|operation| kind_of(&operation.body)).collect();
    let quiet = quiet(&state, &push);
    match state.store.push_quietly(signed.device.id, push, quiet, state.now()).await? {
        Pushing::Settled(pushed) => {
            kinds.iter().zip(&pushed.answers).for_each(|(kind, answer)| state.metrics.settled(kind, &answer.outcome));
            for (account, answer) in orders.into_iter().zip(&pushed.answers) {
                // Full means thousands wait already; the next purchase or start finds the account again.
                account.filter(|_| answer.outcome == Outcome::Posted).map(|account| state.posted.try_send(account));
            }
            Ok(Json(pushed))
        }
        Pushing::Gap { expected_seq } => Err(Failure::gap(expected_seq)),
        Pushing::UnknownDevice => Err(ProblemCode::UnknownDevice.into()),
        Pushing::IdReused(operation) => Err(id_reused(signed.device.id, operation)),
    }
}

/// Tickets whose letter is one too many for the address typed in them. The tickets themselves were filed when they were recorded.
fn quiet(state: &AppState, push: &Push) -> Vec<OperationId> {
    let too_often = |operation: &&Operation| match &operation.body {
        OperationBody::FileTicket(ticket) => {
            state.limiter.count_once(Kind::TicketLetters, Who::mail(&ticket.email), operation.id, state.now()).is_err()
        }
        _ => false,
    };
    push.operations.iter().filter(too_often).map(|operation| operation.id).collect()
}

/// Whose balance an order takes down.
const fn orderer(body: &OperationBody) -> Option<AccountId> {
    if let OperationBody::PlaceOrder(order) = body { Some(order.account) } else { None }
}

/// What can be wrong with a push as a whole.
fn check(push: &Push) -> Result<(), Failure> {
    if push.operations.len() > Push::MOST {
        return Err(Failure::field("operations"));
    }
    let consecutive = push.operations.windows(2).all(|pair| pair[0].seq.checked_add(1) == Some(pair[1].seq));
    if !consecutive || push.operations.first().is_some_and(|first| first.seq == 0) {
        return Err(Failure::field("seq"));
    }
    push.operations.iter().try_for_each(|operation| check_id(operation.id))
}
