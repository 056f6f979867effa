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
    let mut play = Play::inside(parent(CardStatus::BlockedByGuardian));
    play.hand(Intent::Open(TileKind::Accounts));
    let page = listed(&play);
    let accounts: Vec<_> = page.accounts.iter().map(|a| (a.label.as_str(), a.balance, a.active)).collect();
    assert_eq!(accounts, [("Alma", Money::from_kroner(10), true), ("Bertil", Money::from_kroner(40), false)]);
    assert_eq!((page.accounts[0].cards[0].here, page.accounts[1].cards[0].here), (true, false));
    assert_eq!(page.accounts[1].cards[0].status, CardStatus::BlockedByGuardian);
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
    play.tell(Event::Recorded { id, number: "K1-1".into(), visitor: Box::new(parent(CardStatus::BlockedByGuardian)) });
    let page = listed(&play);
    assert!(!page.recording);
    assert_eq!(page.accounts[1].cards[0].status, CardStatus::BlockedByGuardian);
}

#[test]
fn opening_a_card_wants_the_code() {
    let mut play = Play::inside(parent(CardStatus::BlockedByGuardian));
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
    let blocked = Visitor { status: CardStatus::BlockedByHolder, ..visitor(78) };
    play.tell(Event::Recorded { id, number: "K1-1".into(), visitor: Box::new(blocked) });
    assert!(matches!(play.page(), Page::Idle(IdlePage { notice: Some(Notice::NowBlocked), .. })));
    assert!(!play.screen_text().contains(NAME));
}

#[test]
fn what_was_blocked_for_somebody_is_not_opened_with_another_card_of_theirs() {
    for (status, can_switch) in [(CardStatus::BlockedByHolder, true), (CardStatus::BlockedByGuardian, false)] {
        let mut pupil = visitor(78);
        let other = VisitorCard { id: CHILDS, masked: "···· 0302".into(), person: pupil.person.id, status };
        pupil.cards.push(other);
        let mut play = Play::signed_in(pupil);
        play.hand(Intent::Open(TileKind::Accounts));
        assert_eq!(listed(&play).accounts[0].cards[1].can_switch, can_switch, "{status:?}");
        play.hand(Intent::UnblockCard(CHILDS));
        let asked = play.effects.iter().any(|effect| matches!(effect, Effect::Record { .. }));
        assert_eq!(asked, can_switch, "{status:?}");
    }
}

fn self_blocked() -> Visitor {
    let mut blocked = visitor(78);
    blocked.status = CardStatus::BlockedByHolder;
    blocked.cards[0].status = CardStatus::BlockedByHolder;
    blocked
}

fn asked_to_open(play: &Play) -> usize {
    play.effects.iter().filter(|effect| matches!(effect, Effect::OpenCard { .. })).count()
}

fn code_page(play: &Play) -> CodePage {
    let Page::Code(page) = play.page() else { panic!("{:?}", play.page()) };
    page
}

#[test]
fn whoever_blocked_their_own_card_opens_it_with_its_code_and_is_in() {
    let mut play = Play::new();
    play.tell(Event::Tapped(uid())).tell(Event::Known(Box::new(self_blocked())));
    assert!(code_page(&play).blocked);
    assert!(!play.screen_text().contains(NAME), "nothing of theirs before the code");
    // Nothing else is to be had.
    for intent in
        [Intent::Open(TileKind::Order), Intent::Open(TileKind::Accounts), Intent::UnblockCard(visitor(0).card)]
    {
        play.hand(intent);
        assert!(code_page(&play).blocked);
    }
    play.digits("0000").tell(Event::CodeChecked(CodeAnswer::Wrong { tries_left: 4 }));
    assert_eq!(code_page(&play).message, Some(CodeMessage::Wrong { tries_left: 4 }));
    play.digits("4711");
    assert!(play.effects.contains(&Effect::OpenCard { card: visitor(0).card, code: "4711".into() }));
    assert!(
        !play.effects.iter().any(|effect| matches!(effect, Effect::CheckCode { .. })),
        "a code alone lets nobody in"
    );
    play.tell(Event::CodeChecked(CodeAnswer::Right));
    assert!(matches!(play.page(), Page::Home(_)), "{:?}", play.page());
    play.hand(Intent::Open(TileKind::Accounts));
    let page = listed(&play);
    assert_eq!((page.accounts[0].active, page.accounts[0].cards[0].status), (true, CardStatus::Active));
    // The code was given: nothing asks for it again.
    play.hand(Intent::Back).hand(Intent::Open(TileKind::Statement));
    assert!(matches!(play.page(), Page::Statement(_)));
}

#[test]
fn a_password_opens_it_as_well_and_too_many_tries_wait() {
    let mut play = Play::new();
    play.tell(Event::Tapped(uid())).tell(Event::Known(Box::new(self_blocked())));
    let until = start() + jiff::SignedDuration::from_secs(30);
    play.digits("0000").tell(Event::CodeChecked(CodeAnswer::Wait { until })).digits("4711");
    assert_eq!(asked_to_open(&play), 1, "the second is not looked at");
    play.wait(31).hand(Intent::WithPassword);
    play.hand(Intent::Type(Field::Password, "blåbærgrød på fredag".into())).hand(Intent::Send);
    let card = visitor(0).card;
    assert!(play.effects.contains(&Effect::OpenCard { card, code: "blåbærgrød på fredag".into() }));
    play.tell(Event::CodeChecked(CodeAnswer::Right));
    assert!(matches!(play.page(), Page::Home(_)));
}

#[test]
fn a_card_is_opened_by_the_server_only() {
    let mut play = Play::new();
    play.tell(Event::Link(Link::Offline { last_heard: Some(start()) }));
    play.tell(Event::Tapped(uid())).tell(Event::Known(Box::new(self_blocked())));
    let page = code_page(&play);
    assert_eq!((page.blocked, page.password, page.message), (true, false, Some(CodeMessage::OutOfReach)));
    play.digits("4711");
    assert_eq!(asked_to_open(&play), 0);
    play.tell(Event::Link(Link::Online));
    assert_eq!(code_page(&play).message, None);
    play.digits("4711").tell(Event::CodeChecked(CodeAnswer::OutOfReach));
    assert_eq!(code_page(&play).message, Some(CodeMessage::OutOfReach));
    play.digits("4711");
    assert_eq!(asked_to_open(&play), 2, "and again");
}

#[test]
fn a_card_that_others_open_or_shut_meanwhile_is_no_trap() {
    let blocked_as = |status| Event::Changed(Box::new(Visitor { status, ..self_blocked() }));
    let door = || {
        let mut play = Play::new();
        play.tell(Event::Tapped(uid())).tell(Event::Known(Box::new(self_blocked())));
        play
    };
    // A parent has opened it: it is a card like any other, and its code lets in.
    let mut play = door();
    play.tell(blocked_as(CardStatus::Active));
    assert!(!code_page(&play).blocked);
    play.digits("4711");
    assert!(play.effects.iter().any(|effect| matches!(effect, Effect::CheckCode { .. })));
    // Something else about them has changed: they go on.
    let mut play = door();
    play.digits("47").tell(Event::Changed(Box::new(Visitor { ask_code: true, ..self_blocked() })));
    assert_eq!((code_page(&play).typed, code_page(&play).blocked), (2, true));
    // The office has blocked it, or it was replaced.
    for (status, said) in [
        (CardStatus::Blocked, Notice::BlockedCard),
        (CardStatus::BlockedByGuardian, Notice::BlockedCard),
        (CardStatus::Replaced, Notice::ReplacedCard),
    ] {
        let mut play = door();
        play.tell(blocked_as(status));
        let Page::Idle(idle) = play.page() else { panic!("{:?}", play.page()) };
        assert_eq!(idle.notice, Some(said));
    }
    // And a card that is in use stops where it is, whoever blocks it.
    let mut play = Play::inside(visitor(78));
    play.tell(Event::Changed(Box::new(self_blocked())));
    assert!(matches!(play.page(), Page::Idle(IdlePage { notice: Some(Notice::BlockedCard), .. })));
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
    // What the office has blocked is opened there.
    let mut play = Play::signed_in(parent(CardStatus::Blocked));
    play.hand(Intent::Open(TileKind::Accounts)).hand(Intent::UnblockCard(CHILDS));
    assert!(!listed(&play).accounts[1].cards[0].can_switch);
    assert!(!play.effects.iter().any(|effect| matches!(effect, Effect::Record { .. })));

    let mut guest = visitor(78);
    guest.person.kind = PersonKind::Guest;
    let mut play = Play::inside(guest);
    play.hand(Intent::Open(TileKind::Accounts)).hand(Intent::BlockCard(visitor(0).card));
    assert!(!listed(&play).accounts[0].cards[0].can_switch);
}
