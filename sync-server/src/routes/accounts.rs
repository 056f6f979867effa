//! `GET /v1/accounts/{account}/statements/{month}`: one Danish month of an account, for whoever is signed in and may use it.
//! `POST /v1/accounts/{account}/auto-recharge`: whoever is signed in pauses, resumes or cancels auto top-up.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use jiff::civil::Date;
use madkort_protocol::{AccountId, DeviceKind, MandateAnswer, MandateRequest, ProblemCode, Statement};

use super::in_path::InPath;
use crate::failure::Failure;
use crate::rights::What;
use crate::sessions::Visitor;
use crate::signed::SignedDevice;
use crate::state::AppState;
use crate::store::MandateChange;

pub(super) async fn statement(
    State(state): State<AppState>,
    InPath((account, month)): InPath<(String, String)>,
    headers: HeaderMap,
    signed: SignedDevice,
) -> Result<Json<Statement>, Failure> {
    signed.must_be(DeviceKind::Kiosk)?;
    let account = AccountId::parse(&account).map_err(|_| ProblemCode::NotFound)?;
    let month = parse_month(&month).ok_or_else(|| Failure::field("month"))?;
    Visitor::here(&state, &signed, &headers).await?.must(What::ReadStatement, account)?;
    let statement = state.store.statement(signed.school(), account, month).await?;
    statement.map(Json).ok_or_else(|| ProblemCode::NotFound.into())
}

pub(super) async fn auto_recharge(
    State(state): State<AppState>,
    InPath(account): InPath<String>,
    headers: HeaderMap,
    signed: SignedDevice,
) -> Result<Json<MandateAnswer>, Failure> {
    signed.must_be(DeviceKind::Kiosk)?;
    let account = AccountId::parse(&account).map_err(|_| ProblemCode::NotFound)?;
    let request: MandateRequest = signed.json()?;
    let visitor = Visitor::of(&state, &signed, &headers, request.card).await?;
    visitor.must(What::ManageAutoRecharge, account)?;
    let change = MandateChange { account, wish: request.change, by: visitor.doing()? };
    let answer = state.store.change_mandate(change, state.now()).await?;
    answer.map(Json).ok_or_else(|| ProblemCode::NotFound.into())
}

/// `yyyy-mm`, as its first day.
pub(super) fn parse_month(text: &str) -> Option<Date> {
    let digits = text.bytes().enumerate().all(|(i, b)| if i == 4 { b == b'-' } else { b.is_ascii_digit() });
    if text.len() == 7 && digits { format!("{text}-01").parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_four_digits_and_two() {
        assert_eq!(parse_month("2026-11"), Some(jiff::civil::date(2026, 11, 1)));
        for bad in ["", "2026", "2026-13", "2026-00", "2026-1", "26-11", "2026-11-01", "2026/11", "november"] {
            assert_eq!(parse_month(bad), None, "{bad}");
        }
    }
}
