//! `GET /v1/changes?after=N&wait=S`: what changed after a cursor; waits for something to change if nothing has. A kiosk hears all
//! of its school, a till hears of cards.
//!
//! **Invariant:** a till hears no name, no balance, no code and no price class.

use std::time::Duration;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use jiff::{Span, civil::Date};
use madkort_protocol::{DeviceKind, ProblemCode, SchoolId};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout_at};

use crate::danish;
use crate::failure::Failure;
use crate::signed::SignedDevice;
use crate::state::AppState;
use crate::store::Pending;

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
) -> Result<Response, Failure> {
    let Query(asked) = asked.map_err(|_| ProblemCode::Malformed)?;
    let (school, after) = (signed.school(), asked.after);
    match signed.device.kind {
        DeviceKind::Kiosk => {
            let look = || state.store.changes(school, after, PAGE, since(&state));
            listen(&state, school, asked.wait, look, |changes| changes.cursor != after).await
        }
        DeviceKind::Register => {
            let look = || state.store.till_changes(school, after, PAGE);
            // It is not woken for what it does not hear of.
            listen(&state, school, asked.wait, look, |changes| !changes.cards.is_empty()).await
        }
    }
}

/// Looks, and looks again whenever the school's feed has grown, until there is news or the wait is over.
async fn listen<'a, T: Serialize>(
    state: &'a AppState,
    school: SchoolId,
    wait: u64,
    look: impl Fn() -> Pending<'a, T>,
    is_news: impl Fn(&T) -> bool,
) -> Result<Response, Failure> {
    let until = Instant::now() + Duration::from_secs(wait.min(LONGEST_WAIT));
    let _listens = state.metrics.listens();
    let mut latest = state.store.latest(school);
    loop {
        latest.mark_unchanged();
        let changes = look().await?;
        let over = Instant::now() >= until;
        if is_news(&changes) || over {
            return Ok(Json(changes).into_response());
        }
        // Another process may have written: after the wait the feed is looked at once more.
        tokio::select! {
            _ = timeout_at(until, latest.changed()) => {}
            () = state.stopped() => return Ok(Json(changes).into_response()),
        }
    }
}

fn since(state: &AppState) -> Date {
    danish::day_of(state.now()).saturating_sub(Span::new().days(DAYS_BACK))
}
