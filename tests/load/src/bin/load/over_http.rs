//! Over HTTP: the real server beside the bare endpoint, at so many connections; and what the server holds in memory meanwhile.
//!
//! **Invariant:** both run at once as processes of their own and take turns; the one that waits does nothing.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use hdrhistogram::Histogram;
use madkort_load::figure::Figure;

use crate::bare::{NOTHING, SIGNED, UNSIGNED};
use crate::books::{self, Payers, Till};
use crate::child::Child;
use crate::drive::{Round, Target, round};
use crate::engines::median;
use crate::plan::Plan;

/// Connections.
const CONNECTIONS: &[usize] = &[1, 16, 64, 256];
/// From so many on, the server is held to the bare endpoint.
const HELD_FROM: usize = 64;
/// The share of the bare endpoint's rate that the server must reach, and of its own uniform rate on one hot account.
const SHARE: f64 = 0.9;
/// How much longer the slowest hundredth may take than the bare endpoint's.
const SLOWER: f64 = 2.0;
/// What the server may hold, in MiB.
const MEMORY: f64 = 200.0;
/// What it may add in rounds that are all alike, in MiB: flat, but for the page caches of connections that were not yet used.
const GROWTH: f64 = 0.1 * MEMORY;
/// A round that only finds out how fast somebody is.
const WARM_UP: Duration = Duration::from_millis(300);
/// Answers a second before anything is known.
const GUESS: f64 = 1_000.0;

/// Rounds of one target.
struct Rounds {
    target: Target,
    rates: Vec<f64>,
    times: Histogram<u64>,
}

impl Rounds {
    fn new(child: &Child, path: &'static str, payers: Payers) -> Result<Self> {
        let target = Target { address: child.address, path, payers, expected: GUESS };
        Ok(Self { target, rates: Vec::new(), times: Histogram::new(3)? })
    }

    async fn warm_up(&mut self, tills: &mut [Till]) -> Result<()> {
        round(&mut self.target, tills, WARM_UP).await.map(|_| ())
    }

    async fn turn(&mut self, tills: &mut [Till], plan: &Plan) -> Result<()> {
        let Round { rate, times } = round(&mut self.target, tills, plan.round).await?;
        self.rates.push(rate);
        self.times.add(times)?;
        Ok(())
    }

    fn rate(&self) -> f64 {
        median(self.rates.clone())
    }

    /// In milliseconds.
    fn p99(&self) -> f64 {
        self.times.value_at_quantile(0.99) as f64 / 1000.0
    }
}

/// One engine's figures. `database` and `raw` name empty books.
pub async fn measure(plan: &Plan, engine: &str, database: &str, raw: &str, folder: &Path) -> Result<Vec<Figure>> {
    let store = books::open(database)?;
    let mut tills = books::fill(&store).await?;
    // The server opens the same books.
    drop(store);
    let (server, bare) = (Child::server(database, folder)?, Child::bare(raw)?);
    let mut figures = Vec::new();
    for &connections in plan.sizes(CONNECTIONS) {
        let tills = tills.get_mut(..connections).context("too few tills")?;
        figures.extend(at(plan, engine, connections, tills, &server, &bare).await?);
    }
    figures.extend(memory(plan, engine, &mut tills, &server).await?);
    Ok(figures)
}

async fn at(
    plan: &Plan,
    engine: &str,
    connections: usize,
    tills: &mut [Till],
    server: &Child,
    bare: &Child,
) -> Result<Vec<Figure>> {
    let mut peer = Rounds::new(bare, SIGNED, Payers::Uniform)?;
    let mut ours = Rounds::new(server, SIGNED, Payers::Uniform)?;
    let mut hot = Rounds::new(server, SIGNED, Payers::Hot)?;
    for side in [&mut peer, &mut ours, &mut hot] {
        side.warm_up(tills).await?;
    }
    for _ in 0..plan.rounds {
        for side in [&mut peer, &mut ours, &mut hot] {
            side.turn(tills, plan).await?;
        }
    }
    let held = connections >= HELD_FROM;
    let name = |what: &str| format!("{engine}, HTTP, {connections} connections, {what}");
    let share = if held { SHARE } else { 0.0 };
    let slowest = |name: &str, ours: f64, peer: f64| {
        if held { Figure::at_most(name, ours, "ms", peer, SLOWER) } else { Figure::beside(name, ours, "ms", peer) }
    };
    let mut figures = vec![
        Figure::at_least(&name("uniform"), ours.rate(), "a second", peer.rate(), share),
        slowest(&name("p99"), ours.p99(), peer.p99()),
        Figure::at_least(&name("one hot account"), hot.rate(), "a second", ours.rate(), share),
    ];
    if held {
        for (path, what) in [(UNSIGNED, "bare without signatures"), (NOTHING, "a handler that does nothing")] {
            let mut other = Rounds::new(bare, path, Payers::Uniform)?;
            other.warm_up(tills).await?;
            other.turn(tills, plan).await?;
            figures.push(Figure::beside(&name(what), other.rate(), "a second", peer.rate()));
        }
    }
    Ok(figures)
}

/// What the server holds before and after more of the widest load.
async fn memory(plan: &Plan, engine: &str, tills: &mut [Till], server: &Child) -> Result<Vec<Figure>> {
    let mut load = Rounds::new(server, SIGNED, Payers::Uniform)?;
    load.warm_up(tills).await?;
    load.turn(tills, plan).await?;
    let before = server.resident()?;
    for _ in 0..plan.rounds {
        load.turn(tills, plan).await?;
    }
    let after = server.resident()?;
    let name = |what: &str| format!("{engine}, server's memory, {what}");
    Ok(vec![
        Figure::at_most(&name("256 connections"), after, "MiB", MEMORY, 1.0),
        Figure::at_most(&name("growth under the same load"), after - before, "MiB", GROWTH, 1.0),
    ])
}

/// What a server holds on books that are there already.
pub async fn memory_on(plan: &Plan, engine: &str, database: &str, folder: &Path) -> Result<Vec<Figure>> {
    let store = books::open(database)?;
    let mut tills = books::fill(&store).await?;
    drop(store);
    let server = Child::server(database, folder)?;
    let mut load = Rounds::new(&server, SIGNED, Payers::Uniform)?;
    load.warm_up(&mut tills).await?;
    load.turn(&mut tills, plan).await?;
    let name = format!("{engine}, server's memory, 10 million entries on file");
    Ok(vec![Figure::at_most(&name, server.resident()?, "MiB", MEMORY, 1.0)])
}
