//! How long money may be held past its end, for each kind of hold.
//!
//! Pure, but for reading how far the ledger has come. What ends holds by itself is a job of the running server; so what counts is
//! first of all the time up to the last thing that was posted anywhere, while the server was seen to work.
//!
//! **Invariant:** a hold within its bounds is never overdue, whatever the server's clock says now.

use jiff::{SignedDuration, Timestamp};
use madkort_ledger::HoldKind;

use super::super::session::{First, Session};
use super::super::value::{Db, Row, values};

/// A till's authorisation ends by itself, and the job that gives it back looks every few seconds: an hour later it has been
/// forgotten. The hour is for a server that is being updated.
const SALE: SignedDuration = SignedDuration::from_hours(1);
/// An order is sold at its cut-off, within minutes, and is eaten the day after or the same: half a day later the kitchen's list and
/// the books are at odds.
const ORDER: SignedDuration = SignedDuration::from_hours(12);
/// A withdrawal has no end of its own: somebody tells the bank. Schools pay out every week or every month; whoever waits longer than
/// a month for their own money has been forgotten.
const PAYOUT: SignedDuration = SignedDuration::from_hours(31 * 24);
/// While nothing is posted the server may have been off, and could end nothing: a weekend, and a morning to catch up.
const OFF: SignedDuration = SignedDuration::from_hours(96);

/// What time it is, and until when the server is known to have worked.
pub struct Clock {
    now: Timestamp,
    worked_until: Timestamp,
}

impl Clock {
    /// Reads when the last transaction of any school was posted.
    pub fn read(db: &dyn Session, heads: &[Row], now: Timestamp) -> Db<Self> {
        let mut latest = Timestamp::MIN;
        for head in heads {
            let (shard, place): (i64, i64) = (head.col("shard")?, head.col("places")?);
            let last =
                db.first("SELECT at FROM transactions WHERE shard = $1 AND place = $2", &values![shard, place])?;
            latest = latest.max(last.map_or(Ok(Timestamp::MIN), |row| row.col("at"))?);
        }
        Ok(Self { now, worked_until: latest.min(now) })
    }

    /// Whether money that is held has outlived its rule. `end` is when it should have gone where it was held for, or back; of a
    /// payout, when it was asked for.
    pub fn is_overdue(&self, kind: HoldKind, end: Timestamp) -> bool {
        let later = |by| end.checked_add(by).unwrap_or(Timestamp::MAX);
        match kind {
            HoldKind::Sale => later(SALE) < self.worked_until || later(OFF) < self.now,
            HoldKind::Order => later(ORDER) < self.worked_until || later(OFF) < self.now,
            HoldKind::Payout => later(PAYOUT) < self.now,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_own_bound() {
        let end = Timestamp::constant(1_795_345_200, 0);
        let after = |hours| end.saturating_add(SignedDuration::from_hours(hours)).unwrap_or(Timestamp::MAX);
        let overdue = |kind, worked, now| {
            let clock = Clock { now: after(now), worked_until: after(worked) };
            clock.is_overdue(kind, end)
        };
        for (kind, working) in [(HoldKind::Sale, 1), (HoldKind::Order, 12)] {
            assert!(!overdue(kind, working, working) && overdue(kind, working + 1, working + 1), "{kind:?}");
            // Nobody has posted anything since: the server may have been off.
            assert!(!overdue(kind, 0, 96) && overdue(kind, 0, 97), "{kind:?}");
        }
        assert!(!overdue(HoldKind::Payout, 744, 744) && overdue(HoldKind::Payout, 0, 745));
    }
}
