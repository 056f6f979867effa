//! Every moment at which one purchase writes is a moment to die, or to find the disk broken: what was answered stays, what was not
//! is there once or not at all, and asking again settles it.
//!
//! `strace` counts the system calls of the running server and strikes at a chosen one. Twelve moments by default;
//! `MADKORT_CRASH=all` takes all there are.
#![allow(clippy::unwrap_used)]

mod ledgers;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use ledgers::serving::{Serving, Till};
use ledgers::{ANNA, Ledgers, SCHOOL, START, Signer, World, buy, kr};
use madkort_protocol::*;
use sync_server::store::{self, DatabaseUrl};

/// System calls by which something comes to be on a disk or on a line.
const WRITES: &str =
    "write,writev,pwrite64,pwritev,fsync,fdatasync,ftruncate,fallocate,rename,unlink,unlinkat,openat,sendto";
/// Moments in the short form.
const SAMPLE: usize = 12;
/// The thread that writes the ledger.
const WRITER: &str = "ledger-writer";

/// A moment: the nth such call of the thread that writes the ledger, or of any other thread, since the purchase was sent.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Moment {
    call: String,
    nth: u32,
    writer: bool,
}

/// A ledger to be copied for each moment, with a till and a customer.
struct Shop {
    ledgers: Ledgers,
    file: PathBuf,
    till: Option<Signer>,
    sale: PurchaseRequest,
}

impl Shop {
    async fn open() -> Self {
        let ledgers = Ledgers::sqlite();
        let world = World::new(ledgers.fresh()).await;
        let kiosk = world.kiosk().await;
        world.fund(&kiosk, ANNA, kr(100)).await;
        let till = world.till().await;
        let DatabaseUrl::Sqlite(file) = world.url.clone() else { unreachable!() };
        Self { ledgers, file, till: Some(till), sale: world.sale(kr(20)) }
    }

    /// A fresh copy with a server on it.
    fn serve(&self, name: &str) -> (DatabaseUrl, Serving) {
        let file = self.ledgers.folder.path().join(format!("{name}.db"));
        std::fs::copy(&self.file, &file).unwrap();
        let url = DatabaseUrl::Sqlite(file);
        let serving = Serving::start(&url);
        (url, serving)
    }
}

/// `strace` on a running server; it lets go when it is dropped.
struct Tracing(Child);

impl Tracing {
    /// Follows a whole server, or, to strike at a moment, those of its threads whose calls count.
    fn begin(threads: &[u32], log: &Path, strike: Option<&str>) -> Self {
        let mut command = Command::new("strace");
        command.arg("-o").arg(log).args(["-e", &format!("trace={WRITES}"), "-e", "signal=none"]);
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
            let line = lines.by_ref().map_while(Result::ok).find(|line| {
                said.push(line.clone());
                line.contains("attached")
            });
            assert!(line.is_some(), "strace cannot follow the server; this needs ptrace to be allowed: {said:?}");
        }
        std::thread::spawn(move || lines.for_each(drop));
        Self(child)
    }
}

impl Drop for Tracing {
    fn drop(&mut self) {
        // Asked, not killed: it then leaves the server running.
        let _ = Command::new("kill").args(["-INT", &self.0.id().to_string()]).status();
        let _ = self.0.wait();
    }
}

/// The server's threads: the one that writes the ledger, and the others.
fn threads(server: u32) -> (Vec<u32>, Vec<u32>) {
    // A thread takes its name itself, shortly after it has begun.
    let patience = Instant::now() + Duration::from_secs(10);
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
    let mut counts: BTreeMap<(u32, String), u32> = BTreeMap::new();
    let mut moments = Vec::new();
    for line in std::fs::read_to_string(&log).unwrap().lines() {
        let Some((thread, rest)) = line.split_once(' ') else { continue };
        let Some((call, _)) = rest.trim().split_once('(') else { continue };
        if !WRITES.split(',').any(|known| known == call) {
            continue;
        }
        let thread: u32 = thread.parse().unwrap();
        let nth = counts.entry((thread, call.to_owned())).or_default();
        *nth += 1;
        let moment = Moment { call: call.to_owned(), nth: *nth, writer: writer.contains(&thread) };
        if !moments.contains(&moment) {
            moments.push(moment);
        }
    }
    let synced = |moment: &Moment| moment.writer && moment.call.ends_with("sync");
    assert!(moments.iter().any(synced), "a purchase without an fsync: {moments:?}");
    moments
}

/// Some of them, spread over all, or all.
fn chosen(moments: Vec<Moment>) -> Vec<Moment> {
    if std::env::var("MADKORT_CRASH").is_ok_and(|wanted| wanted == "all") || moments.len() <= SAMPLE {
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

fn trace(serving: &Serving, log: &Path, moment: &Moment, deed: &str) -> Tracing {
    let (writer, others) = threads(serving.pid());
    let strike = format!("{}:{deed}:when={}", moment.call, moment.nth);
    Tracing::begin(if moment.writer { &writer } else { &others }, log, Some(&strike))
}

/// The books are right, hold what was answered, and take what was not: once.
async fn nothing_is_lost(shop: &Shop, url: &DatabaseUrl, till: DeviceId, answered: bool, moment: &Moment) {
    let store = store::open(url).unwrap_or_else(|error| panic!("{moment:?}: {error}"));
    let audited = store.verify(START).await.unwrap().unwrap_or_else(|broken| panic!("{moment:?}: {broken}"));
    let there = audited.transactions == 2;
    assert!(there || audited.transactions == 1, "{moment:?}: {audited:?}");
    assert!(there || !answered, "{moment:?}: an answered sale was lost");
    let again = buy(&*store, till, &shop.sale).await;
    assert_eq!(again, if there { Outcome::AlreadyPosted } else { Outcome::Posted }, "{moment:?}");
    let balance = store.account(SCHOOL, ANNA).await.unwrap().unwrap().balance;
    assert_eq!(balance, kr(80), "{moment:?}");
    assert_eq!(store.verify(START).await.unwrap().unwrap().transactions, 2, "{moment:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_it_loses_nothing() {
    let mut shop = Shop::open().await;
    let till = Till::new(shop.till.take().unwrap());
    let moments = chosen(moments(&shop, &till).await);
    let (mut reached, all) = (0, moments.len());
    for (n, moment) in moments.into_iter().enumerate() {
        let (url, mut serving) = shop.serve(&format!("killed{n}"));
        let log = shop.ledgers.folder.path().join(format!("killed{n}.log"));
        let tracing = trace(&serving, &log, &moment, "signal=KILL");
        let answered = till.buy(&serving.url, &shop.sale).await.is_some();
        // The ledger's writing is over before anybody is answered.
        assert!(!answered || !moment.writer, "{moment:?} was never reached");
        reached += u32::from(!answered || !serving.runs());
        if !answered {
            serving.wait();
        }
        drop(tracing);
        serving.kill9();
        nothing_is_lost(&shop, &url, till.id(), answered, &moment).await;
    }
    println!("{reached} of {all} moments were reached");
    assert!(usize::try_from(reached).unwrap() * 2 > all, "only {reached} of {all} moments were reached");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_broken_disk_it_says_so_and_loses_nothing() {
    let mut shop = Shop::open().await;
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
            nothing_is_lost(&shop, &url, till.id(), answered || again.is_some(), &moment).await;
        }
    }
    assert!(unanswered > 0, "no fault ever came to anything");
}
