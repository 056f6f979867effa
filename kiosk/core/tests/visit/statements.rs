//! Kontoudtog: another month, and a month as a letter.

use jiff::civil::{Date, date};
use kiosk_core::*;
use madkort_protocol::*;

use crate::world::*;

fn statement(month: Date) -> Event {
    let first = date(2026, 11, 1);
    let months = (0..40).map(|back| first.saturating_sub(jiff::Span::new().months(back))).collect();
    Event::StatementIs(Box::new(Statement {
        account: visitor(0).accounts[0].id,
        month,
        opening: Money::ZERO,
        closing: Money::ZERO,
        lines: vec![],
        months,
    }))
}

fn reading() -> Play {
    let mut play = Play::signed_in(visitor(78));
    play.hand(Intent::Open(TileKind::Statement)).tell(statement(date(2026, 11, 1)));
    play.effects.clear();
    play
}

fn mailing(play: &Play) -> MailStatementPage {
    let Page::MailStatement(page) = play.page() else { panic!("{:?}", play.page()) };
    page
}

fn asked(play: &Play) -> Vec<StatementMailRequest> {
    let requests = play.effects.iter().filter_map(|effect| match effect {
        Effect::MailStatement { request, .. } => Some((**request).clone()),
        _ => None,
    });
    requests.collect()
}

#[test]
fn a_month_is_chosen_among_two_years_of_them() {
    let mut play = reading();
    play.hand(Intent::ChooseMonth);
    let Page::Months(page) = play.page() else { panic!("{:?}", play.page()) };
    assert_eq!((page.months.len(), page.balance), (24, Money::from_kroner(78)));
    assert_eq!(page.months[0], MonthChoice { month: date(2026, 11, 1), chosen: true });
    assert_eq!(page.months[1], MonthChoice { month: date(2026, 10, 1), chosen: false });
    play.hand(Intent::Back);
    assert!(matches!(play.page(), Page::Statement(_)));
    play.hand(Intent::ChooseMonth).hand(Intent::Month(date(2026, 9, 1)));
    let load = Effect::LoadStatement { account: visitor(0).accounts[0].id, month: Some(date(2026, 9, 1)) };
    assert_eq!(play.effects, vec![load]);
    play.tell(statement(date(2026, 9, 1)));
    let Page::Statement(StatementPage { body: StatementBody::Here(here), .. }) = play.page() else { panic!() };
    assert_eq!(here.month, date(2026, 9, 1));
}

#[test]
fn a_month_goes_out_as_one_letter_however_often_it_is_asked_for() {
    let mut play = reading();
    play.hand(Intent::MailStatement);
    assert_eq!(mailing(&play).email, "alma@hojager.example", "the one they have told");
    play.hand(Intent::Edit(Field::Email, "alma@".into())).hand(Intent::Send);
    assert_eq!(mailing(&play).problem, Some(FormProblem::Email));
    play.hand(Intent::Edit(Field::Email, "mor@hojager.example".into())).hand(Intent::Send).hand(Intent::Back);
    assert!(mailing(&play).asking);
    let id = asked(&play)[0].id;
    play.tell(Event::StatementMailed { id: op(1), answer: LetterAnswer::Asked });
    assert!(mailing(&play).asking, "that was another one");
    play.tell(Event::StatementMailed { id, answer: LetterAnswer::Unreachable });
    assert_eq!(mailing(&play).problem, Some(FormProblem::NeedsConnection));
    play.hand(Intent::Send).tell(Event::StatementMailed { id, answer: LetterAnswer::Asked });
    assert!(mailing(&play).sent);
    let all = asked(&play);
    assert_eq!(all, [all[0].clone(), all[0].clone()], "the same letter, asked for twice");
    assert_eq!((all[0].email.as_str(), all[0].card), ("mor@hojager.example", visitor(0).card));
    play.hand(Intent::Back);
    assert!(matches!(play.page(), Page::Statement(_)));
    // Another address is another letter.
    play.hand(Intent::MailStatement).hand(Intent::Send);
    assert_ne!(asked(&play)[2].id, id);
}
