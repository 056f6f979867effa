//! The threads: one watches, one decides and tells, and each tap has one that talks to the card.
//!
//! Does I/O; all decisions are in `presentation`.
//!
//! **Invariants:** no card and no card service can hold up the telling thread: it only ever waits for messages. A
//! reading that hangs is left behind with its own thread and context. Of a UID nothing but its length is logged: half of
//! a short one would be in the masked form.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::backend::Backend;
use crate::presentation::{Action, Look, Presentations};
use crate::reading::{self, Outcome};
use crate::service::PcscService;
use crate::watch::{self, Stop};
use crate::{CardEvent, ReaderStatus};

/// Which reader to use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReaderConfig {
    /// How the names of the readers to use begin, for example "ACS ACR1252". All others are ignored. Without it, all
    /// readers are used but slots for security modules.
    pub reader: Option<String>,
}

/// How often a wait is cancelled again while stopping: a cancel that comes just before the wait is lost.
const STOP_PACE: Duration = Duration::from_millis(10);

/// How long stopping may take before the threads are left to end by themselves. Only a card service that accepts
/// connections and says nothing takes longer.
const STOP_LIMIT: Duration = Duration::from_secs(3);

/// Watches the card readers until it is dropped.
pub struct Monitor {
    stop: Arc<Stop>,
    threads: Vec<JoinHandle<()>>,
    /// Says that the telling thread, the last to end, has ended: its sender is dropped.
    ended: Receiver<()>,
}

/// What the telling thread is woken by.
pub(crate) enum Message {
    Looked(Look, Instant),
    Read(u64, Outcome),
    Stopped,
}

impl Monitor {
    /// Starts watching the readers of this machine's card service, running or not.
    ///
    /// `sink` is called on one thread, with one event at a time, in the order in which they happened. It must not
    /// block, and must not drop the monitor.
    ///
    /// # Panics
    ///
    /// If the machine gives no more threads.
    pub fn start(config: ReaderConfig, sink: impl FnMut(CardEvent) + Send + 'static) -> Self {
        Self::start_with(Arc::new(PcscService), config, sink)
    }

    /// As [`Monitor::start`], over another [`Backend`].
    pub fn start_with(
        backend: Arc<dyn Backend>,
        config: ReaderConfig,
        sink: impl FnMut(CardEvent) + Send + 'static,
    ) -> Self {
        let stop = Arc::new(Stop::default());
        let (out, messages) = mpsc::channel();
        let (end, ended) = mpsc::channel();
        let watching = {
            let (backend, stop, out) = (backend.clone(), stop.clone(), out.clone());
            spawn("card-watch", move || watch::run(backend.as_ref(), &config, &stop, &out))
        };
        let readings = Readings { backend, stop: stop.clone(), out };
        let telling = spawn("card-tell", move || {
            tell(&messages, &readings, sink);
            drop(end);
        });
        Self { stop, threads: vec![watching, telling], ended }
    }
}

impl Drop for Monitor {
    fn drop(&mut self) {
        let give_up = Instant::now() + STOP_LIMIT;
        loop {
            self.stop.ask();
            match self.ended.recv_timeout(STOP_PACE) {
                Err(RecvTimeoutError::Timeout) if Instant::now() < give_up => {}
                Err(RecvTimeoutError::Timeout) => {
                    tracing::warn!("the card service does not let go; its threads are left to themselves");
                    return;
                }
                Ok(()) | Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a card thread panicked");
            }
        }
    }
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    thread::Builder::new().name(name.to_owned()).spawn(run).expect("the machine gives no more threads")
}

fn tell(messages: &Receiver<Message>, readings: &Readings, mut sink: impl FnMut(CardEvent)) {
    let mut presentations = Presentations::default();
    loop {
        let actions = match next(messages, presentations.due()) {
            Ok(Message::Looked(look, at)) => presentations.look(look, at),
            Ok(Message::Read(generation, outcome)) => presentations.outcome(generation, outcome, Instant::now()),
            Err(RecvTimeoutError::Timeout) => presentations.clock(Instant::now()),
            Ok(Message::Stopped) | Err(RecvTimeoutError::Disconnected) => return,
        };
        // Readings first: the card can answer while the status is told.
        for action in &actions {
            if let Action::Read { reader, generation } = action {
                readings.start(reader.clone(), *generation);
            }
        }
        for action in actions {
            if let Action::Tell(event) = action {
                log(&event);
                sink(event);
            }
        }
    }
}

fn next(messages: &Receiver<Message>, due: Option<Instant>) -> Result<Message, RecvTimeoutError> {
    match due {
        Some(due) => messages.recv_timeout(due.saturating_duration_since(Instant::now())),
        None => messages.recv().map_err(|_| RecvTimeoutError::Disconnected),
    }
}

fn log(event: &CardEvent) {
    match event {
        CardEvent::Reader(status @ (ReaderStatus::Idle | ReaderStatus::CardPresent)) => tracing::debug!(%status),
        CardEvent::Reader(status) => tracing::warn!(%status),
        CardEvent::Tapped { uid, kind, seen } => {
            tracing::info!(uid_bytes = uid.as_bytes().len(), %kind, micros = seen.elapsed().as_micros(), "card read");
        }
        CardEvent::Refused(refusal) => tracing::info!(%refusal),
        CardEvent::Lifted => tracing::debug!("card lifted"),
    }
}

struct Readings {
    backend: Arc<dyn Backend>,
    stop: Arc<Stop>,
    out: Sender<Message>,
}

impl Readings {
    /// Starts one reading on a thread of its own, which nobody joins: it may never end.
    fn start(&self, reader: String, generation: u64) {
        let (backend, stop, out) = (self.backend.clone(), self.stop.clone(), self.out.clone());
        let read = move || {
            let outcome = reading::read(backend.as_ref(), &reader, &|time| stop.pause(time));
            let _ = out.send(Message::Read(generation, outcome));
        };
        if let Err(error) = thread::Builder::new().name(format!("card-read-{generation}")).spawn(read) {
            tracing::error!(%error, "no thread for a reading");
            let _ = self.out.send(Message::Read(generation, Outcome::Lost));
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io;
    use std::sync::Mutex;

    use super::*;
    use crate::{CardKind, Uid};

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn the_log_names_length_and_kind_of_a_card_and_no_byte_of_its_uid() {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish();
        let uid: Uid = "A1B2C3D4".parse().unwrap();
        tracing::subscriber::with_default(subscriber, || {
            log(&CardEvent::Tapped { uid, kind: CardKind::Classic1k, seen: Instant::now() });
        });
        let said = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        assert!(said.contains("uid_bytes=4") && said.contains("MIFARE Classic 1K"), "{said}");
        for byte in ["A1", "B2", "C3", "D4"] {
            assert!(!said.to_uppercase().contains(byte), "{said}");
        }
    }
}
