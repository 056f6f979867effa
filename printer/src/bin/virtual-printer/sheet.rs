//! The paper between the print head and the blade: what the commands have drawn on it so far.
//!
//! Pure. It draws as a print head does, a line at a time, with the characters of the shared glyphs and nothing else of
//! the library's layout.
//!
//! **Invariant:** the picture and the words grow only when paper moves; what is in the line buffer is on neither.

use qrcode::{Color, EcLevel, QrCode};
use receipt_printer::bitmap::Bitmap;
use receipt_printer::document::{Size, Style};
use receipt_printer::glyph::{CELL_HEIGHT, CELL_WIDTH, draw_text, glyph};
use receipt_printer::profile::Profile;
use receipt_printer::symbol;

use crate::codepage;
use crate::interpreter::Command;

/// What is set until the next `ESC @`.
#[derive(Clone, Copy, Debug)]
struct Settings {
    page: u8,
    bold: bool,
    underline: bool,
    wide: usize,
    high: usize,
    align: u8,
    line_dots: usize,
    qr_module: usize,
    qr_correction: u8,
    qr_model: u8,
    bar_height: usize,
    bar_text: u8,
}

/// A character waiting in the line buffer.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    character: char,
    bold: bool,
    underline: bool,
    wide: usize,
    high: usize,
}

/// The paper so far.
#[derive(Debug)]
pub struct Sheet {
    profile: Profile,
    settings: Settings,
    line: Vec<Waiting>,
    qr_data: Vec<u8>,
    canvas: Bitmap,
    words: Vec<String>,
    /// Width and height of the picture that the last band belongs to.
    picture: Option<(usize, usize)>,
    /// What the codes on it carry.
    codes: Vec<String>,
    /// Commands it did not understand, in hexadecimal.
    unknown: Vec<String>,
}

/// A paper that is cut off.
#[derive(Debug)]
pub struct Paper {
    /// What is burnt into it.
    pub canvas: Bitmap,
    /// Its lines.
    pub text: String,
    /// What its codes carry.
    pub codes: Vec<String>,
    /// Commands that were not understood on the way.
    pub unknown: Vec<String>,
}

impl Sheet {
    /// White paper in a printer that was just switched on.
    pub fn new(profile: &Profile) -> Self {
        Self {
            settings: defaults(profile),
            line: Vec::new(),
            qr_data: Vec::new(),
            canvas: Bitmap::new(profile.dots, 0),
            words: Vec::new(),
            picture: None,
            codes: Vec::new(),
            unknown: Vec::new(),
            profile: profile.clone(),
        }
    }

    /// How far a command will move the paper, in dots.
    pub fn advance(&self, command: &Command) -> usize {
        match command {
            Command::LineFeed => self.line_height(),
            Command::Character(_) if self.is_line_full() => self.line_height(),
            Command::FeedLines(lines) => self.line_height() + lines.saturating_sub(1) * self.settings.line_dots,
            Command::FeedDots(dots) => self.line_height().max(*dots),
            Command::Raster { stride, rows } => rows.len() / stride.max(&1),
            Command::QrPrint => self.qr().map_or(0, |code| code.height()),
            Command::Barcode { data, .. } => {
                self.bars(data).map_or(0, |(bars, _)| bars.height() + self.settings.line_dots)
            }
            _ => 0,
        }
    }

    /// Carries out what a command does to the paper and to the settings.
    pub fn obey(&mut self, command: &Command) {
        match command {
            Command::Character(byte) => self.character(*byte),
            Command::LineFeed => self.feed_line(),
            Command::FeedLines(lines) => (0..(*lines).max(1)).for_each(|_| self.feed_line()),
            Command::FeedDots(dots) => {
                let spacing = std::mem::replace(&mut self.settings.line_dots, *dots);
                self.feed_line();
                self.settings.line_dots = spacing;
            }
            Command::Initialise => {
                self.settings = defaults(&self.profile);
                self.line.clear();
                self.qr_data.clear();
            }
            Command::CodePage(page) => self.settings.page = *page,
            Command::Bold(on) => self.settings.bold = *on,
            Command::Underline(on) => self.settings.underline = *on,
            Command::Size(wide, high) => (self.settings.wide, self.settings.high) = (*wide, *high),
            // Taken at the start of a line only.
            Command::Align(align) if self.line.is_empty() => self.settings.align = *align,
            Command::LineSpacing(dots) => self.settings.line_dots = dots.unwrap_or(self.profile.line_dots),
            Command::Raster { stride, rows } => self.raster(*stride, rows),
            Command::QrModel(model) => self.settings.qr_model = *model,
            Command::QrModule(module) => self.settings.qr_module = *module,
            Command::QrCorrection(level) => self.settings.qr_correction = *level,
            Command::QrStore(data) => self.qr_data.clone_from(data),
            Command::QrPrint => self.print_qr(),
            Command::BarHeight(dots) => self.settings.bar_height = *dots,
            Command::BarText(place) => self.settings.bar_text = *place,
            Command::Barcode { data, .. } => self.print_bars(data),
            Command::Unknown(bytes) => {
                self.unknown.push(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" "));
            }
            _ => {}
        }
    }

    /// Whether anything is on it.
    pub fn is_blank(&self) -> bool {
        self.words.is_empty() && self.canvas.height() == 0
    }

    /// What can be seen of it now.
    pub fn canvas(&self) -> &Bitmap {
        &self.canvas
    }

    /// Cuts it off; the settings stay.
    pub fn cut(&mut self) -> Paper {
        self.picture = None;
        Paper {
            canvas: std::mem::replace(&mut self.canvas, Bitmap::new(self.profile.dots, 0)),
            text: std::mem::take(&mut self.words).into_iter().map(|line| line + "\n").collect(),
            codes: std::mem::take(&mut self.codes),
            unknown: std::mem::take(&mut self.unknown),
        }
    }

    fn character(&mut self, byte: u8) {
        if self.is_line_full() {
            self.feed_line();
        }
        let Settings { page, bold, underline, wide, high, .. } = self.settings;
        let character = codepage::character(byte, page, self.profile.pages);
        self.line.push(Waiting { character, bold, underline, wide, high });
    }

    fn is_line_full(&self) -> bool {
        self.line_width() + self.settings.wide * CELL_WIDTH > self.profile.dots
    }

    fn line_width(&self) -> usize {
        self.line.iter().map(|waiting| waiting.wide * CELL_WIDTH).sum()
    }

    fn line_height(&self) -> usize {
        let tallest = self.line.iter().map(|waiting| waiting.high * CELL_HEIGHT).max().unwrap_or(0);
        tallest.max(self.settings.line_dots)
    }

    fn feed_line(&mut self) {
        self.picture = None;
        let line = std::mem::take(&mut self.line);
        let tallest = line.iter().map(|waiting| waiting.high).max().unwrap_or(1);
        let width: usize = line.iter().map(|waiting| waiting.wide * CELL_WIDTH).sum();
        let y = self.move_paper((tallest * CELL_HEIGHT).max(self.settings.line_dots));
        let mut x = self.left(width);
        for waiting in &line {
            let down = (tallest - waiting.high) * CELL_HEIGHT;
            self.burn(waiting, x, y + down);
            x += waiting.wide * CELL_WIDTH;
        }
        let indent = self.left(width) / CELL_WIDTH;
        let text: String = line.iter().map(|waiting| waiting.character).collect();
        self.words.push((" ".repeat(indent) + &text).trim_end().to_owned());
    }

    fn burn(&mut self, waiting: &Waiting, x: usize, y: usize) {
        let style = Style { bold: waiting.bold, underline: false, size: Size::Normal };
        let size = match (waiting.wide, waiting.high) {
            (1, 1) => Some(Size::Normal),
            (1, 2) => Some(Size::Tall),
            (2, 2) => Some(Size::Big),
            _ => None,
        };
        if let Some(size) = size {
            self.canvas.draw(&glyph(waiting.character, style.sized(size)), x, y);
        } else {
            // Nobody sends such sizes; they are doubled dot by dot, as a printer does.
            let dots = glyph(waiting.character, style);
            for (row, column) in (0..CELL_HEIGHT).flat_map(|row| (0..CELL_WIDTH).map(move |column| (row, column))) {
                if dots.get(column, row) {
                    let (wide, high) = (waiting.wide, waiting.high);
                    self.canvas.fill(x + column * wide, y + row * high, wide, high);
                }
            }
        }
        if waiting.underline {
            self.canvas.fill(x, y + waiting.high * CELL_HEIGHT - 2, waiting.wide * CELL_WIDTH, 2);
        }
    }

    fn raster(&mut self, stride: usize, rows: &[u8]) {
        let width = stride * 8;
        let height = rows.len() / stride.max(1);
        // Dots beyond the head are not burnt.
        let Ok(picture) = Bitmap::from_bits(width, height, rows.to_vec()) else { return };
        let x = self.left(width);
        let y = self.move_paper(height);
        self.canvas.draw(&picture, x, y);
        // The bands of one picture are one picture.
        match self.words.last_mut().zip(self.picture) {
            Some((word, (before, rows))) if before == width => {
                self.picture = Some((width, rows + height));
                *word = format!("[picture {width}x{}]", rows + height);
            }
            _ => {
                self.picture = Some((width, height));
                self.words.push(format!("[picture {width}x{height}]"));
            }
        }
    }

    /// Nothing is printed when the data has no code at this level, as on a real printer.
    fn qr(&self) -> Option<Bitmap> {
        if self.qr_data.is_empty() || self.settings.qr_model != b'2' {
            return None;
        }
        let level = match self.settings.qr_correction {
            0x31 => EcLevel::M,
            0x32 => EcLevel::Q,
            0x33 => EcLevel::H,
            _ => EcLevel::L,
        };
        let code = QrCode::with_error_correction_level(&self.qr_data, level).ok()?;
        let module = self.settings.qr_module;
        let side = code.width() * module;
        if side > self.profile.dots {
            return None;
        }
        let mut dots = Bitmap::new(side, side);
        for y in 0..code.width() {
            for x in 0..code.width() {
                if code[(x, y)] == Color::Dark {
                    dots.fill(x * module, y * module, module, module);
                }
            }
        }
        Some(dots)
    }

    fn print_qr(&mut self) {
        let Some(code) = self.qr() else { return };
        let x = self.left(code.width());
        let y = self.move_paper(code.height());
        self.canvas.draw(&code, x, y);
        self.code("QR", String::from_utf8_lossy(&self.qr_data).into_owned());
    }

    /// The bars and the text of a CODE128 in code set B.
    fn bars(&self, data: &[u8]) -> Option<(Bitmap, String)> {
        let text = String::from_utf8(data.strip_prefix(b"{B")?.to_vec()).ok()?;
        let full = symbol::code128(&text)?;
        let mut bars = Bitmap::new(full.width(), self.settings.bar_height);
        for x in (0..full.width()).filter(|x| full.get(*x, 0)) {
            bars.fill(x, 0, 1, self.settings.bar_height);
        }
        (bars.width() <= self.profile.dots).then_some((bars, text))
    }

    fn print_bars(&mut self, data: &[u8]) {
        let Some((bars, text)) = self.bars(data) else { return };
        let x = self.left(bars.width());
        let y = self.move_paper(bars.height() + self.settings.line_dots);
        self.canvas.draw(&bars, x, y);
        if self.settings.bar_text & 2 != 0 {
            let x = self.left(text.len() * CELL_WIDTH);
            draw_text(&mut self.canvas, &text, Style::PLAIN, x, y + bars.height() + 3);
        }
        self.code("CODE128", text);
    }

    fn code(&mut self, kind: &str, data: String) {
        self.picture = None;
        self.words.push(format!("[{kind}: {data}]"));
        self.codes.push(data);
    }

    /// Moves the paper and says where its upper part was.
    fn move_paper(&mut self, dots: usize) -> usize {
        let y = self.canvas.height();
        self.canvas.resize_height(y + dots);
        y
    }

    /// Where something of this width begins.
    fn left(&self, width: usize) -> usize {
        let free = self.profile.dots.saturating_sub(width);
        match self.settings.align {
            1 => free / 2,
            2 => free,
            _ => 0,
        }
    }
}

fn defaults(profile: &Profile) -> Settings {
    Settings {
        page: 0,
        bold: false,
        underline: false,
        wide: 1,
        high: 1,
        align: 0,
        line_dots: profile.line_dots,
        qr_module: 3,
        qr_correction: 0x30,
        qr_model: b'1',
        bar_height: 162,
        bar_text: 0,
    }
}
