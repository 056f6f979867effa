//! Events as lines: sentences for a person, or JSON for a program.
//!
//! **Invariant:** a whole UID is in no line.

use std::io::{self, Write};
use std::time::Duration;

use card_reader::{CardEvent, ReaderStatus};
use serde_json::{Value, json};

/// How to write.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One English sentence per line.
    Sentences,
    /// One object per line; its member `event` says which.
    Json,
}

/// Where the lines go.
pub struct Report<W> {
    form: Form,
    out: W,
}

impl<W: Write> Report<W> {
    pub fn new(form: Form, out: W) -> Self {
        Self { form, out }
    }

    /// The readers that the service has at the start.
    pub fn readers(&mut self, names: &[String], wanted: Option<&str>) -> io::Result<()> {
        if self.form == Form::Json {
            return self.line(&json!({ "event": "readers", "names": names }).to_string());
        }
        if names.is_empty() {
            self.line("No readers found.")?;
        }
        for name in names {
            let note =
                if wanted.is_some_and(|wanted| !name.starts_with(wanted)) { " (not used: --reader)" } else { "" };
            self.line(&format!("Reader: {name}{note}"))?;
        }
        Ok(())
    }

    /// One event, and for a tap the time from the service's report of the card to the UID.
    pub fn event(&mut self, event: &CardEvent, took: Option<Duration>) -> io::Result<()> {
        let line = match self.form {
            Form::Json => object(event, took).to_string(),
            Form::Sentences => sentence(event, took),
        };
        self.line(&line)
    }

    fn line(&mut self, line: &str) -> io::Result<()> {
        writeln!(self.out, "{line}")?;
        self.out.flush()
    }
}

fn object(event: &CardEvent, took: Option<Duration>) -> Value {
    match event {
        CardEvent::Reader(status) => json!({ "event": "reader", "status": status.name() }),
        CardEvent::Tapped { uid, kind, .. } => json!({
            "event": "tapped",
            "uid": uid.to_string(),
            "kind": kind.name(),
            "micros": u64::try_from(took.unwrap_or_default().as_micros()).unwrap_or(u64::MAX),
        }),
        CardEvent::Refused(refusal) => json!({ "event": "refused", "reason": refusal.name() }),
        CardEvent::Lifted => json!({ "event": "lifted" }),
    }
}

fn sentence(event: &CardEvent, took: Option<Duration>) -> String {
    match event {
        CardEvent::Reader(status) => match remedy(*status) {
            Some(remedy) => format!("{}. {remedy}", capital(&status.to_string())),
            None => format!("{}.", capital(&status.to_string())),
        },
        CardEvent::Tapped { uid, kind, .. } => {
            format!("Card {uid}, {kind}, read in {} microseconds.", took.unwrap_or_default().as_micros())
        }
        CardEvent::Refused(refusal) => format!("Refused: {refusal}."),
        CardEvent::Lifted => "The card was lifted.".to_owned(),
    }
}

/// What a technician can do about it.
fn remedy(status: ReaderStatus) -> Option<&'static str> {
    use card_reader::ReaderFault::{InUse, NotAnswering, NotPermitted};
    match status {
        ReaderStatus::ServiceDown => Some("Try: systemctl start pcscd.socket"),
        ReaderStatus::NoReader => Some("Check the cable and the name given with --reader."),
        ReaderStatus::Idle | ReaderStatus::CardPresent => None,
        ReaderStatus::Fault(InUse) => Some("Stop the other program (scdaemon and opensc are usual)."),
        ReaderStatus::Fault(NotPermitted) => Some("Check the polkit rule and the group of /run/pcscd/pcscd.comm."),
        ReaderStatus::Fault(NotAnswering) => Some("Take the card away; if that does not help, replug the reader."),
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::Instant;

    use card_reader::{CardKind, ReaderFault, Refusal};

    use super::*;

    fn events() -> Vec<CardEvent> {
        let uid = "04A1B2C3D4E580".parse().unwrap();
        vec![
            CardEvent::Reader(ReaderStatus::ServiceDown),
            CardEvent::Reader(ReaderStatus::Fault(ReaderFault::InUse)),
            CardEvent::Reader(ReaderStatus::Idle),
            CardEvent::Tapped { uid, kind: CardKind::Ultralight, seen: Instant::now() },
            CardEvent::Refused(Refusal::RandomId),
            CardEvent::Lifted,
        ]
    }

    fn written(form: Form) -> String {
        let mut out = Vec::new();
        let mut report = Report::new(form, &mut out);
        report.readers(&["Virtual PCD 00 00".to_owned()], Some("ACS")).unwrap();
        for event in events() {
            report.event(&event, Some(Duration::from_micros(750))).unwrap();
        }
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn sentences() {
        assert_eq!(
            written(Form::Sentences),
            "Reader: Virtual PCD 00 00 (not used: --reader)\n\
             The card service (pcscd) is not running. Try: systemctl start pcscd.socket\n\
             Another program uses the card reader. Stop the other program (scdaemon and opensc are usual).\n\
             The card reader is ready.\n\
             Card **********E580, MIFARE Ultralight or NTAG21x, read in 750 microseconds.\n\
             Refused: this looks like a phone or a bank card: use the school card.\n\
             The card was lifted.\n"
        );
    }

    #[test]
    fn one_object_per_line() {
        let text = written(Form::Json);
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines[0], json!({ "event": "readers", "names": ["Virtual PCD 00 00"] }));
        assert_eq!(lines[2], json!({ "event": "reader", "status": "fault-in-use" }));
        assert_eq!(
            lines[4],
            json!({ "event": "tapped", "uid": "**********E580", "kind": "ultralight-or-ntag21x", "micros": 750 })
        );
        assert_eq!(lines[5], json!({ "event": "refused", "reason": "random-id" }));
        assert_eq!(lines[6], json!({ "event": "lifted" }));
    }
}
