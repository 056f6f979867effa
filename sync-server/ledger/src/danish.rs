//! Danish days, weeks and months: the books are kept by Danish time, whatever zone the machine is in.
//!
//! Pure: the rules of the zone are a table in the program.
//!
//! **Invariant:** every moment has one Danish day, also on the days that have 23 or 25 hours.

use std::sync::LazyLock;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Zoned};

/// The rules of Danish time, from the tables built into the program.
static DANISH: LazyLock<TimeZone> =
    LazyLock::new(|| TimeZone::get("Europe/Copenhagen").expect("the zone tables are built in"));

/// A moment on Danish clocks.
#[must_use]
pub fn zoned(at: Timestamp) -> Zoned {
    at.to_zoned(DANISH.clone())
}

/// The Danish day of a moment.
#[must_use]
pub fn day_of(at: Timestamp) -> Date {
    at.to_zoned(DANISH.clone()).date()
}

/// The moment a Danish day begins. Days at the ends of the calendar saturate.
#[must_use]
pub fn start_of(day: Date) -> Timestamp {
    day.to_zoned(DANISH.clone()).map_or(Timestamp::MAX, |zoned| zoned.timestamp())
}

/// The first day of a day's month.
#[must_use]
pub fn month_of(day: Date) -> Date {
    day.first_of_month()
}

/// The first day of the month after a day's.
#[must_use]
pub fn next_month(day: Date) -> Date {
    day.first_of_month().saturating_add(Span::new().months(1))
}

/// The Monday of a day's week.
#[must_use]
pub fn monday_of(day: Date) -> Date {
    day.saturating_sub(Span::new().days(i64::from(day.weekday().to_monday_zero_offset())))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_month_begins_at_danish_midnight_summer_and_winter() {
        assert_eq!(start_of(date(2026, 11, 1)).to_string(), "2026-10-31T23:00:00Z");
        assert_eq!(start_of(date(2026, 7, 1)).to_string(), "2026-06-30T22:00:00Z");
        assert_eq!(day_of("2026-06-30T22:30:00Z".parse().unwrap()), date(2026, 7, 1));
        assert_eq!(next_month(date(2026, 12, 24)), date(2027, 1, 1));
        assert_eq!(monday_of(date(2026, 11, 22)), date(2026, 11, 16));
        assert_eq!(monday_of(date(2026, 11, 16)), date(2026, 11, 16));
    }
}
