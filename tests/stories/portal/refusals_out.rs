//! Money that does not go out: *Udbetal* and *Overfør* filled in wrongly, out of reach, without an answer, too late, or sent back by the
//! bank. What is asked for twice happens once.

use anyhow::{Context, Result, ensure};
use madkort_protocol::{Language, Money, OperationId};
use madkort_tests::kiosk_user::kroner;
use madkort_tests::rig::{Options, Rig};
use uuid::Uuid;

use crate::portal::steps::{Stood, books, cut, give_first_code, mend, see_offline, sell, to_accounts};

/// In øre, and as it is typed.
const AMOUNT: (i64, &str) = (1_750, "17,50");
const UNSURE: &str = "No answer just now. Try again: it is done only once, however often you try.";
const NEEDS_CONNECTION: &str = "It needs a connection. Try again in a moment.";
const OVER_BALANCE: &str = "There is only {} on the account.";

fn in_words(ore: i64) -> String {
    Money::from_ore(ore).in_words(Language::Danish)
}

/// The form of a withdrawal from Sofia's account names what is wrong with it, one thing after the other, and is then right.
fn mistakes(rig: &Rig, balance: i64) -> Result<()> {
    let next = |problem: &str| -> Result<()> {
        rig.press("Next")?;
        rig.window().wait_for_text(problem).map(drop)
    };
    let say = |english: &str| rig.words.say(english);
    rig.write_in("Amount", "")?;
    next(&say("Choose or type an amount."))?;
    rig.write_in("Amount", "0,00")?;
    next(&say("Choose or type an amount."))?;
    rig.write_in("Amount", &kroner(balance + 1))?;
    next(&rig.words.say_with(OVER_BALANCE, &[&in_words(balance)]))?;
    rig.write_in("Amount", AMOUNT.1)?;
    rig.write_in("Owner of the bank account", "")?;
    next(&say("Type your name."))?;
    rig.write_in("Owner of the bank account", "Karen Dahl Nørregaard")?;
    next(&say("The registration number has 4 digits."))?;
    rig.write_in("Registration number", "1234")?;
    next(&say("The account number has at most 10 digits."))?;
    rig.write_in("Account number", "12345678901")?;
    next(&say("The account number has at most 10 digits."))?;
    rig.write_in("Account number", "9876543")
}

#[test]
fn a_withdrawal_without_an_answer_is_made_once_and_comes_back_from_the_bank() -> Result<()> {
    let mut rig = Rig::start(Options::default())?;
    let (ledger, stood) = (rig.ledger(), Stood::now(&rig, "Sofia")?);
    let before = ledger.balance("Sofia")?;
    rig.come_in("Karen")?;
    to_accounts(&rig)?;
    rig.press_with("Pay out from {}", &["Sofia"])?;
    mistakes(&rig, before)?;
    cut(&rig)?;
    rig.press("Next")?;
    rig.see(NEEDS_CONNECTION)?;
    mend(&rig)?;
    ensure!(ledger.withdrawals("Sofia")?.is_empty(), "asked for all the same");
    stood.still(&mut rig)?;

    // The server hears it, and its answer is lost on the way.
    rig.press("Next")?;
    rig.see("Is this right?")?;
    rig.network.hold_answers();
    rig.press("Pay out")?;
    rig.see(UNSURE)?;
    rig.network.restore();
    rig.press("Try again")?;
    rig.see("The money is set aside")?;
    let made = ledger.withdrawals("Sofia")?;
    let [made] = made.as_slice() else { anyhow::bail!("not asked for once: {made:?}") };
    ensure!((made.amount, made.hold.as_str()) == (AMOUNT.0, "held"), "not held: {made:?}");
    books(&rig, "Sofia", before - AMOUNT.0)?;
    rig.paper()?.says_all(&[made.number(), AMOUNT.1])?;
    rig.press("To my page")?;
    rig.press("Accounts")?;

    // The bank has no such account. The money is back, and the list says since when and why.
    rig.server.stop()?;
    see_offline(&rig)?;
    let id = OperationId::new(Uuid::parse_str(&made.id)?);
    rig.server.tell_the_bank(id)?;
    rig.server.bank_sends_back(id)?;
    rig.server.switch_on()?;
    mend(&rig)?;
    rig.press_with("Pay out from {}", &["Sofia"])?;
    let sight = rig.scroll_to("The bank sent it back, the money is on the account")?;
    let undo = rig.words.say_with("Undo {}", &[made.number()]);
    ensure!(!sight.says(&undo), "what came back can be undone:\n{}", sight.told());
    let back = ledger.withdrawals("Sofia")?.pop().context("it is gone")?;
    ensure!(back.sent && back.back, "not sent back: {back:?}");
    books(&rig, "Sofia", before)?;
    rig.go()?;
    ensure!(rig.printer.untaken()?.is_empty(), "a paper nobody asked for");
    ensure!(rig.server.verify()?.contains("right"), "verify does not agree");
    Ok(())
}

#[test]
fn a_transfer_too_late_too_far_or_without_an_answer() -> Result<()> {
    let mut rig = Rig::start(Options::default())?;
    let (sofia, ledger) = (rig.card("Sofia")?, rig.ledger());
    let (before, villads) = (ledger.balance("Sofia")?, ledger.balance("Villads")?);
    let mut till = rig.till()?;
    rig.come_in("Karen")?;
    to_accounts(&rig)?;
    rig.press_with("Transfer from {}", &["Sofia"])?;
    rig.press_with("To {}", &["Villads"])?;
    rig.write_in("Amount", "tolv")?;
    rig.press("Transfer")?;
    rig.see("Choose or type an amount.")?;
    rig.write_in("Amount", &kroner(before))?;
    cut(&rig)?;
    rig.press("Transfer")?;
    rig.see(NEEDS_CONNECTION)?;
    mend(&rig)?;

    // Spent at the till while the question is on its way: nothing moves, and the next try says what there is.
    rig.network.hold();
    sell(&mut till, &sofia, 500, "Imens")?;
    rig.press("Transfer")?;
    rig.network.restore();
    rig.see_money(before - 500)?;
    rig.press("Transfer")?;
    rig.see_with(OVER_BALANCE, &[&in_words(before - 500)])?;
    books(&rig, "Sofia", before - 500)?;
    books(&rig, "Villads", villads)?;
    ensure!(ledger.moved("transfer", "Sofia")? == 0, "it moved all the same");

    // The answer is lost; asked again it is the same transfer.
    rig.write_in("Amount", AMOUNT.1)?;
    rig.network.hold_answers();
    rig.press("Transfer")?;
    rig.see(UNSURE)?;
    rig.network.restore();
    rig.press("Try again")?;
    rig.see("The money has moved")?;
    rig.paper()?.says_all(&["Sofia", "Villads", AMOUNT.1])?;
    ensure!(ledger.moved("transfer", "Sofia")? == 1, "not moved once");
    books(&rig, "Sofia", before - 500 - AMOUNT.0)?;
    books(&rig, "Villads", villads + AMOUNT.0)?;
    rig.go()?;

    // Whoever has one account has nowhere to move money to.
    let emil = rig.card("Emil")?;
    rig.come_in("Emil")?;
    to_accounts(&rig)?;
    rig.press_with("Transfer from {}", &["Emil"])?;
    give_first_code(&rig, &emil)?;
    rig.see("You have only one account. There is none to move money to.")?;
    rig.go()?;
    ensure!(rig.printer.untaken()?.is_empty(), "a paper nobody asked for");
    Ok(())
}
