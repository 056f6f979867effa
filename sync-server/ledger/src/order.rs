//! A preorder in two phases: the money is held when it is placed, and sold at the cut-off or given back before it.
//!
//! Pure. **Invariant:** what is captured or released is what was held, to the øre.

use std::collections::BTreeMap;

use jiff::Timestamp;
use madkort_protocol::{
    LineRequest, MenuDay, Money, OperationId, Order, OrderState, PlaceOrder, Product, Refusal, Rule, check_text,
};
use uuid::Builder;

use crate::purchase::income;
use crate::rules::{Payer, Recorded, over, refusal};
use crate::transaction::NotBalanced;
use crate::{Book, Kind, Leg, Transaction};

/// Lines of one order: what fits on one kitchen slip.
pub const MOST_LINES: usize = 20;
/// Characters of the number on the slip.
pub const NUMBER: usize = 16;

/// An order to be placed, and what it is judged by.
#[derive(Clone, Copy, Debug)]
pub struct Placing<'a> {
    /// The key.
    pub id: OperationId,
    /// Now, by the server's clock.
    pub at: Timestamp,
    /// As confirmed on the screen.
    pub order: &'a PlaceOrder,
    /// Who pays.
    pub payer: Payer,
    /// The menu of the day of delivery.
    pub day: Option<&'a MenuDay>,
    /// The products it names, as far as there are such.
    pub products: &'a [Product],
    /// How it was recorded.
    pub recorded: Recorded,
}

/// Holds the money of an order.
pub fn held(placing: &Placing<'_>) -> Result<Transaction, Refusal> {
    let order = placing.order;
    placing.payer.check_card()?;
    check_fields(order)?;
    let day = placing.day.ok_or(refusal(Rule::NotOnMenu))?;
    for line in &order.lines {
        check_line(line, day, placing.products)?;
    }
    placing.recorded.check_cut_off(day.cut_off, placing.at)?;
    placing.recorded.check_allowance(order.total)?;
    placing.payer.check_balance(order.total)?;
    let taken = order.total.negated().map_err(|_| refusal(Rule::Field))?;
    let legs = vec![
        Leg { book: Book::Card(order.account), amount: taken },
        Leg { book: Book::HeldOrders, amount: order.total },
    ];
    Transaction::try_new(placing.id, Kind::OrderHeld, legs, placing.at).map_err(|_| refusal(Rule::Field))
}

/// An order to be taken back, and what it is judged by.
#[derive(Clone, Copy, Debug)]
pub struct Releasing<'a> {
    /// The key of the cancellation.
    pub id: OperationId,
    /// Now, by the server's clock.
    pub at: Timestamp,
    /// The order; `None` if there is no such order.
    pub order: Option<&'a Order>,
    /// Who asks; whether they may use the account that paid.
    pub payer: Payer,
    /// The menu of the day of delivery.
    pub day: Option<&'a MenuDay>,
    /// How it was recorded.
    pub recorded: Recorded,
}

/// Gives the money of a held order back.
pub fn released(releasing: &Releasing<'_>) -> Result<Transaction, Refusal> {
    let order = releasing.order.ok_or(refusal(Rule::Order))?;
    releasing.payer.check_card()?;
    if order.state != OrderState::Held {
        return Err(refusal(Rule::Order));
    }
    let day = releasing.day.ok_or(refusal(Rule::Order))?;
    releasing.recorded.check_cut_off(day.cut_off, releasing.at)?;
    let taken = order.total.negated().map_err(|_| refusal(Rule::Order))?;
    let legs = vec![
        Leg { book: Book::HeldOrders, amount: taken },
        Leg { book: Book::Card(order.account), amount: order.total },
    ];
    Transaction::try_new(releasing.id, Kind::OrderReleased, legs, releasing.at).map_err(|_| refusal(Rule::Order))
}

/// Sells a held order at its cut-off.
pub fn captured(order: &Order, at: Timestamp) -> Result<Transaction, NotBalanced> {
    let mut by_rate: BTreeMap<u8, Money> = BTreeMap::new();
    for line in &order.lines {
        let price = line.price.times(line.quantity).map_err(|_| NotBalanced::Overflow)?;
        let sum = by_rate.entry(line.vat_percent).or_default();
        *sum = sum.plus(price).map_err(|_| NotBalanced::Overflow)?;
    }
    let taken = order.total.negated().map_err(|_| NotBalanced::Overflow)?;
    let mut legs = vec![Leg { book: Book::HeldOrders, amount: taken }];
    let mut vat = Money::ZERO;
    for (rate, amount) in by_rate {
        for leg in income(amount, rate).map_err(|_| NotBalanced::Overflow)? {
            match leg.book {
                // One leg for the VAT of all rates: a book stands once in a transaction.
                Book::Vat => vat = vat.plus(leg.amount).map_err(|_| NotBalanced::Overflow)?,
                _ => legs.push(leg),
            }
        }
    }
    if vat != Money::ZERO {
        legs.push(Leg { book: Book::Vat, amount: vat });
    }
    Transaction::try_new(capture_id(order.id), Kind::OrderCaptured, legs, at)
}

/// The key under which an order is captured: the order's own, as a version 8 UUID (RFC 9562, 5.8). Devices make version 7 only,
/// so it collides with nothing, and a second capture is the first one again.
#[must_use]
pub fn capture_id(order: OperationId) -> OperationId {
    OperationId::new(Builder::from_bytes(order.uuid().into_bytes()).with_version(uuid::Version::Custom).into_uuid())
}

fn check_fields(order: &PlaceOrder) -> Result<(), Refusal> {
    check_text(&order.number, NUMBER).map_err(|_| refusal(Rule::Field))?;
    if order.lines.is_empty() || order.lines.len() > MOST_LINES {
        return Err(refusal(Rule::Field));
    }
    for line in &order.lines {
        if line.quantity == 0 || line.quantity > LineRequest::MOST {
            return Err(refusal(Rule::Field));
        }
        if !line.comment.is_empty() {
            check_text(&line.comment, LineRequest::COMMENT).map_err(|_| refusal(Rule::Field))?;
        }
    }
    let prices = order.lines.iter().map(|line| line.price.times(line.quantity));
    let sum = prices.collect::<Result<Vec<_>, _>>().and_then(Money::sum).map_err(|_| refusal(Rule::Field))?;
    if sum == order.total { Ok(()) } else { Err(over(Rule::Field, sum, order.total)) }
}

fn check_line(line: &LineRequest, day: &MenuDay, products: &[Product]) -> Result<(), Refusal> {
    let product = products.iter().find(|product| product.id == line.product);
    let product = product.filter(|product| day.products.contains(&product.id)).ok_or(refusal(Rule::NotOnMenu))?;
    if product.price == line.price { Ok(()) } else { Err(over(Rule::Price, product.price, line.price)) }
}
