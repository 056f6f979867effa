//! What surrounds the pages that QR codes and letters lead to: they are looked at, and written to, only so often from one address.
//!
//! **Invariant:** whoever is turned away reads on the page itself when to come back, and nothing of what they sent is read.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use madkort_protocol::Language;

use super::pay::html;
use crate::failure::seconds_of;
use crate::limits::{Kind, TooOften, Who, address_of};
use crate::pages;
use crate::state::AppState;

/// Where such pages are.
const PAGES: [&str; 4] = ["/mandate/", "/pay/", "/picture/", "/reset/"];
/// Where pictures are sent.
const UPLOADS: &str = "/picture/";

pub(super) async fn not_too_often(State(state): State<AppState>, request: Request, next: Next) -> Response {
    match counted(&state, &request) {
        Ok(()) => next.run(request).await,
        Err(TooOften { wait }) => {
            let english = request.uri().query().is_some_and(|query| query.split('&').any(|part| part == "lang=en"));
            let language = if english { Language::English } else { Language::Danish };
            let mut answer = html(pages::too_often(language, wait), StatusCode::TOO_MANY_REQUESTS);
            answer.headers_mut().insert(header::RETRY_AFTER, seconds_of(wait));
            answer
        }
    }
}

fn counted(state: &AppState, request: &Request) -> Result<(), TooOften> {
    let path = request.uri().path();
    let from = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let (true, Some(ConnectInfo(from))) = (PAGES.iter().any(|page| path.starts_with(page)), from) else {
        return Ok(());
    };
    let (who, now) = (Who::Address(address_of(*from, request.headers())), state.now());
    state.limiter.count(Kind::Pages, who, now)?;
    if path.starts_with(UPLOADS) && request.method() == Method::POST {
        state.limiter.count(Kind::Uploads, who, now)?;
    }
    Ok(())
}
