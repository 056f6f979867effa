//! Brugerinfo: who somebody is, and how much may be spent.

use kiosk_core::*;
use madkort_protocol::*;

use crate::world::*;

fn profile() -> Profile {
    Profile {
        person: visitor(0).person.id,
        account: visitor(0).accounts[0].id,
        name: NAME.into(),
        email: String::new(),
        phone: String::new(),
        address: String::new(),
        postcode: String::new(),
        town: String::new(),
        school: "Højager Skole".into(),
        class: Some("7.B".into()),
        track: Some("B".into()),
        picture: false,
        cpr: None,
        caps: SpendingCaps { week: Some(Money::from_kroner(200)), ..SpendingCaps::default() },
    }
}

fn form(play: &Play) -> ProfileForm {
    match play.page() {
        Page::Profile(ProfilePage { body: ProfileBody::Here(form), .. }) => *form,
        other => panic!("{other:?}"),
    }
}

fn saved(play: &Play) -> Option<ProfileChange> {
    play.effects.iter().rev().find_map(|effect| match effect {
        Effect::SaveProfile { change, .. } => Some((**change).clone()),
        _ => None,
    })
}

fn open() -> Play {
    let mut play = Play::signed_in(visitor(78));
    play.hand(Intent::Open(TileKind::Profile)).tell(Event::ProfileIs(Box::new(profile())));
    play
}

#[test]
fn a_profile_is_filled_in_and_kept_by_the_server() {
    let mut play = open();
    assert!(play.effects.contains(&Effect::LoadProfile(profile().person)));
    assert_eq!((form(&play).class.as_str(), form(&play).week_cap.as_str()), ("7.B", "200"));
    assert_eq!(form(&play).track, "B");
    for (field, text) in [
        (Field::Email, "alma@skole.example"),
        (Field::Postcode, "8766 Nørre"),
        (Field::Town, "Nørre Snede"),
        (Field::DayCap, "50 kr"),
        (Field::WeekCap, ""),
    ] {
        play.hand(Intent::Edit(field, text.into()));
    }
    play.hand(Intent::Send);
    let change = saved(&play).unwrap();
    assert_eq!((change.postcode.as_str(), change.card), ("8766", visitor(0).card));
    assert_eq!(change.caps, SpendingCaps { day: Some(Money::from_kroner(50)), week: None, month: None });
    assert!(form(&play).saving && !form(&play).saved);
    // Nothing is changed under it, and nobody leaves it half done.
    play.hand(Intent::Back).hand(Intent::Edit(Field::Name, "X".into()));
    assert_eq!(form(&play).name, NAME);
    play.tell(Event::ProfileIs(Box::new(Profile { town: "Nørre Snede".into(), ..profile() })));
    assert!(form(&play).saved && !form(&play).saving);
    play.hand(Intent::Back);
    assert!(matches!(play.page(), Page::Home(_)));
}

#[test]
fn a_cpr_number_is_a_tick_where_the_school_keeps_them_and_nothing_elsewhere() {
    assert_eq!(form(&open()).cpr, None);
    for confirmed in [true, false] {
        let mut play = open();
        let cpr = Some(MaskedCpr::new(confirmed));
        play.tell(Event::ProfileIs(Box::new(Profile { cpr: cpr.clone(), ..profile() })));
        assert_eq!(form(&play).cpr, cpr);
    }
    assert!(!MaskedCpr::MASK.contains(char::is_numeric), "not even a birthday");
}

#[test]
fn what_was_typed_stays_when_it_cannot_be_kept() {
    let mut play = open();
    play.hand(Intent::Edit(Field::Town, "Nørre Snede".into())).hand(Intent::Send);
    play.tell(Event::ProfileUnreachable);
    assert_eq!((form(&play).problem, form(&play).town.as_str()), (Some(FormProblem::Unreachable), "Nørre Snede"));
    play.hand(Intent::Send).tell(Event::ProfileRefused);
    assert_eq!(form(&play).problem, Some(FormProblem::Refused));
    for (field, text, problem) in [
        (Field::Name, " ", FormProblem::Name),
        (Field::Email, "alma", FormProblem::Email),
        (Field::Postcode, "876", FormProblem::Postcode),
        (Field::MonthCap, "999999", FormProblem::Cap),
    ] {
        let mut play = open();
        play.hand(Intent::Edit(field, text.into())).hand(Intent::Send);
        assert_eq!(form(&play).problem, Some(problem), "{field:?}");
        assert_eq!(saved(&play), None);
    }
}

#[test]
fn a_bare_tap_gives_the_code_first() {
    let mut play = Play::inside(visitor(78));
    play.hand(Intent::Open(TileKind::Profile));
    assert!(matches!(play.page(), Page::Code(CodePage { inside: true, .. })));
    play.digits("4711").tell(Event::CodeChecked(CodeAnswer::Right));
    assert!(matches!(play.page(), Page::Profile(ProfilePage { body: ProfileBody::Loading, first: false, .. })));
    play.tell(Event::ProfileUnreachable);
    assert!(matches!(play.page(), Page::Profile(ProfilePage { body: ProfileBody::Unreachable, .. })));
    play.hand(Intent::Next).tell(Event::SignedOut);
    assert!(matches!(play.page(), Page::Code(_)));
}

#[test]
fn whoever_has_not_said_who_they_are_comes_here_first() {
    let mut unknown = visitor(78);
    unknown.person.email = None;
    let mut play = Play::signed_in(unknown.clone());
    assert!(matches!(play.page(), Page::Profile(ProfilePage { first: true, .. })));
    play.hand(Intent::Back);
    assert!(matches!(play.page(), Page::Home(_)), "it is a wish and no wall");
    // A tap is for food: nobody is asked anything.
    assert!(matches!(Play::inside(unknown.clone()).page(), Page::Home(_)));
    unknown.person.kind = PersonKind::Guest;
    assert!(matches!(Play::signed_in(unknown).page(), Page::Home(_)));
}

/// Taps, and gives the code or the password where a door inside asks for it.
fn through_a_door(visitor: Visitor, wish: Intent, with_password: bool) -> Play {
    let mut play = Play::inside(visitor);
    play.hand(wish);
    if with_password {
        play.hand(Intent::WithPassword).hand(Intent::Type(Field::Password, "blåbærgrød".into())).hand(Intent::Send);
    } else {
        play.digits("4711");
    }
    play.tell(Event::CodeChecked(CodeAnswer::Right));
    play
}

#[test]
fn whoever_gives_the_code_at_a_door_inside_is_asked_who_they_are_and_then_goes_on() {
    let mut unknown = visitor(78);
    unknown.person.email = None;
    for with_password in [false, true] {
        let wish = Intent::Open(TileKind::Statement);
        let mut play = through_a_door(unknown.clone(), wish, with_password);
        assert!(matches!(play.page(), Page::Profile(ProfilePage { first: true, .. })), "{:?}", play.page());
        assert!(play.effects.contains(&Effect::LoadProfile(unknown.person.id)));
        play.hand(Intent::Back);
        assert!(matches!(play.page(), Page::Statement(_)), "on to what was wanted");
        // Once is enough for a visit.
        play.hand(Intent::Back).hand(Intent::Open(TileKind::Statement));
        assert!(matches!(play.page(), Page::Statement(_)));
    }
    // Whoever wanted to come here is here, and goes home.
    let mut play = through_a_door(unknown.clone(), Intent::Open(TileKind::Profile), false);
    assert!(matches!(play.page(), Page::Profile(ProfilePage { first: true, .. })));
    play.hand(Intent::Back);
    assert!(matches!(play.page(), Page::Home(_)));
    // Whoever has told is not asked, and neither is a guest.
    let known = through_a_door(visitor(78), Intent::Open(TileKind::Statement), false);
    assert!(matches!(known.page(), Page::Statement(_)));
    unknown.person.kind = PersonKind::Guest;
    let guest = through_a_door(unknown, Intent::Open(TileKind::Statement), false);
    assert!(matches!(guest.page(), Page::Statement(_)));
}

#[test]
fn a_parent_new_here_tells_about_themselves_and_comes_to_the_childs_afterwards() {
    let mut parent = visitor(10);
    parent.person.email = None;
    let child = account(202, "Bertil", 40);
    parent.accounts.push(child.clone());
    let mut play = Play::inside(parent.clone());
    play.hand(Intent::Account(1)).hand(Intent::Open(TileKind::Statement)).digits("4711");
    play.tell(Event::CodeChecked(CodeAnswer::Right));
    assert!(play.effects.contains(&Effect::LoadProfile(parent.person.id)));
    let Page::Profile(page) = play.page() else { panic!("{:?}", play.page()) };
    assert_eq!(page.account, "Alma", "their own");
    play.hand(Intent::Back);
    assert!(play.effects.contains(&Effect::LoadStatement { account: child.id, month: None }));
}

#[test]
fn without_a_connection_and_after_a_session_ran_out_nobody_is_asked_who_they_are() {
    let mut unknown = visitor(78);
    unknown.person.email = None;
    let mut play = Play::inside(unknown.clone());
    play.tell(Event::Link(Link::Offline { last_heard: Some(start()) })).hand(Intent::Open(TileKind::Statement));
    play.digits("4711").tell(Event::CodeChecked(CodeAnswer::Right));
    assert!(matches!(play.page(), Page::Statement(_)));
    let mut play = Play::signed_in(unknown);
    play.hand(Intent::Back).hand(Intent::Open(TileKind::Statement)).tell(Event::SignedOut);
    play.digits("4711").tell(Event::CodeChecked(CodeAnswer::Right));
    assert!(matches!(play.page(), Page::Home(_)));
}

#[test]
fn a_limit_of_a_guardians_is_told_and_what_was_typed_stays() {
    let mut play = open();
    play.hand(Intent::Edit(Field::WeekCap, "900".into())).hand(Intent::Send).tell(Event::CapsRefused);
    assert_eq!((form(&play).problem, form(&play).week_cap.as_str()), (Some(FormProblem::GuardiansCap), "900"));
    assert!(!form(&play).saving);
}

#[test]
fn a_parent_sees_the_chosen_childs() {
    let mut parent = visitor(10);
    let child = account(202, "Bertil", 40);
    parent.accounts.push(child.clone());
    let mut play = Play::signed_in(parent);
    play.hand(Intent::Account(1)).hand(Intent::Open(TileKind::Profile));
    assert!(play.effects.contains(&Effect::LoadProfile(child.owner)));
    // An answer about somebody else is not shown.
    play.tell(Event::ProfileIs(Box::new(profile())));
    assert!(matches!(play.page(), Page::Profile(ProfilePage { body: ProfileBody::Loading, .. })));
}

#[test]
fn a_postcode_fills_the_town_and_leaves_it_to_be_put_right() {
    let mut play = open();
    let postcode = |play: &mut Play, text: &str| {
        play.hand(Intent::Edit(Field::Postcode, text.into()));
        form(play).town
    };
    assert_eq!(postcode(&mut play, "876"), "");
    assert_eq!(postcode(&mut play, "8766"), "Nørre Snede");
    play.hand(Intent::Edit(Field::Town, "Nørre Snede By".into()));
    assert_eq!(postcode(&mut play, "8766"), "Nørre Snede By", "as they wrote it");
    assert_eq!(postcode(&mut play, "9999"), "Nørre Snede By", "one we do not know names no town");
    assert_eq!(postcode(&mut play, "1620"), "København V");
}
