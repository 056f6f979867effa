//! `GET` and `POST /mandate/{page}`: the sandbox's page where a payment card is given to auto top-up, on the payer's own telephone.
//!
//! A kiosk leads to it, or a letter that says that the card is turned down. Looking at it uses nothing up.
//!
//! Plain forms, so it works without scripts. **Invariant:** as of the payment page: found by its 128 random bits alone, or by the
//! token in a letter, and no number but a test card's is ever kept.

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use jiff::Timestamp;
use madkort_protocol::{Language, MandatePageState};

use super::in_path::InPage;
use super::pay::{Submitted, Tongue, fault, html, nothing};
use crate::pages::mandate::{self, Trouble};
use crate::payments::cards;
use crate::state::AppState;
use crate::store::{MandatePageRow, StoreError};

pub(super) async fn get(State(app): State<AppState>, InPage(page): InPage, tongue: Tongue) -> Response {
    match find(&app, page, app.now()).await {
        Ok(Some(row)) => answer(&app, &row, &tongue, None).await,
        Ok(None) => nothing(tongue.or(Language::Danish), StatusCode::NOT_FOUND),
        Err(error) => fault(&error, tongue.or(Language::Danish)),
    }
}

pub(super) async fn post(
    State(app): State<AppState>,
    InPage(page): InPage,
    tongue: Tongue,
    form: Result<Form<Submitted>, FormRejection>,
) -> Response {
    let now = app.now();
    let row = match find(&app, page.clone(), now).await {
        Ok(Some(row)) => row,
        Ok(None) => return nothing(tongue.or(Language::Danish), StatusCode::NOT_FOUND),
        Err(error) => return fault(&error, tongue.or(Language::Danish)),
    };
    let language = tongue.or(row.language);
    let back = format!("/mandate/{page}?lang={}", language.tag());
    // An unreadable form is a form without a card number.
    let submitted = form.map_or_else(|_| Submitted::default(), |Form(form)| form);
    if row.state != MandatePageState::Open {
        return Redirect::to(&back).into_response();
    }
    if submitted.what == "cancel" {
        return match app.payments.cancel_mandate_page(row, now).await {
            Ok(_) => Redirect::to(&back).into_response(),
            Err(error) => fault(&error, language),
        };
    }
    let Some(card) = cards::find(&submitted.card) else {
        return answer(&app, &row, &tongue, Some(Trouble::NotATestCard)).await;
    };
    let Some(sandbox) = app.payments.sandbox() else { return nothing(language, StatusCode::NOT_FOUND) };
    if sandbox.give_card(row.id, card).await == Ok(false) {
        return answer(&app, &row, &tongue, Some(Trouble::Declined)).await;
    }
    // Whether it got there is learned by asking, as with any gateway.
    match app.payments.refresh_mandate_page(row, now).await {
        Ok(_) => Redirect::to(&back).into_response(),
        Err(error) => fault(&error, language),
    }
}

async fn find(app: &AppState, page: String, now: Timestamp) -> Result<Option<MandatePageRow>, StoreError> {
    if app.payments.sandbox().is_none() {
        return Ok(None);
    }
    app.payments.mandate_page_of(page, now).await
}

async fn answer(app: &AppState, row: &MandatePageRow, tongue: &Tongue, trouble: Option<Trouble>) -> Response {
    let language = tongue.or(row.language);
    let (school, account) = tokio::join!(app.store.school(row.school), app.store.account(row.school, row.account));
    let (school, account) = match (school, account) {
        (Ok(Some(school)), Ok(Some(account))) => (school, account),
        (Err(error), _) | (_, Err(error)) => return fault(&error, language),
        _ => return nothing(language, StatusCode::NOT_FOUND),
    };
    let status = if trouble.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let about = mandate::About { row, school: &school, account: &account, sandbox: true, language };
    html(mandate::page(&about, trouble), status)
}
