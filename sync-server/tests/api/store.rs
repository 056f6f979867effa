//! Files that are no ledger. What a ledger promises on every engine is in `tests/contract`.

use sync_server::store::{self, *};

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
