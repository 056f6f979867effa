//! `/v1/cards/{card}/allergies`, `/v1/people/{person}/allergies`

use madkort_protocol::*;
use reqwest::{Method, StatusCode};
use uuid::Uuid;

use crate::support::*;

const ANNA_AND: PersonId = PersonId::new(Uuid::from_u128(1));
const BO_AND: PersonId = PersonId::new(Uuid::from_u128(2));

fn of_card(card: CardId) -> String {
    format!("/v1/cards/{card}/allergies")
}

async fn set(kiosk: &Signer, person: PersonId, card: CardId, block: bool) -> reqwest::Response {
    let change = AllergiesChange { card, allergens: vec![Allergen::Nuts, Allergen::Milk, Allergen::Nuts], block };
    let path = format!("/v1/people/{person}/allergies");
    kiosk.send(Method::PUT, &path, &serde_json::to_vec(&change).unwrap()).await
}

#[tokio::test]
async fn a_guardian_says_it_and_a_tapped_card_hears_it() {
    let server = Server::start().await;
    let (kiosk, other) = (server.kiosk().await, server.kiosk().await);
    let cursor = other.get::<Changes>("/v1/changes?after=0").await.cursor;
    assert_eq!(other.get::<KnownAllergies>(&of_card(ANNAS_CARD)).await.people, []);
    kiosk.sign_in(BOS_CARD).await;
    assert_eq!(set(&kiosk, ANNA_AND, BOS_CARD, false).await.status(), StatusCode::NO_CONTENT);
    let annas = Allergies::new(ANNA_AND, vec![Allergen::Milk, Allergen::Nuts], false);
    for card in [ANNAS_CARD, BOS_CARD] {
        let known: KnownAllergies = other.get(&of_card(card)).await;
        assert_eq!((known.card, known.people), (card, vec![annas.clone()]), "whoever orders for her");
    }
    // It is in no feed, and it is written down who said it.
    let heard: Changes = other.get(&format!("/v1/changes?after={cursor}")).await;
    assert_eq!(heard, Changes { cursor, ..Changes::default() });
    let deeds = server.store().deeds(SCHOOL, ANNA_AND.uuid()).await.unwrap();
    assert_eq!(deeds.iter().map(|d| (d.what.as_str(), d.by)).collect::<Vec<_>>(), [("allergies", Some(BO_AND))]);
    // Nothing left is nothing kept.
    let none = AllergiesChange { card: BOS_CARD, allergens: vec![], block: false };
    let path = format!("/v1/people/{ANNA_AND}/allergies");
    kiosk.send(Method::PUT, &path, &serde_json::to_vec(&none).unwrap()).await;
    assert_eq!(other.get::<KnownAllergies>(&of_card(ANNAS_CARD)).await.people, []);
}

#[tokio::test]
async fn someone_elses_allergies_do_not_exist() {
    let server = Server::start().await;
    let (kiosk, till) = (server.kiosk().await, server.register().await);
    kiosk.sign_in(BOS_CARD).await;
    assert_eq!(set(&kiosk, BO_AND, BOS_CARD, false).await.status(), StatusCode::NO_CONTENT);
    assert_eq!(kiosk.get::<KnownAllergies>(&of_card(ANNAS_CARD)).await.people, [], "she does not order for him");
    for card in [BLOCKED_CARD, CardId::new(Uuid::nil())] {
        assert_eq!(kiosk.problem_of(Method::GET, &of_card(card), b"").await.code, ProblemCode::NotFound);
    }
    let refused = till.problem_of(Method::GET, &of_card(ANNAS_CARD), b"").await;
    assert_eq!(refused.code, ProblemCode::NotAllowed, "a till has no business with it");
    // A pupil does not lift what a guardian has set.
    let code = |answer| async { problem(answer).await.code };
    kiosk.sign_in(ANNAS_CARD).await;
    assert_eq!(code(set(&kiosk, ANNA_AND, ANNAS_CARD, false).await).await, ProblemCode::NotAllowed);
    assert_eq!(code(set(&kiosk, BO_AND, ANNAS_CARD, false).await).await, ProblemCode::NotFound);
    *kiosk.session.lock().unwrap() = None;
    assert_eq!(code(set(&kiosk, ANNA_AND, BOS_CARD, false).await).await, ProblemCode::SignIn, "a bare tap");
}

#[tokio::test]
async fn what_is_blocked_is_not_ordered_and_the_ledger_does_not_say_why() {
    let server = Server::start().await;
    let kiosk = server.kiosk().await;
    server.fund(&kiosk, ANNA, kr(200)).await;
    kiosk.sign_in(BOS_CARD).await;
    // Lasagne contains milk. A warning is for the screen; a block is for the server too: a kiosk may not have heard of it.
    set(&kiosk, ANNA_AND, BOS_CARD, false).await;
    assert_eq!(kiosk.outcome(order(&server, &kiosk, lasagne("K1-1"))).await, Outcome::Posted);
    set(&kiosk, ANNA_AND, BOS_CARD, true).await;
    let Outcome::Refused(refusal) = kiosk.outcome(order(&server, &kiosk, lasagne("K1-2"))).await else {
        panic!("taken")
    };
    assert_eq!(refusal, Refusal { rule: Rule::NotOnMenu, limit: None, asked: None, portions: None });
    let of_bo = PlaceOrder { card: BOS_CARD, account: BO, ..lasagne("K1-3") };
    server.fund(&kiosk, BO, kr(200)).await;
    assert_eq!(kiosk.outcome(order(&server, &kiosk, of_bo)).await, Outcome::Posted, "he may eat it");
    server.books_are_right().await;
}
