//! Cards blocked and opened by their holders, and from the office; and new ones in the place of old ones.

use jiff::SignedDuration;
use madkort_protocol::*;
use reqwest::Method;
use sync_server::passwords::hash_now;
use sync_server::store::{Blocking, Deed, NewCard, Replacing, Thing};
use uuid::Uuid;

use crate::support::*;

const OPENINGS: &str = "/v1/card-openings";
const ANNA_AND: PersonId = PersonId::new(Uuid::from_u128(1));
const BO_AND: PersonId = PersonId::new(Uuid::from_u128(2));
/// Another card of Anna's.
const SPARE: CardId = CardId::new(Uuid::from_u128(0xf1));
const NEW: CardId = CardId::new(Uuid::from_u128(0xf2));

fn giving(card: CardId, code: &str) -> LoginRequest {
    LoginRequest { card, code: code.into() }
}

async fn refused_opening(kiosk: &Signer, card: CardId, code: &str) -> ProblemCode {
    let body = serde_json::to_vec(&giving(card, code)).unwrap();
    kiosk.problem_of(Method::POST, OPENINGS, &body).await.code
}

async fn stand(server: &Server, card: CardId, status: CardStatus) {
    let record = server.store().card(SCHOOL, card).await.unwrap().unwrap();
    server.store().put(SCHOOL, vec![Thing::Card(CardRecord { status, ..record })]).await.unwrap();
}

fn sale(server: &Server, card_uid: CardUid) -> PurchaseRequest {
    PurchaseRequest { text: "Mad".to_owned(), ..server.sale(card_uid, kr(10)) }
}

async fn deeds_about(server: &Server, person: PersonId) -> Vec<Deed> {
    server.store().deeds(SCHOOL, person.uuid()).await.unwrap()
}

fn change(server: &Server, kiosk: &Signer, card: CardId, target: CardId, blocked: bool) -> Operation {
    operation(server, kiosk, OperationBody::SetCardBlock(SetCardBlock { card, target, blocked }))
}

async fn status(server: &Server, card: CardId) -> CardStatus {
    server.store().card(SCHOOL, card).await.unwrap().unwrap().status
}

#[tokio::test]
async fn a_parent_blocks_and_opens_a_childs_card_and_every_kiosk_hears_of_it() {
    let server = Server::start().await;
    let (kiosk, other, till) = (server.kiosk().await, server.kiosk().await, server.register().await);
    server.fund(&kiosk, ANNA, kr(100)).await;
    let cursor = other.get::<Changes>("/v1/changes?after=0").await.cursor;
    let block = change(&server, &kiosk, BOS_CARD, ANNAS_CARD, true);
    assert_eq!(kiosk.outcome(block.clone()).await, Outcome::Posted);
    assert_eq!(kiosk.outcome(block).await, Outcome::AlreadyPosted);
    let heard: Changes = other.get(&format!("/v1/changes?after={cursor}")).await;
    let heard: Vec<_> = heard.cards.iter().map(|card| (card.id, card.status)).collect();
    assert_eq!(heard, [(ANNAS_CARD, CardStatus::BlockedByGuardian)]);
    let sale = || PurchaseRequest {
        id: server.id(),
        card_uid: uid(1),
        amount: kr(10),
        vat_percent: 25,
        text: "Mad".into(),
        authorisation: None,
    };
    let refused_sale: PurchaseAnswer = till.post("/v1/purchases", &sale()).await;
    assert_eq!(refused(&refused_sale.outcome), Rule::Card);
    // What is blocked opens nothing, itself included: opening it again takes another way in.
    let itself = change(&server, &kiosk, ANNAS_CARD, ANNAS_CARD, false);
    assert_eq!(refused(&kiosk.outcome(itself).await), Rule::Card);
    let open = change(&server, &kiosk, BOS_CARD, ANNAS_CARD, false);
    assert_eq!(kiosk.outcome(open).await, Outcome::Posted);
    let sold: PurchaseAnswer = till.post("/v1/purchases", &sale()).await;
    assert_eq!(sold.outcome, Outcome::Posted);
    server.books_are_right().await;
}

#[tokio::test]
async fn blocking_a_card_ends_its_session() {
    let server = Server::start().await;
    let kiosk = server.kiosk().await;
    kiosk.sign_in(ANNAS_CARD).await;
    assert_eq!(kiosk.outcome(change(&server, &kiosk, ANNAS_CARD, ANNAS_CARD, true)).await, Outcome::Posted);
    let path = format!("/v1/accounts/{ANNA}/statements/2026-11");
    assert_eq!(kiosk.problem_of(reqwest::Method::GET, &path, b"").await.code, ProblemCode::SignIn);
    assert_eq!(status(&server, ANNAS_CARD).await, CardStatus::BlockedByHolder);
    // Again is no harm, from whoever may; a guardian's block is the stronger one.
    assert_eq!(kiosk.outcome(change(&server, &kiosk, BOS_CARD, ANNAS_CARD, true)).await, Outcome::Posted);
    assert_eq!(status(&server, ANNAS_CARD).await, CardStatus::BlockedByGuardian);
}

#[tokio::test]
async fn someone_elses_card_is_not_touched() {
    let server = Server::start().await;
    let kiosk = server.kiosk().await;
    let nobody = CardId::new(uuid::Uuid::from_u128(77));
    for (card, target) in [
        (ANNAS_CARD, BOS_CARD),
        (ANNAS_CARD, GUEST_CARD),
        (BOS_CARD, GUEST_CARD),
        (GUEST_CARD, ANNAS_CARD),
        (GUEST_CARD, GUEST_CARD),
        (BLOCKED_CARD, ANNAS_CARD),
        (ANNAS_CARD, nobody),
        (nobody, ANNAS_CARD),
    ] {
        for blocked in [true, false] {
            let outcome = kiosk.outcome(change(&server, &kiosk, card, target, blocked)).await;
            assert_eq!(refused(&outcome), Rule::Card, "{card} {target} {blocked}");
        }
    }
    for card in [ANNAS_CARD, BOS_CARD, GUEST_CARD] {
        assert_eq!(status(&server, card).await, CardStatus::Active);
    }
    assert_eq!(status(&server, BLOCKED_CARD).await, CardStatus::Blocked);
    server.books_are_right().await;
}

#[tokio::test]
async fn whoever_blocked_their_own_card_opens_it_with_its_code() {
    let server = Server::start().await;
    let (kiosk, other, till) = (server.kiosk().await, server.kiosk().await, server.register().await);
    server.fund(&kiosk, ANNA, kr(100)).await;
    assert_eq!(kiosk.outcome(change(&server, &kiosk, ANNAS_CARD, ANNAS_CARD, true)).await, Outcome::Posted);
    server.clock.forward(SignedDuration::from_secs(1));
    // It lets nobody in before it is opened.
    let login = serde_json::to_vec(&giving(ANNAS_CARD, "1234")).unwrap();
    assert_eq!(kiosk.problem_of(Method::POST, "/v1/logins", &login).await.code, ProblemCode::NotFound);
    let cursor = other.get::<Changes>("/v1/changes?after=0").await.cursor;
    let LoginAnswer::Right { session } = kiosk.post(OPENINGS, &giving(ANNAS_CARD, "1234")).await else {
        panic!("not opened")
    };
    assert_eq!(status(&server, ANNAS_CARD).await, CardStatus::Active);
    let heard: Changes = other.get(&format!("/v1/changes?after={cursor}")).await;
    assert_eq!(heard.cards.iter().map(|card| card.status).collect::<Vec<_>>(), [CardStatus::Active]);
    // Whoever opened it is in, at that kiosk.
    *kiosk.session.lock().unwrap() = Some(session);
    assert_eq!(kiosk.get::<Statement>(&format!("/v1/accounts/{ANNA}/statements/2026-11")).await.account, ANNA);
    let sold: PurchaseAnswer = till.post("/v1/purchases", &sale(&server, uid(1))).await;
    assert_eq!(sold.outcome, Outcome::Posted);
    let done = deeds_about(&server, ANNA_AND).await;
    let told: Vec<_> = done.iter().map(|deed| (deed.what.as_str(), deed.by, deed.at_device.is_some())).collect();
    assert_eq!(told, [("card-blocked", Some(ANNA_AND), true), ("card-opened", Some(ANNA_AND), true)]);
    let number = server.store().card(SCHOOL, ANNAS_CARD).await.unwrap().unwrap().number;
    assert!(done.iter().all(|deed| deed.detail == number.masked()), "{done:?}");
    assert_eq!(refused_opening(&kiosk, ANNAS_CARD, "1234").await, ProblemCode::NotFound, "it is open");
    server.books_are_right().await;
}

#[tokio::test]
async fn wrong_codes_for_a_blocked_card_count_with_all_others() {
    let server = Server::start().await;
    let kiosk = server.kiosk().await;
    for left in [4, 3] {
        let answer: LoginAnswer = kiosk.post("/v1/logins", &giving(ANNAS_CARD, "0000")).await;
        assert_eq!(answer, LoginAnswer::Wrong { tries_left: left });
    }
    assert_eq!(kiosk.outcome(change(&server, &kiosk, ANNAS_CARD, ANNAS_CARD, true)).await, Outcome::Posted);
    for left in [2, 1, 0] {
        let answer: LoginAnswer = kiosk.post(OPENINGS, &giving(ANNAS_CARD, "0000")).await;
        assert_eq!(answer, LoginAnswer::Wrong { tries_left: left });
    }
    let until = server.clock.now() + SignedDuration::from_secs(30);
    let answer: LoginAnswer = kiosk.post(OPENINGS, &giving(ANNAS_CARD, "1234")).await;
    assert_eq!(answer, LoginAnswer::Wait { until });
    assert_eq!(status(&server, ANNAS_CARD).await, CardStatus::BlockedByHolder);
    server.clock.set(until);
    let answer: LoginAnswer = kiosk.post(OPENINGS, &giving(ANNAS_CARD, "1234")).await;
    assert!(matches!(answer, LoginAnswer::Right { .. }), "{answer:?}");
}

#[tokio::test]
async fn a_password_opens_a_card_as_well() {
    let server = Server::start().await;
    let kiosk = server.kiosk().await;
    kiosk.sign_in(ANNAS_CARD).await;
    let password = "blåbærgrød på fredag";
    let chosen = PasswordChange { card: ANNAS_CARD, current: "1234".into(), password: password.into() };
    let body = serde_json::to_vec(&chosen).unwrap();
    let answer = kiosk.send(Method::PUT, &format!("/v1/people/{ANNA_AND}/password"), &body).await;
    assert!(answer.status().is_success());
    assert_eq!(kiosk.outcome(change(&server, &kiosk, ANNAS_CARD, ANNAS_CARD, true)).await, Outcome::Posted);
    let answer: LoginAnswer = kiosk.post(OPENINGS, &giving(ANNAS_CARD, password)).await;
    assert!(matches!(answer, LoginAnswer::Right { .. }), "{answer:?}");
}

#[tokio::test]
async fn a_code_opens_only_what_its_holder_has_blocked_and_only_at_a_kiosk() {
    let server = Server::start().await;
    let (kiosk, till) = (server.kiosk().await, server.register().await);
    for status in [CardStatus::Active, CardStatus::BlockedByGuardian, CardStatus::Blocked, CardStatus::Replaced] {
        stand(&server, ANNAS_CARD, status).await;
        assert_eq!(refused_opening(&kiosk, ANNAS_CARD, "1234").await, ProblemCode::NotFound, "{status:?}");
        assert_eq!(self::status(&server, ANNAS_CARD).await, status);
    }
    stand(&server, ANNAS_CARD, CardStatus::BlockedByHolder).await;
    assert_eq!(refused_opening(&till, ANNAS_CARD, "1234").await, ProblemCode::NotAllowed);
    assert_eq!(refused_opening(&kiosk, ANNAS_CARD, "").await, ProblemCode::InvalidField);
    assert_eq!(refused_opening(&kiosk, CardId::new(Uuid::from_u128(77)), "1234").await, ProblemCode::NotFound);
    assert_eq!(status(&server, ANNAS_CARD).await, CardStatus::BlockedByHolder);
}

#[tokio::test]
async fn what_a_guardian_or_the_office_has_blocked_no_card_of_the_holders_opens() {
    let server = Server::start().await;
    let kiosk = server.kiosk().await;
    let spare =
        CardRecord { id: SPARE, uid: uid(21), ..server.store().card(SCHOOL, ANNAS_CARD).await.unwrap().unwrap() };
    let spare = CardRecord { number: CardNumber::from_first_13("2080410000777").unwrap(), ..spare };
    server.store().put(SCHOOL, vec![Thing::Card(spare)]).await.unwrap();
    let open = |card| change(&server, &kiosk, card, ANNAS_CARD, false);
    // Who opens what: Anna with another card of hers, Bo who answers for her.
    for (stands, anna, bo) in [
        (CardStatus::BlockedByHolder, true, true),
        (CardStatus::BlockedByGuardian, false, true),
        (CardStatus::Blocked, false, false),
    ] {
        for (card, may) in [(SPARE, anna), (BOS_CARD, bo)] {
            stand(&server, ANNAS_CARD, stands).await;
            server.clock.forward(SignedDuration::from_secs(1));
            let outcome = kiosk.outcome(open(card)).await;
            assert_eq!(outcome == Outcome::Posted, may, "{stands:?} {card}: {outcome:?}");
            let expected = if may { CardStatus::Active } else { stands };
            assert_eq!(status(&server, ANNAS_CARD).await, expected);
        }
        // Nor does a block of one's own take its place.
        stand(&server, ANNAS_CARD, stands).await;
        assert_eq!(kiosk.outcome(change(&server, &kiosk, SPARE, ANNAS_CARD, true)).await, Outcome::Posted);
        assert_eq!(status(&server, ANNAS_CARD).await, stands);
    }
    let done = deeds_about(&server, ANNA_AND).await;
    let by: Vec<_> = done.iter().map(|deed| (deed.what.as_str(), deed.by)).collect();
    assert_eq!(by, [("card-opened", Some(ANNA_AND)), ("card-opened", Some(BO_AND)), ("card-opened", Some(BO_AND))]);
}

#[tokio::test]
async fn the_office_blocks_a_card_and_opens_it_whoever_has_blocked_it() {
    let server = Server::start().await;
    let kiosk = server.kiosk().await;
    kiosk.sign_in(ANNAS_CARD).await;
    let number = server.store().card(SCHOOL, ANNAS_CARD).await.unwrap().unwrap().number;
    let set = |blocked| server.store().block_at_office(SCHOOL, number.clone(), blocked, server.clock.now());
    assert_eq!(set(true).await.unwrap(), Blocking::Done);
    assert_eq!(set(true).await.unwrap(), Blocking::Already);
    assert_eq!(status(&server, ANNAS_CARD).await, CardStatus::Blocked);
    let path = format!("/v1/accounts/{ANNA}/statements/2026-11");
    assert_eq!(kiosk.problem_of(Method::GET, &path, b"").await.code, ProblemCode::SignIn, "and whoever is in is out");
    for stands in [CardStatus::Blocked, CardStatus::BlockedByGuardian, CardStatus::BlockedByHolder] {
        stand(&server, ANNAS_CARD, stands).await;
        server.clock.forward(SignedDuration::from_secs(1));
        let opened = server.store().block_at_office(SCHOOL, number.clone(), false, server.clock.now());
        assert_eq!(opened.await.unwrap(), Blocking::Done, "{stands:?}");
        assert_eq!(status(&server, ANNAS_CARD).await, CardStatus::Active);
    }
    stand(&server, ANNAS_CARD, CardStatus::Replaced).await;
    assert_eq!(set(false).await.unwrap(), Blocking::Replaced);
    let nobodys = CardNumber::from_first_13("2080410000999").unwrap();
    let unknown = server.store().block_at_office(SCHOOL, nobodys, true, server.clock.now());
    assert_eq!(unknown.await.unwrap(), Blocking::Unknown);
    let done = deeds_about(&server, ANNA_AND).await;
    assert_eq!(
        done.iter().map(|deed| deed.what.as_str()).collect::<Vec<_>>(),
        ["card-blocked", "card-opened", "card-opened", "card-opened"]
    );
    assert!(done.iter().all(|deed| deed.by.is_none() && deed.at_device.is_none()));
}

async fn replace(server: &Server, old: &CardNumber, (n, first_13): (u8, &str)) -> Replacing {
    let number = CardNumber::from_first_13(first_13).unwrap();
    let new = NewCard { id: NEW, uid: uid(n), number, code: hash_now("9876").unwrap() };
    server.store().replace_card(SCHOOL, old.clone(), new, server.clock.now()).await.unwrap()
}

#[tokio::test]
async fn a_new_card_has_the_account_the_rights_and_the_history_of_the_old_one() {
    let server = Server::start().await;
    let (kiosk, till) = (server.kiosk().await, server.register().await);
    server.fund(&kiosk, ANNA, kr(100)).await;
    server.fund(&kiosk, BO, kr(50)).await;
    kiosk.sign_in(BOS_CARD).await;
    let placed = order(&server, &kiosk, PlaceOrder { card: BOS_CARD, ..lasagne("K1-1") });
    let id = placed.id;
    assert_eq!(kiosk.outcome(placed).await, Outcome::Posted);
    let balance = server.balance(ANNA).await;
    let old = server.store().card(SCHOOL, BOS_CARD).await.unwrap().unwrap();
    assert_eq!(replace(&server, &old.number, (31, "2080410000888")).await, Replacing::Done);

    // The old one opens nothing any more, and says why at the kiosk by its status.
    assert_eq!(status(&server, BOS_CARD).await, CardStatus::Replaced);
    let path = format!("/v1/accounts/{ANNA}/statements/2026-11");
    assert_eq!(kiosk.problem_of(Method::GET, &path, b"").await.code, ProblemCode::SignIn);
    let login = serde_json::to_vec(&giving(BOS_CARD, "1234")).unwrap();
    assert_eq!(kiosk.problem_of(Method::POST, "/v1/logins", &login).await.code, ProblemCode::NotFound);
    let answer: PurchaseAnswer = till.post("/v1/purchases", &sale(&server, old.uid.clone())).await;
    assert_eq!(refused(&answer.outcome), Rule::Card);
    assert_eq!(refused(&kiosk.outcome(change(&server, &kiosk, BOS_CARD, NEW, true)).await), Rule::Card);

    // The new one: own account and the child's, what was done before, and what was ordered with the old one.
    let new = server.store().card(SCHOOL, NEW).await.unwrap().unwrap();
    assert_eq!((new.person, new.status, new.ask_code), (old.person, CardStatus::Active, old.ask_code));
    let LoginAnswer::Right { session } = kiosk.post("/v1/logins", &giving(NEW, "9876")).await else { panic!() };
    *kiosk.session.lock().unwrap() = Some(session);
    let statement: Statement = kiosk.get(&path).await;
    assert_eq!((statement.closing, statement.lines.len()), (balance, 2), "paid in, and ordered");
    let cancel = OperationBody::CancelOrder(CancelOrder { order: id, card: NEW });
    assert_eq!(kiosk.outcome(operation(&server, &kiosk, cancel)).await, Outcome::Posted);
    assert_eq!(server.balance(ANNA).await, kr(100));
    let answer: PurchaseAnswer = till.post("/v1/purchases", &sale(&server, uid(31))).await;
    assert_eq!(answer.outcome, Outcome::Posted);
    assert_eq!(server.balance(BO).await, kr(40));
    assert_eq!(
        kiosk.outcome(change(&server, &kiosk, NEW, ANNAS_CARD, true)).await,
        Outcome::Posted,
        "a parent's right"
    );

    let done = deeds_about(&server, old.person).await;
    let told: Vec<_> = done.iter().map(|deed| (deed.what.as_str(), deed.by)).collect();
    assert_eq!(told, [("card-replaced", None)]);
    assert_eq!(done[0].detail, format!("{} → {}", old.number.masked(), new.number.masked()));
    server.books_are_right().await;
}

#[tokio::test]
async fn a_card_is_replaced_once_and_by_one_that_is_nobodys() {
    let server = Server::start().await;
    let anna = server.store().card(SCHOOL, ANNAS_CARD).await.unwrap().unwrap().number;
    let bo = server.store().card(SCHOOL, BOS_CARD).await.unwrap().unwrap().number;
    let nobodys = CardNumber::from_first_13("2080410000999").unwrap();
    assert_eq!(replace(&server, &nobodys, (31, "2080410000888")).await, Replacing::Unknown);
    assert_eq!(replace(&server, &anna, (31, &bo.as_digits()[..13])).await, Replacing::NumberTaken);
    assert_eq!(replace(&server, &anna, (31, &anna.as_digits()[..13])).await, Replacing::NumberTaken, "nor by itself");
    assert_eq!(replace(&server, &anna, (2, "2080410000888")).await, Replacing::UidTaken);
    assert_eq!(status(&server, ANNAS_CARD).await, CardStatus::Active, "nothing has changed");
    assert!(deeds_about(&server, ANNA_AND).await.is_empty());
    assert_eq!(replace(&server, &anna, (31, "2080410000888")).await, Replacing::Done);
    assert_eq!(replace(&server, &anna, (32, "2080410000889")).await, Replacing::Replaced);
}
