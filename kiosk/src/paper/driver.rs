//! The printer's thread: takes the oldest paper of the spool to the printer, and tells how both are.
//!
//! **Invariants:** "sending" is on the disk before the first byte leaves; from then on every end without the printer's word is
//! "uncertain", and an uncertain paper is never printed again by itself. What such a paper left in the printer is ended, and cut off,
//! before the next one's. A printer fault holds up paper and nothing else.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use kiosk_core::{Event, PrintState, PrinterHealth};
use receipt_printer::{
    Control, JobEvent, JobOutcome, Left, Patience, PrinterAddress, PrinterStatus, Profile, Tag, escpos, layout,
    print_job, query_status,
};

use super::words;
use crate::events::Events;
use crate::store::{Job, SpoolState, StoreHandle};

/// How often an idle printer is asked how it is.
const IDLE_POLL: Duration = Duration::from_secs(5);
/// How often a printer that holds up a paper is asked: somebody stands there with a roll.
const WAITING_POLL: Duration = Duration::from_secs(1);

/// Which printer.
#[derive(Clone, Debug)]
pub struct PrinterConfig {
    /// Where; `None` for a kiosk without one.
    pub address: Option<PrinterAddress>,
    /// What it can do.
    pub profile: Profile,
}

/// The thread's own.
pub struct PaperDriver {
    config: PrinterConfig,
    store: StoreHandle,
    events: Events,
    health: Option<PrinterHealth>,
    /// How the last paper left the printer; `None` until the spool has been asked.
    left: Option<Left>,
}

/// What the spool held.
enum Next {
    Nothing,
    /// Done with a paper: the next may wait.
    Done,
    /// The printer cannot print now.
    HeldUp,
}

impl PaperDriver {
    /// A driver that has not begun.
    #[must_use]
    pub fn new(config: PrinterConfig, store: StoreHandle, events: Events) -> Self {
        Self { config, store, events, health: None, left: None }
    }

    /// Starts the thread. It is rung when the spool has grown, and ends when nobody is left to ring.
    pub fn start(self, rings: Receiver<()>) -> std::io::Result<()> {
        thread::Builder::new().name("paper".to_owned()).spawn(move || self.run(&rings)).map(drop)
    }

    fn run(mut self, rings: &Receiver<()>) {
        let Some(address) = self.config.address.clone() else { return self.run_without(rings) };
        // A paper that the printer did not take is tried again when the printer says it is well.
        let mut held_up = false;
        loop {
            let wait = if held_up { WAITING_POLL } else { IDLE_POLL };
            let rung = rings.recv_timeout(wait);
            if rung == Err(RecvTimeoutError::Disconnected) {
                return;
            }
            self.give_up(false);
            if rung.is_err() || held_up || self.health.is_none() {
                let status = query_status(&address, &self.config.profile);
                self.is_now(status);
                held_up = !status.can_print();
            }
            while !held_up {
                match self.print_next(&address) {
                    Next::Nothing => break,
                    Next::Done => {}
                    Next::HeldUp => held_up = true,
                }
            }
        }
    }

    /// A kiosk without a printer: every paper is "not printed" at once.
    fn run_without(mut self, rings: &Receiver<()>) {
        self.tell_health(PrinterHealth::None);
        while rings.recv().is_ok() {
            self.give_up(true);
        }
    }

    fn give_up(&self, all: bool) {
        let given_up = self.store.ask(move |desk| desk.heed(|store, now| store.give_up(all, now))).blocking_recv();
        for reference in given_up.into_iter().flatten().flatten() {
            self.tell(reference, PrintState::NotPrinted);
        }
    }

    fn print_next(&mut self, address: &PrinterAddress) -> Next {
        let job = match self.store.ask(|desk| desk.store.next_job()).blocking_recv() {
            Ok(Ok(Some(job))) => job,
            Ok(Ok(None)) | Err(_) => return Next::Nothing,
            Ok(Err(error)) => {
                tracing::error!(%error, "the spool cannot be read");
                return Next::Nothing;
            }
        };
        let document = words::document(&job.paper, job.language, job.copy_no);
        let tag = Tag::from_number(u32::try_from(job.job % i64::from(Tag::COUNT)).unwrap_or_default());
        let bytes = escpos::job(&layout(&document, &self.config.profile), &self.config.profile, tag);
        let profile = self.config.profile.clone();
        let found = self.left();
        let mut progress = Progress { driver: self, job: &job, sent: None, shown: None };
        let outcome =
            print_job(address, &profile, found, (&bytes, tag), &Patience::default(), &mut |event| progress.hear(event));
        self.left = Some(outcome.leaves(found));
        self.end(&job, bytes.len(), outcome)
    }

    /// How the last paper left the printer, also one before the kiosk was started.
    fn left(&self) -> Left {
        let in_doubt = || {
            let last = self.store.ask(|desk| desk.store.last_paper_in_doubt()).blocking_recv();
            // Where nobody can say, a slip too many does less harm than one that is swallowed.
            if matches!(last, Ok(Ok(false))) { Left::Clean } else { Left::Torn }
        };
        self.left.unwrap_or_else(in_doubt)
    }

    fn end(&mut self, job: &Job, length: usize, outcome: JobOutcome) -> Next {
        let (state, sent, why) = match outcome {
            JobOutcome::Printed => (SpoolState::Printed, length, None),
            JobOutcome::Processed => (SpoolState::Processed, length, None),
            JobOutcome::Assumed => (SpoolState::Assumed, length, None),
            JobOutcome::NotStarted { reason } => {
                if let Some(status) = reason.status() {
                    self.is_now(status);
                }
                tracing::info!(job = job.job, %reason, "a paper waits");
                self.note(job.job, SpoolState::Queued, 0, Some(reason.to_string()));
                self.tell(job.reference.clone(), PrintState::Waiting);
                return Next::HeldUp;
            }
            JobOutcome::Uncertain { bytes_sent, reason } => {
                (SpoolState::Uncertain, bytes_sent, Some(reason.to_string()))
            }
        };
        tracing::info!(job = job.job, state = state.name(), sent, why, "a paper has ended");
        // Not on disk: then the next start calls it uncertain, which is true enough.
        self.note(job.job, state, sent, why);
        self.tell(job.reference.clone(), state.shown());
        Next::Done
    }

    /// Notes a paper's state on disk; false when the disk does not take it.
    fn note(&self, job: i64, state: SpoolState, sent: usize, why: Option<String>) -> bool {
        let noted =
            self.store.ask(move |desk| desk.heed(|store, now| store.note_job(job, state, sent, why.as_deref(), now)));
        matches!(noted.blocking_recv(), Ok(Ok(())))
    }

    fn tell(&self, reference: String, state: PrintState) {
        self.events.tell(Event::Paper { reference, state });
    }

    fn is_now(&mut self, status: PrinterStatus) {
        self.tell_health(match status {
            PrinterStatus::Ready => PrinterHealth::Works,
            PrinterStatus::NearEnd => PrinterHealth::NearEnd,
            PrinterStatus::PaperOut => PrinterHealth::PaperOut,
            PrinterStatus::CoverOpen => PrinterHealth::CoverOpen,
            PrinterStatus::CutterFault => PrinterHealth::Cutter,
            PrinterStatus::Fault => PrinterHealth::Faulty,
            PrinterStatus::NotResponding | PrinterStatus::Unreachable => PrinterHealth::Gone,
        });
    }

    fn tell_health(&mut self, health: PrinterHealth) {
        if self.health != Some(health) {
            self.health = Some(health);
            self.events.tell(Event::Printer(health));
        }
    }
}

/// One paper on its way.
struct Progress<'a> {
    driver: &'a mut PaperDriver,
    job: &'a Job,
    /// Bytes gone, once it has begun.
    sent: Option<usize>,
    shown: Option<PrintState>,
}

impl Progress<'_> {
    fn hear(&mut self, event: JobEvent) -> Control {
        match event {
            JobEvent::Sending { bytes } => {
                self.sent = Some(bytes);
                let noted = self.driver.note(self.job.job, SpoolState::Sending, bytes, None);
                self.show(PrintState::Printing);
                // A paper whose start is not on disk could be printed a second time as an original.
                if !noted && bytes == 0 {
                    return Control::Stop;
                }
            }
            JobEvent::Status(status) => {
                self.driver.is_now(status);
                if let Some(sent) = self.sent {
                    let state = if status.can_print() { SpoolState::Sending } else { SpoolState::WaitingPaper };
                    self.driver.note(self.job.job, state, sent, Some(status.to_string()));
                    self.show(state.shown());
                }
            }
        }
        Control::Continue
    }

    fn show(&mut self, state: PrintState) {
        if self.shown != Some(state) {
            self.shown = Some(state);
            self.driver.tell(self.job.reference.clone(), state);
        }
    }
}
