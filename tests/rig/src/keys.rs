//! Somebody who cannot touch the screen, and does everything by the pad of five keys, seeing where they are.
//!
//! **Invariant:** nothing is done but what has the focus, and what has it is marked on the screen, whole and in sight.

use anyhow::{Context, Result, bail, ensure};

use crate::rig::Rig;
use crate::window::{Element, Key, Place, Role, Sight};

/// More steps than any page has things to come to, the keyboard's included.
pub const MOST_STEPS: usize = 120;
/// The digits as they stand on the screen's pad, which is a telephone's.
pub const PAD: &str = "1234567890";
/// The letters as they stand on the wide screen's keyboard.
const KEYBOARD: &str = "1234567890qwertyuiopåasdfghjklæøzxcvbnm.-@_,?";
/// As they stand on the two pages of the upright one's.
const PAGES: [&str; 2] = ["abcdefghijklmnopqrstuvwxyzæøå", "1234567890!\"#€%&/()=,?:;'_+*$"];
/// What leads from one of them to the other, as the source calls it.
const TURNS: [&str; 2] = ["Letters", "Digits and signs"];
/// The colour of the ring round what has the focus.
const RING: [u8; 3] = [0x2b, 0x55, 0xc9];
/// How far outside of it the middle of the ring lies, in pixels, and by how many a place on the screen is rounded.
const RING_AT: i32 = 4;
const ROUNDED: i32 = 1;
/// By how much a colour may differ where it is drawn over another.
const SHADE: u8 = 24;

/// The shorter way among keys that stand in this order.
pub fn way_on(order: &str, from: Option<char>, to: char) -> Key {
    let place = |letter: char| order.chars().position(|key| key == letter);
    if from.and_then(place) > place(to) { Key::Previous } else { Key::Next }
}

impl Rig {
    /// Comes to what the source calls `english`, and does it.
    pub fn key(&self, way: Key, english: &str) -> Result<()> {
        self.key_named(way, &self.words.say(english))
    }

    /// The same with something put in.
    pub fn key_with(&self, way: Key, english: &str, parts: &[&str]) -> Result<()> {
        self.key_named(way, &self.words.say_with(english, parts))
    }

    /// The same for what is called so in the language of the screen.
    pub fn key_named(&self, way: Key, name: &str) -> Result<()> {
        self.step_to(way, name)?;
        self.window().press_key(Key::Do)
    }

    /// One step back.
    pub fn key_back(&self) -> Result<()> {
        self.window().press_key(Key::Back)
    }

    /// Types a code on the pad of the screen.
    pub fn key_code(&self, code: &str) -> Result<()> {
        let mut before = None;
        for digit in code.chars() {
            self.key_named(way_on(PAD, before, digit), &digit.to_string())?;
            before = Some(digit);
        }
        Ok(())
    }

    /// Opens a field, types into it letter by letter on the screen's keyboard, and leaves it: the focus is in it again.
    pub fn key_in(&self, english: &str, text: &str) -> Result<()> {
        self.key_into(english, text, false)
    }

    /// The same for a field that hides what is typed: it is shown while somebody types.
    pub fn key_secret_in(&self, english: &str, text: &str) -> Result<()> {
        self.key_into(english, text, true)
    }

    fn key_into(&self, english: &str, text: &str, secret: bool) -> Result<()> {
        let (window, name, done) = (self.window(), self.words.say(english), self.words.say("Done"));
        self.key_named(Key::Next, &name)?;
        window.wait_for(Role::Button, &done)?;
        if secret {
            self.key(Key::Previous, "Show what is typed")?;
            window.wait_for(Role::Check, &self.words.say("Hide what is typed"))?;
        }
        let (mut before, mut typed) = (None, String::new());
        for letter in text.chars() {
            if self.turned_keyboard(letter)? {
                before = None;
            }
            self.key_named(way_on(self.keyboard(letter), before, letter), &letter.to_string())?;
            typed.push(letter);
            let has = |_: &Sight| window.typed(&name).is_ok_and(|here| here == typed);
            window.wait_until(&format!("{typed:?} in {name:?}"), has)?;
            before = Some(letter);
        }
        self.key_back()?;
        let back = |sight: &Sight| {
            let here = sight.focused().is_some_and(|here| here.name == name && here.role == Role::Field);
            here && sight.find(Role::Button, &done).is_none()
        };
        window.wait_until(&format!("the focus in {name:?} again"), back)?;
        self.sees_focus(&name)
    }

    /// Turns to the page of the keyboard that has the letter, if it is not the one that is there.
    fn turned_keyboard(&self, letter: char) -> Result<bool> {
        let sight = self.window().sight();
        if sight.find(Role::Button, &letter.to_string()).is_some() {
            return Ok(false);
        }
        let turn = TURNS.into_iter().find(|turn| sight.find(Role::Button, &self.words.say(turn)).is_some());
        self.key(Key::Next, turn.with_context(|| format!("no key types {letter:?}:\n{}", sight.told()))?)?;
        self.window().wait_for(Role::Button, &letter.to_string())?;
        Ok(true)
    }

    /// The order in which that letter's keys stand.
    fn keyboard(&self, letter: char) -> &'static str {
        let sight = self.window().sight();
        let upright = TURNS.iter().any(|turn| sight.find(Role::Button, &self.words.say(turn)).is_some());
        let page = PAGES.into_iter().find(|page| page.contains(letter));
        page.filter(|_| upright).unwrap_or(KEYBOARD)
    }

    /// Steps on until the focus is on what has that name, and can be used; it is marked there.
    pub fn step_to(&self, way: Key, name: &str) -> Result<()> {
        let window = self.window();
        let mut passed = Vec::new();
        // A page that is still coming moves the focus by itself: the step after that would go past what was looked for.
        window.wait_still()?;
        while passed.len() < MOST_STEPS {
            let sight = window.sight();
            let here = sight.focused();
            if here.is_some_and(|here| here.name == name && here.enabled) {
                return self.sees_focus(name);
            }
            passed.push(here.map(|here| here.name.clone()));
            window.press_key(way)?;
            let moved = |now: &Sight| now.focused().is_some_and(|now| here.is_none_or(|here| !now.is(here)));
            window.wait_until(&format!("the focus on its way to {name:?}"), moved)?;
        }
        bail!("{name:?} is not come to by {way:?}: {passed:?}")
    }

    /// What has the focus is called so, and a ring is drawn round it where it can be seen.
    fn sees_focus(&self, name: &str) -> Result<()> {
        let window = self.window();
        window.wait_until(&format!("a ring round {name:?}"), |_| self.is_marked(name).unwrap_or(false)).map(drop)
    }

    fn is_marked(&self, name: &str) -> Result<bool> {
        let (picture, sight) = (self.window().picture()?, self.window().sight());
        let here: &Element = sight.focused().context("nothing has the focus")?;
        ensure!(here.name == name, "{:?} has the focus", here.name);
        let Place { x, y, height, .. } = self.window().place(here.role, name)?;
        let is_ring = |colour: [u8; 3]| colour.iter().zip(RING).all(|(one, other)| one.abs_diff(other) <= SHADE);
        let near = (-ROUNDED..=ROUNDED).map(|off| (x - RING_AT + off, y + height / 2));
        Ok(near.filter_map(|(x, y)| picture.colour(x, y)).any(is_ring))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_to_a_letter_is_the_one_the_keyboard_lies() {
        assert_eq!(way_on(KEYBOARD, None, 'a'), Key::Next);
        assert_eq!(way_on(KEYBOARD, Some('a'), 's'), Key::Next);
        assert_eq!(way_on(KEYBOARD, Some('a'), 'p'), Key::Previous);
        assert_eq!(way_on(PAD, Some('9'), '0'), Key::Next);
        assert_eq!(way_on(PAD, Some('0'), '1'), Key::Previous);
        assert_eq!(way_on(PAD, Some('4'), '4'), Key::Next, "it is here already");
    }
}
