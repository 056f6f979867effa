//! Paper that is to come out: the state of each, as long as it may matter.
//!
//! **Invariant:** at most once as an original. A paper whose bytes may have reached the printer is never sent again by itself; a
//! second paper of the same thing has the next copy number, and says so.

use jiff::{SignedDuration, Timestamp};
use kiosk_core::{Paper, PrintState};
use madkort_protocol::Language;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{Doing as _, Once as _, Store, StoreError, from_json, to_json};

/// How long a paper waits for the printer. Whoever it was for has left long before, and their name and balance should not come out
/// into other hands when somebody brings a roll.
pub const KEPT_QUEUED: SignedDuration = SignedDuration::from_mins(15);

/// Where a paper stands: what was sent, and what the printer said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SpoolState {
    /// Not a byte is sent.
    Queued,
    /// Bytes are going out.
    Sending,
    /// The printer holds the rest and waits for a person.
    WaitingPaper,
    /// The printer says that it is out.
    Printed,
    /// The printer says that it took the last of it.
    Processed,
    /// The printer cannot say, and had no fault.
    Assumed,
    /// Nobody can say.
    Uncertain,
    /// Given up with not a byte sent.
    Cancelled,
}

impl SpoolState {
    const ALL: [(Self, &'static str); 8] = [
        (Self::Queued, "queued"),
        (Self::Sending, "sending"),
        (Self::WaitingPaper, "waiting_paper"),
        (Self::Printed, "printed"),
        (Self::Processed, "processed"),
        (Self::Assumed, "assumed"),
        (Self::Uncertain, "uncertain"),
        (Self::Cancelled, "cancelled"),
    ];

    /// Its name in the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(state, _)| *state == self).map_or("uncertain", |(_, name)| name)
    }

    fn parse(name: &str) -> Self {
        Self::ALL.iter().find(|(_, known)| *known == name).map_or(Self::Uncertain, |(state, _)| *state)
    }

    /// What a person is told.
    #[must_use]
    pub fn shown(self) -> PrintState {
        match self {
            Self::Queued | Self::Sending => PrintState::Printing,
            Self::WaitingPaper => PrintState::Waiting,
            Self::Printed | Self::Processed | Self::Assumed => PrintState::Printed,
            Self::Uncertain => PrintState::Uncertain,
            Self::Cancelled => PrintState::NotPrinted,
        }
    }
}

/// A paper to be printed.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// Its row.
    pub job: i64,
    /// What it belongs to.
    pub reference: String,
    /// 1 for the first paper; from 2 on it is a copy and says so.
    pub copy_no: u32,
    /// What it speaks.
    pub language: Language,
    /// What is on it.
    pub paper: Paper,
}

/// Where a paper stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobState {
    /// The state.
    pub state: SpoolState,
    /// Bytes of it the kernel has taken.
    pub bytes_sent: i64,
    /// What the printer said last, in technicians' words.
    pub last_error: Option<String>,
}

impl Store {
    /// Puts a paper into the spool. The same reference again is a copy, unless the last paper of it has not come out yet.
    pub fn enqueue(
        &mut self,
        reference: &str,
        paper: &Paper,
        language: Language,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let tx = self.write()?;
        enqueue_in(&tx, reference, paper, language, now)?;
        tx.commit().doing("keep a paper")
    }

    /// After a start: what was under way when the kiosk stopped is in doubt.
    pub fn doubt_interrupted(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let tx = self.write()?;
        tx.run(
            "INSERT INTO spool_event SELECT job, ?1, 'uncertain', 'the kiosk stopped' FROM spool
             WHERE state IN ('sending', 'waiting_paper')",
            [now.to_string()],
        )
        .doing("note interrupted papers")?;
        tx.run(
            "UPDATE spool SET state = 'uncertain', done_at = ?1 WHERE state IN ('sending', 'waiting_paper')",
            [now.to_string()],
        )
        .doing("note interrupted papers")?;
        tx.commit().doing("keep interrupted papers")
    }

    /// The oldest paper that waits.
    pub fn next_job(&self) -> Result<Option<Job>, StoreError> {
        let sql =
            "SELECT job, reference, copy_no, language, paper FROM spool WHERE state = 'queued' ORDER BY job LIMIT 1";
        let row: Option<(i64, String, u32, String, String)> = self
            .db
            .one(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))
            .optional()
            .doing("find a paper")?;
        row.map(|(job, reference, copy_no, language, paper)| {
            let language = from_json("spool", &format!("\"{language}\""))?;
            Ok(Job { job, reference, copy_no, language, paper: from_json("spool", &paper)? })
        })
        .transpose()
    }

    /// Notes how a paper is coming along.
    pub fn note_job(
        &mut self,
        job: i64,
        state: SpoolState,
        bytes_sent: usize,
        detail: Option<&str>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (now, bytes) = (now.to_string(), i64::try_from(bytes_sent).unwrap_or(i64::MAX));
        let done = !matches!(state, SpoolState::Queued | SpoolState::Sending | SpoolState::WaitingPaper);
        let tx = self.write()?;
        let before: Option<String> = tx
            .one("SELECT state FROM spool WHERE job = ?1", [job], |row| row.get(0))
            .optional()
            .doing("find a paper")?;
        let begun = state == SpoolState::Sending && before.as_deref() == Some(SpoolState::Queued.name());
        tx.run(
            "UPDATE spool SET state = ?2, bytes_sent = ?3, last_error = ?4, attempts = attempts + ?5,
                    started_at = CASE WHEN ?5 THEN ?7 ELSE started_at END, done_at = CASE WHEN ?6 THEN ?7 END
             WHERE job = ?1",
            params![job, state.name(), bytes, detail, begun, done, now],
        )
        .doing("note a paper")?;
        if before.as_deref() != Some(state.name()) {
            tx.run(
                "INSERT INTO spool_event VALUES (?1, ?2, ?3, ?4)",
                params![job, now, state.name(), detail.unwrap_or_default()],
            )
            .doing("note a paper's step")?;
        }
        tx.commit().doing("keep a paper's state")
    }

    /// Gives up papers that have waited for longer than [`KEPT_QUEUED`], or all that wait, and answers which.
    pub fn give_up(&mut self, all: bool, now: Timestamp) -> Result<Vec<String>, StoreError> {
        let before = if all { Timestamp::MAX } else { now.checked_sub(KEPT_QUEUED).unwrap_or(Timestamp::MIN) };
        let old = self.queued()?.into_iter().filter(|(_, _, created)| *created < before).collect::<Vec<_>>();
        for (job, _, _) in &old {
            self.note_job(*job, SpoolState::Cancelled, 0, Some("nobody waits for it any more"), now)?;
        }
        Ok(old.into_iter().map(|(_, reference, _)| reference).collect())
    }

    /// How the latest paper of a reference stands.
    pub fn job_state(&self, reference: &str) -> Result<Option<JobState>, StoreError> {
        let sql = "SELECT state, bytes_sent, last_error FROM spool WHERE reference = ?1 ORDER BY job DESC LIMIT 1";
        self.db
            .one(sql, [reference], |row| {
                let state = SpoolState::parse(&row.get::<_, String>(0)?);
                Ok(JobState { state, bytes_sent: row.get(1)?, last_error: row.get(2)? })
            })
            .optional()
            .doing("find a paper")
    }

    /// Whether the last paper that any of was sent ended in doubt: the printer may still be in the middle of it.
    pub fn last_paper_in_doubt(&self) -> Result<bool, StoreError> {
        let sql = "SELECT what FROM spool_event WHERE what IN ('printed', 'processed', 'assumed', 'uncertain')
                   ORDER BY rowid DESC LIMIT 1";
        let last: Option<String> = self.db.one(sql, [], |row| row.get(0)).optional().doing("find the last paper")?;
        Ok(last.as_deref() == Some(SpoolState::Uncertain.name()))
    }

    fn queued(&self) -> Result<Vec<(i64, String, Timestamp)>, StoreError> {
        let sql = "SELECT job, reference, created_at FROM spool WHERE state = 'queued'";
        let mut statement = self.db.prepare_cached(sql).doing("read the spool")?;
        let rows = statement
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, String>(2)?)))
            .doing("read the spool")?;
        rows.map(|row| {
            let (job, reference, created) = row.doing("read the spool")?;
            Ok((job, reference, created.parse().unwrap_or(Timestamp::MIN)))
        })
        .collect()
    }
}

pub(super) fn enqueue_in(
    db: &Connection,
    reference: &str,
    paper: &Paper,
    language: Language,
    now: Timestamp,
) -> Result<(), StoreError> {
    let kind = match paper {
        Paper::Receipt(_) => "receipt",
        Paper::Order(_) => "order",
        Paper::Statement(_) => "statement",
        Paper::Ticket(_) => "ticket",
        Paper::Transfer(_) => "transfer",
        Paper::Withdrawal(_) => "withdrawal",
    };
    let last: Option<(i64, u32, String)> = db
        .one(
            "SELECT job, copy_no, state FROM spool WHERE kind = ?1 AND reference = ?2 ORDER BY copy_no DESC LIMIT 1",
            params![kind, reference],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .optional()
        .doing("look for earlier papers")?;
    let (now, text) = (now.to_string(), to_json("spool", paper)?);
    let copy_no = match last {
        None => 1,
        Some((job, copy_no, state)) => match SpoolState::parse(&state) {
            SpoolState::Queued | SpoolState::Sending | SpoolState::WaitingPaper => return Ok(()),
            // Not a byte of it was sent: this is still the same paper.
            SpoolState::Cancelled => {
                let sql =
                    "UPDATE spool SET state = 'queued', paper = ?2, language = ?3, created_at = ?4, done_at = NULL
                           WHERE job = ?1";
                db.run(sql, params![job, text, language.tag(), now]).doing("spool a paper again")?;
                return Ok(());
            }
            _ => copy_no + 1,
        },
    };
    db.run(
        "INSERT INTO spool (kind, reference, copy_no, language, paper, state, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, 'queued', ?6)",
        params![kind, reference, copy_no, language.tag(), text, now],
    )
    .doing("spool a paper")?;
    Ok(())
}
