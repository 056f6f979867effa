//! The webshop: what its room holds, as pages.
//!
//! Pure.

use jiff::civil::Date;
use madkort_protocol::MenuDay;

use super::{balance, countdown};
use crate::rooms::{Around, Inside, OrderRoom, OrderStep};
use crate::{AllergyPage, CheckoutLine, CheckoutPage, DayChoice, DaysPage, MenuPage, OrderDonePage, Page, ProductCard};

pub(super) fn order(room: &OrderRoom, inside: &Inside, around: &Around) -> Page {
    match &room.step {
        OrderStep::Choosing => Page::Menu(menu(room, inside, around)),
        OrderStep::Days => Page::Days(days(room, inside, around)),
        OrderStep::Warned { product } => match inside.cannot_eat(*product, around) {
            Some(warning) => Page::Allergy(AllergyPage {
                account: inside.label(),
                dish: around.dish(*product),
                allergens: warning.allergens,
                blocked: warning.blocked,
            }),
            // It may be eaten after all, as was heard this moment.
            None => Page::Menu(menu(room, inside, around)),
        },
        OrderStep::Checking | OrderStep::Recording { .. } => Page::Checkout(checkout(room, inside, around)),
        OrderStep::Done { number, taken, offline, paper, .. } => Page::OrderDone(OrderDonePage {
            number: number.clone(),
            date: room.day,
            taken: *taken,
            balance: balance(inside),
            paper: *paper,
            offline: *offline,
            next: room
                .next_basket(around)
                .and_then(|date| around.catalogue.day(date))
                .map(|day| choice(day, room, around)),
        }),
    }
}

fn choice(menu: &MenuDay, room: &OrderRoom, around: &Around) -> DayChoice {
    let today = around.now.today;
    let date: Date = menu.date;
    DayChoice {
        date,
        chosen: date == room.day,
        tomorrow: Some(date) == today.tomorrow().ok(),
        today: date == today,
        cut_off: menu.cut_off,
        open: around.takes_orders(date),
        pieces: room.pieces(date),
    }
}

fn days(room: &OrderRoom, inside: &Inside, around: &Around) -> DaysPage {
    DaysPage {
        account: inside.label(),
        days: around.coming_days().into_iter().map(|menu| choice(menu, room, around)).collect(),
    }
}

fn menu(room: &OrderRoom, inside: &Inside, around: &Around) -> MenuPage {
    let menu = around.catalogue.day(room.day);
    let mut products: Vec<ProductCard> = menu
        .into_iter()
        .flat_map(|day| &day.products)
        .filter_map(|id| around.catalogue.product(*id))
        .map(|product| {
            let (quantity, left) = (room.basket.quantity(product.id), around.left(room.day, product.id));
            ProductCard {
                id: product.id,
                category: product.category,
                name: product.name(around.language).to_owned(),
                about: product.about(around.language).to_owned(),
                price: product.price,
                allergens: product.allergens.clone(),
                picture: around.catalogue.picture(product),
                quantity,
                left,
                can_add: left.is_none_or(|left| quantity < left),
            }
        })
        .collect();
    products.sort_by_key(|product| product.category);
    MenuPage {
        account: inside.label(),
        balance: balance(inside),
        day: menu.map_or_else(|| closed(room.day), |menu| choice(menu, room, around)),
        countdown: menu
            .filter(|day| around.takes_orders(day.date))
            .and_then(|day| countdown(day.date, day.cut_off, around.now.wall)),
        products,
        pieces: room.basket.pieces(),
        total: room.basket.total(&around.catalogue).unwrap_or_default(),
        problem: room.problem,
        unchecked: inside.eating.is_unreachable(),
    }
}

/// A day whose menu was taken away while somebody stood before it.
fn closed(date: Date) -> DayChoice {
    let cut_off = jiff::Timestamp::UNIX_EPOCH;
    DayChoice { date, chosen: true, tomorrow: false, today: false, cut_off, open: false, pieces: 0 }
}

fn checkout(room: &OrderRoom, inside: &Inside, around: &Around) -> CheckoutPage {
    let total = room.basket.total(&around.catalogue).unwrap_or_default();
    let lines = room.basket.lines().iter().filter_map(|line| {
        let product = around.catalogue.product(line.product)?;
        Some(CheckoutLine {
            product: product.id,
            name: product.name(around.language).to_owned(),
            quantity: line.quantity,
            price: product.price,
            amount: product.price.times(line.quantity).ok()?,
            comment: line.comment.clone(),
            allergens: product.allergens.clone(),
        })
    });
    // What is being put on disk takes what was agreed, also if the server goes out of reach meanwhile.
    let taken = match room.step {
        OrderStep::Recording { taken, .. } => Some(taken),
        _ if inside.price_is_open(room, around) => None,
        _ => Some(inside.quoted(room, around).unwrap_or(total)),
    };
    CheckoutPage {
        account: inside.label(),
        date: room.day,
        lines: lines.collect(),
        total,
        taken: taken.map(|taken| (taken, balance(inside).minus(taken).unwrap_or_default())),
        problem: room.problem,
        recording: room.step != OrderStep::Checking,
    }
}
