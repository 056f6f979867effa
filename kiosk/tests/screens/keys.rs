//! The kiosk by keys alone, as somebody uses it who cannot touch the screen: two keys to move, one to do, one to go back.
//!
//! The window, the core behind it, and the answers of a world without devices.

mod waiting;
#[allow(dead_code, reason = "the core's own tests use the rest of it")]
#[path = "../../core/tests/visit/world.rs"]
mod world;

use i_slint_backend_testing::{AccessibleRole, ElementHandle, ElementQuery};
use jiff::SignedDuration;
use kiosk_core::{CodeAnswer, Effect, Event, Page, Visitor};
use madkort_protocol::*;
use slint::platform::Key;
use world::{Play, account, start, visitor};

use crate::fixtures::{self, PORTRAIT, Stage, TALL, key, open_stage, samples};

/// More steps than any page has things to reach, the keyboard's forty included.
const MOST: usize = 120;

/// What can be reached: its kind of element, its name, its top and its bottom, in the order in which it stands in the page.
fn reachable(stage: &Stage) -> Vec<(String, f32, f32)> {
    let roles = [AccessibleRole::Button, AccessibleRole::Checkbox, AccessibleRole::TextInput];
    let wanted = move |e: &ElementHandle| {
        e.accessible_role().is_some_and(|role| roles.contains(&role)) && e.accessible_enabled() != Some(false)
    };
    let found = ElementQuery::from_root(stage.ui.window()).match_predicate(wanted).find_all();
    let place = |e: &ElementHandle| {
        let top = e.absolute_position().y;
        (e.accessible_label().unwrap_or_default().into(), top, top + e.size().height)
    };
    found.iter().map(place).collect()
}

fn press(stage: &Stage, key_of: Key) {
    key(stage.ui.window(), key_of);
    stage.settle();
}

#[test]
fn the_next_key_reads_every_page_from_top_to_bottom_and_reaches_everything() {
    let stage = open_stage();
    stage.ui.set_voice(Box::new(fixtures::Quiet), true);
    stage.resize(TALL);
    let mut kinds = Vec::new();
    for (name, screen) in samples(Language::English) {
        let kind = (std::mem::discriminant(&screen.page), screen.adjusting, screen.warning.is_some());
        if kinds.contains(&kind) {
            continue;
        }
        kinds.push(kind);
        stage.show(&screen);
        let all = reachable(&stage);
        let mut walked = Vec::new();
        press(&stage, Key::DownArrow);
        let first = stage.focused().unwrap_or_else(|| panic!("{name}: nothing has the focus"));
        let mut here = first.clone();
        loop {
            walked.push(here);
            assert!(walked.len() < MOST, "{name}: no way round: {walked:?}");
            press(&stage, Key::DownArrow);
            here = stage.focused().unwrap_or_else(|| panic!("{name}: lost after {walked:?}"));
            if here == first {
                break;
            }
        }
        // From the page itself round to the strip on top of it.
        let begins = all.iter().position(|(label, ..)| *label == first).unwrap();
        let order: Vec<&String> = all[begins..].iter().chain(&all[..begins]).map(|(label, ..)| label).collect();
        assert_eq!(walked.iter().collect::<Vec<_>>(), order, "{name}");
        for pair in all.windows(2) {
            let ((before, top, _), (after, _, bottom)) = (&pair[0], &pair[1]);
            assert!(bottom > top, "{name}: {after:?} comes after {before:?} and stands above it");
        }
        press(&stage, Key::UpArrow);
        assert_eq!(stage.focused().as_ref(), walked.last(), "{name}: and back");
    }
    assert!(kinds.len() > 20);
}

/// A visit by keys.
struct Walk {
    stage: Stage,
    play: Play,
    who: Visitor,
}

impl Walk {
    /// Somebody who reads English, with two accounts, before a kiosk that waits.
    fn begin() -> Self {
        let mut who = visitor(100);
        who.person.language = Language::English;
        who.accounts.push(account(202, "Sofia", 5));
        let walk = Self { stage: open_stage(), play: Play::new(), who };
        walk.stage.resize(PORTRAIT);
        walk.show();
        walk
    }

    /// At their own page, by card.
    fn inside() -> Self {
        let mut walk = Self::begin();
        walk.play.tell(Event::Tapped(world::uid())).tell(Event::Known(Box::new(walk.who.clone())));
        walk.show();
        walk
    }

    fn show(&self) {
        self.stage.ui.show(&self.play.kiosk.view());
        self.stage.settle();
    }

    fn key(&mut self, key_of: Key) {
        press(&self.stage, key_of);
        for intent in self.stage.heard() {
            self.play.hand(intent);
        }
        for effect in std::mem::take(&mut self.play.effects) {
            if let Some(answer) = self.answer(effect) {
                self.play.tell(answer);
            }
        }
        self.show();
    }

    /// To the thing of that name, and do it.
    fn go(&mut self, label: &str) -> &mut Self {
        let mut seen = Vec::new();
        while self.stage.focused().as_deref() != Some(label) {
            seen.push(self.stage.focused());
            assert!(seen.len() < MOST, "{label:?} is not reached: {seen:?}");
            self.key(Key::DownArrow);
        }
        self.key(Key::Return);
        self
    }

    fn back(&mut self) -> &mut Self {
        self.key(Key::Escape);
        self
    }

    /// Into a field, letter by letter, and out of it.
    fn write(&mut self, field: &str, text: &str) -> &mut Self {
        self.go(field);
        for letter in text.chars() {
            self.go(&letter.to_string());
        }
        self.back();
        assert_eq!(self.stage.focused().as_deref(), Some(field), "the focus is back where it was");
        self
    }

    fn code(&mut self) -> &mut Self {
        assert!(matches!(self.page(), Page::Code(_)), "{:?}", self.page());
        self.go("4").go("7").go("1").go("1")
    }

    fn page(&self) -> Page {
        self.play.page()
    }

    /// What a world in which everything works says.
    fn answer(&self, effect: Effect) -> Option<Event> {
        Some(match effect {
            Effect::LookUpNumber(_) => Event::Known(Box::new(self.who.clone())),
            Effect::CheckCode { .. } => Event::CodeChecked(CodeAnswer::Right),
            Effect::Record { id, .. } => {
                Event::Recorded { id, number: "K1-7".into(), visitor: Box::new(self.who.clone()) }
            }
            Effect::OpenDeposit(request) => Event::DepositIs(Box::new(Deposit {
                id: request.id,
                account: self.who.accounts[0].id,
                amount: Money::from_kroner(100),
                state: DepositState::Open,
                url: "https://betal.hojager.example/pay/x".into(),
                expires_at: start() + SignedDuration::from_mins(10),
                receipt: None,
                paid_at: None,
                balance: None,
            })),
            Effect::LoadStatement { .. } => Event::StatementUnreachable,
            Effect::LoadWithdrawals(account) => Event::WithdrawalsUnreachable(account),
            Effect::LoadAutoRecharge(account) => Event::AutoRechargeUnreachable(account),
            Effect::LoadProfile(_) => Event::ProfileUnreachable,
            Effect::Transfer(request) => Event::RequestUnreachable(request.id),
            Effect::Withdraw(request) => Event::RequestUnreachable(request.id),
            _ => return None,
        })
    }
}

/// The number of the card in this world.
fn number() -> String {
    let all = (0..100_000_u32).filter_map(|n| CardNumber::from_first_13(&format!("20804100{n:05}")).ok());
    let mut ours = all.filter(|number| number.as_digits().ends_with("4580"));
    ours.next().unwrap().as_digits().to_owned()
}

#[test]
fn whoever_has_no_card_comes_in_by_number_and_code() {
    let mut walk = Walk::begin();
    walk.go("English").go("Log in without a card");
    for digit in number().chars() {
        walk.go(&digit.to_string());
    }
    walk.code();
    assert!(matches!(walk.page(), Page::Home(_)), "{:?}", walk.page());
    assert!(walk.stage.focused().is_some(), "a new page has the focus somewhere");
    walk.go("Log out");
    assert!(matches!(walk.page(), Page::Idle(_)));
}

#[test]
fn food_is_ordered() {
    let mut walk = Walk::inside();
    walk.go("Order food").go("Add Lasagne (en) to the basket").go("Add Mælk (en) to the basket");
    walk.go("Remove Mælk (en)").go("Checkout");
    walk.write("Comment on Lasagne (en)", "uløg").go("Pay");
    assert!(matches!(walk.page(), Page::OrderDone(_)), "{:?}", walk.page());
    walk.back();
    assert!(matches!(walk.page(), Page::Home(_)), "the key that goes back knows the only way there is");
    walk.go("All orders").back();
    assert!(matches!(walk.page(), Page::Home(_)));
}

#[test]
fn money_is_paid_in() {
    let mut walk = Walk::inside();
    walk.go("Top up").go("DKK 100").go("5").go("Erase").go("Read terms").back();
    assert!(matches!(walk.page(), Page::DepositAmount(_)), "back from the terms to the amount");
    walk.go("I accept the terms").go("Next");
    assert!(matches!(walk.page(), Page::DepositPay(_)), "{:?}", walk.page());
    walk.back();
    assert!(matches!(walk.page(), Page::DepositPay(_)), "a payment is given up by the server's word only");
}

#[test]
fn money_is_moved_and_paid_out() {
    let mut walk = Walk::inside();
    walk.go("Accounts").go("Transfer from Alma").code();
    walk.go("To Sofia").write("Amount", "5").go("Transfer");
    assert!(matches!(walk.page(), Page::Transfer(_)), "{:?}", walk.page());
    let mut walk = Walk::inside();
    walk.go("Accounts").go("Pay out from Alma").code();
    walk.write("Registration number", "1234").write("Account number", "9876543").go("Next").go("Pay out");
    assert!(matches!(walk.page(), Page::WithdrawCheck(_)), "{:?}", walk.page());
}

#[test]
fn the_other_rooms_open_and_close() {
    let mut walk = Walk::inside();
    walk.go("Statement").code();
    assert!(matches!(walk.page(), Page::Statement(_)), "{:?}", walk.page());
    walk.back().go("Your details");
    assert!(matches!(walk.page(), Page::Profile(_)), "{:?}", walk.page());
    walk.back().go("Support").write("Message", "hej").go("Send");
    assert!(matches!(walk.page(), Page::SupportDone(_)), "{:?}", walk.page());
    walk.back().go("Accounts").go("Auto top-up of Alma");
    assert!(matches!(walk.page(), Page::AutoRecharge(_)), "{:?}", walk.page());
    walk.back();
    if !matches!(walk.page(), Page::Accounts(_)) {
        walk.go("Accounts");
    }
    walk.go("Block card ···· 4580");
    assert!(matches!(walk.page(), Page::BlockCard(_)), "{:?}", walk.page());
    walk.back();
    assert!(matches!(walk.page(), Page::Accounts(_)));
}

#[test]
fn size_and_colours_are_chosen_and_kept_until_the_visit_ends() {
    let mut walk = Walk::inside();
    walk.go("Text size and colours").go("Text size: Largest").go("Reading glass").go("Colours: High contrast");
    walk.go("Language: Dansk");
    let looks = walk.play.kiosk.view().looks;
    assert_eq!((looks.size, looks.high_contrast, looks.glass), (kiosk_core::TextSize::Largest, true, true));
    walk.back().go("Konti");
    assert!(matches!(walk.page(), Page::Accounts(_)));
    assert_eq!(walk.play.kiosk.view().looks, looks, "kept from page to page");
    walk.go("Log ud");
    assert_eq!(walk.play.kiosk.view().looks, kiosk_core::Looks::default());
}

#[test]
fn a_key_is_a_sign_of_life_and_the_question_is_answered_by_one() {
    let mut walk = Walk::inside();
    walk.play.wait(25);
    walk.key(Key::DownArrow);
    walk.play.wait(25);
    walk.show();
    assert_eq!(walk.play.kiosk.view().warning, None, "a key was pressed meanwhile");
    walk.play.wait(6);
    walk.show();
    assert!(walk.play.kiosk.view().warning.is_some());
    assert_eq!(walk.stage.focused().as_deref(), Some("I am still here"));
    walk.key(Key::DownArrow);
    assert_eq!(walk.stage.focused().as_deref(), Some("Log out now"));
    walk.key(Key::Escape);
    assert_eq!(walk.play.kiosk.view().warning, None);
    assert!(walk.stage.focused().is_some(), "the focus lands somewhere after the question");
}

#[test]
fn a_finger_sees_no_mark_of_focus() {
    let mut walk = Walk::inside();
    assert_eq!(walk.stage.focused(), None);
    walk.key(Key::DownArrow);
    assert!(walk.stage.focused().is_some());
    walk.stage.tap(&walk.stage.button("Support"));
    assert_eq!(walk.stage.focused(), None);
}

#[test]
fn what_is_closed_is_not_done_by_a_key() {
    let mut walk = Walk::inside();
    walk.go("Support").write("Message", "hej");
    // The store is slow: it answers nothing yet.
    while walk.stage.focused().as_deref() != Some("Send") {
        walk.key(Key::DownArrow);
    }
    for _ in 0..3 {
        press(&walk.stage, Key::Return);
        for intent in walk.stage.heard() {
            walk.play.hand(intent);
        }
        walk.show();
    }
    let records = walk.play.effects.iter().filter(|effect| matches!(effect, Effect::Record { .. })).count();
    assert_eq!(records, 1);
}
