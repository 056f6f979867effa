//! `/v1/transfers`

use madkort_protocol::*;
use reqwest::Method;

use crate::support::*;

const PATH: &str = "/v1/transfers";

fn asked(server: &Server, ore: i64) -> TransferRequest {
    TransferRequest { id: server.id(), card: BOS_CARD, from: BO, to: ANNA, amount: Money::from_ore(ore) }
}

async fn bo(server: &Server) -> Signer {
    let kiosk = server.kiosk().await;
    server.fund(&kiosk, BO, kr(100)).await;
    kiosk.sign_in(BOS_CARD).await;
    kiosk
}

async fn refusal(kiosk: &Signer, request: &TransferRequest) -> Problem {
    kiosk.problem_of(Method::POST, PATH, &serde_json::to_vec(request).unwrap()).await
}

#[tokio::test]
async fn money_moves_once_and_stands_on_both_statements() {
    let server = Server::start().await;
    let kiosk = bo(&server).await;
    let request = asked(&server, 2_550);
    for _ in 0..2 {
        let made: Transfer = kiosk.post(PATH, &request).await;
        let balances = (made.from_balance, made.to_balance);
        assert_eq!(balances, (Money::from_ore(7_450), Money::from_ore(2_550)));
    }
    for account in [BO, ANNA] {
        let statement: Statement = kiosk.get(&format!("/v1/accounts/{account}/statements/2026-11")).await;
        assert_eq!(statement.lines.last().unwrap().text, StatementText::Transfer);
    }
    server.books_are_right().await;
}

#[tokio::test]
async fn only_between_accounts_of_whoever_is_signed_in() {
    let server = Server::start().await;
    let (bare, till) = (server.kiosk().await, server.register().await);
    let kiosk = bo(&server).await;
    assert_eq!(refusal(&bare, &asked(&server, 100)).await.code, ProblemCode::SignIn);
    assert_eq!(refusal(&till, &asked(&server, 100)).await.code, ProblemCode::NotAllowed);
    let to_guest = TransferRequest { to: GUEST, ..asked(&server, 100) };
    assert_eq!(refusal(&kiosk, &to_guest).await.code, ProblemCode::NotFound);
    let to_itself = TransferRequest { to: BO, ..asked(&server, 100) };
    assert_eq!(refusal(&kiosk, &to_itself).await.field.as_deref(), Some("account"));
    let anna = server.kiosk().await;
    anna.sign_in(ANNAS_CARD).await;
    let stolen = TransferRequest { card: ANNAS_CARD, ..asked(&server, 100) };
    assert_eq!(refusal(&anna, &stolen).await.code, ProblemCode::NotFound);
    assert_eq!((server.balance(BO).await, server.balance(ANNA).await), (kr(100), kr(0)));
}

#[tokio::test]
async fn not_more_than_there_is_and_not_another_amount_under_the_same_id() {
    let server = Server::start().await;
    let kiosk = bo(&server).await;
    for ore in [0, -1, 10_001, i64::MAX, i64::MIN] {
        assert_eq!(refusal(&kiosk, &asked(&server, ore)).await.field.as_deref(), Some("amount"), "{ore}");
    }
    let request = asked(&server, 10_000);
    kiosk.post::<Transfer>(PATH, &request).await;
    let other = TransferRequest { amount: kr(1), ..request };
    assert_eq!(refusal(&kiosk, &other).await.code, ProblemCode::IdReused);
    server.books_are_right().await;
}
