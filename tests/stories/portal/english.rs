//! Somebody who reads English, on the wide panel: the screen, the papers and the letter, from the tap to the ticket; and beside them
//! somebody who reads Danish.

use anyhow::{Context, Result, ensure};
use madkort_protocol::DeviceKind;
use madkort_tests::display::Size;
use madkort_tests::kiosk_user::number_on;
use madkort_tests::patience::until;
use madkort_tests::printer::Paper;
use madkort_tests::process::PATIENCE;
use madkort_tests::rig::{Options, Rig};
use madkort_tests::words::Words;

use crate::portal::steps::{books, give_first_code, open_on_phone};
use crate::shop::offer;

const EMAIL: &str = "oliver@familie.example";
const COMMENT: &str = "no onions, please";
const MESSAGE: &str = "My card is torn. Can I have a new one?";
/// What is paid in, in whole kroner: one of the preset amounts.
const DEPOSIT_KR: i64 = 100;
/// Words that stand on every paper in Danish.
const DANISH: [&str; 6] = ["Konto ", "Saldo", "Bestil", "Kvittering", "Indbetal", "Vi har modtaget"];

/// On it is all that, and nothing in Danish.
fn in_english(paper: &Paper, parts: &[&str]) -> Result<()> {
    paper.says_all(parts)?;
    let danish = DANISH.iter().find(|word| paper.text.contains(**word));
    ensure!(danish.is_none(), "{danish:?} on an English paper:\n{}", paper.text);
    Ok(())
}

#[test]
fn whoever_reads_english_is_served_in_english_on_the_wide_panel() -> Result<()> {
    let wide = Options { size: Size::LANDSCAPE, ..Options::default() };
    let mut rig = Rig::start_with(wide, |kiosk, _| kiosk.configure("language", "en"))?;
    rig.words = Words::english()?;
    let (oliver, ledger) = (rig.card("Oliver")?, rig.ledger());
    let mut balance = ledger.balance("Oliver")?;
    rig.see("Hold your school card to the reader")?;
    rig.come_in("Oliver")?;
    rig.see_with("Hi {}", &[oliver.first_name()])?;
    rig.see_money(balance)?;

    rig.press("Top up")?;
    rig.press_with("DKK {}", &[&DEPOSIT_KR.to_string()])?;
    rig.write_in("E-mail", EMAIL)?;
    rig.press("I accept the terms")?;
    rig.press("Next")?;
    rig.see("Pay with your phone")?;
    open_on_phone(&mut rig)?;
    let number = rig.server.school().good_payment_card()?.to_owned();
    let phone = rig.phone()?;
    phone.fill("#card", &number)?;
    phone.click("#pay")?;
    rig.see("The money is on the account")?;
    balance += DEPOSIT_KR * 100;
    rig.see_money(balance)?;
    let now = rig.words.amount(balance);
    let receipt = ledger.last_receipt("Oliver")?;
    in_english(&rig.paper()?, &["Receipt for a deposit", &receipt, "DKK 100.00", "New balance", &now])?;
    rig.press("To my page")?;

    let (dish, number) = rig.order_food(Some(COMMENT))?;
    let order = rig.order_in_ledger("Oliver", &number)?;
    ensure!(order.state == "held" && order.comments == [COMMENT], "not what was ordered: {order:?}");
    balance -= order.total;
    let mut other = rig.server.enrol(DeviceKind::Kiosk, "Kiosken i hallen")?;
    let products = offer(&mut other)?.products;
    let product = products.iter().find(|product| product.name_en == dish).context("no such dish in English")?;
    ensure!(product.price.ore() == order.total, "something else was ordered: {order:?}");
    let (total, left) = (rig.words.amount(order.total), rig.words.amount(balance));
    let slip = [&format!("Order {number}"), &dish, COMMENT, "Total", &total, "Balance after", &left, "Ordered"];
    in_english(&rig.paper()?, &slip)?;
    rig.press("To my page")?;

    rig.press("Statement")?;
    give_first_code(&rig, &oliver)?;
    rig.see("Balance when the month began")?;
    let end = rig.scroll_to("Balance at the end")?;
    ensure!(end.says(&left), "the statement ends on something else:\n{}", end.told());
    rig.press("Print")?;
    let statement = ["Statement", "Opening balance", "Deposit", "Order for", &receipt, &left];
    in_english(&rig.paper()?, &statement)?;
    rig.press("Back")?;

    rig.press("Support")?;
    rig.write_in("E-mail", EMAIL)?;
    rig.write_in("Message", MESSAGE)?;
    rig.press("Send")?;
    let number = number_on(&rig.see("We have your message")?)?;
    let ticket = until("the ticket on the server", PATIENCE, || {
        Ok(ledger.tickets()?.into_iter().find(|ticket| ticket.number == number))
    })?;
    ensure!((ticket.email.as_str(), ticket.message.as_str()) == (EMAIL, MESSAGE), "not what was written: {ticket:?}");
    in_english(&rig.paper()?, &["We have received your message", &format!("Case {number}"), "Written"])?;
    rig.go()?;
    rig.see("Hold your school card to the reader")?;
    rig.server.mailbox().wait_for(EMAIL, "We have received your request")?;

    // Beside an English house stands somebody's own language.
    rig.words = Words::danish()?;
    rig.come_in("Emil")?;
    rig.see_with("Hi {}", &["Emil"])?;
    rig.see_money(ledger.balance("Emil")?)?;
    rig.go()?;
    rig.words = Words::english()?;
    rig.see("Hold your school card to the reader")?;
    books(&rig, "Oliver", balance)
}
