//! Payments: their pages are opened, followed and given up here; the paying is between a phone and the server.
//!
//! **Invariants:** a deposit is on the disk before anybody sees where it is paid, and stays there until whoever opened it was shown how
//! it ended: neither a power cut nor a card that is lifted loses it. A payment is only ever followed here, never made.

use std::time::Duration;

use kiosk_core::Event;
use madkort_protocol::{Deposit, DepositRequest, DepositState, OperationId, ProblemCode};
use reqwest::Method;

use super::client::{Call, CallError, Line};
use super::link::Backoff;

/// Somebody stands there, and a payment page is opened at a third party.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often an open payment is asked about while somebody stands there.
const FOLLOW_EVERY: Duration = Duration::from_secs(1);
/// How often it is asked about while nobody does: whoever comes back has it asked about at once.
const LEFT_EVERY: Duration = Duration::from_secs(30);

pub(super) async fn open(line: &Line, request: DepositRequest) {
    let asked = Call::new(Method::POST, "/v1/deposits", PATIENCE).with(&request);
    match line.call::<Deposit>(&asked).await {
        Ok(deposit) => {
            let (card, fresh) = (request.card, deposit.clone());
            let kept = line.store.ask(move |desk| desk.heed(|store, _| store.keep_deposit(card, &fresh))).await;
            if !matches!(kept, Ok(Ok(()))) {
                // What the kiosk could forget, nobody shall pay by it.
                return cancel(line, request.id).await;
            }
            line.events.tell(Event::DepositIs(Box::new(deposit.clone())));
            follow(line, deposit.id, Some(deposit)).await;
        }
        Err(CallError::Problem(problem)) => {
            tracing::warn!(code = ?problem.code, "the server refused a deposit");
            line.events.tell(Event::DepositRefused(request.id));
        }
        Err(CallError::TooOften { back, .. }) => line.events.tell(Event::DepositTooOften { id: request.id, back }),
        Err(_) => line.events.tell(Event::DepositUnreachable(request.id)),
    }
}

/// Asks until it has ended, for whoever stands there. Told when it is not as it was known, and when the server went out of sight or
/// came back; told at once if it is not known yet.
pub(super) async fn follow(line: &Line, id: OperationId, known: Option<Deposit>) {
    let mut known = match known {
        Some(deposit) => Some(deposit),
        None => look_and_tell(line, id).await,
    };
    while known.as_ref().is_none_or(|deposit| !has_ended(deposit.state)) {
        tokio::time::sleep(FOLLOW_EVERY).await;
        let now = look(line, id).await;
        if now != known {
            tell(line, id, now.as_ref());
            known = now;
        }
    }
}

/// Asks now and then until it has ended, for whoever comes back; tells nobody.
pub(super) async fn follow_to_its_end(line: &Line, id: OperationId) {
    loop {
        let kept = line.store.ask(move |desk| desk.store.deposit(id)).await;
        if matches!(&kept, Ok(Ok(kept)) if kept.as_ref().is_none_or(|deposit| has_ended(deposit.state))) {
            return;
        }
        look(line, id).await;
        tokio::time::sleep(LEFT_EVERY).await;
    }
}

pub(super) async fn cancel(line: &Line, id: OperationId) {
    let asked = Call::new(Method::DELETE, path(id), PATIENCE);
    let answer = line.call::<Deposit>(&asked).await.ok();
    keep(line, answer.as_ref());
    tell(line, id, answer.as_ref());
}

/// What was open when the kiosk stopped. Waits until the store can say.
pub(super) async fn left(line: &Line) -> Vec<OperationId> {
    let mut backoff = Backoff::default();
    loop {
        if let Ok(Ok(kept)) = line.store.ask(|desk| desk.store.deposits()).await {
            return kept.into_iter().filter(|deposit| !has_ended(deposit.state)).map(|deposit| deposit.id).collect();
        }
        line.rest(&mut backoff).await;
    }
}

/// How it stands, if the server can be asked, and kept so.
async fn look(line: &Line, id: OperationId) -> Option<Deposit> {
    match line.call::<Deposit>(&Call::new(Method::GET, path(id), PATIENCE)).await {
        Ok(deposit) => {
            keep(line, Some(&deposit));
            Some(deposit)
        }
        Err(CallError::Problem(problem)) if problem.code == ProblemCode::NotFound => {
            tracing::warn!(%id, "the server does not know a deposit of this kiosk's");
            line.store.tell(move |desk| desk.deposit_told(id));
            None
        }
        Err(_) => None,
    }
}

async fn look_and_tell(line: &Line, id: OperationId) -> Option<Deposit> {
    let now = look(line, id).await;
    tell(line, id, now.as_ref());
    now
}

fn keep(line: &Line, deposit: Option<&Deposit>) {
    if let Some(deposit) = deposit.cloned() {
        line.store.tell(move |desk| {
            // A failure has been told by the desk; the server is asked again before anybody is told how it ended.
            let _ = desk.heed(|store, _| store.deposit_is(&deposit));
        });
    }
}

fn tell(line: &Line, id: OperationId, now: Option<&Deposit>) {
    line.events.tell(match now {
        Some(deposit) => Event::DepositIs(Box::new(deposit.clone())),
        None => Event::DepositUnreachable(id),
    });
}

fn path(id: OperationId) -> String {
    format!("/v1/deposits/{id}")
}

const fn has_ended(state: DepositState) -> bool {
    !matches!(state, DepositState::Open | DepositState::Unknown)
}
