//! The reader and its service: nobody can be served without them, and everybody again as soon as they are back.

use anyhow::{Result, ensure};
use madkort_tests::kiosk_user::kroner;
use madkort_tests::rig::{Options, Rig};

#[test]
fn reader_unplugged_in_a_visit() -> Result<()> {
    let mut rig = Rig::start(Options::default())?;
    let balance = rig.ledger().balance("Emil")?;
    let transactions = rig.ledger().transactions()?;
    rig.come_in("Emil")?;
    rig.see_money(balance)?;

    rig.reader.unplug()?;
    let sight = rig.see("The card reader is not plugged in")?;
    ensure!(!sight.says(&kroner(balance)), "the visit must end with the reader:\n{}", sight.told());

    rig.reader.plug()?;
    rig.see("Hold your school card to the reader")?;
    rig.come_in("Emil")?;
    rig.see_money(balance)?;
    ensure!(rig.ledger().transactions()? == transactions, "nobody ordered anything");
    ensure!(rig.printer.untaken()?.is_empty(), "nobody asked for paper");
    rig.ledger().must_add_up()
}

#[test]
fn card_service_restarted() -> Result<()> {
    let mut rig = Rig::start(Options::default())?;
    rig.reader.stop_service()?;
    rig.see("The card reader is starting")?;
    rig.reader.restart_service()?;
    rig.see("Hold your school card to the reader")?;

    rig.reader.kill_service()?;
    rig.see("The card reader is starting")?;
    rig.reader.restart_service()?;
    rig.see("Hold your school card to the reader")?;

    let before = rig.ledger().balance("Emil")?;
    rig.come_in("Emil")?;
    rig.see_money(before)?;
    let (_, number) = rig.order_food(None)?;
    rig.paper()?.says_all(&[&number])?;
    let order = rig.order_in_ledger("Emil", &number)?;
    rig.press("To my page")?;
    rig.see_money(before - order.total)?;
    ensure!(rig.ledger().balance("Emil")? == before - order.total, "the balance is wrong");
    ensure!(rig.ledger().times_posted(&number)? == 1, "the order is not in the ledger once");
    rig.ledger().must_add_up()
}
