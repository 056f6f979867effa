//! The central server: schools' books, devices, payments.
//!
//! **Invariant:** nothing is answered as done before it is durable; every transaction sums to zero.

mod clock;
pub mod demo;
pub mod enrolment;
mod failure;
pub mod jobs;
pub mod openapi;
pub mod pages;
pub mod payments;
mod recharge;
mod replay;
mod routes;
mod signed;
mod state;
pub mod store;

use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::time::timeout;

pub use clock::Clock;
pub use failure::Failure;
pub use madkort_ledger::danish;
pub use routes::router;
pub use signed::{BODY_LIMIT, SignedDevice};
pub use state::AppState;

/// How long requests that have begun may take after the server was asked to stop.
const FAREWELL: Duration = Duration::from_secs(10);

/// Answers requests and runs the jobs until [`AppState::stop`] is called; then finishes what it has begun.
pub async fn serve(listener: TcpListener, state: AppState) -> std::io::Result<()> {
    let app = routes::router(state.clone()).into_make_service_with_connect_info::<SocketAddr>();
    let stopping = state.clone();
    let serving = axum::serve(listener, app).with_graceful_shutdown(async move { stopping.stopped().await });
    let jobs = tokio::spawn(jobs::run(state.clone()));
    let mut serving = pin!(serving.into_future());
    let served = tokio::select! {
        served = &mut serving => served,
        () = state.stopped() => timeout(FAREWELL, serving).await.unwrap_or(Ok(())),
    };
    // However serving ended, the jobs end with it.
    state.stop();
    if jobs.await.is_err() {
        tracing::error!("a job stopped working");
    }
    served
}
