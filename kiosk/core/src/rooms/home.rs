//! The person's own page.
//!
//! Pure.

use madkort_protocol::{CancelOrder, Language, OperationId, Order, OrderState};

use super::{Around, Inside, Room};
use crate::{Draft, Effect, Intent, OrderBrief, Visitor};

impl Inside {
    pub(super) fn hand_at_home(&mut self, intent: &Intent, fresh: OperationId, around: &Around) -> (Room, Vec<Effect>) {
        self.refused = None;
        match intent {
            Intent::Open(kind) => self.enter(*kind, around),
            Intent::CancelOrder(order) if self.cancelling.is_none() => {
                let order = *order;
                let found = self.visitor.orders.iter().find(|o| o.id == order);
                if !found.is_some_and(|o| o.state == OrderState::Held && around.takes_orders(o.date)) {
                    return (Room::Home, vec![]);
                }
                self.cancelling = Some(fresh);
                let draft = Draft::Cancel(CancelOrder { order, card: self.visitor.card });
                (Room::Home, vec![Effect::Record { id: fresh, draft, slip: None }])
            }
            _ => (Room::Home, vec![]),
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
        can_cancel: order.state == OrderState::Held && around.takes_orders(order.date),
        pending: visitor.unacknowledged.contains(&order.id),
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
