//! What is heard: the page, what is new on it, where the focus is; and what is never heard on a loudspeaker.

#![allow(clippy::unwrap_used)]

mod fixtures;

use std::cell::RefCell;
use std::rc::Rc;

use fixtures::{Stage, key, open_stage, samples, screen};
use kiosk::speech::Voice;
use kiosk_core::{CodeMessage, Intent, Looks, Page};
use madkort_protocol::Language;
use slint::platform::Key;

/// A voice that writes down what it says; nothing is said while it is hushed.
#[derive(Clone, Default)]
struct Heard(Rc<RefCell<Vec<(String, Language)>>>);

impl Voice for Heard {
    fn say(&mut self, text: &str, language: Language) {
        self.0.borrow_mut().push((text.to_owned(), language));
    }
    fn hush(&mut self) {
        self.0.borrow_mut().push((String::new(), Language::default()));
    }
}

impl Heard {
    fn last(&self) -> String {
        self.0.borrow().last().map(|(text, _)| text.clone()).unwrap_or_default()
    }
}

fn listening(in_headset: bool) -> (Stage, Heard) {
    let (stage, heard) = (open_stage(), Heard::default());
    stage.ui.set_voice(Box::new(heard.clone()), in_headset);
    stage.choose(Looks { aloud: true, ..Looks::default() });
    (stage, heard)
}

fn press(stage: &Stage, pressed: Key) {
    key(stage.ui.window(), pressed);
    stage.settle();
}

#[test]
fn a_new_page_is_read_in_its_language_and_then_what_the_focus_comes_to() {
    let (stage, heard) = listening(true);
    stage.show(&screen(Language::Danish, Page::Idle(fixtures::idle(true, None))));
    assert!(heard.last().contains("Hold dit madkort mod læseren"), "{}", heard.last());
    assert!(heard.last().contains("Linsegryde med kokos"));
    press(&stage, Key::DownArrow);
    assert_eq!(heard.last(), "Log ind uden kort");
    stage.show(&screen(Language::English, Page::Home(fixtures::home(false))));
    assert!(heard.last().contains("Hi Ida Holm Sørensen"), "{}", heard.last());
    assert!(heard.last().contains("87"), "in a headset the balance is heard");
    assert_eq!(heard.0.borrow().last().unwrap().1, Language::English);
    press(&stage, Key::DownArrow);
    press(&stage, Key::F1);
    assert!(heard.last().contains("Hi Ida"), "the help key reads it again");
}

#[test]
fn on_a_page_that_stands_only_what_is_new_is_said() {
    let (stage, heard) = listening(true);
    stage.show(&screen(Language::English, Page::Code(fixtures::code(4, false, None))));
    let wrong = fixtures::code(0, false, Some(CodeMessage::Wrong { tries_left: 1 }));
    stage.show(&screen(Language::English, Page::Code(wrong)));
    assert!(heard.last().contains("That is not the code."), "{}", heard.last());
    assert!(!heard.last().contains("The code is printed on your card"), "{}", heard.last());
}

#[test]
fn a_loudspeaker_says_nothing_of_anybodys_own() {
    let (stage, heard) = listening(false);
    for (name, visit) in samples(Language::Danish) {
        heard.0.borrow_mut().clear();
        stage.show(&visit);
        for _ in 0..14 {
            press(&stage, Key::DownArrow);
        }
        press(&stage, Key::F1);
        let said: Vec<String> = heard.0.borrow().iter().map(|(text, _)| text.clone()).collect();
        for personal in ["Ida", "Maren", "Holm", "87,50", "K1-", "Anne-Sofie", "løg", "skovvejens-venner", "2080"] {
            assert!(!said.iter().any(|text| text.contains(personal)), "{personal:?} on {name}: {said:?}");
        }
        let digit = said.iter().any(|text| text.len() == 1 && text.chars().all(|c| c.is_ascii_digit()));
        assert!(!digit, "a digit is heard on {name}");
    }
}

#[test]
fn without_being_asked_it_is_silent_and_when_the_visit_ends_it_is_silent_again() {
    let (stage, heard) = (open_stage(), Heard::default());
    let idle = || screen(Language::English, Page::Idle(fixtures::idle(false, None)));
    stage.show(&idle());
    press(&stage, Key::F1);
    assert_eq!(stage.heard(), [], "a kiosk without a voice has no such key");
    stage.ui.set_voice(Box::new(heard.clone()), true);
    stage.show(&idle());
    press(&stage, Key::DownArrow);
    assert!(heard.0.borrow().is_empty());
    stage.heard();
    press(&stage, Key::F1);
    assert_eq!(stage.heard(), [Intent::Look(Looks { aloud: true, ..Looks::default() })]);
    stage.choose(Looks { aloud: true, ..Looks::default() });
    stage.show(&screen(Language::English, Page::Home(fixtures::home(false))));
    assert!(!heard.last().is_empty());
    stage.choose(Looks::default());
    stage.show(&idle());
    assert_eq!(heard.last(), "", "cut short");
}
