//! The pages of *Kontoudtog*, laid out as the screen's properties.

use jiff::civil::Date;
use kiosk_core::{MailStatementPage, MonthChoice, MonthsPage, StatementBody, StatementPage};
use madkort_protocol::{Language, Money, Statement, StatementLine, StatementText};

use super::{Lists, iso};
use crate::ui::{kinds, screens as ui};

impl Lists {
    pub(super) fn statement(&self, api: &ui::Api, page: &StatementPage, language: Language) -> ui::PageKind {
        let mut view = ui::StatementView {
            account: (&page.account).into(),
            balance: page.balance.in_words(language).into(),
            paper: kinds::paper(page.paper),
            ..ui::StatementView::default()
        };
        match &page.body {
            StatementBody::Loading => view.body = ui::MonthKind::Loading,
            StatementBody::Unreachable => view.body = ui::MonthKind::Unreachable,
            StatementBody::Here(statement) => {
                view.body = ui::MonthKind::Here;
                view.month = kinds::day(statement.month);
                (view.earlier, view.later) = neighbours(statement);
                view.opening = statement.opening.in_words(language).into();
                view.closing = statement.closing.in_words(language).into();
            }
        }
        let lines: &[StatementLine] = if let StatementBody::Here(s) = &page.body { &s.lines } else { &[] };
        self.entries.show(lines.iter().map(|l| (l.clone(), language)), entry);
        api.set_statement(view);
        ui::PageKind::Statement
    }

    pub(super) fn months(&self, api: &ui::Api, page: &MonthsPage, language: Language) -> ui::PageKind {
        api.set_months_of(ui::MonthsView {
            account: (&page.account).into(),
            balance: page.balance.in_words(language).into(),
        });
        self.months.show(page.months.iter().copied(), |choice| month(*choice));
        ui::PageKind::Months
    }
}

pub(super) fn mail(api: &ui::Api, page: &MailStatementPage, language: Language) -> ui::PageKind {
    api.set_mail_statement(ui::MailStatementView {
        account: (&page.account).into(),
        month: kinds::day(page.month),
        email: (&page.email).into(),
        problem: kinds::problem(page.problem, language),
        asking: page.asking,
        sent: page.sent,
    });
    ui::PageKind::MailStatement
}

fn month(choice: MonthChoice) -> ui::MonthRow {
    ui::MonthRow { day: kinds::day(choice.month), iso: iso(choice.month), chosen: choice.chosen }
}

fn entry((line, language): &(StatementLine, Language)) -> ui::EntryView {
    // What staff have put right is told in the reader's language.
    let corrected = line.correction.as_ref().map(|correction| correction.in_words(*language));
    let (kind, text, delivery) = match &corrected {
        Some(words) => (ui::EntryKind::Purchase, words.as_str(), None),
        None => told(&line.text),
    };
    ui::EntryView {
        day: kinds::day(line.date),
        kind,
        text: text.into(),
        delivery: delivery.map(kinds::day).unwrap_or_default(),
        number: (&line.number).into(),
        amount: line.amount.in_words(*language).into(),
        incoming: line.amount > Money::ZERO,
        balance: line.balance.in_words(*language).into(),
    }
}

fn told(text: &StatementText) -> (ui::EntryKind, &str, Option<Date>) {
    match text {
        StatementText::Deposit => (ui::EntryKind::Deposit, "", None),
        StatementText::Recharge => (ui::EntryKind::Recharge, "", None),
        StatementText::Purchase { text } => (ui::EntryKind::Purchase, text, None),
        StatementText::OrderPlaced { delivery } => (ui::EntryKind::OrderPlaced, "", Some(*delivery)),
        StatementText::OrderReleased { delivery } => (ui::EntryKind::OrderReleased, "", Some(*delivery)),
        StatementText::Transfer => (ui::EntryKind::Transfer, "", None),
        StatementText::Withdrawal => (ui::EntryKind::Withdrawal, "", None),
        StatementText::WithdrawalBack => (ui::EntryKind::WithdrawalBack, "", None),
        StatementText::Correction => (ui::EntryKind::Correction, "", None),
    }
}

/// The months before and after the one shown, among those that have lines.
fn neighbours(statement: &Statement) -> (slint::SharedString, slint::SharedString) {
    let earlier = statement.months.iter().filter(|m| **m < statement.month).max();
    let later = statement.months.iter().filter(|m| **m > statement.month).min();
    (earlier.map(|m| iso(*m)).unwrap_or_default(), later.map(|m| iso(*m)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use madkort_protocol::{Correction, CorrectionStep, WrongEntry};

    use super::*;

    #[test]
    fn a_correction_is_told_in_the_readers_language() {
        let correction = Correction {
            step: CorrectionStep::Replacement,
            wrong: WrongEntry::Purchase { text: "Frokost".to_owned() },
            number: String::new(),
            date: date(2026, 11, 22),
            reason: "PH: tastet to gange".to_owned(),
        };
        let line = StatementLine {
            date: date(2026, 11, 23),
            text: StatementText::Purchase { text: correction.in_words(Language::Danish) },
            number: String::new(),
            amount: Money::ZERO,
            balance: Money::ZERO,
            correction: Some(correction),
        };
        let shown = |language| entry(&(line.clone(), language)).text;
        assert_eq!(shown(Language::Danish), "Rettelse af Frokost 22.11.2026: PH: tastet to gange");
        assert_eq!(shown(Language::English), "Correction of Frokost 22/11/2026: PH: tastet to gange");
        // An older server says it in Danish only.
        let older = StatementLine { correction: None, ..line.clone() };
        assert_eq!(entry(&(older, Language::English)).text, shown(Language::Danish));
    }
}
