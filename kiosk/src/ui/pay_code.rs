//! The QR code of a page on a telephone as a picture.
//!
//! Pure. **Invariant:** four white modules around the code, as ISO/IEC 18004 asks, and every module a whole number of pixels.

use qrcode::{Color, EcLevel, QrCode};
use slint::{Image, Rgb8Pixel, SharedPixelBuffer};

/// Pixels of one module's side; `ui/pages/deposit.slint` counts modules by it.
const MODULE: usize = 8;
/// White modules on each side (ISO/IEC 18004, 6.3.8).
const QUIET: usize = 4;

/// The code for an address; an empty picture for an address too long to encode.
pub(super) fn pay_code(url: &str) -> Image {
    let Ok(code) = QrCode::with_error_correction_level(url, EcLevel::M) else { return Image::default() };
    let (modules, side) = (code.width(), (code.width() + 2 * QUIET) * MODULE);
    let colors = code.to_colors();
    let Ok(pixels) = u32::try_from(side) else { return Image::default() };
    let mut buffer = SharedPixelBuffer::<Rgb8Pixel>::new(pixels, pixels);
    for (at, pixel) in buffer.make_mut_slice().iter_mut().enumerate() {
        let (x, y) = (at % side / MODULE, at / side / MODULE);
        let inside = (QUIET..QUIET + modules).contains(&x) && (QUIET..QUIET + modules).contains(&y);
        let dark = inside && colors[(y - QUIET) * modules + (x - QUIET)] == Color::Dark;
        *pixel = if dark { Rgb8Pixel { r: 0, g: 0, b: 0 } } else { Rgb8Pixel { r: 255, g: 255, b: 255 } };
    }
    Image::from_rgb8(buffer)
}
