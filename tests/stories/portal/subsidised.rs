//! What an order takes: whoever eats free orders with nothing on the card, whoever pays half pays half, and the check-out, the slip and
//! the books say the same.

use anyhow::{Result, ensure};
use madkort_protocol::{Language, Money};
use madkort_tests::kiosk_user::{kroner, number_on};
use madkort_tests::rig::{Options, Rig};

use crate::portal::steps::books;

/// From home to the check-out with the first dish there is.
fn to_checkout(rig: &Rig) -> Result<String> {
    rig.press("Order food")?;
    let dish = rig.pick_first_product()?;
    rig.press("Checkout")?;
    rig.kiosk.wait_for_screen("Checkout")?;
    rig.see("From the account")?;
    Ok(dish)
}

/// Waits until the screen shows just this amount.
fn shows(rig: &Rig, ore: i64) -> Result<()> {
    let figure = Money::from_ore(ore).in_words(Language::Danish);
    rig.window().wait_until(&figure, |sight| sight.texts().contains(&figure))?;
    Ok(())
}

/// Pays, and looks at screen, slip and books; `part` is what the holder pays of a whole price of 100.
fn pay(rig: &mut Rig, label: &str, dish: &str, part: i64) -> Result<()> {
    let before = rig.ledger().balance(label)?;
    rig.press("Pay")?;
    let number = number_on(&rig.see("Your food is ordered")?)?;
    let order = rig.order_in_ledger(label, &number)?;
    ensure!(order.state == "held" && !order.offline && order.total > 0, "not a held order: {order:?}");
    let taken = order.total * part / 100;
    shows(rig, taken)?;
    let slip = rig.paper()?;
    slip.says_all(&[&number, dish, &kroner(order.total), "Fra kontoen", &kroner(taken), &kroner(before - taken)])?;
    books(rig, label, before - taken)?;
    let subsidised = rig.ledger().subsidised(&number)?;
    ensure!(subsidised == order.total - taken, "the subsidy is to pay {subsidised} of {order:?}");
    rig.press("To my page")?;
    shows(rig, before - taken)
}

#[test]
fn the_kiosk_takes_what_the_server_says_and_out_of_its_reach_the_full_price_counts() -> Result<()> {
    let mut rig = Rig::start(Options::default())?;
    books(&rig, "Lærke", 0)?;
    rig.come_in("Lærke")?;
    let dish = to_checkout(&rig)?;
    shows(&rig, 0)?;
    pay(&mut rig, "Lærke", &dish, 0)?;
    rig.go()?;

    rig.come_in("Storm")?;
    let dish = to_checkout(&rig)?;
    pay(&mut rig, "Storm", &dish, 50)?;
    rig.go()?;

    // The class is known nowhere but on the server: without it nobody can say that a meal is free.
    let orders = rig.ledger().orders("Lærke")?.len();
    rig.network.cut();
    rig.come_in("Lærke")?;
    rig.see("No connection right now")?;
    to_checkout(&rig)?;
    rig.press("Pay")?;
    let lacks = rig.words.say("The balance lacks {}. Take something out, or top up first.");
    let lacks = lacks.split("{}").next().unwrap_or_default().to_owned();
    rig.window().wait_for_text(&lacks)?;
    rig.go()?;
    rig.network.restore();
    rig.window().wait_gone(&rig.words.say("No connection right now"))?;
    ensure!(rig.ledger().orders("Lærke")?.len() == orders, "ordered all the same");
    ensure!(rig.printer.untaken()?.is_empty(), "a paper nobody asked for");
    for line in rig.kiosk.log().iter().chain(&rig.server.log()) {
        ensure!(!line.contains("subsid") && !line.contains("price_class"), "in a log: {line}");
    }
    ensure!(rig.server.verify()?.contains("right"), "verify does not agree");
    Ok(())
}
