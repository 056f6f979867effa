//! From what the kiosk knows to what the screen shows.
//!
//! Pure. **Invariant:** a page shows only what its room owns; between visits there is nothing about a person to show.

mod money;
mod people;
mod shop;
mod statement;

use jiff::Timestamp;
use jiff::civil::Date;
use madkort_protocol::{CardStatus, Category, Language, Money, OrderState, Throttle};

use crate::kiosk::Stage;
use crate::rooms::{
    AccountsRoom, AccountsStep, Around, DepositRoom, DepositStep, Inside, NUMBER_LENGTH, NumberRoom, Room, SupportRoom,
    SupportStep, brief,
};
use crate::{
    AccountCard, AccountChoice, AccountsPage, BlockCardPage, CardLine, Countdown, DepositAmountPage, DepositDonePage,
    DepositPayPage, Fault, HomePage, IdlePage, Kiosk, Notice, NumberPage, NumberProblem, OrderBrief, Page, Screen,
    SupportDonePage, SupportPage, Tile, TileKind, Weight, WhyNot,
};

/// Deposits to choose from, in kroner: a week, a fortnight, a month and two of lunches.
const PRESETS: [i32; 4] = [100, 200, 300, 500];
/// A cut-off further away than this is not counted down to.
const COUNTDOWN_FROM_MINUTES: i64 = 24 * 60;

impl Kiosk {
    /// What to show.
    #[must_use]
    pub fn view(&self) -> Screen {
        let faults = self.faults().into_iter().filter(|f| f.weight() == Weight::Limits).collect();
        Screen {
            language: self.language(),
            looks: self.looks,
            headset: self.headset,
            adjusting: self.adjusting,
            page: self.page(),
            faults,
            warning: self.warning_left(),
        }
    }

    fn page(&self) -> Page {
        if let Some(fault) = self.stops() {
            return Page::OutOfService(fault);
        }
        let Some(around) = self.around() else { return Page::Starting };
        match &self.stage {
            Stage::Waiting { notice } => Page::Idle(idle(&around, notice.map(|(n, _)| n))),
            Stage::LookingUp { .. } => Page::Idle(idle(&around, None)),
            Stage::Number(room) => Page::Number(number(room, self.strangers, around.now.wall)),
            Stage::Code(room) => people::entrance(room, &around),
            Stage::Inside(inside) => room_page(inside, &around, self.faults().contains(&Fault::Offline)),
        }
    }
}

fn room_page(inside: &Inside, around: &Around, offline: bool) -> Page {
    match &inside.room {
        Room::Home => Page::Home(home(inside, around, offline)),
        Room::Accounts(room) => accounts_page(*room, inside, offline),
        Room::Allergies(room) => Page::Allergies(people::allergies(room, inside)),
        Room::Profile(room) => Page::Profile(people::profile(room, inside)),
        Room::SignIn(room) => people::door(&room.door, around, true),
        Room::Password(room) => Page::ChangePassword(people::change_password(room, around.now.wall)),
        Room::Picture(room) => Page::ChangePicture(people::change_picture(room, inside, around.now.wall)),
        Room::AutoRecharge(room) => money::auto_recharge(room, inside, around),
        Room::Deposit(room) => deposit(room, inside, around),
        Room::Order(room) => shop::order(room, inside, around),
        Room::Orders(room) => Page::Orders(money::orders(room, inside, around)),
        Room::Statement(room) => statement::page(room, inside),
        Room::Support(room) => support(room, inside),
        Room::Transfer(room) => money::transfer(room, inside),
        Room::Withdraw(room) => money::withdraw(room, inside),
    }
}

fn idle(around: &Around, notice: Option<Notice>) -> IdlePage {
    let today = around.catalogue.day(around.now.today);
    let hot = today.into_iter().flat_map(|d| &d.products).filter_map(|id| around.catalogue.product(*id));
    IdlePage {
        school: around.catalogue.school.name.clone(),
        dishes: hot.filter(|p| p.category == Category::HotMeal).map(|p| p.name(around.language).to_owned()).collect(),
        countdown: around.open_days().next().and_then(|d| countdown(d.date, d.cut_off, around.now.wall)),
        notice,
    }
}

fn countdown(date: Date, cut_off: Timestamp, now: Timestamp) -> Option<Countdown> {
    let minutes = cut_off.duration_since(now).as_mins();
    (0..=COUNTDOWN_FROM_MINUTES).contains(&minutes).then_some(Countdown { date, minutes })
}

fn number(room: &NumberRoom, strangers: Throttle, now: Timestamp) -> NumberPage {
    let wait = strangers.wait_until(now).map(|until| until.duration_since(now).as_secs().max(1));
    NumberPage {
        digits: room.digits.clone(),
        length: NUMBER_LENGTH,
        looking: room.asked.is_some(),
        problem: wait.map(|seconds| NumberProblem::Wait { seconds }).or(room.problem),
    }
}

fn accounts_page(room: AccountsRoom, inside: &Inside, offline: bool) -> Page {
    let visitor = &inside.visitor;
    if let AccountsStep::Asking { card } = room.step
        && let Some(asked) = visitor.cards.iter().find(|known| known.id == card)
    {
        let account = visitor.accounts.iter().find(|account| account.owner == asked.person);
        return Page::BlockCard(BlockCardPage {
            masked: asked.masked.clone(),
            account: account.map(|account| account.label.clone()).unwrap_or_default(),
            here: card == visitor.card,
        });
    }
    let accounts = visitor.accounts.iter().enumerate().map(|(place, account)| {
        let cards = visitor.cards.iter().filter(|card| card.person == account.owner).map(|card| CardLine {
            id: card.id,
            masked: card.masked.clone(),
            status: card.status,
            here: card.id == visitor.card,
            can_switch: inside.may_block(card) || inside.may_unblock(card),
        });
        let cards: Vec<CardLine> = cards.collect();
        AccountCard {
            id: account.id,
            place,
            label: account.label.clone(),
            balance: account.balance,
            active: cards.iter().any(|card| card.status == CardStatus::Active),
            auto_recharge: account.auto_recharge,
            cards,
        }
    });
    Page::Accounts(AccountsPage {
        accounts: accounts.collect(),
        recording: room.step != AccountsStep::Looking,
        no_deposit: offline.then_some(WhyNot::Offline),
    })
}

fn accounts(inside: &Inside) -> Vec<AccountChoice> {
    let choice = |a: &madkort_protocol::Account| AccountChoice {
        id: a.id,
        label: a.label.clone(),
        chosen: a.id == inside.chosen,
    };
    inside.visitor.accounts.iter().map(choice).collect()
}

fn balance(inside: &Inside) -> Money {
    inside.account().map_or(Money::ZERO, |a| a.balance)
}

fn home(inside: &Inside, around: &Around, offline: bool) -> HomePage {
    let orders = |keep: &dyn Fn(Date) -> bool| -> Vec<OrderBrief> {
        let stands = |s: OrderState| matches!(s, OrderState::Held | OrderState::Captured);
        let mine = inside.visitor.orders.iter().filter(|o| o.account == inside.chosen && stands(o.state));
        mine.filter(|o| keep(o.date))
            .map(|o| {
                let mut line = brief(o, &inside.visitor, around);
                line.can_cancel &= inside.cancelling.is_none();
                line
            })
            .collect()
    };
    let today = around.now.today;
    let offline = offline.then_some(WhyNot::Offline);
    let no_menu = around.open_days().next().is_none().then_some(WhyNot::NoMenu);
    HomePage {
        name: inside.visitor.person.name.clone(),
        kind: inside.visitor.person.kind,
        accounts: accounts(inside),
        balance: balance(inside),
        auto_recharge: inside.account().and_then(|a| a.auto_recharge),
        today: orders(&|date| date == today),
        coming: orders(&|date| date > today),
        tiles: vec![
            Tile { kind: TileKind::Order, why_not: no_menu },
            Tile { kind: TileKind::Deposit, why_not: offline },
            Tile { kind: TileKind::Accounts, why_not: None },
            Tile { kind: TileKind::Statement, why_not: offline },
            Tile { kind: TileKind::Profile, why_not: offline },
            Tile { kind: TileKind::Support, why_not: None },
        ],
        refused: inside.refused.clone(),
    }
}

fn deposit(room: &DepositRoom, inside: &Inside, around: &Around) -> Page {
    match &room.step {
        DepositStep::Filling | DepositStep::Opening { .. } => {
            Page::DepositAmount(amount(room, inside, around, room.step != DepositStep::Filling))
        }
        DepositStep::Paying { deposit, state } => {
            let left = deposit.expires_at.duration_since(around.now.wall).as_secs().max(0);
            Page::DepositPay(DepositPayPage {
                account: inside.label(),
                amount: deposit.amount,
                url: deposit.url.clone(),
                state: *state,
                expires_at: deposit.expires_at,
                minutes_left: (left + 59) / 60,
                auto: false,
            })
        }
        DepositStep::Done { deposit, paper } => Page::DepositDone(DepositDonePage {
            account: inside.label(),
            amount: deposit.amount,
            balance: deposit.balance.unwrap_or_else(|| balance(inside)),
            receipt: deposit.receipt.clone().unwrap_or_default(),
            paper: *paper,
        }),
    }
}

/// The form of an amount, an address and the terms.
fn amount(room: &DepositRoom, inside: &Inside, around: &Around, opening: bool) -> DepositAmountPage {
    let school = &around.catalogue.school;
    DepositAmountPage {
        account: inside.label(),
        balance: balance(inside),
        kroner: room.kroner.clone(),
        presets: PRESETS.to_vec(),
        email: room.email.clone(),
        accepted: room.accepted,
        terms: room.show_terms.then(|| match around.language {
            Language::Danish => school.terms.da.clone(),
            Language::English => school.terms.en.clone(),
        }),
        issuer: format!("{}, CVR {}", school.issuer.name, school.issuer.cvr),
        problem: room.problem,
        opening,
        auto: None,
    }
}

fn support(room: &SupportRoom, inside: &Inside) -> Page {
    match &room.step {
        SupportStep::Done { number, offline, paper, .. } => {
            Page::SupportDone(SupportDonePage { number: number.clone(), paper: *paper, offline: *offline })
        }
        SupportStep::Writing | SupportStep::Recording { .. } => Page::Support(SupportPage {
            name: room.name.clone(),
            email: room.email.clone(),
            phone: room.phone.clone(),
            accounts: accounts(inside),
            message: room.message.clone(),
            problem: room.problem,
            sending: room.step != SupportStep::Writing,
        }),
    }
}
