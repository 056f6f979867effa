//! Money on its way in.

use madkort_ledger::recharge::{Caps, MandateState};
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

fn mandate(n: u128) -> Mandate {
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
        created_at: START,
        active_since: START,
    }
}

pub async fn one_purchase_causes_one_charge_at_a_time(world: &World) {
    let (kiosk, till) = (world.kiosk().await, world.till().await);
    let store = &world.store;
    world.fund(&kiosk, ANNA, kr(100)).await;
    let sale = world.sale(kr(60));
    world.buy(&till, &sale).await;
    let cause = sale.id;
    assert_eq!(store.recharge_facts(ANNA, START).await.unwrap(), None);
    store.put_mandate(mandate(0xe1)).await.unwrap();
    let (mandate, facts) = store.recharge_facts(ANNA, START).await.unwrap().unwrap();
    assert_eq!((facts.balance, facts.paid_in, facts.purchase), (kr(40), kr(100), Some(cause)));

    let charge = |id| NewCharge { id, mandate: mandate.id, amount: kr(200), cause };
    let (first, second) = (world.id(), world.id());
    let (one, other) = tokio::join!(
        store.open_charge(charge(first), START),
        store.open_charge(NewCharge { cause: world.id(), ..charge(second) }, START)
    );
    assert!(matches!(one.unwrap(), ChargeOpening::Opened(_)));
    assert_eq!(other.unwrap(), ChargeOpening::UnderWay, "one open charge for an account, whatever caused it");
    let shown = store.account(SCHOOL, ANNA).await.unwrap().unwrap().auto_recharge.unwrap();
    assert_eq!(shown.state, AutoRechargeState::Charging);

    store.decline_charge(first, Decline::Again, START).await.unwrap();
    let (_, facts) = store.recharge_facts(ANNA, START).await.unwrap().unwrap();
    assert_eq!(facts.declined.map(|declined| (declined.attempts, declined.trigger)), Some((1, cause)));
    // Tried again for the same purchase, and then paid: once.
    assert!(matches!(store.open_charge(charge(second), START).await.unwrap(), ChargeOpening::Opened(_)));
    assert!(matches!(store.pay_charge(second, START).await.unwrap(), Moved::Moved(_)));
    assert!(matches!(store.pay_charge(second, START).await.unwrap(), Moved::Stands(_)));
    assert!(matches!(store.pay_charge(first, START).await.unwrap(), Moved::Stands(_)));
    let third = store.open_charge(charge(world.id()), START).await.unwrap();
    assert_eq!(third, ChargeOpening::UnderWay, "one charge for a cause");
    let (_, facts) = store.recharge_facts(ANNA, START).await.unwrap().unwrap();
    assert_eq!((facts.balance, facts.paid_in, facts.purchase), (kr(240), kr(300), None));
    assert_eq!((facts.charged.day, facts.charged.month, facts.last_success), (kr(200), kr(200), Some(START)));
}

pub async fn an_account_has_one_mandate(world: &World) {
    world.store.put_mandate(mandate(0xe1)).await.unwrap();
    let second = world.store.put_mandate(mandate(0xe2)).await;
    assert!(matches!(second, Err(StoreError::Engine { .. })), "{second:?}");
    world.store.put_mandate(Mandate { state: MandateState::Cancelled, ..mandate(0xe1) }).await.unwrap();
    world.store.put_mandate(mandate(0xe2)).await.unwrap();
    assert_eq!(world.store.accounts_with_mandate().await.unwrap(), [ANNA]);
}
