//! Any story of movements, told to a real store on each engine and to a second, simpler model of the books: both say the same
//! after every step. A store that is broken on purpose is found out.
#![allow(clippy::unwrap_used)]

#[path = "ledgers/mod.rs"]
mod ledgers;
#[path = "../ledger/tests/model/mod.rs"]
mod model;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU32, Ordering};

use jiff::civil::{Date, date};
use jiff::{SignedDuration, Span, Timestamp};
use ledgers::{Ledgers, SCHOOL, Signer, World, uid};
use madkort_ledger::caps::Caps;
use madkort_ledger::recharge::{self, Answer as Heard, Effect, Event};
use madkort_ledger::{PriceClass, deposit};
use madkort_protocol::*;
use model::{ACCOUNTS, Command, GUEST, Line, Model, Selling, Step, account_id, card, stories};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestError, TestRunner};
use sync_server::store::*;
use uuid::Uuid;

/// Wishes in one story.
const WISHES: usize = 60;
/// Stories in the short form; `PROPTEST_CASES` asks for more, with another seed each time.
const STORIES: u32 = 12;
/// Who staff is: may use every account, and is never blocked.
const STAFF: u8 = 99;

/// After every story.
fn never() -> Timestamp {
    "2200-01-01T00:00:00Z".parse().unwrap()
}

fn day_of(order: u64) -> Date {
    date(2100, 1, 1).saturating_add(Span::new().days(i64::try_from(order % 10_000).unwrap()))
}

fn product(order: u64, n: u128, line: &Line) -> Product {
    Product {
        id: ProductId::new(Uuid::from_u128(u128::from(order) << 64 | n)),
        category: Category::Cold,
        name_da: String::new(),
        name_en: String::new(),
        about_da: String::new(),
        about_en: String::new(),
        price: money(line.ore),
        vat_percent: line.vat,
        allergens: vec![],
        picture: None,
    }
}

/// A store, and what drives it.
struct Told<'a> {
    world: &'a World,
    kiosk: Signer,
    tills: [Signer; 2],
    seq: u64,
    /// What was said to a step with a key, for movements whose key the store makes.
    answers: BTreeMap<u64, Result<(), Rule>>,
}

type Said = Result<(), Rule>;

fn money(ore: i64) -> Money {
    Money::from_ore(ore)
}

/// A key as a device makes it.
fn id(key: u64) -> OperationId {
    let builder = uuid::Builder::from_u128(key.into()).with_version(uuid::Version::SortRand);
    OperationId::new(builder.with_variant(uuid::Variant::RFC4122).into_uuid())
}

fn card_of(account: usize) -> CardId {
    CardId::new(Uuid::from_u128(500 + account as u128))
}

fn uid_of(account: usize) -> CardUid {
    uid(u8::try_from(account).unwrap() + 100)
}

fn said(outcome: &Outcome) -> Said {
    match outcome {
        Outcome::Posted | Outcome::AlreadyPosted => Ok(()),
        Outcome::Refused(refusal) => Err(refusal.rule),
    }
}

fn at_till(settled: AtTill<Answer>) -> Said {
    let AtTill::Settled { answer, .. } = settled else { panic!("{settled:?}") };
    said(&answer.outcome)
}

/// How much of what the store is told in its own way was told: a story in which nothing is possible proves nothing.
#[derive(Debug, Default)]
struct Tally {
    subsidised: AtomicU32,
    topped_up: AtomicU32,
    expired: AtomicU32,
    sold_offline: AtomicU32,
    ordered_offline: AtomicU32,
    /// Offline, and more or longer ago than the school allows.
    kept_from: AtomicU32,
}

/// Makes a step one that a store can be told: there an account has a price class, so a subsidy pays all, half or nothing. Answers
/// with the class that each account must be in for it: of a batch, the one that its first sale to the account asks for.
fn classed(step: &mut Step) -> BTreeMap<usize, PriceClass> {
    let mut classes = BTreeMap::new();
    let mut settle = |account: usize, price: Money, subsidised: &mut i64| {
        let class = *classes.entry(account).or_insert(match *subsidised {
            ..=0 => PriceClass::Paid,
            part if part >= price.ore() => PriceClass::Free,
            _ => PriceClass::Reduced,
        });
        *subsidised = class.subsidised(price).ore();
    };
    match &mut step.command {
        Command::Authorise { account, ore, subsidised } | Command::Buy { account, ore, subsidised, .. } => {
            settle(*account, money(*ore), subsidised);
        }
        Command::Batch { sales, .. } => {
            for sale in sales {
                settle(sale.account, money(sale.ore), &mut sale.subsidised);
            }
        }
        Command::Order { account, lines, subsidised, .. } => settle(*account, price_of(lines), subsidised),
        _ => {}
    }
    classes
}

/// What an order comes to, and nothing if that is no amount.
fn price_of(lines: &[Line]) -> Money {
    let sums: Result<Vec<_>, _> = lines.iter().map(|line| money(line.ore).times(line.quantity)).collect();
    sums.and_then(Money::sum).unwrap_or_default()
}

fn things() -> Vec<Thing> {
    let mut things = vec![Thing::School(ledgers::school())];
    let person = |n: usize, accounts: Vec<usize>| {
        Thing::Person(Person {
            id: PersonId::new(Uuid::from_u128(700 + n as u128)),
            name: format!("Person {n}"),
            kind: PersonKind::Pupil,
            class: None,
            email: None,
            language: Language::Danish,
            accounts: accounts.into_iter().map(account_id).collect(),
        })
    };
    things.extend([person(0, vec![0, 1]), person(1, vec![1, 0]), person(2, vec![2]), person(3, vec![3])]);
    things.push(person(usize::from(STAFF), vec![0, 1, 2, 3]));
    for account in 0..ACCOUNTS {
        let kind = if account == GUEST { AccountKind::Guest } else { AccountKind::Card };
        let owner = PersonId::new(Uuid::from_u128(700 + account as u128));
        things.push(Thing::Account(NewAccount { id: account_id(account), owner, label: format!("{account}"), kind }));
        things.push(a_card(account, CardStatus::Active));
    }
    things.push(a_card(usize::from(STAFF), CardStatus::Active));
    things
}

fn a_card(account: usize, status: CardStatus) -> Thing {
    let n = u8::try_from(account % 50).unwrap() + 50;
    let known = ledgers::card(card_of(account), n, 700 + account as u128, status);
    Thing::Card(CardRecord { uid: uid_of(account), ..known })
}

/// A sale as a till asks for it.
fn asked(key: u64, sale: &Selling) -> PurchaseRequest {
    PurchaseRequest {
        id: id(key),
        card_uid: uid_of(sale.account),
        amount: money(sale.ore),
        vat_percent: sale.vat,
        text: "Frokost".into(),
        authorisation: sale.authorisation.map(id),
    }
}

/// Permission to charge an amount whenever there is a purchase to charge for.
fn mandate(account: usize, amount: Money, now: Timestamp) -> Mandate {
    let all = money(i64::MAX);
    Mandate {
        id: MandateId::new(Uuid::from_u128(900 + account as u128)),
        school: SCHOOL,
        account: account_id(account),
        amount,
        below: all,
        state: MandateState::Active,
        gateway: "sandbox".into(),
        reference: "card".into(),
        caps: recharge::Caps { day: all, week: None, month: all },
        email: "mor@skole.example".into(),
        terms_version: "1".into(),
        language: Language::Danish,
        given_by: PersonId::new(Uuid::from_u128(700 + account as u128)),
        created_at: now,
        changed_by: None,
        changed_at: None,
        last_four: None,
    }
}

impl<'a> Told<'a> {
    async fn to(world: &'a World) -> Self {
        world.store.put(SCHOOL, things()).await.unwrap();
        let (kiosk, tills) = (world.kiosk().await, [world.till().await, world.till().await]);
        Self { world, kiosk, tills, seq: 0, answers: BTreeMap::new() }
    }

    async fn apply(&mut self, model: &Model, step: &Step, now: Timestamp) -> Said {
        let store = &*self.world.store;
        let key = id(step.key);
        match step.command {
            Command::Deposit { account, ore } => {
                let school = ledgers::school();
                deposit::check_amount(money(ore), school.deposit).map_err(|refusal| refusal.rule)?;
                self.pay_in(key, account, money(ore), money(ore), now).await
            }
            Command::Stray { ore } => {
                if !(1..=deposit::MOST.ore()).contains(&ore) {
                    return Err(Rule::Amount);
                }
                self.pay_in(key, 0, money(ore + 1), money(ore), now).await
            }
            Command::Authorise { account, ore, .. } => {
                let request = AuthorisationRequest { id: key, card_uid: uid_of(account), amount: money(ore) };
                at_till(store.authorise(self.tills[0].id, request, now).await.unwrap())
            }
            Command::GiveUp { authorisation } => {
                let till = self.tills[0].id;
                at_till(store.release(till, id(authorisation), Release { id: key }, now).await.unwrap())
            }
            Command::Buy { account, ore, subsidised, vat, authorisation } => {
                let request = asked(step.key, &Selling { account, ore, subsidised, vat, authorisation });
                let settled = store.purchase(SCHOOL, self.tills[0].id, request, now).await.unwrap();
                let Purchasing::Settled { answer, .. } = settled else { panic!("{settled:?}") };
                said(&answer.outcome)
            }
            Command::Batch { ref sales, age } => {
                let claimed_at = now - SignedDuration::from_secs(age);
                let sale = |(key, sale)| OfflinePurchase { claimed_at, purchase: asked(key, sale) };
                let batch = PurchaseBatch { purchases: (step.key..).zip(sales).map(sale).collect() };
                let settled = store.purchase_batch(self.tills[0].id, batch, now).await.unwrap();
                let AtTill::Settled { answer, .. } = settled else { panic!("{settled:?}") };
                assert_eq!(answer.len(), sales.len());
                answer.iter().try_for_each(|answer| said(&answer.outcome))
            }
            Command::Undo { sale, own } => {
                let till = &self.tills[usize::from(!own)];
                at_till(store.undo(till.id, id(sale), Undo { id: key }, now).await.unwrap())
            }
            Command::Order { account, ref lines, age, .. } => self.order(step.key, account, lines, age, now).await,
            Command::Cancel { order, age } => {
                let holder = model.holds.get(&order).map_or(0, |held| held.account);
                let cancel = CancelOrder { card: card_of(holder), order: id(order) };
                self.push(key, OperationBody::CancelOrder(cancel), age, now).await
            }
            Command::Capture { order } => self.capture(step.key, order, now).await,
            Command::Block { account, blocked } => {
                let status = if blocked { CardStatus::Blocked } else { CardStatus::Active };
                store.put(SCHOOL, vec![a_card(account, status)]).await.unwrap();
                Ok(())
            }
            Command::Cap { account, caps } => {
                let [day, week, month] = caps.map(|cap| cap.map(money));
                assert!(store.set_caps(SCHOOL, account_id(account), Caps { day, week, month }).await.unwrap());
                Ok(())
            }
            Command::Recharge { .. } | Command::Expire { .. } => unreachable!("told in their own way"),
            ref other => self.movement(model, step.key, other, now).await,
        }
    }

    async fn movement(&mut self, model: &Model, key: u64, command: &Command, now: Timestamp) -> Said {
        if let Some(before) = self.answers.get(&key) {
            return *before;
        }
        let store = &self.world.store;
        let (movement, again) = match *command {
            Command::Transfer { from, to, ore } => {
                let (card, from, to) = (card_of(from), account_id(from), account_id(to));
                (Movement::Transfer { card, from, to, amount: money(ore) }, Ok(()))
            }
            Command::Withdraw { account, ore } => {
                let (card, account) = (card_of(account), account_id(account));
                (Movement::RequestWithdrawal { card, account, amount: money(ore) }, Ok(()))
            }
            Command::CallOff { withdrawal } => {
                let holder = model.holds.get(&withdrawal).map_or(0, |held| held.account);
                let (card, withdrawal) = (card_of(holder), id(withdrawal));
                (Movement::CancelWithdrawal { card, withdrawal }, Ok(()))
            }
            Command::Send { withdrawal } => {
                (Movement::SendWithdrawal { withdrawal: id(withdrawal) }, Err(Rule::Withdrawal))
            }
            Command::Settle { withdrawal } => {
                (Movement::SettleWithdrawal { withdrawal: id(withdrawal) }, Err(Rule::Withdrawal))
            }
            Command::Return { withdrawal } => {
                (Movement::ReturnWithdrawal { withdrawal: id(withdrawal) }, Err(Rule::Withdrawal))
            }
            Command::Refund { order } => {
                let reason = "Retten kom ikke".to_owned();
                (Movement::RefundOrder { order: id(order), reason }, Err(Rule::Order))
            }
            Command::Correct { wrong, right } => {
                let legs = |(account, ore): (usize, i64)| {
                    vec![(card(account), money(ore)), ("corrections".to_owned(), money(ore.wrapping_neg()))]
                };
                let reason = "PH: tastet forkert".to_owned();
                (Movement::Correct { wrong: id(wrong), right: right.map(legs), reason }, Ok(()))
            }
            Command::Issue { account, ore } => {
                (Movement::IssueGuestCard { account: account_id(account), amount: money(ore) }, Ok(()))
            }
            Command::TakeIn { account } => (Movement::ReturnGuestCard { account: account_id(account) }, Ok(())),
            ref other => unreachable!("{other:?}"),
        };
        let moving = store.carry_out(SCHOOL, id(key), movement, now).await.unwrap();
        let Moving::Settled(outcome) = moving else { panic!("{moving:?}") };
        // A step that follows from another and was made under another key has been made.
        let answer = if outcome == Outcome::AlreadyPosted { again } else { said(&outcome) };
        self.answers.insert(key, answer);
        answer
    }

    /// An order on a day of its own, so that it can be captured alone.
    async fn order(&mut self, key: u64, account: usize, lines: &[Line], age: Option<i64>, now: Timestamp) -> Said {
        let date = day_of(key);
        let products: Vec<_> = (0_u128..).zip(lines).map(|(n, line)| product(key, n, line)).collect();
        if !self.answers.contains_key(&key) {
            let day = MenuDay {
                date,
                cut_off: never(),
                products: products.iter().map(|product| product.id).collect(),
                portions: vec![],
            };
            let menu = products.iter().cloned().map(Thing::Product).chain([Thing::Day(day)]).collect();
            self.world.store.put(SCHOOL, menu).await.unwrap();
        }
        let asked = products.iter().zip(lines).map(|(product, line)| LineRequest {
            product: product.id,
            quantity: line.quantity,
            price: product.price,
            comment: String::new(),
        });
        let order = PlaceOrder {
            number: "K1-1".into(),
            card: card_of(account),
            account: account_id(account),
            date,
            lines: asked.collect(),
            total: price_of(lines),
        };
        let said = self.push(id(key), OperationBody::PlaceOrder(order), age, now).await;
        self.answers.insert(key, said);
        said
    }

    /// What a kiosk did, with the server in reach, or so many seconds ago without it.
    async fn push(&mut self, id: OperationId, body: OperationBody, age: Option<i64>, now: Timestamp) -> Said {
        self.seq += 1;
        let claimed_at = now - SignedDuration::from_secs(age.unwrap_or_default());
        let operation = Operation { id, seq: self.seq, claimed_at, offline: age.is_some(), body };
        let push = Push { operations: vec![operation] };
        let pushing = self.world.store.push(self.kiosk.id, push, now).await.unwrap();
        let Pushing::Settled(pushed) = pushing else { panic!("{pushing:?}") };
        said(&pushed.answers[0].outcome)
    }

    /// Puts the cut-off of the order's day behind us.
    async fn capture(&mut self, key: u64, order: u64, now: Timestamp) -> Said {
        if let Some(before) = self.answers.get(&key) {
            return *before;
        }
        let cut_off = now - SignedDuration::from_secs(1);
        let day = MenuDay { date: day_of(order), cut_off, products: vec![], portions: vec![] };
        self.world.store.put(SCHOOL, vec![Thing::Day(day)]).await.unwrap();
        let captured = self.world.store.capture_due(now, 100).await.unwrap();
        // Nobody may order for it any more, and what is left of it can still be called off in the model.
        let day = MenuDay { date: day_of(order), cut_off: never(), products: vec![], portions: vec![] };
        self.world.store.put(SCHOOL, vec![Thing::Day(day)]).await.unwrap();
        let said = if captured == [id(order)] { Ok(()) } else { Err(Rule::Order) };
        self.answers.insert(key, said);
        said
    }

    /// A charge as auto top-up makes it for the newest purchase; `None` if it says that none is due.
    async fn recharge(&mut self, key: u64, account: usize, ore: i64, now: Timestamp) -> Option<Said> {
        let answer = Event::Answered { charge: id(key), answer: Heard::Succeeded };
        if let Some(before) = self.answers.get(&key).copied() {
            // The gateway says it once more.
            self.top_up(key, account, answer, now).await;
            return Some(before);
        }
        if !(1..=deposit::MOST.ore()).contains(&ore) {
            return None;
        }
        self.world.store.put_mandate(mandate(account, money(ore), now)).await.unwrap();
        let effects = self.top_up(key, account, Event::Posted, now).await;
        if !matches!(effects[..], [Effect::Intend(attempt)] if attempt.charge == id(key)) {
            return None;
        }
        assert_eq!(self.top_up(key, account, Event::Sending, now).await, [Effect::Call(id(key))]);
        assert_eq!(self.top_up(key, account, answer, now).await, [Effect::Post(id(key))]);
        self.answers.insert(key, Ok(()));
        Some(Ok(()))
    }

    async fn top_up(&self, key: u64, account: usize, event: Event, now: Timestamp) -> Vec<Effect> {
        let (account, new_id) = (account_id(account), id(key));
        let stepping = Stepping { account, event, mandate: None, reference: None, new_id, now };
        self.world.store.recharge(stepping).await.unwrap().unwrap().effects
    }

    /// The store ends every authorisation whose time is up, and so does the model, one by one. Says how many.
    async fn expire(&self, model: &mut Model, now: Timestamp) -> Result<u32, TestCaseError> {
        let ended: BTreeSet<_> = self.world.store.expire_due(now, 1_000).await.unwrap().into_iter().collect();
        let over = |held: &model::Held| held.kind == "sales" && held.open && held.until.is_some_and(|end| end <= now);
        let due: Vec<u64> = model.holds.iter().filter(|(_, held)| over(held)).map(|(key, _)| *key).collect();
        prop_assert_eq!(ended, due.iter().copied().map(id).collect::<BTreeSet<_>>());
        for authorisation in &due {
            let command = Command::Expire { authorisation: *authorisation };
            let step = Step { key: model.next_key(), command };
            prop_assert_eq!(model.apply(&step, now), Ok(()), "{:?}", &step);
        }
        Ok(u32::try_from(due.len()).unwrap())
    }

    async fn pay_in(&self, key: OperationId, account: usize, asked: Money, got: Money, now: Timestamp) -> Said {
        let opened = ledgers::deposit(key, &self.kiosk, account_id(account), asked);
        let opened = NewDeposit { card: card_of(usize::from(STAFF)), ..opened };
        let opening = self.world.store.open_deposit(opened, now).await.unwrap();
        assert!(matches!(opening, DepositOpening::Opened(_) | DepositOpening::Already(_)), "{opening:?}");
        self.world.store.pay_deposit(key, got, now).await.unwrap();
        Ok(())
    }
}

/// What must hold after every step, and at the end of the story.
async fn check(world: &World, story: &model::Story, tally: &Tally) -> Result<(), TestCaseError> {
    let mut told = Told::to(world).await;
    let mut model = Model::default();
    let mut now = story.start;
    for wish in &story.wishes {
        now += wish.wait;
        let mut step = model.ground(wish);
        let classes = classed(&mut step);
        for (account, class) in &classes {
            assert!(world.store.set_price_class(SCHOOL, account_id(*account), *class).await.unwrap());
        }
        let said = match step.command {
            Command::Expire { .. } => {
                tally.expired.fetch_add(told.expire(&mut model, now).await?, Ordering::Relaxed);
                None
            }
            Command::Recharge { account, ore } => {
                let said = told.recharge(step.key, account, ore, now).await;
                tally.topped_up.fetch_add(said.is_some().into(), Ordering::Relaxed);
                said
            }
            _ => Some(told.apply(&model, &step, now).await),
        };
        if let Some(said) = said {
            prop_assert_eq!(said, model.apply(&step, now), "{:?}", &step);
            let part = said.is_ok() && classes.values().any(|class| *class != PriceClass::Paid);
            tally.subsidised.fetch_add(part.into(), Ordering::Relaxed);
            let offline = match step.command {
                Command::Batch { .. } => Some(&tally.sold_offline),
                Command::Order { age: Some(_), .. } | Command::Cancel { age: Some(_), .. } => {
                    Some(&tally.ordered_offline)
                }
                _ => None,
            };
            if let Some(told) = offline {
                told.fetch_add(said.is_ok().into(), Ordering::Relaxed);
                let refused = matches!(said, Err(Rule::OfflineAllowance | Rule::CutOff));
                tally.kept_from.fetch_add(refused.into(), Ordering::Relaxed);
            }
        }
        for account in 0..ACCOUNTS {
            let balance = i128::from(world.balance(account_id(account)).await.ore());
            prop_assert_eq!(balance, model.balance(&card(account)), "account {} after {:?}", account, &step);
        }
    }
    let verdict = world.store.verify(story.start).await.unwrap();
    prop_assert!(verdict.is_ok(), "{:?}", verdict);
    for (book, balance) in world.store.balances(SCHOOL).await.unwrap() {
        prop_assert_eq!(i128::from(balance.ore()), model.balance(&book), "{}", book);
    }
    Ok(())
}

fn run(ledgers: &Ledgers, cases: u32, spoil: impl Fn(&DatabaseUrl)) -> Result<(), String> {
    let tasks = tokio::runtime::Runtime::new().unwrap();
    let more = std::env::var_os("PROPTEST_CASES").is_some();
    let fixed = Config { cases, rng_seed: RngSeed::Fixed(0x006d_6164_6b6f_7274), ..Config::default() };
    let config = if more { Config::default() } else { fixed };
    let config = Config { failure_persistence: None, max_shrink_iters: 0, ..config };
    let tally = Tally::default();
    let tell = |story: model::Story| {
        tasks.block_on(async {
            let world = World::new(ledgers.fresh()).await;
            spoil(&world.url);
            check(&world, &story, &tally).await
        })
    };
    TestRunner::new(config).run(&stories(WISHES), tell).map_err(|error| match error {
        // The story itself is told again by its seed.
        TestError::Fail(reason, _) | TestError::Abort(reason) => reason.to_string(),
    })?;
    let Tally { subsidised, topped_up, expired, sold_offline, ordered_offline, kept_from } = &tally;
    let told = [subsidised, topped_up, expired, sold_offline, ordered_offline, kept_from];
    if told.iter().any(|told| told.load(Ordering::Relaxed) == 0) {
        Err(format!("not everything was told: {tally:?}"))
    } else {
        Ok(())
    }
}

#[test]
fn sqlite_and_the_model_tell_the_same_story() {
    run(&Ledgers::sqlite(), STORIES, |_| {}).unwrap();
}

#[test]
fn postgres_and_the_model_tell_the_same_story() {
    run(&Ledgers::postgres(), STORIES, |_| {}).unwrap();
}

/// Ledgers that are broken on purpose must not get through.
#[test]
fn a_broken_store_is_found_out() {
    let faults = [
        (
            "an øre too much",
            "AFTER UPDATE ON books WHEN NEW.version % 5 = 0 AND NEW.version <> OLD.version
            BEGIN UPDATE books SET balance = balance + 1 WHERE id = NEW.id; END",
        ),
        ("an update lost", "BEFORE UPDATE ON books WHEN NEW.version % 5 = 0 BEGIN SELECT RAISE(IGNORE); END"),
        ("an entry swallowed", "BEFORE INSERT ON entries WHEN NEW.number % 5 = 0 BEGIN SELECT RAISE(IGNORE); END"),
        ("an outage forgotten", "BEFORE INSERT ON offline_sales BEGIN SELECT RAISE(IGNORE); END"),
        (
            "caps forgotten",
            "AFTER UPDATE OF day_cap, week_cap, month_cap ON accounts
            BEGIN UPDATE accounts SET day_cap = NULL, week_cap = NULL, month_cap = NULL WHERE id = NEW.id; END",
        ),
    ];
    for (name, trigger) in faults {
        let spoil = |url: &DatabaseUrl| {
            let DatabaseUrl::Sqlite(file) = url else { unreachable!() };
            let db = rusqlite::Connection::open(file).unwrap();
            db.execute_batch(&format!("CREATE TRIGGER canary {trigger}")).unwrap();
        };
        assert!(run(&Ledgers::sqlite(), STORIES, spoil).is_err(), "nobody noticed: {name}");
    }
}
