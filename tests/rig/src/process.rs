//! One program under test: its lines, its standard input, its end.
//!
//! **Invariant:** nothing outlives its [`Process`]: dropping it kills the program and reaps it. Waiting has a deadline, and what is
//! waited for is a line or the end of the output, never a guess of how long something takes.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use rustix::process::{Pid, Signal, kill_process};

/// How long a program may take to say what is waited for: a debug build on two busy cores, with room.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// How long a program may take to end after a polite request before it is killed.
const FAREWELL: Duration = Duration::from_secs(5);
/// Lines shown when a wait failed.
const TAIL: usize = 40;

/// A running program.
pub struct Process {
    name: String,
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    log: Arc<Mutex<Vec<String>>>,
}

impl Process {
    /// Starts it with standard input, output and errors piped; both outputs arrive as lines in one stream.
    pub fn start(name: &str, command: &mut Command) -> Result<Self> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("{name} could not be started: {}", command.get_program().display()))?;
        let (sender, lines) = channel();
        let log = Arc::new(Mutex::new(Vec::new()));
        if let Some(out) = child.stdout.take() {
            follow(out, sender.clone(), log.clone());
        }
        if let Some(err) = child.stderr.take() {
            follow(err, sender, log.clone());
        }
        let stdin = child.stdin.take();
        Ok(Self { name: name.to_owned(), child, stdin, lines, log })
    }

    /// Its process number.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the first line not yet waited past of which `pick` makes something.
    pub fn wait_line<T>(&self, what: &str, patience: Duration, mut pick: impl FnMut(&str) -> Option<T>) -> Result<T> {
        let deadline = Instant::now() + patience;
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    if let Some(found) = pick(&line) {
                        return Ok(found);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    bail!("{} did not say {what} within {patience:?}. It said:\n{}", self.name, self.tail())
                }
                Err(RecvTimeoutError::Disconnected) => {
                    bail!("{} ended before it said {what}. It said:\n{}", self.name, self.tail())
                }
            }
        }
    }

    /// The next line, or none if it says nothing for so long; an error once it has ended.
    pub fn listen(&self, patience: Duration) -> Result<Option<String>> {
        match self.lines.recv_timeout(patience) {
            Ok(line) => Ok(Some(line)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => bail!("{} has ended. It said:\n{}", self.name, self.tail()),
        }
    }

    /// The next line, if there is one already.
    pub fn next_line(&self) -> Option<String> {
        self.lines.try_recv().ok()
    }

    /// Types a line to it.
    pub fn tell(&mut self, line: &str) -> Result<()> {
        let name = &self.name;
        let stdin = self.stdin.as_mut().ok_or_else(|| anyhow!("{name} takes no more input"))?;
        writeln!(stdin, "{line}").and_then(|()| stdin.flush()).with_context(|| format!("{name} no longer listens"))
    }

    /// Closes its standard input.
    pub fn hang_up(&mut self) {
        self.stdin = None;
    }

    /// SIGKILL, as a power cut is to a program, and waits until it is gone.
    pub fn kill9(&mut self) -> Result<()> {
        self.child.kill().with_context(|| format!("killing {}", self.name))?;
        self.child.wait().with_context(|| format!("reaping {}", self.name))?;
        Ok(())
    }

    /// SIGTERM, as the system's shutdown is to a program; SIGKILL when that is not heard.
    pub fn stop(&mut self) -> Result<()> {
        self.signal(Signal::TERM)?;
        self.stdin = None;
        let deadline = Instant::now() + FAREWELL;
        // Its outputs close when it ends.
        while let Ok(_line) = self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {}
        self.kill9()
    }

    /// Waits for its own end and says with which code, if any.
    pub fn wait_end(&mut self, patience: Duration) -> Result<Option<i32>> {
        let deadline = Instant::now() + patience;
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(self.child.wait()?.code()),
                Err(RecvTimeoutError::Timeout) => {
                    bail!("{} did not end within {patience:?}:\n{}", self.name, self.tail())
                }
            }
        }
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        // What cannot be asked about is no longer ours.
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).context("no such process number")?;
        kill_process(pid, signal).with_context(|| format!("signalling {}", self.name))
    }

    /// Everything it has said.
    pub fn log(&self) -> Vec<String> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The last lines it has said.
    pub fn tail(&self) -> String {
        let log = self.log();
        log[log.len().saturating_sub(TAIL)..].join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Already ended is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a program to its end and returns what it wrote to standard output.
pub fn run(name: &str, command: &mut Command) -> Result<String> {
    run_told(name, command, "")
}

/// The same for one that reads something on its standard input.
pub fn run_told(name: &str, command: &mut Command, input: &str) -> Result<String> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("{name} could not be started"))?;
    if let Some(mut stdin) = child.stdin.take() {
        // One that ends without reading says why itself.
        let _ = stdin.write_all(input.as_bytes());
    }
    let output = child.wait_with_output().with_context(|| format!("{name} could not be waited for"))?;
    let errors = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        bail!("{name} ended with {}: {errors}{}", output.status, String::from_utf8_lossy(&output.stdout));
    }
    String::from_utf8(output.stdout).with_context(|| format!("{name} did not write text"))
}

fn follow(stream: impl Read + Send + 'static, lines: Sender<String>, log: Arc<Mutex<Vec<String>>>) {
    thread::spawn(move || {
        for line in BufReader::new(stream).split(b'\n') {
            let Ok(line) = line else { break };
            let line = String::from_utf8_lossy(&line).trim_end_matches('\r').to_owned();
            log.lock().unwrap_or_else(PoisonError::into_inner).push(line.clone());
            // Nobody waits any more; the log is still kept.
            let _ = lines.send(line);
        }
    });
}
