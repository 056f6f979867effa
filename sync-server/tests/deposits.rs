//! Deposits: from the kiosk's request to the ledger, whatever comes between.

#![allow(clippy::unwrap_used)]

mod mail_server;
mod support;

use std::time::Duration;

use jiff::SignedDuration;
use madkort_ledger::recharge::DeclineClass;
use madkort_protocol::{DepositRequest, DepositState, Language, Money, StatementText};
use mail_server::{Says, header, html, mail_server, settings, subject, text};
use serde_json::json;
use support::{Said, School};
use sync_server::mail::Mailer;
use sync_server::payments::{Outcome, Taken};
use sync_server::store::Moved;

const APPROVED: &str = "4242+4242+4242+4242";
const DECLINED: &str = "1000000000000016";
const HANGS: &str = "1000000000000099";

fn url(said: &Said) -> String {
    said.json["url"].as_str().unwrap().to_owned()
}

fn state(said: &Said) -> &str {
    said.json["state"].as_str().unwrap()
}

fn taken(ore: i64, currency: &str) -> Outcome {
    let (amount, currency) = (Money::from_ore(ore), currency.to_owned());
    Outcome::Succeeded(Taken { reference: "far-1".to_owned(), amount, currency })
}

#[tokio::test]
async fn a_deposit_is_opened_paid_and_on_the_statement() {
    let school = School::open().await;
    let (before, booked) = (school.balance("Alma").await, school.audit().await);
    let request = school.deposit("Alma", 100);
    let opened = school.post_deposit(&request).await;
    assert_eq!((opened.status, state(&opened)), (200, "open"));
    assert_eq!(opened.json["expires_at"], "2026-11-23T11:50:00Z");
    let page = url(&opened);
    assert_eq!(page.rsplit('/').next().unwrap().len(), 32, "128 bits in hexadecimal");

    let answer = school.pay(&page, APPROVED).await;
    assert_eq!(answer.status(), 303);
    let paid = school.get_deposit(request.id).await;
    assert_eq!(state(&paid), "paid");
    assert_eq!(paid.json["balance"], before + 10_000);
    assert!(!paid.json["receipt"].as_str().unwrap().is_empty());
    assert_eq!(paid.json["paid_at"], "2026-11-23T11:40:00Z");
    assert_eq!(school.balance("Alma").await, before + 10_000);
    assert_eq!(school.audit().await, booked + 1);

    let account = school.account("Alma").await;
    let tenant = school.store.schools().await.unwrap().remove(0).id;
    let month = jiff::civil::date(2026, 11, 1);
    let statement = school.store.statement(tenant, account.id, month).await.unwrap().unwrap();
    let last = statement.lines.last().unwrap();
    assert_eq!((&last.text, last.amount.ore()), (&StatementText::Deposit, 10_000));
    assert_eq!(last.number, paid.json["receipt"].as_str().unwrap());
}

#[tokio::test]
async fn a_receipt_goes_to_the_address_that_was_given_once_and_in_its_language() {
    let school = School::open().await;
    let before = school.balance("Alma").await;
    for (language, title, words) in [
        (Language::Danish, "Kvittering for indbetaling, nr. 2026-", "Ny saldo"),
        (Language::English, "Receipt for a deposit, no. 2026-", "New balance"),
    ] {
        let request = DepositRequest { language, ..school.deposit("Alma", 100) };
        let opened = school.post_deposit(&request).await;
        assert_eq!(school.store.waiting_mails().await.unwrap(), 0, "nothing is paid yet");
        school.pay(&url(&opened), APPROVED).await;
        let paid = school.get_deposit(request.id).await;
        let again = school.store.pay_deposit(request.id, request.amount, school.now()).await.unwrap();
        assert!(matches!(again, Moved::Stands(_)), "{again:?}");

        let (port, letters) = mail_server(vec![Says::Taken]).await;
        let mailer = Mailer::new(school.store.clone(), &settings(port)).unwrap();
        assert_eq!(mailer.send_due(school.now()).await.unwrap(), 1);
        let letter = letters.lock().unwrap()[0].clone();
        assert_eq!(header(&letter, "To"), request.email);
        let subject = subject(&letter);
        assert!(subject.starts_with(title) && subject.ends_with(paid.json["receipt"].as_str().unwrap()), "{subject}");
        let balance = Money::from_ore(paid.json["balance"].as_i64().unwrap());
        assert!(balance.ore() > before);
        for page in [text(&letter), html(&letter)] {
            for part in [words, &balance.in_words(language), "CVR", &request.terms_version] {
                assert!(page.contains(part), "{part}: {page}");
            }
        }
        assert!(html(&letter).contains(&format!("lang=\"{}\"", language.tag())));
    }
}

#[tokio::test]
async fn the_same_request_again_is_the_same_page_and_another_is_a_fault() {
    let school = School::open().await;
    let request = school.deposit("Alma", 100);
    let first = school.post_deposit(&request).await;
    let again = school.post_deposit(&request).await;
    assert_eq!(first.json, again.json);
    let other = madkort_protocol::DepositRequest { amount: Money::from_kroner(200), ..request.clone() };
    let refused = school.post_deposit(&other).await;
    assert_eq!((refused.status, &refused.json["code"]), (409, &json!("id-reused")));
    school.pay(&url(&first), APPROVED).await;
    assert_eq!(state(&school.post_deposit(&request).await), "paid");
}

#[tokio::test]
async fn an_amount_outside_the_limits_is_refused_in_both_languages() {
    let school = School::open().await;
    for ore in [0, -1, -10_000, 1, 999, 10_050, 100_100, 10_000_000, i64::MAX] {
        let request = madkort_protocol::DepositRequest { amount: Money::from_ore(ore), ..school.deposit("Alma", 100) };
        let said = school.post_deposit(&request).await;
        assert_eq!((said.status, &said.json["code"]), (422, &json!("invalid-amount")), "{ore}");
        let da = "Beløbet skal være i hele kroner, mindst 10,00 kr. og højst 1.000,00 kr.";
        let en = "The amount must be in whole kroner, at least DKK 10.00 and at most DKK 1,000.00.";
        assert_eq!((&said.json["detail_da"], &said.json["detail"]), (&json!(da), &json!(en)));
    }
    for kroner in [10, 1_000] {
        assert_eq!(school.post_deposit(&school.deposit("Alma", kroner)).await.status, 200);
    }
    let mut typed = serde_json::to_value(school.deposit("Alma", 100)).unwrap();
    typed["amount"] = json!("abc");
    let said = school.send(&school.kiosk, "POST", "/v1/deposits", &typed).await;
    assert_eq!((said.status, &said.json["code"]), (400, &json!("malformed")));
}

#[tokio::test]
async fn what_is_wrong_is_said_by_its_field() {
    let school = School::open().await;
    let good = || school.deposit("Alma", 100);
    let wrong = [
        ("email", madkort_protocol::DepositRequest { email: "alma".to_owned(), ..good() }),
        ("terms_version", madkort_protocol::DepositRequest { terms_version: "2019-01".to_owned(), ..good() }),
        ("card", school.deposit("Oskar", 100)),
        ("account", madkort_protocol::DepositRequest { account: school.card("Ida").account, ..good() }),
    ];
    for (field, request) in wrong {
        let said = school.post_deposit(&request).await;
        assert_eq!((said.status, &said.json["field"]), (422, &json!(field)), "{said:?}");
        assert!(said.json["detail_da"].as_str().unwrap().len() > 20);
    }
    let till = school.send(&school.register, "POST", "/v1/deposits", &good()).await;
    assert_eq!(till.status, 403);
    assert_eq!(school.get_deposit(school.new_id()).await.status, 404);
    let nonsense = school.send(&school.kiosk, "GET", "/v1/deposits/nonsense", &()).await;
    assert_eq!(nonsense.status, 404);
}

#[tokio::test]
async fn a_parent_pays_into_a_childs_account() {
    let school = School::open().await;
    let request =
        madkort_protocol::DepositRequest { account: school.card("Sofia").account, ..school.deposit("Karen", 100) };
    let before = school.balance("Sofia").await;
    let opened = school.post_deposit(&request).await;
    school.pay(&url(&opened), APPROVED).await;
    assert_eq!(school.balance("Sofia").await, before + 10_000);
}

#[tokio::test]
async fn a_cancelled_deposit_takes_no_money_and_a_paid_one_is_not_cancelled() {
    let school = School::open().await;
    let before = school.balance("Alma").await;
    let request = school.deposit("Alma", 100);
    let opened = school.post_deposit(&request).await;
    assert_eq!(state(&school.delete_deposit(request.id).await), "cancelled");
    school.pay(&url(&opened), APPROVED).await;
    assert_eq!(state(&school.get_deposit(request.id).await), "cancelled");
    assert_eq!(school.balance("Alma").await, before);

    let request = school.deposit("Alma", 100);
    let opened = school.post_deposit(&request).await;
    school.pay(&url(&opened), APPROVED).await;
    assert_eq!(state(&school.delete_deposit(request.id).await), "paid");
    assert_eq!(school.balance("Alma").await, before + 10_000);
}

#[tokio::test]
async fn a_page_takes_payment_for_ten_minutes_by_the_servers_clock() {
    let school = School::open().await;
    let before = school.balance("Alma").await;
    let (in_time, too_late) = (school.deposit("Alma", 100), school.deposit("Alma", 100));
    let pages = [url(&school.post_deposit(&in_time).await), url(&school.post_deposit(&too_late).await)];
    school.wait(SignedDuration::from_secs(599));
    school.pay(&pages[0], APPROVED).await;
    assert_eq!(state(&school.get_deposit(in_time.id).await), "paid");
    school.wait(SignedDuration::from_secs(1));
    school.pay(&pages[1], APPROVED).await;
    assert_eq!(state(&school.get_deposit(too_late.id).await), "expired");
    assert_eq!(state(&school.delete_deposit(too_late.id).await), "expired");
    assert_eq!(school.balance("Alma").await, before + 10_000);
}

#[tokio::test]
async fn nobody_looks_and_the_round_closes_what_ran_out() {
    let school = School::open().await;
    let request = school.deposit("Alma", 100);
    school.post_deposit(&request).await;
    school.wait(SignedDuration::from_mins(11));
    school.payments.look_at_deposits(school.now()).await.unwrap();
    let row = school.store.deposit(request.id).await.unwrap().unwrap();
    assert_eq!(row.state, DepositState::Expired);
}

#[tokio::test]
async fn two_phones_pay_at_once_and_it_is_posted_once() {
    let school = School::open().await;
    let (before, booked) = (school.balance("Alma").await, school.audit().await);
    let request = school.deposit("Alma", 100);
    let page = url(&school.post_deposit(&request).await);
    let (a, b, c) = tokio::join!(school.pay(&page, APPROVED), school.pay(&page, APPROVED), school.pay(&page, DECLINED));
    assert!([a, b, c].iter().all(|answer| answer.status() == 303));
    school.pay(&page, APPROVED).await;
    let stands = school.get_deposit(request.id).await;
    // Whichever card was first decides; the rest find it decided.
    let paid = i64::from(state(&stands) == "paid");
    assert_eq!(school.balance("Alma").await, before + paid * 10_000);
    assert_eq!(school.audit().await, booked + u64::try_from(paid).unwrap());
}

#[tokio::test]
async fn a_declined_card_moves_nothing() {
    let school = School::open().await;
    let (before, booked) = (school.balance("Alma").await, school.audit().await);
    let request = school.deposit("Alma", 100);
    let page = url(&school.post_deposit(&request).await);
    school.pay(&page, DECLINED).await;
    assert_eq!(state(&school.get_deposit(request.id).await), "declined");
    school.pay(&page, APPROVED).await;
    assert_eq!(state(&school.get_deposit(request.id).await), "declined", "a final answer is final");
    assert_eq!((school.balance("Alma").await, school.audit().await), (before, booked));
}

#[tokio::test]
async fn an_unknown_payment_is_asked_about_and_never_paid_again() {
    let school = School::open().await;
    let before = school.balance("Alma").await;
    let request = school.deposit("Alma", 100);
    let page = url(&school.post_deposit(&request).await);
    school.pay(&page, HANGS).await;
    assert_eq!(state(&school.get_deposit(request.id).await), "unknown");
    assert_eq!(state(&school.delete_deposit(request.id).await), "unknown", "what may be paid cannot be cancelled");
    school.pay(&page, APPROVED).await;
    assert_eq!(state(&school.get_deposit(request.id).await), "unknown");
    school.wait(SignedDuration::from_secs(4));
    school.payments.look_at_deposits(school.now()).await.unwrap();
    assert_eq!(state(&school.get_deposit(request.id).await), "unknown", "not due before five seconds");
    school.wait(SignedDuration::from_secs(1));
    school.payments.look_at_deposits(school.now()).await.unwrap();
    assert_eq!(state(&school.get_deposit(request.id).await), "paid");
    assert_eq!(school.balance("Alma").await, before + 10_000);
}

#[tokio::test]
async fn an_unknown_payment_outlives_its_page() {
    let school = School::open().await;
    let request = school.deposit("Alma", 100);
    let page = url(&school.post_deposit(&request).await);
    school.pay(&page, HANGS).await;
    school.wait(SignedDuration::from_hours(30));
    // As after a restart.
    school.payments.look_at_deposits(school.now()).await.unwrap();
    assert_eq!(state(&school.get_deposit(request.id).await), "paid");
}

#[tokio::test]
async fn money_that_comes_after_cancelling_goes_to_the_account() {
    let (school, gateway) = School::scripted().await;
    let before = school.balance("Alma").await;
    let request = school.deposit("Alma", 100);
    school.post_deposit(&request).await;
    assert_eq!(state(&school.delete_deposit(request.id).await), "cancelled");
    gateway.will_say(Some(taken(10_000, "DKK")));
    let row = school.store.deposit(request.id).await.unwrap().unwrap();
    let row = school.payments.page_was_used(row, school.now()).await.unwrap();
    assert_eq!(row.state, DepositState::Paid);
    gateway.will_say(Some(taken(10_000, "DKK")));
    school.payments.page_was_used(row, school.now()).await.unwrap();
    assert_eq!(school.balance("Alma").await, before + 10_000, "told twice, posted once");
    school.audit().await;
}

#[tokio::test]
async fn cancelling_what_has_just_been_paid_posts_it() {
    let (school, gateway) = School::scripted().await;
    let before = school.balance("Alma").await;
    let request = school.deposit("Alma", 100);
    school.post_deposit(&request).await;
    gateway.closes.lock().unwrap().push_back(Some(taken(10_000, "DKK")));
    assert_eq!(state(&school.delete_deposit(request.id).await), "paid");
    assert_eq!(school.balance("Alma").await, before + 10_000);
}

#[tokio::test]
async fn another_amount_or_currency_is_not_credited() {
    for (ore, currency, booked) in [(9_999, "DKK", 1), (10_000, "EUR", 0)] {
        let (school, gateway) = School::scripted().await;
        let (before, transactions) = (school.balance("Alma").await, school.audit().await);
        let request = school.deposit("Alma", 100);
        school.post_deposit(&request).await;
        gateway.will_say(Some(taken(ore, currency)));
        let row = school.store.deposit(request.id).await.unwrap().unwrap();
        let row = school.payments.page_was_used(row, school.now()).await.unwrap();
        assert_eq!(row.state, DepositState::Unknown, "{currency}");
        assert!(row.ask_at.is_some_and(|at| at > school.now()), "asked again later, not at once");
        assert_eq!(school.balance("Alma").await, before);
        assert_eq!(school.audit().await, transactions + booked, "kroner wait in the suspense book");
    }
}

#[tokio::test]
async fn a_gateway_out_of_reach_opens_nothing_and_the_next_try_does() {
    let (school, gateway) = School::scripted().await;
    let request = school.deposit("Alma", 100);
    *gateway.unreachable.lock().unwrap() = true;
    let said = school.post_deposit(&request).await;
    assert_eq!((said.status, &said.json["code"]), (503, &json!("unavailable")));
    *gateway.unreachable.lock().unwrap() = false;
    assert_eq!(state(&school.post_deposit(&request).await), "open");
}

#[tokio::test]
async fn a_late_no_is_a_no() {
    let (school, gateway) = School::scripted().await;
    let before = school.balance("Alma").await;
    let request = school.deposit("Alma", 100);
    school.post_deposit(&request).await;
    let row = school.store.deposit(request.id).await.unwrap().unwrap();
    gateway.will_say(Some(Outcome::Unknown));
    school.payments.page_was_used(row, school.now()).await.unwrap();
    school.wait(SignedDuration::from_secs(5));
    gateway.will_say(Some(Outcome::Declined(DeclineClass::Soft)));
    assert_eq!(state(&school.get_deposit(request.id).await), "declined");
    assert_eq!(school.balance("Alma").await, before);
}

#[tokio::test]
async fn a_gateway_that_hangs_over_one_deposit_keeps_no_other_waiting() {
    let (school, gateway) = School::scripted().await;
    let (first, second, third) = (school.deposit("Alma", 100), school.deposit("Ida", 100), school.deposit("Noah", 100));
    for request in [&first, &second, &third] {
        school.post_deposit(request).await;
    }
    // One is paid and nobody knows it yet; of the two others the page has run out.
    let row = school.store.deposit(third.id).await.unwrap().unwrap();
    school.payments.page_was_used(row, school.now()).await.unwrap();
    *gateway.silent_about.lock().unwrap() = Some(first.id);
    gateway.will_say(Some(taken(10_000, "DKK")));
    let before = school.balance("Noah").await;
    school.wait(SignedDuration::from_mins(11));
    let (payments, now) = (school.payments.clone(), school.now());
    let looking = tokio::spawn(async move { payments.look_at_deposits(now).await });
    // Well before anybody has lost patience with the first.
    let state = async |id| school.store.deposit(id).await.unwrap().unwrap().state;
    let settled = async {
        while (state(second.id).await, state(third.id).await) != (DepositState::Expired, DepositState::Paid) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), settled).await.expect("they wait for the one that hangs");
    assert_eq!((state(first.id).await, looking.is_finished()), (DepositState::Open, false));
    assert_eq!(school.balance("Noah").await, before + 10_000);
    looking.abort();

    // Once patience is lost it is not known how it ended, and it is asked about again.
    school.payments.clone().with_patience(Duration::ZERO).look_at_deposits(now).await.unwrap();
    let row = school.store.deposit(first.id).await.unwrap().unwrap();
    assert_eq!(row.state, DepositState::Unknown);
    assert!(row.ask_at.is_some_and(|at| at > now));
    school.audit().await;
}
