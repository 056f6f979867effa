//! Any story of auto top-up, told to a real store on each engine and to the sandbox behind it at once: people buy, pay in, pause
//! and change cards, the gateway declines, hangs, loses and repeats itself, calls are cut off, news comes twice and late. After
//! every step the two sides' books fit together; at the end each øre that was taken is where it belongs.
#![allow(clippy::unwrap_used)]

mod ledgers;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use ledgers::{ANNA, BO, Ledgers, SCHOOL, START, Signer, World, kr, uid};
use madkort_ledger::recharge::{BELOW, Caps, Event};
use madkort_protocol::*;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestError, TestRunner};
use rusqlite::{Connection, OpenFlags};
use sync_server::payments::cards::TEST_CARDS;
use sync_server::payments::{Gateway, Payments, Sandbox, StoredCharge};
use sync_server::store::*;
use tokio_postgres::NoTls;
use uuid::Uuid;

/// Steps in one story.
const STEPS: usize = 50;
/// Stories in the short form; `PROPTEST_CASES` asks for more, with another seed each time.
const STORIES: u32 = 12;
/// What each account begins with: auto top-up is armed.
const FUNDS: i32 = 120;
/// What a mandate charges.
const AMOUNT: i32 = 100;

const ACCOUNTS: [AccountId; 2] = [ANNA, BO];

/// What must be none, whatever happened. Each counts what is wrong.
const NEVER: [(&str, &str); 7] = [
    (
        "two open charges of one account",
        "SELECT count(*) FROM (SELECT account FROM charges WHERE state IN ('created', 'sent', 'unknown')
             GROUP BY account HAVING count(*) > 1) AS x",
    ),
    (
        "a charge that no purchase of its account caused",
        "SELECT count(*) FROM charges c WHERE NOT EXISTS (SELECT 1 FROM transactions t
             WHERE t.id = c.cause AND t.refusal IS NULL AND t.kind = 'purchase')",
    ),
    (
        "two charges for one purchase",
        "SELECT count(*) FROM (SELECT cause FROM charges WHERE state <> 'declined'
             GROUP BY cause HAVING count(*) > 1) AS x",
    ),
    (
        "money without a settled charge",
        "SELECT count(*) FROM transactions t WHERE t.kind = 'recharge' AND NOT EXISTS (SELECT 1 FROM charges c
             WHERE c.id = t.id AND c.cause = t.about AND c.state = 'succeeded' AND c.settled_at IS NOT NULL)",
    ),
    (
        "a settled charge without its money",
        "SELECT count(*) FROM charges c WHERE c.state = 'succeeded' AND NOT EXISTS (SELECT 1 FROM transactions t
             WHERE t.id = c.id AND t.kind = 'recharge' AND t.refusal IS NULL)",
    ),
    ("an account that owes", "SELECT count(*) FROM accounts a JOIN books b ON b.id = a.book WHERE b.balance < 0"),
    ("a sum that is not zero", "SELECT count(*) FROM (SELECT sum(balance) AS sum FROM books) AS x WHERE sum <> 0"),
];

/// One thing that happens.
#[derive(Clone, Debug)]
enum Act {
    /// Somebody buys; the wake-up that follows may be lost.
    Buy { who: usize, ore: i64, woken: bool },
    /// The same wake-up, from two places at once.
    WokenTwice { who: usize },
    /// Somebody pays in at the kiosk.
    PayIn { who: usize },
    /// The payment card behind the mandate does something else from now on.
    Card { who: usize, card: usize },
    /// The server is killed over a charge: before the call, in it, or after the gateway heard it.
    Killed { who: usize, at: Kill },
    /// News of some charge, old or new, as often as the gateway likes.
    News { nth: usize, times: usize },
    /// The jobs look around, perhaps at a new start.
    Look { at_start: bool },
    /// The holder does something to the mandate.
    Holder { who: usize, event: Event },
    /// Time passes.
    Wait { seconds: i64 },
}

#[derive(Clone, Copy, Debug)]
enum Kill {
    Before,
    During,
    After,
}

fn acts() -> impl Strategy<Value = Act> {
    let who = 0..ACCOUNTS.len();
    let kills = prop::sample::select(vec![Kill::Before, Kill::During, Kill::After]);
    let holder = prop::sample::select(vec![Event::Paused, Event::Resumed, Event::Resumed, Event::CardChanged]);
    let waits = prop::sample::select(vec![1, 5, 31, 121, 299, 601, 3_601, 86_400, 3 * 86_400]);
    prop_oneof![
        12 => (who.clone(), 100_i64..6_000, prop::bool::weighted(0.8))
            .prop_map(|(who, ore, woken)| Act::Buy { who, ore, woken }),
        2 => who.clone().prop_map(|who| Act::WokenTwice { who }),
        1 => who.clone().prop_map(|who| Act::PayIn { who }),
        5 => (who.clone(), 0..TEST_CARDS.len()).prop_map(|(who, card)| Act::Card { who, card }),
        3 => (who.clone(), kills).prop_map(|(who, at)| Act::Killed { who, at }),
        4 => (0_usize..8, 1_usize..4).prop_map(|(nth, times)| Act::News { nth, times }),
        5 => prop::bool::weighted(0.3).prop_map(|at_start| Act::Look { at_start }),
        3 => (who, holder).prop_map(|(who, event)| Act::Holder { who, event }),
        6 => waits.prop_map(|seconds| Act::Wait { seconds }),
    ]
}

/// Both sides, and the time.
struct Scene {
    world: World,
    till: Signer,
    kiosk: Signer,
    sandbox: Arc<Sandbox>,
    payments: Payments,
    now: Timestamp,
    /// Paid in at the kiosk so far.
    paid_in: Money,
}

impl Scene {
    async fn set(ledgers: &Ledgers) -> Self {
        let world = World::new(ledgers.fresh()).await;
        let (till, kiosk) = (world.till().await, world.kiosk().await);
        let file = ledgers.folder.path().join(format!("sandbox-{}.db", Uuid::new_v4()));
        let sandbox = Arc::new(Sandbox::open(&file).unwrap());
        let payments = Payments::with_sandbox(world.store.clone(), sandbox.clone(), "http://127.0.0.1");
        let mut scene = Self { world, till, kiosk, sandbox, payments, now: START, paid_in: kr(0) };
        for who in 0..ACCOUNTS.len() {
            scene.pay_in(who, kr(FUNDS)).await;
            scene.world.store.put_mandate(mandate(who)).await.unwrap();
            scene.sandbox.store_card(&reference(who), &TEST_CARDS[0]).await.unwrap();
        }
        scene
    }

    async fn pay_in(&mut self, who: usize, amount: Money) {
        self.world.fund(&self.kiosk, ACCOUNTS[who], amount).await;
        self.paid_in = self.paid_in.plus(amount).unwrap();
    }

    async fn play(&mut self, act: &Act) {
        let store = self.world.store.clone();
        match *act {
            Act::Buy { who, ore, woken } => {
                let card_uid = uid(u8::try_from(who).unwrap() + 1);
                let sale = PurchaseRequest { card_uid, ..self.world.sale(Money::from_ore(ore)) };
                let said = store.purchase(SCHOOL, self.till.id, sale, self.now).await.unwrap();
                let Purchasing::Settled { account, .. } = said else { panic!("{said:?}") };
                if let Some(account) = account.filter(|_| woken) {
                    self.payments.consider(account, self.now).await.unwrap();
                }
            }
            Act::WokenTwice { who } => {
                let (one, two) = tokio::join!(
                    self.payments.consider(ACCOUNTS[who], self.now),
                    self.payments.consider(ACCOUNTS[who], self.now)
                );
                assert!([one.unwrap(), two.unwrap()].iter().flatten().count() < 2, "both began a charge");
            }
            Act::PayIn { who } => self.pay_in(who, kr(50)).await,
            Act::Card { who, card } => {
                self.sandbox.store_card(&reference(who), &TEST_CARDS[card]).await.unwrap();
            }
            Act::Killed { who, at } => self.kill(who, at).await,
            Act::News { nth, times } => {
                let charges = self.charges().await;
                let Some(charge) = charges.get(nth) else { return };
                for _ in 0..times {
                    self.payments.hint(*charge, self.now).await.unwrap();
                }
            }
            Act::Look { at_start } => self.payments.look_at_top_ups(self.now, at_start).await.unwrap(),
            Act::Holder { who, event } => drop(self.step(who, event).await),
            Act::Wait { seconds } => self.now += SignedDuration::from_secs(seconds),
        }
    }

    /// What a server leaves behind that dies over a charge; nobody is left to hear the answer.
    async fn kill(&self, who: usize, at: Kill) {
        let Some(Stepped { charge: Some(charge), effects, .. }) = self.step(who, Event::Posted).await else { return };
        if effects.is_empty() || matches!(at, Kill::Before) {
            return;
        }
        self.step(who, Event::Sending).await;
        if matches!(at, Kill::After) {
            let call = StoredCharge { key: charge.id, card: reference(who), amount: charge.amount };
            let _unheard = self.sandbox.charge(call).await;
        }
    }

    async fn step(&self, who: usize, event: Event) -> Option<Stepped> {
        let (account, new_id, now) = (ACCOUNTS[who], self.world.id(), self.now);
        let stepping = Stepping { account, event, mandate: None, reference: None, new_id, now };
        self.world.store.recharge(stepping).await.unwrap()
    }

    /// Every charge there ever was, newest first.
    async fn charges(&self) -> Vec<OperationId> {
        let keys = keys(&self.world.url, "SELECT id FROM charges ORDER BY created_at DESC, id DESC").await;
        keys.into_iter().map(|key| OperationId::new(Uuid::from_slice(&key).unwrap())).collect()
    }

    async fn check(&self, after: &Act) -> Result<(), TestCaseError> {
        for (wrong, sql) in NEVER {
            prop_assert_eq!(count(&self.world.url, sql).await, 0, "{} after {:?}", wrong, after);
        }
        // Nobody is credited what the gateway has not taken.
        let taken = self.sandbox.taken().await.unwrap();
        for id in self.charges().await {
            let charge = self.world.store.charge(id).await.unwrap().unwrap();
            if charge.state == ChargeState::Succeeded {
                prop_assert!(taken.contains(&(id.to_string(), charge.amount)), "{:?} after {:?}", charge, after);
            }
        }
        Ok(())
    }

    /// In the end the gateway answers, and everybody agrees.
    async fn settle(&mut self) -> Result<usize, TestCaseError> {
        for _ in 0..6 {
            self.payments.look_at_top_ups(self.now, true).await.unwrap();
            self.now += SignedDuration::from_hours(25);
        }
        prop_assert_eq!(self.world.store.open_charges(Timestamp::MAX, 10).await.unwrap(), vec![]);
        let taken = self.sandbox.taken().await.unwrap();
        for (key, amount) in &taken {
            let charge = self.world.store.charge(OperationId::parse(key).unwrap()).await.unwrap().unwrap();
            prop_assert_eq!((charge.state, charge.amount), (ChargeState::Succeeded, *amount));
        }
        let all = Money::sum(taken.iter().map(|(_, amount)| *amount)).unwrap().plus(self.paid_in).unwrap();
        let books = self.world.store.balances(SCHOOL).await.unwrap();
        let gateway = books.iter().find(|(name, _)| name == "gateway:sandbox").map(|(_, balance)| *balance);
        prop_assert_eq!(gateway, Some(all.negated().unwrap()));
        let verdict = self.world.store.verify(START).await.unwrap();
        prop_assert!(verdict.is_ok(), "{:?}", verdict);
        Ok(taken.len())
    }
}

fn reference(who: usize) -> String {
    format!("card-{who}")
}

fn mandate(who: usize) -> Mandate {
    Mandate {
        id: MandateId::new(Uuid::from_u128(0xa_0000 + who as u128)),
        school: SCHOOL,
        account: ACCOUNTS[who],
        amount: kr(AMOUNT),
        below: BELOW,
        state: MandateState::Active,
        gateway: "sandbox".into(),
        reference: reference(who),
        caps: Caps { day: kr(300), week: Some(kr(1_000)), month: kr(3_000) },
        email: "mor@skole.example".into(),
        terms_version: "1".into(),
        language: Language::Danish,
        given_by: PersonId::new(Uuid::from_u128(1 + who as u128)),
        created_at: START,
        changed_by: None,
        changed_at: None,
        last_four: None,
    }
}

/// One number, read beside the store.
async fn count(url: &DatabaseUrl, sql: &str) -> i64 {
    match url {
        DatabaseUrl::Sqlite(path) => read_only(path).query_row(sql, [], |row| row.get(0)).unwrap(),
        DatabaseUrl::Postgres(_) => {
            let rows = ask(url, sql).await;
            rows[0].get(0)
        }
    }
}

/// A column of keys, read beside the store.
async fn keys(url: &DatabaseUrl, sql: &str) -> Vec<Vec<u8>> {
    match url {
        DatabaseUrl::Sqlite(path) => {
            let db = read_only(path);
            let mut statement = db.prepare(sql).unwrap();
            let rows = statement.query_map([], |row| row.get(0)).unwrap();
            rows.collect::<Result<_, _>>().unwrap()
        }
        DatabaseUrl::Postgres(_) => ask(url, sql).await.iter().map(|row| row.get(0)).collect(),
    }
}

fn read_only(path: &std::path::Path) -> Connection {
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    db.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
    db
}

async fn ask(url: &DatabaseUrl, sql: &str) -> Vec<tokio_postgres::Row> {
    let (client, connection) = tokio_postgres::connect(&url.reveal(), NoTls).await.unwrap();
    let line = tokio::spawn(connection);
    let rows = client.query(sql, &[]).await.unwrap();
    drop(client);
    line.await.unwrap().unwrap();
    rows
}

/// How many charges were taken in all stories, or why one went wrong.
fn run(ledgers: &Ledgers, cases: u32) -> Result<usize, String> {
    let tasks = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let more = std::env::var_os("PROPTEST_CASES").is_some();
    let fixed = Config { cases, rng_seed: RngSeed::Fixed(0x6f70_7461_6e6b), ..Config::default() };
    let config = if more { Config::default() } else { fixed };
    let config = Config { failure_persistence: None, max_shrink_iters: 0, ..config };
    let taken = std::sync::atomic::AtomicUsize::new(0);
    let tell = |acts: Vec<Act>| {
        tasks.block_on(async {
            let mut scene = Scene::set(ledgers).await;
            for act in &acts {
                scene.play(act).await;
                scene.check(act).await?;
            }
            taken.fetch_add(scene.settle().await?, std::sync::atomic::Ordering::Relaxed);
            Ok(())
        })
    };
    let stories = prop::collection::vec(acts(), STEPS / 2..STEPS);
    TestRunner::new(config).run(&stories, tell).map_err(|error| match error {
        TestError::Fail(reason, acts) => format!("{reason}\n{acts:?}"),
        TestError::Abort(reason) => reason.to_string(),
    })?;
    Ok(taken.into_inner())
}

#[test]
fn sqlite_and_the_sandbox_agree() {
    let taken = run(&Ledgers::sqlite(), STORIES).unwrap();
    assert!(taken > usize::try_from(STORIES).unwrap(), "not even one a story was charged: {taken}");
}

#[test]
fn postgres_and_the_sandbox_agree() {
    let taken = run(&Ledgers::postgres(), STORIES).unwrap();
    assert!(taken > usize::try_from(STORIES).unwrap(), "not even one a story was charged: {taken}");
}
