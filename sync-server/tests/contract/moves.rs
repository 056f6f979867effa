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

/// Whether a store takes a sale, or why not.
async fn takes(store: &dyn Store, till: &Signer, sale: &PurchaseRequest) -> Result<bool, StoreError> {
    let settled = store.purchase(SCHOOL, till.id, sale.clone(), START).await?;
    Ok(matches!(settled, Purchasing::Settled { answer, .. } if answer.outcome == Outcome::Posted))
}

#[tokio::test(flavor = "multi_thread")]
async fn wherever_a_move_is_cut_off_no_two_ledgers_take_writes_and_the_same_call_ends_it() {
    let (files, ledgers) = (Ledgers::sqlite(), Ledgers::postgres());
    for (stop, old_sells) in
        [(MoveStep::Held, true), (MoveStep::Copied, true), (MoveStep::Marked, false), (MoveStep::Opened, false)]
    {
        let (world, till, sale) = lived_in(files.fresh()).await;
        let to = ledgers.fresh();
        // A server that waits on the new database since before the move.
        let new = store::open(&to).unwrap();
        let DatabaseUrl::Sqlite(from) = world.url.clone() else { unreachable!() };
        let cut = |step| if step == stop { Err(StoreError::Closed) } else { Ok(()) };
        let moved = store::move_step_by_step(&from, &to, START, &cut);
        assert!(matches!(moved, Err(StoreError::Closed)), "{stop:?}: {moved:?}");

        let late = world.sale(kr(3));
        let old = takes(&*world.store, &till, &late).await;
        let opened = takes(&*new, &till, &world.sale(kr(4))).await;
        match stop {
            MoveStep::Held => assert!(matches!((&old, &opened), (Ok(true), Ok(false))), "{old:?} {opened:?}"),
            MoveStep::Copied => {
                assert!(matches!((&old, &opened), (Ok(true), Err(StoreError::Arriving { .. }))), "{old:?} {opened:?}");
            }
            MoveStep::Marked => {
                let nobody =
                    matches!((&old, &opened), (Err(StoreError::Moved { .. }), Err(StoreError::Arriving { .. })));
                assert!(nobody, "{old:?} {opened:?}");
            }
            MoveStep::Opened => {
                assert!(matches!((&old, &opened), (Err(StoreError::Moved { .. }), Ok(true))), "{old:?} {opened:?}");
            }
        }
        if stop == MoveStep::Copied {
            // Another ledger does not get into the place that is taken.
            let (other, ..) = lived_in(files.fresh()).await;
            let DatabaseUrl::Sqlite(other) = other.url.clone() else { unreachable!() };
            let mixed = store::move_ledger(&other, &to, START);
            assert!(matches!(mixed, Err(StoreError::Arriving { .. })), "{mixed:?}");
        }
        if matches!(stop, MoveStep::Copied | MoveStep::Marked) {
            let Err(refused) = store::open(&to) else { panic!("{stop:?}: what is on its way opens") };
            assert!(matches!(refused, StoreError::Arriving { .. }), "{refused}");
        }

        let again = store::move_ledger(&from, &to, START);
        match stop {
            MoveStep::Opened => assert!(matches!(again, Err(StoreError::Moved { .. })), "{again:?}"),
            _ => assert_eq!(store::open(&to).unwrap().verify(START).await.unwrap().unwrap(), again.unwrap()),
        }
        assert!(matches!(takes(&*world.store, &till, &world.sale(kr(1))).await, Err(StoreError::Moved { .. })));
        assert!(world.store.alive().await.is_err(), "a ledger that has moved says that it takes writes");
        assert!(store::open(&world.url).is_err());
        for one in [&*new, &*store::open(&to).unwrap()] {
            assert_eq!(buy(one, till.id, &sale).await, Outcome::AlreadyPosted, "{stop:?}");
            let posted = if old_sells { Outcome::AlreadyPosted } else { Outcome::Posted };
            let first = buy(one, till.id, &late).await;
            assert!(first == posted || first == Outcome::AlreadyPosted, "{stop:?}: {first:?}");
            assert_eq!(buy(one, till.id, &world.sale(kr(2))).await, Outcome::Posted, "{stop:?}");
        }
        assert!(new.verify(START).await.unwrap().is_ok());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_moved_file_opens_no_second_copy_of_itself() {
    let (files, ledgers) = (Ledgers::sqlite(), Ledgers::postgres());
    let (world, ..) = lived_in(files.fresh()).await;
    let (abandoned, chosen) = (ledgers.fresh(), ledgers.fresh());
    let DatabaseUrl::Sqlite(from) = world.url.clone() else { unreachable!() };
    let cut = |step| if step == MoveStep::Copied { Err(StoreError::Closed) } else { Ok(()) };
    assert!(store::move_step_by_step(&from, &abandoned, START, &cut).is_err());
    store::move_ledger(&from, &chosen, START).unwrap();
    // The first copy is the same ledger to the row, and is not the one that counts.
    let again = store::move_ledger(&from, &abandoned, START);
    assert!(matches!(again, Err(StoreError::Moved { .. })), "{again:?}");
    assert!(matches!(store::open(&abandoned).err(), Some(StoreError::Arriving { .. })));
    assert!(store::open(&chosen).is_ok());
    assert!(matches!(store::move_ledger(&from, &files.file("other.db"), START), Err(StoreError::Open { .. })));
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
