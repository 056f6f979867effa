//! What is heard: the page, what is new on it, where the focus is; and what is never heard on a loudspeaker.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use i_slint_backend_testing::{AccessibleRole, ElementHandle};
use kiosk::speech::{Manner, Voice};
use kiosk_core::{CodeMessage, FormProblem, Intent, Level, Looks, Page, Screen};
use madkort_protocol::Language;
use slint::platform::Key;

use crate::fixtures::{self, Stage, key, open_stage, samples, screen};

/// A voice that writes down what it says; nothing is said while it is hushed.
#[derive(Clone, Default)]
struct Heard(Rc<RefCell<Vec<(String, Language)>>>, Rc<Cell<Manner>>);

impl Voice for Heard {
    fn say(&mut self, text: &str, language: Language, manner: Manner) {
        self.1.set(manner);
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
    heard.0.borrow_mut().clear();
    press(&stage, Key::DownArrow);
    assert!(heard.0.borrow().is_empty(), "the next one asked for no voice");
}

#[test]
fn a_headset_makes_it_private_and_without_it_nothing_of_anybodys_own_is_heard() {
    let (stage, heard) = listening(false);
    let home = |headset| Screen { headset, ..screen(Language::English, Page::Home(fixtures::home(false))) };
    stage.show(&home(true));
    assert!(heard.last().contains("Hi Ida") && heard.last().contains("87"), "{}", heard.last());
    stage.show(&home(false));
    press(&stage, Key::F1);
    assert!(!heard.last().contains("Ida") && !heard.last().contains("87"), "{}", heard.last());
    stage.choose(Looks::default());
    stage.show(&screen(Language::English, Page::Idle(fixtures::idle(false, None))));
    assert_eq!(heard.last(), "", "pulled out, it is silent at once");
}

#[test]
fn keys_make_it_louder_and_slower_and_it_says_so_in_its_new_voice() {
    let (stage, heard) = listening(true);
    let home = || screen(Language::Danish, Page::Home(fixtures::home(true)));
    stage.show(&home());
    stage.heard();
    let looks = Looks { aloud: true, ..Looks::PLAIN };
    for (key_of, volume, pace, said) in [
        (Key::F3, 4, 3, "Lydstyrke 4 af 5"),
        (Key::F3, 5, 3, "Lydstyrke 5 af 5"),
        (Key::F2, 4, 3, "Lydstyrke 4 af 5"),
        (Key::F4, 4, 2, "Tempo 2 af 5"),
        (Key::F5, 4, 3, "Tempo 3 af 5"),
    ] {
        press(&stage, key_of);
        let wanted = Looks { volume: Level::new(volume), pace: Level::new(pace), ..looks };
        assert_eq!(stage.heard(), [Intent::Look(wanted)]);
        stage.choose(wanted);
        stage.show(&home());
        assert_eq!(heard.last(), said);
        assert_eq!(heard.1.get(), Manner::from(wanted));
    }
    for _ in 0..3 {
        press(&stage, Key::F3);
    }
    let loudest = Looks { volume: Level::new(5), ..looks };
    assert!(stage.heard().iter().all(|intent| *intent == Intent::Look(loudest)), "no further than the last step");
}

#[test]
fn a_code_can_be_typed_by_ear_and_nobody_hears_which() {
    let (stage, heard) = listening(false);
    stage.show(&screen(Language::Danish, Page::Code(fixtures::code(2, false, None))));
    assert!(heard.last().contains("Skriv din kode") && heard.last().contains("2 af 4 cifre"), "{}", heard.last());
    let mut said = Vec::new();
    for _ in 0..14 {
        press(&stage, Key::DownArrow);
        said.push(heard.last());
    }
    assert!(said.iter().filter(|text| *text == "Ciffer").count() >= 10, "{said:?}");
    assert!(!said.iter().any(|text| text.chars().any(|letter| letter.is_ascii_digit())), "{said:?}");
}

#[test]
fn the_question_whether_anybody_is_there_is_heard_by_all_and_does_not_cut_itself_short() {
    for in_headset in [true, false] {
        let (stage, heard) = listening(in_headset);
        let asked = |warning| Screen { warning, ..screen(Language::English, Page::Home(fixtures::home(false))) };
        stage.show(&asked(None));
        stage.show(&asked(Some(20)));
        assert!(
            heard.last().contains("Are you still there?") && heard.last().contains("20 seconds"),
            "{}",
            heard.last()
        );
        heard.0.borrow_mut().clear();
        for seconds in (11..20).rev() {
            stage.show(&asked(Some(seconds)));
        }
        assert!(heard.0.borrow().is_empty(), "{:?}", heard.0.borrow());
        stage.show(&asked(Some(10)));
        assert!(heard.last().contains("10 seconds"), "{}", heard.last());
        press(&stage, Key::DownArrow);
        assert_eq!(heard.last(), "Log out now");
    }
}

#[test]
fn everything_that_can_be_pressed_or_filled_in_has_a_name() {
    let (stage, _) = listening(true);
    for (name, page) in samples(Language::Danish) {
        stage.show(&page);
        for role in [AccessibleRole::Button, AccessibleRole::Checkbox, AccessibleRole::TextInput] {
            let bare = |e: &ElementHandle| e.accessible_label().is_none_or(|label| label.trim().is_empty());
            assert!(!stage.all(role).iter().any(bare), "a {role:?} without a name on {name}");
        }
    }
}

#[test]
fn whatever_somebody_does_ends_what_is_being_said() {
    let (stage, heard) = listening(true);
    let support = |problem| screen(Language::English, Page::Support(fixtures::support(false, problem)));
    stage.show(&support(None));
    let hushed = |act: &dyn Fn()| {
        heard.0.borrow_mut().clear();
        act();
        heard.0.borrow().first().is_some_and(|(text, _)| text.is_empty())
    };
    assert!(hushed(&|| press(&stage, Key::DownArrow)), "a key");
    assert!(hushed(&|| press(&stage, Key::Escape)), "the key that goes back");
    assert!(hushed(&|| stage.tap(&stage.button("Send"))), "a finger");
    stage.show(&support(Some(FormProblem::Message)));
    assert_eq!(heard.last(), "Write what we can help with.", "what is wrong, and what to do, is heard by itself");
}
