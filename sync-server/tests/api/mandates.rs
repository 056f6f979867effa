//! `/v1/mandates`, `/v1/accounts/{account}/auto-recharge` and `/mandate/{page}`

use jiff::SignedDuration;
use madkort_protocol::*;
use reqwest::{Client, Method, StatusCode, redirect};
use sync_server::jobs::tidy_away;

use crate::support::*;

const PATH: &str = "/v1/mandates";
const GOOD: &str = "4242424242424242";
const EXPIRED: &str = "1000000000000024";
const EXPIRES_LATER: &str = "1000000000000065";

fn begin(server: &Server) -> MandatePageRequest {
    MandatePageRequest {
        id: server.id(),
        card: BOS_CARD,
        account: ANNA,
        agreement: Agreement::Begin { amount: kr(100), email: "bo@familie.example".into(), terms_version: "1".into() },
        language: Language::Danish,
    }
}

fn another_card(server: &Server) -> MandatePageRequest {
    MandatePageRequest { agreement: Agreement::AnotherCard, ..begin(server) }
}

async fn bo(server: &Server) -> Signer {
    let kiosk = server.kiosk().await;
    kiosk.sign_in(BOS_CARD).await;
    kiosk
}

async fn details(kiosk: &Signer) -> AutoRechargeDetails {
    kiosk.get(&format!("/v1/accounts/{ANNA}/auto-recharge")).await
}

/// The page as a telephone gets it: its address begins with the name the server was told it has.
fn address(server: &Server, page: &MandatePage) -> String {
    page.url.replace("http://127.0.0.1", &server.url)
}

async fn give(server: &Server, page: &MandatePage, form: &str) -> StatusCode {
    let phone = Client::builder().redirect(redirect::Policy::none()).build().unwrap();
    let request = phone.post(address(server, page)).header("content-type", "application/x-www-form-urlencoded");
    request.body(form.to_owned()).send().await.unwrap().status()
}

async fn look(server: &Server, page: &MandatePage) -> String {
    reqwest::get(address(server, page)).await.unwrap().text().await.unwrap()
}

async fn state(kiosk: &Signer, page: &MandatePage) -> MandatePageState {
    kiosk.get::<MandatePage>(&format!("{PATH}/{}", page.id)).await.state
}

/// Bo has set auto top-up up for Anna.
async fn set_up(server: &Server, kiosk: &Signer, card: &str) {
    let page: MandatePage = kiosk.post(PATH, &begin(server)).await;
    assert_eq!(give(server, &page, &format!("card={card}&do=give")).await, StatusCode::SEE_OTHER);
    assert_eq!(state(kiosk, &page).await, MandatePageState::Given);
}

async fn buy(server: &Server, till: &Signer, ore: i64) {
    let sale = PurchaseRequest {
        id: server.id(),
        card_uid: uid(1),
        amount: Money::from_ore(ore),
        vat_percent: 25,
        text: "Frikadelle".into(),
        authorisation: None,
    };
    assert_eq!(till.post::<PurchaseAnswer>("/v1/purchases", &sale).await.outcome, Outcome::Posted);
}

/// Waits, by the change feed, until Anna's account is as wanted: the job that tops up runs beside.
async fn until(server: &Server, wanted: impl Fn(&Account) -> bool) {
    let mut feed = server.store().latest(SCHOOL);
    let waiting = async {
        loop {
            feed.mark_unchanged();
            if wanted(&server.store().account(SCHOOL, ANNA).await.unwrap().unwrap()) {
                return;
            }
            feed.changed().await.unwrap();
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), waiting).await.expect("the account never got there");
}

fn stands(state: AutoRechargeState) -> impl Fn(&Account) -> bool {
    move |account| account.auto_recharge.is_some_and(|auto| auto.state == state)
}

#[tokio::test]
async fn a_card_given_on_the_phone_begins_it_and_a_purchase_below_fifty_uses_it() {
    let server = Server::start().await;
    let (kiosk, till) = (bo(&server).await, server.register().await);
    assert_eq!(details(&kiosk).await.standing, None);
    let request = begin(&server);
    let page: MandatePage = kiosk.post(PATH, &request).await;
    assert_eq!((page.state, page.amount), (MandatePageState::Open, kr(100)));
    assert_eq!(kiosk.post::<MandatePage>(PATH, &request).await, page, "asked again it is the same page");
    let html = look(&server, &page).await;
    // What is agreed stands on the page where the card is given.
    for said in ["100,00 kr.", "50,00 kr.", "200,00 kr.", "400,00 kr.", "1.000,00 kr.", "Udsteder", "Vilkår", "b•••@"]
    {
        assert!(html.contains(said), "{said}");
    }
    for hidden in ["bo@familie", "<script", "src=", "url("] {
        assert!(!html.contains(hidden), "{hidden}");
    }
    assert_eq!(give(&server, &page, &format!("card={GOOD}&do=give")).await, StatusCode::SEE_OTHER);
    assert!(look(&server, &page).await.contains("Auto-optank er slået til"));

    let now = details(&kiosk).await;
    let standing = now.standing.unwrap();
    assert_eq!(standing.auto_recharge.state, AutoRechargeState::WaitingForDeposits);
    assert_eq!((now.armed_from, now.missing, standing.card.as_deref()), (kr(100), kr(100), Some("4242")));
    server.fund(&kiosk, ANNA, kr(60)).await;
    assert_eq!(details(&kiosk).await.missing, kr(40));
    server.fund(&kiosk, ANNA, kr(40)).await;
    assert_eq!(details(&kiosk).await.standing.unwrap().auto_recharge.state, AutoRechargeState::Armed);
    buy(&server, &till, 5_001).await;
    until(&server, |account| account.balance == Money::from_ore(14_999)).await;
    let charges = details(&kiosk).await.charges;
    assert_eq!((charges.len(), charges[0].cause.as_str(), charges[0].amount), (1, "Frikadelle", kr(100)));
    assert_eq!(charges[0].state, AutoRechargeChargeState::Paid);
    assert!(charges[0].receipt.is_some());
    server.books_are_right().await;
}

#[tokio::test]
async fn a_declined_card_stops_it_says_why_and_another_card_starts_it_again() {
    let server = Server::start().await;
    let (kiosk, till) = (bo(&server).await, server.register().await);
    set_up(&server, &kiosk, EXPIRES_LATER).await;
    server.fund(&kiosk, ANNA, kr(100)).await;
    buy(&server, &till, 6_000).await;
    until(&server, stands(AutoRechargeState::Retrying)).await;
    for hours in [24, 48, 96] {
        server.clock.forward(SignedDuration::from_hours(hours));
        server.state.payments.look_at_top_ups(server.clock.now(), true).await.unwrap();
    }
    until(&server, stands(AutoRechargeState::Suspended)).await;
    kiosk.sign_in(BOS_CARD).await;
    let stopped = details(&kiosk).await;
    assert_eq!(stopped.standing.unwrap().stopped_by, Some(StopReason::Declines));
    assert_eq!(stopped.charges[0].state, AutoRechargeChargeState::Declined);

    let page: MandatePage = kiosk.post(PATH, &another_card(&server)).await;
    assert!(look(&server, &page).await.contains("Brug dette kort"));
    // Its own bank says no: the page stays, and nothing has changed.
    assert_eq!(give(&server, &page, &format!("card={EXPIRED}&do=give")).await, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(state(&kiosk, &page).await, MandatePageState::Open);
    give(&server, &page, &format!("card={GOOD}&do=give")).await;
    let standing = details(&kiosk).await.standing.unwrap();
    assert_eq!((standing.stopped_by, standing.card.as_deref()), (None, Some("4242")));
    assert_eq!(standing.auto_recharge.state, AutoRechargeState::Armed);
    assert_eq!(server.balance(ANNA).await, kr(40), "nothing is charged by it");
    buy(&server, &till, 100).await;
    until(&server, |account| account.balance == kr(139)).await;
    server.books_are_right().await;
}

#[tokio::test]
async fn a_pause_is_not_about_the_card() {
    let server = Server::start().await;
    let kiosk = bo(&server).await;
    set_up(&server, &kiosk, GOOD).await;
    let wish = |change| MandateRequest { card: BOS_CARD, change };
    let path = format!("/v1/accounts/{ANNA}/auto-recharge");
    kiosk.post::<MandateAnswer>(&path, &wish(MandateWish::Pause)).await;
    let page: MandatePage = kiosk.post(PATH, &another_card(&server)).await;
    give(&server, &page, &format!("card={EXPIRES_LATER}&do=give")).await;
    let standing = details(&kiosk).await.standing.unwrap();
    assert_eq!((standing.stopped_by, standing.card.as_deref()), (Some(StopReason::Paused), Some("0065")));
    kiosk.post::<MandateAnswer>(&path, &wish(MandateWish::Resume)).await;
    assert_eq!(details(&kiosk).await.standing.unwrap().stopped_by, None);
    kiosk.post::<MandateAnswer>(&path, &wish(MandateWish::Cancel)).await;
    assert_eq!(details(&kiosk).await.standing, None);
    // And it can begin anew.
    set_up(&server, &kiosk, GOOD).await;
    assert!(details(&kiosk).await.standing.is_some());
}

#[tokio::test]
async fn a_page_ends_by_its_holder_by_the_clock_or_with_a_card_and_only_once() {
    let server = Server::start().await;
    let kiosk = bo(&server).await;
    let given_up: MandatePage = kiosk.post(PATH, &begin(&server)).await;
    let path = format!("{PATH}/{}", given_up.id);
    let answer = kiosk.send(Method::DELETE, &path, b"").await.json::<MandatePage>().await.unwrap();
    assert_eq!(answer.state, MandatePageState::Cancelled);
    give(&server, &given_up, &format!("card={GOOD}&do=give")).await;
    assert_eq!(details(&kiosk).await.standing, None, "a closed page takes no card");

    let by_phone: MandatePage = kiosk.post(PATH, &begin(&server)).await;
    assert_eq!(give(&server, &by_phone, "card=&do=cancel").await, StatusCode::SEE_OTHER);
    assert_eq!(state(&kiosk, &by_phone).await, MandatePageState::Cancelled);

    let late: MandatePage = kiosk.post(PATH, &begin(&server)).await;
    server.clock.forward(SignedDuration::from_mins(10));
    assert!(look(&server, &late).await.contains("Tiden er gået"));
    assert_eq!(state(&kiosk, &late).await, MandatePageState::Expired);

    let page: MandatePage = kiosk.post(PATH, &begin(&server)).await;
    give(&server, &page, &format!("card={GOOD}&do=give")).await;
    give(&server, &page, &format!("card={EXPIRES_LATER}&do=give")).await;
    assert_eq!(details(&kiosk).await.standing.unwrap().card.as_deref(), Some("4242"), "the first card stays");
}

#[tokio::test]
async fn what_does_not_fit_is_said_before_a_page_is_opened() {
    let server = Server::start().await;
    let (kiosk, bare, till) = (bo(&server).await, server.kiosk().await, server.register().await);
    let ask = async |device: &Signer, request: &MandatePageRequest| {
        device.problem_of(Method::POST, PATH, &serde_json::to_vec(request).unwrap()).await
    };
    let with = |amount, email: &str, version: &str| MandatePageRequest {
        agreement: Agreement::Begin { amount, email: email.into(), terms_version: version.into() },
        ..begin(&server)
    };
    let mail = "bo@familie.example";
    assert_eq!(ask(&kiosk, &with(Money::from_ore(10_050), mail, "1")).await.code, ProblemCode::InvalidAmount);
    assert_eq!(ask(&kiosk, &with(kr(49), mail, "1")).await.code, ProblemCode::InvalidAmount);
    assert_eq!(ask(&kiosk, &with(kr(100), "bo", "1")).await.field.as_deref(), Some("email"));
    assert_eq!(ask(&kiosk, &with(kr(100), mail, "0")).await.field.as_deref(), Some("terms_version"));
    assert_eq!(ask(&kiosk, &another_card(&server)).await.field.as_deref(), Some("agreement"), "nothing to change");
    assert_eq!(ask(&bare, &begin(&server)).await.code, ProblemCode::SignIn);
    assert_eq!(ask(&till, &begin(&server)).await.code, ProblemCode::NotAllowed);
    // Anna is a pupil: Bo's account is not hers to fill.
    let anna = server.kiosk().await;
    anna.sign_in(ANNAS_CARD).await;
    let for_bo = MandatePageRequest { card: ANNAS_CARD, account: BO, ..begin(&server) };
    assert_eq!(ask(&anna, &for_bo).await.code, ProblemCode::NotFound);
    set_up(&server, &kiosk, GOOD).await;
    assert_eq!(ask(&kiosk, &begin(&server)).await.field.as_deref(), Some("agreement"), "it is on already");
    let of_bo = format!("/v1/accounts/{BO}/auto-recharge");
    assert_eq!(anna.problem_of(Method::GET, &of_bo, b"").await.code, ProblemCode::NotFound);
    assert_eq!(bare.problem_of(Method::GET, &of_bo, b"").await.code, ProblemCode::SignIn);
}

#[tokio::test]
async fn no_number_but_a_test_cards_gets_through_the_page() {
    let server = Server::start().await;
    let kiosk = bo(&server).await;
    let page: MandatePage = kiosk.post(PATH, &begin(&server)).await;
    for form in ["card=4571994512345670&do=give", "", "%%%", "card=%3Cscript%3E&do=give"] {
        assert_eq!(give(&server, &page, form).await, StatusCode::UNPROCESSABLE_ENTITY, "{form}");
    }
    assert_eq!(state(&kiosk, &page).await, MandatePageState::Open);
    let nowhere = MandatePage { url: "http://127.0.0.1/mandate/0".into(), ..page };
    assert!(look(&server, &nowhere).await.contains("findes ikke"));
}

#[tokio::test]
async fn a_page_that_nobody_looks_at_again_is_closed_by_the_clock() {
    let server = Server::start().await;
    let kiosk = bo(&server).await;
    let _: MandatePage = kiosk.post(PATH, &begin(&server)).await;
    assert_eq!(tidy_away(&server.state).await.unwrap().0, 0);
    server.clock.forward(SignedDuration::from_mins(10));
    assert_eq!(tidy_away(&server.state).await.unwrap().0, 1);
    assert_eq!(tidy_away(&server.state).await.unwrap().0, 0, "closed");
}

#[tokio::test]
async fn who_paused_resumed_and_stopped_it_is_written_down() {
    let server = Server::start().await;
    let kiosk = bo(&server).await;
    set_up(&server, &kiosk, GOOD).await;
    let path = format!("/v1/accounts/{ANNA}/auto-recharge");
    for change in [MandateWish::Pause, MandateWish::Resume, MandateWish::Cancel] {
        server.clock.forward(SignedDuration::from_secs(1));
        kiosk.post::<MandateAnswer>(&path, &MandateRequest { card: BOS_CARD, change }).await;
    }
    // Of what there is no more, nothing is done, and nothing is written.
    let again = serde_json::to_vec(&MandateRequest { card: BOS_CARD, change: MandateWish::Pause }).unwrap();
    assert_eq!(kiosk.problem_of(Method::POST, &path, &again).await.code, ProblemCode::NotFound);
    let deeds = server.store().deeds(SCHOOL, uuid::Uuid::from_u128(1)).await.unwrap();
    let told: Vec<_> = deeds.iter().map(|deed| (deed.what.as_str(), deed.by_name.as_deref())).collect();
    let by = Some("Bo And");
    let begun = ("auto-recharge-begun", by);
    let since = [("auto-recharge-paused", by), ("auto-recharge-resumed", by), ("auto-recharge-cancelled", by)];
    assert_eq!((told[0], &told[1..]), (begun, &since[..]));
}

#[tokio::test]
async fn which_payment_card_was_given_and_by_whom_is_written_down() {
    let server = Server::start().await;
    let kiosk = bo(&server).await;
    set_up(&server, &kiosk, GOOD).await;
    server.clock.forward(SignedDuration::from_secs(1));
    let page: MandatePage = kiosk.post(PATH, &another_card(&server)).await;
    // One that the bank turns down, one that is kept, and one more on a page that has its card.
    for card in [EXPIRED, EXPIRES_LATER, GOOD] {
        give(&server, &page, &format!("card={card}&do=give")).await;
    }
    // A page that is closed without a card changes nothing.
    let closed: MandatePage = kiosk.post(PATH, &another_card(&server)).await;
    give(&server, &closed, "card=&do=cancel").await;
    let deeds = server.store().deeds(SCHOOL, uuid::Uuid::from_u128(1)).await.unwrap();
    let told: Vec<_> = deeds.iter().map(|deed| (deed.what.as_str(), deed.detail.as_str())).collect();
    assert_eq!(told, [("auto-recharge-begun", "···· 4242"), ("auto-recharge-card-changed", "···· 0065")]);
    for deed in &deeds {
        assert_eq!((deed.by_name.as_deref(), deed.at_device.as_deref()), (Some("Bo And"), Some("K1")));
    }
}
