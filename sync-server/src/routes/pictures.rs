//! `GET /v1/people/{person}/picture`: what somebody looks like, for themselves and for who answers for them.
//! `POST /v1/picture-pages`, `GET` and `DELETE /v1/picture-pages/{id}`: the kiosk has no camera, so whoever is signed in is led to a
//! page on their own telephone; the kiosk looks how it stands, or gives it up.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use madkort_protocol::{DeviceKind, PersonId, PicturePage, PicturePageRequest, ProblemCode};
use uuid::Uuid;

use super::in_path::InPath;
use super::{check_id, id_in_path, id_reused};
use crate::failure::Failure;
use crate::limits::{Kind, Who};
use crate::passwords::{link_hash, new_token};
use crate::requests::about;
use crate::rights::What;
use crate::sessions::Visitor;
use crate::signed::SignedDevice;
use crate::state::AppState;
use crate::store::{Doer, NewPicturePage, PicturePageRow};

pub(super) async fn get(
    State(state): State<AppState>,
    InPath(person): InPath<String>,
    headers: HeaderMap,
    signed: SignedDevice,
) -> Result<Response, Failure> {
    signed.must_be(DeviceKind::Kiosk)?;
    let person = PersonId::parse(&person).map_err(|_| ProblemCode::NotFound)?;
    let visitor = Visitor::here(&state, &signed, &headers).await?;
    must(&state, &signed, &visitor, What::SeePicture, person).await?;
    let picture = state.store.picture(signed.school(), person).await?.ok_or(ProblemCode::NotFound)?;
    let headers = [(header::CONTENT_TYPE, "image/jpeg"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, picture).into_response())
}

pub(super) async fn open(
    State(state): State<AppState>,
    headers: HeaderMap,
    signed: SignedDevice,
) -> Result<Json<PicturePage>, Failure> {
    signed.must_be(DeviceKind::Kiosk)?;
    let request: PicturePageRequest = signed.json()?;
    check_id(request.id)?;
    about("operation", request.id);
    let visitor = Visitor::of(&state, &signed, &headers, request.card).await?;
    must(&state, &signed, &visitor, What::SetPicture, request.person).await?;
    state.not_too_often_under(request.id, Kind::PicturePages, Who::Card(visitor.card))?;
    let token = new_token().map_err(|_| ProblemCode::Internal)?;
    let new = NewPicturePage {
        id: request.id,
        hash: link_hash(&token),
        school: signed.school(),
        about: request.person,
        by: Doer { record: Uuid::nil(), person: visitor.person, card: visitor.card, device: signed.device.id },
        language: request.language,
    };
    let opened = state.store.open_picture_page(new, state.now()).await?;
    let row = opened.ok_or_else(|| id_reused(signed.device.id, request.id))?;
    Ok(Json(PicturePage { url: Some(format!("{}/picture/{token}", state.public_url)), ..wire(&row) }))
}

pub(super) async fn look(
    State(state): State<AppState>,
    InPath(id): InPath<String>,
    headers: HeaderMap,
    signed: SignedDevice,
) -> Result<Json<PicturePage>, Failure> {
    find(&state, &id, &headers, &signed).await.map(|row| Json(wire(&row)))
}

pub(super) async fn give_up(
    State(state): State<AppState>,
    InPath(id): InPath<String>,
    headers: HeaderMap,
    signed: SignedDevice,
) -> Result<Json<PicturePage>, Failure> {
    let row = find(&state, &id, &headers, &signed).await?;
    let row = state.store.cancel_picture_page(row.school, row.id, state.now()).await?;
    row.map(|row| Json(wire(&row))).ok_or_else(|| ProblemCode::NotFound.into())
}

/// A page about somebody whose picture the visitor may change; for anybody else it is not there.
async fn find(
    state: &AppState,
    id: &str,
    headers: &HeaderMap,
    signed: &SignedDevice,
) -> Result<PicturePageRow, Failure> {
    signed.must_be(DeviceKind::Kiosk)?;
    let id = id_in_path(id)?;
    about("operation", id);
    let visitor = Visitor::here(state, signed, headers).await?;
    let row = state.store.picture_page(signed.school(), id, state.now()).await?.ok_or(ProblemCode::NotFound)?;
    must(state, signed, &visitor, What::SetPicture, row.about).await?;
    Ok(row)
}

/// Goes on only if the table lets them. Somebody whose account they may not use does not exist for them.
async fn must(
    state: &AppState,
    signed: &SignedDevice,
    visitor: &Visitor,
    what: What,
    person: PersonId,
) -> Result<(), Failure> {
    let profile = state.store.profile(signed.school(), person).await?.ok_or(ProblemCode::NotFound)?;
    visitor.must(what, profile.account)
}

fn wire(row: &PicturePageRow) -> PicturePage {
    PicturePage { id: row.id, person: row.about, state: row.state, url: None, expires_at: row.expires_at }
}
