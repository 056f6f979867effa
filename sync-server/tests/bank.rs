//! A bank's day: eight tills sell, two tellers move money between accounts, two auditors read the books as a whole, and the server
//! and its database are killed at random meanwhile. Every read must add up; what was answered is in the ledger once, what was not,
//! once or not at all.
//!
//! The short form has a fixed seed; `MADKORT_SOAK` asks for so many seconds and another seed each time.
#![allow(clippy::unwrap_used)]

mod ledgers;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use ledgers::serving::{Serving, Teller, Till};
use ledgers::{ANNA, BO, BOS_CARD, Ledgers, SCHOOL, START, World, kr, uid};
use madkort_protocol::*;
use rusqlite::{Connection, OpenFlags};
use sync_server::store::{self, DatabaseUrl, Movement, Moving, Store};
use tokio::sync::watch;
use tokio_postgres::NoTls;

/// Tills that sell at once.
const TILLS: u64 = 8;
/// Kiosks at which Bo moves money between his own account and Anna's.
const TELLERS: u64 = 2;
/// Auditors that read at once.
const READERS: u64 = 2;
/// Kills in the short form.
const KILLS: u32 = 4;
/// After a failure: until the server is said to be back, or so long, for then it may be back by itself.
const BACK: Duration = Duration::from_millis(100);
/// Of a hundred sales or transfers in doubt, how many are never asked about again.
const FORGOTTEN: u64 = 30;
/// What each account begins with.
const FUNDS: i32 = 100_000;

/// Books that do not add up, and by what.
const WRONG_BOOKS: &str = "SELECT b.name FROM books b WHERE b.balance <>
     (SELECT CAST(coalesce(sum(e.amount), 0) AS BIGINT) FROM entries e WHERE e.book = b.id) LIMIT 1";
const TOTAL: &str = "SELECT CAST(coalesce(sum(balance), 0) AS BIGINT) FROM books";

/// Ways to break a ledger from its fiftieth entry on.
const FAULTS: [&str; 3] = [
    "CREATE TRIGGER canary AFTER UPDATE ON books WHEN new.version >= 50
     BEGIN UPDATE books SET balance = balance + 1 WHERE id = new.id; END",
    "DROP TRIGGER entries_are_not_deleted;
     CREATE TRIGGER canary AFTER INSERT ON entries WHEN new.number = 50
     BEGIN DELETE FROM entries WHERE shard = new.shard AND number = new.number; END",
    "CREATE TRIGGER canary AFTER UPDATE ON books WHEN new.version >= 50
     BEGIN UPDATE books SET balance = old.balance WHERE id = new.id; END",
];

/// Numbers at random, the same for the same seed (Steele, Lea and Flood: splitmix64).
struct Dice(u64);

impl Dice {
    const fn throw(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }
}

/// What everybody at work knows.
struct Day {
    url: DatabaseUrl,
    open: AtomicBool,
    server: watch::Sender<String>,
    /// Sales that were answered.
    answered: AtomicU64,
    /// Transfers that were.
    moved: AtomicU64,
    reads: AtomicU64,
    ids: AtomicU64,
}

/// A till's own book: sales, and whether each was answered.
type Sold = Vec<(PurchaseRequest, Option<Outcome>)>;

async fn sell(day: Arc<Day>, till: Arc<Till>, mut dice: Dice) -> Sold {
    let mut sold = Vec::new();
    let mut server = day.server.subscribe();
    while day.open.load(Ordering::SeqCst) {
        let sale = PurchaseRequest {
            card_uid: uid(if dice.throw(2) == 0 { 1 } else { 2 }),
            ..ledgers::sale(next_id(&day.ids), Money::from_ore(1 + i64::try_from(dice.throw(500)).unwrap()))
        };
        let outcome = loop {
            let url = server.borrow_and_update().clone();
            if let Some(outcome) = till.buy(&url, &sale).await {
                day.answered.fetch_add(1, Ordering::SeqCst);
                break Some(outcome);
            }
            if dice.throw(100) < FORGOTTEN || !day.open.load(Ordering::SeqCst) {
                break None;
            }
            let _ = tokio::time::timeout(BACK, server.changed()).await;
        };
        sold.push((sale, outcome));
    }
    sold
}

/// A teller's own book: transfers, and whether each was answered.
type Transfers = Vec<(TransferRequest, bool)>;

async fn move_money(day: Arc<Day>, teller: Arc<Teller>, mut dice: Dice) -> Transfers {
    let mut made = Vec::new();
    let mut server = day.server.subscribe();
    while day.open.load(Ordering::SeqCst) {
        let (from, to) = if dice.throw(2) == 0 { (ANNA, BO) } else { (BO, ANNA) };
        let amount = Money::from_ore(1 + i64::try_from(dice.throw(5_000)).unwrap());
        let transfer = TransferRequest { id: next_id(&day.ids), card: BOS_CARD, from, to, amount };
        let answered = loop {
            let url = server.borrow_and_update().clone();
            if teller.transfer(&url, &transfer).await.is_some() {
                day.moved.fetch_add(1, Ordering::SeqCst);
                break true;
            }
            if dice.throw(100) < FORGOTTEN || !day.open.load(Ordering::SeqCst) {
                break false;
            }
            let _ = tokio::time::timeout(BACK, server.changed()).await;
        };
        made.push((transfer, answered));
    }
    made
}

fn next_id(ids: &AtomicU64) -> OperationId {
    let number = ids.fetch_add(1, Ordering::SeqCst);
    let mut tail = [9; 10];
    tail[2..].copy_from_slice(&number.to_be_bytes());
    let millis = u64::try_from(START.as_millisecond()).unwrap() + number;
    OperationId::new(uuid::Builder::from_unix_timestamp_millis(millis, &tail).into_uuid())
}

impl Day {
    fn at(url: DatabaseUrl) -> Self {
        Self {
            url,
            open: AtomicBool::new(true),
            server: watch::channel(String::new()).0,
            answered: AtomicU64::new(0),
            moved: AtomicU64::new(0),
            reads: AtomicU64::new(0),
            ids: AtomicU64::new(0),
        }
    }
}

/// The whole of the books in one snapshot: the first that is wrong, and their sum.
async fn read_whole(url: &DatabaseUrl) -> Option<(Option<String>, i64)> {
    match url {
        DatabaseUrl::Sqlite(path) => {
            let path = path.clone();
            tokio::task::spawn_blocking(move || Some(read_file(&path).unwrap())).await.unwrap()
        }
        DatabaseUrl::Postgres(_) => read_server(&url.reveal()).await.ok(),
    }
}

fn read_file(path: &std::path::Path) -> rusqlite::Result<(Option<String>, i64)> {
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    db.busy_timeout(Duration::from_secs(5))?;
    db.execute_batch("BEGIN")?;
    let wrong = db.prepare(WRONG_BOOKS)?.query_map([], |row| row.get(0))?.next().transpose()?;
    let total = db.query_row(TOTAL, [], |row| row.get(0))?;
    Ok((wrong, total))
}

async fn read_server(url: &str) -> Result<(Option<String>, i64), tokio_postgres::Error> {
    let (mut client, connection) = tokio_postgres::connect(url, NoTls).await?;
    let line = tokio::spawn(connection);
    let snapshot = client.build_transaction().isolation_level(tokio_postgres::IsolationLevel::RepeatableRead);
    let snapshot = snapshot.read_only(true).start().await?;
    let wrong = snapshot.query_opt(WRONG_BOOKS, &[]).await?.map(|row| row.get(0));
    let total = snapshot.query_one(TOTAL, &[]).await?.get(0);
    snapshot.rollback().await?;
    drop(client);
    let _ = line.await;
    Ok((wrong, total))
}

async fn audit(day: Arc<Day>) {
    while day.open.load(Ordering::SeqCst) {
        // A database that was just killed cannot be read; what can be read must add up.
        if let Some((wrong, total)) = read_whole(&day.url).await {
            assert_eq!((wrong, total), (None, 0), "the books do not add up");
            day.reads.fetch_add(1, Ordering::SeqCst);
        } else {
            tokio::task::yield_now().await;
        }
    }
}

/// How long a day is.
#[derive(Clone, Copy)]
enum Length {
    Kills(u32),
    Lasts(Duration),
}

/// Lets so many sales go by, kills one of the two, and does it again.
fn make_trouble(day: &Day, ledgers: &Mutex<Ledgers>, seed: u64, length: Length) -> Serving {
    let mut dice = Dice(seed);
    let mut serving = Serving::start(&day.url);
    day.server.send_replace(serving.url.clone());
    let (mut kills, begun) = (0, Instant::now());
    let goes_on = |kills| match length {
        Length::Kills(most) => kills < most,
        Length::Lasts(length) => begun.elapsed() < length,
    };
    while goes_on(kills) {
        let next = day.answered.load(Ordering::SeqCst) + 40 + dice.throw(80);
        let patience = Instant::now() + Duration::from_mins(1);
        while day.answered.load(Ordering::SeqCst) < next {
            assert!(Instant::now() < patience, "the server does not come back after {kills} kills");
            std::thread::park_timeout(Duration::from_millis(5));
        }
        let mut ledgers = ledgers.lock().unwrap();
        match &mut ledgers.postgres {
            Some(postgres) if dice.throw(2) == 0 => {
                postgres.kill9().unwrap();
                postgres.restart().unwrap();
            }
            _ => {
                serving.kill9();
                serving = Serving::start(&day.url);
                day.server.send_replace(serving.url.clone());
            }
        }
        kills += 1;
    }
    serving
}

/// What everybody remembers when the day is over.
struct Over {
    day: Arc<Day>,
    tills: Vec<Arc<Till>>,
    sold: Sold,
    transfers: Transfers,
}

/// A day's work, with kills, on a ledger that was seen to first.
async fn a_day(ledgers: Arc<Mutex<Ledgers>>, seed: u64, length: Length, see_to: impl FnOnce(&DatabaseUrl)) -> Over {
    let fresh = ledgers.lock().unwrap().fresh();
    let world = World::new(fresh).await;
    let kiosk = world.kiosk().await;
    for account in [ANNA, BO] {
        world.fund(&kiosk, account, kr(FUNDS)).await;
    }
    let mut tills = Vec::new();
    for _ in 0..TILLS {
        tills.push(Arc::new(Till::new(world.till().await)));
    }
    let mut tellers = Vec::new();
    for _ in 0..TELLERS {
        tellers.push(Arc::new(Teller::new(&*world.store, world.kiosk().await, BOS_CARD).await));
    }
    let url = world.url.clone();
    drop(world);
    see_to(&url);
    let day = Arc::new(Day::at(url));
    let trouble = {
        let day = day.clone();
        tokio::task::spawn_blocking(move || make_trouble(&day, &ledgers, seed, length))
    };
    day.server.subscribe().changed().await.unwrap();
    let selling: Vec<_> = (0..TILLS)
        .zip(&tills)
        .map(|(n, till)| tokio::spawn(sell(day.clone(), till.clone(), Dice(seed ^ (n + 1)))))
        .collect();
    let moving: Vec<_> = (100..)
        .zip(&tellers)
        .map(|(n, teller)| tokio::spawn(move_money(day.clone(), teller.clone(), Dice(seed ^ n))))
        .collect();
    let auditing: Vec<_> = (0..READERS).map(|_| tokio::spawn(audit(day.clone()))).collect();
    let serving = trouble.await;
    day.open.store(false, Ordering::SeqCst);
    let mut sold = Vec::new();
    for till in selling {
        sold.extend(till.await.unwrap());
    }
    let mut transfers = Vec::new();
    for teller in moving {
        transfers.extend(teller.await.unwrap());
    }
    for auditor in auditing {
        auditor.await.unwrap();
    }
    drop(serving.unwrap());
    println!(
        "seed {seed}: {} sales and {} transfers answered, {} whole reads",
        day.answered.load(Ordering::SeqCst),
        day.moved.load(Ordering::SeqCst),
        day.reads.load(Ordering::SeqCst)
    );
    assert!(day.reads.load(Ordering::SeqCst) > 3, "nobody read the books");
    assert!(day.moved.load(Ordering::SeqCst) > 3, "nobody moved money");
    Over { day, tills, sold, transfers }
}

/// After the day: everything answered is in the ledger once, everything else once or not at all. Says what is not so.
async fn close(url: &DatabaseUrl, over: &Over) -> Result<(), String> {
    let Over { tills, sold, transfers, .. } = over;
    let store = store::open(url).unwrap();
    let audited = store.verify(START).await.unwrap().map_err(|broken| broken.to_string())?;
    let (mut spent, mut there) = ([0; 2], 0);
    let before = [ANNA, BO].map(|account| store.account(SCHOOL, account));
    let [anna, bo] = before;
    let balances = [anna.await, bo.await].map(|account| account.unwrap().unwrap().balance.ore());
    for (sale, answered) in sold {
        let now = ledgers::buy(&*store, tills[0].id(), sale).await;
        let was_there = now == Outcome::AlreadyPosted;
        ensure(was_there || now == Outcome::Posted, || format!("a sale is refused afterwards: {now:?}"))?;
        match answered {
            Some(Outcome::Posted | Outcome::AlreadyPosted) => {
                ensure(was_there, || format!("an answered sale was lost: {sale:?}"))?;
            }
            Some(refused) => return Err(format!("{refused:?}")),
            None => {}
        }
        if was_there {
            spent[usize::from(sale.card_uid == uid(2))] += sale.amount.ore();
            there += 1;
        }
    }
    for (transfer, answered) in transfers {
        let was_there = is_there(&*store, transfer).await;
        ensure(was_there || !answered, || format!("an answered transfer was lost: {transfer:?}"))?;
        if was_there {
            let sign = if transfer.from == ANNA { 1 } else { -1 };
            spent[0] += sign * transfer.amount.ore();
            spent[1] -= sign * transfer.amount.ore();
            there += 1;
        }
    }
    let left = spent.map(|spent| kr(FUNDS).ore() - spent);
    ensure(balances == left, || format!("the accounts have {balances:?}, and {left:?} is left"))?;
    let transactions = audited.transactions;
    ensure(transactions == 2 + there, || format!("{transactions} transactions, and {there} were asked for"))?;
    store.verify(START).await.unwrap().map(drop).map_err(|broken| broken.to_string())
}

fn ensure(holds: bool, why: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(why()) }
}

/// Makes a transfer that may have been made, and says whether it was.
async fn is_there(store: &dyn Store, transfer: &TransferRequest) -> bool {
    let TransferRequest { id, card, from, to, amount } = *transfer;
    let moving = store.carry_out(SCHOOL, id, Movement::Transfer { card, from, to, amount }, START).await.unwrap();
    match moving {
        Moving::Settled(Outcome::AlreadyPosted) => true,
        Moving::Settled(Outcome::Posted) => false,
        other => panic!("{other:?}"),
    }
}

fn run(ledgers: Ledgers) {
    let soak = std::env::var("MADKORT_SOAK").ok().map(|text| Duration::from_secs(text.parse().expect("seconds")));
    let seed =
        soak.map_or(20_261_122, |_| u64::try_from(jiff::Timestamp::now().as_nanosecond() & 0xffff_ffff).unwrap());
    println!("seed {seed}");
    let (ledgers, length) = (Arc::new(Mutex::new(ledgers)), soak.map_or(Length::Kills(KILLS), Length::Lasts));
    runtime().block_on(async {
        let over = a_day(ledgers.clone(), seed, length, |_| {}).await;
        close(&over.day.url, &over).await.unwrap();
    });
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

#[test]
fn sqlite() {
    run(Ledgers::sqlite());
}

#[test]
fn postgres() {
    run(Ledgers::postgres());
}

/// A ledger that is wrong on purpose is found out by whoever reads it whole, and by its own audit.
#[tokio::test]
async fn a_broken_ledger_is_found_out() {
    for fault in FAULTS {
        let ledgers = Ledgers::sqlite();
        let world = World::new(ledgers.fresh()).await;
        let (kiosk, till) = (world.kiosk().await, world.till().await);
        world.fund(&kiosk, ANNA, kr(1000)).await;
        let DatabaseUrl::Sqlite(path) = &world.url else { unreachable!() };
        assert_eq!(read_file(path).unwrap(), (None, 0));
        Connection::open(path).unwrap().execute_batch(fault).unwrap();
        for _ in 0..60 {
            assert_eq!(world.buy(&till, &world.sale(kr(1))).await, Outcome::Posted);
        }
        assert_ne!(read_file(path).unwrap(), (None, 0), "the auditors see nothing: {fault}");
        assert!(world.store.verify(START).await.unwrap().is_err(), "verify sees nothing: {fault}");
    }
}

/// A day on a ledger that puts an øre too much into a book, from some moment on.
#[test]
fn a_day_on_a_broken_ledger_does_not_pass() {
    let ledgers = Arc::new(Mutex::new(Ledgers::sqlite()));
    let spoil = |url: &DatabaseUrl| {
        Connection::open(path_of(url)).unwrap().execute_batch(FAULTS[0]).unwrap();
    };
    // Its folder is there for as long as somebody reads; and long after its fiftieth entry somebody does.
    let day = runtime().block_on(async { tokio::spawn(a_day(ledgers.clone(), 7, Length::Kills(KILLS), spoil)).await });
    let panicked = day.err().expect("nobody noticed").into_panic();
    let said = panicked.downcast_ref::<String>().unwrap();
    assert!(said.contains("the books do not add up"), "{said}");
}

/// What was answered is looked for: books that are in order and are not those of the day do not pass for them.
#[test]
fn books_that_are_not_those_of_the_day_do_not_pass() {
    let ledgers = Arc::new(Mutex::new(Ledgers::sqlite()));
    let file = |name: &str| ledgers.lock().unwrap().file(name);
    let copy = |from: &DatabaseUrl, name: &str| {
        let to = file(name);
        store::back_up(from, path_of(&to), START).unwrap();
        to
    };
    runtime().block_on(async {
        let over = a_day(ledgers.clone(), 7, Length::Kills(1), |url| {
            copy(url, "morning.db");
        })
        .await;
        let (evening, morning) = (over.day.url.clone(), file("morning.db"));
        let refused = async |url: &DatabaseUrl, why: &str| {
            let said = close(url, &over).await;
            assert!(said.as_ref().is_err_and(|said| said.contains(why)), "{why}: {said:?}");
        };
        // Every sale and transfer of the day is lost; then the transfers alone.
        refused(&copy(&morning, "nothing.db"), "an answered sale was lost").await;
        let no_transfers = copy(&morning, "no-transfers.db");
        let store = store::open(&no_transfers).unwrap();
        for (sale, _) in &over.sold {
            assert_eq!(ledgers::buy(&*store, over.tills[0].id(), sale).await, Outcome::Posted);
        }
        drop(store);
        refused(&no_transfers, "an answered transfer was lost").await;
        // A sale is there under two ids.
        let twice = copy(&evening, "twice.db");
        let store = store::open(&twice).unwrap();
        let again = PurchaseRequest { id: next_id(&over.day.ids), ..over.sold[0].0.clone() };
        assert_eq!(ledgers::buy(&*store, over.tills[0].id(), &again).await, Outcome::Posted);
        drop(store);
        refused(&twice, "is left").await;
        // Something moved that nobody asked for, and back: the accounts have what they should have.
        let moved = copy(&evening, "moved.db");
        let store = store::open(&moved).unwrap();
        for (from, to) in [(ANNA, BO), (BO, ANNA)] {
            let (id, amount) = (next_id(&over.day.ids), Money::from_ore(1));
            assert!(!is_there(&*store, &TransferRequest { id, card: BOS_CARD, from, to, amount }).await);
        }
        drop(store);
        refused(&moved, "were asked for").await;
        // A posting was changed, or is gone.
        for (name, sql) in [
            (
                "changed.db",
                "DROP TRIGGER entries_are_not_changed; UPDATE entries SET amount = amount + 1 WHERE number = 20",
            ),
            ("gone.db", "DROP TRIGGER entries_are_not_deleted; DELETE FROM entries WHERE number = 20"),
        ] {
            let spoilt = copy(&evening, name);
            Connection::open(path_of(&spoilt)).unwrap().execute_batch(sql).unwrap();
            assert!(close(&spoilt, &over).await.is_err(), "{name}");
        }
        close(&evening, &over).await.unwrap();
    });
}

fn path_of(url: &DatabaseUrl) -> &std::path::Path {
    let DatabaseUrl::Sqlite(path) = url else { unreachable!() };
    path
}
