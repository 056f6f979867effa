//! The kiosk's plug is pulled at, and right after, a confirmation.

use anyhow::{Result, bail, ensure};
use madkort_tests::patience::until;
use madkort_tests::printer::Paper;
use madkort_tests::process::PATIENCE;
use madkort_tests::rig::{Options, Rig};

use crate::portal::steps::{books, nothing_of, read_code, soon, to_payment};

/// The plug goes while "Pay" is being pressed. Either the order was recorded or it was not; the kiosk, the books and the paper agree
/// on which.
#[test]
fn killed_while_confirming() -> Result<()> {
    let mut rig = Rig::start(Options::default())?;
    let before = rig.ledger().balance("Emil")?;
    rig.come_in("Emil")?;
    rig.press("Order food")?;
    rig.pick_first_product()?;
    rig.press("Checkout")?;
    rig.press("Pay")?;
    rig.kiosk.kill9()?;
    rig.reader.lift()?;

    rig.kiosk.switch_on()?;
    rig.kiosk.wait_for_screen("Idle")?;
    rig.come_in("Emil")?;
    // One more order: whatever was recorded before it has gone to the server before it, too.
    let (_, last) = rig.order_food(None)?;
    let last = rig.order_in_ledger("Emil", &last)?;
    let orders: Vec<_> = rig.ledger().orders("Emil")?.into_iter().filter(|order| order.state == "held").collect();
    let new: Vec<_> = orders.iter().filter(|order| order.number.starts_with("K2-")).collect();
    ensure!((1..=2).contains(&new.len()), "one press, one order: {new:?}");
    let spent = new.iter().map(|order| order.total).sum::<i64>();
    rig.press("To my page")?;
    rig.see_money(before - spent)?;
    ensure!(rig.ledger().balance("Emil")? == before - spent, "the balance is wrong");
    for order in &new {
        ensure!(rig.ledger().times_posted(&order.number)? == 1, "{} is not in the ledger once", order.number);
    }
    rig.ledger().must_add_up()?;
    let slips = until("the last slip", PATIENCE, || {
        let slips = rig.printer.untaken()?;
        Ok(slips.iter().any(|slip| slip.text.contains(&last.number)).then_some(slips))
    })?;
    // Papers come out in the spool's order, so with the last one all are here: each order's slip once; where the plug was pulled with
    // bytes of it on their way, at most once, and what it left in the printer is cut off and says so.
    let torn = slips.iter().filter(|slip| is_torn(slip)).count();
    for order in &new {
        let of_it = slips.iter().filter(|slip| slip.text.contains(&order.number)).count();
        match rig.slip_ended(&order.number)?.as_str() {
            "printed" => ensure!(of_it == 1, "{of_it} slips for order {}", order.number),
            "uncertain" => {
                ensure!(order.number != last.number, "nothing was wrong with the last slip");
                ensure!(of_it <= 1 && torn == 1, "{of_it} slips for order {}, {torn} torn papers", order.number);
            }
            other => bail!("the slip of {} is {other}", order.number),
        }
    }
    ensure!(slips.len() <= new.len() + torn, "a slip without an order");
    Ok(())
}

/// Whether it is what was left of a paper in the printer.
fn is_torn(paper: &Paper) -> bool {
    paper.text.contains("AFBRUDT")
}

#[test]
fn killed_after_confirm() -> Result<()> {
    let mut rig = Rig::start(Options::default())?;
    let before = rig.ledger().balance("Emil")?;
    rig.come_in("Emil")?;

    // Nothing reaches the server and nothing the printer: all there is of the order is on the kiosk's disk.
    rig.network.hold();
    rig.printer_cable.hold();
    let (product, number) = rig.order_food(None)?;
    rig.kiosk.kill9()?;
    rig.network.cut();
    rig.printer_cable.cut();
    ensure!(rig.ledger().orders("Emil")?.iter().all(|order| order.number != number), "how did it get there?");
    rig.reader.lift()?;

    rig.network.restore();
    rig.printer_cable.restore();
    rig.kiosk.switch_on()?;
    let order = rig.order_in_ledger("Emil", &number)?;
    ensure!(order.number == number, "another number: {order:?}");
    rig.kiosk.wait_for_screen("Idle")?;
    rig.come_in("Emil")?;
    rig.see_money(before - order.total)?;
    rig.see(&number)?;
    rig.go()?;

    ensure!(rig.ledger().times_posted(&number)? == 1, "the order is not in the ledger once");
    ensure!(rig.ledger().balance("Emil")? == before - order.total, "the balance is wrong");
    rig.ledger().must_add_up()?;
    // Not a byte of the slip had reached the printer, so it is printed now: once, whole, and as the original.
    ensure!(rig.slip_ended(&number)? == "printed", "what became of the slip?");
    let slip = rig.paper()?;
    slip.says_all(&[&number, &product])?;
    ensure!(!slip.text.contains("KOPI") && !is_torn(&slip), "not the original:\n{}", slip.text);
    ensure!(rig.printer.untaken()?.is_empty(), "a second paper for one order");
    Ok(())
}

/// The plug is pulled while the code for a payment is on the screen, and put in again.
fn killed_while_paying(rig: &mut Rig) -> Result<String> {
    rig.come_in("Emil")?;
    let url = to_payment(rig, "emil@hojager.example")?;
    rig.kiosk.kill9()?;
    rig.reader.lift()?;
    rig.kiosk.switch_on()?;
    rig.kiosk.wait_for_screen("Idle")?;
    Ok(url)
}

/// On the telephone.
fn pay(rig: &mut Rig, url: &str) -> Result<()> {
    let good = rig.server.school().good_payment_card()?.to_owned();
    let phone = rig.phone()?;
    phone.open(url)?;
    phone.fill("#card", &good)?;
    phone.click("#pay")?;
    phone.wait_for("100,00")
}

/// Emil's card is laid on the reader, and his code given if it is asked for.
fn tap(rig: &mut Rig) -> Result<()> {
    let emil = rig.card("Emil")?;
    rig.reader.tap(&emil.uid)?;
    if emil.ask_code {
        rig.kiosk.wait_for_screen("Code")?;
        rig.type_code(&emil.code)?;
    }
    Ok(())
}

/// He is told that he has paid in a hundred kroner, once: on the screen, on paper, in the books.
fn told_that_it_is_paid(rig: &mut Rig, before: (i64, i64)) -> Result<()> {
    rig.kiosk.wait_for_screen("DepositDone")?;
    rig.see("The money is on the account")?;
    let (balance, deposits) = (before.0 + 10_000, before.1 + 1);
    books(rig, "Emil", balance)?;
    ensure!(rig.ledger().moved("deposit", "Emil")? == deposits, "it was not posted once");
    let receipt = rig.ledger().last_receipt("Emil")?;
    rig.window().wait_for_text(&receipt)?;
    let paper = rig.paper()?;
    paper.says_all(&[&receipt, "100,00"])?;
    ensure!(!paper.text.contains("KOPI"), "not the original:\n{}", paper.text);
    rig.go()?;
    // He has been told: the next time there is his own page, and no more paper.
    rig.come_in("Emil")?;
    rig.see_money(balance)?;
    rig.go()?;
    ensure!(rig.printer.untaken()?.is_empty(), "a second receipt");
    Ok(())
}

/// The payment goes on without the kiosk: paid while nobody stands there, it is told to whoever opened it when they come back, and to
/// nobody else.
#[test]
fn killed_while_a_payment_waits_and_paid_before_anybody_comes() -> Result<()> {
    let mut rig = Rig::start(Options::default())?;
    let before = (rig.ledger().balance("Emil")?, rig.ledger().moved("deposit", "Emil")?);
    let url = killed_while_paying(&mut rig)?;
    pay(&mut rig, &url)?;
    soon("the money on the account", || Ok(rig.ledger().balance("Emil")? == before.0 + 10_000))?;
    let emil = rig.card("Emil")?;
    nothing_of(&rig.window().sight(), &emil, before.0 + 10_000)?;
    rig.come_in("Alma")?;
    rig.go()?;
    ensure!(rig.printer.untaken()?.is_empty(), "a paper into other hands");
    tap(&mut rig)?;
    told_that_it_is_paid(&mut rig, before)
}

/// Whoever comes back before it is paid finds the same code again, and pays by it.
#[test]
fn killed_while_a_payment_waits_and_paid_after_coming_back() -> Result<()> {
    let mut rig = Rig::start(Options::default())?;
    let before = (rig.ledger().balance("Emil")?, rig.ledger().moved("deposit", "Emil")?);
    let url = killed_while_paying(&mut rig)?;
    tap(&mut rig)?;
    rig.kiosk.wait_for_screen("DepositPay")?;
    rig.see("Pay with your phone")?;
    ensure!(read_code(&rig)? == url, "another code");
    pay(&mut rig, &url)?;
    told_that_it_is_paid(&mut rig, before)
}
