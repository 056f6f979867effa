//! `PUT /v1/people/{person}/password`: *Skift adgangskode*, at the kiosk.
//! `POST /v1/password-resets`: *Glemt adgangskode*, at the kiosk.
//! `GET` and `POST /reset/{token}`: the page that the letter leads to, on a telephone or at home.
//!
//! **Invariant:** an address that nobody has is answered like one that somebody has; looking at the page uses nothing up.

use axum::Json;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use madkort_protocol::{
    CardStatus, DeviceKind, LONGEST_PASSWORD, Language, PasswordAnswer, PasswordChange, PasswordResetRequest, PersonId,
    ProblemCode, WeakPassword, check_email, check_password,
};
use serde::Deserialize;

use super::in_path::{InPage, InPath};
use super::pay::{Tongue, html};
use crate::failure::Failure;
use crate::limits::Kind;
use crate::pages::reset::{self, Wrong};
use crate::passwords::{Given, given, hash, link_hash};
use crate::random;
use crate::sessions::{self, Visitor};
use crate::signed::SignedDevice;
use crate::state::AppState;
use crate::store::AskedReset;

pub(super) async fn put(
    State(state): State<AppState>,
    InPath(person): InPath<String>,
    headers: HeaderMap,
    signed: SignedDevice,
) -> Result<Json<PasswordAnswer>, Failure> {
    signed.must_be(DeviceKind::Kiosk)?;
    let person = PersonId::parse(&person).map_err(|_| ProblemCode::NotFound)?;
    let change: PasswordChange = signed.json()?;
    check_password(&change.password).map_err(|_| Failure::field("password"))?;
    let visitor = Visitor::of(&state, &signed, &headers, change.card).await?;
    visitor.must_for_themselves(person)?;
    if change.current.is_empty() || change.current.len() > LONGEST_PASSWORD {
        return Err(Failure::field("current"));
    }
    match given(&state, signed.school(), (change.card, CardStatus::Active), change.current).await? {
        Given::Right => {}
        Given::Wrong { tries_left } => return Ok(Json(PasswordAnswer::Wrong { tries_left })),
        Given::Wait { until } => return Ok(Json(PasswordAnswer::Wait { until })),
    }
    let by = visitor.doing()?;
    let password = hash(&state, change.password).await?;
    let but = sessions::shown(&headers);
    if state.store.set_password(signed.school(), person, password, by, but, state.now()).await? {
        Ok(Json(PasswordAnswer::Changed))
    } else {
        Err(ProblemCode::NotFound.into())
    }
}

pub(super) async fn post_reset(State(state): State<AppState>, signed: SignedDevice) -> Result<StatusCode, Failure> {
    signed.must_be(DeviceKind::Kiosk)?;
    let asked: PasswordResetRequest = signed.json()?;
    let email = check_email(&asked.email).map_err(|_| Failure::field("email"))?;
    let (id, school, device) = (random::id()?, signed.school(), signed.device.id);
    let (by_device, by_address) = (state.limiter.rate(Kind::Resets), state.limiter.rate(Kind::ResetLetters));
    let asked = AskedReset { id, school, device, email, language: asked.language, by_device, by_address };
    state.store.ask_reset(asked, state.now()).await??;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
pub(super) struct Chosen {
    #[serde(default)]
    password: String,
    #[serde(default)]
    again: String,
}

pub(super) async fn get(State(state): State<AppState>, InPage(token): InPage, tongue: Tongue) -> Response {
    show(&state, &token, tongue.or(Language::Danish), None).await
}

pub(super) async fn post(
    State(state): State<AppState>,
    InPage(token): InPage,
    tongue: Tongue,
    form: Result<Form<Chosen>, FormRejection>,
) -> Response {
    let language = tongue.or(Language::Danish);
    // An unreadable form is an empty one.
    let chosen = form.map_or(Chosen { password: String::new(), again: String::new() }, |Form(form)| form);
    let wrong = match check_password(&chosen.password) {
        Err(WeakPassword::TooEasy) => Some(Wrong::TooEasy),
        Err(WeakPassword::TooLong) => Some(Wrong::TooLong),
        Ok(()) if chosen.password != chosen.again => Some(Wrong::Different),
        Ok(()) => None,
    };
    if wrong.is_some() {
        return show(&state, &token, language, wrong).await;
    }
    match choose(&state, &token, chosen.password).await {
        Ok(Some(school)) => html(reset::done(&school, language), StatusCode::OK),
        Ok(None) => html(reset::gone(language), StatusCode::NOT_FOUND),
        Err(_) => html(reset::fault(language), StatusCode::SERVICE_UNAVAILABLE),
    }
}

/// Sets it, if the link is still good; says at which school.
async fn choose(state: &AppState, token: &str, password: String) -> Result<Option<madkort_protocol::School>, Failure> {
    // Looked at before anything is hashed: a stranger's guesses cost nothing but themselves.
    let link = link_hash(token);
    let Some(school) = state.store.reset_link(link, state.now()).await? else { return Ok(None) };
    let password = hash(state, password).await?;
    if !state.store.use_reset_link(link, password, random::id()?, state.now()).await? {
        return Ok(None);
    }
    tracing::info!("a forgotten password was replaced");
    Ok(state.store.school(school).await?)
}

async fn show(state: &AppState, token: &str, language: Language, wrong: Option<Wrong>) -> Response {
    let school = match state.store.reset_link(link_hash(token), state.now()).await {
        Ok(Some(school)) => state.store.school(school).await,
        Ok(None) => Ok(None),
        Err(error) => Err(error),
    };
    match school {
        Ok(Some(school)) => {
            let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
            html(reset::form(&school, language, wrong), status)
        }
        Ok(None) => html(reset::gone(language), StatusCode::NOT_FOUND),
        Err(error) => {
            tracing::error!(%error, "a page cannot be shown");
            html(reset::fault(language), StatusCode::SERVICE_UNAVAILABLE)
        }
    }
}
