//! Moving a ledger to another engine, and keeping a copy of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use madkort_protocol::*;
use sync_server::store::{self, *};

use crate::ledgers::*;

/// A ledger with something of everything a till and a kiosk leave behind.
async fn lived_in(url: DatabaseUrl) -> (World, Signer, PurchaseRequest) {
    let world = World::new(url).await;
    let (kiosk, till) = (world.kiosk().await, world.till().await);
    world.fund(&kiosk, ANNA, kr(900)).await;
    let sale = world.sale(kr(20));
    for _ in 0..50 {
        world.buy(&till, &world.sale(kr(1))).await;
    }
    world.buy(&till, &sale).await;
    world.buy(&till, &world.sale(kr(1000))).await;
    world.outcome(&kiosk, world.order(&kiosk, lasagne("K1-1"))).await;
    world.store.take_code_try(SCHOOL, ANNAS_CARD, CardStatus::Active, START).await.unwrap();
    world.store.note_request(kiosk.id, 7);
    world.store.alive().await.unwrap();
    (world, till, sale)
}

/// The copy says what the original said, and goes on.
async fn goes_on(copy: &dyn Store, original: &World, till: &Signer, sale: &PurchaseRequest) {
    let audited = copy.verify(START).await.unwrap().unwrap();
    assert_eq!(audited, original.audited().await);
    assert_eq!(
        copy.changes(SCHOOL, 0, 10_000, TUESDAY).await.unwrap(),
        original.store.changes(SCHOOL, 0, 10_000, TUESDAY).await.unwrap()
    );
    assert_eq!(buy(copy, till.id, sale).await, Outcome::AlreadyPosted);
    let next = original.sale(kr(2));
    assert_eq!(buy(copy, till.id, &next).await, Outcome::Posted);
    let after = copy.verify(START).await.unwrap().unwrap();
    assert_eq!(after.transactions, audited.transactions + 1);
}

async fn a_backup_goes_on(ledgers: &Ledgers) {
    let (world, till, sale) = lived_in(ledgers.fresh()).await;
    // Online: a till sells all the while.
    let selling = Arc::new(AtomicBool::new(true));
    let seller = {
        let (store, till, selling) = (world.store.clone(), till.id, selling.clone());
        let sales: Vec<_> = (0..300).map(|_| world.sale(Money::from_ore(1))).collect();
        tokio::spawn(async move {
            for sale in sales.iter().take_while(|_| selling.load(Ordering::SeqCst)) {
                assert_eq!(buy(&*store, till, sale).await, Outcome::Posted);
            }
        })
    };
    let DatabaseUrl::Sqlite(file) = ledgers.file("copy.db") else { unreachable!() };
    let (url, to) = (world.url.clone(), file.clone());
    let copied = tokio::task::spawn_blocking(move || store::back_up(&url, &to, START)).await.unwrap().unwrap();
    selling.store(false, Ordering::SeqCst);
    seller.await.unwrap();
    assert!(copied.transactions >= 54 && copied.transactions <= world.audited().await.transactions);
    let copy = store::open(&DatabaseUrl::Sqlite(file.clone())).unwrap();
    assert_eq!(copy.verify(START).await.unwrap().unwrap(), copied);
    assert_eq!(buy(&*copy, till.id, &sale).await, Outcome::AlreadyPosted);
    assert_eq!(buy(&*copy, till.id, &world.sale(kr(2))).await, Outcome::Posted);
    // It never writes over anything.
    let again = store::back_up(&world.url, &file, START);
    assert!(matches!(again, Err(StoreError::NotEmpty { .. })), "{again:?}");
    // Nobody sells now: the second copy is the same ledger.
    let DatabaseUrl::Sqlite(file) = ledgers.file("still.db") else { unreachable!() };
    store::back_up(&world.url, &file, START).unwrap();
    goes_on(&*store::open(&DatabaseUrl::Sqlite(file)).unwrap(), &world, &till, &sale).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_sqlite_goes_on() {
    a_backup_goes_on(&Ledgers::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_postgres_goes_on() {
    a_backup_goes_on(&Ledgers::postgres()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_ledger_moves_into_postgres_and_its_file_is_closed() {
    let (files, ledgers) = (Ledgers::sqlite(), Ledgers::postgres());
    let (world, till, sale) = lived_in(files.fresh()).await;
    let DatabaseUrl::Sqlite(from) = world.url.clone() else { unreachable!() };
    // The old server does not know yet, and goes on selling for as long as it is answered.
    let sales: Vec<_> = (0..2000).map(|_| world.sale(Money::from_ore(1))).collect();
    let seller = {
        let (store, till) = (world.store.clone(), till.id);
        tokio::spawn(async move {
            let mut posted = Vec::new();
            for sale in sales {
                match store.purchase(SCHOOL, till, sale.clone(), START).await {
                    Ok(Purchasing::Settled { answer, .. }) if answer.outcome == Outcome::Posted => posted.push(sale),
                    Ok(other) => panic!("{other:?}"),
                    Err(_) => return (posted, true),
                }
            }
            (posted, false)
        })
    };
    let postgres = ledgers.postgres.as_ref().unwrap();
    let to = DatabaseUrl::parse(&postgres.create("moved").unwrap()).unwrap();
    let (old, new) = (from.clone(), to.clone());
    let moved = tokio::task::spawn_blocking(move || store::move_ledger(&old, &new, START)).await.unwrap().unwrap();
    let (posted, turned_away) = seller.await.unwrap();
    let copy = store::open(&to).unwrap();
    assert_eq!(copy.verify(START).await.unwrap().unwrap(), moved);
    // What was answered is in the ledger that counts; who came too late was told so.
    assert!(turned_away, "a ledger that has moved took a sale");
    for sale in &posted {
        assert_eq!(buy(&*copy, till.id, sale).await, Outcome::AlreadyPosted);
    }
    assert_eq!(buy(&*copy, till.id, &sale).await, Outcome::AlreadyPosted);
    assert_eq!(buy(&*copy, till.id, &world.sale(kr(2))).await, Outcome::Posted);

    let Err(refused) = store::open(&world.url) else { panic!("the old file opens") };
    let said = format!("{:#}", anyhow::Error::from(refused));
    assert!(said.contains("has moved to postgres://"), "{said}");
    assert!(store::move_ledger(&from, &to, START).is_err());
    let (other, ..) = lived_in(files.fresh()).await;
    let DatabaseUrl::Sqlite(from) = other.url.clone() else { unreachable!() };
    let mixed = store::move_ledger(&from, &to, START);
    assert!(matches!(mixed, Err(StoreError::NotEmpty { .. })), "{mixed:?}");
    // A move that did not happen leaves the ledger as it was.
    assert!(store::open(&other.url).is_ok());
}

fn run(args: &[&str]) -> (bool, String) {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_sync-server"));
    let output = command.args(args).env_remove("MADKORT_DATABASE").output().unwrap();
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(!said.contains("panicked"), "{said}");
    (output.status.success(), said)
}

#[test]
fn the_command_line_copies_and_moves() {
    let (files, ledgers) = (Ledgers::sqlite(), Ledgers::postgres());
    let old = files.fresh().reveal();
    let copy = files.folder.path().join("copy.db");
    let copy_url = format!("sqlite:{}", copy.display());
    let new = ledgers.postgres.as_ref().unwrap().create("moved").unwrap();
    assert!(run(&["demo-data", "--today", "2026-11-23", "--database", &old]).0);
    let (_, right) = run(&["verify", "--database", &old]);
    let figures = right.lines().next().unwrap().split_once(": ").unwrap().1.to_owned();
    for (step, args) in [
        ("copied", vec!["backup", "--database", &old, "--to", copy.to_str().unwrap()]),
        ("right", vec!["verify", "--database", &copy_url]),
        ("moved", vec!["migrate", "--from", &copy_url, "--database", &new]),
        ("right", vec!["verify", "--database", &new]),
    ] {
        let (success, said) = run(&args);
        assert!(success && said.contains(step) && said.contains(&figures), "{args:?}: {said}");
    }
    for (why, args) in [
        ("has moved to", vec!["serve", "--database", &copy_url]),
        ("holds something already", vec!["backup", "--database", &old, "--to", copy.to_str().unwrap()]),
        ("holds something already", vec!["migrate", "--from", &old, "--database", &new]),
        ("sqlite:PATH", vec!["migrate", "--from", &new, "--database", &new]),
    ] {
        let (success, said) = run(&args);
        assert!(!success && said.contains(why), "{args:?}: {said}");
    }
    assert!(run(&["verify", "--database", &old]).0);
}
