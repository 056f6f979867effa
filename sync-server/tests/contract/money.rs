//! Money on its way in.

use jiff::SignedDuration;
use madkort_ledger::recharge::{Answer as Recharged, Caps, DeclineClass, Effect, Event};
use madkort_protocol::*;
use sync_server::store::*;
use uuid::Uuid;

use crate::ledgers::*;

pub async fn a_deposit_is_opened_once_and_paid_once(world: &World) {
    let kiosk = world.kiosk().await;
    let id = world.id();
    let open = |amount| world.store.open_deposit(deposit(id, &kiosk, ANNA, amount), START);
    assert!(matches!(open(kr(100)).await.unwrap(), DepositOpening::Opened(_)));
    assert!(matches!(open(kr(100)).await.unwrap(), DepositOpening::Already(_)));
    assert_eq!(open(kr(101)).await.unwrap(), DepositOpening::IdReused);

    let pay = || world.store.pay_deposit(id, kr(100), START);
    let (one, two) = tokio::join!(pay(), pay());
    let (Moved::Moved(paid), Moved::Stands(stands)) = (one.unwrap(), two.unwrap()) else { panic!("paid twice") };
    assert_eq!((paid.state, paid.balance), (DepositState::Paid, Some(kr(100))));
    assert_eq!(paid.receipt.as_deref(), Some("2026-000001"));
    assert_eq!(paid, stands);
    assert_eq!(world.balance(ANNA).await, kr(100));
    assert_eq!(world.store.deposit(id).await.unwrap().as_ref(), Some(&paid));
    assert_eq!(world.store.deposit_of_page(paid.page.clone()).await.unwrap(), Some(paid));
}

pub async fn money_that_fits_nothing_is_kept_apart(world: &World) {
    let kiosk = world.kiosk().await;
    let id = world.id();
    world.store.open_deposit(deposit(id, &kiosk, ANNA, kr(100)), START).await.unwrap();
    let moved = world.store.pay_deposit(id, kr(99), START).await.unwrap();
    assert!(matches!(moved, Moved::Moved(DepositRow { state: DepositState::Unknown, .. })), "{moved:?}");
    assert_eq!(world.balance(ANNA).await, Money::ZERO);
    let once = world.audited().await;
    assert_eq!(once.entries, 2, "it is in the books all the same");
    assert!(matches!(world.store.pay_deposit(id, kr(100), START).await.unwrap(), Moved::Stands(_)));
    assert_eq!(world.audited().await, once);
}

pub async fn states_move_only_from_where_the_caller_thinks_they_are(world: &World) {
    let kiosk = world.kiosk().await;
    let (id, store) = (world.id(), &world.store);
    store.open_deposit(deposit(id, &kiosk, ANNA, kr(100)), START).await.unwrap();
    let moved = store.move_deposit(id, vec![DepositState::Unknown], DepositState::Declined).await.unwrap();
    assert!(matches!(moved, Moved::Stands(row) if row.state == DepositState::Open));
    let moved = store.move_deposit(id, vec![DepositState::Open], DepositState::Cancelled).await.unwrap();
    assert!(matches!(moved, Moved::Moved(row) if row.state == DepositState::Cancelled));
    let moved = store.move_deposit(world.id(), vec![DepositState::Open], DepositState::Cancelled).await.unwrap();
    assert_eq!(moved, Moved::Unknown);
    // A gateway that took the money all the same is believed: the money is real.
    let moved = store.pay_deposit(id, kr(100), START).await.unwrap();
    assert!(matches!(moved, Moved::Moved(row) if row.state == DepositState::Paid));
    assert_eq!(world.balance(ANNA).await, kr(100));
}

/// A standing permission to fill Anna's account.
pub fn mandate(n: u128) -> Mandate {
    Mandate {
        id: MandateId::new(Uuid::from_u128(n)),
        school: SCHOOL,
        account: ANNA,
        amount: kr(200),
        below: kr(50),
        state: MandateState::Active,
        gateway: "sandbox".into(),
        reference: "stored-card".into(),
        caps: Caps { day: kr(400), week: None, month: kr(1000) },
        email: "mor@skole.example".into(),
        terms_version: "1".into(),
        language: Language::Danish,
        given_by: PersonId::new(Uuid::from_u128(1)),
        created_at: START,
        changed_by: None,
        changed_at: None,
        last_four: None,
    }
}

pub async fn one_purchase_causes_one_charge_at_a_time(world: &World) {
    let (kiosk, till) = (world.kiosk().await, world.till().await);
    let store = &world.store;
    world.fund(&kiosk, ANNA, kr(100)).await;
    assert_eq!(store.mandate(ANNA).await.unwrap(), None);
    // Before the purchase: what was bought without a mandate charges nobody (see `restarts`).
    store.put_mandate(mandate(0xe1)).await.unwrap();
    let sale = world.sale(kr(60));
    world.buy(&till, &sale).await;
    let cause = sale.id;

    let (first, second) = (world.id(), world.id());
    let step = |event, new_id, now| {
        let stepping = Stepping { account: ANNA, event, mandate: None, reference: None, new_id, now };
        async { store.recharge(stepping).await.unwrap().unwrap() }
    };
    let answered = |charge, answer| Event::Answered { charge, answer };
    // Two look at the account at once: one of them begins a charge.
    let (one, other) = tokio::join!(step(Event::Posted, first, START), step(Event::Posted, second, START));
    let begun: Vec<_> = [&one, &other].into_iter().flat_map(|stepped| &stepped.effects).collect();
    let [Effect::Intend(attempt)] = begun[..] else { panic!("{begun:?}") };
    assert_eq!((attempt.cause, attempt.number), (cause, 1));
    let (first, second) = if attempt.charge == first { (first, second) } else { (second, first) };
    let shown = store.account(SCHOOL, ANNA).await.unwrap().unwrap().auto_recharge.unwrap();
    assert_eq!(shown.state, AutoRechargeState::Charging);

    step(answered(first, Recharged::Declined(DeclineClass::Soft)), second, START).await;
    assert_eq!(store.accounts_to_retry().await.unwrap(), [ANNA]);
    // Tried again for the same purchase, and then paid: once.
    let next_day = START + SignedDuration::from_hours(24);
    let again = step(Event::TimePassed, second, next_day).await;
    assert!(matches!(again.effects[..], [Effect::Intend(attempt)] if attempt.number == 2 && attempt.cause == cause));
    assert_eq!(step(answered(second, Recharged::Succeeded), first, next_day).await.effects, [Effect::Post(second)]);
    assert_eq!(store.accounts_to_retry().await.unwrap(), []);
    step(answered(second, Recharged::Succeeded), first, next_day).await;
    assert_eq!(world.balance(ANNA).await, kr(240));
    assert_eq!(step(Event::Posted, world.id(), next_day).await.effects, []);
}

pub async fn charges_are_looked_at_when_they_are_due(world: &World) {
    let (kiosk, till) = (world.kiosk().await, world.till().await);
    let store = &world.store;
    let second = START + SignedDuration::from_secs(1);
    let step = |account, event, now| {
        let stepping = Stepping { account, event, mandate: None, reference: None, new_id: world.id(), now };
        async { store.recharge(stepping).await.unwrap().unwrap().charge.unwrap() }
    };
    for (account, n) in [(ANNA, 1), (BO, 2)] {
        world.fund(&kiosk, account, kr(100)).await;
        store.put_mandate(Mandate { account, ..mandate(u128::from(n)) }).await.unwrap();
        world.buy(&till, &PurchaseRequest { card_uid: uid(n), ..world.sale(kr(60)) }).await;
    }
    let due = async |at: jiff::Timestamp, most| {
        let charges = store.open_charges(at, most).await.unwrap();
        charges.into_iter().map(|charge| charge.account).collect::<Vec<_>>()
    };
    // Anna's gateway is silent, and asked again in five seconds. Bo's charge is a second younger, and goes out at once.
    let annas = step(ANNA, Event::Posted, START).await;
    assert_eq!(due(START, 10).await, [ANNA]);
    step(ANNA, Event::Sending, START).await;
    assert_eq!(due(START, 10).await, [], "it is being called");
    step(ANNA, Event::Answered { charge: annas.id, answer: Recharged::Silent }, START).await;
    step(BO, Event::Posted, second).await;
    let in_five = START + SignedDuration::from_secs(5);
    assert_eq!(due(in_five, 1).await, [BO], "however few are looked at, whoever has waited longest is");
    assert_eq!(due(second, 10).await, [BO]);
    assert_eq!(due(in_five, 10).await, [BO, ANNA]);
    // A call that nobody waits for any more is asked about.
    step(BO, Event::Sending, second).await;
    let over = second + SignedDuration::from_mins(5);
    assert_eq!(due(over - SignedDuration::from_secs(1), 10).await, [ANNA]);
    assert_eq!(due(over, 10).await, [ANNA, BO]);
    assert_eq!(due(jiff::Timestamp::MAX, 10).await, [ANNA, BO]);
}

pub async fn an_account_has_one_mandate(world: &World) {
    world.store.put_mandate(mandate(0xe1)).await.unwrap();
    let second = world.store.put_mandate(mandate(0xe2)).await;
    assert!(matches!(second, Err(StoreError::Engine { .. })), "{second:?}");
    world.store.put_mandate(Mandate { state: MandateState::Cancelled, ..mandate(0xe1) }).await.unwrap();
    world.store.put_mandate(mandate(0xe2)).await.unwrap();
    assert_eq!(world.store.accounts_with_mandate().await.unwrap(), [ANNA]);
}
