//! Each order, authorisation and withdrawal beside the transactions that made it, changed it and ended it.
//!
//! A transaction says how a hold stood before it and stands after it. Hashes of both are taken out of and put into a sum, and so are
//! those of the rows: where all is right, every sum comes to nothing. There is one sum for each of some thousand parts that the
//! holds fall into by their ids; only of the first part that does not come out are the holds themselves kept and compared.
//!
//! **Invariant:** memory does not grow with the number of holds, but for one part of them.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use madkort_ledger::{Book, HoldKind, Kind};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::super::chain;
use super::super::session::Session;
use super::super::value::{Db, Row, corrupt, values};
use super::AT_ONCE;
use super::overdue::Clock;
use super::walk::{OwnBooks, Settled, Walk};
use crate::danish;
use crate::store::Broken;

/// The parts: of ten million holds each has some 2,500.
const PARTS: usize = 4096;

/// Where a hold stands, in the words of the columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Standing {
    kind: HoldKind,
    state: &'static str,
    /// Øre held at first.
    amount: i64,
    /// Øre of it that were taken; of an order that was sold, what a subsidy paid beside it.
    more: i64,
}

/// Whose money a hold is, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Beginning {
    /// None where nothing is held.
    book: Option<i64>,
    at: i64,
}

/// What a transaction does to a hold.
pub struct Change {
    hold: Uuid,
    begins: Option<Beginning>,
    before: Option<Standing>,
    after: Standing,
}

/// A hold, as its row or its transactions have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Hold {
    beginning: Beginning,
    standing: Standing,
}

/// What a transaction does to a hold, if it does.
pub fn change(settled: &Settled, own: &OwnBooks) -> Option<Change> {
    let kind = settled.kind.filter(|_| !settled.refused)?;
    let legs = &settled.legs;
    let held = |what_for| own.held(legs, what_for);
    let on_card = own.of_holders(legs).next();
    let begin = |kind| {
        let amount = held(kind);
        let begins = Beginning { book: on_card.map(|leg| leg.book), at: settled.at };
        let after = Standing { kind, state: "held", amount, more: 0 };
        Some(Change { hold: settled.id, begins: Some(begins), before: None, after })
    };
    let go = |kind, amount: i64, from: &'static str, state: &'static str, more: [i64; 2]| {
        let before = Standing { kind, state: from, amount, more: more[0] };
        let after = Standing { kind, state, amount, more: more[1] };
        Some(Change { hold: settled.about?, begins: None, before: Some(before), after })
    };
    let out_of = |kind| held(kind).saturating_neg();
    match kind {
        Kind::OrderHeld => begin(HoldKind::Order),
        Kind::AuthorisationHeld => begin(HoldKind::Sale),
        Kind::WithdrawalRequested => begin(HoldKind::Payout),
        Kind::OrderReleased => go(HoldKind::Order, out_of(HoldKind::Order), "held", "released", [0; 2]),
        Kind::OrderCaptured => {
            let subsidised = own.moved(legs, &Book::Subsidy).saturating_neg();
            go(HoldKind::Order, out_of(HoldKind::Order), "held", "captured", [0, subsidised])
        }
        Kind::AuthorisationReleased => go(HoldKind::Sale, out_of(HoldKind::Sale), "held", "released", [0; 2]),
        Kind::AuthorisationExpired => go(HoldKind::Sale, out_of(HoldKind::Sale), "held", "expired", [0; 2]),
        Kind::Purchase => {
            let amount = out_of(HoldKind::Sale);
            let taken = amount.saturating_sub(on_card.map_or(0, |leg| leg.amount));
            // A meal that turned out to be free takes nothing: the hold is given back.
            let state = if taken == 0 { "released" } else { "captured" };
            go(HoldKind::Sale, amount, "held", state, [0, taken])
        }
        Kind::WithdrawalCancelled => go(HoldKind::Payout, out_of(HoldKind::Payout), "held", "released", [0; 2]),
        Kind::WithdrawalSent => {
            let amount = out_of(HoldKind::Payout);
            go(HoldKind::Payout, amount, "held", "captured", [0, amount])
        }
        Kind::WithdrawalSettled => {
            let amount = own.moved(legs, &Book::Bank);
            go(HoldKind::Payout, amount, "captured", "settled", [amount; 2])
        }
        Kind::WithdrawalReturned => {
            let amount = on_card.map_or(0, |leg| leg.amount);
            let settled = own.moved(legs, &Book::Bank) != 0;
            go(HoldKind::Payout, amount, if settled { "settled" } else { "captured" }, "returned", [amount; 2])
        }
        _ => None,
    }
}

/// Sums of hashes, one for each part.
pub struct Sums(Vec<u128>);

impl Default for Sums {
    fn default() -> Self {
        Self(vec![0; PARTS])
    }
}

impl Sums {
    /// Follows a transaction.
    pub fn move_to(&mut self, change: &Change) {
        let sum = &mut self.0[part(change.hold)];
        if let Some(beginning) = change.begins {
            *sum = sum.wrapping_add(beginning.hash(change.hold));
        }
        if let Some(before) = change.before {
            *sum = sum.wrapping_sub(before.hash(change.hold));
        }
        *sum = sum.wrapping_add(change.after.hash(change.hold));
    }

    /// Takes a row out.
    fn take(&mut self, id: Uuid, hold: &Hold) {
        let sum = &mut self.0[part(id)];
        *sum = sum.wrapping_sub(hold.beginning.hash(id)).wrapping_sub(hold.standing.hash(id));
    }
}

fn part(hold: Uuid) -> usize {
    // The last bytes of an id are random; and whoever chooses them gains nothing by it.
    let bytes = hold.into_bytes();
    usize::from(u16::from_be_bytes([bytes[14], bytes[15]])) % PARTS
}

impl Standing {
    fn hash(&self, hold: Uuid) -> u128 {
        hash(&values![hold, self.kind.word(), self.state, self.amount, self.more])
    }
}

impl Beginning {
    fn hash(&self, hold: Uuid) -> u128 {
        hash(&values![hold, self.book, self.at])
    }
}

fn hash(row: &[super::super::value::Value]) -> u128 {
    let mut hasher = Sha256::new();
    chain::absorb(&mut hasher, row);
    let mut first = [0; 16];
    first.copy_from_slice(&hasher.finalize()[..16]);
    u128::from_be_bytes(first)
}

/// Whether each hold of a school stands as its transactions say, and none has outlived its rule.
pub fn check(db: &dyn Session, head: &Row, mut sums: Sums, clock: &Clock) -> Db<Option<Broken>> {
    let mut late = None;
    each_row(db, head, &mut |id, hold, end| {
        sums.take(id, hold);
        let overdue = hold.standing.state == "held" && clock.is_overdue(hold.standing.kind, end);
        if overdue && late.is_none_or(|first| id < first) {
            late = Some(id);
        }
    })?;
    match sums.0.iter().position(|sum| *sum != 0) {
        Some(wrong) => first_wrong(db, head, wrong).map(Some),
        None => Ok(late.map(|hold| Broken::Overdue { hold: hold.to_string() })),
    }
}

/// The first hold of a part that is not as its transactions say.
fn first_wrong(db: &dyn Session, head: &Row, wrong: usize) -> Db<Broken> {
    let mut holds: BTreeMap<Uuid, [Option<Hold>; 2]> = BTreeMap::new();
    let nowhere = Beginning { book: None, at: 0 };
    let out_of_step = Walk::begin(db, head)?.go_to_the_end(db, &mut |step| {
        if let Some(change) = step.change.as_ref().filter(|change| part(change.hold) == wrong) {
            let [right, _] = holds.entry(change.hold).or_default();
            let beginning = change.begins.or(right.map(|before| before.beginning)).unwrap_or(nowhere);
            // The transactions themselves do not follow from one another: the ledger was wrong when it wrote them.
            if right.map(|before| before.standing) != change.before {
                let found = change.before.map(|standing| Hold { beginning, standing });
                return Ok(Some(broken(change.hold, found, *right)));
            }
            *right = Some(Hold { beginning, standing: change.after });
        }
        Ok(None)
    })?;
    if let Some(broken) = out_of_step {
        return Ok(broken);
    }
    each_row(db, head, &mut |id, hold, _| {
        if part(id) == wrong {
            holds.entry(id).or_default()[1] = Some(*hold);
        }
    })?;
    let first = holds.into_iter().find(|(_, [right, found])| right != found);
    first.map(|(hold, [right, found])| broken(hold, found, right)).ok_or(corrupt("hold"))
}

fn broken(hold: Uuid, found: Option<Hold>, right: Option<Hold>) -> Broken {
    let said = |hold: Option<Hold>| hold.map_or_else(|| "nothing".to_owned(), |hold| hold.to_string());
    Broken::Hold { hold: hold.to_string(), found: said(found), right: said(right) }
}

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Standing { kind, state, amount, more } = self.standing;
        write!(f, "{state} ({}), {amount} and {more} øre", kind.word())?;
        self.beginning.book.map_or(Ok(()), |book| write!(f, " of book {book}"))?;
        write!(f, " since {}", Timestamp::from_microsecond(self.beginning.at).unwrap_or_default())
    }
}

/// Takes a row, and when its money should have gone on.
type Take<'a> = dyn FnMut(Uuid, &Hold, Timestamp) + 'a;

/// Reads every order that held money, and every other hold.
fn each_row(db: &dyn Session, head: &Row, take: &mut Take<'_>) -> Db<()> {
    const ORDERS: &str = "SELECT o.id, o.state, o.total, o.subsidised, o.at, o.date, d.cut_off, a.book FROM orders o \
         LEFT JOIN accounts a ON a.id = o.account LEFT JOIN menu_days d ON d.school = o.school AND d.date = o.date \
         WHERE o.school = $1 AND o.id > $2 ORDER BY o.id LIMIT $3";
    const HOLDS: &str = "SELECT h.id, h.kind, h.state, h.amount, h.captured, h.at, h.expires_at, a.book FROM holds h \
         LEFT JOIN accounts a ON a.id = h.account WHERE h.school = $1 AND h.id > $2 ORDER BY h.id LIMIT $3";
    let school: Uuid = head.col("school")?;
    for (sql, read) in [(ORDERS, order as Read), (HOLDS, hold as Read)] {
        let mut last = Uuid::nil();
        loop {
            let page = db.query(sql, &values![school, last, AT_ONCE])?;
            if page.is_empty() {
                break;
            }
            for row in page {
                last = row.col("id")?;
                if let Some((hold, end)) = read(&row)? {
                    take(last, &hold, end);
                }
            }
        }
    }
    Ok(())
}

type Read = fn(&Row) -> Db<Option<(Hold, Timestamp)>>;

/// An order; none if it was refused and held nothing.
fn order(row: &Row) -> Db<Option<(Hold, Timestamp)>> {
    let state = known(&row.col::<String>("state")?);
    if state == "refused" {
        return Ok(None);
    }
    let (total, subsidised): (i64, i64) = (row.col("total")?, row.col("subsidised")?);
    let amount = total.saturating_sub(subsidised);
    let more = if state == "captured" { subsidised } else { 0 };
    let at: Timestamp = row.col("at")?;
    // One that was made offline may reach the server after the cut-off; one whose day is gone from the menu ends with that day.
    let day: Date = row.col("date")?;
    let cut_off = row.col::<Option<Timestamp>>("cut_off")?.unwrap_or_else(|| danish::start_of(day));
    let standing = Standing { kind: HoldKind::Order, state, amount, more };
    Ok(Some((Hold { beginning: beginning(row, amount)?, standing }, cut_off.max(at))))
}

fn hold(row: &Row) -> Db<Option<(Hold, Timestamp)>> {
    let word: String = row.col("kind")?;
    let amount = row.col("amount")?;
    let kind = HoldKind::ALL.into_iter().find(|kind| kind.word() == word).ok_or(corrupt("kind of hold"))?;
    let standing = Standing { kind, state: known(&row.col::<String>("state")?), amount, more: row.col("captured")? };
    let end = row.col::<Option<Timestamp>>("expires_at")?.map_or_else(|| row.col("at"), Ok)?;
    Ok(Some((Hold { beginning: beginning(row, amount)?, standing }, end)))
}

/// Whose money it is can be said of money only.
fn beginning(row: &Row, amount: i64) -> Db<Beginning> {
    let book = if amount == 0 { None } else { row.col("book")? };
    Ok(Beginning { book, at: row.col("at")? })
}

/// A state by its word; every other word is one that no transaction leads to.
fn known(word: &str) -> &'static str {
    const STATES: [&str; 7] = ["held", "captured", "released", "refused", "expired", "settled", "returned"];
    STATES.into_iter().find(|state| *state == word).unwrap_or("unknown")
}
