//! *Indbetal* that comes to nothing: filled in wrongly, out of reach, given up, declined, too late. No money, no receipt, no letter.

use anyhow::{Result, ensure};
use madkort_tests::rig::{Options, Rig};

use crate::portal::steps::{Stood, cut, mend, read_code, to_payment};

const EMAIL: &str = "emil@hojager.example";

/// The end of a payment that was none, and back to the person's own page.
fn nothing_was_paid(rig: &Rig, why: &str) -> Result<()> {
    let sight = rig.see(why)?;
    let title = rig.words.say("Nothing was paid");
    ensure!(sight.says(&title), "it does not say so first:\n{}", sight.told());
    let code = rig.words.say("QR code for the payment page");
    ensure!(!sight.says(&code), "there is still a code to pay by:\n{}", sight.told());
    rig.press("Back")?;
    rig.see_with("Hi {}", &["Emil"]).map(drop)
}

#[test]
fn what_is_not_paid_is_nowhere() -> Result<()> {
    let mut rig = Rig::start(Options::default())?;
    let stood = Stood::now(&rig, "Emil")?;
    rig.come_in("Emil")?;

    // The form names the first thing that is wrong, and keeps what was typed.
    rig.press("Top up")?;
    rig.press_with("DKK {}", &["100"])?;
    for (address, wrong) in [("", true), ("emil@hojager", true), (EMAIL, false)] {
        rig.write_in("E-mail", address)?;
        rig.press("Next")?;
        let problem = if wrong {
            "Type an e-mail address, such as navn@skole.dk."
        } else {
            "Read the terms and put a tick beside them."
        };
        rig.see(problem)?;
    }
    rig.press("I accept the terms")?;
    cut(&rig)?;
    rig.press("Next")?;
    rig.see("No connection just now. Nothing has been charged. Try again.")?;
    mend(&rig)?;
    rig.press("Next")?;
    rig.see("Pay with your phone")?;

    // Out of sight is not the end of it: that is for the server to say.
    rig.network.cut();
    rig.see("No connection just now. Your payment goes on without the kiosk.")?;
    rig.network.restore();
    rig.see("Waiting for your phone")?;
    let url = read_code(&rig)?;
    rig.phone()?.open(&url)?;
    rig.press("Cancel")?;
    nothing_was_paid(&rig, "The payment was cancelled. No money has moved.")?;
    // The page on the phone still stands there, and takes nothing.
    let good = rig.server.school().good_payment_card()?.to_owned();
    let phone = rig.phone()?;
    phone.fill("#card", &good)?;
    phone.click("#pay")?;
    phone.wait_for("Betalingen er annulleret")?;
    stood.still(&mut rig)?;

    let url = to_payment(&rig, EMAIL)?;
    let declined = rig.server.school().payment_card("Declined by the bank")?.to_owned();
    let phone = rig.phone()?;
    phone.open(&url)?;
    phone.fill("#card", &declined)?;
    phone.click("#pay")?;
    phone.wait_for("Betalingen blev ikke godkendt")?;
    nothing_was_paid(&rig, "The payment was declined. No money has moved.")?;

    let url = to_payment(&rig, EMAIL)?;
    rig.phone()?.open(&url)?;
    rig.server.payment_pages_run_out()?;
    nothing_was_paid(&rig, "The time ran out. No money has moved.")?;
    let phone = rig.phone()?;
    phone.fill("#card", &good)?;
    phone.click("#pay")?;
    phone.wait_for("Tiden er gået")?;

    rig.go()?;
    stood.still(&mut rig)
}
