//! `/v1/authorisations`, `/v1/purchases/{id}/undo`, `/v1/pick-ups`, `/v1/purchase-batches`

use jiff::SignedDuration;
use madkort_protocol::*;
use reqwest::Method;
use serde::Serialize;
use sync_server::jobs::release_expired;
use sync_server::store::{NewAccount, Thing};
use uuid::Uuid;

use crate::support::*;

/// A till, and 100 kr. on Anna's account.
async fn open() -> (Server, Signer) {
    let server = Server::start().await;
    let (kiosk, till) = (server.kiosk().await, server.register().await);
    server.fund(&kiosk, ANNA, kr(100)).await;
    (server, till)
}

fn sale(server: &Server, amount: Money) -> PurchaseRequest {
    PurchaseRequest { text: "Frikadelle".into(), ..server.sale(uid(1), amount) }
}

async fn sell(till: &Signer, sale: &PurchaseRequest) -> Outcome {
    till.post::<PurchaseAnswer>("/v1/purchases", sale).await.outcome
}

/// Holds money on Anna's card, and says under which id.
async fn hold(server: &Server, till: &Signer, amount: Money) -> OperationId {
    let asked = AuthorisationRequest { id: server.id(), card_uid: uid(1), amount };
    assert_eq!(authorise(till, &asked).await, Outcome::Posted);
    asked.id
}

async fn authorise(till: &Signer, asked: &AuthorisationRequest) -> Outcome {
    till.post::<Answer>("/v1/authorisations", asked).await.outcome
}

async fn release(till: &Signer, authorisation: OperationId, id: OperationId) -> Outcome {
    till.post::<Answer>(&format!("/v1/authorisations/{authorisation}/release"), &Release { id }).await.outcome
}

async fn undo(till: &Signer, purchase: OperationId, id: OperationId) -> Outcome {
    till.post::<Answer>(&format!("/v1/purchases/{purchase}/undo"), &Undo { id }).await.outcome
}

async fn pick_up(till: &Signer, id: OperationId, card: u8) -> PickUpAnswer {
    till.post("/v1/pick-ups", &PickUpRequest { id, card_uid: uid(card) }).await
}

async fn code_of(device: &Signer, path: &str, body: &impl Serialize) -> ProblemCode {
    device.problem_of(Method::POST, path, &serde_json::to_vec(body).unwrap()).await.code
}

fn bare(rule: Rule) -> Outcome {
    Outcome::Refused(Refusal { rule, limit: None, asked: None, portions: None })
}

#[tokio::test]
async fn what_is_held_is_captured_in_part_and_the_rest_goes_back() {
    let (server, till) = open().await;
    let held = hold(&server, &till, kr(60)).await;
    assert_eq!(server.balance(ANNA).await, kr(40));
    server.books_are_right().await;
    let capture = PurchaseRequest { authorisation: Some(held), ..sale(&server, kr(45)) };
    assert_eq!(sell(&till, &capture).await, Outcome::Posted);
    assert_eq!(server.balance(ANNA).await, kr(55));
    // Again it is told what was; and there is nothing left to capture or to give back.
    assert_eq!(sell(&till, &capture).await, Outcome::AlreadyPosted);
    let more = PurchaseRequest { authorisation: Some(held), ..sale(&server, kr(1)) };
    assert_eq!(sell(&till, &more).await, bare(Rule::Authorisation));
    assert_eq!(release(&till, held, server.id()).await, bare(Rule::Authorisation));
    assert_eq!(server.balance(ANNA).await, kr(55));
    server.books_are_right().await;
}

#[tokio::test]
async fn a_capture_takes_all_that_is_held_and_not_an_ore_more() {
    let (server, till) = open().await;
    let held = hold(&server, &till, kr(100)).await;
    let over = PurchaseRequest { authorisation: Some(held), ..sale(&server, Money::from_ore(10_001)) };
    assert_eq!(sell(&till, &over).await, bare(Rule::Amount));
    let another = PurchaseRequest { authorisation: Some(held), card_uid: uid(2), ..sale(&server, kr(10)) };
    assert_eq!(sell(&till, &another).await, bare(Rule::Authorisation));
    let all = PurchaseRequest { authorisation: Some(held), ..sale(&server, kr(100)) };
    assert_eq!(sell(&till, &all).await, Outcome::Posted);
    assert_eq!(server.balance(ANNA).await, kr(0));
    server.books_are_right().await;
}

#[tokio::test]
async fn an_authorisation_is_made_once_and_its_id_stands_for_it() {
    let (server, till) = open().await;
    let asked = AuthorisationRequest { id: server.id(), card_uid: uid(1), amount: kr(60) };
    assert_eq!(authorise(&till, &asked).await, Outcome::Posted);
    assert_eq!(authorise(&till, &asked).await, Outcome::AlreadyPosted);
    assert_eq!(server.balance(ANNA).await, kr(40));
    let other = AuthorisationRequest { amount: kr(61), ..asked.clone() };
    assert_eq!(code_of(&till, "/v1/authorisations", &other).await, ProblemCode::IdReused);
    // Nor is it a sale's id.
    let same_id = PurchaseRequest { id: asked.id, ..sale(&server, kr(60)) };
    assert_eq!(code_of(&till, "/v1/purchases", &same_id).await, ProblemCode::IdReused);
    assert_eq!(server.balance(ANNA).await, kr(40));
    server.books_are_right().await;
}

#[tokio::test]
async fn a_refused_authorisation_tells_no_figures_and_holds_nothing() {
    let (server, till) = open().await;
    let asked = |card, amount| AuthorisationRequest { id: server.id(), card_uid: uid(card), amount };
    let too_much = asked(1, Money::from_ore(10_001));
    assert_eq!(authorise(&till, &too_much).await, bare(Rule::Balance));
    assert_eq!(authorise(&till, &too_much).await, bare(Rule::Balance));
    assert_eq!(authorise(&till, &asked(4, kr(1))).await, bare(Rule::Card));
    assert_eq!(authorise(&till, &asked(99, kr(1))).await, bare(Rule::Card));
    for amount in [kr(0), kr(-1), Money::from_ore(200_001), Money::from_ore(i64::MAX)] {
        assert_eq!(code_of(&till, "/v1/authorisations", &asked(1, amount)).await, ProblemCode::InvalidAmount);
    }
    // A refused one holds nothing that could be captured.
    let capture = PurchaseRequest { authorisation: Some(too_much.id), ..sale(&server, kr(10)) };
    assert_eq!(sell(&till, &capture).await, bare(Rule::Authorisation));
    assert_eq!(server.balance(ANNA).await, kr(100));
    server.books_are_right().await;
}

#[tokio::test]
async fn an_authorisation_given_up_gives_the_money_back_once() {
    let (server, till) = open().await;
    let held = hold(&server, &till, kr(60)).await;
    let id = server.id();
    assert_eq!(release(&till, held, id).await, Outcome::Posted);
    assert_eq!(release(&till, held, id).await, Outcome::AlreadyPosted);
    assert_eq!(release(&till, held, server.id()).await, bare(Rule::Authorisation));
    let path = format!("/v1/authorisations/{}/release", server.id());
    assert_eq!(code_of(&till, &path, &Release { id }).await, ProblemCode::IdReused);
    assert_eq!(code_of(&till, "/v1/authorisations/7/release", &Release { id }).await, ProblemCode::NotFound);
    let late = PurchaseRequest { authorisation: Some(held), ..sale(&server, kr(10)) };
    assert_eq!(sell(&till, &late).await, bare(Rule::Authorisation));
    assert_eq!(server.balance(ANNA).await, kr(100));
    server.books_are_right().await;
}

#[tokio::test]
async fn an_authorisation_ends_after_a_quarter_of_an_hour() {
    let (server, till) = open().await;
    let (first, second) = (hold(&server, &till, kr(30)).await, hold(&server, &till, kr(20)).await);
    server.clock.forward(SignedDuration::from_secs(15 * 60 - 1));
    let capture = PurchaseRequest { authorisation: Some(first), ..sale(&server, kr(30)) };
    assert_eq!(sell(&till, &capture).await, Outcome::Posted);
    assert_eq!(release_expired(&server.state).await.unwrap(), []);
    server.clock.forward(SignedDuration::from_secs(1));
    // Whether the job was there or not.
    let late = PurchaseRequest { authorisation: Some(second), ..sale(&server, kr(20)) };
    assert_eq!(sell(&till, &late).await, bare(Rule::Authorisation));
    release_expired(&server.state).await.unwrap();
    assert_eq!(release_expired(&server.state).await.unwrap(), []);
    assert_eq!(server.balance(ANNA).await, kr(70));
    assert_eq!(release(&till, second, server.id()).await, bare(Rule::Authorisation));
    server.books_are_right().await;
}

#[tokio::test]
async fn what_is_held_counts_as_spent_until_it_is_given_back() {
    let (server, till) = open().await;
    let db = rusqlite::Connection::open(&server.path).unwrap();
    db.execute("UPDATE accounts SET day_cap = 5000 WHERE id = ?1", [ANNA.uuid().as_bytes().as_slice()]).unwrap();
    let held = hold(&server, &till, kr(40)).await;
    assert_eq!(sell(&till, &sale(&server, kr(11))).await, bare(Rule::DayCap));
    let part = PurchaseRequest { authorisation: Some(held), ..sale(&server, kr(25)) };
    assert_eq!(sell(&till, &part).await, Outcome::Posted);
    assert_eq!(sell(&till, &sale(&server, kr(26))).await, bare(Rule::DayCap));
    assert_eq!(undo(&till, part.id, server.id()).await, Outcome::Posted);
    assert_eq!(sell(&till, &sale(&server, kr(51))).await, bare(Rule::DayCap));
    assert_eq!(sell(&till, &sale(&server, kr(50))).await, Outcome::Posted);
    // What was held before midnight and is given back after it gives the new day no room.
    server.clock.set(at("2026-11-22T22:59:00Z"));
    let (one, two) = (sale(&server, kr(10)), sale(&server, kr(41)));
    assert_eq!(sell(&till, &one).await, bare(Rule::DayCap));
    server.clock.set(at("2026-11-22T23:00:00Z"));
    let held = hold(&server, &till, kr(10)).await;
    assert_eq!(sell(&till, &two).await, bare(Rule::DayCap));
    assert_eq!(release(&till, held, server.id()).await, Outcome::Posted);
    assert_eq!(server.balance(ANNA).await, kr(50));
    server.books_are_right().await;
}

#[tokio::test]
async fn a_sale_is_taken_back_within_five_minutes() {
    let (server, till) = open().await;
    let (early, late) = (sale(&server, kr(30)), sale(&server, kr(20)));
    assert_eq!(sell(&till, &early).await, Outcome::Posted);
    assert_eq!(sell(&till, &late).await, Outcome::Posted);
    server.clock.forward(SignedDuration::from_mins(5));
    let id = server.id();
    assert_eq!(undo(&till, early.id, id).await, Outcome::Posted);
    assert_eq!(server.balance(ANNA).await, kr(80));
    server.clock.forward(SignedDuration::from_secs(1));
    assert_eq!(undo(&till, late.id, server.id()).await, bare(Rule::Undo));
    // The answer to the first one got lost: asked again, however late.
    assert_eq!(undo(&till, early.id, id).await, Outcome::AlreadyPosted);
    assert_eq!(server.balance(ANNA).await, kr(80));
    server.books_are_right().await;
}

#[tokio::test]
async fn a_sale_is_taken_back_once_and_by_the_till_that_made_it() {
    let (server, till) = open().await;
    let other = server.register().await;
    let sold = sale(&server, kr(30));
    sell(&till, &sold).await;
    assert_eq!(undo(&other, sold.id, server.id()).await, bare(Rule::Undo));
    let id = server.id();
    assert_eq!(undo(&till, sold.id, id).await, Outcome::Posted);
    assert_eq!(undo(&till, sold.id, server.id()).await, bare(Rule::Undo));
    // An undo is not undone, nor is a sale that never was, nor one that was refused.
    assert_eq!(undo(&till, id, server.id()).await, bare(Rule::Undo));
    assert_eq!(undo(&till, server.id(), server.id()).await, bare(Rule::Undo));
    let refused = sale(&server, kr(1000));
    assert_eq!(sell(&till, &refused).await, bare(Rule::Balance));
    assert_eq!(undo(&till, refused.id, server.id()).await, bare(Rule::Undo));
    let path = format!("/v1/purchases/{}/undo", refused.id);
    assert_eq!(code_of(&till, &path, &Undo { id }).await, ProblemCode::IdReused);
    assert_eq!(code_of(&till, "/v1/purchases/x/undo", &Undo { id }).await, ProblemCode::NotFound);
    // The sale's own id is told as it was.
    assert_eq!(sell(&till, &sold).await, Outcome::AlreadyPosted);
    assert_eq!(server.balance(ANNA).await, kr(100));
    server.books_are_right().await;
}

#[tokio::test]
async fn a_captured_sale_is_taken_back_whole() {
    let (server, till) = open().await;
    for amount in [kr(45), kr(60)] {
        let held = hold(&server, &till, kr(60)).await;
        let sold = PurchaseRequest { authorisation: Some(held), ..sale(&server, amount) };
        assert_eq!(sell(&till, &sold).await, Outcome::Posted);
        assert_eq!(undo(&till, sold.id, server.id()).await, Outcome::Posted);
        assert_eq!(server.balance(ANNA).await, kr(100));
    }
    server.books_are_right().await;
}

#[tokio::test]
async fn two_undos_at_once_give_the_money_back_once() {
    let (server, till) = open().await;
    let sold = sale(&server, kr(30));
    sell(&till, &sold).await;
    let (one, two) = (server.id(), server.id());
    let mut outcomes = tokio::join!(undo(&till, sold.id, one), undo_elsewhere(&server, sold.id, two, &till));
    if outcomes.1 == Outcome::Posted {
        outcomes = (outcomes.1, outcomes.0);
    }
    assert_eq!(outcomes, (Outcome::Posted, bare(Rule::Undo)));
    assert_eq!(server.balance(ANNA).await, kr(100));
    server.books_are_right().await;
}

/// The store alone, so that the request count does not order the two.
async fn undo_elsewhere(server: &Server, purchase: OperationId, id: OperationId, till: &Signer) -> Outcome {
    let settled = server.store().undo(till.id, purchase, Undo { id }, server.clock.now()).await.unwrap();
    let sync_server::store::AtTill::Settled { answer, .. } = settled else { panic!("{settled:?}") };
    answer.outcome
}

#[tokio::test]
async fn another_tills_authorisation_is_not_there() {
    let (server, till) = open().await;
    let other = server.register().await;
    let held = hold(&server, &till, kr(60)).await;
    let capture = PurchaseRequest { authorisation: Some(held), ..sale(&server, kr(45)) };
    assert_eq!(sell(&other, &capture).await, bare(Rule::Authorisation));
    assert_eq!(release(&other, held, server.id()).await, bare(Rule::Authorisation));
    assert_eq!(release(&till, held, server.id()).await, Outcome::Posted);
    assert_eq!(server.balance(ANNA).await, kr(100));
    server.books_are_right().await;
}

#[tokio::test]
async fn todays_orders_are_handed_out_once() {
    let (server, till) = open().await;
    let kiosk = server.kiosk().await;
    let mut apples = lasagne("K1-2");
    (apples.lines[0].product, apples.lines[0].price, apples.lines[0].quantity) = (APPLE, kr(5), 2);
    apples.total = kr(10);
    let placed = vec![order(&server, &kiosk, lasagne("K1-1")), order(&server, &kiosk, apples)];
    let (first, second) = (placed[0].id, placed[1].id);
    kiosk.push(placed).await;
    let cancelled = order(&server, &kiosk, lasagne("K1-3"));
    kiosk.push(vec![cancelled.clone()]).await;
    let cancel = OperationBody::CancelOrder(CancelOrder { order: cancelled.id, card: ANNAS_CARD });
    assert_eq!(kiosk.outcome(operation(&server, &kiosk, cancel)).await, Outcome::Posted);
    // Not today.
    assert_eq!(pick_up(&till, server.id(), 1).await.orders, []);
    server.clock.set(at("2026-11-24T10:30:00Z"));
    let id = server.id();
    let handed_out = pick_up(&till, id, 1).await;
    assert_eq!(handed_out.outcome, Outcome::Posted);
    let mut numbers: Vec<_> =
        handed_out.orders.iter().map(|out| (out.order, out.number.as_str(), out.lines[0].quantity)).collect();
    numbers.sort_by_key(|(_, number, _)| *number);
    assert_eq!(numbers, [(first, "K1-1", 1), (second, "K1-2", 2)]);
    let lasagne = handed_out.orders.iter().find(|out| out.order == first).unwrap();
    assert_eq!((lasagne.lines[0].name_da.as_str(), lasagne.lines[0].comment.as_str()), ("Lasagne", "uden løg"));
    // The same tap again is the same answer; another tap is handed nothing, at whatever till.
    let again = pick_up(&till, id, 1).await;
    assert_eq!(again, PickUpAnswer { outcome: Outcome::AlreadyPosted, ..handed_out });
    let other = server.register().await;
    let nothing = pick_up(&other, server.id(), 1).await;
    assert_eq!((nothing.outcome, nothing.orders), (Outcome::Posted, vec![]));
    assert_eq!(code_of(&till, "/v1/pick-ups", &PickUpRequest { id, card_uid: uid(2) }).await, ProblemCode::IdReused);
    server.books_are_right().await;
}

#[tokio::test]
async fn a_parent_picks_up_for_a_child_and_a_blocked_card_for_nobody() {
    let (server, till) = open().await;
    let kiosk = server.kiosk().await;
    kiosk.push(vec![order(&server, &kiosk, lasagne("K1-1"))]).await;
    server.clock.set(at("2026-11-24T10:30:00Z"));
    for card in [4, 99] {
        let id = server.id();
        let refused = pick_up(&till, id, card).await;
        assert_eq!((&refused.outcome, &refused.orders), (&bare(Rule::Card), &vec![]));
        assert_eq!(pick_up(&till, id, card).await, refused);
    }
    assert_eq!(pick_up(&till, server.id(), 3).await.orders, []);
    assert_eq!(pick_up(&till, server.id(), 2).await.orders[0].number, "K1-1");
    let body = serde_json::to_value(pick_up(&till, server.id(), 1).await).unwrap();
    assert_eq!(body["orders"], serde_json::json!([]));
    server.books_are_right().await;
}

#[tokio::test]
async fn what_is_handed_out_tells_no_price() {
    let (server, till) = open().await;
    let kiosk = server.kiosk().await;
    kiosk.push(vec![order(&server, &kiosk, lasagne("K1-1"))]).await;
    server.clock.set(at("2026-11-24T10:30:00Z"));
    let asked = PickUpRequest { id: server.id(), card_uid: uid(1) };
    let answer: serde_json::Value = till.post("/v1/pick-ups", &asked).await;
    let fields = |value: &serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(fields(&answer), ["id", "orders", "outcome"]);
    assert_eq!(fields(&answer["orders"][0]), ["lines", "number", "order"]);
    assert_eq!(fields(&answer["orders"][0]["lines"][0]), ["comment", "name_da", "name_en", "product", "quantity"]);
    server.books_are_right().await;
}

fn offline(server: &Server, sale: PurchaseRequest) -> OfflinePurchase {
    OfflinePurchase { claimed_at: server.clock.now(), purchase: sale }
}

async fn batch(till: &Signer, purchases: Vec<OfflinePurchase>) -> Vec<Outcome> {
    let ids: Vec<_> = purchases.iter().map(|sale| sale.purchase.id).collect();
    let answer: PurchaseBatchAnswer = till.post("/v1/purchase-batches", &PurchaseBatch { purchases }).await;
    assert_eq!(answer.answers.iter().map(|answer| answer.id).collect::<Vec<_>>(), ids);
    answer.answers.into_iter().map(|answer| answer.outcome).collect()
}

#[tokio::test]
async fn what_was_sold_offline_is_booked_one_by_one_and_once() {
    let (server, till) = open().await;
    let sales: Vec<_> = [40, 30, 40, 25].into_iter().map(|k| offline(&server, sale(&server, kr(k)))).collect();
    // 100 kr. are there: the third is not covered, and nobody owes; the fourth is.
    let outcomes = batch(&till, sales.clone()).await;
    assert_eq!(outcomes, [Outcome::Posted, Outcome::Posted, bare(Rule::Balance), Outcome::Posted]);
    assert_eq!(server.balance(ANNA).await, kr(5));
    let again = [Outcome::AlreadyPosted, Outcome::AlreadyPosted, bare(Rule::Balance), Outcome::AlreadyPosted];
    assert_eq!(batch(&till, sales.clone()).await, again);
    // Sent alone it is the same sale.
    assert_eq!(sell(&till, &sales[0].purchase).await, Outcome::AlreadyPosted);
    assert_eq!(batch(&till, vec![]).await, []);
    assert_eq!(server.balance(ANNA).await, kr(5));
    server.books_are_right().await;
}

#[tokio::test]
async fn what_is_sold_offline_has_an_allowance_per_sale_card_and_till() {
    let (server, till) = open().await;
    let kiosk = server.kiosk().await;
    server.fund(&kiosk, ANNA, kr(400)).await;
    server.fund(&kiosk, BO, kr(400)).await;
    let sold = |k, card| offline(&server, PurchaseRequest { card_uid: uid(card), ..sale(&server, kr(k)) });
    let no = || bare(Rule::OfflineAllowance);
    let sales = vec![
        sold(101, 1), // over 100 in one sale
        sold(100, 1),
        sold(21, 1), // 121: over 120 on the card
        sold(20, 1),
        sold(31, 2), // 151: over 150 at the till
        sold(30, 2),
    ];
    let outcomes = batch(&till, sales).await;
    assert_eq!(outcomes, [no(), Outcome::Posted, no(), Outcome::Posted, no(), Outcome::Posted]);
    // The same outage, another batch; another till has its own.
    assert_eq!(batch(&till, vec![sold(1, 2)]).await, [no()]);
    let other = server.register().await;
    assert_eq!(batch(&other, vec![sold(1, 2)]).await, [Outcome::Posted]);
    // Online there is no such limit, and what was sold so does not count.
    assert_eq!(sell(&till, &sale(&server, kr(200))).await, Outcome::Posted);
    // Another outage, another allowance.
    server.clock.forward(SignedDuration::from_mins(11));
    assert_eq!(batch(&till, vec![sold(50, 2)]).await, [Outcome::Posted]);
    assert_eq!((server.balance(ANNA).await, server.balance(BO).await), (kr(180), kr(319)));
    server.books_are_right().await;
}

#[tokio::test]
async fn a_sale_made_offline_may_be_a_day_old() {
    let (server, till) = open().await;
    let claimed = |ago: SignedDuration| OfflinePurchase {
        claimed_at: server.clock.now() - ago,
        ..offline(&server, sale(&server, kr(10)))
    };
    let day = SignedDuration::from_hours(24);
    let sales = vec![claimed(day), claimed(day + SignedDuration::from_secs(1)), claimed(-day * 400)];
    let outcomes = batch(&till, sales).await;
    assert_eq!(outcomes, [Outcome::Posted, bare(Rule::OfflineAllowance), Outcome::Posted]);
    assert_eq!(server.balance(ANNA).await, kr(80));
    server.books_are_right().await;
}

#[tokio::test]
async fn a_batch_captures_what_was_held_before_the_line_broke() {
    let (server, till) = open().await;
    let held = hold(&server, &till, kr(60)).await;
    let captured = PurchaseRequest { authorisation: Some(held), ..sale(&server, kr(50)) };
    assert_eq!(batch(&till, vec![offline(&server, captured.clone())]).await, [Outcome::Posted]);
    assert_eq!(undo(&till, captured.id, server.id()).await, Outcome::Posted);
    assert_eq!(server.balance(ANNA).await, kr(100));
    server.books_are_right().await;
}

#[tokio::test]
async fn a_batch_with_an_id_of_something_else_is_not_looked_at() {
    let (server, till) = open().await;
    let first = offline(&server, sale(&server, kr(10)));
    let other =
        OfflinePurchase { purchase: PurchaseRequest { amount: kr(11), ..first.purchase.clone() }, ..first.clone() };
    let send = |purchases| PurchaseBatch { purchases };
    assert_eq!(
        code_of(&till, "/v1/purchase-batches", &send(vec![first.clone(), other.clone()])).await,
        ProblemCode::IdReused
    );
    assert_eq!(server.balance(ANNA).await, kr(100));
    assert_eq!(batch(&till, vec![first.clone(), first]).await, [Outcome::Posted, Outcome::AlreadyPosted]);
    let fresh = offline(&server, sale(&server, kr(10)));
    assert_eq!(code_of(&till, "/v1/purchase-batches", &send(vec![fresh, other])).await, ProblemCode::IdReused);
    assert_eq!(server.balance(ANNA).await, kr(90));
    server.books_are_right().await;
}

#[tokio::test]
async fn a_batch_has_a_most_and_its_sales_have_bounds() {
    let (server, till) = open().await;
    let one = || offline(&server, sale(&server, Money::from_ore(1)));
    let full: Vec<_> = (0..PurchaseBatch::MOST).map(|_| one()).collect();
    let over = PurchaseBatch { purchases: full.iter().cloned().chain([one()]).collect() };
    assert_eq!(code_of(&till, "/v1/purchase-batches", &over).await, ProblemCode::InvalidField);
    assert_eq!(batch(&till, full).await, vec![Outcome::Posted; PurchaseBatch::MOST]);
    let bad = |change: fn(&mut PurchaseRequest)| {
        let mut bad = one();
        change(&mut bad.purchase);
        PurchaseBatch { purchases: vec![one(), bad] }
    };
    let cases = [
        (bad(|sale| sale.amount = kr(0)), ProblemCode::InvalidAmount),
        (bad(|sale| sale.text = String::new()), ProblemCode::InvalidField),
        (bad(|sale| sale.vat_percent = 26), ProblemCode::InvalidField),
        (bad(|sale| sale.id = OperationId::new(Uuid::from_u128(5))), ProblemCode::InvalidField),
    ];
    for (batch, code) in cases {
        assert_eq!(code_of(&till, "/v1/purchase-batches", &batch).await, code);
    }
    assert_eq!(server.balance(ANNA).await, Money::from_ore(9936));
    server.books_are_right().await;
}

#[tokio::test]
async fn a_kiosk_does_none_of_it_and_a_revoked_till_nothing_more() {
    let (server, till) = open().await;
    let kiosk = server.kiosk().await;
    let id = server.id();
    let held = AuthorisationRequest { id, card_uid: uid(1), amount: kr(10) };
    let picked = PickUpRequest { id, card_uid: uid(1) };
    let sold = PurchaseBatch { purchases: vec![] };
    let (release, undo) = (format!("/v1/authorisations/{id}/release"), format!("/v1/purchases/{id}/undo"));
    let all = async |device: &Signer| {
        [
            code_of(device, "/v1/authorisations", &held).await,
            code_of(device, &release, &Release { id }).await,
            code_of(device, &undo, &Undo { id }).await,
            code_of(device, "/v1/pick-ups", &picked).await,
            code_of(device, "/v1/purchase-batches", &sold).await,
        ]
    };
    assert_eq!(all(&kiosk).await, [ProblemCode::NotAllowed; 5]);
    server.store().revoke(till.id, server.clock.now()).await.unwrap();
    server.clock.forward(SignedDuration::from_secs(2));
    assert_eq!(all(&till).await, [ProblemCode::UnknownDevice; 5]);
    assert_eq!(server.balance(ANNA).await, kr(100));
    server.books_are_right().await;
}

#[tokio::test]
async fn ids_are_of_version_7_and_fields_are_those_there_are() {
    let (server, till) = open().await;
    let id = OperationId::new(Uuid::from_u128(5));
    let known = server.id();
    let (release, undo) = (format!("/v1/authorisations/{known}/release"), format!("/v1/purchases/{known}/undo"));
    let bodies = [
        ("/v1/authorisations", serde_json::json!({ "id": id, "card_uid": uid(1), "amount": 100 })),
        (release.as_str(), serde_json::json!({ "id": id })),
        (undo.as_str(), serde_json::json!({ "id": id })),
        ("/v1/pick-ups", serde_json::json!({ "id": id, "card_uid": uid(1) })),
    ];
    for (path, mut body) in bodies {
        assert_eq!(code_of(&till, path, &body).await, ProblemCode::InvalidField, "{path}");
        body["more"] = true.into();
        assert_eq!(code_of(&till, path, &body).await, ProblemCode::Malformed, "{path}");
    }
    server.books_are_right().await;
}

#[tokio::test]
async fn another_schools_cards_are_not_known_here() {
    let (server, till) = open().await;
    let elsewhere = SchoolId::new(Uuid::from_u128(0x5d));
    let (person, account) = (PersonId::new(Uuid::from_u128(9)), AccountId::new(Uuid::from_u128(0xa9)));
    let things = vec![
        Thing::School(School { id: elsewhere, ..school() }),
        Thing::Person(Person {
            id: person,
            name: "Cilla".into(),
            kind: PersonKind::Pupil,
            class: None,
            email: None,
            language: Language::Danish,
            accounts: vec![account],
        }),
        Thing::Account(NewAccount { id: account, owner: person, label: "Cilla".into(), kind: AccountKind::Card }),
        Thing::Card(CardRecord {
            id: CardId::new(Uuid::from_u128(0xc9)),
            uid: uid(9),
            number: CardNumber::from_first_13("1234567890109").unwrap(),
            person,
            status: CardStatus::Active,
            ask_code: false,
            code: verifier("1234"),
        }),
    ];
    server.store().put(elsewhere, things).await.unwrap();
    let asked = AuthorisationRequest { id: server.id(), card_uid: uid(9), amount: kr(1) };
    assert_eq!(authorise(&till, &asked).await, bare(Rule::Card));
    let theirs = PurchaseRequest { card_uid: uid(9), ..sale(&server, kr(1)) };
    assert_eq!(sell(&till, &theirs).await, bare(Rule::Card));
    let theirs = PurchaseRequest { id: server.id(), ..theirs };
    assert_eq!(batch(&till, vec![offline(&server, theirs)]).await, [bare(Rule::Card)]);
    assert_eq!(pick_up(&till, server.id(), 9).await.outcome, bare(Rule::Card));
    server.books_are_right().await;
}
