//! A layout as plain text: what a terminal, a log or a mail shows.
//!
//! Pure. Codes stand as `[QR: …]` and `[CODE128: …]`, pictures as `[picture WxH]`, a cut as an empty line; so the text
//! says everything the paper says.
//!
//! **Invariant:** every line of the layout is one line here, with the same characters.

use std::fmt::Write as _;

use crate::layout::{Layout, Op, Symbol, SymbolKind};

/// The words of the paper, each line ended by `\n`.
#[must_use]
pub fn render(layout: &Layout) -> String {
    let mut out = String::new();
    let mut ops = layout.ops.iter().peekable();
    while let Some(op) = ops.next() {
        // Writing to a string cannot fail.
        let _ = match op {
            Op::Line(line) => writeln!(out, "{}", line.text()),
            Op::Symbol(Symbol { kind: SymbolKind::Qr { .. }, data, .. }) => writeln!(out, "[QR: {data}]"),
            Op::Symbol(Symbol { kind: SymbolKind::Code128, data, .. }) => writeln!(out, "[CODE128: {data}]"),
            Op::Raster(bitmap) => writeln!(out, "[picture {}x{}]", bitmap.width(), bitmap.height()),
            // Between two papers; after the last there is nothing to set it apart from.
            Op::Cut if ops.peek().is_some() => writeln!(out),
            Op::Cut | Op::Drawer => Ok(()),
        };
    }
    out
}
