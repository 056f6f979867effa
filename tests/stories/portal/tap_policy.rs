//! A school says what a bare tap opens: what each card says, or nothing before its code.

use std::time::Duration;

use anyhow::{Result, ensure};
use madkort_tests::patience::until;
use madkort_tests::rig::{Options, Rig};

use crate::portal::steps::nothing_of;

/// What the kiosk asks the server for at the latest, with room.
const HEARD: Duration = Duration::from_secs(45);

/// Says the policy, and waits until the kiosk has heard of it.
fn say(rig: &Rig, policy: &str, word: &str) -> Result<()> {
    rig.server.office(&["tap-policy", policy], "")?;
    until("the kiosk to hear of the policy", HEARD, || Ok((rig.kiosk_knows_tap_policy()? == word).then_some(())))
}

#[test]
fn a_school_that_always_asks_for_the_code_shows_nothing_to_a_bare_tap() -> Result<()> {
    let mut rig = Rig::start(Options::default())?;
    let emil = rig.card("Emil")?;
    let balance = rig.ledger().balance("Emil")?;
    ensure!(!emil.ask_code, "his card does not ask by itself");
    rig.come_in("Emil")?;
    rig.see_money(balance)?;
    rig.go()?;

    say(&rig, "always-ask-code", "always_ask_code")?;
    rig.reader.tap(&emil.uid)?;
    rig.kiosk.wait_for_screen("Code")?;
    nothing_of(&rig.see("Type your code")?, &emil, balance)?;
    rig.type_code("0000")?;
    nothing_of(
        &rig.window().wait_for_text(&rig.words.count("That is not the code. {n} try left.", 4))?,
        &emil,
        balance,
    )?;
    // Gone again without the code: the same for the next tap, and nothing stays on the screen.
    rig.go()?;
    nothing_of(&rig.window().sight(), &emil, balance)?;
    rig.reader.tap(&emil.uid)?;
    rig.kiosk.wait_for_screen("Code")?;
    rig.type_code(&emil.code)?;
    // Behind the code he is asked, once, who he is.
    rig.see("Tell us who you are, so that receipts and letters reach you.")?;
    rig.press("Later")?;
    rig.see_with("Hi {}", &[emil.first_name()])?;
    rig.see_money(balance)?;
    rig.go()?;
    // It is the school's word and not the line's: without a connection the code is asked for as well.
    rig.network.cut();
    rig.see("No connection right now")?;
    rig.reader.tap(&emil.uid)?;
    rig.kiosk.wait_for_screen("Code")?;
    nothing_of(&rig.see("Type your code")?, &emil, balance)?;
    rig.go()?;
    rig.network.restore();
    rig.window().wait_gone(&rig.words.say("No connection right now"))?;

    say(&rig, "card-decides", "card_decides")?;
    rig.come_in("Emil")?;
    rig.see_money(balance)?;
    rig.go()
}
