-- One kiosk's memory. Bodies are the JSON of the wire's own words, so that a field the kiosk does not use yet is not lost.

CREATE TABLE device (
    only          INTEGER PRIMARY KEY CHECK (only = 1),
    id            TEXT,               -- none before enrolment
    short_name    TEXT,               -- K1: the prefix of slip numbers
    cursor        INTEGER NOT NULL DEFAULT 0,
    pulled        INTEGER NOT NULL DEFAULT 0,   -- 1 once everything there was had come
    request_count INTEGER NOT NULL DEFAULT 0,   -- counts up to this one may have been used
    acked_seq     INTEGER NOT NULL DEFAULT 0,   -- the outbox is the journal after this row
    last_heard    TEXT,
    probed        INTEGER NOT NULL DEFAULT 0    -- written to find out whether the disk works
) STRICT;
INSERT INTO device (only) VALUES (1);

-- What the server told last; replaced whole, never patched.
CREATE TABLE school   (only INTEGER PRIMARY KEY CHECK (only = 1), body TEXT NOT NULL) STRICT;
CREATE TABLE people   (id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE cards    (id TEXT PRIMARY KEY, uid TEXT NOT NULL, number TEXT NOT NULL, person TEXT NOT NULL, body TEXT NOT NULL)
                      STRICT, WITHOUT ROWID;
CREATE INDEX cards_by_uid ON cards (uid);
CREATE INDEX cards_by_number ON cards (number);
CREATE INDEX cards_by_person ON cards (person);
CREATE TABLE accounts (id TEXT PRIMARY KEY, version INTEGER NOT NULL, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE products (id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE pictures (digest TEXT PRIMARY KEY, png BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE days     (date TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE orders   (id TEXT PRIMARY KEY, account TEXT NOT NULL, date TEXT NOT NULL, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX orders_by_account ON orders (account, date);

-- What this kiosk did. A row is never changed but for its outcome, and never deleted: its sequence is the server's, too.
CREATE TABLE journal (
    seq        INTEGER PRIMARY KEY CHECK (seq > 0),
    id         TEXT NOT NULL UNIQUE,
    kind       TEXT NOT NULL,
    body       TEXT NOT NULL,
    claimed_at TEXT NOT NULL,
    offline    INTEGER NOT NULL CHECK (offline IN (0, 1)),
    taken      INTEGER,               -- of an order: what it takes from the account, in øre
    outcome    TEXT                   -- none until the server has answered
) STRICT;
CREATE INDEX journal_refused ON journal (seq) WHERE outcome LIKE '%"refused"%';

-- Paper that is to come out. A second paper of the same thing has the next copy number and says so.
CREATE TABLE spool (
    job        INTEGER PRIMARY KEY,
    kind       TEXT NOT NULL CHECK (kind IN ('receipt', 'order', 'statement', 'ticket', 'transfer', 'withdrawal')),
    reference  TEXT NOT NULL,
    copy_no    INTEGER NOT NULL CHECK (copy_no > 0),
    language   TEXT NOT NULL,
    paper      TEXT NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('queued', 'sending', 'waiting_paper', 'printed', 'processed', 'assumed', 'uncertain', 'cancelled')),
    bytes_sent INTEGER NOT NULL DEFAULT 0,
    attempts   INTEGER NOT NULL DEFAULT 0,
    last_error TEXT,
    created_at TEXT NOT NULL,
    started_at TEXT,
    done_at    TEXT,
    UNIQUE (kind, reference, copy_no)
) STRICT;
CREATE INDEX spool_open ON spool (job) WHERE state IN ('queued', 'sending', 'waiting_paper');

CREATE TABLE spool_event (
    job    INTEGER NOT NULL REFERENCES spool (job),
    at     TEXT NOT NULL,
    what   TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT;

-- Deposits whose end nobody was shown yet, as the server told of them last: written before their page is shown.
CREATE TABLE deposits (
    id   TEXT PRIMARY KEY,
    card TEXT NOT NULL,
    body TEXT NOT NULL,
    gone INTEGER NOT NULL DEFAULT 0 CHECK (gone IN (0, 1))   -- 1 once whoever opened it walked away from it
) STRICT, WITHOUT ROWID;

-- Wrong verification codes, by card.
CREATE TABLE code_throttle (card TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
