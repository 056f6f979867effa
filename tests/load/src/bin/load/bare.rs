//! The bare endpoint: axum, a queue and a raw engine behind it. A process of its own, so that it shares no runtime with the load.
//!
//! It reads the JSON, checks the device's signature as any device endpoint must, and nothing else. Beside it, for information,
//! the same without the signature, and a handler that does nothing.
//!
//! **Invariant:** a purchase is answered after the commit that holds it.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Result, bail};
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use axum::{Json, Router};
use jiff::Timestamp;
use madkort_protocol::{
    DeviceId, HEADER_DEVICE, HEADER_REQUEST, HEADER_SIGNATURE, Outcome, PublicKey, PurchaseAnswer, PurchaseRequest,
    Refusal, RequestToSign, Rule, Signature,
};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

use crate::books;
use crate::raw::{Answer, Asked};
use crate::raw_postgres::RawPostgres;
use crate::raw_sqlite::RawSqlite;

/// Where a purchase goes, on the real server too: the path is under the signature.
pub const SIGNED: &str = "/v1/purchases";
/// The same, without looking at the signature.
pub const UNSIGNED: &str = "/unsigned";
/// A handler that does nothing.
pub const NOTHING: &str = "/nothing";
/// The most purchases in one commit, as the server has it.
const GROUP: usize = 512;
/// What waits at most.
const QUEUE: usize = 2 * GROUP;

struct Job {
    asked: Asked,
    reply: oneshot::Sender<Answer>,
}

#[derive(Clone)]
struct Bare {
    keys: Arc<HashMap<DeviceId, PublicKey>>,
    queue: mpsc::Sender<Job>,
}

/// Serves on a free port of 127.0.0.1, which it prints, until it is killed.
pub async fn serve(database: &str) -> Result<()> {
    let (queue, jobs) = mpsc::channel(QUEUE);
    match database.split_once(':') {
        Some(("sqlite", path)) => {
            let books = RawSqlite::create(Path::new(path))?;
            std::thread::spawn(move || write_sqlite(books, jobs));
        }
        Some(("postgres", _)) => {
            let books = RawPostgres::create(database).await?;
            tokio::spawn(write_postgres(books, jobs));
        }
        _ => bail!("{database} names no engine"),
    }
    let state = Bare { keys: Arc::new(books::keys().collect()), queue };
    let app = Router::new()
        .route(SIGNED, post(signed))
        .route(UNSIGNED, post(unsigned))
        .route(NOTHING, post(|| async { StatusCode::OK }))
        .with_state(state);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on {}", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}

async fn signed(State(bare): State<Bare>, headers: HeaderMap, body: Bytes) -> Result<Json<PurchaseAnswer>, StatusCode> {
    let device = device(&headers)?;
    let count = header(&headers, HEADER_REQUEST)?.parse().map_err(|_| StatusCode::UNAUTHORIZED)?;
    let signature = Signature::parse(header(&headers, HEADER_SIGNATURE)?).map_err(|_| StatusCode::UNAUTHORIZED)?;
    let key = bare.keys.get(&device).ok_or(StatusCode::UNAUTHORIZED)?;
    let request = RequestToSign { method: "POST", path: SIGNED, device, count, body: &body };
    key.verify(&request, &signature).map_err(|_| StatusCode::UNAUTHORIZED)?;
    buy(&bare, device, &body).await
}

async fn unsigned(
    State(bare): State<Bare>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<PurchaseAnswer>, StatusCode> {
    buy(&bare, device(&headers)?, &body).await
}

async fn buy(bare: &Bare, device: DeviceId, body: &[u8]) -> Result<Json<PurchaseAnswer>, StatusCode> {
    let request: PurchaseRequest = serde_json::from_slice(body).map_err(|_| StatusCode::BAD_REQUEST)?;
    let id = request.id;
    let (reply, answer) = oneshot::channel();
    let job = Job { asked: Asked { device, request }, reply };
    bare.queue.try_send(job).map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    let outcome = match answer.await.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)? {
        Answer::Posted => Outcome::Posted,
        Answer::AlreadyPosted => Outcome::AlreadyPosted,
        Answer::IdReused => return Err(StatusCode::CONFLICT),
        Answer::Refused => Outcome::Refused(Refusal { rule: Rule::Balance, limit: None, asked: None, portions: None }),
    };
    Ok(Json(PurchaseAnswer { id, outcome }))
}

fn device(headers: &HeaderMap) -> Result<DeviceId, StatusCode> {
    DeviceId::parse(header(headers, HEADER_DEVICE)?).map_err(|_| StatusCode::UNAUTHORIZED)
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, StatusCode> {
    headers.get(name).and_then(|value| value.to_str().ok()).ok_or(StatusCode::UNAUTHORIZED)
}

fn write_sqlite(mut books: RawSqlite, mut jobs: mpsc::Receiver<Job>) {
    while let Some(first) = jobs.blocking_recv() {
        let waiting = std::iter::from_fn(|| jobs.try_recv().ok());
        let (group, replies): (Vec<_>, Vec<_>) =
            std::iter::once(first).chain(waiting).take(GROUP).map(|job| (job.asked, job.reply)).unzip();
        match books.post(&group, Timestamp::now()) {
            Ok(answers) => tell(replies, answers),
            Err(error) => return eprintln!("the raw engine failed: {error:#}"),
        }
    }
}

async fn write_postgres(books: RawPostgres, mut jobs: mpsc::Receiver<Job>) {
    let mut waiting = Vec::new();
    while jobs.recv_many(&mut waiting, GROUP).await > 0 {
        let (batch, replies): (Vec<_>, Vec<_>) = waiting.drain(..).map(|job| (job.asked, job.reply)).unzip();
        match books.post(&batch, Timestamp::now()).await {
            Ok(answers) => tell(replies, answers),
            Err(error) => return eprintln!("the raw engine failed: {error:#}"),
        }
    }
}

fn tell(replies: Vec<oneshot::Sender<Answer>>, answers: Vec<Answer>) {
    for (reply, answer) in replies.into_iter().zip(answers) {
        // A request that was given up is posted all the same.
        let _ = reply.send(answer);
    }
}
