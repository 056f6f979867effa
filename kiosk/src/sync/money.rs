//! Questions about money that moves out or by itself: withdrawals, transfers, auto top-up.
//!
//! **Invariants:** each is asked for whoever is signed in, and never twice by itself: what got no answer is told as such, and asked
//! again, under the same id, by the hand that waits for it. Where the money goes is in no log.

use std::time::Duration;

use kiosk_core::Event;
use madkort_protocol::{
    AccountId, AutoRechargeDetails, CardId, MandateAnswer, MandatePage, MandatePageRequest, MandatePageState,
    MandateRequest, MandateWish, OperationId, ProblemCode, Transfer, TransferRequest, Withdrawal, WithdrawalRequest,
    Withdrawals,
};
use reqwest::Method;
use serde::de::DeserializeOwned;

use super::client::{Call, CallError, Line};

/// Somebody stands there.
const PATIENCE: Duration = Duration::from_secs(8);
/// How often a page for a payment card is asked about.
const FOLLOW_EVERY: Duration = Duration::from_secs(1);

pub(super) async fn withdraw(line: &Line, request: WithdrawalRequest) {
    let asked = Call::new(Method::POST, "/v1/withdrawals", PATIENCE).with(&request);
    if let Some(withdrawal) = answer::<Withdrawal>(line, request.id, asked).await {
        line.events.tell(Event::WithdrawalIs(Box::new(withdrawal)));
    }
}

pub(super) async fn cancel_withdrawal(line: &Line, id: OperationId) {
    let asked = Call::new(Method::DELETE, format!("/v1/withdrawals/{id}"), PATIENCE);
    if let Some(withdrawal) = answer::<Withdrawal>(line, id, asked).await {
        line.events.tell(Event::WithdrawalIs(Box::new(withdrawal)));
    }
}

pub(super) async fn load_withdrawals(line: &Line, account: AccountId) {
    let asked = Call::new(Method::GET, format!("/v1/accounts/{account}/withdrawals"), PATIENCE);
    line.events.tell(match as_visitor::<Withdrawals>(line, asked).await {
        Ok(all) => Event::WithdrawalsAre(Box::new(all)),
        Err(error) if is_signed_out(&error) => Event::SignedOut,
        Err(_) => Event::WithdrawalsUnreachable(account),
    });
}

pub(super) async fn transfer(line: &Line, request: TransferRequest) {
    let asked = Call::new(Method::POST, "/v1/transfers", PATIENCE).with(&request);
    if let Some(transfer) = answer::<Transfer>(line, request.id, asked).await {
        line.events.tell(Event::TransferIs(Box::new(transfer)));
    }
}

pub(super) async fn load_auto_recharge(line: &Line, account: AccountId) {
    let asked = Call::new(Method::GET, format!("/v1/accounts/{account}/auto-recharge"), PATIENCE);
    line.events.tell(match as_visitor::<AutoRechargeDetails>(line, asked).await {
        Ok(details) => Event::AutoRechargeIs(Box::new(details)),
        Err(error) if is_signed_out(&error) => Event::SignedOut,
        Err(_) => Event::AutoRechargeUnreachable(account),
    });
}

pub(super) async fn change_auto_recharge(line: &Line, account: AccountId, card: CardId, change: MandateWish) {
    let path = format!("/v1/accounts/{account}/auto-recharge");
    let asked = Call::new(Method::POST, path, PATIENCE).with(&MandateRequest { card, change });
    match as_visitor::<MandateAnswer>(line, asked).await {
        Ok(_) => load_auto_recharge(line, account).await,
        Err(error) if is_signed_out(&error) => line.events.tell(Event::SignedOut),
        Err(_) => line.events.tell(Event::AutoRechargeUnreachable(account)),
    }
}

pub(super) async fn open_mandate_page(line: &Line, request: MandatePageRequest) {
    let asked = Call::new(Method::POST, "/v1/mandates", PATIENCE).with(&request);
    let Some(page) = answer::<MandatePage>(line, request.id, asked).await else { return };
    line.events.tell(Event::MandatePageIs(Box::new(page.clone())));
    follow(line, page).await;
}

pub(super) async fn cancel_mandate_page(line: &Line, id: OperationId) {
    let asked = Call::new(Method::DELETE, format!("/v1/mandates/{id}"), PATIENCE);
    if let Some(page) = answer::<MandatePage>(line, id, asked).await {
        line.events.tell(Event::MandatePageIs(Box::new(page)));
    }
}

/// Asks until it has ended. Told when it changed, and when the server went out of sight or came back.
async fn follow(line: &Line, page: MandatePage) {
    let id = page.id;
    let mut known = Some(page);
    while known.as_ref().is_none_or(|page| page.state == MandatePageState::Open) {
        tokio::time::sleep(FOLLOW_EVERY).await;
        let asked = Call::new(Method::GET, format!("/v1/mandates/{id}"), PATIENCE);
        let now = as_visitor::<MandatePage>(line, asked).await;
        if now.as_ref().is_err_and(is_signed_out) {
            line.events.tell(Event::SignedOut);
            return;
        }
        let now = now.ok();
        if now == known {
            continue;
        }
        line.events.tell(match &now {
            Some(page) => Event::MandatePageIs(Box::new(page.clone())),
            None => Event::RequestUnreachable(id),
        });
        known = now;
    }
}

/// The answer to what is asked under an id; what is none is told.
pub(super) async fn answer<T: DeserializeOwned>(line: &Line, id: OperationId, asked: Call) -> Option<T> {
    match as_visitor(line, asked).await {
        Ok(answer) => return Some(answer),
        Err(error) if is_signed_out(&error) => line.events.tell(Event::SignedOut),
        Err(CallError::Problem(problem)) => {
            tracing::info!(code = ?problem.code, field = problem.field, "the server refused a request");
            line.events.tell(Event::RequestRefused { id, field: problem.field });
        }
        Err(CallError::TooOften { back, .. }) => line.events.tell(Event::RequestTooOften { id, back }),
        Err(_) => line.events.tell(Event::RequestUnreachable(id)),
    }
    None
}

pub(super) async fn as_visitor<T: DeserializeOwned>(line: &Line, asked: Call) -> Result<T, CallError> {
    line.call(&asked.as_visitor(line.session.token())).await
}

pub(super) fn is_signed_out(error: &CallError) -> bool {
    matches!(error, CallError::Problem(problem) if problem.code == ProblemCode::SignIn)
}
