//! *Skift billede*: a face on the profile, changed on a telephone.

use jiff::SignedDuration;
use kiosk_core::*;
use madkort_protocol::{
    Language, OperationId, PICTURE_SIDE, PersonId, PersonKind, PicturePage, PicturePageRequest, PicturePageState,
    Profile, SpendingCaps,
};

use crate::world::*;

const LINK: &str = "https://kort.hojager.example/picture/abc";

fn alma() -> PersonId {
    visitor(0).person.id
}

fn profile(picture: bool) -> Event {
    Event::ProfileIs(Box::new(Profile {
        person: alma(),
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
        picture,
        cpr: None,
        caps: SpendingCaps::default(),
    }))
}

fn face(colour: u8) -> Picture {
    Picture::try_new(vec![colour; (PICTURE_SIDE * PICTURE_SIDE * 3) as usize]).unwrap()
}

fn picture(person: PersonId, picture: Option<Picture>) -> Event {
    Event::PictureIs { person, picture }
}

fn at_profile() -> Play {
    let mut play = Play::signed_in(visitor(78));
    play.hand(Intent::Open(TileKind::Profile)).tell(profile(true)).tell(picture(alma(), Some(face(1))));
    play
}

fn asked(play: &Play) -> PicturePageRequest {
    let last = play.effects.iter().rev().find_map(|effect| match effect {
        Effect::OpenPicturePage(request) => Some((**request).clone()),
        _ => None,
    });
    last.unwrap()
}

fn page(id: OperationId, state: PicturePageState, url: Option<&str>) -> Event {
    let (expires_at, url) = (start() + SignedDuration::from_mins(15), url.map(str::to_owned));
    Event::PicturePageIs(Box::new(PicturePage { id, person: alma(), state, url, expires_at }))
}

/// As far as the QR code.
fn at_code() -> (Play, OperationId) {
    let mut play = at_profile();
    play.hand(Intent::Edit(Field::Town, "Nørre Snede".into())).hand(Intent::ChangePicture);
    let request = asked(&play);
    assert_eq!((request.person, request.card, request.language), (alma(), visitor(0).card, Language::Danish));
    assert_eq!(shown(&play).state, PictureState::Opening);
    play.tell(page(request.id, PicturePageState::Open, Some(LINK)));
    (play, request.id)
}

fn shown(play: &Play) -> ChangePicturePage {
    let Page::ChangePicture(page) = play.page() else { panic!("{:?}", play.page()) };
    page
}

fn profile_page(play: &Play) -> ProfilePage {
    let Page::Profile(page) = play.page() else { panic!("{:?}", play.page()) };
    page
}

fn form(play: &Play) -> ProfileForm {
    let ProfileBody::Here(form) = profile_page(play).body else { panic!() };
    *form
}

fn loads(play: &Play) -> usize {
    play.effects.iter().filter(|effect| **effect == Effect::LoadPicture(alma())).count()
}

#[test]
fn a_face_is_asked_for_where_there_is_one_and_leaves_with_the_card() {
    let mut play = Play::signed_in(visitor(78));
    play.hand(Intent::Open(TileKind::Profile)).tell(profile(false));
    assert_eq!((loads(&play), profile_page(&play).picture), (0, None));
    let mut play = at_profile();
    assert_eq!((loads(&play), profile_page(&play).picture), (1, Some(face(1))));
    // Somebody else's, come too late, is not shown.
    play.tell(picture(account(202, "Bertil", 0).owner, Some(face(2))));
    assert_eq!(profile_page(&play).picture, Some(face(1)));
    play.tell(Event::Lifted).tell(picture(alma(), Some(face(1))));
    assert!(!format!("{:?}", play.kiosk).contains("Picture("), "nothing is left of it");
}

#[test]
fn another_one_is_taken_on_the_phone_and_what_was_typed_is_still_there() {
    let (mut play, id) = at_code();
    let code = shown(&play);
    assert_eq!((code.url.as_str(), code.state, code.minutes_left), (LINK, PictureState::Waiting, 15));
    assert!(!play.screen_text().contains(LINK) && !format!("{:?}", play.effects).contains(LINK), "no log has the link");
    play.tell(page(op(3), PicturePageState::Changed, None));
    play.tell(Event::RequestUnreachable(id));
    assert_eq!(shown(&play).state, PictureState::OutOfSight);
    // Whoever looks how it stands is not told the link again.
    play.tell(page(id, PicturePageState::Open, None));
    assert_eq!((shown(&play).url.as_str(), shown(&play).state), (LINK, PictureState::Waiting));
    play.wait(110).tell(page(id, PicturePageState::Changed, None));
    assert_eq!((loads(&play), profile_page(&play).picture, form(&play).town.as_str()), (2, None, "Nørre Snede"));
    assert!(play.effects.contains(&Effect::Beep(Beep::Done)));
    play.wait(29).tell(picture(alma(), Some(face(7))));
    assert_eq!(profile_page(&play).picture, Some(face(7)), "and there is time to look at it");
}

#[test]
fn it_is_given_up_and_the_server_is_told() {
    let (mut play, id) = at_code();
    play.hand(Intent::Back);
    assert_eq!(form(&play).town, "Nørre Snede");
    for effect in [Effect::ForgetDeposit(id), Effect::CancelPicturePage(id)] {
        assert!(play.effects.contains(&effect), "{effect:?}");
    }
    play.tell(page(id, PicturePageState::Cancelled, None));
    assert_eq!((loads(&play), profile_page(&play).picture), (1, Some(face(1))));
    // The phone was faster.
    play.tell(page(id, PicturePageState::Changed, None));
    assert_eq!(loads(&play), 2);

    let (mut play, id) = at_code();
    play.tell(Event::Lifted);
    assert!(play.effects.contains(&Effect::ForgetDeposit(id)));
    assert!(!format!("{:?}", play.kiosk).contains("PictureRoom"));
}

#[test]
fn when_time_is_up_another_code_is_asked_for() {
    let (mut play, first) = at_code();
    play.hand(Intent::LookAgain);
    assert_eq!(asked(&play).id, first, "not before");
    play.tell(page(first, PicturePageState::Expired, None));
    assert_eq!(shown(&play).state, PictureState::Expired);
    play.hand(Intent::LookAgain);
    let second = asked(&play).id;
    assert_ne!(first, second);
    play.tell(page(second, PicturePageState::Open, Some(LINK)));
    assert_eq!(shown(&play).state, PictureState::Waiting);
}

#[test]
fn what_cannot_be_asked_is_said_where_it_was_wished() {
    let mut play = at_profile();
    play.hand(Intent::ChangePicture);
    let id = asked(&play).id;
    play.tell(Event::RequestUnreachable(id));
    assert_eq!(form(&play).problem, Some(FormProblem::NeedsConnection));
    play.hand(Intent::ChangePicture);
    let id = asked(&play).id;
    play.tell(Event::RequestRefused { id, field: None });
    assert_eq!(form(&play).problem, Some(FormProblem::Refused));
    play.effects.clear();
    play.tell(Event::Link(Link::Offline { last_heard: Some(start()) })).hand(Intent::ChangePicture);
    assert_eq!(form(&play).problem, Some(FormProblem::NeedsConnection));
    assert!(!play.effects.iter().any(|effect| matches!(effect, Effect::OpenPicturePage(_))));
    // Signed out meanwhile, the code comes before the face.
    let (mut play, _) = at_code();
    play.tell(Event::SignedOut);
    assert!(matches!(play.page(), Page::Code(_)));
    let mut guest = visitor(78);
    guest.person.kind = PersonKind::Guest;
    let mut play = Play::signed_in(guest);
    play.hand(Intent::Open(TileKind::Profile)).tell(profile(false)).hand(Intent::ChangePicture);
    assert!(!profile_page(&play).can_change_picture);
}
