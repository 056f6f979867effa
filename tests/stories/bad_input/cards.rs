//! Cards the school does not know, or no longer, and things that are no cards.

use anyhow::{Result, ensure};
use madkort_tests::rig::{Options, Rig};

/// A card of some other school.
const STRANGER: &str = "04DEADBEEF0180";

#[test]
fn what_is_no_school_card_opens_nothing() -> Result<()> {
    let mut rig = Rig::start(Options::default())?;
    let refused = |rig: &mut Rig, sentence: &str| -> Result<()> {
        let sight = rig.see(sentence)?;
        ensure!(!sight.says("kr."), "something personal on the screen:\n{}", sight.told());
        rig.reader.lift()
    };
    rig.reader.tap(STRANGER)?;
    refused(&mut rig, "We do not know this card. Ask at the school office.")?;
    rig.reader.tap_phone()?;
    refused(&mut rig, "That looks like a phone. Use your school card.")?;
    let blocked = rig.card("Oskar")?;
    rig.reader.tap(&blocked.uid)?;
    refused(&mut rig, "This card is blocked. Ask at the school office.")?;
    let replaced = rig.server.school().cards.iter().rfind(|card| card.label == "Tobias").cloned();
    let Some(replaced) = replaced else { anyhow::bail!("no replaced card in the demo school") };
    rig.reader.tap(&replaced.uid)?;
    refused(&mut rig, "A new card has taken the place of this one. Use the new one.")?;

    rig.come_in("Emil")?;
    rig.go()
}

#[test]
fn the_sentence_is_there_in_english_too() -> Result<()> {
    let mut rig = Rig::start(Options::default())?;
    rig.window().tap("English")?;
    rig.words = madkort_tests::words::Words::english()?;
    rig.see("Hold your school card to the reader")?;
    rig.reader.tap(STRANGER)?;
    rig.see("We do not know this card. Ask at the school office.")?;
    rig.reader.lift()
}
