//! Letters over TLS and behind a login, to a mail server that none of us wrote, and read by a reader that none of us wrote.

#![allow(clippy::unwrap_used)]

mod mail_server;
mod support;

use std::io::Write;
use std::sync::{Arc, Mutex};

use jiff::SignedDuration;
use madkort_protocol::{FileTicket, Language, Operation, OperationBody, Push};
use mail_server::agent::{Agent, Authority, PASSWORD, Proof};
use serde_json::{Value, json};
use support::School;
use sync_server::config::{Format, LogSettings};
use sync_server::logging;
use sync_server::mail::{Mailer, SmtpSettings};
use sync_server::payments::Sandbox;
use sync_server::payments::cards::find;

const MESSAGE: &str = "Kære kantine\n.\nRødgrød på æblekage … 5 €?";

fn mailer(school: &School, settings: &SmtpSettings) -> Mailer {
    Mailer::new(school.store.clone(), settings).unwrap()
}

/// A purchase that leads to a charge, and so to a receipt: a letter that is the same bytes at every try.
async fn a_receipt_waits(school: &School) {
    let account = school.card("Malthe").account;
    let mandate = school.store.mandate(account).await.unwrap().unwrap();
    let sandbox = Sandbox::open(&School::sandbox_file(&school.folder)).unwrap();
    sandbox.store_card(&mandate.reference, find("4242424242424242").unwrap()).await.unwrap();
    school.purchase("Malthe", 1_000).await;
    school.payments.consider(account, school.now()).await.unwrap();
    assert_eq!(waiting(school).await, 1);
}

async fn waiting(school: &School) -> u64 {
    school.store.waiting_mails().await.unwrap()
}

async fn sent(school: &School, mailer: &Mailer) -> usize {
    mailer.send_due(school.now()).await.unwrap()
}

/// What was said before TLS, without the name we greet with.
fn in_the_clear(visit: &Value) -> Vec<&str> {
    visit["clear"].as_str().unwrap().lines().map(|line| line.split(' ').next().unwrap()).collect()
}

#[tokio::test]
async fn another_program_reads_what_we_wrote() {
    let school = School::open().await;
    let card = school.card("Alma");
    let ticket = FileTicket {
        number: "K1-1".into(),
        card: card.card,
        name: "Åse Æblegård-Møller".into(),
        email: "aase@hojager.example".into(),
        phone: String::new(),
        regarding: card.account,
        message: MESSAGE.into(),
        language: Language::Danish,
    };
    let body = OperationBody::FileTicket(ticket);
    let operation = Operation { id: school.new_id(), seq: 1, claimed_at: school.now(), offline: false, body };
    let pushed = school.send(&school.kiosk, "POST", "/v1/operations", &Push { operations: vec![operation] }).await;
    assert_eq!(pushed.json["answers"][0]["outcome"], "posted", "{pushed:?}");
    let letters = waiting(&school).await;
    assert_eq!(letters, 2, "to whoever wrote it, and to support");

    let authority = Authority::new();
    let agent = Agent::start(Proof::Of(authority.vouches_for("127.0.0.1")), &json!([]));
    let mailer = mailer(&school, &agent.settings(Some(&authority)));
    assert_eq!(sent(&school, &mailer).await, 2);
    let visits = [agent.visit(), agent.visit()];
    for visit in &visits {
        assert_eq!(in_the_clear(visit), ["EHLO", "STARTTLS"], "{visit}");
        assert_eq!(visit["logins"], json!([true]));
        assert_eq!(visit["letters"][0]["faults"], json!([]), "{visit}");
    }
    let mut letters = visits.iter().map(|visit| &visit["letters"][0]);
    let answer = letters.find(|letter| letter["to"] == json!(["aase@hojager.example"])).unwrap();
    let headers = &answer["headers"];
    assert_eq!(headers["subject"], "Vi har fået din henvendelse, nr. K1-1");
    assert_eq!(headers["from"], "Madkort <madkort@madkort.example>");
    assert_eq!(headers["to"], "aase@hojager.example");
    assert!(headers["message-id"].as_str().unwrap().ends_with("@madkort.example>"), "{headers}");
    let plain = answer["bodies"]["plain"].as_str().unwrap().replace("\r\n", "\n");
    let quoted: Vec<_> = plain.lines().filter_map(|line| line.strip_prefix("> ")).collect();
    assert_eq!(quoted.join("\n"), MESSAGE, "{plain}");
    assert!(plain.starts_with("Hej Åse Æblegård-Møller\n"), "{plain}");
    let html = answer["bodies"]["html"].as_str().unwrap();
    assert!(html.contains("Åse Æblegård-Møller") && html.contains("Rødgrød på æblekage … 5 €?"), "{html}");
}

#[tokio::test]
async fn a_letter_that_was_put_off_or_lost_its_line_is_the_same_letter_again() {
    let school = School::open().await;
    a_receipt_waits(&school).await;
    let authority = Authority::new();
    let script = json!([
        { "at": "RCPT", "say": "451 4.3.0 come back" },
        { "at": "DATA", "say": "421 4.3.2 closing" },
        { "at": "LETTER" },
        {},
    ]);
    let agent = Agent::start(Proof::Of(authority.vouches_for("127.0.0.1")), &script);
    let mailer = mailer(&school, &agent.settings(Some(&authority)));
    for minutes in [5, 10] {
        assert_eq!((sent(&school, &mailer).await, waiting(&school).await), (0, 1));
        assert_eq!(agent.visit()["letters"], json!([]));
        assert_eq!(sent(&school, &mailer).await, 0, "not at once");
        school.wait(SignedDuration::from_mins(minutes));
    }
    assert_eq!((sent(&school, &mailer).await, waiting(&school).await), (0, 1), "it was kept, and nobody said so");
    school.wait(SignedDuration::from_mins(30));
    assert_eq!((sent(&school, &mailer).await, waiting(&school).await), (1, 0));
    let [first, second] = [agent.visit(), agent.visit()].map(|visit| visit["letters"][0].clone());
    assert!(!first["headers"]["message-id"].as_str().unwrap().is_empty());
    assert_eq!(first["headers"]["message-id"], second["headers"]["message-id"]);
    assert_eq!(first, second, "and every byte of it");
    school.wait(SignedDuration::from_hours(24));
    assert_eq!(sent(&school, &mailer).await, 0);
}

#[tokio::test]
async fn a_letter_whose_address_nobody_has_is_marked_and_not_tried_again() {
    let school = School::open().await;
    a_receipt_waits(&school).await;
    let authority = Authority::new();
    let script = json!([{ "at": "RCPT", "say": "550 5.1.1 no such mailbox" }]);
    let agent = Agent::start(Proof::Of(authority.vouches_for("127.0.0.1")), &script);
    let mailer = mailer(&school, &agent.settings(Some(&authority)));
    assert_eq!((sent(&school, &mailer).await, waiting(&school).await), (0, 0));
    assert_eq!(agent.visit()["letters"], json!([]));
    school.wait(SignedDuration::from_hours(24 * 30));
    assert_eq!(sent(&school, &mailer).await, 0);
}

#[tokio::test]
async fn to_a_server_that_does_not_prove_its_name_nothing_goes_out() {
    let (ours, other) = (Authority::new(), Authority::new());
    for (proof, believed, why) in [
        (Proof::Of(other.vouches_for("127.0.0.1")), Some(&ours), "invalid peer certificate"),
        (Proof::Of(ours.vouches_for("127.0.0.1")), None, "invalid peer certificate"),
        (Proof::Of(ours.vouches_for("mail.example")), Some(&ours), "not valid for name"),
        (Proof::Of(ours.once_vouched_for("127.0.0.1")), Some(&ours), "expired"),
        (Proof::None, Some(&ours), "offers no TLS"),
    ] {
        let school = School::open().await;
        a_receipt_waits(&school).await;
        let agent = Agent::start(proof, &json!([]));
        let mailer = self::mailer(&school, &agent.settings(believed));
        let log = Log::default();
        {
            let _kept = log.keep();
            assert_eq!((sent(&school, &mailer).await, waiting(&school).await), (0, 1), "{why}");
        }
        let visit = agent.visit();
        let said = in_the_clear(&visit);
        assert!(said[0] == "EHLO" && said.len() <= 2, "{why}: {visit}");
        assert!(said[1..].iter().all(|word| ["STARTTLS", "QUIT"].contains(word)), "{why}: {visit}");
        assert_eq!((&visit["logins"], &visit["letters"]), (&json!([]), &json!([])), "{why}");
        assert!(log.text().contains("a letter has to wait") && log.text().contains(why), "{why}: {}", log.text());

        // Another day it is the right one, and gets it.
        school.wait(SignedDuration::from_mins(5));
        let agent = Agent::start(Proof::Of(ours.vouches_for("127.0.0.1")), &json!([]));
        assert_eq!(sent(&school, &self::mailer(&school, &agent.settings(Some(&ours)))).await, 1);
    }
}

#[tokio::test]
async fn a_login_that_is_turned_down_keeps_the_letters_and_is_told_without_the_password() {
    const WRONG: &str = "hunter2-blåbærgrød";
    let school = School::open().await;
    a_receipt_waits(&school).await;
    let authority = Authority::new();
    let agent = Agent::start(Proof::Of(authority.vouches_for("127.0.0.1")), &json!([]));
    let right = agent.settings(Some(&authority));
    let user = right.login.clone().unwrap().0;
    let log = Log::default();
    for (settings, code, logins) in [
        (SmtpSettings { login: Some((user, WRONG.to_owned())), ..right.clone() }, "535", json!([false])),
        // It wants a login, and nobody told us of one.
        (SmtpSettings { login: None, ..right.clone() }, "530", json!([])),
    ] {
        {
            let _kept = log.keep();
            assert_eq!((sent(&school, &mailer(&school, &settings)).await, waiting(&school).await), (0, 1));
        }
        let visit = agent.visit();
        assert_eq!((&visit["logins"], &visit["letters"]), (&logins, &json!([])));
        let text = log.text();
        assert!(text.contains("mail-refused") && text.contains(code), "{text}");
        school.wait(SignedDuration::from_mins(10));
    }
    let text = log.text();
    for secret in [WRONG, PASSWORD, "hunter2", "@hojager"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
    // The password is put right, and the letter is none the worse.
    assert_eq!((sent(&school, &mailer(&school, &right)).await, waiting(&school).await), (1, 0));
    assert_eq!(agent.visit()["logins"], json!([true]));
}

/// What was logged on this thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// All of it, also of the libraries below, until this is dropped.
    fn keep(&self) -> tracing::subscriber::DefaultGuard {
        let kept = self.clone();
        let settings = LogSettings { format: Format::Text, filter: "trace".into() };
        tracing::subscriber::set_default(logging::subscriber(&settings, move || kept.clone()))
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
