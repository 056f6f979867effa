//! A posted transaction read back from the books, leg by leg, to be turned round.

use jiff::Timestamp;
use madkort_ledger::{Book, HoldKind, Kind, Leg, Posted, Transaction};
use madkort_protocol::{AccountId, DeviceId, OperationId, SchoolId};

use super::holds;
use super::session::{First, Session};
use super::value::{Db, Row, corrupt, values};

/// A transaction as it stands in the books.
#[derive(Clone, Debug)]
pub struct OnFile {
    pub transaction: Transaction,
    /// Whose money it was, if it was one holder's.
    pub holder: Option<AccountId>,
    pub device: Option<DeviceId>,
    /// Whether it was undone, refunded or reversed.
    pub reversed: bool,
    /// When its money was first spent: held, if it came out of a hold.
    pub spent_at: Timestamp,
    /// What the statement says of it.
    pub text: String,
}

impl OnFile {
    /// As the rules look at it.
    pub const fn posted(&self) -> Posted<'_> {
        let Self { transaction, holder, device, reversed, .. } = self;
        Posted { transaction, holder: *holder, device: *device, reversed: *reversed }
    }
}

/// What was posted under an id of the school, if money moved.
pub fn find(db: &dyn Session, school: SchoolId, id: OperationId) -> Db<Option<OnFile>> {
    const SQL: &str = "SELECT shard, kind, at, device, about, text, first_entry, legs FROM transactions \
         WHERE id = $1 AND school = $2 AND refusal IS NULL AND legs > 0";
    let Some(row) = db.first(SQL, &values![id.uuid(), school.uuid()])? else { return Ok(None) };
    let word: String = row.col("kind")?;
    let kind = Kind::ALL.into_iter().find(|kind| kind.word() == word).ok_or(corrupt("kind"))?;
    let at = row.col("at")?;
    let transaction = Transaction::try_new(id, kind, legs(db, &row)?, at).map_err(|_| corrupt("transaction"))?;
    let about = row.col::<Option<_>>("about")?.map(OperationId::new);
    let held = about.map(|about| holds::find(db, school, about)).transpose()?.flatten();
    // What came out of a payout's hold was never spent.
    let held = held.filter(|row| row.hold.kind == HoldKind::Sale);
    let card = transaction.legs().iter().find_map(|leg| leg.book.account());
    Ok(Some(OnFile {
        transaction: about.map_or(transaction.clone(), |about| transaction.concerning(about)),
        holder: card.or_else(|| held.map(|row| row.hold.account)),
        device: row.col::<Option<_>>("device")?.map(DeviceId::new),
        reversed: is_reversed(db, id)?,
        spent_at: held.map_or(at, |row| row.at),
        text: row.col("text")?,
    }))
}

fn legs(db: &dyn Session, row: &Row) -> Db<Vec<Leg>> {
    const SQL: &str = "SELECT b.name, e.amount FROM entries e JOIN books b ON b.id = e.book \
         WHERE e.shard = $1 AND e.number >= $2 AND e.number < $3 ORDER BY e.number";
    let (first, legs): (i64, i64) = (row.col("first_entry")?, row.col("legs")?);
    let rows = db.query(SQL, &values![row.col::<i64>("shard")?, first, first.saturating_add(legs)])?;
    rows.iter()
        .map(|row| {
            let book: Book = row.col::<String>("name")?.parse().map_err(|_| corrupt("book"))?;
            Ok(Leg { book, amount: row.col("amount")? })
        })
        .collect()
}

/// The kinds are those of the index `one_reversal`.
fn is_reversed(db: &dyn Session, id: OperationId) -> Db<bool> {
    const SQL: &str = "SELECT 1 FROM transactions WHERE about = $1 AND refusal IS NULL \
         AND kind IN ('purchase-undone', 'order-refunded', 'reversal')";
    db.exists(SQL, &values![id.uuid()])
}
