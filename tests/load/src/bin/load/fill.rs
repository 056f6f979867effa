//! Books with a past: millions of purchases, posted by the store itself, so that the audit finds nothing wrong with them.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Result, ensure};
use jiff::Timestamp;
use rusqlite::Connection;
use sync_server::store::Store;

use crate::books::{self, Payers};

/// Entries of a purchase: the holder's, income's and the tax office's.
const LEGS: u64 = 3;
/// Purchases on the way at once: full groups.
const AT_ONCE: u64 = 768;

/// What a file's tables and indexes look like. Two files with the same text hold the same things.
pub fn schema(path: &Path) -> Result<String> {
    let db = Connection::open(path)?;
    let mut statement = db.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name")?;
    let parts = statement.query_map([], |row| row.get::<_, String>(0))?.collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(parts.join("\n"))
}

/// How many entries a file has; their numbers have no gaps.
pub fn entries(path: &Path) -> Result<u64> {
    let most: i64 =
        Connection::open(path)?.query_row("SELECT coalesce(sum(entries), 0) FROM shards", [], |row| row.get(0))?;
    Ok(u64::try_from(most)?)
}

/// Adds purchases until there are so many entries. The books hold the school and its tills.
pub async fn fill(store: &Arc<dyn Store>, there: u64, wanted: u64) -> Result<()> {
    let purchases = wanted.saturating_sub(there).div_ceil(LEGS);
    let next = Arc::new(AtomicU64::new(0));
    let buying: Vec<_> = (0..AT_ONCE.min(purchases))
        .map(|_| tokio::spawn(buy_until(Arc::clone(store), Arc::clone(&next), purchases)))
        .collect();
    for buyer in buying {
        buyer.await??;
    }
    Ok(())
}

async fn buy_until(store: Arc<dyn Store>, next: Arc<AtomicU64>, purchases: u64) -> Result<()> {
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= purchases {
            return Ok(());
        }
        let till = books::till_id(u32::try_from(number % u64::from(books::TILLS))?);
        let sale = books::sale(u32::try_from(number % u64::from(u32::MAX))?, Payers::Uniform)?;
        let settled = store.purchase(books::SCHOOL, till, sale, Timestamp::now()).await;
        ensure!(settled.is_ok(), "a purchase of the past failed: {settled:?}");
    }
}
