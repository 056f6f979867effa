//! The person's own page.
//!
//! Pure.

use madkort_protocol::{Language, OperationId, Order, OrderState, PlaceOrder, Rule};

use super::{Around, Inside, Room};
use crate::{Effect, Intent, OrderBrief, RefusedOrder, Visitor};

impl Inside {
    pub(super) fn hand_at_home(&mut self, intent: &Intent, fresh: OperationId, around: &Around) -> (Room, Vec<Effect>) {
        self.refused = None;
        match intent {
            Intent::Open(kind) => self.enter(*kind, around),
            Intent::CancelOrder(order) => (Room::Home, self.take_back(*order, fresh, around)),
            _ => (Room::Home, vec![]),
        }
    }

    /// The server did not take an order that is on disk, by this rule.
    pub fn order_refused(&mut self, id: OperationId, order: &PlaceOrder, why: Rule, around: &Around) {
        if self.visitor.account(order.account).is_none() {
            return;
        }
        self.refused = Some(refused(order, why, around));
        // What was told as ordered is not: that is said at home, and not left standing.
        if matches!(&self.room, Room::Order(room) if room.tells_of(id)) {
            self.room = Room::Home;
        }
    }
}

/// An order in one line.
pub(crate) fn brief(order: &Order, visitor: &Visitor, around: &Around) -> OrderBrief {
    OrderBrief {
        id: order.id,
        number: order.number.clone(),
        date: order.date,
        what: what(order, around.language),
        total: order.total,
        state: order.state,
        can_cancel: order.state == OrderState::Held && order.picked_up_at.is_none() && around.takes_orders(order.date),
        pending: visitor.unacknowledged.contains(&order.id),
        picked_up: order.picked_up_at.is_some(),
    }
}

fn refused(order: &PlaceOrder, why: Rule, around: &Around) -> RefusedOrder {
    let names = order.lines.iter().filter_map(|l| around.catalogue.product(l.product));
    RefusedOrder {
        number: order.number.clone(),
        what: names.map(|p| p.name(around.language)).collect::<Vec<_>>().join(", "),
        total: order.total,
        why,
    }
}

fn what(order: &Order, language: Language) -> String {
    let names = order.lines.iter().map(|line| {
        let name = match language {
            Language::Danish => &line.name_da,
            Language::English => &line.name_en,
        };
        if line.quantity == 1 { name.clone() } else { format!("{} × {name}", line.quantity) }
    });
    names.collect::<Vec<_>>().join(", ")
}
