//! The raw engines do what a purchase needs, or they would be no reference.

use jiff::Timestamp;
use madkort_load::postgres::Postgres;
use madkort_protocol::Money;
use rusqlite::Connection;
use tempfile::TempDir;

use crate::books::{self, Payers};
use crate::raw::{Answer, Asked};
use crate::raw_postgres::RawPostgres;
use crate::raw_sqlite::RawSqlite;

/// Beside the build, where the disk is the project's and PostgreSQL's user may pass.
fn folder() -> TempDir {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir_in(std::env::current_exe().unwrap().parent().unwrap()).unwrap();
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
    folder
}

/// Three that fit, two of them on one account; then one that was there, one under a used id, one too dear, and two that fit.
fn groups() -> (Vec<Asked>, Vec<Asked>) {
    let device = books::till_id(0);
    let sale = |number| Asked { device, request: books::sale(number, Payers::Uniform).unwrap() };
    let first = vec![sale(1), sale(2), sale(1)];
    let mut reused = first[1].clone();
    reused.request.text = "Noget andet".to_owned();
    let mut too_dear = sale(3);
    too_dear.request.amount = Money::from_ore(1_000_000_000_001);
    (first.clone(), vec![first[0].clone(), reused, too_dear, sale(books::ACCOUNTS), sale(4)])
}

const FIRST: [Answer; 3] = [Answer::Posted; 3];
/// The number wraps around: the account after the last is the first.
const SECOND: [Answer; 5] = [Answer::AlreadyPosted, Answer::IdReused, Answer::Refused, Answer::Posted, Answer::Posted];

/// Entries, transactions, changes and links; then what must be nothing: the sum of all entries, books that are not their entries.
const AUDIT: &str = "
SELECT (SELECT count(*) FROM entries), (SELECT count(*) FROM transactions), (SELECT count(*) FROM changes),
    (SELECT count(*) FROM chain), (SELECT sum(amount) FROM entries),
    (SELECT count(*) FROM entries e JOIN books b ON b.id = e.book AND b.version = e.version AND b.balance <> e.balance),
    (SELECT count(*) FROM books b WHERE b.version <> (SELECT count(*) FROM entries e WHERE e.book = b.id))";

#[test]
fn raw_group_commit_keeps_books() {
    let folder = folder();
    let path = folder.path().join("raw.db");
    let mut raw = RawSqlite::create(&path).unwrap();
    let (first, second) = groups();
    assert_eq!(raw.post(&first, Timestamp::now()).unwrap(), FIRST);
    assert_eq!(raw.post(&second, Timestamp::now()).unwrap(), SECOND);
    let db = Connection::open(&path).unwrap();
    let audit: Vec<i64> = db.query_row(AUDIT, [], |row| (0..7).map(|column| row.get(column)).collect()).unwrap();
    assert_eq!(audit, [15, 5, 4, 2, 0, 0, 0]);
}

#[tokio::test]
async fn the_raw_call_keeps_books() {
    let folder = folder();
    let server = Postgres::start(&folder.path().join("pg")).unwrap();
    let raw = RawPostgres::create(&server.create("raw").unwrap()).await.unwrap();
    let (first, second) = groups();
    assert_eq!(raw.post(&first, Timestamp::now()).await.unwrap(), FIRST);
    assert_eq!(raw.post(&second, Timestamp::now()).await.unwrap(), SECOND);
    assert_eq!(server.tell("raw", AUDIT).unwrap().trim(), "15|5|4|2|0|0|0");
}
