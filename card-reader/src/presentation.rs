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
