//! Auto top-up (*Auto-optank*) as a state machine: when an account is charged, and what follows from every answer and silence.
//!
//! Pure: [`State::update`] is told what happened and what is known ([`Facts`]), and answers with the new state and what to do.
//! Whoever drives it makes state and intent durable before it carries an effect out.
//!
//! **Invariant:** an account has one state, so at most one open charge. Only [`Effect::Intend`] begins a charge, and only when
//! [`Facts::hindrance`] finds none; a charge whose end is not known is asked about, and sent again only under its own key
//! and only if the gateway has never heard of it, and only within [`SENT_AGAIN_WITHIN`]. A gateway that never says how it ended is
//! asked for ever: the charge stays open, so that no other is made, and staff are told. Every charge names the one purchase that
//! set it off: the one that took the balance below the threshold. A purchase is looked at once ([`State::has_looked`]); what did
//! not begin a charge then never begins one: the next purchase decides.

mod rule;
mod stop;

use jiff::{SignedDuration, Timestamp};
use madkort_protocol::{AutoRechargeState, OperationId};

use crate::asking::{ASKED_SOON, next_ask};

pub use rule::{ARMED_FROM, BELOW, COOL_DOWN, Caps, Cause, Charged, Facts, Hindrance};
pub use stop::{DeclineClass, Stop};

/// When the n-th attempt is made, counted from the first one: at once, after a day, three days, a week. Far inside what the
/// card schemes allow (Visa 20 declines in 30 days).
pub const ATTEMPT_AFTER: [SignedDuration; 4] = [
    SignedDuration::ZERO,
    SignedDuration::from_hours(24),
    SignedDuration::from_hours(72),
    SignedDuration::from_hours(168),
];
/// After so long a call that has not come back has nobody waiting for it any more, whatever became of the task that made it.
pub const CALL_IS_OVER: SignedDuration = SignedDuration::from_mins(5);
/// How long after it was made a charge may be sent again under its key. Gateways keep keys for a day (Stripe prunes them after 24
/// hours): later the key would protect nobody from a second charge, and nobody remembers the meal.
pub const SENT_AGAIN_WITHIN: SignedDuration = SignedDuration::from_hours(23);

/// One try to charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The key of the charge.
    pub charge: OperationId,
    /// The purchase that set it off: the answer to "why was I charged".
    pub cause: OperationId,
    /// From 1.
    pub number: u32,
    /// When the first attempt for this purchase was made.
    pub first: Timestamp,
    /// When this one was.
    pub made: Timestamp,
}

/// A charge whose end is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Open {
    /// Which.
    pub attempt: Attempt,
    /// What ends auto top-up once this is settled: its holder stopped it meanwhile.
    pub stop: Option<Stop>,
    /// How often the gateway was asked.
    pub asks: u32,
    /// When to ask next.
    pub ask_at: Option<Timestamp>,
}

/// How auto top-up of one account stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Less than [`ARMED_FROM`] has been paid in.
    NotArmed,
    /// The next purchase decides.
    Armed,
    /// A charge is intended, and the gateway has not heard of it.
    Due(Open),
    /// The gateway is being called.
    Charging(Open),
    /// The gateway has not said: it is asked, and not charged again meanwhile.
    Unknown(Open),
    /// Declined softly, to be tried again.
    Retry {
        /// The attempt that was declined last.
        last: Attempt,
        /// When the next one is due.
        at: Timestamp,
    },
    /// Stopped until somebody acts.
    Suspended(Stop),
}

/// What the gateway said of a charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It has the money, as much as was asked for.
    Succeeded,
    /// Nothing moved, and nothing will under this key.
    Declined(DeclineClass),
    /// No answer, or one that nobody can read.
    Silent,
    /// It was asked, and has never seen this key.
    NeverHeard,
    /// It says it took something else: staff must look at it.
    Mismatched,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A purchase was posted; [`Facts::balance`] is what it left.
    Posted,
    /// A deposit or a refund was posted.
    PaidIn,
    /// What is due goes out now.
    Sending,
    /// The gateway answered, at once, late or twice.
    Answered {
        /// About which charge.
        charge: OperationId,
        /// What.
        answer: Answer,
    },
    /// Some time passed.
    TimePassed,
    /// The server has just started: no call is under way, and what was bought right before it stopped may not have been looked at.
    Restarted,
    /// The holder wants no charges for now.
    Paused,
    /// The holder wants them again.
    Resumed,
    /// The holder has put another card behind the mandate.
    CardChanged,
    /// The holder took the mandate back.
    Cancelled,
}

/// What must be done, in order. All but [`Effect::Call`], [`Effect::Ask`] and [`Effect::Alarm`] are done in the step that makes
/// the new state durable; those three after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Write the intent down: [`Facts::amount`], under this attempt's key.
    Intend(Attempt),
    /// Call the gateway with the charge's key.
    Call(OperationId),
    /// Ask the gateway how the charge stands.
    Ask(OperationId),
    /// Credit the account, and send a receipt.
    Post(OperationId),
    /// The gateway took money for a charge that was closed: it goes to the suspense book.
    PostStray(OperationId),
    /// The charge moved nothing.
    Close(OperationId),
    /// Declines so far are history.
    Forgive,
    /// Tell the holder why it stopped and how to start it again.
    MailStopped {
        /// By which charge.
        charge: OperationId,
        /// Why.
        why: Stop,
    },
    /// Staff must look.
    Alarm {
        /// At which charge.
        charge: OperationId,
        /// At what, in a word for the log.
        what: &'static str,
    },
}

type Step = (State, Vec<Effect>);

impl State {
    /// The state that the records come to: a stop, an open charge, a decline that waits, and what was paid in.
    #[must_use]
    pub fn resting(stop: Option<Stop>, declined: Option<Attempt>, facts: &Facts) -> Self {
        match (stop, declined) {
            (Some(stop), _) => Self::Suspended(stop),
            // With the attempts used up the mandate is suspended, so this end of time is the last safety.
            (None, Some(last)) => Self::Retry { last, at: next_attempt(&last).unwrap_or(Timestamp::MAX) },
            (None, None) if facts.paid_in < ARMED_FROM => Self::NotArmed,
            (None, None) => Self::Armed,
        }
    }

    /// What the holder is shown.
    #[must_use]
    pub fn shown(&self, facts: &Facts) -> AutoRechargeState {
        match self {
            Self::Suspended(_) => AutoRechargeState::Suspended,
            Self::Due(open) | Self::Charging(open) | Self::Unknown(open) if open.stop.is_some() => {
                AutoRechargeState::Suspended
            }
            Self::Due(_) | Self::Charging(_) | Self::Unknown(_) => AutoRechargeState::Charging,
            Self::Retry { .. } if facts.balance < facts.below => AutoRechargeState::Retrying,
            Self::NotArmed => AutoRechargeState::WaitingForDeposits,
            Self::Armed | Self::Retry { .. } => AutoRechargeState::Armed,
        }
    }

    /// What stops auto top-up, now or once the open charge is settled.
    #[must_use]
    pub const fn stop(&self) -> Option<Stop> {
        match self {
            Self::Suspended(stop) => Some(*stop),
            Self::Due(open) | Self::Charging(open) | Self::Unknown(open) => open.stop,
            Self::NotArmed | Self::Armed | Self::Retry { .. } => None,
        }
    }

    /// The open charge.
    #[must_use]
    pub const fn open(&self) -> Option<&Open> {
        match self {
            Self::Due(open) | Self::Charging(open) | Self::Unknown(open) => Some(open),
            Self::NotArmed | Self::Armed | Self::Retry { .. } | Self::Suspended(_) => None,
        }
    }

    /// Whether a step from here to `after` has looked at everything bought so far, so that none of it begins a charge any more:
    /// whoever was asked about a purchase has looked at it, whatever they found; what was bought before auto top-up went on again,
    /// or before somebody paid in, charges nobody afterwards.
    #[must_use]
    pub const fn has_looked(&self, event: Event, after: &Self) -> bool {
        let asked = matches!(event, Event::Posted | Event::PaidIn | Event::Restarted);
        asked || (self.stop().is_some() && after.stop().is_none())
    }

    /// One step.
    #[must_use]
    pub fn update(self, event: Event, facts: &Facts) -> Step {
        match event {
            Event::Paused => (self.stopped(Stop::Paused), vec![]),
            Event::Cancelled => (self.stopped(Stop::Cancelled), vec![]),
            Event::Resumed => self.resumed(Stop::ends_when_resumed, facts),
            Event::CardChanged => self.resumed(Stop::ends_with_another_card, facts),
            Event::Answered { charge, answer } => self.answered(charge, answer, facts),
            Event::Posted | Event::PaidIn | Event::Sending | Event::TimePassed | Event::Restarted => {
                self.went_on(event, facts)
            }
        }
    }

    /// The world went on, and nobody said anything about a charge.
    fn went_on(self, event: Event, facts: &Facts) -> Step {
        let restarted = event == Event::Restarted;
        let time = restarted || event == Event::TimePassed;
        let charges = |cause: &Cause| match event {
            Event::Posted => facts.hindrance().is_none(),
            Event::Restarted => facts.hindrance_since(cause).is_none(),
            _ => false,
        };
        match self {
            Self::NotArmed | Self::Armed => match facts.purchase.filter(charges) {
                Some(cause) => intend(cause.id, 1, facts.now, facts),
                None => (Self::resting(None, None, facts), vec![]),
            },
            // Money came in another way: the retry has nothing left to do.
            Self::Retry { .. } if facts.balance >= facts.below => {
                (Self::resting(None, None, facts), vec![Effect::Forgive])
            }
            Self::Retry { last, at } if time && at <= facts.now && facts.hindrance().is_none() => {
                intend(last.cause, last.number.saturating_add(1), last.first, facts)
            }
            Self::Due(open) if time || event == Event::Sending => match open.stop {
                None => (Self::Charging(open), vec![Effect::Call(open.attempt.charge)]),
                Some(stop) => (Self::Suspended(stop), vec![Effect::Close(open.attempt.charge)]),
            },
            Self::Charging(open) if restarted || (time && over(open.attempt.made, CALL_IS_OVER, facts.now)) => {
                (Self::Unknown(open), vec![Effect::Ask(open.attempt.charge)])
            }
            Self::Unknown(open) if restarted || (time && open.ask_at.is_none_or(|at| at <= facts.now)) => {
                (self, vec![Effect::Ask(open.attempt.charge)])
            }
            Self::Retry { .. } | Self::Due(_) | Self::Charging(_) | Self::Unknown(_) | Self::Suspended(_) => {
                (self, vec![])
            }
        }
    }

    fn answered(self, charge: OperationId, answer: Answer, facts: &Facts) -> Step {
        let Some(open) = self.open().filter(|open| open.attempt.charge == charge).copied() else {
            // The second answer about a settled charge. If it was closed, then the money is nobody's yet.
            let stray = answer == Answer::Succeeded;
            return (self, if stray { vec![Effect::PostStray(charge)] } else { vec![] });
        };
        let alarm = |what| Effect::Alarm { charge, what };
        match (answer, open.stop) {
            (Answer::Succeeded, stop) => (Self::resting(stop, None, facts), vec![Effect::Post(charge)]),
            (Answer::Silent, _) => {
                let silent = open.asks == ASKED_SOON;
                let what = "the gateway has not said for an hour how it ended, and is asked once a day from now on";
                (Self::Unknown(open.asked(facts.now)), if silent { vec![alarm(what)] } else { vec![] })
            }
            (Answer::Mismatched, _) => {
                let what = "the gateway took another amount than was asked for";
                (Self::Unknown(open.asked(facts.now)), vec![alarm(what)])
            }
            // It never arrived, and the key is too old to be sent again: no decline, and nothing to try again for.
            (Answer::NeverHeard, None) if over(open.attempt.made, SENT_AGAIN_WITHIN, facts.now) => {
                let what = "the gateway never heard of it, and it is too old to be sent again";
                (Self::resting(None, None, facts), vec![Effect::Close(charge), Effect::Forgive, alarm(what)])
            }
            // It never arrived: the same key is sent once more, which a gateway takes at most once.
            (Answer::NeverHeard, None) => (Self::Charging(open), vec![Effect::Call(charge)]),
            (Answer::NeverHeard | Answer::Declined(_), Some(stop)) => {
                (Self::Suspended(stop), vec![Effect::Close(charge)])
            }
            (Answer::Declined(class), None) => match (class.stops(), next_attempt(&open.attempt)) {
                (None, Some(at)) => (Self::Retry { last: open.attempt, at }, vec![Effect::Close(charge)]),
                (why, _) => {
                    let why = why.unwrap_or(Stop::Declines);
                    let mut effects = vec![Effect::Close(charge), Effect::MailStopped { charge, why }];
                    if why == Stop::OurError {
                        effects.push(alarm("the gateway says the request itself was wrong"));
                    }
                    (Self::Suspended(why), effects)
                }
            },
        }
    }

    /// Its holder stopped it. What is open is settled first; what was stopped before for another reason stays so.
    fn stopped(self, by: Stop) -> Self {
        let stronger = |before: Option<Stop>| match before {
            Some(before) if by != Stop::Cancelled => before,
            _ => by,
        };
        let told = |open: Open| Open { stop: Some(stronger(open.stop)), ..open };
        match self {
            Self::Due(open) => Self::Due(told(open)),
            Self::Charging(open) => Self::Charging(told(open)),
            Self::Unknown(open) => Self::Unknown(told(open)),
            Self::Suspended(before) => Self::Suspended(stronger(Some(before))),
            Self::NotArmed | Self::Armed | Self::Retry { .. } => Self::Suspended(by),
        }
    }

    /// Nothing is charged by it: the next purchase decides. A charge that its payer starts would need the payer's approval.
    fn resumed(self, ends: impl Fn(Stop) -> bool, facts: &Facts) -> Step {
        let told = |open: Open| Open { stop: open.stop.filter(|stop| !ends(*stop)), ..open };
        match self {
            Self::Suspended(stop) if ends(stop) => (Self::resting(None, None, facts), vec![Effect::Forgive]),
            Self::Due(open) => (Self::Due(told(open)), vec![]),
            Self::Charging(open) => (Self::Charging(told(open)), vec![]),
            Self::Unknown(open) => (Self::Unknown(told(open)), vec![]),
            Self::NotArmed | Self::Armed | Self::Retry { .. } | Self::Suspended(_) => (self, vec![]),
        }
    }
}

impl Open {
    fn asked(self, now: Timestamp) -> Self {
        Self { asks: self.asks.saturating_add(1), ask_at: Some(next_ask(self.asks, now)), ..self }
    }
}

fn intend(cause: OperationId, number: u32, first: Timestamp, facts: &Facts) -> Step {
    let attempt = Attempt { charge: facts.new_id, cause, number, first, made: facts.now };
    let open = Open { attempt, stop: None, asks: 0, ask_at: None };
    (State::Due(open), vec![Effect::Intend(attempt)])
}

fn over(since: Timestamp, wait: SignedDuration, now: Timestamp) -> bool {
    since.checked_add(wait).is_ok_and(|end| end <= now)
}

/// When the attempt after this one is due; `None` when there are no more.
fn next_attempt(last: &Attempt) -> Option<Timestamp> {
    let wait = ATTEMPT_AFTER.get(usize::try_from(last.number).ok()?)?;
    Some(last.first.checked_add(*wait).unwrap_or(Timestamp::MAX))
}

#[cfg(test)]
mod tests;
