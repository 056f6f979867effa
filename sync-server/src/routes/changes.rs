//! `GET /v1/changes?after=N&wait=S`: what changed after a cursor; waits for something to change if nothing has.

use std::time::Duration;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use jiff::{Span, civil::Date};
use madkort_protocol::{Changes, DeviceKind, ProblemCode};
use serde::Deserialize;
use tokio::time::{Instant, timeout_at};

use crate::danish;
use crate::failure::Failure;
use crate::signed::SignedDevice;
use crate::state::AppState;

/// Things in one page: some 60 kB.
const PAGE: u32 = 200;
/// The longest wait, in seconds: shorter than the half minute after which proxies hang up.
const LONGEST_WAIT: u64 = 25;
/// How long past orders and menus are told: what the statement of a month refers to.
const DAYS_BACK: i64 = 35;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    after: u64,
    #[serde(default)]
    wait: u64,
}

pub(super) async fn get(
    State(state): State<AppState>,
    asked: Result<Query<Asked>, QueryRejection>,
    signed: SignedDevice,
) -> Result<Json<Changes>, Failure> {
    // A till has no business with names and codes.
    signed.must_be(DeviceKind::Kiosk)?;
    let Query(asked) = asked.map_err(|_| ProblemCode::Malformed)?;
    let until = Instant::now() + Duration::from_secs(asked.wait.min(LONGEST_WAIT));
    let _listens = state.metrics.listens();
    let mut latest = state.store.latest(signed.school());
    loop {
        latest.mark_unchanged();
        let changes = state.store.changes(signed.school(), asked.after, PAGE, since(&state)).await?;
        let over = Instant::now() >= until;
        if changes.cursor != asked.after || over {
            return Ok(Json(changes));
        }
        // Another process may have written: after the wait the feed is looked at once more.
        tokio::select! {
            _ = timeout_at(until, latest.changed()) => {}
            () = state.stopped() => return Ok(Json(changes)),
        }
    }
}

fn since(state: &AppState) -> Date {
    danish::day_of(state.now()).saturating_sub(Span::new().days(DAYS_BACK))
}
