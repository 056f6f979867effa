//! Characters as dots: the bundled `JetBrains Mono` (SIL Open Font License 1.1, `assets/fonts/`) in 12 x 24 cells.
//!
//! Pure, but for a cache. Larger sizes are drawn from the outline, not doubled, so that a heading has round corners.
//!
//! **Invariant:** a character of a size always gives the same dots, and they fill exactly its cells.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use ab_glyph::{Font as _, FontRef, PxScale, point};

use crate::bitmap::Bitmap;
use crate::document::{Size, Style};

/// Width of a character cell of font A, in dots.
pub const CELL_WIDTH: usize = 12;
/// Height of a character cell of font A, in dots.
pub const CELL_HEIGHT: usize = 24;

/// The height, in dots, from ascender to descender that gives the font its advance of 12: 1320 of 600 units.
const SCALE: f32 = 26.4;
const SCALE_DOUBLE: f32 = 52.8;
/// The baseline, from the top of the cell: the ring of an `Å` touches the top, the tail of a `g` the bottom.
const BASELINE: f32 = 19.0;
const BASELINE_DOUBLE: f32 = 38.0;
/// A dot is burnt when the stroke covers this much of it. A little below half: heat spreads.
const BURNT: f32 = 0.46;

static REGULAR: &[u8] = include_bytes!("../assets/fonts/JetBrainsMono-Medium.ttf");
static BOLD: &[u8] = include_bytes!("../assets/fonts/JetBrainsMono-ExtraBold.ttf");

type Cache = HashMap<(char, bool, Size), Arc<Bitmap>>;

static CACHE: LazyLock<Mutex<Cache>> = LazyLock::new(Mutex::default);

/// The dots of a character: [`CELL_WIDTH`] x [`CELL_HEIGHT`], times its size. Unknown characters are a box.
#[must_use]
pub fn glyph(character: char, style: Style) -> Arc<Bitmap> {
    let mut cache = CACHE.lock().unwrap_or_else(PoisonError::into_inner);
    let key = (character, style.bold, style.size);
    Arc::clone(cache.entry(key).or_insert_with(|| Arc::new(draw(character, style.bold, style.size))))
}

/// Draws a text from `x` to the right, the top of its cells at `y`, and underlines it where the style says so.
pub fn draw_text(canvas: &mut Bitmap, text: &str, style: Style, x: usize, y: usize) {
    let width = CELL_WIDTH * style.size.width();
    let height = CELL_HEIGHT * style.size.height();
    for (index, character) in text.chars().enumerate() {
        canvas.draw(&glyph(character, style), x + index * width, y);
    }
    if style.underline {
        canvas.fill(x, y + height - 2, text.chars().count() * width, 2);
    }
}

fn draw(character: char, bold: bool, size: Size) -> Bitmap {
    let mut bitmap = Bitmap::new(CELL_WIDTH * size.width(), CELL_HEIGHT * size.height());
    let Ok(font) = FontRef::try_from_slice(if bold { BOLD } else { REGULAR }) else { return bitmap };
    let (scale, baseline) = match size {
        Size::Normal => (PxScale { x: SCALE, y: SCALE }, BASELINE),
        Size::Tall => (PxScale { x: SCALE, y: SCALE_DOUBLE }, BASELINE_DOUBLE),
        Size::Big => (PxScale { x: SCALE_DOUBLE, y: SCALE_DOUBLE }, BASELINE_DOUBLE),
    };
    let placed = font.glyph_id(character).with_scale_and_position(scale, point(0.0, baseline));
    if let Some(outline) = font.outline_glyph(placed) {
        let (left, top) = (whole(outline.px_bounds().min.x), whole(outline.px_bounds().min.y));
        outline.draw(|x, y, coverage| {
            if coverage >= BURNT
                && let (Some(x), Some(y)) = (x.checked_add_signed(left), y.checked_add_signed(top))
                && let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y))
            {
                bitmap.set(x, y);
            }
        });
    }
    bitmap
}

/// Pixel bounds are whole numbers within a cell or two; a float only carries them.
#[allow(clippy::cast_possible_truncation)]
fn whole(bound: f32) -> i32 {
    bound as i32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoder::COMMON;

    #[test]
    fn every_printable_character_has_ink_of_its_own() {
        let box_of_unknown = glyph('\u{E000}', Style::PLAIN);
        for character in ('!'..='~').chain(COMMON.iter().map(|(character, _)| *character)) {
            for style in [Style::PLAIN, Style::BOLD, Style::TOTAL, Style::BOLD.sized(Size::Big)] {
                let dots = glyph(character, style);
                assert!(dots.bits().iter().any(|byte| *byte != 0), "{character} has no ink");
                assert_ne!(dots, box_of_unknown, "{character} is not in the font");
            }
        }
        assert!(glyph(' ', Style::BOLD).bits().iter().all(|byte| *byte == 0));
    }

    #[test]
    fn lines_of_rules_join() {
        for character in ['─', '═'] {
            let dots = glyph(character, Style::PLAIN);
            let row = (0..CELL_HEIGHT).find(|y| dots.get(0, *y)).unwrap_or(0);
            assert!((0..CELL_WIDTH).all(|x| dots.get(x, row)), "{character}");
        }
    }
}
