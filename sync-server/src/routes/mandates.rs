//! `POST /v1/mandates`, `GET` and `DELETE /v1/mandates/{id}`: whoever is signed in opens a page where a payment card is given to auto
//! top-up, or another one, looks how it stands, takes it back.
//! `GET /v1/accounts/{account}/auto-recharge`: auto top-up in full.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use jiff::Timestamp;
use madkort_ledger::deposit::check_amount;
use madkort_protocol::{
    AccountId, Agreement, AutoRechargeDetails, DeviceKind, MandatePage, MandatePageRequest, ProblemCode, School,
    check_email,
};

use super::deposits::{amount, new_page};
use super::in_path::InPath;
use super::{check_id, id_in_path, id_reused};
use crate::failure::Failure;
use crate::limits::{Kind, Who};
use crate::payments::{MandateOpening, PAGE_OPEN};
use crate::requests::about;
use crate::rights::What;
use crate::sessions::Visitor;
use crate::signed::SignedDevice;
use crate::state::AppState;
use crate::store::{MandatePageOpening, MandatePageRow, NewMandatePage};

pub(super) async fn details(
    State(state): State<AppState>,
    InPath(account): InPath<String>,
    headers: HeaderMap,
    signed: SignedDevice,
) -> Result<Json<AutoRechargeDetails>, Failure> {
    signed.must_be(DeviceKind::Kiosk)?;
    let account = AccountId::parse(&account).map_err(|_| ProblemCode::NotFound)?;
    Visitor::here(&state, &signed, &headers).await?.must(What::ManageAutoRecharge, account)?;
    let details = state.store.auto_recharge(signed.school(), account).await?;
    details.map(Json).ok_or_else(|| ProblemCode::NotFound.into())
}

pub(super) async fn post(
    State(state): State<AppState>,
    headers: HeaderMap,
    signed: SignedDevice,
) -> Result<Json<MandatePage>, Failure> {
    signed.must_be(DeviceKind::Kiosk)?;
    let request: MandatePageRequest = signed.json()?;
    check_id(request.id)?;
    about("operation", request.id);
    let visitor = Visitor::of(&state, &signed, &headers, request.card).await?;
    visitor.must(What::ManageAutoRecharge, request.account)?;
    if !state.payments.are_set_up() {
        return Err(ProblemCode::NoGateway.into());
    }
    let school = state.store.school(signed.school()).await?.ok_or(ProblemCode::NotFound)?;
    let agreement = check(request.agreement, &school)?;
    state.not_too_often_under(request.id, Kind::MandatePages, Who::Card(visitor.card))?;
    let now = state.now();
    let new = NewMandatePage {
        id: request.id,
        device: signed.device.id,
        card: request.card,
        account: request.account,
        agreement,
        language: request.language,
        gateway: state.payments.gateway_name().to_owned(),
        page: new_page()?,
        expires_at: now.checked_add(PAGE_OPEN).unwrap_or(Timestamp::MAX),
    };
    match state.payments.open_mandate_page(new, now).await? {
        MandateOpening::Open(row) => Ok(Json(wire(&state, &row))),
        MandateOpening::NoPage => Err(ProblemCode::Unavailable.into()),
        MandateOpening::Not(MandatePageOpening::Refused(refusal)) => Err(refusal.into()),
        MandateOpening::Not(MandatePageOpening::NotNow) => Err(Failure::said(
            "agreement",
            "Auto-optank er ændret i mellemtiden. Se siden igen.",
            "Auto top-up has changed meanwhile. Look at the page again.",
        )),
        MandateOpening::Not(_) => Err(id_reused(signed.device.id, request.id)),
    }
}

pub(super) async fn get(
    State(state): State<AppState>,
    InPath(id): InPath<String>,
    headers: HeaderMap,
    signed: SignedDevice,
) -> Result<Json<MandatePage>, Failure> {
    let row = find(&state, &id, &headers, &signed).await?;
    Ok(Json(wire(&state, &row)))
}

pub(super) async fn delete(
    State(state): State<AppState>,
    InPath(id): InPath<String>,
    headers: HeaderMap,
    signed: SignedDevice,
) -> Result<Json<MandatePage>, Failure> {
    let row = find(&state, &id, &headers, &signed).await?;
    let row = state.payments.cancel_mandate_page(row, state.now()).await?;
    Ok(Json(wire(&state, &row)))
}

/// A page for an account of whoever is signed in; for anybody else's it is not there.
async fn find(
    state: &AppState,
    id: &str,
    headers: &HeaderMap,
    signed: &SignedDevice,
) -> Result<MandatePageRow, Failure> {
    signed.must_be(DeviceKind::Kiosk)?;
    let id = id_in_path(id)?;
    about("operation", id);
    let visitor = Visitor::here(state, signed, headers).await?;
    let row = state.payments.mandate_page(id, state.now()).await?;
    // One that a letter leads to is nobody's at a kiosk.
    let row = row.filter(|row| row.school == signed.school() && row.page().is_some()).ok_or(ProblemCode::NotFound)?;
    visitor.must(What::ManageAutoRecharge, row.account)?;
    Ok(row)
}

/// Says what is wrong with what is to be agreed.
fn check(agreement: Agreement, school: &School) -> Result<Agreement, Failure> {
    let Agreement::Begin { amount: each, email, terms_version } = agreement else { return Ok(agreement) };
    check_amount(each, school.deposit).map_err(|_| amount(school.deposit))?;
    let email = check_email(&email).map_err(|_| {
        Failure::said(
            "email",
            "Skriv en e-mailadresse, som kvitteringerne kan sendes til.",
            "Enter an e-mail address for the receipts.",
        )
    })?;
    if terms_version != school.terms.version {
        return Err(Failure::said(
            "terms_version",
            "Betingelserne er ændret. Læs og accepter dem igen.",
            "The terms have changed. Read and accept them again.",
        ));
    }
    Ok(Agreement::Begin { amount: each, email, terms_version })
}

fn wire(state: &AppState, row: &MandatePageRow) -> MandatePage {
    MandatePage {
        id: row.id,
        account: row.account,
        amount: row.amount,
        state: row.state,
        url: row.page().map(|page| state.payments.mandate_url(page)).unwrap_or_default(),
        expires_at: row.expires_at,
    }
}
