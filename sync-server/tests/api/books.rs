//! `verify` names what is wrong when somebody has been at the file.

use jiff::{SignedDuration, Timestamp};
use madkort_ledger::caps::Caps;
use madkort_protocol::*;
use rusqlite::Connection;
use sync_server::store::{AtTill, Broken, Movement, Moving};

use crate::support::*;

/// Books with a deposit, an order and a capture in them, and then something done to them behind the server's back.
async fn after(tampering: &str) -> Option<Broken> {
    let server = Server::start().await;
    let kiosk = server.kiosk().await;
    server.fund(&kiosk, ANNA, kr(200)).await;
    kiosk.push(vec![order(&server, &kiosk, lasagne("K1-1"))]).await;
    kiosk.push(vec![order(&server, &kiosk, lasagne("K1-2"))]).await;
    let guards = ["transactions", "entries", "links"]
        .map(|table| format!("DROP TRIGGER {table}_are_not_changed; DROP TRIGGER {table}_are_not_deleted;"));
    Connection::open(&server.path).unwrap().execute_batch(&format!("{}{tampering}", guards.concat())).unwrap();
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
}

/// A day with everything in it that rides on a book or is held.
struct Day {
    server: Server,
    sold: OperationId,
    held: OperationId,
    given_up: OperationId,
    free: OperationId,
    ordered: [OperationId; 2],
    called_off: OperationId,
    payouts: [OperationId; 2],
}

/// How long the day takes, from [`START`].
const DAY: SignedDuration = SignedDuration::from_mins(10);

impl Day {
    async fn new() -> Self {
        let server = Server::start().await;
        let (kiosk, till) = (server.kiosk().await, server.register().await);
        server.fund(&kiosk, ANNA, kr(500)).await;
        server.fund(&kiosk, BO, kr(300)).await;
        let caps = Caps { day: Some(kr(400)), ..Caps::NONE };
        assert!(server.store().set_caps(SCHOOL, ANNA, caps).await.unwrap());
        let now = server.clock.now();
        let authorise = async |card| {
            let request = AuthorisationRequest { id: server.id(), card_uid: uid(card), amount: kr(40) };
            settled(&server.store().authorise(till.id, request.clone(), now).await.unwrap());
            request.id
        };
        let (sold, held, given_up) = (authorise(1).await, authorise(1).await, authorise(2).await);
        assert!(server.store().set_price_class(SCHOOL, ANNA, madkort_ledger::PriceClass::Free).await.unwrap());
        let free = authorise(1).await;
        assert!(server.store().set_price_class(SCHOOL, ANNA, madkort_ledger::PriceClass::Paid).await.unwrap());
        let sale = |authorisation| PurchaseRequest {
            id: server.id(),
            card_uid: uid(1),
            amount: kr(30),
            vat_percent: 25,
            text: "Frokost".into(),
            authorisation,
        };
        let (captures, plain) = (sale(Some(sold)), sale(None));
        server.store().purchase(SCHOOL, till.id, captures, now).await.unwrap();
        server.store().purchase(SCHOOL, till.id, plain.clone(), now).await.unwrap();
        settled(&server.store().release(till.id, given_up, Release { id: server.id() }, now).await.unwrap());
        let ordered = [(); 3].map(|()| order(&server, &kiosk, lasagne("K1-1")));
        let [first, second, called_off] = [0, 1, 2].map(|n: usize| ordered[n].id);
        kiosk.push(ordered.into()).await;
        let cancel = OperationBody::CancelOrder(CancelOrder { card: ANNAS_CARD, order: called_off });
        kiosk.push(vec![operation(&server, &kiosk, cancel)]).await;
        let mut payouts = [server.id(), server.id()];
        payouts.sort_unstable();
        for id in payouts {
            let asked = Movement::RequestWithdrawal { card: BOS_CARD, account: BO, amount: kr(50) };
            moved(&server, id, asked).await;
        }
        moved(&server, server.id(), Movement::SendWithdrawal { withdrawal: payouts[0] }).await;
        let reason = "PH: tastet to gange".to_owned();
        server.clock.forward(DAY);
        moved(&server, server.id(), Movement::Correct { wrong: plain.id, right: None, reason }).await;
        Self { server, sold, held, given_up, free, ordered: [first, second], called_off, payouts }
    }

    /// What is found out when the rows were changed so.
    async fn after(&self, tampering: &str) -> Option<Broken> {
        let db = Connection::open(&self.server.path).unwrap();
        db.execute_batch(&format!("SAVEPOINT whole; {tampering}")).unwrap();
        db.execute_batch("RELEASE whole").unwrap();
        self.server.store().verify(self.server.clock.now()).await.unwrap().err()
    }

    /// The same, and then the rows are put back.
    async fn found(&self, table: &str, tampering: &str) -> Broken {
        let db = Connection::open(&self.server.path).unwrap();
        db.execute_batch(&format!("CREATE TABLE kept AS SELECT * FROM {table}")).unwrap();
        let found = self.after(tampering).await;
        let back = format!(
            "PRAGMA foreign_keys = OFF; DELETE FROM {table}; INSERT INTO {table} SELECT * FROM kept; DROP TABLE kept"
        );
        db.execute_batch(&back).unwrap();
        assert_eq!(self.server.store().verify(self.server.clock.now()).await.unwrap().err(), None, "{tampering}");
        found.unwrap_or_else(|| panic!("nobody noticed: {tampering}"))
    }

    async fn overdue(&self, after: SignedDuration) -> Option<String> {
        let now = at(START) + after;
        match self.server.store().verify(now).await.unwrap() {
            Ok(_) => None,
            Err(Broken::Overdue { hold }) => Some(hold),
            Err(broken) => panic!("{broken}"),
        }
    }
}

fn settled(what: &AtTill<Answer>) {
    assert!(matches!(what, AtTill::Settled { answer, .. } if answer.outcome == Outcome::Posted), "{what:?}");
}

async fn moved(server: &Server, id: OperationId, movement: Movement) {
    let moving = server.store().carry_out(SCHOOL, id, movement, server.clock.now()).await.unwrap();
    assert!(matches!(moving, Moving::Settled(Outcome::Posted)), "{moving:?}");
}

/// An id as SQLite reads it.
fn blob(id: uuid::Uuid) -> String {
    format!("x'{}'", id.simple())
}

#[tokio::test]
async fn each_hold_is_compared_with_what_made_and_ended_it() {
    let day = Day::new().await;
    assert_eq!(day.after("").await, None);
    let [first, second] = day.ordered;
    let of = |id: OperationId| format!("WHERE id = {}", blob(id.uuid()));
    let bo = blob(BO.uuid());
    let (more, less) = ("total = total + 100", "total = total - 100");
    for (hold, table, tampering) in [
        // Two that cancel out: their sum is what their book says.
        (first, "orders", format!("UPDATE orders SET {more} {}; UPDATE orders SET {less} {}", of(first), of(second))),
        (first, "orders", format!("UPDATE orders SET account = {bo} {}", of(first))),
        (first, "orders", format!("UPDATE orders SET state = 'released' {}", of(first))),
        (first, "orders", format!("UPDATE orders SET state = 'refused' {}", of(first))),
        (first, "orders", format!("UPDATE orders SET at = at - 1 {}", of(first))),
        (second, "orders", format!("UPDATE orders SET state = 'captured' {}", of(second))),
        (day.called_off, "orders", format!("UPDATE orders SET state = 'held' {}", of(day.called_off))),
        (day.called_off, "orders", format!("UPDATE orders SET {less} {}", of(day.called_off))),
        (day.sold, "holds", format!("UPDATE holds SET captured = captured - 1 {}", of(day.sold))),
        (day.sold, "holds", format!("UPDATE holds SET state = 'expired' {}", of(day.sold))),
        (day.held, "holds", format!("UPDATE holds SET account = {bo} {}", of(day.held))),
        (day.held, "holds", format!("DELETE FROM holds {}", of(day.held))),
        (day.given_up, "holds", format!("UPDATE holds SET amount = amount + 1 {}", of(day.given_up))),
        (day.free, "holds", format!("UPDATE holds SET amount = 1 {}", of(day.free))),
        (day.free, "holds", format!("UPDATE holds SET state = 'captured' {}", of(day.free))),
        (day.payouts[0], "holds", format!("UPDATE holds SET state = 'settled' {}", of(day.payouts[0]))),
        (day.payouts[1], "holds", format!("UPDATE holds SET kind = 'sales' {}", of(day.payouts[1]))),
    ] {
        let found = day.found(table, &tampering).await;
        // Either of two that were changed may be the first that is found.
        let named = matches!(&found, Broken::Hold { hold: named, .. } if *named == hold.to_string()
            || tampering.contains(';') && *named == second.to_string());
        assert!(named, "{tampering}: {found}");
    }
}

#[tokio::test]
async fn what_rides_on_a_book_is_counted_again() {
    let day = Day::new().await;
    for figure in ["version", "last_at", "deposited", "spent_day", "spent_week", "spent_month"] {
        let of = "WHERE name LIKE 'card:%' AND balance > 0";
        let found = day.found("books", &format!("UPDATE books SET {figure} = {figure} + 1 {of}")).await;
        assert!(matches!(&found, Broken::Figure { figure: named, .. } if *named == figure), "{figure}: {found}");
    }
    // A day that has not come yet would open today's cap again.
    let tomorrow = "UPDATE books SET spent_on = '2026-11-23', spent_day = 0 WHERE spent_day > 0";
    let found = day.found("books", tomorrow).await;
    assert!(matches!(&found, Broken::Figure { .. }), "{found}");
    let found = day.found("books", "UPDATE books SET spent_on = '2026-11-23' WHERE spent_day = 0").await;
    assert!(matches!(&found, Broken::Figure { figure: "spent_on", .. }), "{found}");
    // Two books change hands.
    let (anna, bo) = (blob(ANNA.uuid()), blob(BO.uuid()));
    let swapped = format!(
        "CREATE TEMP TABLE b AS SELECT id, book FROM accounts; UPDATE accounts SET book = -1 WHERE id = {anna};
         UPDATE accounts SET book = (SELECT book FROM b WHERE id = {anna}) WHERE id = {bo};
         UPDATE accounts SET book = (SELECT book FROM b WHERE id = {bo}) WHERE id = {anna}"
    );
    let found = day.after(&swapped).await;
    assert!(matches!(found, Some(Broken::Account { .. } | Broken::Hold { .. })), "{found:?}");
}

#[tokio::test]
async fn no_hold_outlives_its_rule() {
    let day = Day::new().await;
    let (hour, minute) = (SignedDuration::from_hours(1), SignedDuration::from_mins(1));
    // Nothing has been posted since: the server may have been off over a weekend.
    assert_eq!(day.overdue(hour * 96 + minute * 15).await, None);
    let forgotten = day.overdue(hour * 96 + minute * 16).await.unwrap();
    assert!([day.held.to_string(), day.free.to_string()].contains(&forgotten), "{forgotten}");

    // The server works, and the till's money is still held an hour after its 15 minutes.
    let works_at = async |after: SignedDuration| {
        let pays = Movement::Transfer { card: BOS_CARD, from: BO, to: ANNA, amount: kr(1) };
        let moving = day.server.store().carry_out(SCHOOL, day.server.id(), pays, at(START) + after).await.unwrap();
        assert!(matches!(moving, Moving::Settled(Outcome::Posted)), "{moving:?}");
        day.overdue(after).await
    };
    assert_eq!(works_at(hour + minute * 15).await, None);
    let forgotten = works_at(hour + minute * 16).await.unwrap();
    assert!([day.held.to_string(), day.free.to_string()].contains(&forgotten), "{forgotten}");
    assert_eq!(day.server.store().expire_due(at(START) + hour * 2, 10).await.unwrap().len(), 2);

    // Orders: twelve hours past the cut-off, Monday 9:00 in Denmark.
    let cut_off = at("2026-11-23T08:00:00Z").duration_since(at(START));
    assert_eq!(works_at(cut_off + hour * 12).await, None);
    let forgotten = works_at(cut_off + hour * 12 + minute).await.unwrap();
    assert!(day.ordered.map(|order| order.to_string()).contains(&forgotten), "{forgotten}");
    assert_eq!(day.server.store().capture_due(at(START) + cut_off + hour * 13, 10).await.unwrap().len(), 2);

    // Withdrawals: a month after they were asked for, until the bank is told.
    assert_eq!(works_at(hour * 744).await, None);
    assert_eq!(day.overdue(hour * 744 + minute).await, Some(day.payouts[1].to_string()));
    let sent = Movement::SendWithdrawal { withdrawal: day.payouts[1] };
    moved(&day.server, day.server.id(), sent).await;
    assert_eq!(day.overdue(hour * 2000).await, None);
    assert_eq!(day.server.store().verify(Timestamp::MAX).await.unwrap().err(), None);
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
async fn what_is_written_for_ever_cannot_be_changed_by_a_slip() {
    let server = Server::start().await;
    let kiosk = server.kiosk().await;
    server.fund(&kiosk, ANNA, kr(200)).await;
    let db = Connection::open(&server.path).unwrap();
    for (table, column) in [("entries", "amount"), ("transactions", "text"), ("links", "hash")] {
        for slip in [format!("UPDATE {table} SET {column} = {column}"), format!("DELETE FROM {table}")] {
            let refused = db.execute(&slip, []).unwrap_err().to_string();
            assert!(refused.contains("append-only"), "{slip}: {refused}");
        }
    }
    server.books_are_right().await;
}
