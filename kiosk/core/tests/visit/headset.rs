//! A headset: what it begins, what ends with it, and what does not.

use kiosk_core::*;
use madkort_protocol::Language;

use crate::world::*;

fn plug(play: &mut Play, plugged: bool) -> bool {
    play.tell(Event::Headset { plugged });
    play.kiosk.view().looks.aloud
}

#[test]
fn in_it_is_read_in_the_screens_language_and_out_it_is_silent_and_nobody_is_in() {
    let mut play = Play::inside(visitor(78));
    assert!(plug(&mut play, true));
    let screen = play.kiosk.view();
    assert!(screen.headset && matches!(screen.page, Page::Home(_)), "whoever is in stays in");
    assert_eq!(screen.language, Language::Danish);
    play.hand(Intent::Speak(Language::English));
    assert_eq!((play.kiosk.view().language, play.kiosk.view().looks.aloud), (Language::English, true));

    assert!(!plug(&mut play, false));
    assert!(matches!(play.page(), Page::Idle(IdlePage { notice: Some(Notice::Goodbye), .. })), "{:?}", play.page());
    assert!(!play.screen_text().contains(NAME) && !play.screen_text().contains("78"), "nothing of it is left");
}

#[test]
fn whoever_listens_hears_the_page_before_the_tap_and_the_one_after_the_visit() {
    let mut play = Play::new();
    assert!(plug(&mut play, true));
    play.wait(120);
    assert!(play.kiosk.view().looks.aloud, "nobody has to touch anything to go on listening");
    play.tell(Event::Tapped(uid())).tell(Event::Known(Box::new(visitor(78))));
    let loud = Looks { aloud: true, volume: Level::new(5), pace: Level::new(1), ..Looks::PLAIN };
    play.hand(Intent::Look(loud));
    assert_eq!(play.kiosk.view().looks, loud);
    play.tell(Event::Lifted);
    assert_eq!(play.kiosk.view().looks, Looks { aloud: true, ..Looks::PLAIN }, "volume and pace go back");
    assert!(!plug(&mut play, false));
    assert!(matches!(play.page(), Page::Idle(_)));
}

#[test]
fn told_twice_it_is_once_and_a_choice_of_silence_stands() {
    let mut play = Play::inside(visitor(78));
    plug(&mut play, true);
    play.hand(Intent::Look(Looks::PLAIN));
    assert!(!plug(&mut play, true), "no change is no reason to begin again");
    play.tell(Event::Headset { plugged: false }).tell(Event::Headset { plugged: false });
    assert!(matches!(play.page(), Page::Idle(_)));
}

#[test]
fn a_headset_pulled_out_gives_up_no_payment() {
    let mut play = Play::inside(visitor(78));
    plug(&mut play, true);
    play.hand(Intent::Open(TileKind::Deposit)).hand(Intent::Preset(100)).hand(Intent::AcceptTerms(true));
    play.hand(Intent::Next);
    assert!(play.effects.iter().any(|effect| matches!(effect, Effect::OpenDeposit(_))));
    plug(&mut play, false);
    assert!(
        play.effects.iter().any(|effect| matches!(effect, Effect::ForgetDeposit(_))),
        "it goes on without the kiosk"
    );
    assert!(!play.effects.iter().any(|effect| matches!(effect, Effect::CancelDeposit(_))));
}

#[test]
fn a_step_of_volume_stays_within_the_steps() {
    assert_eq!([-3, 0, 1, 5, 6, 900].map(|step| Level::new(step).step()), [1, 1, 1, 5, 5, 5]);
    assert_eq!(Level::default(), Looks::PLAIN.volume);
    assert_eq!(Looks::PLAIN, Looks::default());
}
