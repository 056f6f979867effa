//! When the screen speaks: a new page whole, on a page that stands only what is new on it, and what the focus comes to.
//!
//! **Invariant:** silent unless somebody asked for a voice in this visit, and silent again when it ends.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use madkort_protocol::Language;

use super::reading::{self, Hearing};
use super::screens as ui;
use crate::speech::Voice;

/// A voice, and what it has said of the page.
pub(super) struct Reader {
    voice: RefCell<Option<Box<dyn Voice>>>,
    hearing: Cell<Hearing>,
    language: Cell<Language>,
    aloud: Cell<bool>,
    said: RefCell<Vec<String>>,
}

impl Reader {
    pub fn silent() -> Rc<Self> {
        Rc::new(Self {
            voice: RefCell::default(),
            hearing: Cell::new(Hearing::Loud),
            language: Cell::default(),
            aloud: Cell::default(),
            said: RefCell::default(),
        })
    }

    pub fn take(&self, voice: Box<dyn Voice>, hearing: Hearing) {
        *self.voice.borrow_mut() = Some(voice);
        self.hearing.set(hearing);
    }

    /// The screen shows something, on a new page or on the one that stood.
    pub fn shown(&self, window: &ui::AppWindow, aloud: bool, language: Language, new_page: bool) {
        let begins = aloud && !self.aloud.replace(aloud);
        let translated = self.language.replace(language) != language;
        if !aloud {
            if !std::mem::take(&mut *self.said.borrow_mut()).is_empty() {
                self.hush();
            }
            return;
        }
        let lines = reading::page(window, self.hearing.get());
        let said = self.said.replace(lines.clone());
        if begins || translated || new_page {
            self.whole(window, lines);
        } else {
            let new: Vec<String> = lines.into_iter().filter(|line| !said.contains(line)).collect();
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

    fn whole(&self, window: &ui::AppWindow, mut lines: Vec<String>) {
        lines.extend(reading::focused(window, self.hearing.get()));
        self.say(&lines);
    }

    fn say(&self, lines: &[String]) {
        if let Some(voice) = &mut *self.voice.borrow_mut() {
            // A full stop is a pause.
            voice.say(&lines.join(".\n"), self.language.get());
        }
    }

    fn hush(&self) {
        if let Some(voice) = &mut *self.voice.borrow_mut() {
            voice.hush();
        }
    }
}
