//! `/v1/people/{person}`

use madkort_protocol::*;
use reqwest::{Method, StatusCode};
use serde_json::json;
use uuid::Uuid;

use crate::support::*;

const ANNA_AND: PersonId = PersonId::new(Uuid::from_u128(1));
const BO_AND: PersonId = PersonId::new(Uuid::from_u128(2));
const A_GUEST: PersonId = PersonId::new(Uuid::from_u128(3));

fn path(person: PersonId) -> String {
    format!("/v1/people/{person}")
}

fn change(card: CardId) -> ProfileChange {
    ProfileChange {
        card,
        name: "Anna Andersen".into(),
        email: "anna@skole.example".into(),
        phone: "12 34 56 78".into(),
        address: "Skolevej 1".into(),
        postcode: "8766".into(),
        town: "Nørre Snede".into(),
        caps: SpendingCaps { day: Some(kr(50)), week: None, month: Some(kr(600)) },
    }
}

async fn put(kiosk: &Signer, person: PersonId, change: &ProfileChange) -> reqwest::Response {
    kiosk.send(Method::PUT, &path(person), &serde_json::to_vec(change).unwrap()).await
}

async fn refusal(kiosk: &Signer, person: PersonId, change: &ProfileChange) -> Problem {
    problem(put(kiosk, person, change).await).await
}

#[tokio::test]
async fn a_profile_is_filled_in_and_every_kiosk_hears_the_name() {
    let server = Server::start().await;
    let (kiosk, other) = (server.kiosk().await, server.kiosk().await);
    kiosk.sign_in(ANNAS_CARD).await;
    let before: Profile = kiosk.get(&path(ANNA_AND)).await;
    assert_eq!((before.name.as_str(), before.email.as_str(), before.caps), ("Anna And", "", SpendingCaps::default()));
    assert_eq!((before.school.as_str(), before.class.as_deref(), before.account), ("Prøveskolen", Some("7.B"), ANNA));
    assert_eq!(before.track, None);
    assert!(server.store().set_track(SCHOOL, ANNA_AND, Some("B".into())).await.unwrap());
    let nobody = PersonId::new(Uuid::from_u128(99));
    assert!(!server.store().set_track(SCHOOL, nobody, Some("B".into())).await.unwrap());
    let cursor = other.get::<Changes>("/v1/changes?after=0").await.cursor;
    let answer = put(&kiosk, ANNA_AND, &change(ANNAS_CARD)).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let after: Profile = answer.json().await.unwrap();
    assert_eq!((after.town.as_str(), after.caps), ("Nørre Snede", change(ANNAS_CARD).caps));
    assert_eq!((after.class.as_deref(), after.track.as_deref()), (Some("7.B"), Some("B")));
    assert_eq!(kiosk.get::<Profile>(&path(ANNA_AND)).await, after);
    let heard: Changes = other.get(&format!("/v1/changes?after={cursor}")).await;
    let people: Vec<_> = heard.people.iter().map(|p| (p.name.as_str(), p.email.as_deref())).collect();
    assert_eq!(people, [("Anna Andersen", Some("anna@skole.example"))]);
    // Where they live is for nobody's disk.
    assert!(!format!("{heard:?}").contains("Skolevej"));
    // Putting the catalogue again, as a school does each summer, forgets nothing of it.
    let person = server.store().person(SCHOOL, ANNA_AND).await.unwrap().unwrap();
    server.store().put(SCHOOL, vec![sync_server::store::Thing::Person(person)]).await.unwrap();
    assert_eq!(kiosk.get::<Profile>(&path(ANNA_AND)).await, after);
    let deeds = server.store().deeds(SCHOOL, ANNA_AND.uuid()).await.unwrap();
    assert_eq!(deeds.iter().map(|d| (d.what.as_str(), d.by)).collect::<Vec<_>>(), [("profile", Some(ANNA_AND))]);
}

#[tokio::test]
async fn a_cap_holds_from_the_next_purchase_on() {
    let server = Server::start().await;
    let (kiosk, till) = (server.kiosk().await, server.register().await);
    server.fund(&kiosk, ANNA, kr(500)).await;
    // A parent sets it for the child.
    kiosk.sign_in(BOS_CARD).await;
    assert_eq!(put(&kiosk, ANNA_AND, &change(BOS_CARD)).await.status(), StatusCode::OK);
    let mut rules = Vec::new();
    for ore in [3000, 2100, 2000] {
        let sale = PurchaseRequest {
            id: server.id(),
            card_uid: uid(1),
            amount: Money::from_ore(ore),
            vat_percent: 25,
            text: "Mad".into(),
            authorisation: None,
        };
        let answer: PurchaseAnswer = till.post("/v1/purchases", &sale).await;
        rules.push(if let Outcome::Refused(refusal) = answer.outcome { Some(refusal.rule) } else { None });
    }
    assert_eq!(rules, [None, Some(Rule::DayCap), None]);
    let deeds = server.store().deeds(SCHOOL, ANNA_AND.uuid()).await.unwrap();
    assert_eq!(deeds.iter().map(|d| d.by).collect::<Vec<_>>(), [Some(BO_AND)]);
    server.books_are_right().await;
}

#[tokio::test]
async fn someone_elses_profile_does_not_exist() {
    let server = Server::start().await;
    let (kiosk, till) = (server.kiosk().await, server.register().await);
    let problem = kiosk.problem_of(Method::GET, &path(ANNA_AND), b"").await;
    assert_eq!(problem.code, ProblemCode::SignIn, "a bare tap");
    kiosk.sign_in(ANNAS_CARD).await;
    let nobody = PersonId::new(Uuid::from_u128(99));
    for person in [BO_AND, A_GUEST, nobody] {
        assert_eq!(kiosk.problem_of(Method::GET, &path(person), b"").await.code, ProblemCode::NotFound);
        assert_eq!(refusal(&kiosk, person, &change(ANNAS_CARD)).await.code, ProblemCode::NotFound);
    }
    assert_eq!(
        refusal(&kiosk, ANNA_AND, &change(BOS_CARD)).await.code,
        ProblemCode::SignIn,
        "another card than the one"
    );
    kiosk.sign_in(GUEST_CARD).await;
    assert_eq!(refusal(&kiosk, A_GUEST, &change(GUEST_CARD)).await.code, ProblemCode::NotAllowed);
    assert_eq!(refusal(&till, ANNA_AND, &change(ANNAS_CARD)).await.code, ProblemCode::NotAllowed);
    assert!(server.store().deeds(SCHOOL, ANNA_AND.uuid()).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_is_filled_in_wrongly_changes_nothing() {
    let server = Server::start().await;
    let kiosk = server.kiosk().await;
    kiosk.sign_in(ANNAS_CARD).await;
    for (field, wrong) in [
        ("name", ProfileChange { name: " ".into(), ..change(ANNAS_CARD) }),
        ("email", ProfileChange { email: "anna".into(), ..change(ANNAS_CARD) }),
        ("postcode", ProfileChange { postcode: "87660".into(), ..change(ANNAS_CARD) }),
        (
            "caps",
            ProfileChange { caps: SpendingCaps { day: Some(kr(-1)), week: None, month: None }, ..change(ANNAS_CARD) },
        ),
    ] {
        let problem = refusal(&kiosk, ANNA_AND, &wrong).await;
        assert_eq!((problem.code, problem.field.as_deref()), (ProblemCode::InvalidField, Some(field)));
    }
    for (what, value) in [("class", "9.A"), ("track", "C")] {
        let mut more = json!(change(ANNAS_CARD));
        more[what] = json!(value);
        let problem = kiosk.problem_of(Method::PUT, &path(ANNA_AND), more.to_string().as_bytes()).await;
        assert_eq!(problem.code, ProblemCode::Malformed, "the {what} is the school's");
    }
    assert_eq!(kiosk.get::<Profile>(&path(ANNA_AND)).await.name, "Anna And");
}

fn capped(card: CardId, day: Option<i32>, month: Option<i32>) -> ProfileChange {
    let caps = SpendingCaps { day: day.map(kr), week: None, month: month.map(kr) };
    ProfileChange { caps, ..change(card) }
}

async fn caps_of(kiosk: &Signer, person: PersonId) -> SpendingCaps {
    kiosk.get::<Profile>(&path(person)).await.caps
}

#[tokio::test]
async fn a_pupil_under_a_guardian_lowers_a_limit_and_only_the_guardian_raises_it() {
    let server = Server::start().await;
    let (kiosk, parents) = (server.kiosk().await, server.kiosk().await);
    kiosk.sign_in(ANNAS_CARD).await;
    parents.sign_in(BOS_CARD).await;
    assert_eq!(put(&parents, ANNA_AND, &capped(BOS_CARD, Some(40), Some(500))).await.status(), StatusCode::OK);
    for (day, month) in [(Some(41), Some(500)), (None, Some(500)), (Some(40), None), (Some(10), Some(501))] {
        let refused = refusal(&kiosk, ANNA_AND, &capped(ANNAS_CARD, day, month)).await;
        assert_eq!(refused.code, ProblemCode::GuardiansCap, "{day:?} {month:?}");
        assert!(refused.detail_da.contains("forælder") && refused.detail.contains("parent"), "{refused:?}");
    }
    assert_eq!(caps_of(&kiosk, ANNA_AND).await, capped(ANNAS_CARD, Some(40), Some(500)).caps);
    // Less is theirs to say, and so is everything else about them beside a limit that stays.
    for (day, month) in [(Some(30), Some(500)), (Some(30), Some(100))] {
        assert_eq!(put(&kiosk, ANNA_AND, &capped(ANNAS_CARD, day, month)).await.status(), StatusCode::OK);
        assert_eq!(caps_of(&kiosk, ANNA_AND).await, capped(ANNAS_CARD, day, month).caps);
    }
    let moved = ProfileChange { town: "Vejle".into(), ..capped(ANNAS_CARD, Some(30), Some(100)) };
    assert_eq!(put(&kiosk, ANNA_AND, &moved).await.status(), StatusCode::OK);
    // Whoever answers for her lifts it, and nobody answers for the guardian.
    assert_eq!(put(&parents, ANNA_AND, &capped(BOS_CARD, None, None)).await.status(), StatusCode::OK);
    assert_eq!(caps_of(&kiosk, ANNA_AND).await, SpendingCaps::default());
    assert_eq!(put(&parents, BO_AND, &capped(BOS_CARD, Some(20), None)).await.status(), StatusCode::OK);
    assert_eq!(put(&parents, BO_AND, &capped(BOS_CARD, None, None)).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_pupil_whom_no_guardian_answers_for_raises_their_own_limit() {
    let server = Server::start().await;
    let bo = server.store().person(SCHOOL, BO_AND).await.unwrap().unwrap();
    // Bo's card opens his own account only.
    let alone = Person { accounts: vec![BO], ..bo };
    server.store().put(SCHOOL, vec![sync_server::store::Thing::Person(alone)]).await.unwrap();
    let kiosk = server.kiosk().await;
    kiosk.sign_in(ANNAS_CARD).await;
    for (day, month) in [(Some(20), None), (Some(90), None), (None, None)] {
        assert_eq!(put(&kiosk, ANNA_AND, &capped(ANNAS_CARD, day, month)).await.status(), StatusCode::OK);
        assert_eq!(caps_of(&kiosk, ANNA_AND).await, capped(ANNAS_CARD, day, month).caps);
    }
}
