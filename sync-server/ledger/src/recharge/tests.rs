//! Every rule of auto top-up by itself, and stories in which accounts, gateway and clock do what they like.

use jiff::civil::Date;
use madkort_protocol::Money;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::danish;

mod restarts;

const NOW: Timestamp = Timestamp::constant(1_795_000_000, 0);

fn id(n: u128) -> OperationId {
    OperationId::new(Uuid::from_u128(n))
}

fn cause(n: u128) -> Cause {
    Cause { id: id(n), at: NOW }
}

fn ready() -> Facts {
    Facts {
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
        last_success: None,
        purchase: Some(cause(42)),
        new_id: id(1),
        now: NOW,
    }
}

fn at(facts: Facts, hours: i64) -> Facts {
    Facts { now: NOW + SignedDuration::from_hours(hours), ..facts }
}

fn declined(class: DeclineClass) -> Event {
    Event::Answered { charge: id(1), answer: Answer::Declined(class) }
}

fn answered(answer: Answer) -> Event {
    Event::Answered { charge: id(1), answer }
}

/// Armed, through the intent, to the call.
fn charging() -> State {
    let (due, effects) = State::Armed.update(Event::Posted, &ready());
    assert!(matches!(effects[..], [Effect::Intend(attempt)] if attempt.cause == id(42)));
    let (charging, effects) = due.update(Event::Sending, &ready());
    assert_eq!(effects, [Effect::Call(id(1))]);
    assert!(matches!(charging, State::Charging(_)));
    charging
}

fn hindered(facts: Facts) -> Option<Hindrance> {
    let (state, effects) = State::resting(None, None, &facts).update(Event::Posted, &facts);
    assert_eq!(effects.is_empty(), facts.hindrance().is_some());
    assert_eq!(state.open().is_some(), facts.hindrance().is_none());
    facts.hindrance()
}

#[test]
fn fifty_kroner_is_not_below_fifty_kroner() {
    assert_eq!(hindered(Facts { balance: Money::from_ore(5_000), ..ready() }), Some(Hindrance::EnoughLeft));
    assert_eq!(hindered(Facts { balance: Money::from_ore(4_999), ..ready() }), None);
    assert_eq!(hindered(Facts { balance: Money::from_ore(-5_000), ..ready() }), None);
}

#[test]
fn ninety_nine_kroner_and_99_do_not_arm() {
    let poor = Facts { paid_in: Money::from_ore(9_999), ..ready() };
    assert_eq!(hindered(poor), Some(Hindrance::NotArmed));
    let state = State::resting(None, None, &poor);
    assert_eq!(state.shown(&poor), AutoRechargeState::WaitingForDeposits);
    // The last øre arms it and charges nothing: the next purchase does.
    assert_eq!(state.update(Event::PaidIn, &ready()), (State::Armed, vec![]));
    // And a refund takes it back.
    assert_eq!(State::Armed.update(Event::PaidIn, &poor), (State::NotArmed, vec![]));
}

#[test]
fn a_charge_may_reach_a_cap_and_not_pass_it() {
    let charged = |day, week, month| {
        let charged = Charged { day: Money::from_ore(day), week: Money::from_ore(week), month: Money::from_ore(month) };
        hindered(Facts { charged, ..ready() })
    };
    assert_eq!(charged(10_000, 30_000, 50_000), None);
    assert_eq!(charged(10_001, 30_000, 50_000), Some(Hindrance::CapReached));
    assert_eq!(charged(10_000, 30_001, 50_000), Some(Hindrance::CapReached));
    assert_eq!(charged(10_000, 30_000, 50_001), Some(Hindrance::CapReached));
    assert_eq!(charged(i64::MAX, 0, 0), Some(Hindrance::CapReached));
    let caps = Caps { week: None, ..ready().caps };
    let charged = Charged { week: Money::from_kroner(10_000), ..Charged::default() };
    assert_eq!(hindered(Facts { caps, charged, ..ready() }), None);
}

#[test]
fn the_cool_down_ends_on_the_second() {
    let last_success = NOW.checked_sub(COOL_DOWN).ok();
    assert_eq!(hindered(Facts { last_success, ..ready() }), None);
    let early = Facts { now: NOW - SignedDuration::from_secs(1), last_success, ..ready() };
    assert_eq!(hindered(early), Some(Hindrance::CoolingDown { until: NOW }));
}

#[test]
fn a_success_posts_once_and_is_not_chained() {
    let (state, effects) = charging().update(answered(Answer::Succeeded), &ready());
    assert_eq!((state, effects), (State::Armed, vec![Effect::Post(id(1))]));
    // The same answer again, by another way.
    assert_eq!(state.update(answered(Answer::Succeeded), &ready()), (state, vec![Effect::PostStray(id(1))]));
    // Still below: neither time nor a deposit charges.
    for event in [Event::TimePassed, Event::PaidIn, Event::Sending] {
        assert_eq!(state.update(event, &ready()), (State::Armed, vec![]));
    }
    let none = Facts { purchase: None, ..ready() };
    assert_eq!(state.update(Event::Posted, &none), (State::Armed, vec![]));
}

#[test]
fn soft_declines_are_tried_again_after_a_day_three_days_and_a_week_and_then_stop() {
    let (mut state, effects) = charging().update(declined(DeclineClass::Soft), &ready());
    assert_eq!(effects, [Effect::Close(id(1))]);
    for (hours, number) in [(24, 2), (72, 3), (168, 4)] {
        assert_eq!(state.shown(&ready()), AutoRechargeState::Retrying);
        let early = Facts { now: at(ready(), hours).now - SignedDuration::from_secs(1), ..ready() };
        for event in [Event::TimePassed, Event::Restarted, Event::Posted] {
            assert_eq!(state.update(event, &early), (state, vec![]), "{event:?}");
        }
        let facts = at(Facts { purchase: Some(cause(77)), ..ready() }, hours);
        let (due, effects) = state.update(Event::TimePassed, &facts);
        assert!(
            matches!(effects[..], [Effect::Intend(attempt)] if attempt.number == number && attempt.cause == id(42))
        );
        state = due.update(Event::Sending, &facts).0.update(declined(DeclineClass::Soft), &facts).0;
    }
    assert_eq!(state, State::Suspended(Stop::Declines));
}

#[test]
fn money_from_elsewhere_ends_the_retries() {
    let (retry, _) = charging().update(declined(DeclineClass::Soft), &ready());
    let rich = Facts { balance: Money::from_kroner(80), ..ready() };
    assert_eq!(retry.update(Event::PaidIn, &rich), (State::Armed, vec![Effect::Forgive]));
    assert_eq!(retry.update(Event::TimePassed, &at(rich, 24)), (State::Armed, vec![Effect::Forgive]));
}

#[test]
fn every_hard_decline_stops_at_once_and_says_why() {
    for (class, why) in [
        (DeclineClass::ApprovalNeeded, Stop::ApprovalNeeded),
        (DeclineClass::CardGone, Stop::CardGone),
        (DeclineClass::Never, Stop::CardStopped),
        (DeclineClass::OurError, Stop::OurError),
    ] {
        let (state, effects) = charging().update(declined(class), &ready());
        assert_eq!(state, State::Suspended(why));
        assert_eq!(effects[..2], [Effect::Close(id(1)), Effect::MailStopped { charge: id(1), why }]);
        assert_eq!(effects.len() == 3, class == DeclineClass::OurError, "only our own error is an alarm");
        for event in [Event::Posted, Event::PaidIn, Event::TimePassed, Event::Restarted] {
            assert_eq!(state.update(event, &at(ready(), 24 * 30)), (state, vec![]));
        }
    }
}

#[test]
fn resuming_forgives_and_charges_nothing_and_a_gone_card_must_be_replaced() {
    for stop in Stop::ALL {
        assert_eq!(Stop::parse(stop.word()), Some(stop));
        let resumed = State::Suspended(stop).update(Event::Resumed, &ready());
        let replaced = State::Suspended(stop).update(Event::CardChanged, &ready());
        let (goes_on, stays) = ((State::Armed, vec![Effect::Forgive]), (State::Suspended(stop), vec![]));
        let by_word = matches!(stop, Stop::Declines | Stop::ApprovalNeeded | Stop::OurError | Stop::Paused);
        let by_card = matches!(stop, Stop::Declines | Stop::ApprovalNeeded | Stop::CardGone | Stop::CardStopped);
        assert_eq!(resumed, if by_word { goes_on.clone() } else { stays.clone() }, "{stop:?}");
        assert_eq!(replaced, if by_card { goes_on } else { stays }, "{stop:?}");
    }
}

#[test]
fn silence_is_asked_about_and_never_a_decline() {
    let (unknown, effects) = charging().update(answered(Answer::Silent), &ready());
    assert!(effects.is_empty());
    let open = *unknown.open().unwrap_or_else(|| panic!("{unknown:?}"));
    assert_eq!((open.asks, open.ask_at), (1, Some(NOW + SignedDuration::from_secs(5))));
    assert_eq!(unknown.update(Event::Posted, &ready()), (unknown, vec![]));
    assert_eq!(unknown.update(Event::TimePassed, &ready()), (unknown, vec![]), "too soon");
    assert_eq!(unknown.update(Event::TimePassed, &at(ready(), 1)), (unknown, vec![Effect::Ask(id(1))]));
    assert_eq!(unknown.update(answered(Answer::Succeeded), &ready()).1, [Effect::Post(id(1))]);
    // Never heard of: the same key once more, and no new intent.
    let (again, effects) = unknown.update(answered(Answer::NeverHeard), &ready());
    assert_eq!(effects, [Effect::Call(id(1))]);
    assert!(matches!(again, State::Charging(again) if again.attempt == open.attempt));
}

#[test]
fn a_gateway_that_never_answers_is_asked_for_ever_and_never_paid_again() {
    let (mut state, mut now, mut alarms) = (charging(), NOW, 0);
    for asks in 1..100 {
        let (unknown, effects) = state.update(answered(Answer::Silent), &Facts { now, ..ready() });
        let State::Unknown(open) = unknown else { panic!("{unknown:?}") };
        assert_eq!(open.asks, asks);
        assert!(effects.iter().all(|effect| matches!(effect, Effect::Alarm { .. })), "{effects:?}");
        alarms += effects.len();
        assert_eq!(unknown.shown(&ready()), AutoRechargeState::Charging);
        // Whatever is bought meanwhile, there is no other charge.
        assert_eq!(
            unknown.update(Event::Posted, &Facts { purchase: Some(cause(77)), now, ..ready() }),
            (unknown, vec![])
        );
        now = open.ask_at.unwrap();
        assert_eq!(unknown.update(Event::TimePassed, &Facts { now, ..ready() }).1, [Effect::Ask(id(1))]);
        state = unknown;
    }
    assert_eq!(alarms, 1, "staff are told once");
    assert!(now > NOW + SignedDuration::from_hours(24 * 90));
    // And if it does answer in the end, that stands.
    assert_eq!(state.update(answered(Answer::Succeeded), &Facts { now, ..ready() }).1, [Effect::Post(id(1))]);
}

#[test]
fn a_charge_that_never_arrived_is_sent_again_for_a_day_and_then_given_up() {
    let unknown = charging().update(answered(Answer::Silent), &ready()).0;
    assert_eq!(unknown.update(answered(Answer::NeverHeard), &at(ready(), 22)).1, [Effect::Call(id(1))]);
    let (state, effects) = unknown.update(answered(Answer::NeverHeard), &at(ready(), 23));
    assert_eq!(state, State::Armed);
    assert!(matches!(effects[..], [Effect::Close(_), Effect::Forgive, Effect::Alarm { .. }]), "{effects:?}");
    // Should the money turn up after all, it is nobody's yet.
    assert_eq!(state.update(answered(Answer::Succeeded), &at(ready(), 30)).1, [Effect::PostStray(id(1))]);
}

#[test]
fn a_stop_while_a_charge_is_on_its_way_waits_for_its_end() {
    for (event, stop) in [(Event::Cancelled, Stop::Cancelled), (Event::Paused, Stop::Paused)] {
        let told = charging().update(event, &ready()).0;
        assert_eq!(told.stop(), Some(stop));
        assert_eq!(told.shown(&ready()), AutoRechargeState::Suspended);
        // The gateway took the money: it is the holder's.
        assert_eq!(
            told.update(answered(Answer::Succeeded), &ready()),
            (State::Suspended(stop), vec![Effect::Post(id(1))])
        );
        let gone = (State::Suspended(stop), vec![Effect::Close(id(1))]);
        assert_eq!(told.update(answered(Answer::NeverHeard), &ready()), gone);
        assert_eq!(told.update(declined(DeclineClass::Soft), &ready()), gone);
        // Before it went out, it does not go out.
        let due = State::Armed.update(Event::Posted, &ready()).0.update(event, &ready()).0;
        assert_eq!(due.update(Event::Sending, &ready()), gone);
    }
}

/// What the world does next, in a story.
#[derive(Clone, Debug)]
enum Act {
    Buy(i64),
    /// Bought, and the server stops before anybody looks at it.
    BuyUnseen(i64),
    Deposit(i64),
    Wait(i64),
    Restart,
    Pause,
    Resume,
    Cancel,
    /// The gateway hears the call that waits and does this.
    Gateway(Gateway),
    /// Its answer is delivered (again).
    Deliver,
}

#[derive(Clone, Copy, Debug)]
enum Gateway {
    Takes,
    Declines(DeclineClass),
    TakesAndIsSilent,
    LosesIt,
}

fn acts() -> impl Strategy<Value = Act> {
    let gateway = prop_oneof![
        4 => Just(Gateway::Takes),
        3 => Just(Gateway::Declines(DeclineClass::Soft)),
        1 => Just(Gateway::Declines(DeclineClass::CardGone)),
        2 => Just(Gateway::TakesAndIsSilent),
        2 => Just(Gateway::LosesIt),
    ];
    prop_oneof![
        8 => (1_i64..6_000).prop_map(Act::Buy),
        2 => (1_i64..6_000).prop_map(Act::BuyUnseen),
        2 => (1_i64..200).prop_map(|kroner| Act::Deposit(kroner * 100)),
        6 => prop_oneof![1_i64..700, 3_600_i64..200_000].prop_map(Act::Wait),
        2 => Just(Act::Restart),
        1 => Just(Act::Pause),
        2 => Just(Act::Resume),
        // A story without a mandate is soon told.
        1 => any::<bool>().prop_filter("rarely", |rare| *rare).prop_map(|_| Act::Cancel).boxed(),
        8 => gateway.prop_map(Act::Gateway),
        3 => Just(Act::Deliver),
    ]
}

/// A driver, a gateway and an account, as simple as they can be.
struct World {
    state: State,
    now: Timestamp,
    balance: i64,
    paid_in: i64,
    next: u128,
    purchase: Option<Cause>,
    last_success: Option<Timestamp>,
    /// Every intent: its day, and whether it was posted or closed.
    intents: Vec<(Attempt, Date, Option<bool>)>,
    calling: Option<OperationId>,
    /// What the gateway's own books say.
    taken: Vec<OperationId>,
    declined: Vec<(OperationId, DeclineClass)>,
    posted: Vec<OperationId>,
}

impl World {
    fn new() -> Self {
        Self {
            state: State::Armed,
            now: NOW,
            balance: 10_000,
            paid_in: 10_000,
            next: 1_000,
            purchase: None,
            last_success: None,
            intents: vec![],
            calling: None,
            taken: vec![],
            declined: vec![],
            posted: vec![],
        }
    }

    fn new_id(&mut self) -> OperationId {
        self.next += 1;
        id(self.next)
    }

    fn charged_since(&self, first: Date) -> Money {
        let counted = |(_, day, end): &&(Attempt, Date, Option<bool>)| *day >= first && *end != Some(false);
        let charges = i64::try_from(self.intents.iter().filter(counted).count()).unwrap_or(i64::MAX);
        Money::from_ore(charges * ready().amount.ore())
    }

    fn facts(&mut self) -> Facts {
        let today = danish::day_of(self.now);
        Facts {
            charged: Charged {
                day: self.charged_since(today),
                week: self.charged_since(danish::monday_of(today)),
                month: self.charged_since(danish::month_of(today)),
            },
            paid_in: Money::from_ore(self.paid_in),
            balance: Money::from_ore(self.balance),
            last_success: self.last_success,
            purchase: self.purchase,
            new_id: self.new_id(),
            now: self.now,
            ..ready()
        }
    }

    fn tell(&mut self, event: Event) {
        let facts = self.facts();
        let (state, effects) = self.state.update(event, &facts);
        if self.state.has_looked(event, &state) {
            self.purchase = None;
        }
        self.state = state;
        for effect in effects {
            match effect {
                Effect::Intend(attempt) => {
                    self.intents.push((attempt, danish::day_of(self.now), None));
                    self.tell(Event::Sending);
                }
                Effect::Call(charge) => self.calling = Some(charge),
                Effect::Ask(charge) => {
                    let answer = self.answer_about(charge);
                    self.tell(Event::Answered { charge, answer });
                }
                Effect::Post(charge) => {
                    self.posted.push(charge);
                    self.paid_in(facts.amount.ore());
                    self.last_success = Some(self.now);
                    self.settle(charge, true);
                }
                Effect::Close(charge) => self.settle(charge, false),
                // The suspense book takes it once.
                Effect::PostStray(charge) if !self.posted.contains(&charge) => self.posted.push(charge),
                Effect::PostStray(_) | Effect::Forgive | Effect::MailStopped { .. } | Effect::Alarm { .. } => {}
            }
        }
    }

    fn settle(&mut self, charge: OperationId, posted: bool) {
        for (attempt, _, end) in &mut self.intents {
            if attempt.charge == charge {
                assert_eq!(*end, None, "settled once");
                *end = Some(posted);
            }
        }
    }

    fn answer_about(&self, charge: OperationId) -> Answer {
        let declined = self.declined.iter().find(|(of, _)| *of == charge);
        match (self.taken.contains(&charge), declined) {
            (true, _) => Answer::Succeeded,
            (false, Some((_, class))) => Answer::Declined(*class),
            (false, None) => Answer::NeverHeard,
        }
    }

    fn act(&mut self, act: &Act) {
        match *act {
            Act::Buy(ore) if ore <= self.balance => {
                self.bought(ore);
                self.tell(Event::Posted);
            }
            Act::BuyUnseen(ore) if ore <= self.balance => self.bought(ore),
            Act::Buy(_) | Act::BuyUnseen(_) => {}
            Act::Deposit(ore) => {
                self.paid_in(ore);
                self.paid_in += ore;
                self.tell(Event::PaidIn);
            }
            Act::Wait(seconds) => {
                // The driver's patience is shorter than any wait after which a call counts as over.
                if let Some(charge) = self.calling.take() {
                    self.tell(Event::Answered { charge, answer: Answer::Silent });
                }
                self.now += SignedDuration::from_secs(seconds);
                self.tell(Event::TimePassed);
            }
            Act::Restart => {
                self.calling = None;
                // The state is what the records say, and comes back as it was.
                self.tell(Event::Restarted);
            }
            Act::Pause => self.tell(Event::Paused),
            Act::Resume => self.tell(Event::Resumed),
            Act::Cancel => self.tell(Event::Cancelled),
            Act::Gateway(gateway) => self.gateway(gateway),
            Act::Deliver => {
                if let Some(charge) = self.taken.last().copied().filter(|charge| self.calling != Some(*charge)) {
                    self.tell(Event::Answered { charge, answer: Answer::Succeeded });
                }
            }
        }
    }

    /// The first that leaves the balance below is what took it there.
    fn bought(&mut self, ore: i64) {
        self.balance -= ore;
        let cause = Cause { id: self.new_id(), at: self.now };
        if Money::from_ore(self.balance) < BELOW {
            self.purchase = self.purchase.or(Some(cause));
        }
    }

    fn paid_in(&mut self, ore: i64) {
        self.balance += ore;
        if Money::from_ore(self.balance) >= BELOW {
            self.purchase = None;
        }
    }

    fn gateway(&mut self, does: Gateway) {
        let Some(charge) = self.calling.take() else { return };
        let known = self.answer_about(charge);
        let answer = match (known, does) {
            (Answer::NeverHeard, Gateway::Takes) => {
                self.taken.push(charge);
                Answer::Succeeded
            }
            (Answer::NeverHeard, Gateway::Declines(class)) => {
                self.declined.push((charge, class));
                Answer::Declined(class)
            }
            (Answer::NeverHeard, Gateway::TakesAndIsSilent) => {
                self.taken.push(charge);
                Answer::Silent
            }
            (Answer::NeverHeard, Gateway::LosesIt) => Answer::Silent,
            // One key is one payment.
            (known, _) => known,
        };
        self.tell(Event::Answered { charge, answer });
    }

    fn check(&mut self) {
        let open = self.intents.iter().filter(|(.., end)| end.is_none()).count();
        assert!(open <= 1, "two charges at once");
        assert_eq!(open == 1, self.state.open().is_some());
        let today = danish::day_of(self.now);
        assert!(self.charged_since(today) <= ready().caps.day);
        assert!(self.charged_since(danish::month_of(today)) <= ready().caps.month);
        for cause in self.intents.iter().map(|(attempt, ..)| attempt.cause) {
            let tries: Vec<_> = self.intents.iter().filter(|(attempt, ..)| attempt.cause == cause).collect();
            assert!(tries.len() <= ATTEMPT_AFTER.len(), "tried too often");
            assert!(tries.iter().filter(|(.., end)| *end == Some(true)).count() <= 1, "charged twice for one purchase");
        }
    }

    /// Lets the gateway answer for as long as anything is open.
    fn resolve(&mut self) {
        for _ in 0..20 {
            self.now += SignedDuration::from_hours(25);
            self.act(&Act::Restart);
            self.gateway(Gateway::Takes);
        }
        self.posted.sort_unstable();
        self.taken.sort_unstable();
        assert_eq!(self.posted, self.taken, "what was taken is what was posted");
    }
}

proptest! {
    /// Any story: one charge at a time, no cap passed, one charge a purchase, and in the end our books are the gateway's.
    #[test]
    fn whatever_happens_money_is_taken_once_and_posted_once(story in prop::collection::vec(acts(), 1..80)) {
        let mut world = World::new();
        for act in &story {
            world.act(act);
            world.check();
        }
        world.resolve();
    }

    /// The rule once more, in other words.
    #[test]
    fn a_charge_begins_exactly_when_every_condition_holds(
        (paid_in, balance) in (0_i64..20_000, -10_000_i64..10_000),
        (day, week, month) in (0_i64..70_000, 0_i64..70_000, 0_i64..70_000),
        by_week in any::<bool>(),
        ago in prop::option::of(0_i64..1_200),
        bought in any::<bool>(),
    ) {
        let ore = Money::from_ore;
        let facts = Facts {
            caps: Caps { week: ready().caps.week.filter(|_| by_week), ..ready().caps },
            charged: Charged { day: ore(day), week: ore(week), month: ore(month) },
            paid_in: ore(paid_in),
            balance: ore(balance),
            last_success: ago.map(|seconds| NOW - SignedDuration::from_secs(seconds)),
            purchase: bought.then(|| cause(5)),
            ..ready()
        };
        let all = paid_in >= 10_000
            && balance < 5_000
            && day <= 10_000
            && (!by_week || week <= 30_000)
            && month <= 50_000
            && ago.is_none_or(|seconds| seconds >= 600)
            && bought;
        let (state, effects) = State::resting(None, None, &facts).update(Event::Posted, &facts);
        prop_assert_eq!(state.open().is_some(), all, "{:?}", state);
        prop_assert_eq!(effects.len(), usize::from(all));
    }
}
