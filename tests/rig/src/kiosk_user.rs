//! The person in front of the kiosk: what they press, read and type, in the words of the screen.
//!
//! **Invariant:** everything goes through the window; nobody here knows what is behind it.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use madkort_protocol::{Language, Money};

use crate::rig::Rig;
use crate::turning::PRESSABLE;
use crate::window::{Role, Sight};

/// A person presses again when nothing happens: a line about a fault may have moved the button under the finger.
const TRIES: u32 = 3;
/// How long a person waits before they press again.
const NOTICED: Duration = Duration::from_secs(5);

impl Rig {
    /// Presses what the source calls `english`, further down the page if need be.
    pub fn press(&self, english: &str) -> Result<()> {
        self.press_named(&self.words.say(english))
    }

    /// Presses what the source calls `english` with something put in.
    pub fn press_with(&self, english: &str, parts: &[&str]) -> Result<()> {
        self.press_named(&self.words.say_with(english, parts))
    }

    /// Presses what is called so in the language of the screen.
    pub fn press_named(&self, name: &str) -> Result<()> {
        self.bring(&PRESSABLE, name)?;
        self.window().tap(name)
    }

    /// Waits until the screen says what the source calls `english`.
    pub fn see(&self, english: &str) -> Result<Sight> {
        self.window().wait_for_text(&self.words.say(english))
    }

    /// The same with something put in.
    pub fn see_with(&self, english: &str, parts: &[&str]) -> Result<Sight> {
        self.window().wait_for_text(&self.words.say_with(english, parts))
    }

    /// Waits until the screen says some count of what the source calls `english` in the singular.
    pub fn see_some(&self, english: &str) -> Result<Sight> {
        self.window().wait_until(english, |sight| sight.texts().iter().any(|text| self.words.is_count(english, text)))
    }

    /// Waits until the screen shows an amount.
    pub fn see_money(&self, ore: i64) -> Result<Sight> {
        self.window().wait_for_text(&self.words.amount(ore))
    }

    /// Opens a field, reads what stands in it and closes it.
    pub fn read_in(&self, english: &str) -> Result<String> {
        let (name, done) = (self.words.say(english), self.words.say("Done"));
        self.bring(&[Role::Field], &name)?;
        self.window().open_field(&name)?;
        self.window().wait_for(Role::Button, &done)?;
        let typed = self.window().typed(&name)?;
        self.window().tap(&done)?;
        Ok(typed)
    }

    /// Opens a field, types into it and closes it.
    pub fn write_in(&self, english: &str, text: &str) -> Result<()> {
        self.write_in_field(&self.words.say(english), text)
    }

    /// Opens the field of that very name, types into it with a keyboard and closes it.
    pub fn write_in_field(&self, name: &str, text: &str) -> Result<()> {
        let done = self.words.say("Done");
        self.bring(&[Role::Field], name)?;
        self.window().open_field(name)?;
        self.window().wait_for(Role::Button, &done)?;
        self.window().replace_text(name, text)?;
        self.window().tap(&done)
    }

    /// Opens a field that hides what is typed, has it shown, types into it and closes it.
    pub fn write_secret_in(&self, english: &str, text: &str) -> Result<()> {
        let (name, done) = (self.words.say(english), self.words.say("Done"));
        self.bring(&[Role::Field], &name)?;
        self.window().open_field(&name)?;
        self.window().wait_for(Role::Button, &done)?;
        self.window().tap(&self.words.say("Show what is typed"))?;
        self.window().replace_text(&name, text)?;
        self.window().tap(&done)
    }

    /// Types digits on the keypad, further up or down the page if need be.
    pub fn type_code(&self, code: &str) -> Result<()> {
        code.chars().try_for_each(|digit| self.press_named(&digit.to_string()))
    }

    /// Names that fill the `{}` of a button, in reading order: the products that can be added, say.
    pub fn fillings(&self, english: &str) -> Vec<String> {
        let sight = self.window().sight();
        let pattern = self.words.say(english);
        let Some((before, after)) = pattern.split_once("{}") else { return Vec::new() };
        let names = sight.elements.iter().filter(|e| e.enabled).map(|e| e.name.as_str());
        names.filter_map(|name| name.strip_prefix(before)?.strip_suffix(after)).map(str::to_owned).collect()
    }

    /// Puts the first product of the open menu into the basket and says what it is called.
    pub fn pick_first_product(&self) -> Result<String> {
        let add = "Add {} to the basket";
        let (before, _) =
            self.words.say(add).split_once("{}").map(|(b, a)| (b.to_owned(), a.to_owned())).unwrap_or_default();
        self.window()
            .wait_until("a product to order", |sight| sight.elements.iter().any(|e| e.name.starts_with(&before)))?;
        let product = self.fillings(add).into_iter().next().context("no product to order")?;
        let remove = self.words.say_with("Remove {}", &[&product]);
        for _ in 0..TRIES {
            self.press_with(add, &[&product])?;
            let in_basket = |sight: &Sight| sight.find(Role::Button, &remove).is_some();
            if self.window().wait_until_within(NOTICED, "it in the basket", in_basket).is_ok() {
                return Ok(product);
            }
        }
        bail!("{product} does not go into the basket")
    }

    /// Orders the first product for the next day that is open, with a comment if there is one to make, and pays. Ends on the page
    /// that says it is ordered; returns product and number.
    pub fn order_food(&self, comment: Option<&str>) -> Result<(String, String)> {
        self.press("Order food")?;
        let product = self.pick_first_product()?;
        self.press("Checkout")?;
        if let Some(comment) = comment {
            self.write_in_field(&self.words.say_with("Comment on {}", &[&product]), comment)?;
        }
        self.press("Pay")?;
        let sight = self.see("Your food is ordered")?;
        Ok((product, number_on(&sight)?))
    }
}

/// An amount as the screen writes it, without its currency: `1.234,50`.
pub fn kroner(ore: i64) -> String {
    Money::from_ore(ore).in_words(Language::Danish).trim_end_matches(" kr.").to_owned()
}

/// The number of an order or ticket on the screen: `K2-1`.
pub fn number_on(sight: &Sight) -> Result<String> {
    let is_number = |word: &&str| {
        word.split_once('-').is_some_and(|(kiosk, count)| {
            kiosk.starts_with('K') && kiosk[1..].parse::<u32>().is_ok() && count.parse::<u32>().is_ok()
        })
    };
    let texts = sight.texts();
    let mut words = texts.iter().flat_map(|text| text.split_whitespace());
    words.find(is_number).map(str::to_owned).with_context(|| format!("no number on the screen:\n{}", sight.told()))
}
