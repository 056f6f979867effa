//! What auto top-up makes, at a start, of what was bought before the server stopped.
//!
//! A purchase that nobody has looked at is one that was posted and whose wake-up was lost: here nobody is woken at all.

use jiff::{SignedDuration, Timestamp};
use madkort_ledger::hold::AUTHORISED_FOR;
use madkort_ledger::recharge::{Answer as Recharged, Caps, Effect, Event};
use madkort_protocol::*;
use sync_server::store::*;

use crate::ledgers::*;
use crate::money::mandate;

/// Anna has 100 kr., and at the till somebody sells.
async fn with_hundred(world: &World) -> Signer {
    let kiosk = world.kiosk().await;
    world.fund(&kiosk, ANNA, kr(100)).await;
    world.till().await
}

async fn step(world: &World, event: Event, now: Timestamp) -> Vec<Effect> {
    let stepping = Stepping { account: ANNA, event, mandate: None, reference: None, new_id: world.id(), now };
    world.store.recharge(stepping).await.unwrap().unwrap().effects
}

/// The purchase that a start now begins a charge for.
async fn restarted(world: &World, now: Timestamp) -> Option<OperationId> {
    match step(world, Event::Restarted, now).await[..] {
        [Effect::Intend(attempt)] => Some(attempt.cause),
        [] => None,
        ref other => panic!("{other:?}"),
    }
}

async fn bought(world: &World, till: &Signer, kroner: i32) -> OperationId {
    let sale = world.sale(kr(kroner));
    assert_eq!(world.buy(till, &sale).await, Outcome::Posted);
    sale.id
}

pub async fn what_nobody_looked_at_charges_once_and_names_its_cause(world: &World) {
    let till = with_hundred(world).await;
    world.store.put_mandate(mandate(0xe1)).await.unwrap();
    bought(world, &till, 30).await;
    let crossed = bought(world, &till, 30).await;
    bought(world, &till, 5).await;
    assert_eq!(
        restarted(world, START).await,
        Some(crossed),
        "what took the balance below, and neither the first nor the last"
    );
    // The charge moves nothing, and the same purchases charge nobody again.
    let charges = world.store.open_charges(Timestamp::MAX, 10).await.unwrap();
    step(world, Event::Sending, START).await;
    let late = START + SignedDuration::from_hours(23);
    step(world, Event::Answered { charge: charges[0].id, answer: Recharged::NeverHeard }, late).await;
    assert_eq!(world.store.open_charges(Timestamp::MAX, 10).await.unwrap(), []);
    assert_eq!(restarted(world, START).await, None);
    assert_eq!(step(world, Event::Posted, START).await, []);
    // The next one does, also below already.
    let next = bought(world, &till, 5).await;
    assert_eq!(restarted(world, START).await, Some(next));
}

pub async fn what_was_bought_without_a_mandate_charges_nobody(world: &World) {
    let till = with_hundred(world).await;
    bought(world, &till, 60).await;
    world.store.put_mandate(mandate(0xe1)).await.unwrap();
    assert_eq!(restarted(world, START).await, None);
    let under_the_first = bought(world, &till, 1).await;
    // Taken back, and another one given: it is not for what was bought under the first.
    world.store.put_mandate(Mandate { state: MandateState::Cancelled, ..mandate(0xe1) }).await.unwrap();
    world.store.put_mandate(mandate(0xe2)).await.unwrap();
    assert_eq!(restarted(world, START).await, None);
    let next = bought(world, &till, 1).await;
    assert_ne!(next, under_the_first);
    assert_eq!(restarted(world, START).await, Some(next));
}

pub async fn what_was_bought_in_a_pause_charges_nobody(world: &World) {
    let till = with_hundred(world).await;
    world.store.put_mandate(mandate(0xe1)).await.unwrap();
    bought(world, &till, 45).await;
    step(world, Event::Paused, START).await;
    bought(world, &till, 10).await;
    assert_eq!(step(world, Event::Resumed, START).await, [Effect::Forgive]);
    assert_eq!(restarted(world, START).await, None);
    assert_eq!(step(world, Event::Posted, START).await, [], "nor does a wake-up that comes late");
    let next = bought(world, &till, 1).await;
    assert_eq!(restarted(world, START).await, Some(next));
}

pub async fn what_was_bought_on_another_day_charges_nobody(world: &World) {
    let till = with_hundred(world).await;
    let capped = Mandate { caps: Caps { day: kr(0), week: None, month: kr(1000) }, ..mandate(0xe1) };
    world.store.put_mandate(capped).await.unwrap();
    bought(world, &till, 60).await;
    assert_eq!(step(world, Event::Posted, START).await, [], "the cap of the day is reached");
    world.store.put_mandate(mandate(0xe1)).await.unwrap();
    assert_eq!(restarted(world, START).await, None, "it was looked at");
    bought(world, &till, 1).await;
    let tomorrow = START + SignedDuration::from_hours(24);
    assert_eq!(restarted(world, tomorrow).await, None, "nobody has looked at it, and it is yesterday's");
    assert_eq!(restarted(world, START).await, None, "now somebody has");
    let next = bought(world, &till, 1).await;
    assert_eq!(restarted(world, START).await, Some(next));
}

pub async fn what_was_taken_back_charges_nobody(world: &World) {
    let till = with_hundred(world).await;
    let kiosk = world.kiosk().await;
    world.store.put_mandate(mandate(0xe1)).await.unwrap();
    bought(world, &till, 60).await;
    // It is below the limit from here on, and that was looked at while a charge was out of the question.
    step(world, Event::Paused, START).await;
    step(world, Event::Resumed, START).await;

    let sale = bought(world, &till, 5).await;
    undo(world, &till, sale).await;
    assert_eq!(restarted(world, START).await, None, "undone");

    let order = world.order(&kiosk, apple());
    let cancel = OperationBody::CancelOrder(CancelOrder { order: order.id, card: ANNAS_CARD });
    assert_eq!(world.outcome(&kiosk, order).await, Outcome::Posted);
    assert_eq!(world.outcome(&kiosk, world.operation(&kiosk, cancel)).await, Outcome::Posted);
    assert_eq!(restarted(world, START).await, None, "cancelled");

    let held = authorised(world, &till).await;
    world.store.release(till.id, held, Release { id: world.id() }, START).await.unwrap();
    assert_eq!(restarted(world, START).await, None, "released");
    let held = authorised(world, &till).await;
    assert_eq!(world.store.expire_due(START + AUTHORISED_FOR, 10).await.unwrap(), [held]);
    assert_eq!(restarted(world, START).await, None, "expired");
    let authorisation = Some(authorised(world, &till).await);
    let captured = PurchaseRequest { authorisation, ..world.sale(kr(5)) };
    assert_eq!(world.buy(&till, &captured).await, Outcome::Posted);
    undo(world, &till, captured.id).await;
    assert_eq!(restarted(world, START).await, None, "captured, and undone");

    let undone = bought(world, &till, 5).await;
    let stands = world.order(&kiosk, apple());
    assert_eq!(world.outcome(&kiosk, stands.clone()).await, Outcome::Posted);
    undo(world, &till, undone).await;
    assert_eq!(restarted(world, START).await, Some(stands.id), "what was ordered meanwhile stands");
}

pub async fn what_was_bought_while_a_charge_was_open_charges_nobody(world: &World) {
    let till = with_hundred(world).await;
    world.store.put_mandate(Mandate { amount: kr(10), ..mandate(0xe1) }).await.unwrap();
    bought(world, &till, 60).await;
    let effects = step(world, Event::Posted, START).await;
    let [Effect::Intend(attempt)] = effects[..] else { panic!("{effects:?}") };
    step(world, Event::Sending, START).await;
    // Bought, and not looked at: the server stops, and at its start the charge goes through.
    bought(world, &till, 5).await;
    let answered = Event::Answered { charge: attempt.charge, answer: Recharged::Succeeded };
    let back = START + SignedDuration::from_secs(1);
    assert_eq!(step(world, answered, back).await, [Effect::Post(attempt.charge)]);
    assert_eq!(world.balance(ANNA).await, kr(45));
    let cooled_down = back + SignedDuration::from_hours(1);
    assert_eq!(restarted(world, cooled_down).await, None, "charges are not chained");
    let next = bought(world, &till, 1).await;
    assert_eq!(step(world, Event::Posted, cooled_down).await.len(), 1);
    assert_eq!(world.store.open_charges(Timestamp::MAX, 10).await.unwrap()[0].cause, next);
}

/// An apple: 5 kr.
fn apple() -> PlaceOrder {
    let lines = vec![LineRequest { product: APPLE, quantity: 1, price: kr(5), comment: String::new() }];
    PlaceOrder { lines, total: kr(5), ..lasagne("K1-1") }
}

async fn undo(world: &World, till: &Signer, purchase: OperationId) {
    let undone = world.store.undo(till.id, purchase, Undo { id: world.id() }, START).await.unwrap();
    let AtTill::Settled { answer, .. } = undone else { panic!("{undone:?}") };
    assert_eq!(answer.outcome, Outcome::Posted);
}

async fn authorised(world: &World, till: &Signer) -> OperationId {
    let request = AuthorisationRequest { id: world.id(), card_uid: uid(1), amount: kr(5) };
    let id = request.id;
    let held = world.store.authorise(till.id, request, START).await.unwrap();
    let AtTill::Settled { answer, .. } = held else { panic!("{held:?}") };
    assert_eq!(answer.outcome, Outcome::Posted);
    id
}
