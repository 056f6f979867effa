//! The machine that was measured on, by name.
//!
//! **Invariant:** nothing that names its owner.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::thread::available_parallelism;
use std::time::Instant;

use anyhow::Result;

use crate::engines::{median, rate};

/// Bare fsyncs of one turn.
const SYNCS: u64 = 200;
/// Turns; the median counts.
const TURNS: usize = 3;

/// 4 KiB appends a second, each synced, in a folder.
pub fn syncs_a_second(folder: &Path) -> Result<f64> {
    let mut rates = Vec::new();
    for _ in 0..TURNS {
        let mut file = File::create(folder.join("bare"))?;
        let begun = Instant::now();
        for _ in 0..SYNCS {
            file.write_all(&[7; 4096])?;
            file.sync_all()?;
        }
        rates.push(rate(SYNCS, begun.elapsed()));
    }
    std::fs::remove_file(folder.join("bare"))?;
    Ok(median(rates))
}

/// Processor, cores, memory, kernel and disk, as a paragraph of Markdown.
pub fn describe(syncs: f64) -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_once(':'))
            .map_or_else(|| "unknown".to_owned(), |(_, value)| value.trim().to_owned())
    };
    let cores = available_parallelism().map_or(0, usize::from);
    let memory = field(&read("/proc/meminfo"), "MemTotal");
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{}, {cores} cores, memory {memory}, Linux {}; the disk does {syncs:.0} bare fsyncs of 4 KiB a second. Load generator, \
         server and database share these cores.",
        field(&read("/proc/cpuinfo"), "model name"),
        read("/proc/sys/kernel/osrelease").trim()
    );
    text
}
