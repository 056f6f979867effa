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
use super::money::{answer, as_visitor, is_signed_out};

/// Somebody stands there.
const PATIENCE: Duration = Duration::from_secs(6);
/// How often a page is asked about.
const FOLLOW_EVERY: Duration = Duration::from_secs(1);

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
    follow(line, page).await;
}

pub(super) async fn cancel_page(line: &Line, id: OperationId) {
    let asked = Call::new(Method::DELETE, format!("/v1/picture-pages/{id}"), PATIENCE);
    if let Some(page) = answer::<PicturePage>(line, id, asked).await {
        line.events.tell(Event::PicturePageIs(Box::new(page)));
    }
}

/// Asks until it has ended. Told when it changed, and when the server went out of sight or came back.
async fn follow(line: &Line, page: PicturePage) {
    let id = page.id;
    // As it is told from now on: without its link.
    let mut known = Some(PicturePage { url: None, ..page });
    while known.as_ref().is_none_or(|page| page.state == PicturePageState::Open) {
        tokio::time::sleep(FOLLOW_EVERY).await;
        let asked = Call::new(Method::GET, format!("/v1/picture-pages/{id}"), PATIENCE);
        let now = as_visitor::<PicturePage>(line, asked).await;
        if now.as_ref().is_err_and(is_signed_out) {
            line.events.tell(Event::SignedOut);
            return;
        }
        let now = now.ok();
        if now == known {
            continue;
        }
        line.events.tell(match &now {
            Some(page) => Event::PicturePageIs(Box::new(page.clone())),
            None => Event::RequestUnreachable(id),
        });
        known = now;
    }
}

/// The colours of a JPEG, if it is one of the size the server makes.
fn unpack(file: &[u8]) -> Option<Picture> {
    let picture = image::load_from_memory_with_format(file, ImageFormat::Jpeg).ok()?;
    let fits = (picture.width(), picture.height()) == (PICTURE_SIDE, PICTURE_SIDE);
    if fits { Picture::try_new(picture.into_rgb8().into_raw()) } else { None }
}
