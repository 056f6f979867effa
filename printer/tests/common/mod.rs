//! The real virtual printer, as a process, with its standard input and output in the hands of a test.

// Each test file uses its own part of this.
#![allow(dead_code)]

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use receipt_printer::{PrinterAddress, Profile};
use serde_json::Value;
use tempfile::TempDir;

/// Nothing takes this long but a hang, on however busy a machine.
const DEADLINE: Duration = Duration::from_secs(30);

/// A printer that is killed with the test.
pub struct VirtualPrinter {
    child: Child,
    stdin: ChildStdin,
    lines: Receiver<String>,
    events: VecDeque<Value>,
    /// Where it listens.
    pub address: PrinterAddress,
    /// Where its papers are.
    pub folder: TempDir,
}

impl VirtualPrinter {
    /// One that takes no time for its paper.
    pub fn start(profile: &Profile) -> Self {
        Self::start_at_speed(profile, "fast")
    }

    pub fn start_at_speed(profile: &Profile, speed: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_virtual-printer"))
            .args(["--listen", "127.0.0.1:0", "--profile", profile.name, "--speed", speed, "--paper-dir"])
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = child.stdin.take().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let address = PrinterAddress::Tcp { host: String::new(), port: 0 };
        let mut printer = Self { child, stdin, lines, events: VecDeque::new(), address, folder };
        let listening = printer.event("listening");
        printer.address = format!("tcp://{}", listening["address"].as_str().unwrap()).parse().unwrap();
        printer
    }

    /// Does something to the printer and waits until it is done.
    pub fn order(&mut self, line: &str) -> String {
        writeln!(self.stdin, "{line}").unwrap();
        loop {
            let answer = self.lines.recv_timeout(DEADLINE).unwrap();
            if let Ok(event) = serde_json::from_str(&answer) {
                self.events.push_back(event);
            } else {
                assert!(answer.starts_with("ok "), "{answer}");
                return answer;
            }
        }
    }

    /// The next event of this name; others before it are left for later.
    pub fn event(&mut self, name: &str) -> Value {
        if let Some(at) = self.events.iter().position(|event| event["event"] == name) {
            return self.events.remove(at).unwrap();
        }
        loop {
            let line = self.lines.recv_timeout(DEADLINE).unwrap_or_else(|error| panic!("no {name}: {error}"));
            let event: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line}: {error}"));
            if event["event"] == name {
                return event;
            }
            self.events.push_back(event);
        }
    }

    /// How many papers have been cut off so far, those not yet looked at.
    pub fn papers_left(&mut self) -> usize {
        // Its answer comes after every event before it.
        self.order("status");
        self.events.iter().filter(|event| event["event"] == "paper").count()
    }
}

impl Drop for VirtualPrinter {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
