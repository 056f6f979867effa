//! Questions to a printer that is not printing: how it is, and who.
//!
//! Not pure: each takes a connection of its own, for as long as the answer takes.
//!
//! **Invariant:** nothing is printed by asking, and a printer that does not answer costs less than
//! [`CONNECT_TIMEOUT`] and a second.

use std::time::{Duration, Instant};

use crate::profile::{Profile, StatusSupport};
use crate::status::{Answer, AnswerReader, PrinterStatus, QUERIES, RealTime};
use crate::transport::{CONNECT_TIMEOUT, Connection, PrinterAddress, TransportError};

/// A printer answers a query in milliseconds; after this it will not.
pub(crate) const ANSWER_TIME: Duration = Duration::from_millis(300);
/// One answer may get lost; two do not.
pub(crate) const SILENT_AFTER: u32 = 2;
/// For a printer to say who it is; it answers after what it is doing.
const IDENTITY_TIME: Duration = Duration::from_secs(1);

/// Asks the printer how it is, over a connection of its own.
///
/// A printer whose profile only says [`StatusSupport::AskAndSee`] and that does not answer is
/// [`PrinterStatus::Ready`]: the link stands, and more cannot be known.
#[must_use]
pub fn query_status(address: &PrinterAddress, profile: &Profile) -> PrinterStatus {
    match Connection::open(address, CONNECT_TIMEOUT) {
        Err(_) => PrinterStatus::Unreachable,
        Ok(mut connection) => {
            let status = ask(&mut connection);
            connection.close();
            match status {
                Err(_) => PrinterStatus::Unreachable,
                Ok(None) if profile.status == StatusSupport::AskAndSee => PrinterStatus::Ready,
                Ok(None) => PrinterStatus::NotResponding,
                Ok(Some(status)) => status,
            }
        }
    }
}

/// Asks the printer who it is: maker and model, as far as it says (`GS I`). Only a person who sets up a printer asks.
pub fn query_identity(address: &PrinterAddress) -> Result<Option<String>, TransportError> {
    const MAKER_AND_MODEL: [u8; 6] = [0x1D, 0x49, 66, 0x1D, 0x49, 67];
    let mut connection = Connection::open(address, CONNECT_TIMEOUT)?;
    let mut asking = &MAKER_AND_MODEL[..];
    let mut reader = AnswerReader::new();
    let mut words: Vec<String> = Vec::new();
    let deadline = Instant::now() + IDENTITY_TIME;
    while words.len() < 2 {
        asking = &asking[connection.try_write(asking)?..];
        let mut buffer = [0; 512];
        while let Some(count) = connection.try_read(&mut buffer)? {
            words.extend(reader.push(&buffer[..count]).into_iter().filter_map(|answer| match answer {
                Answer::Block(text) => Some(String::from_utf8_lossy(&text).into_owned()),
                _ => None,
            }));
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        if words.len() < 2 {
            connection.wait(!asking.is_empty(), left)?;
        }
    }
    connection.close();
    Ok((!words.is_empty()).then(|| words.join(" ")))
}

/// Asks on an idle wire; `None` when the printer does not answer.
pub(crate) fn ask(connection: &mut Connection) -> Result<Option<PrinterStatus>, TransportError> {
    for _ in 0..SILENT_AFTER {
        let mut buffer = [0; 512];
        // Stale bytes would be taken for the answers.
        while connection.try_read(&mut buffer)?.is_some() {}
        if let Some(status) = ask_once(connection)? {
            return Ok(Some(status));
        }
    }
    Ok(None)
}

fn ask_once(connection: &mut Connection) -> Result<Option<PrinterStatus>, TransportError> {
    let mut reader = AnswerReader::new();
    let mut answers = Vec::with_capacity(QUERIES.len());
    let mut asking = QUERIES.as_flattened();
    let deadline = Instant::now() + ANSWER_TIME;
    loop {
        asking = &asking[connection.try_write(asking)?..];
        let mut buffer = [0; 512];
        while let Some(count) = connection.try_read(&mut buffer)? {
            answers.extend(reader.push(&buffer[..count]).into_iter().filter_map(|answer| match answer {
                Answer::RealTime(byte) => Some(byte),
                _ => None,
            }));
        }
        if let [printer, offline, error, paper, ..] = answers[..] {
            return Ok(Some(RealTime::new([printer, offline, error, paper]).status()));
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(None);
        }
        connection.wait(!asking.is_empty(), left)?;
    }
}
