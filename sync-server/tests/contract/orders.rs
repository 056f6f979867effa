//! Orders and sales within their rules.

use jiff::SignedDuration;
use jiff::civil::date;
use madkort_protocol::*;
use sync_server::store::*;

use crate::ledgers::*;

pub async fn nobody_goes_below_nothing(world: &World) {
    let (kiosk, till) = (world.kiosk().await, world.till().await);
    world.fund(&kiosk, ANNA, kr(100)).await;
    // All at once, in one commit or in several: what fits goes through and nothing more.
    let sales: Vec<_> = (0..20).map(|_| world.sale(kr(7))).collect();
    let mut selling = tokio::task::JoinSet::new();
    for sale in sales {
        let (store, till) = (world.store.clone(), till.id);
        selling.spawn(async move { buy(&*store, till, &sale).await });
    }
    let outcomes = selling.join_all().await;
    let posted = outcomes.iter().filter(|outcome| **outcome == Outcome::Posted).count();
    assert_eq!(posted, 14);
    for outcome in outcomes.iter().filter(|outcome| **outcome != Outcome::Posted) {
        assert_eq!(refused(outcome), Rule::Balance);
    }
    assert_eq!(world.balance(ANNA).await, kr(2));
}

pub async fn what_may_be_ordered_offline_has_an_end(world: &World) {
    let kiosk = world.kiosk().await;
    world.fund(&kiosk, ANNA, kr(500)).await;
    world.fund(&kiosk, BO, kr(500)).await;
    let offline = |order| Operation { offline: true, ..world.order(&kiosk, order) };
    let of_bo = |number| PlaceOrder { card: BOS_CARD, account: BO, ..lasagne(number) };
    // 100 a sale, 120 a card, 150 a kiosk.
    let three = |number| {
        let line = LineRequest { quantity: 3, ..lasagne(number).lines.remove(0) };
        PlaceOrder { lines: vec![line], total: kr(135), ..lasagne(number) }
    };
    assert_eq!(refused(&world.outcome(&kiosk, offline(three("K1-1"))).await), Rule::OfflineAllowance);
    assert_eq!(world.outcome(&kiosk, offline(lasagne("K1-2"))).await, Outcome::Posted);
    assert_eq!(world.outcome(&kiosk, offline(lasagne("K1-3"))).await, Outcome::Posted);
    assert_eq!(refused(&world.outcome(&kiosk, offline(lasagne("K1-4"))).await), Rule::OfflineAllowance);
    assert_eq!(world.outcome(&kiosk, offline(of_bo("K1-5"))).await, Outcome::Posted);
    assert_eq!(refused(&world.outcome(&kiosk, offline(of_bo("K1-6"))).await), Rule::OfflineAllowance);
    // In reach of the server there is no such limit.
    assert_eq!(world.outcome(&kiosk, world.order(&kiosk, lasagne("K1-7"))).await, Outcome::Posted);
    assert_eq!((world.balance(ANNA).await, world.balance(BO).await), (kr(365), kr(455)));
}

pub async fn a_held_order_is_captured_once(world: &World) {
    let kiosk = world.kiosk().await;
    world.fund(&kiosk, ANNA, kr(200)).await;
    let orders = [world.order(&kiosk, lasagne("K1-1")), world.order(&kiosk, lasagne("K1-2"))];
    for order in &orders {
        world.outcome(&kiosk, order.clone()).await;
    }
    assert_eq!(world.store.capture_due(CUT_OFF, 10).await.unwrap(), []);
    let late = CUT_OFF + SignedDuration::from_secs(1);
    let first = world.store.capture_due(late, 1).await.unwrap();
    assert_eq!(first, [orders[0].id]);
    assert_eq!(world.store.capture_due(late, 10).await.unwrap(), [orders[1].id]);
    assert_eq!(world.store.capture_due(late, 10).await.unwrap(), []);
    assert_eq!(world.balance(ANNA).await, kr(110));
    let changes = world.store.changes(SCHOOL, 0, 1000, TUESDAY).await.unwrap();
    assert!(changes.orders.iter().all(|order| order.state == OrderState::Captured));
    // What is sold is not taken back.
    let cancel = OperationBody::CancelOrder(CancelOrder { order: orders[0].id, card: ANNAS_CARD });
    assert_eq!(refused(&world.outcome(&kiosk, world.operation(&kiosk, cancel)).await), Rule::Order);
}

pub async fn an_order_is_given_back_once(world: &World) {
    let kiosk = world.kiosk().await;
    world.fund(&kiosk, ANNA, kr(200)).await;
    let order = world.order(&kiosk, lasagne("K1-1"));
    world.outcome(&kiosk, order.clone()).await;
    let cancel =
        || world.operation(&kiosk, OperationBody::CancelOrder(CancelOrder { order: order.id, card: ANNAS_CARD }));
    assert_eq!(world.outcome(&kiosk, cancel()).await, Outcome::Posted);
    assert_eq!(refused(&world.outcome(&kiosk, cancel()).await), Rule::Order);
    assert_eq!(world.balance(ANNA).await, kr(200));
}

pub async fn sequence_numbers_have_no_gaps(world: &World) {
    let kiosk = world.kiosk().await;
    world.fund(&kiosk, ANNA, kr(500)).await;
    let (one, two, three) = (
        world.order(&kiosk, lasagne("K1-1")),
        world.order(&kiosk, lasagne("K1-2")),
        world.order(&kiosk, lasagne("K1-3")),
    );
    let push = |operations| world.store.push(kiosk.id, Push { operations }, START);
    assert_eq!(push(vec![two.clone()]).await.unwrap(), Pushing::Gap { expected_seq: 1 });
    let Pushing::Settled(pushed) = push(vec![one.clone(), two.clone()]).await.unwrap() else { panic!("not settled") };
    assert_eq!(pushed.acked_seq, 2);
    let Pushing::Settled(pushed) = push(vec![one, two.clone(), three]).await.unwrap() else { panic!("not settled") };
    let outcomes: Vec<_> = pushed.answers.iter().map(|answer| answer.outcome.clone()).collect();
    assert_eq!(outcomes, [Outcome::AlreadyPosted, Outcome::AlreadyPosted, Outcome::Posted]);
    // A number that is settled comes back under another id: the device has forgotten.
    let forgotten = Operation { id: world.id(), ..two };
    assert_eq!(push(vec![forgotten]).await.unwrap(), Pushing::Gap { expected_seq: 4 });
    assert_eq!(world.balance(ANNA).await, kr(365));
}

pub async fn statements_tell_it_again(world: &World) {
    let (kiosk, till) = (world.kiosk().await, world.till().await);
    world.fund(&kiosk, ANNA, kr(200)).await;
    world.buy(&till, &world.sale(kr(20))).await;
    world.outcome(&kiosk, world.order(&kiosk, lasagne("K1-1"))).await;
    let month = date(2026, 11, 1);
    let statement = world.store.statement(SCHOOL, ANNA, month).await.unwrap().unwrap();
    let lines: Vec<_> = statement.lines.iter().map(|line| (line.amount, line.balance)).collect();
    assert_eq!(lines, [(kr(200), kr(200)), (kr(-20), kr(180)), (kr(-45), kr(135))]);
    assert_eq!(statement.lines[1].text, StatementText::Purchase { text: "Frokost".into() });
    assert_eq!(statement.lines[2].text, StatementText::OrderPlaced { delivery: TUESDAY });
    assert_eq!((statement.opening, statement.closing, statement.months), (Money::ZERO, kr(135), vec![month]));
    let next = world.store.statement(SCHOOL, ANNA, date(2026, 12, 1)).await.unwrap().unwrap();
    assert_eq!((next.opening, next.closing, next.lines.len()), (kr(135), kr(135), 0));
    assert_eq!(world.store.last_posting(ANNA).await.unwrap(), Some(START));
    assert_eq!(world.store.last_posting(BO).await.unwrap(), None);
    let elsewhere = SchoolId::new(uuid::Uuid::nil());
    assert_eq!(world.store.statement(elsewhere, ANNA, month).await.unwrap(), None);
    assert_eq!(world.store.account(elsewhere, ANNA).await.unwrap(), None);
}
