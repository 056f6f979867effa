//! `make bench`: measures the real programs and writes `target/bench.json`.
//!
//! **Invariant:** every figure stands beside a limit or a peer that was measured in the same run, or beside a promise; a ratio says
//! more about a change than a time on somebody's machine. A run that missed a target fails, once everything is told and kept.

#![allow(clippy::float_arithmetic, clippy::cast_precision_loss)]

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use madkort_load::figure::{self, Figure};
use madkort_protocol::{DeviceKind, Money, Outcome};
use madkort_tests::device::{Device, new_id};
use madkort_tests::rig::{Options, Rig};
use serde_json::Value;

/// Taps of one card.
const TAPS: usize = 60;
/// Tills that sell at once.
const TILLS: usize = 16;
/// Sales of each.
const SALES: usize = 60;
/// Sales a second in the rush of a hundred schools with sixteen tills each, every till selling once in a second and a half.
const RUSH: f64 = 1_067.0;

fn main() -> Result<()> {
    let out = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../target"));
    let mut figures = measured_inside_the_kiosk(&out.join("bench-kiosk.jsonl"))?;
    let mut rig = Rig::start(Options::default())?;
    figures.extend(tap_to_home(&mut rig)?);
    figures.push(resident_memory(&rig)?);
    figures.push(purchases(&rig)?);
    rig.server.verify().context("the books after the sales")?;
    println!("{}", figure::table(&figures));
    std::fs::write(out.join("bench.json"), serde_json::to_string_pretty(&figures)?)?;
    figure::all_hold(&figures)
}

/// What `cargo bench -p kiosk` left in this run.
fn measured_inside_the_kiosk(file: &Path) -> Result<Vec<Figure>> {
    let text = std::fs::read_to_string(file).context("run `make bench`, which measures the kiosk's inside first")?;
    text.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

/// From the card event to the picture of the person's own page. vpcd looks for cards only every 400 ms; that wait is no reader's
/// and is measured apart.
fn tap_to_home(rig: &mut Rig) -> Result<Vec<Figure>> {
    let card = rig.server.school().cards.iter().find(|c| !c.ask_code && !c.shows.is_empty()).context("a card")?.clone();
    let mut whole = Vec::new();
    for _ in 0..TAPS {
        let begun = Instant::now();
        rig.reader.tap(&card.uid)?;
        rig.kiosk.wait_for_screen("Home")?;
        whole.push(begun.elapsed());
        rig.go()?;
    }
    let mut drawn: Vec<Duration> = rig.kiosk.log().iter().filter_map(|line| drawn_after(line)).collect();
    anyhow::ensure!(drawn.len() * 10 >= TAPS * 9, "{} of {TAPS} taps were timed", drawn.len());
    let drawn = percentile(&mut drawn, 95);
    let poll = percentile(&mut whole, 95) - drawn;
    Ok(vec![
        Figure::at_most("tap to home p95, from the card event", drawn, "ms", 100.0, 1.0),
        Figure::at_most("the virtual reader's own poll p95", poll, "ms", 400.0, 1.5),
    ])
}

/// The line of the log that says when the page after a tap was on the screen.
fn drawn_after(line: &str) -> Option<Duration> {
    let line: Value = serde_json::from_str(line).ok()?;
    let fields = line.get("fields").unwrap_or(&line);
    (fields.get("frame")?.as_str()? == "Home").then(|| fields.get("micros")?.as_u64().map(Duration::from_micros))?
}

/// What the kiosk holds in memory after its visits.
fn resident_memory(rig: &Rig) -> Result<Figure> {
    let pid = rig.kiosk.pid().context("the kiosk is off")?;
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let kib =
        status.lines().find_map(|l| l.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")?.trim().parse::<f64>().ok());
    Ok(Figure::at_most("kiosk resident memory", kib.context("VmRSS")? / 1024.0, "MiB", 64.0, 1.0))
}

/// Sales a second through the API, beside what a rush needs. Beside its own limits the server is measured by `load`.
fn purchases(rig: &Rig) -> Result<Figure> {
    let cards: Vec<String> = rig.server.school().cards.iter().map(|c| c.uid.clone()).collect();
    let tills: Vec<Device> =
        (0..TILLS).map(|n| rig.server.enrol(DeviceKind::Register, &format!("Kasse {n}"))).collect::<Result<_>>()?;
    let begun = Instant::now();
    let selling: Vec<_> = tills
        .into_iter()
        .enumerate()
        .map(|(n, till)| {
            let uid = cards[n % cards.len()].clone();
            thread::spawn(move || sell(till, &uid))
        })
        .collect();
    let mut sold = 0;
    for till in selling {
        sold += till.join().map_err(|_| anyhow::anyhow!("a till broke"))??;
    }
    let rate = sold as f64 / begun.elapsed().as_secs_f64();
    Ok(Figure::at_least("purchases through the API, 16 tills", rate, "a second", RUSH, 1.0))
}

/// Sales that were posted; one øre each, so that no card runs dry.
fn sell(mut till: Device, uid: &str) -> Result<usize> {
    let mut posted = 0;
    for _ in 0..SALES {
        let answer = till.purchase(new_id(), uid, Money::from_ore(1), "Æble")?;
        posted += usize::from(answer.outcome == Outcome::Posted);
    }
    Ok(posted)
}

/// In milliseconds.
fn percentile(times: &mut [Duration], percent: usize) -> f64 {
    times.sort();
    times.get((times.len() * percent / 100).min(times.len().saturating_sub(1))).map_or(f64::NAN, Duration::as_secs_f64)
        * 1000.0
}
