//! The headset's socket: an input device whose switch the kernel sets when a headset is in it (`SW_HEADPHONE_INSERT` of
//! `linux/input-event-codes.h`), as an ALSA jack or a contact on a GPIO pin reports it.
//!
//! A thread that waits for the switch. **Invariants:** a socket that cannot be read is one without a headset: what was private is
//! silent then, not loud; each change is told once.

use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use evdev::{Device, EventSummary, SwitchCode};
use kiosk_core::Event;

use crate::events::Events;

/// Between two tries to open a socket that is not there: somebody has pulled its plug, and puts it back.
const AGAIN: Duration = Duration::from_secs(2);

/// A socket.
pub trait Socket {
    /// Whether a headset is in it: at once the first time, then when that has changed. Waits.
    fn next(&mut self) -> io::Result<bool>;
}

/// The one of the kernel.
struct Switch {
    path: PathBuf,
    device: Option<Device>,
}

impl Socket for Switch {
    fn next(&mut self) -> io::Result<bool> {
        match self.device.take() {
            None => {
                let device = Device::open(&self.path)?;
                let plugged = device.get_switch_state()?.contains(SwitchCode::SW_HEADPHONE_INSERT);
                self.device = Some(device);
                Ok(plugged)
            }
            Some(mut device) => loop {
                let turned = device.fetch_events()?.filter_map(|event| match event.destructure() {
                    EventSummary::Switch(_, SwitchCode::SW_HEADPHONE_INSERT, value) => Some(value != 0),
                    _ => None,
                });
                if let Some(plugged) = turned.last() {
                    self.device = Some(device);
                    return Ok(plugged);
                }
            },
        }
    }
}

/// Watches the socket, until the kiosk ends.
pub fn start(path: PathBuf, events: Events) -> io::Result<()> {
    let watching = thread::Builder::new().name("headset".to_owned());
    // Nobody ever says anything on it: it ends with the kiosk.
    let (stay, ends) = mpsc::channel::<()>();
    watching.spawn(move || {
        let _stay = stay;
        watch(
            Switch { path, device: None },
            |plugged| events.tell(Event::Headset { plugged }),
            || ends.recv_timeout(AGAIN) == Err(RecvTimeoutError::Timeout),
        );
    })?;
    Ok(())
}

/// Tells of every change; `again` waits before the next try after a fault, and says whether there is one.
pub fn watch(mut socket: impl Socket, mut tell: impl FnMut(bool), mut again: impl FnMut() -> bool) {
    let (mut plugged, mut reported) = (false, false);
    loop {
        let now = socket.next();
        if let Err(error) = &now
            && !std::mem::replace(&mut reported, true)
        {
            tracing::warn!(%error, "the headset's socket cannot be read: nobody is read to in private");
        }
        reported &= now.is_err();
        let (is_in, faulty) = (now.as_ref().is_ok_and(|plugged| *plugged), now.is_err());
        if is_in != plugged {
            plugged = is_in;
            tell(plugged);
        }
        if faulty && !again() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    /// What a socket tells, one thing after the other; then it is gone for good.
    struct Told(VecDeque<io::Result<bool>>);

    impl Socket for Told {
        fn next(&mut self) -> io::Result<bool> {
            self.0.pop_front().unwrap_or_else(|| Err(io::ErrorKind::NotFound.into()))
        }
    }

    /// What is told of it, to the end.
    fn changes(told: Vec<io::Result<bool>>) -> Vec<bool> {
        let mut tries = told.iter().filter(|told| told.is_err()).count();
        let mut heard = Vec::new();
        watch(
            Told(told.into()),
            |plugged| heard.push(plugged),
            || {
                let more = tries > 0;
                tries = tries.saturating_sub(1);
                more
            },
        );
        heard
    }

    #[test]
    fn each_change_is_told_once() {
        assert_eq!(changes(vec![Ok(false), Ok(true), Ok(true), Ok(false), Ok(true)]), [true, false, true, false]);
    }

    #[test]
    fn a_headset_that_is_in_when_the_kiosk_starts_is_told_at_once() {
        assert_eq!(changes(vec![Ok(true)]), [true, false]);
    }

    #[test]
    fn a_socket_that_goes_away_takes_its_headset_with_it_and_comes_back() {
        let gone = || Err(io::ErrorKind::NotFound.into());
        assert_eq!(changes(vec![Ok(true), gone(), gone(), Ok(true)]), [true, false, true, false]);
    }
}
