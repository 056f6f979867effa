//! The server dies in the middle of a push: it has the order, and the kiosk does not know.

use anyhow::{Result, ensure};
use madkort_tests::rig::{Options, Rig};

#[test]
fn killed_in_mid_push() -> Result<()> {
    let mut rig = Rig::start(Options::default())?;
    let before = rig.ledger().balance("Emil")?;
    rig.come_in("Emil")?;

    // The push arrives; its answer does not.
    rig.network.hold_answers();
    let (_, number) = rig.order_food(None)?;
    rig.paper()?.says_all(&[&number])?;
    let order = rig.order_in_ledger("Emil", &number)?;
    rig.server.kill9()?;
    rig.network.cut();
    rig.see("No connection right now")?;

    rig.server.switch_on()?;
    rig.network.restore();
    rig.window().wait_gone(&rig.words.say("No connection right now"))?;
    rig.press("To my page")?;
    // Sent again, and not posted again: the screen agrees with the books only when it was acknowledged.
    rig.see_money(before - order.total)?;
    rig.go()?;

    ensure!(rig.ledger().times_posted(&number)? == 1, "the order is not in the ledger once");
    ensure!(rig.ledger().balance("Emil")? == before - order.total, "the balance is wrong");
    ensure!(rig.printer.untaken()?.is_empty(), "the slip came out twice");
    rig.ledger().must_add_up()?;
    ensure!(rig.server.verify()?.contains("right"), "verify does not agree");
    Ok(())
}
