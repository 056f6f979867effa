//! Letters, to a mail server that takes them, makes them wait, turns them down, or loses the line.

#![allow(clippy::unwrap_used)]

mod mail_server;
mod support;

use jiff::SignedDuration;
use mail_server::{Says, header, mail_server, settings};
use support::School;
use sync_server::mail::Mailer;
use sync_server::payments::Sandbox;
use sync_server::payments::cards::find;

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
