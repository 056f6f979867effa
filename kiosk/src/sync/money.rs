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
use super::follow::{Follow, SignedOut, follow};

/// Somebody stands there.
const PATIENCE: Duration = Duration::from_secs(8);

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
    follow(&AtMandatePage { line, id: page.id }, Some(page)).await;
}

pub(super) async fn cancel_mandate_page(line: &Line, id: OperationId) {
    let asked = Call::new(Method::DELETE, format!("/v1/mandates/{id}"), PATIENCE);
    if let Some(page) = answer::<MandatePage>(line, id, asked).await {
        line.events.tell(Event::MandatePageIs(Box::new(page)));
    }
}

/// Whoever gives a payment card on a telephone.
struct AtMandatePage<'a> {
    line: &'a Line,
    id: OperationId,
}

impl Follow for AtMandatePage<'_> {
    type Page = MandatePage;

    async fn look(&self) -> Result<Option<MandatePage>, SignedOut> {
        look_as_visitor(self.line, format!("/v1/mandates/{}", self.id), PATIENCE).await
    }

    fn has_ended(page: &MandatePage) -> bool {
        page.state != MandatePageState::Open
    }

    fn tell(&self, now: Result<Option<&MandatePage>, SignedOut>) {
        self.line.events.tell(match now {
            Ok(Some(page)) => Event::MandatePageIs(Box::new(page.clone())),
            Ok(None) => Event::RequestUnreachable(self.id),
            Err(SignedOut) => Event::SignedOut,
        });
    }
}

/// How a page stands that is followed for whoever is signed in.
pub(super) async fn look_as_visitor<T: DeserializeOwned>(
    line: &Line,
    path: String,
    patience: Duration,
) -> Result<Option<T>, SignedOut> {
    match as_visitor(line, Call::new(Method::GET, path, patience)).await {
        Ok(page) => Ok(Some(page)),
        Err(error) if is_signed_out(&error) => Err(SignedOut),
        Err(_) => Ok(None),
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
