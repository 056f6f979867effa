//! The printer: paper is not money, so an order stands whatever becomes of its slip.

use anyhow::{Result, ensure};
use madkort_tests::patience::until;
use madkort_tests::process::PATIENCE;
use madkort_tests::rig::{Options, Rig};

/// A slip is longer: the roll ends in the middle of it.
const LESS_THAN_A_SLIP_MM: usize = 25;

#[test]
fn out_of_paper_in_mid_job() -> Result<()> {
    let mut rig = Rig::start(Options::default())?;
    let before = rig.ledger().balance("Emil")?;
    rig.come_in("Emil")?;
    rig.printer.paper_ends_after(LESS_THAN_A_SLIP_MM)?;

    let (product, number) = rig.order_food(None)?;
    ensure!(rig.printer.wait_stuck()? == "paper_out", "it should be out of paper");
    rig.see("The printer is out of paper")?;
    ensure!(rig.printer.untaken()?.is_empty(), "half a slip is no slip");

    // The order does not wait for its paper.
    let ledger = rig.ledger();
    let order = until("the order in the ledger", PATIENCE, || {
        Ok(ledger.orders("Emil")?.into_iter().find(|order| order.number == number))
    })?;

    rig.printer.new_roll()?;
    let slip = rig.paper()?;
    slip.says_all(&[&number, &product])?;
    rig.window().wait_gone(&rig.words.say("The printer is out of paper"))?;
    rig.go()?;

    ensure!(rig.printer.untaken()?.is_empty(), "the slip came out twice");
    ensure!(ledger.times_posted(&number)? == 1, "the order is not in the ledger once");
    ensure!(ledger.balance("Emil")? == before - order.total, "the balance is wrong");
    ledger.must_add_up()
}

#[test]
fn a_slip_that_was_broken_off_is_cut_off_before_the_next_one() -> Result<()> {
    let mut rig = Rig::start(Options::default())?;
    rig.come_in("Emil")?;
    rig.printer.paper_ends_after(LESS_THAN_A_SLIP_MM)?;
    let (_, torn) = rig.order_food(None)?;
    ensure!(rig.printer.wait_stuck()? == "paper_out", "it should be out of paper");
    // Whoever brings the roll switches the printer off and on: what it had not printed is gone.
    rig.printer.power_cycle()?;
    rig.see("Perhaps the slip did not come out. Your number is enough.")?;
    rig.printer.new_roll()?;
    rig.window().wait_gone(&rig.words.say("The printer is out of paper"))?;
    rig.go()?;

    rig.come_in("Emil")?;
    let (_, next) = rig.order_food(None)?;
    let rest = rig.paper()?;
    rest.says_all(&["AFBRUDT"])?;
    ensure!(!rest.text.contains(&next), "the next slip hangs on the torn one:\n{}", rest.text);
    let slip = rig.paper()?;
    slip.says_all(&[&next])?;
    ensure!(!slip.text.contains(&torn) && !slip.text.contains("AFBRUDT"), "not a slip of its own:\n{}", slip.text);
    rig.go()?;
    ensure!(rig.printer.untaken()?.is_empty(), "the torn slip came out again");
    rig.ledger().must_add_up()
}

#[test]
fn an_open_cover_is_said_and_forgotten() -> Result<()> {
    let mut rig = Rig::start(Options::default())?;
    rig.printer.cover(true)?;
    rig.see("The printer's cover is open")?;
    rig.printer.cover(false)?;
    rig.window().wait_gone(&rig.words.say("The printer's cover is open"))?;
    rig.come_in("Emil")?;
    let (_, number) = rig.order_food(None)?;
    rig.paper()?.says_all(&[&number])
}
