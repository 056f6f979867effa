//! What an order takes from the account: the server says it at the check-out, and out of its reach the full price counts.

use kiosk_core::*;
use madkort_protocol::*;

use crate::world::*;

/// At the check-out with a lasagne for 32 kr., and a server that says so much of it is subsidised, or says nothing yet.
fn checking(kroner: i32, subsidy: Option<i64>) -> Play {
    let mut play = Play::inside(visitor(kroner));
    play.subsidy = subsidy;
    play.hand(Intent::Open(TileKind::Order)).hand(Intent::Add(product_id(LASAGNE))).hand(Intent::Checkout);
    play
}

fn page(play: &Play) -> CheckoutPage {
    match play.page() {
        Page::Checkout(page) => page,
        other => panic!("{other:?}"),
    }
}

fn quote(kroner: (i32, i32), lines: &[(u128, u32)]) -> Quote {
    let line = |(product, quantity): &(u128, u32)| QuoteLine { product: product_id(*product), quantity: *quantity };
    let (price, taken) = (Money::from_kroner(kroner.0), Money::from_kroner(kroner.1));
    let (account, left) = (visitor(0).accounts[0].id, SpendingCaps::default());
    Quote { account, lines: lines.iter().map(line).collect(), price, left, taken }
}

fn says(quote: &Quote) -> Event {
    Event::QuoteIs(Box::new(quote.clone()))
}

fn asked(play: &Play) -> Vec<QuoteRequest> {
    let requests = play.effects.iter().filter_map(|effect| match effect {
        Effect::AskQuote { request, .. } => Some(request.clone()),
        _ => None,
    });
    requests.collect()
}

fn recorded(play: &Play) -> Option<(PlaceOrder, Money, OrderSlip)> {
    play.effects.iter().find_map(|effect| match effect {
        Effect::Record { draft: Draft::Order { order, taken }, slip: Some(Paper::Order(slip)), .. } => {
            Some((order.clone(), *taken, slip.clone()))
        }
        _ => None,
    })
}

#[test]
fn whoever_eats_free_orders_with_nothing_on_the_card() {
    let mut play = checking(0, Some(100));
    assert_eq!(asked(&play), [QuoteRequest { card: visitor(0).card, lines: quote((32, 0), &[(LASAGNE, 1)]).lines }]);
    assert_eq!((page(&play).total, page(&play).taken), (Money::from_kroner(32), Some((Money::ZERO, Money::ZERO))));
    assert_eq!(page(&play).problem, None);
    play.hand(Intent::Pay);
    let (order, taken, slip) = recorded(&play).unwrap();
    assert_eq!((order.total, taken), (Money::from_kroner(32), Money::ZERO), "the price is the price");
    assert_eq!((slip.total, slip.taken, slip.balance), (Money::from_kroner(32), Some(Money::ZERO), Some(Money::ZERO)));
}

#[test]
fn whoever_pays_half_needs_half() {
    let kr = Money::from_kroner;
    let mut play = checking(20, Some(50));
    assert_eq!(page(&play).taken, Some((kr(16), kr(4))));
    play.hand(Intent::Pay);
    let (_, taken, slip) = recorded(&play).unwrap();
    assert_eq!((taken, slip.taken, slip.balance), (kr(16), Some(kr(16)), Some(kr(4))));
    let mut poor = checking(15, Some(50));
    assert_eq!(page(&poor).problem, Some(FormProblem::Balance(kr(1))));
    poor.hand(Intent::Pay);
    assert_eq!(recorded(&poor), None);
}

#[test]
fn nobody_pays_before_the_server_has_said_what_it_takes() {
    let mut play = checking(0, None);
    assert_eq!((page(&play).taken, page(&play).problem), (None, None), "nothing is said that is not known");
    play.hand(Intent::Pay).hand(Intent::Pay);
    assert_eq!((recorded(&play), asked(&play).len()), (None, 1), "asked once");
    // Somebody else's price, and that of another basket, are not theirs.
    let right = quote((32, 0), &[(LASAGNE, 1)]);
    play.tell(says(&Quote { account: AccountId::new(uuid::Uuid::nil()), ..right.clone() }));
    play.tell(says(&quote((64, 0), &[(LASAGNE, 2)])));
    assert_eq!(page(&play).taken, None);
    play.tell(says(&right)).hand(Intent::Pay);
    assert_eq!(recorded(&play).map(|(_, taken, _)| taken), Some(Money::ZERO));
}

#[test]
fn another_basket_is_asked_about_anew() {
    let mut play = checking(50, None);
    play.tell(says(&quote((32, 16), &[(LASAGNE, 1)]))).hand(Intent::Add(product_id(MILK)));
    assert_eq!(page(&play).taken, None, "what was said is not about this");
    play.hand(Intent::Edit(Field::Comment(product_id(MILK)), "kold".into()));
    assert_eq!(asked(&play).len(), 2, "a comment costs nothing");
    play.tell(says(&quote((32, 16), &[(LASAGNE, 1)])));
    assert_eq!(page(&play).taken, None, "an old answer comes late");
    play.tell(says(&quote((38, 19), &[(LASAGNE, 1), (MILK, 1)])));
    assert_eq!(page(&play).taken, Some((Money::from_kroner(19), Money::from_kroner(31))));
    // Away and here again: who pays what may have changed.
    play.hand(Intent::Back).hand(Intent::Checkout);
    assert_eq!((page(&play).taken, asked(&play).len()), (None, 3));
    // The server knows another price than the screen: it is not this order's.
    play.tell(says(&quote((40, 0), &[(LASAGNE, 1), (MILK, 1)])));
    assert_eq!(page(&play).taken, Some((Money::from_kroner(38), Money::from_kroner(12))));
}

#[test]
fn another_eater_is_asked_about_anew() {
    let mut parent = visitor(0);
    parent.accounts.push(account(202, "Bertil", 100));
    let mut play = Play::inside(parent);
    play.subsidy = Some(100);
    play.hand(Intent::Open(TileKind::Order)).hand(Intent::Add(product_id(LASAGNE))).hand(Intent::Checkout);
    play.subsidy = Some(0);
    play.hand(Intent::Account(1));
    let accounts: Vec<_> = play.effects.iter().filter(|effect| matches!(effect, Effect::AskQuote { .. })).collect();
    assert_eq!(accounts.len(), 2);
    assert_eq!(page(&play).taken, Some((Money::from_kroner(32), Money::from_kroner(68))));
}

#[test]
fn where_nobody_can_be_asked_the_full_price_counts() {
    let kr = Money::from_kroner;
    let offline = Event::Link(Link::Offline { last_heard: Some(start()) });
    let unreachable =
        |lines| Event::QuoteUnreachable { account: visitor(0).accounts[0].id, lines: quote((0, 0), lines).lines };
    let mut play = checking(30, None);
    play.tell(unreachable(&[(MILK, 1)]));
    assert_eq!(page(&play).taken, None, "that was another basket");
    play.tell(unreachable(&[(LASAGNE, 1)]));
    assert_eq!((page(&play).taken, page(&play).problem), (Some((kr(32), kr(-2))), Some(FormProblem::Balance(kr(2)))));
    play.hand(Intent::Pay);
    assert_eq!((recorded(&play), asked(&play).len()), (None, 2), "perhaps it answers now");
    play.tell(says(&quote((32, 16), &[(LASAGNE, 1)]))).hand(Intent::Pay);
    assert_eq!(recorded(&play).map(|(_, taken, _)| taken), Some(kr(16)));

    // With enough on the account an outage never means no lunch; the slip does not say what nobody knows.
    let mut play = checking(50, None);
    play.tell(unreachable(&[(LASAGNE, 1)])).hand(Intent::Pay);
    let (_, taken, slip) = recorded(&play).unwrap();
    assert_eq!((taken, slip.taken, slip.balance), (kr(32), None, Some(kr(18))));

    // What the server said counts while it is in reach.
    let mut play = checking(0, Some(100));
    play.tell(offline).hand(Intent::Pay);
    assert_eq!((recorded(&play), page(&play).problem), (None, Some(FormProblem::Balance(kr(32)))));
    play.tell(Event::Link(Link::Online)).hand(Intent::Pay);
    assert!(recorded(&play).is_some());
}

#[test]
fn an_order_beyond_a_cap_is_said_before_it_is_paid() {
    let kr = Money::from_kroner;
    let left = |day, week, month| SpendingCaps { day, week, month };
    for (left, problem) in [
        (left(Some(kr(31)), None, None), Some(FormProblem::DayCap(kr(31)))),
        (left(Some(kr(32)), Some(kr(20)), Some(kr(10))), Some(FormProblem::WeekCap(kr(20)))),
        (left(None, None, Some(kr(0))), Some(FormProblem::MonthCap(kr(0)))),
        (left(Some(kr(5)), Some(kr(20)), Some(kr(10))), Some(FormProblem::DayCap(kr(5)))),
        (left(Some(kr(32)), Some(kr(32)), Some(kr(32))), None),
        (SpendingCaps::default(), None),
    ] {
        let mut play = checking(100, None);
        play.tell(says(&Quote { left, ..quote((32, 32), &[(LASAGNE, 1)]) }));
        assert_eq!(page(&play).problem, problem, "{left:?}");
        assert_eq!(page(&play).taken, Some((kr(32), kr(68))), "what it takes is told all the same");
        play.hand(Intent::Pay);
        assert_eq!(recorded(&play).is_some(), problem.is_none(), "{left:?}");
    }
}

#[test]
fn a_cap_counts_what_is_taken_and_is_asked_about_again_when_somebody_tries_again() {
    let kr = Money::from_kroner;
    let capped = |taken, day| {
        let left = SpendingCaps { day: Some(kr(day)), ..SpendingCaps::default() };
        says(&Quote { left, ..quote((32, taken), &[(LASAGNE, 1)]) })
    };
    // Half of it is paid by somebody else, or all of it: then no cap stands in the way, not even one that is used up.
    for (taken, day) in [(16, 16), (0, 0)] {
        let mut play = checking(100, None);
        play.tell(capped(taken, day));
        assert_eq!(page(&play).problem, None);
    }
    let mut play = checking(100, None);
    play.tell(capped(32, 10)).hand(Intent::Pay);
    assert_eq!((recorded(&play), asked(&play).len()), (None, 2), "perhaps a guardian has raised it");
    play.tell(capped(32, 40));
    assert_eq!(page(&play).problem, None);
    play.hand(Intent::Pay);
    assert!(recorded(&play).is_some());

    // Out of reach nobody knows, and an outage never means no lunch: the server judges it when it comes.
    let mut play = checking(100, None);
    play.tell(capped(32, 10)).tell(Event::Link(Link::Offline { last_heard: Some(start()) })).hand(Intent::Pay);
    assert!(recorded(&play).is_some());
}
