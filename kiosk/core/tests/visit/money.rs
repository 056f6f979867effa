//! Visits that move money: deposits, orders, tickets, statements.

use kiosk_core::*;
use madkort_protocol::*;

use crate::world::*;

fn deposit(id: OperationId, state: DepositState) -> Event {
    Event::DepositIs(Box::new(deposit_as(id, state)))
}

fn opened(play: &Play) -> OperationId {
    let find = |e: &Effect| if let Effect::OpenDeposit(request) = e { Some(request.id) } else { None };
    play.effects.iter().find_map(find).unwrap()
}

fn prints(play: &Play) -> usize {
    play.effects.iter().filter(|e| matches!(e, Effect::Print { .. })).count()
}

/// As far as the QR code.
fn paying() -> (Play, OperationId) {
    let mut play = Play::inside(visitor(78));
    play.hand(Intent::Open(TileKind::Deposit)).hand(Intent::Preset(100)).hand(Intent::AcceptTerms(true));
    play.hand(Intent::Next);
    let id = opened(&play);
    play.tell(deposit(id, DepositState::Open));
    assert!(matches!(play.page(), Page::DepositPay(DepositPayPage { state: PayState::Waiting, minutes_left: 10, .. })));
    (play, id)
}

#[test]
fn a_deposit_is_paid_when_the_server_says_so_and_printed_once() {
    let (mut play, id) = paying();
    assert_eq!(prints(&play), 0);
    play.tell(deposit(id, DepositState::Paid));
    let Page::DepositDone(done) = play.page() else { panic!("{:?}", play.page()) };
    assert_eq!((done.receipt.as_str(), done.balance), ("R-7", Money::from_kroner(178)));
    play.tell(deposit(id, DepositState::Paid));
    assert_eq!(prints(&play), 1, "the same word twice prints once");
    // What is still to come is not asked for twice; what came out is had again, under the same reference: the spool marks it KOPI.
    play.hand(Intent::Print);
    assert_eq!(prints(&play), 1);
    play.tell(Event::Paper { reference: id.to_string(), state: PrintState::Printed }).hand(Intent::Print);
    let papers: Vec<_> = play.effects.iter().filter(|e| matches!(e, Effect::Print { .. })).collect();
    assert_eq!(papers.len(), 2);
    assert_eq!(papers[0], papers[1]);
    assert!(matches!(play.page(), Page::DepositDone(DepositDonePage { paper: PrintState::Printing, .. })));
}

#[test]
fn the_slip_of_an_order_is_printed_again_as_a_copy() {
    let mut shopper = visitor(78);
    let line = OrderLine {
        product: product_id(LASAGNE),
        name_da: "Lasagne".into(),
        name_en: "Lasagne (en)".into(),
        quantity: 2,
        price: Money::from_kroner(16),
        vat_percent: 25,
        comment: "uden løg".into(),
    };
    // Half past eleven in Denmark, by the kiosk that placed it.
    let at: jiff::Timestamp = "2026-11-22T10:30:00Z".parse().unwrap();
    let id = uuid::Builder::from_unix_timestamp_millis(u64::try_from(at.as_millisecond()).unwrap(), &[7; 10]);
    let id = OperationId::new(id.into_uuid());
    shopper.orders = vec![
        Order { id, lines: vec![line], ..held_order(&shopper) },
        Order { id: op(6), state: OrderState::Released, ..held_order(&shopper) },
    ];
    let mut play = Play::inside(shopper);
    play.hand(Intent::Open(TileKind::Orders));
    // What was taken back, and what is not there, has no slip.
    play.hand(Intent::PrintOrder(op(6))).hand(Intent::PrintOrder(op(99)));
    assert_eq!(prints(&play), 0);
    play.hand(Intent::PrintOrder(id));
    let paper = play.effects.iter().find_map(|e| match e {
        Effect::Print { reference, paper: Paper::Order(slip), .. } => Some((reference.clone(), slip.clone())),
        _ => None,
    });
    let (reference, slip) = paper.unwrap();
    assert_eq!((reference, slip.copy, slip.at), (id.to_string(), true, at));
    assert_eq!((slip.total, slip.vat, slip.balance), (Money::from_kroner(32), Money::from_ore(640), None));
    assert_eq!((slip.number.as_str(), slip.lines[0].name.as_str(), slip.lines[0].quantity), ("K1-3", "Lasagne", 2));
    assert_eq!((slip.lines[0].amount, slip.lines[0].comment.as_str()), (Money::from_kroner(32), "uden løg"));
    let shown = |play: &Play| match play.page() {
        Page::Orders(page) => page.paper,
        page => panic!("{page:?}"),
    };
    assert_eq!(shown(&play), Some(PrintState::Printing));
    play.hand(Intent::PrintOrder(id));
    assert_eq!(prints(&play), 1, "one at a time");
    play.tell(Event::Paper { reference: id.to_string(), state: PrintState::Printed });
    assert_eq!(shown(&play), Some(PrintState::Printed));
    play.hand(Intent::PrintOrder(id));
    assert_eq!(prints(&play), 2);
}

#[test]
fn a_form_says_what_is_missing_in_order_and_keeps_what_was_typed() {
    let mut play = Play::inside(visitor(78));
    play.hand(Intent::Open(TileKind::Deposit));
    let problem = |play: &Play| match play.page() {
        Page::DepositAmount(page) => page.problem,
        page => panic!("{page:?}"),
    };
    play.hand(Intent::Next);
    assert_eq!(problem(&play), Some(FormProblem::AmountMissing));
    play.digits("100000").hand(Intent::Next);
    assert_eq!(problem(&play), Some(FormProblem::AmountTooHigh(Money::from_kroner(5000))));
    play.hand(Intent::Preset(100)).hand(Intent::Edit(Field::Email, "alma@".into())).hand(Intent::Next);
    assert_eq!(problem(&play), Some(FormProblem::Email));
    play.hand(Intent::Edit(Field::Email, "alma@hojager.example".into())).hand(Intent::Next);
    assert_eq!(problem(&play), Some(FormProblem::Terms), "the box is never ticked beforehand");
    let Page::DepositAmount(page) = play.page() else { panic!() };
    assert_eq!((page.kroner.as_str(), page.email.as_str()), ("100", "alma@hojager.example"));
}

#[test]
fn a_server_out_of_sight_is_never_called_a_failed_payment() {
    let (mut play, id) = paying();
    play.tell(Event::DepositUnreachable(id));
    assert!(matches!(play.page(), Page::DepositPay(DepositPayPage { state: PayState::OutOfSight, .. })));
    play.tell(deposit(id, DepositState::Unknown));
    assert!(matches!(play.page(), Page::DepositPay(DepositPayPage { state: PayState::Examining, .. })));
    play.tell(deposit(id, DepositState::Paid));
    assert!(matches!(play.page(), Page::DepositDone(_)));
}

#[test]
fn a_payment_is_given_up_by_the_server_not_by_the_screen() {
    let (mut play, id) = paying();
    play.hand(Intent::CancelPayment);
    assert!(play.effects.contains(&Effect::CancelDeposit(id)));
    // The phone was faster.
    play.tell(deposit(id, DepositState::Paid));
    assert!(matches!(play.page(), Page::DepositDone(_)));

    let (mut play, id) = paying();
    play.hand(Intent::CancelPayment).tell(deposit(id, DepositState::Cancelled));
    assert!(matches!(play.page(), Page::DepositPay(DepositPayPage { state: PayState::Cancelled, .. })));
    play.hand(Intent::Back);
    assert!(matches!(play.page(), Page::Home(_)));
}

#[test]
fn a_payment_waits_longer_than_a_person_and_goes_on_without_the_card() {
    let (mut play, id) = paying();
    play.wait(119);
    assert_eq!(play.kiosk.view().warning, None);
    play.tell(Event::Lifted);
    assert!(play.effects.contains(&Effect::ForgetDeposit(id)));
    play.tell(deposit(id, DepositState::Paid));
    assert!(matches!(play.page(), Page::Idle(_)), "the next person does not see it");
    assert_eq!(prints(&play), 0);
}

#[test]
fn whoever_was_long_on_the_phone_has_time_to_read_what_came_of_it() {
    let (mut play, id) = paying();
    play.wait(110).tell(deposit(id, DepositState::Paid)).wait(29);
    assert!(matches!(play.page(), Page::DepositDone(_)), "{:?}", play.page());
    assert_eq!(play.kiosk.view().warning, None);
    play.wait(1);
    assert_eq!(play.kiosk.view().warning, Some(20));
    // A line that comes and goes is no sign of life.
    let (mut play, id) = paying();
    play.wait(110).tell(Event::DepositUnreachable(id)).wait(1);
    assert!(matches!(play.page(), Page::Idle(_)));
}

#[test]
fn no_deposit_while_the_server_is_out_of_reach() {
    let mut play = Play::inside(visitor(78));
    play.tell(Event::Link(Link::Offline { last_heard: Some(start()) }));
    let Page::Home(home) = play.page() else { panic!() };
    let why = |kind| home.tiles.iter().find(|t| t.kind == kind).unwrap().why_not;
    assert_eq!(why(TileKind::Deposit), Some(WhyNot::Offline));
    assert_eq!((why(TileKind::Order), why(TileKind::Support)), (None, None));
    play.hand(Intent::Open(TileKind::Deposit));
    assert!(matches!(play.page(), Page::Home(_)));
}

/// At the check-out with a lasagne.
fn checking(kroner: i32) -> Play {
    let mut play = Play::inside(visitor(kroner));
    play.hand(Intent::Open(TileKind::Order)).hand(Intent::Add(product_id(LASAGNE))).hand(Intent::Checkout);
    play
}

fn recorded(play: &Play) -> Option<(OperationId, PlaceOrder)> {
    play.effects.iter().find_map(|e| match e {
        Effect::Record { id, draft: Draft::Order { order, .. }, slip: Some(_) } => Some((*id, order.clone())),
        _ => None,
    })
}

#[test]
fn an_order_is_thanked_for_when_it_is_on_disk() {
    let mut play = Play::inside(visitor(78));
    play.hand(Intent::Open(TileKind::Order));
    let Page::Menu(menu) = play.page() else { panic!("{:?}", play.page()) };
    assert!(menu.day.tomorrow && menu.day.open, "today has closed");
    play.hand(Intent::Add(product_id(LASAGNE))).hand(Intent::Add(product_id(MILK))).hand(Intent::Add(product_id(MILK)));
    play.hand(Intent::Checkout);
    play.hand(Intent::Edit(Field::Comment(product_id(LASAGNE)), "uden løg\u{1b}p".into()));
    play.hand(Intent::Pay);
    let (id, order) = recorded(&play).unwrap();
    assert_eq!((order.date, order.total), (TOMORROW, Money::from_kroner(44)));
    assert_eq!(order.lines[0].comment, "uden løg p", "no control characters leave the kiosk");
    assert!(matches!(play.page(), Page::Checkout(CheckoutPage { recording: true, .. })));
    play.hand(Intent::Pay).hand(Intent::Back).hand(Intent::Add(product_id(MILK)));
    assert_eq!(play.effects.iter().filter(|e| matches!(e, Effect::Record { .. })).count(), 1, "one touch, one order");

    play.tell(Event::Recorded { id, number: "K1-9".into(), visitor: Box::new(visitor(34)) });
    let Page::OrderDone(done) = play.page() else { panic!("{:?}", play.page()) };
    assert_eq!((done.number.as_str(), done.balance, done.offline), ("K1-9", Money::from_kroner(34), false));
    play.tell(Event::Paper { reference: id.to_string(), state: PrintState::Waiting });
    assert!(matches!(play.page(), Page::OrderDone(OrderDonePage { paper: PrintState::Waiting, .. })));
}

#[test]
fn a_disk_that_cannot_remember_an_order_takes_no_other() {
    let mut play = checking(78);
    play.hand(Intent::Pay);
    let (id, _) = recorded(&play).unwrap();
    play.tell(Event::RecordFailed(id));
    assert_eq!(play.page(), Page::OutOfService(Fault::Disk));
    play.tell(Event::Tapped(uid()));
    assert_eq!(play.page(), Page::OutOfService(Fault::Disk));
    play.tell(Event::Disk { works: true });
    assert!(matches!(play.page(), Page::Idle(_)));
}

#[test]
fn what_the_balance_does_not_cover_is_not_sold() {
    let mut play = checking(30);
    let missing = Some(FormProblem::Balance(Money::from_kroner(2)));
    assert!(matches!(play.page(), Page::Checkout(CheckoutPage { problem, .. }) if problem == missing));
    play.hand(Intent::Pay);
    assert_eq!(recorded(&play), None);
}

#[test]
fn an_order_after_the_cut_off_is_not_taken_even_if_the_page_was_open() {
    let mut play = checking(78);
    for _ in 0..(22 * 60 * 2) {
        play.wait(30).hand(Intent::StillHere);
    }
    play.hand(Intent::Pay);
    let late = Some(FormProblem::CutOff);
    assert!(matches!(play.page(), Page::Checkout(CheckoutPage { problem, .. }) if problem == late));
    assert_eq!(recorded(&play), None);
}

#[test]
fn orders_that_stay_on_the_kiosk_stay_within_what_may_be_lost() {
    let offline = Event::Link(Link::Offline { last_heard: Some(start()) });
    let used = |card: i32, kiosk: i32| Visitor {
        card_unacknowledged: Money::from_kroner(card),
        kiosk_unacknowledged: Money::from_kroner(kiosk),
        ..visitor(500)
    };
    // The server may be out of reach, or answer and not take them.
    for kept_back in [offline, Event::Outbox { stuck: true }] {
        for (visitor, pieces, allowed) in [
            (used(0, 0), 1, None),
            (used(0, 0), 2, Some(60)),
            (used(90, 90), 1, Some(10)),
            (used(0, 990), 1, Some(10)),
            (used(200, 0), 1, Some(0)),
        ] {
            let mut play = Play::inside(visitor);
            play.tell(kept_back.clone()).hand(Intent::Open(TileKind::Order));
            for _ in 0..pieces {
                play.hand(Intent::Add(product_id(LASAGNE)));
            }
            play.hand(Intent::Checkout).hand(Intent::Pay);
            let expected = allowed.map(|kroner| FormProblem::OfflineLimit(Money::from_kroner(kroner)));
            assert!(matches!(play.page(), Page::Checkout(CheckoutPage { problem, .. }) if problem == expected));
            assert_eq!(recorded(&play).is_some(), allowed.is_none());
        }
    }
}

#[test]
fn while_nothing_gets_through_an_order_says_so_and_the_limit_goes_with_the_fault() {
    let mut play = Play::inside(visitor(500));
    play.tell(Event::Outbox { stuck: true }).hand(Intent::Open(TileKind::Order));
    play.hand(Intent::Add(product_id(LASAGNE))).hand(Intent::Add(product_id(LASAGNE)));
    play.hand(Intent::Checkout).hand(Intent::Pay);
    assert_eq!(recorded(&play), None, "64 kr. is more than may be lost");
    play.tell(Event::Outbox { stuck: false }).hand(Intent::Pay);
    assert!(recorded(&play).is_some(), "and may be ordered as soon as it gets through");

    let mut play = checking(78);
    play.tell(Event::Outbox { stuck: true }).hand(Intent::Pay);
    let (id, _) = recorded(&play).unwrap();
    let slip = play.effects.iter().find_map(|effect| match effect {
        Effect::Record { slip: Some(Paper::Order(slip)), .. } => Some(slip.offline),
        _ => None,
    });
    assert_eq!(slip, Some(true), "on paper, too");
    play.tell(Event::Recorded { id, number: "K1-9".into(), visitor: Box::new(visitor(46)) });
    assert!(matches!(play.page(), Page::OrderDone(OrderDonePage { offline: true, .. })), "{:?}", play.page());
}

#[test]
fn no_order_holds_more_than_a_class_tray() {
    let mut play = Play::inside(visitor(5000));
    play.hand(Intent::Open(TileKind::Order));
    for _ in 0..40 {
        play.hand(Intent::Add(product_id(MILK)));
    }
    let Page::Menu(menu) = play.page() else { panic!() };
    assert_eq!((menu.pieces, menu.problem), (30, Some(FormProblem::TooMany(30))));
}

#[test]
fn a_coming_order_can_be_taken_back_until_its_cut_off() {
    let mut here = visitor(78);
    here.orders.push(held_order(&here));
    let mut play = Play::inside(here);
    play.hand(Intent::CancelOrder(op(6)));
    assert!(!play.effects.iter().any(|e| matches!(e, Effect::Record { .. })), "not somebody else's");
    play.hand(Intent::CancelOrder(op(5))).hand(Intent::CancelOrder(op(5)));
    let cancels =
        play.effects.iter().filter(|e| matches!(e, Effect::Record { draft: Draft::Cancel(c), .. } if c.order == op(5)));
    assert_eq!(cancels.count(), 1);
}

#[test]
fn a_ticket_is_thanked_for_when_it_is_on_disk_also_offline() {
    let mut play = Play::inside(visitor(78));
    play.tell(Event::Link(Link::Offline { last_heard: Some(start()) }));
    play.hand(Intent::Open(TileKind::Support)).hand(Intent::Send);
    assert!(matches!(play.page(), Page::Support(SupportPage { problem: Some(FormProblem::Message), .. })));
    play.hand(Intent::Edit(Field::Message, "Mit kort er bøjet".into())).hand(Intent::Send);
    let id = play.effects.iter().find_map(|e| match e {
        Effect::Record { id, draft: Draft::Ticket(t), slip: Some(Paper::Ticket(_)) } if t.name == NAME => Some(*id),
        _ => None,
    });
    let visitor = Box::new(visitor(78));
    play.tell(Event::Recorded { id: id.unwrap(), number: "K1-10".into(), visitor });
    assert!(matches!(play.page(), Page::SupportDone(SupportDonePage { offline: true, .. })));
}

#[test]
fn a_statement_is_the_chosen_accounts_and_a_second_print_is_the_same_paper() {
    let mut play = Play::signed_in(visitor(78));
    play.hand(Intent::Open(TileKind::Statement));
    let mine = Statement {
        account: visitor(0).accounts[0].id,
        month: jiff::civil::date(2026, 11, 1),
        opening: Money::ZERO,
        closing: Money::from_kroner(78),
        lines: vec![],
        months: vec![],
    };
    let other = Statement { account: account(999, "X", 0).id, ..mine.clone() };
    play.tell(Event::StatementIs(Box::new(other)));
    assert!(matches!(play.page(), Page::Statement(StatementPage { body: StatementBody::Loading, .. })));
    play.tell(Event::StatementUnreachable);
    assert!(matches!(play.page(), Page::Statement(StatementPage { body: StatementBody::Unreachable, .. })));
    play.hand(Intent::Next).tell(Event::StatementIs(Box::new(mine)));
    play.hand(Intent::Print).hand(Intent::Print);
    let references: Vec<_> = play
        .effects
        .iter()
        .filter_map(|e| if let Effect::Print { reference, .. } = e { Some(reference.clone()) } else { None })
        .collect();
    assert_eq!(references.len(), 2);
    assert_eq!(references[0], references[1], "the spool marks the second KOPI");
}

#[test]
fn an_order_the_server_refused_is_told_on_the_spot() {
    let mut play = checking(78);
    play.hand(Intent::Pay);
    let (id, order) = recorded(&play).unwrap();
    play.tell(Event::Recorded { id, number: "K1-9".into(), visitor: Box::new(visitor(46)) }).hand(Intent::Back);
    for rule in [Rule::CutOff, Rule::Portions, Rule::Card, Rule::DayCap] {
        let refusal = Refusal { rule, limit: None, asked: None, portions: None };
        let body = Box::new(OperationBody::PlaceOrder(order.clone()));
        play.tell(Event::OperationRefused { id, body, refusal }).tell(Event::Changed(Box::new(visitor(78))));
        let Page::Home(home) = play.page() else { panic!() };
        let told = RefusedOrder {
            number: order.number.clone(),
            what: "Lasagne".into(),
            total: Money::from_kroner(32),
            why: rule,
        };
        assert_eq!(home.refused, Some(told), "with the reason");
        assert_eq!(home.balance, Money::from_kroner(78));
    }
}
