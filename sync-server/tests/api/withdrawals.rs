//! `/v1/withdrawals`

use jiff::SignedDuration;
use madkort_protocol::*;
use reqwest::Method;
use sync_server::jobs::tidy_away;
use sync_server::store::withdrawals::PAYEE_KEPT;
use sync_server::store::{Movement, Moving};

use crate::support::*;

const PATH: &str = "/v1/withdrawals";

fn asked(server: &Server, ore: i64) -> WithdrawalRequest {
    WithdrawalRequest {
        id: server.id(),
        card: BOS_CARD,
        account: BO,
        amount: Money::from_ore(ore),
        name: "Bo And".into(),
        registration: "1234".into(),
        account_number: "987 65 43".into(),
        message: "Madpenge retur".into(),
        language: Language::Danish,
    }
}

/// A kiosk with Bo signed in, and 100 kr. on his account.
async fn bo(server: &Server) -> Signer {
    let kiosk = server.kiosk().await;
    server.fund(&kiosk, BO, kr(100)).await;
    kiosk.sign_in(BOS_CARD).await;
    kiosk
}

async fn refusal(kiosk: &Signer, request: &WithdrawalRequest) -> Problem {
    kiosk.problem_of(Method::POST, PATH, &serde_json::to_vec(request).unwrap()).await
}

async fn bank(server: &Server, movement: Movement) {
    let moved = server.store().carry_out(SCHOOL, server.id(), movement, server.clock.now()).await.unwrap();
    assert_eq!(moved, Moving::Settled(Outcome::Posted));
}

fn stages(withdrawal: &Withdrawal) -> Vec<WithdrawalStage> {
    withdrawal.steps.iter().map(|step| step.stage).collect()
}

#[tokio::test]
async fn money_is_held_at_once_sent_by_the_bank_and_every_step_is_told() {
    use WithdrawalStage::{Paid, Requested, Sent};
    let server = Server::start().await;
    let kiosk = bo(&server).await;
    let request = asked(&server, 10_000);
    let made: Withdrawal = kiosk.post(PATH, &request).await;
    assert_eq!((made.amount, made.balance, made.to.as_str()), (kr(100), kr(0), "6543"));
    assert_eq!((stages(&made), made.can_cancel, made.number.len()), (vec![Requested], true, 8));
    assert_eq!(server.balance(BO).await, kr(0));
    let again: Withdrawal = kiosk.post(PATH, &request).await;
    assert_eq!(again, made, "asked again it is the same one");

    server.clock.forward(SignedDuration::from_hours(1));
    bank(&server, Movement::SendWithdrawal { withdrawal: request.id }).await;
    kiosk.sign_in(BOS_CARD).await;
    let path = format!("{PATH}/{}", request.id);
    let sent: Withdrawal = kiosk.get(&path).await;
    assert_eq!((stages(&sent), sent.can_cancel), (vec![Requested, Sent], false));
    assert_eq!(sent.steps[1].at, server.clock.now());
    // Too late to call it off: the answer says how it stands, and nothing moves.
    let answer = kiosk.send(Method::DELETE, &path, b"").await.json::<Withdrawal>().await.unwrap();
    assert_eq!(stages(&answer), [Requested, Sent]);
    bank(&server, Movement::SettleWithdrawal { withdrawal: request.id }).await;
    assert_eq!(stages(&kiosk.get(&path).await), [Requested, Sent, Paid]);
    let all: Withdrawals = kiosk.get(&format!("/v1/accounts/{BO}/withdrawals")).await;
    assert_eq!(all.withdrawals.len(), 1);
    let statement: Statement = kiosk.get(&format!("/v1/accounts/{BO}/statements/2026-11")).await;
    assert_eq!(statement.lines.last().unwrap().text, StatementText::Withdrawal);
    server.books_are_right().await;
}

#[tokio::test]
async fn until_the_bank_is_told_it_can_be_called_off_once() {
    use WithdrawalStage::{Cancelled, Requested};
    let server = Server::start().await;
    let kiosk = bo(&server).await;
    let request = asked(&server, 4_050);
    kiosk.post::<Withdrawal>(PATH, &request).await;
    let path = format!("{PATH}/{}", request.id);
    for _ in 0..2 {
        let answer = kiosk.send(Method::DELETE, &path, b"").await.json::<Withdrawal>().await.unwrap();
        assert_eq!((stages(&answer), answer.can_cancel, answer.balance), (vec![Requested, Cancelled], false, kr(100)));
    }
    // Called off it stays, whatever the bank is told.
    let sent = Movement::SendWithdrawal { withdrawal: request.id };
    let moved = server.store().carry_out(SCHOOL, server.id(), sent, server.clock.now()).await.unwrap();
    assert!(matches!(moved, Moving::Settled(Outcome::Refused(_))));
    server.books_are_right().await;
}

#[tokio::test]
async fn what_the_bank_sends_back_is_on_the_account_again() {
    let server = Server::start().await;
    let kiosk = bo(&server).await;
    let request = asked(&server, 10_000);
    kiosk.post::<Withdrawal>(PATH, &request).await;
    bank(&server, Movement::SendWithdrawal { withdrawal: request.id }).await;
    bank(&server, Movement::ReturnWithdrawal { withdrawal: request.id }).await;
    let back: Withdrawal = kiosk.get(&format!("{PATH}/{}", request.id)).await;
    assert_eq!((back.stage(), back.balance), (WithdrawalStage::Returned, kr(100)));
    let statement: Statement = kiosk.get(&format!("/v1/accounts/{BO}/statements/2026-11")).await;
    assert_eq!(statement.lines.last().unwrap().text, StatementText::WithdrawalBack);
}

#[tokio::test]
async fn down_to_the_last_ore_and_no_further() {
    let server = Server::start().await;
    let kiosk = bo(&server).await;
    kiosk.post::<Withdrawal>(PATH, &asked(&server, 1)).await;
    kiosk.post::<Withdrawal>(PATH, &asked(&server, 9_999)).await;
    for ore in [0, -1, 1, i64::MAX, i64::MIN] {
        let problem = refusal(&kiosk, &asked(&server, ore)).await;
        assert_eq!((problem.status, problem.field.as_deref()), (422, Some("amount")), "{ore}");
    }
    assert_eq!(server.balance(BO).await, kr(0));
    server.books_are_right().await;
}

#[tokio::test]
async fn the_field_that_is_wrong_is_named_before_anything_moves() {
    let server = Server::start().await;
    let kiosk = bo(&server).await;
    let long = "x".repeat(WithdrawalRequest::MESSAGE + 1);
    let wrong = [
        ("name", WithdrawalRequest { name: " ".into(), ..asked(&server, 100) }),
        ("registration", WithdrawalRequest { registration: "123".into(), ..asked(&server, 100) }),
        ("account_number", WithdrawalRequest { account_number: "DK5000400440116243".into(), ..asked(&server, 100) }),
        ("message", WithdrawalRequest { message: long, ..asked(&server, 100) }),
        ("id", WithdrawalRequest { id: OperationId::new(uuid::Uuid::from_u128(7)), ..asked(&server, 100) }),
    ];
    for (field, request) in wrong {
        let problem = refusal(&kiosk, &request).await;
        assert_eq!((problem.status, problem.field.as_deref()), (422, Some(field)));
    }
    assert_eq!(server.balance(BO).await, kr(100));
}

#[tokio::test]
async fn nobody_moves_somebody_elses_money_out_or_without_their_code() {
    let server = Server::start().await;
    let (bare, till) = (server.kiosk().await, server.register().await);
    let kiosk = bo(&server).await;
    let body = |request: &WithdrawalRequest| serde_json::to_vec(request).unwrap();
    let request = asked(&server, 100);
    assert_eq!(refusal(&bare, &request).await.code, ProblemCode::SignIn);
    assert_eq!(till.problem_of(Method::POST, PATH, &body(&request)).await.code, ProblemCode::NotAllowed);
    kiosk.post::<Withdrawal>(PATH, &request).await;
    // Anna is signed in: Bo's account and his withdrawal do not exist for her.
    let anna = server.kiosk().await;
    anna.sign_in(ANNAS_CARD).await;
    let of_bo = WithdrawalRequest { card: ANNAS_CARD, ..asked(&server, 100) };
    assert_eq!(refusal(&anna, &of_bo).await.code, ProblemCode::NotFound);
    assert_eq!(refusal(&anna, &asked(&server, 100)).await.code, ProblemCode::SignIn, "another card than the session's");
    let path = format!("{PATH}/{}", request.id);
    for method in [Method::GET, Method::DELETE] {
        assert_eq!(anna.problem_of(method.clone(), &path, b"").await.code, ProblemCode::NotFound);
        assert_eq!(bare.problem_of(method.clone(), &path, b"").await.code, ProblemCode::SignIn);
        assert_eq!(till.problem_of(method, &path, b"").await.code, ProblemCode::NotAllowed);
    }
    let list = format!("/v1/accounts/{BO}/withdrawals");
    assert_eq!(anna.problem_of(Method::GET, &list, b"").await.code, ProblemCode::NotFound);
    assert_eq!(server.balance(BO).await, kr(99));
    // A parent may have a child's money paid out.
    server.fund(&bare, ANNA, kr(10)).await;
    let of_anna = WithdrawalRequest { account: ANNA, ..asked(&server, 1_000) };
    assert_eq!(kiosk.post::<Withdrawal>(PATH, &of_anna).await.balance, kr(0));
}

#[tokio::test]
async fn the_same_id_with_another_bank_account_is_refused() {
    let server = Server::start().await;
    let kiosk = bo(&server).await;
    let request = asked(&server, 100);
    kiosk.post::<Withdrawal>(PATH, &request).await;
    for other in [
        WithdrawalRequest { account_number: "1".into(), ..request.clone() },
        WithdrawalRequest { registration: "4321".into(), ..request.clone() },
        WithdrawalRequest { name: "Bo Rand".into(), ..request.clone() },
        WithdrawalRequest { amount: kr(2), ..request.clone() },
    ] {
        assert_eq!(refusal(&kiosk, &other).await.code, ProblemCode::IdReused);
    }
    assert_eq!(server.balance(BO).await, kr(99));
}

#[tokio::test]
async fn the_bank_account_is_in_its_own_table_and_nowhere_else() {
    let server = Server::start().await;
    let kiosk = bo(&server).await;
    kiosk.post::<Withdrawal>(PATH, &asked(&server, 100)).await;
    let db = rusqlite::Connection::open(&server.path).unwrap();
    let tables: Vec<String> = db
        .prepare("SELECT name FROM sqlite_master WHERE type = 'table'")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    for table in tables {
        let mut rows = db.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let columns = rows.column_count();
        let mut rows = rows.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            for column in 0..columns {
                let text = format!("{:?}", row.get_ref(column).unwrap());
                let bytes: Vec<String> = "9876543".bytes().map(|byte| byte.to_string()).collect();
                let holds = text.contains("9876543") || text.contains(&bytes.join(", "));
                assert!(!holds || table == "withdrawals", "{table}");
            }
        }
    }
}

#[tokio::test]
async fn a_bank_account_is_forgotten_thirteen_months_after_the_money_went() {
    let server = Server::start().await;
    let kiosk = bo(&server).await;
    let (paid, open) = (asked(&server, 5_000), asked(&server, 1_000));
    let _: Withdrawal = kiosk.post(PATH, &paid).await;
    let _: Withdrawal = kiosk.post(PATH, &open).await;
    bank(&server, Movement::SendWithdrawal { withdrawal: paid.id }).await;
    bank(&server, Movement::SettleWithdrawal { withdrawal: paid.id }).await;
    let kept = |withdrawal: &WithdrawalRequest| -> String {
        let file = rusqlite::Connection::open(&server.path).unwrap();
        let sql =
            "SELECT name || ',' || registration || ',' || number || ',' || message FROM withdrawals WHERE id = ?1";
        file.query_row(sql, [withdrawal.id.uuid().as_bytes()], |row| row.get(0)).unwrap()
    };
    let whole = "Bo And,1234,0009876543,Madpenge retur";
    assert_eq!((kept(&paid).as_str(), kept(&open).as_str()), (whole, whole));
    server.clock.forward(PAYEE_KEPT - SignedDuration::from_secs(1));
    assert_eq!(tidy_away(&server.state).await.unwrap().1, 0);
    server.clock.forward(SignedDuration::from_secs(1));
    assert_eq!(tidy_away(&server.state).await.unwrap().1, 1, "the one that is still on its way keeps its own");
    assert_eq!(tidy_away(&server.state).await.unwrap().1, 0);
    assert_eq!((kept(&paid).as_str(), kept(&open).as_str()), (",,6543,", whole));
    let row = server.store().withdrawal(SCHOOL, paid.id).await.unwrap().unwrap();
    assert_eq!(row.to, "6543", "what its holder knows it by stays");
    // And so does the id: the same request gets the first answer, another one none.
    kiosk.sign_in(BOS_CARD).await;
    let first: Withdrawal = kiosk.get(&format!("{PATH}/{}", paid.id)).await;
    for request in [&paid, &open] {
        let again: Withdrawal = kiosk.post(PATH, request).await;
        assert_eq!((again.id, again.amount, again.to.as_str()), (request.id, request.amount, "6543"));
    }
    assert_eq!(kiosk.post::<Withdrawal>(PATH, &paid).await, first);
    for other in [
        WithdrawalRequest { amount: kr(49), ..paid.clone() },
        WithdrawalRequest { account: ANNA, ..paid.clone() },
        WithdrawalRequest { account_number: "9876544".into(), ..paid.clone() },
        WithdrawalRequest { account_number: "1876543".into(), ..open.clone() },
    ] {
        assert_eq!(refusal(&kiosk, &other).await.code, ProblemCode::IdReused);
    }
    assert_eq!(server.balance(BO).await, kr(40), "nothing has moved");
    // The ledger does not notice.
    server.books_are_right().await;
}
