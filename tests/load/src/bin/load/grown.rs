//! Whether the past costs anything: purchases on books with ten million entries beside books with ten thousand.
//!
//! **Invariant:** both files have the same accounts and the same schema and take turns.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use madkort_load::figure::Figure;
use sync_server::store::Store;

use crate::books;
use crate::child::program;
use crate::engines::{in_flight, median};
use crate::fill;
use crate::over_http;
use crate::plan::Plan;

/// Entries of a school's first week.
const FEW: u64 = 10_000;
/// Entries of many schools' year.
const MANY: u64 = 10_000_000;
/// Purchases on the way at once.
const IN_FLIGHT: usize = 64;
/// How much dearer a purchase may be on the larger file.
const DEARER: f64 = 1.15;

/// Cost on SQLite, and the server's memory on the larger file. `kept` is the folder where that file stays for the next run.
pub async fn sqlite(plan: &Plan, folder: &Path, kept: &Path) -> Result<Vec<Figure>> {
    let (few, many) = (folder.join("few.db"), kept.join("ten-million.db"));
    make(&few, FEW).await?;
    if !(many.exists() && fill::schema(&many).ok() == Some(fill::schema(&few)?) && fill::entries(&many)? >= MANY) {
        remove(&many)?;
        println!("filling {} with {MANY} entries; it is kept for the next run", many.display());
        make(&many, MANY).await?;
    }
    let (small, large) = (open(&few)?, open(&many)?);
    let (mut cheap, mut dear) = (Vec::new(), Vec::new());
    // The first turn of each brings the pages into memory.
    for turn in 0..=plan.rounds {
        let pair = (in_flight(plan, &small, IN_FLIGHT).await?, in_flight(plan, &large, IN_FLIGHT).await?);
        if turn > 0 {
            cheap.push(1e6 / pair.0);
            dear.push(1e6 / pair.1);
        }
    }
    drop((small, large));
    let name = "SQLite, a purchase with 10 million entries on file";
    let mut figures = vec![Figure::at_most(name, median(dear), "µs", median(cheap), DEARER)];
    figures.extend(over_http::memory_on(plan, "SQLite", &url(&many), folder).await?);
    figures.extend(verified(&url(&many))?);
    Ok(figures)
}

/// What it takes to prove all of it: the real command, and the most memory it ever had.
fn verified(database: &str) -> Result<Vec<Figure>> {
    let begun = Instant::now();
    let mut verifying = Command::new(program("sync-server")?).args(["verify", "--database", database]).spawn()?;
    let mut most = 0.0_f64;
    while verifying.try_wait()?.is_none() {
        let status = std::fs::read_to_string(format!("/proc/{}/status", verifying.id())).unwrap_or_default();
        let peak = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.trim().parse().ok());
        most = most.max(peak.unwrap_or(0.0_f64) / 1024.0);
        std::thread::park_timeout(Duration::from_millis(50));
    }
    ensure!(verifying.wait()?.success(), "ten million entries do not verify");
    let took = begun.elapsed().as_secs_f64();
    Ok(vec![
        Figure::at_most("SQLite, memory to verify 10 million entries", most, "MiB", 256.0, 1.0),
        Figure::beside("SQLite, time to verify 10 million entries", took, "s", took),
    ])
}

async fn make(path: &Path, entries: u64) -> Result<()> {
    let store = open(path)?;
    books::fill(&store).await?;
    fill::fill(&store, fill::entries(path)?, entries).await
}

fn open(path: &Path) -> Result<Arc<dyn Store>> {
    books::open(&url(path))
}

fn url(path: &Path) -> String {
    format!("sqlite:{}", path.display())
}

/// The file with what SQLite and the server keep beside it.
fn remove(path: &Path) -> Result<()> {
    for ending in ["db", "db-wal", "db-shm", "sandbox.db", "sandbox.db-wal", "sandbox.db-shm"] {
        let beside = path.with_extension(ending);
        if beside.exists() {
            std::fs::remove_file(beside)?;
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn books_with_a_made_up_past_are_right() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("few.db");
        make(&path, 3_000).await.unwrap();
        assert!(fill::entries(&path).unwrap() >= 3_000);
        let store = open(&path).unwrap();
        let audited = store.verify(jiff::Timestamp::now()).await.unwrap().unwrap();
        assert_eq!(audited.entries, fill::entries(&path).unwrap());
        let fresh = folder.path().join("fresh.db");
        drop(open(&fresh).unwrap());
        assert_eq!(fill::schema(&path).unwrap(), fill::schema(&fresh).unwrap());
    }
}
