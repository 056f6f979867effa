//! *Konti*: what is on the accounts, and the switch that stops a card, with and without a network.

use anyhow::{Result, ensure};
use madkort_protocol::Rule;
use madkort_tests::rig::{Options, Rig};
use madkort_tests::school::Card;

use crate::portal::steps::{books, not_sold, sell, soon, to_accounts};

/// Whoever is in blocks the very card that lies on the reader, and is out.
pub fn block_own_card(rig: &mut Rig, card: &Card) -> Result<()> {
    let masked = card.masked()?;
    to_accounts(rig)?;
    rig.see_money(rig.ledger().balance(&card.label)?)?;
    rig.see("Active · the one you are using")?;
    rig.press_with("Block card {}", &[&masked])?;
    rig.see_with("Block card {}?", &[&masked])?;
    rig.see("You are logged out at once. To open the card again, hold it to the reader and type its code.")?;
    rig.press("Block the card")?;
    rig.see("The card is blocked. The money stays on the account.")?;
    rig.reader.lift()?;

    rig.reader.tap(&card.uid)?;
    rig.see("Your card is blocked")?;
    rig.reader.lift()
}

#[test]
fn a_child_blocks_the_card_and_the_parent_opens_it() -> Result<()> {
    let mut rig = Rig::start(Options::default())?;
    let (sofia, ledger) = (rig.card("Sofia")?, rig.ledger());
    let before = ledger.balance("Sofia")?;
    let mut till = rig.till()?;
    rig.come_in("Sofia")?;
    block_own_card(&mut rig, &sofia)?;
    soon("a blocked card", || Ok(ledger.card_status(&sofia)? == "blocked_by_holder"))?;
    ensure!(not_sold(&mut till, &sofia, 1_000)? == Rule::Card, "refused for another reason");
    books(&rig, "Sofia", before)?;

    rig.come_in("Karen")?;
    to_accounts(&rig)?;
    rig.scroll_to("Blocked")?;
    rig.press_with("Open card {} again", &[&sofia.masked()?])?;
    soon("an open card", || Ok(ledger.card_status(&sofia)? == "active"))?;
    rig.window().wait_gone(&rig.words.say("Blocked"))?;
    sell(&mut till, &sofia, 1_000, "Frugtbæger")?;
    books(&rig, "Sofia", before - 1_000)?;
    rig.see_money(before - 1_000)?;
    rig.go()
}

#[test]
fn blocked_without_a_network_it_is_blocked_everywhere_once_that_is_back() -> Result<()> {
    let mut rig = Rig::start(Options::default())?;
    let (villads, ledger) = (rig.card("Villads")?, rig.ledger());
    let before = ledger.balance("Villads")?;
    let mut till = rig.till()?;
    rig.network.cut();
    rig.see("No connection right now")?;
    rig.come_in("Villads")?;
    block_own_card(&mut rig, &villads)?;
    ensure!(ledger.card_status(&villads)? == "active", "how did it get there?");

    rig.network.restore();
    soon("a blocked card", || Ok(ledger.card_status(&villads)? == "blocked_by_holder"))?;
    ensure!(not_sold(&mut till, &villads, 1_000)? == Rule::Card, "refused for another reason");
    books(&rig, "Villads", before)
}
