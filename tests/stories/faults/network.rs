//! The network is cut: food can be ordered, money cannot be paid in, and everything is in the ledger once when it is back.

use anyhow::{Result, ensure};
use madkort_tests::rig::{Options, Rig};

#[test]
fn cut_and_mended() -> Result<()> {
    let mut rig = Rig::start(Options::default())?;
    let before = rig.ledger().balance("Emil")?;
    rig.network.cut();
    rig.see("No connection right now")?;
    rig.come_in("Emil")?;
    rig.see("Needs a connection")?;

    let mut numbers = Vec::new();
    let mut spent = 0;
    for _ in 0..2 {
        let (_, number) = rig.order_food(None)?;
        rig.see("The kiosk keeps the order and sends it when the connection is back.")?;
        rig.paper()?.says_all(&[&number])?;
        rig.press("To my page")?;
        numbers.push(number);
    }
    ensure!(rig.ledger().balance("Emil")? == before, "money moved through a cut cable");

    rig.network.restore();
    for number in &numbers {
        let order = rig.order_in_ledger("Emil", number)?;
        ensure!(order.offline && order.state == "held", "not as it was: {order:?}");
        ensure!(rig.ledger().times_posted(number)? == 1, "{number} is not in the ledger once");
        spent += order.total;
    }
    rig.window().wait_gone(&rig.words.say("No connection right now"))?;
    rig.see_money(before - spent)?;
    rig.go()?;
    ensure!(rig.ledger().balance("Emil")? == before - spent, "the balance is wrong");
    ensure!(rig.printer.untaken()?.is_empty(), "a slip came out twice");
    rig.ledger().must_add_up()
}
