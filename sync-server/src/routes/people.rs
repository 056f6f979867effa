//! `GET` and `PUT /v1/people/{person}`: what somebody has told about themselves, for themselves and for who answers for them.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use madkort_protocol::{DeviceKind, PersonId, ProblemCode, Profile, ProfileChange, SpendingCaps};

use super::in_path::InPath;
use crate::failure::Failure;
use crate::rights::What;
use crate::sessions::Visitor;
use crate::signed::SignedDevice;
use crate::state::AppState;

pub(super) async fn get(
    State(state): State<AppState>,
    InPath(person): InPath<String>,
    headers: HeaderMap,
    signed: SignedDevice,
) -> Result<Json<Profile>, Failure> {
    signed.must_be(DeviceKind::Kiosk)?;
    let person = parse(&person)?;
    let visitor = Visitor::here(&state, &signed, &headers).await?;
    theirs(&state, &signed, &visitor, person).await.map(Json)
}

pub(super) async fn put(
    State(state): State<AppState>,
    InPath(person): InPath<String>,
    headers: HeaderMap,
    signed: SignedDevice,
) -> Result<Json<Profile>, Failure> {
    signed.must_be(DeviceKind::Kiosk)?;
    let person = parse(&person)?;
    let change: ProfileChange = signed.json()?;
    let change = change.check().map_err(|problem| Failure::field(&problem.to_string()))?;
    let visitor = Visitor::of(&state, &signed, &headers, change.card).await?;
    let now_so = theirs(&state, &signed, &visitor, person).await?;
    may_cap(&state, &visitor, &now_so, change.caps).await?;
    let by = visitor.doing()?;
    let (school, account) = (signed.school(), now_so.account);
    let changed = state.store.change_profile(school, person, account, change, by, state.now()).await?;
    changed.map(Json).ok_or_else(|| ProblemCode::NotFound.into())
}

/// Goes on only if they may set these caps: lower is for everybody, and what a guardian answers for is theirs to raise.
async fn may_cap(state: &AppState, visitor: &Visitor, now_so: &Profile, wanted: SpendingCaps) -> Result<(), Failure> {
    if now_so.caps == wanted {
        return Ok(());
    }
    visitor.must(What::LowerCaps, now_so.account)?;
    if !wanted.raises(now_so.caps) {
        return Ok(());
    }
    if !state.store.has_guardian(visitor.school, now_so.account).await? {
        return visitor.must(What::RaiseCaps, now_so.account);
    }
    let may = visitor.may(What::RaiseCapsUnderGuardian, now_so.account);
    if may { Ok(()) } else { Err(ProblemCode::GuardiansCap.into()) }
}

/// A profile that is theirs to read and change; any other does not exist for them.
async fn theirs(
    state: &AppState,
    signed: &SignedDevice,
    visitor: &Visitor,
    person: PersonId,
) -> Result<Profile, Failure> {
    let profile = state.store.profile(signed.school(), person).await?.ok_or(ProblemCode::NotFound)?;
    visitor.must(What::EditProfile, profile.account)?;
    Ok(profile)
}

fn parse(person: &str) -> Result<PersonId, Failure> {
    PersonId::parse(person).map_err(|_| ProblemCode::NotFound.into())
}
