//! What a bare tap does not open, and what is missing without a connection: statements are not shown, letters are not sent, and what
//! is written to support is kept and filed later.

use anyhow::{Context, Result, bail, ensure};
use madkort_tests::kiosk_user::number_on;
use madkort_tests::rig::{Options, Rig};
use madkort_tests::window::Role;

use crate::portal::steps::{Stood, cut, give_first_code, mend, soon, to_accounts};

const EMAIL: &str = "mor@familie.example";
const SUPPORT: &str = "kantinen@hojager.example";
const MESSAGE: &str = "Mit kort er revnet, og der er intet net.";

/// Stops at the code, is not helped by a wrong one, and goes back to where it came from.
fn wants_code(rig: &Rig, name: &str, from: &str) -> Result<()> {
    rig.press_named(name)?;
    let sight = rig.see("Type your code")?;
    ensure!(!sight.says("kr."), "money is shown before the code:\n{}", sight.told());
    rig.press("Back")?;
    rig.window().wait_for_text(from).map(drop)
}

/// Through the list of months, which has this one alone: everything at the demo school happened in it.
fn choose_this_month(rig: &Rig) -> Result<()> {
    rig.press("All months")?;
    rig.see("Choose a month")?;
    let year = rig.server.school().today.year().to_string();
    let sight = rig.window().sight();
    let months = sight.elements.iter().filter(|e| e.role == Role::Check && e.name.ends_with(&year));
    let month = months.map(|month| month.name.clone()).next_back().context("no month to choose")?;
    rig.press_named(&month)
}

#[test]
fn a_bare_tap_opens_no_door_and_without_a_connection_no_old_month_is_shown() -> Result<()> {
    let mut rig = Rig::start(Options::default())?;
    let (emil, stood) = (rig.card("Emil")?, Stood::now(&rig, "Emil")?);
    rig.come_in("Emil")?;
    for tile in ["Statement", "Your details"] {
        wants_code(&rig, &rig.words.say(tile), &rig.words.say_with("Hi {}", &["Emil"]))?;
    }
    to_accounts(&rig)?;
    let accounts = rig.words.say("Active · the one you are using");
    for button in ["Auto top-up of {}", "Transfer from {}", "Pay out from {}"] {
        wants_code(&rig, &rig.words.say_with(button, &["Emil"]), &accounts)?;
    }
    rig.press_with("Pay out from {}", &["Emil"])?;
    rig.see("Type your code")?;
    rig.type_code("0000")?;
    rig.window().wait_for_text(&rig.words.count("That is not the code. {n} try left.", 4))?;
    rig.press("Back")?;
    rig.window().wait_for_text(&accounts)?;
    ensure!(rig.ledger().sessions(&emil)? == 0, "signed in by a tap");
    rig.press("Back")?;

    // Behind the door: a month that cannot be had is not guessed, and comes when it is asked for again.
    rig.press("Statement")?;
    give_first_code(&rig, &emil)?;
    rig.see("Balance when the month began")?;
    rig.press("Send as PDF")?;
    rig.write_in("E-mail", "")?;
    rig.press("Send")?;
    rig.see("Type an e-mail address, such as navn@skole.dk.")?;
    rig.write_in("E-mail", EMAIL)?;
    cut(&rig)?;
    rig.press("Send")?;
    rig.see("It needs a connection. Try again in a moment.")?;
    rig.press("Back")?;
    choose_this_month(&rig)?;
    let sight = rig.see("The statement cannot be fetched without a connection. Your balance above is right.")?;
    ensure!(!sight.says(&rig.words.say("Balance when the month began")), "an old month:\n{}", sight.told());
    mend(&rig)?;
    rig.press("Try again")?;
    rig.see("Balance when the month began")?;
    rig.go()?;
    stood.still(&mut rig)
}

#[test]
fn without_a_connection_support_is_written_to_and_reads_it_later() -> Result<()> {
    let mut rig = Rig::start(Options::default())?;
    let (ledger, stood) = (rig.ledger(), Stood::now(&rig, "Emil")?);
    let tickets = ledger.tickets()?.len();
    rig.come_in("Emil")?;
    rig.press("Support")?;
    for (field, wrong, problem, right) in [
        ("Name", "", "Type your name.", "Emils mor"),
        ("E-mail", "mor@familie", "Type an e-mail address, such as navn@skole.dk.", EMAIL),
        ("Message", "", "Write what we can help with.", MESSAGE),
    ] {
        rig.write_in(field, wrong)?;
        rig.press("Send")?;
        rig.scroll_to(problem)?;
        rig.write_in(field, right)?;
    }
    ensure!(ledger.tickets()?.len() == tickets, "filed all the same");
    stood.still(&mut rig)?;

    cut(&rig)?;
    rig.press("Send")?;
    let sight = rig.see("The kiosk keeps the message and sends it when the connection is back.")?;
    let number = number_on(&sight)?;
    rig.paper()?.says_all(&[&number])?;
    ensure!(ledger.tickets()?.len() == tickets, "how did it get there?");
    mend(&rig)?;
    soon("the ticket on the server", || Ok(ledger.tickets()?.iter().any(|ticket| ticket.number == number)))?;
    let filed: Vec<_> = ledger.tickets()?.into_iter().filter(|ticket| ticket.number == number).collect();
    let [ticket] = filed.as_slice() else { bail!("not filed once: {filed:?}") };
    ensure!((ticket.name.as_str(), ticket.email.as_str()) == ("Emils mor", EMAIL), "somebody else's: {ticket:?}");
    ensure!(ticket.message == MESSAGE, "another message: {ticket:?}");
    rig.press("To my page")?;
    rig.go()?;
    for (to, about) in [(EMAIL, "Vi har fået din henvendelse"), (SUPPORT, MESSAGE)] {
        let letter = rig.server.mailbox().wait_for(to, about)?;
        ensure!(letter.subject.contains(&number) || letter.text.contains(&number), "about what? {letter:?}");
    }
    ensure!(rig.printer.untaken()?.is_empty(), "a slip came out twice");
    rig.ledger().must_add_up()
}
