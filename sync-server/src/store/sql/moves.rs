//! Ledgers on their way from one database to another.
//!
//! **Invariant:** a ledger with a row in `moves` takes no writes: [`check`] is asked in the transaction that would make them.

use super::session::{First, Session};
use super::value::{Db, DbError, values};

/// The statement that finds the row, if there is one.
pub const FIND: &str = "SELECT way, place, token FROM moves";
/// A ledger that is on its way here.
const FROM: &str = "from";
/// A ledger that has gone.
const TO: &str = "to";

/// Known at both ends of one move, and nowhere else.
pub type Token = [u8; 16];

/// One end of a move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// The other end.
    pub place: String,
    pub token: Token,
}

/// The end that stands in a database: where it has gone, or where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// No move: the ledger is used.
    Used,
    /// On its way here.
    Arriving(End),
    /// Gone.
    Moved(End),
}

/// What stands in a database.
pub fn standing(db: &dyn Session) -> Db<Standing> {
    let Some(row) = db.first(FIND, &[])? else { return Ok(Standing::Used) };
    let end = End { place: row.col("place")?, token: row.col("token")? };
    Ok(if row.col::<String>("way")? == TO { Standing::Moved(end) } else { Standing::Arriving(end) })
}

/// Refuses a ledger that is on its way.
pub fn check(db: &dyn Session) -> Db<()> {
    refuse(standing(db)?)
}

/// The refusal of what stands in a database.
pub fn refuse(standing: Standing) -> Db<()> {
    match standing {
        Standing::Used => Ok(()),
        Standing::Arriving(end) => Err(DbError::Arriving(end.place)),
        Standing::Moved(end) => Err(DbError::Moved(end.place)),
    }
}

/// Says that the ledger is on its way here.
pub fn arriving(db: &dyn Session, end: &End) -> Db<()> {
    insert(db, FROM, end)
}

/// Says that the ledger has gone.
pub fn moved(db: &dyn Session, end: &End) -> Db<()> {
    insert(db, TO, end)
}

/// Says that the ledger has arrived.
pub fn arrived(db: &dyn Session) -> Db<()> {
    forget(db)
}

/// Takes back what was said of a ledger on its way here.
pub fn forget(db: &dyn Session) -> Db<()> {
    db.execute("DELETE FROM moves WHERE way = $1", &values![FROM]).map(|_| ())
}

fn insert(db: &dyn Session, way: &str, end: &End) -> Db<()> {
    db.execute("INSERT INTO moves (way, place, token) VALUES ($1, $2, $3)", &values![way, &end.place, &end.token[..]])
        .map(|_| ())
}
