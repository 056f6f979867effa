//! What products look like, as kiosks get it: PNG, square, small.
//!
//! Pure; what is inside a PNG is for whoever draws it to check. **Invariant:** a picture begins like a PNG and is no longer than
//! [`ProductPicture::LONGEST`]; its digest is that of its bytes, so that one picture has one name and is fetched once.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// How every PNG begins (W3C PNG, 5.2).
const PNG: [u8; 8] = [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n'];

/// A product's picture. Cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct ProductPicture(Arc<[u8]>);

/// The SHA-256 of a picture's bytes; 64 hexadecimal digits on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String))]
#[serde(try_from = "String", into = "String")]
pub struct PictureDigest([u8; 32]);

/// Not a picture, or not the name of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no PNG of at most {} bytes", ProductPicture::LONGEST)]
pub struct InvalidPicture;

impl ProductPicture {
    /// Bytes of the longest one: a hundred of them are 3 MB on a kiosk's card and a minute on the slowest line.
    pub const LONGEST: usize = 32 * 1024;
    /// Pixels of a product's picture, each way: twice what a kiosk shows.
    pub const SIDE: u32 = 144;

    /// Takes bytes that begin like a PNG.
    pub fn new(png: Vec<u8>) -> Result<Self, InvalidPicture> {
        if png.starts_with(&PNG) && png.len() <= Self::LONGEST { Ok(Self(png.into())) } else { Err(InvalidPicture) }
    }

    /// The PNG.
    #[must_use]
    pub fn as_png(&self) -> &[u8] {
        &self.0
    }

    /// Its name.
    #[must_use]
    pub fn digest(&self) -> PictureDigest {
        PictureDigest(Sha256::digest(&self.0).into())
    }
}

impl PictureDigest {
    /// Takes 32 bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Reads 64 hexadecimal digits.
    pub fn parse(text: &str) -> Result<Self, InvalidPicture> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| InvalidPicture)?;
        Ok(Self(bytes))
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn bytes(self) -> [u8; 32] {
        self.0
    }
}

impl fmt::Debug for ProductPicture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProductPicture({} bytes)", self.0.len())
    }
}

impl fmt::Display for PictureDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl TryFrom<String> for PictureDigest {
    type Error = InvalidPicture;

    fn try_from(text: String) -> Result<Self, InvalidPicture> {
        Self::parse(&text)
    }
}

impl From<PictureDigest> for String {
    fn from(digest: PictureDigest) -> Self {
        digest.to_string()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_has_one_name() {
        let picture = ProductPicture::new([&PNG[..], b"and more"].concat()).unwrap();
        let text = picture.digest().to_string();
        assert_eq!(PictureDigest::parse(&text), Ok(picture.digest()));
        assert_eq!(serde_json::from_str::<PictureDigest>(&format!("\"{text}\"")).unwrap(), picture.digest());
        let other = ProductPicture::new(PNG.to_vec()).unwrap();
        assert_ne!(other.digest(), picture.digest());
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        let long = [&PNG[..], &vec![0; ProductPicture::LONGEST]].concat();
        for bytes in [vec![], b"GIF89a".to_vec(), PNG[..7].to_vec(), long] {
            assert_eq!(ProductPicture::new(bytes), Err(InvalidPicture));
        }
        for text in ["", "00", &"g".repeat(64), &"00".repeat(33)] {
            assert_eq!(PictureDigest::parse(text), Err(InvalidPicture), "{text}");
        }
    }
}
