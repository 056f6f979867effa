//! Ids out of the system's randomness, for what is not ordered by time.

use madkort_protocol::ProblemCode;
use uuid::{Builder, Uuid};

use crate::failure::Failure;

/// A fresh id (RFC 9562, version 4). [`ProblemCode::Internal`] if the system gives no randomness.
pub fn id() -> Result<Uuid, Failure> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|_| ProblemCode::Internal)?;
    Ok(Builder::from_random_bytes(random).into_uuid())
}
