//! A layout as the bytes that an ESC/POS printer prints.
//!
//! Pure. The crate `escpos` 0.20.1 generates bytes into memory and nothing else; the calls of it that are wrong
//! (drawer, partial cut, text, CODE128, feeds, status) are replaced by our own bytes, and `tests/defects.rs` pins each of
//! them, so that a repaired release is noticed.
//!
//! **Invariant:** a job is complete in itself: it starts from `ESC @`, leaves two-byte mode, sets its own code page,
//! and ends, where the printer has them, with the process ID and the processed mark. Its length and content depend on
//! nothing but the layout, the profile and the tag.

use std::sync::{Arc, Mutex, PoisonError};

use escpos::driver::Driver;
use escpos::errors::PrinterError;
use escpos::printer::Printer;
use escpos::utils::{JustifyMode, Protocol, QRCodeCorrectionLevel, QRCodeModel, QRCodeOption, UnderlineMode};

use crate::bitmap::Bitmap;
use crate::document::{Document, Mark, Size, Style};
use crate::job::Tag;
use crate::layout::{Layout, Line, Op, Symbol, SymbolKind, layout, span_bytes};
use crate::profile::{Cut, Profile};
use crate::symbol;

/// Rows of a picture that are sent at a time: small printers lose what is longer.
pub const BAND_ROWS: usize = 128;

const LINE_FEED: u8 = 0x0A;
const NUL: u8 = 0x00;
const LEAVE_TWO_BYTE_MODE: [u8; 2] = [0x1C, 0x2E];
const NATIONAL_USA: [u8; 3] = [0x1B, 0x52, 0x00];
const DRAWER_PULSE: [u8; 5] = [0x1B, 0x70, 0, 25, 250];
const CUT_PARTIAL: [u8; 4] = [0x1D, 0x56, 66, 0];
const CUT_FULL: [u8; 4] = [0x1D, 0x56, 65, 0];
const IGNORE_PULSE_IN_DATA: [u8; 8] = [0x1D, 0x28, 0x44, 3, 0, 0x14, 1, 0];
const IGNORE_POWER_OFF_IN_DATA: [u8; 8] = [0x1D, 0x28, 0x44, 3, 0, 0x14, 2, 0];
const PROCESSED_MARK: [u8; 3] = [0x1D, 0x72, 1];

/// The bytes of one job.
#[must_use]
pub fn job(layout: &Layout, profile: &Profile, tag: Tag) -> Vec<u8> {
    generate(|printer| {
        begin(printer, profile)?;
        body(printer, layout, profile)?;
        end(printer, profile, tag)
    })
}

/// The bytes that [`print_job`](crate::print_job) sends ahead of a job when the one before left the printer
/// [torn](crate::Left::Torn): as many NULs as complete any command that was cut off, then a paper end that says `AFBRUDT`.
#[must_use]
pub fn recovery(profile: &Profile) -> Vec<u8> {
    let longest_command = profile.dots / 8 * BAND_ROWS + 8;
    let interrupted = layout(&Document::new().mark(Mark::Interrupted), profile);
    generate(|printer| {
        printer.custom(&vec![NUL; longest_command])?;
        begin(printer, profile)?;
        body(printer, &interrupted, profile)
    })
}

/// The page for a printer's first day: the Danish letters under every code page that printers of this kind have, the
/// number of the page before each. The line that looks right is the profile's `code_page`.
#[must_use]
pub fn commissioning(profile: &Profile, model: Option<&str>, tag: Tag) -> Vec<u8> {
    let head = Document::new()
        .heading("Prøveside", Size::Tall)
        .line(format!("Profil {}, model {}", profile.name, model.unwrap_or("ukendt")))
        .line("Which line reads: ae oe aa AE OE AA, as Danish letters?")
        .rule();
    let foot = Document::new().rule().line("0123456789 kr. ,.-+*/%()").total("I alt", "1.234,00 kr.");
    let mut head = layout(&head, profile);
    head.ops.retain(|op| *op != Op::Cut);
    generate(|printer| {
        begin(printer, profile)?;
        body(printer, &head, profile)?;
        for (page, name, letters) in COMMISSIONING_PAGES {
            printer.custom(&[0x1B, 0x74, page])?;
            printer.custom(format!("{page:>3}  {name:<8}  ").as_bytes())?;
            printer.custom(&letters)?.custom(&[LINE_FEED])?;
        }
        printer.custom(&[0x1B, 0x74, profile.code_page])?;
        body(printer, &layout(&foot, profile), profile)?;
        end(printer, profile, tag)
    })
}

/// `æøåÆØÅ` in 850, 858 and 865.
const LETTERS_PC: [u8; 6] = [0x91, 0x9B, 0x86, 0x92, 0x9D, 0x8F];
/// `æøåÆØÅ` in Windows 1252.
const LETTERS_WPC: [u8; 6] = [0xE6, 0xF8, 0xE5, 0xC6, 0xD8, 0xC5];
/// The numbers under which printers have these pages, most common first.
const COMMISSIONING_PAGES: [(u8, &str, [u8; 6]); 6] = [
    (2, "PC850", LETTERS_PC),
    (5, "PC865", LETTERS_PC),
    (19, "PC858", LETTERS_PC),
    (16, "WPC1252", LETTERS_WPC),
    (58, "PC865", LETTERS_PC),
    (71, "WPC1252", LETTERS_WPC),
];

fn begin(printer: &mut Printer<Memory>, profile: &Profile) -> Result<(), PrinterError> {
    printer.init()?.custom(&LEAVE_TWO_BYTE_MODE)?.custom(&[0x1B, 0x74, profile.code_page])?;
    if profile.national_usa {
        printer.custom(&NATIONAL_USA)?;
    }
    Ok(())
}

fn end(printer: &mut Printer<Memory>, profile: &Profile, tag: Tag) -> Result<(), PrinterError> {
    if profile.process_id {
        let [a, b, c, d] = tag.bytes();
        printer.custom(&[0x1D, 0x28, 0x48, 6, 0, 0x30, 0x30, a, b, c, d])?;
    }
    if profile.processed_mark {
        printer.custom(&PROCESSED_MARK)?;
    }
    Ok(())
}

fn body(printer: &mut Printer<Memory>, layout: &Layout, profile: &Profile) -> Result<(), PrinterError> {
    if layout.ops.iter().any(is_raster) && profile.real_time_switch {
        printer.custom(&IGNORE_PULSE_IN_DATA)?.custom(&IGNORE_POWER_OFF_IN_DATA)?;
    }
    let mut style = Style::PLAIN;
    for op in &layout.ops {
        if !matches!(op, Op::Line(_)) {
            restyle(printer, &mut style, Style::PLAIN)?;
        }
        match op {
            Op::Line(line) => text_line(printer, &mut style, line)?,
            Op::Symbol(symbol) if symbol.native => native(printer, symbol)?,
            Op::Symbol(symbol) => centred(printer, |printer| raster(printer, &symbol.dots))?,
            Op::Raster(bitmap) => centred(printer, |printer| raster(printer, bitmap))?,
            Op::Cut => cut(printer, profile)?,
            Op::Drawer if profile.drawer => drop(printer.custom(&DRAWER_PULSE)?),
            Op::Drawer => {}
        }
    }
    restyle(printer, &mut style, Style::PLAIN)
}

fn is_raster(op: &Op) -> bool {
    matches!(op, Op::Raster(_) | Op::Symbol(Symbol { native: false, .. }))
}

fn text_line(printer: &mut Printer<Memory>, style: &mut Style, line: &Line) -> Result<(), PrinterError> {
    for span in &line.spans {
        restyle(printer, style, span.style)?;
        printer.custom(&span_bytes(span))?;
    }
    printer.custom(&[LINE_FEED])?;
    Ok(())
}

/// Only what changes is sent.
fn restyle(printer: &mut Printer<Memory>, from: &mut Style, to: Style) -> Result<(), PrinterError> {
    if from.bold != to.bold {
        printer.bold(to.bold)?;
    }
    if from.underline != to.underline {
        printer.underline(if to.underline { UnderlineMode::Single } else { UnderlineMode::None })?;
    }
    if from.size != to.size {
        let cells = |count: usize| u8::try_from(count).unwrap_or(1);
        printer.size(cells(to.size.width()), cells(to.size.height()))?;
    }
    *from = to;
    Ok(())
}

fn native(printer: &mut Printer<Memory>, symbol: &Symbol) -> Result<(), PrinterError> {
    centred(printer, |printer| match symbol.kind {
        SymbolKind::Qr { module } => {
            let module = u8::try_from(module).unwrap_or(1);
            let option = QRCodeOption::new(QRCodeModel::Model2, module, QRCodeCorrectionLevel::M);
            printer.qrcode_option(&symbol.data, option).map(drop)
        }
        SymbolKind::Code128 => {
            let height = u8::try_from(symbol::CODE128_HEIGHT).unwrap_or(u8::MAX);
            let module = u8::try_from(symbol::CODE128_MODULE).unwrap_or(2);
            let data = symbol.data.as_bytes();
            let count = u8::try_from(data.len() + 2)
                .map_err(|_| PrinterError::Input("a bar code is longer than its length byte".to_owned()))?;
            printer
                .custom(&[0x1D, 0x68, height])?
                .custom(&[0x1D, 0x77, module])?
                .custom(&[0x1D, 0x48, 2])?
                .custom(&[&[0x1D, 0x6B, 0x49, count, b'{', b'B'], data].concat())
                .map(drop)
        }
    })
}

fn centred(
    printer: &mut Printer<Memory>,
    content: impl FnOnce(&mut Printer<Memory>) -> Result<(), PrinterError>,
) -> Result<(), PrinterError> {
    printer.justify(JustifyMode::CENTER)?;
    content(printer)?;
    printer.justify(JustifyMode::LEFT)?;
    Ok(())
}

fn raster(printer: &mut Printer<Memory>, bitmap: &Bitmap) -> Result<(), PrinterError> {
    let too_large = |_| PrinterError::Input("a picture is larger than its size bytes".to_owned());
    let [x_low, x_high] = u16::try_from(bitmap.stride()).map_err(too_large)?.to_le_bytes();
    for band in bitmap.bits().chunks(bitmap.stride().max(1) * BAND_ROWS) {
        let rows = band.len() / bitmap.stride().max(1);
        let [y_low, y_high] = u16::try_from(rows).map_err(too_large)?.to_le_bytes();
        printer.custom(&[&[0x1D, 0x76, 0x30, 0, x_low, x_high, y_low, y_high], &defused(band)[..]].concat())?;
    }
    Ok(())
}

/// A picture whose dots happen to spell a real-time command would be obeyed on the way in: one dot less prevents it.
fn defused(band: &[u8]) -> Vec<u8> {
    let mut band = band.to_vec();
    for at in 1..band.len() {
        if band[at - 1] == 0x10 && matches!(band[at], 0x04 | 0x05 | 0x14) {
            band[at] &= !0x04;
        }
    }
    band
}

fn cut(printer: &mut Printer<Memory>, profile: &Profile) -> Result<(), PrinterError> {
    match profile.cut {
        Cut::Partial => printer.custom(&CUT_PARTIAL)?,
        Cut::Full => printer.custom(&CUT_FULL)?,
        Cut::None { feed } => printer.custom(&vec![LINE_FEED; usize::from(feed)])?,
    };
    Ok(())
}

/// Runs the generator once, on a printer of its own: after an error its instructions would be printed again.
fn generate(content: impl FnOnce(&mut Printer<Memory>) -> Result<(), PrinterError>) -> Vec<u8> {
    let memory = Memory::default();
    let mut printer = Printer::new(memory.clone(), Protocol::default(), None);
    let done = content(&mut printer).and_then(|()| printer.print().map(drop));
    // Memory takes every write, and layout only passes what the generator takes.
    debug_assert!(done.is_ok(), "generating bytes failed: {done:?}");
    if let Err(error) = done {
        tracing::error!(%error, "generating the bytes of a paper failed; nothing of it will be printed");
        return Vec::new();
    }
    memory.take()
}

/// Where the generator writes to.
#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Vec<u8>>>);

impl Memory {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Driver for Memory {
    fn name(&self) -> String {
        "memory".to_owned()
    }

    fn write(&self, data: &[u8]) -> Result<(), PrinterError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(data);
        Ok(())
    }

    fn read(&self, _buffer: &mut [u8]) -> Result<usize, PrinterError> {
        Ok(0)
    }

    fn flush(&self) -> Result<(), PrinterError> {
        Ok(())
    }
}
