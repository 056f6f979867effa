//! Versioned migrations. **Invariant:** a migration that has been released is never changed; the database says how many it has had.

use crate::store::StoreError;

/// Every migration, oldest first.
const MIGRATIONS: &[&str] = &[include_str!("migrations/0001_first.sql")];

/// The schema this program works with.
pub fn known() -> u32 {
    u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX)
}

/// Refuses a database whose schema is not the one this program works with.
pub fn check(found: u32) -> Result<(), StoreError> {
    let known = known();
    match found.cmp(&known) {
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Less => Err(StoreError::Schema { found, known, advice: "run `sync-server migrate`" }),
        std::cmp::Ordering::Greater => Err(StoreError::Schema { found, known, advice: "use a newer sync-server" }),
    }
}

/// Brings a database up to this program's schema, each step in its own transaction. Says what it had before and has now.
pub fn migrate(
    found: u32,
    holds_something_else: bool,
    run: impl Fn(u32, &str) -> Result<(), StoreError>,
) -> Result<(u32, u32), StoreError> {
    if found > known() {
        check(found)?;
    }
    if holds_something_else {
        let advice = "it holds something else; name another database";
        return Err(StoreError::Schema { found, known: known(), advice });
    }
    for (version, sql) in (1_u32..).zip(MIGRATIONS).skip(usize::try_from(found).unwrap_or(usize::MAX)) {
        run(version, sql)?;
    }
    Ok((found, known()))
}
