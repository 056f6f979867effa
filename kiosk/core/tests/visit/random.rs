//! Whatever happens, in whatever order: no panic, no name without a card, no money without its id.

use kiosk_core::*;
use madkort_protocol::*;
use proptest::prelude::*;

use crate::world::*;

fn intents() -> impl Strategy<Value = Intent> {
    let tiles = [
        TileKind::Accounts,
        TileKind::Profile,
        TileKind::Order,
        TileKind::Deposit,
        TileKind::Statement,
        TileKind::Support,
        TileKind::AutoRecharge,
        TileKind::Orders,
        TileKind::Transfer,
        TileKind::Withdraw,
    ];
    let plain = vec![
        Intent::Erase,
        Intent::Preset(100),
        Intent::Back,
        Intent::Leave,
        Intent::StillHere,
        Intent::Account(1),
        Intent::ShowTerms(true),
        Intent::AcceptTerms(true),
        Intent::Next,
        Intent::CancelPayment,
        Intent::Days,
        Intent::Day(TOMORROW),
        Intent::AddAnyway,
        Intent::Add(product_id(LASAGNE)),
        Intent::Remove(product_id(LASAGNE)),
        Intent::Checkout,
        Intent::Pay,
        Intent::Print,
        Intent::PrintOrder(op(5)),
        Intent::Send,
        Intent::WithoutCard,
        Intent::Allergies,
        Intent::Allergen(Allergen::Milk),
        Intent::BlockFood(true),
        Intent::ClearAllergies,
        Intent::BlockCard(visitor(0).card),
        Intent::UnblockCard(visitor(0).card),
        Intent::Edit(Field::Message, "hej".into()),
        Intent::Edit(Field::Amount, "1,50".into()),
        Intent::Edit(Field::Registration, "1234".into()),
        Intent::Edit(Field::AccountNumber, "1234567".into()),
        Intent::AutoRecharge(MandateWish::Pause),
        Intent::AutoRecharge(MandateWish::Cancel),
        Intent::AnotherCard,
        Intent::ChangePicture,
        Intent::CancelWithdrawal(op(1)),
        Intent::ToAccount(0),
        Intent::LookAgain,
        Intent::Adjust(true),
        Intent::Look(Looks { size: TextSize::Largest, high_contrast: true, glass: true, aloud: true, ..Looks::PLAIN }),
        Intent::Speak(Language::English),
    ];
    prop_oneof![
        (0..=12_u8).prop_map(Intent::Digit),
        prop::sample::select(tiles.to_vec()).prop_map(Intent::Open),
        prop::sample::select(plain),
    ]
}

#[derive(Clone, Debug)]
enum Step {
    Tap,
    Lift,
    Hand(Intent),
    Wait(u64),
    Answer(bool),
    Link(bool),
    Outbox(bool),
    Reader(bool),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        2 => Just(Step::Tap),
        1 => Just(Step::Lift),
        20 => intents().prop_map(Step::Hand),
        2 => (0..40_u64).prop_map(Step::Wait),
        6 => any::<bool>().prop_map(Step::Answer),
        1 => any::<bool>().prop_map(Step::Link),
        1 => any::<bool>().prop_map(Step::Outbox),
        1 => any::<bool>().prop_map(Step::Reader),
    ];
    prop::collection::vec(step, 1..120)
}

/// Answers the last thing the kiosk asked for, well or badly.
fn answer(play: &mut Play, well: bool) {
    let Some(effect) = play.effects.iter().rev().find(|e| asks(e)).cloned() else { return };
    let here = Box::new(visitor(150));
    let event = match effect {
        Effect::LookUp(_) if well => Event::Known(here),
        Effect::LookUp(uid) => Event::NotKnown(uid),
        Effect::LookUpNumber(_) => Event::NumberNotKnown,
        Effect::CheckCode { .. } | Effect::CheckPassword { .. } | Effect::OpenCard { .. } if well => {
            Event::CodeChecked(CodeAnswer::Right)
        }
        Effect::CheckCode { .. } => Event::CodeChecked(CodeAnswer::Wrong { tries_left: 3 }),
        Effect::CheckPassword { .. } => Event::CodeChecked(CodeAnswer::TooOften(ComeBack::Later)),
        Effect::OpenCard { .. } => Event::CodeChecked(CodeAnswer::OutOfReach),
        Effect::AskReset(_) => Event::ResetAsked(LetterAnswer::Asked),
        Effect::ChangePassword { .. } => Event::PasswordIs(PasswordAnswer::Changed),
        Effect::Record { id, .. } if well => Event::Recorded { id, number: "K1-1".into(), visitor: here },
        Effect::Record { id, .. } => Event::RecordFailed(id),
        Effect::OpenDeposit(request) if well => Event::DepositTooOften { id: request.id, back: ComeBack::Later },
        Effect::OpenDeposit(request) => Event::DepositUnreachable(request.id),
        Effect::Withdraw(request) if well => Event::RequestRefused { id: request.id, field: Some("name".into()) },
        Effect::Withdraw(request) => Event::RequestUnreachable(request.id),
        Effect::AskQuote { account, request } if well => {
            let (price, left, taken) = (Money::from_kroner(32), SpendingCaps::default(), Money::ZERO);
            let free = Quote { account, lines: request.lines, price, left, taken };
            Event::QuoteIs(Box::new(free))
        }
        Effect::AskQuote { account, request } => Event::QuoteUnreachable { account, lines: request.lines },
        Effect::LoadAllergies(card) if well => {
            let people = vec![Allergies::new(here.person.id, vec![Allergen::Gluten], card == here.card)];
            Event::AllergiesAre(Box::new(KnownAllergies { card, people }))
        }
        Effect::LoadAllergies(card) => Event::AllergiesUnreachable(card),
        Effect::LoadAutoRecharge(_) | Effect::LoadWithdrawals(_) if well => Event::SignedOut,
        Effect::LoadAutoRecharge(account) => Event::AutoRechargeUnreachable(account),
        Effect::LoadWithdrawals(account) => Event::WithdrawalsUnreachable(account),
        _ => Event::StatementUnreachable,
    };
    play.tell(event);
    play.tell(Event::Disk { works: true });
}

fn asks(effect: &Effect) -> bool {
    matches!(
        effect,
        Effect::LookUp(_)
            | Effect::LookUpNumber(_)
            | Effect::CheckCode { .. }
            | Effect::CheckPassword { .. }
            | Effect::OpenCard { .. }
            | Effect::AskReset(_)
            | Effect::ChangePassword { .. }
            | Effect::Record { .. }
            | Effect::OpenDeposit(_)
            | Effect::AskQuote { .. }
            | Effect::LoadAllergies(_)
            | Effect::LoadStatement { .. }
            | Effect::LoadAutoRecharge(_)
            | Effect::LoadWithdrawals(_)
            | Effect::Withdraw(_)
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_name_without_a_card_and_no_id_twice(steps in steps()) {
        let mut play = Play::new();
        play.subsidy = None;
        let mut card_here = false;
        for step in steps {
            match step {
                Step::Tap => { card_here = true; play.tell(Event::Tapped(uid())); }
                Step::Lift => { card_here = false; play.tell(Event::Lifted); }
                Step::Hand(intent) => { play.hand(intent); }
                Step::Wait(seconds) => { play.wait(seconds); }
                Step::Answer(well) => answer(&mut play, well),
                Step::Link(true) => { play.tell(Event::Link(Link::Online)); }
                Step::Link(false) => { play.tell(Event::Link(Link::Offline { last_heard: Some(start()) })); }
                Step::Outbox(stuck) => { play.tell(Event::Outbox { stuck }); }
                Step::Reader(true) => { play.tell(Event::Reader(ReaderHealth::Works)); }
                Step::Reader(false) => { play.tell(Event::Reader(ReaderHealth::Missing)); }
            }
            let page = play.page();
            if !card_here || matches!(page, Page::Idle(_) | Page::OutOfService(_) | Page::Starting | Page::Code(_) | Page::Number(_)) {
                prop_assert!(!play.screen_text().contains("Alma"), "{page:?}");
            }
        }
        let ids: Vec<OperationId> = play.effects.iter().filter_map(|e| match e {
            Effect::Record { id, .. } => Some(*id),
            Effect::OpenDeposit(request) => Some(request.id),
            _ => None,
        }).collect();
        let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
        prop_assert_eq!(distinct.len(), ids.len());
    }
}
