//! Payments: their pages are opened, followed and given up here; the paying is between a phone and the server.
//!
//! **Invariants:** a deposit is on the disk before anybody sees where it is paid, and stays there until whoever opened it was shown how
//! it ended: neither a power cut nor a card that is lifted loses it. A payment is only ever followed here, never made.

use std::time::Duration;

use kiosk_core::Event;
use madkort_protocol::{Deposit, DepositRequest, DepositState, OperationId, ProblemCode};
use reqwest::Method;

use super::client::{Call, CallError, Line};
use super::follow::{Follow, SignedOut, follow};
use super::link::Backoff;

/// Somebody stands there, and a payment page is opened at a third party.
const PATIENCE: Duration = Duration::from_secs(10);
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
            follow(&AtPayment { line, id: deposit.id }, Some(deposit)).await;
        }
        Err(CallError::Problem(problem)) => {
            tracing::warn!(code = ?problem.code, "the server refused a deposit");
            line.events.tell(Event::DepositRefused(request.id));
        }
        Err(CallError::TooOften { back, .. }) => line.events.tell(Event::DepositTooOften { id: request.id, back }),
        Err(_) => line.events.tell(Event::DepositUnreachable(request.id)),
    }
}

/// For whoever stands there before one of an earlier visit: told at once how it stands, and from then on as the others.
pub(super) async fn take_up(line: &Line, id: OperationId) {
    let now = look(line, id).await;
    tell(line, id, now.as_ref());
    follow(&AtPayment { line, id }, now).await;
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

/// Whoever pays on a telephone. A payment is anybody's who opened it: no code is asked for.
struct AtPayment<'a> {
    line: &'a Line,
    id: OperationId,
}

impl Follow for AtPayment<'_> {
    type Page = Deposit;

    async fn look(&self) -> Result<Option<Deposit>, SignedOut> {
        Ok(look(self.line, self.id).await)
    }

    fn has_ended(deposit: &Deposit) -> bool {
        has_ended(deposit.state)
    }

    fn tell(&self, now: Result<Option<&Deposit>, SignedOut>) {
        if let Ok(now) = now {
            tell(self.line, self.id, now);
        }
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
