//! What products look like is fetched after the products, one picture between two questions for changes.
//!
//! **Invariant:** a picture never keeps a kiosk from selling: one that cannot be had is shown by its shelf's drawing.

use std::collections::BTreeSet;
use std::time::Duration;

use madkort_protocol::{PictureDigest, ProductPicture};
use reqwest::Method;

use super::client::{Call, CallError, Line};

/// For 32 kB over a slow line; changes wait meanwhile.
const PATIENCE: Duration = Duration::from_secs(10);

/// What has come of it; those the server will not give are not asked for again until the kiosk starts again.
#[derive(Debug, Default)]
pub(super) struct Pictures {
    refused: BTreeSet<PictureDigest>,
    /// Some have come and are not shown yet.
    came: bool,
}

impl Pictures {
    /// Fetches the next one that is missing; answers whether there may be another.
    pub async fn fetch_next(&mut self, line: &Line) -> bool {
        let missing = line.store.ask(|desk| desk.store.missing_pictures()).await;
        let Ok(Ok(missing)) = missing else { return false };
        let Some(digest) = missing.into_iter().find(|digest| !self.refused.contains(digest)) else {
            // All at once: a page that is open changes once.
            if std::mem::take(&mut self.came) {
                line.store.tell(crate::store::Desk::show_pictures);
            }
            return false;
        };
        let call = Call::new(Method::GET, format!("/v1/product-pictures/{digest}"), PATIENCE);
        let picture = match line.file(&call).await {
            Ok(file) => ProductPicture::new(file).ok().filter(|picture| picture.digest() == digest),
            Err(CallError::Problem(_)) => None,
            Err(_) => return false,
        };
        let Some(picture) = picture else {
            tracing::warn!(%digest, "the server has no such picture");
            return self.refused.insert(digest);
        };
        let kept = line.store.ask(move |desk| desk.heed(|store, _| store.keep_picture(&picture))).await;
        let kept = matches!(kept, Ok(Ok(())));
        self.came |= kept;
        kept
    }
}
