//! The log of a busy server names requests and operations, and nobody.
//!
//! One test in a program of its own: it sets the log of the whole process.

#![allow(clippy::unwrap_used)]

mod support;

use std::io::Write;
use std::sync::{Arc, Mutex};

use madkort_protocol::{
    FileTicket, Language, LoginRequest, Operation, OperationBody, PurchaseRequest, Push, check_email,
};
use serde_json::Value;
use support::School;
use sync_server::config::{Format, LogSettings};
use sync_server::logging;

const PASSWORD: &str = "hunter2";
const PHONE: &str = "70 12 34 56";
const MESSAGE: &str = "Kortet blev slugt af automaten";

/// What has been logged so far.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn lines(&self) -> Vec<Value> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn ticket(school: &School, seq: u64) -> Push {
    let card = school.card("Alma");
    let ticket = FileTicket {
        number: format!("K1-{seq}"),
        card: card.card,
        name: card.name.clone(),
        email: "alma@hojager.example".into(),
        phone: PHONE.into(),
        regarding: card.account,
        message: MESSAGE.into(),
        language: Language::Danish,
    };
    assert!(check_email(&ticket.email).is_ok());
    let body = OperationBody::FileTicket(ticket);
    Push { operations: vec![Operation { id: school.new_id(), seq, claimed_at: school.now(), offline: false, body }] }
}

#[tokio::test]
async fn no_line_names_a_person_a_card_a_code_or_a_secret() {
    let log = Log::default();
    let kept = log.clone();
    // All there is, also of the libraries below.
    let settings = LogSettings { format: Format::Json, filter: "trace".into() };
    tracing::subscriber::set_global_default(logging::subscriber(&settings, move || kept.clone())).unwrap();

    let school = School::serving().await;
    let (alma, malthe) = (school.card("Alma"), school.card("Malthe"));
    let deposit = school.deposit("Alma", 100);
    let page = school.post_deposit(&deposit).await.json["url"].as_str().unwrap().to_owned();
    school.page(&page).await;
    school.pay(&page, "4111111111111112").await;
    school.pay(&page, "4242424242424242").await;
    assert_eq!(school.get_deposit(deposit.id).await.json["state"], "paid");
    for code in ["0000", &alma.code] {
        let login = LoginRequest { card: alma.card, code: (*code).to_owned() };
        assert_eq!(school.send(&school.kiosk, "POST", "/v1/logins", &login).await.status, 200);
    }
    let pushed = school.send(&school.kiosk, "POST", "/v1/operations", &ticket(&school, 1)).await;
    assert_eq!(pushed.json["answers"][0]["outcome"], "posted", "{pushed:?}");
    let sold = school.purchase("Malthe", 2_500).await;
    assert_eq!(sold.json["outcome"], "posted");
    school.until("Malthe", |account| account.balance.ore() > 10_000).await;
    // And what goes wrong: an id with another body, a message with one field too many, nonsense, a gap.
    let other = PurchaseRequest {
        id: deposit.id,
        card_uid: madkort_protocol::CardUid::parse(&malthe.uid).unwrap(),
        amount: madkort_protocol::Money::from_ore(100),
        vat_percent: 25,
        text: alma.name.clone(),
        authorisation: None,
    };
    school.send(&school.register, "POST", "/v1/purchases", &other).await;
    let mut odd = serde_json::to_value(&other).unwrap();
    odd["email"] = "alma@hojager.example".into();
    assert_eq!(school.send(&school.register, "POST", "/v1/purchases", &odd).await.status, 400);
    assert_eq!(school.send(&school.kiosk, "POST", "/v1/operations", &ticket(&school, 9)).await.status, 409);
    assert_eq!(school.page(&format!("{page}/Alma?email=alma@hojager.example")).await.status(), 404);
    school.state.stop();

    let lines = log.lines();
    let text = serde_json::to_string(&lines).unwrap().to_lowercase();
    let mut hidden = vec![
        PASSWORD.to_owned(),
        PHONE.to_owned(),
        MESSAGE.to_owned(),
        "alma@hojager".to_owned(),
        "4242424242424242".to_owned(),
        "4111111111111112".to_owned(),
        page.rsplit('/').next().unwrap().to_owned(),
    ];
    for card in &school.demo.cards {
        hidden.extend([card.uid.clone(), card.number.clone(), format!("\"{}\"", card.code)]);
        // A name of one letter or none says nobody.
        hidden.extend([card.name.clone()].into_iter().filter(|name| name.len() > 3));
        hidden.extend(card.name.split(' ').filter(|word| word.len() > 3).map(str::to_owned));
    }
    for secret in hidden {
        let secret = secret.to_lowercase();
        let found = lines.iter().find(|line| line.to_string().to_lowercase().contains(&secret));
        assert!(!text.contains(&secret), "{secret}: {found:?}");
    }

    // What it is for: every request's line names its route, its device and its operation.
    let answers: Vec<_> = lines.iter().filter(|line| line["fields"]["status"].is_number()).collect();
    let answer_of =
        |route: &str| answers.iter().find(|line| line["span"]["route"] == route).unwrap_or_else(|| panic!("{route}"));
    let line_of = |route: &str| &answer_of(route)["span"];
    assert_eq!(line_of("/v1/deposits")["operation"], deposit.id.to_string());
    assert_eq!(line_of("/v1/deposits")["device"], school.kiosk.id.to_string());
    assert_eq!(line_of("/v1/purchases")["device"], school.register.id.to_string());
    assert_eq!(answer_of("/v1/purchases")["fields"]["status"], 200);
    assert_eq!(line_of("/pay/{page}")["method"], "GET");
    assert!(line_of("/v1/operations")["operation"].as_str().is_some_and(|id| id.len() == 36));
    assert!(answers.iter().all(|line| line["span"]["request"].as_str().is_some_and(|id| id.len() == 16)));
}
