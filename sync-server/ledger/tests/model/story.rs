//! Stories at random: what people wish for, and what that comes to in the books as they stand then. Wishes are drawn to the
//! edges: the whole balance, one øre more, nothing, less than nothing, the largest number there is, the same thing again.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::{ACCOUNTS, Command, GUEST, Line, Model, OFFLINE_FOR, Selling, Step, card};

/// A key that nothing has.
const NOTHING: u64 = u64::MAX;

/// What to do, roughly.
#[derive(Clone, Copy, Debug)]
pub enum What {
    Deposit,
    Recharge,
    Stray,
    Authorise,
    GiveUp,
    Expire,
    Buy,
    BuyAuthorised,
    Undo,
    Order,
    Cancel,
    Capture,
    Refund,
    Transfer,
    Withdraw,
    CallOff,
    Send,
    Settle,
    Return,
    Correct,
    Issue,
    TakeIn,
    Cap,
    Block,
    Repeat,
}

/// How much, where the books as they then stand say what that is.
#[derive(Clone, Copy, Debug)]
pub enum Amount {
    Ore(i64),
    All,
    OneOver,
}

/// One wish, and how long after the one before.
#[derive(Clone, Debug)]
pub struct Wish {
    pub wait: SignedDuration,
    pub(super) what: What,
    pub(super) account: usize,
    pub(super) other: usize,
    pub(super) amount: Amount,
    pub(super) subsidised: Amount,
    pub(super) vat: u8,
    pub(super) nth: usize,
    pub(super) flag: bool,
    pub(super) lines: Vec<Line>,
    pub(super) caps: [Option<i64>; 3],
    /// So many seconds ago, without the server.
    pub(super) age: Option<i64>,
}

/// Wishes from a moment on.
#[derive(Clone, Debug)]
pub struct Story {
    pub start: Timestamp,
    pub wishes: Vec<Wish>,
}

/// Any story of up to `most` wishes. It begins shortly before clocks, years or months change, or on a plain day.
pub fn stories(most: usize) -> impl Strategy<Value = Story> {
    let starts = [
        "2026-03-28T21:00:00Z",
        "2026-10-24T21:00:00Z",
        "2026-12-31T22:30:00Z",
        "2026-11-27T11:00:00Z",
        "2026-11-29T22:50:00Z",
    ];
    let start = prop::sample::select(starts.map(|text| text.parse::<Timestamp>().unwrap()).to_vec());
    // First there must be money to do anything with.
    let opening = (0..ACCOUNTS).map(|account| Wish {
        wait: SignedDuration::ZERO,
        what: if account == GUEST { What::Issue } else { What::Deposit },
        account,
        other: 0,
        amount: Amount::Ore(500),
        subsidised: Amount::Ore(0),
        vat: 25,
        nth: 0,
        flag: false,
        lines: vec![],
        caps: [None; 3],
        age: None,
    });
    let opening: Vec<_> = opening.collect();
    (start, prop::collection::vec(wishes(), most / 3..most))
        .prop_map(move |(start, wishes)| Story { start, wishes: opening.iter().cloned().chain(wishes).collect() })
}

fn wishes() -> impl Strategy<Value = Wish> {
    (
        (whats(), waits(), 0..ACCOUNTS, 0..ACCOUNTS),
        (
            amounts(),
            subsidies(),
            prop::sample::select(vec![0_u8, 0, 12, 12, 25, 25, 25, 25, 25, 25, 25, 25, 26]),
            0_usize..8,
            any::<bool>(),
        ),
        prop_oneof![
            1 => prop::collection::vec(lines(), 0..1),
            12 => prop::collection::vec(lines(), 1..4),
        ],
        prop::array::uniform3(prop::option::of(prop_oneof![1 => Just(0_i64), 9 => 2_000_i64..30_000])),
        ages(),
    )
        .prop_map(|((what, wait, account, other), (amount, subsidised, vat, nth, flag), lines, caps, age)| Wish {
            wait,
            what,
            account,
            other,
            amount,
            subsidised,
            vat,
            nth,
            flag,
            lines,
            caps,
            age,
        })
}

/// Mostly with the server in reach; else within the hours that the school allows, or not, or by a clock that is ahead.
fn ages() -> impl Strategy<Value = Option<i64>> {
    let limit = OFFLINE_FOR;
    prop_oneof![
        8 => Just(None),
        4 => (0_i64..3_600).prop_map(Some),
        1 => prop::sample::select(vec![limit, limit + 1, -60]).prop_map(Some),
    ]
}

fn whats() -> impl Strategy<Value = What> {
    prop_oneof![
        8 => Just(What::Deposit), 5 => Just(What::Recharge), 2 => Just(What::Stray),
        4 => Just(What::Authorise), 2 => Just(What::GiveUp), 2 => Just(What::Expire),
        10 => Just(What::Buy), 5 => Just(What::BuyAuthorised), 5 => Just(What::Undo),
        6 => Just(What::Order), 2 => Just(What::Cancel), 4 => Just(What::Capture), 3 => Just(What::Refund),
        3 => Just(What::Transfer),
        3 => Just(What::Withdraw), 1 => Just(What::CallOff), 5 => Just(What::Send), 4 => Just(What::Settle),
        2 => Just(What::Return),
        3 => Just(What::Correct), 2 => Just(What::Issue), 2 => Just(What::TakeIn),
        2 => Just(What::Cap), 1 => Just(What::Block), 4 => Just(What::Repeat),
    ]
}

fn waits() -> impl Strategy<Value = SignedDuration> {
    prop_oneof![
        14 => 0_i64..60,
        2 => prop::sample::select(vec![300_i64, 301, 899, 900, 3_600]),
        1 => 3_600_i64..100_000,
        1 => Just(6 * 86_400_i64),
    ]
    .prop_map(SignedDuration::from_secs)
}

fn amounts() -> impl Strategy<Value = Amount> {
    prop_oneof![
        14 => (1_i64..4_000).prop_map(Amount::Ore),
        2 => Just(Amount::All),
        1 => Just(Amount::OneOver),
        2 => prop::sample::select(vec![0, -1, 1, 4_999, 200_001, i64::MAX, i64::MIN]).prop_map(Amount::Ore),
    ]
}

fn subsidies() -> impl Strategy<Value = Amount> {
    prop_oneof![
        12 => Just(Amount::Ore(0)),
        2 => (1_i64..1_500).prop_map(Amount::Ore),
        3 => Just(Amount::All),
        1 => Just(Amount::OneOver),
        1 => prop::sample::select(vec![-1, i64::MAX, i64::MIN]).prop_map(Amount::Ore),
    ]
}

fn lines() -> impl Strategy<Value = Line> {
    let ore = prop_oneof![24 => 100_i64..3_000, 1 => prop::sample::select(vec![0, -1, 50_000_000, 100_000_000, i64::MAX, i64::MIN])];
    let quantity = prop_oneof![24 => 1_u32..3, 1 => prop::sample::select(vec![0, 30, 31, u32::MAX])];
    let vat = prop::sample::select(vec![0_u8, 12, 25]);
    (ore, quantity, vat).prop_map(|(ore, quantity, vat)| Line { ore, quantity, vat })
}

impl Amount {
    fn of(self, all: i128) -> i64 {
        let ore = match self {
            Self::Ore(ore) => return ore,
            Self::All => all,
            Self::OneOver => all + 1,
        };
        i64::try_from(ore).unwrap_or(i64::MAX)
    }
}

impl Model {
    /// What a wish comes to now.
    pub fn ground(&self, wish: &Wish) -> Step {
        if matches!(wish.what, What::Repeat) && !self.history.is_empty() {
            return self.history[self.history.len() - 1 - wish.nth % self.history.len()].clone();
        }
        Step { key: self.next_key(), command: self.command(wish) }
    }

    fn command(&self, wish: &Wish) -> Command {
        let account = wish.account;
        let ore = wish.amount.of(self.balance(&card(account)));
        match wish.what {
            What::Deposit | What::Repeat => {
                let ore = if (2..9_000).contains(&ore) { ore % 1_100 * 100 } else { ore };
                Command::Deposit { account, ore }
            }
            What::Recharge => Command::Recharge { account, ore },
            What::Stray => Command::Stray { ore },
            What::Authorise => Command::Authorise { account, ore, subsidised: wish.subsidised.of(ore.into()) },
            What::GiveUp => Command::GiveUp { authorisation: self.pick("sales", wish.nth) },
            What::Expire => Command::Expire { authorisation: self.pick("sales", wish.nth) },
            What::Buy => buying(wish, account, ore, None),
            What::BuyAuthorised => {
                let authorisation = self.pick("sales", wish.nth);
                let held = self.holds.get(&authorisation);
                let whose = held.filter(|_| wish.other > 0).map_or(account, |held| held.account);
                let ore = wish.amount.of(held.map_or(0, |held| held.ore));
                buying(wish, whose, ore, Some(authorisation))
            }
            What::Undo => Command::Undo { sale: self.sale(wish.nth), own: wish.other > 0 || wish.flag },
            What::Order => {
                let lines = self.lines_of(wish);
                let price = lines.iter().map(|line| i128::from(line.ore) * i128::from(line.quantity)).sum();
                Command::Order { account, subsidised: wish.subsidised.of(price), lines, age: wish.age }
            }
            What::Cancel => Command::Cancel { order: self.pick("orders", wish.nth), age: wish.age },
            What::Capture => Command::Capture { order: self.pick("orders", wish.nth) },
            What::Refund => Command::Refund { order: self.of(self.refundable.keys(), "orders", wish.nth) },
            What::Transfer => Command::Transfer { from: account, to: wish.other, ore },
            What::Withdraw => Command::Withdraw { account, ore },
            What::CallOff => Command::CallOff { withdrawal: self.pick("payouts", wish.nth) },
            What::Send => Command::Send { withdrawal: self.pick("payouts", wish.nth) },
            What::Settle => Command::Settle { withdrawal: self.of(self.sent.iter(), "payouts", wish.nth) },
            What::Return => {
                let gone = self.sent.iter().chain(&self.settled_payouts);
                Command::Return { withdrawal: self.of(gone, "payouts", wish.nth) }
            }
            What::Correct => {
                let right = wish.flag.then_some((wish.other, ore));
                Command::Correct { wrong: self.recent(wish.nth), right }
            }
            What::Issue => {
                let ore = if (2..9_000).contains(&ore) { ore * 10 } else { ore };
                Command::Issue { account: if wish.flag { account } else { GUEST }, ore }
            }
            What::TakeIn => Command::TakeIn { account: if wish.flag { account } else { GUEST } },
            What::Cap => Command::Cap { account, caps: wish.caps },
            What::Block => Command::Block { account, blocked: wish.flag && wish.other == 0 && wish.nth == 0 },
        }
    }

    /// The lines, or one line at the edge of the balance.
    fn lines_of(&self, wish: &Wish) -> Vec<Line> {
        match wish.amount {
            Amount::Ore(_) => wish.lines.clone(),
            edge => vec![Line { ore: edge.of(self.balance(&card(wish.account))), quantity: 1, vat: 25 }],
        }
    }

    /// One of the newest holds of a kind, mostly open ones, and sometimes none.
    fn pick(&self, kind: &str, nth: usize) -> u64 {
        let of_kind = || self.holds.iter().rev().filter(|(_, held)| held.kind == kind);
        let key = match nth {
            0..5 => of_kind().filter(|(_, held)| held.open).nth(nth / 4),
            5..7 => of_kind().nth(nth - 5),
            // A hold of another kind is none.
            _ => self.holds.iter().find(|(_, held)| held.kind != kind),
        };
        key.map_or(NOTHING, |(key, _)| *key)
    }

    /// Mostly one of those that fit, and sometimes any of the kind.
    fn of<'a>(&self, mut those: impl Iterator<Item = &'a u64>, kind: &str, nth: usize) -> u64 {
        if nth > 4 {
            return self.pick(kind, nth);
        }
        those.nth(nth / 4).copied().unwrap_or(NOTHING)
    }

    /// One of the newest sales, undone or not, and sometimes something else.
    fn sale(&self, nth: usize) -> u64 {
        if nth > 5 {
            return self.recent(nth);
        }
        self.sales.keys().rev().nth(nth / 4).copied().unwrap_or(NOTHING)
    }

    /// One of the newest steps, carried out or not.
    fn recent(&self, nth: usize) -> u64 {
        self.history.iter().rev().nth(nth).map_or(NOTHING, |step| step.key)
    }
}

/// A sale; without the server, the first of as many as there are lines, to one account after another.
fn buying(wish: &Wish, account: usize, ore: i64, authorisation: Option<u64>) -> Command {
    // The whole of it is a free meal.
    let (subsidised, vat) = (wish.subsidised.of(ore.into()), wish.vat);
    let Some(age) = wish.age else { return Command::Buy { account, ore, subsidised, vat, authorisation } };
    let more = (wish.other..).zip(&wish.lines).map(|(account, line)| {
        let account = account % ACCOUNTS;
        // Dear enough for a few of them to come to the allowance of an outage.
        Selling { account, ore: line.ore.saturating_mul(3), subsidised: 0, vat: line.vat, authorisation: None }
    });
    let first = Selling { account, ore, subsidised, vat, authorisation };
    Command::Batch { sales: std::iter::once(first).chain(more).collect(), age }
}
