//! When a gateway that has not said how a payment ended is asked again.
//!
//! Pure. **Invariant:** however long it stays silent it is asked again, and never more than once a day after the first hours.

use jiff::{SignedDuration, Timestamp};

/// How often it is asked soon: after so many questions, a little over an hour, it is asked once a day, and staff should look.
pub const ASKED_SOON: u32 = 5;
/// Counted from the last time; then every day.
const ASK_AFTER: [SignedDuration; ASKED_SOON as usize] = [
    SignedDuration::from_secs(5),
    SignedDuration::from_secs(30),
    SignedDuration::from_mins(2),
    SignedDuration::from_mins(10),
    SignedDuration::from_hours(1),
];
const ASK_DAILY: SignedDuration = SignedDuration::from_hours(24);

/// When to ask next, after `asks` times.
#[must_use]
pub fn next_ask(asks: u32, now: Timestamp) -> Timestamp {
    let wait = usize::try_from(asks).ok().and_then(|nth| ASK_AFTER.get(nth).copied()).unwrap_or(ASK_DAILY);
    now.checked_add(wait).unwrap_or(Timestamp::MAX)
}
