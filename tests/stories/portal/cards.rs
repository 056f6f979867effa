//! A card that its holder has blocked, opened again with its code; and a new card in the place of a lost one, by the office's command.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use madkort_protocol::{CardNumber, Rule};
use madkort_tests::rig::{Options, Rig};
use madkort_tests::school::Card;

use crate::portal::accounts::block_own_card;
use crate::portal::steps::{books, not_sold, nothing_of, sell, soon};

/// The new card, as the office's reader shows it, and its number without the check digit.
const NEW_UID: &str = "04D1E2F3A4B5C6";
const NEW_NUMBER: &str = "2080419000001";
/// What the kiosk asks the server for at the latest, with room.
const HEARD: Duration = Duration::from_secs(45);

#[test]
fn whoever_blocked_their_own_card_opens_it_again_with_its_code() -> Result<()> {
    let mut rig = Rig::start(Options::default())?;
    let (emil, ledger) = (rig.card("Emil")?, rig.ledger());
    let before = ledger.balance("Emil")?;
    let mut till = rig.till()?;
    rig.come_in("Emil")?;
    block_own_card(&mut rig, &emil)?;
    soon("a blocked card", || Ok(ledger.card_status(&emil)? == "blocked_by_holder"))?;
    ensure!(not_sold(&mut till, &emil, 1_000)? == Rule::Card, "refused for another reason");

    rig.reader.tap(&emil.uid)?;
    nothing_of(&rig.see("Your card is blocked")?, &emil, before)?;
    rig.type_code("0000")?;
    rig.window().wait_for_text(&rig.words.count("That is not the code. {n} try left.", 4))?;
    ensure!(ledger.card_status(&emil)? == "blocked_by_holder", "opened by a wrong code");
    rig.type_code(&emil.code)?;
    // Nobody knows an address of his yet.
    rig.see("Tell us who you are, so that receipts and letters reach you.")?;
    rig.press("Later")?;
    rig.see_with("Hi {}", &[emil.first_name()])?;
    ensure!(ledger.card_status(&emil)? == "active", "in, with a card that is not open");
    sell(&mut till, &emil, 1_000, "Frugtbæger")?;
    books(&rig, "Emil", before - 1_000)?;
    rig.see_money(before - 1_000)?;
    rig.go()
}

/// The office puts a new card in the old one's place; answers with the new one.
fn replace(rig: &Rig, old: &Card) -> Result<Card> {
    let number = CardNumber::from_first_13(NEW_NUMBER)?.as_digits().to_owned();
    let told = rig.server.office(&["card", "replace"], &format!("{};{number};{NEW_UID}\n", old.number))?;
    let code = told.lines().find_map(|line| line.strip_prefix("verification code: ")).context("no code is told")?;
    Ok(Card { uid: NEW_UID.to_owned(), number, code: code.to_owned(), ..old.clone() })
}

#[test]
fn a_new_card_takes_the_place_of_a_lost_one_with_all_that_was_on_it() -> Result<()> {
    let mut rig = Rig::start(Options::default())?;
    let (noah, ledger) = (rig.card("Noah")?, rig.ledger());
    let before = ledger.balance("Noah")?;
    let mut till = rig.till()?;
    rig.come_in("Noah")?;
    let new = replace(&rig, &noah)?;
    // Whoever has found the old one is out as soon as the kiosk hears of it.
    let replaced = rig.words.say("A new card has taken the place of this one. Use the new one.");
    rig.window().wait_until_within(HEARD, "the end of the old card", |sight| sight.says(&replaced))?;
    rig.reader.lift()?;
    rig.reader.tap(&noah.uid)?;
    nothing_of(&rig.window().wait_for_text(&replaced)?, &noah, before)?;
    rig.reader.lift()?;
    ensure!(ledger.card_status(&noah)? == "replaced", "how does the old one stand?");
    ensure!(not_sold(&mut till, &noah, 1_000)? == Rule::Card, "sold, or refused for another reason");

    rig.reader.tap(&new.uid)?;
    rig.see_with("Hi {}", &[noah.first_name()])?;
    rig.see_money(before)?;
    rig.press("Statement")?;
    rig.see("Type your code")?;
    rig.type_code(&new.code)?;
    rig.see("Balance when the month began")?;
    sell(&mut till, &new, 1_000, "Frugtbæger")?;
    books(&rig, "Noah", before - 1_000)?;
    rig.go()?;

    let deeds = rig.server.office(&["deeds"], &format!("{}\n", new.number))?;
    ensure!(deeds.contains("card-replaced") && deeds.contains("by the office"), "{deeds}");
    for line in rig.server.log().iter().chain(&rig.kiosk.log()) {
        for kept in [&new.number, &new.code, &noah.number] {
            ensure!(!line.contains(&format!("\"{kept}\"")), "{kept} is in a log: {line}");
        }
    }
    Ok(())
}
