//! An open transaction that writes, as the work in it sees it.
//!
//! Work in a group looks rows up once, moves balances in memory, and leaves what it appends to be written in bulk. That is what
//! makes a purchase in a group of hundreds cheap on every engine.
//!
//! What a group has looked up it leaves to the next, as long as nobody else writes to the database.
//!
//! **Invariant:** what is in memory is never behind what a statement can see: [`Write::db`] writes everything that waits before
//! it gives the connection away, and forgets what a statement could change; what it could change is not left to the next group.

use std::cell::{Cell, RefCell};
use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use jiff::civil::Date;
use madkort_ledger::caps::{Caps, Spent};
use madkort_ledger::{Book, PriceClass};
use madkort_protocol::{AccountId, CardId, CardStatus, DeviceId, Money, OperationId, PersonId, SchoolId};

use super::chain::{self, Hash};
use super::devices;
use super::posting::Settled;
use super::price_classes;
use super::session::{First, Lookup, Session};
use super::tables::{BOOKS, CHANGES, ENTRIES, LINKS, REQUESTS, SHARDS, TRANSACTIONS, Table};
use super::value::{Db, Row, Value, corrupt, count, values};
use crate::danish;
use crate::store::Device;

/// Books of one school: their ids stand behind the school's own number.
const BOOKS_OF_A_SHARD: u32 = 32;

/// No book of the school has a lower id, or this one.
pub const fn first_book_of(shard: i64) -> i64 {
    shard << BOOKS_OF_A_SHARD
}

/// The head of a school's rows.
#[derive(Debug)]
pub struct Shard {
    pub number: i64,
    pub places: i64,
    pub entries: i64,
    pub books: i64,
    pub cursor: i64,
    pub links: i64,
    pub hash: Hash,
    /// The last place in a link.
    linked: i64,
    dirty: bool,
}

/// How a book stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    pub id: i64,
    pub balance: i64,
    pub version: i64,
    pub last_at: i64,
    /// Paid in over its life, less refunds.
    pub deposited: i64,
    pub spent: Spent,
}

/// A book in memory.
#[derive(Debug)]
struct Held {
    standing: Standing,
    /// Whether it is among those that are to be written.
    moved: bool,
}

/// Who stands behind a card's UID, as far as a sale needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder {
    pub card: CardId,
    pub status: CardStatus,
    pub person: PersonId,
    /// The account the person pays from when nobody chooses: their own.
    pub account: Option<AccountId>,
    pub caps: Caps,
    pub class: PriceClass,
    /// Below what auto top-up looks at the account.
    pub below: Option<Money>,
}

/// What work will look up, to be fetched together.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    pub ids: Vec<OperationId>,
    pub holders: Vec<(SchoolId, String)>,
    pub device: Option<DeviceId>,
}

impl Wanted {
    /// Whether it says nothing.
    pub fn is_nothing(&self) -> bool {
        self.ids.is_empty() && self.holders.is_empty() && self.device.is_none()
    }
}

/// Books and holders that are remembered from group to group at most: some twenty megabytes. Beyond it all are forgotten.
const REMEMBERED: usize = 1 << 16;

/// What the group knows and has not written yet.
#[derive(Debug, Default)]
pub struct Group {
    pub shards: HashMap<SchoolId, Shard>,
    books: HashMap<(SchoolId, Book), Held>,
    /// The books to be written: a group moves few of those it remembers.
    moved: Vec<(SchoolId, Book)>,
    pub settled: HashMap<OperationId, Option<Settled>>,
    pub transactions: Vec<Vec<Value>>,
    pub entries: Vec<Vec<Value>>,
    holders: HashMap<SchoolId, HashMap<String, Option<Holder>>>,
    devices: HashMap<DeviceId, Option<Arc<Device>>>,
    changes: BTreeSet<(SchoolId, &'static str, Vec<u8>)>,
    requests: HashMap<DeviceId, u64>,
    touched: BTreeSet<SchoolId>,
    /// What the group before moved beside cards' books: this one most likely will.
    usual: Vec<(SchoolId, Book)>,
}

/// Rows of one table.
type Rows = (&'static Table, Vec<Vec<Value>>);

/// The open transaction.
pub struct Write<'a> {
    session: &'a dyn Session,
    group: RefCell<Group>,
    /// Whether any statement may have been run.
    given: Cell<bool>,
}

const SETTLED: &str = "SELECT id, digest, refusal FROM transactions WHERE id = $1 \
     UNION ALL SELECT id, id, NULL FROM deposits WHERE id = $1 UNION ALL SELECT id, id, NULL FROM charges WHERE id = $1";
const HOLDER: &str = "SELECT c.uid, c.id AS card, c.status, c.person, a.id AS account, m.below, a.price_class, \
     a.day_cap, a.week_cap, a.month_cap, \
     b.id, b.balance, b.version, b.last_at, b.deposited, b.spent_on, b.spent_day, b.spent_week, b.spent_month \
     FROM cards c LEFT JOIN person_accounts p ON p.person = c.person AND p.place = 0 \
     LEFT JOIN accounts a ON a.id = p.account AND a.school = c.school LEFT JOIN books b ON b.id = a.book \
     LEFT JOIN mandates m ON m.account = a.id AND m.state <> 'cancelled' \
     WHERE c.school = $1 AND c.uid = $2";
const SHARD: &str = "SELECT * FROM shards WHERE school = $1";
const BOOK: &str = "SELECT * FROM books WHERE school = $1 AND name = $2";

impl<'a> Write<'a> {
    /// A transaction that has just begun, with what is known from the one before.
    pub const fn new(session: &'a dyn Session, known: Group) -> Self {
        Self { session, group: RefCell::new(known), given: Cell::new(false) }
    }

    /// The connection, for any statement.
    pub fn db(&self) -> Db<&'a dyn Session> {
        self.write_waiting()?;
        self.given.set(true);
        let mut group = self.group.borrow_mut();
        group.settled.clear();
        group.holders.clear();
        group.devices.clear();
        Ok(self.session)
    }

    /// Looks up together what much work will ask for one by one.
    pub fn expect(&self, wanted: &[&Wanted]) -> Db<()> {
        let mut devices: Vec<_> = wanted.iter().filter_map(|wanted| wanted.device).collect();
        devices.sort_unstable();
        devices.dedup();
        let ids: Vec<_> = wanted.iter().flat_map(|wanted| &wanted.ids).copied().collect();
        let mut uids: HashMap<SchoolId, BTreeSet<&str>> = HashMap::new();
        for (school, uid) in wanted.iter().flat_map(|wanted| &wanted.holders) {
            uids.entry(*school).or_default().insert(uid);
        }
        let mut group = self.group.borrow_mut();
        devices.retain(|id| !group.devices.contains_key(id));
        let mut asked = vec![
            Lookup {
                sql: devices::DEVICE,
                fixed: Vec::new(),
                keys: devices.iter().map(|id| Value::from(id.uuid())).collect(),
            },
            Lookup { sql: SETTLED, fixed: Vec::new(), keys: ids.iter().map(|id| Value::from(id.uuid())).collect() },
        ];
        for (school, uids) in &mut uids {
            let known = group.holders.entry(*school).or_default();
            uids.retain(|uid| !known.contains_key(*uid));
            known.extend(uids.iter().map(|uid| ((*uid).to_owned(), None)));
            let keys = uids.iter().map(|uid| Value::from(*uid)).collect();
            asked.push(Lookup { sql: HOLDER, fixed: values![school.uuid()].into(), keys });
        }
        group.devices.extend(devices.iter().map(|id| (*id, None)));
        group.settled.extend(ids.iter().map(|id| (*id, None)));
        let schools: Vec<_> = uids.into_keys().collect();
        let usual = group.ask_usual(&mut asked);
        let mut found = self.session.query_each_of(&asked)?.into_iter();
        for row in found.next().unwrap_or_default() {
            let device = devices::read(&row)?;
            group.devices.insert(device.id, Some(Arc::new(device)));
        }
        for row in found.next().unwrap_or_default() {
            group.settled.insert(OperationId::new(row.col("id")?), Some(settled(&row)?));
        }
        for (school, rows) in schools.into_iter().zip(&mut found) {
            rows.iter().try_for_each(|row| group.meet(school, row))?;
        }
        for (school, rows) in usual.into_iter().zip(&mut found) {
            rows.iter().try_for_each(|row| group.meet_usual(school, row))?;
        }
        for row in found.flatten() {
            group.shards.insert(SchoolId::new(row.col("school")?), Shard::read(&row)?);
        }
        Ok(())
    }

    /// Puts a thing at the head of its school's change feed.
    pub fn changed(&self, school: SchoolId, kind: &'static str, key: &[u8]) -> Db<()> {
        self.shard(school, |group, school| {
            group.changes.insert((school, kind, key.to_vec()));
            group.touched.insert(school);
            Ok(())
        })
    }

    /// Notes the highest request count of a device.
    pub fn note_request(&self, device: DeviceId, seen: u64) {
        let mut group = self.group.borrow_mut();
        let highest = group.requests.entry(device).or_default();
        *highest = seen.max(*highest);
    }

    /// A device.
    pub fn device(&self, id: DeviceId) -> Db<Option<Arc<Device>>> {
        if let Some(known) = self.group.borrow().devices.get(&id) {
            return Ok(known.clone());
        }
        let device = devices::device(self.session, id)?.map(Arc::new);
        self.group.borrow_mut().devices.insert(id, device.clone());
        Ok(device)
    }

    /// Looks an id up, among what is settled and what is on its way.
    pub fn settled(&self, id: OperationId) -> Db<Option<Settled>> {
        if let Some(known) = self.group.borrow().settled.get(&id) {
            return Ok(known.clone());
        }
        let found = self.session.first(SETTLED, &values![id.uuid()])?.map(|row| settled(&row)).transpose()?;
        self.group.borrow_mut().settled.insert(id, found.clone());
        Ok(found)
    }

    /// Whoever the school's card with that UID belongs to.
    pub fn holder(&self, school: SchoolId, uid: &str) -> Db<Option<Holder>> {
        if let Some(known) = self.group.borrow().holders.get(&school).and_then(|cards| cards.get(uid)) {
            return Ok(*known);
        }
        let found = self.session.first(HOLDER, &values![school.uuid(), uid])?;
        let mut group = self.group.borrow_mut();
        group.holders.entry(school).or_default().insert(uid.to_owned(), None);
        if let Some(row) = found {
            group.meet(school, &row)?;
        }
        Ok(group.holders.get(&school).and_then(|cards| cards.get(uid)).copied().flatten())
    }

    /// How a book stands after everything before. One that was never used stands at nothing and is opened.
    pub fn standing(&self, school: SchoolId, book: &Book) -> Db<Standing> {
        let key = (school, book.clone());
        if let Some(held) = self.group.borrow().books.get(&key) {
            return Ok(held.standing);
        }
        let found = self.session.first(BOOK, &values![school.uuid(), book.to_string()])?;
        self.shard(school, |group, _| {
            let Some(row) = &found else { return group.open_book(key) };
            let standing = standing(row)?;
            group.books.insert(key, Held { standing, moved: false });
            Ok(standing)
        })
    }

    /// Works on the group with the head of a school's rows at hand.
    pub fn shard<T>(&self, school: SchoolId, work: impl FnOnce(&mut Group, SchoolId) -> Db<T>) -> Db<T> {
        if !self.group.borrow().shards.contains_key(&school) {
            let shard = self.head(school)?;
            self.group.borrow_mut().shards.insert(school, shard);
        }
        let mut group = self.group.borrow_mut();
        if let Some(shard) = group.shards.get_mut(&school) {
            shard.dirty = true;
        }
        work(&mut group, school)
    }

    /// Writes everything, and says whose feeds have grown and what the next group may know. To be followed by the commit.
    pub fn finish(self) -> Db<(BTreeSet<SchoolId>, Group)> {
        let mut waiting = self.waiting()?;
        let mut group = self.group.into_inner();
        let mut links = Vec::new();
        let mut heads = Vec::new();
        for (school, shard) in &mut group.shards {
            if shard.places > shard.linked {
                shard.links += 1;
                links.push(values![shard.number, shard.links, shard.places, shard.entries, shard.hash].into());
            }
            if shard.dirty {
                heads.push(shard.row(*school));
            }
            shard.linked = shard.places;
            shard.dirty = false;
        }
        waiting.extend([(&LINKS, links), (&SHARDS, heads)]);
        self.session.append_to(&waiting)?;
        let touched = std::mem::take(&mut group.touched);
        group.leave(self.given.get());
        Ok((touched, group))
    }

    fn head(&self, school: SchoolId) -> Db<Shard> {
        if let Some(row) = self.session.first(SHARD, &values![school.uuid()])? {
            return Shard::read(&row);
        }
        let last = self.session.first("SELECT coalesce(max(shard), 0) AS shard FROM shards", &[])?;
        let in_memory = self.group.borrow().shards.values().map(|shard| shard.number).max().unwrap_or(0);
        let last = last.map_or(Ok(0), |row| row.col("shard"))?.max(in_memory);
        Ok(Shard::first(last + 1))
    }

    fn write_waiting(&self) -> Db<()> {
        self.session.append_to(&self.waiting()?)
    }

    /// The rows that wait to be written, by table.
    fn waiting(&self) -> Db<Vec<Rows>> {
        let mut guard = self.group.borrow_mut();
        let group = &mut *guard;
        let mut books = Vec::with_capacity(group.moved.len());
        for key in std::mem::take(&mut group.moved) {
            let held = group.books.get_mut(&key).ok_or(corrupt("book"))?;
            held.moved = false;
            books.push(held.standing.row(key.0, &key.1));
        }
        let mut changes = Vec::with_capacity(group.changes.len());
        for (school, kind, key) in std::mem::take(&mut group.changes) {
            let shard = group.shards.get_mut(&school).ok_or(corrupt("shard"))?;
            shard.cursor += 1;
            changes.push(values![shard.number, kind, key.as_slice(), shard.cursor].into());
        }
        let requests = std::mem::take(&mut group.requests);
        let requests = requests.into_iter().map(|(device, seen)| values![device.uuid(), count(seen)].into()).collect();
        let (transactions, entries) = (std::mem::take(&mut group.transactions), std::mem::take(&mut group.entries));
        Ok(vec![
            (&TRANSACTIONS, transactions),
            (&ENTRIES, entries),
            (&BOOKS, books),
            (&CHANGES, changes),
            (&REQUESTS, requests),
        ])
    }
}

impl Group {
    /// Keeps for the next group what it may rely on.
    fn leave(&mut self, given: bool) {
        self.settled.clear();
        if given {
            self.holders.clear();
            self.devices.clear();
        }
        let holders: usize = self.holders.values().map(HashMap::len).sum();
        if self.books.len() + holders > REMEMBERED {
            self.holders.clear();
            self.books.clear();
        }
    }

    /// What the next group may know where somebody else may write in between: no figures, only what it will likely ask for.
    pub fn habits(&self) -> Self {
        let usual = self.books.keys().filter(|(_, book)| book.account().is_none()).cloned().collect();
        Self { usual, ..Self::default() }
    }

    /// Asks for what the group before moved beside cards' books: first the books of each of these schools, then the heads of them all.
    fn ask_usual(&self, asked: &mut Vec<Lookup>) -> BTreeSet<SchoolId> {
        let unknown = || self.usual.iter().filter(|key| !self.books.contains_key(key));
        let schools: BTreeSet<_> = unknown().map(|(school, _)| *school).collect();
        for school in &schools {
            let keys =
                unknown().filter(|(of, _)| of == school).map(|(_, book)| Value::from(book.to_string())).collect();
            asked.push(Lookup { sql: BOOK, fixed: values![school.uuid()].into(), keys });
        }
        let heads = schools.iter().filter(|school| !self.shards.contains_key(school));
        asked.push(Lookup {
            sql: SHARD,
            fixed: Vec::new(),
            keys: heads.map(|school| Value::from(school.uuid())).collect(),
        });
        schools
    }

    /// Takes in how one of the usual books stands.
    fn meet_usual(&mut self, school: SchoolId, row: &Row) -> Db<()> {
        let name: String = row.col("name")?;
        let named = |(of, book): &&(SchoolId, Book)| *of == school && book.to_string() == name;
        let key = self.usual.iter().find(named).cloned().ok_or(corrupt("book"))?;
        if let Entry::Vacant(unknown) = self.books.entry(key) {
            unknown.insert(Held { standing: standing(row)?, moved: false });
        }
        Ok(())
    }

    /// Takes in a holder and how their book stands, unless that is known better here.
    fn meet(&mut self, school: SchoolId, row: &Row) -> Db<()> {
        let account = row.col::<Option<_>>("account")?.map(AccountId::new);
        let holder = Holder {
            card: CardId::new(row.col("card")?),
            status: row.word("status")?,
            person: PersonId::new(row.col("person")?),
            account,
            caps: caps(row)?,
            class: price_classes::read(row)?,
            below: row.col("below")?,
        };
        self.holders.entry(school).or_default().insert(row.col("uid")?, Some(holder));
        if let Some(account) = account {
            let key = (school, Book::Card(account));
            if let Entry::Vacant(unknown) = self.books.entry(key) {
                unknown.insert(Held { standing: standing(row)?, moved: false });
            }
        }
        Ok(())
    }

    /// A book that is about to be changed, and will be written.
    pub fn changing(&mut self, school: SchoolId, book: Book) -> Db<&mut Standing> {
        let key = (school, book);
        let held = self.books.get_mut(&key).ok_or(corrupt("book"))?;
        if !std::mem::replace(&mut held.moved, true) {
            self.moved.push(key);
        }
        Ok(&mut held.standing)
    }

    fn open_book(&mut self, key: (SchoolId, Book)) -> Db<Standing> {
        let shard = self.shards.get_mut(&key.0).ok_or(corrupt("shard"))?;
        shard.books += 1;
        let id = first_book_of(shard.number) + shard.books;
        let standing = Standing { id, balance: 0, version: 0, last_at: 0, deposited: 0, spent: Spent::default() };
        self.moved.push(key.clone());
        self.books.insert(key, Held { standing, moved: true });
        Ok(standing)
    }
}

impl Shard {
    const fn first(number: i64) -> Self {
        Self {
            number,
            places: 0,
            entries: 0,
            books: 0,
            cursor: 0,
            links: 0,
            hash: chain::START,
            linked: 0,
            dirty: true,
        }
    }

    fn read(row: &Row) -> Db<Self> {
        let places = row.col("places")?;
        Ok(Self {
            number: row.col("shard")?,
            places,
            entries: row.col("entries")?,
            books: row.col("books")?,
            cursor: row.col("cursor")?,
            links: row.col("links")?,
            hash: row.col("hash")?,
            linked: places,
            dirty: false,
        })
    }

    fn row(&self, school: SchoolId) -> Vec<Value> {
        values![school.uuid(), self.number, self.places, self.entries, self.books, self.cursor, self.links, self.hash]
            .into()
    }
}

impl Standing {
    fn row(&self, school: SchoolId, book: &Book) -> Vec<Value> {
        values![
            self.id,
            school.uuid(),
            book.to_string(),
            self.balance,
            self.version,
            self.last_at,
            self.deposited,
            self.spent.day,
            self.spent.day_sum,
            self.spent.week_sum,
            self.spent.month_sum
        ]
        .into()
    }
}

fn standing(row: &Row) -> Db<Standing> {
    Ok(Standing {
        id: row.col("id")?,
        balance: row.col("balance")?,
        version: row.col("version")?,
        last_at: row.col("last_at")?,
        deposited: row.col("deposited")?,
        spent: spent(row)?,
    })
}

/// The caps of an account.
pub fn caps(row: &Row) -> Db<Caps> {
    Ok(Caps { day: row.col("day_cap")?, week: row.col("week_cap")?, month: row.col("month_cap")? })
}

/// What a holder has spent. Week and month are those of the day.
pub fn spent(row: &Row) -> Db<Spent> {
    let day: Date = row.col("spent_on")?;
    Ok(Spent {
        day,
        day_sum: row.col("spent_day")?,
        week: danish::monday_of(day),
        week_sum: row.col("spent_week")?,
        month: danish::month_of(day),
        month_sum: row.col("spent_month")?,
    })
}

/// An id a deposit or a charge will be posted under is taken; no body digests to zero.
fn settled(row: &Row) -> Db<Settled> {
    let digest: Vec<u8> = row.col("digest")?;
    let refusal: Option<String> = row.col("refusal")?;
    let refusal = refusal.map(|text| serde_json::from_str(&text)).transpose().map_err(|_| corrupt("refusal"))?;
    Ok(Settled { digest: digest.try_into().unwrap_or_default(), refusal })
}
