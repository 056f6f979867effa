//! *Brugerinfo* and passwords that are not taken: each field says what is wrong with it, and what held before holds on.

use anyhow::{Context, Result, ensure};
use madkort_tests::rig::{Options, Rig};

use crate::portal::steps::{cut, give_code, mend, nothing_of};

const EMAIL: &str = "noah@hojager.example";
const CURRENT: &str = "Your password now, or the code on the card";
const FRESH: &str = "New password";
const AGAIN: &str = "New password once more";
const CHOSEN: &str = "havregryn og rosiner";

/// One field after the other is filled in wrongly and then rightly; nothing is saved meanwhile.
fn profile_names_each_field(rig: &Rig) -> Result<()> {
    let before = rig.ledger().profile("Noah")?;
    for (field, wrong, problem, right) in [
        ("Name", "", "Type your name.", "Noah Hassan Abdi"),
        ("E-mail", "noah@hojager", "Type an e-mail address, such as navn@skole.dk.", EMAIL),
        ("Telephone", "ring til mor", "Type a telephone number with digits only.", "12 34 56 78"),
        ("Postcode", "210", "A postcode has four digits.", "2100"),
        ("In a week", "10001", "A limit is in whole kroner, at most DKK 10,000.", "200"),
    ] {
        rig.write_in(field, wrong)?;
        rig.press("Save")?;
        rig.scroll_to(problem)?;
        rig.write_in(field, right)?;
    }
    cut(rig)?;
    rig.press("Save")?;
    rig.scroll_to("No connection just now. Nothing has been charged. Try again.")?;
    mend_under_a_problem(rig)?;
    ensure!(rig.ledger().profile("Noah")? == before, "something was saved: {:?}", rig.ledger().profile("Noah")?);
    rig.press("Save")?;
    rig.scroll_to("Saved.")?;
    ensure!(rig.ledger().profile("Noah")?.changes == before.changes + 1, "not saved once");
    Ok(())
}

/// What a hand typed is still there, and so is the sentence about it.
fn mend_under_a_problem(rig: &Rig) -> Result<()> {
    mend(rig)?;
    let typed = rig.window().sight();
    ensure!(typed.says(EMAIL), "what was typed is gone:\n{}", typed.told());
    Ok(())
}

/// What is typed into the three fields, and what is said to it; nothing is asked of the server.
fn password_is_looked_at_here(rig: &Rig) -> Result<()> {
    rig.press("Change password")?;
    rig.write_secret_in(FRESH, CHOSEN)?;
    rig.write_secret_in(AGAIN, CHOSEN)?;
    rig.press("Save password")?;
    rig.see("Type the password you have now, or the code on the card.")?;
    rig.write_secret_in(CURRENT, "0000")?;
    for weak in ["kort", "aaaaaaaaaa"] {
        rig.write_secret_in(FRESH, weak)?;
        rig.press("Save password")?;
        rig.see("The new password is too short or too easy to guess. Use at least 8 characters.")?;
    }
    rig.write_secret_in(FRESH, "en helt anden")?;
    rig.press("Save password")?;
    rig.see("The two new passwords are not the same.")?;
    cut(rig)?;
    rig.write_secret_in(FRESH, CHOSEN)?;
    rig.press("Save password")?;
    rig.see("It needs a connection. Try again in a moment.")?;
    mend(rig)?;
    rig.press("Back")?;
    rig.see("Your details").map(drop)
}

/// By number to where the password is asked for.
fn to_password(rig: &Rig, number: &str) -> Result<()> {
    rig.press("Log in without a card")?;
    rig.see("Type your card number")?;
    rig.type_code(number)?;
    rig.see("Type your code")?;
    rig.press("Use my password")?;
    rig.see("Type your password").map(drop)
}

#[test]
fn what_is_wrong_is_named_and_a_link_that_is_too_old_opens_nothing() -> Result<()> {
    let mut rig = Rig::start(Options::default())?;
    let noah = rig.card("Noah")?;
    let balance = rig.ledger().balance("Noah")?;
    rig.come_in("Noah")?;
    rig.press("Your details")?;
    give_code(&rig, &noah)?;
    rig.see("The most that may be spent")?;
    profile_names_each_field(&rig)?;
    password_is_looked_at_here(&rig)?;
    rig.go()?;

    // At the door: no password without the server, and no letter to what is no address.
    to_password(&rig, &noah.number)?;
    cut(&rig)?;
    rig.write_secret_in("Password", CHOSEN)?;
    rig.press("Log in")?;
    nothing_of(&rig.see("A password needs a connection. Go back and use the code on the card.")?, &noah, balance)?;
    rig.press("Forgot password")?;
    rig.write_in("E-mail", "noah")?;
    rig.press("Reset")?;
    rig.see("Type an e-mail address, such as navn@skole.dk.")?;
    rig.write_in("E-mail", EMAIL)?;
    rig.press("Reset")?;
    rig.see("It needs a connection. Try again in a moment.")?;
    mend(&rig)?;
    rig.press("Reset")?;
    rig.see_with("If the address belongs to a card, a letter is on its way to {}.", &[EMAIL])?;

    let letter = rig.server.mailbox().wait_for(EMAIL, "Nulstil adgangskode")?;
    let link = letter.text.lines().find(|line| line.starts_with("http")).context("no link")?.to_owned();
    let phone = rig.phone()?;
    for (password, again, problem) in [
        ("aaaaaaaaaa", "aaaaaaaaaa", "Adgangskoden er for kort eller for let at gætte"),
        (CHOSEN, "havregryn og rosin", "De to adgangskoder er ikke ens"),
    ] {
        phone.open(&link)?;
        phone.fill("#password", password)?;
        phone.fill("#again", again)?;
        phone.click("#save")?;
        phone.wait_for(problem)?;
    }
    rig.server.reset_links_run_out()?;
    let phone = rig.phone()?;
    phone.fill("#password", CHOSEN)?;
    phone.fill("#again", CHOSEN)?;
    phone.click("#save")?;
    phone.wait_for("Linket virker ikke")?;
    phone.open(&link)?;
    phone.wait_for("Linket virker ikke")?;

    // Nothing of all that became a password.
    rig.press("Back")?;
    rig.write_secret_in("Password", CHOSEN)?;
    rig.press("Log in")?;
    let wrong = rig.words.count("That is not the password. {n} try left.", 4);
    nothing_of(&rig.window().wait_for_text(&wrong)?, &noah, balance)?;
    for line in rig.kiosk.log().iter().chain(&rig.server.log()) {
        ensure!(![CHOSEN, EMAIL].iter().any(|secret| line.contains(secret)), "in a log: {line}");
    }
    rig.ledger().must_add_up()
}
