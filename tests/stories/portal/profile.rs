//! *Brugerinfo*: another address, a postcode that knows its town, a CPR number that nobody sees, and a limit that the till keeps from
//! then on.

use anyhow::{Result, ensure};
use madkort_protocol::{MaskedCpr, Rule};
use madkort_tests::rig::{Options, Rig};
use madkort_tests::school::Card;
use madkort_tests::window::Sight;

use crate::portal::steps::{books, give_code, not_sold, sell};

const EMAIL: &str = "noah.abdi@familie.example";
const PHONE: &str = "12 34 56 78";
/// A postcode and its town.
const PLACE: (&str, &str) = ("8766", "Nørre Snede");
/// A number that could be somebody's, as it may be written.
const CPR: [&str; 2] = ["010110-4321", "0101104321"];
/// What it is encrypted under.
const CPR_KEY: [u8; 32] = [7; 32];

/// The school keeps CPR numbers, and this one is Noah's.
fn keep_cpr_number(rig: &Rig, card: &Card) -> Result<()> {
    let key = rig.dir().join("cpr.key");
    std::fs::write(&key, hex::encode(CPR_KEY))?;
    rig.server.office(&["cpr", "on"], "")?;
    let list = format!("{};{}\n", card.number, CPR[0]);
    rig.server.office(&["cpr", "list", "--cpr-key-file", &key.display().to_string()], &list)?;
    Ok(())
}

/// The number is in no word of the screen, and in no log.
fn cpr_number_is_nowhere(rig: &Rig, sight: &Sight) -> Result<()> {
    let logs = rig.kiosk.log().into_iter().chain(rig.server.log()).chain([sight.told()]);
    for said in logs {
        // Nor the birthday alone.
        ensure!(CPR.iter().chain(&["010110"]).all(|number| !said.contains(number)), "a CPR number:\n{said}");
    }
    Ok(())
}

#[test]
fn another_address_and_a_day_cap_that_the_till_keeps() -> Result<()> {
    let mut rig = Rig::start(Options::default())?;
    let (noah, ledger) = (rig.card("Noah")?, rig.ledger());
    let before = ledger.balance("Noah")?;
    let mut till = rig.till()?;
    sell(&mut till, &noah, 500, "Før grænsen")?;
    keep_cpr_number(&rig, &noah)?;
    let profile = ledger.profile("Noah")?;

    // A tap alone shows no address.
    rig.come_in("Noah")?;
    rig.press("Your details")?;
    give_code(&rig, &noah)?;
    rig.see("The most that may be spent")?;
    let sight = rig.see_with("CPR number {} · confirmed by the school", &[MaskedCpr::MASK])?;
    cpr_number_is_nowhere(&rig, &sight)?;

    rig.write_in("E-mail", "noah")?;
    rig.press("Save")?;
    rig.see("Type an e-mail address, such as navn@skole.dk.")?;
    ensure!(ledger.profile("Noah")? == profile, "a wrong address was saved");

    rig.write_in("E-mail", EMAIL)?;
    rig.write_in("Telephone", PHONE)?;
    let (postcode, town) = PLACE;
    rig.write_in("Postcode", postcode)?;
    ensure!(rig.read_in("Town")? == town, "another town than that of {postcode}");
    rig.write_in("In a day", "20")?;
    rig.press("Save")?;
    rig.see("Saved.")?;
    let saved = ledger.profile("Noah")?;
    ensure!((saved.email.as_deref(), saved.phone.as_str()) == (Some(EMAIL), PHONE), "not what was typed: {saved:?}");
    ensure!(saved.place == (postcode.to_owned(), town.to_owned()), "not where Noah lives: {saved:?}");
    ensure!(saved.day_cap == Some(2_000) && saved.changes == profile.changes + 1, "not what was typed: {saved:?}");
    rig.go()?;

    // 5 kr. were spent before: 15 are left of the day.
    ensure!(not_sold(&mut till, &noah, 1_501)? == Rule::DayCap, "refused for another reason");
    sell(&mut till, &noah, 1_500, "Til grænsen")?;
    ensure!(not_sold(&mut till, &noah, 1)? == Rule::DayCap, "refused for another reason");
    books(&rig, "Noah", before - 2_000)
}
