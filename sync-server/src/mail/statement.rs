//! A month of an account as a PDF: letterhead, opening balance, each line with the balance after it, closing balance.
//!
//! Pure. **Invariant:** the same letter makes the same bytes; every line of the month is on a page, and each page says which it is and,
//! if it is of a copy, that it is.

use jiff::Timestamp;
use jiff::civil::Date;
use madkort_protocol::{Issuer, Language, Money, Statement, StatementLine, StatementText};

use super::page::{BOLD, Document, HEIGHT, PLAIN, Sheet, WIDTH, width};
use super::words::moment;

/// Points (1/72 inch) left free at each side.
const MARGIN: u16 = 56;
/// Points from one line to the next.
const LEADING: u16 = 17;
/// Where the day, what it was, the amount and the balance stand; the last two are set flush right.
const DAY: u16 = MARGIN;
const WHAT: u16 = MARGIN + 62;
const AMOUNT: u16 = WIDTH - MARGIN - 92;
const BALANCE: u16 = WIDTH - MARGIN;
/// How far up a copy says so, above all that stands on a sheet.
const COPY: u16 = HEIGHT - MARGIN + 18;
/// Type of the lines.
const BODY: u16 = 10;

/// What stands above the lines.
#[derive(Clone, Copy, Debug)]
pub struct Heads<'a> {
    /// The school's name.
    pub school: &'a str,
    /// Who holds the money.
    pub issuer: &'a Issuer,
    /// What the account is called.
    pub account: &'a str,
    /// The card, masked.
    pub card: &'a str,
    /// When it was asked for.
    pub written: Timestamp,
    /// 1 for the first of its kind; from 2 on it is a copy.
    pub copy: u32,
}

/// The statement on A4.
#[must_use]
pub fn pdf(heads: &Heads<'_>, statement: &Statement, language: Language) -> Vec<u8> {
    let words = Words(language);
    let title = format!("{} · {}", words.say("Kontoudtog", "Statement"), month(statement.month, language));
    let mut paper = Paper { words, sheets: vec![], sheet: Sheet::default(), y: 0 };
    paper.first(heads, &title);
    paper.columns();
    paper.figure(words.say("Saldo ved månedens begyndelse", "Balance when the month began"), statement.opening);
    for line in &statement.lines {
        paper.line(line);
    }
    if statement.lines.is_empty() {
        paper.sheet.text(
            WHAT,
            paper.y,
            PLAIN,
            BODY,
            words.say("Der er sket intet i denne måned.", "Nothing happened this month."),
        );
        paper.y -= LEADING;
    }
    paper.sheet.rule(MARGIN, paper.y + 12, BALANCE);
    paper.figure(words.say("Saldo ved månedens slutning", "Balance at the end of the month"), statement.closing);
    let sheets = paper.finish(heads);
    Document { title: &title, language: language.tag(), sheets }.write()
}

/// `kontoudtog-2026-11.pdf`.
#[must_use]
pub fn file_name(first_day: Date, language: Language) -> String {
    let what = Words(language).say("kontoudtog", "statement");
    format!("{what}-{}.pdf", first_day.strftime("%Y-%m"))
}

/// `november 2026`.
#[must_use]
pub fn month(first_day: Date, language: Language) -> String {
    format!("{} {}", language.month_name(first_day), first_day.year())
}

/// The sheets so far, and how far down the last one is written.
struct Paper {
    words: Words,
    sheets: Vec<Sheet>,
    sheet: Sheet,
    y: u16,
}

impl Paper {
    fn first(&mut self, heads: &Heads<'_>, title: &str) {
        self.y = HEIGHT - MARGIN - 12;
        self.sheet.text(MARGIN, self.y, BOLD, 16, heads.school);
        self.y -= 30;
        self.sheet.text(MARGIN, self.y, BOLD, 13, title);
        self.y -= 22;
        let holder = format!("{}, CVR {}", heads.issuer.name, heads.issuer.cvr);
        let written = moment(heads.written);
        for (name, value) in [
            (self.words.say("Konto", "Account"), heads.account),
            (self.words.say("Kort", "Card"), heads.card),
            (self.words.say("Pengene opbevares af", "The money is held by"), holder.as_str()),
            (self.words.say("Udskrevet", "Written"), written.as_str()),
        ] {
            self.sheet.text(MARGIN, self.y, PLAIN, BODY, name);
            self.sheet.text(MARGIN + 130, self.y, PLAIN, BODY, value);
            self.y -= 15;
        }
        self.y -= 15;
    }

    fn columns(&mut self) {
        self.sheet.text(DAY, self.y, BOLD, BODY, self.words.say("Dato", "Date"));
        self.sheet.text(WHAT, self.y, BOLD, BODY, self.words.say("Tekst", "What"));
        self.sheet.flush_right(AMOUNT, self.y, BOLD, BODY, self.words.say("Beløb", "Amount"));
        self.sheet.flush_right(BALANCE, self.y, BOLD, BODY, self.words.say("Saldo", "Balance"));
        self.sheet.rule(MARGIN, self.y - 5, BALANCE);
        self.y -= LEADING + 3;
    }

    fn figure(&mut self, name: &str, balance: Money) {
        self.make_room();
        self.sheet.text(WHAT, self.y, BOLD, BODY, name);
        self.sheet.flush_right(BALANCE, self.y, BOLD, BODY, &balance.in_words(self.words.0));
        self.y -= LEADING;
    }

    fn line(&mut self, line: &StatementLine) {
        self.make_room();
        let amount = line.amount.in_words(self.words.0);
        self.sheet.text(DAY, self.y, PLAIN, BODY, &line.date.strftime("%d.%m.%Y").to_string());
        self.sheet.flush_right(AMOUNT, self.y, PLAIN, BODY, &amount);
        self.sheet.flush_right(BALANCE, self.y, PLAIN, BODY, &line.balance.in_words(self.words.0));
        let room = (AMOUNT - WHAT - 12).saturating_sub(width(&amount, PLAIN, BODY));
        // A correction says what it is about and why: that takes more than a row.
        for (row, text) in folded(&self.words.line(line), room).iter().enumerate() {
            if row > 0 {
                self.make_room();
            }
            self.sheet.text(WHAT, self.y, PLAIN, BODY, text);
            self.y -= LEADING;
        }
    }

    /// A new sheet when this one is full.
    fn make_room(&mut self) {
        if self.y < MARGIN + 2 * LEADING {
            self.sheets.push(std::mem::take(&mut self.sheet));
            self.y = HEIGHT - MARGIN;
            self.columns();
        }
    }

    /// Every sheet says which it is.
    fn finish(mut self, heads: &Heads<'_>) -> Vec<Sheet> {
        self.sheets.push(self.sheet);
        let all = self.sheets.len();
        let copy = (heads.copy > 1).then(|| format!("{} {}", self.words.say("KOPI", "COPY"), heads.copy));
        for (place, sheet) in self.sheets.iter_mut().enumerate() {
            let which = format!("{} {}/{all}", self.words.say("Side", "Page"), place + 1);
            sheet.text(MARGIN, MARGIN - 18, PLAIN, 8, heads.school);
            sheet.flush_right(BALANCE, MARGIN - 18, PLAIN, 8, &which);
            if let Some(copy) = &copy {
                sheet.flush_right(BALANCE, COPY, BOLD, 16, copy);
            }
        }
        self.sheets
    }
}

#[derive(Clone, Copy)]
struct Words(Language);

impl Words {
    fn say(self, danish: &'static str, english: &'static str) -> &'static str {
        match self.0 {
            Language::Danish => danish,
            Language::English => english,
        }
    }

    fn line(self, line: &StatementLine) -> String {
        let what = match &line.correction {
            Some(correction) => correction.in_words(self.0),
            None => self.text(&line.text),
        };
        if line.number.is_empty() { what } else { format!("{what} ({})", line.number) }
    }

    fn text(self, text: &StatementText) -> String {
        let day = |day: &Date| day.strftime(self.say("%d.%m", "%d/%m")).to_string();
        match text {
            StatementText::Deposit => self.say("Indbetaling", "Deposit").to_owned(),
            StatementText::Recharge => self.say("Auto-optank", "Auto top-up").to_owned(),
            StatementText::Purchase { text } => text.clone(),
            StatementText::OrderPlaced { delivery } => {
                format!("{} {}", self.say("Bestilling til", "Order for"), day(delivery))
            }
            StatementText::OrderReleased { delivery } => {
                format!("{} {}", self.say("Afbestilt til", "Cancelled for"), day(delivery))
            }
            StatementText::Transfer => self.say("Overførsel", "Transfer").to_owned(),
            StatementText::Withdrawal => self.say("Udbetaling", "Withdrawal").to_owned(),
            StatementText::WithdrawalBack => self.say("Udbetaling ført tilbage", "Withdrawal put back").to_owned(),
            StatementText::Correction => self.say("Rettelse", "Correction").to_owned(),
        }
    }
}

/// A text in rows for which there is room, in points: at least one. A word that is too long for a row is cut.
fn folded(text: &str, room: u16) -> Vec<String> {
    let mut rows = vec![String::new()];
    for word in text.split_whitespace() {
        let last = rows.last_mut().map(std::mem::take).unwrap_or_default();
        let longer = if last.is_empty() { word.to_owned() } else { format!("{last} {word}") };
        rows.pop();
        if last.is_empty() || width(&longer, PLAIN, BODY) <= room {
            rows.push(fitted(&longer, room));
        } else {
            rows.extend([last, fitted(word, room)]);
        }
    }
    rows
}

/// As much of a text as there is room for, in points.
fn fitted(text: &str, room: u16) -> String {
    if width(text, PLAIN, BODY) <= room {
        return text.to_owned();
    }
    let mut kept = text.to_owned();
    while kept.pop().is_some() {
        let short = format!("{}…", kept.trim_end());
        if width(&short, PLAIN, BODY) <= room {
            return short;
        }
    }
    String::new()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use jiff::civil::date;
    use madkort_protocol::{AccountId, Correction, CorrectionStep, WrongEntry};
    use uuid::Uuid;

    use super::*;

    fn issuer() -> Issuer {
        Issuer { name: "Højager Madfond".into(), cvr: "00000000".into(), address: "Skolevej 1".into() }
    }

    fn statement(lines: usize) -> Statement {
        let line = |n: usize| StatementLine {
            date: date(2026, 11, i8::try_from(n % 28 + 1).unwrap()),
            text: StatementText::Purchase { text: format!("Rugbrødssandwich med laks og æblejuice {n}") },
            number: format!("T2-{n}"),
            amount: Money::from_ore(-3950),
            balance: Money::from_ore(-123_456_789),
            correction: None,
        };
        Statement {
            account: AccountId::new(Uuid::nil()),
            month: date(2026, 11, 1),
            opening: Money::from_kroner(200),
            closing: Money::from_ore(-123_456_789),
            lines: (0..lines).map(line).collect(),
            months: vec![],
        }
    }

    fn made(lines: usize, language: Language) -> Vec<u8> {
        made_as(1, lines, language)
    }

    fn made_as(copy: u32, lines: usize, language: Language) -> Vec<u8> {
        let issuer = issuer();
        let written = "2026-11-22T11:00:00Z".parse().unwrap();
        let heads =
            Heads { school: "Højager Skole", issuer: &issuer, account: "Alma", card: "···· 4580", written, copy };
        pdf(&heads, &statement(lines), language)
    }

    fn times(pdf: &[u8], words: &str) -> usize {
        pdf.windows(words.len()).filter(|part| *part == words.as_bytes()).count()
    }

    fn pages(pdf: &[u8]) -> usize {
        pdf.windows(11).filter(|window| *window == b"/Type /Page").count() - 1
    }

    #[test]
    fn the_same_letter_is_the_same_bytes_and_a_long_month_takes_more_sheets() {
        assert_eq!(made(3, Language::Danish), made(3, Language::Danish));
        assert_ne!(made(3, Language::Danish), made(3, Language::English));
        assert_eq!(pages(&made(0, Language::Danish)), 1);
        assert_eq!(pages(&made(100, Language::English)), 3);
    }

    #[test]
    fn a_copy_says_so_on_every_sheet() {
        assert_eq!(times(&made(100, Language::Danish), "KOPI"), 0);
        assert_eq!(times(&made_as(2, 100, Language::Danish), "(KOPI 2)"), 3);
        assert_eq!(times(&made_as(3, 0, Language::English), "(COPY 3)"), 1);
    }

    #[test]
    fn no_text_runs_into_the_figures() {
        let long = "Kartoffelmad på fuldkornsrugbrød med urtemayonnaise, 3 × Gulerodsstave, Økologisk letmælk, vand";
        let room = AMOUNT - WHAT - 12 - width("-1.234,50 kr.", PLAIN, BODY);
        let short = fitted(long, room);
        assert!(short.ends_with('…') && width(&short, PLAIN, BODY) <= room, "{short}");
        assert_eq!(fitted("Æble", room), "Æble");
        assert_eq!(fitted("Æble", 1), "");
    }

    #[test]
    fn a_correction_is_told_in_the_readers_language() {
        let correction = Correction {
            step: CorrectionStep::Reversal,
            wrong: WrongEntry::Deposit,
            number: "I-7".into(),
            date: date(2026, 11, 22),
            reason: "PH: to gange".into(),
        };
        let text = StatementText::Purchase { text: correction.in_words(Language::Danish) };
        let line = StatementLine { text, correction: Some(correction), ..statement(1).lines.remove(0) };
        let (issuer, written) = (issuer(), "2026-11-22T11:00:00Z".parse().unwrap());
        let heads = Heads { school: "", issuer: &issuer, account: "", card: "", written, copy: 1 };
        let danish = Words(Language::Danish).line(&line);
        assert_eq!(danish, "Tilbageførsel af indbetaling I-7 22.11.2026: PH: to gange (T2-0)");
        let statement = Statement { lines: vec![line], ..statement(0) };
        let pdf = pdf(&heads, &statement, Language::English);
        assert_eq!(times(&pdf, "Reversal of deposit I-7 22/11/2026: PH: to"), 1);
    }

    #[test]
    fn a_long_text_takes_more_rows() {
        let room = AMOUNT - WHAT - 12 - width("-1.234,50 kr.", PLAIN, BODY);
        let long = "Tilbageførsel af Frokost 22.11.2026: PH: tastet to gange, og begge er betalt med det samme kort";
        let rows = folded(long, room);
        assert_eq!((rows.len(), rows.join(" ")), (2, long.to_owned()));
        assert!(rows.iter().all(|row| width(row, PLAIN, BODY) <= room));
        assert_eq!(folded("Æble", room), ["Æble"]);
        assert_eq!(folded("", room), [""]);
        let word = folded(&format!("{} er lang", "x".repeat(400)), room);
        assert!(word.len() == 2 && word[0].ends_with('…') && word[1] == "er lang", "{word:?}");
    }

    #[test]
    fn a_file_is_named_after_its_month() {
        assert_eq!(file_name(date(2026, 11, 1), Language::Danish), "kontoudtog-2026-11.pdf");
        assert_eq!(month(date(2026, 5, 1), Language::English), "May 2026");
        assert_eq!(month(date(2026, 5, 1), Language::Danish), "maj 2026");
    }
}
