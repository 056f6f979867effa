//! `verify` names what is wrong when somebody has been at the file.

use rusqlite::Connection;
use sync_server::store::Broken;

use crate::support::*;

/// Books with a deposit, an order and a capture in them, and then something done to them behind the server's back.
async fn after(tampering: &str) -> Option<Broken> {
    let server = Server::start().await;
    let kiosk = server.kiosk().await;
    server.fund(&kiosk, ANNA, kr(200)).await;
    kiosk.push(vec![order(&server, &kiosk, lasagne("K1-1"))]).await;
    kiosk.push(vec![order(&server, &kiosk, lasagne("K1-2"))]).await;
    let guards = "DROP TRIGGER entries_are_not_changed; DROP TRIGGER entries_are_not_deleted;";
    Connection::open(&server.path).unwrap().execute_batch(&format!("{guards}{tampering}")).unwrap();
    server.store().verify(jiff::Timestamp::UNIX_EPOCH).await.unwrap().err()
}

#[tokio::test]
async fn untouched_books_are_right() {
    assert_eq!(after("").await, None);
}

#[tokio::test]
async fn each_kind_of_damage_has_its_name() {
    let changed = after("UPDATE entries SET amount = amount + 1 WHERE id = 3").await.unwrap();
    assert!(matches!(changed, Broken::Entry { entry: 3, .. }), "{changed}");

    let missing = after("DELETE FROM entries WHERE id = 4").await.unwrap();
    assert_eq!(missing, Broken::Missing { entry: 4 });

    let tail = after("DELETE FROM entries WHERE id = 6").await.unwrap();
    assert!(matches!(tail, Broken::Unbalanced { .. }), "{tail}");

    let balance = after("UPDATE books SET balance = balance + 100 WHERE name LIKE 'card:%' AND balance > 0").await;
    assert!(matches!(balance, Some(Broken::Balance { .. })), "{balance:?}");

    let order = after("UPDATE orders SET state = 'released' WHERE number = 'K1-1'").await.unwrap();
    assert_eq!(order, Broken::Held { orders: 4500, book: 9000 });
}

#[tokio::test]
async fn entries_cannot_be_changed_by_a_slip() {
    let server = Server::start().await;
    let kiosk = server.kiosk().await;
    server.fund(&kiosk, ANNA, kr(200)).await;
    let db = Connection::open(&server.path).unwrap();
    assert!(db.execute("UPDATE entries SET amount = 0", []).is_err());
    assert!(db.execute("DELETE FROM entries", []).is_err());
    server.books_are_right().await;
}
