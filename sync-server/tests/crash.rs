//! Every moment at which one purchase writes is a moment to die, on either engine, or to find the disk broken: what was answered
//! stays, what was not is there once or not at all, and asking again settles it. So is every moment of a move: no two ledgers take
//! writes, and the same command again ends it.
//!
//! `strace` counts the system calls of the running server and strikes at a chosen one: before it is carried out, or right after.
//! Twelve moments by default, the same each time; `MADKORT_CRASH=all` takes all there are.
#![allow(clippy::unwrap_used)]

mod ledgers;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use ledgers::serving::{Serving, Till};
use ledgers::{ANNA, Ledgers, SCHOOL, START, Signer, World, buy, kr};
use madkort_protocol::*;
use sync_server::store::{self, DatabaseUrl, Purchasing, StoreError};

/// System calls by which something comes to be on a disk or on a line.
const WRITES: &str =
    "write,writev,pwrite64,pwritev,fsync,fdatasync,ftruncate,fallocate,rename,unlink,unlinkat,openat,sendto";
/// Moments in the short form.
const SAMPLE: usize = 12;
/// How often a moment that does not come is waited for, each time a call earlier.
const TIMES: usize = 5;
/// The thread that writes the ledger.
const WRITER: &str = "ledger-writer";

/// On which side of its call a server dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    /// Nothing of the call has happened.
    Before,
    /// All of it has, and nobody has heard of it.
    After,
}

/// What `strace -y` writes beside a descriptor by which one thread wakes another.
const WAKES: &str = "<anon_inode:[eventfd]>";
/// What `strace` writes beside a call after which it keeps the thread waiting.
const KEPT: &str = "(DELAYED)";
/// How long it would keep it, in microseconds: the server is killed long before.
const KEEP_MICROS: u32 = 60_000_000;
/// How long anything here may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A moment: the nth such call of the thread that writes the ledger, or of any other thread, since the purchase was sent.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Moment {
    call: String,
    nth: u32,
    writer: bool,
    /// Whether it only wakes another thread, by an eventfd: not needed where that one is awake.
    wakes: bool,
}

/// The original, among databases on a PostgreSQL.
const ORIGINAL: &str = "ledger0";

/// A ledger to be copied for each moment, with a till and a customer.
struct Shop {
    ledgers: Ledgers,
    original: DatabaseUrl,
    till: Option<Signer>,
    sale: PurchaseRequest,
}

impl Shop {
    async fn open(ledgers: Ledgers) -> Self {
        let world = World::new(ledgers.fresh()).await;
        let kiosk = world.kiosk().await;
        world.fund(&kiosk, ANNA, kr(100)).await;
        let till = world.till().await;
        let (original, sale) = (world.url.clone(), world.sale(kr(20)));
        drop(world);
        Self { ledgers, original, till: Some(till), sale }
    }

    /// A fresh copy.
    fn copy(&self, name: &str) -> DatabaseUrl {
        match (&self.ledgers.postgres, &self.original) {
            (None, DatabaseUrl::Sqlite(original)) => {
                let file = self.ledgers.folder.path().join(format!("{name}.db"));
                std::fs::copy(original, &file).unwrap();
                DatabaseUrl::Sqlite(file)
            }
            (Some(postgres), _) => {
                self.alone(ORIGINAL);
                postgres.tell("postgres", &format!("CREATE DATABASE \"{name}\" TEMPLATE \"{ORIGINAL}\"")).unwrap();
                DatabaseUrl::parse(&postgres.url(name)).unwrap()
            }
            (None, DatabaseUrl::Postgres(_)) => unreachable!(),
        }
    }

    /// A fresh copy with a server on it.
    fn serve(&self, name: &str) -> (DatabaseUrl, Serving) {
        let url = self.copy(name);
        let serving = Serving::start(&url);
        (url, serving)
    }

    /// Waits until PostgreSQL has ended what it did in a database for whoever was killed: a commit that has reached it goes on.
    fn alone(&self, database: &str) {
        let Some(postgres) = &self.ledgers.postgres else { return };
        let others = format!("SELECT count(*) FROM pg_stat_activity WHERE datname = '{database}'");
        let patience = Instant::now() + PATIENCE;
        while postgres.tell("postgres", &others).unwrap().trim() != "0" {
            assert!(Instant::now() < patience, "{database} is still used");
        }
    }
}

/// `strace` on a running server; it lets go when it is dropped.
struct Tracing(Child);

impl Tracing {
    /// Follows a whole server, or, to strike at a moment, those of its threads whose calls count.
    fn begin(threads: &[u32], log: &Path, strike: Option<&str>) -> Self {
        let mut command = Command::new("strace");
        command.arg("-y").arg("-o").arg(log).args(["-e", &format!("trace={WRITES}"), "-e", "signal=none"]);
        if let Some(strike) = strike {
            command.args(["-e", &format!("inject={strike}")]);
        }
        for thread in threads {
            command.args(["-p", &thread.to_string()]);
        }
        if strike.is_none() {
            // All threads of the process, and each line of the log says whose call it is.
            command.arg("-f");
        }
        let child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn();
        let mut child = child.expect("strace is needed and cannot be started: install the package `strace`");
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut said = Vec::new();
        for _ in threads {
            // A thread may have ended since it was listed, or the strike come before the last one was attached.
            let settled = |line: &String| line.contains("attached") || line.contains("No such process");
            let told =
                lines.by_ref().map_while(Result::ok).inspect(|line| said.push(line.clone())).any(|line| settled(&line));
            let struck = !told && said.iter().any(settled);
            assert!(told || struck, "strace cannot follow the server; this needs ptrace to be allowed: {said:?}");
        }
        std::thread::spawn(move || lines.for_each(drop));
        Self(child)
    }
}

impl Tracing {
    /// Ends with a server that was killed. Asked to let go of one, it can wait for ever: for the first thread, which is not gone
    /// before the others are, which it has not let go of yet.
    fn end(mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Tracing {
    fn drop(&mut self) {
        if self.0.try_wait().unwrap().is_some() {
            return;
        }
        // Asked, not killed: it then leaves the server running.
        let _ = Command::new("kill").args(["-INT", &self.0.id().to_string()]).status();
        let _ = self.0.wait();
    }
}

/// The server's threads: the one that writes the ledger, and the others.
fn threads(server: u32) -> (Vec<u32>, Vec<u32>) {
    // A thread takes its name itself, shortly after it has begun.
    let patience = Instant::now() + PATIENCE;
    loop {
        let all = std::fs::read_dir(format!("/proc/{server}/task")).unwrap().flatten();
        let named = all.filter_map(|task| {
            let name = std::fs::read_to_string(task.path().join("comm")).ok()?;
            Some((task.file_name().to_str()?.parse().ok()?, name.trim() == WRITER))
        });
        let (writer, others): (Vec<_>, Vec<_>) = named.partition(|(_, writer)| *writer);
        let ids = |threads: Vec<(u32, bool)>| threads.into_iter().map(|(id, _)| id).collect();
        if writer.len() == 1 {
            return (ids(writer), ids(others));
        }
        assert!(Instant::now() < patience, "no thread of the server writes the ledger");
        std::thread::yield_now();
    }
}

/// The moments of one purchase, in the order in which they come.
async fn moments(shop: &Shop, till: &Till) -> Vec<Moment> {
    let (_, mut serving) = shop.serve("counted");
    let (writer, _) = threads(serving.pid());
    let log = shop.ledgers.folder.path().join("strace.log");
    let tracing = Tracing::begin(&[serving.pid()], &log, None);
    assert_eq!(till.buy(&serving.url, &shop.sale).await, Some(Outcome::Posted));
    drop(tracing);
    serving.kill9();
    let mut moments = logged(&log, WRITES, |thread| writer.contains(&thread));
    // What other threads ask of PostgreSQL meanwhile is read, by jobs that have a clock of their own. They answer by `writev`.
    moments.retain(|moment| moment.writer || moment.call != "sendto");
    // The server's own disk, or the line to the database.
    let durable = if shop.ledgers.postgres.is_none() { "sync" } else { "sendto" };
    let kept = |moment: &Moment| moment.writer && moment.call.ends_with(durable);
    assert!(moments.iter().any(kept), "a purchase without {durable}: {moments:?}");
    moments
}

/// The moments in a log of `strace`.
fn logged(log: &Path, calls: &str, is_writer: impl Fn(u32) -> bool) -> Vec<Moment> {
    let mut counts: BTreeMap<(u32, String), u32> = BTreeMap::new();
    let mut moments = Vec::new();
    for line in std::fs::read_to_string(log).unwrap().lines() {
        let Some((thread, rest)) = line.split_once(' ') else { continue };
        let Some((call, what)) = rest.trim().split_once('(') else { continue };
        if !calls.split(',').any(|known| known == call) {
            continue;
        }
        let thread: u32 = thread.parse().unwrap();
        let nth = counts.entry((thread, call.to_owned())).or_default();
        *nth += 1;
        let wakes = what.split_once(',').is_some_and(|(descriptor, _)| descriptor.ends_with(WAKES));
        let moment = Moment { call: call.to_owned(), nth: *nth, writer: is_writer(thread), wakes };
        if !moments.contains(&moment) {
            moments.push(moment);
        }
    }
    moments
}

/// Some of them, spread over all, or all.
fn chosen(moments: Vec<Moment>) -> Vec<Moment> {
    if all_wanted() || moments.len() <= SAMPLE {
        return moments;
    }
    let all = moments.len();
    moments
        .into_iter()
        .enumerate()
        .filter(|(n, _)| n * SAMPLE / all != (n + 1) * SAMPLE / all)
        .map(|(_, m)| m)
        .collect()
}

/// Whether all there are were asked for.
fn all_wanted() -> bool {
    std::env::var("MADKORT_CRASH").is_ok_and(|wanted| wanted == "all")
}

/// Moments with the sides on which to die: each on both, or each on one, in turn.
fn sides(moments: Vec<Moment>) -> Vec<(Moment, Side)> {
    let both = [Side::Before, Side::After];
    if all_wanted() {
        return moments.into_iter().flat_map(|moment| both.map(|side| (moment.clone(), side))).collect();
    }
    chosen(moments).into_iter().zip(both.into_iter().cycle()).collect()
}

/// Sells, and kills the server at the moment. Whether there was an answer, and whether it got that far.
async fn die(
    serving: &mut Serving,
    log: &Path,
    (moment, side): (&Moment, Side),
    selling: impl Future<Output = Option<Outcome>>,
) -> (bool, bool) {
    let deed = match side {
        Side::Before => "signal=KILL".to_owned(),
        Side::After => format!("delay_exit={KEEP_MICROS}"),
    };
    let tracing = trace(serving, log, moment, &deed);
    let ran = serving.runs();
    let is_kept = || std::fs::read_to_string(log).unwrap_or_default().contains(KEPT);
    let kept = async {
        while !is_kept() {
            tokio::task::yield_now().await;
        }
    };
    let answered = tokio::select! {
        answer = selling => answer.is_some(),
        () = kept, if side == Side::After => false,
    };
    if side == Side::Before && !answered {
        serving.wait();
    }
    // Struck before it was asked anything, it has shown nothing.
    let reached = ran
        && match side {
            Side::Before => !answered || !serving.runs(),
            Side::After => is_kept(),
        };
    // It dies while its thread is kept: let go of first, that would go on.
    serving.kill();
    tracing.end();
    serving.kill9();
    (answered, reached)
}

fn trace(serving: &Serving, log: &Path, moment: &Moment, deed: &str) -> Tracing {
    let (writer, others) = threads(serving.pid());
    let strike = format!("{}:{deed}:when={}", moment.call, moment.nth);
    Tracing::begin(if moment.writer { &writer } else { &others }, log, Some(&strike))
}

/// The books are right, hold what was answered, and take what was not: once. Says what is not so.
async fn settle(shop: &Shop, url: &DatabaseUrl, till: DeviceId, answered: bool) -> Result<(), String> {
    let ensure = |holds: bool, why: &dyn Fn() -> String| if holds { Ok(()) } else { Err(why()) };
    let store = store::open(url).map_err(|error| error.to_string())?;
    let audited = store.verify(START).await.unwrap().map_err(|broken| broken.to_string())?;
    let there = audited.transactions == 2;
    ensure(there || audited.transactions == 1, &|| format!("{audited:?}"))?;
    ensure(there || !answered, &|| "an answered sale was lost".to_owned())?;
    let again = buy(&*store, till, &shop.sale).await;
    let wanted = if there { Outcome::AlreadyPosted } else { Outcome::Posted };
    ensure(again == wanted, &|| format!("{again:?} in place of {wanted:?}"))?;
    let balance = store.account(SCHOOL, ANNA).await.unwrap().unwrap().balance;
    ensure(balance == kr(80), &|| format!("{balance:?} is left"))?;
    let audited = store.verify(START).await.unwrap().map_err(|broken| broken.to_string())?;
    ensure(audited.transactions == 2, &|| format!("{audited:?} in the end"))
}

async fn killed_at_any_moment(ledgers: Ledgers) {
    let mut shop = Shop::open(ledgers).await;
    let till = Till::new(shop.till.take().unwrap());
    let moments = sides(moments(&shop, &till).await);
    let (mut reached, all) = ([0; 2], moments.len());
    for (n, (mut moment, side)) in moments.into_iter().enumerate() {
        // On which thread a call comes, and in how many pieces statements go over the line, is another thing each time: there may be one
        // call fewer than were counted.
        for time in 0..TIMES {
            let name = format!("killed{n}-{time}");
            let (url, mut serving) = shop.serve(&name);
            let log = shop.ledgers.folder.path().join(format!("{name}.log"));
            let server = serving.url.clone();
            let selling = till.buy(&server, &shop.sale);
            let (answered, so_far) = die(&mut serving, &log, (&moment, side), selling).await;
            // The ledger's writing is over before anybody is answered.
            let too_late = moment.writer && shop.ledgers.postgres.is_none() && !moment.wakes;
            assert!(!answered || !too_late, "{moment:?} {side:?} was never reached");
            shop.alone(&name);
            settle(&shop, &url, till.id(), answered).await.unwrap_or_else(|why| panic!("{moment:?} {side:?}: {why}"));
            if so_far {
                reached[usize::from(side == Side::After)] += 1;
                break;
            }
            moment.nth = 1.max(moment.nth - 1);
        }
    }
    println!("of {all} moments, {} before and {} after their call were reached", reached[0], reached[1]);
    // All but one of each side.
    assert!(reached.iter().all(|side| (side + 1) * 2 >= all), "only {reached:?} of {all} moments were reached");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_it_loses_nothing() {
    killed_at_any_moment(Ledgers::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_it_loses_nothing_on_postgres() {
    killed_at_any_moment(Ledgers::postgres()).await;
}

/// Ledgers that are wrong on purpose must not get through.
#[tokio::test(flavor = "multi_thread")]
async fn a_sale_that_is_lost_doubled_or_changed_is_found_out() {
    let mut shop = Shop::open(Ledgers::sqlite()).await;
    let till = shop.till.take().unwrap().id;
    let sold = async |name: &str, sales: &[&PurchaseRequest]| {
        let url = shop.copy(name);
        let store = store::open(&url).unwrap();
        for sale in sales {
            assert_eq!(buy(&*store, till, sale).await, Outcome::Posted);
        }
        url
    };
    let sale = &shop.sale;
    for (name, sales, answered) in [("whole", vec![sale], true), ("unsold", vec![], false)] {
        assert_eq!(settle(&shop, &sold(name, &sales).await, till, answered).await, Ok(()), "{name}");
    }
    let lost = settle(&shop, &sold("lost", &[]).await, till, true).await;
    assert!(lost.as_ref().is_err_and(|why| why.contains("an answered sale was lost")), "{lost:?}");
    let other = PurchaseRequest { id: next_to(sale.id), ..sale.clone() };
    for (name, sales) in [("doubled", vec![sale, &other]), ("under another id", vec![&other])] {
        assert!(settle(&shop, &sold(name, &sales).await, till, true).await.is_err(), "nobody noticed: {name}");
    }
    for (name, sql) in [
        ("an øre too much", "UPDATE books SET balance = balance + 1 WHERE name LIKE 'card:%'"),
        (
            "a posting gone",
            "DROP TRIGGER transactions_are_not_deleted; DELETE FROM transactions WHERE kind = 'purchase'",
        ),
        ("an entry gone", "DROP TRIGGER entries_are_not_deleted; DELETE FROM entries WHERE amount = -2000"),
        (
            "an entry changed",
            "DROP TRIGGER entries_are_not_changed; UPDATE entries SET amount = -2001 WHERE amount = -2000",
        ),
        (
            "a link gone",
            "DROP TRIGGER links_are_not_deleted; DELETE FROM links WHERE number = (SELECT max(number) FROM links)",
        ),
    ] {
        let url = sold(name, &[sale]).await;
        let DatabaseUrl::Sqlite(file) = &url else { unreachable!() };
        let spoilt = rusqlite::Connection::open(file).unwrap();
        spoilt.pragma_update(None, "foreign_keys", false).unwrap();
        spoilt.execute_batch(sql).unwrap();
        assert!(settle(&shop, &url, till, true).await.is_err(), "nobody noticed: {name}");
    }
}

/// Another id of the same moment.
fn next_to(id: OperationId) -> OperationId {
    OperationId::new(uuid::Uuid::from_u128(id.uuid().as_u128() + 1))
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_broken_disk_it_says_so_and_loses_nothing() {
    let mut shop = Shop::open(Ledgers::sqlite()).await;
    let till = Till::new(shop.till.take().unwrap());
    // What fails here is the disk: lines and logs are another matter.
    let moments: Vec<_> = moments(&shop, &till).await.into_iter().filter(|moment| moment.writer).collect();
    let mut unanswered = 0;
    for (n, moment) in chosen(moments).into_iter().enumerate() {
        for fault in ["EIO", "ENOSPC"] {
            let (url, mut serving) = shop.serve(&format!("broken{n}{fault}"));
            let log = shop.ledgers.folder.path().join(format!("broken{n}{fault}.log"));
            let tracing = trace(&serving, &log, &moment, &format!("error={fault}"));
            let answered = till.buy(&serving.url, &shop.sale).await.is_some();
            unanswered += u32::from(!answered);
            drop(tracing);
            // The disk is whole again: the server sells, or says that it cannot.
            let again = till.buy(&serving.url, &shop.sale).await;
            match &again {
                Some(Outcome::Posted | Outcome::AlreadyPosted) => {}
                Some(refused) => panic!("{moment:?} {fault}: {refused:?}"),
                None => {
                    assert!(serving.runs(), "{moment:?} {fault}: the server died of it");
                    let ready = reqwest::get(format!("{}/readyz", serving.url)).await.unwrap().status();
                    assert_eq!(ready, reqwest::StatusCode::SERVICE_UNAVAILABLE, "{moment:?} {fault}");
                }
            }
            serving.kill9();
            let settled = settle(&shop, &url, till.id(), answered || again.is_some()).await;
            settled.unwrap_or_else(|why| panic!("{moment:?} {fault}: {why}"));
        }
    }
    assert!(unanswered > 0, "no fault ever came to anything");
}

/// Calls by which a move comes to be on the file's disk or on the line to the new database.
const MOVES: &str = "pwrite64,fsync,fdatasync,sendto";
/// So many of the last moments of a move are sampled from: there the copy is committed, the file marked, the new ledger opened.
const LAST: usize = 36;

/// `sync-server migrate --from`, and perhaps the moment at which it is killed. Whether it said that it had moved the ledger.
fn migrate(from: &Path, to: &str, log: &Path, kill: Option<&Moment>) -> bool {
    let mut command = Command::new("strace");
    command.arg("-f").arg("-o").arg(log).args(["-e", &format!("trace={MOVES}"), "-e", "signal=none"]);
    if let Some(Moment { call, nth, .. }) = kill {
        command.args(["-e", &format!("inject={call}:signal=KILL:when={nth}")]);
    }
    command.arg(env!("CARGO_BIN_EXE_sync-server")).args(["migrate", "--from", &format!("sqlite:{}", from.display())]);
    command.env("MADKORT_DATABASE", to).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().expect("strace is needed and cannot be started: install the package `strace`").success()
}

/// Whether a database takes a sale.
async fn takes(url: &DatabaseUrl, till: DeviceId, sale: &PurchaseRequest) -> bool {
    let Ok(store) = store::open(url) else { return false };
    let settled = store.purchase(SCHOOL, till, sale.clone(), START).await;
    matches!(settled, Ok(Purchasing::Settled { answer, .. }) if answer.outcome == Outcome::Posted)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_that_is_killed_at_any_moment_leaves_no_two_ledgers_and_is_ended_by_the_same_command() {
    let (files, targets) = (Ledgers::sqlite(), Ledgers::postgres());
    let world = World::new(files.fresh()).await;
    let (kiosk, till) = (world.kiosk().await, world.till().await);
    world.fund(&kiosk, ANNA, kr(100)).await;
    let sale = world.sale(kr(20));
    assert_eq!(world.buy(&till, &sale).await, Outcome::Posted);
    let (late, later, last) = (world.sale(kr(1)), world.sale(kr(1)), world.sale(kr(1)));
    let DatabaseUrl::Sqlite(original) = world.url.clone() else { unreachable!() };
    drop(world);
    let postgres = targets.postgres.as_ref().unwrap();
    let place = |name: &str| {
        let file = files.folder.path().join(format!("{name}.db"));
        std::fs::copy(&original, &file).unwrap();
        (file, postgres.create(name).unwrap(), files.folder.path().join(format!("{name}.log")))
    };
    let (file, to, log) = place("counted");
    assert!(migrate(&file, &to, &log, None));
    let all = logged(&log, MOVES, |_| true);
    let moments = chosen(all[all.len().saturating_sub(LAST)..].to_vec());
    let (mut unmoved, mut nobodys, mut moved) = (0, 0, 0);
    for (n, moment) in moments.iter().enumerate() {
        let (file, to, log) = place(&format!("killed{n}"));
        migrate(&file, &to, &log, Some(moment));
        let (old_url, new_url) = (DatabaseUrl::Sqlite(file.clone()), DatabaseUrl::parse(&to).unwrap());
        let old = takes(&old_url, till.id, &late).await;
        let new = takes(&new_url, till.id, &later).await;
        assert!(!(old && new), "{moment:?}: two ledgers take writes");
        *(if old {
            &mut unmoved
        } else if new {
            &mut moved
        } else {
            &mut nobodys
        }) += 1;
        let again = store::move_ledger(&file, &new_url, START);
        match again {
            Ok(_) => assert!(!new, "{moment:?}"),
            Err(StoreError::Moved { .. }) => assert!(new, "{moment:?}"),
            Err(error) => panic!("{moment:?}: {error:?}"),
        }
        assert!(!takes(&old_url, till.id, &last).await, "{moment:?}");
        let store = store::open(&new_url).unwrap_or_else(|error| panic!("{moment:?}: {error}"));
        assert_eq!(buy(&*store, till.id, &sale).await, Outcome::AlreadyPosted, "{moment:?}");
        assert_eq!(buy(&*store, till.id, &late).await == Outcome::AlreadyPosted, old, "{moment:?}");
        assert_eq!(buy(&*store, till.id, &last).await, Outcome::Posted, "{moment:?}");
        store.verify(START).await.unwrap().unwrap_or_else(|broken| panic!("{moment:?}: {broken}"));
    }
    println!("killed before it moved: {unmoved}, in between: {nobodys}, afterwards: {moved}");
    // What came before the file was marked, and what came after.
    assert!(unmoved > 0 && nobodys + moved > 0, "{unmoved} {nobodys} {moved}: every moment is on one side");
}
