//! *Udbetal*: to a bank account, looked at twice, shown step by step, and called off until the bank is told.

use anyhow::{Context, Result, ensure};
use madkort_protocol::OperationId;
use madkort_tests::kiosk_user::kroner;
use madkort_tests::records::WithdrawalRow;
use madkort_tests::rig::{Options, Rig};
use madkort_tests::window::Role;
use uuid::Uuid;

use crate::portal::steps::{books, give_first_code, to_accounts};

/// In øre, and as it is typed.
const AMOUNT: (i64, &str) = (5_050, "50,50");
const PAYEE: (&str, &str) = ("1234", "987 65 43");

fn fill_in(rig: &Rig, registration: &str) -> Result<()> {
    rig.write_in("Amount", AMOUNT.1)?;
    rig.write_in("Registration number", registration)?;
    rig.write_in("Account number", PAYEE.1)?;
    rig.press("Next")
}

/// From the second look to the accounts, with the money set aside.
fn confirm(rig: &mut Rig, before: i64) -> Result<WithdrawalRow> {
    let after = before - AMOUNT.0;
    rig.see("Is this right?")?;
    rig.see("1234 · 0009 876 543")?;
    rig.press("Pay out")?;
    rig.see("The money is set aside")?;
    let made = rig.ledger().withdrawals("Emil")?.pop().context("no withdrawal on the server")?;
    rig.window().wait_for_text(made.number())?;
    ensure!((made.amount, made.hold.as_str(), made.sent) == (AMOUNT.0, "held", false), "not held: {made:?}");
    ensure!(made.bank == ("1234".to_owned(), "0009876543".to_owned()), "another bank account: {made:?}");
    books(rig, "Emil", after)?;
    let paper = rig.paper()?;
    paper.says_all(&[made.number(), AMOUNT.1, &kroner(after), "6543"])?;
    ensure!(!paper.text.contains("98765"), "the whole bank account is on paper:\n{}", paper.text);
    rig.press("To my page")?;
    rig.kiosk.wait_for_screen("Home")?;
    to_accounts(rig)?;
    Ok(made)
}

#[test]
fn held_called_off_and_too_late_to_call_off() -> Result<()> {
    let mut rig = Rig::start(Options::default())?;
    let (emil, ledger) = (rig.card("Emil")?, rig.ledger());
    let before = ledger.balance("Emil")?;
    rig.come_in("Emil")?;
    to_accounts(&rig)?;
    rig.press_with("Pay out from {}", &["Emil"])?;
    give_first_code(&rig, &emil)?;
    fill_in(&rig, "123")?;
    rig.see("The registration number has 4 digits.")?;
    ensure!(ledger.withdrawals("Emil")?.is_empty(), "asked for all the same");
    rig.write_in("Registration number", PAYEE.0)?;
    rig.press("Next")?;
    let first = confirm(&mut rig, before)?;

    // Called off, it is on the account again, and stays in the list.
    rig.press_with("Pay out from {}", &["Emil"])?;
    rig.scroll_to("The money is set aside")?;
    rig.press_with("Undo {}", &[first.number()])?;
    rig.scroll_to("Undone, the money is back")?;
    let undone = ledger.withdrawals("Emil")?.pop().context("it is gone")?;
    ensure!((undone.hold.as_str(), undone.back) == ("released", true), "not called off: {undone:?}");
    books(&rig, "Emil", before)?;

    // Another one goes to the bank while its holder looks at it: too late, and nothing moves.
    fill_in(&rig, PAYEE.0)?;
    let second = confirm(&mut rig, before)?;
    rig.press_with("Pay out from {}", &["Emil"])?;
    let undo = rig.words.say_with("Undo {}", &[second.number()]);
    rig.bring(&[Role::Button], &undo)?;
    rig.window().wait_for(Role::Button, &undo)?;
    rig.server.stop()?;
    rig.see("No connection right now")?;
    rig.server.tell_the_bank(OperationId::new(Uuid::parse_str(&second.id)?))?;
    rig.server.switch_on()?;
    rig.window().wait_gone(&rig.words.say("No connection right now"))?;
    rig.press_named(&undo)?;
    let sight = rig.scroll_to("Sent to the bank")?;
    ensure!(sight.find(Role::Button, &undo).is_none(), "it can still be called off:\n{}", sight.told());
    let sent = ledger.withdrawals("Emil")?.pop().context("it is gone")?;
    ensure!((sent.hold.as_str(), sent.sent, sent.back) == ("captured", true, false), "not sent: {sent:?}");
    books(&rig, "Emil", before - AMOUNT.0)?;
    rig.go()?;
    ensure!(rig.printer.untaken()?.is_empty(), "a paper nobody asked for");
    ensure!(rig.server.verify()?.contains("right"), "verify does not agree");
    Ok(())
}
