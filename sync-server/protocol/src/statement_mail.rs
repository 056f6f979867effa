//! *Send som PDF*: a month of an account as a letter.
//!
//! Pure. **Invariant:** the id is the letter's: asked again with the same one, no second letter goes out.

use serde::{Deserialize, Serialize};

use crate::{CardId, Language, OperationId};

/// `POST /v1/accounts/{account}/statements/{month}/mails`, for whoever is signed in and may read the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct StatementMailRequest {
    /// The letter's id.
    pub id: OperationId,
    /// The card the visit goes by.
    pub card: CardId,
    /// Where it goes.
    pub email: String,
    /// The language of the letter and of the statement in it.
    pub language: Language,
}
