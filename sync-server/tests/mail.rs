//! Letters, to a mail server that takes them, makes them wait, turns them down, or loses the line.

#![allow(clippy::unwrap_used)]

mod support;

use std::sync::{Arc, Mutex};

use jiff::SignedDuration;
use support::School;
use sync_server::mail::{Mailer, Security, SmtpSettings};
use sync_server::payments::Sandbox;
use sync_server::payments::cards::find;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What the mail server says once it has a letter.
#[derive(Clone, Copy)]
enum Says {
    Taken,
    Later,
    Never,
    /// It keeps the letter and hangs up.
    Nothing,
}

/// A mail server as RFC 5321 has it, as far as one client needs it. Answers with its port and the letters it was given.
async fn mail_server(script: Vec<Says>) -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let letters = Arc::new(Mutex::new(Vec::new()));
    let kept = letters.clone();
    tokio::spawn(async move {
        for says in script {
            let (line, _) = listener.accept().await.unwrap();
            converse(line, says, &kept).await;
        }
    });
    (port, letters)
}

async fn converse(line: TcpStream, says: Says, kept: &Mutex<Vec<String>>) {
    let (read, mut write) = line.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 mail.example ESMTP\r\n").await.unwrap();
    while let Some(command) = lines.next_line().await.unwrap() {
        let answer: &[u8] = match command.split(' ').next().unwrap() {
            "EHLO" => b"250-mail.example\r\n250 8BITMIME\r\n",
            "DATA" => {
                write.write_all(b"354 go on\r\n").await.unwrap();
                let mut letter = String::new();
                while let Some(text) = lines.next_line().await.unwrap().filter(|text| text != ".") {
                    letter.push_str(&text);
                    letter.push('\n');
                }
                kept.lock().unwrap().push(letter);
                match says {
                    Says::Taken => b"250 kept\r\n",
                    Says::Later => b"451 later\r\n",
                    Says::Never => b"550 no such mailbox\r\n",
                    Says::Nothing => return,
                }
            }
            "QUIT" => {
                let _gone = write.write_all(b"221 bye\r\n").await;
                return;
            }
            _ => b"250 yes\r\n",
        };
        write.write_all(answer).await.unwrap();
    }
}

fn mailer(school: &School, port: u16) -> Mailer {
    let settings = SmtpSettings {
        host: "127.0.0.1".to_owned(),
        port,
        security: Security::Plain,
        login: None,
        from: "madkort@madkort.example".to_owned(),
    };
    Mailer::new(school.store.clone(), &settings).unwrap()
}

/// A purchase that leads to a charge of this card, and so to a letter.
async fn letter_about(school: &School, card: &str) {
    let account = school.card("Malthe").account;
    let mandate = school.store.mandate(account).await.unwrap().unwrap();
    let sandbox = Sandbox::open(&School::sandbox_file(&school.folder)).unwrap();
    sandbox.store_card(&mandate.reference, find(card).unwrap()).await.unwrap();
    // Before now, charges of the demo's history wrote receipts too: they are not this test's.
    for old in school.store.lease_mails(school.now(), 1_000, |_, now| now).await.unwrap() {
        school.store.mail_sent(old.id, school.now()).await.unwrap();
    }
    school.purchase("Malthe", 1_000).await;
    school.payments.consider(account, school.now()).await.unwrap();
    assert_eq!(school.store.waiting_mails().await.unwrap(), 1);
}

fn header(letter: &str, name: &str) -> String {
    let start = format!("{name}: ");
    letter.lines().find_map(|line| line.strip_prefix(&start)).unwrap().to_owned()
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
