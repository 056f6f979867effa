//! One job, sent once, and what can honestly be said of it afterwards.
//!
//! Not pure: it owns the wire for as long as the job lasts, and reads the monotonic clock for its deadlines. The spool
//! is the caller's: it hears of every step through `control` and persists what it needs.
//!
//! A write that succeeded means that the kernel has the bytes, nothing more. Proof comes back from the printer: the
//! process ID (`GS ( H`) when the paper is out, `GS r` when the last command has been taken from the buffer. Without
//! either, a printer that reports no fault for as long as the paper takes is believed.
//!
//! **Invariants:** no byte of a job is ever sent twice. From its first byte on, every end that is not proof is
//! [`JobOutcome::Uncertain`]; before it, every end is [`JobOutcome::NotStarted`]. A job that finds the printer
//! [torn](Left::Torn) comes behind what ends the other one, so that nothing of it is swallowed or joined to that paper.

use std::time::{Duration, Instant};

use crate::command;
use crate::escpos;
use crate::profile::{Profile, StatusSupport};
use crate::query;
use crate::status::{Answer, AnswerReader, PrinterStatus, automatic_status};
use crate::transport::{CONNECT_TIMEOUT, Connection, PrinterAddress, TransportError};

mod round;

use round::{Heard, Round};

/// How often the printer is asked while a job is open.
pub const POLL: Duration = Duration::from_millis(250);
/// Bytes handed over between two looks at the printer, rounded to whole commands.
pub const CHUNK: usize = 1024;
/// A printer that takes bytes is alive, though its answers are queued behind them; after this long without taking any
/// its silence counts.
const BUSY_GRACE: Duration = Duration::from_secs(2);
/// `GS a 255`: tell of every change. Sent after the job's own `ESC @`, which would switch it off.
const AUTOMATIC_STATUS_ON: [u8; 3] = [0x1D, 0x61, 0xFF];
const INITIALISE: [u8; 2] = [0x1B, 0x40];

/// Four printable characters that the printer sends back when the job is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tag([u8; 4]);

impl Tag {
    /// Numbers from here on are used again.
    pub const COUNT: u32 = 95 * 95 * 95 * 95;

    /// The tag of a number, such as the job's row: different for [`Tag::COUNT`] numbers in a row.
    #[must_use]
    pub fn from_number(number: u32) -> Self {
        let digit = |place: u32| 32 + u8::try_from(number / place % 95).unwrap_or(0);
        Self([digit(95 * 95 * 95), digit(95 * 95), digit(95), digit(1)])
    }

    /// As they stand in the command and in the answer: each 32 to 126.
    #[must_use]
    pub fn bytes(self) -> [u8; 4] {
        self.0
    }
}

/// How the printer was left by the job before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Left {
    /// Between two papers.
    #[default]
    Clean,
    /// Perhaps in the middle of a paper, or of a command.
    Torn,
}

/// How long to wait for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For a person to bring paper or close the cover while the printer holds the rest of the job.
    pub attention: Duration,
    /// For a printer that stopped answering: some do while their cover is open.
    pub silence: Duration,
    /// For a printer that says it is well and takes no more bytes.
    pub stall: Duration,
    /// For the proof, after the paper should be out.
    pub proof: Duration,
}

impl Default for Patience {
    /// Half an hour for paper, two minutes of silence, half a minute for a stall, ten seconds for the proof.
    fn default() -> Self {
        Self {
            attention: Duration::from_mins(30),
            silence: Duration::from_mins(2),
            stall: Duration::from_secs(30),
            proof: Duration::from_secs(10),
        }
    }
}

/// What happens to the job, as it happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobEvent {
    /// So many bytes of the job are gone. Told with 0 before the first, then after every [`CHUNK`] and at the end.
    Sending {
        /// Bytes of the job that the kernel has taken.
        bytes: usize,
    },
    /// The printer is now like this. Told when it changes.
    Status(PrinterStatus),
}

/// The caller's answer to a [`JobEvent`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// Go on.
    Continue,
    /// Leave it: the outcome says how far it came.
    Stop,
}

/// How a job ended.
#[derive(Debug)]
pub enum JobOutcome {
    /// The printer said that the paper with our tag is out.
    Printed,
    /// The printer said that it has taken the last command, and the paper has had its time.
    Processed,
    /// All bytes are sent and the printer, as far as it tells, had no fault for as long as the paper takes.
    Assumed,
    /// Not one byte was sent: try again later.
    NotStarted {
        /// Why.
        reason: NotStarted,
    },
    /// Some bytes were sent and the proof is missing: the paper may be out, in part or whole. Do not send again
    /// without a mark.
    Uncertain {
        /// Bytes of the job that the kernel had taken.
        bytes_sent: usize,
        /// Why.
        reason: Uncertain,
    },
}

impl JobOutcome {
    /// How the printer is left for the next job by one that found it like this.
    #[must_use]
    pub fn leaves(&self, found: Left) -> Left {
        match self {
            // Also where all of it went over a link that held, and only the printer's word is missing.
            Self::Printed
            | Self::Processed
            | Self::Assumed
            | Self::Uncertain { reason: Uncertain::Unconfirmed, .. } => Left::Clean,
            Self::Uncertain { .. } => Left::Torn,
            Self::NotStarted { .. } => found,
        }
    }
}

/// Why a job was not begun.
#[derive(Debug, thiserror::Error)]
pub enum NotStarted {
    /// The printer says it cannot print.
    #[error("the printer reports: {0}")]
    Status(PrinterStatus),
    /// There is no wire.
    #[error(transparent)]
    Link(TransportError),
    /// The caller said so.
    #[error("stopped before the first byte")]
    Stopped,
    /// There are no bytes.
    #[error("there is nothing to print")]
    Empty,
}

impl NotStarted {
    /// How the printer is, as far as this tells.
    #[must_use]
    pub fn status(&self) -> Option<PrinterStatus> {
        match self {
            Self::Status(status) => Some(*status),
            Self::Link(_) => Some(PrinterStatus::Unreachable),
            Self::Stopped | Self::Empty => None,
        }
    }
}

/// Why a job is in doubt.
#[derive(Debug, thiserror::Error)]
pub enum Uncertain {
    /// The wire broke.
    #[error(transparent)]
    Link(TransportError),
    /// Nobody came, or the printer never spoke again.
    #[error("the printer stayed like this for too long: {0}")]
    Waited(PrinterStatus),
    /// It says it is well and takes no more bytes.
    #[error("the printer takes no more bytes")]
    Stalled,
    /// Everything is sent and the printer is well, but the proof never came.
    #[error("the printer never confirmed the job")]
    Unconfirmed,
    /// The caller said so.
    #[error("stopped in the middle")]
    Stopped,
}

/// Prints `bytes` (made by [`crate::escpos::job`] with the same `tag`) on the printer at `address`.
///
/// The printer is asked first: unless it can print, not a byte is sent. If it was left torn, [`escpos::recovery`] goes
/// ahead of the job; it counts for none of its bytes. Then the bytes go out as fast as it takes them;
/// it is asked how it is every [`POLL`]. When the paper ends or the cover is opened it keeps the rest of the job and
/// goes on with it afterwards; this waits, for [`Patience::attention`]. Blocks the calling thread until the end.
pub fn print_job(
    address: &PrinterAddress,
    profile: &Profile,
    left: Left,
    (bytes, tag): (&[u8], Tag),
    patience: &Patience,
    control: &mut dyn FnMut(JobEvent) -> Control,
) -> JobOutcome {
    if bytes.is_empty() {
        return JobOutcome::NotStarted { reason: NotStarted::Empty };
    }
    let load = Load::new(left, bytes, tag, profile);
    let mut connection = match Connection::open(address, CONNECT_TIMEOUT) {
        Ok(connection) => connection,
        Err(error) => return JobOutcome::NotStarted { reason: NotStarted::Link(error) },
    };
    let outcome = match preflight(&mut connection, profile, control) {
        Err(reason) => JobOutcome::NotStarted { reason },
        Ok(status) => {
            let mut job = Sending::new(&mut connection, profile, &load, patience, status, control);
            match job.run() {
                Ok(outcome) => outcome,
                Err(End::Link(error)) => job.unproven(Uncertain::Link(error)),
                Err(End::Stopped) => job.unproven(Uncertain::Stopped),
            }
        }
    };
    connection.close();
    outcome
}

/// Asks before the first byte. `None` is a printer that never answers and need not.
fn preflight(
    connection: &mut Connection,
    profile: &Profile,
    control: &mut dyn FnMut(JobEvent) -> Control,
) -> Result<Option<PrinterStatus>, NotStarted> {
    let status = match query::ask(connection).map_err(NotStarted::Link)? {
        Some(status) => status,
        None if profile.status == StatusSupport::AskAndSee => return Ok(None),
        None => PrinterStatus::NotResponding,
    };
    let go_on = control(JobEvent::Status(status));
    if !status.can_print() {
        Err(NotStarted::Status(status))
    } else if go_on == Control::Stop {
        Err(NotStarted::Stopped)
    } else {
        Ok(Some(status))
    }
}

/// What ends a job from outside.
enum End {
    Link(TransportError),
    Stopped,
}

impl From<TransportError> for End {
    fn from(error: TransportError) -> Self {
        Self::Link(error)
    }
}

/// What goes down the wire: the job, and ahead of it what ends the one before.
struct Load {
    bytes: Vec<u8>,
    /// Where the job begins.
    begins: usize,
    tag: Tag,
}

impl Load {
    fn new(left: Left, job: &[u8], tag: Tag, profile: &Profile) -> Self {
        let mut bytes = match left {
            Left::Clean => Vec::new(),
            Left::Torn => escpos::recovery(profile),
        };
        let begins = bytes.len();
        bytes.extend_from_slice(job);
        Self { bytes, begins, tag }
    }
}

/// A job on its way.
struct Sending<'a> {
    connection: &'a mut Connection,
    profile: &'a Profile,
    load: &'a Load,
    patience: &'a Patience,
    control: &'a mut dyn FnMut(JobEvent) -> Control,
    /// How long the paper takes once the printer has everything.
    paper: Duration,
    /// Bytes that are gone, of the job and of what is ahead of it.
    sent: usize,
    /// Up to where the current chunk reaches: always between two commands.
    chunk_end: usize,
    /// Our own commands between two chunks, still to be sent.
    aside: Vec<u8>,
    reader: AnswerReader,
    round: Round,
    /// The last thing it said unasked; believed while its answers are stuck behind the job.
    automatic: Option<PrinterStatus>,
    /// `None` for a printer that has never answered.
    status: Option<PrinterStatus>,
    /// Since when it is like that.
    since: Instant,
    /// When bytes were last taken.
    progress: Instant,
    /// When `GS r` was answered.
    processed: Option<Instant>,
    printed: bool,
}

impl<'a> Sending<'a> {
    fn new(
        connection: &'a mut Connection,
        profile: &'a Profile,
        load: &'a Load,
        patience: &'a Patience,
        status: Option<PrinterStatus>,
        control: &'a mut dyn FnMut(JobEvent) -> Control,
    ) -> Self {
        let now = Instant::now();
        Self {
            connection,
            profile,
            load,
            patience,
            control,
            paper: command::paper_time(&load.bytes, profile),
            sent: 0,
            chunk_end: 0,
            aside: Vec::new(),
            reader: AnswerReader::new(),
            round: Round::starting_at(now + POLL),
            automatic: None,
            status,
            since: now,
            progress: now,
            processed: None,
            printed: false,
        }
    }

    fn run(&mut self) -> Result<JobOutcome, End> {
        // Told before the first byte, so that a crash after it finds the job marked as begun.
        self.tell(JobEvent::Sending { bytes: 0 })?;
        loop {
            // Read first: the proof must be seen even if the printer hung up right after it.
            self.read()?;
            self.write()?;
            self.look()?;
            if let Some(outcome) = self.outcome(Instant::now()) {
                return Ok(outcome);
            }
            let to_write = !self.aside.is_empty() || !self.all_sent();
            let pause = self.round.next_step().saturating_duration_since(Instant::now());
            self.connection.wait(to_write, pause.min(POLL))?;
        }
    }

    /// Hands over what is taken: queries and chunks in turn, until the wire is full or all is sent.
    fn write(&mut self) -> Result<(), End> {
        loop {
            if self.sent == self.chunk_end {
                if !self.write_aside()? {
                    return Ok(());
                }
                if self.all_sent() {
                    return Ok(());
                }
                self.chunk_end = self.next_chunk_end();
            }
            let taken = self.connection.try_write(&self.load.bytes[self.sent..self.chunk_end])?;
            if taken == 0 {
                return Ok(());
            }
            self.sent += taken;
            self.progress = Instant::now();
            if self.sent == self.chunk_end {
                if self.job_sent() > 0 {
                    self.tell(JobEvent::Sending { bytes: self.job_sent() })?;
                }
                if self.profile.automatic_status && self.load.bytes[..self.sent].ends_with(&INITIALISE) {
                    self.aside.extend(AUTOMATIC_STATUS_ON);
                }
                return Ok(());
            }
        }
    }

    /// The job's own `ESC @` is a chunk of its own, because it switches off what is switched on after it.
    fn next_chunk_end(&self) -> usize {
        let rest = &self.load.bytes[self.sent..];
        let limit = command::chunk(rest, CHUNK);
        if !self.profile.automatic_status {
            return self.sent + limit;
        }
        let mut end = 0;
        while end < limit {
            let length = command::length(&rest[end..]);
            end += length;
            if rest[end - length..end] == INITIALISE {
                return self.sent + end;
            }
        }
        self.sent + limit
    }

    /// Sends what stands between two chunks; false when the wire is full.
    fn write_aside(&mut self) -> Result<bool, End> {
        if self.aside.is_empty() {
            return Ok(true);
        }
        let taken = self.connection.try_write(&self.aside)?;
        self.aside.drain(..taken);
        Ok(self.aside.is_empty())
    }

    fn read(&mut self) -> Result<(), End> {
        let mut buffer = [0; 512];
        while let Some(count) = self.connection.try_read(&mut buffer)? {
            for answer in self.reader.push(&buffer[..count]) {
                self.hear(&answer)?;
            }
            if self.printed {
                // The proof stands, whatever happens to the link in the next moment.
                break;
            }
        }
        Ok(())
    }

    fn hear(&mut self, answer: &Answer) -> Result<(), End> {
        match *answer {
            Answer::RealTime(byte) => match self.round.hear(byte) {
                Heard::Status(status) => self.now_is(status),
                Heard::More | Heard::Unasked => Ok(()),
            },
            Answer::Automatic(bytes) => {
                let status = automatic_status(bytes);
                self.automatic = Some(status);
                self.now_is(status)
            }
            Answer::Printed(tag) => {
                self.printed |= tag == self.load.tag.bytes() && self.all_sent();
                Ok(())
            }
            Answer::Processed(_) => {
                if self.all_sent() {
                    self.processed.get_or_insert_with(Instant::now);
                }
                Ok(())
            }
            Answer::Block(_) => Ok(()),
        }
    }

    /// Asks when it is time, and takes note of silence.
    fn look(&mut self) -> Result<(), End> {
        let now = Instant::now();
        if self.round.missed(now) {
            let busy = !self.all_sent() && now < self.progress + BUSY_GRACE;
            let told = self.automatic.filter(|status| status.needs_attention() && self.status == Some(*status));
            if self.round.is_silent() && !busy && told.is_none() && self.status.is_some() {
                self.now_is(PrinterStatus::NotResponding)?;
            }
        }
        if self.aside.is_empty() && self.round.is_due(now) {
            self.aside.extend(self.round.begin(now));
            // Asked at once when the wire stands between two commands; otherwise after this chunk.
            if self.sent == self.chunk_end {
                self.write_aside()?;
            }
        }
        Ok(())
    }

    fn now_is(&mut self, status: PrinterStatus) -> Result<(), End> {
        if self.status == Some(status) {
            return Ok(());
        }
        tracing::info!(%status, bytes_sent = self.job_sent(), "printer status changed during a job");
        self.status = Some(status);
        self.since = Instant::now();
        self.tell(JobEvent::Status(status))
    }

    fn tell(&mut self, event: JobEvent) -> Result<(), End> {
        match (self.control)(event) {
            Control::Continue => Ok(()),
            Control::Stop => Err(End::Stopped),
        }
    }

    fn outcome(&self, now: Instant) -> Option<JobOutcome> {
        if self.printed {
            return Some(JobOutcome::Printed);
        }
        let status = self.status.unwrap_or(PrinterStatus::Ready);
        if !status.can_print() {
            let patience = if status.needs_attention() { self.patience.attention } else { self.patience.silence };
            return (now >= self.since + patience).then(|| self.unproven(Uncertain::Waited(status)));
        }
        // Time during which the printer could not print does not count.
        let running = self.progress.max(self.since);
        if !self.all_sent() {
            return (now >= running + self.patience.stall).then(|| self.unproven(Uncertain::Stalled));
        }
        let out = running + self.paper;
        if now < out {
            return None;
        }
        if self.processed.is_some() && (!self.profile.process_id || now >= out + self.patience.proof) {
            return Some(JobOutcome::Processed);
        }
        if !self.profile.process_id && !self.profile.processed_mark {
            return Some(JobOutcome::Assumed);
        }
        (now >= out + self.patience.proof).then(|| self.unproven(Uncertain::Unconfirmed))
    }

    /// The end of a job without proof: in doubt if a byte of it is gone, and otherwise not begun.
    fn unproven(&self, reason: Uncertain) -> JobOutcome {
        let bytes_sent = self.job_sent();
        if bytes_sent > 0 {
            return JobOutcome::Uncertain { bytes_sent, reason };
        }
        let reason = match reason {
            Uncertain::Link(error) => NotStarted::Link(error),
            Uncertain::Waited(status) => NotStarted::Status(status),
            Uncertain::Stalled | Uncertain::Unconfirmed => NotStarted::Status(PrinterStatus::NotResponding),
            Uncertain::Stopped => NotStarted::Stopped,
        };
        JobOutcome::NotStarted { reason }
    }

    /// Bytes of the job itself that are gone.
    fn job_sent(&self) -> usize {
        self.sent.saturating_sub(self.load.begins)
    }

    fn all_sent(&self) -> bool {
        self.sent == self.load.bytes.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_four_printable_characters_and_different_from_the_last() {
        for number in [0, 1, 94, 95, Tag::COUNT - 1, u32::MAX] {
            let tag = Tag::from_number(number);
            assert!(tag.bytes().iter().all(|byte| (32..=126).contains(byte)), "{number}");
            assert_ne!(tag, Tag::from_number(number.wrapping_add(1)));
        }
        assert_eq!(Tag::from_number(0), Tag::from_number(Tag::COUNT));
        assert_eq!(&Tag::from_number(1).bytes(), b"   !");
    }
}
