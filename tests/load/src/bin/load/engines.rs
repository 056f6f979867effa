//! The engines without HTTP: purchases a second through the server's store, beside the raw engine at equal group sizes.
//!
//! **Invariant:** reference and subject take turns, so that what the machine does meanwhile falls on both.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use madkort_load::figure::Figure;
use madkort_load::postgres::Postgres;
use madkort_protocol::{DeviceId, Outcome};
use sync_server::store::{Purchasing, Store};

use crate::books::{self, Payers};
use crate::plan::Plan;
use crate::raw::{Answer, Asked};
use crate::raw_postgres::RawPostgres;
use crate::raw_sqlite::RawSqlite;

/// Group sizes on SQLite.
const GROUPS: &[usize] = &[1, 16, 64, 256, 512];
/// Batch sizes on PostgreSQL.
const BATCHES: &[usize] = &[16, 64, 256, 512];
/// The share of the raw engine that the store must reach.
const SHARE: f64 = 0.7;

/// SQLite: the store beside raw group commit.
pub async fn sqlite(plan: &Plan, folder: &Path) -> Result<Vec<Figure>> {
    let mut raw = RawSqlite::create(&folder.join("raw.db"))?;
    let store = books::open(&format!("sqlite:{}", folder.join("store.db").display()))?;
    let tills = books::fill(&store).await?;
    let mut figures = Vec::new();
    for &size in plan.sizes(GROUPS) {
        let (mut peers, mut ours) = (Vec::new(), Vec::new());
        for _ in 0..plan.rounds {
            peers.push(raw_groups(plan, size, tills[0].id, |group| raw.post(group, Timestamp::now()))?);
            ours.push(in_flight(plan, &store, size).await?);
        }
        let name = format!("SQLite, store without HTTP, {size} in flight");
        figures.push(Figure::at_least(&name, median(ours), "a second", median(peers), SHARE));
    }
    Ok(figures)
}

/// PostgreSQL: the store beside the raw batched call.
pub async fn postgres(plan: &Plan, server: &Postgres) -> Result<Vec<Figure>> {
    let raw = RawPostgres::create(&server.create("raw")?).await?;
    let store = books::open(&server.create("store")?)?;
    books::fill(&store).await?;
    let mut figures = Vec::new();
    for &size in plan.sizes(BATCHES) {
        let (mut peers, mut ours) = (Vec::new(), Vec::new());
        for _ in 0..plan.rounds {
            peers.push(raw_batches(plan, size, &raw).await?);
            ours.push(in_flight(plan, &store, size).await?);
        }
        let name = format!("PostgreSQL, store without HTTP, {size} in flight");
        figures.push(Figure::at_least(&name, median(ours), "a second", median(peers), SHARE));
    }
    Ok(figures)
}

/// Purchases a second with so many on the way at once. Every one of them must be posted.
pub async fn in_flight(plan: &Plan, store: &Arc<dyn Store>, size: usize) -> Result<f64> {
    let begun = Instant::now();
    let next = Arc::new(AtomicU32::new(0));
    let buying: Vec<_> = (0..u32::try_from(size)?)
        .map(|place| {
            let (device, _) = books::till(place % books::TILLS);
            tokio::spawn(buy(Arc::clone(store), device, Arc::clone(&next), begun + plan.round))
        })
        .collect();
    let mut bought = 0;
    for buyer in buying {
        bought += buyer.await??;
    }
    Ok(rate(bought, begun.elapsed()))
}

async fn buy(store: Arc<dyn Store>, device: DeviceId, next: Arc<AtomicU32>, end: Instant) -> Result<u64> {
    let mut bought = 0;
    while Instant::now() < end {
        let sale = books::sale(next.fetch_add(1, Ordering::Relaxed), Payers::Uniform)?;
        let settled = store.purchase(books::SCHOOL, device, sale, Timestamp::now()).await?;
        let posted = matches!(&settled, Purchasing::Settled { answer, .. } if answer.outcome == Outcome::Posted);
        ensure!(posted, "a purchase was not posted: {settled:?}");
        bought += 1;
    }
    Ok(bought)
}

fn raw_groups(
    plan: &Plan,
    size: usize,
    device: DeviceId,
    mut post: impl FnMut(&[Asked]) -> Result<Vec<Answer>>,
) -> Result<f64> {
    let begun = Instant::now();
    let mut posted = 0;
    while begun.elapsed() < plan.round {
        let answers = post(&group(posted, size, device)?)?;
        ensure!(answers.iter().all(|answer| *answer == Answer::Posted), "the raw engine did not post: {answers:?}");
        posted += answers.len() as u64;
    }
    Ok(rate(posted, begun.elapsed()))
}

async fn raw_batches(plan: &Plan, size: usize, raw: &RawPostgres) -> Result<f64> {
    let (device, _) = books::till(0);
    let begun = Instant::now();
    let mut posted = 0;
    while begun.elapsed() < plan.round {
        let answers = raw.post(&group(posted, size, device)?, Timestamp::now()).await?;
        ensure!(answers.iter().all(|answer| *answer == Answer::Posted), "the raw call did not post: {answers:?}");
        posted += answers.len() as u64;
    }
    Ok(rate(posted, begun.elapsed()))
}

fn group(first: u64, size: usize, device: DeviceId) -> Result<Vec<Asked>> {
    let first = u32::try_from(first % u64::from(u32::MAX / 2))?;
    let numbers = first..first + u32::try_from(size)?;
    numbers.map(|number| Ok(Asked { device, request: books::sale(number, Payers::Uniform)? })).collect()
}

/// So many in such a time, a second.
pub fn rate(number: u64, time: Duration) -> f64 {
    number as f64 / time.as_secs_f64()
}

/// The middle one.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
