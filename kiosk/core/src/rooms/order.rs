//! The webshop: choose for a day, check, pay.
//!
//! Pure. **Invariant:** an order is recorded only if, at that moment, its day takes orders, the balance covers it, and, out of the
//! server's reach, the school's offline limits allow it. It is shown as ordered only when it is on disk.

use jiff::civil::Date;
use madkort_protocol::{LineRequest, Money, OperationId, PlaceOrder, ProductId};

use super::{Around, Inside, Room};
use crate::{
    Basket, Beep, Draft, Effect, Field, FormProblem, Intent, OrderSlip, Paper, PaperLine, PrintState, Visitor,
};

/// An order being made.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OrderRoom {
    pub day: Date,
    pub basket: Basket,
    pub problem: Option<FormProblem>,
    pub step: OrderStep,
}

/// How far it is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum OrderStep {
    /// Among the shelves.
    Choosing,
    /// At the check-out.
    Checking,
    /// On its way to the disk.
    Recording { id: OperationId, total: Money },
    /// On disk.
    Done { id: OperationId, number: String, total: Money, offline: bool, paper: PrintState },
}

impl OrderRoom {
    /// Opens on tomorrow, or the first day after it, or today.
    pub fn enter(around: &Around) -> Option<Self> {
        let today = around.now.today;
        let later = around.open_days().find(|d| d.date > today);
        let day = later.or_else(|| around.open_days().next())?.date;
        Some(Self { day, basket: Basket::default(), problem: None, step: OrderStep::Choosing })
    }

    pub fn paper(&mut self, reference: &str, to: PrintState) {
        if let OrderStep::Done { id, paper, .. } = &mut self.step
            && id.to_string() == reference
        {
            *paper = to;
        }
    }

    pub fn recorded(&mut self, recorded: OperationId, number: &str, around: &Around) {
        if let OrderStep::Recording { id, total } = self.step
            && id == recorded
        {
            self.basket = Basket::default();
            self.step = OrderStep::Done {
                id,
                number: number.to_owned(),
                total,
                offline: !around.link.is_online(),
                paper: around.first_print_state(),
            };
        }
    }

    /// Everything that stands against the order, checked at the moment it is paid.
    fn check(&self, inside: &Inside, around: &Around) -> Result<Money, FormProblem> {
        if self.basket.is_empty() {
            return Err(FormProblem::EmptyBasket);
        }
        if !around.takes_orders(self.day) {
            return Err(FormProblem::CutOff);
        }
        let total = self.basket.total(&around.catalogue).map_err(|_| FormProblem::TooMany(LineRequest::MOST))?;
        let balance = inside.account().map_or(Money::ZERO, |a| a.balance);
        let after = balance.minus(total).map_err(|_| FormProblem::Balance(total))?;
        if after < Money::ZERO {
            return Err(FormProblem::Balance(after.negated().unwrap_or(total)));
        }
        if !around.link.is_online() {
            offline_room(&inside.visitor, around, total)?;
        }
        Ok(total)
    }
}

/// Whether an order may be taken while the server is out of reach.
fn offline_room(visitor: &Visitor, around: &Around, total: Money) -> Result<(), FormProblem> {
    let limits = around.catalogue.school.offline;
    let left = |limit: Money, used: Money| limit.minus(used).unwrap_or(Money::ZERO).max(Money::ZERO);
    let allowed = limits
        .per_sale
        .min(left(limits.per_card, visitor.card_unacknowledged))
        .min(left(limits.per_kiosk, visitor.kiosk_unacknowledged));
    if total > allowed { Err(FormProblem::OfflineLimit(allowed)) } else { Ok(()) }
}

impl Inside {
    pub(super) fn hand_in_order(
        &mut self,
        mut room: OrderRoom,
        intent: Intent,
        fresh: OperationId,
        around: &Around,
    ) -> (Room, Vec<Effect>) {
        match (&room.step, intent) {
            (OrderStep::Choosing | OrderStep::Done { .. }, Intent::Back) => return (Room::Home, vec![]),
            (OrderStep::Checking, Intent::Back) => {
                room.problem = None;
                room.step = OrderStep::Choosing;
            }
            (OrderStep::Choosing, Intent::Checkout) if room.basket.is_empty() => {
                room.problem = Some(FormProblem::EmptyBasket);
            }
            (OrderStep::Choosing, Intent::Checkout) => {
                room.problem = room.check(self, around).err();
                room.step = OrderStep::Checking;
            }
            (OrderStep::Checking, Intent::Pay) => match room.check(self, around) {
                Ok(total) => return self.record_order(room, fresh, total, around),
                Err(problem) => room.problem = Some(problem),
            },
            (OrderStep::Choosing, Intent::Day(day)) if around.takes_orders(day) => {
                room.day = day;
                room.problem = None;
                if let Some(menu) = around.catalogue.day(day) {
                    room.basket.keep_only(&menu.products);
                }
            }
            (OrderStep::Choosing | OrderStep::Checking, intent) => {
                change_basket(&mut room, intent, around);
                if room.step == OrderStep::Checking {
                    room.problem = room.check(self, around).err();
                }
            }
            (OrderStep::Recording { .. } | OrderStep::Done { .. }, _) => {}
        }
        (Room::Order(room), vec![])
    }

    fn record_order(
        &self,
        mut room: OrderRoom,
        fresh: OperationId,
        total: Money,
        around: &Around,
    ) -> (Room, Vec<Effect>) {
        let lines = room.basket.requests(&around.catalogue);
        let slip = self.order_slip(&room, &lines, total, around);
        let draft = Draft::Order(PlaceOrder {
            number: String::new(),
            card: self.visitor.card,
            account: self.chosen,
            date: room.day,
            lines,
            total,
        });
        room.problem = None;
        room.step = OrderStep::Recording { id: fresh, total };
        (Room::Order(room), vec![Effect::Record { id: fresh, draft, slip: Some(Paper::Order(slip)) }])
    }

    fn order_slip(&self, room: &OrderRoom, lines: &[LineRequest], total: Money, around: &Around) -> OrderSlip {
        let school = &around.catalogue.school;
        let product = |id: ProductId| around.catalogue.product(id);
        let amount = |line: &LineRequest| line.price.times(line.quantity).unwrap_or(total);
        let vat = lines.iter().map(|l| amount(l).vat_within(product(l.product).map_or(0, |p| p.vat_percent)));
        let balance = self.account().map_or(Money::ZERO, |a| a.balance);
        OrderSlip {
            school: school.name.clone(),
            issuer: school.issuer.clone(),
            number: String::new(),
            at: around.now.wall,
            account: self.label(),
            delivery: room.day,
            lines: lines
                .iter()
                .map(|line| PaperLine {
                    name: product(line.product).map(|p| p.name(around.language).to_owned()).unwrap_or_default(),
                    quantity: line.quantity,
                    amount: amount(line),
                    comment: line.comment.clone(),
                })
                .collect(),
            total,
            vat: Money::sum(vat).unwrap_or_default(),
            balance: balance.minus(total).unwrap_or_default(),
            offline: !around.link.is_online(),
        }
    }

    /// The disk has it: say so with a sound.
    pub fn order_done_beep(&self, id: OperationId) -> Option<Effect> {
        let Room::Order(OrderRoom { step: OrderStep::Done { id: done, .. }, .. }) = &self.room else { return None };
        (*done == id).then_some(Effect::Beep(Beep::Done))
    }
}

fn change_basket(room: &mut OrderRoom, intent: Intent, around: &Around) {
    let on_menu = |product| around.catalogue.day(room.day).is_some_and(|d| d.products.contains(&product));
    room.problem = None;
    match intent {
        Intent::Add(product) if on_menu(product) && !room.basket.add(product) => {
            room.problem = Some(FormProblem::TooMany(LineRequest::MOST));
        }
        Intent::Remove(product) => room.basket.remove(product),
        Intent::Edit(Field::Comment(product), text) => room.basket.comment(product, &text),
        _ => {}
    }
}
