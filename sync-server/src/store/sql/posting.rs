//! What is settled under an id, and writing a transaction into the books.
//!
//! **Invariant:** entries are appended without gaps; each carries its book's balance right after it; a book's version is the
//! number of its entries; times within a book never run backwards, also when the machine's clock does.

use jiff::Timestamp;
use jiff::civil::Date;
use madkort_ledger::{Book, Transaction};
use madkort_protocol::{DeviceId, OperationId, Outcome, Refusal, SchoolId};
use sha2::{Digest, Sha256};

use super::chain;
use super::legs::{self, BookLeg, Entry};
use super::value::{Db, Value, corrupt, count, json, values};
use super::write::{Group, Standing, Write};

/// SHA-256 of what was asked for under an id.
pub type BodyDigest = [u8; 32];

/// The digest of a body. `kind` keeps bodies of different messages apart.
pub fn digest(kind: &str, body: &impl serde::Serialize) -> Db<BodyDigest> {
    Ok(Sha256::new().chain_update(kind).chain_update([0]).chain_update(json(body)?).finalize().into())
}

/// What was settled under an id before.
#[derive(Clone, Debug)]
pub struct Settled {
    /// Of the body; nothing equals it where the id is taken by something that is still on its way.
    pub digest: BodyDigest,
    /// Why nothing moved.
    pub refusal: Option<Refusal>,
}

impl Settled {
    /// The first outcome, as it is told the second time.
    pub fn outcome(self) -> Outcome {
        self.refusal.map_or(Outcome::AlreadyPosted, Outcome::Refused)
    }
}

/// What is settled now, whether money moves or not.
#[derive(Clone, Copy, Debug)]
pub struct Note<'a> {
    pub id: OperationId,
    pub school: SchoolId,
    pub digest: BodyDigest,
    pub kind: &'a str,
    pub at: Timestamp,
    pub claimed_at: Option<Timestamp>,
    pub device: Option<DeviceId>,
    pub seq: Option<u64>,
    pub refusal: Option<&'a Refusal>,
    pub number: &'a str,
    pub text: &'a str,
    pub delivery: Option<Date>,
    pub about: Option<OperationId>,
    /// When the money was first spent, where it is given back now.
    pub spent_at: Option<Timestamp>,
}

impl<'a> Note<'a> {
    /// A note of what the server does by itself, or what has no more to it.
    pub const fn new(id: OperationId, school: SchoolId, digest: BodyDigest, kind: &'a str, at: Timestamp) -> Self {
        Self {
            id,
            school,
            digest,
            kind,
            at,
            claimed_at: None,
            device: None,
            seq: None,
            refusal: None,
            number: "",
            text: "",
            delivery: None,
            about: None,
            spent_at: None,
        }
    }
}

impl Write<'_> {
    /// Settles an id for ever, and posts what moves under it. Holders' accounts go to the change feed.
    pub fn settle(&self, note: &Note<'_>, transaction: Option<&Transaction>) -> Db<()> {
        let moving = transaction.map(Transaction::legs).unwrap_or_default();
        for leg in moving {
            self.standing(note.school, &leg.book)?;
        }
        self.shard(note.school, |group, school| {
            let entries = moving.iter().map(|leg| enter(group, note, leg.book.clone(), leg.amount.ore()));
            let entries = entries.collect::<Db<Vec<_>>>()?;
            let moved: Vec<_> =
                entries.iter().map(|entry| BookLeg { book: entry.book, amount: entry.amount }).collect();
            if let Some(transaction) = transaction.filter(|transaction| transaction.kind().is_spending()) {
                count_spending(group, note, transaction)?;
            }
            let shard = group.shards.get_mut(&school).ok_or(corrupt("shard"))?;
            shard.places += 1;
            let refusal = note.refusal.map(json).transpose()?;
            let mut row: Vec<Value> = values![
                note.id.uuid(),
                school.uuid(),
                shard.number,
                shard.places,
                note.digest,
                note.kind,
                note.at,
                note.claimed_at,
                note.device.map(DeviceId::uuid),
                note.seq.map(count),
                refusal,
                note.number,
                transaction.and_then(Transaction::reason).unwrap_or(note.text),
                note.delivery,
                note.about.or_else(|| transaction?.about()).map(OperationId::uuid),
                shard.entries + 1 - i64::try_from(entries.len()).unwrap_or(i64::MAX),
                legs::stored(&moved).as_slice(),
            ]
            .into();
            shard.hash = chain::after(shard.hash, &row);
            row.push(Value::Int(chain::mark(&shard.hash)));
            group.transactions.push(row);
            group.entries.extend(entries.iter().map(|entry| entry.row().into()));
            let settled = Settled { digest: note.digest, refusal: note.refusal.cloned() };
            group.settled.insert(note.id, Some(settled));
            Ok(())
        })?;
        for account in moving.iter().filter_map(|leg| leg.book.account()) {
            self.changed(note.school, "account", account.uuid().as_bytes())?;
        }
        Ok(())
    }

    /// Changes what a holder has paid in or spent, beside the posting that it belongs to.
    pub fn with_standing(&self, school: SchoolId, book: &Book, change: impl FnOnce(&mut Standing)) -> Db<()> {
        self.standing(school, book)?;
        self.shard(school, |group, school| {
            change(group.changing(school, book.clone())?);
            Ok(())
        })
    }
}

/// What a holder has spent since morning, Monday and the first: more by what is taken now, or less by what is given back.
fn count_spending(group: &mut Group, note: &Note<'_>, transaction: &Transaction) -> Db<()> {
    for account in transaction.legs().iter().filter_map(|leg| leg.book.account()) {
        let standing = group.changing(note.school, Book::Card(account))?;
        let spent = standing.spent.after(transaction, account, note.spent_at.unwrap_or(transaction.at()));
        standing.spent = spent.map_err(|_| corrupt("sum of what was spent"))?;
    }
    Ok(())
}

/// One leg: the book's balance moves, and an entry says so. The transaction's place is the one it is about to get.
fn enter(group: &mut Group, note: &Note<'_>, book: Book, amount: i64) -> Db<Entry> {
    let standing = group.changing(note.school, book)?;
    standing.balance = standing.balance.checked_add(amount).ok_or(corrupt("balance"))?;
    standing.version += 1;
    standing.last_at = standing.last_at.max(note.at.as_microsecond());
    let standing = *standing;
    let shard = group.shards.get_mut(&note.school).ok_or(corrupt("shard"))?;
    shard.entries += 1;
    Ok(Entry {
        book: standing.id,
        at: standing.last_at,
        number: shard.entries,
        shard: shard.number,
        place: shard.places + 1,
        amount,
        balance: standing.balance,
    })
}
