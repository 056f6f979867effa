//! The tables, as far as rows are moved in bulk: by the writer's group, by a backup, and from one engine to another.
//!
//! **Invariant:** every table of the schema is here, with every column, in an order that keeps references whole; but for `moves`,
//! which belongs to a database and not to the ledger in it.

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// `BIGINT`.
    Int,
    /// `TEXT`.
    Text,
    /// `BYTEA`, in SQLite `BLOB`.
    Bytes,
}

use Type::{Bytes, Int, Text};

/// A table.
#[derive(Debug)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// Its columns, by name as it is written in a statement.
    pub columns: &'static [(&'static str, Type)],
    /// What becomes of a row whose key is there: empty, and it is an error.
    pub on_conflict: &'static str,
    /// The columns a copy reads it by, in their order: its key.
    pub key: &'static [&'static str],
}

impl Table {
    /// Its columns as a statement lists them.
    pub fn names(&self) -> String {
        self.columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
    }

    /// The statement that reads a page of it; with `after`, its first parameters are the key to go on from. The last one is the
    /// number of rows.
    pub fn page(&self, after: bool) -> String {
        let key = self.key.join(", ");
        let parameters = if after { self.key.len() } else { 0 };
        let places: Vec<_> = (1..=parameters).map(|place| format!("${place}")).collect();
        let beyond = if after { format!("WHERE ({key}) > ({})", places.join(", ")) } else { String::new() };
        format!("SELECT {} FROM {} {beyond} ORDER BY {key} LIMIT ${}", self.names(), self.name, parameters + 1)
    }
}

/// What was settled.
pub static TRANSACTIONS: Table = Table {
    name: "transactions",
    columns: &[
        ("id", Bytes),
        ("school", Bytes),
        ("shard", Int),
        ("place", Int),
        ("digest", Bytes),
        ("kind", Text),
        ("at", Int),
        ("claimed_at", Int),
        ("device", Bytes),
        ("seq", Int),
        ("refusal", Text),
        ("number", Text),
        ("text", Text),
        ("delivery", Text),
        ("about", Bytes),
        ("first_entry", Int),
        ("legs", Bytes),
        ("mark", Int),
    ],
    on_conflict: "",
    key: &["id"],
};

/// What moved.
pub static ENTRIES: Table = Table {
    name: "entries",
    columns: &[
        ("book", Int),
        ("at", Int),
        ("number", Int),
        ("shard", Int),
        ("place", Int),
        ("amount", Int),
        ("balance", Int),
    ],
    on_conflict: "",
    key: &["book", "at", "number"],
};

/// Where money stands.
pub static BOOKS: Table = Table {
    name: "books",
    columns: &[
        ("id", Int),
        ("school", Bytes),
        ("name", Text),
        ("balance", Int),
        ("version", Int),
        ("last_at", Int),
        ("deposited", Int),
        ("spent_on", Text),
        ("spent_day", Int),
        ("spent_week", Int),
        ("spent_month", Int),
    ],
    on_conflict: "ON CONFLICT (id) DO UPDATE SET balance = excluded.balance, version = excluded.version, \
                  last_at = excluded.last_at, deposited = excluded.deposited, spent_on = excluded.spent_on, \
                  spent_day = excluded.spent_day, spent_week = excluded.spent_week, spent_month = excluded.spent_month",
    key: &["id"],
};

/// The head of each school's row of transactions, entries, changes and books.
pub static SHARDS: Table = Table {
    name: "shards",
    columns: &[
        ("school", Bytes),
        ("shard", Int),
        ("places", Int),
        ("entries", Int),
        ("books", Int),
        ("cursor", Int),
        ("links", Int),
        ("hash", Bytes),
    ],
    on_conflict: "ON CONFLICT (school) DO UPDATE SET places = excluded.places, entries = excluded.entries, \
                  books = excluded.books, cursor = excluded.cursor, links = excluded.links, hash = excluded.hash",
    key: &["school"],
};

/// The hash chain.
pub static LINKS: Table = Table {
    name: "links",
    columns: &[("shard", Int), ("number", Int), ("places", Int), ("entries", Int), ("hash", Bytes)],
    on_conflict: "",
    key: &["shard", "number"],
};

/// The change feed.
pub static CHANGES: Table = Table {
    name: "changes",
    columns: &[("shard", Int), ("kind", Text), ("key", Bytes), ("cursor", Int)],
    on_conflict: "ON CONFLICT (shard, kind, key) DO UPDATE SET cursor = excluded.cursor",
    key: &["shard", "kind", "key"],
};

/// The highest request count of each device that came with a write.
pub static REQUESTS: Table = Table {
    name: "requests",
    columns: &[("device", Bytes), ("count", Int)],
    on_conflict: "ON CONFLICT (device) DO UPDATE SET count = excluded.count WHERE requests.count < excluded.count",
    key: &["device"],
};

macro_rules! plain {
    ($name:literal, [$($key:literal),+], [$($column:literal $kind:ident),+ $(,)?]) => {
        Table { name: $name, columns: &[$(($column, $kind)),+], on_conflict: "", key: &[$($key),+] }
    };
}

static SCHOOLS: Table = plain!("schools", ["id"], ["id" Bytes, "body" Text, "receipt" Int, "cpr" Int]);
static PEOPLE: Table = plain!("people", ["id"],
    ["id" Bytes, "school" Bytes, "name" Text, "kind" Text, "class" Text, "track" Text, "email" Text,
     "language" Text, "phone" Text, "address" Text, "postcode" Text, "town" Text, "password" Text]);
static ACCOUNTS: Table = plain!("accounts", ["id"],
    ["id" Bytes, "school" Bytes, "owner" Bytes, "label" Text, "kind" Text, "book" Int, "day_cap" Int, "week_cap" Int,
     "month_cap" Int, "price_class" Text]);
static ALLERGIES: Table = plain!("allergies", ["person"],
    ["person" Bytes, "school" Bytes, "allergens" Text, "block" Int]);
static CPR_NUMBERS: Table =
    plain!("cpr_numbers", ["person"], ["person" Bytes, "school" Bytes, "sealed" Bytes, "at" Int]);
static PERSON_ACCOUNTS: Table = plain!("person_accounts", ["person", "place"],
    ["person" Bytes, "school" Bytes, "place" Int, "account" Bytes]);
static CARDS: Table = plain!("cards", ["id"],
    ["id" Bytes, "school" Bytes, "uid" Text, "number" Text, "person" Bytes, "status" Text, "ask_code" Int, "code" Text]);
static CODE_THROTTLE: Table =
    plain!("code_throttle", ["card"], ["card" Bytes, "school" Bytes, "wrong" Int, "last" Int]);
static DEVICES: Table = plain!("devices", ["id"],
    ["id" Bytes, "school" Bytes, "kind" Text, "name" Text, "short_name" Text, "public_key" Text, "last_seq" Int,
     "enrolled_at" Int, "revoked_at" Int]);
static ENROLMENT_CODES: Table = plain!("enrolment_codes", ["hash"],
    ["hash" Bytes, "school" Bytes, "kind" Text, "name" Text, "expires_at" Int, "device" Bytes]);
static SESSIONS: Table = plain!("sessions", ["hash"],
    ["hash" Bytes, "school" Bytes, "device" Bytes, "card" Bytes, "person" Bytes, "expires_at" Int]);
static DEEDS: Table = plain!("deeds", ["id"],
    ["id" Bytes, "school" Bytes, "about" Bytes, "what" Text, "detail" Text, "person" Bytes, "card" Bytes,
     "device" Bytes, "at" Int]);
static RESET_LINKS: Table =
    plain!("reset_links", ["hash"], ["hash" Bytes, "school" Bytes, "person" Bytes, "expires_at" Int]);
static RESETS_ASKED: Table = plain!("resets_asked", ["id"],
    ["id" Bytes, "school" Bytes, "device" Bytes, "address" Bytes, "at" Int]);
static PICTURES: Table = plain!("pictures", ["person"], ["person" Bytes, "school" Bytes, "picture" Bytes, "at" Int]);
static PICTURE_PAGES: Table = plain!("picture_pages", ["id"],
    ["id" Bytes, "school" Bytes, "hash" Bytes, "about" Bytes, "person" Bytes, "card" Bytes, "device" Bytes,
     "language" Text, "state" Text, "expires_at" Int]);
static PRODUCTS: Table = plain!("products", ["id"],
    ["id" Bytes, "school" Bytes, "category" Text, "name_da" Text, "name_en" Text, "about_da" Text, "about_en" Text,
     "price" Int, "vat_percent" Int, "allergens" Text, "picture" Bytes]);
static PRODUCT_PICTURES: Table = plain!("product_pictures", ["school", "digest"],
    ["school" Bytes, "digest" Bytes, "png" Bytes]);
static MENU_DAYS: Table = plain!("menu_days", ["school", "date"],
    ["school" Bytes, "date" Text, "cut_off" Int, "products" Text, "portions" Text]);
static ORDERS: Table = plain!("orders", ["id"],
    ["id" Bytes, "school" Bytes, "account" Bytes, "card" Bytes, "device" Bytes, "number" Text, "date" Text, "total" Int,
     "subsidised" Int, "state" Text, "offline" Int, "at" Int, "picked_up_at" Int, "picked_up_by" Bytes]);
static ORDER_LINES: Table = plain!("order_lines", ["\"order\"", "place"],
    ["\"order\"" Bytes, "school" Bytes, "place" Int, "product" Bytes, "name_da" Text, "name_en" Text, "quantity" Int,
     "price" Int, "vat_percent" Int, "comment" Text]);
static HOLDS: Table = plain!("holds", ["id"],
    ["id" Bytes, "school" Bytes, "account" Bytes, "kind" Text, "device" Bytes, "amount" Int, "captured" Int, "state" Text,
     "at" Int, "expires_at" Int]);
static OFFLINE_SALES: Table = plain!("offline_sales", ["id"],
    ["id" Bytes, "school" Bytes, "device" Bytes, "account" Bytes, "price" Int, "at" Int]);
static WITHDRAWALS: Table = plain!("withdrawals", ["id"],
    ["id" Bytes, "school" Bytes, "device" Bytes, "card" Bytes, "account" Bytes, "name" Text, "registration" Text,
     "number" Text, "message" Text, "language" Text, "at" Int, "sent_at" Int, "settled_at" Int, "back_at" Int]);
static TICKETS: Table = plain!("tickets", ["id"],
    ["id" Bytes, "school" Bytes, "card" Bytes, "number" Text, "name" Text, "email" Text, "phone" Text, "regarding" Bytes,
     "message" Text, "language" Text, "at" Int]);
static DEPOSITS: Table = plain!("deposits", ["id"],
    ["id" Bytes, "school" Bytes, "device" Bytes, "card" Bytes, "account" Bytes, "amount" Int, "email" Text,
     "terms_version" Text, "language" Text, "gateway" Text, "reference" Text, "page" Text, "state" Text, "created_at" Int,
     "expires_at" Int, "receipt" Text, "paid_at" Int, "balance" Int, "asks" Int, "ask_at" Int]);
static MANDATES: Table = plain!("mandates", ["id"],
    ["id" Bytes, "school" Bytes, "account" Bytes, "amount" Int, "below" Int, "state" Text, "gateway" Text,
     "reference" Text, "day_cap" Int, "week_cap" Int, "month_cap" Int, "email" Text, "terms_version" Text, "language" Text,
     "given_by" Bytes, "created_at" Int, "changed_by" Bytes, "changed_at" Int, "stopped_by" Text,
     "last_four" Text, "seen_at" Int, "seen" Int]);
static MANDATE_PAGES: Table = plain!("mandate_pages", ["id"],
    ["id" Bytes, "school" Bytes, "device" Bytes, "card" Bytes, "mandate" Bytes, "account" Bytes, "begins" Int,
     "amount" Int, "email" Text, "terms_version" Text, "language" Text, "gateway" Text, "page" Text, "hash" Bytes,
     "state" Text, "created_at" Int, "expires_at" Int]);
static CHARGES: Table = plain!("charges", ["id"],
    ["id" Bytes, "school" Bytes, "mandate" Bytes, "account" Bytes, "amount" Int, "cause" Bytes, "attempt" Int,
     "first_at" Int, "state" Text, "reference" Text, "created_at" Int, "settled_at" Int, "asks" Int, "ask_at" Int]);
static MAILS: Table = plain!("mails", ["id"],
    ["id" Bytes, "school" Bytes, "about" Bytes, "kind" Text, "topic" Text, "recipient" Text, "language" Text, "body" Text,
     "created_at" Int, "sent_at" Int, "attempts" Int, "try_at" Int, "failed_at" Int, "failure" Text]);

/// Every table, those that are referred to before those that refer.
pub static ALL: [&Table; 37] = [
    &SCHOOLS,
    &SHARDS,
    &PEOPLE,
    &ALLERGIES,
    &CPR_NUMBERS,
    &BOOKS,
    &ACCOUNTS,
    &PERSON_ACCOUNTS,
    &CARDS,
    &CODE_THROTTLE,
    &DEVICES,
    &REQUESTS,
    &ENROLMENT_CODES,
    &SESSIONS,
    &DEEDS,
    &RESET_LINKS,
    &RESETS_ASKED,
    &PICTURES,
    &PICTURE_PAGES,
    &PRODUCTS,
    &PRODUCT_PICTURES,
    &MENU_DAYS,
    &TRANSACTIONS,
    &ENTRIES,
    &LINKS,
    &ORDERS,
    &ORDER_LINES,
    &HOLDS,
    &OFFLINE_SALES,
    &WITHDRAWALS,
    &TICKETS,
    &DEPOSITS,
    &MANDATES,
    &MANDATE_PAGES,
    &CHARGES,
    &MAILS,
    &CHANGES,
];
