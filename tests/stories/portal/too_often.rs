//! What is asked for too often: the server looks at one and turns the next away. Nothing moves, the screen says when to come back, and
//! what was typed is still there.

use anyhow::{Result, ensure};
use madkort_tests::rig::{Options, Rig};
use madkort_tests::window::{Role, Sight};
use madkort_tests::words::Words;

use crate::portal::steps::{books, soon, to_accounts};

/// One of each in ten minutes.
const ONE: &str = "1/10m";
const WITHIN: u32 = 10;
/// In øre, and as it is typed.
const MOVED: (i64, &str) = (1_250, "12,50");

/// Waits until the screen says in those words that it was too often, and when to come back: in ten minutes or a little less.
fn come_back(rig: &Rig, words: &Words) -> Result<Sight> {
    let lead = words.say("It was tried many times in a short while, so nothing was done.");
    let said = |minutes| format!("{lead} {}", words.count("Try again in {n} minute.", minutes));
    let sentences: Vec<String> = (1..=WITHIN).map(said).collect();
    let told = |sight: &Sight| sight.texts().iter().any(|text| sentences.contains(text));
    rig.window().wait_until(&format!("{lead:?} and when to come back"), told)
}

/// Karen moves money from one child to the other.
fn move_money(rig: &Rig) -> Result<()> {
    to_accounts(rig)?;
    rig.press_with("Transfer from {}", &["Sofia"])?;
    rig.press_with("To {}", &["Villads"])?;
    rig.write_in("Amount", MOVED.1)?;
    rig.press("Transfer")
}

#[test]
fn a_second_transfer_is_turned_away_and_moves_nothing() -> Result<()> {
    let mut rig = Rig::start_with(Options::default(), |_, server| server.configure("MADKORT_LIMIT_TRANSFERS", ONE))?;
    let ledger = rig.ledger();
    let (sofia, villads) = (ledger.balance("Sofia")? - MOVED.0, ledger.balance("Villads")? + MOVED.0);
    rig.come_in("Karen")?;
    move_money(&rig)?;
    rig.see("The money has moved")?;
    rig.paper()?.says_all(&[MOVED.1])?;
    books(&rig, "Sofia", sofia)?;
    let transactions = ledger.transactions()?;
    rig.press("To my page")?;
    rig.kiosk.wait_for_screen("Home")?;

    move_money(&rig)?;
    let sight = come_back(&rig, &rig.words)?;
    let to = rig.words.say_with("To {}", &["Villads"]);
    let chosen = sight.elements.iter().any(|e| e.name == to && e.checked);
    ensure!(chosen, "to whom is forgotten:\n{}", sight.told());
    ensure!(!sight.says(&rig.words.say("The money has moved")), "moved after all:\n{}", sight.told());
    ensure!(rig.read_in("Amount")? == MOVED.1, "how much is forgotten");
    rig.press("English")?;
    come_back(&rig, &Words::english()?)?;
    rig.press("Dansk")?;
    come_back(&rig, &rig.words)?;

    // It can be tried again, as often as somebody likes, and be left.
    rig.press("Transfer")?;
    come_back(&rig, &rig.words)?;
    ensure!(ledger.transactions()? == transactions, "something was booked");
    books(&rig, "Sofia", sofia)?;
    books(&rig, "Villads", villads)?;
    rig.press("Back")?;
    rig.kiosk.wait_for_screen("Accounts")?;
    rig.see_money(sofia)?;
    rig.go()?;
    ensure!(rig.printer.untaken()?.is_empty(), "a paper for what did not happen");
    Ok(())
}

#[test]
fn a_second_payment_page_is_not_opened_and_nobody_is_shown_a_code() -> Result<()> {
    let mut rig = Rig::start_with(Options::default(), |_, server| server.configure("MADKORT_LIMIT_DEPOSITS", ONE))?;
    let (ledger, code) = (rig.ledger(), rig.words.say("QR code for the payment page"));
    let before = ledger.balance("Alma")?;
    let earlier = ledger.deposits("Alma")?.len();
    rig.come_in("Alma")?;
    let ask = |rig: &Rig| -> Result<()> {
        rig.press("Top up")?;
        rig.press_with("DKK {}", &["100"])?;
        rig.press("I accept the terms")?;
        rig.press("Next")
    };
    ask(&rig)?;
    rig.see("Pay with your phone")?;
    rig.press("Cancel")?;
    rig.see("The payment was cancelled. No money has moved.")?;
    rig.press("Back")?;
    rig.see_with("Hi {}", &["Alma"])?;

    ask(&rig)?;
    let sight = come_back(&rig, &rig.words)?;
    ensure!(!sight.says(&code), "there is a code to pay by:\n{}", sight.told());
    let hundred = rig.words.say_with("DKK {}", &["100"]);
    let kept = [hundred, rig.words.say("I accept the terms")];
    let is_kept = |name: &String| sight.elements.iter().any(|e| e.name == *name && e.checked);
    ensure!(kept.iter().all(is_kept), "what was chosen is forgotten:\n{}", sight.told());
    soon("the first one given up", || Ok(ledger.deposits("Alma")?.last().is_some_and(|state| state == "cancelled")))?;
    ensure!(ledger.deposits("Alma")?.len() == earlier + 1, "a second one: {:?}", ledger.deposits("Alma")?);
    books(&rig, "Alma", before)?;

    // The kiosk is none the worse: food is ordered as ever.
    rig.press("Back")?;
    rig.see_with("Hi {}", &["Alma"])?;
    let enabled =
        |sight: &Sight| sight.find(Role::Button, &rig.words.say("Order food")).is_some_and(|button| button.enabled);
    rig.window().wait_until("food to order", enabled)?;
    rig.go()?;
    ensure!(rig.printer.untaken()?.is_empty(), "a paper for what did not happen");
    Ok(())
}
