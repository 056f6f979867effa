//! The example papers: as text, as bytes, as pictures, and as an independent interpreter of the bytes sees them.

#![allow(clippy::unwrap_used)]

mod common;

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use common::VirtualPrinter;
use receipt_printer::layout::Op;
use receipt_printer::{
    Bitmap, Control, Document, JobOutcome, Left, Mark, Patience, Profile, Size, Tag, command, encoder, escpos, glyph,
    layout, png, print_job, sample, text,
};

fn samples() -> [(&'static str, Document); 6] {
    [
        ("deposit", sample::deposit_receipt()),
        ("deposit-copy", sample::deposit_receipt().marked(Mark::Copy(2))),
        ("order", sample::order_slip()),
        ("order-reprint", sample::order_slip().marked(Mark::Reprint)),
        ("statement", sample::statement(30)),
        ("ticket", sample::support_ticket()),
    ]
}

#[test]
fn as_text() {
    for (name, document) in samples() {
        for profile in [Profile::tm_t20iii(), Profile::generic_58()] {
            let name = format!("{name}-{}", profile.columns);
            insta::assert_snapshot!(name, text::render(&layout(&document, &profile)));
        }
    }
}

#[test]
fn as_bytes() {
    for profile in [Profile::tm_t20iii(), Profile::generic_58()] {
        let bytes = escpos::job(&layout(&sample::deposit_receipt(), &profile), &profile, Tag::from_number(1));
        insta::assert_snapshot!(format!("deposit-{}-bytes", profile.name), listing(&bytes));
    }
}

/// One command a line, so that a change shows as the command it changed.
fn listing(bytes: &[u8]) -> String {
    let mut out = String::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let (one, after) = rest.split_at(command::length(rest));
        if one[0] >= 0x20 {
            let _ = writeln!(out, "\"{}\"", one.escape_ascii());
        } else {
            let head = &one[..one.len().min(80)];
            let hex: Vec<String> = head.iter().map(|byte| format!("{byte:02x}")).collect();
            let more =
                if head.len() < one.len() { format!(" and {} more", one.len() - head.len()) } else { String::new() };
            let _ = writeln!(out, "{}{more}", hex.join(" "));
        }
        rest = after;
    }
    out
}

/// Prints on the virtual printer and returns its `paper` event.
fn printed(printer: &mut VirtualPrinter, document: &Document, profile: &Profile) -> serde_json::Value {
    let tag = Tag::from_number(1);
    let bytes = escpos::job(&layout(document, profile), profile, tag);
    let outcome =
        print_job(&printer.address.clone(), profile, Left::Clean, (&bytes, tag), &Patience::default(), &mut |_| {
            Control::Continue
        });
    assert!(matches!(outcome, JobOutcome::Printed | JobOutcome::Assumed), "{outcome:?}");
    printer.event("paper")
}

#[test]
fn the_interpreter_reads_what_the_text_says() {
    for profile in [Profile::tm_t20iii(), Profile::tm_t88v()] {
        let mut printer = VirtualPrinter::start(&profile);
        for (name, document) in samples() {
            let paper = printed(&mut printer, &document, &profile);
            assert_eq!(paper["text"], text::render(&layout(&document, &profile)), "{name}");
            assert_eq!(paper["unknown"], serde_json::json!([]), "{name}");
        }
    }
}

#[test]
fn the_preview_is_the_paper_dot_for_dot() {
    let profile = Profile::tm_t20iii();
    let mut printer = VirtualPrinter::start(&profile);
    // Two encoders may choose different QR codes for the same data, so this one has none.
    for document in [sample::statement(30), sample::order_slip().marked(Mark::Copy(2))] {
        let paper = printed(&mut printer, &document, &profile);
        let preview = png::paper(&layout(&document, &profile), &profile).unwrap();
        assert!(preview == std::fs::read(paper["png"].as_str().unwrap()).unwrap(), "{}", paper["png"]);
    }
}

#[test]
fn every_cell_with_a_character_has_ink_and_no_other() {
    let profile = Profile::tm_t20iii();
    let layout = layout(&sample::statement(30), &profile);
    let canvas = png::canvas(&layout);
    let mut y = 0;
    for op in &layout.ops {
        let Op::Line(line) = op else { continue };
        let mut x = 0;
        for span in &line.spans {
            let (width, height) = (span.style.size.width() * glyph::CELL_WIDTH, line.height() * glyph::CELL_HEIGHT);
            for character in span.text.chars() {
                let ink = (x..x + width).any(|x| (y..y + height).any(|y| canvas.get(x, y)));
                assert_eq!(ink, character != ' ', "{character:?} at {x}, {y}");
                x += width;
            }
        }
        y += profile.line_dots.max(line.height() * glyph::CELL_HEIGHT);
    }
    assert_eq!(y, canvas.height());
}

#[test]
fn codes_are_read_from_the_preview_and_from_the_paper() {
    let folder = tempfile::tempdir().unwrap();
    for (name, document, payload) in [
        ("deposit", sample::deposit_receipt(), "QR-Code:https://kantinen.rugmarken.example/k/K1-000123"),
        ("order", sample::order_slip(), "CODE-128:MK-000047"),
        ("largest", Document::new().qr("x".repeat(300)), "QR-Code:xxxx"),
    ] {
        for profile in [Profile::tm_t20iii(), Profile { speed_mm_s: 2000, ..Profile::generic_80() }] {
            let preview = folder.path().join(format!("{name}-{}.png", profile.name));
            std::fs::write(&preview, png::paper(&layout(&document, &profile), &profile).unwrap()).unwrap();
            assert!(scanned(&preview).contains(payload), "preview of {name} on {}", profile.name);
            let mut printer = VirtualPrinter::start(&profile);
            let paper = printed(&mut printer, &document, &profile);
            assert!(scanned(paper["png"].as_str().unwrap().as_ref()).contains(payload), "{name} on {}", profile.name);
        }
    }
}

fn scanned(picture: &Path) -> String {
    let output = Command::new("zbarimg").arg("-q").arg(picture).output().expect("zbarimg, of Debian's zbar-tools");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_person_can_read_it() {
    let profile = Profile::tm_t20iii();
    let folder = tempfile::tempdir().unwrap();
    let picture = folder.path().join("deposit.png");
    std::fs::write(&picture, png::paper(&layout(&sample::deposit_receipt(), &profile), &profile).unwrap()).unwrap();
    let output = Command::new("tesseract")
        .arg(&picture)
        .args(["-", "-l", "dan", "--psm", "6"])
        .output()
        .expect("tesseract, of Debian's tesseract-ocr and tesseract-ocr-dan");
    let read = String::from_utf8_lossy(&output.stdout);
    for word in ["Kvittering", "Indbetaling", "100,00", "178,00", "Beløbet", "nettet", "velbekomme"] {
        assert!(read.contains(word), "{word} is not in:\n{read}");
    }
}

#[test]
fn a_hostile_name_changes_no_command() {
    let profile = Profile::tm_t20iii();
    let receipt = |name: &str| {
        let document = sample::deposit_receipt()
            .heading(name, Size::Tall)
            .row(name, "1,00 kr.")
            .line(name.replace('\n', " "))
            .code128("MK-1");
        escpos::job(&layout(&document, &profile), &profile, Tag::from_number(1))
    };
    let plain = skeleton(&receipt("Anna Berg"));
    for name in [
        "\u{1B}@\u{1B}p0\u{19}\u{19}",
        "\u{1D}V\u{0}\u{1D}(k",
        "Bo\u{10}\u{4}\u{1}\u{10}\u{14}\u{1}\u{0}\u{1}",
        "\u{9B}1m\u{7F}\r\n\u{C}\t\u{0}",
        "🦊👨‍👩‍👧 مرحبا \u{202E}annA",
        "e\u{301}e\u{301}\u{200D}",
        "{B{C{A",
        "?",
    ] {
        assert_eq!(skeleton(&receipt(name)), plain, "{name:?}");
    }
    // A long name takes more lines, and no command that a short one does not.
    let long = skeleton(&receipt(&"\u{1B}p0 hej ".repeat(40)));
    assert!(long.iter().all(|one| plain.contains(one)), "{long:02x?}");
}

/// The commands without the text between them.
fn skeleton(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut out = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let (one, after) = rest.split_at(command::length(rest));
        if one[0] < 0x20 {
            out.push(one.to_vec());
        }
        rest = after;
    }
    out
}

#[test]
fn only_bytes_that_every_page_agrees_on_are_sent_as_text() {
    for (name, document) in samples() {
        let profile = Profile::tm_t20iii();
        let bytes = escpos::job(&layout(&document, &profile), &profile, Tag::from_number(1));
        let pages = skeleton(&bytes).iter().filter(|one| one.starts_with(&[0x1B, 0x74])).count();
        assert_eq!(pages, 1, "{name}: one code page a job");
        let text: Vec<u8> = {
            let mut rest = &bytes[..];
            let mut text = Vec::new();
            while !rest.is_empty() {
                let (one, after) = rest.split_at(command::length(rest));
                if one[0] >= 0x20 {
                    text.extend_from_slice(one);
                }
                rest = after;
            }
            text
        };
        let common = |byte: &u8| *byte < 0x7F || encoder::COMMON.iter().any(|(_, common)| common == byte);
        assert!(text.iter().all(common), "{name}");
    }
}

#[test]
fn a_picture_never_spells_a_real_time_command() {
    let rows: Vec<u8> = [0x10, 0x04, 0x10, 0x14, 0x10, 0x05, 0x10, 0x04].repeat(9 * 300);
    let picture = Bitmap::from_bits(576, 300, rows).unwrap();
    let profile = Profile::tm_t20iii();
    let bytes = escpos::job(&layout(&Document::new().image(picture), &profile), &profile, Tag::from_number(1));
    assert!(!bytes.windows(2).any(|pair| pair[0] == 0x10 && matches!(pair[1], 0x04 | 0x05 | 0x14)));
    let bands = skeleton(&bytes).iter().filter(|one| one.starts_with(&[0x1D, 0x76])).count();
    assert_eq!(bands, 3, "bands of 128 rows");
}

#[test]
fn the_commissioning_page_shows_which_page_is_right() {
    let profile = Profile::tm_t20iii();
    let mut printer = VirtualPrinter::start(&profile);
    let tag = Tag::from_number(1);
    let bytes = escpos::commissioning(&profile, Some("TM-T20III"), tag);
    let outcome =
        print_job(&printer.address.clone(), &profile, Left::Clean, (&bytes, tag), &Patience::default(), &mut |_| {
            Control::Continue
        });
    assert!(matches!(outcome, JobOutcome::Printed), "{outcome:?}");
    let paper = printer.event("paper");
    let text = paper["text"].as_str().unwrap();
    for right in ["  2  PC850     æøåÆØÅ", "  5  PC865     æøåÆØÅ", " 19  PC858     æøåÆØÅ", " 16  WPC1252   æøåÆØÅ"]
    {
        assert!(text.contains(right), "{text}");
    }
    assert!(text.contains(" 58  PC865     æ¢åÆ¥Å"), "{text}");
}

#[test]
fn a_picture_of_the_paper_so_far_can_be_had() {
    let profile = Profile::tm_t20iii();
    let mut printer = VirtualPrinter::start(&profile);
    printer.order("paper-mm 60");
    let tag = Tag::from_number(1);
    let bytes = escpos::job(&layout(&sample::statement(30), &profile), &profile, tag);
    let address = printer.address.clone();
    let outcome =
        print_job(&address, &profile, Left::Clean, (&bytes, tag), &Patience::default(), &mut |event| match event {
            receipt_printer::JobEvent::Status(receipt_printer::PrinterStatus::PaperOut) => Control::Stop,
            _ => Control::Continue,
        });
    assert!(matches!(outcome, JobOutcome::Uncertain { .. }), "{outcome:?}");
    printer.event("waiting");
    let answer = printer.order("snapshot");
    let path = answer.strip_prefix("ok snapshot ").unwrap();
    let reader = ::png::Decoder::new(std::io::BufReader::new(std::fs::File::open(path).unwrap())).read_info().unwrap();
    let height = usize::try_from(reader.info().height).unwrap() - 2 * png::MARGIN;
    assert!(profile.millimetres(height) > 50 && profile.millimetres(height) <= 61, "{height} dots");
}
