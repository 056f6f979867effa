//! One round of the four real-time queries.
//!
//! The four go out together and are answered in order. A round that is not complete in time is a miss; what comes in
//! for it later is nobody's answer. Two misses in a row are silence.
//!
//! **Invariant:** at most one round, so at most four queries, is waited for at a time.

use std::time::Instant;

use crate::query::{ANSWER_TIME, SILENT_AFTER};
use crate::status::{PrinterStatus, QUERIES, RealTime};

/// What a real-time byte meant.
pub(crate) enum Heard {
    /// The round is complete.
    Status(PrinterStatus),
    /// Answers are still missing.
    More,
    /// Nothing was asked: the late answer of a missed round.
    Unasked,
}

/// The queries of a job, from one poll to the next.
pub(crate) struct Round {
    answers: Vec<u8>,
    /// When the running round was asked; `None` between two.
    asked: Option<Instant>,
    next: Instant,
    misses: u32,
}

impl Round {
    pub(crate) fn starting_at(next: Instant) -> Self {
        Self { answers: Vec::with_capacity(QUERIES.len()), asked: None, next, misses: 0 }
    }

    /// When something is to be done even if nothing is heard.
    pub(crate) fn next_step(&self) -> Instant {
        self.asked.map_or(self.next, |asked| asked + ANSWER_TIME)
    }

    pub(crate) fn is_due(&self, now: Instant) -> bool {
        self.asked.is_none() && now >= self.next
    }

    /// The bytes that ask.
    pub(crate) fn begin(&mut self, now: Instant) -> [u8; 12] {
        self.answers.clear();
        self.asked = Some(now);
        let mut bytes = [0; 12];
        bytes.copy_from_slice(QUERIES.as_flattened());
        bytes
    }

    pub(crate) fn hear(&mut self, byte: u8) -> Heard {
        let Some(asked) = self.asked else { return Heard::Unasked };
        self.answers.push(byte);
        let Ok(answers) = <[u8; 4]>::try_from(&self.answers[..]) else { return Heard::More };
        self.asked = None;
        self.next = asked + super::POLL;
        self.misses = 0;
        Heard::Status(RealTime::new(answers).status())
    }

    /// Ends a round whose time is over; true when it was one.
    pub(crate) fn missed(&mut self, now: Instant) -> bool {
        if self.asked.is_none_or(|asked| now < asked + ANSWER_TIME) {
            return false;
        }
        self.asked = None;
        self.next = now + super::POLL;
        self.misses += 1;
        true
    }

    pub(crate) fn is_silent(&self) -> bool {
        self.misses >= SILENT_AFTER
    }
}
