//! `GET /v1/cards/{card}/allergies`: what those cannot eat for whom a card may order, told while the card lies on the reader.
//! `PUT /v1/people/{person}/allergies`: a guardian says so.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use madkort_protocol::{
    Allergies, AllergiesChange, CardId, CardStatus, DeviceKind, KnownAllergies, PersonId, ProblemCode,
};

use super::in_path::InPath;
use crate::failure::Failure;
use crate::rights::{Asker, Proof, What, Whose, may};
use crate::sessions::Visitor;
use crate::signed::SignedDevice;
use crate::state::AppState;

pub(super) async fn get(
    State(state): State<AppState>,
    InPath(card): InPath<String>,
    signed: SignedDevice,
) -> Result<Json<KnownAllergies>, Failure> {
    signed.must_be(DeviceKind::Kiosk)?;
    let card = CardId::parse(&card).map_err(|_| ProblemCode::NotFound)?;
    let record = state.store.card(signed.school(), card).await?;
    let record = record.filter(|card| card.status == CardStatus::Active).ok_or(ProblemCode::NotFound)?;
    let holder = state.store.person(signed.school(), record.person).await?.ok_or(ProblemCode::NotFound)?;
    let asker = Asker { kind: holder.kind, at: signed.device.kind, proof: Proof::Card };
    let mut people = state.store.allergies(signed.school(), holder.id).await?;
    people.retain(|of| {
        let whose = if of.person == holder.id { Whose::Own } else { Whose::Entrusted };
        may(asker, What::SeeAllergies, whose)
    });
    Ok(Json(KnownAllergies { card, people }))
}

pub(super) async fn put(
    State(state): State<AppState>,
    InPath(person): InPath<String>,
    headers: HeaderMap,
    signed: SignedDevice,
) -> Result<StatusCode, Failure> {
    signed.must_be(DeviceKind::Kiosk)?;
    let person = PersonId::parse(&person).map_err(|_| ProblemCode::NotFound)?;
    let change: AllergiesChange = signed.json()?;
    let visitor = Visitor::of(&state, &signed, &headers, change.card).await?;
    let profile = state.store.profile(signed.school(), person).await?.ok_or(ProblemCode::NotFound)?;
    visitor.must(What::SetAllergies, profile.account)?;
    let by = visitor.doing()?;
    let allergies = Allergies::new(person, change.allergens, change.block);
    state.store.set_allergies(signed.school(), allergies, Some(by), state.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}
