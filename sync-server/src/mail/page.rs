//! Text and rules on A4, as a PDF (ISO 32000-1) that any reader shows: the two faces of Helvetica that each of them has, in the
//! Western encoding.
//!
//! Pure. **Invariant:** what is not in that encoding is shown as `?`, never as something else; no stream is compressed and nothing in
//! the file is random, so the same sheets are the same bytes.

use pdf_writer::{Content, Finish, Name, Pdf, Rect, Ref, Str, TextStr};

/// Points across an A4 sheet.
pub const WIDTH: u16 = 595;
/// Points down it; a sheet is measured from its bottom.
pub const HEIGHT: u16 = 842;
/// Upright.
pub const PLAIN: Face = Face::Plain;
/// Heavy.
pub const BOLD: Face = Face::Bold;

/// One of two faces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    /// Helvetica.
    Plain,
    /// Helvetica-Bold.
    Bold,
}

impl Face {
    const fn name(self) -> Name<'static> {
        match self {
            Self::Plain => Name(b"F1"),
            Self::Bold => Name(b"F2"),
        }
    }
}

/// What is drawn on one page.
#[derive(Debug, Default)]
pub struct Sheet(Vec<Mark>);

#[derive(Debug)]
enum Mark {
    /// Thousandths of a point across, points up.
    Text {
        x: u32,
        y: u16,
        face: Face,
        size: u16,
        text: Vec<u8>,
    },
    Rule {
        from: u16,
        y: u16,
        to: u16,
    },
}

impl Sheet {
    /// A line of text that begins there.
    pub fn text(&mut self, x: u16, y: u16, face: Face, size: u16, text: &str) {
        self.0.push(Mark::Text { x: u32::from(x) * 1000, y, face, size, text: encoded(text) });
    }

    /// A line of text that ends there.
    pub fn flush_right(&mut self, x: u16, y: u16, face: Face, size: u16, text: &str) {
        let x = (u32::from(x) * 1000).saturating_sub(thousandths(text, face, size));
        self.0.push(Mark::Text { x, y, face, size, text: encoded(text) });
    }

    /// A thin line across.
    pub fn rule(&mut self, from: u16, y: u16, to: u16) {
        self.0.push(Mark::Rule { from, y, to });
    }

    // A PDF counts in floating points; nothing is added up in them.
    #[allow(clippy::float_arithmetic, clippy::cast_precision_loss)]
    fn content(&self) -> Content {
        let mut content = Content::new();
        for mark in &self.0 {
            match mark {
                Mark::Text { x, y, face, size, text } => {
                    content.begin_text();
                    content.set_font(face.name(), f32::from(*size));
                    content.next_line(*x as f32 / 1000.0, f32::from(*y));
                    content.show(Str(text));
                    content.end_text();
                }
                Mark::Rule { from, y, to } => {
                    content.set_line_width(0.6);
                    content.move_to(f32::from(*from), f32::from(*y));
                    content.line_to(f32::from(*to), f32::from(*y));
                    content.stroke();
                }
            }
        }
        content
    }
}

/// Sheets as one file.
#[derive(Debug)]
pub struct Document<'a> {
    /// As a reader's window says.
    pub title: &'a str,
    /// BCP 47.
    pub language: &'a str,
    /// The pages.
    pub sheets: Vec<Sheet>,
}

impl Document<'_> {
    /// The file.
    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        let mut next = 1;
        let mut fresh = || {
            next += 1;
            Ref::new(next - 1)
        };
        let (catalog, tree, info, plain, bold) = (fresh(), fresh(), fresh(), fresh(), fresh());
        let pages: Vec<(Ref, Ref)> = self.sheets.iter().map(|_| (fresh(), fresh())).collect();
        let mut pdf = Pdf::new();
        pdf.catalog(catalog).pages(tree).lang(TextStr(self.language)).viewer_preferences().display_doc_title(true);
        pdf.document_info(info).title(TextStr(self.title)).producer(TextStr("Madkort"));
        let count = i32::try_from(pages.len()).unwrap_or(i32::MAX);
        pdf.pages(tree).kids(pages.iter().map(|(page, _)| *page)).count(count);
        for (id, face) in [(plain, &b"Helvetica"[..]), (bold, &b"Helvetica-Bold"[..])] {
            pdf.type1_font(id).base_font(Name(face)).encoding_predefined(Name(b"WinAnsiEncoding"));
        }
        for ((id, stream), sheet) in pages.iter().zip(&self.sheets) {
            let mut page = pdf.page(*id);
            page.parent(tree).media_box(Rect::new(0.0, 0.0, f32::from(WIDTH), f32::from(HEIGHT))).contents(*stream);
            page.resources().fonts().pair(Face::Plain.name(), plain).pair(Face::Bold.name(), bold);
            page.finish();
            pdf.stream(*stream, &sheet.content().finish());
        }
        pdf.finish()
    }
}

/// How wide a text is, in whole points, rounded up.
#[must_use]
pub fn width(text: &str, face: Face, size: u16) -> u16 {
    u16::try_from(thousandths(text, face, size).div_ceil(1000)).unwrap_or(u16::MAX)
}

fn thousandths(text: &str, face: Face, size: u16) -> u32 {
    encoded(text).iter().map(|byte| advance(*byte, face)).sum::<u32>() * u32::from(size)
}

/// In the Western encoding of Windows (ISO 32000-1, annex D.2).
fn encoded(text: &str) -> Vec<u8> {
    let one = |c: char| match c {
        ' '..='~' | '\u{a0}'..='\u{ff}' => u8::try_from(u32::from(c)).unwrap_or(b'?'),
        '€' => 0x80,
        '…' => 0x85,
        '‘' => 0x91,
        '’' => 0x92,
        '“' => 0x93,
        '”' => 0x94,
        '•' => 0x95,
        '–' => 0x96,
        '—' => 0x97,
        _ => b'?',
    };
    text.chars().map(one).collect()
}

/// Thousandths of the type's size, from the metrics of the two faces that Adobe published; Danish letters as well, other letters
/// with marks as wide as most.
fn advance(byte: u8, face: Face) -> u32 {
    const ASCII: [u16; 95] = [
        278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556,
        556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667,
        556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556,
        556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722,
        500, 500, 500, 334, 260, 334, 584,
    ];
    const HEAVY: [u16; 95] = [
        278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556,
        556, 556, 556, 556, 333, 333, 584, 584, 584, 611, 975, 722, 722, 722, 722, 667, 611, 778, 722, 278, 556, 722,
        611, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 333, 278, 333, 584, 556, 333, 556,
        611, 556, 611, 556, 333, 611, 611, 278, 278, 556, 278, 889, 611, 611, 611, 611, 389, 556, 333, 611, 556, 778,
        556, 556, 500, 389, 280, 389, 584,
    ];
    let table = match face {
        Face::Plain => &ASCII,
        Face::Bold => &HEAVY,
    };
    let wide = match byte {
        b' '..=b'~' => table[usize::from(byte - b' ')],
        0xC6 | 0x85 | 0x97 => 1000,
        0xE6 => 889,
        0xD8 => 778,
        0xF8 => 611,
        0xC0..=0xC5 | 0xC8..=0xCB => 722,
        0xB7 | 0xEC..=0xEF => 278,
        0x91 | 0x92 | 0xA0 => 278,
        // As wide as most: a letter with a mark above it.
        _ => 556,
    };
    u32::from(wide)
}
