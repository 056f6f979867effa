//! What was done here goes to the server.
//!
//! **Invariants:** in the journal's order, without gaps, until answered. A refusal is an answer: it is settled like the rest. While
//! the server answers and the outbox does not move, the core is told that it is stuck; that it moves again is told as well.

use std::time::Duration;

use kiosk_core::Event;
use madkort_protocol::{ProblemCode, Pushed};
use reqwest::Method;
use tokio::sync::Notify;

use super::client::{Call, CallError, Line};
use super::link::Backoff;

/// A push is a write of up to 64 operations; a slow disk on the server is not an absent server.
const PATIENCE: Duration = Duration::from_secs(15);

/// What a push came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Came {
    /// Nothing is left to push.
    Empty,
    /// The outbox has moved: on with the next.
    Moved,
    /// The outbox begins further back now: on with that.
    Rewound,
    /// The server answers, and the outbox does not move.
    Stuck,
    /// Not now, and why is told already: the link or the disk.
    NotNow,
}

impl Came {
    /// Whether the outbox is stuck after it, if it was or was not before.
    const fn stuck(self, before: bool) -> bool {
        match self {
            Self::Empty | Self::Moved => false,
            Self::Stuck => true,
            // Nothing has got through yet.
            Self::Rewound | Self::NotNow => before,
        }
    }
}

/// Pushes for ever; rung when the outbox has grown.
pub(super) async fn run(line: &Line, outbox: &Notify) {
    let (mut backoff, mut stuck) = (Backoff::default(), false);
    loop {
        let came = push(line).await;
        if came.stuck(stuck) != stuck {
            stuck = !stuck;
            tracing::warn!(stuck, "the outbox");
            line.events.tell(Event::Outbox { stuck });
        }
        match came {
            Came::Moved | Came::Rewound => backoff.reset(),
            Came::Stuck | Came::NotNow => line.rest(&mut backoff).await,
            Came::Empty => {
                backoff.reset();
                outbox.notified().await;
            }
        }
    }
}

async fn push(line: &Line) -> Came {
    // An outbox that cannot be read is the disk's fault, and told as that.
    let Ok(Ok(batch)) = line.store.ask(|desk| desk.heed(|store, _| store.outbox())).await else { return Came::NotNow };
    let push = batch.push;
    let Some(first) = push.operations.first().map(|operation| operation.seq) else { return Came::Empty };
    match line.call::<Pushed>(&Call::new(Method::POST, "/v1/operations", PATIENCE).with(&push)).await {
        Ok(pushed) => {
            let moved = pushed.acked_seq >= first;
            tracing::info!(first, acked = pushed.acked_seq, operations = push.operations.len(), "pushed");
            let settled = line.store.ask(move |desk| desk.settle(&pushed)).await;
            match settled {
                Ok(Ok(())) if moved => Came::Moved,
                Ok(Ok(())) => Came::Stuck,
                _ => Came::NotNow,
            }
        }
        Err(CallError::Problem(problem)) if problem.code == ProblemCode::SequenceGap => match problem.expected_seq {
            Some(expected) if expected < first => {
                tracing::warn!(expected, first, "the server has lost operations; they are sent again");
                let rewound = line.store.ask(move |desk| desk.heed(|store, _| store.rewind(expected))).await;
                if matches!(rewound, Ok(Ok(()))) { Came::Rewound } else { Came::NotNow }
            }
            expected => {
                tracing::error!(?expected, first, "the server expects operations this kiosk never had");
                Came::Stuck
            }
        },
        // What was done at a kiosk is never too often: whoever says so is no server of ours as it should be.
        Err(CallError::Problem(problem) | CallError::TooOften { problem, .. }) => {
            tracing::error!(code = ?problem.code, field = problem.field, "the server does not take the outbox");
            Came::Stuck
        }
        Err(CallError::Unwell(status)) => {
            tracing::error!(status, "the server cannot take the outbox");
            Came::Stuck
        }
        Err(CallError::Unreachable(_) | CallError::NotEnrolled | CallError::WrongVersion | CallError::Store) => {
            Came::NotNow
        }
    }
}
