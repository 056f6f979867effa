//! `POST /v1/withdrawals`, `GET` and `DELETE /v1/withdrawals/{id}`, `GET /v1/accounts/{account}/withdrawals`: whoever is signed in
//! has money paid out, looks how far it is, and calls it off until the bank is told.
//!
//! **Invariant:** no bank account comes back out, and none reaches a log.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use madkort_ledger::withdrawal::Stage;
use madkort_protocol::{
    AccountId, DeviceKind, InvalidBankAccount, InvalidPayee, InvalidText, OperationId, Payee, ProblemCode, Refusal,
    Rule, Withdrawal, WithdrawalRequest, WithdrawalStage, WithdrawalStep, Withdrawals,
};

use super::in_path::InPath;
use super::{check_id, id_in_path, id_reused};
use crate::failure::Failure;
use crate::limits::{Kind, Who};
use crate::payments::{case_number, new_id};
use crate::requests::about;
use crate::rights::What;
use crate::sessions::Visitor;
use crate::signed::SignedDevice;
use crate::state::AppState;
use crate::store::{Movement, Moving, NewWithdrawal, WithdrawalRow, Withdrawing};

pub(super) async fn post(
    State(state): State<AppState>,
    headers: HeaderMap,
    signed: SignedDevice,
) -> Result<Json<Withdrawal>, Failure> {
    signed.must_be(DeviceKind::Kiosk)?;
    let request: WithdrawalRequest = signed.json()?;
    check_id(request.id)?;
    about("operation", request.id);
    Visitor::of(&state, &signed, &headers, request.card).await?.must(What::Withdraw, request.account)?;
    let payee = check(&request)?;
    state.not_too_often_under(request.id, Kind::Withdrawals, Who::Card(request.card))?;
    let new = NewWithdrawal {
        id: request.id,
        device: signed.device.id,
        card: request.card,
        account: request.account,
        amount: request.amount,
        payee,
        language: request.language,
    };
    match state.store.request_withdrawal(signed.school(), new, state.now()).await? {
        Withdrawing::Held(row) => Ok(Json(wire(&row))),
        Withdrawing::Refused(refusal) => Err(refused(&refusal)),
        Withdrawing::IdReused => Err(id_reused(signed.device.id, request.id)),
    }
}

pub(super) async fn get(
    State(state): State<AppState>,
    InPath(id): InPath<String>,
    headers: HeaderMap,
    signed: SignedDevice,
) -> Result<Json<Withdrawal>, Failure> {
    let (_, row) = find(&state, &id, &headers, &signed).await?;
    Ok(Json(wire(&row)))
}

/// Called off, unless the bank was told already: the answer says which.
pub(super) async fn delete(
    State(state): State<AppState>,
    InPath(id): InPath<String>,
    headers: HeaderMap,
    signed: SignedDevice,
) -> Result<Json<Withdrawal>, Failure> {
    let (visitor, row) = find(&state, &id, &headers, &signed).await?;
    if row.stage != Stage::Requested {
        return Ok(Json(wire(&row)));
    }
    let now = state.now();
    let key = new_id(now).ok_or(ProblemCode::Internal)?;
    let cancel = Movement::CancelWithdrawal { card: visitor.card, withdrawal: row.id };
    match state.store.carry_out(signed.school(), key, cancel, now).await? {
        // Somebody was faster, here or at the bank.
        Moving::Settled(madkort_protocol::Outcome::Refused(refusal)) if refusal.rule != Rule::Withdrawal => {
            Err(refusal.into())
        }
        Moving::Settled(_) => {
            let row = state.store.withdrawal(signed.school(), row.id).await?.ok_or(ProblemCode::NotFound)?;
            Ok(Json(wire(&row)))
        }
        Moving::IdReused => Err(ProblemCode::Internal.into()),
    }
}

pub(super) async fn of_account(
    State(state): State<AppState>,
    InPath(account): InPath<String>,
    headers: HeaderMap,
    signed: SignedDevice,
) -> Result<Json<Withdrawals>, Failure> {
    signed.must_be(DeviceKind::Kiosk)?;
    let account = AccountId::parse(&account).map_err(|_| ProblemCode::NotFound)?;
    Visitor::here(&state, &signed, &headers).await?.must(What::Withdraw, account)?;
    let rows = state.store.withdrawals_of(signed.school(), account, Withdrawals::MOST).await?;
    Ok(Json(Withdrawals { account, withdrawals: rows.iter().map(wire).collect() }))
}

/// A withdrawal from an account of whoever is signed in; of anybody else's it is not there.
async fn find(
    state: &AppState,
    id: &str,
    headers: &HeaderMap,
    signed: &SignedDevice,
) -> Result<(Visitor, WithdrawalRow), Failure> {
    signed.must_be(DeviceKind::Kiosk)?;
    let id: OperationId = id_in_path(id)?;
    about("operation", id);
    let visitor = Visitor::here(state, signed, headers).await?;
    let row = state.store.withdrawal(signed.school(), id).await?.ok_or(ProblemCode::NotFound)?;
    visitor.must(What::Withdraw, row.account)?;
    Ok((visitor, row))
}

fn check(request: &WithdrawalRequest) -> Result<Payee, Failure> {
    request.payee().map_err(|wrong| match wrong {
        InvalidPayee::Name(_) => Failure::said(
            "name",
            "Skriv navnet på den, der ejer bankkontoen.",
            "Enter the name of whoever owns the bank account.",
        ),
        InvalidPayee::Account(InvalidBankAccount::Registration) => {
            Failure::said("registration", "Registreringsnummeret har 4 cifre.", "The registration number has 4 digits.")
        }
        InvalidPayee::Account(InvalidBankAccount::Number) => Failure::said(
            "account_number",
            "Kontonummeret har højst 10 cifre.",
            "The account number has at most 10 digits.",
        ),
        InvalidPayee::Message(InvalidText::TooLong { .. }) => Failure::said(
            "message",
            "Teksten er for lang til banken: højst 140 tegn.",
            "The text is too long for the bank: at most 140 characters.",
        ),
        InvalidPayee::Message(_) => {
            Failure::said("message", "Teksten kan ikke sendes til banken.", "The text cannot be sent to the bank.")
        }
    })
}

/// What a person is told who cannot have their money moved out.
pub(super) fn refused(refusal: &Refusal) -> Failure {
    match refusal.rule {
        Rule::Balance => {
            Failure::said("amount", "Saldoen dækker ikke beløbet.", "The balance does not cover the amount.")
        }
        Rule::Amount => {
            Failure::said("amount", "Beløbet skal være mindst 0,01 kr.", "The amount must be at least DKK 0.01.")
        }
        Rule::Card => Failure::said("card", "Kortet er spærret eller erstattet.", "The card is blocked or replaced."),
        _ => Failure::said("account", "Kortet kan ikke bruge den konto.", "The card cannot use that account."),
    }
}

fn wire(row: &WithdrawalRow) -> Withdrawal {
    let back = if row.stage == Stage::Cancelled { WithdrawalStage::Cancelled } else { WithdrawalStage::Returned };
    let steps = [
        (WithdrawalStage::Requested, Some(row.requested_at)),
        (WithdrawalStage::Sent, row.sent_at),
        (WithdrawalStage::Paid, row.settled_at),
        (back, row.back_at),
    ];
    Withdrawal {
        id: row.id,
        number: case_number(row.id),
        account: row.account,
        amount: row.amount,
        to: row.to.clone(),
        steps: steps.into_iter().filter_map(|(stage, at)| Some(WithdrawalStep { stage, at: at? })).collect(),
        can_cancel: row.stage == Stage::Requested,
        balance: row.balance,
    }
}
