//! So many portions and no more, however many order at once.

use jiff::SignedDuration;
use madkort_protocol::*;
use sync_server::store::*;

use crate::ledgers::*;

/// Lasagnes there are on Tuesday.
const LIMIT: u32 = 7;

async fn limited(world: &World, limit: u32) {
    let portions = vec![Portions::new(LASAGNE, limit)];
    let day = MenuDay { date: TUESDAY, cut_off: CUT_OFF, products: vec![LASAGNE, APPLE], portions };
    world.store.put(SCHOOL, vec![Thing::Day(day)]).await.unwrap();
}

fn of(product: ProductId, quantity: u32, number: &str) -> PlaceOrder {
    let price = if product == LASAGNE { kr(45) } else { kr(5) };
    let line = LineRequest { product, quantity, price, comment: String::new() };
    PlaceOrder { lines: vec![line], total: price.times(quantity).unwrap(), ..lasagne(number) }
}

async fn left(world: &World) -> Option<u32> {
    let changes = world.store.changes(SCHOOL, 0, 10_000, TUESDAY).await.unwrap();
    changes.days[0].left(LASAGNE)
}

/// Each order comes from a kiosk of its own, all at the same moment, through any of these servers.
async fn all_at_once(world: &World, servers: &[std::sync::Arc<dyn Store>], orders: usize) -> Vec<Outcome> {
    let mut ordering = tokio::task::JoinSet::new();
    for n in 0..orders {
        let kiosk = world.kiosk().await;
        let operation = world.order(&kiosk, of(LASAGNE, 1, &format!("K{n}-1")));
        let store = servers[n % servers.len()].clone();
        ordering.spawn(async move {
            match store.push(kiosk.id, Push { operations: vec![operation] }, START).await.unwrap() {
                Pushing::Settled(mut pushed) => pushed.answers.remove(0).outcome,
                other => panic!("not settled: {other:?}"),
            }
        });
    }
    ordering.join_all().await
}

fn exactly_the_limit(outcomes: &[Outcome]) {
    let posted = outcomes.iter().filter(|outcome| **outcome == Outcome::Posted).count();
    assert_eq!(posted, LIMIT as usize);
    let short = Refusal { rule: Rule::Portions, limit: None, asked: None, portions: None };
    let none_left = Portions { product: LASAGNE, limit: LIMIT, left: 0 };
    for outcome in outcomes.iter().filter(|outcome| **outcome != Outcome::Posted) {
        assert_eq!(*outcome, Outcome::Refused(Refusal { portions: Some(none_left), ..short.clone() }));
    }
}

pub async fn the_last_portions_go_to_nobody_twice(world: &World) {
    let kiosk = world.kiosk().await;
    world.fund(&kiosk, ANNA, kr(1000)).await;
    world.fund(&kiosk, ANNA, kr(1000)).await;
    limited(world, LIMIT).await;
    assert_eq!(left(world).await, Some(LIMIT));
    let outcomes = all_at_once(world, std::slice::from_ref(&world.store), 40).await;
    exactly_the_limit(&outcomes);
    assert_eq!(left(world).await, Some(0));
    assert_eq!(world.balance(ANNA).await, kr(2000 - 45 * i32::try_from(LIMIT).unwrap()), "and nobody else paid");
}

pub async fn what_is_given_back_can_be_ordered_again(world: &World) {
    let kiosk = world.kiosk().await;
    world.fund(&kiosk, ANNA, kr(1000)).await;
    limited(world, LIMIT).await;
    let five = world.order(&kiosk, of(LASAGNE, 5, "K1-1"));
    assert_eq!(world.outcome(&kiosk, five.clone()).await, Outcome::Posted);
    // Every kiosk hears of it.
    let cursor = world.cursor().await;
    let three = world.outcome(&kiosk, world.order(&kiosk, of(LASAGNE, 3, "K1-2"))).await;
    let Outcome::Refused(refusal) = three else { panic!("{three:?}") };
    assert_eq!(refusal.portions, Some(Portions { product: LASAGNE, limit: LIMIT, left: 2 }));
    assert_eq!(world.store.changes(SCHOOL, cursor, 100, TUESDAY).await.unwrap().days, [], "nothing was taken");
    // What has no limit is nobody's business.
    assert_eq!(world.outcome(&kiosk, world.order(&kiosk, of(APPLE, 30, "K1-3"))).await, Outcome::Posted);
    assert_eq!(world.store.changes(SCHOOL, cursor, 100, TUESDAY).await.unwrap().days, []);
    let cancel = OperationBody::CancelOrder(CancelOrder { order: five.id, card: ANNAS_CARD });
    assert_eq!(world.outcome(&kiosk, world.operation(&kiosk, cancel)).await, Outcome::Posted);
    let heard = world.store.changes(SCHOOL, cursor, 100, TUESDAY).await.unwrap();
    assert_eq!(heard.days[0].left(LASAGNE), Some(LIMIT));
    assert_eq!(world.outcome(&kiosk, world.order(&kiosk, of(LASAGNE, 7, "K1-4"))).await, Outcome::Posted);
    // What is sold is gone, and a limit that is lowered afterwards takes nothing from anybody.
    world.store.capture_due(CUT_OFF + SignedDuration::from_secs(1), 10).await.unwrap();
    assert_eq!(left(world).await, Some(0));
    limited(world, 3).await;
    assert_eq!(left(world).await, Some(0));
}

pub async fn an_offline_order_of_what_is_gone_comes_back_refused(world: &World) {
    let (here, there) = (world.kiosk().await, world.kiosk().await);
    world.fund(&here, ANNA, kr(500)).await;
    limited(world, 1).await;
    let offline = Operation { offline: true, ..world.order(&there, of(LASAGNE, 1, "K2-1")) };
    assert_eq!(world.outcome(&here, world.order(&here, of(LASAGNE, 1, "K1-1"))).await, Outcome::Posted);
    assert_eq!(refused(&world.outcome(&there, offline.clone()).await), Rule::Portions);
    assert_eq!(refused(&world.outcome(&there, offline.clone()).await), Rule::Portions, "asked again");
    // The holder sees it among their orders.
    let orders = world.store.changes(SCHOOL, 0, 10_000, TUESDAY).await.unwrap().orders;
    assert_eq!(orders.iter().find(|order| order.id == offline.id).unwrap().state, OrderState::Refused);
}

pub async fn two_servers_share_the_last_portions(world: &World) {
    let kiosk = world.kiosk().await;
    world.fund(&kiosk, ANNA, kr(1000)).await;
    world.fund(&kiosk, ANNA, kr(1000)).await;
    limited(world, LIMIT).await;
    let servers = [world.store.clone(), world.second()];
    exactly_the_limit(&all_at_once(world, &servers, 24).await);
    assert_eq!(left(world).await, Some(0));
}
