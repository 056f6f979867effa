//! What each document looks like as lines: the words, the widths, and what does not fit.

use proptest::prelude::*;

use super::*;
use crate::text;

fn lines(document: &Document, profile: &Profile) -> Vec<String> {
    text::render(&layout(document, profile)).lines().map(ToOwned::to_owned).collect()
}

fn narrow() -> Profile {
    Profile { columns: 20, ..Profile::generic_58() }
}

#[test]
fn words_wrap_and_hang() {
    let document = Document::new().line("  to linjer med indrykning her").line("x\n\ny");
    assert_eq!(lines(&document, &narrow()), ["  to linjer med", "  indrykning her", "x", "", "y"]);
}

#[test]
fn a_word_longer_than_the_paper_is_broken_and_whole() {
    let word = "kantinebestyrelsesformandsvalget";
    assert_eq!(lines(&Document::new().line(word), &narrow()).concat(), word);
}

#[test]
fn the_amount_stays_beside_the_first_line_of_its_label() {
    let document = Document::new().row("Bolle med ost og smør", "8,00 kr.");
    assert_eq!(lines(&document, &narrow()), ["Bolle med   8,00 kr.", "ost og", "smør"]);
}

#[test]
fn a_long_label_hangs_where_there_is_room() {
    let document = Document::new().row("Grønsagssuppe med hjemmebagt bolle og smør", "8,00 kr.");
    assert_eq!(
        lines(&document, &Profile::generic_58()),
        ["Grønsagssuppe med       8,00 kr.", "  hjemmebagt bolle og", "  smør"]
    );
}

#[test]
fn too_narrow_for_the_row_puts_the_amounts_below_the_label() {
    let cells =
        vec![Cell::lead("02.11", 6), Cell::label("Frokost"), Cell::amount("-22,00", 9), Cell::amount("178,00", 9)];
    let document = Document::new().cells(cells, Style::PLAIN);
    assert_eq!(lines(&document, &narrow()), ["02.11 Frokost", "     -22,00   178,00"]);
}

#[test]
fn a_heading_too_wide_for_big_is_tall() {
    let layout = layout(&Document::new().heading("Kantinebestyrelsen", Size::Big), &Profile::generic_58());
    let Op::Line(line) = &layout.ops[0] else { panic!("{layout:?}") };
    assert_eq!(line.spans[1].style.size, Size::Tall);
}

#[test]
fn one_cut_ends_every_paper_and_none_ends_nothing() {
    let cuts =
        |document: &Document| layout(document, &Profile::tm_t20iii()).ops.iter().filter(|op| **op == Op::Cut).count();
    assert_eq!(cuts(&Document::new().line("x")), 1);
    assert_eq!(cuts(&Document::new().line("x").cut().cut()), 1);
    assert_eq!(cuts(&Document::new().line("x").cut().line("y").cut().drawer()), 2);
    assert_eq!(cuts(&Document::open_drawer()), 0);
    assert_eq!(cuts(&Document::new()), 0);
}

#[test]
fn a_code_that_would_print_nothing_is_printed_as_text() {
    let long = "x".repeat(symbol::MAX_QR_BYTES + 1);
    assert_eq!(lines(&Document::new().qr(&long), &Profile::tm_t20iii()).concat(), long);
    assert_eq!(lines(&Document::new().code128("blåbær"), &Profile::tm_t20iii()), ["blåbær"]);
    assert_eq!(
        lines(&Document::new().code128("12345678901234567890"), &Profile::generic_58()),
        ["12345678901234567890"]
    );
}

#[test]
fn the_largest_code_fits_the_narrowest_paper() {
    let layout = layout(&Document::new().qr("x".repeat(symbol::MAX_QR_BYTES)), &Profile::generic_58());
    let Op::Symbol(code) = &layout.ops[0] else { panic!("{layout:?}") };
    assert!(code.dots.width() + 8 * symbol::MIN_QR_MODULE <= 384);
}

#[test]
fn what_is_replaced_is_counted() {
    assert_eq!(layout(&Document::new().heading("🦊", Size::Big).row("山", "1,00"), &Profile::tm_t20iii()).replaced, 2);
}

fn any_style() -> impl Strategy<Value = Style> {
    (any::<bool>(), any::<bool>(), prop_oneof![Just(Size::Normal), Just(Size::Tall), Just(Size::Big)])
        .prop_map(|(bold, underline, size)| Style { bold, underline, size })
}

fn any_cell() -> impl Strategy<Value = Cell> {
    prop_oneof![
        (".{0,60}", 0u8..60).prop_map(|(text, columns)| Cell::lead(text, columns)),
        ".{0,200}".prop_map(Cell::label),
        ("-?[0-9.]{1,9},[0-9]{2}( kr\\.)?", 0u8..60).prop_map(|(text, columns)| Cell::amount(text, columns)),
    ]
}

fn any_block() -> impl Strategy<Value = Block> {
    let align = prop_oneof![Just(Align::Left), Just(Align::Centre), Just(Align::Right)];
    prop_oneof![
        (".{0,200}", any_style(), align).prop_map(|(text, style, align)| Block::Text { text, style, align }),
        (".{0,80}", any_style()).prop_map(|(text, style)| Block::Heading { text, size: style.size }),
        (prop::collection::vec(any_cell(), 0..6), any_style()).prop_map(|(cells, style)| Block::Row { cells, style }),
        ".{0,400}".prop_map(|data| Block::Qr { data }),
        "[ -~]{0,60}".prop_map(|data| Block::Code128 { data }),
        Just(Block::DoubleRule),
        Just(Block::Cut),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_line_is_wider_than_the_paper(
        blocks in prop::collection::vec(any_block(), 0..6),
        columns in prop_oneof![Just(48usize), Just(42), Just(32)],
    ) {
        let profile = Profile { columns, ..Profile::tm_t20iii() };
        let layout = layout(&Document { blocks }, &profile);
        for op in &layout.ops {
            if let Op::Line(line) = op {
                prop_assert!(line.columns() <= columns, "{line:?}");
                prop_assert!(line.spans.iter().all(|span| span.text.chars().all(|c| encoder::byte(c) != b'?' || c == '?')));
            }
        }
        prop_assert!(layout.ops.windows(2).all(|pair| pair != [Op::Cut, Op::Cut]));
    }

    #[test]
    fn every_amount_is_whole_on_one_line(
        label in ".{0,120}",
        amounts in prop::collection::vec("-?[1-9][0-9]{0,2}(\\.[0-9]{3}){0,2},[0-9]{2} kr\\.", 1..5),
        style in any_style(),
        columns in prop_oneof![Just(48usize), Just(42), Just(32)],
    ) {
        let profile = Profile { columns, ..Profile::tm_t20iii() };
        let mut cells = vec![Cell::lead("02.11", 6), Cell::label(label)];
        cells.extend(amounts.iter().map(|amount| Cell::amount(amount.as_str(), 10)));
        let lines = lines(&Document::new().cells(cells, style), &profile);
        for amount in &amounts {
            // The row falls back to one cell a character before an amount of at most 16 could be torn.
            prop_assert!(lines.iter().any(|line| line.contains(amount.as_str())), "{amount} in {lines:?}");
        }
    }

    #[test]
    fn no_word_is_lost(text in "[a-zæøå ]{0,200}", width in 1usize..50) {
        let wrapped = wrap(&text, width);
        prop_assert!(wrapped.iter().all(|line| line.chars().count() <= width));
        prop_assert_eq!(wrapped.concat().replace(' ', ""), text.replace(' ', ""));
    }
}

#[test]
fn a_total_is_as_large_as_fits() {
    let size = |label: &str, profile: &Profile| {
        let layout = layout(&Document::new().total(label, "1.234,00 kr."), profile);
        let Op::Line(line) = &layout.ops[0] else { panic!("{layout:?}") };
        line.spans[0].style.size
    };
    assert_eq!(size("Ny saldo", &Profile::tm_t20iii()), Size::Big);
    assert_eq!(size("Saldo 30.11.2026", &Profile::tm_t20iii()), Size::Tall);
    assert_eq!(size("Ny saldo", &Profile::generic_58()), Size::Tall);
}

#[test]
fn a_code_has_white_around_it() {
    let document = Document::new().line("x").qr("1").qr("2").blank().code128("3").line("y");
    let shape: Vec<&str> = layout(&document, &Profile::tm_t20iii())
        .ops
        .iter()
        .map(|op| match op {
            Op::Line(line) if line.spans.is_empty() => "white",
            Op::Line(_) => "line",
            Op::Symbol(_) => "code",
            _ => "cut",
        })
        .collect();
    assert_eq!(shape, ["line", "white", "code", "white", "code", "white", "code", "white", "line", "cut"]);
}
