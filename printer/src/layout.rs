//! A document on a printer's paper: every wrap, every column, every dot row decided.
//!
//! Pure. It happens once, and the three back-ends ([`crate::escpos`], [`crate::text`], [`crate::png`]) only write down
//! what it decided: they never wrap, pad or translate. So the paper, the preview and the text say the same.
//!
//! **Invariant:** no line is wider than [`Layout::columns`], all text is printable ([`crate::encoder`]), an amount is
//! printed whole, and a paper that prints anything ends with exactly one [`Op::Cut`].

use crate::bitmap::Bitmap;
use crate::document::{Align, Block, Cell, Document, Mark, Size, Style};
use crate::encoder::{self, printable};
use crate::profile::Profile;
use crate::symbol;

/// Below this a label is not read any more: it gets a line of its own, above its amounts.
const MIN_LABEL_COLUMNS: usize = 10;
/// Columns kept free between a label and the amount right of it.
const GAP: usize = 2;
/// The second and later lines of a wrapped label start here, so that the next label is told from them.
const HANGING_INDENT: usize = 2;

/// A paper, ready to be written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Character cells across.
    pub columns: usize,
    /// Dots across.
    pub dots: usize,
    /// Dots from one line to the next.
    pub line_dots: usize,
    /// From top to bottom.
    pub ops: Vec<Op>,
    /// How many characters no printer has; they became `?`.
    pub replaced: usize,
}

/// One step down the paper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// A line of text, perhaps empty.
    Line(Line),
    /// A QR code or bar code, centred.
    Symbol(Symbol),
    /// A picture, centred.
    Raster(Bitmap),
    /// The paper ends.
    Cut,
    /// A pulse to the drawer.
    Drawer,
}

/// A line: its runs fill it from the left edge on, padding included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// From left to right; the text is printable.
    pub spans: Vec<Span>,
}

/// A run of text of one look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Only ASCII 20 to 7E and [`encoder::COMMON`].
    pub text: String,
    /// Its look.
    pub style: Style,
}

/// A code with the dots that show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symbol {
    /// Which code.
    pub kind: SymbolKind,
    /// What it carries.
    pub data: String,
    /// As the preview draws it, and as the paper shows it where the printer cannot draw it.
    pub dots: Bitmap,
    /// Whether the printer draws it itself.
    pub native: bool,
}

/// Which code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SymbolKind {
    /// With its dots a module.
    Qr {
        /// 3 to 6.
        module: usize,
    },
    /// With its text below.
    Code128,
}

impl Line {
    /// Columns it takes.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.spans.iter().map(Span::columns).sum()
    }

    /// Cells it is high: 1, or 2 where a character is.
    #[must_use]
    pub fn height(&self) -> usize {
        self.spans.iter().map(|span| span.style.size.height()).max().unwrap_or(1)
    }

    /// Its text without padding at the end.
    #[must_use]
    pub fn text(&self) -> String {
        let text: String = self.spans.iter().map(|span| span.text.as_str()).collect();
        text.trim_end_matches(' ').to_owned()
    }

    fn push(&mut self, text: impl Into<String>, style: Style) {
        let text = text.into();
        if text.is_empty() {
            return;
        }
        match self.spans.last_mut() {
            Some(last) if last.style == style => last.text.push_str(&text),
            _ => self.spans.push(Span { text, style }),
        }
    }

    fn pad(&mut self, characters: usize, size: Size) {
        self.push(" ".repeat(characters), Style::PLAIN.sized(size));
    }
}

impl Span {
    fn columns(&self) -> usize {
        self.text.chars().count() * self.style.size.width()
    }
}

/// Lays a document out on the paper of a printer.
#[must_use]
pub fn layout(document: &Document, profile: &Profile) -> Layout {
    let mut page = Page {
        profile,
        layout: Layout {
            columns: profile.columns,
            dots: profile.dots,
            line_dots: profile.line_dots,
            ops: Vec::new(),
            replaced: 0,
        },
    };
    for block in &document.blocks {
        page.block(block);
    }
    page.end();
    page.layout
}

struct Page<'a> {
    profile: &'a Profile,
    layout: Layout,
}

impl Page<'_> {
    fn block(&mut self, block: &Block) {
        match block {
            Block::Heading { text, size } => {
                let text = self.printable(&text.replace('\n', " "));
                self.paragraph(&text, Style::BOLD.sized(*size), Align::Centre);
            }
            Block::Text { text, style, align } => {
                for line in text.split('\n') {
                    let line = self.printable(line);
                    self.paragraph(&line, *style, *align);
                }
            }
            Block::Row { cells, style } => self.row(cells, *style),
            Block::Rule => self.rule("─"),
            Block::DoubleRule => self.rule("═"),
            Block::Blank => self.layout.ops.push(Op::Line(Line::default())),
            Block::Qr { data } => self.qr(data),
            Block::Code128 { data } => self.code128(data),
            Block::Image { bitmap } => self.layout.ops.push(Op::Raster(bitmap.cropped(self.profile.dots))),
            Block::Mark { mark } => self.mark(*mark),
            Block::Cut => self.cut(),
            Block::Drawer => self.layout.ops.push(Op::Drawer),
        }
    }

    /// One cut ends a paper: not two in a row, and none when nothing was printed.
    fn cut(&mut self) {
        if self.layout.ops.iter().rev().find(|op| **op != Op::Drawer).is_some_and(|op| *op != Op::Cut) {
            self.layout.ops.push(Op::Cut);
        }
    }

    fn end(&mut self) {
        self.cut();
        if self.layout.replaced > 0 {
            tracing::warn!(characters = self.layout.replaced, "characters that no printer has were printed as ?");
        }
    }

    fn mark(&mut self, mark: Mark) {
        self.rule("═");
        self.paragraph(&mark.to_string(), Style::BOLD.sized(Size::Big), Align::Centre);
        if mark == Mark::Reprint {
            self.paragraph("Kan være en dublet", Style::BOLD, Align::Centre);
        }
        self.rule("═");
    }

    fn rule(&mut self, stroke: &str) {
        let mut line = Line::default();
        line.push(stroke.repeat(self.layout.columns), Style::PLAIN);
        self.line(line);
    }

    /// A paragraph of printable text. An empty one is an empty line.
    fn paragraph(&mut self, text: &str, style: Style, align: Align) {
        let size = if self.fits(text, style.size) { style.size } else { narrower(style.size) };
        let style = style.sized(size);
        let width = self.characters(size);
        let indent = text.chars().take_while(|character| *character == ' ').count();
        // A paragraph that starts indented hangs there; a centred one has no indent.
        let indent = if align == Align::Left && indent < width / 2 { indent } else { 0 };
        for words in wrap(text, width - indent) {
            let free = width - indent - words.chars().count();
            let mut line = Line::default();
            match align {
                Align::Left => line.pad(indent, Size::Normal),
                Align::Centre => line.pad((self.layout.columns - (width - free) * size.width()) / 2, Size::Normal),
                Align::Right => line.pad(self.layout.columns - (width - free) * size.width(), Size::Normal),
            }
            line.push(words, style);
            self.line(line);
        }
    }

    fn row(&mut self, cells: &[Cell], style: Style) {
        let cells: Vec<(Kind, String, usize)> = cells
            .iter()
            .map(|cell| match cell {
                Cell::Lead { text, columns } => (Kind::Lead, self.cell_text(text), usize::from(*columns)),
                Cell::Label { text } => (Kind::Label, self.cell_text(text), 0),
                Cell::Amount { text, columns } => (Kind::Amount, self.cell_text(text), usize::from(*columns)),
            })
            .collect();
        let fixed: usize = cells.iter().map(fixed_width).sum();
        let labelled = cells.iter().filter(|(kind, ..)| *kind == Kind::Label).count();
        let labels: usize =
            cells.iter().filter(|(kind, ..)| *kind == Kind::Label).map(|(_, text, _)| text.chars().count()).sum();
        // A row of big characters that does not fit on one line is printed smaller rather than wrapped.
        let fits = fixed + labels <= self.characters(style.size);
        let style = style.sized(if fits { style.size } else { narrower(style.size) });
        let width = self.characters(style.size);
        let needed = fixed + labels.clamp(labelled, MIN_LABEL_COLUMNS.max(labelled));
        if needed <= width {
            self.cells_abreast(&cells, width, fixed, style);
        } else {
            self.cells_stacked(&cells, width, style);
        }
    }

    /// All cells on one line; the label goes on below itself.
    fn cells_abreast(&mut self, cells: &[(Kind, String, usize)], width: usize, fixed: usize, style: Style) {
        let labels = cells.iter().filter(|(kind, ..)| *kind == Kind::Label).count();
        let label_width = (width - fixed) / labels.max(1);
        let mut columns: Vec<(Kind, Vec<String>, usize)> = cells
            .iter()
            .map(|cell| match cell.0 {
                Kind::Label => (Kind::Label, wrap_hanging(&cell.1, label_width), label_width),
                kind => (kind, vec![cell.1.clone()], fixed_width(cell)),
            })
            .collect();
        // Amounts stand at the right edge: a row without a label gets its space before the first of them.
        if labels == 0 {
            let first = columns.iter().position(|(kind, ..)| *kind == Kind::Amount).unwrap_or(columns.len());
            columns.insert(first, (Kind::Label, vec![], width - fixed));
        }
        let lines = columns.iter().map(|(_, lines, _)| lines.len()).max().unwrap_or(1);
        // The amounts stand beside the first line of their label, where the eye looks for them.
        for index in 0..lines {
            let mut line = Line::default();
            for (kind, texts, cell_width) in &columns {
                let text = texts.get(index).map_or("", String::as_str);
                let free = cell_width - text.chars().count();
                if *kind == Kind::Amount {
                    line.pad(free, style.size);
                    line.push(text, style);
                } else {
                    line.push(text, style);
                    line.pad(free, style.size);
                }
            }
            self.line(trimmed(line));
        }
    }

    /// Too narrow: the words first, then the amounts at the right edge, as many on a line as there is room for.
    fn cells_stacked(&mut self, cells: &[(Kind, String, usize)], width: usize, style: Style) {
        let words: Vec<&str> = cells
            .iter()
            .filter(|(kind, text, _)| *kind != Kind::Amount && !text.is_empty())
            .map(|(_, text, _)| text.as_str())
            .collect();
        for text in wrap_hanging(&words.join(" "), width) {
            let mut line = Line::default();
            line.push(text, style);
            self.line(line);
        }
        let amounts: Vec<_> =
            cells.iter().filter(|(kind, text, _)| *kind == Kind::Amount && !text.is_empty()).collect();
        // Under each other they align as long as there is room for their columns.
        let aligned = amounts.iter().map(|cell| fixed_width(cell)).sum::<usize>() <= width;
        let mut line = String::new();
        for cell in amounts {
            let gap = if line.is_empty() { 0 } else { GAP };
            let wide = if aligned { fixed_width(cell) } else { cell.1.chars().count() + gap };
            if !line.is_empty() && line.chars().count() + wide > width {
                self.amounts(&std::mem::take(&mut line), width, style);
            }
            let wide = if line.is_empty() { cell.1.chars().count() } else { wide };
            line.push_str(&" ".repeat(wide.saturating_sub(cell.1.chars().count())));
            line.push_str(&cell.1);
        }
        if !line.is_empty() {
            self.amounts(&line, width, style);
        }
    }

    /// Amounts at the right edge. One that is wider than the paper is nobody's amount, but not a digit of it is lost.
    fn amounts(&mut self, text: &str, width: usize, style: Style) {
        let characters: Vec<char> = text.chars().collect();
        for part in characters.chunks(width) {
            let mut line = Line::default();
            line.pad(width - part.len(), style.size);
            line.push(part.iter().collect::<String>(), style);
            self.line(line);
        }
    }

    fn qr(&mut self, data: &str) {
        let symbol = symbol::qr_modules(data)
            .and_then(|modules| symbol::qr_module_for(modules, self.profile.dots))
            .and_then(|module| Some((module, symbol::qr(data, module)?)));
        match symbol {
            Some((module, dots)) => self.symbol(SymbolKind::Qr { module }, data, dots, self.profile.native_qr),
            None => self.instead_of_a_code(data),
        }
    }

    fn code128(&mut self, data: &str) {
        // Ten modules of white on each side, or no scanner finds the ends.
        let room = self.profile.dots - 2 * 10 * symbol::CODE128_MODULE;
        match symbol::code128(data) {
            Some(dots) if dots.width() <= room => {
                self.symbol(SymbolKind::Code128, data, dots, self.profile.native_code128);
            }
            _ => self.instead_of_a_code(data),
        }
    }

    fn symbol(&mut self, kind: SymbolKind, data: &str, dots: Bitmap, native: bool) {
        // A printer adds no white around a code; without it no camera finds one. The same below: see `line`.
        let needs_white = match self.layout.ops.last() {
            Some(Op::Line(line)) => !line.spans.is_empty(),
            Some(Op::Symbol(_) | Op::Raster(_)) => true,
            _ => false,
        };
        if needs_white {
            self.layout.ops.push(Op::Line(Line::default()));
        }
        self.layout.ops.push(Op::Symbol(Symbol { kind, data: data.to_owned(), dots, native }));
    }

    /// What no code can carry is still said: a printer that is sent it as a code prints nothing.
    fn instead_of_a_code(&mut self, data: &str) {
        let text = self.printable(data);
        if !text.is_empty() {
            self.paragraph(&text, Style::PLAIN, Align::Left);
        }
    }

    fn line(&mut self, line: Line) {
        debug_assert!(line.columns() <= self.layout.columns, "a line is wider than the paper: {line:?}");
        if matches!(self.layout.ops.last(), Some(Op::Symbol(_))) && !line.spans.is_empty() {
            self.layout.ops.push(Op::Line(Line::default()));
        }
        self.layout.ops.push(Op::Line(line));
    }

    fn printable(&mut self, text: &str) -> String {
        let printable = printable(text);
        self.layout.replaced += printable.replaced;
        printable.text
    }

    fn cell_text(&mut self, text: &str) -> String {
        let text = self.printable(&text.replace(['\n', '\t'], " "));
        text.trim().to_owned()
    }

    /// Characters of this size that fit across.
    fn characters(&self, size: Size) -> usize {
        self.layout.columns / size.width()
    }

    /// Whether every word fits on a line at this size.
    fn fits(&self, text: &str, size: Size) -> bool {
        text.split(' ').all(|word| word.chars().count() <= self.characters(size))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Lead,
    Label,
    Amount,
}

/// Columns, in characters of the row, that a cell takes whatever the label needs.
fn fixed_width((kind, text, columns): &(Kind, String, usize)) -> usize {
    let characters = text.chars().count();
    match kind {
        Kind::Label => 0,
        Kind::Lead if characters == 0 && *columns == 0 => 0,
        Kind::Lead => (*columns).max(characters + 1),
        Kind::Amount => (*columns).max(characters + GAP),
    }
}

fn narrower(size: Size) -> Size {
    if size == Size::Big { Size::Tall } else { size }
}

/// Padding at the end of a line is not printed: it would only take time.
fn trimmed(mut line: Line) -> Line {
    while let Some(last) = line.spans.last_mut() {
        last.text.truncate(last.text.trim_end_matches(' ').len());
        if !last.text.is_empty() {
            break;
        }
        line.spans.pop();
    }
    line
}

/// [`wrap`] where every line but the first starts [`HANGING_INDENT`] further in, if that leaves room to read.
fn wrap_hanging(text: &str, width: usize) -> Vec<String> {
    let mut lines = wrap(text, width);
    if lines.len() < 2 || width < 2 * MIN_LABEL_COLUMNS {
        return lines;
    }
    let rest = text.trim_start().strip_prefix(lines[0].as_str()).unwrap_or_default().trim_start().to_owned();
    lines.truncate(1);
    lines.extend(wrap(&rest, width - HANGING_INDENT).into_iter().map(|line| " ".repeat(HANGING_INDENT) + &line));
    lines
}

/// Breaks text into lines of at most `width` characters: at spaces, and inside a word only if it is longer than a
/// line. At least one line, perhaps empty. Spaces around a break are not kept; runs of them within a line are.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = Vec::new();
    let mut rest: Vec<char> = text.trim_matches(' ').chars().collect();
    while rest.len() > width {
        let at_space = (1..=width).rev().find(|at| rest[*at] == ' ');
        let (end, next) = at_space.map_or((width, width), |at| (at, at + 1));
        lines.push(rest[..end].iter().collect::<String>().trim_end_matches(' ').to_owned());
        rest = rest[next..].iter().copied().skip_while(|character| *character == ' ').collect();
    }
    lines.push(rest.iter().collect());
    lines
}

/// Bytes of a printable text: one a column.
pub(crate) fn span_bytes(span: &Span) -> Vec<u8> {
    encoder::bytes(&span.text)
}

#[cfg(test)]
mod tests;
