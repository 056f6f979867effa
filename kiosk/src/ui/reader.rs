//! When the screen speaks, or shows under the reading glass what it would say: a new page whole, on a page that stands only what is
//! new on it, and what the focus comes to.
//!
//! **Invariant:** silent unless somebody asked for a voice in this visit, and silent again when it ends; whatever somebody does ends
//! what is being said (EN 301 549, 5.1.3.6). So with the glass, but that what is in it stays until there is something new.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use kiosk_core::{Level, Looks, Screen};
use madkort_protocol::Language;
use slint::ComponentHandle as _;

use super::reading::{self, Hearing};
use super::screens as ui;
use crate::speech::{Manner, Voice};

/// A voice, and what it has said of the page.
pub(super) struct Reader {
    voice: RefCell<Option<Box<dyn Voice>>>,
    /// Whether somebody has asked for it.
    wanted: fn(&Looks) -> bool,
    /// What it comes out of when nobody has a headset of their own in.
    house: Cell<Hearing>,
    hearing: Cell<Hearing>,
    manner: Cell<Manner>,
    language: Cell<Language>,
    aloud: Cell<bool>,
    said: RefCell<Vec<String>>,
}

impl Reader {
    /// One that speaks, once it has a voice.
    pub fn silent() -> Rc<Self> {
        Self::new(|looks| looks.aloud)
    }

    /// One that writes under the glass.
    pub fn glass(window: &ui::AppWindow) -> Rc<Self> {
        let glass = Self::new(|looks| looks.glass);
        glass.take(Box::new(Glass(window.as_weak())), Hearing::Seen);
        glass
    }

    fn new(wanted: fn(&Looks) -> bool) -> Rc<Self> {
        Rc::new(Self {
            voice: RefCell::default(),
            wanted,
            house: Cell::new(Hearing::Loud),
            hearing: Cell::new(Hearing::Loud),
            manner: Cell::default(),
            language: Cell::default(),
            aloud: Cell::default(),
            said: RefCell::default(),
        })
    }

    pub fn take(&self, voice: Box<dyn Voice>, hearing: Hearing) {
        *self.voice.borrow_mut() = Some(voice);
        self.house.set(hearing);
        self.hearing.set(hearing);
    }

    /// The screen shows something, on a new page or on the one that stood.
    pub fn shown(&self, window: &ui::AppWindow, screen: &Screen, new_page: bool) {
        let (aloud, language, manner) = ((self.wanted)(&screen.looks), screen.language, Manner::from(screen.looks));
        let in_headset = screen.headset && self.house.get() != Hearing::Seen;
        self.hearing.set(if in_headset { Hearing::Private } else { self.house.get() });
        let was_aloud = self.aloud.replace(aloud);
        let translated = self.language.replace(language) != language;
        let before = self.manner.replace(manner);
        if !aloud {
            if was_aloud {
                self.said.take();
                self.hush();
            }
            return;
        }
        let lines = reading::page(window, self.hearing.get());
        let said = self.said.replace(lines.clone());
        if !was_aloud || translated || new_page {
            self.whole(window, lines);
        } else {
            let is_new = |line: &String| !said.contains(line) && !counts_down(line, &said);
            let mut new: Vec<String> = lines.into_iter().filter(is_new).collect();
            for level in changed(window, before, manner) {
                // The page where it is chosen says so itself.
                if !new.contains(&level) {
                    new.push(level);
                }
            }
            if !new.is_empty() {
                self.say(&new);
            }
        }
    }

    /// The key that asks where one is.
    pub fn again(&self, window: &ui::AppWindow) {
        if self.aloud.get() {
            self.whole(window, reading::page(window, self.hearing.get()));
        }
    }

    /// The focus has moved.
    pub fn moved(&self, window: &ui::AppWindow) {
        if self.aloud.get() {
            match reading::focused(window, self.hearing.get()) {
                Some(focused) => self.say(&[focused]),
                None => self.hush(),
            }
        }
    }

    /// Somebody has done something: whoever acts has heard enough.
    pub fn interrupt(&self) {
        if self.aloud.get() {
            self.hush();
        }
    }

    fn whole(&self, window: &ui::AppWindow, mut lines: Vec<String>) {
        lines.extend(reading::focused(window, self.hearing.get()));
        self.say(&lines);
    }

    fn say(&self, lines: &[String]) {
        if let Some(voice) = &mut *self.voice.borrow_mut() {
            // A full stop is a pause.
            voice.say(&lines.join(".\n"), self.language.get(), self.manner.get());
        }
    }

    fn hush(&self) {
        if let Some(voice) = &mut *self.voice.borrow_mut() {
            voice.hush();
        }
    }
}

/// Three lines of large letters, in the place of a voice.
struct Glass(slint::Weak<ui::AppWindow>);

impl Voice for Glass {
    fn say(&mut self, text: &str, _: Language, _: Manner) {
        let Some(window) = self.0.upgrade() else { return };
        window.global::<ui::Desk>().set_glass_from(0.0);
        // What is a pause to the ear is a new line to the eye.
        window.global::<ui::Api>().set_glass_text(text.replace(".\n", "\n").into());
    }

    fn hush(&mut self) {}
}

/// Whether that line has been said with a number one higher: a voice that says each second cuts itself short. Each ten is said.
fn counts_down(line: &str, said: &[String]) -> bool {
    let Some((words, number)) = only_number(line) else { return false };
    number % 10 != 0
        && said
            .iter()
            .filter_map(|line| only_number(line))
            .any(|before| before == (words.clone(), number.saturating_add(1)))
}

/// The words around the only number of a line, and the number.
fn only_number(line: &str) -> Option<(String, u32)> {
    let mut numbers = line.split(|letter: char| !letter.is_ascii_digit()).filter(|digits| !digits.is_empty());
    let (Some(number), None) = (numbers.next(), numbers.next()) else { return None };
    Some((line.replacen(number, "", 1), number.parse().ok()?))
}

/// How loud or fast it is now, if that is not as it was: said in the new manner.
fn changed(window: &ui::AppWindow, before: Manner, now: Manner) -> Vec<String> {
    let words = window.global::<ui::Spoken>();
    let mut said = Vec::new();
    if before.volume != now.volume {
        said.push(words.invoke_volume(now.volume.step().into(), Level::MOST.into()).into());
    }
    if before.pace != now.pace {
        said.push(words.invoke_pace(now.pace.step().into(), Level::MOST.into()).into());
    }
    said
}
