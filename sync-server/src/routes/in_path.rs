//! What stands in the path of a request.
//!
//! **Invariant:** a name that cannot be read is the name of nothing: a message is told so by a problem document, and whoever holds a
//! telephone by a page.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use madkort_protocol::ProblemCode;
use serde::de::DeserializeOwned;

use crate::failure::Failure;

/// The names in the path of a message.
pub(super) struct InPath<T>(pub(super) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for InPath<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let Path(names) = Path::from_request_parts(parts, state).await.map_err(|_| ProblemCode::NotFound)?;
        Ok(Self(names))
    }
}

/// The name of a page; empty if it cannot be read, which no page's is.
pub(super) struct InPage(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for InPage {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let name = Path::from_request_parts(parts, state).await;
        Ok(Self(name.map(|Path(name)| name).unwrap_or_default()))
    }
}
