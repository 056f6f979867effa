//! Visits, told in order.
#![allow(clippy::unwrap_used, clippy::wildcard_imports, missing_docs)]

mod allergies;
mod cards;
mod deposits;
mod faults;
mod headset;
mod looks;
mod money;
mod passwords;
mod payouts;
mod pictures;
mod profile;
mod quotes;
mod random;
mod shop;
mod sign_in;
mod statements;
mod too_often;
mod world;

use kiosk_core::*;
use madkort_protocol::*;
use world::*;

#[test]
fn a_tap_shows_home_and_lifting_the_card_forgets_it_all() {
    let mut play = Play::new();
    assert!(matches!(play.page(), Page::Idle(IdlePage { notice: None, .. })));
    play.tell(Event::Tapped(uid()));
    assert!(play.effects.contains(&Effect::LookUp(uid())));
    assert!(!play.screen_text().contains(NAME));
    play.tell(Event::Known(Box::new(visitor(78))));
    let Page::Home(home) = play.page() else { panic!("{:?}", play.page()) };
    assert_eq!((home.name.as_str(), home.balance), (NAME, Money::from_kroner(78)));
    assert!(play.effects.contains(&Effect::Follow(Some(visitor(78).card))));

    play.tell(Event::Lifted);
    assert!(matches!(play.page(), Page::Idle(IdlePage { notice: Some(Notice::Goodbye), .. })));
    assert!(!play.screen_text().contains("Alma"));
    assert!(!format!("{:?}", play.kiosk).contains("Alma"), "not even in memory");
    assert!(play.effects.contains(&Effect::Follow(None)));
    play.wait(8);
    assert!(matches!(play.page(), Page::Idle(IdlePage { notice: None, .. })));
}

#[test]
fn a_card_that_asks_for_its_code_shows_nothing_before_it() {
    let mut play = Play::new();
    play.tell(Event::Tapped(uid())).tell(Event::Known(Box::new(Visitor { ask_code: true, ..visitor(78) })));
    assert!(!play.screen_text().contains(NAME));
    play.digits("123");
    assert!(matches!(play.page(), Page::Code(CodePage { typed: 3, .. })));
    play.hand(Intent::Erase).digits("34");
    let check = Effect::CheckCode { card: visitor(78).card, code: "1234".into() };
    assert!(play.effects.contains(&check));
    assert!(!format!("{:?}", play.kiosk).contains("1234"), "the code is gone once it is handed over");
    play.tell(Event::CodeChecked(CodeAnswer::Wrong { tries_left: 4 }));
    assert!(matches!(
        play.page(),
        Page::Code(CodePage { typed: 0, message: Some(CodeMessage::Wrong { tries_left: 4 }), .. })
    ));
    play.digits("4321").tell(Event::CodeChecked(CodeAnswer::Right));
    assert!(matches!(play.page(), Page::Home(_)));
}

#[test]
fn too_many_wrong_codes_wait_and_keys_do_nothing_meanwhile() {
    let mut play = Play::new();
    play.tell(Event::Tapped(uid())).tell(Event::Known(Box::new(Visitor { ask_code: true, ..visitor(78) })));
    play.digits("0000");
    let until = start() + jiff::SignedDuration::from_secs(25);
    play.tell(Event::CodeChecked(CodeAnswer::Wait { until }));
    play.effects.clear();
    play.digits("1234");
    assert_eq!(play.effects, vec![]);
    assert!(matches!(play.page(), Page::Code(CodePage { message: Some(CodeMessage::Wait { seconds: 25 }), .. })));
    play.wait(25).digits("1234");
    assert!(play.effects.iter().any(|e| matches!(e, Effect::CheckCode { .. })));
}

#[test]
fn a_right_code_that_nobody_asked_about_opens_nothing() {
    let mut play = Play::new();
    play.tell(Event::Tapped(uid())).tell(Event::Known(Box::new(Visitor { ask_code: true, ..visitor(78) })));
    play.tell(Event::CodeChecked(CodeAnswer::Right));
    assert!(matches!(play.page(), Page::Code(_)));
    play.tell(Event::Lifted).tell(Event::CodeChecked(CodeAnswer::Right));
    assert!(matches!(play.page(), Page::Idle(_)));
}

#[test]
fn what_is_not_a_usable_school_card_gets_a_sentence() {
    let known = |status| Event::Known(Box::new(Visitor { status, ..visitor(78) }));
    let taps = [
        (Event::NotKnown(uid()), Notice::UnknownCard),
        (known(CardStatus::Blocked), Notice::BlockedCard),
        (known(CardStatus::BlockedByGuardian), Notice::BlockedCard),
        (known(CardStatus::Replaced), Notice::ReplacedCard),
        (Event::TapRefused(TapRefusal::Phone), Notice::Refused(TapRefusal::Phone)),
        (Event::TapRefused(TapRefusal::TwoCards), Notice::Refused(TapRefusal::TwoCards)),
        (Event::TapRefused(TapRefusal::Unreadable), Notice::Refused(TapRefusal::Unreadable)),
        (Event::TapRefused(TapRefusal::LeftTooSoon), Notice::Refused(TapRefusal::LeftTooSoon)),
    ];
    for (answer, expected) in taps {
        let mut play = Play::new();
        play.tell(Event::Tapped(uid())).tell(answer).tell(Event::Lifted);
        let Page::Idle(idle) = play.page() else { panic!("{:?}", play.page()) };
        assert_eq!(idle.notice, Some(expected));
    }
}

#[test]
fn nobody_there_is_warned_twice_over_and_then_logged_out() {
    let mut play = Play::inside(visitor(78));
    play.wait(29);
    assert_eq!(play.kiosk.view().warning, None);
    play.wait(1);
    assert_eq!(play.kiosk.view().warning, Some(20), "seen");
    assert!(play.effects.contains(&Effect::Beep(Beep::Warning)), "and heard");
    play.wait(19);
    assert_eq!(play.kiosk.view().warning, Some(1));
    play.wait(1);
    assert!(matches!(play.page(), Page::Idle(_)));
    assert!(!play.screen_text().contains(NAME));
}

#[test]
fn one_touch_extends_as_often_as_wanted() {
    let mut play = Play::inside(visitor(78));
    for _ in 0..12 {
        play.wait(45).hand(Intent::StillHere);
        assert_eq!(play.kiosk.view().warning, None);
        assert!(matches!(play.page(), Page::Home(_)));
    }
}

#[test]
fn the_screen_speaks_the_persons_language_unless_told_otherwise() {
    let mut english = visitor(78);
    english.person.language = Language::English;
    let mut play = Play::inside(english);
    assert_eq!(play.kiosk.view().language, Language::English);
    play.hand(Intent::Speak(Language::Danish));
    assert_eq!(play.kiosk.view().language, Language::Danish);
    play.tell(Event::Lifted);
    assert_eq!(play.kiosk.view().language, Language::Danish);
}

#[test]
fn an_international_school_is_greeted_in_english_and_so_again_after_each_visit() {
    let mut play = Play::new();
    play.kiosk = Kiosk::speaking(Language::English);
    assert_eq!(play.kiosk.view().language, Language::English);
    play.wait(0).tell(Event::Catalogue(std::sync::Arc::new(catalogue()))).tell(Event::Link(Link::Online));
    play.tell(Event::Tapped(uid())).tell(Event::Known(Box::new(visitor(78))));
    assert_eq!(play.kiosk.view().language, Language::Danish, "the person's own");
    play.tell(Event::Lifted);
    assert_eq!(play.kiosk.view().language, Language::English);
}

#[test]
fn a_parent_sees_one_account_at_a_time() {
    let mut parent = visitor(10);
    parent.accounts.push(account(202, "Bertil", 40));
    let mut play = Play::inside(parent);
    play.hand(Intent::Account(1));
    let Page::Home(home) = play.page() else { panic!() };
    assert_eq!(home.balance, Money::from_kroner(40));
    assert_eq!(home.accounts.iter().map(|a| a.chosen).collect::<Vec<_>>(), [false, true]);
    play.hand(Intent::Account(7));
    let Page::Home(home) = play.page() else { panic!() };
    assert_eq!(home.balance, Money::from_kroner(40));
}

#[test]
fn a_top_up_far_away_shows_while_the_card_is_here() {
    let mut play = Play::inside(visitor(45));
    play.tell(Event::Changed(Box::new(visitor(245))));
    let Page::Home(home) = play.page() else { panic!() };
    assert_eq!(home.balance, Money::from_kroner(245));
    play.tell(Event::Changed(Box::new(Visitor { status: CardStatus::Blocked, ..visitor(245) })));
    assert!(matches!(play.page(), Page::Idle(IdlePage { notice: Some(Notice::BlockedCard), .. })));
}
