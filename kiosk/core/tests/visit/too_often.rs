//! The server was asked too often: nothing was done, what was typed is still there, and it can be asked again.

use jiff::civil::date;
use kiosk_core::*;
use madkort_protocol::*;

use crate::sign_in::number;
use crate::world::*;

const TEN: ComeBack = ComeBack::In { minutes: 10 };
const TOO_OFTEN: Option<FormProblem> = Some(FormProblem::TooOften(TEN));
const PASSWORD: &str = "blåbærgrød på fredag";

/// Somebody who gave the code and may use two accounts.
fn signed_in() -> Play {
    let mut visitor = visitor(100);
    visitor.accounts.push(account(202, "Sofia", 5));
    Play::signed_in(visitor)
}

fn all<T>(play: &Play, find: impl Fn(&Effect) -> Option<T>) -> Vec<T> {
    play.effects.iter().filter_map(find).collect()
}

fn profile() -> Event {
    Event::ProfileIs(Box::new(Profile {
        person: visitor(0).person.id,
        account: visitor(0).accounts[0].id,
        name: NAME.into(),
        email: "alma@hojager.example".into(),
        phone: String::new(),
        address: String::new(),
        postcode: String::new(),
        town: String::new(),
        school: "Højager Skole".into(),
        class: None,
        track: None,
        picture: false,
        cpr: None,
        caps: SpendingCaps::default(),
    }))
}

fn profile_form(play: &Play) -> ProfileForm {
    let Page::Profile(ProfilePage { body: ProfileBody::Here(form), .. }) = play.page() else {
        panic!("{:?}", play.page())
    };
    *form
}

/// At *Brugerinfo*, with a telephone number typed.
fn at_profile() -> Play {
    let mut play = signed_in();
    play.hand(Intent::Open(TileKind::Profile)).tell(profile()).hand(Intent::Edit(Field::Phone, "12 34".into()));
    play
}

#[test]
fn a_deposit_keeps_amount_address_and_tick_and_is_asked_for_anew() {
    let opened = |play: &Play| {
        all(play, |e| if let Effect::OpenDeposit(request) = e { Some((**request).clone()) } else { None })
    };
    let amount = |play: &Play| match play.page() {
        Page::DepositAmount(page) => page,
        page => panic!("{page:?}"),
    };
    let mut play = signed_in();
    play.hand(Intent::Open(TileKind::Deposit)).hand(Intent::Preset(100)).hand(Intent::AcceptTerms(true));
    play.hand(Intent::Next).tell(Event::DepositTooOften { id: op(1), back: TEN });
    assert!(amount(&play).opening, "that was another one");
    let first = opened(&play).remove(0);
    play.tell(Event::DepositTooOften { id: first.id, back: TEN });
    let page = amount(&play);
    assert_eq!((page.opening, page.problem), (false, TOO_OFTEN));
    assert_eq!((page.kroner.as_str(), page.email.as_str(), page.accepted), ("100", "alma@hojager.example", true));
    play.hand(Intent::Next);
    let [_, again] = &opened(&play)[..] else { panic!("asked again: {:?}", play.effects) };
    assert_eq!((again.amount, again.id == first.id), (first.amount, false));
    assert_eq!(amount(&play).problem, None);
}

fn transfers(play: &Play) -> Vec<TransferRequest> {
    all(play, |e| if let Effect::Transfer(request) = e { Some(request.clone()) } else { None })
}

fn transfer(play: &Play) -> TransferPage {
    let Page::Transfer(page) = play.page() else { panic!("{:?}", play.page()) };
    page
}

#[test]
fn a_transfer_that_was_not_looked_at_stands_as_it_was_typed() {
    let mut play = signed_in();
    play.hand(Intent::Open(TileKind::Transfer)).hand(Intent::Edit(Field::Amount, "25".into())).hand(Intent::Next);
    let first = transfers(&play).remove(0);
    play.tell(Event::RequestTooOften { id: op(1), back: TEN });
    assert!(transfer(&play).asking, "that was another one");
    play.tell(Event::RequestTooOften { id: first.id, back: TEN });
    let page = transfer(&play);
    assert_eq!((page.problem, page.asking, page.unsure, page.amount.as_str()), (TOO_OFTEN, false, false, "25"));
    // It has not happened: the amount may be another, and then it is another transfer.
    play.hand(Intent::Edit(Field::Amount, "20".into())).hand(Intent::Next);
    let second = transfers(&play).remove(1);
    assert_eq!((second.amount, second.id == first.id), (Money::from_kroner(20), false));
}

#[test]
fn a_transfer_that_may_have_happened_keeps_its_id_however_often_it_is_turned_away() {
    let mut play = signed_in();
    play.hand(Intent::Open(TileKind::Transfer)).hand(Intent::Edit(Field::Amount, "25".into())).hand(Intent::Next);
    let first = transfers(&play).remove(0);
    play.tell(Event::RequestUnreachable(first.id));
    for back in [TEN, ComeBack::Later] {
        play.hand(Intent::Next).tell(Event::RequestTooOften { id: first.id, back });
        let page = transfer(&play);
        assert_eq!((page.unsure, page.problem), (true, Some(FormProblem::UnsureTooOften(back))));
        play.hand(Intent::Edit(Field::Amount, "1".into()));
        assert_eq!(transfer(&play).amount, "25", "what may have happened is not changed");
    }
    play.hand(Intent::Next);
    assert_eq!(transfer(&play).problem, None);
    assert!(transfers(&play).iter().all(|again| *again == first));
    assert_eq!(transfers(&play).len(), 4);
}

fn withdrawals(play: &Play) -> Vec<WithdrawalRequest> {
    all(play, |e| if let Effect::Withdraw(request) = e { Some((**request).clone()) } else { None })
}

fn second_look(play: &Play) -> WithdrawCheckPage {
    let Page::WithdrawCheck(page) = play.page() else { panic!("{:?}", play.page()) };
    page
}

/// Looked at once more, and asked for.
fn withdrawing() -> (Play, WithdrawalRequest) {
    let mut play = signed_in();
    play.hand(Intent::Open(TileKind::Withdraw));
    for (field, text) in [(Field::Amount, "40,50"), (Field::Registration, "1234"), (Field::AccountNumber, "9876543")] {
        play.hand(Intent::Edit(field, text.into()));
    }
    play.hand(Intent::Next).hand(Intent::Next);
    let request = withdrawals(&play).remove(0);
    (play, request)
}

#[test]
fn a_withdrawal_that_was_not_looked_at_stays_at_its_second_look() {
    let (mut play, first) = withdrawing();
    play.tell(Event::RequestTooOften { id: first.id, back: TEN });
    let page = second_look(&play);
    assert_eq!((page.problem, page.asking, page.unsure), (TOO_OFTEN, false, false));
    assert_eq!((page.amount, page.bank.as_str()), (Money::from_ore(4_050), "1234 · 0009 876 543"));
    play.hand(Intent::Next);
    assert_eq!(second_look(&play).problem, None);
    let again = withdrawals(&play).remove(1);
    assert_eq!(WithdrawalRequest { id: first.id, ..again.clone() }, first);
    assert_ne!(again.id, first.id);
    // Back at the form nothing is wrong with what was typed.
    play.tell(Event::RequestTooOften { id: again.id, back: TEN }).hand(Intent::Back);
    let Page::Withdraw(page) = play.page() else { panic!("{:?}", play.page()) };
    assert_eq!((page.problem, page.number.as_str()), (None, "9876543"));
}

#[test]
fn a_withdrawal_that_may_have_happened_keeps_its_id_and_one_that_is_called_off_stays() {
    let (mut play, first) = withdrawing();
    play.tell(Event::RequestUnreachable(first.id)).hand(Intent::Next);
    play.tell(Event::RequestTooOften { id: first.id, back: TEN });
    let page = second_look(&play);
    assert_eq!((page.unsure, page.problem), (true, Some(FormProblem::UnsureTooOften(TEN))));
    play.hand(Intent::Next);
    assert_eq!(withdrawals(&play), [first.clone(), first.clone(), first.clone()]);

    let mut play = signed_in();
    play.hand(Intent::Open(TileKind::Withdraw));
    let (account, at) = (visitor(0).accounts[0].id, start());
    let held = Withdrawal {
        id: op(7),
        number: "0A1B2C3D".into(),
        account,
        amount: Money::from_ore(4_050),
        to: "6543".into(),
        steps: vec![WithdrawalStep { stage: WithdrawalStage::Requested, at }],
        can_cancel: true,
        balance: Money::ZERO,
    };
    play.tell(Event::WithdrawalsAre(Box::new(Withdrawals { account, withdrawals: vec![held] })));
    for _ in 0..2 {
        play.hand(Intent::CancelWithdrawal(op(7))).tell(Event::RequestTooOften { id: op(7), back: TEN });
        let Page::Withdraw(page) = play.page() else { panic!("{:?}", play.page()) };
        assert_eq!((page.problem, page.cancelling), (TOO_OFTEN, false));
    }
    assert_eq!(play.effects.iter().filter(|e| **e == Effect::CancelWithdrawal(op(7))).count(), 2);
}

#[test]
fn a_page_for_a_payment_card_or_a_picture_is_not_opened_and_the_form_stands() {
    let mandates =
        |play: &Play| all(play, |e| if let Effect::OpenMandatePage(request) = e { Some(request.id) } else { None });
    let account = visitor(0).accounts[0].id;
    let details = AutoRechargeDetails {
        account,
        standing: None,
        below: Money::from_kroner(50),
        armed_from: Money::from_kroner(100),
        missing: Money::ZERO,
        charges: vec![],
    };
    let mut play = signed_in();
    play.hand(Intent::Open(TileKind::AutoRecharge)).tell(Event::AutoRechargeIs(Box::new(details.clone())));
    play.hand(Intent::Next).hand(Intent::Preset(200)).hand(Intent::AcceptTerms(true)).hand(Intent::Next);
    play.tell(Event::RequestTooOften { id: mandates(&play)[0], back: TEN });
    let Page::DepositAmount(page) = play.page() else { panic!("{:?}", play.page()) };
    assert_eq!((page.problem, page.kroner.as_str(), page.accepted), (TOO_OFTEN, "200", true));
    play.hand(Intent::Next);
    assert_eq!(mandates(&play).len(), 2);

    let amount = Money::from_kroner(100);
    let standing = AutoRechargeStanding {
        auto_recharge: AutoRecharge { amount, below: amount, state: AutoRechargeState::Armed },
        stopped_by: None,
        card: Some("4242".into()),
        day_cap: amount,
        week_cap: None,
        month_cap: amount,
    };
    let on = AutoRechargeDetails { standing: Some(standing), ..details };
    let mut play = signed_in();
    play.hand(Intent::Open(TileKind::AutoRecharge)).tell(Event::AutoRechargeIs(Box::new(on)));
    play.hand(Intent::AnotherCard);
    play.tell(Event::RequestTooOften { id: mandates(&play)[0], back: TEN });
    let Page::AutoRecharge(page) = play.page() else { panic!("{:?}", play.page()) };
    assert_eq!((page.problem, page.busy), (TOO_OFTEN, false));

    let mut play = at_profile();
    play.hand(Intent::ChangePicture);
    let pictures = all(&play, |e| if let Effect::OpenPicturePage(request) = e { Some(request.id) } else { None });
    play.tell(Event::RequestTooOften { id: pictures[0], back: TEN });
    let form = profile_form(&play);
    assert_eq!((form.problem, form.phone.as_str()), (TOO_OFTEN, "12 34"));
}

#[test]
fn a_profile_and_a_password_keep_what_was_typed() {
    let mut play = at_profile();
    for _ in 0..2 {
        play.hand(Intent::Send).tell(Event::ProfileTooOften(TEN));
        let form = profile_form(&play);
        assert_eq!((form.problem, form.saving, form.phone.as_str()), (TOO_OFTEN, false, "12 34"));
    }
    assert_eq!(play.effects.iter().filter(|e| matches!(e, Effect::SaveProfile { .. })).count(), 2);

    play.hand(Intent::ChangePassword);
    for (field, text) in
        [(Field::CurrentPassword, "4711"), (Field::NewPassword, PASSWORD), (Field::PasswordAgain, PASSWORD)]
    {
        play.hand(Intent::Type(field, text.into()));
    }
    play.hand(Intent::Send).tell(Event::PasswordTooOften(TEN));
    let Page::ChangePassword(page) = play.page() else { panic!("{:?}", play.page()) };
    assert_eq!((page.problem, page.saving), (TOO_OFTEN, false));
    assert_eq!((page.current, page.fresh, page.again), (4, 20, 20));
}

#[test]
fn a_letter_keeps_its_address() {
    let mut play = signed_in();
    let (account, month) = (visitor(0).accounts[0].id, date(2026, 11, 1));
    let (opening, closing) = (Money::ZERO, Money::ZERO);
    let statement = Statement { account, month, opening, closing, lines: vec![], months: vec![month] };
    play.hand(Intent::Open(TileKind::Statement)).tell(Event::StatementIs(Box::new(statement)));
    play.hand(Intent::MailStatement).hand(Intent::Edit(Field::Email, "mor@hojager.example".into()));
    play.hand(Intent::Send);
    let ids = all(&play, |e| if let Effect::MailStatement { request, .. } = e { Some(request.id) } else { None });
    play.tell(Event::StatementMailed { id: ids[0], answer: LetterAnswer::TooOften(TEN) });
    let Page::MailStatement(page) = play.page() else { panic!("{:?}", play.page()) };
    assert_eq!((page.problem, page.sent, page.email.as_str()), (TOO_OFTEN, false, "mor@hojager.example"));
}

fn at_the_door(status: CardStatus) -> Play {
    let mut play = Play::new();
    play.tell(Event::Tapped(uid()));
    play.tell(Event::Known(Box::new(Visitor { ask_code: true, status, ..visitor(78) })));
    play
}

#[test]
fn a_code_or_a_password_that_was_not_looked_at_counts_for_nothing_and_is_typed_again() {
    let said = Event::CodeChecked(CodeAnswer::TooOften(TEN));
    for status in [CardStatus::Active, CardStatus::BlockedByHolder] {
        let mut play = at_the_door(status);
        for _ in 0..=FREE_TRIES {
            play.digits("4711").tell(said.clone());
            let Page::Code(page) = play.page() else { panic!("{:?}", play.page()) };
            assert_eq!((page.typed, page.message), (0, Some(CodeMessage::TooOften(TEN))));
        }
        play.digits("4").hand(Intent::Erase);
        assert!(matches!(play.page(), Page::Code(CodePage { message: None, .. })), "it is read, and out of the way");

        play.hand(Intent::WithPassword).hand(Intent::Type(Field::Password, PASSWORD.into())).hand(Intent::Send);
        play.tell(said.clone());
        let Page::Password(page) = play.page() else { panic!("{:?}", play.page()) };
        assert_eq!((page.typed, page.message), (20, Some(CodeMessage::TooOften(TEN))));
        play.hand(Intent::Send).tell(Event::CodeChecked(CodeAnswer::Right));
        assert!(matches!(play.page(), Page::Home(_)), "{:?}", play.page());
    }
    // What the server did not look at is no wrong try of somebody without a card either.
    let mut play = Play::new();
    play.hand(Intent::WithoutCard).digits(number().as_digits()).tell(Event::Known(Box::new(visitor(78))));
    for _ in 0..=FREE_TRIES {
        play.digits("4711").tell(said.clone());
    }
    play.hand(Intent::Back).hand(Intent::WithoutCard);
    assert!(matches!(play.page(), Page::Number(NumberPage { problem: None, .. })), "{:?}", play.page());
}
