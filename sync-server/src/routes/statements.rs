//! `POST /v1/accounts/{account}/statements/{month}/mails`: *Send som PDF*, for whoever is signed in and may read the account.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use madkort_protocol::{AccountId, DeviceKind, ProblemCode, StatementMailRequest, check_email};

use super::accounts::parse_month;
use super::check_id;
use super::in_path::InPath;
use crate::failure::Failure;
use crate::limits::Kind;
use crate::rights::What;
use crate::sessions::Visitor;
use crate::signed::SignedDevice;
use crate::state::AppState;
use crate::store::{Asked, AskedStatement};

pub(super) async fn mail(
    State(state): State<AppState>,
    InPath((account, month)): InPath<(String, String)>,
    headers: HeaderMap,
    signed: SignedDevice,
) -> Result<StatusCode, Failure> {
    signed.must_be(DeviceKind::Kiosk)?;
    let account = AccountId::parse(&account).map_err(|_| ProblemCode::NotFound)?;
    let month = parse_month(&month).ok_or_else(|| Failure::field("month"))?;
    let request: StatementMailRequest = signed.json()?;
    check_id(request.id)?;
    let email = check_email(&request.email).map_err(|_| Failure::field("email"))?;
    let visitor = Visitor::of(&state, &signed, &headers, request.card).await?;
    visitor.must(What::ReadStatement, account)?;
    let by = visitor.doing()?;
    let (id, school, language) = (request.id, signed.school(), request.language);
    let rate = state.limiter.rate(Kind::StatementLetters);
    let asked = AskedStatement { id, school, account, month, email, language, by, rate };
    match state.store.mail_statement(asked, state.now()).await? {
        Asked::Written => Ok(StatusCode::NO_CONTENT),
        Asked::TooOften(too_often) => Err(too_often.into()),
        Asked::Unknown => Err(ProblemCode::NotFound.into()),
    }
}
