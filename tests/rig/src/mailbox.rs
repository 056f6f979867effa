//! The mail server beside the school's, as far as one client needs it (RFC 5321): it takes every letter and keeps it.
//!
//! **Invariant:** a letter is kept before it is said to be taken. It listens only on 127.0.0.1, and ends with its [`Mailbox`].

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use mail_parser::MessageParser;

use crate::patience::until;

/// How soon a letter must be here: the server looks into its outbox every ten seconds.
const DELIVERED: Duration = Duration::from_secs(40);
/// How long a client may keep silent.
const SILENCE: Duration = Duration::from_mins(1);

/// One letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// To whom, as the envelope has it.
    pub to: String,
    /// What its `Subject` says.
    pub subject: String,
    /// Its words, as plain text.
    pub text: String,
    /// The files that came with it.
    pub papers: Vec<Vec<u8>>,
}

#[derive(Default)]
struct Kept {
    letters: Vec<Letter>,
    ended: bool,
}

/// Every mailbox of the world.
pub struct Mailbox {
    address: SocketAddr,
    kept: Arc<Mutex<Kept>>,
}

impl Mailbox {
    /// Opens on a free port.
    pub fn open() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let kept = Arc::new(Mutex::new(Kept::default()));
        let keeping = kept.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                if lock(&keeping).ended {
                    break;
                }
                if let Ok(stream) = stream {
                    let keeping = keeping.clone();
                    // A client that goes away in mid sentence has handed nothing over, and tries again.
                    thread::spawn(move || converse(&stream, &keeping));
                }
            }
        });
        Ok(Self { address, kept })
    }

    /// How the server is told of it.
    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    /// Every letter so far, in the order they came.
    pub fn letters(&self) -> Vec<Letter> {
        lock(&self.kept).letters.clone()
    }

    /// Waits for a letter to that address with that in its subject or its body.
    pub fn wait_for(&self, to: &str, part: &str) -> Result<Letter> {
        let wanted = |letter: &Letter| letter.to == to && (letter.subject.contains(part) || letter.text.contains(part));
        until(&format!("a letter to {to} about {part:?}"), DELIVERED, || Ok(self.letters().into_iter().find(wanted)))
            .with_context(|| format!("these came: {:#?}", self.letters()))
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        lock(&self.kept).ended = true;
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
    }
}

fn lock(kept: &Mutex<Kept>) -> MutexGuard<'_, Kept> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

fn converse(stream: &TcpStream, kept: &Mutex<Kept>) -> Result<()> {
    stream.set_read_timeout(Some(SILENCE))?;
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let say = |answer: &str| -> Result<()> {
        let mut stream = stream;
        Ok(stream.write_all(answer.as_bytes())?)
    };
    say("220 mail.example ESMTP\r\n")?;
    let mut to = String::new();
    while let Some(command) = lines.next().transpose()? {
        match command.get(..4).unwrap_or_default().to_ascii_uppercase().as_str() {
            "EHLO" => say("250-mail.example\r\n250 8BITMIME\r\n")?,
            "RCPT" => {
                let address = command.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
                address.map(|(address, _)| address).unwrap_or_default().clone_into(&mut to);
                say("250 yes\r\n")?;
            }
            "DATA" => {
                say("354 go on\r\n")?;
                let mut letter = String::new();
                while let Some(line) = lines.next().transpose()?.filter(|line| line != ".") {
                    // A dot at the start of a line comes doubled (RFC 5321, 4.5.2).
                    letter.push_str(line.strip_prefix('.').unwrap_or(&line));
                    letter.push('\n');
                }
                lock(kept).letters.push(read(&to, &letter));
                say("250 kept\r\n")?;
            }
            "QUIT" => return say("221 bye\r\n"),
            _ => say("250 yes\r\n")?,
        }
    }
    Ok(())
}

fn read(to: &str, letter: &str) -> Letter {
    let read = MessageParser::default().parse(letter).unwrap_or_default();
    Letter {
        to: to.to_owned(),
        subject: read.subject().unwrap_or_default().to_owned(),
        text: read.body_text(0).unwrap_or_default().into_owned(),
        papers: read.attachments().map(|paper| paper.contents().to_vec()).collect(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_is_taken_and_read() {
        let mailbox = Mailbox::open().unwrap();
        let mut stream = TcpStream::connect(mailbox.address).unwrap();
        let said = "EHLO me\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\nSubject: Auto-optank\r\n\
                    Content-Transfer-Encoding: quoted-printable\r\n\r\nKortet er udl=C3=B8b=\r\net =3D gone\r\n..\r\n.\r\nQUIT\r\n";
        stream.write_all(said.as_bytes()).unwrap();
        let letter = mailbox.wait_for("c@d.example", "udløbet").unwrap();
        assert_eq!((letter.subject.as_str(), letter.text.as_str()), ("Auto-optank", "Kortet er udløbet = gone\n.\n"));
    }
}
