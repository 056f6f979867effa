//! Auto top-up: from the purchase that triggers it to the ledger, through every decline and doubt.

#![allow(clippy::unwrap_used)]

mod support;

use jiff::SignedDuration;
use std::sync::Arc;

use madkort_ledger::recharge::{Answer, DeclineClass, Event};
use madkort_protocol::{AutoRechargeState, MandateId, MandateRequest, MandateWish, Money, OperationId, StatementText};
use support::School;
use sync_server::payments::cards::find;
use sync_server::payments::{Gateway, Outcome, Payments, Sandbox, StoredCharge, Taken};
use sync_server::store::{self, Charge, ChargeState, DatabaseUrl, Mandate, MandateState, Stepped, Stepping};

const MALTHE_HAS: i64 = 5_300;

fn taken(kroner: i32) -> Outcome {
    let amount = Money::from_kroner(kroner);
    Outcome::Succeeded(Taken { reference: "far-1".to_owned(), amount, currency: "DKK".to_owned() })
}

async fn mandate(school: &School, label: &str) -> Mandate {
    let account = school.card(label).account;
    school.store.mandate(account).await.unwrap().unwrap()
}

async fn consider(school: &School, label: &str) -> Option<Charge> {
    school.payments.consider(school.card(label).account, school.now()).await.unwrap()
}

async fn shown(school: &School, label: &str) -> AutoRechargeState {
    school.account(label).await.auto_recharge.unwrap().state
}

/// Puts another test card behind Malthe's mandate, as if it had been stored when the mandate was given.
async fn with_card(school: &School, number: &str) {
    let sandbox = Sandbox::open(&School::sandbox_file(&school.folder)).unwrap();
    sandbox.store_card(&mandate(school, "Malthe").await.reference, find(number).unwrap()).await.unwrap();
}

#[tokio::test]
async fn a_purchase_at_the_till_tops_up_within_the_same_breath() {
    let school = School::serving().await;
    let said = school.purchase("Malthe", 2_500).await;
    assert_eq!(said.json["outcome"], "posted");
    let topped_up = |account: &madkort_protocol::Account| account.balance.ore() == MALTHE_HAS - 2_500 + 10_000;
    let account = school.until("Malthe", topped_up).await;
    assert_eq!(account.auto_recharge.unwrap().state, AutoRechargeState::Armed);

    let tenant = school.store.schools().await.unwrap().remove(0).id;
    let month = jiff::civil::date(2026, 11, 1);
    let statement = school.store.statement(tenant, account.id, month).await.unwrap().unwrap();
    assert_eq!(statement.lines.last().unwrap().text, StatementText::Recharge);
    school.audit().await;
}

#[tokio::test]
async fn exactly_fifty_kroner_is_enough_and_one_ore_less_is_not() {
    let school = School::open().await;
    school.purchase("Malthe", 300).await;
    assert_eq!(school.balance("Malthe").await, 5_000);
    assert_eq!(consider(&school, "Malthe").await, None);
    school.purchase("Malthe", 1).await;
    let charge = consider(&school, "Malthe").await.unwrap();
    assert_eq!((charge.state, charge.amount.ore()), (ChargeState::Succeeded, 10_000));
    assert_eq!(school.balance("Malthe").await, 14_999);
}

#[tokio::test]
async fn many_purchases_and_many_wake_ups_are_one_charge() {
    let school = School::open().await;
    let booked = school.audit().await;
    for _ in 0..3 {
        school.purchase("Malthe", 1_000).await;
    }
    let (a, b, c) = tokio::join!(consider(&school, "Malthe"), consider(&school, "Malthe"), consider(&school, "Malthe"));
    assert_eq!([a, b, c].iter().flatten().count(), 1);
    assert_eq!(consider(&school, "Malthe").await, None, "and it is not chained");
    assert_eq!(school.balance("Malthe").await, MALTHE_HAS - 3_000 + 10_000);
    assert_eq!(school.audit().await, booked + 4);
}

#[tokio::test]
async fn a_charge_names_the_purchase_that_caused_it() {
    let school = School::open().await;
    let said = school.purchase("Malthe", 1_000).await;
    let charge = consider(&school, "Malthe").await.unwrap();
    assert_eq!(said.json["id"], serde_json::to_value(charge.cause).unwrap());
}

#[tokio::test]
async fn it_waits_for_the_first_hundred_kroner_and_then_for_a_purchase() {
    let school = School::open().await;
    school.purchase("Noah", 1_000).await;
    assert_eq!(school.balance("Noah").await, 4_600);
    assert_eq!(consider(&school, "Noah").await, None, "80 kr. have been paid in");
    assert_eq!(shown(&school, "Noah").await, AutoRechargeState::WaitingForDeposits);

    let request = school.deposit("Noah", 20);
    let page = school.post_deposit(&request).await.json["url"].as_str().unwrap().to_owned();
    school.pay(&page, "4242424242424242").await;
    assert_eq!(shown(&school, "Noah").await, AutoRechargeState::Armed);
    school.purchase("Noah", 2_000).await;
    assert!(consider(&school, "Noah").await.is_some());
    assert_eq!(school.balance("Noah").await, 4_600 + 2_000 - 2_000 + 10_000);
}

#[tokio::test]
async fn a_soft_decline_is_tried_again_after_a_day_three_days_and_a_week_and_then_stops() {
    let school = School::open().await;
    with_card(&school, "1000000000000065").await;
    school.purchase("Malthe", 1_000).await;
    assert_eq!(consider(&school, "Malthe").await.unwrap().state, ChargeState::Declined);
    let second = SignedDuration::from_secs(1);
    for hours in [24, 48, 96] {
        assert_eq!(shown(&school, "Malthe").await, AutoRechargeState::Retrying);
        school.purchase("Malthe", 1).await;
        assert_eq!(consider(&school, "Malthe").await, None, "another purchase does not hurry it");
        school.wait(SignedDuration::from_hours(hours) - second);
        school.payments.look_at_top_ups(school.now(), true).await.unwrap();
        assert_eq!(shown(&school, "Malthe").await, AutoRechargeState::Retrying);
        let declines = school.balance("Malthe").await;
        school.wait(second);
        school.payments.look_at_top_ups(school.now(), true).await.unwrap();
        assert_eq!(school.balance("Malthe").await, declines);
    }
    assert_eq!(shown(&school, "Malthe").await, AutoRechargeState::Suspended);
    school.audit().await;
}

#[tokio::test]
async fn a_retry_that_goes_through_ends_the_declines() {
    let school = School::open().await;
    with_card(&school, "1000000000000065").await;
    school.purchase("Malthe", 1_000).await;
    consider(&school, "Malthe").await.unwrap();
    with_card(&school, "4242424242424242").await;
    school.wait(SignedDuration::from_hours(24));
    // The round of mandates, not only the one at start.
    school.payments.look_at_top_ups(school.now(), false).await.unwrap();
    assert_eq!(school.balance("Malthe").await, MALTHE_HAS - 1_000 + 10_000);
    assert_eq!(shown(&school, "Malthe").await, AutoRechargeState::Armed);
}

#[tokio::test]
async fn a_hard_decline_stops_at_once() {
    for card in ["1000000000000024", "4000000000000002", "1000000000000073"] {
        let school = School::open().await;
        with_card(&school, card).await;
        school.purchase("Malthe", 1_000).await;
        consider(&school, "Malthe").await.unwrap();
        assert_eq!(shown(&school, "Malthe").await, AutoRechargeState::Suspended, "{card}");
        school.wait(SignedDuration::from_hours(24 * 30));
        school.purchase("Malthe", 1).await;
        school.payments.look_at_top_ups(school.now(), true).await.unwrap();
        assert_eq!(school.balance("Malthe").await, MALTHE_HAS - 1_001, "{card}");
    }
}

#[tokio::test]
async fn a_charge_without_an_answer_is_asked_about_and_not_made_again() {
    let school = School::open().await;
    with_card(&school, "1000000000000099").await;
    school.purchase("Malthe", 1_000).await;
    assert_eq!(consider(&school, "Malthe").await.unwrap().state, ChargeState::Unknown);
    assert_eq!(shown(&school, "Malthe").await, AutoRechargeState::Charging);
    school.purchase("Malthe", 1_000).await;
    assert_eq!(consider(&school, "Malthe").await, None);
    school.payments.look_at_top_ups(school.now(), true).await.unwrap();
    assert_eq!(school.balance("Malthe").await, MALTHE_HAS - 2_000 + 10_000);
    school.payments.look_at_top_ups(school.now(), true).await.unwrap();
    assert_eq!(school.balance("Malthe").await, MALTHE_HAS - 2_000 + 10_000);
    school.audit().await;
}

/// One step of the rule, and nothing of what it says carried out.
async fn step(school: &School, event: Event) -> Stepped {
    let account = school.card("Malthe").account;
    let (new_id, now) = (school.new_id(), school.now());
    let stepping = Stepping { account, event, mandate: None, reference: None, new_id, now };
    school.store.recharge(stepping).await.unwrap().unwrap()
}

/// An intent on disk, as a crash leaves it.
async fn left_behind(school: &School, state: ChargeState) -> Charge {
    let mut charge = step(school, Event::Posted).await.charge.unwrap();
    if state == ChargeState::Sent {
        charge = step(school, Event::Sending).await.charge.unwrap();
    }
    assert_eq!(charge.state, state);
    charge
}

#[tokio::test]
async fn killed_before_the_call_it_is_sent_at_start() {
    let (school, gateway) = School::scripted().await;
    school.purchase("Malthe", 1_000).await;
    let charge = left_behind(&school, ChargeState::Created).await;
    gateway.charges.lock().unwrap().push_back(taken(100));
    school.payments.look_at_top_ups(school.now(), true).await.unwrap();
    assert_eq!(gateway.charged.lock().unwrap()[0].key, charge.id);
    assert_eq!(school.balance("Malthe").await, MALTHE_HAS - 1_000 + 10_000);
}

#[tokio::test]
async fn killed_after_the_call_it_is_asked_about_and_not_sent() {
    let (school, gateway) = School::scripted().await;
    school.purchase("Malthe", 1_000).await;
    left_behind(&school, ChargeState::Sent).await;
    gateway.will_say(Some(taken(100)));
    school.payments.look_at_top_ups(school.now(), true).await.unwrap();
    assert!(gateway.charged.lock().unwrap().is_empty());
    assert_eq!(school.balance("Malthe").await, MALTHE_HAS - 1_000 + 10_000);
}

#[tokio::test]
async fn killed_in_the_call_and_never_arrived_it_is_sent_with_the_same_key() {
    let (school, gateway) = School::scripted().await;
    school.purchase("Malthe", 1_000).await;
    let charge = left_behind(&school, ChargeState::Sent).await;
    gateway.will_say(None);
    gateway.charges.lock().unwrap().push_back(taken(100));
    school.payments.look_at_top_ups(school.now(), true).await.unwrap();
    assert_eq!(gateway.charged.lock().unwrap()[0].key, charge.id);
    assert_eq!(school.balance("Malthe").await, MALTHE_HAS - 1_000 + 10_000);
}

#[tokio::test]
async fn a_mandate_taken_back_while_its_charge_is_on_the_way() {
    // The gateway took the money: it is the holder's. It never heard of it: nothing is sent any more.
    for (answer, gained) in [(Some(taken(100)), 10_000), (None, 0)] {
        let (school, gateway) = School::scripted().await;
        school.purchase("Malthe", 1_000).await;
        let charge = left_behind(&school, ChargeState::Sent).await;
        let cancelled = Mandate { state: MandateState::Cancelled, ..mandate(&school, "Malthe").await };
        school.store.put_mandate(cancelled).await.unwrap();
        gateway.will_say(answer);
        school.payments.look_at_top_ups(school.now(), true).await.unwrap();
        assert_eq!(school.balance("Malthe").await, MALTHE_HAS - 1_000 + gained);
        assert!(gateway.charged.lock().unwrap().is_empty());
        let state = school.store.charge(charge.id).await.unwrap().unwrap().state;
        assert!(matches!(state, ChargeState::Succeeded | ChargeState::Declined));
        school.audit().await;
    }
}

#[tokio::test]
async fn another_amount_is_never_credited_and_stays_open() {
    let (school, gateway) = School::scripted().await;
    school.purchase("Malthe", 1_000).await;
    gateway.charges.lock().unwrap().push_back(taken(99));
    assert_eq!(consider(&school, "Malthe").await.unwrap().state, ChargeState::Unknown);
    assert_eq!(school.balance("Malthe").await, MALTHE_HAS - 1_000);
    assert_eq!(shown(&school, "Malthe").await, AutoRechargeState::Charging);
}

#[tokio::test]
async fn a_gateway_that_calls_our_request_wrong_is_not_asked_twice() {
    let (school, gateway) = School::scripted().await;
    school.purchase("Malthe", 1_000).await;
    gateway.charges.lock().unwrap().push_back(Outcome::Declined(DeclineClass::OurError));
    consider(&school, "Malthe").await.unwrap();
    assert_eq!(shown(&school, "Malthe").await, AutoRechargeState::Suspended);
}

#[tokio::test]
async fn caps_hold_by_the_day() {
    let school = School::open().await;
    for expected in [true, true, false] {
        // Down to 40 kr.
        let balance = school.balance("Malthe").await;
        school.purchase("Malthe", balance - 4_000).await;
        assert_eq!(consider(&school, "Malthe").await.is_some(), expected, "200 kr. a day");
        school.wait(SignedDuration::from_mins(10));
    }
    // Danish midnight.
    school.wait(SignedDuration::from_hours(12));
    school.purchase("Malthe", 1).await;
    assert!(consider(&school, "Malthe").await.is_some());
}

/// What the sandbox's own books say, beside ours.
async fn taken_is_posted(school: &School) -> usize {
    let sandbox = Sandbox::open(&School::sandbox_file(&school.folder)).unwrap();
    let taken = sandbox.taken().await.unwrap();
    for (key, amount) in &taken {
        let charge = school.store.charge(OperationId::parse(key).unwrap()).await.unwrap().unwrap();
        assert_eq!((charge.state, charge.amount), (ChargeState::Succeeded, *amount));
    }
    school.audit().await;
    taken.len()
}

#[tokio::test]
async fn however_the_gateway_behaves_it_takes_the_money_once_and_so_do_we() {
    // At once; late; silently; lost the first time; told three times.
    for card in ["4242424242424242", "1000000000000099", "1000000000000107", "1000000000000115", "1000000000000123"] {
        let school = School::open().await;
        with_card(&school, card).await;
        school.purchase("Malthe", 1_000).await;
        consider(&school, "Malthe").await.unwrap();
        for round in 0..4 {
            school.purchase("Malthe", 1).await;
            school.payments.look_at_top_ups(school.now(), round == 1).await.unwrap();
            school.wait(SignedDuration::from_secs(31));
        }
        assert_eq!(school.balance("Malthe").await, MALTHE_HAS - 1_004 + 10_000, "{card}");
        assert_eq!(taken_is_posted(&school).await, 1, "{card}");
    }
}

#[tokio::test]
async fn after_a_restart_in_every_state_it_is_taken_once() {
    for state in [ChargeState::Created, ChargeState::Sent] {
        for card in ["4242424242424242", "1000000000000107", "1000000000000115"] {
            let school = School::open().await;
            with_card(&school, card).await;
            school.purchase("Malthe", 1_000).await;
            let charge = left_behind(&school, state).await;
            let file = DatabaseUrl::Sqlite(school.folder.path().join("madkort.db"));
            // The far side heard the call; the process that made it is gone.
            if state == ChargeState::Sent {
                let sandbox = Sandbox::open(&School::sandbox_file(&school.folder)).unwrap();
                let reference = mandate(&school, "Malthe").await.reference;
                let _lost =
                    sandbox.charge(StoredCharge { key: charge.id, card: reference, amount: charge.amount }).await;
            }
            for _ in 0..3 {
                let store = store::open(&file).unwrap();
                let sandbox = Arc::new(Sandbox::open(&School::sandbox_file(&school.folder)).unwrap());
                let payments = Payments::with_sandbox(store, sandbox, "http://127.0.0.1");
                payments.look_at_top_ups(school.now(), true).await.unwrap();
                school.wait(SignedDuration::from_mins(1));
            }
            let again = store::open(&file).unwrap();
            assert_eq!(
                again.charge(charge.id).await.unwrap().unwrap().state,
                ChargeState::Succeeded,
                "{state:?} {card}"
            );
            let sandbox = Sandbox::open(&School::sandbox_file(&school.folder)).unwrap();
            assert_eq!(sandbox.taken().await.unwrap().len(), 1, "{state:?} {card}");
        }
    }
}

#[tokio::test]
async fn the_late_word_before_the_answer_posts_and_the_answer_changes_nothing() {
    let (school, gateway) = School::scripted().await;
    school.purchase("Malthe", 1_000).await;
    let charge = left_behind(&school, ChargeState::Sent).await;
    gateway.will_say(Some(taken(100)));
    school.payments.hint(charge.id, school.now()).await.unwrap();
    assert_eq!(school.balance("Malthe").await, MALTHE_HAS - 1_000 + 10_000);
    // Now the call itself comes back, and the word comes once more.
    let answer = Event::Answered { charge: charge.id, answer: Answer::Succeeded };
    step(&school, answer).await;
    gateway.will_say(Some(taken(100)));
    school.payments.hint(charge.id, school.now()).await.unwrap();
    assert_eq!(school.balance("Malthe").await, MALTHE_HAS - 1_000 + 10_000);
    school.audit().await;
}

#[tokio::test]
async fn a_gateway_that_hangs_has_not_answered() {
    let (school, gateway) = School::scripted().await;
    school.purchase("Malthe", 1_000).await;
    *gateway.hangs.lock().unwrap() = true;
    let impatient = school.payments.clone().with_patience(std::time::Duration::ZERO);
    let charge = impatient.consider(school.card("Malthe").account, school.now()).await.unwrap().unwrap();
    assert_eq!(charge.state, ChargeState::Unknown);
    *gateway.hangs.lock().unwrap() = false;
    gateway.will_say(Some(taken(100)));
    school.wait(SignedDuration::from_secs(5));
    school.payments.look_at_top_ups(school.now(), false).await.unwrap();
    assert_eq!(school.balance("Malthe").await, MALTHE_HAS - 1_000 + 10_000);
}

#[tokio::test]
async fn a_gateway_that_hangs_over_one_account_keeps_no_other_waiting() {
    let (school, gateway) = School::serving_scripted().await;
    let malthes = mandate(&school, "Malthe").await;
    *gateway.hangs_over.lock().unwrap() = Some(malthes.reference.clone());
    let (id, account) = (MandateId::new(school.new_id().uuid()), school.card("Alma").account);
    let reference = "card-of-alma".to_owned();
    school.store.put_mandate(Mandate { id, account, reference, ..malthes }).await.unwrap();
    school.purchase("Malthe", 1_000).await;
    let charging = |account: &madkort_protocol::Account| {
        account.auto_recharge.as_ref().is_some_and(|auto| auto.state == AutoRechargeState::Charging)
    };
    school.until("Malthe", charging).await;
    gateway.charges.lock().unwrap().push_back(taken(100));
    let balance = school.balance("Alma").await;
    school.purchase("Alma", balance - 4_000).await;
    // Well before anybody has lost patience with the first.
    school.until("Alma", |account| account.balance.ore() == 14_000).await;
    assert!(charging(&school.account("Malthe").await));
}

#[tokio::test]
async fn what_was_bought_right_before_a_stop_is_looked_at_at_the_start() {
    let school = School::open().await;
    let said = school.purchase("Malthe", 1_000).await;
    // Nobody was woken. A round looks at nothing by itself; a start does, once.
    school.payments.look_at_top_ups(school.now(), false).await.unwrap();
    assert_eq!(school.balance("Malthe").await, MALTHE_HAS - 1_000);
    for _ in 0..2 {
        school.payments.look_at_top_ups(school.now(), true).await.unwrap();
        assert_eq!(school.balance("Malthe").await, MALTHE_HAS - 1_000 + 10_000);
    }
    let account = school.card("Malthe").account;
    let tenant = school.store.schools().await.unwrap().remove(0).id;
    let charges = school.store.auto_recharge(tenant, account).await.unwrap().unwrap().charges;
    assert_eq!((charges[0].cause.as_str(), charges[0].amount.ore()), ("Frokost", 10_000));
    assert_eq!(said.json["outcome"], "posted");
    school.audit().await;
}

#[tokio::test]
async fn a_start_charges_nothing_for_what_was_bought_in_a_pause() {
    let school = School::open().await;
    step(&school, Event::Paused).await;
    school.purchase("Malthe", 1_000).await;
    step(&school, Event::Resumed).await;
    school.payments.look_at_top_ups(school.now(), true).await.unwrap();
    assert_eq!(school.balance("Malthe").await, MALTHE_HAS - 1_000, "the next purchase decides");
    school.purchase("Malthe", 1).await;
    assert!(consider(&school, "Malthe").await.is_some());
}

#[tokio::test]
async fn a_gateway_that_never_answers_is_asked_every_day_and_nothing_else_is_charged() {
    let (school, gateway) = School::scripted().await;
    school.purchase("Malthe", 1_000).await;
    let charge = consider(&school, "Malthe").await.unwrap();
    let waits = [5, 30, 120, 600, 3_600].map(SignedDuration::from_secs).into_iter();
    for wait in waits.chain(std::iter::repeat_n(SignedDuration::from_hours(24), 60)) {
        school.wait(wait);
        school.purchase("Malthe", 1).await;
        school.payments.look_at_top_ups(school.now(), false).await.unwrap();
    }
    let open = school.store.charge(charge.id).await.unwrap().unwrap();
    assert_eq!((open.state, open.asks), (ChargeState::Unknown, 66));
    assert_eq!(gateway.charged.lock().unwrap().len(), 1, "never paid again");
    assert_eq!(shown(&school, "Malthe").await, AutoRechargeState::Charging);
    assert_eq!(school.balance("Malthe").await, MALTHE_HAS - 1_065);
    // It comes back after two months and has the money.
    gateway.will_say(Some(taken(100)));
    school.wait(SignedDuration::from_hours(24));
    school.payments.look_at_top_ups(school.now(), false).await.unwrap();
    assert_eq!(school.balance("Malthe").await, MALTHE_HAS - 1_065 + 10_000);
    school.audit().await;
}

#[tokio::test]
async fn a_charge_that_never_arrived_is_given_up_after_a_day_and_the_next_purchase_decides() {
    let (school, gateway) = School::scripted().await;
    school.purchase("Malthe", 1_000).await;
    let charge = left_behind(&school, ChargeState::Sent).await;
    school.wait(SignedDuration::from_hours(24));
    gateway.will_say(None);
    school.payments.look_at_top_ups(school.now(), true).await.unwrap();
    assert!(gateway.charged.lock().unwrap().is_empty(), "its key is too old");
    assert_eq!(school.store.charge(charge.id).await.unwrap().unwrap().state, ChargeState::Declined);
    assert_eq!(shown(&school, "Malthe").await, AutoRechargeState::Armed);
    assert_eq!(consider(&school, "Malthe").await, None, "the same purchase charges nobody again");
    school.purchase("Malthe", 1).await;
    gateway.charges.lock().unwrap().push_back(taken(100));
    assert_eq!(consider(&school, "Malthe").await.unwrap().state, ChargeState::Succeeded);
    assert_eq!(school.balance("Malthe").await, MALTHE_HAS - 1_001 + 10_000);
    school.audit().await;
}

#[tokio::test]
async fn a_deposit_while_the_charge_is_on_its_way_changes_nothing_about_it() {
    let (school, gateway) = School::scripted().await;
    school.purchase("Malthe", 1_000).await;
    left_behind(&school, ChargeState::Sent).await;
    let request = school.deposit("Malthe", 100);
    school.post_deposit(&request).await;
    school.store.pay_deposit(request.id, Money::from_kroner(100), school.now()).await.unwrap();
    gateway.will_say(Some(taken(100)));
    school.payments.look_at_top_ups(school.now(), true).await.unwrap();
    assert_eq!(school.balance("Malthe").await, MALTHE_HAS - 1_000 + 10_000 + 10_000);
    school.audit().await;
}

#[tokio::test]
async fn a_holder_pauses_and_resumes_at_the_kiosk() {
    let school = School::open().await;
    let card = school.card("Malthe");
    let path = format!("/v1/accounts/{}/auto-recharge", card.account);
    let change = |change| MandateRequest { card: card.card, change };
    // The card alone is not enough, and somebody else's code is not either.
    assert_eq!(school.send(&school.kiosk, "POST", &path, &change(MandateWish::Pause)).await.status, 401);
    school.sign_in("Noah").await;
    assert_eq!(school.send(&school.kiosk, "POST", &path, &change(MandateWish::Pause)).await.status, 401);
    let other = MandateRequest { card: school.card("Noah").card, change: MandateWish::Cancel };
    assert_eq!(school.send(&school.kiosk, "POST", &path, &other).await.status, 404);
    school.sign_in("Malthe").await;
    let said = school.send(&school.kiosk, "POST", &path, &change(MandateWish::Pause)).await;
    assert_eq!(said.json["auto_recharge"]["state"], "suspended");
    school.purchase("Malthe", 1_000).await;
    assert_eq!(consider(&school, "Malthe").await, None);
    let said = school.send(&school.kiosk, "POST", &path, &change(MandateWish::Resume)).await;
    assert_eq!(said.json["auto_recharge"]["state"], "armed");
    assert_eq!(mandate(&school, "Malthe").await.changed_by, Some(card.card));
    school.purchase("Malthe", 1).await;
    assert!(consider(&school, "Malthe").await.is_some());
    let said = school.send(&school.kiosk, "POST", &path, &change(MandateWish::Cancel)).await;
    assert!(said.json["auto_recharge"].is_null());
    assert_eq!(school.send(&school.kiosk, "POST", &path, &change(MandateWish::Resume)).await.status, 404);
}
