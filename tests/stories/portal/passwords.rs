//! *Skift adgangskode* and *Glemt adgangskode*: chosen at the kiosk, logged in with, forgotten, and replaced by a letter.

use anyhow::{Context, Result, ensure};
use madkort_tests::rig::{Options, Rig};

use crate::portal::steps::{give_code, nothing_of};

const EMAIL: &str = "noah@hojager.example";
const CHOSEN: &str = "rugbroed igen";
const AFTERWARDS: &str = "makrel i tomat";

/// From the first page to where the password is asked for.
fn to_password(rig: &Rig, number: &str) -> Result<()> {
    rig.press("Log in without a card")?;
    rig.see("Type your card number")?;
    rig.type_code(number)?;
    rig.see("Type your code")?;
    rig.press("Use my password")?;
    rig.see("Type your password").map(drop)
}

fn log_in_with(rig: &Rig, password: &str) -> Result<()> {
    rig.write_secret_in("Password", password)?;
    rig.press("Log in")
}

#[test]
fn chosen_used_forgotten_and_replaced_by_a_letter() -> Result<()> {
    let mut rig = Rig::start(Options::default())?;
    let noah = rig.card("Noah")?;
    let balance = rig.ledger().balance("Noah")?;
    rig.come_in("Noah")?;
    rig.press("Your details")?;
    give_code(&rig, &noah)?;
    rig.press("Change password")?;
    rig.write_secret_in("Your password now, or the code on the card", "0000")?;
    rig.write_secret_in("New password", CHOSEN)?;
    rig.write_secret_in("New password once more", AFTERWARDS)?;
    rig.press("Save password")?;
    rig.see("The two new passwords are not the same.")?;
    rig.write_secret_in("New password once more", CHOSEN)?;
    rig.press("Save password")?;
    rig.window().wait_for_text(&rig.words.count("That is neither your password nor the code. {n} try left.", 4))?;
    rig.write_secret_in("Your password now, or the code on the card", &noah.code)?;
    rig.press("Save password")?;
    rig.see("The new password holds. You are logged out everywhere else.")?;
    rig.go()?;

    // In by it, and by nothing else that is typed there.
    to_password(&rig, &noah.number)?;
    log_in_with(&rig, AFTERWARDS)?;
    let wrong = rig.words.count("That is not the password. {n} try left.", 4);
    nothing_of(&rig.window().wait_for_text(&wrong)?, &noah, balance)?;
    log_in_with(&rig, CHOSEN)?;
    rig.see_with("Hi {}", &[noah.first_name()])?;
    rig.press("Log out")?;

    // Forgotten: the answer is the same for an address that nobody has.
    for address in ["nobody@hojager.example", EMAIL] {
        to_password(&rig, &noah.number)?;
        rig.press("Forgot password")?;
        rig.write_in("E-mail", address)?;
        rig.press("Reset")?;
        rig.see_with("If the address belongs to a card, a letter is on its way to {}.", &[address])?;
        rig.press("Back")?;
        rig.see("Type your password")?;
        rig.press("Back")?;
        rig.see("Type your code")?;
        rig.press("Log out")?;
    }
    let letter = rig.server.mailbox().wait_for(EMAIL, "Nulstil adgangskode")?;
    let letters = rig.server.mailbox().letters();
    ensure!(letters.iter().all(|letter| letter.to == EMAIL), "nobody was written to: {letters:?}");
    let link = letter.text.lines().find(|line| line.starts_with("http")).context("no link")?.to_owned();
    let phone = rig.phone()?;
    phone.open(&link)?;
    phone.fill("#password", AFTERWARDS)?;
    phone.fill("#again", AFTERWARDS)?;
    phone.click("#save")?;
    phone.wait_for("Adgangskoden er gemt")?;
    // The link is used up.
    phone.open(&link)?;
    phone.wait_for("Linket virker ikke")?;

    to_password(&rig, &noah.number)?;
    log_in_with(&rig, CHOSEN)?;
    rig.window().wait_for_text(&wrong)?;
    log_in_with(&rig, AFTERWARDS)?;
    rig.see_with("Hi {}", &[noah.first_name()])?;
    for line in rig.kiosk.log().iter().chain(&rig.server.log()) {
        ensure!(![CHOSEN, AFTERWARDS, EMAIL].iter().any(|secret| line.contains(secret)), "in a log: {line}");
    }
    rig.ledger().must_add_up()
}
