//! Letters, to a mail server that takes them, makes them wait, turns them down, or loses the line.

#![allow(clippy::unwrap_used)]

mod mail_server;
mod support;

use jiff::SignedDuration;
use madkort_protocol::{AutoRechargeState, Language};
use mail_server::{Says, header, html, mail_server, settings, text};
use support::School;
use sync_server::mail::Mailer;
use sync_server::payments::Sandbox;
use sync_server::payments::cards::find;
use sync_server::store::{CARD_LINK_LASTS, ChargeState, Mandate, MandateState};

/// Its bank lets it be charged only once its holder has approved it.
const NEEDS_APPROVAL: &str = "1000000000000073";
const EXPIRED: &str = "1000000000000024";
const GOOD: &str = "4242424242424242";

fn mailer(school: &School, port: u16) -> Mailer {
    Mailer::new(school.store.clone(), &settings(port)).unwrap()
}

/// A purchase that leads to a charge of this card, and so to a letter.
async fn letter_about(school: &School, card: &str) {
    let account = school.card("Malthe").account;
    let mandate = school.store.mandate(account).await.unwrap().unwrap();
    let sandbox = Sandbox::open(&School::sandbox_file(&school.folder)).unwrap();
    sandbox.store_card(&mandate.reference, find(card).unwrap()).await.unwrap();
    school.purchase("Malthe", 1_000).await;
    school.payments.consider(account, school.now()).await.unwrap();
    assert_eq!(school.store.waiting_mails().await.unwrap(), 1);
}

#[tokio::test]
async fn a_receipt_is_sent_once_and_its_subject_names_no_balance() {
    let school = School::open().await;
    letter_about(&school, "4242424242424242").await;
    let (port, letters) = mail_server(vec![Says::Taken]).await;
    let mailer = mailer(&school, port);
    assert_eq!(mailer.send_due(school.now()).await.unwrap(), 1);
    assert_eq!(mailer.send_due(school.now()).await.unwrap(), 0);
    assert_eq!(school.store.waiting_mails().await.unwrap(), 0);
    let letter = letters.lock().unwrap()[0].clone();
    let subject = header(&letter, "Subject");
    assert!(subject.contains("auto-optank") && !subject.contains("143"), "{subject}");
    assert!(letter.contains("Frokost"), "{letter}");
}

#[tokio::test]
async fn a_suspension_says_why_and_how_to_go_on() {
    let school = School::open().await;
    letter_about(&school, "1000000000000024").await;
    let (port, letters) = mail_server(vec![Says::Taken]).await;
    let mailer = mailer(&school, port);
    assert_eq!(mailer.send_due(school.now()).await.unwrap(), 1);
    let letter = letters.lock().unwrap()[0].clone();
    assert_eq!(header(&letter, "Subject"), "Auto-optank er stoppet");
}

#[tokio::test]
async fn a_letter_that_waits_or_lost_its_line_is_the_same_letter_again() {
    for first in [Says::Later, Says::Nothing] {
        let school = School::open().await;
        letter_about(&school, "4242424242424242").await;
        let (port, letters) = mail_server(vec![first, Says::Taken]).await;
        let mailer = mailer(&school, port);
        assert_eq!(mailer.send_due(school.now()).await.unwrap(), 0);
        assert_eq!(mailer.send_due(school.now()).await.unwrap(), 0, "not at once");
        school.wait(SignedDuration::from_mins(5));
        assert_eq!(mailer.send_due(school.now()).await.unwrap(), 1);
        let letters = letters.lock().unwrap().clone();
        assert_eq!(header(&letters[0], "Message-ID"), header(letters.last().unwrap(), "Message-ID"));
        assert_eq!(letters[0], *letters.last().unwrap());
    }
}

#[tokio::test]
async fn a_letter_nobody_takes_is_marked_and_not_tried_again() {
    let school = School::open().await;
    letter_about(&school, "4242424242424242").await;
    let (port, _) = mail_server(vec![Says::Never]).await;
    let mailer = mailer(&school, port);
    assert_eq!(mailer.send_due(school.now()).await.unwrap(), 0);
    assert_eq!(school.store.waiting_mails().await.unwrap(), 0);
    school.wait(SignedDuration::from_hours(24 * 30));
    assert_eq!(mailer.send_due(school.now()).await.unwrap(), 0);
}

#[tokio::test]
async fn a_mail_server_that_wants_no_letters_from_us_keeps_none_of_them_from_being_sent_later() {
    let school = School::open().await;
    letter_about(&school, "4242424242424242").await;
    // Once with the letter, and once to hear of whom it says so.
    let (port, letters) = mail_server(vec![Says::GoAway, Says::GoAway, Says::Taken]).await;
    let mailer = mailer(&school, port);
    assert_eq!(mailer.send_due(school.now()).await.unwrap(), 0);
    assert_eq!(school.store.waiting_mails().await.unwrap(), 1);
    school.wait(SignedDuration::from_mins(5));
    assert_eq!(mailer.send_due(school.now()).await.unwrap(), 1);
    assert_eq!(letters.lock().unwrap().len(), 1);
}

async fn mandate(school: &School) -> Mandate {
    school.store.mandate(school.card("Malthe").account).await.unwrap().unwrap()
}

async fn shown(school: &School) -> AutoRechargeState {
    school.account("Malthe").await.auto_recharge.unwrap().state
}

/// The links in the letters that a mail server got, in their order.
async fn links(school: &School, script: Vec<Says>) -> Vec<String> {
    let (port, letters) = mail_server(script.clone()).await;
    let mailer = mailer(school, port).with_payments(school.payments.clone());
    for _ in script {
        mailer.send_due(school.now()).await.unwrap();
        school.wait(SignedDuration::from_mins(5));
    }
    assert_eq!(school.store.waiting_mails().await.unwrap(), 0);
    let letters = letters.lock().unwrap().clone();
    letters.iter().filter_map(|letter| link(letter)).collect()
}

fn link(letter: &str) -> Option<String> {
    text(letter).lines().find(|line| line.starts_with("http")).map(str::to_owned)
}

async fn give(school: &School, link: &str, card: &str) -> u16 {
    school.submit(link, &format!("card={card}&do=give")).await.status().as_u16()
}

#[tokio::test]
async fn the_link_in_the_letter_leads_to_where_the_card_is_approved_or_changed_and_it_goes_on() {
    for (language, button, page_says, done) in [
        (Language::Danish, "Godkend eller skift kort", "Nyt kort til auto-optank", "Kortet er skiftet"),
        (Language::English, "Approve or change the card", "Another card for auto top-up", "The card has been changed"),
    ] {
        let school = School::open().await;
        school.store.put_mandate(Mandate { language, ..mandate(&school).await }).await.unwrap();
        let before = school.balance("Malthe").await;
        letter_about(&school, NEEDS_APPROVAL).await;
        assert_eq!(shown(&school).await, AutoRechargeState::Suspended);
        let (port, letters) = mail_server(vec![Says::Taken]).await;
        let mailer = mailer(&school, port).with_payments(school.payments.clone());
        assert_eq!(mailer.send_due(school.now()).await.unwrap(), 1);
        let letter = letters.lock().unwrap()[0].clone();
        let link = link(&letter).unwrap();
        assert!(link.starts_with(&format!("http://{}/mandate/", school.address)), "{link}");
        assert!(html(&letter).contains(&format!("href=\"{link}\"")) && html(&letter).contains(button));
        // Whoever reads the ledger's file does not learn the way.
        let token = link.rsplit('/').next().unwrap().as_bytes();
        for file in ["madkort.db", "madkort.db-wal"] {
            let kept = std::fs::read(school.folder.path().join(file)).unwrap_or_default();
            assert!(!kept.windows(token.len()).any(|bytes| bytes == token), "{file}");
        }

        // Looked at by a mail program first: that uses nothing up.
        for _ in 0..2 {
            let page = school.page(&link).await;
            assert_eq!(page.status(), 200);
            let page = page.text().await.unwrap();
            assert!(page.contains(page_says) && page.contains("Malthe"), "{page}");
        }
        assert_eq!(give(&school, &link, EXPIRED).await, 422);
        assert_eq!(shown(&school).await, AutoRechargeState::Suspended);
        assert_eq!(give(&school, &link, GOOD).await, 303);
        assert!(school.page(&link).await.text().await.unwrap().contains(done));
        assert_eq!(shown(&school).await, AutoRechargeState::Armed);
        assert_eq!(school.balance("Malthe").await, before - 1_000, "nothing is charged by it");

        school.purchase("Malthe", 100).await;
        let charge = school.payments.consider(school.card("Malthe").account, school.now()).await.unwrap().unwrap();
        assert_eq!(charge.state, ChargeState::Succeeded);
        assert_eq!(school.balance("Malthe").await, before - 1_100 + charge.amount.ore());
        // It was good for one card.
        assert_eq!(give(&school, &link, "1000000000000065").await, 303);
        assert_eq!(mandate(&school).await.last_four.as_deref(), Some("4242"));
        // The record says by whom, and that it was at no kiosk.
        let account = school.account("Malthe").await;
        let tenant = school.store.schools().await.unwrap().remove(0).id;
        let deeds = school.store.deeds(tenant, account.owner.uuid()).await.unwrap();
        let changes: Vec<_> = deeds.iter().filter(|deed| deed.what == "auto-recharge-card-changed").collect();
        assert_eq!(changes.len(), 1, "{deeds:?}");
        assert_eq!((changes[0].by, changes[0].detail.as_str()), (Some(mandate(&school).await.given_by), "···· 4242"));
        assert_eq!((&changes[0].at_device, changes[0].at), (&None, school.now()));
        school.audit().await;
    }
}

#[tokio::test]
async fn a_letter_that_came_twice_leads_to_two_pages_of_which_one_takes_a_card() {
    let school = School::open().await;
    letter_about(&school, NEEDS_APPROVAL).await;
    let links = links(&school, vec![Says::Nothing, Says::Taken]).await;
    assert!(links.len() == 2 && links[0] != links[1], "{links:?}");
    assert_eq!(give(&school, &links[0], GOOD).await, 303);
    assert_eq!(shown(&school).await, AutoRechargeState::Armed);
    assert_eq!(give(&school, &links[1], "1000000000000065").await, 303);
    assert!(school.page(&links[1]).await.text().await.unwrap().contains("Der er ikke ændret noget"));
    assert_eq!(mandate(&school).await.last_four.as_deref(), Some("4242"));
}

#[tokio::test]
async fn the_way_to_the_page_ends_after_a_week_and_with_the_mandate_it_is_about() {
    let school = School::open().await;
    letter_about(&school, NEEDS_APPROVAL).await;
    let link = links(&school, vec![Says::Taken]).await.remove(0);
    let sent_before = SignedDuration::from_mins(5);
    school.wait(CARD_LINK_LASTS - sent_before - SignedDuration::from_secs(1));
    assert!(school.page(&link).await.text().await.unwrap().contains("Brug dette kort"));
    school.wait(SignedDuration::from_secs(1));
    assert!(school.page(&link).await.text().await.unwrap().contains("Tiden er gået"));
    assert_eq!(give(&school, &link, GOOD).await, 303);
    assert_eq!(shown(&school).await, AutoRechargeState::Suspended);

    // Another mandate is none of the letter's business.
    let school = School::open().await;
    letter_about(&school, NEEDS_APPROVAL).await;
    let link = links(&school, vec![Says::Taken]).await.remove(0);
    let first = mandate(&school).await;
    school.store.put_mandate(Mandate { state: MandateState::Cancelled, ..first.clone() }).await.unwrap();
    let id = madkort_protocol::MandateId::new(school.new_id().uuid());
    school.store.put_mandate(Mandate { id, state: MandateState::Active, ..first }).await.unwrap();
    let second = mandate(&school).await;
    assert_eq!(give(&school, &link, GOOD).await, 303);
    assert!(school.page(&link).await.text().await.unwrap().contains("Der er ikke ændret noget"));
    assert_eq!(mandate(&school).await, second);
}

#[tokio::test]
async fn a_letter_about_a_mandate_that_was_taken_back_leads_nowhere() {
    let school = School::open().await;
    letter_about(&school, NEEDS_APPROVAL).await;
    let taken_back = Mandate { state: MandateState::Cancelled, ..mandate(&school).await };
    school.store.put_mandate(taken_back).await.unwrap();
    assert_eq!(links(&school, vec![Says::Taken]).await, [""; 0]);
}
