//! Who is in, and by what right: a tap, a code, a number typed.

use kiosk_core::*;
use madkort_protocol::*;

use crate::world::*;

/// The number of the card in this world: its last digits are those the visitor shows.
pub fn number() -> CardNumber {
    (0..100_000_u32)
        .filter_map(|n| CardNumber::from_first_13(&format!("20804100{n:05}")).ok())
        .find(|number| number.as_digits().ends_with("4580"))
        .unwrap()
}

fn checks(play: &Play) -> usize {
    play.effects.iter().filter(|effect| matches!(effect, Effect::CheckCode { .. })).count()
}

fn number_page(play: &Play) -> NumberPage {
    let Page::Number(page) = play.page() else { panic!("{:?}", play.page()) };
    page
}

#[test]
fn a_bare_tap_reads_no_statement_before_the_code_and_then_comes_to_it() {
    let mut play = Play::inside(visitor(78));
    play.hand(Intent::Open(TileKind::Statement));
    assert!(matches!(play.page(), Page::Code(CodePage { inside: true, .. })));
    assert!(!play.effects.iter().any(|effect| matches!(effect, Effect::LoadStatement { .. })));
    play.digits("1234").tell(Event::CodeChecked(CodeAnswer::Wrong { tries_left: 4 }));
    assert!(matches!(play.page(), Page::Code(CodePage { message: Some(CodeMessage::Wrong { .. }), .. })));
    play.digits("4711").tell(Event::CodeChecked(CodeAnswer::Right));
    assert!(matches!(play.page(), Page::Statement(_)));
    assert!(play.effects.iter().any(|effect| matches!(effect, Effect::LoadStatement { .. })));
    // Once is enough for a visit.
    play.hand(Intent::Back).hand(Intent::Open(TileKind::Statement));
    assert!(matches!(play.page(), Page::Statement(_)));
    assert_eq!(checks(&play), 2);
}

#[test]
fn whoever_gave_the_code_at_the_door_is_not_asked_again() {
    let mut play = Play::signed_in(visitor(78));
    play.hand(Intent::Open(TileKind::Statement));
    assert!(matches!(play.page(), Page::Statement(_)));
}

#[test]
fn the_way_back_from_a_door_inside_is_where_one_came_from() {
    let mut play = Play::inside(visitor(78));
    play.hand(Intent::Open(TileKind::Statement)).digits("12").hand(Intent::Back);
    assert!(matches!(play.page(), Page::Home(_)));
    // A right code that comes late opens nothing.
    play.hand(Intent::Open(TileKind::Statement)).digits("4711").hand(Intent::Back);
    play.tell(Event::CodeChecked(CodeAnswer::Right));
    assert!(matches!(play.page(), Page::Home(_)));
    play.hand(Intent::Open(TileKind::Statement));
    assert!(matches!(play.page(), Page::Code(_)));
}

#[test]
fn a_session_that_ran_out_asks_for_the_code_again() {
    let mut play = Play::signed_in(visitor(78));
    play.hand(Intent::Open(TileKind::Statement)).tell(Event::SignedOut);
    assert!(matches!(play.page(), Page::Code(CodePage { inside: true, .. })));
    play.digits("4711").tell(Event::CodeChecked(CodeAnswer::Right));
    assert!(matches!(play.page(), Page::Home(_)));
    play.hand(Intent::Open(TileKind::Statement));
    assert!(matches!(play.page(), Page::Statement(_)));
}

#[test]
fn a_number_and_a_code_let_in_without_a_card() {
    let mut play = Play::new();
    play.hand(Intent::WithoutCard);
    assert_eq!(number_page(&play).length, 14);
    play.digits(number().as_digits());
    assert!(play.effects.contains(&Effect::LookUpNumber(number())));
    assert!(number_page(&play).looking);
    // The card itself would let in with a tap; a number alone never does.
    play.tell(Event::Known(Box::new(visitor(78))));
    assert!(matches!(play.page(), Page::Code(CodePage { inside: false, .. })));
    assert!(!play.screen_text().contains(NAME));
    play.digits("4711").tell(Event::CodeChecked(CodeAnswer::Right));
    assert!(matches!(play.page(), Page::Home(_)));
    // A card that somebody left on the reader goes; whoever is in stays.
    play.tell(Event::Lifted);
    assert!(matches!(play.page(), Page::Home(_)));
    play.hand(Intent::Leave);
    assert!(matches!(play.page(), Page::Idle(_)));
    assert!(!format!("{:?}", play.kiosk).contains("Alma"), "not even in memory");
}

#[test]
fn a_card_ends_the_visit_of_whoever_came_without_one() {
    let mut play = Play::new();
    play.hand(Intent::WithoutCard).digits(number().as_digits()).tell(Event::Known(Box::new(visitor(78))));
    play.digits("4711").tell(Event::CodeChecked(CodeAnswer::Right)).tell(Event::Tapped(uid()));
    assert!(!play.screen_text().contains(NAME));
    assert!(matches!(play.page(), Page::Idle(_)));
}

#[test]
fn a_slip_of_the_finger_is_told_and_can_be_erased() {
    let mut play = Play::new();
    let mut wrong = number().as_digits()[..13].to_owned();
    wrong.push(if number().as_digits().ends_with('0') { '1' } else { '0' });
    play.hand(Intent::WithoutCard).digits(&wrong);
    assert_eq!(number_page(&play).problem, Some(NumberProblem::Mistyped));
    assert!(!play.effects.iter().any(|effect| matches!(effect, Effect::LookUpNumber(_))));
    play.hand(Intent::Erase);
    assert_eq!((number_page(&play).problem, number_page(&play).digits.len()), (None, 13));
    play.hand(Intent::Back);
    assert!(matches!(play.page(), Page::Idle(_)));
}

#[test]
fn numbers_cannot_be_gone_through() {
    let mut play = Play::new();
    play.hand(Intent::WithoutCard);
    for _ in 0..3 {
        play.digits(number().as_digits()).tell(Event::NumberNotKnown);
        assert_eq!(number_page(&play).problem, Some(NumberProblem::Unknown));
    }
    // Wrong codes count as well, and leaving in between forgives nothing.
    play.digits(number().as_digits()).tell(Event::Known(Box::new(visitor(78))));
    for _ in 0..2 {
        play.digits("0000").tell(Event::CodeChecked(CodeAnswer::Wrong { tries_left: 3 }));
    }
    play.hand(Intent::Back).hand(Intent::WithoutCard);
    assert_eq!(number_page(&play).problem, Some(NumberProblem::Wait { seconds: 30 }));
    play.digits("1");
    assert_eq!(number_page(&play).digits, "");
    // Whoever has a card is none the worse, and time passes.
    play.tell(Event::Tapped(uid())).tell(Event::Known(Box::new(visitor(78))));
    assert!(matches!(play.page(), Page::Home(_)));
    play.tell(Event::Lifted).wait(30).hand(Intent::WithoutCard);
    assert_eq!(number_page(&play).problem, None);
}

#[test]
fn another_cards_answer_opens_nothing_for_a_number() {
    let mut play = Play::new();
    play.hand(Intent::WithoutCard).tell(Event::Known(Box::new(visitor(78))));
    assert!(matches!(play.page(), Page::Number(_)), "nothing was asked");
    play.digits(number().as_digits());
    play.tell(Event::Known(Box::new(Visitor { card_masked: "···· 1111".into(), ..visitor(78) })));
    assert!(matches!(play.page(), Page::Number(_)), "that is another card");
}

#[test]
fn a_number_of_a_card_its_holder_blocked_comes_to_the_code_that_opens_it() {
    let mut play = Play::new();
    play.hand(Intent::WithoutCard).digits(number().as_digits());
    play.tell(Event::Known(Box::new(Visitor { status: CardStatus::BlockedByHolder, ..visitor(78) })));
    assert!(matches!(play.page(), Page::Code(CodePage { blocked: true, .. })));
    // Wrong codes count with those of all who come without a card.
    for _ in 0..5 {
        play.digits("0000").tell(Event::CodeChecked(CodeAnswer::Wrong { tries_left: 3 }));
    }
    play.hand(Intent::Back).hand(Intent::WithoutCard);
    assert_eq!(number_page(&play).problem, Some(NumberProblem::Wait { seconds: 30 }));
    play.wait(31).digits(number().as_digits());
    play.tell(Event::Known(Box::new(Visitor { status: CardStatus::BlockedByHolder, ..visitor(78) })));
    play.digits("4711").tell(Event::CodeChecked(CodeAnswer::Right));
    assert!(matches!(play.page(), Page::Home(_)));
    play.tell(Event::Lifted);
    assert!(matches!(play.page(), Page::Home(_)), "a card on the reader is not theirs");
}
