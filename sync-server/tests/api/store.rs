//! Files that are no ledger, or none at the moment. What a ledger promises on every engine is in `tests/contract`.

use madkort_protocol::*;
use reqwest::{Method, StatusCode};
use sync_server::store::{self, *};

use crate::support::*;

#[tokio::test]
async fn a_file_that_is_not_ours_is_not_opened() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    assert!(matches!(store::open(&DatabaseUrl::Sqlite(path("missing.db"))), Err(StoreError::Open { .. })));

    std::fs::write(path("text.db"), "this is not a database, whatever its name says. ".repeat(100)).unwrap();
    assert!(store::migrate(&DatabaseUrl::Sqlite(path("text.db"))).is_err());
    assert!(store::open(&DatabaseUrl::Sqlite(path("text.db"))).is_err());

    let other = rusqlite::Connection::open(path("other.db")).unwrap();
    other.execute_batch("CREATE TABLE recipes (name TEXT)").unwrap();
    assert!(matches!(store::migrate(&DatabaseUrl::Sqlite(path("other.db"))), Err(StoreError::Schema { found: 0, .. })));
    assert!(matches!(store::open(&DatabaseUrl::Sqlite(path("other.db"))), Err(StoreError::Schema { .. })));

    assert_eq!(store::migrate(&DatabaseUrl::Sqlite(path("new.db"))).unwrap(), (0, 1));
    assert_eq!(store::migrate(&DatabaseUrl::Sqlite(path("new.db"))).unwrap(), (1, 1));
    rusqlite::Connection::open(path("new.db")).unwrap().pragma_update(None, "user_version", 99).unwrap();
    for refused in [
        store::migrate(&DatabaseUrl::Sqlite(path("new.db"))).err(),
        store::open(&DatabaseUrl::Sqlite(path("new.db"))).err(),
    ] {
        assert!(matches!(refused, Some(StoreError::Schema { found: 99, .. })));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_writes_while_a_ledger_moves_or_after_is_told_to_come_back() {
    let server = Server::start().await;
    let (kiosk, till) = (server.kiosk().await, server.register().await);
    server.fund(&kiosk, ANNA, kr(100)).await;
    let sale = server.sale(uid(1), kr(10));
    let body = serde_json::to_vec(&sale).unwrap();
    // What a move does: it holds the file, and at its end says where the ledger has gone.
    let mover = rusqlite::Connection::open(&server.path).unwrap();
    mover.execute_batch("BEGIN IMMEDIATE").unwrap();
    let held = till.problem_of(Method::POST, "/v1/purchases", &body).await;
    assert_eq!((held.code, held.status), (ProblemCode::Unavailable, 503));
    mover.execute_batch("ROLLBACK").unwrap();
    assert_eq!(till.post::<PurchaseAnswer>("/v1/purchases", &sale).await.outcome, Outcome::Posted);
    server.books_are_right().await;

    mover.execute("INSERT INTO moves VALUES ('to', 'postgres://elsewhere/madkort', zeroblob(16))", []).unwrap();
    let sale = PurchaseRequest { id: server.id(), ..sale };
    let gone = till.problem_of(Method::POST, "/v1/purchases", &serde_json::to_vec(&sale).unwrap()).await;
    assert_eq!((gone.code, gone.status), (ProblemCode::Unavailable, 503));
    let ready = reqwest::get(format!("{}/readyz", server.url)).await.unwrap();
    assert_eq!(ready.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(server.balance(ANNA).await, kr(90));
}
