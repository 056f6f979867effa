//! *Allergier*: a grown-up says what somebody cannot eat, and the next order knows it.

use kiosk_core::*;
use madkort_protocol::*;

use crate::world::*;

/// Karen, whose account comes first, and her son's.
fn karen() -> Visitor {
    let mut karen = visitor(78);
    karen.person.kind = PersonKind::Guardian;
    karen.accounts.push(account(202, "Bertil", 100));
    karen
}

fn bertil() -> PersonId {
    karen().accounts[1].owner
}

fn profile(person: PersonId) -> Profile {
    Profile {
        person,
        account: karen().accounts[1].id,
        name: "Bertil".into(),
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

fn told(people: Vec<Allergies>) -> Event {
    Event::AllergiesAre(Box::new(KnownAllergies { card: karen().card, people }))
}

/// Before Bertil's, with what the server told.
fn open(people: Vec<Allergies>) -> Play {
    let mut play = Play::signed_in(karen());
    play.hand(Intent::Account(1)).hand(Intent::Open(TileKind::Profile));
    play.tell(Event::ProfileIs(Box::new(profile(bertil())))).hand(Intent::Allergies).tell(told(people));
    play
}

/// What is chosen, whether it is blocked, and whether it is being saved, or was.
fn shown(play: &Play) -> (Vec<Allergen>, bool, (bool, bool)) {
    let Page::Allergies(AllergiesPage { body, .. }) = play.page() else { panic!("{:?}", play.page()) };
    let AllergiesBody::Here { choices, block, saving, saved, .. } = body else { panic!("{body:?}") };
    assert_eq!(choices.len(), 14);
    (choices.into_iter().filter(|(_, chosen)| *chosen).map(|(allergen, _)| allergen).collect(), block, (saving, saved))
}

fn sent(play: &Play) -> Vec<AllergiesChange> {
    let change = |effect: &Effect| match effect {
        Effect::SaveAllergies { person, change } if *person == bertil() => Some(change.clone()),
        _ => None,
    };
    play.effects.iter().filter_map(change).collect()
}

#[test]
fn a_guardian_says_it_and_the_next_order_is_blocked() {
    let mut play = open(vec![Allergies::new(karen().person.id, vec![Allergen::Fish], false)]);
    assert!(play.effects.contains(&Effect::LoadAllergies(karen().card)));
    assert_eq!(shown(&play), (vec![], false, (false, false)), "his, and not hers");
    for allergen in [Allergen::Nuts, Allergen::Milk, Allergen::Gluten, Allergen::Milk] {
        play.hand(Intent::Allergen(allergen));
    }
    play.hand(Intent::BlockFood(true));
    assert_eq!(shown(&play), (vec![Allergen::Gluten, Allergen::Nuts], true, (false, false)));
    assert_eq!(sent(&play), [], "nothing is kept before it is saved");
    play.hand(Intent::Send);
    let change = AllergiesChange { card: karen().card, allergens: vec![Allergen::Gluten, Allergen::Nuts], block: true };
    assert_eq!(sent(&play), [change]);
    play.hand(Intent::ClearAllergies).hand(Intent::Back);
    assert_eq!(shown(&play).2, (true, false), "nothing is changed under it");
    play.tell(Event::AllergiesSaved { person: karen().person.id, problem: None });
    assert_eq!(shown(&play).2, (true, false), "that was somebody else");
    play.tell(Event::AllergiesSaved { person: bertil(), problem: None });
    assert_eq!(shown(&play).2, (false, true));
    play.hand(Intent::Back);
    assert!(matches!(play.page(), Page::Profile(_)));

    play.hand(Intent::Back).hand(Intent::Open(TileKind::Order)).hand(Intent::Add(product_id(LASAGNE)));
    assert!(matches!(play.page(), Page::Allergy(AllergyPage { blocked: true, .. })), "without asking the server again");
    assert!(!format!("{:?}", play.kiosk).contains("Nuts"), "and it prints nowhere");
}

#[test]
fn all_is_cleared_by_saving_none() {
    let mut play = open(vec![Allergies::new(bertil(), vec![Allergen::Milk, Allergen::Nuts], true)]);
    assert_eq!(shown(&play), (vec![Allergen::Milk, Allergen::Nuts], true, (false, false)));
    play.hand(Intent::ClearAllergies);
    assert_eq!((shown(&play).0, sent(&play)), (vec![], vec![]));
    play.hand(Intent::Send);
    assert_eq!(sent(&play).remove(0).allergens, []);
}

#[test]
fn what_cannot_be_kept_stays_on_the_screen_and_what_cannot_be_had_is_asked_for_again() {
    let mut play = open(vec![]);
    play.hand(Intent::Allergen(Allergen::Fish)).hand(Intent::Send);
    for problem in [FormProblem::NeedsConnection, FormProblem::Refused] {
        play.tell(Event::AllergiesSaved { person: bertil(), problem: Some(problem) });
        let Page::Allergies(page) = play.page() else { panic!("{:?}", play.page()) };
        assert!(matches!(page.body, AllergiesBody::Here { problem: Some(said), saved: false, .. } if said == problem));
        play.hand(Intent::Send);
    }
    assert_eq!(shown(&play).0, [Allergen::Fish]);
    play.tell(Event::SignedOut);
    assert!(matches!(play.page(), Page::Code(_)), "the code is asked for again");

    let mut play = Play::signed_in(karen());
    play.hand(Intent::Account(1)).hand(Intent::Open(TileKind::Profile));
    play.tell(Event::ProfileIs(Box::new(profile(bertil())))).hand(Intent::Allergies);
    let body = |play: &Play| match play.page() {
        Page::Allergies(page) => page.body,
        page => panic!("{page:?}"),
    };
    assert_eq!(body(&play), AllergiesBody::Loading);
    play.tell(Event::AllergiesUnreachable(karen().card));
    assert_eq!(body(&play), AllergiesBody::Unreachable);
    play.hand(Intent::Next).tell(told(vec![Allergies::new(bertil(), vec![Allergen::Eggs], false)]));
    assert_eq!(shown(&play).0, [Allergen::Eggs]);
}

#[test]
fn a_pupil_reads_nothing_and_changes_nothing() {
    let mut play = Play::signed_in(visitor(78));
    play.hand(Intent::Open(TileKind::Profile)).tell(Event::ProfileIs(Box::new(profile(visitor(0).person.id))));
    play.hand(Intent::Allergies);
    assert!(matches!(play.page(), Page::Profile(ProfilePage { allergies: false, .. })), "{:?}", play.page());
    assert!(!play.effects.iter().any(|effect| matches!(effect, Effect::LoadAllergies(_))));
    let mut staff = visitor(78);
    staff.person.kind = PersonKind::Staff;
    let mut play = Play::signed_in(staff);
    play.hand(Intent::Open(TileKind::Profile)).tell(Event::ProfileIs(Box::new(profile(visitor(0).person.id))));
    assert!(matches!(play.page(), Page::Profile(ProfilePage { allergies: true, .. })), "their own");
}
