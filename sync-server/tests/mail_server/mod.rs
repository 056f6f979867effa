//! A mail server that takes letters, makes them wait, turns them down, or loses the line; and how its letters are read.

#![allow(dead_code, clippy::unwrap_used)]

use std::sync::{Arc, Mutex};

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
    write.write_all(b"220 mail.example ESMTP\r\n").await.unwrap();
    while let Some(command) = lines.next_line().await.unwrap() {
        let answer: &[u8] = match command.split(' ').next().unwrap() {
            "EHLO" => b"250-mail.example\r\n250 8BITMIME\r\n",
            "DATA" => {
                write.write_all(b"354 go on\r\n").await.unwrap();
                let mut letter = String::new();
                while let Some(text) = lines.next_line().await.unwrap().filter(|text| text != ".") {
                    letter.push_str(&text);
                    letter.push('\n');
                }
                kept.lock().unwrap().push(letter);
                match says {
                    Says::Taken => b"250 kept\r\n",
                    Says::Later => b"451 later\r\n",
                    Says::Never => b"550 no such mailbox\r\n",
                    Says::Nothing => return,
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
        login: None,
        from: "madkort@madkort.example".to_owned(),
    }
}

/// A header that is on one line.
pub fn header(letter: &str, name: &str) -> String {
    let start = format!("{name}: ");
    letter.lines().find_map(|line| line.strip_prefix(&start)).unwrap().to_owned()
}

/// The subject in words (RFC 2047), also when it is folded.
pub fn subject(letter: &str) -> String {
    let mut lines = letter.lines().skip_while(|line| !line.starts_with("Subject: "));
    let first = lines.next().unwrap().strip_prefix("Subject: ").unwrap().to_owned();
    let folded = lines.take_while(|line| line.starts_with(' ')).fold(first, |whole, line| whole + line);
    let mut words = String::new();
    let mut after_encoded = true;
    for word in folded.split(' ') {
        let encoded = word.strip_prefix("=?utf-8?b?").and_then(|word| word.strip_suffix("?="));
        // Between two encoded words a space is no space.
        if !words.is_empty() && !(after_encoded && encoded.is_some()) {
            words.push(' ');
        }
        match encoded {
            Some(encoded) => words.push_str(&String::from_utf8(base64(encoded)).unwrap()),
            None => words.push_str(word),
        }
        after_encoded = encoded.is_some();
    }
    words
}

/// The text of a letter, or of its first part, whichever way it is encoded (RFC 2045, section 6).
pub fn text(letter: &str) -> String {
    let part = match letter.split_once("boundary=\"") {
        Some((_, rest)) => {
            let boundary = rest.split('"').next().unwrap();
            letter.split(&format!("--{boundary}\n")).nth(1).unwrap().split(&format!("--{boundary}")).next().unwrap()
        }
        None => letter,
    };
    let (head, body) = part.split_once("\n\n").unwrap();
    // A line that begins with a dot got a second one on its way (RFC 5321, section 4.5.2).
    let body = body.lines().map(|line| line.strip_prefix('.').unwrap_or(line)).collect::<Vec<_>>().join("\n");
    let head = head.to_lowercase();
    if head.contains("content-transfer-encoding: base64") {
        String::from_utf8(base64(&body)).unwrap().replace("\r\n", "\n")
    } else if head.contains("content-transfer-encoding: quoted-printable") {
        quoted_printable(&body)
    } else {
        body
    }
}

/// The attached file.
pub fn attachment(letter: &str) -> Vec<u8> {
    let (_, part) = letter.split_once("Content-Disposition: attachment").unwrap();
    let (_, body) = part.split_once("\n\n").unwrap();
    base64(body.split("--").next().unwrap())
}

fn quoted_printable(text: &str) -> String {
    let joined = text.replace("=\n", "");
    let mut bytes = Vec::new();
    let mut rest = joined.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        if *first == b'=' {
            bytes.extend(hex::decode(&after[..2]).unwrap());
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8(bytes).unwrap()
}

fn base64(text: &str) -> Vec<u8> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bytes, mut held, mut bits) = (Vec::new(), 0_u32, 0);
    for byte in text.bytes().filter(|byte| !byte.is_ascii_whitespace() && *byte != b'=') {
        let digit = DIGITS.iter().position(|digit| *digit == byte).unwrap();
        held = held << 6 | u32::try_from(digit).unwrap();
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits & 0xFF).unwrap());
        }
    }
    bytes
}
