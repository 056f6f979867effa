//! `POST /v1/accounts/{account}/quotes`: what an order would take from an account, and what its caps leave, told while the card lies on
//! the reader.
//!
//! **Invariant:** whatever class the account is in, the same is looked up and the answer has the same shape.

use axum::Json;
use axum::extract::State;
use madkort_ledger::order::MOST_LINES;
use madkort_protocol::{AccountId, CardStatus, DeviceKind, LineRequest, ProblemCode, Quote, QuoteLine, QuoteRequest};

use super::in_path::InPath;
use crate::failure::Failure;
use crate::limits::{Kind, Who};
use crate::rights::{Asker, Proof, What, Whose, may};
use crate::signed::SignedDevice;
use crate::state::AppState;

pub(super) async fn post(
    State(state): State<AppState>,
    InPath(account): InPath<String>,
    signed: SignedDevice,
) -> Result<Json<Quote>, Failure> {
    signed.must_be(DeviceKind::Kiosk)?;
    let account = AccountId::parse(&account).map_err(|_| ProblemCode::NotFound)?;
    let request: QuoteRequest = signed.json()?;
    check(&request.lines)?;
    state.not_too_often(Kind::Quotes, Who::Device(signed.device.id))?;
    let school = signed.school();
    let card = state.store.card(school, request.card).await?;
    let card = card.filter(|card| card.status == CardStatus::Active).ok_or(ProblemCode::NotFound)?;
    let holder = state.store.person(school, card.person).await?.ok_or(ProblemCode::NotFound)?;
    let owner = state.store.account(school, account).await?.ok_or(ProblemCode::NotFound)?.owner;
    let whose = match (holder.accounts.contains(&account), owner == holder.id) {
        (false, _) => Whose::Foreign,
        (true, true) => Whose::Own,
        (true, false) => Whose::Entrusted,
    };
    let asker = Asker { kind: holder.kind, at: signed.device.kind, proof: Proof::Card };
    // An account that is not theirs to use does not exist for them.
    if !may(asker, What::SeePrice, whose) {
        return Err(ProblemCode::NotFound.into());
    }
    let quote = state.store.quote(school, account, request.lines, state.now()).await?;
    quote.map(Json).ok_or_else(|| Failure::field("lines"))
}

/// As many lines, and as many pieces of each, as an order takes.
fn check(lines: &[QuoteLine]) -> Result<(), Failure> {
    let pieces = 1..=LineRequest::MOST;
    let fits = (1..=MOST_LINES).contains(&lines.len()) && lines.iter().all(|line| pieces.contains(&line.quantity));
    if fits { Ok(()) } else { Err(Failure::field("lines")) }
}
