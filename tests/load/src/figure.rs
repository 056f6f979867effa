//! One line of `target/bench.json`, and the table of them.
//!
//! **Invariant:** a figure stands beside a limit, a peer measured in the same run, or a promise; a file of figures has each name
//! once.

// Ratios of measurements; no money.
#![allow(clippy::float_arithmetic)]

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

/// One line of the report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// What was measured.
    pub name: String,
    /// What it came to.
    pub value: f64,
    /// In what.
    pub unit: String,
    /// The limit, peer or promise.
    pub reference: f64,
    /// Value by reference.
    pub ratio: f64,
    /// What the ratio must be: at most this for times and sizes, at least this for rates; 0 where nothing is asked.
    pub target: f64,
    /// Whether it is.
    pub holds: bool,
}

impl Figure {
    /// A time or a size, which must not pass the reference times the target.
    pub fn at_most(name: &str, value: f64, unit: &str, reference: f64, target: f64) -> Self {
        let ratio = value / reference;
        let (name, unit) = (name.to_owned(), unit.to_owned());
        Self { name, value, unit, reference, ratio, target, holds: ratio <= target }
    }

    /// A rate, which must reach the reference times the target.
    pub fn at_least(name: &str, value: f64, unit: &str, reference: f64, target: f64) -> Self {
        let mut figure = Self::at_most(name, value, unit, reference, target);
        figure.holds = figure.ratio >= target;
        figure
    }

    /// For information, beside a peer.
    pub fn beside(name: &str, value: f64, unit: &str, reference: f64) -> Self {
        Self::at_least(name, value, unit, reference, 0.0)
    }
}

/// Adds figures to a file of them; one that was there by the same name is replaced.
pub fn append(file: &Path, figures: &[Figure]) -> Result<()> {
    let mut all: Vec<Figure> = match std::fs::read_to_string(file) {
        Ok(text) => serde_json::from_str(&text).with_context(|| format!("{} holds no figures", file.display()))?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error).with_context(|| format!("reading {}", file.display())),
    };
    all.retain(|old| figures.iter().all(|new| new.name != old.name));
    all.extend_from_slice(figures);
    std::fs::write(file, serde_json::to_string_pretty(&all)?).with_context(|| format!("writing {}", file.display()))
}

/// The table as Markdown.
pub fn table(figures: &[Figure]) -> String {
    let longest = figures.iter().map(|figure| figure.name.chars().count()).max().unwrap_or(0);
    let mut text = format!("| {:<longest$} | value | unit | reference | ratio | target | holds |\n", "what");
    let _ = writeln!(text, "|{}|---:|---|---:|---:|---:|---|", "-".repeat(longest + 2));
    for f in figures {
        let target = if f.target > 0.0 { format!("{:.2}", f.target) } else { "-".to_owned() };
        let holds = match (f.holds, f.target > 0.0) {
            (false, _) => "MISSED",
            (true, true) => "holds",
            (true, false) => "-",
        };
        let (value, reference) = (digits(f.value), digits(f.reference));
        let _ = writeln!(
            text,
            "| {:<longest$} | {value} | {} | {reference} | {:.3} | {target} | {holds} |",
            f.name, f.unit, f.ratio
        );
    }
    text
}

/// An error that names every figure that is not as it must be.
pub fn all_hold(figures: &[Figure]) -> Result<()> {
    let missed = figures.iter().filter(|figure| !figure.holds).map(|f| {
        let (value, reference) = (digits(f.value), digits(f.reference));
        format!("MISSED {}: {value} {}, {:.3} of {reference}, and {:.2} is asked", f.name, f.unit, f.ratio, f.target)
    });
    let missed: Vec<String> = missed.collect();
    ensure!(missed.is_empty(), "{}", missed.join("\n"));
    Ok(())
}

/// As many digits as say something.
fn digits(value: f64) -> String {
    match value.abs() {
        100.0.. => format!("{value:.0}"),
        1.0.. => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_reaches_and_a_time_stays_below() {
        assert!(Figure::at_least("rate", 90.0, "a second", 100.0, 0.9).holds);
        assert!(!Figure::at_least("rate", 89.0, "a second", 100.0, 0.9).holds);
        assert!(Figure::at_most("p99", 20.0, "ms", 10.0, 2.0).holds);
        assert!(!Figure::at_most("p99", 21.0, "ms", 10.0, 2.0).holds);
        assert!(!Figure::at_most("p99", f64::NAN, "ms", 10.0, 2.0).holds);
    }

    #[test]
    fn what_is_missed_is_named_in_the_table_and_in_the_error() {
        let holds = Figure::at_most("home", 80.0, "ms", 100.0, 1.0);
        let beside = Figure::beside("bare", 1.0, "a second", 100.0);
        all_hold(&[holds.clone(), beside.clone()]).unwrap();
        let slow = Figure::at_most("letter", 120.0, "ms", 100.0, 1.0);
        let restless = Figure::at_most("frames at rest", 1.0, "frames", 1.0, 0.0);
        let all = [holds, slow, beside, restless];
        let missed = all_hold(&all).unwrap_err().to_string();
        let named = "MISSED letter: 120 ms, 1.200 of 100, and 1.00 is asked\n\
                     MISSED frames at rest: 1.00 frames, 1.000 of 1.00, and 0.00 is asked";
        assert_eq!(missed, named);
        let marks: Vec<bool> = table(&all).lines().skip(2).map(|line| line.contains("MISSED")).collect();
        assert_eq!(marks, [false, true, false, true]);
    }

    #[test]
    fn a_figure_measured_again_replaces_the_old_one() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("bench.json");
        let figure = |name, value| Figure::beside(name, value, "a second", 1.0);
        append(&file, &[figure("a", 1.0), figure("b", 2.0)]).unwrap();
        append(&file, &[figure("a", 3.0)]).unwrap();
        let all: Vec<Figure> = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        assert_eq!(all, [figure("b", 2.0), figure("a", 3.0)]);
    }
}
