//! Questions about a picture: what somebody looks like, and the page on a telephone where that is changed.
//!
//! **Invariants:** a picture is unpacked from the answer into the event and is nowhere else, least of all on the disk; the link to a page
//! is in no log.

use std::time::Duration;

use image::ImageFormat;
use kiosk_core::{Event, Picture};
use madkort_protocol::{OperationId, PICTURE_SIDE, PersonId, PicturePage, PicturePageRequest, PicturePageState};
use reqwest::Method;

use super::client::{Call, Line};
use super::follow::{Follow, SignedOut, follow};
use super::money::{answer, is_signed_out, look_as_visitor};

/// Somebody stands there.
const PATIENCE: Duration = Duration::from_secs(6);

pub(super) async fn load(line: &Line, person: PersonId) {
    let asked = Call::new(Method::GET, format!("/v1/people/{person}/picture"), PATIENCE);
    line.events.tell(match line.file(&asked.as_visitor(line.session.token())).await {
        Ok(file) => Event::PictureIs { person, picture: unpack(&file) },
        Err(error) if is_signed_out(&error) => Event::SignedOut,
        Err(_) => Event::PictureIs { person, picture: None },
    });
}

pub(super) async fn open_page(line: &Line, request: PicturePageRequest) {
    let asked = Call::new(Method::POST, "/v1/picture-pages", PATIENCE).with(&request);
    let Some(page) = answer::<PicturePage>(line, request.id, asked).await else { return };
    line.events.tell(Event::PicturePageIs(Box::new(page.clone())));
    // As it is told from now on: without its link.
    let known = PicturePage { url: None, ..page };
    follow(&AtPicturePage { line, id: known.id }, Some(known)).await;
}

pub(super) async fn cancel_page(line: &Line, id: OperationId) {
    let asked = Call::new(Method::DELETE, format!("/v1/picture-pages/{id}"), PATIENCE);
    if let Some(page) = answer::<PicturePage>(line, id, asked).await {
        line.events.tell(Event::PicturePageIs(Box::new(page)));
    }
}

/// Whoever changes a picture on a telephone.
struct AtPicturePage<'a> {
    line: &'a Line,
    id: OperationId,
}

impl Follow for AtPicturePage<'_> {
    type Page = PicturePage;

    async fn look(&self) -> Result<Option<PicturePage>, SignedOut> {
        look_as_visitor(self.line, format!("/v1/picture-pages/{}", self.id), PATIENCE).await
    }

    fn has_ended(page: &PicturePage) -> bool {
        page.state != PicturePageState::Open
    }

    fn tell(&self, now: Result<Option<&PicturePage>, SignedOut>) {
        self.line.events.tell(match now {
            Ok(Some(page)) => Event::PicturePageIs(Box::new(page.clone())),
            Ok(None) => Event::RequestUnreachable(self.id),
            Err(SignedOut) => Event::SignedOut,
        });
    }
}

/// The colours of a JPEG, if it is one of the size the server makes.
fn unpack(file: &[u8]) -> Option<Picture> {
    let picture = image::load_from_memory_with_format(file, ImageFormat::Jpeg).ok()?;
    let fits = (picture.width(), picture.height()) == (PICTURE_SIDE, PICTURE_SIDE);
    if fits { Picture::try_new(picture.into_rgb8().into_raw()) } else { None }
}
