//! Telling systemd that the kiosk is up and still alive: one datagram each (`sd_notify(3)`).
//!
//! **Invariant:** without `NOTIFY_SOCKET` nothing happens; a socket that does not take the word never stops the kiosk.

use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// The line to systemd, if there is one.
#[derive(Debug, Default)]
pub struct Notify(Option<(UnixDatagram, SocketAddr)>);

impl Notify {
    /// From `NOTIFY_SOCKET`, as systemd sets it.
    #[must_use]
    pub fn from_environment() -> Self {
        Self::to(std::env::var("NOTIFY_SOCKET").ok().as_deref())
    }

    /// To a socket by its path, or by its abstract name after an `@`.
    #[must_use]
    pub fn to(name: Option<&str>) -> Self {
        let line = name.and_then(|name| {
            let address = match name.strip_prefix('@') {
                Some(name) => SocketAddr::from_abstract_name(name),
                None => SocketAddr::from_pathname(name),
            };
            Some((UnixDatagram::unbound().ok()?, address.ok()?))
        });
        Self(line)
    }

    /// The screen stands.
    pub fn ready(&self) {
        self.say("READY=1");
    }

    /// The loop turns.
    pub fn alive(&self) {
        self.say("WATCHDOG=1");
    }

    fn say(&self, word: &str) {
        if let Some((socket, address)) = &self.0
            && let Err(error) = socket.send_to_addr(word.as_bytes(), address)
        {
            tracing::debug!(%error, "systemd did not take a word");
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn says_ready_and_alive_to_the_socket_it_was_given() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let systemd = UnixDatagram::bind(&path).unwrap();
        let notify = Notify::to(path.to_str());
        notify.ready();
        notify.alive();
        let mut word = [0; 32];
        let length = systemd.recv(&mut word).unwrap();
        assert_eq!(&word[..length], b"READY=1");
        let length = systemd.recv(&mut word).unwrap();
        assert_eq!(&word[..length], b"WATCHDOG=1");
    }

    #[test]
    fn without_systemd_nothing_happens() {
        Notify::to(None).ready();
        Notify::to(Some("/nowhere/at/all")).alive();
    }
}
