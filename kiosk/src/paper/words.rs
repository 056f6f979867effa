//! The words on paper, in Danish and in English.
//!
//! Pure: a [`Paper`]'s figures in, a [`Document`] out; the printer's own crate lays it out. **Invariant:** what is printed is what is
//! in the [`Paper`]: every amount and date once, in Danish time, and nothing that is not there.

use jiff::Timestamp;
use jiff::civil::Date;
use kiosk_core::{OrderSlip, Paper, Receipt, StatementPaper, TicketSlip, TransferSlip, WithdrawalSlip};
use madkort_protocol::{Issuer, Language, Money, StatementLine, StatementText};
use receipt_printer::{Align, Cell, Document, Mark, Size, Style};

use crate::events::danish_time;

/// Columns of a quantity: `30 x `.
const QUANTITY: u8 = 5;
/// Columns of a date in a list: `22.11 `.
const DAY: u8 = 6;
/// Columns of an amount in a list: ` -1.234,50`.
const AMOUNT: u8 = 10;

/// The paper in words. `copy_no` is 1 for the first; from 2 on it says KOPI, and so does a slip that was made as a copy: the first may
/// have come out of another kiosk.
#[must_use]
pub fn document(paper: &Paper, language: Language, copy_no: u32) -> Document {
    let words = Words(language);
    let document = match paper {
        Paper::Receipt(receipt) => words.receipt(receipt),
        Paper::Order(slip) => words.order(slip),
        Paper::Statement(paper) => words.statement(paper),
        Paper::Ticket(slip) => words.ticket(slip),
        Paper::Transfer(slip) => words.transfer(slip),
        Paper::Withdrawal(slip) => words.withdrawal(slip),
    };
    let made_as_copy = matches!(paper, Paper::Order(slip) if slip.copy);
    let copy_no = if made_as_copy { copy_no.max(2) } else { copy_no };
    if copy_no > 1 { document.marked(Mark::Copy(copy_no)) } else { document }
}

/// One language's words.
#[derive(Clone, Copy)]
struct Words(Language);

impl Words {
    fn say(self, danish: &'static str, english: &'static str) -> &'static str {
        match self.0 {
            Language::Danish => danish,
            Language::English => english,
        }
    }

    fn receipt(self, receipt: &Receipt) -> Document {
        letterhead(&receipt.school, &receipt.issuer)
            .heading(self.say("Kvittering for indbetaling", "Receipt for a deposit"), Size::Tall)
            .blank()
            .row(self.say("Kvittering nr.", "Receipt no."), &receipt.number)
            .row(self.say("Betalt", "Paid"), self.moment(receipt.at))
            .row(self.say("Konto", "Account"), &receipt.account)
            .row(self.say("Kort", "Card"), &receipt.card)
            .rule()
            .row(self.say("Indbetalt", "Paid in"), self.money(receipt.amount))
            .double_rule()
            .total(self.say("Ny saldo", "New balance"), self.money(receipt.balance))
            .double_rule()
            .centred(format!("{} {}", self.say("Indbetalt efter vilkår", "Paid in under terms"), receipt.terms_version))
    }

    fn order(self, slip: &OrderSlip) -> Document {
        let mut document = letterhead(&slip.school, &slip.issuer)
            .heading(format!("{} {}", self.say("Bestilling", "Order"), slip.number), Size::Big)
            .blank()
            .heading(self.long_day(slip.delivery), Size::Tall)
            .rule();
        for line in &slip.lines {
            document = document.cells(
                vec![
                    Cell::lead(format!("{} x", line.quantity), QUANTITY),
                    Cell::label(&line.name),
                    Cell::amount(self.figure(line.amount), AMOUNT),
                ],
                Style::PLAIN,
            );
            if !line.comment.is_empty() {
                let words =
                    vec![Cell::lead("", QUANTITY), Cell::label(format!("> {}", line.comment.replace('\n', " ")))];
                document = document.cells(words, Style::PLAIN);
            }
        }
        document = document
            .double_rule()
            .total(self.say("I alt", "Total"), self.money(slip.total))
            .double_rule()
            .row(self.say("Heraf moms", "Of which VAT"), self.money(slip.vat))
            .row(self.say("Konto", "Account"), &slip.account);
        if let Some(taken) = slip.taken {
            document = document.row(self.say("Fra kontoen", "From the account"), self.money(taken));
        }
        if let Some(balance) = slip.balance {
            document = document.row(self.say("Saldo efter", "Balance after"), self.money(balance));
        }
        document = document.row(self.say("Bestilt", "Ordered"), self.moment(slip.at));
        if slip.offline {
            document = document.blank().text(
                self.say(
                    "Bestilt uden net –\nsendes når forbindelsen er tilbage",
                    "Ordered offline –\nsent when the connection is back",
                ),
                Style::BOLD,
                Align::Centre,
            );
        }
        document
    }

    fn statement(self, paper: &StatementPaper) -> Document {
        let statement = &paper.statement;
        let head = vec![
            Cell::lead(self.say("Dato", "Date"), DAY),
            Cell::label(self.say("Tekst", "Text")),
            Cell::amount(self.say("Beløb", "Amount"), AMOUNT),
            Cell::amount(self.say("Saldo", "Balance"), AMOUNT),
        ];
        let mut document = letterhead(&paper.school, &paper.issuer)
            .heading(self.say("Kontoudtog", "Statement"), Size::Tall)
            .heading(self.month(statement.month), Size::Normal)
            .blank()
            .row(self.say("Konto", "Account"), &paper.account)
            .row(self.say("Kort", "Card"), &paper.card)
            .row(self.say("Udskrevet", "Printed"), self.moment(paper.at))
            .blank()
            .cells(head, Style::BOLD)
            .rule()
            .cells(
                vec![
                    Cell::lead("", DAY),
                    Cell::label(self.say("Saldo ved månedens start", "Opening balance")),
                    Cell::amount(self.figure(statement.opening), AMOUNT),
                ],
                Style::PLAIN,
            );
        for line in &statement.lines {
            document = document.cells(
                vec![
                    Cell::lead(self.short_day(line.date), DAY),
                    Cell::label(self.line_text(line)),
                    Cell::amount(self.figure(line.amount), AMOUNT),
                    Cell::amount(self.figure(line.balance), AMOUNT),
                ],
                Style::PLAIN,
            );
        }
        if statement.lines.is_empty() {
            document = document.centred(self.say("Ingen bevægelser i måneden", "No entries in this month"));
        }
        document.double_rule().total(self.say("Saldo", "Balance"), self.money(statement.closing)).double_rule()
    }

    fn ticket(self, slip: &TicketSlip) -> Document {
        let kept = if slip.offline {
            self.say("Din besked er gemt", "Your message is kept")
        } else {
            self.say("Vi har modtaget din besked", "We have received your message")
        };
        let document = Document::new()
            .heading(&slip.school, Size::Big)
            .blank()
            .heading(kept, Size::Tall)
            .blank()
            .heading(format!("{} {}", self.say("Sag", "Case"), slip.number), Size::Big)
            .blank()
            .row(self.say("Skrevet", "Written"), self.moment(slip.at))
            .row(self.say("Om konto", "About account"), &slip.regarding)
            .rule()
            .line(self.say(
                "Du får svar på den e-mail, du har oplyst. Oplys sagens nummer, hvis du henvender dig igen.",
                "You will get an answer by the e-mail you gave. Please name the case number if you contact us again.",
            ))
            .blank()
            .row(self.say("E-mail", "E-mail"), &slip.support_email)
            .row(self.say("Telefon", "Telephone"), &slip.support_phone);
        if !slip.offline {
            return document;
        }
        document.blank().text(
            self.say(
                "Skrevet uden net –\nsendes når forbindelsen er tilbage",
                "Written offline –\nsent when the connection is back",
            ),
            Style::BOLD,
            Align::Centre,
        )
    }

    fn transfer(self, slip: &TransferSlip) -> Document {
        letterhead(&slip.school, &slip.issuer)
            .heading(self.say("Overførsel", "Transfer"), Size::Tall)
            .blank()
            .row(self.say("Nummer", "Number"), &slip.number)
            .row(self.say("Overført", "Moved"), self.moment(slip.at))
            .row(self.say("Fra konto", "From account"), &slip.from)
            .row(self.say("Til konto", "To account"), &slip.to)
            .rule()
            .row(self.say("Beløb", "Amount"), self.money(slip.amount))
            .double_rule()
            .total(self.say("Ny saldo", "New balance"), self.money(slip.balance))
            .double_rule()
    }

    fn withdrawal(self, slip: &WithdrawalSlip) -> Document {
        letterhead(&slip.school, &slip.issuer)
            .heading(self.say("Udbetaling bestilt", "Withdrawal requested"), Size::Tall)
            .blank()
            .row(self.say("Nummer", "Number"), &slip.number)
            .row(self.say("Bestilt", "Requested"), self.moment(slip.at))
            .row(self.say("Konto", "Account"), &slip.account)
            .row(self.say("Kort", "Card"), &slip.card)
            .row(self.say("Til bankkonto", "To bank account"), format!("···· {}", slip.to))
            .rule()
            .row(self.say("Beløb", "Amount"), self.money(slip.amount))
            .double_rule()
            .total(self.say("Ny saldo", "New balance"), self.money(slip.balance))
            .double_rule()
            .line(self.say(
                "Pengene er lagt til side og sendes til banken. Indtil da kan du fortryde her. I banken tager det en bankdag.",
                "The money is set aside and goes to the bank. Until then you can take it back here. The bank takes one banking day.",
            ))
    }

    fn line_text(self, line: &StatementLine) -> String {
        let what = match &line.correction {
            Some(correction) => correction.in_words(self.0),
            None => self.entry_text(&line.text),
        };
        if line.number.is_empty() { what } else { format!("{what} ({})", line.number) }
    }

    fn entry_text(self, text: &StatementText) -> String {
        match text {
            StatementText::Deposit => self.say("Indbetaling", "Deposit").to_owned(),
            StatementText::Recharge => self.say("Auto-optank", "Auto top-up").to_owned(),
            StatementText::Purchase { text } => text.clone(),
            StatementText::OrderPlaced { delivery } => {
                format!("{} {}", self.say("Bestilling til", "Order for"), self.short_day(*delivery))
            }
            StatementText::OrderReleased { delivery } => {
                format!("{} {}", self.say("Afbestilt til", "Cancelled for"), self.short_day(*delivery))
            }
            StatementText::Transfer => self.say("Overførsel", "Transfer").to_owned(),
            StatementText::Withdrawal => self.say("Udbetaling", "Withdrawal").to_owned(),
            StatementText::WithdrawalBack => self.say("Udbetaling ført tilbage", "Withdrawal put back").to_owned(),
            StatementText::Correction => self.say("Rettelse", "Correction").to_owned(),
        }
    }

    /// `22,00 kr.`
    fn money(self, amount: Money) -> String {
        amount.in_words(self.0)
    }

    /// The amount without its currency, for columns: `22,00`.
    fn figure(self, amount: Money) -> String {
        let words = self.money(amount);
        words.trim_end_matches(" kr.").trim_start_matches("DKK ").to_owned()
    }

    /// `22.11.2026 kl. 11.42`, in Danish time.
    fn moment(self, at: Timestamp) -> String {
        let local = at.to_zoned(danish_time());
        match self.0 {
            Language::Danish => local.strftime("%d.%m.%Y kl. %H.%M").to_string(),
            Language::English => format!("{} {} {}", local.day(), self.month(local.date()), local.strftime("%H:%M")),
        }
    }

    /// `22.11` or `22/11`.
    fn short_day(self, day: Date) -> String {
        day.strftime(self.say("%d.%m", "%d/%m")).to_string()
    }

    /// `Mandag den 23. november`.
    fn long_day(self, day: Date) -> String {
        let weekday = self.0.weekday_name(day);
        match self.0 {
            Language::Danish => format!("{weekday} den {}. {}", day.day(), self.0.month_name(day)),
            Language::English => format!("{weekday} {} {}", day.day(), self.0.month_name(day)),
        }
    }

    /// `november 2026`.
    fn month(self, day: Date) -> String {
        format!("{} {}", self.0.month_name(day), day.year())
    }
}

/// Who sells, as the law on receipts wants it: name, address and CVR.
fn letterhead(school: &str, issuer: &Issuer) -> Document {
    let document = Document::new().heading(school, Size::Big).centred(&issuer.name);
    let document = issuer.address.lines().fold(document, Document::centred);
    document.centred(format!("CVR {}", issuer.cvr)).blank()
}
