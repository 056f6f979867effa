//! What was done here goes to the server.
//!
//! **Invariant:** in the journal's order, without gaps, until answered. A refusal is an answer: it is settled like the rest.

use std::time::Duration;

use madkort_protocol::{ProblemCode, Pushed};
use reqwest::Method;
use tokio::sync::Notify;

use super::client::{Call, CallError, Line};
use super::link::Backoff;

/// A push is a write of up to 64 operations; a slow disk on the server is not an absent server.
const PATIENCE: Duration = Duration::from_secs(15);

/// What a push came to.
enum Came {
    /// Nothing is left to push.
    Empty,
    /// The outbox has moved: on with the next.
    Moved,
    /// Not now.
    Stuck,
}

/// Pushes for ever; rung when the outbox has grown.
pub(super) async fn run(line: &Line, outbox: &Notify) {
    let mut backoff = Backoff::default();
    loop {
        match push(line).await {
            Came::Moved => backoff.reset(),
            Came::Stuck => line.rest(&mut backoff).await,
            Came::Empty => {
                backoff.reset();
                outbox.notified().await;
            }
        }
    }
}

async fn push(line: &Line) -> Came {
    let Ok(batch) = line.store.ask(|desk| desk.store.outbox()).await else { return Came::Stuck };
    let push = match batch {
        Ok(batch) => batch.push,
        Err(error) => {
            tracing::error!(%error, "the outbox cannot be read");
            return Came::Stuck;
        }
    };
    let Some(first) = push.operations.first().map(|operation| operation.seq) else { return Came::Empty };
    match line.call::<Pushed>(&Call::new(Method::POST, "/v1/operations", PATIENCE).with(&push)).await {
        Ok(pushed) => {
            let moved = pushed.acked_seq >= first;
            tracing::info!(first, acked = pushed.acked_seq, operations = push.operations.len(), "pushed");
            let settled = line.store.ask(move |desk| desk.settle(&pushed)).await;
            if moved && matches!(settled, Ok(Ok(()))) { Came::Moved } else { Came::Stuck }
        }
        Err(CallError::Problem(problem)) if problem.code == ProblemCode::SequenceGap => match problem.expected_seq {
            Some(expected) if expected < first => {
                tracing::warn!(expected, first, "the server has lost operations; they are sent again");
                let rewound = line.store.ask(move |desk| desk.heed(|store, _| store.rewind(expected))).await;
                if matches!(rewound, Ok(Ok(()))) { Came::Moved } else { Came::Stuck }
            }
            expected => {
                tracing::error!(?expected, first, "the server expects operations this kiosk never had");
                Came::Stuck
            }
        },
        Err(CallError::Problem(problem)) => {
            tracing::error!(code = ?problem.code, field = problem.field, "the server does not take the outbox");
            Came::Stuck
        }
        Err(_) => Came::Stuck,
    }
}
