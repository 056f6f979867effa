//! The books once more, in other words: a list of amounts for each book, added up anew whenever somebody asks. It shares no
//! code with the ledger, knows no running balance and no leg, and is slow and short so that one can see that it is right.
//!
//! Whoever keeps books, in memory or in a database, is driven beside it: see [`Books`] and [`check_story`].
//!
//! **Invariant:** a command that is refused, or was carried out before under its key, changes nothing.
#![allow(dead_code, unused_imports, reason = "each program that includes this file uses a part of it")]

pub mod bytes;
mod offline;
pub mod story;

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use madkort_protocol::{AccountId, Rule};
use proptest::prelude::*;
use uuid::Uuid;

pub use offline::{OFFLINE_FOR, Selling};
use offline::{Taken, Taker};
pub use story::{Story, stories};

/// The accounts: two that one person may use, one of somebody else, and a guest card.
pub const ACCOUNTS: usize = 4;
/// The guest card among them.
pub const GUEST: usize = 3;

/// One account's id.
pub fn account_id(account: usize) -> AccountId {
    AccountId::new(Uuid::from_u128(account as u128 + 1))
}

/// One account's book.
pub fn card(account: usize) -> String {
    format!("card:{}", account_id(account))
}

/// Keys of one step: of a batch, each sale has its own.
const KEYS: u64 = 8;
/// The most that comes in, is ordered or is put right at once, in øre.
const MOST: i128 = 100_000_000;

/// Whether whoever has the card of one account may use the other.
pub fn may_use(account: usize, other: usize) -> bool {
    account == other || (account < 2 && other < 2)
}

/// One line of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// The price of one, in øre.
    pub ore: i64,
    /// How many.
    pub quantity: u32,
    /// VAT in the price, in percent.
    pub vat: u8,
}

/// What somebody asks for. A number such as `order` is the key of the step that made it; `age` says how many seconds ago a device
/// did it without the server. The sales of a batch have the step's key and those that follow it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    Deposit { account: usize, ore: i64 },
    Recharge { account: usize, ore: i64 },
    Stray { ore: i64 },
    Authorise { account: usize, ore: i64, subsidised: i64 },
    GiveUp { authorisation: u64 },
    Expire { authorisation: u64 },
    Buy { account: usize, ore: i64, subsidised: i64, vat: u8, authorisation: Option<u64> },
    Batch { sales: Vec<Selling>, age: i64 },
    Undo { sale: u64, own: bool },
    Order { account: usize, lines: Vec<Line>, subsidised: i64, age: Option<i64> },
    Cancel { order: u64, age: Option<i64> },
    Capture { order: u64 },
    Refund { order: u64 },
    Transfer { from: usize, to: usize, ore: i64 },
    Withdraw { account: usize, ore: i64 },
    CallOff { withdrawal: u64 },
    Send { withdrawal: u64 },
    Settle { withdrawal: u64 },
    Return { withdrawal: u64 },
    Correct { wrong: u64, right: Option<(usize, i64)> },
    Issue { account: usize, ore: i64 },
    TakeIn { account: usize },
    Cap { account: usize, caps: [Option<i64>; 3] },
    Block { account: usize, blocked: bool },
}

/// A command under its key. The same key comes with the same command only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its key.
    pub key: u64,
    /// What is asked for.
    pub command: Command,
}

/// Books under test.
pub trait Books {
    /// Carries a step out, or says which rule forbids it; a step carried out before is answered as it was then.
    fn apply(&mut self, step: &Step, now: Timestamp) -> Result<(), Rule>;
    /// The balance of a book, in øre.
    fn balance(&self, book: &str) -> i128;
    /// The books there are.
    fn names(&self) -> Vec<String>;
    /// What was spent from an account in this day, week and month, where they can tell.
    fn spent(&self, _account: usize, _now: Timestamp) -> Option<[i128; 3]> {
        None
    }
}

/// What must hold after every step of any story.
pub fn check_story(books: &mut dyn Books, story: &Story) -> Result<(), TestCaseError> {
    let mut model = Model::default();
    let (mut now, mut furthest) = (story.start, 0);
    for wish in &story.wishes {
        now += wish.wait;
        // A correction is two transactions; whatever else a step is, it comes to no more than that.
        furthest += 2 * MOST;
        let step = model.ground(wish);
        let said = books.apply(&step, now);
        prop_assert_eq!(said, model.apply(&step, now), "{:?}", &step);
        let mut total = 0;
        for name in books.names().into_iter().chain(model.names()).collect::<std::collections::BTreeSet<_>>() {
            let balance = books.balance(&name);
            prop_assert_eq!(balance, model.balance(&name), "{} after {:?}", &name, &step);
            let never_owes = ["card:", "held-", "payouts-in-transit"].iter().any(|start| name.starts_with(start));
            prop_assert!(!never_owes || balance >= 0, "{} owes {} after {:?}", &name, balance, &step);
            prop_assert!(balance.abs() <= furthest, "{} stands at {} after {:?}", &name, balance, &step);
            total += balance;
        }
        prop_assert_eq!(total, 0, "money was made or lost by {:?}", &step);
        for kind in ["orders", "payouts", "sales"] {
            prop_assert_eq!(books.balance(&format!("held-{kind}")), model.held(kind), "{} after {:?}", kind, &step);
        }
        for account in 0..ACCOUNTS {
            if let Some(spent) = books.spent(account, now) {
                prop_assert_eq!(spent, model.spent(account, now), "account {} after {:?}", account, &step);
            }
        }
    }
    Ok(())
}

/// Money held, and when it was.
#[derive(Clone, Debug)]
pub struct Held {
    pub kind: &'static str,
    pub account: usize,
    pub ore: i128,
    pub on: Date,
    pub until: Option<Timestamp>,
    pub open: bool,
}

/// Something posted.
#[derive(Clone, Debug, Default)]
struct Posted {
    amounts: Vec<(String, i128)>,
    holder: Option<usize>,
    reversible: bool,
    reversed: bool,
}

#[derive(Clone, Debug)]
struct Sale {
    at: Timestamp,
    account: usize,
    paid: i128,
    spent_on: Date,
}

/// The simplest books there are.
#[derive(Debug, Default)]
pub struct Model {
    books: BTreeMap<String, Vec<i128>>,
    spends: Vec<(usize, Date, i128)>,
    caps: [[Option<i64>; 3]; ACCOUNTS],
    blocked: [bool; ACCOUNTS],
    pub holds: BTreeMap<u64, Held>,
    orders: BTreeMap<u64, Vec<Line>>,
    refundable: BTreeMap<u64, Vec<(String, i128)>>,
    sales: BTreeMap<u64, Sale>,
    offline: Vec<Taken>,
    sent: Vec<u64>,
    settled_payouts: Vec<u64>,
    posted: BTreeMap<u64, Posted>,
    answers: BTreeMap<u64, Result<(), Rule>>,
    pub history: Vec<Step>,
}

type Said = Result<(), Rule>;

impl Model {
    /// Everything a book was given, added up.
    pub fn balance(&self, book: &str) -> i128 {
        self.books.get(book).map_or(0, |amounts| amounts.iter().sum())
    }

    /// All books, added up.
    pub fn total(&self) -> i128 {
        self.books.values().flatten().sum()
    }

    /// The books there are.
    pub fn names(&self) -> Vec<String> {
        self.books.keys().cloned().collect()
    }

    /// What is held of a kind, by the list of what is open.
    pub fn held(&self, kind: &str) -> i128 {
        self.holds.values().filter(|held| held.open && held.kind == kind).map(|held| held.ore).sum()
    }

    /// What was spent in this day, ISO week and month, by the list of spends.
    pub fn spent(&self, account: usize, now: Timestamp) -> [i128; 3] {
        let today = day(now);
        let sum = |same: &dyn Fn(Date) -> bool| {
            self.spends.iter().filter(|(of, on, _)| *of == account && same(*on)).map(|(.., ore)| ore).sum()
        };
        let week = |day: Date| (day.iso_week_date().year(), day.iso_week_date().week());
        let month = |day: Date| (day.year(), day.month());
        [sum(&|on| on == today), sum(&|on| week(on) == week(today)), sum(&|on| month(on) == month(today))]
    }

    /// The key of a new step. A repeat takes none, so there are as many as steps.
    pub fn next_key(&self) -> u64 {
        (self.history.len() as u64 + 1) * KEYS
    }

    /// Carries a step out, or says which rule forbids it. Of a batch it says the first rule that forbade one of its sales.
    pub fn apply(&mut self, step: &Step, now: Timestamp) -> Said {
        if let Some(before) = self.answers.get(&step.key) {
            return *before;
        }
        let said = self.carry_out(step.key, &step.command, now);
        self.answers.insert(step.key, said);
        self.history.push(step.clone());
        said
    }

    fn carry_out(&mut self, key: u64, command: &Command, now: Timestamp) -> Said {
        match *command {
            Command::Deposit { account, ore } => {
                ensure((5_000..=100_000).contains(&ore) && ore % 100 == 0, Rule::Amount)?;
                self.come_in(key, card(account), ore)
            }
            Command::Recharge { account, ore } => self.come_in(key, card(account), ore),
            Command::Stray { ore } => self.come_in(key, "suspense".into(), ore),
            Command::Authorise { account, ore, subsidised } => {
                ensure((1..=200_000).contains(&ore), Rule::Amount)?;
                self.check_card(account)?;
                ensure((0..=ore).contains(&subsidised), Rule::Field)?;
                let paid = i128::from(ore - subsidised);
                self.check_spending(account, paid, now)?;
                self.hold(key, "sales", account, paid, now)
            }
            Command::GiveUp { authorisation } => self.give_back(authorisation, "sales", Rule::Authorisation),
            Command::Expire { authorisation } => {
                let due = self.holds.get(&authorisation).and_then(|held| held.until).is_some_and(|until| until <= now);
                ensure(due, Rule::Authorisation)?;
                self.give_back(authorisation, "sales", Rule::Authorisation)
            }
            Command::Buy { account, ore, subsidised, vat, authorisation } => {
                ensure((1..=200_000).contains(&ore), Rule::Amount)?;
                self.check_card(account)?;
                ensure(vat <= 25 && (0..=ore).contains(&subsidised), Rule::Field)?;
                self.buy(key, account, ore.into(), subsidised.into(), vat, authorisation, now)
            }
            Command::Batch { ref sales, age } => {
                let all: Vec<Said> =
                    (key..).zip(sales).map(|(key, sale)| self.sell_offline(key, sale, age, now)).collect();
                all.into_iter().collect()
            }
            Command::Undo { sale, own } => {
                let undoable = self.sales.get(&sale).filter(|sold| own && now.as_second() - sold.at.as_second() <= 300);
                let sold = undoable.cloned().ok_or(Rule::Undo)?;
                ensure(!self.posted[&sale].reversed, Rule::Undo)?;
                let back = self.turn_round(sale);
                self.post(&back);
                self.spends.push((sold.account, sold.spent_on, -sold.paid));
                Ok(())
            }
            Command::Order { account, ref lines, subsidised, age } => {
                self.order(key, account, lines, subsidised.into(), age, now)
            }
            Command::Cancel { order, age } => {
                let held = self.holds.get(&order).filter(|held| held.kind == "orders").ok_or(Rule::Order)?;
                self.check_card(held.account)?;
                ensure(held.open, Rule::Order)?;
                ensure(age.is_none_or(|age| age <= OFFLINE_FOR), Rule::CutOff)?;
                self.give_back(order, "orders", Rule::Order)
            }
            Command::Capture { order } => self.capture(order),
            Command::Refund { order } => {
                let amounts = self.refundable.remove(&order).ok_or(Rule::Order)?;
                self.post(&amounts);
                let Held { account, on, ore, .. } = self.holds[&order];
                self.spends.push((account, on, -ore));
                Ok(())
            }
            Command::Transfer { from, to, ore } => {
                self.check_card(from)?;
                ensure(from != to && may_use(from, to), Rule::Account)?;
                ensure(ore > 0, Rule::Amount)?;
                self.check_balance(from, ore.into())?;
                self.remember(key, vec![(card(from), -i128::from(ore)), (card(to), ore.into())], None)
            }
            Command::Withdraw { account, ore } => {
                self.check_card(account)?;
                ensure(ore > 0, Rule::Amount)?;
                self.check_balance(account, ore.into())?;
                self.hold(key, "payouts", account, ore.into(), now)
            }
            Command::CallOff { withdrawal } => {
                let held = self.holds.get(&withdrawal).filter(|held| held.kind == "payouts");
                let account = held.ok_or(Rule::Withdrawal)?.account;
                self.check_card(account)?;
                self.give_back(withdrawal, "payouts", Rule::Withdrawal)
            }
            Command::Send { withdrawal } => {
                let ore = self.close(withdrawal, "payouts", Rule::Withdrawal)?.ore;
                self.sent.push(withdrawal);
                self.post(&[("held-payouts".into(), -ore), ("payouts-in-transit".into(), ore)]);
                Ok(())
            }
            Command::Settle { withdrawal } => {
                take(&mut self.sent, withdrawal).ok_or(Rule::Withdrawal)?;
                self.settled_payouts.push(withdrawal);
                let ore = self.holds[&withdrawal].ore;
                self.post(&[("payouts-in-transit".into(), -ore), ("bank".into(), ore)]);
                Ok(())
            }
            Command::Return { withdrawal } => {
                let sent = take(&mut self.sent, withdrawal).map(|()| "payouts-in-transit");
                let from = sent.or_else(|| take(&mut self.settled_payouts, withdrawal).map(|()| "bank"));
                let from = from.ok_or(Rule::Withdrawal)?;
                let Held { ore, account, .. } = self.holds[&withdrawal];
                self.post(&[(from.into(), -ore), (card(account), ore)]);
                Ok(())
            }
            Command::Correct { wrong, right } => self.correct(key, wrong, right),
            Command::Issue { account, ore } => {
                self.check_idle_guest(account)?;
                ensure(self.balance(&card(account)) == 0, Rule::GuestCard)?;
                ensure((1..=50_000).contains(&ore), Rule::Amount)?;
                self.remember(key, vec![("cash".into(), -i128::from(ore)), (card(account), ore.into())], None)
            }
            Command::TakeIn { account } => {
                self.check_idle_guest(account)?;
                match self.balance(&card(account)) {
                    0 => Ok(()),
                    rest => self.remember(key, vec![(card(account), -rest), ("cash".into(), rest)], None),
                }
            }
            Command::Cap { account, caps } => {
                self.caps[account] = caps;
                Ok(())
            }
            Command::Block { account, blocked } => {
                self.blocked[account] = blocked;
                Ok(())
            }
        }
    }

    fn come_in(&mut self, key: u64, book: String, ore: i64) -> Said {
        ensure((1..=MOST).contains(&ore.into()), Rule::Amount)?;
        self.remember(key, vec![(book, ore.into()), ("gateway:sandbox".into(), -i128::from(ore))], None)
    }

    #[allow(clippy::too_many_arguments, reason = "they are the fields of one command")]
    fn buy(
        &mut self,
        key: u64,
        account: usize,
        ore: i128,
        subsidised: i128,
        vat: u8,
        authorisation: Option<u64>,
        now: Timestamp,
    ) -> Said {
        let paid = ore - subsidised;
        let mut amounts = sold(ore, vat);
        amounts.push(("subsidy".into(), -subsidised));
        let mut spent_on = day(now);
        if let Some(authorisation) = authorisation {
            let held = self.holds.get(&authorisation).filter(|held| held.kind == "sales" && held.account == account);
            let held = held.filter(|held| held.open).cloned().ok_or(Rule::Authorisation)?;
            let in_time = held.until.is_some_and(|until| now < until);
            ensure(paid == 0 || in_time, Rule::Authorisation)?;
            ensure(paid <= held.ore, Rule::Amount)?;
            self.close(authorisation, "sales", Rule::Authorisation)?;
            amounts.extend([("held-sales".into(), -held.ore), (card(account), held.ore - paid)]);
            self.spends.push((account, held.on, paid - held.ore));
            spent_on = held.on;
        } else {
            self.check_spending(account, paid, now)?;
            amounts.push((card(account), -paid));
            self.spends.push((account, spent_on, paid));
        }
        self.sales.insert(key, Sale { at: now, account, paid, spent_on });
        self.remember(key, amounts, Some(account))
    }

    fn order(
        &mut self,
        key: u64,
        account: usize,
        lines: &[Line],
        subsidised: i128,
        age: Option<i64>,
        now: Timestamp,
    ) -> Said {
        self.check_card(account)?;
        ensure((1..=20).contains(&lines.len()), Rule::Field)?;
        ensure(lines.iter().all(|line| (1..=30).contains(&line.quantity)), Rule::Field)?;
        let mut total = 0;
        for line in lines {
            let sum = i128::from(line.ore) * i128::from(line.quantity);
            total += sum;
            ensure([sum, total].iter().all(|ore| i64::try_from(*ore).is_ok()), Rule::Field)?;
        }
        ensure(lines.iter().all(|line| line.ore >= 0), Rule::Price)?;
        if let Some(age) = age {
            ensure(age <= OFFLINE_FOR, Rule::CutOff)?;
            self.check_allowance(Taker::Kiosk, account, total, now)?;
        }
        ensure(total > 0, Rule::Field)?;
        ensure(total <= MOST, Rule::Amount)?;
        ensure((0..=total).contains(&subsidised), Rule::Field)?;
        self.check_spending(account, total - subsidised, now)?;
        if age.is_some() {
            self.offline.push(Taken { at: now, by: Taker::Kiosk, account, ore: total });
        }
        self.orders.insert(key, lines.to_vec());
        self.hold(key, "orders", account, total - subsidised, now)
    }

    fn capture(&mut self, order: u64) -> Said {
        let held = self.close(order, "orders", Rule::Order)?;
        let mut by_rate: BTreeMap<u8, i128> = BTreeMap::new();
        for line in &self.orders[&order] {
            *by_rate.entry(line.vat).or_default() += i128::from(line.ore) * i128::from(line.quantity);
        }
        let price: i128 = by_rate.values().sum();
        let mut income: Vec<_> = by_rate.into_iter().flat_map(|(vat, ore)| sold(ore, vat)).collect();
        income.push(("subsidy".into(), held.ore - price));
        let back = income.iter().map(|(book, ore)| (book.clone(), -ore)).chain([(card(held.account), held.ore)]);
        self.refundable.insert(order, back.collect());
        self.post(&income);
        self.post(&[("held-orders".into(), -held.ore)]);
        Ok(())
    }

    fn correct(&mut self, key: u64, wrong: u64, right: Option<(usize, i64)>) -> Said {
        let found = self.posted.get(&wrong).filter(|posted| posted.reversible && !posted.reversed);
        let mut amounts = found.map(turned).ok_or(Rule::Reversal)?;
        if let Some((account, ore)) = right {
            ensure((-MOST..=MOST).contains(&ore.into()), Rule::Amount)?;
            ensure(ore != 0, Rule::Field)?;
            amounts.extend([(card(account), ore.into()), ("corrections".into(), -i128::from(ore))]);
        }
        let mut left: BTreeMap<&str, i128> = BTreeMap::new();
        for (book, ore) in amounts.iter().filter(|(book, _)| book.starts_with("card:")) {
            let balance = left.entry(book).or_insert_with(|| self.balance(book));
            *balance += ore;
            ensure(*ore >= 0 || *balance >= 0, Rule::Balance)?;
        }
        self.turn_round(wrong);
        if let Some(sale) = self.sales.get(&wrong) {
            self.spends.push((sale.account, sale.spent_on, -sale.paid));
        }
        self.post(&amounts);
        self.posted.insert(key, Posted::default());
        Ok(())
    }

    fn check_card(&self, account: usize) -> Said {
        ensure(!self.blocked[account], Rule::Card)
    }

    fn check_balance(&self, account: usize, ore: i128) -> Said {
        ensure(self.balance(&card(account)) >= ore, Rule::Balance)
    }

    fn check_spending(&self, account: usize, ore: i128, now: Timestamp) -> Said {
        if ore == 0 {
            return Ok(());
        }
        let rules = [Rule::DayCap, Rule::WeekCap, Rule::MonthCap];
        for ((rule, cap), spent) in rules.into_iter().zip(self.caps[account]).zip(self.spent(account, now)) {
            ensure(cap.is_none_or(|cap| spent + ore <= cap.into()), rule)?;
        }
        self.check_balance(account, ore)
    }

    fn check_idle_guest(&self, account: usize) -> Said {
        let held = self.holds.values().any(|held| held.open && held.ore > 0 && held.account == account);
        ensure(account == GUEST && !held, Rule::GuestCard)
    }

    #[allow(clippy::unnecessary_wraps, reason = "it is the last word of a command")]
    fn hold(&mut self, key: u64, kind: &'static str, account: usize, ore: i128, now: Timestamp) -> Said {
        let until = (kind == "sales").then(|| Timestamp::from_second(now.as_second() + 900).unwrap());
        self.holds.insert(key, Held { kind, account, ore, on: day(now), until, open: true });
        self.post(&[(card(account), -ore), (format!("held-{kind}"), ore)]);
        if kind != "payouts" {
            self.spends.push((account, day(now), ore));
        }
        Ok(())
    }

    fn close(&mut self, key: u64, kind: &str, rule: Rule) -> Result<Held, Rule> {
        let held = self.holds.get_mut(&key).filter(|held| held.open && held.kind == kind).ok_or(rule)?;
        held.open = false;
        Ok(held.clone())
    }

    fn give_back(&mut self, key: u64, kind: &str, rule: Rule) -> Said {
        let held = self.close(key, kind, rule)?;
        self.post(&[(format!("held-{kind}"), -held.ore), (card(held.account), held.ore)]);
        if kind != "payouts" {
            self.spends.push((held.account, held.on, -held.ore));
        }
        Ok(())
    }

    /// Posts what may be reversed later.
    #[allow(clippy::unnecessary_wraps, reason = "it is the last word of a command")]
    fn remember(&mut self, key: u64, amounts: Vec<(String, i128)>, holder: Option<usize>) -> Said {
        self.post(&amounts);
        self.posted.insert(key, Posted { amounts, holder, reversible: true, reversed: false });
        Ok(())
    }

    fn turn_round(&mut self, key: u64) -> Vec<(String, i128)> {
        let posted = self.posted.get_mut(&key).unwrap();
        posted.reversed = true;
        turned(posted)
    }

    fn post(&mut self, amounts: &[(String, i128)]) {
        for (book, ore) in amounts {
            self.books.entry(book.clone()).or_default().push(*ore);
        }
    }
}

fn ensure(holds: bool, rule: Rule) -> Said {
    if holds { Ok(()) } else { Err(rule) }
}

fn take(from: &mut Vec<u64>, key: u64) -> Option<()> {
    let place = from.iter().position(|other| *other == key)?;
    from.remove(place);
    Some(())
}

/// The other way round; what came out of a hold goes to its holder.
fn turned(posted: &Posted) -> Vec<(String, i128)> {
    let mut amounts: BTreeMap<String, i128> = BTreeMap::new();
    for (book, ore) in &posted.amounts {
        let book = if book.starts_with("held-") { posted.holder.map(card) } else { Some(book.clone()) };
        *amounts.entry(book.unwrap()).or_default() -= ore;
    }
    amounts.into_iter().collect()
}

/// What a seller gets. The VAT is the price times the rate by a hundred and the rate, to the nearest øre, halves up.
fn sold(ore: i128, vat: u8) -> Vec<(String, i128)> {
    let rate = i128::from(vat);
    let tax = (2 * ore * rate + 100 + rate) / (2 * (100 + rate));
    vec![(format!("income:{vat}"), ore - tax), ("vat".into(), tax)]
}

/// The day on a clock in Copenhagen.
pub fn day(at: Timestamp) -> Date {
    at.in_tz("Europe/Copenhagen").unwrap().date()
}
