//! Whether anybody else has written since this connection's last transaction, as PostgreSQL numbers transactions.
//!
//! Pure. Who writes gets the next number; a snapshot names the lowest number that is still under way (`xmin`) and the one past the
//! highest that has ended (`xmax`). Numbers are taken in the whole cluster and by maintenance as well: that somebody has written is said
//! too often, and never too seldom.
//!
//! **Invariant:** the mark stays only if no transaction of another connection became visible between two of this one.

/// Asks what the transaction sees and which one it is: the first column is taken before a number is.
pub const ASK: &str = "SELECT pg_current_snapshot() AS snapshot, pg_current_xact_id() AS xid";
/// `xmin:xmax:` and those between them that are under way.
pub const SNAPSHOT: &str = "snapshot";
/// The transaction's own number.
pub const XID: &str = "xid";

/// What is known of others at the beginning of a transaction.
#[derive(Clone, Copy, Debug, Default)]
pub struct Others {
    mark: i64,
    /// The transaction's own number, if nobody else was under way when it began.
    alone: Option<u64>,
}

impl Others {
    /// Differs from the one before if somebody has written meanwhile.
    pub const fn mark(self) -> i64 {
        self.mark
    }

    /// The next transaction, by what the engine says of it. What cannot be read may be anything.
    pub fn then(self, snapshot: Option<&str>, xid: Option<&str>) -> Self {
        let number = |text: Option<&str>| text.and_then(|text| text.parse::<u64>().ok());
        let mut ends = snapshot.unwrap_or_default().split(':');
        let (xmin, xmax, xid) = (number(ends.next()), number(ends.next()), number(xid));
        let same = self.alone.and_then(|before| before.checked_add(1)).is_some_and(|next| xmax == Some(next));
        let mark = if same { self.mark } else { self.mark.wrapping_add(1) };
        // All below `xmax` have ended, and no number was given away between it and this one.
        let alone = xid.filter(|xid| xmin == Some(*xid) && xmax == Some(*xid));
        Self { mark, alone }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use madkort_postgres::Postgres;

    use super::*;

    /// Transactions one after the other; whether the mark stayed from each to the next.
    fn stayed(told: &[(&str, &str)]) -> Vec<bool> {
        let mut others = Others::default();
        let mut marks = Vec::new();
        for (snapshot, xid) in told {
            others = others.then(Some(snapshot), Some(xid));
            marks.push(others.mark());
        }
        marks.windows(2).map(|pair| pair[0] == pair[1]).collect()
    }

    #[test]
    fn nobody_else_means_that_the_numbers_follow_each_other() {
        assert_eq!(stayed(&[("10:10:", "10"), ("11:11:", "11"), ("12:12:", "12")]), [true, true]);
    }

    #[test]
    fn whoever_ended_in_between_shows() {
        assert_eq!(stayed(&[("10:10:", "10"), ("12:12:", "12"), ("13:13:", "13")]), [false, true]);
    }

    #[test]
    fn whoever_began_before_and_ended_in_between_shows() {
        // 9 was under way at the first one, and had ended at the second.
        assert_eq!(stayed(&[("9:10:9", "10"), ("11:11:", "11")]), [false]);
        // 10 had its number and had not ended: the snapshot does not name it, our own number does.
        assert_eq!(stayed(&[("10:10:", "11"), ("12:12:", "12")]), [false]);
    }

    #[test]
    fn whoever_is_still_under_way_is_not_seen_now_but_is_next_time() {
        // 11 is under way at the second one, and has ended at the third.
        assert_eq!(stayed(&[("10:10:", "10"), ("11:11:", "12"), ("13:13:", "13")]), [true, false]);
        assert_eq!(
            stayed(&[("10:10:", "10"), ("11:11:", "12"), ("11:13:11", "13"), ("14:14:", "14")]),
            [true, false, false]
        );
    }

    #[test]
    fn what_cannot_be_read_is_no_peace() {
        assert_eq!(stayed(&[("10:10:", "10"), ("", ""), ("11:11:", "11"), ("x:12:", "y")]), [false, false, true]);
        let none = Others::default().then(None, None);
        assert_ne!(none.mark(), none.then(None, None).mark());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_real_server_tells_so() {
        let postgres = Postgres::temporary().unwrap();
        let connect = async || {
            let (client, connection) =
                tokio_postgres::connect(&postgres.url("postgres"), tokio_postgres::NoTls).await.unwrap();
            tokio::spawn(connection);
            client
        };
        let (here, there) = (connect().await, connect().await);
        // Maintenance takes numbers too.
        there.batch_execute("ALTER SYSTEM SET autovacuum = off").await.unwrap();
        there.batch_execute("SELECT pg_reload_conf(); CREATE TABLE t (n BIGINT)").await.unwrap();
        let mut others = Others::default();
        let mut next = async || {
            let told = here.simple_query(&format!("BEGIN ISOLATION LEVEL SERIALIZABLE; {ASK}; COMMIT")).await.unwrap();
            let row = told.iter().find_map(|message| match message {
                tokio_postgres::SimpleQueryMessage::Row(row) => Some(row),
                _ => None,
            });
            others = others.then(row.unwrap().get(SNAPSHOT), row.unwrap().get(XID));
            others.mark()
        };
        next().await;
        let alone = next().await;
        there.query("SELECT * FROM t", &[]).await.unwrap();
        assert_eq!(next().await, alone, "reading is no writing");
        there.batch_execute("INSERT INTO t VALUES (1)").await.unwrap();
        let after = next().await;
        assert_ne!(after, alone);
        assert_eq!(next().await, after);
        there.batch_execute("BEGIN; INSERT INTO t VALUES (2)").await.unwrap();
        let under_way = next().await;
        assert_eq!(under_way, after, "it is not seen yet");
        there.batch_execute("COMMIT").await.unwrap();
        assert_ne!(next().await, under_way);
    }
}
