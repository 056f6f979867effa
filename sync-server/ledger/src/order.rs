//! A preorder in two phases: the money is held when it is placed, and sold at the cut-off or given back before it. What was
//! sold can be paid back.
//!
//! Pure. Legs: held: card −, held orders +; released: the other way round; captured: held orders −, subsidy −, income + for each
//! rate, VAT +; refunded: income −, VAT −, subsidy +, card +. What a subsidy pays is settled when the order is placed, and not held:
//! of a free meal nothing is, and no money moves before it is sold.
//!
//! **Invariant:** what is captured or released is what was held, to the øre; an order is sold once and paid back once.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use madkort_protocol::{
    LineRequest, MenuDay, Money, OperationId, Order, OrderState, PlaceOrder, Product, Refusal, Rule, check_text,
};

use crate::authorisation::{give_back_any, paid_of, set_aside_any};
use crate::derived::Purpose;
use crate::hold::{Hold, HoldError, HoldKind, HoldState};
use crate::purchase::income;
use crate::rules::{LARGEST, Payer, Recorded, over, refusal};
use crate::transaction::{Legs, MOST_LEGS, NotBalanced, REASON};
use crate::{Book, Kind, Posted, PriceClass, Transaction};

/// Lines of one order: what fits on one kitchen slip.
pub const MOST_LINES: usize = 20;
/// The most one order may come to, whoever pays it: of a free one nothing is held, so that no balance limits it, and all of it is the
/// subsidy's once it is sold.
pub const MOST: Money = LARGEST;
/// Rates of VAT in one order: each has a leg of income when it is sold, beside what was held, the subsidy and the VAT.
pub const MOST_RATES: usize = MOST_LEGS - 3;
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
    /// The part of the price that the school or the municipality pays.
    pub subsidised: Money,
    /// The menu of the day of delivery.
    pub day: Option<&'a MenuDay>,
    /// The products it names, as far as there are such.
    pub products: &'a [Product],
    /// How it was recorded.
    pub recorded: Recorded,
}

/// What an order of that price takes from a holder of that class: the sum that [`held`] would hold.
pub fn taken(price: Money, class: PriceClass) -> Result<Money, Refusal> {
    check_total(price)?;
    paid_of(price, class.subsidised(price))
}

/// Holds the money of an order; `None` if the holder pays nothing of it.
pub fn held(placing: &Placing<'_>) -> Result<Option<Transaction>, Refusal> {
    let order = placing.order;
    placing.payer.check_card()?;
    check_fields(order)?;
    let day = placing.day.ok_or(refusal(Rule::NotOnMenu))?;
    for line in &order.lines {
        check_line(line, day, placing.products)?;
    }
    check_rates(order, placing.products)?;
    placing.recorded.check_cut_off(day.cut_off, placing.at)?;
    placing.recorded.check_allowance(order.total)?;
    check_portions(order, day)?;
    if order.total <= Money::ZERO {
        return Err(refusal(Rule::Field));
    }
    check_total(order.total)?;
    let paid = paid_of(order.total, placing.subsidised)?;
    placing.payer.check_spending(paid, placing.at)?;
    set_aside_any(placing.id, Kind::OrderHeld, HoldKind::Order, order.account, paid, placing.at)
        .map(|(_, transaction)| transaction)
        .map_err(|_| refusal(Rule::Field))
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
    /// What the subsidy was to pay of it.
    pub subsidised: Money,
    /// Who asks; whether they may use the account that paid.
    pub payer: Payer,
    /// The menu of the day of delivery.
    pub day: Option<&'a MenuDay>,
    /// How it was recorded.
    pub recorded: Recorded,
}

/// Gives the money of a held order back; `None` if none was held.
pub fn released(releasing: &Releasing<'_>) -> Result<Option<Transaction>, Refusal> {
    let order = releasing.order.ok_or(refusal(Rule::Order))?;
    releasing.payer.check_card()?;
    if order.state != OrderState::Held {
        return Err(refusal(Rule::Order));
    }
    let day = releasing.day.ok_or(refusal(Rule::Order))?;
    releasing.recorded.check_cut_off(day.cut_off, releasing.at)?;
    let no = |error: HoldError| error.refusal(HoldKind::Order);
    let ended = hold_of(order, releasing.subsidised).release().map_err(no)?;
    give_back_any(releasing.id, Kind::OrderReleased, &ended, releasing.at).map(|(_, made)| made).map_err(no)
}

/// Sells a held order at its cut-off. What the subsidy pays of it was settled when it was placed.
pub fn captured(order: &Order, subsidised: Money, at: Timestamp) -> Result<Transaction, HoldError> {
    let hold = hold_of(order, subsidised);
    let ended = if hold.amount == Money::ZERO { hold.release()? } else { hold.capture(hold.amount, at)? };
    let mut by_rate: BTreeMap<u8, Money> = BTreeMap::new();
    for line in &order.lines {
        let price = line.price.times(line.quantity).map_err(|_| NotBalanced::Overflow)?;
        let sum = by_rate.entry(line.vat_percent).or_default();
        *sum = sum.plus(price).map_err(|_| NotBalanced::Overflow)?;
    }
    let mut legs =
        Legs::default().take(Book::Held(HoldKind::Order), ended.captured)?.take(Book::Subsidy, subsidised)?;
    for (rate, amount) in by_rate {
        legs = income(legs, amount, rate)?;
    }
    Ok(legs.post(capture_id(order.id), Kind::OrderCaptured, at)?.concerning(order.id))
}

/// An order to be paid back after it was sold.
#[derive(Clone, Copy, Debug)]
pub struct Refunding<'a> {
    /// When, by the server's clock.
    pub at: Timestamp,
    /// The order; `None` if there is no such order.
    pub order: Option<&'a Order>,
    /// Its capture; `None` if it was not sold.
    pub capture: Option<Posted<'a>>,
    /// Who pays back and why: staff, or a dish that never came. At most [`REASON`] characters.
    pub reason: &'a str,
}

/// Pays a sold order back: once, whoever asks, because the key is the order's own for this purpose.
pub fn refunded(asked: &Refunding<'_>) -> Result<Transaction, Refusal> {
    let no = refusal(Rule::Order);
    let reason = check_text(asked.reason, REASON).map_err(|_| refusal(Rule::Field))?;
    let (order, capture) = asked.order.zip(asked.capture).ok_or(no.clone())?;
    let sold = capture.transaction;
    let fits = order.state == OrderState::Captured && sold.kind() == Kind::OrderCaptured;
    if !fits || capture.reversed || sold.id() != capture_id(order.id) {
        return Err(no);
    }
    let capture = Posted { holder: Some(order.account), ..capture };
    let legs = capture.turned_round().ok_or(no)?.map_err(|_| refusal(Rule::Amount))?;
    let refunded = legs.post(Purpose::Refund.of(order.id), Kind::OrderRefunded, asked.at);
    Ok(refunded.map_err(|_| refusal(Rule::Amount))?.concerning(sold.id()).because(reason))
}

/// The key under which an order is captured: devices make version 7 only, so it collides with nothing, and a second capture is
/// the first one again.
#[must_use]
pub const fn capture_id(order: OperationId) -> OperationId {
    Purpose::Capture.of(order)
}

/// What is held for an order of which a subsidy pays a part.
#[must_use]
pub fn hold_of(order: &Order, subsidised: Money) -> Hold {
    let amount = order.total.minus(subsidised).unwrap_or_default();
    let (state, captured) = match order.state {
        OrderState::Held => (HoldState::Open, Money::ZERO),
        OrderState::Captured => (HoldState::Captured, amount),
        OrderState::Released | OrderState::Refused => (HoldState::Released, Money::ZERO),
    };
    let (id, account) = (order.id, order.account);
    Hold { id, account, kind: HoldKind::Order, amount, captured, state, expires_at: None }
}

fn check_total(total: Money) -> Result<(), Refusal> {
    if total <= MOST { Ok(()) } else { Err(over(Rule::Amount, MOST, total)) }
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
    if product.price != line.price {
        return Err(over(Rule::Price, product.price, line.price));
    }
    // A price below zero would pay the holder.
    if line.price < Money::ZERO { Err(over(Rule::Price, Money::ZERO, line.price)) } else { Ok(()) }
}

/// What is held now can be sold later.
fn check_rates(order: &PlaceOrder, products: &[Product]) -> Result<(), Refusal> {
    let named = products.iter().filter(|product| order.lines.iter().any(|line| line.product == product.id));
    let rates: BTreeSet<u8> = named.map(|product| product.vat_percent).collect();
    if rates.len() <= MOST_RATES { Ok(()) } else { Err(refusal(Rule::Field)) }
}

/// There is enough left of everything there is a limit of. A product that stands on two lines is asked for twice.
fn check_portions(order: &PlaceOrder, day: &MenuDay) -> Result<(), Refusal> {
    for portions in &day.portions {
        let lines = order.lines.iter().filter(|line| line.product == portions.product);
        if lines.map(|line| line.quantity).sum::<u32>() > portions.left {
            return Err(Refusal { portions: Some(*portions), ..refusal(Rule::Portions) });
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use jiff::civil::date;
    use madkort_protocol::{OrderLine, Portions, ProductId};
    use uuid::Uuid;

    use super::*;
    use crate::purchase::tests::{NOON, account, id, legs, payer, written};

    fn order() -> Order {
        let line = |quantity, kroner, vat_percent| OrderLine {
            product: ProductId::new(Uuid::from_u128(1)),
            name_da: String::new(),
            name_en: String::new(),
            quantity,
            price: Money::from_kroner(kroner),
            vat_percent,
            comment: String::new(),
        };
        let lines = vec![line(2, 25, 25), line(1, 10, 0), line(1, 5, 25)];
        let (total, state, picked_up_at) = (Money::from_kroner(65), OrderState::Held, None);
        Order {
            id: id(1),
            number: "K1-1".into(),
            account: account(1),
            date: date(2026, 11, 24),
            lines,
            total,
            state,
            picked_up_at,
        }
    }

    fn refund(order: Option<&Order>, capture: Option<Posted<'_>>) -> Result<Transaction, Refusal> {
        refunded(&Refunding { at: NOON, order, capture, reason: "Kom ikke" })
    }

    #[test]
    fn an_order_is_sold_and_paid_back_leg_by_leg() {
        let sold = captured(&order(), Money::ZERO, NOON).unwrap();
        assert_eq!(
            written(&sold),
            legs(&[("held-orders", -6500), ("income:0", 1000), ("vat", 1100), ("income:25", 4400)])
        );
        assert_eq!((sold.id(), sold.about()), (capture_id(id(1)), Some(id(1))));
        let order = Order { state: OrderState::Captured, ..order() };
        let posted = Posted { transaction: &sold, holder: None, device: None, reversed: false };
        let back = refund(Some(&order), Some(posted)).unwrap();
        assert_eq!(
            written(&back),
            legs(&[("card 1", 6500), ("income:0", -1000), ("vat", -1100), ("income:25", -4400)])
        );
        assert_eq!((back.about(), back.reason()), (Some(sold.id()), Some("Kom ikke")));
    }

    #[test]
    fn a_subsidy_pays_its_part_and_gets_it_back() {
        let seller = [("income:0", 1000), ("vat", 1100), ("income:25", 4400)];
        for (subsidised, holder) in [(3250, 3250), (6500, 0)] {
            let sold = captured(&order(), Money::from_ore(subsidised), NOON).unwrap();
            let mut sides = vec![("held-orders", -holder), ("subsidy", -subsidised)];
            sides.retain(|(_, ore)| *ore != 0);
            assert_eq!(written(&sold), legs(&[&sides[..], &seller[..]].concat()));
            let order = Order { state: OrderState::Captured, ..order() };
            let posted = Posted { transaction: &sold, holder: None, device: None, reversed: false };
            let back = refund(Some(&order), Some(posted)).unwrap();
            assert_eq!(back.change_of(&Book::Card(account(1))).ore(), holder);
            assert_eq!(back.change_of(&Book::Subsidy).ore(), subsidised);
        }
    }

    #[test]
    fn what_was_not_sold_is_not_paid_back_and_nothing_twice() {
        let sold = captured(&order(), Money::ZERO, NOON).unwrap();
        let order = Order { state: OrderState::Captured, ..order() };
        let posted = Posted { transaction: &sold, holder: None, device: None, reversed: false };
        let no = Err(refusal(Rule::Order));
        assert_eq!(refund(None, Some(posted)), no);
        assert_eq!(refund(Some(&order), None), no);
        assert_eq!(refund(Some(&order), Some(Posted { reversed: true, ..posted })), no);
        assert_eq!(refund(Some(&Order { id: id(2), ..order.clone() }), Some(posted)), no);
        for state in [OrderState::Held, OrderState::Released, OrderState::Refused] {
            assert_eq!(refund(Some(&Order { state, ..order.clone() }), Some(posted)), no);
        }
        assert_eq!(captured(&order, Money::ZERO, NOON), Err(HoldError::Ended(HoldState::Captured)));
    }

    #[test]
    fn nobody_is_promised_a_portion_that_is_not_there() {
        let product = |n| ProductId::new(Uuid::from_u128(n));
        let line =
            |n, quantity| LineRequest { product: product(n), quantity, price: Money::ZERO, comment: String::new() };
        let order = |lines| PlaceOrder {
            number: "K1-1".into(),
            card: madkort_protocol::CardId::new(Uuid::from_u128(1)),
            account: account(1),
            date: date(2026, 11, 24),
            lines,
            total: Money::ZERO,
        };
        let left = Portions::new(product(1), 10).after(7);
        let day = MenuDay { date: date(2026, 11, 24), cut_off: NOON, products: vec![], portions: vec![left] };
        let check = |lines| check_portions(&order(lines), &day);
        assert_eq!(check(vec![line(1, 3), line(2, 30)]), Ok(()), "the last ones, and what has no limit");
        let short = Refusal { portions: Some(left), ..refusal(Rule::Portions) };
        assert_eq!(check(vec![line(1, 4)]), Err(short.clone()));
        assert_eq!(check(vec![line(1, 2), line(1, 2)]), Err(short), "on two lines");
    }

    /// An order of one line by a holder who has so much, of which the subsidy pays a part.
    fn place(ore: i64, balance: i64, subsidised: i64) -> Result<Option<Transaction>, Refusal> {
        place_all(&[a_product(ore)], balance, subsidised)
    }

    /// The same of one of each.
    fn place_all(products: &[Product], balance: i64, subsidised: i64) -> Result<Option<Transaction>, Refusal> {
        let line = |product: &Product| LineRequest {
            product: product.id,
            quantity: 1,
            price: product.price,
            comment: String::new(),
        };
        let asked = PlaceOrder {
            number: "K1-1".into(),
            card: madkort_protocol::CardId::new(Uuid::from_u128(1)),
            account: account(1),
            date: date(2026, 11, 24),
            lines: products.iter().map(line).collect(),
            total: Money::sum(products.iter().map(|product| product.price)).unwrap(),
        };
        let on_menu = products.iter().map(|product| product.id).collect();
        let day = MenuDay { date: asked.date, cut_off: NOON, products: on_menu, portions: vec![] };
        held(&Placing {
            id: id(1),
            at: NOON,
            order: &asked,
            payer: payer(balance),
            subsidised: Money::from_ore(subsidised),
            day: Some(&day),
            products,
            recorded: Recorded::Online,
        })
    }

    fn a_product(ore: i64) -> Product {
        Product {
            id: ProductId::new(Uuid::from_u128(1)),
            category: madkort_protocol::Category::Cold,
            name_da: String::new(),
            name_en: String::new(),
            about_da: String::new(),
            about_en: String::new(),
            price: Money::from_ore(ore),
            vat_percent: 25,
            allergens: vec![],
            picture: None,
        }
    }

    #[test]
    fn no_order_is_too_large_for_the_books_however_little_its_holder_pays() {
        let most = MOST.ore();
        assert_eq!(place(most, 0, most), Ok(None), "of a free one nothing is held");
        assert!(place(most, most, 0).unwrap().is_some());
        for ore in [most + 1, i64::MAX] {
            let refused = Err(over(Rule::Amount, MOST, Money::from_ore(ore)));
            for (balance, subsidised) in [(0, ore), (ore, 0), (ore, ore / 2)] {
                assert_eq!(place(ore, balance, subsidised), refused);
            }
            assert_eq!(taken(Money::from_ore(ore), PriceClass::Free).map(Some), refused.map(|_| None));
        }
        assert_eq!(taken(MOST, PriceClass::Free), Ok(Money::ZERO));
    }

    #[test]
    fn whatever_is_held_can_be_sold_however_many_rates_of_vat_are_in_it() {
        let products = |rates: usize| -> Vec<Product> {
            let numbers = (1..=u8::try_from(rates).unwrap()).map(|n| (ProductId::new(Uuid::from_u128(n.into())), n));
            numbers.map(|(id, vat_percent)| Product { id, vat_percent, ..a_product(10_000) }).collect()
        };
        let most = products(MOST_RATES);
        assert!(place_all(&most, MOST.ore(), 100).unwrap().is_some());
        let line = |product: &Product| OrderLine {
            product: product.id,
            name_da: String::new(),
            name_en: String::new(),
            quantity: 1,
            price: product.price,
            vat_percent: product.vat_percent,
            comment: String::new(),
        };
        let total = Money::sum(most.iter().map(|product| product.price)).unwrap();
        let order = Order { lines: most.iter().map(line).collect(), total, ..order() };
        let sold = captured(&order, Money::from_ore(100), NOON).unwrap();
        assert_eq!(sold.legs().len(), MOST_LEGS);
        assert_eq!(place_all(&products(MOST_RATES + 1), MOST.ore(), 100), Err(refusal(Rule::Field)));
    }

    #[test]
    fn lines_that_are_not_the_total_are_not_sold() {
        let other = Order { total: Money::from_kroner(64), ..order() };
        assert_eq!(captured(&other, Money::ZERO, NOON), Err(HoldError::NotBalanced(NotBalanced::Sum)));
    }
}
