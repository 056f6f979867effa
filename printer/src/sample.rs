//! Example papers of a fictional school: what `printer preview --sample` shows, and what tests and pictures are made of.
//!
//! Pure. They also show a caller how a receipt is put together.
//!
//! **Invariant:** no real person, school or number stands here.

use crate::document::{Align, Cell, Document, Size, Style};

/// A deposit of money on a pupil's account.
#[must_use]
pub fn deposit_receipt() -> Document {
    letterhead()
        .heading("Kvittering", Size::Tall)
        .blank()
        .row("Dato", "22.11.2026 kl. 11.42")
        .row("Kvittering nr.", "K1-000123")
        .row("Kort", "...4821")
        .rule()
        .row("Indbetaling", "100,00 kr.")
        .row("Saldo før", "78,00 kr.")
        .double_rule()
        .total("Ny saldo", "178,00 kr.")
        .double_rule()
        .blank()
        .centred("Betalt med kort på nettet. Beløbet er momsfrit.")
        .blank()
        .qr("https://kantinen.rugmarken.example/k/K1-000123")
        .centred("Se dine køb og vilkår")
        .blank()
        .text("Tak, og velbekomme!", Style::BOLD, Align::Centre)
}

/// A slip that the kitchen cooks from.
#[must_use]
pub fn order_slip() -> Document {
    Document::new()
        .heading("Bestilling 47", Size::Big)
        .heading("Mandag 23. november, kl. 11.30", Size::Normal)
        .rule()
        .cells(vec![Cell::lead("2 x", 4), Cell::label("Frikadeller med rødkål"), Cell::amount("44,00", 9)], Style::BOLD)
        .line("    Uden løg, tak. Og gerne brun sovs ved siden af.")
        .cells(
            vec![Cell::lead("1 x", 4), Cell::label("Grønsagssuppe med hjemmebagt bolle"), Cell::amount("22,00", 9)],
            Style::BOLD,
        )
        .cells(vec![Cell::lead("1 x", 4), Cell::label("Æblejuice"), Cell::amount("8,00", 9)], Style::BOLD)
        .rule()
        .total("I alt", "74,00 kr.")
        .blank()
        .row("Til", "Liva, 5.B")
        .row("Betalt fra saldo", "22.11.2026 kl. 11.44")
        .text("Allergener: gluten, mælk, æg", Style { underline: true, ..Style::BOLD }, Align::Left)
        .blank()
        .code128("MK-000047")
}

/// A month of purchases, with as many lines as asked.
#[must_use]
pub fn statement(lines: u32) -> Document {
    let mut document = letterhead()
        .heading("Kontoudtog", Size::Tall)
        .heading("November 2026", Size::Normal)
        .blank()
        .row("Konto", "Liva, 5.B")
        .row("Kort", "...4821")
        .blank()
        .cells(
            vec![Cell::lead("Dato", 6), Cell::label("Tekst"), Cell::amount("Beløb", 10), Cell::amount("Saldo", 10)],
            Style::BOLD,
        )
        .rule()
        .cells(
            vec![Cell::lead("01.11", 6), Cell::label("Overført fra oktober"), Cell::amount("250,00", 20)],
            Style::PLAIN,
        );
    let mut balance = 250;
    for line in 0..lines {
        let (text, change) = match line % 6 {
            0 => ("Frikadeller med rødkål", -22),
            1 => ("Æblejuice", -8),
            2 => ("Grønsagssuppe", -22),
            3 => ("Smørrebrød", -18),
            4 => ("Rugbrødsbolle med ost og peberfrugt", -14),
            _ => ("Indbetaling", 100),
        };
        balance += change;
        document = document.cells(
            vec![
                Cell::lead(format!("{:02}.11", line % 30 + 1), 6),
                Cell::label(text),
                Cell::amount(format!("{change},00"), 10),
                Cell::amount(format!("{balance},00"), 10),
            ],
            Style::PLAIN,
        );
    }
    document
        .double_rule()
        .total("Saldo 30.11.2026", format!("{balance},00 kr."))
        .double_rule()
        .blank()
        .centred("Spørgsmål? Skriv til kantinen@rugmarken.example eller kig forbi kassen.")
}

/// What a pupil takes to the office when something went wrong.
#[must_use]
pub fn support_ticket() -> Document {
    letterhead()
        .heading("Supportsag S-0042", Size::Tall)
        .blank()
        .row("Oprettet", "22.11.2026 kl. 11.51")
        .row("Emne", "Forkert beløb")
        .row("Kiosk", "Kantinen 1")
        .rule()
        .line("\"Jeg købte én bolle, men der blev trukket for to.\"")
        .rule()
        .line("Vis denne seddel på kontoret, eller følg sagen her:")
        .qr("https://kantinen.rugmarken.example/s/S-0042")
}

/// Every letter, size and code: what to print first on a new printer.
#[must_use]
pub fn test_page() -> Document {
    Document::new()
        .heading("Testside", Size::Big)
        .rule()
        .line("Rødgrød med fløde, blåbær og æbler på øen.")
        .line("æøå ÆØÅ é ü ö ä ß ½ ² ° £ 0123456789")
        .line("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
        .line("abcdefghijklmnopqrstuvwxyz")
        .line("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
        .text("Fed", Style::BOLD, Align::Left)
        .text("Understreget", Style { underline: true, ..Style::PLAIN }, Align::Centre)
        .text("Høj", Style::PLAIN.sized(Size::Tall), Align::Right)
        .text("Stor", Style::PLAIN.sized(Size::Big), Align::Left)
        .rule()
        .row("En lang tekst, der ikke kan stå på en linje, brydes ved ordene", "1.234,00 kr.")
        .total("I alt", "1.234,00 kr.")
        .rule()
        .qr("https://madkort.example/test?x=%C3%A6%C3%B8%C3%A5")
        .code128("TEST-0123")
}

fn letterhead() -> Document {
    Document::new()
        .heading("Rugmarkens Skole", Size::Big)
        .centred("Kantinen · Rugmarken 12 · 8000 Aarhus C")
        .centred("CVR 12 34 56 78")
        .rule()
}
