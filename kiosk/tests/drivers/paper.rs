//! Paper: every word of it in both languages, and the printer's thread against a printer's wire.

use jiff::civil::date;
use kiosk::paper::words::document;
use kiosk::paper::{PaperDriver, PrinterConfig};
use kiosk::store::{Bells, SpoolState, StoreHandle};
use kiosk_core::{
    Event, OrderSlip, Paper, PaperLine, PrintState, PrinterHealth, Receipt, StatementPaper, TicketSlip, TransferSlip,
    WithdrawalSlip,
};
use madkort_protocol::*;
use receipt_printer::{Profile, layout, png, text};

use crate::printer::{FakePrinter, Mood};
use crate::school::*;

fn receipt() -> Paper {
    Paper::Receipt(Receipt {
        school: "Rugmarkens Skole".to_owned(),
        issuer: issuer(),
        number: "I-2026-000123".to_owned(),
        at: now(),
        account: "Liva".to_owned(),
        card: "···· 4821".to_owned(),
        amount: kroner(100),
        balance: Money::from_ore(117_850),
        terms_version: "2026-1".to_owned(),
    })
}

fn order(language: Language, offline: bool) -> Paper {
    let say = |da: &str, en: &str| if language == Language::Danish { da.to_owned() } else { en.to_owned() };
    let Paper::Order(slip) = slip(2, offline) else { panic!("not a slip") };
    let lines = vec![
        PaperLine {
            name: say("Frikadeller med rødkål og kartofler", "Meatballs with red cabbage"),
            quantity: 2,
            amount: kroner(44),
            comment: "uden løg, tak, og gerne med brun sovs ved siden af".to_owned(),
        },
        PaperLine { name: say("Æblejuice", "Apple juice"), quantity: 12, amount: kroner(96), comment: String::new() },
    ];
    let taken = slip.taken.map(|_| kroner(70));
    Paper::Order(OrderSlip { number: "K1-42".to_owned(), lines, total: kroner(140), vat: kroner(28), taken, ..slip })
}

fn statement() -> Paper {
    let line = |day, text, number: &str, amount, balance| StatementLine {
        date: date(2026, 11, day),
        text,
        number: number.to_owned(),
        amount: Money::from_ore(amount),
        balance: Money::from_ore(balance),
        correction: None,
    };
    let lines = vec![
        line(2, StatementText::Deposit, "I-2026-000101", 30_000, 32_550),
        line(3, StatementText::OrderPlaced { delivery: date(2026, 11, 4) }, "K1-31", -4400, 28_150),
        line(4, StatementText::OrderReleased { delivery: date(2026, 11, 4) }, "K1-31", 4400, 32_550),
        line(9, StatementText::Purchase { text: "Frugt og grønt, 3 stk. æbler".to_owned() }, "", -2100, 30_450),
        line(12, StatementText::Recharge, "", 100_000, 130_450),
        line(13, StatementText::Correction, "", -50, 130_400),
        line(14, StatementText::Transfer, "", 100, 130_500),
        line(15, StatementText::Withdrawal, "", -100, 130_400),
        line(16, StatementText::WithdrawalBack, "", 100, 130_500),
    ];
    Paper::Statement(StatementPaper {
        school: "Rugmarkens Skole".to_owned(),
        issuer: issuer(),
        account: "Liva".to_owned(),
        card: "···· 4821".to_owned(),
        at: now(),
        statement: Statement {
            account: account_id(),
            month: date(2026, 11, 1),
            opening: Money::from_ore(2550),
            closing: Money::from_ore(130_500),
            lines,
            months: vec![],
        },
    })
}

fn ticket(offline: bool) -> Paper {
    Paper::Ticket(TicketSlip {
        school: "Rugmarkens Skole".to_owned(),
        number: "K1-43".to_owned(),
        at: now(),
        regarding: "Liva".to_owned(),
        support_email: "hjaelp@rugmarken.example".to_owned(),
        support_phone: "70 10 10 10".to_owned(),
        offline,
    })
}

fn transfer() -> Paper {
    Paper::Transfer(TransferSlip {
        school: "Rugmarkens Skole".to_owned(),
        issuer: issuer(),
        number: "0A1B2C3D".to_owned(),
        at: now(),
        from: "Karen".to_owned(),
        to: "Liva".to_owned(),
        amount: kroner(50),
        balance: Money::from_ore(1),
    })
}

fn withdrawal() -> Paper {
    Paper::Withdrawal(WithdrawalSlip {
        school: "Rugmarkens Skole".to_owned(),
        issuer: issuer(),
        number: "0A1B2C3D".to_owned(),
        at: now(),
        account: "Liva".to_owned(),
        card: "···· 4821".to_owned(),
        amount: Money::from_ore(117_850),
        to: "6543".to_owned(),
        balance: Money::ZERO,
    })
}

fn papers(language: Language) -> [(&'static str, Paper, u32); 8] {
    [
        ("receipt", receipt(), 1),
        ("order", order(language, false), 1),
        ("order offline, copy", order(language, true), 2),
        ("statement", statement(), 1),
        ("ticket", ticket(false), 1),
        ("ticket offline", ticket(true), 1),
        ("transfer", transfer(), 1),
        ("withdrawal", withdrawal(), 1),
    ]
}

fn in_words(language: Language, profile: &Profile) -> String {
    let each = papers(language).map(|(name, paper, copy)| {
        let words = text::render(&layout(&document(&paper, language, copy), profile));
        format!("=== {name}\n{words}")
    });
    each.join("\n")
}

#[test]
fn a_correction_is_told_in_the_readers_language() {
    let correction = Correction {
        step: CorrectionStep::Reversal,
        wrong: WrongEntry::Deposit,
        number: "I-7".to_owned(),
        date: date(2026, 11, 9),
        reason: "PH: tastet to gange".to_owned(),
    };
    let Paper::Statement(mut paper) = statement() else { panic!("not a statement") };
    let line = &mut paper.statement.lines[0];
    line.text = StatementText::Purchase { text: correction.in_words(Language::Danish) };
    line.correction = Some(correction);
    for (language, wanted) in [
        (Language::Danish, "Tilbageførsel af indbetaling I-7 09.11.2026: PH: tastet to gange"),
        (Language::English, "Reversal of deposit I-7 09/11/2026: PH: tastet to gange"),
    ] {
        let paper = document(&Paper::Statement(paper.clone()), language, 1);
        let words = text::render(&layout(&paper, &Profile::tm_t20iii()));
        // Each word, in its order: on paper the line is folded between figures.
        let mut rest = words.split_whitespace();
        assert!(wanted.split(' ').all(|word| rest.any(|found| found == word)), "{wanted}: {words}");
        assert_eq!(words.contains("Tilbageførsel"), language == Language::Danish);
    }
}

#[test]
fn every_paper_in_danish() {
    insta::assert_snapshot!(in_words(Language::Danish, &Profile::tm_t20iii()));
}

#[test]
fn every_paper_in_english() {
    insta::assert_snapshot!(in_words(Language::English, &Profile::tm_t20iii()));
}

#[test]
fn every_paper_on_a_narrow_roll() {
    insta::assert_snapshot!(in_words(Language::Danish, &Profile::generic_58()));
}

#[test]
fn an_empty_month_says_so() {
    let Paper::Statement(mut paper) = statement() else { panic!("not a statement") };
    paper.statement.lines.clear();
    let words = text::render(&layout(&document(&Paper::Statement(paper), Language::Danish, 1), &Profile::tm_t20iii()));
    assert!(words.contains("Ingen bevægelser i måneden"), "{words}");
}

#[test]
fn a_slip_asked_for_once_more_says_so_whatever_this_kiosk_has_printed() {
    let Paper::Order(slip) = order(Language::Danish, false) else { panic!("not a slip") };
    let copy = Paper::Order(OrderSlip { copy: true, balance: None, taken: None, ..slip });
    let words = |paper: &Paper, copy_no| {
        text::render(&layout(&document(paper, Language::Danish, copy_no), &Profile::tm_t20iii()))
    };
    for copy_no in [1, 2, 3] {
        let words = words(&copy, copy_no);
        assert!(words.contains("KOPI") && words.contains("K1-42"), "{words}");
        // How much was left then is on the first.
        assert!(!words.contains("Saldo") && !words.contains("Fra kontoen"), "{words}");
    }
    assert!(!words(&order(Language::Danish, false), 1).contains("KOPI"));
    assert!(!words(&receipt(), 1).contains("KOPI") && words(&receipt(), 2).contains("KOPI"));
}

/// For a person to look at: `MADKORT_PAPERS=folder cargo test -p kiosk --test drivers pictures`.
#[test]
fn pictures_of_every_paper_can_be_made() {
    let profile = Profile::tm_t20iii();
    let folder = std::env::var_os("MADKORT_PAPERS").map(std::path::PathBuf::from);
    for (language, (name, paper, copy)) in
        [Language::Danish, Language::English].into_iter().flat_map(|l| papers(l).map(|paper| (l, paper)))
    {
        let picture = png::paper(&layout(&document(&paper, language, copy), &profile), &profile).unwrap();
        assert!(picture.starts_with(b"\x89PNG"));
        if let Some(folder) = &folder {
            std::fs::write(folder.join(format!("{name} {}.png", language.tag())), picture).unwrap();
        }
    }
}

struct Kiosk {
    store: StoreHandle,
    ears: Ears,
    _folder: tempfile::TempDir,
}

fn kiosk_with(printer: Option<&FakePrinter>) -> Kiosk {
    let folder = tempfile::tempdir().unwrap();
    drop(store_in(folder.path()));
    kiosk_in(folder, printer)
}

fn kiosk_in(folder: tempfile::TempDir, printer: Option<&FakePrinter>) -> Kiosk {
    let (events, ears) = Ears::new();
    let (bells, rings) = Bells::new();
    let store = StoreHandle::start(folder.path().to_owned(), events.clone(), clock(), bells).unwrap();
    let address = printer.map(|printer| format!("tcp://{}", printer.address()).parse().unwrap());
    let config = PrinterConfig { address, profile: Profile::tm_t20iii() };
    PaperDriver::new(config, store.clone(), events).start(rings).unwrap();
    Kiosk { store, ears, _folder: folder }
}

impl Kiosk {
    fn order(&self, number: u128) -> String {
        self.store.tell(move |desk| {
            desk.record(operation(number), draft(1), Some((slip(1, false), Language::Danish)), false);
        });
        operation(number).to_string()
    }

    fn wait_for_paper(&mut self, reference: &str, state: PrintState) {
        self.ears.wait_for_event(&Event::Paper { reference: reference.to_owned(), state });
    }

    fn state(&self, reference: &str) -> SpoolState {
        let reference = reference.to_owned();
        self.store.ask(move |desk| desk.store.job_state(&reference).unwrap().unwrap().state).blocking_recv().unwrap()
    }
}

#[test]
fn a_slip_comes_out_and_is_proven_by_the_printer() {
    let printer = FakePrinter::start(Mood::Well);
    let mut kiosk = kiosk_with(Some(&printer));
    kiosk.ears.wait_for_event(&Event::Printer(PrinterHealth::Works));
    let reference = kiosk.order(1);
    kiosk.wait_for_paper(&reference, PrintState::Printing);
    kiosk.wait_for_paper(&reference, PrintState::Printed);
    assert_eq!(kiosk.state(&reference), SpoolState::Printed);
    assert_eq!((printer.papers(), printer.recovered()), (1, vec![]));
}

#[test]
fn without_paper_nothing_is_sent_until_somebody_brings_a_roll() {
    let printer = FakePrinter::start(Mood::PaperOut);
    let mut kiosk = kiosk_with(Some(&printer));
    kiosk.ears.wait_for_event(&Event::Printer(PrinterHealth::PaperOut));
    let reference = kiosk.order(1);
    kiosk.ears.wait_for("Recorded", |event| matches!(event, Event::Recorded { .. }).then_some(()));
    assert_eq!((kiosk.state(&reference), printer.papers()), (SpoolState::Queued, 0));
    printer.be(Mood::Well);
    kiosk.wait_for_paper(&reference, PrintState::Printed);
    assert_eq!(printer.papers(), 1);
}

#[test]
fn a_link_that_breaks_in_the_middle_leaves_doubt_and_no_second_paper() {
    let printer = FakePrinter::start(Mood::HangsUpInTheMiddle);
    let mut kiosk = kiosk_with(Some(&printer));
    let reference = kiosk.order(1);
    kiosk.wait_for_paper(&reference, PrintState::Uncertain);
    printer.be(Mood::Well);
    let second = kiosk.order(2);
    kiosk.wait_for_paper(&second, PrintState::Printed);
    assert_eq!((kiosk.state(&reference), printer.papers()), (SpoolState::Uncertain, 1));
    // What the first left in the printer is ended before the second, and not once more before the third.
    let third = kiosk.order(3);
    kiosk.wait_for_paper(&third, PrintState::Printed);
    assert_eq!((printer.papers(), printer.recovered()), (2, vec![1]));
}

#[test]
fn a_paper_that_was_under_way_when_the_power_went_is_ended_before_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store_in(folder.path());
    store.record(to_record(1, 1)).unwrap();
    let job = store.next_job().unwrap().unwrap().job;
    store.note_job(job, SpoolState::Sending, 100, None, now()).unwrap();
    drop(store);
    let printer = FakePrinter::start(Mood::Well);
    let mut kiosk = kiosk_in(folder, Some(&printer));
    for number in [2, 3] {
        let reference = kiosk.order(number);
        kiosk.wait_for_paper(&reference, PrintState::Printed);
    }
    assert_eq!(kiosk.state(&operation(1).to_string()), SpoolState::Uncertain);
    assert_eq!((printer.papers(), printer.recovered()), (2, vec![1]));
}

#[test]
fn a_kiosk_without_a_printer_says_so_at_once() {
    let mut kiosk = kiosk_with(None);
    kiosk.ears.wait_for_event(&Event::Printer(PrinterHealth::None));
    let reference = kiosk.order(1);
    kiosk.wait_for_paper(&reference, PrintState::NotPrinted);
}

#[test]
fn a_printer_that_is_not_there_is_gone_and_paper_waits() {
    let printer = FakePrinter::start(Mood::Well);
    let address = printer.address();
    drop(printer);
    let printer = FakePrinter::nobody(address);
    let mut kiosk = kiosk_with(Some(&printer));
    kiosk.ears.wait_for_event(&Event::Printer(PrinterHealth::Gone));
    let reference = kiosk.order(1);
    kiosk.ears.wait_for("Recorded", |event| matches!(event, Event::Recorded { .. }).then_some(()));
    assert_eq!(kiosk.state(&reference), SpoolState::Queued);
}
