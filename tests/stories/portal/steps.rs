//! Steps that several stories take.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use madkort_protocol::{Money, Outcome, Rule};
use madkort_tests::device::{Device, new_id};
use madkort_tests::kiosk_user::kroner;
use madkort_tests::patience::until;
use madkort_tests::rig::Rig;
use madkort_tests::school::Card;
use madkort_tests::window::{Key, Sight};

/// How soon the server must have what was done at the kiosk, also over a cable that was just mended.
const SOON: Duration = Duration::from_mins(1);
/// How soon the code on the screen can be read.
const LEGIBLE: Duration = Duration::from_secs(20);
/// What the line about a cut cable ends with: how it begins is said elsewhere as well.
const OFFLINE: &str = "You can order food. The kiosk sends it as soon as it is connected again.";

/// Types the code where a page asks for it.
pub fn give_code(rig: &Rig, card: &Card) -> Result<()> {
    rig.see("Type your code")?;
    rig.type_code(&card.code)
}

/// The same, for somebody who has not told yet who they are: the page that asks for it is put off, and the way goes on.
pub fn give_first_code(rig: &Rig, card: &Card) -> Result<()> {
    give_code(rig, card)?;
    rig.see("Tell us who you are, so that receipts and letters reach you.")?;
    rig.press("Later")
}

/// Types the code by keys where a page asks for it.
pub fn give_code_by_keys(rig: &Rig, card: &Card) -> Result<()> {
    rig.see("Type your code")?;
    rig.key_code(&card.code)
}

/// Lays a card on the reader that asks for its code, and gives that by keys; waits for the person's own page.
pub fn tap_and_type_code(rig: &mut Rig, card: &Card) -> Result<()> {
    rig.reader.tap(&card.uid)?;
    rig.kiosk.wait_for_screen("Code")?;
    give_code_by_keys(rig, card)?;
    rig.kiosk.wait_for_screen("Home")?;
    rig.see_with("Hi {}", &[card.first_name()]).map(drop)
}

/// Logs out by keys; the card stays where it lies.
pub fn log_out_by_keys(rig: &Rig) -> Result<()> {
    rig.key(Key::Previous, "Log out")?;
    rig.kiosk.wait_for_screen("Idle")
}

/// From one's own page to the accounts.
pub fn to_accounts(rig: &Rig) -> Result<()> {
    rig.press("Accounts")?;
    rig.kiosk.wait_for_screen("Accounts")
}

/// The till sells for so many øre.
pub fn sell(till: &mut Device, card: &Card, ore: i64, what: &str) -> Result<()> {
    let answer = till.purchase(new_id(), &card.uid, Money::from_ore(ore), what)?;
    ensure!(answer.outcome == Outcome::Posted, "{what} was not sold: {answer:?}");
    Ok(())
}

/// The till does not sell for so many øre; says by which rule.
pub fn not_sold(till: &mut Device, card: &Card, ore: i64) -> Result<Rule> {
    match till.purchase(new_id(), &card.uid, Money::from_ore(ore), "Frokost")?.outcome {
        Outcome::Refused(refusal) => Ok(refusal.rule),
        sold => bail!("sold: {sold:?}"),
    }
}

/// Waits until something is so on the server.
pub fn soon(what: &str, mut is_so: impl FnMut() -> Result<bool>) -> Result<()> {
    until(what, SOON, || Ok(is_so()?.then_some(())))
}

/// The books add up, and the account with this label has so many øre.
pub fn books(rig: &Rig, label: &str, ore: i64) -> Result<()> {
    let ledger = rig.ledger();
    ledger.must_add_up()?;
    let balance = ledger.balance(label)?;
    ensure!(balance == ore, "{label} has {} kr., not {}", kroner(balance), kroner(ore));
    Ok(())
}

/// Nothing of the card's holder is to be read.
pub fn nothing_of(sight: &Sight, card: &Card, balance: i64) -> Result<()> {
    for personal in [card.first_name(), &kroner(balance), &card.number] {
        ensure!(!sight.says(personal), "{personal:?} is on the screen:\n{}", sight.told());
    }
    Ok(())
}

/// From the person's own page to the code for the phone with a hundred kroner; says what is in the code.
pub fn to_payment(rig: &Rig, email: &str) -> Result<String> {
    rig.press("Top up")?;
    rig.press_with("DKK {}", &["100"])?;
    rig.write_in("E-mail", email)?;
    rig.press("I accept the terms")?;
    rig.press("Next")?;
    rig.see("Pay with your phone")?;
    read_code(rig)
}

/// What is in the QR code on the screen, once it can be read.
pub fn read_code(rig: &Rig) -> Result<String> {
    until("a QR code that can be read", LEGIBLE, || Ok(rig.scan().ok()))
}

/// Opens the page in the QR code on the payer's phone.
pub fn open_on_phone(rig: &mut Rig) -> Result<()> {
    let url = read_code(rig)?;
    rig.phone()?.open(&url)
}

/// Gives the sandbox's card of that kind on the page that is open on the phone, which then says `words`.
pub fn give_payment_card(rig: &mut Rig, kind: &str, words: &str) -> Result<()> {
    let number = rig.server.school().payment_card(kind)?.to_owned();
    let phone = rig.phone()?;
    phone.fill("#card", &number)?;
    phone.click("#give")?;
    phone.wait_for(words).with_context(|| format!("after a card that is {kind:?}"))
}

/// The cable is cut, and the kiosk says so.
pub fn cut(rig: &Rig) -> Result<()> {
    rig.network.cut();
    see_offline(rig)
}

/// The kiosk says that it has lost the server.
pub fn see_offline(rig: &Rig) -> Result<()> {
    rig.see(OFFLINE).map(drop)
}

/// The cable is mended, and the kiosk says nothing of it any more.
pub fn mend(rig: &Rig) -> Result<()> {
    rig.network.restore();
    rig.window().wait_gone(&rig.words.say(OFFLINE)).map(drop)
}

/// How everything stood before something was refused.
pub struct Stood {
    label: String,
    balance: i64,
    transactions: i64,
    letters: usize,
}

impl Stood {
    /// Now, with the account of that label.
    pub fn now(rig: &Rig, label: &str) -> Result<Self> {
        let ledger = rig.ledger();
        Ok(Self {
            label: label.to_owned(),
            balance: ledger.balance(label)?,
            transactions: ledger.transactions()?,
            letters: rig.server.mailbox().letters().len(),
        })
    }

    /// Nothing was booked, nothing came out on paper, and nobody was written to.
    pub fn still(&self, rig: &mut Rig) -> Result<()> {
        books(rig, &self.label, self.balance)?;
        let transactions = rig.ledger().transactions()?;
        ensure!(transactions == self.transactions, "{} were booked", transactions - self.transactions);
        let papers = rig.printer.untaken()?;
        ensure!(papers.is_empty(), "a paper for what was refused: {papers:?}");
        let letters = rig.server.mailbox().letters();
        ensure!(letters.len() == self.letters, "a letter about what was refused: {letters:?}");
        Ok(())
    }
}
