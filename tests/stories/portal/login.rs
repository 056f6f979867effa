//! *Log ind uden kort*: by the number on the card and its code, to the first page, and out again.

use anyhow::{Result, ensure};
use madkort_protocol::CardNumber;
use madkort_tests::rig::{Options, Rig};

use crate::portal::steps::{give_code, nothing_of, soon};

const WRONG: &str = "0000";
/// A number of the school's that no card has, without its check digit.
const NOBODYS: &str = "2080419999999";

/// Emil's card is at home, and the school has no e-mail address of his.
#[test]
fn by_number_and_code_to_the_first_page_and_out() -> Result<()> {
    let rig = Rig::start(Options::default())?;
    let (emil, ledger) = (rig.card("Emil")?, rig.ledger());
    let balance = ledger.balance("Emil")?;
    rig.press("Log in without a card")?;
    rig.see("Type your card number")?;

    let (digits, last) = emil.number.split_at(13);
    rig.type_code(digits)?;
    rig.type_code(if last == "0" { "1" } else { "0" })?;
    rig.see("One digit is wrong. Erase it and type it again.")?;
    rig.press("Erase")?;
    rig.type_code(last)?;

    // The number alone opens nothing, and neither does a wrong code.
    nothing_of(&rig.see("Type your code")?, &emil, balance)?;
    rig.type_code(WRONG)?;
    let sight = rig.window().wait_for_text(&rig.words.count("That is not the code. {n} try left.", 4))?;
    nothing_of(&sight, &emil, balance)?;
    ensure!(ledger.sessions(&emil)? == 0, "signed in with a wrong code");
    rig.type_code(&emil.code)?;

    rig.see("Tell us who you are, so that receipts and letters reach you.")?;
    ensure!(ledger.sessions(&emil)? == 1, "not signed in, or twice");
    rig.press("Later")?;
    rig.see_with("Hi {}", &[emil.first_name()])?;
    rig.see_money(balance)?;

    rig.press("Log out")?;
    nothing_of(&rig.see("Hold your school card to the reader")?, &emil, balance)?;
    soon("the end of the session on the server", || Ok(ledger.sessions(&emil)? == 0))?;
    ledger.must_add_up()
}

#[test]
fn a_number_nobody_has_and_one_of_a_blocked_card() -> Result<()> {
    let rig = Rig::start(Options::default())?;
    let oskar = rig.card("Oskar")?;
    rig.press("Log in without a card")?;
    rig.see("Type your card number")?;
    rig.type_code(CardNumber::from_first_13(NOBODYS)?.as_digits())?;
    rig.see("We do not know that number. Look at your card once more.")?;
    rig.type_code(&oskar.number)?;
    let sight = rig.see("This card is blocked. Ask at the school office.")?;
    nothing_of(&sight, &oskar, rig.ledger().balance("Oskar")?)?;

    // Nobody is inside, so the next one begins where everybody does.
    let karen = rig.card("Karen")?;
    rig.press("Log in without a card")?;
    rig.see("Type your card number")?;
    rig.type_code(&karen.number)?;
    give_code(&rig, &karen)?;
    rig.see_with("Hi {}", &[karen.first_name()])?;
    rig.press("Log out")?;
    rig.see("Hold your school card to the reader").map(drop)
}
