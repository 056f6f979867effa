//! Size, contrast and voice: whose they are, and how long.

use kiosk_core::*;
use madkort_protocol::Language;

use crate::world::*;

const LARGE: Looks = Looks { size: TextSize::Larger, high_contrast: true, glass: true, aloud: true, ..Looks::PLAIN };

fn chosen(play: &Play) -> (Looks, bool) {
    let screen = play.kiosk.view();
    (screen.looks, screen.adjusting)
}

#[test]
fn what_was_chosen_before_the_tap_goes_with_the_visit_and_ends_with_it() {
    let mut play = Play::new();
    play.hand(Intent::Adjust(true)).hand(Intent::Look(LARGE)).hand(Intent::Speak(Language::English));
    assert_eq!(chosen(&play), (LARGE, true));
    play.tell(Event::Tapped(uid())).tell(Event::Known(Box::new(visitor(78))));
    assert_eq!(chosen(&play), (LARGE, false), "a tap is answered where it can be seen");
    play.hand(Intent::Open(TileKind::Support)).hand(Intent::Back);
    assert_eq!(chosen(&play), (LARGE, false));
    play.tell(Event::Lifted);
    assert_eq!(chosen(&play), (Looks::default(), false));
}

#[test]
fn the_page_to_choose_on_covers_a_page_and_gives_it_back() {
    let mut play = Play::inside(visitor(78));
    play.hand(Intent::Open(TileKind::Support)).hand(Intent::Adjust(true)).hand(Intent::Back);
    assert_eq!(chosen(&play), (Looks::default(), false));
    assert!(matches!(play.page(), Page::Support(_)), "back led from one page to one page");
}

#[test]
fn nobody_inherits_what_somebody_chose_and_left() {
    let mut play = Play::new();
    play.hand(Intent::Adjust(true)).hand(Intent::Look(LARGE)).wait(29);
    assert_eq!(chosen(&play), (LARGE, true));
    play.wait(1);
    assert_eq!(chosen(&play), (Looks::default(), false));
}

#[test]
fn whoever_reads_why_a_card_was_not_taken_reads_it_large() {
    let mut play = Play::new();
    play.hand(Intent::Look(LARGE)).tell(Event::Tapped(uid())).tell(Event::NotKnown(uid()));
    assert_eq!(chosen(&play).0, LARGE);
    play.wait(5).hand(Intent::Look(LARGE)).wait(4);
    assert_eq!(chosen(&play).0, LARGE, "just touched");
    play.wait(30);
    assert_eq!(chosen(&play).0, Looks::default());
}

#[test]
fn the_sizes_grow_and_stay_within_what_the_pages_hold() {
    let percents = TextSize::ALL.map(TextSize::percent);
    assert!(percents.is_sorted() && percents[0] == 100 && percents[3] == 140);
}
