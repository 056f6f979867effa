//! What is asked of every payer, and how a rule says no.
//!
//! Pure. **Invariant:** a card that is not active, or may not use the account, moves nothing; no movement takes a holder's
//! balance below [`FLOOR`].
//!
//! Every movement asks in this order, and the first rule broken is the answer: the card, the account, what is particular to the
//! movement, the caps (of the day, the week, the month), the balance. Where a till sends the amount, that is looked at first.

use jiff::{SignedDuration, Timestamp};
use madkort_protocol::{CardStatus, Money, OfflineLimits, Refusal, Rule};

use crate::caps::{Caps, Spent, check};

/// No account, of a person or of a guest card, may owe.
pub const FLOOR: Money = Money::ZERO;
/// The least that moves.
pub const LEAST: Money = Money::from_ore(1);
/// The most that one leg may bring to a book or take from one, but for money that is moved on from a holder who has it: far above
/// anything a canteen sees, and so little that [`MOVEMENTS`] of them overflow no book.
pub const LARGEST: Money = Money::from_kroner(1_000_000);
/// Transactions that a school's books are certain to hold, whatever they are: one a second, day and night, for sixty-eight years.
pub const MOVEMENTS: i64 = 1 << 31;

/// A book is never further from zero than all that came in and went out at [`LARGEST`] each. What moves on from a holder, or comes
/// back to one, is part of that already.
const _: () = assert!(LARGEST.ore() <= i64::MAX / MOVEMENTS);

/// Who pays, as far as the rules care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payer {
    /// The card that was tapped; `None` if there is no such card.
    pub card: Option<CardStatus>,
    /// Whether the card's person may use the account.
    pub may_use: bool,
    /// What the account can spend.
    pub balance: Money,
    /// What may be spent from it in a day, a week, a month.
    pub caps: Caps,
    /// What has been.
    pub spent: Spent,
}

impl Payer {
    /// The card is active and opens the account.
    pub fn check_card(&self) -> Result<(), Refusal> {
        if self.card != Some(CardStatus::Active) {
            return Err(refusal(Rule::Card));
        }
        if self.may_use { Ok(()) } else { Err(refusal(Rule::Account)) }
    }

    /// The caps allow it and the balance covers it. Spending nothing, such as on a free meal, breaks no cap, whatever was spent
    /// before.
    pub fn check_spending(&self, asked: Money, at: Timestamp) -> Result<(), Refusal> {
        if asked == Money::ZERO {
            return Ok(());
        }
        check(self.caps, self.spent, asked, at)?;
        self.check_balance(asked)
    }

    /// The balance covers it, down to the floor.
    pub fn check_balance(&self, asked: Money) -> Result<(), Refusal> {
        let covered = self.balance.minus(asked).is_ok_and(|left| left >= FLOOR);
        if covered { Ok(()) } else { Err(over(Rule::Balance, self.balance, asked)) }
    }
}

/// How and when an operation was recorded by the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// While the server was in reach: the server's time decides.
    Online,
    /// While it was not.
    Offline(Offline),
}

/// What is known of an operation recorded while the server was out of reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offline {
    /// When the device says it was.
    pub claimed_at: Timestamp,
    /// What the school allows.
    pub limits: OfflineLimits,
    /// What the same card ordered on the device, or bought at it, in the same outage, before this.
    pub card_before: Money,
    /// What all cards ordered on the device, or bought at it, in the same outage, before this.
    pub kiosk_before: Money,
}

impl Recorded {
    /// Whether it came before the cut-off: online by the server's time, offline by the claimed one if that is not too old. A
    /// claim from the future counts as now.
    pub fn check_cut_off(&self, cut_off: Timestamp, now: Timestamp) -> Result<(), Refusal> {
        let in_time = match self {
            Self::Online => now <= cut_off,
            Self::Offline(offline) => {
                let oldest = SignedDuration::from_hours(i64::from(offline.limits.hours));
                offline.claimed_at.min(now) <= cut_off && now.duration_since(offline.claimed_at) <= oldest
            }
        };
        if in_time { Ok(()) } else { Err(refusal(Rule::CutOff)) }
    }

    /// Whether a sale made offline reached the server in time, by what the device says. A claim from the future counts as now.
    pub fn check_age(&self, now: Timestamp) -> Result<(), Refusal> {
        let Self::Offline(offline) = self else { return Ok(()) };
        let oldest = SignedDuration::from_hours(i64::from(offline.limits.hours));
        let in_time = now.duration_since(offline.claimed_at) <= oldest;
        if in_time { Ok(()) } else { Err(refusal(Rule::OfflineAllowance)) }
    }

    /// Whether an order or a sale taken offline stays within the allowances per sale, card and device.
    pub fn check_allowance(&self, total: Money) -> Result<(), Refusal> {
        let Self::Offline(offline) = self else { return Ok(()) };
        let sums = [
            (offline.limits.per_sale, Ok(total)),
            (offline.limits.per_card, offline.card_before.plus(total)),
            (offline.limits.per_kiosk, offline.kiosk_before.plus(total)),
        ];
        for (limit, sum) in sums {
            match sum {
                Ok(sum) if sum <= limit => {}
                Ok(sum) => return Err(over(Rule::OfflineAllowance, limit, sum)),
                Err(_) => return Err(refusal(Rule::OfflineAllowance)),
            }
        }
        Ok(())
    }
}

/// Something moves.
pub(crate) fn check_moves(amount: Money) -> Result<(), Refusal> {
    if amount >= LEAST { Ok(()) } else { Err(over(Rule::Amount, LEAST, amount)) }
}

/// A rule without figures.
#[must_use]
pub const fn refusal(rule: Rule) -> Refusal {
    Refusal { rule, limit: None, asked: None, portions: None }
}

/// A rule with the figure it allows and the one that was asked for.
#[must_use]
pub const fn over(rule: Rule, limit: Money, asked: Money) -> Refusal {
    Refusal { rule, limit: Some(limit), asked: Some(asked), portions: None }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_second(hour * 3600).unwrap()
    }

    fn offline(claimed_at: Timestamp) -> Recorded {
        let kr = Money::from_kroner;
        let limits = OfflineLimits { per_sale: kr(50), per_card: kr(80), per_kiosk: kr(200), hours: 24 };
        Recorded::Offline(Offline { claimed_at, limits, card_before: kr(40), kiosk_before: kr(170) })
    }

    #[test]
    fn online_the_servers_clock_decides() {
        assert!(Recorded::Online.check_cut_off(at(10), at(10)).is_ok());
        assert_eq!(Recorded::Online.check_cut_off(at(10), at(11)), Err(refusal(Rule::CutOff)));
    }

    #[test]
    fn offline_the_claim_decides_for_a_day() {
        assert!(offline(at(9)).check_cut_off(at(10), at(12)).is_ok());
        assert!(offline(at(9)).check_cut_off(at(10), at(33)).is_ok());
        assert_eq!(offline(at(9)).check_cut_off(at(10), at(34)), Err(refusal(Rule::CutOff)));
        assert_eq!(offline(at(11)).check_cut_off(at(10), at(12)), Err(refusal(Rule::CutOff)));
        // A clock that runs ahead does not lock anybody out before the cut-off.
        assert!(offline(at(99)).check_cut_off(at(10), at(9)).is_ok());
        assert!(offline(at(99)).check_cut_off(at(10), at(11)).is_err());
    }

    #[test]
    fn each_allowance_says_its_own_figure() {
        let kr = Money::from_kroner;
        let check = |total| offline(at(9)).check_allowance(kr(total));
        assert!(check(30).is_ok());
        assert_eq!(check(51), Err(over(Rule::OfflineAllowance, kr(50), kr(51))));
        assert_eq!(check(45), Err(over(Rule::OfflineAllowance, kr(80), kr(85))));
        assert_eq!(check(40), Err(over(Rule::OfflineAllowance, kr(200), kr(210))));
        assert!(Recorded::Online.check_allowance(kr(5000)).is_ok());
    }

    #[test]
    fn a_sale_made_offline_may_be_as_old_as_the_school_allows() {
        assert!(offline(at(9)).check_age(at(33)).is_ok());
        assert_eq!(offline(at(9)).check_age(at(34)), Err(refusal(Rule::OfflineAllowance)));
        assert!(offline(at(99)).check_age(at(9)).is_ok());
        assert!(offline(Timestamp::MIN).check_age(Timestamp::MAX).is_err());
        assert!(Recorded::Online.check_age(Timestamp::MAX).is_ok());
    }

    fn payer(kroner: i32) -> Payer {
        Payer {
            card: Some(CardStatus::Active),
            may_use: true,
            balance: Money::from_kroner(kroner),
            caps: Caps::NONE,
            spent: Spent::default(),
        }
    }

    #[test]
    fn caps_come_before_the_balance_and_do_not_stand_in_the_way_of_a_free_meal() {
        let kr = Money::from_kroner;
        let capped = Payer { caps: Caps { day: Some(kr(20)), ..Caps::NONE }, ..payer(10) };
        assert_eq!(capped.check_spending(kr(21), at(0)), Err(over(Rule::DayCap, kr(20), kr(21))));
        assert_eq!(capped.check_spending(kr(20), at(0)), Err(over(Rule::Balance, kr(10), kr(20))));
        assert_eq!(capped.check_spending(kr(10), at(0)), Ok(()));
        let spent = capped.spent.spend(kr(30), at(0)).unwrap();
        assert_eq!(Payer { spent, ..capped }.check_spending(Money::ZERO, at(0)), Ok(()));
    }

    #[test]
    fn nobody_owes() {
        let payer = payer(22);
        assert!(payer.check_balance(Money::from_kroner(22)).is_ok());
        assert_eq!(
            payer.check_balance(Money::from_ore(2201)),
            Err(over(Rule::Balance, Money::from_kroner(22), Money::from_ore(2201)))
        );
        let none = Payer { card: None, ..payer };
        assert_eq!(none.check_card(), Err(refusal(Rule::Card)));
        let blocked = Payer { card: Some(CardStatus::Blocked), ..payer };
        assert_eq!(blocked.check_card(), Err(refusal(Rule::Card)));
        let stranger = Payer { may_use: false, ..payer };
        assert_eq!(stranger.check_card(), Err(refusal(Rule::Account)));
    }
}
