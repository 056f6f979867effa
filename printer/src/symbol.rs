//! QR codes and bar codes as dots.
//!
//! Pure. The preview draws them with this, and a printer that cannot draw QR codes is sent the picture.
//!
//! **Invariant:** a symbol is drawn with its whole payload or not at all.

use qrcode::types::Color;
use qrcode::{EcLevel, QrCode, Version};

use crate::bitmap::Bitmap;

/// The most a QR code carries here. Printers have no common limit, and print nothing at all beyond theirs.
pub const MAX_QR_BYTES: usize = 300;
/// Dots a module of a QR code, where the paper is wide enough: 0.75 mm at 203 dpi, which any phone reads.
pub const QR_MODULE: usize = 6;
/// The least dots a module: below, thermal paper runs together.
pub const MIN_QR_MODULE: usize = 3;
/// White modules that a QR code needs on every side to be found.
pub const QR_QUIET: usize = 4;
/// Height of the bars, in dots.
pub const CODE128_HEIGHT: usize = 60;
/// Width of the narrowest bar, in dots.
pub const CODE128_MODULE: usize = 2;

/// Modules along one side of the QR code (Model 2, error correction M) for this text; `None` when it has no code.
#[must_use]
pub fn qr_modules(data: &str) -> Option<usize> {
    qr_code(data).map(|code| code.width())
}

/// The QR code with `module` dots a module, without its white border.
#[must_use]
pub fn qr(data: &str, module: usize) -> Option<Bitmap> {
    let code = qr_code(data)?;
    let width = code.width();
    let mut bitmap = Bitmap::new(width * module, width * module);
    for (index, color) in code.to_colors().into_iter().enumerate() {
        if color == Color::Dark {
            bitmap.fill(index % width * module, index / width * module, module, module);
        }
    }
    Some(bitmap)
}

/// The dots a module that make the code fit into `width` dots with its white border, at most [`QR_MODULE`].
#[must_use]
pub fn qr_module_for(modules: usize, width: usize) -> Option<usize> {
    let module = (width / (modules + 2 * QR_QUIET)).min(QR_MODULE);
    (module >= MIN_QR_MODULE).then_some(module)
}

fn qr_code(data: &str) -> Option<QrCode> {
    if data.is_empty() || data.len() > MAX_QR_BYTES {
        return None;
    }
    // One segment of bytes, as the printer's own encoder makes it: the sizes then agree.
    (1..=40).find_map(|version| {
        let mut bits = qrcode::bits::Bits::new(Version::Normal(version));
        bits.push_byte_data(data.as_bytes()).ok()?;
        bits.push_terminator(EcLevel::M).ok()?;
        QrCode::with_bits(bits, EcLevel::M).ok()
    })
}

/// Whether code set B has every character: printable ASCII.
#[must_use]
pub fn is_code128(data: &str) -> bool {
    !data.is_empty() && data.bytes().all(|byte| matches!(byte, 0x20..=0x7E))
}

/// The bars of a CODE128 (code set B), [`CODE128_HEIGHT`] high; `None` when the text has characters it lacks.
#[must_use]
pub fn code128(data: &str) -> Option<Bitmap> {
    if !is_code128(data) {
        return None;
    }
    let values: Vec<usize> =
        std::iter::once(START_B).chain(data.bytes().map(|byte| usize::from(byte - 0x20))).collect();
    let check = values.iter().enumerate().map(|(place, value)| place.max(1) * value).sum::<usize>() % 103;
    let widths: Vec<usize> = values
        .into_iter()
        .chain([check, STOP])
        .flat_map(|value| PATTERNS[value].bytes().map(|digit| usize::from(digit - b'0') * CODE128_MODULE))
        .collect();
    let mut bitmap = Bitmap::new(widths.iter().sum(), CODE128_HEIGHT);
    let mut x = 0;
    for (index, width) in widths.into_iter().enumerate() {
        if index % 2 == 0 {
            bitmap.fill(x, 0, width, CODE128_HEIGHT);
        }
        x += width;
    }
    Some(bitmap)
}

const START_B: usize = 104;
const STOP: usize = 106;

/// Widths of bars and spaces, a digit each, by value (ISO/IEC 15417, table 1).
const PATTERNS: [&str; 107] = [
    "212222", "222122", "222221", "121223", "121322", "131222", "122213", "122312", "132212", "221213", "221312",
    "231212", "112232", "122132", "122231", "113222", "123122", "123221", "223211", "221132", "221231", "213212",
    "223112", "312131", "311222", "321122", "321221", "312212", "322112", "322211", "212123", "212321", "232121",
    "111323", "131123", "131321", "112313", "132113", "132311", "211313", "231113", "231311", "112133", "112331",
    "132131", "113123", "113321", "133121", "313121", "211331", "231131", "213113", "213311", "213131", "311123",
    "311321", "331121", "312113", "312311", "332111", "314111", "221411", "431111", "111224", "111422", "121124",
    "121421", "141122", "141221", "112214", "112412", "122114", "122411", "142112", "142211", "241211", "221114",
    "413111", "241112", "134111", "111242", "121142", "121241", "114212", "124112", "124211", "411212", "421112",
    "421211", "212141", "214121", "412121", "111143", "111341", "131141", "114113", "114311", "411113", "411311",
    "113141", "114131", "311141", "411131", "211412", "211214", "211232", "2331112",
];

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_is_eleven_modules_and_different() {
        for (value, pattern) in PATTERNS.iter().enumerate() {
            let modules: u32 = pattern.bytes().map(|digit| u32::from(digit - b'0')).sum();
            assert_eq!(modules, if value == STOP { 13 } else { 11 }, "{value}");
        }
        let mut sorted = PATTERNS.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted.len(), PATTERNS.len());
    }

    #[test]
    fn what_no_printer_prints_is_refused() {
        assert_eq!(qr_modules(""), None);
        assert_eq!(qr_modules(&"x".repeat(MAX_QR_BYTES + 1)), None);
        assert_eq!(qr_modules("https://madkort.example/r/1"), Some(29));
        assert_eq!(qr_modules(&"x".repeat(MAX_QR_BYTES)), Some(69));
        assert_eq!(code128("æ"), None);
        assert_eq!(code128(""), None);
    }

    #[test]
    fn a_narrow_paper_gets_smaller_modules() {
        assert_eq!(qr_module_for(29, 576), Some(6));
        assert_eq!(qr_module_for(69, 384), Some(4));
        assert_eq!(qr_module_for(177, 384), None);
    }
}
