//! A mail server that takes letters, makes them wait, turns them down, or loses the line; and how its letters are read.

#![allow(dead_code, clippy::unwrap_used)]

pub mod agent;

use std::sync::{Arc, Mutex};

use mail_parser::{Message, MessageParser, MessagePart, MimeHeaders};
use sync_server::mail::{Security, SmtpSettings};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What the mail server says once it has a letter.
#[derive(Clone, Copy)]
pub enum Says {
    Taken,
    Later,
    Never,
    /// It keeps the letter and hangs up.
    Nothing,
    /// It turns away whoever calls, before they have said a word.
    GoAway,
}

/// A mail server as RFC 5321 has it, as far as one client needs it. Answers with its port and the letters it was given.
pub async fn mail_server(script: Vec<Says>) -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let letters = Arc::new(Mutex::new(Vec::new()));
    let kept = letters.clone();
    tokio::spawn(async move {
        for says in script {
            let (line, _) = listener.accept().await.unwrap();
            converse(line, says, &kept).await;
        }
    });
    (port, letters)
}

async fn converse(line: TcpStream, says: Says, kept: &Mutex<Vec<String>>) {
    let (read, mut write) = line.into_split();
    let mut lines = BufReader::new(read).lines();
    if matches!(says, Says::GoAway) {
        return write.write_all(b"554 no mail from you\r\n").await.unwrap();
    }
    write.write_all(b"220 mail.example ESMTP\r\n").await.unwrap();
    while let Some(command) = lines.next_line().await.unwrap() {
        let answer: &[u8] = match command.split(' ').next().unwrap() {
            "EHLO" => b"250-mail.example\r\n250 8BITMIME\r\n",
            "DATA" => {
                write.write_all(b"354 go on\r\n").await.unwrap();
                let mut letter = String::new();
                while let Some(text) = lines.next_line().await.unwrap().filter(|text| text != ".") {
                    // A line that begins with a dot got a second one on its way (RFC 5321, section 4.5.2).
                    letter.push_str(text.strip_prefix('.').unwrap_or(&text));
                    letter.push('\n');
                }
                kept.lock().unwrap().push(letter);
                match says {
                    Says::Taken => b"250 kept\r\n",
                    Says::Later => b"451 later\r\n",
                    Says::Never => b"550 no such mailbox\r\n",
                    Says::Nothing | Says::GoAway => return,
                }
            }
            "QUIT" => {
                let _gone = write.write_all(b"221 bye\r\n").await;
                return;
            }
            _ => b"250 yes\r\n",
        };
        write.write_all(answer).await.unwrap();
    }
}

pub fn settings(port: u16) -> SmtpSettings {
    SmtpSettings {
        host: "127.0.0.1".to_owned(),
        port,
        security: Security::Plain,
        authorities: None,
        login: None,
        from: "madkort@madkort.example".to_owned(),
    }
}

/// A header that is on one line.
pub fn header(letter: &str, name: &str) -> String {
    let start = format!("{name}: ");
    letter.lines().find_map(|line| line.strip_prefix(&start)).unwrap().to_owned()
}

/// A letter, taken apart.
fn parsed(letter: &str) -> Message<'_> {
    MessageParser::default().parse(letter).unwrap()
}

/// The subject in words.
pub fn subject(letter: &str) -> String {
    parsed(letter).subject().unwrap().to_owned()
}

/// What the letter says in plain text.
pub fn text(letter: &str) -> String {
    part(letter, "plain")
}

/// What it says as HTML.
pub fn html(letter: &str) -> String {
    part(letter, "html")
}

fn part(letter: &str, kind: &str) -> String {
    let letter = parsed(letter);
    let of_kind = |part: &&MessagePart<'_>| part.content_type().is_some_and(|found| found.subtype() == Some(kind));
    let part = letter.parts.iter().find(of_kind).unwrap();
    part.text_contents().unwrap().replace("\r\n", "\n")
}

/// The attached file.
pub fn attachment(letter: &str) -> Vec<u8> {
    parsed(letter).attachment(0).unwrap().contents().to_vec()
}
