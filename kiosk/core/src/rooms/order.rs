//! The webshop: choose a day and what to eat on it, check, pay.
//!
//! Pure. **Invariants:** an order is recorded only if, at that moment, its day takes orders, there is enough left of everything as far
//! as this kiosk knows, the balance and the caps cover what it takes as far as the server has said it, and, while nothing gets through
//! to the server, the school's offline limits allow it. It is shown as ordered only when it is on disk. Each day has a basket of its
//! own, and what lies in it stays in it until the visit ends. What the eater cannot eat is ordered only after somebody has said so to
//! that very dish, and never where it is blocked.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use madkort_protocol::{LineRequest, Money, OperationId, PlaceOrder, ProductId};

use super::{Around, Inside, Price, Room};
use crate::{
    Basket, Beep, Draft, Effect, Field, FormProblem, Intent, OrderSlip, Paper, PaperLine, PrintState, Visitor,
};

/// An order being made.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OrderRoom {
    pub day: Date,
    /// What is chosen for that day.
    pub basket: Basket,
    /// What is chosen for the others.
    pub other_days: BTreeMap<Date, Basket>,
    /// Dishes that were put in although the eater cannot eat them.
    pub anyway: BTreeSet<ProductId>,
    /// What the basket takes from the account.
    pub price: Price,
    pub problem: Option<FormProblem>,
    pub step: OrderStep,
}

/// How far it is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum OrderStep {
    /// Among the shelves.
    Choosing,
    /// Before the days of delivery.
    Days,
    /// Before a dish the eater cannot eat.
    Warned { product: ProductId },
    /// At the check-out.
    Checking,
    /// On its way to the disk.
    Recording { id: OperationId, taken: Money },
    /// On disk.
    Done { id: OperationId, number: String, taken: Money, offline: bool, paper: PrintState },
}

impl OrderRoom {
    /// Opens on tomorrow, or the first day after it, or today.
    pub fn enter(around: &Around) -> Option<Self> {
        let today = around.now.today;
        let later = around.open_days().find(|d| d.date > today);
        let day = later.or_else(|| around.open_days().next())?.date;
        let (basket, other_days, anyway) = (Basket::default(), BTreeMap::new(), BTreeSet::new());
        let (price, step) = (Price::Unasked, OrderStep::Choosing);
        Some(Self { day, basket, other_days, anyway, price, problem: None, step })
    }

    pub fn paper(&mut self, reference: &str, to: PrintState) {
        if let OrderStep::Done { id, paper, .. } = &mut self.step
            && id.to_string() == reference
        {
            *paper = to;
        }
    }

    pub fn recorded(&mut self, recorded: OperationId, number: &str, around: &Around) {
        if let OrderStep::Recording { id, taken } = self.step
            && id == recorded
        {
            self.basket = Basket::default();
            self.step = OrderStep::Done {
                id,
                number: number.to_owned(),
                taken,
                offline: around.keeps_back(),
                paper: around.first_print_state(),
            };
        }
    }

    /// Whether this very order is told as ordered now.
    pub fn tells_of(&self, order: OperationId) -> bool {
        matches!(self.step, OrderStep::Done { id, .. } if id == order)
    }

    /// Pieces in the basket of a day.
    pub fn pieces(&self, day: Date) -> u32 {
        if day == self.day { self.basket.pieces() } else { self.other_days.get(&day).map_or(0, Basket::pieces) }
    }

    /// The first other day that has something in its basket and still takes orders.
    pub fn next_basket(&self, around: &Around) -> Option<Date> {
        self.other_days.keys().copied().find(|day| around.takes_orders(*day))
    }

    /// To another day and its basket; this one's stays as it is.
    fn go_to(&mut self, day: Date, around: &Around) {
        let left = std::mem::take(&mut self.basket);
        if !left.is_empty() {
            self.other_days.insert(self.day, left);
        }
        self.basket = self.other_days.remove(&day).unwrap_or_default();
        if let Some(menu) = around.catalogue.day(day) {
            self.basket.keep_only(&menu.products);
        }
        self.day = day;
        self.problem = None;
        self.step = OrderStep::Choosing;
    }

    /// Everything that stands against the order, checked at the moment it is paid.
    pub fn check(&self, inside: &Inside, around: &Around) -> Result<Money, FormProblem> {
        if self.basket.is_empty() {
            return Err(FormProblem::EmptyBasket);
        }
        if !around.takes_orders(self.day) {
            return Err(FormProblem::CutOff);
        }
        for line in self.basket.lines() {
            match around.left(self.day, line.product) {
                Some(left) if line.quantity > left => return Err(FormProblem::OnlyLeft(left)),
                _ => {}
            }
        }
        let total = self.basket.total(&around.catalogue).map_err(|_| FormProblem::TooMany(LineRequest::MOST))?;
        if !inside.price_is_open(self, around) {
            if let Some(over) = inside.over_a_cap(self, around) {
                return Err(over);
            }
            let taken = inside.quoted(self, around).unwrap_or(total);
            covers(inside.account().map_or(Money::ZERO, |a| a.balance), taken)?;
        }
        if around.keeps_back() {
            offline_room(&inside.visitor, around, total)?;
        }
        Ok(total)
    }
}

/// Whether a balance has so much; what is taken from nothing is covered by nothing.
fn covers(balance: Money, taken: Money) -> Result<(), FormProblem> {
    let after = balance.minus(taken).map_err(|_| FormProblem::Balance(taken))?;
    let lacks = after < Money::ZERO && taken > Money::ZERO;
    if lacks { Err(FormProblem::Balance(after.negated().unwrap_or(taken))) } else { Ok(()) }
}

/// Whether an order may be taken while nothing gets through to the server.
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
        let mut effects = vec![];
        if let OrderStep::Warned { product } = room.step
            && self.cannot_eat(product, around).is_none()
        {
            room.step = OrderStep::Choosing;
        }
        match (&room.step, intent) {
            (OrderStep::Choosing | OrderStep::Done { .. }, Intent::Back) => return (Room::Home, vec![]),
            (OrderStep::Checking | OrderStep::Days, Intent::Back) => {
                room.problem = None;
                room.step = OrderStep::Choosing;
            }
            (OrderStep::Choosing, Intent::Days) => {
                room.problem = None;
                room.step = OrderStep::Days;
            }
            (OrderStep::Choosing | OrderStep::Days | OrderStep::Done { .. }, Intent::Day(day))
                if around.takes_orders(day) =>
            {
                room.go_to(day, around);
            }
            (OrderStep::Choosing, Intent::Checkout) if room.basket.is_empty() => {
                room.problem = Some(FormProblem::EmptyBasket);
            }
            (OrderStep::Choosing, Intent::Checkout) => {
                effects = self.ask_what_can_be_eaten(around);
                // Asked anew each time: a price, or who pays what, may have changed.
                room.price = Price::Unasked;
                room.problem = room.check(self, around).err();
                room.step = self.first_conflict(&room, around).unwrap_or(OrderStep::Checking);
            }
            (OrderStep::Checking, Intent::Pay) => return self.pay(room, fresh, around),
            (&OrderStep::Warned { product }, intent) => self.answer_warning(&mut room, product, &intent, around),
            (OrderStep::Choosing | OrderStep::Checking, Intent::Add(product))
                if !room.anyway.contains(&product) && self.cannot_eat(product, around).is_some() =>
            {
                room.problem = None;
                room.step = OrderStep::Warned { product };
            }
            (OrderStep::Choosing | OrderStep::Checking, intent) => {
                change_basket(&mut room, intent, around);
                if room.step == OrderStep::Checking {
                    room.problem = room.check(self, around).err();
                }
            }
            (OrderStep::Days | OrderStep::Recording { .. } | OrderStep::Done { .. }, _) => {}
        }
        effects.extend(self.ask_price(&mut room, around));
        (Room::Order(room), effects)
    }

    /// *Betal*.
    fn pay(&self, mut room: OrderRoom, fresh: OperationId, around: &Around) -> (Room, Vec<Effect>) {
        match (self.first_conflict(&room, around), room.check(self, around)) {
            (Some(conflict), _) => room.step = conflict,
            // Not before the server has said what it takes.
            (None, Ok(_)) if self.price_is_open(&room, around) => {}
            (None, Ok(total)) => return self.record_order(room, fresh, total, around),
            (None, Err(problem)) => {
                // Perhaps it takes less, and the server can be asked by now; perhaps a guardian has raised the cap meanwhile.
                let asks_again = match problem {
                    FormProblem::Balance(_) => matches!(room.price, Price::Unreachable(_)),
                    FormProblem::DayCap(_) | FormProblem::WeekCap(_) | FormProblem::MonthCap(_) => true,
                    _ => false,
                };
                if asks_again {
                    room.price = Price::Unasked;
                }
                room.problem = Some(problem);
            }
        }
        let effects = self.ask_price(&mut room, around);
        (Room::Order(room), effects)
    }

    /// The first dish in the basket that the eater cannot eat and nobody has been asked about: it may have been put in before
    /// the server was heard.
    fn first_conflict(&self, room: &OrderRoom, around: &Around) -> Option<OrderStep> {
        let mut chosen = room.basket.lines().iter().map(|line| line.product);
        let unasked =
            |product: &ProductId| !room.anyway.contains(product) && self.cannot_eat(*product, around).is_some();
        chosen.find(unasked).map(|product| OrderStep::Warned { product })
    }

    /// *Tilføj alligevel* or *Nej tak*.
    fn answer_warning(&self, room: &mut OrderRoom, product: ProductId, intent: &Intent, around: &Around) {
        let conflict = self.cannot_eat(product, around);
        match intent {
            Intent::AddAnyway if conflict.is_some_and(|conflict| !conflict.blocked) => {
                room.anyway.insert(product);
                if room.basket.quantity(product) == 0 {
                    change_basket(room, Intent::Add(product), around);
                }
            }
            Intent::Back => room.basket.remove_all(product),
            // Whatever else: the question stays.
            _ => return,
        }
        room.step = OrderStep::Choosing;
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
        let taken = slip.taken.unwrap_or(total);
        let order = PlaceOrder {
            number: String::new(),
            card: self.visitor.card,
            account: self.chosen,
            date: room.day,
            lines,
            total,
        };
        let draft = Draft::Order { order, taken };
        room.problem = None;
        room.step = OrderStep::Recording { id: fresh, taken };
        (Room::Order(room), vec![Effect::Record { id: fresh, draft, slip: Some(Paper::Order(slip)) }])
    }

    fn order_slip(&self, room: &OrderRoom, lines: &[LineRequest], total: Money, around: &Around) -> OrderSlip {
        let school = &around.catalogue.school;
        let product = |id: ProductId| around.catalogue.product(id);
        let amount = |line: &LineRequest| line.price.times(line.quantity).unwrap_or(total);
        let vat = lines.iter().map(|l| amount(l).vat_within(product(l.product).map_or(0, |p| p.vat_percent)));
        let balance = self.account().map_or(Money::ZERO, |a| a.balance);
        let taken = self.quoted(room, around);
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
            taken,
            balance: Some(balance.minus(taken.unwrap_or(total)).unwrap_or_default()),
            offline: around.keeps_back(),
            copy: false,
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
        Intent::Add(product) if on_menu(product) => match around.left(room.day, product) {
            Some(left) if room.basket.quantity(product) >= left => room.problem = Some(FormProblem::OnlyLeft(left)),
            _ if !room.basket.add(product) => room.problem = Some(FormProblem::TooMany(LineRequest::MOST)),
            _ => {}
        },
        Intent::Remove(product) => room.basket.remove(product),
        Intent::Edit(Field::Comment(product), text) => room.basket.comment(product, &text),
        _ => {}
    }
}
