//! `/v1/changes`

use madkort_protocol::*;
use reqwest::Method;
use sync_server::store::Thing;
use tokio::net::TcpStream;
use uuid::Uuid;

use crate::support::*;

#[tokio::test]
async fn a_new_kiosk_hears_everything_and_then_only_news() {
    let server = Server::start().await;
    let kiosk = server.kiosk().await;
    let all: Changes = kiosk.get("/v1/changes?after=0").await;
    assert_eq!(all.school.as_ref().map(|school| school.id), Some(SCHOOL));
    let counts = (all.people.len(), all.cards.len(), all.accounts.len(), all.products.len(), all.days.len());
    assert_eq!((counts, all.more), ((3, 4, 3, 3, 1), false));

    let nothing: Changes = kiosk.get(&format!("/v1/changes?after={}", all.cursor)).await;
    assert_eq!(nothing, Changes { cursor: all.cursor, ..Changes::default() });

    server.fund(&kiosk, ANNA, kr(100)).await;
    assert_eq!(kiosk.outcome(order(&server, &kiosk, lasagne("K1-1"))).await, Outcome::Posted);
    let news: Changes = kiosk.get(&format!("/v1/changes?after={}", all.cursor)).await;
    assert_eq!((news.accounts.len(), news.accounts[0].balance, news.orders.len()), (1, kr(55), 1));
    assert!(news.people.is_empty() && news.school.is_none());
}

#[tokio::test]
async fn whoever_waits_is_woken_by_the_next_change() {
    let server = Server::start().await;
    let (kiosk, other) = (server.kiosk().await, server.kiosk().await);
    let cursor = kiosk.get::<Changes>("/v1/changes?after=0").await.cursor;
    let path = format!("/v1/changes?after={cursor}&wait=25");
    let waiting = kiosk.get::<Changes>(&path);
    let (news, ()) = tokio::join!(waiting, server.fund(&other, ANNA, kr(100)));
    assert_eq!(news.accounts[0].balance, kr(100));
}

#[tokio::test]
async fn whoever_waits_is_let_go_when_the_server_stops() {
    let server = Server::start().await;
    let kiosk = server.kiosk().await;
    let cursor = kiosk.get::<Changes>("/v1/changes?after=0").await.cursor;
    let path = format!("/v1/changes?after={cursor}&wait=25");
    let to_sign = RequestToSign { method: "GET", path: &path, device: kiosk.id, count: 9, body: b" " };
    let signature = kiosk.key.sign(&to_sign).to_hex();
    let head = format!(
        "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nexpect: 100-continue\r\ncontent-length: 1\r\n\
         {HEADER_API}: 1\r\n{HEADER_DEVICE}: {}\r\n{HEADER_REQUEST}: 9\r\n{HEADER_SIGNATURE}: {signature}\r\n\r\n",
        kiosk.id
    );
    let line = TcpStream::connect(server.url.trim_start_matches("http://")).await.unwrap();
    write(&line, head.as_bytes()).await;
    // The server asks for the body: the request is inside it.
    assert!(read_until(&line, "100 Continue").await);
    server.state.stop();
    write(&line, b" ").await;
    assert!(read_until(&line, &format!("{{\"cursor\":{cursor}")).await);
    server.stop().await;
}

async fn write(line: &TcpStream, bytes: &[u8]) {
    line.writable().await.unwrap();
    assert_eq!(line.try_write(bytes).unwrap(), bytes.len());
}

/// Whether the text comes before the line is closed.
async fn read_until(line: &TcpStream, text: &str) -> bool {
    let mut heard = Vec::new();
    loop {
        line.readable().await.unwrap();
        let mut buffer = [0; 4096];
        match line.try_read(&mut buffer) {
            Ok(0) => return false,
            Ok(n) => heard.extend_from_slice(&buffer[..n]),
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock),
        }
        if String::from_utf8_lossy(&heard).contains(text) {
            return true;
        }
    }
}

#[tokio::test]
async fn much_comes_in_pages() {
    let server = Server::start().await;
    let kiosk = server.kiosk().await;
    let products = (0..450_u32).map(|n| {
        let id = ProductId::new(Uuid::from_u128(0x1000 + u128::from(n)));
        Thing::Product(product(id, &format!("Ret {n}"), kr(10)))
    });
    server.store().put(SCHOOL, products.collect()).await.unwrap();
    let (mut cursor, mut pages, mut products) = (0, 0, 0);
    loop {
        let page: Changes = kiosk.get(&format!("/v1/changes?after={cursor}")).await;
        assert!(page.cursor > cursor);
        (cursor, pages, products) = (page.cursor, pages + 1, products + page.products.len());
        if !page.more {
            break;
        }
    }
    assert_eq!((pages, products), (3, 453));
}

#[tokio::test]
async fn a_cursor_from_a_lost_future_begins_again() {
    let server = Server::start().await;
    let kiosk = server.kiosk().await;
    let all: Changes = kiosk.get("/v1/changes?after=0").await;
    let again: Changes = kiosk.get("/v1/changes?after=1000000").await;
    assert_eq!(again, all);
}

#[tokio::test]
async fn nobody_hears_of_another_school() {
    let server = Server::start().await;
    let kiosk = server.kiosk().await;
    let cursor = kiosk.get::<Changes>("/v1/changes?after=0").await.cursor;
    let other = SchoolId::new(Uuid::from_u128(0x5d));
    let school = School { id: other, name: "En anden skole".into(), ..school() };
    let lunch = MenuDay { date: TUESDAY, cut_off: server.clock.now(), products: vec![], portions: vec![] };
    server.store().put(other, vec![Thing::School(school), Thing::Day(lunch)]).await.unwrap();
    let news: Changes = kiosk.get(&format!("/v1/changes?after={cursor}")).await;
    assert_eq!(news, Changes { cursor, ..Changes::default() });
}

/// What a till hears of a card; nothing else may be in it.
fn card(id: CardId, n: u8, status: CardStatus) -> TillCard {
    TillCard { card: id, uid: uid(n), status }
}

#[tokio::test]
async fn a_till_hears_of_cards_and_nothing_personal() {
    use CardStatus::{Active, Blocked};
    let server = Server::start().await;
    let (kiosk, till) = (server.kiosk().await, server.register().await);
    let all: TillChanges = till.get("/v1/changes?after=0").await;
    let mut cards = all.cards.clone();
    cards.sort_by_key(|card| card.card);
    let four = [(ANNAS_CARD, 1, Active), (BOS_CARD, 2, Active), (GUEST_CARD, 3, Active), (BLOCKED_CARD, 4, Blocked)];
    assert_eq!((cards, all.more), (four.map(|(id, n, status)| card(id, n, status)).into(), false));

    // To the last byte: three fields, three of each card.
    let text = till.send(Method::GET, "/v1/changes?after=0", b"").await.text().await.unwrap();
    let whole: serde_json::Value = serde_json::from_str(&text).unwrap();
    let names = |value: &serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&whole), ["cards", "cursor", "more"]);
    for card in whole["cards"].as_array().unwrap() {
        assert_eq!(names(card), ["card", "status", "uid"]);
    }
    for personal in ["Anna", "7.B", "argon2", "1234567", "balance", "account", "person", "class"] {
        assert!(!text.contains(personal), "{personal}: {text}");
    }

    // What moves money and changes people moves its cursor, and tells it nothing.
    server.fund(&kiosk, ANNA, kr(100)).await;
    kiosk.push(vec![order(&server, &kiosk, lasagne("K1-1"))]).await;
    assert!(server.store().set_price_class(SCHOOL, ANNA, madkort_ledger::PriceClass::Free).await.unwrap());
    let news: TillChanges = till.get(&format!("/v1/changes?after={}", all.cursor)).await;
    assert!(news.cards.is_empty() && !news.more && news.cursor > all.cursor, "{news:?}");
    let lost: TillChanges = till.get("/v1/changes?after=1000000").await;
    assert_eq!((lost.cards.len(), lost.cursor), (4, news.cursor), "a cursor from a lost future begins again");
}

#[tokio::test]
async fn a_till_that_waits_is_woken_by_a_card_and_not_by_a_sale() {
    let server = Server::start().await;
    let (kiosk, till) = (server.kiosk().await, server.register().await);
    let cursor = till.get::<TillChanges>("/v1/changes?after=0").await.cursor;
    let path = format!("/v1/changes?after={cursor}&wait=25");
    let waiting = till.get::<TillChanges>(&path);
    let changing = async {
        server.fund(&kiosk, ANNA, kr(100)).await;
        let block = OperationBody::SetCardBlock(SetCardBlock { card: ANNAS_CARD, target: ANNAS_CARD, blocked: true });
        kiosk.sign_in(ANNAS_CARD).await;
        assert_eq!(kiosk.outcome(operation(&server, &kiosk, block)).await, Outcome::Posted);
    };
    let (news, ()) = tokio::join!(waiting, changing);
    assert_eq!(news.cards, [card(ANNAS_CARD, 1, CardStatus::Blocked)]);
}

#[tokio::test]
async fn many_cards_come_to_a_till_in_pages() {
    let server = Server::start().await;
    let till = server.register().await;
    let one = server.store().changes(SCHOOL, 0, 1000, TUESDAY).await.unwrap().cards.remove(0);
    let cards = (0..450_u32).map(|n| {
        let id = CardId::new(Uuid::from_u128(0x1000 + u128::from(n)));
        let uid = CardUid::parse(&format!("0A0B0C{n:08X}")).unwrap();
        let number = CardNumber::from_first_13(&format!("{:013}", 9_000_000_000_000_u64 + u64::from(n))).unwrap();
        Thing::Card(CardRecord { id, uid, number, ..one.clone() })
    });
    server.store().put(SCHOOL, cards.collect()).await.unwrap();
    let (mut cursor, mut pages, mut heard) = (0, 0, 0);
    loop {
        let page: TillChanges = till.get(&format!("/v1/changes?after={cursor}")).await;
        assert!(page.cursor > cursor);
        (cursor, pages, heard) = (page.cursor, pages + 1, heard + page.cards.len());
        if !page.more {
            break;
        }
    }
    assert_eq!((pages, heard), (3, 454));
}

#[tokio::test]
async fn a_question_has_its_form() {
    let server = Server::start().await;
    let kiosk = server.kiosk().await;
    for query in ["", "?after=", "?after=-1", "?after=abc", "?wait=1", "?after=0&wait=x", "?after=0&all=1"] {
        let problem = kiosk.problem_of(Method::GET, &format!("/v1/changes{query}"), b"").await;
        assert_eq!(problem.code, ProblemCode::Malformed, "{query}");
    }
}
