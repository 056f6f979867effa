//! The wire of vpcd, the virtual reader of Debian's `vsmartcard-vpcd`: the card's end.
//!
//! Does I/O. Connecting to a slot's port puts the card on the reader, closing takes it away. Each message, both ways, is
//! its length as two bytes, big-endian, and the payload.
//!
//! **Invariant:** quick acknowledgement is set before every read. vpcd sends length and payload as two segments; with
//! the kernel's delayed acknowledgement each message would take 40 ms longer.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::linux::net::TcpStreamExt;
use std::time::Duration;

/// A reader on this machine takes a connection at once, or does not run.
const CONNECT_LIMIT: Duration = Duration::from_secs(2);

/// What the reader asks.
#[derive(Debug, PartialEq, Eq)]
pub enum Request {
    /// Power off, power on or reset: forget everything, say nothing.
    Power,
    /// Send the answer to reset. Also how the reader asks whether the card is still there.
    Atr,
    /// Answer this command.
    Apdu(Vec<u8>),
}

/// The card's end of one slot.
#[derive(Debug)]
pub struct Slot {
    stream: TcpStream,
}

impl Slot {
    /// Puts the card on the reader.
    pub fn connect(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&address, CONNECT_LIMIT)?;
        stream.set_nodelay(true)?;
        Ok(Self { stream })
    }

    /// A second handle, with which another thread can take the card away.
    pub fn try_clone(&self) -> io::Result<Self> {
        Ok(Self { stream: self.stream.try_clone()? })
    }

    /// Takes the card away. Not an error if the reader has closed first.
    pub fn close(&self) {
        let _ = self.stream.shutdown(Shutdown::Both);
    }

    /// The next request; `None` when either side has closed.
    pub fn receive(&mut self) -> io::Result<Option<Request>> {
        let mut length = [0; 2];
        if !self.fill(&mut length)? {
            return Ok(None);
        }
        let mut payload = vec![0; usize::from(u16::from_be_bytes(length))];
        if !self.fill(&mut payload)? {
            return Ok(None);
        }
        Ok(Some(match payload[..] {
            [0..=2] => Request::Power,
            [4] => Request::Atr,
            _ => Request::Apdu(payload),
        }))
    }

    /// Answers. Empty answers are allowed and mean what they say.
    pub fn send(&mut self, payload: &[u8]) -> io::Result<()> {
        let length = u16::try_from(payload.len()).map_err(|_| io::Error::from(ErrorKind::InvalidInput))?;
        let mut message = length.to_be_bytes().to_vec();
        message.extend(payload);
        self.stream.write_all(&message)
    }

    /// Fills the buffer; false when the connection ended first.
    fn fill(&mut self, buffer: &mut [u8]) -> io::Result<bool> {
        let mut filled = 0;
        while filled < buffer.len() {
            self.stream.set_quickack(true)?;
            match self.stream.read(&mut buffer[filled..]) {
                Ok(0) => return Ok(false),
                Ok(count) => filled += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }
}
