//! What changed comes from the server: one question that waits for an answer, over and over.
//!
//! **Invariant:** the cursor moves in the transaction that keeps what it stands for.

use std::time::Duration;

use madkort_protocol::Changes;
use reqwest::Method;

use super::client::{Call, CallError, Line};
use super::enrol;
use super::link::Backoff;
use super::product_pictures::Pictures;

/// Seconds the server may keep the question open when nothing changes.
const WAIT_SECONDS: u64 = 20;
/// The wait, and time for a school's whole first set over a slow line.
const PATIENCE: Duration = Duration::from_secs(WAIT_SECONDS + 25);

/// Pulls for ever.
pub(super) async fn run(line: &Line) {
    let mut backoff = Backoff::default();
    let mut pictures = Pictures::default();
    // Asked without waiting until the first answer, so that a kiosk that starts knows at once whether the server is there.
    let mut wait = 0;
    loop {
        let pulled = tokio::select! {
            biased;
            pulled = pull(line, wait) => pulled,
            () = line.link.doubt.notified() => {
                // Another request got lost: asked again without waiting, to know whether the server is there.
                wait = 0;
                continue;
            }
        };
        match pulled {
            Ok(()) => {
                backoff.reset();
                wait = if pictures.fetch_next(line).await { 0 } else { WAIT_SECONDS };
            }
            Err(error) => {
                wait = 0;
                if matches!(error, CallError::Unwell(_)) {
                    line.link.lost();
                }
                let enrolled = matches!(error, CallError::NotEnrolled) && enrol::from_file(line).await;
                if !enrolled {
                    line.rest(&mut backoff).await;
                }
            }
        }
    }
}

async fn pull(line: &Line, wait: u64) -> Result<(), CallError> {
    let cursor = line.store.ask(|desk| desk.store.cursor()).await;
    let after = cursor.map_err(|_| CallError::Store)?.map_err(|_| CallError::Store)?;
    let path = format!("/v1/changes?after={after}&wait={wait}");
    let changes: Changes = line.call(&Call::new(Method::GET, path, PATIENCE)).await?;
    if changes.cursor == after && !changes.more {
        return Ok(());
    }
    let applied = line.store.ask(move |desk| desk.apply(&changes)).await;
    applied.map_err(|_| CallError::Store)?.map_err(|_| CallError::Store)
}
