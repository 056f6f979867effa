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
    server.store().verify(server.clock.now()).await.unwrap().err()
}

#[tokio::test]
async fn untouched_books_are_right() {
    assert_eq!(after("").await, None);
}

#[tokio::test]
async fn each_kind_of_damage_has_its_name() {
    let changed = after("UPDATE entries SET amount = amount + 1 WHERE number = 3").await.unwrap();
    assert!(matches!(changed, Broken::Entry { shard: 1, entry: 3, .. }), "{changed}");

    let missing = after("DELETE FROM entries WHERE number = 4").await.unwrap();
    assert_eq!(missing, Broken::Missing { shard: 1, entry: 4 });

    let tail = after("DELETE FROM entries WHERE number = 6").await.unwrap();
    assert_eq!(tail, Broken::Missing { shard: 1, entry: 6 });

    let stray = "INSERT INTO entries SELECT book, at, 99, shard, place, amount, balance FROM entries WHERE number = 1";
    let stray = after(stray).await.unwrap();
    assert!(matches!(stray, Broken::Stray { .. }), "{stray}");

    let gone = after("DELETE FROM transactions WHERE place = 2").await.unwrap();
    assert_eq!(gone, Broken::MissingTransaction { shard: 1, place: 2 });

    let cut_off = after("DELETE FROM transactions WHERE place = 3; DELETE FROM entries WHERE place = 3").await.unwrap();
    assert_eq!(cut_off, Broken::MissingTransaction { shard: 1, place: 3 });

    let balance = after("UPDATE books SET balance = balance + 100 WHERE name LIKE 'card:%' AND balance > 0").await;
    assert!(matches!(balance, Some(Broken::Balance { .. })), "{balance:?}");

    let order = after("UPDATE orders SET state = 'released' WHERE number = 'K1-1'").await.unwrap();
    assert_eq!(order, Broken::Held { held: 4500, book: 9000 });

    let overdue = after("UPDATE menu_days SET cut_off = 0").await.unwrap();
    assert!(matches!(overdue, Broken::Overdue { .. }), "{overdue}");
}

#[tokio::test]
async fn what_still_adds_up_is_told_by_the_chain() {
    let renumbered = after("UPDATE transactions SET number = 'K1-9' WHERE place = 3").await.unwrap();
    assert!(matches!(renumbered, Broken::Chain { shard: 1, entry: 5, .. }), "{renumbered}");

    let moved = after("UPDATE transactions SET legs = zeroblob(32) WHERE place = 3").await.unwrap();
    assert!(matches!(moved, Broken::Chain { shard: 1, entry: 5, .. }), "{moved}");

    let backdated = after("UPDATE entries SET at = at - 1 WHERE number = 2").await.unwrap();
    assert!(matches!(backdated, Broken::Chain { shard: 1, entry: 1, .. }), "{backdated}");

    let marked = after("UPDATE transactions SET number = 'K1-9', mark = mark + 1 WHERE place = 3").await.unwrap();
    assert!(matches!(marked, Broken::Chain { shard: 1, entry: 5, .. }), "{marked}");

    let link = after("UPDATE links SET hash = zeroblob(32) WHERE places = 2").await.unwrap();
    assert!(matches!(link, Broken::Link { shard: 1, .. }), "{link}");

    let head = after("UPDATE shards SET hash = zeroblob(32)").await.unwrap();
    assert!(matches!(head, Broken::Link { shard: 1, .. }), "{head}");
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
