//! A product's picture as the screen draws it.
//!
//! Pure. **Invariant:** what is drawn has as many pixels as it takes on the screen, since the software renderer smooths nothing; a
//! PNG of another size, or none, is no picture.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io::Cursor;

use madkort_protocol::{PictureDigest, ProductPicture};
use png::{ColorType, Decoder, Transformations};
use slint::{Image, Rgba8Pixel, SharedPixelBuffer};

/// Pixels each way on the screen; `ui/pages/order.slint` leaves as many.
const SHOWN: u32 = ProductPicture::SIDE / 2;

/// Pictures drawn once. As many as products have.
#[derive(Default)]
pub(super) struct Photos(RefCell<HashMap<PictureDigest, Option<Image>>>);

impl Photos {
    /// The picture, if it is one.
    pub fn of(&self, (digest, picture): &(PictureDigest, ProductPicture)) -> Option<Image> {
        let mut drawn = self.0.borrow_mut();
        drawn.entry(*digest).or_insert_with(|| draw(picture.as_png())).clone()
    }
}

fn draw(bytes: &[u8]) -> Option<Image> {
    let mut decoder = Decoder::new(Cursor::new(bytes));
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16 | Transformations::ALPHA);
    let mut reader = decoder.read_info().ok()?;
    // Before there is room made for its pixels.
    if (reader.info().width, reader.info().height) != (ProductPicture::SIDE, ProductPicture::SIDE) {
        return None;
    }
    if reader.output_color_type().0 != ColorType::Rgba {
        return None;
    }
    let mut pixels = vec![0; reader.output_buffer_size()?];
    reader.next_frame(&mut pixels).ok()?;
    Some(Image::from_rgba8_premultiplied(halved(&pixels)))
}

/// Each pixel the mean of four, their colours weighed by how much they cover.
fn halved(pixels: &[u8]) -> SharedPixelBuffer<Rgba8Pixel> {
    let mut buffer = SharedPixelBuffer::<Rgba8Pixel>::new(SHOWN, SHOWN);
    let (from, to) = (ProductPicture::SIDE as usize, SHOWN as usize);
    for (at, pixel) in buffer.make_mut_slice().iter_mut().enumerate() {
        let first = at / to * 2 * from + at % to * 2;
        let mut sums = [0_u32; 4];
        for place in [first, first + 1, first + from, first + from + 1] {
            let [red, green, blue, alpha] = [0, 1, 2, 3].map(|n| u32::from(pixels[place * 4 + n]));
            for (sum, part) in sums.iter_mut().zip([red * alpha, green * alpha, blue * alpha, 255 * alpha]) {
                *sum += part;
            }
        }
        let [r, g, b, a] = sums.map(|sum| u8::try_from(sum / (4 * 255)).unwrap_or(u8::MAX));
        *pixel = Rgba8Pixel { r, g, b, a };
    }
    buffer
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn png(side: u32, color: ColorType, pixels: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut encoder = png::Encoder::new(&mut out, side, side);
        encoder.set_color(color);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.write_header().unwrap().write_image_data(pixels).unwrap();
        out
    }

    #[test]
    fn four_pixels_become_one_by_what_they_cover() {
        let side = ProductPicture::SIDE as usize;
        let mut pixels = vec![0; side * side * 4];
        // Red, half covered red, and two that cover nothing whatever their colour.
        pixels[..8].copy_from_slice(&[255, 0, 0, 255, 255, 0, 0, 128]);
        pixels[side * 4..side * 4 + 8].copy_from_slice(&[0, 255, 0, 0, 0, 0, 255, 0]);
        let first = halved(&pixels).as_slice()[0];
        assert_eq!((first.r, first.g, first.b, first.a), (95, 0, 0, 95));
    }

    #[test]
    fn only_a_whole_png_of_the_right_size_is_drawn() {
        let side = ProductPicture::SIDE as usize;
        let good = png(ProductPicture::SIDE, ColorType::Rgb, &vec![9; side * side * 3]);
        let drawn = draw(&good).unwrap();
        assert_eq!((drawn.size().width, drawn.size().height), (SHOWN, SHOWN));
        assert!(draw(&good[..good.len() / 2]).is_none());
        assert!(draw(b"").is_none());
        assert!(draw(&png(2, ColorType::Rgb, &[9; 12])).is_none());
        assert!(draw(&png(ProductPicture::SIDE, ColorType::Grayscale, &vec![9; side * side])).is_none());
    }
}
