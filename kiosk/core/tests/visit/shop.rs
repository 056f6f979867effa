//! Visits to the webshop: days and their baskets, the last portions, and what somebody cannot eat.

use std::sync::Arc;

use jiff::SignedDuration;
use jiff::civil::{Date, date};
use kiosk_core::*;
use madkort_protocol::*;

use crate::world::*;

const FRIDAY: Date = date(2026, 11, 27);

/// Today closed, tomorrow and Friday open; of lasagne there are so many tomorrow.
fn offer(lasagnes: u32) -> Event {
    let mut catalogue = catalogue();
    catalogue.days[1].portions = vec![Portions::new(product_id(LASAGNE), lasagnes)];
    let friday = start() + SignedDuration::from_hours(94);
    catalogue.days.push(MenuDay {
        date: FRIDAY,
        cut_off: friday,
        products: vec![product_id(LASAGNE)],
        portions: vec![],
    });
    Event::Catalogue(Arc::new(catalogue))
}

fn shopping(kroner: i32, lasagnes: u32) -> Play {
    let mut play = Play::inside(visitor(kroner));
    play.tell(offer(lasagnes)).hand(Intent::Open(TileKind::Order));
    play
}

fn menu(play: &Play) -> MenuPage {
    match play.page() {
        Page::Menu(menu) => menu,
        page => panic!("{page:?}"),
    }
}

fn recorded(play: &Play) -> Option<(OperationId, PlaceOrder)> {
    play.effects.iter().find_map(|e| match e {
        Effect::Record { id, draft: Draft::Order { order, .. }, .. } => Some((*id, order.clone())),
        _ => None,
    })
}

fn cannot_eat(block: bool) -> Event {
    let people = vec![Allergies::new(visitor(0).person.id, vec![Allergen::Gluten, Allergen::Nuts], block)];
    Event::AllergiesAre(Box::new(KnownAllergies { card: visitor(0).card, people }))
}

#[test]
fn each_day_has_its_cut_off_and_a_closed_one_cannot_be_chosen() {
    let mut play = shopping(100, 9);
    assert_eq!(menu(&play).day.date, TOMORROW, "what is ordered for most");
    play.hand(Intent::Days);
    let Page::Days(page) = play.page() else { panic!("{:?}", play.page()) };
    let shown: Vec<_> = page.days.iter().map(|d| (d.date, d.today, d.open, d.chosen)).collect();
    assert_eq!(shown, [(TODAY, true, false, false), (TOMORROW, false, true, true), (FRIDAY, false, true, false)]);
    assert_eq!(page.days[0].cut_off, catalogue().days[0].cut_off, "so that it can be said when it closed");
    play.hand(Intent::Day(TODAY));
    assert!(matches!(play.page(), Page::Days(_)));
    play.hand(Intent::Back);
    assert_eq!(menu(&play).day.date, TOMORROW);
}

#[test]
fn five_open_days_are_shown_and_those_that_are_closed_before_them() {
    let mut catalogue = catalogue();
    let day = |n: i8, hours| MenuDay {
        date: date(2026, 12, n),
        cut_off: start() + SignedDuration::from_hours(hours),
        products: vec![product_id(MILK)],
        portions: vec![],
    };
    catalogue.days.extend((1..=3).map(|n| day(n, 300)).chain([day(4, -1)]).chain((7..=9).map(|n| day(n, 400))));
    let mut play = Play::inside(visitor(100));
    play.tell(Event::Catalogue(Arc::new(catalogue))).hand(Intent::Open(TileKind::Order)).hand(Intent::Days);
    let Page::Days(page) = play.page() else { panic!("{:?}", play.page()) };
    let open: Vec<_> = page.days.iter().map(|d| (d.date.day(), d.open)).collect();
    assert_eq!(open, [(23, false), (24, true), (1, true), (2, true), (3, true), (4, false), (7, true)]);
}

#[test]
fn each_day_keeps_what_is_in_its_basket() {
    let mut play = shopping(200, 9);
    play.hand(Intent::Add(product_id(LASAGNE))).hand(Intent::Add(product_id(MILK)));
    play.hand(Intent::Days).hand(Intent::Day(FRIDAY));
    assert_eq!((menu(&play).day.date, menu(&play).pieces), (FRIDAY, 0));
    play.hand(Intent::Add(product_id(LASAGNE))).hand(Intent::Days);
    let Page::Days(page) = play.page() else { panic!("{:?}", play.page()) };
    assert_eq!(page.days.iter().map(|d| d.pieces).collect::<Vec<_>>(), [0, 2, 1]);
    play.hand(Intent::Day(TOMORROW));
    assert_eq!((menu(&play).pieces, menu(&play).total), (2, Money::from_kroner(38)));

    // One day is paid; the way on leads to the other.
    play.hand(Intent::Checkout).hand(Intent::Pay);
    let (id, order) = recorded(&play).unwrap();
    assert_eq!((order.date, order.lines.len()), (TOMORROW, 2));
    play.tell(Event::Recorded { id, number: "K1-9".into(), visitor: Box::new(visitor(162)) });
    let Page::OrderDone(done) = play.page() else { panic!("{:?}", play.page()) };
    assert_eq!(done.next.map(|day| (day.date, day.pieces)), Some((FRIDAY, 1)));
    play.hand(Intent::Day(FRIDAY));
    assert_eq!((menu(&play).day.date, menu(&play).pieces), (FRIDAY, 1));
}

#[test]
fn no_more_goes_into_the_basket_than_is_left() {
    let mut play = shopping(500, 2);
    for _ in 0..3 {
        play.hand(Intent::Add(product_id(LASAGNE)));
    }
    let page = menu(&play);
    assert_eq!((page.pieces, page.problem), (2, Some(FormProblem::OnlyLeft(2))));
    assert_eq!(page.products.iter().map(|p| (p.left, p.can_add)).collect::<Vec<_>>(), [(Some(2), false), (None, true)]);
    // Somebody else was faster.
    play.hand(Intent::Checkout).tell(offer(1)).hand(Intent::Pay);
    let Page::Checkout(page) = play.page() else { panic!("{:?}", play.page()) };
    assert_eq!(page.problem, Some(FormProblem::OnlyLeft(1)));
    assert_eq!(recorded(&play), None);
    play.tell(offer(2)).hand(Intent::Pay);
    assert!(recorded(&play).is_some());
}

#[test]
fn an_order_told_as_ordered_and_then_refused_is_not_left_standing() {
    let mut play = shopping(100, 1);
    play.hand(Intent::Add(product_id(LASAGNE))).hand(Intent::Checkout).hand(Intent::Pay);
    let (id, order) = recorded(&play).unwrap();
    play.tell(Event::Recorded { id, number: "K1-9".into(), visitor: Box::new(visitor(68)) });
    assert!(matches!(play.page(), Page::OrderDone(_)));
    let short = Some(Portions::new(product_id(LASAGNE), 1).after(1));
    let refusal = Refusal { rule: Rule::Portions, limit: None, asked: None, portions: short };
    let body = Box::new(OperationBody::PlaceOrder(PlaceOrder { number: "K1-9".into(), ..order }));
    play.tell(Event::OperationRefused { id, body, refusal });
    let Page::Home(home) = play.page() else { panic!("{:?}", play.page()) };
    assert_eq!(home.refused.map(|o| (o.number, o.why)), Some(("K1-9".into(), Rule::Portions)));
}

#[test]
fn a_dish_somebody_cannot_eat_is_asked_about_once() {
    let mut play = shopping(200, 9);
    assert!(play.effects.contains(&Effect::LoadAllergies(visitor(0).card)));
    play.tell(cannot_eat(false)).hand(Intent::Add(product_id(LASAGNE)));
    let Page::Allergy(page) = play.page() else { panic!("{:?}", play.page()) };
    assert_eq!((page.dish.as_str(), page.blocked), ("Lasagne", false));
    assert_eq!(page.allergens, [Allergen::Gluten], "what is in the dish, and not what else they cannot eat");
    play.hand(Intent::Back);
    assert_eq!(menu(&play).pieces, 0, "no, thanks");
    play.hand(Intent::Add(product_id(LASAGNE))).hand(Intent::AddAnyway);
    assert_eq!(menu(&play).pieces, 1);
    play.hand(Intent::Add(product_id(LASAGNE)));
    assert_eq!(menu(&play).pieces, 2, "not asked twice");
    play.hand(Intent::Checkout).hand(Intent::Pay);
    let slip = play.effects.iter().find_map(|e| if let Effect::Record { slip, .. } = e { slip.clone() } else { None });
    assert!(!format!("{slip:?}").to_lowercase().contains("gluten"), "it is on no paper");
}

#[test]
fn a_blocked_dish_is_not_ordered_however_late_the_word_comes() {
    let mut play = shopping(200, 9);
    play.hand(Intent::Add(product_id(LASAGNE))).hand(Intent::Checkout).tell(cannot_eat(true)).hand(Intent::Pay);
    assert!(matches!(play.page(), Page::Allergy(AllergyPage { blocked: true, .. })));
    play.hand(Intent::AddAnyway).hand(Intent::Pay);
    assert!(matches!(play.page(), Page::Allergy(_)), "there is no way on");
    play.hand(Intent::Back);
    assert_eq!(menu(&play).pieces, 0);
    assert_eq!(recorded(&play), None);
}

#[test]
fn allergies_are_the_eaters_and_leave_with_the_visit() {
    let mut parent = visitor(100);
    parent.accounts.push(account(202, "Bertil", 100));
    let mut play = Play::inside(parent);
    play.tell(offer(9)).hand(Intent::Account(1)).hand(Intent::Open(TileKind::Order)).tell(cannot_eat(true));
    play.hand(Intent::Add(product_id(LASAGNE)));
    assert_eq!(menu(&play).pieces, 1, "Bertil may eat it");
    let strangers = KnownAllergies { card: CardId::new(uuid::Uuid::nil()), people: vec![] };
    play.tell(Event::AllergiesAre(Box::new(strangers)));
    play.hand(Intent::Account(0)).hand(Intent::Checkout);
    assert!(matches!(play.page(), Page::Allergy(_)), "Alma may not");
    assert!(!format!("{:?}", play.kiosk).contains("Nuts"), "and it prints nowhere");
    play.tell(Event::Lifted);
    assert!(!format!("{:?}", play.kiosk).contains("Known"));
}

#[test]
fn out_of_reach_it_is_said_that_nobody_can_warn() {
    let mut play = Play::inside(visitor(100));
    play.tell(Event::Link(Link::Offline { last_heard: Some(start()) })).hand(Intent::Open(TileKind::Order));
    assert!(menu(&play).unchecked);
    play.hand(Intent::Add(product_id(LASAGNE)));
    assert_eq!(menu(&play).pieces, 1, "an outage never means no lunch");
    play.tell(Event::Link(Link::Online)).hand(Intent::Checkout);
    assert!(
        play.effects.contains(&Effect::LoadAllergies(visitor(0).card)),
        "asked as soon as there is somebody to ask"
    );
}

#[test]
fn an_order_that_was_handed_out_says_so_and_is_not_taken_back() {
    let mut here = visitor(78);
    here.orders.push(Order { picked_up_at: Some(start()), ..held_order(&here) });
    let mut play = Play::inside(here);
    play.hand(Intent::Open(TileKind::Orders));
    let Page::Orders(page) = play.page() else { panic!("{:?}", play.page()) };
    assert_eq!((page.orders[0].picked_up, page.orders[0].can_cancel), (true, false));
    play.hand(Intent::CancelOrder(op(5)));
    assert!(!play.effects.iter().any(|e| matches!(e, Effect::Record { .. })));
}
