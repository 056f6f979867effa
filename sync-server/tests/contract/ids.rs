//! An id is settled once and for ever.

use madkort_protocol::*;
use sync_server::store::*;
use uuid::Uuid;

use crate::ledgers::*;

pub async fn the_same_body_again_is_posted_already(world: &World) {
    let (kiosk, till) = (world.kiosk().await, world.till().await);
    world.fund(&kiosk, ANNA, kr(200)).await;
    let (sale, order) = (world.sale(kr(20)), world.order(&kiosk, lasagne("K1-1")));
    assert_eq!(world.buy(&till, &sale).await, Outcome::Posted);
    assert_eq!(world.outcome(&kiosk, order.clone()).await, Outcome::Posted);
    let once = world.audited().await;
    for _ in 0..3 {
        assert_eq!(world.buy(&till, &sale).await, Outcome::AlreadyPosted);
        assert_eq!(world.outcome(&kiosk, order.clone()).await, Outcome::AlreadyPosted);
    }
    // Also from another till: it is the id that counts.
    let other = world.till().await;
    assert_eq!(world.buy(&other, &sale).await, Outcome::AlreadyPosted);
    assert_eq!((world.audited().await, world.balance(ANNA).await), (once, kr(135)));
}

pub async fn another_body_under_an_id_is_refused(world: &World) {
    let (kiosk, till) = (world.kiosk().await, world.till().await);
    world.fund(&kiosk, ANNA, kr(200)).await;
    let sold = world.sale(kr(20));
    world.buy(&till, &sold).await;
    let once = world.audited().await;
    let others = [
        PurchaseRequest { amount: kr(21), ..sold.clone() },
        PurchaseRequest { card_uid: uid(2), ..sold.clone() },
        PurchaseRequest { vat_percent: 0, ..sold.clone() },
        PurchaseRequest { text: "frokost".into(), ..sold.clone() },
    ];
    for other in others {
        let said = world.store.purchase(SCHOOL, till.id, other, START).await.unwrap();
        assert_eq!(said, Purchasing::IdReused);
    }
    assert_eq!(world.audited().await, once);

    let order = world.order(&kiosk, lasagne("K1-1"));
    world.outcome(&kiosk, order.clone()).await;
    let other = Operation { body: OperationBody::PlaceOrder(lasagne("K1-2")), ..order.clone() };
    let said = world.store.push(kiosk.id, Push { operations: vec![other] }, START).await.unwrap();
    assert_eq!(said, Pushing::IdReused(order.id));
}

pub async fn an_id_is_taken_across_kinds(world: &World) {
    let (kiosk, till) = (world.kiosk().await, world.till().await);
    world.fund(&kiosk, ANNA, kr(200)).await;
    let order = world.order(&kiosk, lasagne("K1-1"));
    let opening = world.store.open_deposit(deposit(order.id, &kiosk, ANNA, kr(100)), START).await.unwrap();
    assert!(matches!(opening, DepositOpening::Opened(_)));
    let said = world.store.push(kiosk.id, Push { operations: vec![order.clone()] }, START).await.unwrap();
    assert_eq!(said, Pushing::IdReused(order.id), "an order under a deposit's id");
    let said = world.store.purchase(SCHOOL, till.id, sale(order.id, kr(10)), START).await.unwrap();
    assert_eq!(said, Purchasing::IdReused, "a purchase under a deposit's id");

    let sold = world.sale(kr(10));
    world.buy(&till, &sold).await;
    let opening = world.store.open_deposit(deposit(sold.id, &kiosk, ANNA, kr(100)), START).await.unwrap();
    assert_eq!(opening, DepositOpening::IdReused, "a deposit under a purchase's id");
    let again = Operation { id: sold.id, ..order };
    let said = world.store.push(kiosk.id, Push { operations: vec![again] }, START).await.unwrap();
    assert_eq!(said, Pushing::IdReused(sold.id), "an order under a purchase's id");
    assert_eq!(world.balance(ANNA).await, kr(190));
}

pub async fn a_refusal_is_remembered(world: &World) {
    let (kiosk, till) = (world.kiosk().await, world.till().await);
    let sale = world.sale(kr(20));
    assert_eq!(refused(&world.buy(&till, &sale).await), Rule::Balance);
    world.fund(&kiosk, ANNA, kr(200)).await;
    // It was answered: the till has turned the customer away.
    assert_eq!(refused(&world.buy(&till, &sale).await), Rule::Balance);
    assert_eq!(world.balance(ANNA).await, kr(200));
}

pub async fn a_refusal_moves_nothing(world: &World) {
    let (kiosk, till) = (world.kiosk().await, world.till().await);
    world.fund(&kiosk, ANNA, kr(50)).await;
    let (before, cursor) = (world.audited().await, world.cursor().await);
    let account = world.store.account(SCHOOL, ANNA).await.unwrap();
    assert_eq!(refused(&world.buy(&till, &world.sale(kr(51))).await), Rule::Balance);
    let blocked = PurchaseRequest { card_uid: uid(4), ..world.sale(kr(1)) };
    assert_eq!(refused(&world.buy(&till, &blocked).await), Rule::Card);
    let unknown = PurchaseRequest { card_uid: uid(9), ..world.sale(kr(1)) };
    assert_eq!(refused(&world.buy(&till, &unknown).await), Rule::Card);
    assert_eq!(world.store.account(SCHOOL, ANNA).await.unwrap(), account);
    let after = world.audited().await;
    assert_eq!((after.entries, after.books, world.cursor().await), (before.entries, before.books, cursor));
    assert_eq!(after.transactions, before.transactions + 3, "that it was refused is on record");
    let unknown = world.store.purchase(SCHOOL, DeviceId::new(Uuid::nil()), world.sale(kr(1)), START).await.unwrap();
    assert_eq!(unknown, Purchasing::UnknownDevice);
    assert_eq!(world.audited().await, after);
}

pub async fn a_group_shares_a_commit_and_not_its_faults(world: &World) {
    let nobodys = CardRecord {
        number: CardNumber::from_first_13("9999999999999").unwrap(),
        ..card(CardId::new(Uuid::from_u128(0xf3)), 99, 0xdead, CardStatus::Active)
    };
    let good = |n, name| Thing::Product(product(ProductId::new(Uuid::from_u128(n)), name, kr(1)));
    let (one, bad, two) = tokio::join!(
        world.store.put(SCHOOL, vec![good(0xf1, "et")]),
        world.store.put(SCHOOL, vec![good(0xf2, "to"), Thing::Card(nobodys)]),
        world.store.put(SCHOOL, vec![good(0xf4, "tre")]),
    );
    assert!(one.is_ok() && two.is_ok(), "{one:?} {two:?}");
    assert!(matches!(bad, Err(StoreError::Engine { .. })), "{bad:?}");
    let changes = world.store.changes(SCHOOL, 0, 1000, TUESDAY).await.unwrap();
    let names: Vec<_> = changes.products.iter().map(|product| product.name_da.as_str()).collect();
    assert_eq!(names, ["Lasagne", "Æble", "et", "tre"]);
}

pub async fn what_was_answered_is_there_after_reopening(world: &World) {
    let kiosk = world.kiosk().await;
    world.fund(&kiosk, ANNA, kr(200)).await;
    let order = world.order(&kiosk, lasagne("K1-1"));
    world.outcome(&kiosk, order).await;
    // A second store beside the first, as after a kill: nothing was closed in between.
    let again = world.second();
    assert_eq!(again.account(SCHOOL, ANNA).await.unwrap().unwrap().balance, kr(155));
    assert_eq!(again.device(kiosk.id).await.unwrap().unwrap().last_seq, 1);
    let audited = again.verify(START).await.unwrap().unwrap();
    assert_eq!((audited.transactions, audited.entries), (2, 4));
}
