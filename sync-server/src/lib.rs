//! The central server: schools' books, devices, payments.
//!
//! **Invariant:** nothing is answered as done before it is durable; every transaction sums to zero.

pub mod card_line;
pub mod card_list;
mod clock;
pub mod config;
mod connections;
pub mod cpr;
pub mod demo;
pub mod enrolment;
mod failure;
pub mod jobs;
pub mod kitchen;
pub mod limits;
pub mod logging;
pub mod mail;
pub mod metrics;
pub mod openapi;
pub mod pages;
pub mod passwords;
pub mod payments;
pub mod pictures;
pub mod price_list;
mod random;
mod replay;
mod requests;
pub mod rights;
mod routes;
pub mod sessions;
mod signed;
mod state;
pub mod store;

use tokio::net::TcpListener;

pub use clock::Clock;
pub use connections::Limits;
pub use failure::Failure;
pub use madkort_ledger::danish;
pub use routes::router;
pub use signed::{BODY_LIMIT, SignedDevice};
pub use state::AppState;

/// Answers requests and runs the jobs until [`AppState::stop`] is called; then finishes what it has begun.
pub async fn serve(listener: TcpListener, state: AppState) -> std::io::Result<()> {
    let running = state.jobs.run();
    let work = Box::pin(jobs::run(state.clone()));
    let jobs = tokio::spawn(async move {
        let _running = running;
        work.await;
    });
    connections::answer(listener, routes::router(state.clone()), &state).await;
    // However serving ended, the jobs end with it.
    state.stop();
    if jobs.await.is_err() {
        tracing::error!("a job stopped working");
    }
    Ok(())
}

/// Answers Prometheus until [`AppState::stop`] is called.
pub async fn serve_metrics(listener: TcpListener, state: AppState) {
    connections::answer(listener, metrics::router(state.metrics.clone()), &state).await;
}
