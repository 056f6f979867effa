//! What is known of an account, and the conditions of a charge.
//!
//! Pure. **Invariant:** [`Facts::hindrance`] names the first condition that does not hold; that no charge is open and that the
//! mandate is in force is for [`super::State`] to say.

use jiff::{SignedDuration, Timestamp};
use madkort_protocol::{Money, MoneyError, OperationId};

use crate::danish;

/// The balance under which an account is topped up, where the mandate says nothing else: 50,00 kr. itself does not trigger.
pub const BELOW: Money = Money::from_kroner(50);
/// What must have been paid in, less refunds, before a mandate is in force.
pub const ARMED_FROM: Money = Money::from_kroner(100);
/// After a successful charge: tills that come back from offline one by one do not chain charges within a break.
pub const COOL_DOWN: SignedDuration = SignedDuration::from_mins(10);

/// The most a mandate may charge in a Danish calendar day, week (from Monday) and month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    /// In a day.
    pub day: Money,
    /// In a week, where the mandate has such a cap.
    pub week: Option<Money>,
    /// In a month.
    pub month: Money,
}

/// How often the amount may be charged in a day: two hungry children on one account, or one and a mistake.
const TIMES_A_DAY: u32 = 2;
/// And in a week: nearly every school day.
const TIMES_A_WEEK: u32 = 4;
/// And in a month: a lunch and a snack every school day at the usual amount.
const TIMES_A_MONTH: u32 = 10;

impl Caps {
    /// Those of a mandate that is given at a kiosk.
    pub fn of(amount: Money) -> Result<Self, MoneyError> {
        let (day, month) = (amount.times(TIMES_A_DAY)?, amount.times(TIMES_A_MONTH)?);
        Ok(Self { day, week: Some(amount.times(TIMES_A_WEEK)?), month })
    }
}

/// What has been charged so far in the current Danish day, week and month, open charges included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Charged {
    /// Today.
    pub day: Money,
    /// This week.
    pub week: Money,
    /// This month.
    pub month: Money,
}

/// A purchase, an order or an authorisation that may begin a charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cause {
    /// Which.
    pub id: OperationId,
    /// When it was posted.
    pub at: Timestamp,
}

/// What is known of an account with a mandate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// What the mandate charges each time.
    pub amount: Money,
    /// The balance under which it charges.
    pub below: Money,
    /// What it may charge at most.
    pub caps: Caps,
    /// What was charged already.
    pub charged: Charged,
    /// Deposits that reached the ledger, less refunds, since the account began.
    pub paid_in: Money,
    /// Spendable now.
    pub balance: Money,
    /// When the last charge succeeded.
    pub last_success: Option<Timestamp>,
    /// What took the balance below the threshold: of what was bought while the mandate was in force, was not taken back and was
    /// not looked at before ([`super::State::has_looked`]), the first that left the balance below since it last was not.
    pub purchase: Option<Cause>,
    /// The key of the charge, should one begin now.
    pub new_id: OperationId,
    /// Now.
    pub now: Timestamp,
}

/// The first condition that does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hindrance {
    /// Less than [`ARMED_FROM`] has been paid in.
    NotArmed,
    /// The balance is not below the threshold.
    EnoughLeft,
    /// One more would pass a cap.
    CapReached,
    /// The last success was a moment ago.
    CoolingDown {
        /// Until when.
        until: Timestamp,
    },
    /// The purchase is of another Danish day than today.
    AnotherDay,
}

impl Facts {
    /// What forbids a charge now.
    #[must_use]
    pub fn hindrance(&self) -> Option<Hindrance> {
        if self.paid_in < ARMED_FROM {
            Some(Hindrance::NotArmed)
        } else if self.balance >= self.below {
            Some(Hindrance::EnoughLeft)
        } else if !self.within_caps() {
            Some(Hindrance::CapReached)
        } else {
            self.cooling_down(self.now)
        }
    }

    /// What forbids a charge for a purchase that nobody looked at when it was made, because the server stopped: what forbids one
    /// now, and what forbade one then. The caps of another day are not today's, and nobody expects to be charged for yesterday's
    /// meal: there the next purchase decides.
    #[must_use]
    pub fn hindrance_since(&self, missed: &Cause) -> Option<Hindrance> {
        if danish::day_of(missed.at) != danish::day_of(self.now) {
            return Some(Hindrance::AnotherDay);
        }
        self.hindrance().or_else(|| self.cooling_down(missed.at))
    }

    fn cooling_down(&self, at: Timestamp) -> Option<Hindrance> {
        let until = self.last_success?.checked_add(COOL_DOWN).unwrap_or(Timestamp::MAX);
        (at < until).then_some(Hindrance::CoolingDown { until })
    }

    fn within_caps(&self) -> bool {
        let fits = |charged: Money, cap: Money| charged.plus(self.amount).is_ok_and(|sum| sum <= cap);
        fits(self.charged.day, self.caps.day)
            && self.caps.week.is_none_or(|cap| fits(self.charged.week, cap))
            && fits(self.charged.month, self.caps.month)
    }
}
