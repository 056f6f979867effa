//! Konti: accounts and their cards, and the switch that stops a card.

use kiosk_core::*;
use madkort_protocol::*;
use uuid::Uuid;

use crate::world::*;

const CHILDS: CardId = CardId::new(Uuid::from_u128(302));

/// A parent with one child, whose card stands as told.
fn parent(childs: CardStatus) -> Visitor {
    let child = account(202, "Bertil", 40);
    let mut parent = visitor(10);
    parent.person.kind = PersonKind::Guardian;
    parent.cards.push(VisitorCard { id: CHILDS, masked: "···· 0302".into(), person: child.owner, status: childs });
    parent.accounts.push(child);
    parent
}

fn listed(play: &Play) -> AccountsPage {
    let Page::Accounts(page) = play.page() else { panic!("{:?}", play.page()) };
    page
}

fn recorded(play: &Play) -> (OperationId, SetCardBlock) {
    let change = play.effects.iter().rev().find_map(|effect| match effect {
        Effect::Record { id, draft: Draft::CardBlock(change), slip: None } => Some((*id, change.clone())),
        _ => None,
    });
    change.unwrap()
}

#[test]
fn each_account_shows_its_balance_and_its_cards() {
    let mut play = Play::inside(parent(CardStatus::Blocked));
    play.hand(Intent::Open(TileKind::Accounts));
    let page = listed(&play);
    let accounts: Vec<_> = page.accounts.iter().map(|a| (a.label.as_str(), a.balance, a.active)).collect();
    assert_eq!(accounts, [("Alma", Money::from_kroner(10), true), ("Bertil", Money::from_kroner(40), false)]);
    assert_eq!((page.accounts[0].cards[0].here, page.accounts[1].cards[0].here), (true, false));
    assert_eq!(page.accounts[1].cards[0].status, CardStatus::Blocked);
    // From here to paying in on that very account.
    play.hand(Intent::Account(1)).hand(Intent::Open(TileKind::Deposit));
    let Page::DepositAmount(page) = play.page() else { panic!("{:?}", play.page()) };
    assert_eq!(page.account, "Bertil");
}

#[test]
fn a_card_is_blocked_by_two_touches_and_only_then_on_disk() {
    let mut play = Play::inside(parent(CardStatus::Active));
    play.hand(Intent::Open(TileKind::Accounts)).hand(Intent::BlockCard(CHILDS));
    let Page::BlockCard(page) = play.page() else { panic!("{:?}", play.page()) };
    assert_eq!((page.account.as_str(), page.here), ("Bertil", false));
    assert!(!play.effects.iter().any(|effect| matches!(effect, Effect::Record { .. })));
    play.hand(Intent::Back);
    assert!(!listed(&play).recording);
    play.hand(Intent::BlockCard(CHILDS)).hand(Intent::Next);
    let (id, change) = recorded(&play);
    assert_eq!(change, SetCardBlock { card: visitor(0).card, target: CHILDS, blocked: true });
    assert!(listed(&play).recording);
    play.tell(Event::Recorded { id, number: "K1-1".into(), visitor: Box::new(parent(CardStatus::Blocked)) });
    let page = listed(&play);
    assert!(!page.recording);
    assert_eq!(page.accounts[1].cards[0].status, CardStatus::Blocked);
}

#[test]
fn opening_a_card_wants_the_code() {
    let mut play = Play::inside(parent(CardStatus::Blocked));
    play.hand(Intent::Open(TileKind::Accounts)).hand(Intent::UnblockCard(CHILDS));
    assert!(matches!(play.page(), Page::Code(CodePage { inside: true, .. })));
    play.digits("4711").tell(Event::CodeChecked(CodeAnswer::Right));
    let (id, change) = recorded(&play);
    assert_eq!(change, SetCardBlock { card: visitor(0).card, target: CHILDS, blocked: false });
    play.tell(Event::Recorded { id, number: "K1-1".into(), visitor: Box::new(parent(CardStatus::Active)) });
    assert!(listed(&play).accounts[1].active);
}

#[test]
fn blocking_the_card_on_the_reader_ends_the_visit() {
    let own = visitor(78).card;
    let mut play = Play::inside(visitor(78));
    play.hand(Intent::Open(TileKind::Accounts)).hand(Intent::BlockCard(own));
    assert!(matches!(play.page(), Page::BlockCard(BlockCardPage { here: true, .. })));
    play.hand(Intent::Next);
    let (id, _) = recorded(&play);
    let blocked = Visitor { status: CardStatus::Blocked, ..visitor(78) };
    play.tell(Event::Recorded { id, number: "K1-1".into(), visitor: Box::new(blocked) });
    assert!(matches!(play.page(), Page::Idle(IdlePage { notice: Some(Notice::NowBlocked), .. })));
    assert!(!play.screen_text().contains(NAME));
}

#[test]
fn what_is_not_theirs_or_gone_for_good_has_no_switch() {
    let stranger = CardId::new(Uuid::from_u128(999));
    let mut play = Play::signed_in(parent(CardStatus::Replaced));
    play.hand(Intent::Open(TileKind::Accounts));
    assert!(!listed(&play).accounts[1].cards[0].can_switch);
    for card in [stranger, CHILDS] {
        play.hand(Intent::BlockCard(card)).hand(Intent::UnblockCard(card)).hand(Intent::Next);
    }
    assert!(!play.effects.iter().any(|effect| matches!(effect, Effect::Record { .. })));

    let mut guest = visitor(78);
    guest.person.kind = PersonKind::Guest;
    let mut play = Play::inside(guest);
    play.hand(Intent::Open(TileKind::Accounts)).hand(Intent::BlockCard(visitor(0).card));
    assert!(!listed(&play).accounts[0].cards[0].can_switch);
}
