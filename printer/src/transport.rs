//! The wire to the printer: TCP port 9100, or a device file such as `/dev/usb/lp0`.
//!
//! Not pure. Four operations (open, try to write, try to read, close) and a wait, none of which blocks for longer than
//! it was told. Only one connection exists at a time: printers take one client.
//!
//! **Invariant:** [`Connection::sent`] is exactly the number of bytes the kernel took. That they were printed, or even
//! arrived, is never claimed here.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpStream, ToSocketAddrs as _};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

/// A printer on the local network answers in milliseconds; after this it is switched off.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// What the kernel may hold for the printer (it doubles this). Left alone it takes megabytes, and a whole job counts as
/// sent while the printer has not taken a line of it; with this, bytes sent means nearly what it says.
const SEND_BUFFER: usize = 8 * 1024;

/// The port that receipt printers listen on when none is given.
pub const DEFAULT_PORT: u16 = 9100;

/// Where a printer is: `tcp://127.0.0.1:9100` or `file:/dev/usb/lp0`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum PrinterAddress {
    /// A network printer.
    Tcp {
        /// Name or address.
        host: String,
        /// Usually [`DEFAULT_PORT`].
        port: u16,
    },
    /// A device file, opened for reading and writing.
    File(PathBuf),
}

/// A text is not the address of a printer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a printer address such as tcp://127.0.0.1:9100 or file:/dev/usb/lp0")]
pub struct InvalidAddress(pub String);

impl FromStr for PrinterAddress {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        let invalid = || InvalidAddress(text.to_owned());
        if let Some(path) = text.strip_prefix("file:") {
            let path = PathBuf::from(path.strip_prefix("//").unwrap_or(path));
            return if path.is_absolute() { Ok(Self::File(path)) } else { Err(invalid()) };
        }
        let rest = text.strip_prefix("tcp://").ok_or_else(invalid)?.trim_end_matches('/');
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) if !host.ends_with(':') => (host, port.parse().map_err(|_| invalid())?),
            _ => (rest, DEFAULT_PORT),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        if host.is_empty() || port == 0 || host.contains(['/', ' ', '@']) {
            return Err(invalid());
        }
        Ok(Self::Tcp { host: host.to_owned(), port })
    }
}

impl fmt::Display for PrinterAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "tcp://[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "tcp://{host}:{port}"),
            Self::File(path) => write!(f, "file:{}", path.display()),
        }
    }
}

impl TryFrom<String> for PrinterAddress {
    type Error = InvalidAddress;

    fn try_from(text: String) -> Result<Self, InvalidAddress> {
        text.parse()
    }
}

impl From<PrinterAddress> for String {
    fn from(address: PrinterAddress) -> Self {
        address.to_string()
    }
}

/// What kind of trouble an error of the operating system is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// No such device or host.
    NotFound,
    /// The host is there, nothing listens.
    Refused,
    /// No answer in time.
    TimedOut,
    /// The device went away.
    Unplugged,
    /// The other end cut the connection.
    PeerReset,
    /// The device reports that it has no paper, or a disk is full.
    NoSpace,
    /// Somebody else holds it.
    Busy,
    /// Anything else; the source says.
    Other,
}

impl Cause {
    fn of(error: &io::Error) -> Self {
        match error.kind() {
            ErrorKind::NotFound => Self::NotFound,
            ErrorKind::ConnectionRefused => Self::Refused,
            ErrorKind::TimedOut | ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => Self::TimedOut,
            ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe => Self::PeerReset,
            ErrorKind::StorageFull => Self::NoSpace,
            ErrorKind::ResourceBusy => Self::Busy,
            _ => match Errno::from_io_error(error) {
                Some(Errno::NODEV | Errno::NXIO | Errno::IO) => Self::Unplugged,
                _ => Self::Other,
            },
        }
    }
}

/// What failed on the wire, and how many bytes had been taken by then.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// There is no connection.
    #[error("the printer at {address} cannot be reached")]
    Open {
        /// Where it should be.
        address: PrinterAddress,
        /// What kind of trouble.
        cause: Cause,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Bytes could not be handed over.
    #[error("sending to the printer failed after {sent} bytes")]
    Write {
        /// Bytes taken before.
        sent: usize,
        /// What kind of trouble.
        cause: Cause,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Answers could not be read.
    #[error("listening to the printer failed after {sent} bytes")]
    Read {
        /// Bytes taken before.
        sent: usize,
        /// What kind of trouble.
        cause: Cause,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The printer hung up.
    #[error("the printer closed the connection after {sent} bytes")]
    Closed {
        /// Bytes taken before.
        sent: usize,
    },
}

impl TransportError {
    /// Bytes the kernel had taken when it failed. Zero means that nothing can have been printed.
    #[must_use]
    pub fn sent(&self) -> usize {
        match self {
            Self::Open { .. } => 0,
            Self::Write { sent, .. } | Self::Read { sent, .. } | Self::Closed { sent } => *sent,
        }
    }

    /// What kind of trouble it was.
    #[must_use]
    pub fn cause(&self) -> Cause {
        match self {
            Self::Open { cause, .. } | Self::Write { cause, .. } | Self::Read { cause, .. } => *cause,
            Self::Closed { .. } => Cause::PeerReset,
        }
    }
}

/// An open wire.
#[derive(Debug)]
pub struct Connection {
    link: Link,
    sent: usize,
}

#[derive(Debug)]
enum Link {
    Tcp(TcpStream),
    /// A device file that has reported its end never has an answer; waiting for one would spin.
    File {
        file: File,
        answers: bool,
    },
}

impl Connection {
    /// Opens the wire, for at most `timeout` on a network.
    pub fn open(address: &PrinterAddress, timeout: Duration) -> Result<Self, TransportError> {
        let link = match address {
            PrinterAddress::Tcp { host, port } => connect(host, *port, timeout).map(Link::Tcp),
            PrinterAddress::File(path) => OpenOptions::new()
                .read(true)
                .write(true)
                .custom_flags(i32::from_ne_bytes((OFlags::NONBLOCK | OFlags::NOCTTY).bits().to_ne_bytes()))
                .open(path)
                .map(|file| Link::File { file, answers: true }),
        };
        link.map(|link| Self { link, sent: 0 }).map_err(|source| TransportError::Open {
            address: address.clone(),
            cause: Cause::of(&source),
            source,
        })
    }

    /// Bytes the kernel has taken so far, queries included.
    pub fn sent(&self) -> usize {
        self.sent
    }

    /// Hands over as much as is taken at once; 0 when nothing is.
    pub fn try_write(&mut self, bytes: &[u8]) -> Result<usize, TransportError> {
        let written = match &mut self.link {
            Link::Tcp(stream) => stream.write(bytes),
            Link::File { file, .. } => file.write(bytes),
        };
        match written {
            Ok(taken) => {
                self.sent += taken;
                Ok(taken)
            }
            Err(error) if not_now(&error) => Ok(0),
            Err(source) => Err(TransportError::Write { sent: self.sent, cause: Cause::of(&source), source }),
        }
    }

    /// Takes what has arrived; `None` when nothing has.
    pub fn try_read(&mut self, buffer: &mut [u8]) -> Result<Option<usize>, TransportError> {
        let read = match &mut self.link {
            Link::Tcp(stream) => stream.read(buffer),
            Link::File { file, answers: true } => file.read(buffer),
            Link::File { answers: false, .. } => return Ok(None),
        };
        match read {
            Ok(0) => match &mut self.link {
                Link::Tcp(_) => Err(TransportError::Closed { sent: self.sent }),
                Link::File { answers, .. } => {
                    *answers = false;
                    Ok(None)
                }
            },
            Ok(count) => Ok(Some(count)),
            Err(error) if not_now(&error) => Ok(None),
            Err(source) => Err(TransportError::Read { sent: self.sent, cause: Cause::of(&source), source }),
        }
    }

    /// Waits until something arrived, or, with `to_write`, until bytes are taken; at most `timeout`.
    pub fn wait(&self, to_write: bool, timeout: Duration) -> Result<(), TransportError> {
        let fail = |source: io::Error| TransportError::Read { sent: self.sent, cause: Cause::of(&source), source };
        let mut interest = PollFlags::empty();
        if self.may_answer() {
            interest |= PollFlags::IN;
        }
        if to_write {
            interest |= PollFlags::OUT;
        }
        let timeout = Timespec::try_from(timeout).map_err(|_| fail(ErrorKind::InvalidInput.into()))?;
        // With nothing of interest the descriptor is left out, or a closed one would make the wait spin.
        let fd = self.fd();
        let mut fds = [PollFd::from_borrowed_fd(fd, interest)];
        let watched = if interest.is_empty() { &mut fds[..0] } else { &mut fds[..] };
        match poll(watched, Some(&timeout)) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(errno) => Err(fail(errno.into())),
        }
    }

    /// Hangs up in order, so that what was sent still arrives. Unread answers are dropped.
    pub fn close(mut self) {
        let mut rest = [0; 256];
        while let Ok(Some(_)) = self.try_read(&mut rest) {}
        if let Link::Tcp(stream) = &self.link {
            // A printer that is gone already cannot be told.
            let _ = stream.shutdown(Shutdown::Write);
        }
    }

    fn may_answer(&self) -> bool {
        matches!(self.link, Link::Tcp(_) | Link::File { answers: true, .. })
    }

    fn fd(&self) -> BorrowedFd<'_> {
        match &self.link {
            Link::Tcp(stream) => stream.as_fd(),
            Link::File { file, .. } => file.as_fd(),
        }
    }
}

fn connect(host: &str, port: u16, timeout: Duration) -> io::Result<TcpStream> {
    let deadline = Instant::now() + timeout;
    let mut failure = io::Error::from(ErrorKind::NotFound);
    for address in (host, port).to_socket_addrs().map_err(|error| io::Error::new(ErrorKind::NotFound, error))? {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        match TcpStream::connect_timeout(&address, left) {
            Ok(stream) => {
                stream.set_nonblocking(true)?;
                // A status query is three bytes and must not wait for more.
                stream.set_nodelay(true)?;
                rustix::net::sockopt::set_socket_keepalive(&stream, true)?;
                rustix::net::sockopt::set_socket_send_buffer_size(&stream, SEND_BUFFER)?;
                return Ok(stream);
            }
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

fn not_now(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn addresses_read_and_write() {
        for (text, written) in [
            ("tcp://127.0.0.1:9100", "tcp://127.0.0.1:9100"),
            ("tcp://printer.kantine", "tcp://printer.kantine:9100"),
            ("tcp://[::1]:9101/", "tcp://[::1]:9101"),
            ("file:/dev/usb/lp0", "file:/dev/usb/lp0"),
            ("file:///dev/usb/lp0", "file:/dev/usb/lp0"),
        ] {
            assert_eq!(text.parse::<PrinterAddress>().unwrap().to_string(), written);
        }
        for text in ["", "127.0.0.1:9100", "tcp://", "tcp://:9100", "tcp://x:0", "tcp://x:99999", "file:lp0", "usb:1"] {
            assert_eq!(text.parse::<PrinterAddress>(), Err(InvalidAddress(text.to_owned())));
        }
    }

    #[test]
    fn a_missing_device_is_named() {
        let address = PrinterAddress::File("/nonexistent/lp0".into());
        let error = Connection::open(&address, CONNECT_TIMEOUT).unwrap_err();
        assert_eq!((error.cause(), error.sent()), (Cause::NotFound, 0));
        assert!(error.to_string().contains("/nonexistent/lp0"));
    }

    #[test]
    fn a_full_device_is_no_space() {
        let mut full = Connection::open(&PrinterAddress::File("/dev/full".into()), CONNECT_TIMEOUT).unwrap();
        let error = full.try_write(b"x").unwrap_err();
        assert_eq!((error.cause(), error.sent()), (Cause::NoSpace, 0));
    }
}
