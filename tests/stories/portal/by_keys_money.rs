//! Money by five keys and nothing else: in, between accounts, out, and by itself. What has the focus is marked at every step; what was
//! done is asked of the books.

use anyhow::{Context, Result, ensure};
use madkort_tests::rig::{Options, Rig};
use madkort_tests::window::Key;

use crate::portal::steps::{books, give_code_by_keys, log_out_by_keys, read_code, soon, tap_and_type_code};

/// In øre, and as it is typed.
const MOVED: (i64, &str) = (1_200, "12");
const BANK: (&str, &str) = ("1234", "9876543");

#[test]
fn a_payment_is_begun_as_far_as_the_code_and_given_up() -> Result<()> {
    let mut rig = Rig::start(Options::default())?;
    let (alma, ledger) = (rig.card("Alma")?, rig.ledger());
    let (before, transactions, earlier) =
        (ledger.balance("Alma")?, ledger.transactions()?, ledger.deposits("Alma")?.len());
    tap_and_type_code(&mut rig, &alma)?;
    rig.key(Key::Next, "Top up")?;
    rig.kiosk.wait_for_screen("DepositAmount")?;
    rig.see("Amount")?;
    rig.key_with(Key::Next, "DKK {}", &["100"])?;
    rig.key(Key::Next, "I accept the terms")?;
    rig.key(Key::Next, "Next")?;
    rig.see("Pay with your phone")?;
    let url = read_code(&rig)?;
    let page = ledger.open_page()?.context("no page waits for its payer")?;
    ensure!(url.ends_with(&page), "{url} is not the page that waits");
    rig.key(Key::Next, "Cancel")?;
    rig.see("The payment was cancelled. No money has moved.")?;
    let deposits = ledger.deposits("Alma")?;
    ensure!(deposits.len() == earlier + 1 && deposits[earlier] == "cancelled", "not given up: {deposits:?}");
    rig.key_back()?;
    rig.see_with("Hi {}", &[alma.first_name()])?;
    log_out_by_keys(&rig)?;
    rig.reader.lift()?;
    ensure!(ledger.transactions()? == transactions, "something was booked");
    ensure!(rig.printer.untaken()?.is_empty(), "a paper for what was given up");
    books(&rig, "Alma", before)
}

#[test]
fn money_is_moved_to_another_account_and_paid_out_from_there() -> Result<()> {
    let mut rig = Rig::start(Options::default())?;
    let (karen, ledger) = (rig.card("Karen")?, rig.ledger());
    let (sofia, villads) = (ledger.balance("Sofia")?, ledger.balance("Villads")?);
    let (sofia, villads) = (sofia - MOVED.0, villads + MOVED.0);
    tap_and_type_code(&mut rig, &karen)?;
    to_accounts(&rig)?;
    rig.key_with(Key::Next, "Transfer from {}", &["Sofia"])?;
    rig.see("To account")?;
    rig.key_with(Key::Next, "To {}", &["Villads"])?;
    rig.key_in("Amount", MOVED.1)?;
    rig.key(Key::Next, "Transfer")?;
    rig.see("The money has moved")?;
    books(&rig, "Sofia", sofia)?;
    books(&rig, "Villads", villads)?;
    rig.paper()?.says_all(&["Sofia", "Villads"])?;
    rig.key_back()?;
    rig.see_with("Hi {}", &[karen.first_name()])?;

    // All of it: what is there stands in the form already.
    to_accounts(&rig)?;
    rig.key_with(Key::Next, "Pay out from {}", &["Villads"])?;
    rig.see("There is no fee and no lowest amount.")?;
    rig.key_in("Registration number", BANK.0)?;
    rig.key_in("Account number", BANK.1)?;
    rig.key(Key::Next, "Next")?;
    rig.see("Is this right?")?;
    rig.see("1234 · 0009 876 543")?;
    rig.key(Key::Previous, "Pay out")?;
    rig.see("The money is set aside")?;
    let made = ledger.withdrawals("Villads")?.pop().context("no withdrawal on the server")?;
    ensure!((made.amount, made.hold.as_str()) == (villads, "held"), "not held: {made:?}");
    ensure!(made.bank == ("1234".to_owned(), "0009876543".to_owned()), "another bank account: {made:?}");
    rig.paper()?.says_all(&[made.number()])?;
    books(&rig, "Villads", 0)?;
    rig.key_back()?;
    rig.see_with("Hi {}", &[karen.first_name()])?;
    log_out_by_keys(&rig)?;
    rig.reader.lift()
}

/// From one's own page to the accounts.
fn to_accounts(rig: &Rig) -> Result<()> {
    rig.key(Key::Next, "Accounts")?;
    rig.kiosk.wait_for_screen("Accounts")?;
    rig.see("Active · the one you are using").map(drop)
}

#[test]
fn auto_top_up_is_paused_given_another_card_resumed_and_stopped() -> Result<()> {
    let mut rig = Rig::start(Options::default())?;
    let (malthe, ledger) = (rig.card("Malthe")?, rig.ledger());
    let before = ledger.balance("Malthe")?;
    let stands = |state: &str, why: Option<&str>| {
        soon(&format!("a mandate that is {state}"), || {
            let mandate = ledger.mandate("Malthe")?;
            Ok(mandate.state == state && mandate.stopped_by.as_deref() == why)
        })
    };
    stands("active", None)?;
    rig.reader.tap(&malthe.uid)?;
    rig.see_with("Hi {}", &[malthe.first_name()])?;
    to_accounts(&rig)?;
    rig.key_with(Key::Next, "Auto top-up of {}", &["Malthe"])?;
    give_code_by_keys(&rig, &malthe)?;
    rig.see("Each time")?;

    rig.key(Key::Next, "Pause")?;
    rig.see("Paused. Nothing is charged until you start it again.")?;
    stands("suspended", Some("paused"))?;
    let pages = ledger.mandate_pages("Malthe")?.len();
    rig.key(Key::Next, "Change card")?;
    rig.see("Give the card on your phone")?;
    read_code(&rig)?;
    rig.key(Key::Next, "Cancel")?;
    rig.see("Nothing was changed")?;
    let given_up = ledger.mandate_pages("Malthe")?;
    ensure!(given_up.len() == pages + 1 && given_up[pages] == "cancelled", "not given up: {given_up:?}");
    rig.key_back()?;
    rig.see("Each time")?;
    stands("suspended", Some("paused"))?;

    rig.key(Key::Next, "Start again")?;
    let paused = rig.words.say("Paused. Nothing is charged until you start it again.");
    rig.window().wait_gone(&paused)?;
    stands("active", None)?;
    rig.key(Key::Next, "Stop auto top-up")?;
    rig.see_with("Stop auto top-up of {}?", &["Malthe"])?;
    rig.key(Key::Previous, "Stop auto top-up")?;
    rig.see("Auto top-up is off.")?;
    stands("cancelled", None)?;
    log_out_by_keys(&rig)?;
    rig.reader.lift()?;
    books(&rig, "Malthe", before)
}
