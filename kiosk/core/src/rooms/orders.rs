//! *Ordrer*: what is ordered, how it stands, taking it back until its cut-off, and its slip once more.
//!
//! Pure. **Invariant:** an order is taken back only while its day still takes orders, and shown as cancelled only once that is on disk;
//! a slip that is printed here says KOPI.

use jiff::Timestamp;
use madkort_protocol::{CancelOrder, Language, Money, OperationId, Order, OrderState};

use super::{Around, Inside, Room};
use crate::{Draft, Effect, Intent, OrderSlip, Paper, PaperLine, PrintState};

/// The list, and the slip that was asked for last.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct OrdersRoom {
    pub paper: Option<(OperationId, PrintState)>,
}

impl OrdersRoom {
    pub fn paper(&mut self, reference: &str, to: PrintState) {
        if let Some((order, state)) = &mut self.paper
            && order.to_string() == reference
        {
            *state = to;
        }
    }

    /// A paper that is still to come is not asked for twice.
    const fn is_printing(&self) -> bool {
        matches!(self.paper, Some((_, PrintState::Printing | PrintState::Waiting)))
    }
}

impl Inside {
    pub(super) fn hand_in_orders(
        &mut self,
        mut room: OrdersRoom,
        intent: &Intent,
        fresh: OperationId,
        around: &Around,
    ) -> (Room, Vec<Effect>) {
        let effects = match intent {
            Intent::Back => return (Room::Home, vec![]),
            Intent::CancelOrder(order) => self.take_back(*order, fresh, around),
            Intent::PrintOrder(order) if !room.is_printing() => {
                self.print_order(&mut room, *order, around).into_iter().collect()
            }
            _ => vec![],
        };
        (Room::Orders(room), effects)
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

    /// The slip of an order that stands, under the order's own reference.
    fn print_order(&self, room: &mut OrdersRoom, order: OperationId, around: &Around) -> Option<Effect> {
        let stands = |o: &&Order| {
            o.id == order && o.account == self.chosen && matches!(o.state, OrderState::Held | OrderState::Captured)
        };
        let order = self.visitor.orders.iter().find(stands)?;
        room.paper = Some((order.id, around.first_print_state()));
        let paper = Paper::Order(self.copy_of_slip(order, around));
        Some(Effect::Print { reference: order.id.to_string(), language: around.language, paper })
    }

    fn copy_of_slip(&self, order: &Order, around: &Around) -> OrderSlip {
        let school = &around.catalogue.school;
        let lines = order.lines.iter().map(|line| PaperLine {
            name: match around.language {
                Language::Danish => line.name_da.clone(),
                Language::English => line.name_en.clone(),
            },
            quantity: line.quantity,
            amount: line.price.times(line.quantity).unwrap_or(order.total),
            comment: line.comment.clone(),
        });
        let vat = order.lines.iter().map(|line| {
            let amount = line.price.times(line.quantity).unwrap_or(order.total);
            amount.vat_within(line.vat_percent)
        });
        OrderSlip {
            school: school.name.clone(),
            issuer: school.issuer.clone(),
            number: order.number.clone(),
            at: ordered_at(order.id).unwrap_or(around.now.wall),
            account: self.label(),
            delivery: order.date,
            lines: lines.collect(),
            total: order.total,
            vat: Money::sum(vat).unwrap_or_default(),
            // What it took is another figure on the server than on a kiosk that did not place it.
            taken: None,
            balance: None,
            offline: false,
            copy: true,
        }
    }
}

/// When it was ordered, by the clock of the kiosk that placed it: its id says so (RFC 9562, 5.7).
fn ordered_at(order: OperationId) -> Option<Timestamp> {
    let (seconds, nanos) = order.uuid().get_timestamp()?.to_unix();
    Timestamp::new(i64::try_from(seconds).ok()?, i32::try_from(nanos).ok()?).ok()
}
