//! What happened at Højager Skole before the demo opens: three weeks of deposits, purchases, orders and one auto top-up.
//!
//! Pure. **Invariant:** read in order, no account is ever below zero, every amount is at its real price, and the same
//! `today` gives the same history.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use madkort_protocol::Money;

use super::food::{dishes_of, is_school_day, product};
use super::people::{ALMA, ELIAS, FREJA, GUEST, IDA, KAREN, LAERKE, MALTHE, NOAH, OSKAR, ROWS, SOFIA, TOBIAS, VILLADS};

/// School days of history: three weeks less today.
const DAYS: usize = 14;

/// One thing that happened to an account.
#[derive(Clone, Debug, PartialEq)]
pub struct Happening {
    /// When.
    pub at: Timestamp,
    /// Whose account.
    pub person: u32,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// Paid in by hand.
    Deposit(Money),
    /// Bought at the till: a product's number.
    Purchase(u32),
    /// Ordered for a day: product, quantity, comment. Sold at that day's cut-off, if that is before today.
    Order {
        /// The day of delivery.
        delivery: Date,
        /// The lines.
        lines: Vec<(u32, u32, &'static str)>,
    },
    /// Topped up by the mandate because of the purchase right before it.
    Recharge(Money),
}

struct Calendar<'a> {
    /// The last [`DAYS`] school days before today, oldest first.
    days: Vec<Date>,
    today: Date,
    danish: &'a TimeZone,
    happenings: Vec<Happening>,
}

/// Everything, oldest first.
pub fn history(today: Date, danish: &TimeZone) -> Result<Vec<Happening>, jiff::Error> {
    let mut days: Vec<Date> =
        today.series(Span::new().days(-1)).skip(1).filter(|date| is_school_day(*date)).take(DAYS).collect();
    days.reverse();
    let mut calendar = Calendar { days, today, danish, happenings: Vec::new() };
    calendar.alma()?;
    calendar.those_with_a_role()?;
    for row in ROWS {
        let has_a_role = [ALMA, MALTHE, IDA, NOAH, ELIAS, GUEST].contains(&row.n);
        if !has_a_role {
            calendar.crowd(row.n)?;
        }
    }
    calendar.happenings.sort_by_key(|happening| (happening.at, happening.person));
    Ok(calendar.happenings)
}

impl Calendar<'_> {
    fn at(&self, date: Date, hour: i8, minute: i8) -> Result<Timestamp, jiff::Error> {
        Ok(date.at(hour, minute, 0, 0).to_zoned(self.danish.clone())?.timestamp())
    }

    fn push(&mut self, person: u32, date: Date, (hour, minute): (i8, i8), what: What) -> Result<(), jiff::Error> {
        let at = self.at(date, hour, minute)?;
        self.happenings.push(Happening { at, person, what });
        Ok(())
    }

    fn deposit(&mut self, person: u32, day: usize, kroner: i32) -> Result<(), jiff::Error> {
        let date = self.days[day].yesterday()?;
        // Before the evening's orders.
        self.push(person, date, (16, minute_of(person)), What::Deposit(Money::from_kroner(kroner)))
    }

    fn purchase(&mut self, person: u32, day: usize, dish: u32) -> Result<(), jiff::Error> {
        self.push(person, self.days[day], (11, minute_of(person + dish)), What::Purchase(dish))
    }

    fn order(&mut self, person: u32, delivery: Date, lines: &[(u32, u32, &'static str)]) -> Result<(), jiff::Error> {
        let what = What::Order { delivery, lines: lines.to_vec() };
        self.push(person, delivery.yesterday()?, (17, minute_of(person)), what)
    }

    /// The guided visit: something on most days, and an order for today.
    fn alma(&mut self) -> Result<(), jiff::Error> {
        self.deposit(ALMA, 0, 200)?;
        self.deposit(ALMA, 7, 250)?;
        for day in [0, 1, 3, 4, 6, 8, 9, 11, 13] {
            let delivery = self.days[day];
            let on = dishes_of(delivery);
            let comment = if day == 4 { "Ekstra råkost, tak" } else { "" };
            self.order(ALMA, delivery, &[(on[day % 2], 1, comment)])?;
        }
        for (day, dish) in [(2, 10), (5, 9), (7, 14), (10, 17), (12, 20)] {
            self.purchase(ALMA, day, dish)?;
        }
        let on = dishes_of(self.today);
        self.order(ALMA, self.today, &[(on[1], 1, "Uden løg, tak"), (18, 1, "")])
    }

    fn those_with_a_role(&mut self) -> Result<(), jiff::Error> {
        // 100,00 in; 45,50 after the milk, so one top-up; 53,00 today.
        self.deposit(MALTHE, 0, 100)?;
        for (day, dish) in [(1, 9), (3, 10), (4, 18), (6, 2), (8, 10), (10, 13), (12, 19), (13, 21)] {
            self.purchase(MALTHE, day, dish)?;
        }
        let (hour, minute) = (11, minute_of(MALTHE + 18) + 1);
        self.push(MALTHE, self.days[4], (hour, minute), What::Recharge(Money::from_kroner(100)))?;

        // 12,00 left.
        self.deposit(IDA, 2, 50)?;
        for (day, dish) in [(3, 10), (8, 19), (12, 18)] {
            self.purchase(IDA, day, dish)?;
        }
        // 80,00 in, so top-up waits for 20,00 more; 56,00 left.
        self.deposit(NOAH, 5, 80)?;
        self.purchase(NOAH, 6, 10)?;
        // 22,50 left, and top-up has stopped.
        self.deposit(ELIAS, 0, 150)?;
        for (day, dish) in [(1, 9), (2, 1), (5, 9), (8, 3), (11, 18), (12, 14)] {
            self.purchase(ELIAS, day, dish)?;
        }
        // 70,00 left.
        self.deposit(GUEST, 9, 100)?;
        self.purchase(GUEST, 10, 1)
    }

    /// Everybody else: a purchase or an order now and then, and one deposit that leaves something over.
    fn crowd(&mut self, person: u32) -> Result<(), jiff::Error> {
        let mut spent = 0;
        for day in 0..self.days.len() {
            let salt = usize::try_from(person).unwrap_or(0) * 7 + day * 3;
            let on = dishes_of(self.days[day]);
            let dish = on[salt % on.len()];
            match salt % 5 {
                0 => self.purchase(person, day, dish)?,
                1 => self.order(person, self.days[day], &[(on[salt % 2], 1, "")])?,
                _ => continue,
            }
            let bought = if salt % 5 == 0 { dish } else { on[salt % 2] };
            spent += product(bought).map_or(0, |product| product.price.ore());
        }
        if let SOFIA | VILLADS = person {
            let next = self.today.series(Span::new().days(1)).skip(1).find(|date| is_school_day(*date));
            if let Some(next) = next {
                // Placed yesterday evening, like every other order: nothing in the history is later than today.
                let dish = dishes_of(next)[0];
                let what = What::Order { delivery: next, lines: vec![(dish, 1, "")] };
                self.push(person, self.today.yesterday()?, (18, minute_of(person)), what)?;
                spent += product(dish).map_or(0, |product| product.price.ore());
            }
        }
        let left = match person {
            // Needs no money, and has none.
            LAERKE => return Ok(()),
            FREJA => 145,
            OSKAR => 35,
            TOBIAS => 88,
            KAREN => 212,
            _ => 30 + i64::from(person) * 37 % 170,
        };
        let kroner = i32::try_from((spent + 99) / 100 + left).unwrap_or(i32::MAX);
        self.deposit(person, 0, kroner)
    }
}

/// So that people do not all pay in the same minute.
fn minute_of(person: u32) -> i8 {
    i8::try_from(person * 13 % 55).unwrap_or(0)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn balances(today: Date) -> BTreeMap<u32, i64> {
        let danish = TimeZone::get("Europe/Copenhagen").unwrap();
        let mut balances = BTreeMap::new();
        let mut before = None;
        for happening in history(today, &danish).unwrap() {
            assert!(before.is_none_or(|before| before <= happening.at));
            before = Some(happening.at);
            let balance: &mut i64 = balances.entry(happening.person).or_default();
            *balance += match happening.what {
                What::Deposit(amount) | What::Recharge(amount) => amount.ore(),
                What::Purchase(dish) => -product(dish).unwrap().price.ore(),
                What::Order { lines, delivery } => {
                    for (dish, ..) in &lines {
                        assert!(dishes_of(delivery).contains(dish), "{dish} is not on {delivery}");
                    }
                    -lines.iter().map(|(dish, n, _)| product(*dish).unwrap().price.ore() * i64::from(*n)).sum::<i64>()
                }
            };
            assert!(*balance >= 0 || happening.person == LAERKE, "{} at {}", happening.person, happening.at);
        }
        balances
    }

    #[test]
    fn everybody_has_the_balance_the_demo_needs_on_any_day() {
        for offset in 0..30 {
            let today = jiff::civil::date(2026, 11, 10) + Span::new().days(offset);
            let balances = balances(today);
            assert_eq!(balances.len(), ROWS.len());
            assert_eq!([MALTHE, IDA, NOAH, ELIAS, GUEST].map(|n| balances[&n]), [5_300, 1_200, 5_600, 2_250, 7_000]);
            assert!((5_000..25_000).contains(&balances[&ALMA]), "{today}: {}", balances[&ALMA]);
        }
    }
}
