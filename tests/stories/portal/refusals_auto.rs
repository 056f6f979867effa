//! *Auto-optank* that is not begun: filled in wrongly, out of reach, given up on the screen, too late on the phone.

use anyhow::{Result, ensure};
use madkort_tests::rig::{Options, Rig};

use crate::portal::steps::{Stood, cut, give_first_code, mend, open_on_phone, to_accounts};

const EMAIL: &str = "bruun@familie.example";

/// Amount, address and terms, from where auto top-up is off.
fn fill_in(rig: &Rig) -> Result<()> {
    rig.press("Set up")?;
    rig.press_with("DKK {}", &["100"])?;
    rig.write_in("E-mail", EMAIL)?;
    rig.press("I accept the terms")
}

#[test]
fn without_a_card_on_the_phone_it_is_not_begun() -> Result<()> {
    let mut rig = Rig::start(Options::default())?;
    let (emil, stood) = (rig.card("Emil")?, Stood::now(&rig, "Emil")?);
    rig.come_in("Emil")?;
    to_accounts(&rig)?;
    rig.press_with("Auto top-up of {}", &["Emil"])?;
    give_first_code(&rig, &emil)?;
    rig.see("Auto top-up is off.")?;

    rig.press("Set up")?;
    rig.press("Next")?;
    rig.see("Choose or type an amount.")?;
    rig.press("Back")?;
    rig.see("Auto top-up is off.")?;

    fill_in(&rig)?;
    cut(&rig)?;
    rig.press("Next")?;
    rig.see("It needs a connection. Try again in a moment.")?;
    mend(&rig)?;
    rig.press("Next")?;
    rig.see("Give the card on your phone")?;
    open_on_phone(&mut rig)?;
    rig.press("Cancel")?;
    rig.see("Nothing was changed")?;
    let good = rig.server.school().good_payment_card()?.to_owned();
    let phone = rig.phone()?;
    phone.fill("#card", &good)?;
    phone.click("#give")?;
    ensure!(rig.ledger().mandate("Emil").is_err(), "a page that was given up began it");
    rig.press("Back")?;
    rig.see("Auto top-up is off.")?;

    fill_in(&rig)?;
    rig.press("Next")?;
    rig.see("Give the card on your phone")?;
    open_on_phone(&mut rig)?;
    rig.server.card_pages_run_out()?;
    rig.see("Nothing was changed")?;
    let phone = rig.phone()?;
    phone.fill("#card", &good)?;
    phone.click("#give")?;
    phone.wait_for("Tiden er gået")?;
    ensure!(rig.ledger().mandate("Emil").is_err(), "a page that was too old began it");
    rig.press("Back")?;
    rig.see("Auto top-up is off.")?;
    rig.go()?;
    stood.still(&mut rig)
}
