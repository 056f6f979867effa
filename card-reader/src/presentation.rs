//! From "what lies on the readers" to "what happened": one presentation of a card is one event.
//!
//! Pure: told what was seen, what a reading found and what time it is, it answers with what to tell and what to read.
//!
//! **Invariant:** a presentation is the set of cards that lie on the readers, each known by its reader and that reader's
//! event count. Any change of the set ends it and begins another; what belongs to an earlier one (a late result, by its
//! generation number) is dropped.

use std::time::{Duration, Instant};

use crate::backend::ReaderSeen;
use crate::reading::Outcome;
use crate::{CardEvent, ReaderFault, ReaderStatus, Refusal};

/// How long a card may take. A contactless APDU takes 15 ms and a reading has two; a card that has said nothing after
/// this will not, and the person should be told while still holding it.
pub const READING_LIMIT: Duration = Duration::from_millis(700);

/// Pause before a card is read again, after a fault that was not the card's.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// How long a reading may go on past its limit before the reader is called faulty. Long enough to take a mute card
/// away, which frees most readers.
const STUCK_AFTER: Duration = Duration::from_secs(5);

/// Most readings that may hang at once. Each holds a thread here and one in the card service.
const MOST_STUCK: usize = 4;

/// What the watching thread saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    /// The service is not running.
    Down,
    /// The service does not let us in.
    NotPermitted,
    /// The readers that count, and what is on them. None: no reader.
    Readers(Vec<ReaderSeen>),
}

/// What to do, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Tell this event.
    Tell(CardEvent),
    /// Read the card on this reader, and say the generation number with the outcome.
    Read { reader: String, generation: u64 },
}

/// All that is remembered between two looks.
#[derive(Debug, Default)]
pub struct Presentations {
    told: Option<ReaderStatus>,
    look: Option<Look>,
    current: Option<Presentation>,
    generation: u64,
    /// Readings that nobody waits for any more and that have not ended.
    abandoned: Vec<Abandoned>,
}

#[derive(Debug)]
struct Presentation {
    cards: Vec<Mark>,
    seen: Instant,
    fault: Option<ReaderFault>,
    stage: Stage,
}

/// One card lying on one reader.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Mark {
    reader: String,
    event_count: u32,
}

#[derive(Debug)]
enum Stage {
    Reading {
        generation: u64,
        until: Instant,
    },
    /// Read again at this time: the reader was at fault, not the card.
    Retrying {
        at: Instant,
    },
    /// [`CardEvent::Tapped`] or [`CardEvent::Refused`] was told.
    Told,
}

#[derive(Debug)]
struct Abandoned {
    generation: u64,
    since: Instant,
}

impl Presentations {
    /// The watching thread looked, at `at`.
    pub fn look(&mut self, look: Look, at: Instant) -> Vec<Action> {
        let cards = marks(&look);
        let down = !matches!(look, Look::Readers(_));
        self.look = Some(look);
        let mut actions = Vec::new();
        let changed = self.current.as_ref().map_or(!cards.is_empty(), |current| current.cards != cards);
        if changed {
            self.finish(cards.is_empty() && !down, at, &mut actions);
        }
        if changed && !cards.is_empty() {
            self.begin(cards, at, &mut actions);
        }
        self.settle(at, actions)
    }

    /// The reading of `generation` ended.
    pub fn outcome(&mut self, generation: u64, outcome: Outcome, at: Instant) -> Vec<Action> {
        self.abandoned.retain(|reading| reading.generation != generation);
        let mut actions = Vec::new();
        let hanging = !self.abandoned.is_empty();
        if let Some(current) = &mut self.current
            && matches!(current.stage, Stage::Reading { generation: awaited, .. } if awaited == generation)
        {
            (current.stage, current.fault) = match outcome {
                Outcome::Card(uid, kind) => {
                    actions.push(Action::Tell(CardEvent::Tapped { uid, kind, seen: current.seen }));
                    (Stage::Told, None)
                }
                Outcome::Refused(refusal) => {
                    actions.push(Action::Tell(CardEvent::Refused(refusal)));
                    (Stage::Told, None)
                }
                // The other program may be our own reading of a card that does not answer.
                Outcome::Fault(ReaderFault::InUse) if hanging => {
                    (Stage::Retrying { at: at + RETRY_AFTER }, Some(ReaderFault::NotAnswering))
                }
                Outcome::Fault(fault) => (Stage::Retrying { at: at + RETRY_AFTER }, Some(fault)),
                Outcome::Lost => (Stage::Retrying { at: at + RETRY_AFTER }, current.fault),
            };
        }
        self.settle(at, actions)
    }

    /// It is `now`: call at [`Self::due`].
    pub fn clock(&mut self, now: Instant) -> Vec<Action> {
        let mut actions = Vec::new();
        match self.current.as_ref().map(|current| &current.stage) {
            Some(&Stage::Reading { generation, until }) if until <= now => {
                tracing::warn!(generation, "a card did not answer in time; its reading is left to itself");
                self.abandoned.push(Abandoned { generation, since: now });
                if let Some(current) = &mut self.current {
                    (current.stage, current.fault) = (Stage::Told, None);
                }
                actions.push(Action::Tell(CardEvent::Refused(Refusal::Unreadable)));
            }
            Some(&Stage::Retrying { at }) if at <= now => self.read(now, &mut actions),
            _ => {}
        }
        self.settle(now, actions)
    }

    /// When [`Self::clock`] has something to do next.
    pub fn due(&self) -> Option<Instant> {
        let stage = self.current.as_ref().and_then(|current| match current.stage {
            Stage::Reading { until, .. } => Some(until),
            Stage::Retrying { at } => Some(at),
            Stage::Told => None,
        });
        // Only these give way to a hanging reading; under any other status the clock would strike for nothing.
        let stuck = match self.told {
            Some(ReaderStatus::Idle | ReaderStatus::CardPresent | ReaderStatus::Fault(ReaderFault::InUse)) => {
                self.abandoned.iter().map(|reading| reading.since + STUCK_AFTER).min()
            }
            _ => None,
        };
        stage.into_iter().chain(stuck).min()
    }

    /// Ends the current presentation, if there is one. `left`: the readers are there and empty.
    fn finish(&mut self, left: bool, at: Instant, actions: &mut Vec<Action>) {
        let Some(ended) = self.current.take() else { return };
        match ended.stage {
            Stage::Told => actions.push(Action::Tell(CardEvent::Lifted)),
            Stage::Reading { generation, .. } => {
                self.abandoned.push(Abandoned { generation, since: at });
                // Nobody is told of a card that was put down twice in a moment, or of one lost with its reader.
                if left {
                    actions.push(Action::Tell(CardEvent::Refused(Refusal::LeftTooSoon)));
                    actions.push(Action::Tell(CardEvent::Lifted));
                }
            }
            Stage::Retrying { .. } => {}
        }
    }

    fn begin(&mut self, cards: Vec<Mark>, at: Instant, actions: &mut Vec<Action>) {
        let single = cards.len() == 1;
        self.current = Some(Presentation { cards, seen: at, fault: None, stage: Stage::Told });
        if single {
            self.read(at, actions);
        } else {
            actions.push(Action::Tell(CardEvent::Refused(Refusal::TwoCards)));
        }
    }

    /// Reads the first card of the current presentation.
    fn read(&mut self, at: Instant, actions: &mut Vec<Action>) {
        let Some(current) = &mut self.current else { return };
        let Some(card) = current.cards.first() else { return };
        if self.abandoned.len() >= MOST_STUCK {
            current.fault = Some(ReaderFault::NotAnswering);
            current.stage = Stage::Retrying { at: at + RETRY_AFTER };
            return;
        }
        self.generation += 1;
        current.stage = Stage::Reading { generation: self.generation, until: at + READING_LIMIT };
        actions.push(Action::Read { reader: card.reader.clone(), generation: self.generation });
    }

    /// Adds a change of status: before what a card begins with, after what it ends with.
    fn settle(&mut self, at: Instant, mut actions: Vec<Action>) -> Vec<Action> {
        let status = self.status(at);
        if self.told != status {
            self.told = status;
            if let Some(status) = status {
                let tell = Action::Tell(CardEvent::Reader(status));
                let after = actions.iter().rposition(|action| *action == Action::Tell(CardEvent::Lifted));
                actions.insert(after.map_or(0, |place| place + 1), tell);
            }
        }
        actions
    }

    fn status(&self, at: Instant) -> Option<ReaderStatus> {
        let readers = match self.look.as_ref()? {
            Look::Down => return Some(ReaderStatus::ServiceDown),
            Look::NotPermitted => return Some(ReaderStatus::Fault(ReaderFault::NotPermitted)),
            Look::Readers(readers) if readers.is_empty() => return Some(ReaderStatus::NoReader),
            Look::Readers(readers) => readers,
        };
        let stuck = self.abandoned.iter().any(|reading| reading.since + STUCK_AFTER <= at);
        if stuck || readers.iter().all(|reader| !reader.answers) {
            return Some(ReaderStatus::Fault(ReaderFault::NotAnswering));
        }
        Some(match &self.current {
            Some(Presentation { fault: Some(fault), .. }) => ReaderStatus::Fault(*fault),
            Some(_) => ReaderStatus::CardPresent,
            None => ReaderStatus::Idle,
        })
    }
}

fn marks(look: &Look) -> Vec<Mark> {
    let Look::Readers(readers) = look else { return Vec::new() };
    readers
        .iter()
        .filter(|reader| reader.card)
        .map(|reader| Mark { reader: reader.name.clone(), event_count: reader.event_count })
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{CardKind, Uid};

    fn uid() -> Uid {
        Uid::from_bytes(&[4, 1, 2, 3, 4, 5, 6]).unwrap()
    }

    fn card() -> Outcome {
        Outcome::Card(uid(), CardKind::Ultralight)
    }

    fn one_reader(card: bool, event_count: u32) -> Look {
        Look::Readers(vec![ReaderSeen { name: "A".to_owned(), card, event_count, answers: true }])
    }

    fn told(actions: Vec<Action>) -> Vec<CardEvent> {
        let event = |action| if let Action::Tell(event) = action { Some(event) } else { None };
        actions.into_iter().filter_map(event).collect()
    }

    fn status(status: ReaderStatus) -> CardEvent {
        CardEvent::Reader(status)
    }

    #[test]
    fn a_tap_carries_the_time_of_the_look_not_of_the_reading() {
        let start = Instant::now();
        let mut presentations = Presentations::default();
        presentations.look(one_reader(true, 1), start);
        let events = told(presentations.outcome(1, card(), start + Duration::from_millis(15)));
        assert_eq!(events, [CardEvent::Tapped { uid: uid(), kind: CardKind::Ultralight, seen: start }]);
    }

    #[test]
    fn a_look_without_news_says_nothing() {
        let start = Instant::now();
        let mut presentations = Presentations::default();
        presentations.look(one_reader(true, 1), start);
        presentations.outcome(1, card(), start);
        for _ in 0..10 {
            assert_eq!(presentations.look(one_reader(true, 1), start), []);
        }
        assert_eq!(presentations.due(), None);
    }

    #[test]
    fn a_card_that_wobbles_while_it_is_put_down_is_one_tap() {
        let start = Instant::now();
        let mut presentations = Presentations::default();
        presentations.look(one_reader(true, 1), start);
        let actions = presentations.look(one_reader(true, 3), start);
        assert_eq!(actions, [Action::Read { reader: "A".to_owned(), generation: 2 }]);
        assert_eq!(told(presentations.outcome(1, Outcome::Refused(Refusal::LeftTooSoon), start)), []);
        assert_eq!(told(presentations.outcome(2, card(), start)).len(), 1);
    }

    #[test]
    fn a_reading_that_hangs_for_long_is_the_readers_fault_until_it_ends() {
        let start = Instant::now();
        let mut presentations = Presentations::default();
        presentations.look(one_reader(true, 1), start);
        let limit = start + READING_LIMIT;
        assert_eq!(presentations.due(), Some(limit));
        assert_eq!(told(presentations.clock(limit)), [CardEvent::Refused(Refusal::Unreadable)]);
        assert_eq!(presentations.due(), Some(limit + STUCK_AFTER));
        let fault = ReaderStatus::Fault(ReaderFault::NotAnswering);
        assert_eq!(told(presentations.clock(limit + STUCK_AFTER)), [status(fault)]);
        assert_eq!(presentations.due(), None);
        let late = limit + 2 * STUCK_AFTER;
        assert_eq!(told(presentations.outcome(1, card(), late)), [status(ReaderStatus::CardPresent)]);
        assert_eq!(
            told(presentations.look(one_reader(false, 2), late)),
            [CardEvent::Lifted, status(ReaderStatus::Idle)]
        );
    }

    #[test]
    fn a_reader_held_by_our_own_hanging_reading_does_not_answer() {
        let start = Instant::now();
        let mut presentations = Presentations::default();
        presentations.look(one_reader(true, 1), start);
        presentations.clock(start + READING_LIMIT);
        let next = start + READING_LIMIT;
        presentations.look(one_reader(false, 2), next);
        presentations.look(one_reader(true, 3), next);
        let events = told(presentations.outcome(2, Outcome::Fault(ReaderFault::InUse), next));
        assert_eq!(events, [status(ReaderStatus::Fault(ReaderFault::NotAnswering))]);
        // The first ends, the second try succeeds.
        presentations.outcome(1, Outcome::Refused(Refusal::LeftTooSoon), next);
        assert_eq!(presentations.due(), Some(next + RETRY_AFTER));
        let retry = presentations.clock(next + RETRY_AFTER);
        assert_eq!(retry, [Action::Read { reader: "A".to_owned(), generation: 3 }]);
        assert_eq!(told(presentations.outcome(3, card(), next + RETRY_AFTER)).len(), 2);
    }

    #[test]
    fn only_so_many_readings_hang_at_once() {
        let start = Instant::now();
        let mut presentations = Presentations::default();
        let mut read = 0;
        for count in 0..10 {
            let at = start + READING_LIMIT * count;
            for action in presentations.look(one_reader(true, 2 * count), at) {
                read += usize::from(matches!(action, Action::Read { .. }));
            }
            presentations.clock(at + READING_LIMIT);
            presentations.look(one_reader(false, 2 * count + 1), at + READING_LIMIT);
        }
        assert_eq!(read, MOST_STUCK);
    }

    /// Anything that can reach the presentations, in any order.
    #[derive(Clone, Debug)]
    enum Step {
        Look(Look),
        Outcome(u64, Outcome),
        Clock,
    }

    fn step() -> impl Strategy<Value = Step> {
        let reader = |name: &'static str| {
            (any::<bool>(), 0_u32..4, prop::bool::weighted(0.9)).prop_map(move |(card, event_count, answers)| {
                ReaderSeen { name: name.to_owned(), card, event_count, answers }
            })
        };
        let readers = (reader("A"), reader("B"), 0_usize..3).prop_map(|(a, b, count)| [a, b][..count].to_vec());
        let look = prop_oneof![Just(Look::Down), Just(Look::NotPermitted), readers.prop_map(Look::Readers)];
        let outcome = prop_oneof![
            Just(card()),
            Just(Outcome::Refused(Refusal::RandomId)),
            Just(Outcome::Fault(ReaderFault::InUse)),
            Just(Outcome::Lost),
        ];
        prop_oneof![
            look.prop_map(Step::Look),
            // Counted back from the latest generation, so that most belong to some reading.
            (0_u64..3, outcome).prop_map(|(back, outcome)| Step::Outcome(back, outcome)),
            Just(Step::Clock),
        ]
    }

    proptest! {
        #[test]
        fn one_lift_for_each_tap_or_refusal(steps in prop::collection::vec(step(), 0..60)) {
            let mut now = Instant::now();
            let mut presentations = Presentations::default();
            let (mut lying, mut last_status, mut latest) = (false, None, 0);
            for step in steps {
                let clock = matches!(step, Step::Clock);
                let actions = match step {
                    Step::Look(look) => presentations.look(look, now),
                    Step::Outcome(back, outcome) => presentations.outcome(latest - back.min(latest), outcome, now),
                    Step::Clock => {
                        now = presentations.due().unwrap_or(now).max(now);
                        presentations.clock(now)
                    }
                };
                for action in actions {
                    match action {
                        Action::Tell(CardEvent::Tapped { .. } | CardEvent::Refused(_)) => {
                            prop_assert!(!std::mem::replace(&mut lying, true), "a second card without a lift");
                        }
                        Action::Tell(CardEvent::Lifted) => {
                            prop_assert!(std::mem::replace(&mut lying, false), "lifted what nobody was told of");
                        }
                        Action::Tell(CardEvent::Reader(status)) => {
                            prop_assert_ne!(last_status.replace(status), Some(status), "told though not changed");
                        }
                        Action::Read { generation, .. } => {
                            prop_assert!(generation > latest);
                            latest = generation;
                        }
                    }
                }
                if clock {
                    prop_assert!(presentations.due().is_none_or(|due| due > now), "the clock would strike for ever");
                }
                if lying {
                    prop_assert_ne!(last_status, Some(ReaderStatus::Idle));
                    prop_assert_ne!(last_status, Some(ReaderStatus::NoReader));
                    prop_assert_ne!(last_status, Some(ReaderStatus::ServiceDown));
                }
            }
        }
    }
}
