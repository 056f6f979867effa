//! `GET` and `POST /pay/{page}`: the sandbox's payment page, on the payer's own telephone.
//!
//! Plain forms, so it works without scripts. Every `POST` answers with a redirect to the page itself: reloading repeats nothing.
//!
//! **Invariant:** a page is found by its 128 random bits alone; no card number but those of the test cards gets past
//! [`cards::find`], and none is ever logged.

use std::convert::Infallible;

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, FromRequestParts, Query, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use jiff::Timestamp;
use madkort_protocol::{DepositState, Language};
use serde::Deserialize;

use super::in_path::InPage;
use crate::pages::{self, About};
use crate::payments::cards;
use crate::state::AppState;
use crate::store::{DepositRow, StoreError};

/// What every page is sent with: nothing is loaded, kept, framed or passed on.
const HEADERS: [(HeaderName, &str); 6] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (header::CACHE_CONTROL, "no-store"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::CONTENT_TYPE, "text/html; charset=utf-8"),
];

#[derive(Debug, Default, Deserialize)]
pub(super) struct Tongue {
    lang: Option<String>,
}

/// What cannot be read is not said.
impl<S: Send + Sync> FromRequestParts<S> for Tongue {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        Ok(Query::from_request_parts(parts, state).await.map(|Query(tongue)| tongue).unwrap_or_default())
    }
}

impl Tongue {
    pub(super) fn or(&self, otherwise: Language) -> Language {
        match self.lang.as_deref() {
            Some("en") => Language::English,
            Some("da") => Language::Danish,
            _ => otherwise,
        }
    }
}

#[derive(Default, Deserialize)]
pub(super) struct Submitted {
    #[serde(default)]
    pub(super) card: String,
    #[serde(default, rename = "do")]
    pub(super) what: String,
}

pub(super) async fn get(State(app): State<AppState>, InPage(page): InPage, tongue: Tongue) -> Response {
    let now = app.now();
    match find(&app, page, now).await {
        Ok(Some(deposit)) => answer(&app, &deposit, &tongue, false).await,
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
    let deposit = match find(&app, page, now).await {
        Ok(Some(deposit)) => deposit,
        Ok(None) => return nothing(tongue.or(Language::Danish), StatusCode::NOT_FOUND),
        Err(error) => return fault(&error, tongue.or(Language::Danish)),
    };
    let language = tongue.or(deposit.language);
    let back = format!("/pay/{}?lang={}", deposit.page, language.tag());
    // An unreadable form is a form without a card number.
    let submitted = form.map_or_else(|_| Submitted::default(), |Form(form)| form);
    if deposit.state != DepositState::Open {
        return Redirect::to(&back).into_response();
    }
    let done = if submitted.what == "cancel" {
        app.payments.cancel_deposit(deposit, now).await
    } else if let Some(card) = cards::find(&submitted.card) {
        pay(&app, deposit, card, now).await
    } else {
        return answer(&app, &deposit, &tongue, true).await;
    };
    match done {
        Ok(_) => Redirect::to(&back).into_response(),
        Err(error) => fault(&error, language),
    }
}

async fn pay(
    app: &AppState,
    deposit: DepositRow,
    card: &'static cards::TestCard,
    now: Timestamp,
) -> Result<DepositRow, StoreError> {
    if let Some(sandbox) = app.payments.sandbox() {
        // Whether it got there is learned by asking, as with any gateway.
        let _ = sandbox.pay(deposit.id, card).await;
    }
    app.payments.page_was_used(deposit, now).await
}

async fn find(app: &AppState, page: String, now: Timestamp) -> Result<Option<DepositRow>, StoreError> {
    if app.payments.sandbox().is_none() {
        return Ok(None);
    }
    app.payments.deposit_of_page(page, now).await
}

async fn answer(app: &AppState, deposit: &DepositRow, tongue: &Tongue, wrong_card: bool) -> Response {
    let language = tongue.or(deposit.language);
    let (school, account) =
        tokio::join!(app.store.school(deposit.school), app.store.account(deposit.school, deposit.account));
    let (school, account) = match (school, account) {
        (Ok(Some(school)), Ok(Some(account))) => (school, account),
        (Err(error), _) | (_, Err(error)) => return fault(&error, language),
        _ => return nothing(language, StatusCode::NOT_FOUND),
    };
    let about = About { deposit, school: &school, account: &account, sandbox: true, language };
    let status = if wrong_card { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    html(pages::payment(&about, wrong_card), status)
}

pub(super) fn nothing(language: Language, status: StatusCode) -> Response {
    html(pages::nothing_here(language, status.is_server_error()), status)
}

pub(super) fn fault(error: &StoreError, language: Language) -> Response {
    tracing::error!(%error, "a payment page cannot be shown");
    nothing(language, StatusCode::SERVICE_UNAVAILABLE)
}

pub(super) fn html(page: Result<String, askama::Error>, status: StatusCode) -> Response {
    match page {
        Ok(page) => (status, HEADERS, Html(page)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page cannot be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
