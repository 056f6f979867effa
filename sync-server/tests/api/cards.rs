//! Cards blocked and opened by their holders.

use madkort_protocol::*;

use crate::support::*;

fn change(server: &Server, kiosk: &Signer, card: CardId, target: CardId, blocked: bool) -> Operation {
    operation(server, kiosk, OperationBody::SetCardBlock(SetCardBlock { card, target, blocked }))
}

async fn status(server: &Server, card: CardId) -> CardStatus {
    server.store().card(SCHOOL, card).await.unwrap().unwrap().status
}

#[tokio::test]
async fn a_parent_blocks_and_opens_a_childs_card_and_every_kiosk_hears_of_it() {
    let server = Server::start().await;
    let (kiosk, other, till) = (server.kiosk().await, server.kiosk().await, server.register().await);
    server.fund(&kiosk, ANNA, kr(100)).await;
    let cursor = other.get::<Changes>("/v1/changes?after=0").await.cursor;
    let block = change(&server, &kiosk, BOS_CARD, ANNAS_CARD, true);
    assert_eq!(kiosk.outcome(block.clone()).await, Outcome::Posted);
    assert_eq!(kiosk.outcome(block).await, Outcome::AlreadyPosted);
    let heard: Changes = other.get(&format!("/v1/changes?after={cursor}")).await;
    let heard: Vec<_> = heard.cards.iter().map(|card| (card.id, card.status)).collect();
    assert_eq!(heard, [(ANNAS_CARD, CardStatus::Blocked)]);
    let sale = || PurchaseRequest {
        id: server.id(),
        card_uid: uid(1),
        amount: kr(10),
        vat_percent: 25,
        text: "Mad".into(),
        authorisation: None,
    };
    let refused_sale: PurchaseAnswer = till.post("/v1/purchases", &sale()).await;
    assert_eq!(refused(&refused_sale.outcome), Rule::Card);
    // What is blocked opens nothing, itself included: opening it again takes another way in.
    let itself = change(&server, &kiosk, ANNAS_CARD, ANNAS_CARD, false);
    assert_eq!(refused(&kiosk.outcome(itself).await), Rule::Card);
    let open = change(&server, &kiosk, BOS_CARD, ANNAS_CARD, false);
    assert_eq!(kiosk.outcome(open).await, Outcome::Posted);
    let sold: PurchaseAnswer = till.post("/v1/purchases", &sale()).await;
    assert_eq!(sold.outcome, Outcome::Posted);
    server.books_are_right().await;
}

#[tokio::test]
async fn blocking_a_card_ends_its_session() {
    let server = Server::start().await;
    let kiosk = server.kiosk().await;
    kiosk.sign_in(ANNAS_CARD).await;
    assert_eq!(kiosk.outcome(change(&server, &kiosk, ANNAS_CARD, ANNAS_CARD, true)).await, Outcome::Posted);
    let path = format!("/v1/accounts/{ANNA}/statements/2026-11");
    assert_eq!(kiosk.problem_of(reqwest::Method::GET, &path, b"").await.code, ProblemCode::SignIn);
    assert_eq!(status(&server, ANNAS_CARD).await, CardStatus::Blocked);
    // Again is no harm, from whoever may.
    assert_eq!(kiosk.outcome(change(&server, &kiosk, BOS_CARD, ANNAS_CARD, true)).await, Outcome::Posted);
}

#[tokio::test]
async fn someone_elses_card_is_not_touched() {
    let server = Server::start().await;
    let kiosk = server.kiosk().await;
    let nobody = CardId::new(uuid::Uuid::from_u128(77));
    for (card, target) in [
        (ANNAS_CARD, BOS_CARD),
        (ANNAS_CARD, GUEST_CARD),
        (BOS_CARD, GUEST_CARD),
        (GUEST_CARD, ANNAS_CARD),
        (GUEST_CARD, GUEST_CARD),
        (BLOCKED_CARD, ANNAS_CARD),
        (ANNAS_CARD, nobody),
        (nobody, ANNAS_CARD),
    ] {
        for blocked in [true, false] {
            let outcome = kiosk.outcome(change(&server, &kiosk, card, target, blocked)).await;
            assert_eq!(refused(&outcome), Rule::Card, "{card} {target} {blocked}");
        }
    }
    for card in [ANNAS_CARD, BOS_CARD, GUEST_CARD] {
        assert_eq!(status(&server, card).await, CardStatus::Active);
    }
    assert_eq!(status(&server, BLOCKED_CARD).await, CardStatus::Blocked);
    server.books_are_right().await;
}
