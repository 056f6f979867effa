//! The ledger as a server uses it, with its balances in maps, and nine ways to break it.
//!
//! **Invariant:** without a fault it does what `madkort-ledger` says and nothing of its own.
#![allow(dead_code, reason = "each program that includes this file uses a part of it")]

use std::collections::BTreeMap;

use jiff::civil::date;
use jiff::{SignedDuration, Timestamp};
use madkort_ledger::authorisation::{self, Authorising};
use madkort_ledger::caps::{Caps, Spent};
use madkort_ledger::correction::{Correcting, corrected};
use madkort_ledger::guest_card::{self, GuestAccount};
use madkort_ledger::hold::{Hold, HoldState};
use madkort_ledger::order::{self, Placing, Refunding, Releasing, capture_id};
use madkort_ledger::purchase::{Sale, sold_as_recorded};
use madkort_ledger::rules::{Offline, Payer, Recorded};
use madkort_ledger::transfer::{Transferring, transferred};
use madkort_ledger::undo::{Undoing, undone};
use madkort_ledger::withdrawal::{Requesting, Withdrawal, requested};
use madkort_ledger::{Book, HoldKind, Kind, Leg, Posted, Transaction, deposit, recharge_paid};
use madkort_protocol::*;
use uuid::Uuid;

use crate::model::{ACCOUNTS, Books, Command, GUEST, Line, Selling, Step, account_id, may_use};

/// How a ledger may be broken on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    LosesAnOre,
    MakesAnOre,
    ForgetsTheFloor,
    ForgetsTheCaps,
    PostsTwice,
    ReleasesTwice,
    NeverGivesBack,
    UndoesTwice,
    ForgetsTheOutage,
}

/// What a school lets a device take without the server.
const LIMITS: OfflineLimits = OfflineLimits {
    per_sale: Money::from_kroner(100),
    per_card: Money::from_kroner(120),
    per_kiosk: Money::from_kroner(150),
    hours: 24,
};
/// All that a device took in one outage reaches the server within this.
const ONE_OUTAGE: SignedDuration = SignedDuration::from_mins(10);

/// A till that sells, and one that does not.
const TILLS: [DeviceId; 2] = [DeviceId::new(Uuid::from_u128(71)), DeviceId::new(Uuid::from_u128(72))];

/// The ledger as a server uses it, with its balances in a map.
#[derive(Default)]
pub struct Ledger {
    fault: Option<Fault>,
    balances: BTreeMap<Book, Money>,
    spent: [Spent; ACCOUNTS],
    caps: [Caps; ACCOUNTS],
    blocked: [bool; ACCOUNTS],
    answers: BTreeMap<u64, Result<(), Rule>>,
    posted: BTreeMap<OperationId, Transaction>,
    reversed: Vec<OperationId>,
    authorisations: BTreeMap<u64, Hold>,
    /// With what the subsidy pays of each.
    orders: BTreeMap<u64, (Order, Money)>,
    withdrawals: BTreeMap<u64, Withdrawal>,
    /// When the money of an operation was first taken or held.
    spent_at: BTreeMap<OperationId, Timestamp>,
    /// What was taken without the server: when, whether as an order, by whom, how much.
    offline: Vec<(Timestamp, bool, usize, Money)>,
}

impl Books for Ledger {
    fn apply(&mut self, step: &Step, now: Timestamp) -> Result<(), Rule> {
        match self.answers.get(&step.key) {
            Some(before) if self.fault != Some(Fault::PostsTwice) => return *before,
            _ => {}
        }
        let said = self.carry_out(step, now).map_err(|refusal| refusal.rule);
        self.answers.insert(step.key, said);
        said
    }

    fn balance(&self, book: &str) -> i128 {
        self.balances.get(&book.parse().unwrap()).map_or(0, |money| money.ore().into())
    }

    fn names(&self) -> Vec<String> {
        self.balances.keys().map(Book::to_string).collect()
    }

    fn spent(&self, account: usize, now: Timestamp) -> Option<[i128; 3]> {
        let spent = self.spent[account].at(now);
        Some([spent.day_sum, spent.week_sum, spent.month_sum].map(|sum| sum.ore().into()))
    }
}

impl Ledger {
    /// Empty books, broken or not.
    pub fn with(fault: Option<Fault>) -> Self {
        Self { fault, ..Self::default() }
    }

    fn carry_out(&mut self, step: &Step, at: Timestamp) -> Result<(), Refusal> {
        let id = id(step.key);
        match step.command {
            Command::Deposit { account, ore } => {
                let limits = DepositLimits { lowest: Money::from_kroner(50), highest: Money::from_kroner(1000) };
                deposit::check_amount(money(ore), limits)?;
                self.post(gateway(deposit::paid(id, account_id(account), money(ore), "sandbox", at))?)
            }
            Command::Recharge { account, ore } => {
                self.post(gateway(recharge_paid::paid(id, account_id(account), money(ore), "sandbox", at))?)
            }
            Command::Stray { ore } => self.post(gateway(deposit::stray(id, money(ore), "sandbox", at))?),
            Command::Authorise { account, ore, subsidised } => {
                let (payer, amount, subsidised) = (self.payer(account), money(ore), money(subsidised));
                let asked = Authorising { id, at, account: Some(account_id(account)), payer, amount, subsidised };
                let (hold, made) = authorisation::held(&asked)?;
                self.authorisations.insert(step.key, hold);
                self.spent_at.insert(id, at);
                self.post_any(made)
            }
            Command::GiveUp { authorisation } => {
                let hold = self.authorisations.get(&authorisation).ok_or(no(Rule::Authorisation))?;
                let (hold, made) = authorisation::released(id, hold, at)?;
                if self.fault != Some(Fault::ReleasesTwice) {
                    self.authorisations.insert(authorisation, hold);
                }
                self.post_any(made)
            }
            Command::Expire { authorisation } => {
                let hold = self.authorisations.get(&authorisation).ok_or(no(Rule::Authorisation))?;
                let (hold, made) = authorisation::expired(hold, at).map_err(|e| e.refusal(HoldKind::Sale))?;
                self.authorisations.insert(authorisation, hold);
                self.post_any(made)
            }
            Command::Buy { account, ore, subsidised, vat, authorisation } => {
                let sale = self.sale(id, at, account, ore, subsidised, vat, authorisation);
                self.buy(&sale, authorisation, Recorded::Online)
            }
            Command::Batch { ref sales, age } => {
                let all = (step.key..).zip(sales).map(|(key, sale)| self.sell_offline(key, at, sale, age));
                all.collect::<Vec<_>>().into_iter().collect()
            }
            Command::Undo { sale, own } => self.undo(id, at, sale, own),
            Command::Order { account, ref lines, subsidised, age } => {
                let recorded = self.recorded(at, age, (true, account));
                self.place(step.key, at, account, lines, money(subsidised), recorded)
            }
            Command::Cancel { order, age } => {
                let recorded = self.recorded(at, age, (true, 0));
                self.cancel(id, at, order, recorded)
            }
            Command::Capture { order } => {
                let (order, subsidised) = self.orders.get_mut(&order).ok_or(no(Rule::Order))?;
                let made = order::captured(order, *subsidised, at).map_err(|e| e.refusal(HoldKind::Order))?;
                order.state = OrderState::Captured;
                self.post(made)
            }
            Command::Refund { order } => self.refund(at, order),
            Command::Transfer { from, to, ore } => {
                let to = may_use(from, to).then(|| account_id(to));
                let (payer, from) = (self.payer(from), account_id(from));
                self.post(transferred(&Transferring { id, at, from, payer, to, amount: money(ore) })?)
            }
            Command::Withdraw { account, ore } => {
                let payer = self.payer(account);
                let asked = Requesting { id, at, account: Some(account_id(account)), payer, amount: money(ore) };
                let (withdrawal, made) = requested(&asked)?;
                self.withdrawals.insert(step.key, withdrawal);
                self.post(made)
            }
            Command::CallOff { withdrawal } => self.forward(withdrawal, |ledger, withdrawal| {
                ledger.payer(number(withdrawal.hold.account)).check_card()?;
                withdrawal.cancelled(id, at)
            }),
            Command::Send { withdrawal } => self.forward(withdrawal, |_, withdrawal| withdrawal.sent(at)),
            Command::Settle { withdrawal } => self.forward(withdrawal, |_, withdrawal| withdrawal.settled(at)),
            Command::Return { withdrawal } => self.forward(withdrawal, |_, withdrawal| withdrawal.returned(at)),
            Command::Correct { wrong, right } => self.correct(id, at, wrong, right),
            Command::Issue { account, ore } => {
                self.post(guest_card::issued(id, Some(self.guest(account)), money(ore), at)?)
            }
            Command::TakeIn { account } => match guest_card::returned(id, Some(self.guest(account)), at)? {
                Some(made) => self.post(made),
                None => Ok(()),
            },
            Command::Cap { account, caps } => {
                let [day, week, month] = caps.map(|cap| cap.map(money));
                self.caps[account] = Caps { day, week, month };
                Ok(())
            }
            Command::Block { account, blocked } => {
                self.blocked[account] = blocked;
                Ok(())
            }
        }
    }

    #[allow(clippy::too_many_arguments, reason = "they are the fields of one command")]
    fn sale(
        &self,
        id: OperationId,
        at: Timestamp,
        account: usize,
        ore: i64,
        subsidised: i64,
        vat_percent: u8,
        authorisation: Option<u64>,
    ) -> Sale {
        let payer = self.payer(account);
        // An authorisation that nobody made is one that has ended.
        let ended = || Hold {
            id,
            account: account_id(account),
            kind: HoldKind::Sale,
            amount: money(1),
            captured: Money::ZERO,
            state: HoldState::Released,
            expires_at: None,
        };
        let authorisation = authorisation.map(|key| self.authorisations.get(&key).copied().unwrap_or_else(ended));
        let (account, amount, subsidised) = (Some(account_id(account)), money(ore), money(subsidised));
        Sale { id, at, account, payer, amount, subsidised, vat_percent, authorisation }
    }

    fn sell_offline(&mut self, key: u64, at: Timestamp, selling: &Selling, age: i64) -> Result<(), Refusal> {
        let Selling { account, ore, subsidised, vat, authorisation } = *selling;
        let sale = self.sale(id(key), at, account, ore, subsidised, vat, authorisation);
        let recorded = self.recorded(at, Some(age), (false, account));
        self.buy(&sale, authorisation, recorded)?;
        self.offline.push((at, false, account, sale.amount));
        Ok(())
    }

    /// How something was recorded, with what the device took in the same outage before it.
    fn recorded(&self, at: Timestamp, age: Option<i64>, (order, account): (bool, usize)) -> Recorded {
        let Some(age) = age else { return Recorded::Online };
        let forgets = self.fault == Some(Fault::ForgetsTheOutage);
        let lately =
            |taken: &&(Timestamp, bool, usize, Money)| !forgets && taken.1 == order && taken.0 > at - ONE_OUTAGE;
        let sum = |of: &dyn Fn(usize) -> bool| {
            let taken = self.offline.iter().filter(lately).filter(|taken| of(taken.2));
            Money::sum(taken.map(|taken| taken.3)).unwrap()
        };
        Recorded::Offline(Offline {
            claimed_at: at - SignedDuration::from_secs(age),
            limits: LIMITS,
            card_before: sum(&|of| of == account),
            kiosk_before: sum(&|_| true),
        })
    }

    fn buy(&mut self, sale: &Sale, authorisation: Option<u64>, recorded: Recorded) -> Result<(), Refusal> {
        let made = sold_as_recorded(sale, &recorded)?;
        if let Some((key, hold)) = authorisation.zip(sale.authorisation) {
            let paid = sale.amount.minus(sale.subsidised).unwrap();
            let ended = if paid == Money::ZERO { hold.release() } else { hold.capture(paid, sale.at) };
            self.authorisations.insert(key, ended.unwrap().hold);
            self.spent_at.insert(sale.id, self.spent_at[&hold.id]);
        }
        self.post(made)
    }

    fn undo(&mut self, undo: OperationId, at: Timestamp, sale: u64, own: bool) -> Result<(), Refusal> {
        let device = if own { TILLS[0] } else { TILLS[1] };
        let asked = Undoing { id: undo, at, device, sale: self.found(id(sale)) };
        let made = undone(&asked)?;
        if self.fault != Some(Fault::UndoesTwice) {
            self.reversed.push(id(sale));
        }
        self.post(made)
    }

    fn place(
        &mut self,
        key: u64,
        at: Timestamp,
        account: usize,
        lines: &[Line],
        subsidised: Money,
        recorded: Recorded,
    ) -> Result<(), Refusal> {
        let products: Vec<_> = (100_u128..).zip(lines).map(|(n, line)| product(n, line)).collect();
        let day = MenuDay {
            date: date(2026, 11, 24),
            cut_off: Timestamp::MAX,
            products: products.iter().map(|product| product.id).collect(),
            portions: vec![],
        };
        let asked = products.iter().zip(lines).map(|(product, line)| LineRequest {
            product: product.id,
            quantity: line.quantity,
            price: product.price,
            comment: String::new(),
        });
        let sums: Result<Vec<_>, _> = lines.iter().map(|line| money(line.ore).times(line.quantity)).collect();
        let asked = PlaceOrder {
            number: "K1-1".into(),
            card: CardId::new(Uuid::from_u128(2)),
            account: account_id(account),
            date: day.date,
            lines: asked.collect(),
            total: sums.and_then(Money::sum).unwrap_or_default(),
        };
        let payer = self.payer(account);
        let day = Some(&day);
        let (id, order, products) = (id(key), &asked, &products[..]);
        let made = order::held(&Placing { id, at, order, payer, subsidised, day, products, recorded })?;
        if recorded != Recorded::Online {
            self.offline.push((at, true, account, order.total));
        }
        self.orders.insert(key, (kept(id, order, products), subsidised));
        self.spent_at.insert(id, at);
        self.post_any(made)
    }

    fn cancel(&mut self, cancel: OperationId, at: Timestamp, order: u64, recorded: Recorded) -> Result<(), Refusal> {
        let found = self.orders.get(&order);
        let payer = found.map_or(self.payer(0), |(order, _)| self.payer(number(order.account)));
        let day = MenuDay { date: date(2026, 11, 24), cut_off: Timestamp::MAX, products: vec![], portions: vec![] };
        let (subsidised, day) = (found.map(|(_, subsidised)| *subsidised).unwrap_or_default(), Some(&day));
        let found = found.map(|(order, _)| order);
        let releasing = Releasing { id: cancel, at, order: found, subsidised, payer, day, recorded };
        let made = order::released(&releasing)?;
        self.orders.get_mut(&order).unwrap().0.state = OrderState::Released;
        self.post_any(made)
    }

    fn refund(&mut self, at: Timestamp, order: u64) -> Result<(), Refusal> {
        let capture = capture_id(id(order));
        let found = self.orders.get(&order).map(|(order, _)| order);
        let asked = Refunding { at, order: found, capture: self.found(capture), reason: "Retten kom ikke" };
        let made = order::refunded(&asked)?;
        self.reversed.push(capture);
        self.spent_at.insert(capture, self.spent_at[&id(order)]);
        self.post(made)
    }

    fn forward(
        &mut self,
        key: u64,
        step: impl FnOnce(&Self, Withdrawal) -> Result<(Withdrawal, Transaction), Refusal>,
    ) -> Result<(), Refusal> {
        let withdrawal = self.withdrawals.get(&key).copied().ok_or(no(Rule::Withdrawal))?;
        let (withdrawal, made) = step(self, withdrawal)?;
        self.withdrawals.insert(key, withdrawal);
        self.post(made)
    }

    fn correct(
        &mut self,
        key: OperationId,
        at: Timestamp,
        wrong: u64,
        right: Option<(usize, i64)>,
    ) -> Result<(), Refusal> {
        let wrong = id(wrong);
        let right = right.map(|(account, ore)| {
            let card = Leg { book: Book::Card(account_id(account)), amount: money(ore) };
            [card, Leg { book: Book::Corrections, amount: money(ore.wrapping_neg()) }]
        });
        let balances: Vec<_> = (0..ACCOUNTS).map(|n| (account_id(n), self.payer(n).balance)).collect();
        let (found, right) = (self.found(wrong), right.as_ref().map(<[Leg; 2]>::as_slice));
        let asked = Correcting { id: key, at, wrong: found, right, reason: "PH: tastet forkert", balances: &balances };
        let made = corrected(&asked)?;
        self.reversed.push(wrong);
        if self.posted[&wrong].kind() == Kind::Purchase {
            self.give_back(wrong, at);
        }
        self.post(made.reversal)?;
        made.right.map_or(Ok(()), |right| self.post(right))
    }

    /// A purchase that staff take back was not spent.
    fn give_back(&mut self, sale: OperationId, at: Timestamp) {
        let made = &self.posted[&sale];
        let account = number(holder(made, &self.authorisations));
        let held = made.change_of(&Book::Held(HoldKind::Sale));
        let card = made.change_of(&Book::Card(account_id(account)));
        let paid = held.plus(card).and_then(Money::negated).unwrap();
        self.spent[account] = self.spent[account].give_back(paid, self.spent_at[&sale], at);
    }

    fn found(&self, id: OperationId) -> Option<Posted<'_>> {
        let transaction = self.posted.get(&id)?;
        let sale = transaction.kind() == Kind::Purchase;
        Some(Posted {
            transaction,
            holder: sale.then(|| holder(transaction, &self.authorisations)),
            device: sale.then_some(TILLS[0]),
            reversed: self.reversed.contains(&id),
        })
    }

    fn payer(&self, account: usize) -> Payer {
        let balance = self.balances.get(&Book::Card(account_id(account))).copied().unwrap_or_default();
        let lent = if self.fault == Some(Fault::ForgetsTheFloor) { money(1) } else { Money::ZERO };
        let caps = if self.fault == Some(Fault::ForgetsTheCaps) { Caps::NONE } else { self.caps[account] };
        let card = Some(if self.blocked[account] { CardStatus::Blocked } else { CardStatus::Active });
        Payer { card, may_use: true, balance: balance.plus(lent).unwrap(), caps, spent: self.spent[account] }
    }

    fn guest(&self, account: usize) -> GuestAccount {
        let kind = if account == GUEST { AccountKind::Guest } else { AccountKind::Card };
        let id = account_id(account);
        let orders = self.orders.values().map(|(order, subsidised)| order::hold_of(order, *subsidised));
        let holds = orders.chain(self.authorisations.values().copied());
        let holds = holds.chain(self.withdrawals.values().map(|withdrawal| withdrawal.hold));
        let open = holds.filter(|hold| hold.state == HoldState::Open && hold.account == id).map(|hold| hold.amount);
        GuestAccount { account: id, kind, balance: self.payer(account).balance, held: Money::sum(open).unwrap() }
    }

    fn post_any(&mut self, made: Option<Transaction>) -> Result<(), Refusal> {
        made.map_or(Ok(()), |made| self.post(made))
    }

    fn post(&mut self, made: Transaction) -> Result<(), Refusal> {
        let spent_at = made.about().and_then(|about| self.spent_at.get(&about)).copied().unwrap_or(made.at());
        self.spent_at.entry(made.id()).or_insert(spent_at);
        for account in 0..ACCOUNTS {
            if self.fault != Some(Fault::NeverGivesBack)
                || made.change_of(&Book::Card(account_id(account))) < Money::ZERO
            {
                self.spent[account] = self.spent[account].after(&made, account_id(account), spent_at)?;
            }
        }
        for leg in made.legs() {
            let balance = self.balances.entry(leg.book.clone()).or_default();
            *balance = balance.plus(leg.amount).unwrap();
        }
        let now_and_then = self.posted.len() % 7 == 6;
        match self.fault {
            Some(Fault::LosesAnOre) if now_and_then => self.slip(made.legs()[0].book.clone(), -1),
            Some(Fault::MakesAnOre) if now_and_then => self.slip(Book::Vat, 1),
            _ => {}
        }
        self.posted.insert(made.id(), made);
        Ok(())
    }

    fn slip(&mut self, book: Book, ore: i64) {
        let balance = self.balances.entry(book).or_default();
        *balance = balance.plus(money(ore)).unwrap();
    }
}

const fn no(rule: Rule) -> Refusal {
    Refusal { rule, limit: None, asked: None, portions: None }
}

const fn money(ore: i64) -> Money {
    Money::from_ore(ore)
}

/// What a gateway cannot have said.
fn gateway<T, E>(made: Result<T, E>) -> Result<T, Refusal> {
    made.map_err(|_| no(Rule::Amount))
}

/// A key as a device makes it.
fn id(key: u64) -> OperationId {
    let builder = uuid::Builder::from_u128(key.into()).with_version(uuid::Version::SortRand);
    OperationId::new(builder.with_variant(uuid::Variant::RFC4122).into_uuid())
}

fn number(account: AccountId) -> usize {
    (0..ACCOUNTS).find(|n| account_id(*n) == account).unwrap()
}

/// Whose money a sale took: the card's, or that of the authorisation it captured, or nobody's.
fn holder(sale: &Transaction, authorisations: &BTreeMap<u64, Hold>) -> AccountId {
    let held = || authorisations.values().find(|hold| Some(hold.id) == sale.about()).map(|hold| hold.account);
    sale.legs().iter().find_map(|leg| leg.book.account()).or_else(held).unwrap_or(account_id(0))
}

fn product(n: u128, line: &Line) -> Product {
    Product {
        id: ProductId::new(Uuid::from_u128(n)),
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

fn kept(id: OperationId, asked: &PlaceOrder, products: &[Product]) -> Order {
    let lines = asked.lines.iter().zip(products).map(|(line, product)| OrderLine {
        product: line.product,
        name_da: String::new(),
        name_en: String::new(),
        quantity: line.quantity,
        price: line.price,
        vat_percent: product.vat_percent,
        comment: String::new(),
    });
    Order {
        id,
        number: asked.number.clone(),
        account: asked.account,
        date: asked.date,
        lines: lines.collect(),
        total: asked.total,
        state: OrderState::Held,
        picked_up_at: None,
    }
}
