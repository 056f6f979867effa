//! *Billede*: one small square picture of a person, and the page on a telephone where it is changed.
//!
//! Pure. **Invariant:** the link to such a page is told once, to the kiosk that asked for it: nothing that is asked later says it again.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{CardId, Language, OperationId, PersonId};

/// Pixels of each side of a picture, as `GET /v1/people/{person}/picture` answers with it, a JPEG: what a kiosk's page has room for at
/// its largest type.
pub const PICTURE_SIDE: u32 = 192;

/// `POST /v1/picture-pages`: opens a page on which a picture is taken, chosen or removed. Asked again with the same id, while it is
/// open, it answers with a new link in place of the one before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PicturePageRequest {
    /// Under which the page is asked about.
    pub id: OperationId,
    /// The card the visit goes by.
    pub card: CardId,
    /// Whose picture.
    pub person: PersonId,
    /// What the page speaks.
    pub language: Language,
}

/// Such a page as it stands: the answer to [`PicturePageRequest`], and to `GET` and `DELETE /v1/picture-pages/{id}`.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PicturePage {
    /// Its id.
    pub id: OperationId,
    /// Whose picture.
    pub person: PersonId,
    /// Where it stands.
    pub state: PicturePageState,
    /// The page, for the QR code; only in the answer that opened it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Until when the link works.
    pub expires_at: Timestamp,
}

impl std::fmt::Debug for PicturePage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Whoever has the link changes the picture.
        f.debug_struct("PicturePage").field("id", &self.id).field("state", &self.state).finish_non_exhaustive()
    }
}

/// Where a page for a picture stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PicturePageState {
    /// Waiting for the telephone.
    Open,
    /// There is another picture, or none any more: the link is used up.
    Changed,
    /// Given up at the kiosk.
    Cancelled,
    /// Too late.
    Expired,
}
