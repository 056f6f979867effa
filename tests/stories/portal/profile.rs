//! *Brugerinfo*: another address, and a limit that the till keeps from then on.

use anyhow::{Result, ensure};
use madkort_protocol::Rule;
use madkort_tests::rig::{Options, Rig};

use crate::portal::steps::{books, give_code, not_sold, sell};

const EMAIL: &str = "noah.abdi@familie.example";
const PHONE: &str = "12 34 56 78";

#[test]
fn another_address_and_a_day_cap_that_the_till_keeps() -> Result<()> {
    let mut rig = Rig::start(Options::default())?;
    let (noah, ledger) = (rig.card("Noah")?, rig.ledger());
    let (before, profile) = (ledger.balance("Noah")?, ledger.profile("Noah")?);
    let mut till = rig.till()?;
    sell(&mut till, &noah, 500, "Før grænsen")?;

    // A tap alone shows no address.
    rig.come_in("Noah")?;
    rig.press("Your details")?;
    give_code(&rig, &noah)?;
    rig.see("The most that may be spent")?;

    rig.write_in("E-mail", "noah")?;
    rig.press("Save")?;
    rig.see("Type an e-mail address, such as navn@skole.dk.")?;
    ensure!(ledger.profile("Noah")? == profile, "a wrong address was saved");

    rig.write_in("E-mail", EMAIL)?;
    rig.write_in("Telephone", PHONE)?;
    rig.write_in("In a day", "20")?;
    rig.press("Save")?;
    rig.see("Saved.")?;
    let saved = ledger.profile("Noah")?;
    ensure!((saved.email.as_deref(), saved.phone.as_str()) == (Some(EMAIL), PHONE), "not what was typed: {saved:?}");
    ensure!(saved.day_cap == Some(2_000) && saved.changes == profile.changes + 1, "not what was typed: {saved:?}");
    rig.go()?;

    // 5 kr. were spent before: 15 are left of the day.
    ensure!(not_sold(&mut till, &noah, 1_501)? == Rule::DayCap, "refused for another reason");
    sell(&mut till, &noah, 1_500, "Til grænsen")?;
    ensure!(not_sold(&mut till, &noah, 1)? == Rule::DayCap, "refused for another reason");
    books(&rig, "Noah", before - 2_000)
}
