-- Ids are 16 bytes; times are microseconds since 1970 UTC; days are yyyy-mm-dd; money is whole øre.

CREATE TABLE schools (
    id      BLOB PRIMARY KEY,
    body    TEXT NOT NULL,                  -- the wire's School, JSON
    receipt INTEGER NOT NULL DEFAULT 0      -- the last receipt number
) STRICT, WITHOUT ROWID;

CREATE TABLE people (
    id       BLOB PRIMARY KEY,
    school   BLOB NOT NULL REFERENCES schools,
    name     TEXT NOT NULL,
    kind     TEXT NOT NULL,
    class    TEXT,
    email    TEXT,
    language TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- One balance each. The materialised balance is the sum of the book's entries; the version is their number.
CREATE TABLE books (
    id      INTEGER PRIMARY KEY,
    school  BLOB NOT NULL REFERENCES schools,
    name    TEXT NOT NULL,
    balance INTEGER NOT NULL DEFAULT 0,
    version INTEGER NOT NULL DEFAULT 0,
    last_at INTEGER NOT NULL DEFAULT 0,
    UNIQUE (school, name)
) STRICT;

CREATE TABLE accounts (
    id        BLOB PRIMARY KEY,
    school    BLOB NOT NULL REFERENCES schools,
    owner     BLOB NOT NULL REFERENCES people DEFERRABLE INITIALLY DEFERRED,
    label     TEXT NOT NULL,
    kind      TEXT NOT NULL,
    book      INTEGER NOT NULL UNIQUE REFERENCES books,
    deposited INTEGER NOT NULL DEFAULT 0    -- paid in over its life, less refunds
) STRICT, WITHOUT ROWID;

CREATE TABLE person_accounts (
    person  BLOB NOT NULL REFERENCES people,
    place   INTEGER NOT NULL,               -- their own first
    account BLOB NOT NULL REFERENCES accounts DEFERRABLE INITIALLY DEFERRED,
    PRIMARY KEY (person, place)
) STRICT, WITHOUT ROWID;

CREATE TABLE cards (
    id       BLOB PRIMARY KEY,
    school   BLOB NOT NULL REFERENCES schools,
    uid      TEXT NOT NULL,
    number   TEXT NOT NULL UNIQUE,
    person   BLOB NOT NULL REFERENCES people,
    status   TEXT NOT NULL,
    ask_code INTEGER NOT NULL,
    code     TEXT NOT NULL,
    UNIQUE (school, uid)
) STRICT, WITHOUT ROWID;

CREATE TABLE code_throttle (
    card  BLOB PRIMARY KEY REFERENCES cards,
    wrong INTEGER NOT NULL,
    last  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE devices (
    id            BLOB PRIMARY KEY,
    school        BLOB NOT NULL REFERENCES schools,
    kind          TEXT NOT NULL,
    name          TEXT NOT NULL,
    short_name    TEXT NOT NULL,
    public_key    TEXT NOT NULL,
    last_seq      INTEGER NOT NULL DEFAULT 0,
    request_count INTEGER NOT NULL DEFAULT 0,
    enrolled_at   INTEGER NOT NULL,
    revoked_at    INTEGER,
    UNIQUE (school, short_name)
) STRICT, WITHOUT ROWID;

CREATE TABLE enrolment_codes (
    hash       BLOB PRIMARY KEY,
    school     BLOB NOT NULL REFERENCES schools,
    kind       TEXT NOT NULL,
    name       TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    device     BLOB REFERENCES devices      -- who used it
) STRICT, WITHOUT ROWID;

CREATE TABLE products (
    id          BLOB PRIMARY KEY,
    school      BLOB NOT NULL REFERENCES schools,
    category    TEXT NOT NULL,
    name_da     TEXT NOT NULL,
    name_en     TEXT NOT NULL,
    about_da    TEXT NOT NULL,
    about_en    TEXT NOT NULL,
    price       INTEGER NOT NULL,
    vat_percent INTEGER NOT NULL,
    allergens   TEXT NOT NULL               -- JSON list
) STRICT, WITHOUT ROWID;

CREATE TABLE menu_days (
    school   BLOB NOT NULL REFERENCES schools,
    date     TEXT NOT NULL,
    cut_off  INTEGER NOT NULL,
    products TEXT NOT NULL,                 -- JSON list of ids
    PRIMARY KEY (school, date)
) STRICT, WITHOUT ROWID;

-- Whatever was asked for under an id, once and for ever; entries only where money moved.
CREATE TABLE transactions (
    id         BLOB PRIMARY KEY,
    school     BLOB NOT NULL REFERENCES schools,
    digest     BLOB NOT NULL,               -- SHA-256 of the body
    kind       TEXT NOT NULL,
    at         INTEGER NOT NULL,            -- server time
    claimed_at INTEGER,
    device     BLOB REFERENCES devices,
    seq        INTEGER,
    refusal    TEXT,                        -- JSON, if it was refused
    number     TEXT NOT NULL DEFAULT '',
    text       TEXT NOT NULL DEFAULT '',
    delivery   TEXT,
    UNIQUE (device, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE entries (
    id             INTEGER PRIMARY KEY,     -- without gaps
    "transaction"  BLOB NOT NULL REFERENCES transactions,
    book           INTEGER NOT NULL REFERENCES books,
    amount         INTEGER NOT NULL,
    balance        INTEGER NOT NULL,        -- the book's, right after it
    at             INTEGER NOT NULL
) STRICT;

CREATE INDEX entries_by_book ON entries (book, at, id);
CREATE INDEX entries_by_transaction ON entries ("transaction");

CREATE TRIGGER entries_are_not_changed BEFORE UPDATE ON entries
BEGIN SELECT RAISE(ABORT, 'entries are append-only'); END;
CREATE TRIGGER entries_are_not_deleted BEFORE DELETE ON entries
BEGIN SELECT RAISE(ABORT, 'entries are append-only'); END;

CREATE TABLE orders (
    id      BLOB PRIMARY KEY,               -- the operation that placed it
    school  BLOB NOT NULL REFERENCES schools,
    account BLOB NOT NULL REFERENCES accounts,
    card    BLOB NOT NULL REFERENCES cards,
    device  BLOB NOT NULL REFERENCES devices,
    number  TEXT NOT NULL,
    date    TEXT NOT NULL,
    total   INTEGER NOT NULL,
    state   TEXT NOT NULL,
    offline INTEGER NOT NULL,
    at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX held_orders ON orders (school, date) WHERE state = 'held';
CREATE INDEX offline_orders ON orders (device, at) WHERE offline = 1;

CREATE TABLE order_lines (
    "order"     BLOB NOT NULL REFERENCES orders,
    place       INTEGER NOT NULL,
    product     BLOB NOT NULL REFERENCES products,
    name_da     TEXT NOT NULL,
    name_en     TEXT NOT NULL,
    quantity    INTEGER NOT NULL,
    price       INTEGER NOT NULL,
    vat_percent INTEGER NOT NULL,
    comment     TEXT NOT NULL,
    PRIMARY KEY ("order", place)
) STRICT, WITHOUT ROWID;

CREATE TABLE tickets (
    id        BLOB PRIMARY KEY,             -- the operation that filed it
    school    BLOB NOT NULL REFERENCES schools,
    card      BLOB NOT NULL REFERENCES cards,
    number    TEXT NOT NULL,
    name      TEXT NOT NULL,
    email     TEXT NOT NULL,
    phone     TEXT NOT NULL,
    regarding BLOB NOT NULL REFERENCES accounts,
    message   TEXT NOT NULL,
    language  TEXT NOT NULL,
    at        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE deposits (
    id            BLOB PRIMARY KEY,         -- the operation under which the money is posted
    school        BLOB NOT NULL REFERENCES schools,
    device        BLOB NOT NULL REFERENCES devices,
    card          BLOB NOT NULL REFERENCES cards,
    account       BLOB NOT NULL REFERENCES accounts,
    amount        INTEGER NOT NULL,
    email         TEXT NOT NULL,
    terms_version TEXT NOT NULL,
    language      TEXT NOT NULL,
    gateway       TEXT NOT NULL,
    reference     TEXT,
    page          TEXT NOT NULL UNIQUE,
    state         TEXT NOT NULL,
    created_at    INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL,
    receipt       TEXT,
    paid_at       INTEGER,
    balance       INTEGER,
    asks          INTEGER NOT NULL DEFAULT 0,
    ask_at        INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX deposits_undecided ON deposits (state) WHERE state IN ('open', 'unknown');

CREATE TABLE mandates (
    id            BLOB PRIMARY KEY,
    school        BLOB NOT NULL REFERENCES schools,
    account       BLOB NOT NULL REFERENCES accounts,
    amount        INTEGER NOT NULL,
    below         INTEGER NOT NULL,
    state         TEXT NOT NULL,
    gateway       TEXT NOT NULL,
    reference     TEXT NOT NULL,
    day_cap       INTEGER NOT NULL,
    week_cap      INTEGER,
    month_cap     INTEGER NOT NULL,
    email         TEXT NOT NULL,
    terms_version TEXT NOT NULL,
    language      TEXT NOT NULL,
    created_at    INTEGER NOT NULL,
    active_since  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX one_mandate_per_account ON mandates (account) WHERE state <> 'cancelled';

CREATE TABLE charges (
    id         BLOB PRIMARY KEY,            -- the operation under which the money is posted
    mandate    BLOB NOT NULL REFERENCES mandates,
    account    BLOB NOT NULL REFERENCES accounts,
    amount     INTEGER NOT NULL,
    cause      BLOB NOT NULL REFERENCES transactions,
    state      TEXT NOT NULL,
    reference  TEXT,
    created_at INTEGER NOT NULL,
    settled_at INTEGER,
    asks       INTEGER NOT NULL DEFAULT 0,
    ask_at     INTEGER
) STRICT, WITHOUT ROWID;

-- What makes "never two top-ups at once" true, whatever the code does.
CREATE UNIQUE INDEX one_open_charge_per_account ON charges (account) WHERE state IN ('created', 'sent', 'unknown');
-- A purchase causes one top-up; only after a decline may it be tried again.
CREATE UNIQUE INDEX one_charge_per_cause ON charges (cause) WHERE state <> 'declined';
CREATE INDEX charges_by_account ON charges (account, created_at);

-- Where each thing's last change stands. Cursors are never used twice, also when the last row was replaced.
CREATE TABLE changes (
    cursor INTEGER PRIMARY KEY AUTOINCREMENT,
    school BLOB NOT NULL REFERENCES schools,
    kind   TEXT NOT NULL,
    key    BLOB NOT NULL,
    UNIQUE (school, kind, key)
) STRICT;

CREATE INDEX changes_by_school ON changes (school, cursor);
