//! *Overfør*: a parent moves money from one child to the other, and no more than there is.

use anyhow::{Result, ensure};
use madkort_protocol::{Language, Money};
use madkort_tests::kiosk_user::kroner;
use madkort_tests::rig::{Options, Rig};

use crate::portal::steps::{books, to_accounts};

/// In øre, and as it is typed.
const MOVED: (i64, &str) = (1_250, "12,50");

#[test]
fn from_one_child_to_the_other_and_no_more_than_there_is() -> Result<()> {
    let mut rig = Rig::start(Options::default())?;
    let ledger = rig.ledger();
    let (sofia, villads) = (ledger.balance("Sofia")?, ledger.balance("Villads")?);
    let transactions = ledger.transactions()?;
    rig.come_in("Karen")?;
    to_accounts(&rig)?;
    rig.press_with("Transfer from {}", &["Sofia"])?;
    rig.see("To account")?;
    rig.write_in("Amount", &kroner(sofia + 1))?;
    rig.press("Transfer")?;
    rig.see("Choose the account the money goes to.")?;
    rig.press_with("To {}", &["Villads"])?;
    rig.press("Transfer")?;
    rig.see_with("There is only {} on the account.", &[&Money::from_ore(sofia).in_words(Language::Danish)])?;
    ensure!(ledger.transactions()? == transactions, "something was booked");

    let (ore, typed) = MOVED;
    rig.write_in("Amount", typed)?;
    rig.press("Transfer")?;
    rig.see("The money has moved")?;
    rig.see_with("From {0} to {1}", &["Sofia", "Villads"])?;
    rig.see_money(sofia - ore)?;
    rig.paper()?.says_all(&["Sofia", "Villads", typed, &kroner(sofia - ore)])?;
    books(&rig, "Sofia", sofia - ore)?;
    books(&rig, "Villads", villads + ore)?;
    let last = |label: &str| Ok::<_, anyhow::Error>(ledger.movements(label)?.pop());
    ensure!(last("Sofia")? == Some(("transfer".to_owned(), -ore)), "not a transfer: {:?}", last("Sofia")?);
    ensure!(last("Villads")? == Some(("transfer".to_owned(), ore)), "not a transfer: {:?}", last("Villads")?);
    ensure!(ledger.transactions()? == transactions + 1, "booked more than once");
    rig.press("To my page")?;
    rig.kiosk.wait_for_screen("Home")?;
    rig.go()
}
