//! Auto top-up (*Auto-optank*): whether an account is charged now, and what follows when the charge is declined.
//!
//! Pure: [`decide`] is told what is known of an account, the time included, and answers.
//!
//! **Invariant:** [`Decision::Charge`] only when all six conditions hold: the mandate is active, 100,00 kr. have been paid
//! in, the balance is *below* the threshold, no charge is open, no cap is passed, and the cool-down or retry wait is over.
//! Every charge names the one purchase that set it off.

use jiff::{SignedDuration, Timestamp};
use madkort_protocol::{AutoRechargeState, Money, OperationId};

/// The balance under which an account is topped up, where the mandate says nothing else: 50,00 kr. itself does not trigger.
pub const BELOW: Money = Money::from_kroner(50);
/// What must have been paid in, less refunds, before a mandate is in force.
pub const ARMED_FROM: Money = Money::from_kroner(100);
/// After a successful charge: tills that come back from offline one by one do not chain charges within a break.
pub const COOL_DOWN: SignedDuration = SignedDuration::from_mins(10);
/// When the n-th attempt is made, counted from the first one: at once, after a day, three days, a week. Far inside what the
/// card schemes allow (Visa 20 declines in 30 days).
pub const ATTEMPT_AFTER: [SignedDuration; 4] = [
    SignedDuration::ZERO,
    SignedDuration::from_hours(24),
    SignedDuration::from_hours(72),
    SignedDuration::from_hours(168),
];

/// Whether a mandate may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MandateState {
    /// Yes.
    Active,
    /// Stopped by a decline until its holder acts.
    Suspended,
    /// Taken back by its holder.
    Cancelled,
}

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

/// What has been charged so far in the current day, week and month, open charges included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Charged {
    /// Today.
    pub day: Money,
    /// This week.
    pub week: Money,
    /// This month.
    pub month: Money,
}

/// A charge that was declined softly and is to be tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Declined {
    /// When the first attempt was made.
    pub first: Timestamp,
    /// Attempts so far, at least one.
    pub attempts: u32,
    /// The purchase that set the first one off.
    pub trigger: OperationId,
}

impl Declined {
    /// When the next attempt is due; `None` when there are no more.
    #[must_use]
    pub fn next_attempt(&self) -> Option<Timestamp> {
        let wait = ATTEMPT_AFTER.get(usize::try_from(self.attempts).ok()?)?;
        Some(self.first.checked_add(*wait).unwrap_or(Timestamp::MAX))
    }
}

/// What is known of an account with a mandate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RechargeFacts {
    /// Whether the mandate may be used.
    pub mandate: MandateState,
    /// What it charges each time.
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
    /// A charge is written down whose end is not known.
    pub open_charge: bool,
    /// When the last charge succeeded.
    pub last_success: Option<Timestamp>,
    /// A soft decline that waits for its next attempt.
    pub declined: Option<Declined>,
    /// The newest purchase that no charge has answered yet.
    pub purchase: Option<OperationId>,
    /// Now.
    pub now: Timestamp,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Charge.
    Charge {
        /// How much: the mandate's fixed amount.
        amount: Money,
        /// The purchase that set it off: the answer to "why was I charged".
        trigger: OperationId,
    },
    /// Do nothing.
    Nothing(Why),
}

/// The first condition that does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The mandate is suspended or cancelled.
    NotActive,
    /// Less than [`ARMED_FROM`] has been paid in.
    NotArmed,
    /// The balance is not below the threshold.
    EnoughLeft,
    /// A charge is open.
    ChargeOpen,
    /// One more would pass a cap.
    CapReached,
    /// The last success was a moment ago.
    CoolingDown {
        /// Until when.
        until: Timestamp,
    },
    /// The last attempt was declined and the next is not due.
    RetryLater {
        /// When it is.
        at: Timestamp,
    },
    /// No purchase since the last charge: the next purchase decides.
    NoPurchase,
}

/// Decides by the six conditions, in their order.
#[must_use]
pub fn decide(facts: &RechargeFacts) -> Decision {
    let trigger = facts.declined.map(|declined| declined.trigger).or(facts.purchase);
    match (facts.first_missing(), trigger) {
        (Some(why), _) => Decision::Nothing(why),
        (None, Some(trigger)) => Decision::Charge { amount: facts.amount, trigger },
        (None, None) => Decision::Nothing(Why::NoPurchase),
    }
}

/// What the holder is shown.
#[must_use]
pub fn shown_state(facts: &RechargeFacts) -> AutoRechargeState {
    match facts.mandate {
        MandateState::Suspended | MandateState::Cancelled => AutoRechargeState::Suspended,
        MandateState::Active if facts.open_charge => AutoRechargeState::Charging,
        MandateState::Active if facts.paid_in < ARMED_FROM => AutoRechargeState::WaitingForDeposits,
        MandateState::Active if facts.declined.is_some() && facts.balance < facts.below => AutoRechargeState::Retrying,
        MandateState::Active => AutoRechargeState::Armed,
    }
}

impl RechargeFacts {
    fn first_missing(&self) -> Option<Why> {
        if self.mandate != MandateState::Active {
            Some(Why::NotActive)
        } else if self.paid_in < ARMED_FROM {
            Some(Why::NotArmed)
        } else if self.balance >= self.below {
            Some(Why::EnoughLeft)
        } else if self.open_charge {
            Some(Why::ChargeOpen)
        } else if !self.within_caps() {
            Some(Why::CapReached)
        } else {
            self.waiting()
        }
    }

    fn within_caps(&self) -> bool {
        let fits = |charged: Money, cap: Money| charged.plus(self.amount).is_ok_and(|sum| sum <= cap);
        fits(self.charged.day, self.caps.day)
            && self.caps.week.is_none_or(|cap| fits(self.charged.week, cap))
            && fits(self.charged.month, self.caps.month)
    }

    fn waiting(&self) -> Option<Why> {
        if let Some(declined) = self.declined {
            // With the attempts used up the mandate is suspended, so this end of time is the last safety.
            let at = declined.next_attempt().unwrap_or(Timestamp::MAX);
            return (self.now < at).then_some(Why::RetryLater { at });
        }
        let until = self.last_success?.checked_add(COOL_DOWN).unwrap_or(Timestamp::MAX);
        (self.now < until).then_some(Why::CoolingDown { until })
    }
}

/// How a charge of a stored card was turned down, sorted by what may be done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeclineClass {
    /// Perhaps another day: no cover, the bank said no without a reason.
    Soft,
    /// The payer must approve in person.
    ApprovalNeeded,
    /// The card is expired, deleted or suspended: another card is needed.
    CardGone,
    /// Never again with this card: lost, stolen, fraud.
    Never,
    /// Our own request was wrong: an alarm, not a decline.
    OurError,
}

/// What follows a decline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterDecline {
    /// Try again then.
    RetryAt(Timestamp),
    /// Stop until the holder acts.
    Suspend,
}

/// What follows an attempt that was declined; `declined` counts it already.
#[must_use]
pub fn after_decline(class: DeclineClass, declined: &Declined) -> AfterDecline {
    match class {
        DeclineClass::Soft => declined.next_attempt().map_or(AfterDecline::Suspend, AfterDecline::RetryAt),
        DeclineClass::ApprovalNeeded | DeclineClass::CardGone | DeclineClass::Never | DeclineClass::OurError => {
            AfterDecline::Suspend
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_795_000_000, 0);

    fn purchase() -> OperationId {
        OperationId::new(Uuid::from_u128(42))
    }

    fn ready() -> RechargeFacts {
        RechargeFacts {
            mandate: MandateState::Active,
            amount: Money::from_kroner(100),
            below: BELOW,
            caps: Caps {
                day: Money::from_kroner(200),
                week: Some(Money::from_kroner(400)),
                month: Money::from_kroner(600),
            },
            charged: Charged::default(),
            paid_in: Money::from_kroner(100),
            balance: Money::from_ore(4_999),
            open_charge: false,
            last_success: None,
            declined: None,
            purchase: Some(purchase()),
            now: NOW,
        }
    }

    fn why(facts: RechargeFacts) -> Option<Why> {
        match decide(&facts) {
            Decision::Nothing(why) => Some(why),
            Decision::Charge { .. } => None,
        }
    }

    fn before_now(duration: SignedDuration) -> Timestamp {
        NOW.checked_sub(duration).unwrap_or(NOW)
    }

    #[test]
    fn all_six_conditions_charge_once_and_name_the_purchase() {
        let charge = Decision::Charge { amount: Money::from_kroner(100), trigger: purchase() };
        assert_eq!(decide(&ready()), charge);
        assert_eq!(shown_state(&ready()), AutoRechargeState::Armed);
    }

    #[test]
    fn fifty_kroner_is_not_below_fifty_kroner() {
        assert_eq!(why(RechargeFacts { balance: Money::from_ore(5_000), ..ready() }), Some(Why::EnoughLeft));
        assert_eq!(why(RechargeFacts { balance: Money::from_ore(4_999), ..ready() }), None);
        assert_eq!(why(RechargeFacts { balance: Money::from_ore(-5_000), ..ready() }), None);
    }

    #[test]
    fn ninety_nine_kroner_and_99_do_not_arm() {
        let facts = RechargeFacts { paid_in: Money::from_ore(9_999), ..ready() };
        assert_eq!(why(facts), Some(Why::NotArmed));
        assert_eq!(shown_state(&facts), AutoRechargeState::WaitingForDeposits);
        assert_eq!(why(RechargeFacts { paid_in: Money::from_ore(10_000), ..ready() }), None);
    }

    #[test]
    fn an_open_charge_blocks_the_next() {
        let facts = RechargeFacts { open_charge: true, ..ready() };
        assert_eq!(why(facts), Some(Why::ChargeOpen));
        assert_eq!(shown_state(&facts), AutoRechargeState::Charging);
    }

    #[test]
    fn a_mandate_that_is_stopped_charges_nothing() {
        for mandate in [MandateState::Suspended, MandateState::Cancelled] {
            let facts = RechargeFacts { mandate, ..ready() };
            assert_eq!(why(facts), Some(Why::NotActive));
            assert_eq!(shown_state(&facts), AutoRechargeState::Suspended);
        }
    }

    #[test]
    fn a_charge_may_reach_a_cap_and_not_pass_it() {
        let charged = |day, week, month| {
            let charged =
                Charged { day: Money::from_ore(day), week: Money::from_ore(week), month: Money::from_ore(month) };
            why(RechargeFacts { charged, ..ready() })
        };
        assert_eq!(charged(10_000, 30_000, 50_000), None);
        assert_eq!(charged(10_001, 30_000, 50_000), Some(Why::CapReached));
        assert_eq!(charged(10_000, 30_001, 50_000), Some(Why::CapReached));
        assert_eq!(charged(10_000, 30_000, 50_001), Some(Why::CapReached));
        assert_eq!(charged(i64::MAX, 0, 0), Some(Why::CapReached));
        let no_week = RechargeFacts {
            caps: Caps { week: None, ..ready().caps },
            charged: Charged { week: Money::from_kroner(10_000), ..Charged::default() },
            ..ready()
        };
        assert_eq!(why(no_week), None);
    }

    #[test]
    fn the_cool_down_ends_on_the_second() {
        let over = RechargeFacts { last_success: Some(before_now(COOL_DOWN)), ..ready() };
        assert_eq!(why(over), None);
        let now = before_now(SignedDuration::from_secs(1));
        assert_eq!(why(RechargeFacts { now, ..over }), Some(Why::CoolingDown { until: NOW }));
    }

    #[test]
    fn without_a_new_purchase_nothing_happens() {
        assert_eq!(why(RechargeFacts { purchase: None, ..ready() }), Some(Why::NoPurchase));
    }

    #[test]
    fn a_soft_decline_is_tried_again_after_a_day_three_days_and_a_week() {
        let trigger = OperationId::new(Uuid::from_u128(7));
        let hours = |attempts| {
            let declined = Declined { first: NOW, attempts, trigger };
            match after_decline(DeclineClass::Soft, &declined) {
                AfterDecline::RetryAt(at) => Some(at.duration_since(NOW).as_hours()),
                AfterDecline::Suspend => None,
            }
        };
        assert_eq!([1, 2, 3, 4, u32::MAX].map(hours), [Some(24), Some(72), Some(168), None, None]);
    }

    #[test]
    fn a_retry_waits_for_its_time_and_names_the_first_purchase() {
        let trigger = OperationId::new(Uuid::from_u128(7));
        let first = before_now(SignedDuration::from_hours(24));
        let due = RechargeFacts { declined: Some(Declined { first, attempts: 1, trigger }), ..ready() };
        assert_eq!(decide(&due), Decision::Charge { amount: ready().amount, trigger });
        let early = RechargeFacts { now: before_now(SignedDuration::from_secs(1)), ..due };
        assert_eq!(why(early), Some(Why::RetryLater { at: NOW }));
        assert_eq!(shown_state(&early), AutoRechargeState::Retrying);
        // Money came in another way: the retry has nothing left to do.
        assert_eq!(why(RechargeFacts { balance: Money::from_kroner(80), ..due }), Some(Why::EnoughLeft));
    }

    #[test]
    fn a_hard_decline_is_never_tried_again() {
        let declined = Declined { first: NOW, attempts: 1, trigger: purchase() };
        for class in [DeclineClass::ApprovalNeeded, DeclineClass::CardGone, DeclineClass::Never, DeclineClass::OurError]
        {
            assert_eq!(after_decline(class, &declined), AfterDecline::Suspend, "{class:?}");
        }
    }

    fn any_facts() -> impl Strategy<Value = RechargeFacts> {
        let mandate =
            prop_oneof![Just(MandateState::Active), Just(MandateState::Suspended), Just(MandateState::Cancelled)];
        let ore = || (0_i64..70_000).prop_map(Money::from_ore);
        let charged = (ore(), ore(), ore()).prop_map(|(day, week, month)| Charged { day, week, month });
        let few = || proptest::option::of(-2_000_i64..2_000);
        (
            (mandate, any::<bool>(), any::<bool>()),
            (0_i64..20_000, -10_000_i64..10_000),
            charged,
            few(),
            proptest::option::of((0_i64..200, 1_u32..6)),
            proptest::option::of(any::<u128>()),
        )
            .prop_map(
                |((mandate, open_charge, by_week), (paid_in, balance), charged, last, declined, purchase)| {
                    RechargeFacts {
                        mandate,
                        caps: Caps { week: ready().caps.week.filter(|_| by_week), ..ready().caps },
                        charged,
                        paid_in: Money::from_ore(paid_in),
                        balance: Money::from_ore(balance),
                        open_charge,
                        last_success: last.map(|seconds| before_now(SignedDuration::from_secs(seconds))),
                        declined: declined.map(|(hours, attempts)| Declined {
                            first: before_now(SignedDuration::from_hours(hours)),
                            attempts,
                            trigger: OperationId::new(Uuid::from_u128(9)),
                        }),
                        purchase: purchase.map(|id| OperationId::new(Uuid::from_u128(id))),
                        ..ready()
                    }
                },
            )
    }

    proptest! {
        /// The rule once more, in other words.
        #[test]
        fn a_charge_is_made_exactly_when_every_condition_holds(facts in any_facts()) {
            let ore = |money: Money| money.ore();
            let rested = match (facts.declined, facts.last_success) {
                (Some(declined), _) => match declined.attempts {
                    1 => declined.first + SignedDuration::from_hours(24) <= NOW,
                    2 => declined.first + SignedDuration::from_hours(72) <= NOW,
                    3 => declined.first + SignedDuration::from_hours(168) <= NOW,
                    _ => false,
                },
                (None, Some(last)) => last + COOL_DOWN <= NOW,
                (None, None) => true,
            };
            let all = facts.mandate == MandateState::Active
                && ore(facts.paid_in) >= 10_000
                && ore(facts.balance) < 5_000
                && !facts.open_charge
                && ore(facts.charged.day) <= 10_000
                && (facts.caps.week.is_none() || ore(facts.charged.week) <= 30_000)
                && ore(facts.charged.month) <= 50_000
                && rested
                && (facts.purchase.is_some() || facts.declined.is_some());
            let decision = decide(&facts);
            prop_assert_eq!(matches!(decision, Decision::Charge { .. }), all, "{:?}", decision);
            if let Decision::Charge { amount, trigger } = decision {
                prop_assert_eq!(amount, facts.amount);
                prop_assert_eq!(Some(trigger), facts.declined.map(|declined| declined.trigger).or(facts.purchase));
            }
        }
    }
}
