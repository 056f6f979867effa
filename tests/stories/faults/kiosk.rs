//! The kiosk's plug is pulled right after a confirmation.

use anyhow::{Result, ensure};
use madkort_tests::rig::{Options, Rig};

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
    // Nobody can know whether the printer got the slip before the power went: at most one, and it is whole.
    let slips = rig.printer.untaken()?;
    ensure!(slips.len() <= 1, "{} slips for one order", slips.len());
    slips.iter().try_for_each(|slip| slip.says_all(&[&number, &product]))
}
