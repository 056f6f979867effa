//! `POST /v1/deposits`, `GET` and `DELETE /v1/deposits/{id}`: a kiosk opens a payment page, looks how it stands, takes it back.
//!
//! **Invariant:** what is wrong with a deposit is said before a page is opened; afterwards the gateway decides.

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use madkort_ledger::deposit::check_amount;
use madkort_protocol::{
    Deposit, DepositLimits, DepositRequest, DeviceKind, Language, OperationId, Problem, ProblemCode, Refusal, Rule,
    School, check_email,
};

use super::in_path::InPath;
use super::{check_id, id_reused};
use crate::failure::Failure;
use crate::limits::{Kind, Who};
use crate::payments::{Opening, PAGE_OPEN};
use crate::requests::about;
use crate::signed::SignedDevice;
use crate::state::AppState;
use crate::store::{DepositOpening, DepositRow, NewDeposit};

pub(super) async fn post(State(state): State<AppState>, signed: SignedDevice) -> Result<Json<Deposit>, Failure> {
    signed.must_be(DeviceKind::Kiosk)?;
    let request: DepositRequest = signed.json()?;
    check_id(request.id)?;
    about("operation", request.id);
    if !state.payments.are_set_up() {
        return Err(ProblemCode::NoGateway.into());
    }
    let school = state.store.school(signed.school()).await?.ok_or(ProblemCode::NotFound)?;
    let email = check(&request, &school)?;
    state.not_too_often_under(request.id, Kind::Deposits, Who::Card(request.card))?;
    let now = state.now();
    let deposit = NewDeposit {
        id: request.id,
        device: signed.device.id,
        card: request.card,
        account: request.account,
        amount: request.amount,
        email,
        terms_version: request.terms_version,
        language: request.language,
        gateway: state.payments.gateway_name().to_owned(),
        page: new_page()?,
        expires_at: now.checked_add(PAGE_OPEN).unwrap_or(Timestamp::MAX),
    };
    match state.payments.open_deposit(deposit, now).await? {
        Opening::Open(row) => Ok(Json(wire(&state, *row))),
        Opening::NoPage => Err(ProblemCode::Unavailable.into()),
        Opening::Not(DepositOpening::Refused(refusal)) => Err(refused(&refusal)),
        Opening::Not(_) => Err(id_reused(signed.device.id, request.id)),
    }
}

pub(super) async fn get(
    State(state): State<AppState>,
    InPath(id): InPath<String>,
    signed: SignedDevice,
) -> Result<Json<Deposit>, Failure> {
    let row = find(&state, &id, &signed).await?;
    let row = state.payments.refresh_deposit(row, state.now()).await?;
    Ok(Json(wire(&state, row)))
}

pub(super) async fn delete(
    State(state): State<AppState>,
    InPath(id): InPath<String>,
    signed: SignedDevice,
) -> Result<Json<Deposit>, Failure> {
    let row = find(&state, &id, &signed).await?;
    let row = state.payments.cancel_deposit(row, state.now()).await?;
    Ok(Json(wire(&state, row)))
}

/// A deposit of the device's own school; of another it is not there.
async fn find(state: &AppState, id: &str, signed: &SignedDevice) -> Result<DepositRow, Failure> {
    signed.must_be(DeviceKind::Kiosk)?;
    let id = OperationId::parse(id).map_err(|_| ProblemCode::NotFound)?;
    about("operation", id);
    let row = state.store.deposit(id).await?.filter(|row| row.school == signed.school());
    row.ok_or_else(|| ProblemCode::NotFound.into())
}

/// Says what is wrong, or the e-mail address as it will be used.
fn check(request: &DepositRequest, school: &School) -> Result<String, Failure> {
    check_amount(request.amount, school.deposit).map_err(|_| amount(school.deposit))?;
    let email = check_email(&request.email).map_err(|_| {
        Failure::said(
            "email",
            "Skriv en e-mailadresse, som kvitteringen kan sendes til.",
            "Enter an e-mail address for the receipt.",
        )
    })?;
    if request.terms_version != school.terms.version {
        return Err(Failure::said(
            "terms_version",
            "Betingelserne er ændret. Læs og accepter dem igen.",
            "The terms have changed. Read and accept them again.",
        ));
    }
    Ok(email)
}

/// The standing words name no figures; a person needs them.
pub(super) fn amount(limits: DepositLimits) -> Failure {
    let words = |language| (limits.lowest.in_words(language), limits.highest.in_words(language));
    let (low, high) = words(Language::Danish);
    let detail_da = format!("Beløbet skal være i hele kroner, mindst {low} og højst {high}");
    let (low, high) = words(Language::English);
    let detail = format!("The amount must be in whole kroner, at least {low} and at most {high}.");
    Problem { detail_da, detail, ..Problem::new(ProblemCode::InvalidAmount) }.in_field("amount").into()
}

fn refused(refusal: &Refusal) -> Failure {
    match refusal.rule {
        Rule::Card => Failure::said(
            "card",
            "Kortet er spærret eller erstattet af et andet. Spørg i kantinen.",
            "The card is blocked or has been replaced. Ask in the canteen.",
        ),
        _ => Failure::said("account", "Kortet kan ikke bruge den konto.", "The card cannot use that account."),
    }
}

/// 128 random bits: knowing the address of a page is the permission to see it.
pub(super) fn new_page() -> Result<String, Failure> {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits).map_err(|_| ProblemCode::Internal)?;
    Ok(hex::encode(bits))
}

fn wire(state: &AppState, row: DepositRow) -> Deposit {
    Deposit {
        id: row.id,
        account: row.account,
        amount: row.amount,
        state: row.state,
        url: state.payments.page_url(&row.page),
        expires_at: row.expires_at,
        receipt: row.receipt,
        paid_at: row.paid_at,
        balance: row.balance,
    }
}
