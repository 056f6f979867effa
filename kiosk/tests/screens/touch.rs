//! What a hand, a keyboard and an ear find on the screen.

use i_slint_backend_testing::{AccessibleRole, ElementHandle, ElementQuery};
use jiff::civil::date;
use kiosk_core::{
    DepositAmountPage, Field, HomePage, Intent, Page, PasswordPage, PrintState, Screen, Tile, TileKind, WhyNot,
};
use madkort_protocol::{Language, OrderState, Rule};
use slint::ComponentHandle as _;
use slint::platform::Key;

use crate::fixtures::{self, LANDSCAPE, Stage, TALL, key, open_stage, product, samples, screen, shop};

const DANISH: Language = Language::Danish;

fn stage_with(page: Page) -> Stage {
    let stage = open_stage();
    stage.show(&screen(DANISH, page));
    stage
}

/// Taps the button of that name and says what was asked for.
fn asked(stage: &Stage, label: &str) -> Vec<Intent> {
    stage.tap(&stage.button(label));
    stage.heard()
}

#[test]
fn a_tap_on_home_names_the_room() {
    let stage = stage_with(Page::Home(fixtures::home_of_a_parent(true)));
    for (label, intent) in [
        ("Bestil mad", Intent::Open(TileKind::Order)),
        ("Indbetal", Intent::Open(TileKind::Deposit)),
        ("Konti", Intent::Open(TileKind::Accounts)),
        ("Kontoudtog", Intent::Open(TileKind::Statement)),
        ("Brugerinfo", Intent::Open(TileKind::Profile)),
        ("Support", Intent::Open(TileKind::Support)),
        ("Viggo", Intent::Account(1)),
        ("Log ud", Intent::Leave),
        ("English", Intent::Speak(Language::English)),
        ("Dansk", Intent::Speak(Language::Danish)),
    ] {
        assert_eq!(asked(&stage, label), [intent], "{label}");
    }
}

#[test]
fn an_order_is_taken_back_by_its_number() {
    let home = fixtures::home(true);
    let id = home.coming[0].id;
    let stage = stage_with(Page::Home(home));
    stage.resize(TALL);
    assert_eq!(asked(&stage, "Fortryd K1-142"), [Intent::CancelOrder(id)]);
}

#[test]
fn an_order_the_server_did_not_take_says_why_in_both_languages() {
    let stage = stage_with(Page::Home(fixtures::home(true)));
    for (rule, da, en) in [
        (Rule::CutOff, "Der var lukket for bestilling til den dag.", "Orders for that day had closed."),
        (Rule::Portions, "Der var ikke nok tilbage af det.", "There was not enough left of it."),
        (Rule::Balance, "Saldoen var for lav.", "The balance was too low."),
        (Rule::DayCap, "Det var over grænsen for en dag.", "It was over the limit for a day."),
        (Rule::Card, "Kortet er spærret eller erstattet.", "The card is blocked or replaced."),
        (Rule::Field, "Spørg personalet hvorfor.", "Ask the staff why."),
    ] {
        let home = HomePage { refused: Some(fixtures::refused(rule)), ..fixtures::home(true) };
        stage.show(&screen(DANISH, Page::Home(home.clone())));
        let whole =
            format!("Bestilling K1-17 kunne ikke modtages: Kyllingesandwich. {da} Pengene er tilbage på kontoen.");
        stage.find(AccessibleRole::Text, &whole);
        stage.show(&screen(Language::English, Page::Home(home)));
        let whole =
            format!("Order K1-17 could not be accepted: Kyllingesandwich. {en} The money is back on the account.");
        stage.find(AccessibleRole::Text, &whole);
    }
}

#[test]
fn a_slip_and_a_receipt_are_printed_again_by_touch_and_not_twice_at_once() {
    let page = fixtures::money::orders(true);
    let id = page.orders[0].id;
    // What was taken back has no slip.
    let slips = page.orders.iter().filter(|order| order.state != OrderState::Released).count();
    assert!(slips > 0 && slips < page.orders.len());
    let stage = stage_with(Page::Orders(page.clone()));
    stage.resize(TALL);
    assert_eq!(asked(&stage, "Udskriv K1-900 igen"), [Intent::PrintOrder(id)]);
    let printing = kiosk_core::OrdersPage { paper: Some(PrintState::Printing), ..page };
    stage.show(&screen(DANISH, Page::Orders(printing)));
    assert_eq!(stage.button("Udskriv K1-900 igen").accessible_enabled(), Some(false));
    let all = stage.all(AccessibleRole::Button);
    let labels: Vec<_> = all.iter().filter_map(ElementHandle::accessible_label).collect();
    let again = labels.iter().filter(|label| label.starts_with("Udskriv ")).count();
    assert_eq!(again, slips, "{labels:?}");

    stage.show(&screen(DANISH, Page::DepositDone(fixtures::paid(PrintState::Printed))));
    assert_eq!(asked(&stage, "Udskriv igen"), [Intent::Print]);
    stage.show(&screen(DANISH, Page::DepositDone(fixtures::paid(PrintState::Printing))));
    let all = stage.all(AccessibleRole::Button);
    assert!(!all.iter().any(|b| b.accessible_label().is_some_and(|label| label == "Udskriv igen")));
}

#[test]
fn a_blocked_card_says_so_and_takes_its_code() {
    let stage = stage_with(Page::Code(kiosk_core::CodePage { blocked: true, ..fixtures::code(0, false, None) }));
    let texts = |stage: &Stage| -> Vec<String> {
        let all = ElementQuery::from_root(stage.ui.window()).find_all();
        all.iter().filter_map(ElementHandle::accessible_label).map(Into::into).collect()
    };
    assert!(texts(&stage).iter().any(|text| text == "Dit kort er spærret"));
    assert_eq!(asked(&stage, "7"), [Intent::Digit(7)]);
    assert_eq!(asked(&stage, "Brug min adgangskode"), [Intent::WithPassword]);
    stage.show(&screen(DANISH, Page::Code(fixtures::code(0, false, None))));
    assert!(texts(&stage).iter().any(|text| text == "Skriv din kode"));
}

#[test]
fn a_closed_room_says_why_and_does_not_open() {
    let tile = |kind| Tile { kind, why_not: Some(WhyNot::Offline) };
    let stage = stage_with(Page::Home(HomePage {
        tiles: vec![tile(TileKind::Order), tile(TileKind::Deposit)],
        ..fixtures::home(true)
    }));
    let deposit = stage.button("Indbetal");
    assert_eq!(deposit.accessible_enabled(), Some(false));
    assert_eq!(deposit.accessible_description().unwrap(), "Kræver forbindelse");
    deposit.invoke_accessible_default_action();
    assert_eq!(asked(&stage, "Indbetal"), []);
}

#[test]
fn the_keypad_types_digits_and_erases() {
    let stage = stage_with(Page::Code(fixtures::code(2, false, None)));
    for digit in 0..=9 {
        assert_eq!(asked(&stage, &digit.to_string()), [Intent::Digit(digit)]);
    }
    assert_eq!(asked(&stage, "Slet"), [Intent::Erase]);
}

#[test]
fn whoever_forgot_the_card_types_its_number() {
    let stage = stage_with(Page::Idle(fixtures::idle(true, None)));
    assert_eq!(asked(&stage, "Log ind uden kort"), [Intent::WithoutCard]);
    stage.show(&screen(DANISH, Page::Number(fixtures::number("2080", None))));
    assert_eq!(asked(&stage, "7"), [Intent::Digit(7)]);
    assert_eq!(asked(&stage, "Slet"), [Intent::Erase]);
    assert_eq!(asked(&stage, "Tilbage"), [Intent::Back]);
}

#[test]
fn a_card_is_blocked_and_opened_by_its_number() {
    let stage = stage_with(Page::Accounts(fixtures::accounts(false)));
    assert_eq!(asked(&stage, "Spær kort ···· 0001"), [Intent::BlockCard(fixtures::card(1))]);
    assert_eq!(
        asked(&stage, "Indbetal til Maximiliane Frederikke"),
        [Intent::Account(0), Intent::Open(TileKind::Deposit)]
    );
    for _ in 0..4 {
        stage.tap(&stage.button("Ned"));
    }
    assert_eq!(asked(&stage, "Genåbn kort ···· 0302"), [Intent::UnblockCard(fixtures::card(302))]);
    stage.show(&screen(DANISH, Page::BlockCard(fixtures::blocking(true))));
    assert_eq!(asked(&stage, "Spær kortet"), [Intent::Next]);
}

#[test]
fn a_profile_is_saved_by_touch() {
    let page = |form| {
        let body = kiosk_core::ProfileBody::Here(Box::new(form));
        Page::Profile(kiosk_core::ProfilePage { body, ..fixtures::pictures::profile(None) })
    };
    let stage = stage_with(page(fixtures::profile(None)));
    assert_eq!(asked(&stage, "Gem"), [Intent::Send]);
    assert_eq!(asked(&stage, "Tilbage"), [Intent::Back]);
    let town = stage.find(AccessibleRole::TextInput, "By");
    town.set_accessible_value("Vejle");
    assert_eq!(stage.heard(), [Intent::Edit(Field::Town, "Vejle".into())]);
    stage.show(&screen(DANISH, page(kiosk_core::ProfileForm { saving: true, ..fixtures::profile(None) })));
    assert_eq!(stage.button("Tilbage").accessible_enabled(), Some(false));
}

#[test]
fn a_picture_is_shown_changed_by_touch_and_gone_with_the_page() {
    use fixtures::pictures;
    use kiosk_core::PictureState;
    let skin = |stage: &Stage| {
        let shot = stage.ui.window().window().take_snapshot().unwrap();
        shot.as_slice().iter().filter(|pixel| (pixel.r, pixel.g, pixel.b) == (224, 172, 140)).count()
    };
    let stage = stage_with(Page::Profile(pictures::profile(Some(pictures::face()))));
    let named =
        |e: &ElementHandle| e.accessible_label().is_some_and(|label| label.starts_with("Billede af Maximiliane"));
    assert!(stage.all(AccessibleRole::Image).iter().any(named));
    assert!(skin(&stage) > 1000, "a face");
    assert_eq!(asked(&stage, "Skift billede"), [Intent::ChangePicture]);
    stage.show(&screen(DANISH, Page::ChangePicture(pictures::changing(PictureState::Waiting))));
    assert_eq!(skin(&stage), 0, "gone with its page");
    stage.find(AccessibleRole::Image, "QR-kode til siden med billedet");
    assert_eq!(asked(&stage, "Tilbage"), [Intent::Back]);
    stage.show(&screen(DANISH, Page::ChangePicture(pictures::changing(PictureState::Expired))));
    assert_eq!(asked(&stage, "Prøv igen"), [Intent::LookAgain]);
    stage.show(&screen(DANISH, Page::Profile(pictures::profile(None))));
    assert_eq!(skin(&stage), 0, "nobody has the face of somebody before");
    stage.find(AccessibleRole::Image, "Intet billede");
}

#[test]
fn a_deposit_is_filled_in_by_touch() {
    let stage = stage_with(Page::DepositAmount(fixtures::amount("", None)));
    assert_eq!(asked(&stage, "200 kr."), [Intent::Preset(200)]);
    assert_eq!(asked(&stage, "5"), [Intent::Digit(5)]);
    assert_eq!(asked(&stage, "Læs betingelser"), [Intent::ShowTerms(true)]);
    let terms = stage.find(AccessibleRole::Checkbox, "Jeg accepterer betingelserne");
    assert_eq!(terms.accessible_checked(), Some(false), "the box is never ticked beforehand");
    stage.tap(&terms);
    assert_eq!(stage.heard(), [Intent::AcceptTerms(true)]);
    assert_eq!(asked(&stage, "Næste"), [Intent::Next]);
    assert_eq!(asked(&stage, "Tilbage"), [Intent::Back]);

    stage.show(&screen(
        DANISH,
        Page::DepositAmount(DepositAmountPage {
            terms: Some("1. Saldoen er din.".into()),
            ..fixtures::amount("", None)
        }),
    ));
    assert_eq!(asked(&stage, "Luk betingelser"), [Intent::ShowTerms(false)]);
}

#[test]
fn a_payment_can_be_given_up_only_while_it_waits() {
    use kiosk_core::PayState;
    let stage = stage_with(Page::DepositPay(fixtures::pay(PayState::Waiting)));
    assert_eq!(asked(&stage, "Annuller"), [Intent::CancelPayment]);
    stage.show(&screen(DANISH, Page::DepositPay(fixtures::pay(PayState::Declined))));
    assert_eq!(asked(&stage, "Tilbage"), [Intent::Back]);
}

#[test]
fn a_menu_is_ordered_from_by_touch() {
    let stage = stage_with(Page::Menu(fixtures::menu(true, true)));
    assert_eq!(asked(&stage, "Læg Linsegryde med kokos i kurven"), [Intent::Add(product(2))]);
    assert_eq!(asked(&stage, "Fjern Lasagne med rugbrødsdrys"), [Intent::Remove(product(1))]);
    assert_eq!(asked(&stage, "Anden dag"), [Intent::Days]);
    assert_eq!(asked(&stage, "Til kassen"), [Intent::Checkout]);
    assert_eq!(asked(&stage, "Tilbage"), [Intent::Back]);

    stage.show(&screen(DANISH, Page::Checkout(fixtures::checkout(true))));
    assert_eq!(asked(&stage, "Betal"), [Intent::Pay]);

    // What is sold out cannot be added, and says why.
    stage.show(&screen(DANISH, Page::Menu(shop::scarce(true))));
    let gone = stage.button("Læg Linsegryde med kokos i kurven");
    assert_eq!(gone.accessible_enabled(), Some(false));
    assert_eq!(gone.accessible_description().unwrap_or_default(), "Udsolgt");
}

#[test]
fn a_day_is_chosen_by_touch_and_a_closed_one_says_why_not() {
    let stage = stage_with(Page::Days(shop::days()));
    let today = stage.button("I dag, onsdag 25. november");
    assert_eq!(today.accessible_enabled(), Some(false));
    let why = "Lukket. Der kunne bestilles indtil onsdag kl. 8.00.";
    assert_eq!(today.accessible_description().unwrap_or_default(), why);
    assert_eq!(asked(&stage, "I morgen, torsdag 26. november"), [Intent::Day(date(2026, 11, 26))]);
    assert_eq!(asked(&stage, "Mandag 30. november"), [Intent::Day(date(2026, 11, 30))]);
    let next =
        kiosk_core::OrderDonePage { next: Some(shop::day(26, true)), ..fixtures::ordered(PrintState::Printed, true) };
    stage.show(&screen(DANISH, Page::OrderDone(next)));
    assert_eq!(asked(&stage, "Videre til torsdag"), [Intent::Day(date(2026, 11, 26))]);
    assert_eq!(asked(&stage, "Til min side"), [Intent::Back]);
}

#[test]
fn an_allergy_is_warned_of_or_blocked() {
    let stage = stage_with(Page::Allergy(shop::allergy(true, false)));
    assert_eq!(asked(&stage, "Tilføj alligevel"), [Intent::AddAnyway]);
    assert_eq!(asked(&stage, "Nej tak"), [Intent::Back]);
    stage.show(&screen(DANISH, Page::Allergy(shop::allergy(true, true))));
    assert!(
        stage
            .all(AccessibleRole::Button)
            .iter()
            .all(|b| b.accessible_label().unwrap_or_default() != "Tilføj alligevel")
    );
    assert_eq!(asked(&stage, "Tilbage"), [Intent::Back]);
}

#[test]
fn money_goes_out_by_touch() {
    use fixtures::money;
    let stage = stage_with(Page::Withdraw(money::withdraw(None)));
    let first = money::earlier()[0].id;
    assert_eq!(asked(&stage, "Fortryd 0A1B2C00"), [Intent::CancelWithdrawal(first)]);
    assert_eq!(asked(&stage, "Næste"), [Intent::Next]);
    let number = stage.find(AccessibleRole::TextInput, "Kontonummer");
    number.set_accessible_value("123");
    assert_eq!(stage.heard(), [Intent::Edit(Field::AccountNumber, "123".into())]);
    stage.show(&screen(DANISH, Page::WithdrawCheck(money::withdraw_check())));
    assert_eq!(asked(&stage, "Udbetal"), [Intent::Next]);
    stage.show(&screen(DANISH, Page::Transfer(money::transfer(None))));
    assert_eq!(asked(&stage, "Til Christian Valdemar"), [Intent::ToAccount(1)]);
    assert_eq!(asked(&stage, "Overfør"), [Intent::Next]);
}

#[test]
fn auto_top_up_is_changed_by_touch() {
    use fixtures::money;
    use madkort_protocol::{MandateWish, StopReason};
    let stage = stage_with(Page::AutoRecharge(money::auto(Some(money::standing(None)), true)));
    assert_eq!(asked(&stage, "Sæt på pause"), [Intent::AutoRecharge(MandateWish::Pause)]);
    assert_eq!(asked(&stage, "Skift kort"), [Intent::AnotherCard]);
    assert_eq!(asked(&stage, "Stop auto-optank"), [Intent::AutoRecharge(MandateWish::Cancel)]);
    let paused = money::standing(Some(StopReason::Paused));
    stage.show(&screen(DANISH, Page::AutoRecharge(money::auto(Some(paused), true))));
    assert_eq!(asked(&stage, "Start igen"), [Intent::AutoRecharge(MandateWish::Resume)]);
    stage.show(&screen(DANISH, Page::AutoRecharge(money::auto(None, true))));
    assert_eq!(asked(&stage, "Opret"), [Intent::Next]);
}

#[test]
fn a_statement_turns_its_months_and_prints() {
    let stage = stage_with(Page::Statement(fixtures::statement(true, None)));
    assert_eq!(asked(&stage, "Forrige måned"), [Intent::Month(date(2026, 10, 1))]);
    assert_eq!(stage.button("Næste måned").accessible_enabled(), Some(false));
    assert_eq!(asked(&stage, "Print"), [Intent::Print]);
}

#[test]
fn the_long_way_down_is_a_key_and_not_only_a_drag() {
    let stage = stage_with(Page::Statement(fixtures::statement(true, None)));
    let last = || {
        let texts = stage.all(AccessibleRole::Text);
        texts.into_iter().find(|t| t.accessible_label().is_some_and(|l| l == "Saldo til sidst"))
    };
    assert!(last().is_none(), "out of sight");
    for _ in 0..6 {
        stage.tap(&stage.button("Ned"));
    }
    let bar = stage.button("Print").absolute_position().y;
    assert!(last().unwrap().absolute_position().y < bar, "the last line comes into view");
    assert_eq!(stage.button("Ned").accessible_enabled(), Some(false));
}

#[test]
fn everything_works_from_a_keyboard() {
    let stage = stage_with(Page::Home(fixtures::home(true)));
    stage.resize(LANDSCAPE);
    let mut heard = Vec::new();
    for press in [Key::Return.into(), slint::SharedString::from(" ")] {
        for _ in 0..12 {
            key(stage.ui.window(), Key::Tab);
            key(stage.ui.window(), press.clone());
            heard.extend(stage.heard());
        }
    }
    for intent in [
        Intent::Speak(Language::English),
        Intent::Leave,
        Intent::Open(TileKind::Order),
        Intent::Open(TileKind::Deposit),
        Intent::Open(TileKind::Accounts),
        Intent::Open(TileKind::Statement),
        Intent::Open(TileKind::Support),
    ] {
        assert!(heard.contains(&intent), "{intent:?} in {heard:?}");
    }
}

#[test]
fn a_keyboard_scrolls_to_what_it_reaches() {
    let stage = stage_with(Page::Checkout(fixtures::checkout(true)));
    stage.text_scale(1.4);
    stage.resize(LANDSCAPE);
    let milk = stage.find(AccessibleRole::TextInput, "Kommentar til Økologisk letmælk");
    let bar = stage.button("Betal").absolute_position().y;
    assert!(milk.absolute_position().y + milk.size().height > bar, "the page must be too long for this test");
    for _ in 0..8 {
        key(stage.ui.window(), Key::Tab);
        stage.settle();
        if milk.absolute_position().y + milk.size().height < bar {
            return;
        }
    }
    panic!("the field never came into view");
}

#[test]
fn aeble_is_typed_on_the_screen() {
    let stage = stage_with(Page::Checkout(fixtures::checkout(true)));
    stage.tap(&stage.find(AccessibleRole::TextInput, "Kommentar til Æble"));
    for letter in ["æ", "b", "l", "e"] {
        stage.tap(&stage.button(letter));
    }
    let field = Field::Comment(product(5));
    let typed = stage.heard();
    assert_eq!(typed.last(), Some(&Intent::Edit(field, "æble".into())));
    assert_eq!(typed.len(), 4, "one for each letter");

    stage.tap(&stage.button("Slet"));
    stage.tap(&stage.button("Store bogstaver"));
    stage.tap(&stage.button("Ø"));
    stage.tap(&stage.button(".dk"));
    assert_eq!(stage.heard().last(), Some(&Intent::Edit(field, "æblØ.dk".into())));

    key(stage.ui.window(), "!");
    assert_eq!(stage.heard().last(), Some(&Intent::Edit(field, "æblØ.dk!".into())), "a real keyboard types too");
    stage.tap(&stage.button("Færdig"));
    assert_eq!(asked(&stage, "Betal"), [Intent::Pay], "the page is back");
}

#[test]
fn a_password_is_typed_anew_hidden_until_it_is_asked_for_and_gone_with_the_page() {
    let stage = stage_with(Page::Password(PasswordPage { typed: 9, checking: false, message: None }));
    let field = stage.find(AccessibleRole::TextInput, "Adgangskode");
    assert_eq!(field.accessible_value().unwrap(), "•••••••••");
    stage.tap(&field);
    for letter in ["g", "r", "ø", "d"] {
        stage.tap(&stage.button(letter));
    }
    assert_eq!(stage.heard().last(), Some(&Intent::Type(Field::Password, "grød".into())));
    stage.tap(&stage.button("Vis det, der er skrevet"));
    stage.button("Skjul det, der er skrevet");
    stage.tap(&stage.button("Færdig"));
    // The next time it is empty and hidden, also when another page was there in between.
    let page = || screen(DANISH, Page::Password(PasswordPage { typed: 0, checking: false, message: None }));
    for away in [false, true] {
        if away {
            stage.show(&screen(DANISH, Page::Idle(fixtures::idle(true, None))));
        }
        stage.show(&page());
        stage.tap(&stage.find(AccessibleRole::TextInput, "Adgangskode"));
        stage.button("Vis det, der er skrevet");
        stage.tap(&stage.button("x"));
        assert_eq!(stage.heard(), [Intent::Type(Field::Password, "x".into())]);
    }
    stage.tap(&stage.button("Færdig"));
    assert_eq!(asked(&stage, "Glemt adgangskode"), [Intent::ForgotPassword]);
    stage.show(&screen(DANISH, Page::Password(PasswordPage { typed: 1, checking: false, message: None })));
    assert_eq!(asked(&stage, "Log ind"), [Intent::Send]);
}

#[test]
fn a_month_is_chosen_from_a_list_or_sent() {
    let (_, months) = samples(DANISH).into_iter().find(|(name, _)| name == "months").unwrap();
    let stage = open_stage();
    stage.show(&months);
    assert_eq!(asked(&stage, "Oktober 2026"), [Intent::Month(date(2026, 10, 1))]);
    stage.show(&screen(DANISH, Page::Statement(fixtures::statement(true, None))));
    assert_eq!(asked(&stage, "Alle måneder"), [Intent::ChooseMonth]);
    assert_eq!(asked(&stage, "Send som PDF"), [Intent::MailStatement]);
}

#[test]
fn a_field_is_filled_by_assistive_technology() {
    let stage = stage_with(Page::DepositAmount(fixtures::amount("100", None)));
    let field = stage.find(AccessibleRole::TextInput, "E-mail");
    assert_eq!(field.accessible_value().unwrap(), "maren.holm-soerensen@skovvejens-venner.dk");
    field.set_accessible_value("ida@skole.dk");
    assert_eq!(stage.heard(), [Intent::Edit(Field::Email, "ida@skole.dk".into())]);
}

#[test]
fn under_the_question_only_its_answers_work() {
    let stage = open_stage();
    stage.show(&Screen { warning: Some(12), ..screen(DANISH, Page::Home(fixtures::home(true))) });
    stage.button("Indbetal").invoke_accessible_default_action();
    assert_eq!(stage.heard(), []);
    assert_eq!(asked(&stage, "Jeg er her stadig"), [Intent::StillHere]);
    assert_eq!(asked(&stage, "Log ud nu"), [Intent::Leave]);
    key(stage.ui.window(), Key::Return);
    assert_eq!(stage.heard(), [Intent::StillHere], "the answer has the focus");
}

#[test]
fn the_language_changes_at_once() {
    let stage = stage_with(Page::Home(fixtures::home(true)));
    stage.show(&screen(Language::English, Page::Home(fixtures::home(false))));
    assert_eq!(asked(&stage, "Top up"), [Intent::Open(TileKind::Deposit)]);
    stage.show(&screen(Language::Danish, Page::Home(fixtures::home(true))));
    assert_eq!(asked(&stage, "Indbetal"), [Intent::Open(TileKind::Deposit)]);
}

#[test]
fn everywhere_there_is_a_way_out_and_a_choice_of_language() {
    let stage = open_stage();
    for (name, screen) in samples(DANISH) {
        stage.show(&screen);
        for label in ["Dansk", "English"] {
            stage.button(label);
        }
        // Whoever types a card's number is not in yet: their way out is the way back.
        let nobody_in = matches!(screen.page, Page::Starting | Page::OutOfService(_) | Page::Idle(_) | Page::Number(_));
        let signed_in = !nobody_in;
        let out = stage.all(AccessibleRole::Button).iter().any(|b| b.accessible_label().is_some_and(|l| l == "Log ud"));
        assert_eq!(out, signed_in, "{name}");
    }
}

#[test]
fn no_two_things_on_a_page_have_one_name() {
    let stage = open_stage();
    for (name, screen) in samples(DANISH) {
        stage.show(&screen);
        let mut labels = Vec::new();
        for role in [AccessibleRole::Button, AccessibleRole::Checkbox, AccessibleRole::TextInput] {
            labels.extend(
                stage.all(role).iter().map(|e| (format!("{role:?}"), e.accessible_label().unwrap_or_default())),
            );
        }
        let count = labels.len();
        assert!(labels.iter().all(|(_, l)| !l.is_empty()), "{name}: a control without a name");
        labels.sort();
        labels.dedup();
        assert_eq!(labels.len(), count, "{name}");
    }
}

#[test]
fn nothing_of_a_visit_is_left_when_it_is_over() {
    let stage = open_stage();
    for (name, visit) in samples(DANISH) {
        stage.show(&visit);
        if matches!(visit.page, Page::Checkout(_)) {
            stage.tap(&stage.find(AccessibleRole::TextInput, "Kommentar til Lasagne med rugbrødsdrys"));
        }
        stage.show(&screen(DANISH, Page::Idle(fixtures::idle(true, None))));
        let said: Vec<String> = ElementQuery::from_root(stage.ui.window())
            .find_all()
            .iter()
            .flat_map(|e| [e.accessible_label(), e.accessible_value(), e.accessible_description()])
            .flatten()
            .map(Into::into)
            .collect();
        assert!(said.iter().any(|s| s == "Hold dit madkort mod læseren"));
        for personal in ["Ida", "Maren", "Holm", "87,50", "K1-", "Anne-Sofie", "løg", "skovvejens-venner"] {
            assert!(!said.iter().any(|s| s.contains(personal)), "{personal:?} after {name}: {said:?}");
        }
    }
}
