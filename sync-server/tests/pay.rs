//! The payment page, as a telephone gets it.

#![allow(clippy::unwrap_used)]

mod support;

use std::fs;

use jiff::SignedDuration;
use madkort_protocol::{DepositRequest, Language};
use support::School;

async fn open(school: &School, request: &DepositRequest) -> String {
    school.post_deposit(request).await.json["url"].as_str().unwrap().to_owned()
}

async fn text(answer: reqwest::Response) -> String {
    answer.text().await.unwrap()
}

#[tokio::test]
async fn the_page_says_who_takes_what_for_whom_under_which_terms() {
    let school = School::open().await;
    let page = open(&school, &school.deposit("Alma", 100)).await;
    let html = text(school.page(&page).await).await;
    for said in [
        "<html lang=\"da\">",
        "Højager Skole",
        "<strong>Alma</strong>",
        "100,00 kr.",
        "Højager Kantine (fiktiv)",
        "CVR 00000000",
        "2026-08",
        "Betal 100,00 kr.",
        "Testbetaling.",
        "12.50",
        "a•••@hojager.example",
        "udsteder e-penge",
    ] {
        assert!(html.contains(said), "{said}");
    }
    for hidden in ["alma@", "Østergaard", "87,00", "<script", "src=", "@import", "url("] {
        assert!(!html.contains(hidden), "{hidden}");
    }
}

#[tokio::test]
async fn the_page_speaks_the_deposits_language_and_the_one_it_is_asked_for() {
    let school = School::open().await;
    let request = DepositRequest { language: Language::English, ..school.deposit("Oliver", 100) };
    let page = open(&school, &request).await;
    let english = text(school.page(&page).await).await;
    assert!(english.contains("<html lang=\"en\">") && english.contains("Pay DKK 100.00") && english.contains("12:50"));
    let danish = text(school.page(&format!("{page}?lang=da")).await).await;
    assert!(danish.contains("<html lang=\"da\">") && danish.contains("Betal 100,00 kr."));
    // The form keeps the language that was chosen.
    assert!(danish.contains("action=\"?lang=da\""));
    let back = school.submit(&format!("{page}?lang=da"), "card=4242424242424242&do=pay").await;
    assert!(back.headers()["location"].to_str().unwrap().ends_with("?lang=da"));
}

#[tokio::test]
async fn nothing_is_loaded_kept_framed_or_passed_on() {
    let school = School::open().await;
    let page = open(&school, &school.deposit("Alma", 100)).await;
    for answer in [school.page(&page).await, school.page(&page.replace("/pay/", "/pay/0")).await] {
        let headers = answer.headers();
        assert_eq!(headers["cache-control"], "no-store");
        assert_eq!(headers["referrer-policy"], "no-referrer");
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["content-type"], "text/html; charset=utf-8");
        assert_eq!(headers.get_all("content-type").iter().count(), 1);
        assert!(headers["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"));
    }
}

#[tokio::test]
async fn a_page_nobody_was_given_is_not_there() {
    let school = School::open().await;
    let root = format!("http://{}", school.address);
    for path in ["/pay/", "/pay/0", "/pay/00000000000000000000000000000000", "/pay/%00", "/pay/..%2f..%2fetc%2fpasswd"]
    {
        let answer = school.page(&format!("{root}{path}")).await;
        assert_eq!(answer.status(), 404, "{path}");
    }
    let answer = school.pay(&format!("{root}/pay/00000000000000000000000000000000"), "4242424242424242").await;
    assert_eq!(answer.status(), 404);
}

#[tokio::test]
async fn only_test_cards_are_taken_and_no_other_number_is_kept() {
    let school = School::open().await;
    let request = school.deposit("Alma", 100);
    let page = open(&school, &request).await;
    for card in ["4571994512345670", "", "abc", "%3Cscript%3E", "4242424242424242424242424242"] {
        let answer = school.pay(&page, card).await;
        assert_eq!(answer.status(), 422, "{card}");
        let html = text(answer).await;
        assert!(html.contains("Det er ikke et testkort") && html.contains("role=\"alert\""));
        assert!(card.is_empty() || !html.contains(card), "what was typed is not shown again");
    }
    for form in ["", "do=pay", "%%%", "card", "card=1&card=2"] {
        assert_eq!(school.submit(&page, form).await.status(), 422, "{form}");
    }
    assert_eq!(school.get_deposit(request.id).await.json["state"], "open");
    for file in fs::read_dir(school.folder.path()).unwrap() {
        let bytes = fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(16).any(|window| window == b"4571994512345670"));
    }
}

#[tokio::test]
async fn the_page_can_be_given_up() {
    let school = School::open().await;
    let request = school.deposit("Alma", 100);
    let page = open(&school, &request).await;
    let answer = school.submit(&page, "card=&do=cancel").await;
    assert_eq!(answer.status(), 303);
    assert!(text(school.page(&page).await).await.contains("Betalingen er annulleret"));
    assert_eq!(school.get_deposit(request.id).await.json["state"], "cancelled");
}

#[tokio::test]
async fn each_end_has_its_page() {
    let school = School::open().await;
    for (card, heading) in [
        ("4242424242424242", "Betalingen er gået igennem"),
        ("1000000000000016", "Betalingen blev ikke godkendt"),
        ("1000000000000024", "Betalingen blev ikke godkendt"),
        ("1000000000000099", "Vi undersøger betalingen"),
    ] {
        let page = open(&school, &school.deposit("Alma", 100)).await;
        school.pay(&page, card).await;
        let html = text(school.page(&page).await).await;
        assert!(html.contains(heading), "{card}");
        assert!(!html.contains("<form"), "{card}: nothing to submit again");
        let waits = html.contains("http-equiv=\"refresh\"");
        assert_eq!(waits, card == "1000000000000099", "{card}");
    }
    let page = open(&school, &school.deposit("Alma", 100)).await;
    school.wait(SignedDuration::from_mins(10));
    assert!(text(school.page(&page).await).await.contains("Tiden er gået"));
}

#[tokio::test]
async fn a_page_that_waits_looks_again_by_itself() {
    let school = School::open().await;
    let page = open(&school, &school.deposit("Alma", 100)).await;
    school.pay(&page, "1000000000000099").await;
    let waiting = text(school.page(&page).await).await;
    assert!(waiting.contains("Sagsnummer") && waiting.contains("Betal ikke igen"));
    school.wait(SignedDuration::from_secs(5));
    let paid = text(school.page(&page).await).await;
    assert!(paid.contains("Betalingen er gået igennem") && paid.contains("Kvittering"));
}

#[tokio::test]
async fn another_gateway_has_no_page_here() {
    let (school, _) = School::scripted().await;
    let page = open(&school, &school.deposit("Alma", 100)).await;
    assert_eq!(school.page(&page).await.status(), 404);
}
