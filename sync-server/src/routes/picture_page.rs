//! `GET` and `POST /picture/{token}`: the page where a picture is taken, chosen or removed, on somebody's own telephone.
//!
//! Plain forms, so it works without scripts. **Invariants:** nothing is kept of what comes by a link that is not good; looking at the
//! page, and sending what is no picture, uses nothing up.

use std::time::Duration;

use axum::extract::multipart::{Field, MultipartError, MultipartRejection};
use axum::extract::{DefaultBodyLimit, Multipart, State};
use axum::http::StatusCode;
use axum::response::Response;
use madkort_protocol::{Language, ProblemCode, School};
use tokio::time::timeout;

use super::in_path::InPage;
use super::pay::{Tongue, html};
use crate::failure::Failure;
use crate::pages::picture::{self, Wrong};
use crate::passwords::link_hash;
use crate::pictures::{BadPicture, MOST_BYTES, small};
use crate::random;
use crate::state::AppState;
use crate::store::PicturePageRow;

/// Bytes that are listened to: above [`MOST_BYTES`] they are thrown away as they come, so that whoever sends them gets an answer.
const MOST_SENT: usize = 4 * MOST_BYTES;
/// For a picture to arrive: 10 MB at the 2 Mbit/s of a poor mobile line take 40 s. Below the time for a whole request.
const UPLOAD: Duration = Duration::from_secs(50);
/// Bytes of a button's word.
const WORD: usize = 16;

/// How much the page takes.
pub(super) fn room() -> DefaultBodyLimit {
    DefaultBodyLimit::max(MOST_SENT)
}

pub(super) async fn get(State(state): State<AppState>, InPage(token): InPage, tongue: Tongue) -> Response {
    match find(&state, &token).await {
        Ok(Some((row, school))) => show(&row, &school, tongue.or(row.language), None),
        Ok(None) => gone(tongue.or(Language::Danish)),
        Err(_) => fault(tongue.or(Language::Danish)),
    }
}

pub(super) async fn post(
    State(state): State<AppState>,
    InPage(token): InPage,
    tongue: Tongue,
    form: Result<Multipart, MultipartRejection>,
) -> Response {
    let found = find(&state, &token).await;
    let good = matches!(found, Ok(Some(_)));
    // Read to its end in any case: a browser that is cut off while it sends shows its own words and not ours.
    let sent = match form {
        Ok(form) => timeout(UPLOAD, read(form, good)).await.unwrap_or(Err(Wrong::TooSlow)),
        Err(_) => Err(Wrong::Missing),
    };
    let (row, school) = match found {
        Ok(Some(found)) => found,
        Ok(None) => return gone(tongue.or(Language::Danish)),
        Err(_) => return fault(tongue.or(Language::Danish)),
    };
    let language = tongue.or(row.language);
    let picture = match sent {
        Ok(Sent::Remove) => None,
        Ok(Sent::Picture(file)) => match made_small(&state, file).await {
            Ok(Ok(picture)) => Some(picture),
            Ok(Err(bad)) => return show(&row, &school, language, Some(Wrong::Bad(bad))),
            Err(_) => return fault(language),
        },
        Err(wrong) => return show(&row, &school, language, Some(wrong)),
    };
    let removed = picture.is_none();
    match change(&state, &token, picture).await {
        Ok(true) => html(picture::done(&school, language, removed), StatusCode::OK),
        Ok(false) => gone(language),
        Err(_) => fault(language),
    }
}

/// What somebody sent.
enum Sent {
    /// A file that may be a picture.
    Picture(Vec<u8>),
    /// The wish that there be none.
    Remove,
}

/// Reads a form to its end. Of what comes only as much is kept as a picture may have, and that only if `keep` says so.
async fn read(mut form: Multipart, keep: bool) -> Result<Sent, Wrong> {
    let (mut picture, mut removes, mut too_large) = (Vec::new(), false, false);
    while let Some(mut field) = form.next_field().await.map_err(|error| broken(&error))? {
        let (is_picture, is_word) = (field.name() == Some("picture"), field.name() == Some("do"));
        // Of two places for a picture the first one that is filled in counts.
        let most = match (is_picture && picture.is_empty(), is_word) {
            (true, _) => MOST_BYTES,
            (_, true) => WORD,
            _ => 0,
        };
        let (file, more) = take(&mut field, if keep { most } else { 0 }).await.map_err(|error| broken(&error))?;
        removes |= is_word && file == b"remove";
        if most == MOST_BYTES {
            picture = file;
            too_large |= more;
        }
    }
    match (removes, too_large, picture.is_empty()) {
        (true, ..) => Ok(Sent::Remove),
        (_, true, _) => Err(Wrong::Bad(BadPicture::TooLarge)),
        (_, _, true) => Err(Wrong::Missing),
        _ => Ok(Sent::Picture(picture)),
    }
}

/// The bytes of a field, up to a limit, and whether there were more.
async fn take(field: &mut Field<'_>, most: usize) -> Result<(Vec<u8>, bool), MultipartError> {
    let (mut taken, mut more) = (Vec::new(), false);
    while let Some(chunk) = field.chunk().await? {
        if more || taken.len() + chunk.len() > most {
            more = true;
            taken = Vec::new();
        } else {
            taken.extend_from_slice(&chunk);
        }
    }
    Ok((taken, more))
}

fn broken(error: &MultipartError) -> Wrong {
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Wrong::Bad(BadPicture::TooLarge),
        _ => Wrong::Missing,
    }
}

/// On a thread of its own, a few at a time.
async fn made_small(state: &AppState, file: Vec<u8>) -> Result<Result<Vec<u8>, BadPicture>, Failure> {
    let permit = state.pictures.clone().acquire_owned().await.map_err(|_| ProblemCode::Unavailable)?;
    let making = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        small(&file)
    });
    Ok(making.await.map_err(|_| ProblemCode::Internal)?)
}

async fn change(state: &AppState, token: &str, picture: Option<Vec<u8>>) -> Result<bool, Failure> {
    Ok(state.store.use_picture_link(link_hash(token), picture, random::id()?, state.now()).await?)
}

async fn find(state: &AppState, token: &str) -> Result<Option<(PicturePageRow, School)>, Failure> {
    let Some(row) = state.store.picture_link(link_hash(token), state.now()).await? else { return Ok(None) };
    let school = state.store.school(row.school).await?;
    Ok(school.map(|school| (row, school)))
}

fn show(row: &PicturePageRow, school: &School, language: Language, wrong: Option<Wrong>) -> Response {
    let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    html(picture::form(row, school, language, wrong), status)
}

fn gone(language: Language) -> Response {
    html(picture::gone(language), StatusCode::NOT_FOUND)
}

fn fault(language: Language) -> Response {
    html(picture::fault(language), StatusCode::SERVICE_UNAVAILABLE)
}
