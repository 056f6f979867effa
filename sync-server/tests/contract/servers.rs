//! Several servers on one ledger.

use std::time::{Duration, Instant};

use madkort_protocol::*;
use sync_server::store::*;

use crate::ledgers::*;

/// What a purchase may take to reach a kiosk that waits on another server.
const ON_A_KIOSK: Duration = Duration::from_secs(1);

pub async fn another_servers_sale_wakes_who_waits(world: &World) {
    let (kiosk, till) = (world.kiosk().await, world.till().await);
    world.fund(&kiosk, ANNA, kr(100)).await;
    let other = world.second();
    let mut waiting = other.latest(SCHOOL);
    // What was there before it looked for the first time is news to it once.
    tokio::time::timeout(ON_A_KIOSK, waiting.changed()).await.expect("it never looked").unwrap();
    let cursor = world.cursor().await;
    waiting.mark_unchanged();
    let sold = Instant::now();
    world.buy(&till, &world.sale(kr(20))).await;
    tokio::time::timeout(ON_A_KIOSK, waiting.changed()).await.expect("nobody was woken").unwrap();
    let changes = other.changes(SCHOOL, cursor, 10, TUESDAY).await.unwrap();
    assert_eq!(changes.accounts.iter().map(|account| account.balance).collect::<Vec<_>>(), [kr(80)]);
    assert!(sold.elapsed() < ON_A_KIOSK);
}

pub async fn two_servers_sell_from_one_account(world: &World) {
    const EACH: i32 = 12;
    let (kiosk, till) = (world.kiosk().await, world.till().await);
    world.fund(&kiosk, ANNA, kr(100)).await;
    let servers = [world.store.clone(), world.second()];
    let mut selling = tokio::task::JoinSet::new();
    for task in 0..8_usize {
        let store = servers[task % 2].clone();
        let (till, sales) = (till.id, (0..EACH).map(|_| world.sale(kr(1))).collect::<Vec<_>>());
        selling.spawn(async move {
            let mut outcomes = Vec::new();
            for sale in sales {
                outcomes.push(buy(&*store, till, &sale).await);
            }
            outcomes
        });
    }
    let outcomes: Vec<_> = selling.join_all().await.into_iter().flatten().collect();
    assert_eq!(outcomes.len(), 96);
    assert!(outcomes.iter().all(|outcome| *outcome == Outcome::Posted));
    assert_eq!(world.balance(ANNA).await, kr(4));
    let audited = servers[1].verify(START).await.unwrap().unwrap();
    assert_eq!(audited.transactions, 97);
}

pub async fn two_servers_settle_an_id_once(world: &World) {
    let (kiosk, till) = (world.kiosk().await, world.till().await);
    world.fund(&kiosk, ANNA, kr(1000)).await;
    let other = world.second();
    for _ in 0..20 {
        let sale = world.sale(kr(3));
        let (one, two) = tokio::join!(buy(&*world.store, till.id, &sale), buy(&*other, till.id, &sale));
        assert!(matches!(
            (&one, &two),
            (Outcome::Posted, Outcome::AlreadyPosted) | (Outcome::AlreadyPosted, Outcome::Posted)
        ));
    }
    assert_eq!(world.balance(ANNA).await, kr(940));
    let id = world.id();
    world.store.open_deposit(deposit(id, &kiosk, BO, kr(100)), START).await.unwrap();
    let (one, two) = tokio::join!(world.store.pay_deposit(id, kr(100), START), other.pay_deposit(id, kr(100), START));
    let moved = [one.unwrap(), two.unwrap()].iter().filter(|moved| matches!(moved, Moved::Moved(_))).count();
    assert_eq!((moved, world.balance(BO).await), (1, kr(100)));
}

pub async fn a_server_that_comes_back_is_used_again_and_nothing_is_lost(world: &World) {
    let (kiosk, till) = (world.kiosk().await, world.till().await);
    world.fund(&kiosk, ANNA, kr(100)).await;
    world.buy(&till, &world.sale(kr(20))).await;
    // Every connection is cut, as a restart of the database does it.
    let (client, connection) = tokio_postgres::connect(&world.url.reveal(), tokio_postgres::NoTls).await.unwrap();
    let cutting = tokio::spawn(connection);
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid()";
    client.batch_execute(cut).await.unwrap();
    drop(client);
    cutting.await.unwrap().unwrap();
    assert_eq!(world.buy(&till, &world.sale(kr(20))).await, Outcome::Posted);
    assert_eq!(world.balance(ANNA).await, kr(60));
}

pub async fn a_key_that_is_taken_is_not_tried_for_ever(world: &World) {
    let metrics = sync_server::metrics::Metrics::new(world.store.metrics());
    let tries = || {
        let text = metrics.text();
        let line = text.lines().find_map(|line| line.strip_prefix("madkort_store_retries_total ")).unwrap();
        line.parse::<u32>().unwrap()
    };
    let before = tries();
    // A number that another card has: whoever looks again finds it there again.
    let twin = CardRecord {
        number: card(ANNAS_CARD, 1, 1, CardStatus::Active).number,
        ..card(BOS_CARD, 2, 2, CardStatus::Active)
    };
    let refused = world.store.put(SCHOOL, vec![Thing::Card(twin)]).await;
    assert!(matches!(refused, Err(StoreError::Engine { .. })), "{refused:?}");
    assert_eq!(tries() - before, 1, "another server may have taken it meanwhile, once");
    // Nobody else in its group comes to harm, and the next one goes through.
    let (kiosk, till) = (world.kiosk().await, world.till().await);
    world.fund(&kiosk, ANNA, kr(100)).await;
    assert_eq!(world.buy(&till, &world.sale(kr(20))).await, Outcome::Posted);
}

/// A server knows from one sale to the next how things stand. What another program wrote in between counts all the same.
pub async fn what_another_program_wrote_counts_at_the_next_sale(world: &World) {
    let (kiosk, till) = (world.kiosk().await, world.till().await);
    world.fund(&kiosk, ANNA, kr(100)).await;
    let other = world.second();
    // In turns, so that each has looked everything up before the other changes it.
    for store in [&world.store, &other, &world.store, &other, &world.store] {
        assert_eq!(buy(&**store, till.id, &world.sale(kr(15))).await, Outcome::Posted);
    }
    assert_eq!(world.balance(ANNA).await, kr(25));
    assert_eq!(buy(&*other, till.id, &world.sale(kr(20))).await, Outcome::Posted);
    assert_eq!(refused(&world.buy(&till, &world.sale(kr(20))).await), Rule::Balance);
    assert!(other.revoke(till.id, START).await.unwrap());
    let sale = world.sale(kr(1));
    assert_eq!(world.store.purchase(SCHOOL, till.id, sale, START).await.unwrap(), Purchasing::UnknownDevice);
}

/// The role that the guide gives a server: it adds to what is written for ever, and cannot change it.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_needs_no_right_to_change_what_is_written_for_ever() {
    let ledgers = Ledgers::postgres();
    let owner = ledgers.fresh().reveal();
    let database = owner.rsplit('/').next().unwrap();
    let guide = include_str!("../../LEDGER.md");
    let rights = guide.split("```sql").nth(1).unwrap().split("```").next().unwrap();
    let postgres = ledgers.postgres.as_ref().unwrap();
    postgres.tell(database, &format!("CREATE ROLE madkort_server LOGIN; {rights}")).unwrap();
    let url = owner.replacen("madkort@", "madkort_server@", 1);
    assert_ne!(url, owner);
    let world = World::new(DatabaseUrl::parse(&url).unwrap()).await;
    let (kiosk, till) = (world.kiosk().await, world.till().await);
    world.fund(&kiosk, ANNA, kr(100)).await;
    assert_eq!(world.buy(&till, &world.sale(kr(20))).await, Outcome::Posted);
    assert_eq!(world.outcome(&kiosk, world.order(&kiosk, lasagne("K1-1"))).await, Outcome::Posted);
    assert_eq!(world.store.capture_due(CUT_OFF + jiff::SignedDuration::from_secs(1), 10).await.unwrap().len(), 1);
    world.audited().await;

    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
    let connected = tokio::spawn(connection);
    for (table, column) in [("transactions", "text"), ("entries", "amount"), ("links", "hash")] {
        let slips = [
            format!("UPDATE {table} SET {column} = {column}"),
            format!("DELETE FROM {table}"),
            format!("TRUNCATE {table}"),
        ];
        for slip in slips {
            let refused = client.batch_execute(&slip).await.unwrap_err();
            assert_eq!(refused.code(), Some(&tokio_postgres::error::SqlState::INSUFFICIENT_PRIVILEGE), "{slip}");
        }
    }
    drop(client);
    connected.await.unwrap().unwrap();
}
