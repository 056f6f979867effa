-- Ids are 16 bytes; times are microseconds since 1970 UTC; days are yyyy-mm-dd; money is whole øre; no and yes are 0 and 1.
-- One text for every engine: SQLite reads BIGINT as INTEGER and BYTEA as BLOB. Tables of a tenant carry its school, by which
-- they can be spread over machines. Nothing here is a sequence, a trigger or a lock of one engine's own.

CREATE TABLE schools (
    id      BYTEA PRIMARY KEY,
    body    TEXT NOT NULL,                  -- the wire's School, JSON
    receipt BIGINT NOT NULL DEFAULT 0,      -- the last receipt number
    cpr     BIGINT NOT NULL DEFAULT 0       -- whether CPR numbers are kept
);

-- The head of a school's rows: the last place, entry, book, change and link, and the hash of that link.
CREATE TABLE shards (
    school  BYTEA PRIMARY KEY REFERENCES schools,
    shard   BIGINT NOT NULL UNIQUE,
    places  BIGINT NOT NULL,
    entries BIGINT NOT NULL,
    books   BIGINT NOT NULL,
    cursor  BIGINT NOT NULL,
    links   BIGINT NOT NULL,
    hash    BYTEA NOT NULL
);

CREATE TABLE people (
    id       BYTEA PRIMARY KEY,
    school   BYTEA NOT NULL REFERENCES schools,
    name     TEXT NOT NULL,
    kind     TEXT NOT NULL,
    class    TEXT,
    track    TEXT,
    email    TEXT,
    language TEXT NOT NULL,
    phone    TEXT NOT NULL DEFAULT '',
    address  TEXT NOT NULL DEFAULT '',
    postcode TEXT NOT NULL DEFAULT '',
    town     TEXT NOT NULL DEFAULT '',
    password TEXT                           -- argon2id, PHC string; none until they set one
);

-- One balance each. The materialised balance is the sum of the book's entries; the version is their number. What a holder has
-- paid in and spent rides on the row that a posting touches anyway.
CREATE TABLE books (
    id          BIGINT PRIMARY KEY,         -- shard * 2^32 + number
    school      BYTEA NOT NULL REFERENCES schools,
    name        TEXT NOT NULL,
    balance     BIGINT NOT NULL,
    version     BIGINT NOT NULL,
    last_at     BIGINT NOT NULL,
    deposited   BIGINT NOT NULL,            -- paid in over its life, less refunds
    spent_on    TEXT NOT NULL,              -- the Danish day of the last spend; in its day, week and month was spent:
    spent_day   BIGINT NOT NULL,
    spent_week  BIGINT NOT NULL,
    spent_month BIGINT NOT NULL,
    UNIQUE (school, name)
);

CREATE TABLE accounts (
    id          BYTEA PRIMARY KEY,
    school      BYTEA NOT NULL REFERENCES schools,
    owner       BYTEA NOT NULL,
    label       TEXT NOT NULL,
    kind        TEXT NOT NULL,
    book        BIGINT NOT NULL UNIQUE,
    day_cap     BIGINT,
    week_cap    BIGINT,
    month_cap   BIGINT,
    price_class TEXT NOT NULL DEFAULT 'paid' -- paid, reduced, free; never leaves the server
);

-- What somebody cannot eat: health data, in no feed and apart from what they buy.
CREATE TABLE allergies (
    person    BYTEA PRIMARY KEY REFERENCES people,
    school    BYTEA NOT NULL,
    allergens TEXT NOT NULL,                -- JSON list
    block     BIGINT NOT NULL               -- whether what contains them is not ordered at all
);

-- CPR numbers, where a school has turned them on. The key is not in the database.
CREATE TABLE cpr_numbers (
    person BYTEA PRIMARY KEY REFERENCES people,
    school BYTEA NOT NULL REFERENCES schools,
    sealed BYTEA NOT NULL,                  -- AES-256-GCM, bound to school and person
    at     BIGINT NOT NULL
);

CREATE TABLE person_accounts (
    person  BYTEA NOT NULL REFERENCES people,
    school  BYTEA NOT NULL,
    place   BIGINT NOT NULL,                -- their own first
    account BYTEA NOT NULL,
    PRIMARY KEY (person, place)
);

CREATE TABLE cards (
    id       BYTEA PRIMARY KEY,
    school   BYTEA NOT NULL REFERENCES schools,
    uid      TEXT NOT NULL,
    number   TEXT NOT NULL UNIQUE,
    person   BYTEA NOT NULL REFERENCES people,
    status   TEXT NOT NULL,
    ask_code BIGINT NOT NULL,
    code     TEXT NOT NULL,
    UNIQUE (school, uid)
);

CREATE TABLE code_throttle (
    card   BYTEA PRIMARY KEY REFERENCES cards,
    school BYTEA NOT NULL,
    wrong  BIGINT NOT NULL,
    last   BIGINT NOT NULL
);

CREATE TABLE devices (
    id          BYTEA PRIMARY KEY,
    school      BYTEA NOT NULL REFERENCES schools,
    kind        TEXT NOT NULL,
    name        TEXT NOT NULL,
    short_name  TEXT NOT NULL,
    public_key  TEXT NOT NULL,
    last_seq    BIGINT NOT NULL DEFAULT 0,
    enrolled_at BIGINT NOT NULL,
    revoked_at  BIGINT,
    UNIQUE (school, short_name)
);

-- Beside the device, so that a busy till does not rewrite its whole row.
CREATE TABLE requests (
    device BYTEA PRIMARY KEY,
    count  BIGINT NOT NULL
);

CREATE TABLE enrolment_codes (
    hash       BYTEA PRIMARY KEY,
    school     BYTEA NOT NULL REFERENCES schools,
    kind       TEXT NOT NULL,
    name       TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    device     BYTEA REFERENCES devices     -- who used it
);

-- Who gave the right code at which kiosk. Bound to both; gone with the visit.
CREATE TABLE sessions (
    hash       BYTEA PRIMARY KEY,           -- SHA-256 of the token
    school     BYTEA NOT NULL REFERENCES schools,
    device     BYTEA NOT NULL REFERENCES devices,
    card       BYTEA NOT NULL REFERENCES cards,
    person     BYTEA NOT NULL REFERENCES people,
    expires_at BIGINT NOT NULL
);

CREATE INDEX sessions_of_a_person ON sessions (person);

-- Who changed what about whom.
CREATE TABLE deeds (
    id     BYTEA PRIMARY KEY,
    school BYTEA NOT NULL REFERENCES schools,
    about  BYTEA NOT NULL,                  -- a person, a device, or the school itself
    what   TEXT NOT NULL,
    detail TEXT NOT NULL,                   -- which card, by its last digits; empty where the word says it all
    person BYTEA,                           -- who did it; none when it was the office, with a command on the server
    card   BYTEA,                           -- signed in with which card,
    device BYTEA,                           -- where; neither when it was by a link in a letter
    at     BIGINT NOT NULL
);

CREATE INDEX deeds_by_what_they_are_about ON deeds (about, at);

-- Links in letters by which a forgotten password is replaced.
CREATE TABLE reset_links (
    hash       BYTEA PRIMARY KEY,           -- SHA-256 of the token
    school     BYTEA NOT NULL REFERENCES schools,
    person     BYTEA NOT NULL REFERENCES people,
    expires_at BIGINT NOT NULL
);

CREATE INDEX reset_links_of_a_person ON reset_links (person);

-- Who asked for such letters in the last hour, so that nobody asks too often.
CREATE TABLE resets_asked (
    id      BYTEA PRIMARY KEY,
    school  BYTEA NOT NULL REFERENCES schools,
    device  BYTEA NOT NULL,
    address BYTEA NOT NULL,                 -- SHA-256
    at      BIGINT NOT NULL
);

CREATE INDEX resets_by_device ON resets_asked (device, at);
CREATE INDEX resets_by_address ON resets_asked (address, at);

-- What people look like: small, square, re-encoded here. In no feed.
CREATE TABLE pictures (
    person  BYTEA PRIMARY KEY REFERENCES people,
    school  BYTEA NOT NULL REFERENCES schools,
    picture BYTEA NOT NULL,                 -- JPEG
    at      BIGINT NOT NULL
);

-- Links by which a telephone changes one.
CREATE TABLE picture_pages (
    id         BYTEA PRIMARY KEY,           -- by which the kiosk asks about it
    school     BYTEA NOT NULL REFERENCES schools,
    hash       BYTEA NOT NULL UNIQUE,       -- SHA-256 of the token
    about      BYTEA NOT NULL REFERENCES people,
    person     BYTEA NOT NULL,              -- who asked for it,
    card       BYTEA NOT NULL,              -- signed in with which card,
    device     BYTEA NOT NULL,              -- where
    language   TEXT NOT NULL,
    state      TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE INDEX picture_pages_of_a_person ON picture_pages (about);

CREATE TABLE products (
    id          BYTEA PRIMARY KEY,
    school      BYTEA NOT NULL REFERENCES schools,
    category    TEXT NOT NULL,
    name_da     TEXT NOT NULL,
    name_en     TEXT NOT NULL,
    about_da    TEXT NOT NULL,
    about_en    TEXT NOT NULL,
    price       BIGINT NOT NULL,
    vat_percent BIGINT NOT NULL,
    allergens   TEXT NOT NULL,              -- JSON list
    picture     BYTEA                       -- of product_pictures
);

-- What products look like, each picture once however many show it.
CREATE TABLE product_pictures (
    school BYTEA NOT NULL REFERENCES schools,
    digest BYTEA NOT NULL,                  -- SHA-256
    png    BYTEA NOT NULL,
    PRIMARY KEY (school, digest)
);

CREATE TABLE menu_days (
    school   BYTEA NOT NULL REFERENCES schools,
    date     TEXT NOT NULL,
    cut_off  BIGINT NOT NULL,
    products TEXT NOT NULL,                 -- JSON list of ids
    portions TEXT NOT NULL,                 -- JSON list of id and limit; what is taken is counted in the orders
    PRIMARY KEY (school, date)
);

-- Whatever was asked for under an id, once and for ever; entries only where money moved. What they refer to is checked by
-- `sync-server verify`, not by the engine at every row.
CREATE TABLE transactions (
    id          BYTEA PRIMARY KEY,
    school      BYTEA NOT NULL,
    shard       BIGINT NOT NULL,
    place       BIGINT NOT NULL,            -- in the school's row, without gaps
    digest      BYTEA NOT NULL,             -- SHA-256 of the body
    kind        TEXT NOT NULL,
    at          BIGINT NOT NULL,            -- server time
    claimed_at  BIGINT,
    device      BYTEA,
    seq         BIGINT,
    refusal     TEXT,                       -- JSON, if it was refused
    number      TEXT NOT NULL,
    text        TEXT NOT NULL,
    delivery    TEXT,
    about       BYTEA,                      -- the transaction it takes back, captures or corrects
    first_entry BIGINT NOT NULL,
    legs        BYTEA NOT NULL,             -- 16 bytes each: the book's id and the amount
    mark        BIGINT NOT NULL,            -- the first 8 bytes of the hash chain right after it
    UNIQUE (shard, place)
);

CREATE UNIQUE INDEX one_operation_per_sequence_number ON transactions (device, seq) WHERE seq IS NOT NULL;
-- A transaction is taken back once, whoever asks.
CREATE UNIQUE INDEX one_reversal ON transactions (about)
    WHERE about IS NOT NULL AND refusal IS NULL AND kind IN ('purchase-undone', 'order-refunded', 'reversal');

-- The legs once more, by book: what a statement reads. They follow from the transactions, and `sync-server verify` tells if not.
CREATE TABLE entries (
    book    BIGINT NOT NULL,
    at      BIGINT NOT NULL,
    number  BIGINT NOT NULL,                -- in the school's row, without gaps
    shard   BIGINT NOT NULL,
    place   BIGINT NOT NULL,                -- of its transaction
    amount  BIGINT NOT NULL,
    balance BIGINT NOT NULL,                -- the book's, right after it
    PRIMARY KEY (book, at, number)
);

-- The hash chain: one link per commit, over every transaction since the link before.
CREATE TABLE links (
    shard   BIGINT NOT NULL,
    number  BIGINT NOT NULL,
    places  BIGINT NOT NULL,                -- the last transaction in it
    entries BIGINT NOT NULL,                -- the last entry in it
    hash    BYTEA NOT NULL,
    PRIMARY KEY (shard, number)
);

CREATE TABLE orders (
    id           BYTEA PRIMARY KEY,         -- the operation that placed it
    school       BYTEA NOT NULL REFERENCES schools,
    account      BYTEA NOT NULL REFERENCES accounts,
    card         BYTEA NOT NULL REFERENCES cards,
    device       BYTEA NOT NULL REFERENCES devices,
    number       TEXT NOT NULL,
    date         TEXT NOT NULL,
    total        BIGINT NOT NULL,
    subsidised   BIGINT NOT NULL,           -- of the total; the rest is held
    state        TEXT NOT NULL,
    offline      BIGINT NOT NULL,
    at           BIGINT NOT NULL,
    picked_up_at BIGINT,
    picked_up_by BYTEA                      -- the pick-up it was handed out at
);

CREATE INDEX held_orders ON orders (school, date) WHERE state = 'held';
CREATE INDEX portions_taken ON orders (school, date) WHERE state IN ('held', 'captured');
CREATE INDEX offline_orders ON orders (device, at) WHERE offline = 1;
CREATE INDEX orders_to_pick_up ON orders (account, date) WHERE picked_up_at IS NULL;
CREATE INDEX orders_of_a_pick_up ON orders (picked_up_by) WHERE picked_up_by IS NOT NULL;

CREATE TABLE order_lines (
    "order"     BYTEA NOT NULL REFERENCES orders,
    school      BYTEA NOT NULL,
    place       BIGINT NOT NULL,
    product     BYTEA NOT NULL REFERENCES products,
    name_da     TEXT NOT NULL,
    name_en     TEXT NOT NULL,
    quantity    BIGINT NOT NULL,
    price       BIGINT NOT NULL,
    vat_percent BIGINT NOT NULL,
    comment     TEXT NOT NULL,
    PRIMARY KEY ("order", place)
);

-- Money set aside: a till's authorisation, a withdrawal on its way. Orders are their own holds.
CREATE TABLE holds (
    id         BYTEA PRIMARY KEY,           -- the operation that made it
    school     BYTEA NOT NULL REFERENCES schools,
    account    BYTEA NOT NULL REFERENCES accounts,
    kind       TEXT NOT NULL,               -- payouts, sales: what its book's name says behind held-
    device     BYTEA,
    amount     BIGINT NOT NULL,
    captured   BIGINT NOT NULL,
    state      TEXT NOT NULL,               -- held, captured, released, expired
    at         BIGINT NOT NULL,
    expires_at BIGINT
);

CREATE INDEX open_holds ON holds (school, expires_at) WHERE state = 'held';

-- Sales that a till made offline, for its allowance: their price, which no leg tells by itself once a subsidy pays some of it or an
-- authorisation was captured.
CREATE TABLE offline_sales (
    id      BYTEA PRIMARY KEY,              -- the purchase
    school  BYTEA NOT NULL REFERENCES schools,
    device  BYTEA NOT NULL REFERENCES devices,
    account BYTEA NOT NULL REFERENCES accounts,
    price   BIGINT NOT NULL,                -- whoever pays it
    at      BIGINT NOT NULL                 -- when it reached the server
);

CREATE INDEX offline_sales_of_a_till ON offline_sales (device, at);

-- Where the money of a withdrawal goes, apart from the ledger: it can be emptied without touching a posting. When the bank was told,
-- when it had paid, and when the money was back.
CREATE TABLE withdrawals (
    id           BYTEA PRIMARY KEY,         -- the hold
    school       BYTEA NOT NULL REFERENCES schools,
    device       BYTEA NOT NULL REFERENCES devices,
    card         BYTEA NOT NULL REFERENCES cards,
    account      BYTEA NOT NULL REFERENCES accounts,
    name         TEXT NOT NULL,
    registration TEXT NOT NULL,
    number       TEXT NOT NULL,
    message      TEXT NOT NULL,
    language     TEXT NOT NULL,
    at           BIGINT NOT NULL,
    sent_at      BIGINT,
    settled_at   BIGINT,
    back_at      BIGINT
);

CREATE INDEX withdrawals_by_account ON withdrawals (account, at);

CREATE TABLE tickets (
    id        BYTEA PRIMARY KEY,            -- the operation that filed it
    school    BYTEA NOT NULL REFERENCES schools,
    card      BYTEA NOT NULL REFERENCES cards,
    number    TEXT NOT NULL,
    name      TEXT NOT NULL,
    email     TEXT NOT NULL,
    phone     TEXT NOT NULL,
    regarding BYTEA NOT NULL REFERENCES accounts,
    message   TEXT NOT NULL,
    language  TEXT NOT NULL,
    at        BIGINT NOT NULL
);

CREATE TABLE deposits (
    id            BYTEA PRIMARY KEY,        -- the operation under which the money is posted
    school        BYTEA NOT NULL REFERENCES schools,
    device        BYTEA NOT NULL REFERENCES devices,
    card          BYTEA NOT NULL REFERENCES cards,
    account       BYTEA NOT NULL REFERENCES accounts,
    amount        BIGINT NOT NULL,
    email         TEXT NOT NULL,
    terms_version TEXT NOT NULL,
    language      TEXT NOT NULL,
    gateway       TEXT NOT NULL,
    reference     TEXT,
    page          TEXT NOT NULL UNIQUE,
    state         TEXT NOT NULL,
    created_at    BIGINT NOT NULL,
    expires_at    BIGINT NOT NULL,
    receipt       TEXT,
    paid_at       BIGINT,
    balance       BIGINT,
    asks          BIGINT NOT NULL DEFAULT 0,
    ask_at        BIGINT
);

CREATE INDEX deposits_undecided ON deposits (state) WHERE state IN ('open', 'unknown');

CREATE TABLE mandates (
    id            BYTEA PRIMARY KEY,
    school        BYTEA NOT NULL REFERENCES schools,
    account       BYTEA NOT NULL REFERENCES accounts,
    amount        BIGINT NOT NULL,
    below         BIGINT NOT NULL,
    state         TEXT NOT NULL,
    gateway       TEXT NOT NULL,
    reference     TEXT NOT NULL,
    day_cap       BIGINT NOT NULL,
    week_cap      BIGINT,
    month_cap     BIGINT NOT NULL,
    email         TEXT NOT NULL,
    terms_version TEXT NOT NULL,
    language      TEXT NOT NULL,
    given_by      BYTEA NOT NULL,           -- the person
    created_at    BIGINT NOT NULL,
    changed_by    BYTEA,                    -- the card of whoever paused, resumed or cancelled it last
    changed_at    BIGINT,
    stopped_by    TEXT,                     -- why it is suspended
    last_four     TEXT,                     -- of the payment card's number
    seen_at       BIGINT NOT NULL,          -- the last entry of the account's book that was looked at: its time
    seen          BIGINT NOT NULL           -- and its number
);

CREATE UNIQUE INDEX one_mandate_per_account ON mandates (account) WHERE state <> 'cancelled';

-- A page on a telephone where a payment card is given to a mandate, or another one.
CREATE TABLE mandate_pages (
    id            BYTEA PRIMARY KEY,        -- the key under which the gateway stores the card
    school        BYTEA NOT NULL REFERENCES schools,
    device        BYTEA REFERENCES devices, -- the kiosk that leads to it, if one does
    card          BYTEA REFERENCES cards,   -- and the card that was on its reader
    mandate       BYTEA REFERENCES mandates, -- else the one that the letter is about which leads to it
    account       BYTEA NOT NULL REFERENCES accounts,
    begins        BIGINT NOT NULL,          -- whether auto top-up begins with it; else only its card changes
    amount        BIGINT NOT NULL,
    email         TEXT NOT NULL,
    terms_version TEXT NOT NULL,
    language      TEXT NOT NULL,
    gateway       TEXT NOT NULL,
    page          TEXT UNIQUE,              -- its unguessable name, where a kiosk leads to it
    hash          BYTEA UNIQUE,             -- the hash of it, where a letter does
    state         TEXT NOT NULL,
    created_at    BIGINT NOT NULL,
    expires_at    BIGINT NOT NULL
);

CREATE INDEX open_mandate_pages ON mandate_pages (expires_at) WHERE state = 'open';

CREATE TABLE charges (
    id         BYTEA PRIMARY KEY,           -- the operation under which the money is posted
    school     BYTEA NOT NULL REFERENCES schools,
    mandate    BYTEA NOT NULL REFERENCES mandates,
    account    BYTEA NOT NULL REFERENCES accounts,
    amount     BIGINT NOT NULL,
    cause      BYTEA NOT NULL,
    attempt    BIGINT NOT NULL,             -- for that cause, from 1; 0 once its decline is history
    first_at   BIGINT NOT NULL,             -- when the first of them was made
    state      TEXT NOT NULL,
    reference  TEXT,
    created_at BIGINT NOT NULL,
    settled_at BIGINT,
    asks       BIGINT NOT NULL DEFAULT 0,
    ask_at     BIGINT
);

-- What makes "never two top-ups at once" true, whatever the code does.
CREATE UNIQUE INDEX one_open_charge_per_account ON charges (account) WHERE state IN ('created', 'sent', 'unknown');
-- A purchase causes one top-up; only after a decline may it be tried again.
CREATE UNIQUE INDEX one_charge_per_cause ON charges (cause) WHERE state <> 'declined';
CREATE INDEX charges_by_account ON charges (account, created_at);
CREATE UNIQUE INDEX one_retry_per_account ON charges (account) WHERE state = 'declined' AND attempt > 0;

-- Letters on their way: written with what they tell of, sent afterwards under the id they keep.
CREATE TABLE mails (
    id         BYTEA PRIMARY KEY,
    school     BYTEA NOT NULL REFERENCES schools,
    about      BYTEA NOT NULL,
    kind       TEXT NOT NULL,
    topic      TEXT NOT NULL,               -- a second letter of the same is a copy; empty where there are none
    recipient  TEXT NOT NULL,
    language   TEXT NOT NULL,
    body       TEXT NOT NULL,               -- JSON
    created_at BIGINT NOT NULL,
    sent_at    BIGINT,
    attempts   BIGINT NOT NULL DEFAULT 0,
    try_at     BIGINT NOT NULL,
    failed_at  BIGINT,                      -- the mail server will never take it
    failure    TEXT,                        -- its reply code
    UNIQUE (about, kind)
);

CREATE INDEX statements_by_time ON mails (created_at) WHERE kind = 'statement';
CREATE INDEX mails_by_topic ON mails (topic) WHERE topic <> '';
CREATE INDEX mails_to_send ON mails (try_at) WHERE sent_at IS NULL AND failed_at IS NULL;

-- Where each thing's last change stands in its school's feed. Cursors are never used twice, also when the last row was replaced.
CREATE TABLE changes (
    shard  BIGINT NOT NULL,
    kind   TEXT NOT NULL,
    key    BYTEA NOT NULL,
    cursor BIGINT NOT NULL,
    PRIMARY KEY (shard, kind, key)
);

CREATE INDEX changes_by_cursor ON changes (shard, cursor);

-- Both ends of a move. A ledger that is used has no row here: one that stands here takes no writes.
CREATE TABLE moves (
    way   TEXT PRIMARY KEY,                 -- from: it is on its way here; to: it has gone
    place TEXT NOT NULL,                    -- the other end
    token BYTEA NOT NULL                    -- the same at both ends
);
