//! What the server does unasked.

use madkort_protocol::*;
use sync_server::jobs::capture_due;

use crate::support::*;

#[tokio::test]
async fn at_the_cut_off_held_orders_are_sold_once() {
    let server = Server::start().await;
    let kiosk = server.kiosk().await;
    server.fund(&kiosk, ANNA, kr(200)).await;
    let orders: Vec<_> = (1..4).map(|n| order(&server, &kiosk, lasagne(&format!("K1-{n}")))).collect();
    let ids: Vec<_> = orders.iter().map(|order| order.id).collect();
    kiosk.push(orders).await;
    let cancel = OperationBody::CancelOrder(CancelOrder { order: ids[1], card: ANNAS_CARD });
    kiosk.push(vec![operation(&server, &kiosk, cancel.clone())]).await;

    server.clock.set(at("2026-11-23T08:00:00Z"));
    assert_eq!(capture_due(&server.state).await.unwrap(), []);
    server.clock.set(at("2026-11-23T08:00:01Z"));
    let mut sold = capture_due(&server.state).await.unwrap();
    // The server's own job may have been quicker with some of them.
    let cursor = 0;
    let changes: Changes = kiosk.get(&format!("/v1/changes?after={cursor}")).await;
    sold.extend(changes.orders.iter().filter(|order| order.state == OrderState::Captured).map(|order| order.id));
    sold.sort();
    sold.dedup();
    let mut expected = vec![ids[0], ids[2]];
    expected.sort();
    assert_eq!(sold, expected);
    assert_eq!(capture_due(&server.state).await.unwrap(), []);
    assert_eq!(server.balance(ANNA).await, kr(110));
    // What is sold cannot be taken back.
    let cancel = OperationBody::CancelOrder(CancelOrder { order: ids[0], card: ANNAS_CARD });
    assert_eq!(refused(&kiosk.outcome(operation(&server, &kiosk, cancel)).await), Rule::Order);
    server.books_are_right().await;
}
