//! The portal by five keys and nothing else, for somebody who sees the screen and cannot touch it: who they are, their password, their
//! card, what they have ordered, and a statement. What has the focus is marked at every step; what was done is asked of the server.
//!
//! Ordering, a statement on paper and support by keys are in the visit by ear, and money in the stories beside this one.

use anyhow::{Context, Result, ensure};
use madkort_tests::kiosk_user::number_on;
use madkort_tests::rig::{Options, Rig};
use madkort_tests::school::Card;
use madkort_tests::window::Key;

use crate::portal::steps::{books, log_out_by_keys, soon, tap_and_type_code};

const PHONE: &str = "12345678";
/// In kroner, as it is typed.
const DAY_CAP: &str = "20";
/// On keys that lie side by side.
const PASSWORD: &str = "asdfghjkl";
const EMAIL: &str = "alma@hojager.example";

/// To the page that asks for the password, from the one that asks for the code.
fn to_password(rig: &mut Rig, card: &Card) -> Result<()> {
    rig.reader.tap(&card.uid)?;
    rig.kiosk.wait_for_screen("Code")?;
    rig.see("Type your code")?;
    rig.key(Key::Next, "Use my password")?;
    rig.see("Type your password").map(drop)
}

#[test]
fn in_by_number_and_code_and_a_telephone_and_a_cap_are_told() -> Result<()> {
    let rig = Rig::start(Options::default())?;
    let (noah, ledger) = (rig.card("Noah")?, rig.ledger());
    let before = ledger.profile("Noah")?;
    rig.key(Key::Next, "Log in without a card")?;
    rig.see("Type your card number")?;
    rig.key_code(&noah.number)?;
    rig.see("Type your code")?;
    rig.key_code(&noah.code)?;
    rig.see_with("Hi {}", &[noah.first_name()])?;
    ensure!(ledger.sessions(&noah)? == 1, "not signed in, or twice");

    rig.key(Key::Next, "Your details")?;
    rig.see("The most that may be spent")?;
    rig.key_in("Telephone", PHONE)?;
    rig.key_in("In a day", DAY_CAP)?;
    rig.key(Key::Next, "Save")?;
    rig.see("Saved.")?;
    let told = ledger.profile("Noah")?;
    ensure!((told.phone.as_str(), told.day_cap) == (PHONE, Some(2_000)), "not what was typed: {told:?}");
    ensure!(told.email == before.email && told.changes == before.changes + 1, "something else as well: {told:?}");
    rig.key_back()?;
    rig.see_with("Hi {}", &[noah.first_name()])?;
    log_out_by_keys(&rig)?;
    soon("the end of the session on the server", || Ok(ledger.sessions(&noah)? == 0))?;
    ledger.must_add_up()
}

#[test]
fn a_password_is_chosen_lets_in_and_a_forgotten_one_is_asked_for() -> Result<()> {
    let mut rig = Rig::start(Options::default())?;
    let (alma, ledger) = (rig.card("Alma")?, rig.ledger());
    tap_and_type_code(&mut rig, &alma)?;
    rig.key(Key::Next, "Your details")?;
    rig.see("The most that may be spent")?;
    rig.key(Key::Next, "Change password")?;
    rig.see("At least 8 characters. The code on the card goes on working.")?;
    rig.key_secret_in("Your password now, or the code on the card", &alma.code)?;
    rig.key_secret_in("New password", PASSWORD)?;
    rig.key_secret_in("New password once more", PASSWORD)?;
    rig.key(Key::Next, "Save password")?;
    rig.see("The new password holds. You are logged out everywhere else.")?;
    rig.key_back()?;
    rig.see("The most that may be spent")?;
    log_out_by_keys(&rig)?;
    soon("the end of the session on the server", || Ok(ledger.sessions(&alma)? == 0))?;
    rig.reader.lift()?;

    to_password(&mut rig, &alma)?;
    rig.key_secret_in("Password", PASSWORD)?;
    rig.key(Key::Next, "Log in")?;
    rig.see_with("Hi {}", &[alma.first_name()])?;
    ensure!(ledger.sessions(&alma)? == 1, "not signed in by the new password");
    log_out_by_keys(&rig)?;
    rig.reader.lift()?;

    to_password(&mut rig, &alma)?;
    rig.key(Key::Next, "Forgot password")?;
    rig.see("Type the e-mail address that belongs to your card. A letter with a link comes to it.")?;
    rig.key_in("E-mail", EMAIL)?;
    rig.key(Key::Next, "Reset")?;
    rig.see_with("If the address belongs to a card, a letter is on its way to {}.", &[EMAIL])?;
    let letter = rig.server.mailbox().wait_for(EMAIL, "Nulstil adgangskode")?;
    ensure!(letter.text.lines().any(|line| line.starts_with("http")), "no link: {letter:?}");
    // Three steps back are out: the password, the code, the first page.
    rig.key_back()?;
    rig.see("Type your password")?;
    rig.key_back()?;
    rig.see("Type your code")?;
    rig.key_back()?;
    rig.kiosk.wait_for_screen("Idle")?;
    ledger.must_add_up()
}

#[test]
fn an_order_is_undone_and_ones_card_is_blocked_and_opened() -> Result<()> {
    let mut rig = Rig::start(Options::default())?;
    let (alma, ledger) = (rig.card("Alma")?, rig.ledger());
    let before = ledger.balance("Alma")?;
    tap_and_type_code(&mut rig, &alma)?;
    let number = order_by_keys(&mut rig)?;
    rig.key(Key::Next, "All orders")?;
    rig.kiosk.wait_for_screen("Orders")?;
    rig.key_with(Key::Next, "Undo {}", &[&number])?;
    soon("the order undone", || Ok(rig.order_in_ledger("Alma", &number)?.state == "released"))?;
    books(&rig, "Alma", before)?;
    let last = ledger.movements("Alma")?.pop().context("no movement")?;
    ensure!(last.0 == "order-released", "not what an undone order does: {last:?}");
    rig.key_back()?;
    rig.see_with("Hi {}", &[alma.first_name()])?;

    let masked = alma.masked()?;
    rig.key(Key::Next, "Accounts")?;
    rig.see("Active · the one you are using")?;
    rig.key_with(Key::Next, "Block card {}", &[&masked])?;
    rig.see_with("Block card {}?", &[&masked])?;
    rig.key(Key::Previous, "Block the card")?;
    rig.see("The card is blocked. The money stays on the account.")?;
    rig.kiosk.wait_for_screen("Idle")?;
    soon("a blocked card", || Ok(ledger.card_status(&alma)? == "blocked_by_holder"))?;
    rig.reader.lift()?;
    rig.reader.tap(&alma.uid)?;
    rig.see("Your card is blocked")?;
    rig.key_code(&alma.code)?;
    rig.see_with("Hi {}", &[alma.first_name()])?;
    soon("an open card", || Ok(ledger.card_status(&alma)? == "active"))?;
    log_out_by_keys(&rig)?;
    rig.reader.lift()?;
    ensure!(rig.printer.untaken()?.is_empty(), "a paper nobody asked for");
    books(&rig, "Alma", before)
}

/// The first dish that can be had, ordered, with its slip taken; ends on the person's own page. Says the order's number.
fn order_by_keys(rig: &mut Rig) -> Result<String> {
    rig.key(Key::Next, "Order food")?;
    rig.kiosk.wait_for_screen("Menu")?;
    let dishes = || rig.fillings("Add {} to the basket");
    rig.window().wait_until("a dish", |_| !dishes().is_empty())?;
    let dish = dishes().into_iter().next().context("a dish")?;
    rig.key_with(Key::Next, "Add {} to the basket", &[&dish])?;
    rig.window().wait_for_text(&rig.words.say_with("Remove {}", &[&dish]))?;
    rig.key(Key::Previous, "Checkout")?;
    rig.kiosk.wait_for_screen("Checkout")?;
    rig.key(Key::Previous, "Pay")?;
    let number = number_on(&rig.see("Your food is ordered")?)?;
    let order = rig.order_in_ledger("Alma", &number)?;
    ensure!(order.state == "held", "not held: {order:?}");
    rig.paper()?.says_all(&[&number, &dish])?;
    rig.key_back()?;
    rig.kiosk.wait_for_screen("Home")?;
    rig.see_with("Hi {}", &["Alma"])?;
    Ok(number)
}

#[test]
fn a_statement_goes_out_as_a_letter() -> Result<()> {
    let mut rig = Rig::start(Options::default())?;
    let alma = rig.card("Alma")?;
    tap_and_type_code(&mut rig, &alma)?;
    rig.key(Key::Next, "Statement")?;
    rig.see("Balance when the month began")?;
    rig.key(Key::Next, "All months")?;
    rig.see("Choose a month")?;
    rig.key_back()?;
    rig.see("Balance when the month began")?;
    rig.key(Key::Next, "Send as PDF")?;
    rig.kiosk.wait_for_screen("MailStatement")?;
    // Her own address stands there already.
    rig.key(Key::Next, "Send")?;
    rig.see_with("The statement is on its way to {}.", &[EMAIL])?;
    let letter = rig.server.mailbox().wait_for(EMAIL, "Kontoudtog for")?;
    ensure!(letter.papers.len() == 1 && letter.papers[0].starts_with(b"%PDF-"), "no PDF: {letter:?}");
    rig.key_back()?;
    rig.see("Balance when the month began")?;
    log_out_by_keys(&rig)?;
    rig.reader.lift()?;
    rig.ledger().must_add_up()
}
