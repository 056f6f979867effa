//! Visits that move money out, between accounts, or by itself.

use jiff::SignedDuration;
use kiosk_core::*;
use madkort_protocol::*;

use crate::world::*;

fn two_accounts() -> Visitor {
    let mut visitor = visitor(100);
    visitor.accounts.push(account(202, "Sofia", 5));
    visitor
}

/// At the accounts, with the code given on the way through the door.
fn inside(kind: TileKind) -> Play {
    let mut play = Play::inside(two_accounts());
    play.hand(Intent::Open(TileKind::Accounts)).hand(Intent::Open(kind));
    assert!(matches!(play.page(), Page::Code(_)), "money is behind the code");
    assert!(!play.screen_text().contains("Alma"));
    play.digits("1234").tell(Event::CodeChecked(CodeAnswer::Right));
    play
}

fn fill(play: &mut Play) {
    for (field, text) in [
        (Field::Amount, "40,50"),
        (Field::Name, "Karen Dahl"),
        (Field::Registration, "1234"),
        (Field::AccountNumber, "987 65 43"),
        (Field::Message, "retur"),
    ] {
        play.hand(Intent::Edit(field, text.into()));
    }
}

fn asked(play: &Play) -> Vec<WithdrawalRequest> {
    let find = |e: &Effect| if let Effect::Withdraw(request) = e { Some((**request).clone()) } else { None };
    play.effects.iter().filter_map(find).collect()
}

fn withdrawal(id: OperationId, stages: &[WithdrawalStage]) -> Withdrawal {
    Withdrawal {
        id,
        number: "0A1B2C3D".into(),
        account: visitor(0).accounts[0].id,
        amount: Money::from_ore(4_050),
        to: "6543".into(),
        steps: stages.iter().map(|stage| WithdrawalStep { stage: *stage, at: start() }).collect(),
        can_cancel: stages == [WithdrawalStage::Requested],
        balance: Money::from_ore(5_950),
    }
}

fn told(withdrawal: Withdrawal) -> Event {
    Event::WithdrawalIs(Box::new(withdrawal))
}

fn prints(play: &Play) -> Vec<Paper> {
    let find = |e: &Effect| if let Effect::Print { paper, .. } = e { Some(paper.clone()) } else { None };
    play.effects.iter().filter_map(find).collect()
}

/// As far as the second look.
fn checking() -> Play {
    let mut play = inside(TileKind::Withdraw);
    fill(&mut play);
    play.hand(Intent::Next);
    play
}

#[test]
fn everything_is_the_first_amount_and_the_account_is_shown_back_before_it_is_asked_for() {
    let mut play = inside(TileKind::Withdraw);
    assert!(play.effects.contains(&Effect::LoadWithdrawals(visitor(0).accounts[0].id)));
    let Page::Withdraw(page) = play.page() else { panic!("{:?}", play.page()) };
    assert_eq!((page.amount.as_str(), page.name.as_str()), ("100,00", NAME));
    fill(&mut play);
    play.hand(Intent::Next);
    let Page::WithdrawCheck(page) = play.page() else { panic!("{:?}", play.page()) };
    assert_eq!((page.bank.as_str(), page.name.as_str()), ("1234 · 0009 876 543", "Karen Dahl"));
    assert_eq!((page.amount, page.balance_after), (Money::from_ore(4_050), Money::from_ore(5_950)));
    assert_eq!(asked(&play), []);

    play.hand(Intent::Next);
    let request = asked(&play).remove(0);
    assert_eq!((request.registration.as_str(), request.account_number.as_str()), ("1234", "0009876543"));
    assert_eq!(prints(&play), []);
    play.tell(told(withdrawal(request.id, &[WithdrawalStage::Requested])));
    assert!(matches!(play.page(), Page::WithdrawDone(_)), "{:?}", play.page());
    play.tell(told(withdrawal(request.id, &[WithdrawalStage::Requested])));
    let [Paper::Withdrawal(slip)] = &prints(&play)[..] else { panic!("one slip") };
    assert_eq!((slip.to.as_str(), slip.balance), ("6543", Money::from_ore(5_950)));
    assert!(!format!("{slip:?}").contains("9876"), "the last digits and no more");
    play.hand(Intent::Back);
    assert!(matches!(play.page(), Page::Home(_)), "to my page");
}

#[test]
fn the_first_field_that_is_wrong_is_named_and_nothing_typed_is_lost() {
    let mut play = inside(TileKind::Withdraw);
    fill(&mut play);
    let problem = |play: &Play| match play.page() {
        Page::Withdraw(page) => page.problem,
        page => panic!("{page:?}"),
    };
    for (field, text, expected) in [
        (Field::Amount, "", FormProblem::AmountMissing),
        (Field::Amount, "0", FormProblem::AmountMissing),
        (Field::Amount, "100,01", FormProblem::OverBalance(Money::from_kroner(100))),
        (Field::Name, " ", FormProblem::Name),
        (Field::Registration, "123", FormProblem::Registration),
        (Field::AccountNumber, "DK50", FormProblem::AccountNumber),
    ] {
        fill(&mut play);
        play.hand(Intent::Edit(field, text.into())).hand(Intent::Next);
        assert_eq!(problem(&play), Some(expected), "{field:?} {text}");
    }
    let Page::Withdraw(page) = play.page() else { panic!() };
    assert_eq!((page.registration.as_str(), page.message.as_str()), ("1234", "retur"));
    play.hand(Intent::Edit(Field::AccountNumber, "1".into())).hand(Intent::Edit(Field::Amount, "0,01".into()));
    play.hand(Intent::Next);
    assert!(matches!(play.page(), Page::WithdrawCheck(_)), "one øre is enough");
}

#[test]
fn without_the_server_it_says_so_plainly_and_asks_nothing() {
    let mut play = inside(TileKind::Withdraw);
    play.tell(Event::Link(Link::Offline { last_heard: Some(start()) }));
    fill(&mut play);
    play.hand(Intent::Next);
    let Page::Withdraw(page) = play.page() else { panic!("{:?}", play.page()) };
    assert_eq!(page.problem, Some(FormProblem::NeedsConnection));
    assert_eq!(asked(&play), []);
}

#[test]
fn what_got_no_answer_is_asked_again_under_the_same_id() {
    let mut play = checking();
    play.hand(Intent::Next);
    let first = asked(&play).remove(0);
    play.hand(Intent::Back).hand(Intent::Next);
    assert_eq!(asked(&play).len(), 1, "not while it is being asked");
    play.tell(Event::RequestUnreachable(first.id));
    assert!(matches!(play.page(), Page::WithdrawCheck(WithdrawCheckPage { unsure: true, asking: false, .. })));
    play.hand(Intent::Next);
    assert_eq!(asked(&play), [first.clone(), first.clone()]);
    play.tell(told(withdrawal(first.id, &[WithdrawalStage::Requested])));
    assert!(matches!(play.page(), Page::WithdrawDone(_)));
}

#[test]
fn the_server_points_at_the_field_it_does_not_take() {
    let mut play = checking();
    play.hand(Intent::Next);
    let id = asked(&play)[0].id;
    play.tell(Event::RequestRefused { id: op(7), field: None });
    assert!(matches!(play.page(), Page::WithdrawCheck(_)), "of something else");
    play.tell(Event::RequestRefused { id, field: Some("registration".into()) });
    let Page::Withdraw(page) = play.page() else { panic!("{:?}", play.page()) };
    assert_eq!((page.problem, page.number.as_str()), (Some(FormProblem::Registration), "987 65 43"));
}

#[test]
fn money_that_was_spent_meanwhile_is_said_to_be_missing() {
    let ask = |play: &mut Play| {
        play.hand(Intent::Next);
        asked(play).pop().unwrap().id
    };
    let problem = |play: &Play| match play.page() {
        Page::Withdraw(page) => page.problem,
        page => panic!("{page:?}"),
    };
    let refused = |id| Event::RequestRefused { id, field: Some("amount".into()) };
    // The kiosk has heard of it already.
    let mut play = checking();
    let id = ask(&mut play);
    let mut poorer = two_accounts();
    poorer.accounts[0].balance = Money::from_kroner(3);
    play.tell(Event::Changed(Box::new(poorer))).tell(refused(id));
    assert_eq!(problem(&play), Some(FormProblem::OverBalance(Money::from_kroner(3))));
    // It has not: an amount is there, and nobody is told to type one.
    let mut play = checking();
    let id = ask(&mut play);
    play.tell(refused(id));
    assert_eq!(problem(&play), Some(FormProblem::Refused));
}

#[test]
fn an_earlier_one_is_called_off_until_the_bank_has_it() {
    use WithdrawalStage::{Cancelled, Requested, Sent};
    let mut play = inside(TileKind::Withdraw);
    let all = vec![withdrawal(op(1), &[Requested]), withdrawal(op(2), &[Requested, Sent])];
    let account = visitor(0).accounts[0].id;
    play.tell(Event::WithdrawalsAre(Box::new(Withdrawals { account, withdrawals: all })));
    play.hand(Intent::CancelWithdrawal(op(2)));
    assert!(!play.effects.contains(&Effect::CancelWithdrawal(op(2))));
    play.hand(Intent::CancelWithdrawal(op(1))).hand(Intent::CancelWithdrawal(op(1)));
    assert_eq!(play.effects.iter().filter(|e| **e == Effect::CancelWithdrawal(op(1))).count(), 1);
    play.tell(told(withdrawal(op(1), &[Requested, Cancelled])));
    let Page::Withdraw(page) = play.page() else { panic!("{:?}", play.page()) };
    let WithdrawalList::Here(list) = page.earlier else { panic!() };
    assert_eq!((list[0].stage(), page.cancelling), (Cancelled, false));
    assert_eq!(prints(&play), []);
}

#[test]
fn a_session_that_ran_out_asks_for_the_code_and_goes_on_with_the_same_id() {
    let mut play = checking();
    play.hand(Intent::Next);
    let first = asked(&play).remove(0);
    play.tell(Event::SignedOut);
    assert!(matches!(play.page(), Page::Code(_)));
    play.digits("1234").tell(Event::CodeChecked(CodeAnswer::Right));
    play.hand(Intent::Next);
    assert_eq!(asked(&play), [first.clone(), first]);
}

#[test]
fn where_the_money_goes_is_gone_with_the_card_and_is_in_no_debug_text() {
    let mut play = checking();
    assert!(!format!("{:?}", play.kiosk).contains("987 65 43"));
    play.tell(Event::Lifted);
    assert!(!play.screen_text().contains("9876") && !format!("{:?}", play.kiosk).contains("Karen"));
}

#[test]
fn a_transfer_goes_to_the_only_other_account_once() {
    let mut play = inside(TileKind::Transfer);
    let find = |e: &Effect| if let Effect::Transfer(request) = e { Some(request.clone()) } else { None };
    play.hand(Intent::Edit(Field::Amount, "100,01".into())).hand(Intent::Next);
    let Page::Transfer(page) = play.page() else { panic!("{:?}", play.page()) };
    assert_eq!(page.problem, Some(FormProblem::OverBalance(Money::from_kroner(100))));
    assert_eq!(page.targets.iter().map(|(place, t)| (*place, t.chosen)).collect::<Vec<_>>(), [(1, true)]);
    play.hand(Intent::Edit(Field::Amount, "25".into())).hand(Intent::Next);
    let request = play.effects.iter().find_map(find).unwrap();
    assert_eq!((request.amount, request.to), (Money::from_kroner(25), two_accounts().accounts[1].id));
    play.tell(Event::RequestUnreachable(request.id));
    assert!(matches!(play.page(), Page::Transfer(TransferPage { unsure: true, .. })));
    play.hand(Intent::Next);
    assert!(play.effects.iter().filter_map(find).all(|again| again == request));
    let moved = Transfer {
        id: request.id,
        number: "00FF00FF".into(),
        from: request.from,
        to: request.to,
        amount: request.amount,
        at: start(),
        from_balance: Money::from_kroner(75),
        to_balance: Money::from_kroner(30),
    };
    play.tell(Event::TransferIs(Box::new(moved)));
    let Page::TransferDone(done) = play.page() else { panic!("{:?}", play.page()) };
    assert_eq!((done.from.as_str(), done.to.as_str(), done.balance), ("Alma", "Sofia", Money::from_kroner(75)));
    assert!(matches!(&prints(&play)[..], [Paper::Transfer(_)]));
}

#[test]
fn nothing_moves_without_a_target_or_the_server() {
    let mut visitor = two_accounts();
    visitor.accounts.push(account(203, "Villads", 0));
    let mut play = Play::inside(visitor);
    play.hand(Intent::Open(TileKind::Accounts)).hand(Intent::Open(TileKind::Transfer));
    play.digits("1234").tell(Event::CodeChecked(CodeAnswer::Right));
    let problem = |play: &Play| match play.page() {
        Page::Transfer(page) => page.problem,
        page => panic!("{page:?}"),
    };
    play.hand(Intent::Edit(Field::Amount, "1".into())).hand(Intent::Next);
    assert_eq!(problem(&play), Some(FormProblem::Target));
    play.hand(Intent::ToAccount(0)).hand(Intent::ToAccount(9)).hand(Intent::Next);
    assert_eq!(problem(&play), Some(FormProblem::Target), "not to itself, not to nobody");
    play.tell(Event::Link(Link::Offline { last_heard: Some(start()) }));
    play.hand(Intent::ToAccount(2)).hand(Intent::Next);
    assert_eq!(problem(&play), Some(FormProblem::NeedsConnection));
    assert!(!play.effects.iter().any(|e| matches!(e, Effect::Transfer(_))));
}

fn details(stopped_by: Option<StopReason>, on: bool) -> Event {
    let kr = Money::from_kroner;
    let state = if stopped_by.is_some() { AutoRechargeState::Suspended } else { AutoRechargeState::Armed };
    let standing = AutoRechargeStanding {
        auto_recharge: AutoRecharge { amount: kr(100), below: kr(50), state },
        stopped_by,
        card: Some("4242".into()),
        day_cap: kr(200),
        week_cap: Some(kr(400)),
        month_cap: kr(1000),
    };
    Event::AutoRechargeIs(Box::new(AutoRechargeDetails {
        account: visitor(0).accounts[0].id,
        standing: on.then_some(standing),
        below: kr(50),
        armed_from: kr(100),
        missing: Money::ZERO,
        charges: vec![],
    }))
}

fn page_for_card(id: OperationId, state: MandatePageState) -> Event {
    Event::MandatePageIs(Box::new(MandatePage {
        id,
        account: visitor(0).accounts[0].id,
        amount: Money::from_kroner(100),
        state,
        url: "https://betal.hojager.example/mandate/x".into(),
        expires_at: start() + SignedDuration::from_mins(10),
    }))
}

fn opened(play: &Play) -> MandatePageRequest {
    let find = |e: &Effect| if let Effect::OpenMandatePage(request) = e { Some((**request).clone()) } else { None };
    play.effects.iter().find_map(find).unwrap()
}

#[test]
fn auto_top_up_begins_on_the_phone_with_terms_that_were_accepted() {
    let mut play = inside(TileKind::AutoRecharge);
    let account = visitor(0).accounts[0].id;
    assert!(play.effects.contains(&Effect::LoadAutoRecharge(account)));
    play.tell(details(None, false)).hand(Intent::Next);
    let Page::DepositAmount(page) = play.page() else { panic!("{:?}", play.page()) };
    assert_eq!((page.auto.unwrap().below, page.accepted), (Money::from_kroner(50), false));
    play.hand(Intent::Preset(100)).hand(Intent::Next);
    let Page::DepositAmount(page) = play.page() else { panic!("{:?}", play.page()) };
    assert_eq!(page.problem, Some(FormProblem::Terms), "the box is never ticked beforehand");
    play.hand(Intent::AcceptTerms(true)).hand(Intent::Next);
    let request = opened(&play);
    assert!(matches!(&request.agreement, Agreement::Begin { terms_version, .. } if terms_version == "2026-08"));
    play.tell(page_for_card(request.id, MandatePageState::Open));
    assert!(matches!(play.page(), Page::DepositPay(DepositPayPage { auto: true, state: PayState::Waiting, .. })));
    play.wait(119);
    assert_eq!(play.kiosk.view().warning, None, "a phone takes its time");
    play.effects.clear();
    play.tell(page_for_card(request.id, MandatePageState::Given));
    assert!(play.effects.contains(&Effect::LoadAutoRecharge(account)));
    play.tell(details(None, true));
    assert!(matches!(play.page(), Page::AutoRecharge(_)));
}

#[test]
fn it_says_why_it_stopped_and_another_card_starts_it() {
    let mut play = inside(TileKind::AutoRecharge);
    play.tell(details(Some(StopReason::CardGone), true));
    let Page::AutoRecharge(page) = play.page() else { panic!("{:?}", play.page()) };
    let AutoRechargeBody::Here(shown) = page.body else { panic!() };
    assert_eq!(shown.standing.unwrap().stopped_by, Some(StopReason::CardGone));
    play.hand(Intent::AnotherCard);
    let request = opened(&play);
    assert_eq!(request.agreement, Agreement::AnotherCard);
    play.tell(Event::RequestUnreachable(request.id));
    let Page::AutoRecharge(page) = play.page() else { panic!("{:?}", play.page()) };
    assert_eq!(page.problem, Some(FormProblem::Unreachable));
    play.hand(Intent::AnotherCard);
    let again = play.effects.iter().rev().find_map(|e| match e {
        Effect::OpenMandatePage(request) => Some(request.id),
        _ => None,
    });
    play.tell(page_for_card(again.unwrap(), MandatePageState::Open));
    play.tell(Event::Lifted);
    assert!(play.effects.contains(&Effect::ForgetDeposit(again.unwrap())), "it goes on without the kiosk");
}

#[test]
fn a_pause_is_one_touch_and_a_stop_is_two() {
    let change = |wish| Effect::ChangeAutoRecharge { account: visitor(0).accounts[0].id, card: visitor(0).card, wish };
    let mut play = inside(TileKind::AutoRecharge);
    play.tell(details(None, true)).hand(Intent::AutoRecharge(MandateWish::Pause));
    assert!(play.effects.contains(&change(MandateWish::Pause)));
    play.tell(details(Some(StopReason::Paused), true)).hand(Intent::AutoRecharge(MandateWish::Resume));
    assert!(play.effects.contains(&change(MandateWish::Resume)));
    play.tell(Event::AutoRechargeUnreachable(visitor(0).accounts[0].id));
    let Page::AutoRecharge(page) = play.page() else { panic!("{:?}", play.page()) };
    assert_eq!(page.problem, Some(FormProblem::Unsure));
    play.hand(Intent::AutoRecharge(MandateWish::Cancel));
    assert!(matches!(play.page(), Page::StopAutoRecharge(_)));
    assert!(!play.effects.contains(&change(MandateWish::Cancel)));
    play.hand(Intent::Back);
    assert!(matches!(play.page(), Page::AutoRecharge(_)));
    play.hand(Intent::AutoRecharge(MandateWish::Cancel)).hand(Intent::Next);
    assert!(play.effects.contains(&change(MandateWish::Cancel)));
    play.tell(details(None, false));
    let Page::AutoRecharge(page) = play.page() else { panic!("{:?}", play.page()) };
    assert!(matches!(page.body, AutoRechargeBody::Here(here) if here.standing.is_none()));
}

#[test]
fn orders_are_listed_and_taken_back_until_their_cut_off() {
    let order = |n, date, state| Order {
        id: op(n),
        number: format!("K1-{n}"),
        account: visitor(0).accounts[0].id,
        date,
        lines: vec![],
        total: Money::from_kroner(32),
        state,
        picked_up_at: None,
    };
    let mut visitor = visitor(100);
    visitor.orders = vec![
        order(1, TODAY, OrderState::Captured),
        order(2, TOMORROW, OrderState::Held),
        order(3, TOMORROW, OrderState::Released),
    ];
    let mut play = Play::inside(visitor);
    play.hand(Intent::Open(TileKind::Orders));
    let Page::Orders(page) = play.page() else { panic!("{:?}", play.page()) };
    let shown: Vec<_> = page.orders.iter().map(|o| (o.number.as_str(), o.can_cancel)).collect();
    assert_eq!(shown, [("K1-1", false), ("K1-2", true), ("K1-3", false)], "the one that was paid back is told too");
    play.hand(Intent::CancelOrder(op(1))).hand(Intent::CancelOrder(op(2))).hand(Intent::CancelOrder(op(2)));
    let taken_back = |e: &&Effect| matches!(e, Effect::Record { draft: Draft::Cancel(_), .. });
    assert_eq!(play.effects.iter().filter(taken_back).count(), 1);
    play.hand(Intent::Back);
    assert!(matches!(play.page(), Page::Home(_)));
}
