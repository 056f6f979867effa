//! *Auto-optank*: begun on a phone, paused, resumed, stopped, and what it charged and why; and what to do once the bank says no.

use anyhow::{Result, ensure};
use madkort_protocol::{Language, Money};
use madkort_tests::rig::{Options, Rig};
use madkort_tests::window::Role;

use crate::portal::steps::{
    books, give_code, give_first_code, give_payment_card, open_on_phone, sell, soon, to_accounts,
};

const EMAIL: &str = "bruun@familie.example";
/// What is charged each time, in øre.
const EACH_TIME: i64 = 10_000;
/// What is left of the balance for the story, just under the 50 kr. that set a charge off.
const LEFT: i64 = 4_500;
/// What the till sells for, in øre.
const SALE: i64 = 500;

fn armed(rig: &Rig) -> Result<()> {
    let words = |ore| Money::from_ore(ore).in_words(Language::Danish);
    rig.see_with("Auto top-up: {0} when the balance is below {1}.", &[&words(EACH_TIME), &words(5_000)]).map(drop)
}

#[test]
fn begun_on_a_phone_paused_resumed_and_stopped() -> Result<()> {
    let mut rig = Rig::start(Options::default())?;
    let (emil, ledger) = (rig.card("Emil")?, rig.ledger());
    let mut till = rig.till()?;
    rig.come_in("Emil")?;
    to_accounts(&rig)?;
    rig.press_with("Auto top-up of {}", &["Emil"])?;
    give_first_code(&rig, &emil)?;
    rig.see("Auto top-up is off.")?;
    rig.press("Set up")?;
    rig.kiosk.wait_for_screen("DepositAmount")?;
    rig.press_with("DKK {}", &["100"])?;
    rig.write_in("E-mail", EMAIL)?;
    rig.press("Next")?;
    rig.see("Read the terms and put a tick beside them.")?;
    rig.press("I accept the terms")?;
    rig.press("Next")?;
    rig.see("Give the card on your phone")?;

    open_on_phone(&mut rig)?;
    give_payment_card(&mut rig, "Declined by the bank", "Banken godkendte ikke kortet")?;
    ensure!(ledger.mandate("Emil").is_err(), "a declined card began it");
    give_payment_card(&mut rig, "Approved", "Auto-optank er slået til")?;
    armed(&rig)?;
    let mandate = ledger.mandate("Emil")?;
    ensure!((mandate.state.as_str(), mandate.amount) == ("active", EACH_TIME), "not in force: {mandate:?}");
    ensure!(!mandate.terms_version.is_empty(), "nobody knows which terms: {mandate:?}");

    // Paused, a purchase below 50 kr. charges nothing; resumed, the next one does, and says so by its own name.
    rig.press("Pause")?;
    rig.see("Paused. Nothing is charged until you start it again.")?;
    sell(&mut till, &emil, ledger.balance("Emil")? - LEFT, "I pausen")?;
    rig.press("Start again")?;
    armed(&rig)?;
    books(&rig, "Emil", LEFT)?;
    sell(&mut till, &emil, SALE, "Frugt og vand")?;
    soon("a charge", || Ok(ledger.charges("Emil")?.iter().any(|charge| charge.state == "succeeded")))?;
    let charges = ledger.charges("Emil")?;
    ensure!(charges.len() == 1 && charges[0].cause == "Frugt og vand", "charged for what? {charges:?}");
    let after = LEFT - SALE + EACH_TIME;
    books(&rig, "Emil", after)?;

    rig.press("Back")?;
    rig.kiosk.wait_for_screen("Accounts")?;
    rig.see_money(after)?;
    rig.press_with("Auto top-up of {}", &["Emil"])?;
    rig.scroll_to("What was charged, and why")?;
    rig.scroll_to_text(&cause(&rig, "Frugt og vand"))?;
    rig.press("Stop auto top-up")?;
    rig.see_with("Stop auto top-up of {}?", &["Emil"])?;
    rig.press("Stop auto top-up")?;
    rig.see("Auto top-up is off.")?;
    ensure!(ledger.mandate("Emil")?.state == "cancelled", "not stopped: {:?}", ledger.mandate("Emil")?);

    let letter = rig.server.mailbox().wait_for(EMAIL, "Kvittering for auto-optank")?;
    ensure!(letter.text.contains("Frugt og vand"), "the letter does not say why: {letter:?}");
    rig.go()
}

#[test]
fn a_card_that_expired_stops_it_and_another_one_starts_it_again() -> Result<()> {
    let mut rig = Rig::start(Options::default())?;
    let (malthe, ledger) = (rig.card("Malthe")?, rig.ledger());
    let before = ledger.balance("Malthe")?;
    let mut till = rig.till()?;
    rig.server.payment_card_becomes("Malthe", "Expired")?;
    sell(&mut till, &malthe, before - LEFT, "Frugtbæger")?;
    soon("the end of auto top-up", || Ok(ledger.mandate("Malthe")?.state == "suspended"))?;
    books(&rig, "Malthe", LEFT)?;

    rig.come_in("Malthe")?;
    rig.see("Auto top-up has stopped. You see why under Accounts.")?;
    to_accounts(&rig)?;
    rig.press_with("Auto top-up of {}", &["Malthe"])?;
    give_code(&rig, &malthe)?;
    let sight = rig.see("Stopped: the card has expired or is closed. Change the card.")?;
    let again = rig.words.say("Start again");
    ensure!(sight.find(Role::Button, &again).is_none(), "an expired card cannot start again:\n{}", sight.told());
    rig.scroll_to("Declined, nothing was taken")?;
    rig.scroll_to_text(&cause(&rig, "Frugtbæger"))?;

    rig.press("Change card")?;
    rig.see("Give the card on your phone")?;
    open_on_phone(&mut rig)?;
    give_payment_card(&mut rig, "Approved", "Kortet er skiftet")?;
    armed(&rig)?;
    sell(&mut till, &malthe, SALE, "Frugt og vand")?;
    soon("a charge", || Ok(ledger.charges("Malthe")?.first().is_some_and(|charge| charge.state == "succeeded")))?;
    books(&rig, "Malthe", LEFT - SALE + EACH_TIME)?;
    let letter = rig.server.mailbox().wait_for("kjaer.thomsen@familie.example", "Auto-optank er stoppet")?;
    // Why, and what to press: by the very word that is on the screen.
    for part in ["Malthe", "udløbet", &rig.words.say("Change card")] {
        ensure!(letter.text.contains(part), "the letter does not say {part:?}: {letter:?}");
    }
    rig.go()
}

/// Up to the day it happened, which only the clock knows.
fn cause(rig: &Rig, what: &str) -> String {
    let text = rig.words.say_with("Because of {0} on {1}", &[what, "\n"]);
    text.split('\n').next().unwrap_or_default().to_owned()
}
