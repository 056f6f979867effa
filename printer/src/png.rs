//! A layout as a picture of the paper, one pixel a dot.
//!
//! Pure. [`canvas`] is what the print head burns, as wide as it can print; [`paper`] sets it in the middle of the roll,
//! as a person sees it. The same canvas is the way out for a printer whose characters are hopeless: a document with
//! [`Document::image`](crate::Document::image) of it.
//!
//! **Invariant:** characters stand where the layout put them; nothing is wrapped, scaled or smoothed here.

use crate::bitmap::Bitmap;
use crate::document::Style;
use crate::glyph::{CELL_HEIGHT, CELL_WIDTH, draw_text};
use crate::layout::{Layout, Line, Op, Symbol, SymbolKind};
use crate::profile::Profile;

/// White above the first line and below the last, in dots: about the 5 mm that a cutter leaves.
pub const MARGIN: usize = 40;

/// A picture could not be written down. Memory takes every write, so this is damage inside the encoder.
#[derive(Debug, thiserror::Error)]
#[error("a picture could not be encoded as PNG")]
pub struct PngError(#[from] ::png::EncodingError);

/// The dots the print head burns, from the first line to the last.
#[must_use]
pub fn canvas(layout: &Layout) -> Bitmap {
    let end = layout.ops.iter().rposition(|op| !matches!(op, Op::Cut | Op::Drawer)).map_or(0, |last| last + 1);
    let ops = &layout.ops[..end];
    let mut canvas = Bitmap::new(layout.dots, ops.iter().map(|op| height(op, layout)).sum());
    let mut y = 0;
    for op in ops {
        match op {
            Op::Line(line) => draw_line(&mut canvas, line, y),
            Op::Symbol(symbol) => draw_symbol(&mut canvas, symbol, y),
            Op::Raster(bitmap) => canvas.draw(bitmap, middle(layout.dots, bitmap.width()), y),
            Op::Cut => dashes(&mut canvas, y + MARGIN),
            Op::Drawer => {}
        }
        y += height(op, layout);
    }
    canvas
}

/// The paper as a PNG, one bit a pixel.
pub fn paper(layout: &Layout, profile: &Profile) -> Result<Vec<u8>, PngError> {
    encode(&on_paper(&canvas(layout), profile))
}

/// Sets the printed dots in the middle of the roll, with [`MARGIN`] above and below.
#[must_use]
pub fn on_paper(canvas: &Bitmap, profile: &Profile) -> Bitmap {
    let width = profile.paper_dots().max(canvas.width());
    let mut paper = Bitmap::new(width, canvas.height() + 2 * MARGIN);
    paper.draw(canvas, middle(width, canvas.width()), MARGIN);
    paper
}

/// A bitmap as a black-and-white PNG.
pub fn encode(bitmap: &Bitmap) -> Result<Vec<u8>, PngError> {
    let mut out = Vec::new();
    // A size beyond 32 bits is beyond any bitmap; the encoder refuses zero.
    let size = |dots: usize| u32::try_from(dots).unwrap_or(u32::MAX);
    let mut encoder = ::png::Encoder::new(&mut out, size(bitmap.width()), size(bitmap.height()));
    encoder.set_color(::png::ColorType::Grayscale);
    encoder.set_depth(::png::BitDepth::One);
    let mut writer = encoder.write_header()?;
    let white_is_one: Vec<u8> = bitmap.bits().iter().map(|byte| !byte).collect();
    writer.write_image_data(&white_is_one)?;
    writer.finish()?;
    Ok(out)
}

fn height(op: &Op, layout: &Layout) -> usize {
    match op {
        Op::Line(line) => layout.line_dots.max(line.height() * CELL_HEIGHT),
        Op::Symbol(Symbol { kind: SymbolKind::Qr { .. }, dots, .. }) => dots.height(),
        Op::Symbol(Symbol { kind: SymbolKind::Code128, dots, .. }) => dots.height() + layout.line_dots,
        Op::Raster(bitmap) => bitmap.height(),
        Op::Cut => 2 * MARGIN,
        Op::Drawer => 0,
    }
}

fn draw_line(canvas: &mut Bitmap, line: &Line, y: usize) {
    let mut x = 0;
    for span in &line.spans {
        // Small characters stand on the line of the large ones beside them.
        let down = (line.height() - span.style.size.height()) * CELL_HEIGHT;
        draw_text(canvas, &span.text, span.style, x, y + down);
        x += span.text.chars().count() * span.style.size.width() * CELL_WIDTH;
    }
}

fn draw_symbol(canvas: &mut Bitmap, symbol: &Symbol, y: usize) {
    let x = middle(canvas.width(), symbol.dots.width());
    match symbol.kind {
        SymbolKind::Qr { .. } => canvas.draw(&symbol.dots, x, y),
        SymbolKind::Code128 => {
            canvas.draw(&symbol.dots, x, y);
            let text_x = middle(canvas.width(), symbol.data.chars().count() * CELL_WIDTH);
            draw_text(canvas, &symbol.data, Style::PLAIN, text_x, y + symbol.dots.height() + 3);
        }
    }
}

fn dashes(canvas: &mut Bitmap, y: usize) {
    for x in (0..canvas.width()).step_by(24) {
        canvas.fill(x, y, 12, 1);
    }
}

fn middle(outer: usize, inner: usize) -> usize {
    outer.saturating_sub(inner) / 2
}
