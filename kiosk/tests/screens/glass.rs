//! The reading glass: what a voice would say, in large letters; by finger, by the five keys, and for one visit.

use i_slint_backend_testing::{AccessibleRole, ElementQuery};
use kiosk_core::{FormProblem, Intent, Looks, Page, PasswordPage, Screen, TileKind};
use madkort_protocol::Language;
use slint::platform::Key;

use crate::fixtures::{self, LANDSCAPE, PORTRAIT, Stage, key, open_stage, samples, screen};

const GLASS: Looks = Looks { glass: true, ..Looks::PLAIN };
/// More turns than the longest page takes, three lines at a time.
const MOST: usize = 120;

fn reading() -> Stage {
    let stage = open_stage();
    stage.choose(GLASS);
    stage
}

/// What is written in it, if there is one.
fn written(stage: &Stage) -> Option<String> {
    let pane = ElementQuery::from_root(stage.ui.window()).match_id("Glass::pane").find_first()?;
    Some(pane.accessible_label().unwrap_or_default().into())
}

/// How far down its words begin, and how tall they and what is seen of them are.
fn place(stage: &Stage) -> (f32, f32, f32) {
    let part = |id: &str| ElementQuery::from_root(stage.ui.window()).match_id(id).find_first().unwrap();
    let (words, pane) = (part("Glass::words"), part("Glass::pane"));
    (words.absolute_position().y - pane.absolute_position().y, words.size().height, pane.size().height)
}

fn press(stage: &Stage, pressed: Key) {
    key(stage.ui.window(), pressed);
    stage.settle();
}

fn home() -> Screen {
    screen(Language::English, Page::Home(fixtures::home(false)))
}

#[test]
fn it_is_asked_for_where_the_looks_are_chosen() {
    let stage = open_stage();
    let looks = Screen { adjusting: true, ..home() };
    stage.show(&looks);
    assert_eq!(written(&stage), None);
    stage.tap(&stage.button("Reading glass"));
    assert_eq!(stage.heard(), [Intent::Look(GLASS)]);
    stage.choose(GLASS);
    stage.show(&looks);
    assert!(written(&stage).unwrap().contains("Text size and colours"), "{:?}", written(&stage));
    stage.tap(&stage.button("Reading glass"));
    assert_eq!(stage.heard().last(), Some(&Intent::Look(Looks::PLAIN)));
}

#[test]
fn a_finger_moves_and_presses() {
    for panel in [PORTRAIT, LANDSCAPE] {
        let stage = reading();
        stage.resize(panel);
        stage.show(&home());
        assert!(written(&stage).unwrap().contains("Hi Ida Holm Sørensen"), "a page says what it is");
        let mut seen = Vec::new();
        while written(&stage).is_none_or(|text| !text.starts_with("Order food")) {
            assert!(seen.len() < MOST, "never come to: {seen:?}");
            stage.tap(&stage.button("To the one after"));
            seen.extend(written(&stage));
        }
        assert_eq!(stage.focused().as_deref(), Some("Order food"), "it is marked on the page as well");
        stage.heard();
        stage.tap(&stage.button("Press what is read"));
        assert_eq!(stage.heard(), [Intent::Open(TileKind::Order)]);
        stage.tap(&stage.button("To the one before"));
        assert_ne!(stage.focused().as_deref(), Some("Order food"));
    }
}

#[test]
fn what_is_longer_is_read_on_to_its_end_by_finger_and_by_the_help_key() {
    for panel in [PORTRAIT, LANDSCAPE] {
        let stage = reading();
        stage.resize(panel);
        stage.show(&home());
        let on: [&dyn Fn(); 2] = [&|| stage.tap(&stage.button("Read on")), &|| press(&stage, Key::F1)];
        for turn in on {
            let (first, whole, seen) = place(&stage);
            assert!(first == 0.0 && whole > 2.0 * seen, "the page is longer than the glass");
            let mut read = seen;
            while read + 0.5 < whole {
                turn();
                assert!((place(&stage).0 + read).abs() < 0.5, "as much further as is seen: nothing is left out");
                read += seen;
            }
            turn();
            assert!(place(&stage).0 == 0.0, "and from the end to the beginning");
        }
        assert!(!stage.heard().iter().any(|intent| matches!(intent, Intent::Look(_))), "no voice was asked for");
    }
}

#[test]
fn what_the_five_keys_come_to_is_in_it_and_the_help_key_says_where_one_is() {
    let stage = reading();
    stage.show(&home());
    press(&stage, Key::DownArrow);
    let here = stage.focused().unwrap();
    assert!(written(&stage).unwrap().starts_with(&here), "{here}: {:?}", written(&stage));
    press(&stage, Key::F1);
    let whole = written(&stage).unwrap();
    assert!(whole.contains("Hi Ida") && whole.contains("87"), "{whole}");
}

#[test]
fn what_is_new_on_a_page_comes_into_it() {
    let stage = reading();
    stage.show(&screen(Language::Danish, Page::Support(fixtures::support(true, None))));
    press(&stage, Key::DownArrow);
    let wrong = fixtures::support(true, Some(FormProblem::Message));
    stage.show(&screen(Language::Danish, Page::Support(wrong)));
    assert_eq!(written(&stage).unwrap(), "Skriv, hvad vi kan hjælpe med.");
}

#[test]
fn a_code_is_not_in_it() {
    let stage = reading();
    stage.show(&screen(Language::Danish, Page::Code(fixtures::code(2, false, None))));
    let mut seen = Vec::new();
    for _ in 0..16 {
        press(&stage, Key::DownArrow);
        seen.extend(written(&stage));
    }
    assert!(seen.iter().filter(|text| *text == "Ciffer").count() >= 10, "{seen:?}");
    assert!(!seen.iter().any(|text| text.chars().any(|letter| letter.is_ascii_digit())), "{seen:?}");
}

#[test]
fn while_something_is_typed_the_field_and_its_keys_are_as_large() {
    for (panel, glass) in [(PORTRAIT, 84.0), (LANDSCAPE, 60.0)] {
        let stage = reading();
        stage.resize(panel);
        let page = PasswordPage { typed: 0, checking: false, message: None };
        stage.show(&screen(Language::Danish, Page::Password(page)));
        stage.tap(&stage.find(AccessibleRole::TextInput, "Adgangskode"));
        assert_eq!(written(&stage), None, "the keyboard has its place");
        let letter = stage.button("ø").query_descendants().match_inherits("Text").find_first().unwrap();
        assert!(letter.size().height > glass, "{:?}", letter.size());
        stage.tap(&stage.button("ø"));
        stage.tap(&stage.button("Færdig"));
        assert!(written(&stage).is_some_and(|text| !text.contains('ø')), "{:?}", written(&stage));
    }
}

#[test]
fn it_ends_with_the_visit_and_nothing_is_left_in_it() {
    let stage = open_stage();
    let idle = || screen(Language::Danish, Page::Idle(fixtures::idle(true, None)));
    for (name, visit) in samples(Language::Danish) {
        stage.choose(GLASS);
        stage.show(&visit);
        assert!(written(&stage).is_some_and(|text| !text.is_empty()), "{name}");
        stage.choose(Looks::default());
        stage.show(&idle());
        assert_eq!(written(&stage), None, "{name}");
        // Whoever comes next and asks for it finds nothing of whoever was here.
        stage.choose(GLASS);
        stage.show(&idle());
        let next = written(&stage).unwrap();
        for personal in ["Ida", "Maren", "Holm", "87,50", "K1-", "Anne-Sofie", "løg", "skovvejens-venner"] {
            assert!(!next.contains(personal), "{personal:?} after {name}: {next:?}");
        }
    }
}
