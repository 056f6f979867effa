//! The webshop on the real programs: a day is chosen, an allergy is warned of, the last portions are sold once, and what was ordered in
//! time is handed out at a tap.

mod hand_out;
mod refusals;

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use jiff::civil::Date;
use madkort_protocol::{
    Changes, DeviceKind, LineRequest, Operation, OperationBody, Outcome, PlaceOrder, Product, ProductId, Push, Pushed,
};
use madkort_tests::device::{Device, new_id};
use madkort_tests::rig::{Options, Rig};
use madkort_tests::window::Role;

const ADD: &str = "Add {} to the basket";

/// The first product that can be added on the open menu.
fn first_product(rig: &Rig) -> Result<String> {
    let add = rig.words.say(ADD);
    let before = add.split("{}").next().unwrap_or_default();
    rig.window().wait_until("a product to order", |sight| sight.elements.iter().any(|e| e.name.starts_with(before)))?;
    rig.fillings(ADD).into_iter().next().context("no product to order")
}

#[test]
fn whoever_cannot_eat_it_is_asked_first() -> Result<()> {
    let mut rig = Rig::start(Options::default())?;
    rig.come_in("Sofia")?;
    rig.press("Order food")?;
    // Each day with its own cut-off; another one can be chosen, and this one again.
    rig.press("Another day")?;
    rig.kiosk.wait_for_screen("Days")?;
    rig.see_with("{} · each day has a basket of its own", &["Sofia"])?;
    rig.press("Back")?;
    let dish = first_product(&rig)?;
    rig.press_with(ADD, &[&dish])?;
    rig.see_with("{0} cannot have {1}", &["Sofia", &dish])?;
    rig.press("No, thanks")?;
    first_product(&rig)?;
    let remove = rig.words.say_with("Remove {}", &[&dish]);
    ensure!(rig.window().sight().find(Role::Button, &remove).is_none(), "it went into the basket all the same");
    rig.press_with(ADD, &[&dish])?;
    rig.press("Add anyway")?;
    rig.window().wait_for(Role::Button, &remove)?;
    rig.press("Checkout")?;
    rig.press("Pay")?;
    rig.see("Your food is ordered")?;
    let paper = rig.paper()?;
    paper.says_all(&[&dish])?;
    rig.go()?;
    // It was said before the person and nowhere else.
    for line in rig.kiosk.log().iter().chain(&rig.server.log()) {
        let line = line.to_lowercase();
        ensure!(!line.contains("gluten") && !line.contains("allergen"), "in a log: {line}");
    }
    rig.ledger().must_add_up()
}

/// What the school offers, as a kiosk hears it.
pub fn offer(kiosk: &mut Device) -> Result<Changes> {
    let mut all = Changes { more: true, ..Changes::default() };
    while all.more {
        let mut page: Changes = kiosk.get(&format!("/v1/changes?after={}", all.cursor))?.json()?;
        all.days.append(&mut page.days);
        all.products.append(&mut page.products);
        all.accounts.append(&mut page.accounts);
        (all.cursor, all.more) = (page.cursor, page.more);
    }
    Ok(all)
}

/// Orders everything that is left of a product, on the cards of everybody but one.
fn buy_up(rig: &Rig, other: &mut Device, date: Date, product: &Product, but: &str) -> Result<()> {
    let all = offer(other)?;
    let day = all.days.iter().find(|day| day.date == date).context("no such day")?;
    let mut left = day.left(product.id).context("no limit")?;
    let mut seq = 0;
    for account in all.accounts.iter().filter(|account| account.label != but) {
        let can_pay = u32::try_from(account.balance.ore() / product.price.ore())?;
        let quantity = left.min(can_pay).min(LineRequest::MOST);
        let card = rig.server.school().card(&account.label);
        let (Ok(card), 1..) = (card, quantity) else { continue };
        seq += 1;
        let order = PlaceOrder {
            number: format!("K9-{seq}"),
            card: card.card,
            account: account.id,
            date,
            lines: vec![LineRequest { product: product.id, quantity, price: product.price, comment: String::new() }],
            total: product.price.times(quantity)?,
        };
        let body = OperationBody::PlaceOrder(order);
        let operation = Operation { id: new_id(), seq, claimed_at: Timestamp::now(), offline: false, body };
        let pushed: Pushed = other.post("/v1/operations", &Push { operations: vec![operation] })?.json()?;
        if pushed.answers[0].outcome == Outcome::Posted {
            left -= quantity;
        }
    }
    ensure!(left == 0, "{left} are left: nobody can pay for them");
    Ok(())
}

#[test]
fn an_offline_order_of_what_was_sold_meanwhile_is_given_back() -> Result<()> {
    let mut rig = Rig::start(Options::default())?;
    let mut other = rig.server.enrol(DeviceKind::Kiosk, "Kiosken i hallen")?;
    let before = rig.ledger().balance("Emil")?;
    rig.network.cut();
    rig.see("No connection right now")?;
    rig.come_in("Emil")?;
    let (dish, number) = rig.order_food(None)?;
    rig.paper()?.says_all(&[&number, &dish])?;
    rig.press("To my page")?;

    let all = offer(&mut other)?;
    let product = all.products.iter().find(|product| product.name_da == dish).context("no such dish")?;
    let id: ProductId = product.id;
    let today = rig.server.school().today;
    let later = all.days.iter().filter(|day| day.date > today && day.left(id).is_some()).map(|day| day.date);
    let date = later.min().context("the dish has no limit")?;
    buy_up(&rig, &mut other, date, product, "Emil")?;

    rig.network.restore();
    let order = rig.order_in_ledger("Emil", &number)?;
    ensure!(order.state == "refused" && order.offline, "not refused: {order:?}");
    let why = rig.words.say("There was not enough left of it.");
    let told = "Order {0} could not be accepted: {1}. {2} The money is back on the account.";
    rig.see_with(told, &[&number, &dish, &why])?;
    rig.see_money(before)?;
    rig.go()?;
    ensure!(rig.ledger().balance("Emil")? == before, "money moved");
    rig.ledger().must_add_up()
}
