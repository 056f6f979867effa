//! What people look like, and the links by which a telephone changes it.
//!
//! **Invariant:** a picture is in no feed; a link is kept as its SHA-256, is good once, and a change by it is written together with who
//! had asked for the link, where and when.

use jiff::{SignedDuration, Timestamp};
use madkort_protocol::{Language, OperationId, PersonId, PicturePageState, SchoolId};
use uuid::Uuid;

use super::{Doer, Pending};

/// How long a link is good: to find the telephone, a white wall and a face that pleases, and no longer.
pub const PICTURE_LINK_LASTS: SignedDuration = SignedDuration::from_mins(15);

/// A page to be opened.
#[derive(Clone, Debug)]
pub struct NewPicturePage {
    /// Under which it is asked about.
    pub id: OperationId,
    /// The link's token, hashed.
    pub hash: [u8; 32],
    /// The school of the kiosk.
    pub school: SchoolId,
    /// Whose picture.
    pub about: PersonId,
    /// Who asked, where. The name of the record is not used: the change gets its own.
    pub by: Doer,
    /// What the page speaks.
    pub language: Language,
}

/// A page as it stands at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PicturePageRow {
    /// Its id.
    pub id: OperationId,
    /// The school.
    pub school: SchoolId,
    /// Whose picture.
    pub about: PersonId,
    /// What it speaks.
    pub language: Language,
    /// Where it stands: an open one past its time has expired.
    pub state: PicturePageState,
    /// Until when the link is good.
    pub expires_at: Timestamp,
    /// Whether there is a picture now.
    pub has_picture: bool,
}

/// Pictures.
pub trait Pictures {
    /// Somebody's picture as it was stored, if there is one.
    fn picture(&self, school: SchoolId, person: PersonId) -> Pending<'_, Option<Vec<u8>>>;

    /// Opens a page, and shuts every other one for that person. Asked again with the same id, while it is open, its link is replaced;
    /// `None` if the id was used for something else.
    fn open_picture_page(&self, new: NewPicturePage, now: Timestamp) -> Pending<'_, Option<PicturePageRow>>;

    /// A page by its id, if it is the school's.
    fn picture_page(&self, school: SchoolId, id: OperationId, now: Timestamp) -> Pending<'_, Option<PicturePageRow>>;

    /// The page a link leads to, if the link is still good.
    fn picture_link(&self, hash: [u8; 32], now: Timestamp) -> Pending<'_, Option<PicturePageRow>>;

    /// Gives an open page up; answers how it then stands.
    fn cancel_picture_page(
        &self,
        school: SchoolId,
        id: OperationId,
        now: Timestamp,
    ) -> Pending<'_, Option<PicturePageRow>>;

    /// Uses a link up: puts the picture in place of the one before, or removes it. `false` if the link is not good any more.
    fn use_picture_link(
        &self,
        hash: [u8; 32],
        picture: Option<Vec<u8>>,
        record: Uuid,
        now: Timestamp,
    ) -> Pending<'_, bool>;
}
