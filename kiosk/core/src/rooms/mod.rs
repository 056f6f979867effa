//! The rooms of a visit. Each file is one room: what it holds, and what each event does to it.
//!
//! Pure. **Invariant:** a room owns what was typed in it, so leaving the room forgets it.

mod code;
mod deposit;
mod home;
mod order;
mod statement;
mod support;

pub(crate) use code::{CODE_LENGTH, CodeRoom, CodeStep};
pub(crate) use deposit::{DepositRoom, DepositStep};
pub(crate) use home::brief;
pub(crate) use order::{OrderRoom, OrderStep};
pub(crate) use statement::StatementRoom;
pub(crate) use support::{SupportRoom, SupportStep};

use std::sync::Arc;

use jiff::civil::Date;
use madkort_protocol::{Account, AccountId, Language, MenuDay, OperationId};

use crate::{Catalogue, Effect, Intent, Link, Moment, OrderBrief, PrintState, PrinterHealth, TileKind, Visitor};

/// The person who is in, and where.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Inside {
    pub visitor: Visitor,
    pub chosen: AccountId,
    pub room: Room,
    /// A cancellation on its way to the disk.
    pub cancelling: Option<OperationId>,
    /// An order the server refused after the fact.
    pub refused: Option<OrderBrief>,
}

/// Where a person is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Room {
    Home,
    Deposit(DepositRoom),
    Order(OrderRoom),
    Statement(StatementRoom),
    Support(SupportRoom),
}

/// What a room may know of the world around it.
#[derive(Clone, Debug)]
pub(crate) struct Around {
    pub catalogue: Arc<Catalogue>,
    pub now: Moment,
    pub language: Language,
    pub link: Link,
    pub printer: PrinterHealth,
}

impl Around {
    /// Days that still take orders, earliest first.
    pub fn open_days(&self) -> impl Iterator<Item = &MenuDay> {
        self.catalogue.days.iter().filter(|d| d.date >= self.now.today && d.cut_off > self.now.wall)
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

    /// What a hand does inside.
    pub fn hand(&mut self, intent: Intent, fresh: OperationId, around: &Around) -> Vec<Effect> {
        let room = std::mem::replace(&mut self.room, Room::Home);
        let (room, effects) = match (room, intent) {
            (room, Intent::Account(place)) if !room.is_busy() => self.choose_account(room, place),
            (Room::Home, intent) => self.hand_at_home(&intent, fresh, around),
            (Room::Deposit(room), intent) => self.hand_in_deposit(room, intent, fresh, around),
            (Room::Order(room), intent) => self.hand_in_order(room, intent, fresh, around),
            (Room::Statement(room), intent) => self.hand_in_statement(room, &intent, around),
            (Room::Support(room), intent) => self.hand_in_support(room, intent, fresh, around),
        };
        self.room = room;
        effects
    }

    /// Into a room.
    pub fn enter(&mut self, kind: TileKind, around: &Around) -> (Room, Vec<Effect>) {
        match kind {
            TileKind::Order => (OrderRoom::enter(around).map_or(Room::Home, Room::Order), vec![]),
            TileKind::Deposit if !around.link.is_online() => (Room::Home, vec![]),
            TileKind::Deposit => (Room::Deposit(DepositRoom::enter(&self.visitor)), vec![]),
            TileKind::Statement => {
                let load = Effect::LoadStatement { account: self.chosen, month: None };
                (Room::Statement(StatementRoom::default()), vec![load])
            }
            TileKind::Support => (Room::Support(SupportRoom::enter(&self.visitor)), vec![]),
        }
    }

    fn choose_account(&mut self, room: Room, place: usize) -> (Room, Vec<Effect>) {
        let Some(account) = self.visitor.accounts.get(place) else { return (room, vec![]) };
        self.chosen = account.id;
        match room {
            // Another account has another month: what was shown is not shown beside the wrong name.
            Room::Statement(_) => {
                let load = Effect::LoadStatement { account: self.chosen, month: None };
                (Room::Statement(StatementRoom::default()), vec![load])
            }
            room => (room, vec![]),
        }
    }

    /// How a paper is coming along.
    pub fn paper(&mut self, reference: &str, state: PrintState) {
        match &mut self.room {
            Room::Deposit(room) => room.paper(reference, state),
            Room::Order(room) => room.paper(reference, state),
            Room::Statement(room) => room.paper(reference, state),
            Room::Support(room) => room.paper(reference, state),
            Room::Home => {}
        }
    }

    /// An operation is on disk.
    pub fn recorded(&mut self, id: OperationId, number: &str, around: &Around) {
        match &mut self.room {
            Room::Order(room) => room.recorded(id, number, around),
            Room::Support(room) => room.recorded(id, number, around),
            Room::Home | Room::Deposit(_) | Room::Statement(_) => {}
        }
        if self.cancelling == Some(id) {
            self.cancelling = None;
        }
    }

    /// A payment that goes on without the kiosk when the person leaves.
    pub fn open_payment(&self) -> Option<OperationId> {
        match &self.room {
            Room::Deposit(room) => room.open_payment(),
            _ => None,
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
            Self::Home | Self::Statement(_) => false,
        }
    }
}
