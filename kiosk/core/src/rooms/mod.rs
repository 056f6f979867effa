//! The rooms of a visit. Each file is one room: what it holds, and what each event does to it.
//!
//! Pure. **Invariant:** a room owns what was typed in it, so leaving the room forgets it.

mod accounts;
mod allergies;
mod auto_recharge;
mod code;
mod deposit;
mod eating;
mod forgotten;
mod home;
mod number;
mod order;
mod orders;
mod password;
mod picture;
mod price;
mod profile;
mod statement;
mod support;
mod transfer;
mod withdraw;

pub(crate) use accounts::{AccountsRoom, AccountsStep};
pub(crate) use allergies::{AllergiesRoom, AllergiesStep, choices as allergen_choices};
pub(crate) use auto_recharge::{AutoRechargeRoom, AutoRechargeStep};
pub(crate) use code::{CODE_LENGTH, CodeRoom, CodeStep, Door, SignInRoom, Way};
pub(crate) use deposit::{DepositRoom, DepositStep};
pub(crate) use eating::Eating;
pub(crate) use forgotten::{ForgottenRoom, ForgottenStep};
pub(crate) use home::brief;
pub(crate) use number::{NUMBER_LENGTH, NumberRoom};
pub(crate) use order::{OrderRoom, OrderStep};
pub(crate) use orders::OrdersRoom;
pub(crate) use password::{PasswordRoom, PasswordStep};
pub(crate) use picture::PictureRoom;
pub(crate) use price::Price;
pub(crate) use profile::{ProfileRoom, ProfileStep};
pub(crate) use statement::{StatementRoom, StatementStep};
pub(crate) use support::{SupportRoom, SupportStep};
pub(crate) use transfer::{TransferRoom, TransferStep};
pub(crate) use withdraw::{WithdrawRoom, WithdrawStep};

use std::sync::Arc;

use jiff::civil::Date;
use madkort_protocol::{Account, AccountId, Language, MenuDay, Money, OperationId, ProductId};

use crate::{
    Catalogue, ComeBack, Effect, FormProblem, Intent, Link, Moment, PrintState, PrinterHealth, RefusedOrder, TileKind,
    Visitor,
};

/// Days to choose from: a school week.
const OPEN_DAYS: usize = 5;

/// The person who is in, and where.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Inside {
    pub visitor: Visitor,
    /// The code or the password was given in this visit: not only a tap.
    pub signed_in: bool,
    /// Came by card number: there is no card whose leaving ends the visit.
    pub without_card: bool,
    pub chosen: AccountId,
    pub room: Room,
    /// A cancellation on its way to the disk.
    pub cancelling: Option<OperationId>,
    /// An order the server refused after the fact.
    pub refused: Option<RefusedOrder>,
    /// What they cannot eat for whom this card orders.
    pub eating: Eating,
}

/// Where a person is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Room {
    Home,
    Accounts(AccountsRoom),
    Allergies(AllergiesRoom),
    AutoRecharge(AutoRechargeRoom),
    Deposit(DepositRoom),
    Order(OrderRoom),
    Orders(OrdersRoom),
    Password(PasswordRoom),
    Picture(PictureRoom),
    Profile(ProfileRoom),
    SignIn(SignInRoom),
    Statement(StatementRoom),
    Support(SupportRoom),
    Transfer(TransferRoom),
    Withdraw(WithdrawRoom),
}

/// What a room may know of the world around it.
#[derive(Clone, Debug)]
pub(crate) struct Around {
    pub catalogue: Arc<Catalogue>,
    pub now: Moment,
    pub language: Language,
    pub link: Link,
    pub outbox_stuck: bool,
    pub printer: PrinterHealth,
}

impl Around {
    /// Days that still take orders, earliest first.
    pub fn open_days(&self) -> impl Iterator<Item = &MenuDay> {
        self.catalogue.days.iter().filter(|d| d.date >= self.now.today && d.cut_off > self.now.wall)
    }

    /// Days from today on: those that are closed, and the next [`OPEN_DAYS`] that still take orders.
    pub fn coming_days(&self) -> Vec<&MenuDay> {
        let mut open = 0;
        let coming = self.catalogue.days.iter().filter(|day| day.date >= self.now.today);
        let shown = coming.take_while(|day| {
            let shown = open < OPEN_DAYS;
            open += usize::from(self.takes_orders(day.date));
            shown
        });
        shown.collect()
    }

    /// How many are left of a product on a day, as far as this kiosk knows; `None` where there is no limit.
    pub fn left(&self, day: Date, product: ProductId) -> Option<u32> {
        self.catalogue.day(day)?.left(product)
    }

    /// Whether what is recorded now stays on this kiosk for a while: nobody but it checks a limit before the person has left.
    pub fn keeps_back(&self) -> bool {
        !self.link.is_online() || self.outbox_stuck
    }

    /// What a product is called.
    pub fn dish(&self, product: ProductId) -> String {
        self.catalogue.product(product).map(|product| product.name(self.language).to_owned()).unwrap_or_default()
    }

    /// How a new paper begins.
    pub fn first_print_state(&self) -> PrintState {
        if self.printer == PrinterHealth::None { PrintState::NotPrinted } else { PrintState::Printing }
    }

    /// Whether orders for a day still open.
    pub fn takes_orders(&self, date: Date) -> bool {
        self.open_days().any(|d| d.date == date)
    }
}

impl Inside {
    /// The chosen account; the visitor has at least one.
    pub fn account(&self) -> Option<&Account> {
        self.visitor.account(self.chosen)
    }

    /// The name on papers and pages of the chosen account.
    pub fn label(&self) -> String {
        self.account().map(|a| a.label.clone()).unwrap_or_default()
    }

    /// Where a visit begins: at a deposit they have not heard the end of, at who they are if nobody knows, and mostly at home.
    pub fn begin(&mut self, around: &Around) -> Vec<Effect> {
        if let Some(deposit) = self.visitor.deposit.take() {
            return self.take_up_deposit(deposit, around);
        }
        if around.link.is_online() && self.signed_in && self.is_new_here() {
            let (room, effects) = self.introduce(None);
            self.room = room;
            return effects;
        }
        vec![]
    }

    /// What a hand does inside.
    pub fn hand(&mut self, intent: Intent, fresh: OperationId, around: &Around) -> Vec<Effect> {
        let room = std::mem::replace(&mut self.room, Room::Home);
        if !self.signed_in && code::wants_code(&intent) && room.leads_to_doors() {
            self.stop_at_door(room, intent, fresh);
            return vec![];
        }
        let (room, effects) = match (room, intent) {
            (room, Intent::Account(place)) if !room.is_busy() => self.choose_account(room, place, around),
            (Room::Home, intent) => self.hand_at_home(&intent, fresh, around),
            (Room::Accounts(room), intent) => self.hand_in_accounts(room, &intent, fresh, around),
            (Room::Allergies(room), intent) => self.hand_in_allergies(room, &intent),
            (Room::Profile(room), intent) => self.hand_in_profile(room, intent, fresh, around),
            (Room::Password(room), intent) => self.hand_in_password(room, intent, around),
            (Room::Picture(room), intent) => self.hand_in_picture(room, &intent, fresh, around),
            (Room::SignIn(room), intent) => self.hand_at_door(room, intent, around),
            (Room::Deposit(room), intent) => self.hand_in_deposit(room, intent, fresh, around),
            (Room::Order(room), intent) => self.hand_in_order(room, intent, fresh, around),
            (Room::Statement(room), intent) => self.hand_in_statement(room, intent, fresh, around),
            (Room::Support(room), intent) => self.hand_in_support(room, intent, fresh, around),
            (Room::AutoRecharge(room), intent) => self.hand_in_auto_recharge(room, intent, fresh, around),
            (Room::Orders(room), intent) => self.hand_in_orders(room, &intent, fresh, around),
            (Room::Transfer(room), intent) => self.hand_in_transfer(room, intent, fresh, around),
            (Room::Withdraw(room), intent) => self.hand_in_withdraw(room, intent, fresh, around),
        };
        self.room = room;
        effects
    }

    /// Into a room.
    pub fn enter(&mut self, kind: TileKind, around: &Around) -> (Room, Vec<Effect>) {
        match kind {
            TileKind::Accounts => (Room::Accounts(AccountsRoom::default()), vec![]),
            TileKind::Order => match OrderRoom::enter(around) {
                Some(room) => (Room::Order(room), self.ask_what_can_be_eaten(around)),
                None => (Room::Home, vec![]),
            },
            TileKind::Deposit | TileKind::Profile if !around.link.is_online() => (Room::Home, vec![]),
            TileKind::Deposit => (Room::Deposit(DepositRoom::enter(&self.visitor)), vec![]),
            TileKind::Profile => self.enter_profile(),
            TileKind::Statement => {
                let load = Effect::LoadStatement { account: self.chosen, month: None };
                (Room::Statement(StatementRoom::default()), vec![load])
            }
            TileKind::AutoRecharge => {
                let load = Effect::LoadAutoRecharge(self.chosen);
                (Room::AutoRecharge(AutoRechargeRoom::enter(self.chosen)), vec![load])
            }
            TileKind::Orders => (Room::Orders(OrdersRoom::default()), vec![]),
            TileKind::Transfer => (Room::Transfer(TransferRoom::enter(&self.visitor, self.chosen)), vec![]),
            TileKind::Withdraw => {
                let room = WithdrawRoom::enter(&self.visitor, self.chosen, around.language);
                (Room::Withdraw(room), vec![Effect::LoadWithdrawals(self.chosen)])
            }
            TileKind::Support => (Room::Support(SupportRoom::enter(&self.visitor)), vec![]),
        }
    }

    fn choose_account(&mut self, room: Room, place: usize, around: &Around) -> (Room, Vec<Effect>) {
        let Some(account) = self.visitor.accounts.get(place) else { return (room, vec![]) };
        self.chosen = account.id;
        match room {
            // Another account has another month: what was shown is not shown beside the wrong name.
            Room::Statement(_) => {
                let load = Effect::LoadStatement { account: self.chosen, month: None };
                (Room::Statement(StatementRoom::default()), vec![load])
            }
            // What was said to one eater's dish was not said to another's.
            Room::Order(mut room) => {
                room.anyway.clear();
                let effects = self.ask_price(&mut room, around);
                (Room::Order(room), effects)
            }
            // What was printed was of the other account.
            Room::Orders(_) => (Room::Orders(OrdersRoom::default()), vec![]),
            room => (room, vec![]),
        }
    }

    /// How a paper is coming along.
    pub fn paper(&mut self, reference: &str, state: PrintState) {
        match &mut self.room {
            Room::Deposit(room) => room.paper(reference, state),
            Room::Order(room) => room.paper(reference, state),
            Room::Orders(room) => room.paper(reference, state),
            Room::Statement(room) => room.paper(reference, state),
            Room::Support(room) => room.paper(reference, state),
            Room::Transfer(room) => room.paper(reference, state),
            Room::Withdraw(room) => room.paper(reference, state),
            Room::Home
            | Room::Accounts(_)
            | Room::Allergies(_)
            | Room::AutoRecharge(_)
            | Room::Password(_)
            | Room::Picture(_)
            | Room::Profile(_)
            | Room::SignIn(_) => {}
        }
    }

    /// An operation is on disk.
    pub fn recorded(&mut self, id: OperationId, number: &str, around: &Around) {
        match &mut self.room {
            Room::Order(room) => room.recorded(id, number, around),
            Room::Support(room) => room.recorded(id, number, around),
            Room::Accounts(room) => room.recorded(id),
            Room::Home
            | Room::Allergies(_)
            | Room::AutoRecharge(_)
            | Room::Deposit(_)
            | Room::Orders(_)
            | Room::Password(_)
            | Room::Picture(_)
            | Room::Profile(_)
            | Room::SignIn(_)
            | Room::Statement(_)
            | Room::Transfer(_)
            | Room::Withdraw(_) => {}
        }
        if self.cancelling == Some(id) {
            self.cancelling = None;
        }
    }

    /// A payment that goes on without the kiosk when the person leaves.
    pub fn open_payment(&self) -> Option<OperationId> {
        match &self.room {
            Room::Deposit(room) => room.open_payment(),
            Room::AutoRecharge(room) => room.open_page(),
            Room::Picture(room) => Some(room.id),
            _ => None,
        }
    }

    /// A request got no answer: the server may have heard it.
    pub fn request_unreachable(&mut self, id: OperationId) {
        match &mut self.room {
            Room::AutoRecharge(room) => room.failed(id, FormProblem::Unreachable),
            Room::Picture(_) => self.picture_page_failed(id, FormProblem::NeedsConnection),
            Room::Transfer(room) => room.unreachable(id),
            Room::Withdraw(room) => room.unreachable(id),
            _ => {}
        }
    }

    /// The server refused a request, because of this field if it is about one.
    pub fn request_refused(&mut self, id: OperationId, field: Option<&str>) {
        let left = |account| self.visitor.account(account).map_or(Money::ZERO, |a| a.balance);
        match &mut self.room {
            Room::AutoRecharge(room) => room.failed(id, FormProblem::Refused),
            Room::Picture(_) => self.picture_page_failed(id, FormProblem::Refused),
            Room::Transfer(room) => room.refused(id, field, left(room.from)),
            Room::Withdraw(room) => room.refused(id, field, left(room.account)),
            _ => {}
        }
    }

    /// The server was asked too often, and did not look at a request.
    pub fn request_too_often(&mut self, id: OperationId, back: ComeBack) {
        match &mut self.room {
            Room::AutoRecharge(room) => room.failed(id, FormProblem::TooOften(back)),
            Room::Picture(_) => self.picture_page_failed(id, FormProblem::TooOften(back)),
            Room::Transfer(room) => room.too_often(id, back),
            Room::Withdraw(room) => room.too_often(id, back),
            _ => {}
        }
    }
}

impl Room {
    /// Something is on its way to the disk or the server and must not be changed under it.
    fn is_busy(&self) -> bool {
        match self {
            Self::Order(room) => !matches!(room.step, OrderStep::Choosing | OrderStep::Checking),
            Self::Deposit(room) => !matches!(room.step, DepositStep::Filling),
            Self::Support(room) => !matches!(room.step, SupportStep::Writing),
            Self::Accounts(room) => room.step != AccountsStep::Looking,
            Self::Home | Self::Orders(_) | Self::Statement(_) => false,
            // They are about one person or one account from the first touch to the last: what was typed would be lost.
            Self::Allergies(_)
            | Self::AutoRecharge(_)
            | Self::Password(_)
            | Self::Picture(_)
            | Self::Profile(_)
            | Self::SignIn(_)
            | Self::Transfer(_)
            | Self::Withdraw(_) => true,
        }
    }

    /// Where doors to what wants the code are: elsewhere the same wish means nothing.
    const fn leads_to_doors(&self) -> bool {
        matches!(self, Self::Home | Self::Accounts(_))
    }
}
