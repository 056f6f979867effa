//! `/v1/changes`

use madkort_protocol::{Changes, MenuDay, Outcome, ProblemCode, School, SchoolId};
use reqwest::Method;
use sync_server::store::Thing;
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
    let (answer, ()) = tokio::join!(kiosk.get::<Changes>(&path), async {
        server.state.stop();
    });
    assert_eq!(answer.cursor, cursor);
    server.stop().await;
}

#[tokio::test]
async fn much_comes_in_pages() {
    let server = Server::start().await;
    let kiosk = server.kiosk().await;
    let products = (0..450_u32).map(|n| {
        let id = madkort_protocol::ProductId::new(Uuid::from_u128(0x1000 + u128::from(n)));
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
    let lunch = MenuDay { date: TUESDAY, cut_off: server.clock.now(), products: vec![] };
    server.store().put(other, vec![Thing::School(school), Thing::Day(lunch)]).await.unwrap();
    let news: Changes = kiosk.get(&format!("/v1/changes?after={cursor}")).await;
    assert_eq!(news, Changes { cursor, ..Changes::default() });
}

#[tokio::test]
async fn a_till_hears_no_names_and_no_codes() {
    let server = Server::start().await;
    let till = server.register().await;
    let problem = till.problem_of(Method::GET, "/v1/changes?after=0", b"").await;
    assert_eq!(problem.code, ProblemCode::NotAllowed);
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
