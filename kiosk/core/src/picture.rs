//! What somebody looks like.
//!
//! Pure. **Invariant:** a picture belongs to the room it is shown in and is gone with it; it never prints.

use std::sync::Arc;

use madkort_protocol::PICTURE_SIDE;

/// Bytes of a picture: three colours a pixel.
const BYTES: usize = (PICTURE_SIDE * PICTURE_SIDE * 3) as usize;

/// A square picture of [`PICTURE_SIDE`] pixels, row by row, red, green and blue.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture(Arc<[u8]>);

impl Picture {
    /// The picture of these colours, if there are as many as it has.
    #[must_use]
    pub fn try_new(colours: Vec<u8>) -> Option<Self> {
        (colours.len() == BYTES).then(|| Self(colours.into()))
    }

    /// Its colours.
    #[must_use]
    pub fn colours(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Picture(…)")
    }
}
