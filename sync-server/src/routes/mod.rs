//! The URL space, one module per noun.
//!
//! **Invariant:** every answer under `/v1/` names the API version, and every error is a problem document, also for what is not
//! there.

mod accounts;
mod allergies;
mod api;
mod authorisations;
mod card_openings;
mod changes;
mod deposits;
mod devices;
mod health;
mod in_path;
mod logins;
mod mandate_page;
mod mandates;
mod operations;
mod page_limits;
mod passwords;
mod pay;
mod people;
mod pick_ups;
mod picture_page;
mod pictures;
mod product_pictures;
mod purchase_batches;
mod purchases;
mod quotes;
mod statements;
mod transfers;
mod withdrawals;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use madkort_protocol::{API_VERSION, DeviceId, HEADER_API, OperationId, ProblemCode};

use crate::failure::Failure;
use crate::requests::attend;
use crate::state::AppState;
use crate::store::AtTill;

/// Everything the server answers to.
pub fn router(state: AppState) -> Router {
    Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/openapi.json", get(api::get))
        .route("/mandate/{page}", get(mandate_page::get).post(mandate_page::post))
        .route("/pay/{page}", get(pay::get).post(pay::post))
        .route("/v1/accounts/{account}/quotes", post(quotes::post))
        .route("/v1/accounts/{account}/statements/{month}", get(accounts::statement))
        .route("/v1/accounts/{account}/statements/{month}/mails", post(statements::mail))
        .route("/v1/authorisations", post(authorisations::post))
        .route("/v1/authorisations/{id}/release", post(authorisations::release))
        .route("/v1/accounts/{account}/auto-recharge", get(mandates::details).post(accounts::auto_recharge))
        .route("/v1/accounts/{account}/withdrawals", get(withdrawals::of_account))
        .route("/v1/card-openings", post(card_openings::post))
        .route("/v1/cards/{card}/allergies", get(allergies::get))
        .route("/v1/changes", get(changes::get))
        .route("/v1/deposits", post(deposits::post))
        .route("/v1/deposits/{id}", get(deposits::get).delete(deposits::delete))
        .route("/v1/devices", post(devices::post))
        .route("/v1/logins", post(logins::post).delete(logins::delete))
        .route("/v1/mandates", post(mandates::post))
        .route("/v1/mandates/{id}", get(mandates::get).delete(mandates::delete))
        .route("/v1/operations", post(operations::post))
        .route("/picture/{token}", get(picture_page::get).post(picture_page::post).layer(picture_page::room()))
        .route("/v1/product-pictures/{digest}", get(product_pictures::get))
        .route("/reset/{token}", get(passwords::get).post(passwords::post))
        .route("/v1/password-resets", post(passwords::post_reset))
        .route("/v1/people/{person}/password", put(passwords::put))
        .route("/v1/people/{person}", get(people::get).put(people::put))
        .route("/v1/people/{person}/allergies", put(allergies::put))
        .route("/v1/people/{person}/picture", get(pictures::get))
        .route("/v1/picture-pages", post(pictures::open))
        .route("/v1/picture-pages/{id}", get(pictures::look).delete(pictures::give_up))
        .route("/v1/pick-ups", post(pick_ups::post))
        .route("/v1/purchase-batches", post(purchase_batches::post))
        .route("/v1/purchases", post(purchases::post))
        .route("/v1/purchases/{id}/undo", post(purchases::undo))
        .route("/v1/transfers", post(transfers::post))
        .route("/v1/withdrawals", post(withdrawals::post))
        .route("/v1/withdrawals/{id}", get(withdrawals::get).delete(withdrawals::delete))
        .fallback(|| async { Failure::from(ProblemCode::NotFound) })
        .method_not_allowed_fallback(|| async { Failure::from(ProblemCode::MethodNotAllowed) })
        .layer(from_fn_with_state(state.clone(), page_limits::not_too_often))
        .layer(from_fn(same_version))
        .layer(from_fn_with_state(state.clone(), refuse_when_stopping))
        .layer(from_fn_with_state(state.clone(), attend))
        .with_state(state)
}

/// A request that begins after the server was asked to stop is for another server, or for later.
async fn refuse_when_stopping(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let about_the_server = matches!(request.uri().path(), "/healthz" | "/readyz");
    if state.is_stopping() && !about_the_server {
        return Failure::from(ProblemCode::Unavailable).into_response();
    }
    next.run(request).await
}

/// Speaks only with devices of the same version, and says which that is.
async fn same_version(request: Request, next: Next) -> Response {
    let theirs = request.headers().get(HEADER_API).and_then(|value| value.to_str().ok()?.parse::<u16>().ok());
    let mut answer = if request.uri().path().starts_with("/v1/") && theirs != Some(API_VERSION) {
        Failure::from(ProblemCode::ApiVersion).into_response()
    } else {
        next.run(request).await
    };
    answer.headers_mut().insert(HeaderName::from_static(HEADER_API), HeaderValue::from(API_VERSION));
    answer
}

/// Devices make ids of version 7 only: the store's keys come in time order, and the server's own derived ids never collide.
fn check_id(id: OperationId) -> Result<(), Failure> {
    if id.uuid().get_version_num() == 7 { Ok(()) } else { Err(Failure::field("id")) }
}

/// An id in a path; what is none is not there.
fn id_in_path(id: &str) -> Result<OperationId, Failure> {
    OperationId::parse(id).map_err(|_| ProblemCode::NotFound.into())
}

/// What a till is told. Accounts that a mandate looks at go to the job that tops them up.
fn told<T>(state: &AppState, device: DeviceId, what: AtTill<T>) -> Result<T, Failure> {
    match what {
        AtTill::Settled { answer, accounts } => {
            for account in accounts {
                // Full means thousands wait already; the next purchase or start finds the account again.
                let _ = state.posted.try_send(account);
            }
            Ok(answer)
        }
        AtTill::UnknownDevice => Err(ProblemCode::UnknownDevice.into()),
        AtTill::IdReused(operation) => Err(id_reused(device, operation)),
    }
}

/// The same id with another body: refused, and an alarm, for no device does that by itself.
fn id_reused(device: DeviceId, operation: OperationId) -> Failure {
    tracing::error!(alarm = "id-reused", %device, %operation, "an id came with another body");
    ProblemCode::IdReused.into()
}
