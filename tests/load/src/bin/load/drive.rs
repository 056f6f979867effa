//! The load: so many keep-alive connections, each a till that sends its next purchase when the last one is answered.
//!
//! Requests are built and signed before the clock starts, the same way whoever answers them.
//!
//! **Invariant:** a round counts only purchases that were answered as posted; any other answer ends it as an error.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use hdrhistogram::Histogram;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use madkort_protocol::{
    API_VERSION, HEADER_API, HEADER_DEVICE, HEADER_REQUEST, HEADER_SIGNATURE, Outcome, PurchaseAnswer, RequestToSign,
};
use tokio::net::TcpStream;
use tokio::sync::Barrier;

use crate::bare::{NOTHING, SIGNED};
use crate::books::{self, Payers, Till};
use crate::engines::rate;

/// Requests of one connection at least, so that a round at few connections and an unknown rate says something.
const LEAST: usize = 20;
/// More than the last round needed, so that the clock and not the supply ends most rounds.
const ROOM: f64 = 1.25;
/// Digits of a time that are kept.
const DIGITS: u8 = 3;

type Sender = SendRequest<Full<Bytes>>;

/// What one round came to.
pub struct Round {
    /// Answers a second.
    pub rate: f64,
    /// Times to an answer, in microseconds.
    pub times: Histogram<u64>,
}

/// Somebody who answers, and what is known of how fast.
pub struct Target {
    /// Where.
    pub address: SocketAddr,
    /// Under which path.
    pub path: &'static str,
    /// Whose cards pay.
    pub payers: Payers,
    /// Answers a second in the last round; a guess before the first.
    pub expected: f64,
}

/// One round: all connect, then all begin at once; it ends after `time`, or when the first has nothing more to send.
pub async fn round(target: &mut Target, tills: &mut [Till], time: Duration) -> Result<Round> {
    let each = ((target.expected * time.as_secs_f64() * ROOM) as usize / tills.len()).max(LEAST);
    let supplies = supplies(target, tills, each)?;
    let start = Arc::new(Barrier::new(tills.len() + 1));
    let over = Arc::new(AtomicBool::new(false));
    let mut sending = Vec::new();
    for supply in supplies {
        let sender = connect(target.address).await?;
        let silent = target.path == NOTHING;
        sending.push(tokio::spawn(send(sender, supply, Arc::clone(&start), Arc::clone(&over), time, silent)));
    }
    start.wait().await;
    let begun = Instant::now();
    let mut times = Histogram::new(DIGITS)?;
    for sender in sending {
        times.add(sender.await??)?;
    }
    let round = Round { rate: rate(times.len(), begun.elapsed()), times };
    target.expected = round.rate;
    Ok(round)
}

/// What each connection sends. Made in turns, so that ids come in about the order of their making.
fn supplies(target: &Target, tills: &mut [Till], each: usize) -> Result<Vec<Vec<Request<Full<Bytes>>>>> {
    let mut supplies: Vec<Vec<_>> = tills.iter().map(|_| Vec::with_capacity(each)).collect();
    let mut numbers = 0_u32..;
    for _ in 0..each {
        for (till, (supply, number)) in tills.iter_mut().zip(supplies.iter_mut().zip(&mut numbers)) {
            supply.push(request(target, till, number)?);
        }
    }
    // Taken from the end.
    for supply in &mut supplies {
        supply.reverse();
    }
    Ok(supplies)
}

fn request(target: &Target, till: &mut Till, number: u32) -> Result<Request<Full<Bytes>>> {
    till.count += 1;
    let body = serde_json::to_vec(&books::sale(number, target.payers)?)?;
    let to_sign = RequestToSign { method: "POST", path: SIGNED, device: till.id, count: till.count, body: &body };
    let signature = till.key.sign(&to_sign).to_hex();
    Ok(Request::post(target.path)
        .header("host", target.address.to_string())
        .header("content-type", "application/json")
        .header(HEADER_API, API_VERSION)
        .header(HEADER_DEVICE, till.id.to_string())
        .header(HEADER_REQUEST, till.count)
        .header(HEADER_SIGNATURE, signature)
        .body(Full::new(body.into()))?)
}

async fn connect(to: SocketAddr) -> Result<Sender> {
    let stream = TcpStream::connect(to).await.with_context(|| format!("connecting to {to}"))?;
    stream.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    // A connection that breaks shows as a request that fails.
    tokio::spawn(connection);
    Ok(sender)
}

async fn send(
    mut sender: Sender,
    mut supply: Vec<Request<Full<Bytes>>>,
    start: Arc<Barrier>,
    over: Arc<AtomicBool>,
    time: Duration,
    silent: bool,
) -> Result<Histogram<u64>> {
    let mut times = Histogram::new(DIGITS)?;
    start.wait().await;
    let end = Instant::now() + time;
    while Instant::now() < end && !over.load(Ordering::Relaxed) {
        let Some(request) = supply.pop() else {
            over.store(true, Ordering::Relaxed);
            break;
        };
        sender.ready().await?;
        let sent = Instant::now();
        let answer = sender.send_request(request).await?;
        let status = answer.status();
        let body = answer.into_body().collect().await?.to_bytes();
        times.record(u64::try_from(sent.elapsed().as_micros())?)?;
        ensure!(status.is_success(), "the answer was {status}: {}", String::from_utf8_lossy(&body));
        if !silent {
            let answer: PurchaseAnswer = serde_json::from_slice(&body)?;
            ensure!(answer.outcome == Outcome::Posted, "a purchase was not posted: {answer:?}");
        }
    }
    Ok(times)
}
