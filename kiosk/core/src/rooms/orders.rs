//! *Ordrer*: what is ordered, how it stands, and taking it back until its cut-off.
//!
//! Pure. **Invariant:** an order is taken back only while its day still takes orders, and shown as cancelled only once that is on disk.

use madkort_protocol::{CancelOrder, OperationId, OrderState};

use super::{Around, Inside, Room};
use crate::{Draft, Effect, Intent};

impl Inside {
    pub(super) fn hand_in_orders(
        &mut self,
        intent: &Intent,
        fresh: OperationId,
        around: &Around,
    ) -> (Room, Vec<Effect>) {
        match intent {
            Intent::Back => (Room::Home, vec![]),
            Intent::CancelOrder(order) => (Room::Orders, self.take_back(*order, fresh, around)),
            _ => (Room::Orders, vec![]),
        }
    }

    /// Takes a coming order back, one at a time.
    pub(super) fn take_back(&mut self, order: OperationId, fresh: OperationId, around: &Around) -> Vec<Effect> {
        let found = self.visitor.orders.iter().find(|o| o.id == order);
        let open = found
            .is_some_and(|o| o.state == OrderState::Held && o.picked_up_at.is_none() && around.takes_orders(o.date));
        if !open || self.cancelling.is_some() {
            return vec![];
        }
        self.cancelling = Some(fresh);
        let draft = Draft::Cancel(CancelOrder { order, card: self.visitor.card });
        vec![Effect::Record { id: fresh, draft, slip: None }]
    }
}
