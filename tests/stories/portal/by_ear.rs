//! A visit by five keys and an ear: nothing on the screen is touched or looked for, and what is heard is what stands there. In a headset
//! that is everything; out of a loudspeaker nothing of anybody's own.

use anyhow::{Context, Result, bail, ensure};
use madkort_tests::ear::{Ear, Saying};
use madkort_tests::keys::{MOST_STEPS, PAD, way_on};
use madkort_tests::kiosk_user::{kroner, number_on};
use madkort_tests::patience::until;
use madkort_tests::process::PATIENCE;
use madkort_tests::rig::{Options, Rig};
use madkort_tests::school::Card;
use madkort_tests::window::{Key, Role};

use crate::portal::steps::books;

/// What is written to support, letter by letter.
const MESSAGE: &str = "hm";
/// Keys pressed in vain.
const IN_VAIN: usize = 4;

/// Somebody who does not see the screen.
struct Listener<'a> {
    rig: &'a mut Rig,
    ear: &'a Ear,
}

impl Listener<'_> {
    fn words(&self, english: &str) -> String {
        self.rig.words.say(english)
    }

    /// Presses a key; says how much had been heard before.
    fn press(&self, key: Key) -> Result<usize> {
        let known = self.ear.heard().len();
        self.rig.window().press_key(key)?;
        Ok(known)
    }

    /// Presses a key and waits for a saying one of whose lines is that.
    fn hear_after(&self, key: Key, line: &str) -> Result<Saying> {
        let known = self.press(key)?;
        self.ear.wait_for(&format!("{line:?} after {key:?}"), known, |said| said.is_of(line))
    }

    /// Steps on until what is come to has a name that is wanted; says which.
    fn step_to(&self, way: Key, what: &str, wanted: impl Fn(&str) -> bool) -> Result<String> {
        let mut names = Vec::new();
        while names.len() < MOST_STEPS {
            let known = self.press(way)?;
            let said = self.ear.wait_for(&format!("something on the way to {what}"), known, |_| true)?;
            let name = said.lines.first().cloned().unwrap_or_default();
            if wanted(&name) {
                // Something new on the page may have been said in between: "where am I?"
                let known = self.press(Key::Aloud)?;
                let whole = self.ear.wait_for("the whole page", known, |said| said.lines.len() > 1)?;
                if whole.is_of(&name) {
                    return Ok(name);
                }
            }
            names.push(name);
        }
        bail!("{what} is not come to by {way:?}: {names:?}")
    }

    /// To what the source calls `english`, and does it.
    fn choose(&self, way: Key, english: &str) -> Result<()> {
        self.choose_named(way, &self.words(english))
    }

    fn choose_named(&self, way: Key, name: &str) -> Result<()> {
        self.step_to(way, &format!("{name:?}"), |here| here == name)?;
        self.press(Key::Do).map(drop)
    }

    /// The same, and the page that opens is read with this line.
    fn open(&self, way: Key, english: &str, line: &str) -> Result<Saying> {
        let name = self.words(english);
        self.step_to(way, &format!("{name:?}"), |here| here == name)?;
        self.hear_after(Key::Do, &self.words(line))
    }

    /// The verification code.
    fn type_code(&self, card: &Card) -> Result<()> {
        let mut before = None;
        for (typed, digit) in (1..).zip(card.code.chars()) {
            if before != Some(digit) {
                self.step_to(way_on(PAD, before, digit), "a digit", |here| here == digit.to_string())?;
            }
            if typed < card.code.len() {
                let dots = [typed, card.code.len()].map(|count| count.to_string());
                self.hear_after(Key::Do, &self.rig.words.say_with("{0} of {1} digits", &[&dots[0], &dots[1]]))?;
            } else {
                self.press(Key::Do)?;
            }
            before = Some(digit);
        }
        Ok(())
    }

    /// What is heard of the page comes to stand on it, word for word.
    fn hears_what_is_seen(&self, said: &Saying) -> Result<()> {
        let seen =
            self.rig.window().wait_until("what is heard", |sight| said.lines.iter().all(|line| sight.says(line)));
        seen.map(drop).with_context(|| format!("heard was {said:?}"))
    }

    fn comes_in(&mut self, card: &Card, balance: i64) -> Result<()> {
        let waiting = self.words("Hold your school card to the reader");
        ensure!(self.hear_after(Key::Aloud, &waiting)?.language == "da", "not in Danish");
        let known = self.ear.heard().len();
        self.rig.reader.tap(&card.uid)?;
        self.ear.wait_for("the code asked for", known, |said| said.is_of(&self.words("Type your code")))?;
        let known = self.ear.heard().len();
        self.type_code(card)?;
        let greeting = self.rig.words.say_with("Hi {}", &[card.first_name()]);
        let greeted = |said: &Saying| said.lines.iter().any(|line| line.starts_with(&greeting));
        let home = self.ear.wait_for("the greeting", known, greeted)?;
        ensure!(home.lines.iter().any(|line| line.contains(&kroner(balance))), "no balance: {home:?}");
        self.rig.kiosk.wait_for_screen("Home")?;
        self.hears_what_is_seen(&home)
    }

    /// Says what the order took from the account.
    fn orders_food(&mut self, card: &Card) -> Result<i64> {
        self.choose(Key::Next, "Order food")?;
        self.rig.kiosk.wait_for_screen("Menu")?;
        let add = self.words("Add {} to the basket");
        let (before, after) = add.split_once("{}").context("no place for a dish")?;
        let dish = |name: &str| Some(name.strip_prefix(before)?.strip_suffix(after)?.to_owned());
        let added = self.step_to(Key::Next, "a dish", |name| dish(name).is_some())?;
        let dish = dish(&added).context("a dish")?;
        self.press(Key::Do)?;
        self.rig.window().wait_for(Role::Button, &self.rig.words.say_with("Remove {}", &[&dish]))?;
        self.choose(Key::Previous, "Checkout")?;
        self.rig.kiosk.wait_for_screen("Checkout")?;
        self.open(Key::Previous, "Pay", "Your food is ordered")?;
        let number = number_on(&self.rig.see("Your food is ordered")?)?;
        let order = self.rig.order_in_ledger(&card.label, &number)?;
        ensure!(order.state == "held", "not held: {order:?}");
        self.rig.paper()?.says_all(&[&number, &dish])?;
        self.press(Key::Back)?;
        self.rig.kiosk.wait_for_screen("Home")?;
        Ok(order.total)
    }

    fn reads_the_statement(&mut self, balance: i64) -> Result<()> {
        self.open(Key::Next, "Statement", "Balance when the month began")?;
        self.choose(Key::Previous, "Print")?;
        self.rig.paper()?.says_all(&["Kontoudtog", &kroner(balance)])?;
        self.press(Key::Back)?;
        self.rig.kiosk.wait_for_screen("Home")
    }

    fn writes_to_support(&mut self) -> Result<()> {
        self.open(Key::Next, "Support", "Write to support")?;
        self.choose(Key::Next, "Message")?;
        for letter in MESSAGE.chars() {
            self.choose_named(Key::Next, &letter.to_string())?;
        }
        self.press(Key::Back)?;
        self.open(Key::Previous, "Send", "We have your message")?;
        let number = number_on(&self.rig.see("We have your message")?)?;
        let ledger = self.rig.ledger();
        let ticket = until("the ticket on the server", PATIENCE, || {
            Ok(ledger.tickets()?.into_iter().find(|ticket| ticket.number == number))
        })?;
        ensure!(ticket.message == MESSAGE, "another message arrived: {ticket:?}");
        self.rig.paper()?.says_all(&[&number])
    }

    /// Leaves, and the next one is not read to before asking for it.
    fn leaves(&mut self) -> Result<()> {
        self.choose(Key::Previous, "Log out")?;
        self.rig.kiosk.wait_for_screen("Idle")?;
        self.rig.reader.lift()?;
        let waiting = self.words("Hold your school card to the reader");
        self.rig.see("Hold your school card to the reader")?;
        let known = self.press(Key::Next)?;
        self.hear_after(Key::Aloud, &waiting)?;
        let first = self.ear.heard().into_iter().nth(known).context("nothing was heard")?;
        ensure!(first.is_of(&waiting), "heard without being asked for: {first:?}");
        Ok(())
    }
}

#[test]
fn a_whole_visit_by_five_keys_in_a_headset_and_nothing_personal_on_a_loudspeaker() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let mut ear = None;
    let mut rig = Rig::start_with(Options::default(), |kiosk, _| {
        kiosk.configure("speech", "headset")?;
        ear = Some(Ear::put_on(kiosk, dir.path())?);
        Ok(())
    })?;
    let ear = ear.context("no ear")?;
    let alma = rig.card("Alma")?;
    let balance = rig.ledger().balance("Alma")?;
    let mut listener = Listener { rig: &mut rig, ear: &ear };
    listener.comes_in(&alma, balance)?;
    let left = balance - listener.orders_food(&alma)?;
    listener.reads_the_statement(left)?;
    listener.writes_to_support()?;
    listener.leaves()?;
    books(&rig, "Alma", left)?;
    ensure!(rig.printer.untaken()?.is_empty(), "a paper nobody asked for");
    on_a_loudspeaker(&mut rig, &ear)
}

/// The same kiosk where a whole room hears it: the keys work, and what is personal is not said.
fn on_a_loudspeaker(rig: &mut Rig, ear: &Ear) -> Result<()> {
    rig.kiosk.stop()?;
    rig.kiosk.configure("speech", "loudspeaker")?;
    rig.kiosk.switch_on()?;
    rig.kiosk.wait_for_screen("Idle")?;
    rig.window().wait_drawn()?;
    let (emil, balance) = (rig.card("Emil")?, rig.ledger().balance("Emil")?);
    let listener = Listener { rig: &mut *rig, ear };
    listener.hear_after(Key::Aloud, &listener.words("Hold your school card to the reader"))?;
    let known = ear.heard().len();
    listener.rig.reader.tap(&emil.uid)?;
    listener.rig.kiosk.wait_for_screen("Home")?;
    let only = listener.words("Your own page is read aloud in a headset only. The keys work all the same.");
    ear.wait_for("that it is not read aloud", known, |said| said.is_of(&only))?;
    for _ in 0..IN_VAIN {
        listener.press(Key::Next)?;
    }
    listener.hear_after(Key::Aloud, &only)?;
    let personal = [emil.first_name().to_owned(), kroner(balance)];
    let mut theirs = false;
    for said in ear.heard().into_iter().skip(known) {
        // Before it the page for everybody may have told the next minute.
        theirs |= said.is_of(&only);
        ensure!(!theirs || said.lines == [only.as_str()], "heard by all: {said:?}");
        let names = |line: &String| personal.iter().any(|word| line.contains(word));
        ensure!(!said.lines.iter().any(names), "heard by all: {said:?}");
    }
    rig.see_with("Hi {}", &[emil.first_name()])?;
    rig.see_money(balance)?;
    let log = rig.kiosk.log().join("\n");
    ensure!(!log.contains(&emil.name), "in the log:\n{log}");
    rig.go()
}
