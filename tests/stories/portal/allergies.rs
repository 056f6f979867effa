//! *Allergier*: a parent says what a child cannot eat, and the child's next order is asked about, and then not taken at all.

use anyhow::{Context, Result, ensure};
use madkort_tests::rig::{Options, Rig};
use madkort_tests::window::Role;

use crate::portal::steps::give_code;

/// Who is in, from home to what the chosen child cannot eat.
fn to_allergies(rig: &Rig) -> Result<()> {
    rig.press("Your details")?;
    rig.see("The most that may be spent")?;
    rig.press("What cannot be eaten")?;
    rig.see_with("What {} cannot eat", &["Sofia"])?;
    Ok(())
}

/// Saves, and goes home by the way one came.
fn save(rig: &Rig) -> Result<()> {
    rig.press("Save")?;
    rig.see("Saved.")?;
    rig.press("Back")?;
    rig.see("The most that may be spent")?;
    rig.press("Back")?;
    rig.kiosk.wait_for_screen("Home")
}

/// Puts the first dish into the basket of whoever is in; says which.
fn reach_for_a_dish(rig: &Rig) -> Result<String> {
    const ADD: &str = "Add {} to the basket";
    rig.press("Order food")?;
    let add = rig.words.say(ADD);
    let before = add.split("{}").next().unwrap_or_default();
    rig.window().wait_until("a product to order", |sight| sight.elements.iter().any(|e| e.name.starts_with(before)))?;
    let dish = rig.fillings(ADD).into_iter().next().context("no product to order")?;
    rig.press_with(ADD, &[&dish])?;
    Ok(dish)
}

#[test]
fn a_parent_says_it_and_the_childs_order_knows() -> Result<()> {
    let mut rig = Rig::start(Options::default())?;
    let ledger = rig.ledger();
    let before = ledger.allergies("Sofia")?;
    ensure!(before == Some((vec!["gluten".into(), "milk".into()], false)), "the demo has changed: {before:?}");

    // A warning becomes a block, and of one thing more.
    rig.come_in("Karen")?;
    rig.press_named("Sofia")?;
    to_allergies(&rig)?;
    rig.press("Nuts")?;
    rig.press("Block")?;
    ensure!(ledger.allergies("Sofia")? == before, "kept before it was saved");
    save(&rig)?;
    let blocked = Some((["gluten", "milk", "nuts"].map(str::to_owned).to_vec(), true));
    ensure!(ledger.allergies("Sofia")? == blocked, "{:?}", ledger.allergies("Sofia")?);
    rig.go()?;

    rig.come_in("Sofia")?;
    let dish = reach_for_a_dish(&rig)?;
    rig.see_with("{0} cannot have {1}", &["Sofia", &dish])?;
    let anyway = rig.words.say("Add anyway");
    ensure!(rig.window().sight().find(Role::Button, &anyway).is_none(), "blocked, and there is a way on");
    rig.go()?;

    // A pupil does not lift what a guardian has set.
    let sofia = rig.card("Sofia")?;
    rig.come_in("Sofia")?;
    rig.press("Your details")?;
    give_code(&rig, &sofia)?;
    rig.scroll_to("The most that may be spent")?;
    ensure!(!rig.window().sight().says(&rig.words.say("What cannot be eaten")), "a pupil is led to it");
    rig.go()?;

    // Cleared, nothing is kept, and she is asked nothing.
    rig.come_in("Karen")?;
    rig.press_named("Sofia")?;
    to_allergies(&rig)?;
    rig.press("Clear all")?;
    save(&rig)?;
    ensure!(ledger.allergies("Sofia")?.is_none(), "not forgotten: {:?}", ledger.allergies("Sofia")?);
    rig.go()?;
    rig.come_in("Sofia")?;
    let dish = reach_for_a_dish(&rig)?;
    rig.window().wait_for(Role::Button, &rig.words.say_with("Remove {}", &[&dish]))?;
    rig.go()?;

    for line in rig.kiosk.log().iter().chain(&rig.server.log()) {
        let line = line.to_lowercase();
        ensure!(!["gluten", "nuts", "allergen"].iter().any(|word| line.contains(word)), "in a log: {line}");
    }
    rig.ledger().must_add_up()
}
