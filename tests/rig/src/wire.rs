//! A length of cable between two programs, that can be cut, or hold what is sent through it.
//!
//! A TCP proxy: the near program connects here and is put through to the far one.
//!
//! **Invariant:** bytes come out in the order they went in, or, after a cut, not at all; the near end's address never changes.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::Result;

/// How long the far end may take to accept.
const CONNECT: Duration = Duration::from_secs(2);

/// What the cable does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Lets everything through.
    Whole,
    /// Lets nothing through, and what was connected is not any more.
    Cut,
    /// Lets requests through and keeps the answers.
    HoldsAnswers,
    /// Keeps everything, as a dead router does: nothing is refused, nothing arrives.
    HoldsAll,
    /// The rig is gone.
    Ended,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    There,
    Back,
}

struct State {
    mode: Mode,
    far: SocketAddr,
    open: Vec<TcpStream>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, mode: Mode) {
        let mut state = self.lock();
        state.mode = mode;
        if matches!(mode, Mode::Cut | Mode::Ended) {
            for stream in state.open.drain(..) {
                // Already closed is as good.
                let _ = stream.shutdown(Shutdown::Both);
            }
        }
        drop(state);
        self.changed.notify_all();
    }

    /// Waits until bytes may pass that way; `false` if they never will.
    fn may_pass(&self, way: Way) -> bool {
        let mut state = self.lock();
        loop {
            match (state.mode, way) {
                (Mode::Whole, _) | (Mode::HoldsAnswers, Way::There) => return true,
                (Mode::Cut | Mode::Ended, _) => return false,
                (Mode::HoldsAnswers | Mode::HoldsAll, _) => {
                    state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
    }
}

/// The cable.
pub struct Wire {
    near: SocketAddr,
    shared: Arc<Shared>,
}

impl Wire {
    /// Lays a cable to `far`.
    pub fn to(far: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let near = listener.local_addr()?;
        let state = Mutex::new(State { mode: Mode::Whole, far, open: Vec::new() });
        let shared = Arc::new(Shared { state, changed: Condvar::new() });
        let accepting = shared.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                if accepting.lock().mode == Mode::Ended {
                    break;
                }
                if let Ok(stream) = stream {
                    let shared = accepting.clone();
                    thread::spawn(move || put_through(&shared, stream));
                }
            }
        });
        Ok(Self { near, shared })
    }

    /// Where the near program connects.
    pub fn near(&self) -> SocketAddr {
        self.near
    }

    /// Plugs the far end in somewhere else; connections that are open stay where they are.
    pub fn plug_into(&self, far: SocketAddr) {
        self.shared.lock().far = far;
    }

    /// Cuts it: open connections break, new ones are closed at once.
    pub fn cut(&self) {
        self.shared.set(Mode::Cut);
    }

    /// Mends it, and lets go of what was held.
    pub fn restore(&self) {
        self.shared.set(Mode::Whole);
    }

    /// From now on requests arrive and answers do not.
    pub fn hold_answers(&self) {
        self.shared.set(Mode::HoldsAnswers);
    }

    /// From now on nothing arrives, and nobody is told.
    pub fn hold(&self) {
        self.shared.set(Mode::HoldsAll);
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.shared.set(Mode::Ended);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.near);
    }
}

fn put_through(shared: &Arc<Shared>, near: TcpStream) {
    if !shared.may_pass(Way::There) {
        return;
    }
    let far = shared.lock().far;
    let Ok(far) = TcpStream::connect_timeout(&far, CONNECT) else { return };
    let (Ok(near_again), Ok(far_again)) = (near.try_clone(), far.try_clone()) else { return };
    {
        let mut state = shared.lock();
        if matches!(state.mode, Mode::Cut | Mode::Ended) {
            return;
        }
        state.open.retain(|stream| stream.peer_addr().is_ok());
        state.open.extend([&near, &far].into_iter().filter_map(|stream| stream.try_clone().ok()));
    }
    // Neither may wait for the other's acknowledgement: this is one hop of a cable.
    let _ = (near.set_nodelay(true), far.set_nodelay(true));
    let back = shared.clone();
    thread::spawn(move || pass(&back, Way::Back, far_again, near_again));
    pass(shared, Way::There, near, far);
}

fn pass(shared: &Shared, way: Way, mut from: TcpStream, mut to: TcpStream) {
    let mut bytes = [0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        if !shared.may_pass(way) || to.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    // The other direction may still have something to say.
    if shared.may_pass(way) {
        let _ = to.shutdown(Shutdown::Write);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// An echo on the far side.
    fn echo() -> SocketAddr {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                thread::spawn(move || {
                    let mut byte = [0];
                    while stream.read_exact(&mut byte).is_ok() && stream.write_all(&byte).is_ok() {}
                });
            }
        });
        address
    }

    fn connect(wire: &Wire) -> TcpStream {
        let stream = TcpStream::connect(wire.near()).unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        stream
    }

    #[test]
    fn a_cut_breaks_what_is_open_and_a_mended_wire_carries_again() {
        let wire = Wire::to(echo()).unwrap();
        let mut stream = connect(&wire);
        let mut byte = [0];
        stream.write_all(b"a").unwrap();
        stream.read_exact(&mut byte).unwrap();
        wire.cut();
        assert_eq!(stream.read(&mut byte).unwrap_or(0), 0, "broken");
        assert_eq!(connect(&wire).read(&mut byte).unwrap_or(0), 0, "closed at once");
        wire.restore();
        let mut stream = connect(&wire);
        stream.write_all(b"b").unwrap();
        stream.read_exact(&mut byte).unwrap();
        assert_eq!(&byte, b"b");
    }

    #[test]
    fn held_answers_come_when_they_are_let_go() {
        let wire = Wire::to(echo()).unwrap();
        wire.hold_answers();
        let mut stream = connect(&wire);
        let mut byte = [0];
        stream.write_all(b"a").unwrap();
        assert!(stream.read(&mut byte).is_err(), "nothing yet");
        wire.restore();
        stream.read_exact(&mut byte).unwrap();
        assert_eq!(&byte, b"a");
    }
}
