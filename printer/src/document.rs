//! What a paper says, before anybody knows which printer it goes to.
//!
//! Pure. A [`Document`] is a list of [`Block`]s; amounts and dates arrive as finished strings, so this crate knows
//! nothing of money or of clocks. It serialises to JSON, which is what a spool keeps: the same document can be laid
//! out again for another printer.
//!
//! **Invariant:** a document holds no widths, bytes or printer commands. Everything a person typed stays text until
//! [`crate::encoder`] has made it harmless.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::bitmap::Bitmap;

/// How large a character is, in character cells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Size {
    /// One cell, 12 x 24 dots.
    #[default]
    Normal,
    /// One cell wide, two high.
    Tall,
    /// Two cells wide, two high.
    Big,
}

impl Size {
    /// Columns that one character takes.
    pub fn width(self) -> usize {
        match self {
            Self::Normal | Self::Tall => 1,
            Self::Big => 2,
        }
    }

    /// Rows that one character takes.
    pub fn height(self) -> usize {
        match self {
            Self::Normal => 1,
            Self::Tall | Self::Big => 2,
        }
    }
}

/// The look of a run of text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Style {
    /// Heavier strokes.
    pub bold: bool,
    /// A line under the words (never under the padding between cells).
    pub underline: bool,
    /// Character size.
    pub size: Size,
}

impl Style {
    /// Normal weight and size.
    pub const PLAIN: Self = Self { bold: false, underline: false, size: Size::Normal };
    /// Bold at normal size.
    pub const BOLD: Self = Self { bold: true, underline: false, size: Size::Normal };
    /// Bold and as large as fits on the line: totals and balances.
    pub const TOTAL: Self = Self { bold: true, underline: false, size: Size::Big };

    /// The same style at another size.
    #[must_use]
    pub fn sized(self, size: Size) -> Self {
        Self { size, ..self }
    }
}

/// Where a text stands across the paper.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Align {
    /// Against the left edge.
    #[default]
    Left,
    /// In the middle.
    Centre,
    /// Against the right edge.
    Right,
}

/// One cell of a [`Block::Row`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "cell", rename_all = "snake_case")]
pub enum Cell {
    /// A left-aligned cell at least `columns` wide: a date, a count. It never wraps; a longer text makes it wider.
    Lead {
        /// What it says.
        text: String,
        /// Least width in columns, its gap to the next cell included.
        columns: u8,
    },
    /// The words. They take what is left over and wrap.
    Label {
        /// What it says.
        text: String,
    },
    /// A right-aligned cell at least `columns` wide. It is never wrapped and never cut.
    Amount {
        /// The finished amount, such as `22,00 kr.`.
        text: String,
        /// Least width in columns; amounts under each other align when it is the same.
        columns: u8,
    },
}

impl Cell {
    /// A [`Cell::Lead`].
    pub fn lead(text: impl Into<String>, columns: u8) -> Self {
        Self::Lead { text: text.into(), columns }
    }

    /// A [`Cell::Label`].
    pub fn label(text: impl Into<String>) -> Self {
        Self::Label { text: text.into() }
    }

    /// A [`Cell::Amount`].
    pub fn amount(text: impl Into<String>, columns: u8) -> Self {
        Self::Amount { text: text.into(), columns }
    }
}

/// What sets a paper apart from the first, undisturbed print of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// A copy, with its number: the second paper is copy 2.
    Copy(u32),
    /// Printed again by itself because the first print is in doubt; it may be a duplicate.
    Reprint,
    /// The paper above was cut off in the middle and is not valid.
    Interrupted,
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Copy(number) => write!(f, "KOPI {number}"),
            Self::Reprint => f.write_str("GENUDSKRIFT"),
            Self::Interrupted => f.write_str("AFBRUDT"),
        }
    }
}

/// One part of a paper.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "block", rename_all = "snake_case")]
pub enum Block {
    /// A centred, bold title.
    Heading {
        /// What it says.
        text: String,
        /// How large.
        size: Size,
    },
    /// A paragraph, wrapped at words. `\n` starts a new line.
    Text {
        /// What it says.
        text: String,
        /// How it looks.
        style: Style,
        /// Where it stands.
        align: Align,
    },
    /// Cells beside each other. [`Size::Big`] becomes [`Size::Tall`] where the row would not fit on one line.
    Row {
        /// From left to right.
        cells: Vec<Cell>,
        /// How all of them look.
        style: Style,
    },
    /// A thin line across the paper.
    Rule,
    /// A double line across the paper, above a total.
    DoubleRule,
    /// An empty line.
    Blank,
    /// A QR code, Model 2, error correction M, 6 dots a module (fewer where the paper is too narrow).
    Qr {
        /// 1 to [`crate::symbol::MAX_QR_BYTES`] bytes; anything else is printed as text.
        data: String,
    },
    /// A CODE128 bar code (code set B) with its text below.
    Code128 {
        /// Printable ASCII that fits across the paper; anything else is printed as text.
        data: String,
    },
    /// A centred black-and-white picture, cut at the right where it is wider than the paper.
    Image {
        /// One bit a dot.
        bitmap: Bitmap,
    },
    /// A large mark between double lines.
    Mark {
        /// Which.
        mark: Mark,
    },
    /// The end of a piece of paper. One is added at the end of every document that prints something.
    Cut,
    /// A pulse that opens the cash drawer. Send it as a document of its own: see [`Document::open_drawer`].
    Drawer,
}

/// A whole paper.
///
/// ```
/// use receipt_printer::document::{Document, Size};
///
/// let receipt = Document::new()
///     .heading("Rugmarkens Skole", Size::Big)
///     .rule()
///     .row("Indbetaling", "100,00 kr.")
///     .total("Ny saldo", "178,00 kr.");
/// assert_eq!(receipt.blocks.len(), 4);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// From top to bottom.
    pub blocks: Vec<Block>,
}

impl Document {
    /// An empty paper.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A pulse to the cash drawer and nothing else: it is its own job, so that it is never repeated with a paper.
    #[must_use]
    pub fn open_drawer() -> Self {
        Self { blocks: vec![Block::Drawer] }
    }

    /// Adds any block.
    #[must_use]
    pub fn block(mut self, block: Block) -> Self {
        self.blocks.push(block);
        self
    }

    /// Adds a centred, bold title.
    #[must_use]
    pub fn heading(self, text: impl Into<String>, size: Size) -> Self {
        self.block(Block::Heading { text: text.into(), size })
    }

    /// Adds a paragraph.
    #[must_use]
    pub fn text(self, text: impl Into<String>, style: Style, align: Align) -> Self {
        self.block(Block::Text { text: text.into(), style, align })
    }

    /// Adds a plain paragraph from the left edge.
    #[must_use]
    pub fn line(self, text: impl Into<String>) -> Self {
        self.text(text, Style::PLAIN, Align::Left)
    }

    /// Adds a plain paragraph in the middle.
    #[must_use]
    pub fn centred(self, text: impl Into<String>) -> Self {
        self.text(text, Style::PLAIN, Align::Centre)
    }

    /// Adds a label at the left with its amount at the right.
    #[must_use]
    pub fn row(self, label: impl Into<String>, amount: impl Into<String>) -> Self {
        self.cells(vec![Cell::label(label), Cell::amount(amount, 0)], Style::PLAIN)
    }

    /// Adds a row in large, bold characters: the sum, the new balance.
    #[must_use]
    pub fn total(self, label: impl Into<String>, amount: impl Into<String>) -> Self {
        self.cells(vec![Cell::label(label), Cell::amount(amount, 0)], Style::TOTAL)
    }

    /// Adds a row of any cells.
    #[must_use]
    pub fn cells(self, cells: Vec<Cell>, style: Style) -> Self {
        self.block(Block::Row { cells, style })
    }

    /// Adds a thin line across the paper.
    #[must_use]
    pub fn rule(self) -> Self {
        self.block(Block::Rule)
    }

    /// Adds a double line across the paper.
    #[must_use]
    pub fn double_rule(self) -> Self {
        self.block(Block::DoubleRule)
    }

    /// Adds an empty line.
    #[must_use]
    pub fn blank(self) -> Self {
        self.block(Block::Blank)
    }

    /// Adds a QR code.
    #[must_use]
    pub fn qr(self, data: impl Into<String>) -> Self {
        self.block(Block::Qr { data: data.into() })
    }

    /// Adds a CODE128 bar code.
    #[must_use]
    pub fn code128(self, data: impl Into<String>) -> Self {
        self.block(Block::Code128 { data: data.into() })
    }

    /// Adds a picture.
    #[must_use]
    pub fn image(self, bitmap: Bitmap) -> Self {
        self.block(Block::Image { bitmap })
    }

    /// Adds a mark here.
    #[must_use]
    pub fn mark(self, mark: Mark) -> Self {
        self.block(Block::Mark { mark })
    }

    /// The same paper with `mark` at its head: what a copy or a reprint is made of.
    #[must_use]
    pub fn marked(mut self, mark: Mark) -> Self {
        self.blocks.insert(0, Block::Mark { mark });
        self
    }

    /// Ends this piece of paper; what follows is on the next one.
    #[must_use]
    pub fn cut(self) -> Self {
        self.block(Block::Cut)
    }

    /// Adds a pulse to the cash drawer.
    #[must_use]
    pub fn drawer(self) -> Self {
        self.block(Block::Drawer)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn survives_the_spool() {
        let logo = Bitmap::from_rows(8, &[&[0b1010_1010], &[0xFF]]).unwrap();
        let document = Document::new()
            .heading("Rugmarkens Skole", Size::Big)
            .image(logo)
            .cells(vec![Cell::lead("02.11", 6), Cell::label("Frokost"), Cell::amount("-22,00", 9)], Style::BOLD)
            .qr("https://madkort.example/r/1")
            .marked(Mark::Copy(2));
        let json = serde_json::to_string(&document).unwrap();
        assert_eq!(serde_json::from_str::<Document>(&json).unwrap(), document);
    }

    #[test]
    fn a_copy_is_marked_at_its_head() {
        let copy = Document::new().line("x").marked(Mark::Copy(2));
        assert_eq!(copy.blocks[0], Block::Mark { mark: Mark::Copy(2) });
        assert_eq!(Mark::Copy(2).to_string(), "KOPI 2");
    }
}
