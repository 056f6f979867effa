//! A deposit that outlives the visit it was opened in: the next tap says what became of it.

use kiosk_core::*;
use madkort_protocol::*;

use crate::world::*;

/// Somebody who has not been told how a deposit of theirs ended.
fn untold(state: DepositState) -> Visitor {
    Visitor { deposit: Some(deposit_as(op(7), state)), ..visitor(78) }
}

fn printed(play: &Play) -> Vec<&Receipt> {
    play.effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Print { reference, paper: Paper::Receipt(receipt), .. } if *reference == op(7).to_string() => {
                Some(receipt)
            }
            _ => None,
        })
        .collect()
}

/// A tap, with everything that comes of it.
fn tapped(visitor: Visitor) -> Play {
    let mut play = Play::new();
    play.tell(Event::Tapped(uid())).tell(Event::Known(Box::new(visitor)));
    play
}

fn told(play: &Play) -> usize {
    play.effects.iter().filter(|effect| **effect == Effect::DepositTold(op(7))).count()
}

#[test]
fn whoever_was_cut_off_goes_on_where_they_were_and_hears_the_end_once() {
    let mut play = tapped(untold(DepositState::Open));
    let Page::DepositPay(page) = play.page() else { panic!("{:?}", play.page()) };
    assert_eq!((page.state, page.url.as_str()), (PayState::Waiting, "https://betal.hojager.example/pay/x"));
    assert!(play.effects.contains(&Effect::FollowDeposit(op(7))), "it is asked about");
    assert_eq!((told(&play), printed(&play).len()), (0, 0));

    for _ in 0..2 {
        play.tell(Event::DepositIs(Box::new(deposit_as(op(7), DepositState::Paid))));
    }
    let Page::DepositDone(done) = play.page() else { panic!("{:?}", play.page()) };
    assert_eq!((done.receipt.as_str(), done.balance), ("R-7", Money::from_kroner(178)));
    assert_eq!((told(&play), printed(&play).len()), (1, 1));
}

#[test]
fn what_was_paid_meanwhile_is_shown_at_the_next_tap_and_its_receipt_comes_out() {
    let mut parent = untold(DepositState::Paid);
    parent.accounts.insert(0, account(202, "Bertil", 40));
    let mut play = tapped(parent);
    let Page::DepositDone(done) = play.page() else { panic!("{:?}", play.page()) };
    assert_eq!((done.account.as_str(), done.amount), ("Alma", Money::from_kroner(100)), "of the account it went to");
    let papers = printed(&play);
    assert_eq!(papers.len(), 1);
    assert_eq!((papers[0].number.as_str(), papers[0].account.as_str()), ("R-7", "Alma"));
    assert_eq!(told(&play), 1);
    assert!(!play.effects.contains(&Effect::FollowDeposit(op(7))), "nothing is left to be asked");
    play.hand(Intent::Back);
    assert!(matches!(play.page(), Page::Home(_)));
}

#[test]
fn nobody_is_told_before_the_code_where_one_is_asked_for() {
    let mut play = Play::new();
    let asked = Visitor { ask_code: true, ..untold(DepositState::Paid) };
    play.tell(Event::Tapped(uid())).tell(Event::Known(Box::new(asked)));
    assert!(matches!(play.page(), Page::Code(_)), "{:?}", play.page());
    assert_eq!((told(&play), printed(&play).len()), (0, 0));
    play.digits("4321").tell(Event::CodeChecked(CodeAnswer::Right));
    assert!(matches!(play.page(), Page::DepositDone(_)), "{:?}", play.page());
    assert_eq!((told(&play), printed(&play).len()), (1, 1));
}

#[test]
fn what_was_not_paid_says_so_even_out_of_reach_of_the_server() {
    let ends = [
        (DepositState::Declined, PayState::Declined),
        (DepositState::Cancelled, PayState::Cancelled),
        (DepositState::Expired, PayState::Expired),
    ];
    for (state, shown) in ends {
        for link in [Link::Online, Link::Offline { last_heard: Some(start()) }] {
            let mut play = Play::new();
            play.tell(Event::Link(link)).tell(Event::Tapped(uid())).tell(Event::Known(Box::new(untold(state))));
            let Page::DepositPay(page) = play.page() else { panic!("{:?}", play.page()) };
            assert_eq!(page.state, shown);
            assert_eq!((told(&play), printed(&play).len()), (1, 0));
            play.hand(Intent::Back);
            assert!(matches!(play.page(), Page::Home(_)));
        }
    }
}

#[test]
fn out_of_reach_it_is_out_of_sight_and_can_be_walked_away_from() {
    let mut play = Play::new();
    play.tell(Event::Link(Link::Offline { last_heard: Some(start()) }));
    play.tell(Event::Tapped(uid())).tell(Event::Known(Box::new(untold(DepositState::Open))));
    let Page::DepositPay(page) = play.page() else { panic!("{:?}", play.page()) };
    assert_eq!(page.state, PayState::OutOfSight);
    play.tell(Event::Lifted);
    assert!(play.effects.contains(&Effect::ForgetDeposit(op(7))));
    assert_eq!(told(&play), 0, "its end is still to come");
}

#[test]
fn nobody_is_told_of_an_account_that_is_theirs_no_longer() {
    let mut gone = untold(DepositState::Paid);
    gone.deposit.as_mut().unwrap().account = account(999, "Bertil", 0).id;
    let play = tapped(gone);
    assert!(matches!(play.page(), Page::Home(_)), "{:?}", play.page());
    assert_eq!((told(&play), printed(&play).len()), (1, 0));
}
