//! A black-and-white picture, one bit a dot.
//!
//! Pure. This is what a raster command carries, what a QR code becomes on a printer that cannot draw one, and what the
//! preview is drawn on.
//!
//! **Invariant:** `bits.len() == stride() * height`, and the unused bits at the end of a row are white.

use serde::{Deserialize, Serialize};

/// The tallest picture: 2 m of paper at 203 dpi. A larger one in a spool is damage, not a receipt.
pub const MAX_HEIGHT: usize = 16_000;
/// The widest picture: more than any receipt printer has dots.
pub const MAX_WIDTH: usize = 1_024;

/// A picture of `width` x `height` dots; set is black.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct Bitmap {
    width: usize,
    height: usize,
    bits: Vec<u8>,
}

/// Why something is not a [`Bitmap`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BitmapError {
    /// Wider or taller than any paper.
    #[error("a picture of {width} x {height} dots is larger than {MAX_WIDTH} x {MAX_HEIGHT}")]
    TooLarge {
        /// In dots.
        width: usize,
        /// In dots.
        height: usize,
    },
    /// The bytes do not fill the size.
    #[error("a picture needs {expected} bytes, not {found}")]
    Length {
        /// `ceil(width / 8) * height`.
        expected: usize,
        /// What was there.
        found: usize,
    },
    /// The stored form is not hexadecimal.
    #[error("the dots of a picture are not hexadecimal")]
    NotHex,
}

impl Bitmap {
    /// A white picture.
    #[must_use]
    pub fn new(width: usize, height: usize) -> Self {
        Self { width, height, bits: vec![0; width.div_ceil(8) * height] }
    }

    /// A picture from packed rows: the leftmost dot is the high bit of the first byte, 1 is black.
    pub fn from_bits(width: usize, height: usize, bits: Vec<u8>) -> Result<Self, BitmapError> {
        if width > MAX_WIDTH || height > MAX_HEIGHT {
            return Err(BitmapError::TooLarge { width, height });
        }
        let expected = width.div_ceil(8) * height;
        if bits.len() != expected {
            return Err(BitmapError::Length { expected, found: bits.len() });
        }
        let mut bitmap = Self { width, height, bits };
        bitmap.whiten_row_ends();
        Ok(bitmap)
    }

    /// [`Bitmap::from_bits`] row by row.
    pub fn from_rows(width: usize, rows: &[&[u8]]) -> Result<Self, BitmapError> {
        Self::from_bits(width, rows.len(), rows.concat())
    }

    /// Dots across.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Dots down.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Bytes a row takes.
    pub fn stride(&self) -> usize {
        self.width.div_ceil(8)
    }

    /// The packed rows.
    pub fn bits(&self) -> &[u8] {
        &self.bits
    }

    /// Whether the dot is black; outside the picture is white.
    pub fn get(&self, x: usize, y: usize) -> bool {
        x < self.width && y < self.height && self.bits[y * self.stride() + x / 8] & (0x80 >> (x % 8)) != 0
    }

    /// Makes the dot black; outside the picture does nothing.
    pub fn set(&mut self, x: usize, y: usize) {
        if x < self.width && y < self.height {
            let at = y * self.stride() + x / 8;
            self.bits[at] |= 0x80 >> (x % 8);
        }
    }

    /// Makes a rectangle black.
    pub fn fill(&mut self, x: usize, y: usize, width: usize, height: usize) {
        for row in y..y + height {
            for column in x..x + width {
                self.set(column, row);
            }
        }
    }

    /// Draws the black dots of `other` with its upper left corner at `x`, `y`.
    pub fn draw(&mut self, other: &Self, x: usize, y: usize) {
        for (index, byte) in other.bits.iter().enumerate() {
            // Most of a receipt is white.
            if *byte == 0 {
                continue;
            }
            let (row, column) = (index / other.stride(), index % other.stride() * 8);
            for bit in (0..8).filter(|bit| byte & (0x80 >> bit) != 0) {
                self.set(x + column + bit, y + row);
            }
        }
    }

    /// Makes the picture taller, or shorter, at its lower end.
    pub fn resize_height(&mut self, height: usize) {
        self.bits.resize(self.stride() * height, 0);
        self.height = height;
    }

    /// The picture without what lies right of `width`.
    #[must_use]
    pub fn cropped(&self, width: usize) -> Self {
        let mut cropped = Self::new(width.min(self.width), self.height);
        for y in 0..cropped.height {
            for x in 0..cropped.width {
                if self.get(x, y) {
                    cropped.set(x, y);
                }
            }
        }
        cropped
    }

    fn whiten_row_ends(&mut self) {
        let unused = self.stride() * 8 - self.width;
        if unused == 0 {
            return;
        }
        let stride = self.stride();
        for row in self.bits.chunks_exact_mut(stride) {
            row[stride - 1] &= 0xFF << unused;
        }
    }
}

/// The form in JSON: the rows as hexadecimal digits, which is a quarter of what an array of numbers takes.
#[derive(Serialize, Deserialize)]
struct Stored {
    width: usize,
    height: usize,
    bits: String,
}

impl From<Bitmap> for Stored {
    fn from(bitmap: Bitmap) -> Self {
        use std::fmt::Write as _;
        let bits = bitmap.bits.iter().fold(String::with_capacity(bitmap.bits.len() * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        });
        Self { width: bitmap.width, height: bitmap.height, bits }
    }
}

impl TryFrom<Stored> for Bitmap {
    type Error = BitmapError;

    fn try_from(stored: Stored) -> Result<Self, BitmapError> {
        let digits = stored.bits.as_bytes();
        if !digits.len().is_multiple_of(2) {
            return Err(BitmapError::NotHex);
        }
        let bits = digits
            .chunks_exact(2)
            .map(|pair| Some((hex_digit(pair[0])? << 4) | hex_digit(pair[1])?))
            .collect::<Option<Vec<u8>>>()
            .ok_or(BitmapError::NotHex)?;
        Self::from_bits(stored.width, stored.height, bits)
    }
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn dots_and_bits_agree() {
        let mut bitmap = Bitmap::new(10, 2);
        bitmap.set(0, 0);
        bitmap.set(9, 1);
        bitmap.set(10, 1);
        assert_eq!(bitmap.bits(), [0x80, 0x00, 0x00, 0x40]);
        assert!(bitmap.get(9, 1));
        assert!(!bitmap.get(10, 1));
    }

    #[test]
    fn dots_beyond_the_width_are_dropped() {
        let bitmap = Bitmap::from_rows(4, &[&[0xFF]]).unwrap();
        assert_eq!(bitmap.bits(), [0xF0]);
    }

    #[test]
    fn damage_is_refused() {
        for damage in [
            r#"{"width":8,"height":2,"bits":"ff"}"#,
            r#"{"width":8,"height":1,"bits":"f"}"#,
            r#"{"width":8,"height":1,"bits":"åå"}"#,
            r#"{"width":99999999,"height":99999999,"bits":""}"#,
        ] {
            assert!(serde_json::from_str::<Bitmap>(damage).is_err(), "{damage}");
        }
    }
}
