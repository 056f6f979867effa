//! The defects of crate escpos 0.20.1: for each that ours are the right bytes, and, where it is cheap, that the crate
//! still has it. A test of the second kind that fails after an update is good news: our own bytes may go.

#![allow(clippy::unwrap_used)]

use std::cell::RefCell;
use std::rc::Rc;

use escpos::driver::Driver;
use escpos::errors::PrinterError;
use escpos::printer::Printer;
use escpos::printer_options::PrinterOptions;
use escpos::utils::{
    CashDrawer, PageCode, Protocol, QRCodeCorrectionLevel, QRCodeModel, QRCodeOption, RealTimeStatusRequest,
};
use receipt_printer::{Document, Profile, Size, Style, Tag, escpos as ours, layout, status, symbol};

/// What we send for a document.
fn job(document: &Document) -> Vec<u8> {
    let profile = Profile::tm_t20iii();
    ours::job(&layout(document, &profile), &profile, Tag::from_number(7))
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// Records what the crate writes, and fails at one write if asked to.
#[derive(Clone, Default)]
struct Recorder {
    writes: Rc<RefCell<Vec<Vec<u8>>>>,
    fail_at: Rc<RefCell<Option<usize>>>,
}

impl Recorder {
    fn bytes(&self) -> Vec<u8> {
        self.writes.borrow().concat()
    }
}

impl Driver for Recorder {
    fn name(&self) -> String {
        "recorder".to_owned()
    }

    fn write(&self, data: &[u8]) -> Result<(), PrinterError> {
        if *self.fail_at.borrow() == Some(self.writes.borrow().len()) {
            *self.fail_at.borrow_mut() = None;
            return Err(PrinterError::Io("unplugged".to_owned()));
        }
        self.writes.borrow_mut().push(data.to_vec());
        Ok(())
    }

    fn read(&self, _buffer: &mut [u8]) -> Result<usize, PrinterError> {
        Ok(0)
    }

    fn flush(&self) -> Result<(), PrinterError> {
        Ok(())
    }
}

/// What the crate sends.
fn theirs(page: Option<PageCode>, build: impl FnOnce(&mut Printer<Recorder>)) -> Vec<u8> {
    let recorder = Recorder::default();
    let mut printer = Printer::new(recorder.clone(), Protocol::default(), Some(PrinterOptions::new(page, None, 48)));
    build(&mut printer);
    printer.print().unwrap();
    recorder.bytes()
}

#[test]
fn defect_1_the_drawer_pulse_has_its_times() {
    assert!(contains(&job(&Document::open_drawer()), &[0x1B, 0x70, 0, 25, 250]));
    let crate_bytes = theirs(None, |printer| {
        printer.cash_drawer(CashDrawer::Pin2).unwrap();
    });
    assert_eq!(crate_bytes, [0x1B, 0x70, 0]);
}

#[test]
fn defect_2_a_partial_cut_is_partial() {
    let bytes = job(&Document::new().line("x"));
    assert!(contains(&bytes, &[0x1D, 0x56, 66, 0]));
    assert!(!contains(&bytes, &[0x1D, 0x56, 65]));
    let crate_bytes = theirs(None, |printer| {
        printer.partial_cut().unwrap();
    });
    assert_eq!(crate_bytes, [0x1D, 0x56, 65, 1]);
}

#[test]
fn defect_3_a_hyphen_is_a_hyphen() {
    let bytes = job(&Document::new().line("a-b"));
    assert!(contains(&bytes, b"a-b\n"));
    assert!(!bytes.contains(&0xF0));
    let crate_bytes = theirs(Some(PageCode::PC850), |printer| {
        printer.write("-").unwrap();
    });
    assert_eq!(crate_bytes, [0xF0]);
}

#[test]
fn defect_4_no_character_that_pages_disagree_on_is_sent() {
    assert!(contains(&job(&Document::new().line("A® Ô")), b"A(R) O\n".as_slice()));
    let crate_bytes = theirs(Some(PageCode::PC858), |printer| {
        printer.write("®").unwrap();
    });
    assert_eq!(crate_bytes, [0xA8]);
}

#[test]
fn defect_5_what_the_page_lacks_is_transliterated() {
    assert!(contains(&job(&Document::new().line("§ 4, 5 €")), b"par. 4, 5 EUR\n"));
    let crate_bytes = theirs(Some(PageCode::PC865), |printer| {
        printer.write("§").unwrap();
    });
    assert_eq!(crate_bytes, "§".as_bytes());
}

#[test]
fn defect_6_a_name_is_not_a_command() {
    let bytes = job(&Document::new().line("Anna\u{1B}p0\u{19}\u{FA}"));
    assert!(contains(&bytes, b"Annap0\xA3\n"));
    assert!(!contains(&bytes, &[0x1B, 0x70]));
    let crate_bytes = theirs(Some(PageCode::PC850), |printer| {
        printer.write("\u{1B}p0").unwrap();
    });
    assert_eq!(crate_bytes, [0x1B, 0x70, 0x30]);
}

#[test]
fn defect_7_a_status_query_is_three_bytes() {
    assert_eq!(status::QUERIES, [[0x10, 4, 1], [0x10, 4, 2], [0x10, 4, 3], [0x10, 4, 4]]);
    let crate_bytes = theirs(None, |printer| {
        printer.real_time_status(RealTimeStatusRequest::Printer).unwrap();
    });
    assert_eq!(crate_bytes, [0x10, 4, 1, 0]);
}

#[test]
fn defect_8_a_job_is_generated_once() {
    let document = Document::new().line("one");
    assert_eq!(job(&document), job(&document));
    let text = job(&document);
    assert_eq!(text.windows(3).filter(|window| window == b"one").count(), 1);

    let recorder = Recorder::default();
    *recorder.fail_at.borrow_mut() = Some(1);
    let mut printer = Printer::new(recorder.clone(), Protocol::default(), None);
    printer.write("one").unwrap().write("two").unwrap();
    assert!(printer.print().is_err());
    printer.print().unwrap();
    assert_eq!(recorder.bytes(), b"oneonetwo");
}

#[test]
fn defect_9_the_rule_widget_and_the_image_decoders_are_not_built() {
    let manifest = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml")).unwrap();
    let line = manifest.lines().find(|line| line.starts_with("escpos")).unwrap();
    assert!(line.contains("\"=0.20.1\"") && line.contains("default-features = false"), "{line}");
    assert!(!line.contains("\"ui\"") && !line.contains("\"graphics\""), "{line}");
}

#[test]
fn defects_10_and_11_bar_codes_are_code128_by_our_own_bytes() {
    let bytes = job(&Document::new().code128("MK-000047"));
    let expected = [&[0x1D, 0x68, 60, 0x1D, 0x77, 2, 0x1D, 0x48, 2, 0x1D, 0x6B, 0x49, 11][..], b"{BMK-000047"].concat();
    assert!(contains(&bytes, &expected));
    // The check digit of this number is 9.
    let crate_bytes = theirs(None, |printer| {
        printer.ean13("5712345678900").unwrap();
    });
    assert!(contains(&crate_bytes, b"5712345678900"));
}

#[test]
fn defect_12_a_qr_code_is_model_2_and_small_enough_to_print() {
    let bytes = job(&Document::new().qr("https://madkort.example"));
    let expected = [
        &[0x1D, 0x28, 0x6B, 4, 0, 0x31, 0x41, 0x32, 0][..],
        &[0x1D, 0x28, 0x6B, 3, 0, 0x31, 0x43, 6],
        &[0x1D, 0x28, 0x6B, 3, 0, 0x31, 0x45, 0x31],
        &[0x1D, 0x28, 0x6B, 3 + 23, 0, 0x31, 0x50, 0x30],
        b"https://madkort.example",
        &[0x1D, 0x28, 0x6B, 3, 0, 0x31, 0x51, 0x30],
    ]
    .concat();
    assert!(contains(&bytes, &expected));
    for data in [String::new(), "x".repeat(symbol::MAX_QR_BYTES + 1)] {
        assert!(!contains(&job(&Document::new().line("-").qr(&data)), &[0x1D, 0x28, 0x6B]));
    }
    let crate_bytes = theirs(None, |printer| {
        let option = QRCodeOption::new(QRCodeModel::Model2, 6, QRCodeCorrectionLevel::H);
        printer.qrcode_option(&"x".repeat(7000), option).unwrap();
        printer.qrcode("").unwrap();
    });
    assert!(crate_bytes.len() > 7000);
}

#[test]
fn defect_13_a_line_ends_with_a_line_feed() {
    let bytes =
        job(&Document::new().heading("a", Size::Big).blank().text("b", Style::BOLD, receipt_printer::Align::Left));
    assert!(!contains(&bytes, &[0x1B, 0x64]));
    assert_eq!(bytes.split(|byte| *byte == 0x0A).count(), 4);
    let crate_bytes = theirs(None, |printer| {
        printer.feed().unwrap();
    });
    assert_eq!(crate_bytes, [0x1B, 0x64, 1]);
}

#[test]
fn defect_14_the_crate_writes_every_instruction_by_itself() {
    let recorder = Recorder::default();
    let mut printer = Printer::new(recorder.clone(), Protocol::default(), None);
    printer.init().unwrap().write("a").unwrap().write("b").unwrap().print().unwrap();
    assert_eq!(recorder.writes.borrow().len(), 3);
    // Ours is one buffer, which the sender cuts into chunks of about a kilobyte.
    assert!(job(&Document::new().line("a").line("b")).len() < receipt_printer::job::CHUNK);
}

#[test]
fn defect_15_a_job_begins_with_initialise_and_never_resets() {
    let bytes = job(&Document::new().line("x"));
    assert!(bytes.starts_with(&[0x1B, 0x40, 0x1C, 0x2E, 0x1B, 0x74, 2]));
    assert!(!contains(&bytes, &[0x1B, 0x3F]));
    let crate_bytes = theirs(None, |printer| {
        printer.reset().unwrap();
    });
    assert_eq!(crate_bytes, [0x1B, 0x3F, 0x0A, 0]);
}

#[test]
fn a_job_ends_with_its_tag_and_the_processed_mark() {
    let bytes = job(&Document::new().line("x"));
    let tag = Tag::from_number(7).bytes();
    let expected =
        [&[0x0A, 0x1D, 0x56, 66, 0, 0x1D, 0x28, 0x48, 6, 0, 0x30, 0x30][..], &tag, &[0x1D, 0x72, 1]].concat();
    assert!(bytes.ends_with(&expected));
    let generic = Profile::generic_58();
    let bytes = ours::job(&layout(&Document::new().line("x"), &generic), &generic, Tag::from_number(7));
    assert!(bytes.ends_with(b"x\n\n\n\n\n"));
}
