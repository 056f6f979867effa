//! Spending caps (*maks. forbrug*): what may be spent from an account in a Danish day, week and month.
//!
//! Pure. What counts is what leaves the account for food: purchases, authorisations and orders, when the money is taken or held.
//! A subsidy is not the holder's money, and a transfer spends nothing.
//!
//! **Invariant:** [`Spent`] is what was spent less what was given back in its day, week and month, and never below zero; a clock
//! that runs backwards opens no day again.

use jiff::Timestamp;
use jiff::civil::Date;
use madkort_protocol::{AccountId, Money, Refusal, Rule};

use crate::danish::{day_of, monday_of, month_of};
use crate::rules::{over, refusal};
use crate::{Book, Transaction};

/// The most that may be spent; each limit is optional.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Caps {
    /// In a day.
    pub day: Option<Money>,
    /// In a week, from Monday (ISO 8601).
    pub week: Option<Money>,
    /// In a month.
    pub month: Option<Money>,
}

impl Caps {
    /// No limits.
    pub const NONE: Self = Self { day: None, week: None, month: None };

    /// What may still be spent under each of them, at a moment.
    #[must_use]
    pub fn left(self, spent: Spent, now: Timestamp) -> Self {
        let spent = spent.at(now);
        // A cap may have been set below what was spent before.
        let less = |cap: Option<Money>, sum| cap.map(|cap| cap.minus(sum).unwrap_or_default().max(Money::ZERO));
        Self {
            day: less(self.day, spent.day_sum),
            week: less(self.week, spent.week_sum),
            month: less(self.month, spent.month_sum),
        }
    }
}

/// What has been spent, kept beside the balance. The default is nothing, long ago.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// The day.
    pub day: Date,
    /// In it.
    pub day_sum: Money,
    /// The Monday of the week.
    pub week: Date,
    /// In it.
    pub week_sum: Money,
    /// The first of the month.
    pub month: Date,
    /// In it.
    pub month_sum: Money,
}

impl Spent {
    /// As it stands at a moment: a day, a week, a month that is over counts no more.
    #[must_use]
    pub fn at(self, now: Timestamp) -> Self {
        let today = day_of(now);
        let forward = |date: Date, sum: Money, current: Date| {
            if current > date { (current, Money::ZERO) } else { (date, sum) }
        };
        let (day, day_sum) = forward(self.day, self.day_sum, today);
        let (week, week_sum) = forward(self.week, self.week_sum, monday_of(today));
        let (month, month_sum) = forward(self.month, self.month_sum, month_of(today));
        Self { day, day_sum, week, week_sum, month, month_sum }
    }

    /// With one more amount.
    pub fn spend(self, amount: Money, now: Timestamp) -> Result<Self, Refusal> {
        let before = self.at(now);
        let more = |sum: Money| sum.plus(amount).map_err(|_| refusal(Rule::Amount));
        Ok(Self {
            day_sum: more(before.day_sum)?,
            week_sum: more(before.week_sum)?,
            month_sum: more(before.month_sum)?,
            ..before
        })
    }

    /// With an amount of `spent_at` given back: in the day, week and month that it was spent in, as far as they last.
    #[must_use]
    pub fn give_back(self, amount: Money, spent_at: Timestamp, now: Timestamp) -> Self {
        let before = self.at(now);
        let day = day_of(spent_at);
        let less = |date: Date, of: Date, sum: Money| {
            // Nobody can have spent less than nothing; an amount that was never counted gives no room.
            if date == of { sum.minus(amount).unwrap_or_default().max(Money::ZERO) } else { sum }
        };
        Self {
            day_sum: less(before.day, day, before.day_sum),
            week_sum: less(before.week, monday_of(day), before.week_sum),
            month_sum: less(before.month, month_of(day), before.month_sum),
            ..before
        }
    }

    /// As it stands after a transaction: what it takes from the account is spent, what it gives back was spent at `spent_at`
    /// (when the money was first taken or held). Kinds that are no spending change nothing; who reverses a purchase by a
    /// correction gives back with [`Spent::give_back`].
    pub fn after(self, transaction: &Transaction, account: AccountId, spent_at: Timestamp) -> Result<Self, Refusal> {
        let change = transaction.change_of(&Book::Card(account));
        if !transaction.kind().is_spending() || change == Money::ZERO {
            return Ok(self.at(transaction.at()));
        }
        if change > Money::ZERO {
            return Ok(self.give_back(change, spent_at, transaction.at()));
        }
        self.spend(change.negated().map_err(|_| refusal(Rule::Amount))?, transaction.at())
    }
}

/// Whether one more amount stays within every cap; the day's is asked first. The figures of a refusal are the cap and what
/// would have been spent.
pub fn check(caps: Caps, spent: Spent, amount: Money, now: Timestamp) -> Result<(), Refusal> {
    let spent = spent.at(now);
    let windows = [
        (Rule::DayCap, caps.day, spent.day_sum),
        (Rule::WeekCap, caps.week, spent.week_sum),
        (Rule::MonthCap, caps.month, spent.month_sum),
    ];
    for (rule, cap, sum) in windows {
        let Some(cap) = cap else { continue };
        match sum.plus(amount) {
            Ok(sum) if sum <= cap => {}
            Ok(sum) => return Err(over(rule, cap, sum)),
            Err(_) => return Err(over(rule, cap, amount)),
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use jiff::SignedDuration;
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn kr(kroner: i32) -> Money {
        Money::from_kroner(kroner)
    }

    fn sums(spent: Spent) -> [i64; 3] {
        [spent.day_sum, spent.week_sum, spent.month_sum].map(|sum| sum.ore() / 100)
    }

    #[test]
    fn each_cap_may_be_reached_and_not_passed_and_the_day_is_asked_first() {
        let noon = at("2026-11-23T11:00:00Z");
        let caps = Caps { day: Some(kr(50)), week: Some(kr(150)), month: Some(kr(400)) };
        let spent = Spent { day_sum: kr(20), week_sum: kr(130), month_sum: kr(390), ..Spent::default().at(noon) };
        let asked = |caps, amount| check(caps, spent, amount, noon);
        assert_eq!(asked(caps, kr(10)), Ok(()));
        assert_eq!(asked(caps, Money::from_ore(1001)), Err(over(Rule::MonthCap, kr(400), Money::from_ore(40_001))));
        assert_eq!(asked(Caps { month: None, ..caps }, kr(21)), Err(over(Rule::WeekCap, kr(150), kr(151))));
        assert_eq!(asked(caps, kr(31)), Err(over(Rule::DayCap, kr(50), kr(51))));
        assert_eq!(asked(Caps::NONE, Money::from_ore(i64::MAX)), Ok(()));
        let most = Money::from_ore(i64::MAX);
        assert_eq!(asked(caps, most), Err(over(Rule::DayCap, kr(50), most)));
        assert_eq!(spent.spend(most, noon), Err(refusal(Rule::Amount)));
    }

    #[test]
    fn what_is_left_is_just_what_may_be_spent_and_never_below_nothing() {
        let noon = at("2026-11-23T11:00:00Z");
        let caps = Caps { day: Some(kr(50)), week: None, month: Some(kr(400)) };
        let spent = Spent { day_sum: kr(20), week_sum: kr(130), month_sum: kr(410), ..Spent::default().at(noon) };
        assert_eq!(caps.left(spent, noon), Caps { day: Some(kr(30)), week: None, month: Some(kr(0)) });
        let by_the_day = Caps { month: None, ..caps };
        assert_eq!(check(by_the_day, spent, kr(30), noon), Ok(()));
        assert!(check(by_the_day, spent, Money::from_ore(3001), noon).is_err());
        // The next day has its own, and the month goes on.
        assert_eq!(caps.left(spent, at("2026-11-24T11:00:00Z")).day, Some(kr(50)));
        assert_eq!(caps.left(spent, at("2026-12-01T11:00:00Z")), caps);
        assert_eq!(Caps::NONE.left(spent, noon), Caps::NONE);
    }

    #[test]
    fn the_day_that_loses_an_hour_has_23_and_the_one_that_wins_it_25() {
        for (first, last, after) in [
            // 29 March 2026 begins at 23:00 UTC the day before and ends at 22:00.
            ("2026-03-28T23:00:00Z", "2026-03-29T21:59:59Z", "2026-03-29T22:00:00Z"),
            // 25 October 2026 begins at 22:00 UTC the day before and ends at 23:00.
            ("2026-10-24T22:00:00Z", "2026-10-25T22:59:59Z", "2026-10-25T23:00:00Z"),
        ] {
            let spent = Spent::default().spend(kr(30), at(first)).unwrap();
            assert_eq!(sums(spent.at(at(last))), [30, 30, 30]);
            // Both are Sundays: with the day the week is over, and the month is not.
            assert_eq!(sums(spent.at(at(after))), [0, 0, 30]);
            let before = at(first).checked_sub(SignedDuration::from_secs(1)).unwrap();
            assert_eq!(sums(Spent::default().spend(kr(30), before).unwrap().at(at(first))), [0, 30, 30]);
        }
        let length = |first: &str, after: &str| at(after).duration_since(at(first)).as_hours();
        assert_eq!(length("2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"), 23);
        assert_eq!(length("2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"), 25);
    }

    #[test]
    fn the_hour_that_comes_twice_counts_twice() {
        let first = at("2026-10-25T00:30:00Z");
        let again = at("2026-10-25T01:30:00Z");
        let spent = Spent::default().spend(kr(10), first).unwrap().spend(kr(10), again).unwrap();
        assert_eq!(sums(spent), [20, 20, 20]);
    }

    #[test]
    fn a_week_goes_on_over_new_year_and_a_month_does_not() {
        let wednesday = Spent::default().spend(kr(10), at("2026-12-30T11:00:00Z")).unwrap();
        // 1 January 2027 is the Friday of week 53 of 2026.
        let friday = wednesday.spend(kr(5), at("2027-01-01T11:00:00Z")).unwrap();
        assert_eq!(sums(friday), [5, 15, 5]);
        assert_eq!(friday.week, date(2026, 12, 28));
        assert_eq!(sums(friday.at(at("2027-01-04T11:00:00Z"))), [0, 0, 5]);
    }

    #[test]
    fn a_month_ends_at_danish_midnight() {
        let spent = Spent::default().spend(kr(10), at("2028-02-29T22:59:59Z")).unwrap();
        assert_eq!((spent.day, spent.month), (date(2028, 2, 29), date(2028, 2, 1)));
        assert_eq!(sums(spent.at(at("2028-02-29T23:00:00Z"))), [0, 10, 0]);
    }

    #[test]
    fn a_clock_that_runs_backwards_opens_no_day_again() {
        let spent = Spent::default().spend(kr(10), at("2026-11-23T11:00:00Z")).unwrap();
        let earlier = at("2026-11-20T11:00:00Z");
        assert_eq!(spent.at(earlier), spent);
        assert_eq!(sums(spent.spend(kr(5), earlier).unwrap()), [15, 15, 15]);
    }

    #[test]
    fn what_is_given_back_counts_where_it_was_spent() {
        let monday = at("2026-11-30T11:00:00Z");
        let spent = Spent::default().spend(kr(30), monday).unwrap();
        assert_eq!(sums(spent.give_back(kr(30), monday, at("2026-11-30T12:00:00Z"))), [0, 0, 0]);
        // The month is a new one on Tuesday; Monday's money is not given back to it, nor to Tuesday.
        let tuesday = spent.spend(kr(20), at("2026-12-01T11:00:00Z")).unwrap();
        assert_eq!(sums(tuesday.give_back(kr(30), monday, at("2026-12-01T12:00:00Z"))), [20, 20, 20]);
        assert_eq!(sums(spent.give_back(kr(99), monday, monday)), [0, 0, 0]);
    }

    proptest! {
        /// The sums once more, from the list.
        #[test]
        fn sums_are_what_the_list_adds_up_to(steps in prop::collection::vec((0_i64..200_000, 0_i64..5_000, any::<bool>()), 1..40)) {
            let mut now = at("2026-10-20T10:00:00Z");
            let mut spent = Spent::default();
            let mut list: Vec<(Timestamp, i64)> = Vec::new();
            for (seconds, ore, back) in steps {
                now = now.checked_add(SignedDuration::from_secs(seconds)).unwrap();
                let last = list.iter().rposition(|(_, ore)| *ore > 0).filter(|_| back);
                if let Some(index) = last {
                    let (when, ore) = std::mem::take(&mut list[index]);
                    spent = spent.give_back(Money::from_ore(ore), when, now);
                } else {
                    spent = spent.spend(Money::from_ore(ore), now).unwrap();
                    list.push((now, ore));
                }
                let zone = |at: Timestamp| at.in_tz("Europe/Copenhagen").unwrap().date();
                let sum = |same: &dyn Fn(Date) -> bool| -> i64 {
                    list.iter().filter(|(when, _)| same(zone(*when))).map(|(_, ore)| ore).sum()
                };
                let today = zone(now);
                prop_assert_eq!(spent.day_sum.ore(), sum(&|day| day == today));
                let week = |day: Date| (day.iso_week_date().year(), day.iso_week_date().week());
                prop_assert_eq!(spent.week_sum.ore(), sum(&|day| week(day) == week(today)));
                let month = |day: Date| (day.year(), day.month());
                prop_assert_eq!(spent.month_sum.ore(), sum(&|day| month(day) == month(today)));
            }
        }
    }
}
