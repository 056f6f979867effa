//! A password of one's own: in by it, another one, and a forgotten one.

use kiosk_core::*;
use madkort_protocol::*;

use crate::world::*;

const PASSWORD: &str = "blåbærgrød på fredag";

fn at_the_door() -> Play {
    let mut play = Play::new();
    play.tell(Event::Tapped(uid())).tell(Event::Known(Box::new(Visitor { ask_code: true, ..visitor(78) })));
    play
}

fn type_in(play: &mut Play, field: Field, text: &str) {
    play.hand(Intent::Type(field, text.into()));
}

fn password_page(play: &Play) -> PasswordPage {
    let Page::Password(page) = play.page() else { panic!("{:?}", play.page()) };
    page
}

fn forgotten(play: &Play) -> ForgottenPage {
    let Page::Forgotten(page) = play.page() else { panic!("{:?}", play.page()) };
    page
}

fn changing(play: &Play) -> ChangePasswordPage {
    let Page::ChangePassword(page) = play.page() else { panic!("{:?}", play.page()) };
    page
}

/// Signed in and at *Skift adgangskode*.
fn at_change(visitor: Visitor) -> Play {
    let person = visitor.person.id;
    let mut play = Play::signed_in(visitor);
    play.hand(Intent::Open(TileKind::Profile)).tell(Event::ProfileIs(Box::new(profile_of(person))));
    play.hand(Intent::ChangePassword);
    play
}

fn profile_of(person: PersonId) -> Profile {
    Profile {
        person,
        account: visitor(0).accounts[0].id,
        name: NAME.into(),
        email: String::new(),
        phone: String::new(),
        address: String::new(),
        postcode: String::new(),
        town: String::new(),
        school: String::new(),
        class: None,
        track: None,
        picture: false,
        cpr: None,
        caps: SpendingCaps::default(),
    }
}

#[test]
fn a_password_lets_in_instead_of_the_code_and_is_nowhere_afterwards() {
    let mut play = at_the_door();
    play.hand(Intent::WithPassword).hand(Intent::Send);
    assert_eq!(play.effects.iter().filter(|e| matches!(e, Effect::CheckPassword { .. })).count(), 0, "nothing typed");
    type_in(&mut play, Field::Password, PASSWORD);
    assert_eq!(password_page(&play), PasswordPage { typed: PASSWORD.chars().count(), checking: false, message: None });
    assert!(!play.screen_text().contains("grød") && !format!("{:?}", play.kiosk).contains("grød"));
    play.hand(Intent::Send);
    let check = Effect::CheckPassword { card: visitor(78).card, password: PASSWORD.into() };
    assert!(play.effects.contains(&check));
    assert!(!format!("{:?}", play.effects).contains("grød"), "no effect prints it");
    assert!(password_page(&play).checking);
    play.tell(Event::CodeChecked(CodeAnswer::Wrong { tries_left: 3 }));
    let page = password_page(&play);
    assert_eq!((page.typed, page.message), (0, Some(CodeMessage::Wrong { tries_left: 3 })));
    type_in(&mut play, Field::Password, PASSWORD);
    play.hand(Intent::Send).tell(Event::CodeChecked(CodeAnswer::Right));
    assert!(matches!(play.page(), Page::Home(_)));
    play.hand(Intent::Open(TileKind::Statement));
    assert!(matches!(play.page(), Page::Statement(_)), "as good as the code");
}

#[test]
fn a_password_needs_the_server_and_a_wait_holds_for_both_ways_in() {
    let mut play = at_the_door();
    assert!(matches!(play.page(), Page::Code(CodePage { password: true, .. })));
    play.hand(Intent::WithPassword);
    type_in(&mut play, Field::Password, PASSWORD);
    play.hand(Intent::Send).tell(Event::CodeChecked(CodeAnswer::OutOfReach));
    assert_eq!(password_page(&play).message, Some(CodeMessage::OutOfReach));
    play.tell(Event::Link(Link::Offline { last_heard: Some(start()) })).hand(Intent::Back);
    assert!(matches!(play.page(), Page::Code(CodePage { password: false, message: None, .. })));
    play.hand(Intent::WithPassword);
    type_in(&mut play, Field::Password, PASSWORD);
    let until = start() + jiff::SignedDuration::from_secs(30);
    play.hand(Intent::Send).tell(Event::CodeChecked(CodeAnswer::Wait { until }));
    play.effects.clear();
    type_in(&mut play, Field::Password, PASSWORD);
    play.hand(Intent::Send).hand(Intent::Back).digits("4711");
    assert_eq!(play.effects, vec![]);
    assert!(matches!(play.page(), Page::Code(CodePage { message: Some(CodeMessage::Wait { .. }), .. })));
    play.hand(Intent::Back);
    assert!(matches!(play.page(), Page::Idle(_)), "one step more is out");
}

#[test]
fn a_card_that_goes_takes_what_was_typed_with_it() {
    let mut play = at_the_door();
    play.hand(Intent::WithPassword);
    type_in(&mut play, Field::Password, PASSWORD);
    play.tell(Event::Lifted).tell(Event::Tapped(uid()));
    play.tell(Event::Known(Box::new(Visitor { ask_code: true, ..visitor(78) }))).hand(Intent::WithPassword);
    assert_eq!(password_page(&play).typed, 0);
    // And one that is longer than any password is not typed at all.
    type_in(&mut play, Field::Password, &"x".repeat(LONGEST_PASSWORD + 1));
    assert_eq!(password_page(&play).typed, 0);
}

#[test]
fn a_wrong_password_counts_with_wrong_codes_of_those_without_a_card() {
    let number = (0..100_000_u32)
        .filter_map(|n| CardNumber::from_first_13(&format!("20804100{n:05}")).ok())
        .find(|number| number.as_digits().ends_with("4580"))
        .unwrap();
    let mut play = Play::new();
    play.hand(Intent::WithoutCard).digits(number.as_digits()).tell(Event::Known(Box::new(visitor(78))));
    play.digits("0000").tell(Event::CodeChecked(CodeAnswer::Wrong { tries_left: 4 })).hand(Intent::WithPassword);
    for _ in 0..4 {
        type_in(&mut play, Field::Password, PASSWORD);
        play.hand(Intent::Send).tell(Event::CodeChecked(CodeAnswer::Wrong { tries_left: 3 }));
    }
    play.hand(Intent::Leave).hand(Intent::WithoutCard);
    let Page::Number(page) = play.page() else { panic!("{:?}", play.page()) };
    assert!(matches!(page.problem, Some(NumberProblem::Wait { .. })), "{page:?}");
}

#[test]
fn a_forgotten_password_is_answered_alike_at_every_door() {
    for mut play in [at_the_door(), {
        let mut play = Play::inside(visitor(78));
        play.hand(Intent::Open(TileKind::Profile));
        play
    }] {
        play.effects.clear();
        play.hand(Intent::WithPassword).hand(Intent::ForgotPassword);
        play.hand(Intent::Edit(Field::Email, "alma".into())).hand(Intent::Send);
        assert_eq!(forgotten(&play).problem, Some(FormProblem::Email));
        play.hand(Intent::Edit(Field::Email, "alma@hojager.example".into())).hand(Intent::Send);
        let wanted = PasswordResetRequest { email: "alma@hojager.example".into(), language: Language::Danish };
        assert_eq!(play.effects, vec![Effect::AskReset(wanted)]);
        assert!(forgotten(&play).asking);
        play.hand(Intent::Back).tell(Event::ResetAsked(LetterAnswer::Unreachable));
        assert_eq!(forgotten(&play).problem, Some(FormProblem::NeedsConnection));
        play.hand(Intent::Send).tell(Event::ResetAsked(LetterAnswer::TooOften(ComeBack::Later)));
        assert_eq!(forgotten(&play).problem, Some(FormProblem::TooOften(ComeBack::Later)));
        play.hand(Intent::Send).tell(Event::ResetAsked(LetterAnswer::Asked));
        assert!(forgotten(&play).asked);
        play.hand(Intent::Back);
        assert_eq!(password_page(&play).message, None);
        play.hand(Intent::Back);
        assert!(matches!(play.page(), Page::Code(_)));
    }
}

#[test]
fn a_password_is_changed_with_the_one_before_and_a_new_one_twice() {
    let mut play = at_change(visitor(78));
    for (fields, problem) in [
        (["", PASSWORD, PASSWORD], FormProblem::CurrentMissing),
        (["4711", "1234", "1234"], FormProblem::WeakPassword),
        (["4711", PASSWORD, "noget andet"], FormProblem::PasswordsDiffer),
    ] {
        for (field, text) in [Field::CurrentPassword, Field::NewPassword, Field::PasswordAgain].into_iter().zip(fields)
        {
            type_in(&mut play, field, text);
        }
        play.hand(Intent::Send);
        assert_eq!(changing(&play).problem, Some(problem));
    }
    assert!(!play.effects.iter().any(|e| matches!(e, Effect::ChangePassword { .. })));
    type_in(&mut play, Field::PasswordAgain, PASSWORD);
    play.hand(Intent::Send).hand(Intent::Back);
    assert!(changing(&play).saving);
    let (person, card) = (visitor(78).person.id, visitor(78).card);
    let wanted = Effect::ChangePassword { person, card, current: "4711".into(), fresh: PASSWORD.into() };
    assert!(play.effects.contains(&wanted));
    assert!(!format!("{:?}", play.effects).contains("grød"));
    play.tell(Event::PasswordIs(PasswordAnswer::Wrong { tries_left: 2 }));
    let page = changing(&play);
    assert_eq!((page.problem, page.current, page.fresh), (Some(FormProblem::WrongCurrent(2)), 0, 20));
    type_in(&mut play, Field::CurrentPassword, "4711");
    play.hand(Intent::Send).tell(Event::PasswordUnreachable);
    assert_eq!(changing(&play).problem, Some(FormProblem::NeedsConnection));
    let until = start() + jiff::SignedDuration::from_secs(30);
    play.hand(Intent::Send).tell(Event::PasswordIs(PasswordAnswer::Wait { until }));
    assert!(matches!(changing(&play).problem, Some(FormProblem::Wait(_))));
    play.effects.clear();
    type_in(&mut play, Field::CurrentPassword, "4711");
    play.hand(Intent::Send);
    assert_eq!(play.effects, vec![]);
    play.wait(31).hand(Intent::Send).tell(Event::PasswordIs(PasswordAnswer::Changed));
    let saved = ChangePasswordPage { current: 0, fresh: 0, again: 0, problem: None, saving: false, saved: true };
    assert_eq!(changing(&play), saved);
    play.hand(Intent::Back);
    assert!(matches!(play.page(), Page::Profile(_)));
}

#[test]
fn nobody_changes_the_password_of_somebody_else() {
    let own = visitor(78);
    let child = account(202, "Viggo", 20);
    let parent = Visitor { accounts: vec![own.accounts[0].clone(), child.clone()], ..own };
    let mut play = Play::signed_in(parent);
    play.hand(Intent::Account(1)).hand(Intent::Open(TileKind::Profile));
    play.tell(Event::ProfileIs(Box::new(profile_of(child.owner))));
    assert!(matches!(play.page(), Page::Profile(ProfilePage { own: false, .. })));
    play.hand(Intent::ChangePassword);
    assert!(matches!(play.page(), Page::Profile(_)));
    // A session that ran out shows nothing more.
    let mut play = at_change(visitor(78));
    type_in(&mut play, Field::CurrentPassword, "4711");
    play.tell(Event::SignedOut);
    assert!(matches!(play.page(), Page::Code(CodePage { inside: true, .. })));
}
