//! Versioned migrations. **Invariant:** a migration that has been released is never changed; the file's `user_version` says how
//! many it has had.

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::store::StoreError;

use super::engine;

/// Every migration, oldest first.
const MIGRATIONS: &[&str] = &[include_str!("migrations/0001_first.sql")];

/// The schema this program works with.
pub(super) fn known() -> u32 {
    u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX)
}

/// The schema a file has.
pub(super) fn found(db: &Connection) -> Result<u32, StoreError> {
    db.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(engine("reading the schema version"))
}

/// Refuses a file whose schema is not the one this program works with.
pub(super) fn check(db: &Connection) -> Result<(), StoreError> {
    let (found, known) = (found(db)?, known());
    match found.cmp(&known) {
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Less => Err(StoreError::Schema { found, known, advice: "run `sync-server migrate`" }),
        std::cmp::Ordering::Greater => Err(StoreError::Schema { found, known, advice: "use a newer sync-server" }),
    }
}

/// Brings a file up to this program's schema, each step in its own transaction. Says what it had before.
pub(super) fn migrate(db: &mut Connection) -> Result<u32, StoreError> {
    let before = found(db)?;
    if before > known() {
        return check(db).map(|()| before);
    }
    if before == 0 && tables(db)? > 0 {
        let advice = "it holds something else; name another file";
        return Err(StoreError::Schema { found: before, known: known(), advice });
    }
    for (step, sql) in (1_u32..).zip(MIGRATIONS).skip(usize::try_from(before).unwrap_or(usize::MAX)) {
        run(db, step, sql).map_err(engine("migrating the schema"))?;
    }
    Ok(before)
}

fn run(db: &mut Connection, step: u32, sql: &str) -> rusqlite::Result<()> {
    let transaction = Transaction::new(db, TransactionBehavior::Immediate)?;
    transaction.execute_batch(sql)?;
    transaction.pragma_update(None, "user_version", step)?;
    transaction.commit()
}

fn tables(db: &Connection) -> Result<u32, StoreError> {
    db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(engine("reading the schema"))
}
