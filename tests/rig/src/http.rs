//! As much HTTP/1.1 as a till or a browser's driver needs on this machine: one request, one answer, one connection.
//!
//! **Invariant:** no request waits longer than [`ANSWER`].

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde::de::DeserializeOwned;

/// How long an answer may take: a browser loads a whole page in it.
pub const ANSWER: Duration = Duration::from_mins(1);
/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);
/// Bytes of an answer: a screenshot in base64 with room.
const LARGEST: u64 = 32 * 1024 * 1024;

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body of a 2xx answer as JSON.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        ensure!((200..300).contains(&self.status), "the answer is {}: {}", self.status, self.text());
        serde_json::from_slice(&self.body).with_context(|| format!("not what was asked for: {}", self.text()))
    }
}

/// Sends one request; a body is JSON.
pub fn request(to: SocketAddr, method: &str, path: &str, headers: &[(&str, String)], body: &[u8]) -> Result<Answer> {
    let mut stream = TcpStream::connect_timeout(&to, CONNECT).with_context(|| format!("connecting to {to}"))?;
    stream.set_read_timeout(Some(ANSWER))?;
    stream.set_write_timeout(Some(ANSWER))?;
    stream.set_nodelay(true)?;
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {to}\r\nconnection: close\r\n");
    for (name, value) in headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    if !body.is_empty() || method == "POST" {
        let _ = write!(head, "content-type: application/json\r\ncontent-length: {}\r\n", body.len());
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)?;
    stream.flush()?;
    read_answer(BufReader::new(stream)).with_context(|| format!("{method} {path} on {to}"))
}

fn read_answer(mut stream: BufReader<TcpStream>) -> Result<Answer> {
    let first = line(&mut stream)?;
    let status =
        first.split(' ').nth(1).and_then(|code| code.parse().ok()).with_context(|| format!("no HTTP: {first}"))?;
    let mut headers = Vec::new();
    loop {
        let line = line(&mut stream)?;
        let Some((name, value)) = line.split_once(':') else { break };
        headers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut answer = Answer { status, headers, body: Vec::new() };
    if let Some(length) = answer.header("content-length") {
        let length: u64 = length.parse()?;
        ensure!(length <= LARGEST, "an answer of {length} bytes");
        stream.take(length).read_to_end(&mut answer.body)?;
        ensure!(answer.body.len() as u64 == length, "the answer broke off");
    } else if answer.header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
        read_chunks(&mut stream, &mut answer.body)?;
    } else if status != 204 && status != 304 {
        stream.take(LARGEST).read_to_end(&mut answer.body)?;
    }
    Ok(answer)
}

fn read_chunks(stream: &mut BufReader<TcpStream>, body: &mut Vec<u8>) -> Result<()> {
    loop {
        let size = line(stream)?;
        let size = u64::from_str_radix(size.split(';').next().unwrap_or_default().trim(), 16)?;
        if size == 0 {
            return Ok(());
        }
        ensure!(size <= LARGEST, "a chunk of {size} bytes");
        stream.by_ref().take(size).read_to_end(body)?;
        line(stream)?;
    }
}

fn line(stream: &mut BufReader<TcpStream>) -> Result<String> {
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        bail!("the connection was closed before the answer");
    }
    Ok(line.trim_end().to_owned())
}
