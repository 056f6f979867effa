//! Questions about food: what an order takes, and what somebody cannot eat.
//!
//! **Invariant:** what somebody cannot eat is in no log, and neither is what they pay.

use std::time::Duration;

use kiosk_core::{Event, FormProblem};
use madkort_protocol::{
    AccountId, AllergiesChange, CardId, KnownAllergies, PersonId, ProblemCode, Quote, QuoteRequest,
};
use reqwest::Method;

use super::client::{Call, CallError, Line};

/// Somebody stands at the check-out; after it the full price counts.
const QUOTE_PATIENCE: Duration = Duration::from_secs(3);
/// Somebody stands there.
const PATIENCE: Duration = Duration::from_secs(6);

pub(super) async fn ask_quote(line: &Line, account: AccountId, request: QuoteRequest) {
    let asked = Call::new(Method::POST, format!("/v1/accounts/{account}/quotes"), QUOTE_PATIENCE).with(&request);
    line.events.tell(match line.call::<Quote>(&asked).await {
        Ok(quote) => Event::QuoteIs(Box::new(quote)),
        // Asked too often as well: the full price counts, and nobody waits at the check-out.
        Err(_) => Event::QuoteUnreachable { account, lines: request.lines },
    });
}

pub(super) async fn load_allergies(line: &Line, card: CardId) {
    let asked = Call::new(Method::GET, format!("/v1/cards/{card}/allergies"), PATIENCE);
    line.events.tell(match line.call::<KnownAllergies>(&asked).await {
        Ok(known) => Event::AllergiesAre(Box::new(known)),
        Err(_) => Event::AllergiesUnreachable(card),
    });
}

pub(super) async fn save_allergies(line: &Line, person: PersonId, change: AllergiesChange) {
    let asked = Call::new(Method::PUT, format!("/v1/people/{person}/allergies"), PATIENCE).with(&change);
    let problem = match line.call::<()>(&asked.as_visitor(line.session.token())).await {
        Ok(()) => None,
        Err(CallError::Problem(problem)) if problem.code == ProblemCode::SignIn => {
            line.events.tell(Event::SignedOut);
            return;
        }
        Err(CallError::Problem(problem)) => {
            tracing::info!(code = ?problem.code, "the server did not take a profile");
            Some(FormProblem::Refused)
        }
        Err(CallError::TooOften { back, .. }) => Some(FormProblem::TooOften(back)),
        Err(_) => Some(FormProblem::NeedsConnection),
    };
    line.events.tell(Event::AllergiesSaved { person, problem });
}
