-- The raw batched call: one function call checks and posts a whole batch. Money is whole øre, times microseconds.

CREATE TABLE books (
    id bigint PRIMARY KEY, balance bigint NOT NULL, version bigint NOT NULL, floor bigint NOT NULL,
    day bigint NOT NULL, day_spent bigint NOT NULL, day_cap bigint NOT NULL,
    week bigint NOT NULL, week_spent bigint NOT NULL, week_cap bigint NOT NULL,
    month bigint NOT NULL, month_spent bigint NOT NULL, month_cap bigint NOT NULL
) WITH (fillfactor = 50);
CREATE TABLE cards (uid text PRIMARY KEY, book bigint NOT NULL, active boolean NOT NULL);
CREATE TABLE transactions (
    id uuid PRIMARY KEY, digest bytea NOT NULL, device uuid NOT NULL, at bigint NOT NULL, text text NOT NULL
);
CREATE TABLE entries (
    book bigint NOT NULL, version bigint NOT NULL, transaction uuid NOT NULL, amount bigint NOT NULL,
    balance bigint NOT NULL, PRIMARY KEY (book, version)
);
CREATE TABLE changes (book bigint PRIMARY KEY, cursor bigint NOT NULL);
CREATE UNIQUE INDEX changes_by_cursor ON changes (cursor);
CREATE TABLE chain (number bigint PRIMARY KEY, hash bytea NOT NULL);
CREATE TABLE head (id int PRIMARY KEY, cursor bigint NOT NULL, number bigint NOT NULL, hash bytea NOT NULL);
INSERT INTO head VALUES (1, 0, 0, '\x');

-- Outcomes by place: 0 posted, 1 posted before, 2 the id was used for something else, 3 refused. A purchase whose predecessors in
-- the batch were refused is judged as if they had been paid: the reference may be stricter than it must, never laxer.
CREATE FUNCTION post(
    p_ids uuid[], p_digests bytea[], p_devices uuid[], p_uids text[], p_amounts bigint[], p_vats bigint[], p_texts text[],
    p_at bigint, p_day bigint, p_week bigint, p_month bigint
) RETURNS int[] LANGUAGE plpgsql AS $$
DECLARE
    v_head head%ROWTYPE;
    v_income books%ROWTYPE;
    v_vat books%ROWTYPE;
    outcomes int[];
BEGIN
    SELECT * INTO v_head FROM head WHERE id = 1 FOR UPDATE;
    PERFORM 1 FROM books b JOIN cards c ON c.book = b.id WHERE c.uid = ANY (p_uids) ORDER BY b.id FOR UPDATE OF b;
    SELECT * INTO v_income FROM books WHERE id = 1;
    SELECT * INTO v_vat FROM books WHERE id = 2;
    WITH asked AS MATERIALIZED (
        SELECT * FROM unnest(p_ids, p_digests, p_devices, p_uids, p_amounts, p_vats, p_texts)
        WITH ORDINALITY AS a (id, digest, device, uid, amount, vat, text, place)
    ), known AS MATERIALIZED (
        SELECT a.place, t.digest = a.digest AS same FROM asked a JOIN transactions t ON t.id = a.id
    ), judged AS MATERIALIZED (
        SELECT a.*, b.id AS book, b.balance, b.version,
            CASE WHEN b.day = p_day THEN b.day_spent ELSE 0 END AS day_spent,
            CASE WHEN b.week = p_week THEN b.week_spent ELSE 0 END AS week_spent,
            CASE WHEN b.month = p_month THEN b.month_spent ELSE 0 END AS month_spent,
            b.floor, b.day_cap, b.week_cap, b.month_cap,
            (sum(a.amount) OVER (PARTITION BY b.id ORDER BY a.place))::bigint AS upto
        FROM asked a JOIN cards c ON c.uid = a.uid AND c.active JOIN books b ON b.id = c.book
        WHERE NOT EXISTS (SELECT FROM known k WHERE k.place = a.place)
    ), sold AS MATERIALIZED (
        SELECT j.*,
            row_number() OVER payer AS nth, (sum(amount) OVER payer)::bigint AS spent,
            row_number() OVER everyone AS nth_of_all, (sum(amount - vat) OVER everyone)::bigint AS net,
            (sum(vat) OVER everyone)::bigint AS owed
        FROM judged j
        WHERE balance - upto >= floor AND day_spent + upto <= day_cap AND week_spent + upto <= week_cap
            AND month_spent + upto <= month_cap
        WINDOW payer AS (PARTITION BY book ORDER BY place), everyone AS (ORDER BY place)
    ), noted AS (
        INSERT INTO transactions (id, digest, device, at, text) SELECT id, digest, device, p_at, text FROM sold
    ), entered AS (
        INSERT INTO entries (book, version, transaction, amount, balance)
        SELECT book, version + nth, id, -amount, balance - spent FROM sold
        UNION ALL SELECT 1, v_income.version + nth_of_all, id, amount - vat, v_income.balance + net FROM sold
        UNION ALL SELECT 2, v_vat.version + nth_of_all, id, vat, v_vat.balance + owed FROM sold
    ), paid AS (
        UPDATE books b SET balance = b.balance - s.spent, version = b.version + s.nth,
            day = p_day, day_spent = s.day_spent + s.spent, week = p_week, week_spent = s.week_spent + s.spent,
            month = p_month, month_spent = s.month_spent + s.spent
        FROM (SELECT DISTINCT ON (book) * FROM sold ORDER BY book, place DESC) s WHERE b.id = s.book
    ), earned AS (
        UPDATE books b SET balance = b.balance + s.amount, version = b.version + s.n
        FROM (SELECT 1 AS book, sum(amount - vat) AS amount, count(*) AS n FROM sold
              UNION ALL SELECT 2, sum(vat), count(*) FROM sold) s
        WHERE b.id = s.book AND s.n > 0
    ), changed AS (
        INSERT INTO changes (book, cursor) SELECT book, v_head.cursor + max(place) FROM sold GROUP BY book
        ON CONFLICT (book) DO UPDATE SET cursor = excluded.cursor
    ), linked AS (
        SELECT sha256(v_head.hash || string_agg(digest || int8send(book) || int8send(amount) || int8send(balance - spent), ''
            ORDER BY place)) AS hash FROM sold
    ), chained AS (
        INSERT INTO chain (number, hash) SELECT v_head.number + 1, l.hash FROM linked l WHERE l.hash IS NOT NULL
    ), moved AS (
        UPDATE head SET cursor = v_head.cursor + cardinality(p_ids), number = v_head.number + 1, hash = coalesce(l.hash, v_head.hash)
        FROM linked l WHERE id = 1
    )
    SELECT array_agg(
        CASE WHEN k.place IS NOT NULL THEN CASE WHEN k.same THEN 1 ELSE 2 END
             WHEN s.place IS NOT NULL THEN 0 ELSE 3 END ORDER BY a.place) INTO outcomes
    FROM asked a LEFT JOIN known k ON k.place = a.place LEFT JOIN sold s ON s.place = a.place;
    RETURN outcomes;
END $$;
