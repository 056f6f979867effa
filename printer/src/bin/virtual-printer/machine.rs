//! The printer itself: a buffer, sensors, and switches for what can go wrong.
//!
//! Three threads share it: the wire fills the buffer, the [mechanism](crate::mechanism) empties it at the speed of
//! paper, and the person turns the sensors. Every change wakes the others. Nothing slow happens under its lock, so that
//! a status query is answered at once whatever is being printed.
//!
//! **Invariant:** bytes leave the buffer in the order in which they came, each once, or are lost by a power cycle.

use std::collections::VecDeque;
use std::io::Write as _;
use std::net::{Shutdown, TcpStream};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use receipt_printer::profile::Profile;

use crate::events::{Event, tell};
use crate::interpreter::Command;
use crate::mechanism::Press;
use crate::remote::Order;
use crate::sensors::Sensors;

/// A client that does not read its answers must not stop the printer.
const REPLY_TIMEOUT: Duration = Duration::from_secs(1);

/// The printer.
pub struct Machine {
    /// The model.
    pub profile: Profile,
    /// What is on its way out of it.
    pub press: Press,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    buffer: VecDeque<u8>,
    sensors: Sensors,
    /// Where answers go.
    client: Option<TcpStream>,
    automatic: bool,
    /// `DLE DC4` pulses are not obeyed: a picture is coming.
    no_real_time_pulse: bool,
    mute: bool,
    mute_offline: bool,
    stall: bool,
    reset_after: Option<usize>,
    /// Counts power cycles, so that everybody drops what they hold.
    epoch: usize,
    quit: bool,
}

/// What the wire is to do next.
pub enum Take {
    /// There is room for so many bytes.
    Room(usize),
    /// Hang up.
    HangUp,
}

/// What the mechanism is to do next.
pub enum Next {
    /// Interpret this.
    Byte(u8),
    /// All is printed and the client has gone.
    Idle,
    /// The power was off; the life of this number has begun.
    PowerOn(usize),
    /// Stop.
    Quit,
}

impl Machine {
    /// A printer that is switched on.
    pub fn new(profile: &Profile, press: Press) -> Self {
        Self { profile: profile.clone(), press, changed: Condvar::new(), state: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    // ---- the wire ----

    /// A client came.
    pub fn connected(&self, client: TcpStream) {
        let _ = client.set_write_timeout(Some(REPLY_TIMEOUT));
        self.lock().client = Some(client);
        tell(&Event::Connected);
    }

    /// It left. On a printer without a blade the person takes the paper now.
    pub fn disconnected(&self, received: usize) {
        self.lock().client = None;
        self.changed.notify_all();
        tell(&Event::Disconnected { received });
    }

    /// Waits until there is room in the buffer.
    pub fn room(&self, epoch: usize) -> Take {
        let mut state = self.lock();
        loop {
            if state.quit || state.epoch != epoch {
                return Take::HangUp;
            }
            let free = self.profile.buffer - state.buffer.len();
            if free > 0 && !state.stall {
                return Take::Room(free);
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The number of the present life of the printer, from power-on to power-off.
    pub fn epoch(&self) -> usize {
        self.lock().epoch
    }

    /// How many of the bytes that came are still before the cut of `rst-after`, and whether it is now.
    pub fn before_reset(&self, count: usize) -> (usize, bool) {
        let mut state = self.lock();
        match state.reset_after {
            Some(left) if left <= count => {
                state.reset_after = None;
                (left, true)
            }
            Some(left) => {
                state.reset_after = Some(left - count);
                (count, false)
            }
            None => (count, false),
        }
    }

    /// Takes bytes into the buffer, unless the power was off since they were asked for: then they are lost.
    pub fn receive(&self, bytes: &[u8], epoch: usize) {
        let mut state = self.lock();
        if state.epoch == epoch {
            state.buffer.extend(bytes);
        }
        self.changed.notify_all();
    }

    /// Obeys a real-time command, at the moment it arrives.
    pub fn real_time(&self, command: &[u8]) {
        let mut state = self.lock();
        match *command {
            [0x10, 0x04, n] => {
                if let Some(answer) = state.sensors.real_time(n) {
                    state.answer(&[answer]);
                }
            }
            // Both recover from a stuck blade; 2 also drops what waits.
            [0x10, 0x05, n @ (1 | 2)] => {
                if n == 2 {
                    state.buffer.clear();
                }
                if state.sensors.cutter_fault {
                    state.feel(|sensors| sensors.cutter_fault = false);
                }
                self.changed.notify_all();
            }
            [0x10, 0x14, 1, ..] if !state.no_real_time_pulse => tell(&Event::Drawer),
            _ => {}
        }
    }

    // ---- the person ----

    /// Does what a line of the remote control says, and answers it.
    pub fn order(&self, order: Order) -> Result<String, String> {
        // These two look at the paper, not at the printer.
        match order {
            Order::Tear => {
                self.press.tear(&self.profile);
                return Ok(String::new());
            }
            Order::Snapshot => return self.press.snapshot(&self.profile).map_err(|error| format!("{error:#}")),
            _ => {}
        }
        let mut state = self.lock();
        let mut answer = String::new();
        match order {
            Order::Paper(true) => state.feel(Sensors::new_roll),
            Order::Paper(false) => state.feel(|sensors| sensors.paper_dots = 0),
            Order::PaperMm(mm) => {
                let dots = mm * self.profile.dpi * 10 / 254;
                state.feel(|sensors| sensors.paper_dots = dots);
            }
            Order::NearEnd(on) => state.feel(|sensors| sensors.near_end = on),
            Order::Cover(open) => state.feel(|sensors| sensors.cover_open = open),
            Order::Cutter(fault) => state.feel(|sensors| sensors.cutter_fault = fault),
            Order::Mute(on) => state.mute = on,
            Order::MuteOffline(on) => state.mute_offline = on,
            Order::Stall(on) => state.stall = on,
            Order::ResetAfter(bytes) => state.reset_after = Some(bytes),
            Order::PowerCycle => state.power_cycle(),
            Order::Tear | Order::Snapshot => {}
            Order::Status => state.sensors.word().clone_into(&mut answer),
            Order::Quit => {
                state.quit = true;
                state.hang_up();
            }
        }
        self.changed.notify_all();
        Ok(answer)
    }

    // ---- the mechanism ----

    /// Waits for the next byte. [`Next::Idle`] is said once, until `idle` is false again.
    pub fn next(&self, epoch: usize, idle: bool) -> Next {
        let mut state = self.lock();
        loop {
            if state.quit {
                return Next::Quit;
            }
            if state.epoch != epoch {
                return Next::PowerOn(state.epoch);
            }
            if let Some(byte) = state.buffer.pop_front() {
                if state.buffer.len() + 1 == self.profile.buffer {
                    // There is room again.
                    self.changed.notify_all();
                }
                return Next::Byte(byte);
            }
            if state.client.is_none() && !idle {
                return Next::Idle;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits until so many dots of paper can be used, and uses them. False when the power went off instead. Too short a
    /// rest of paper runs out here.
    pub fn use_paper(&self, dots: usize, epoch: usize) -> bool {
        let mut state = self.lock();
        let mut told = false;
        loop {
            if state.sensors.has_paper() && state.sensors.paper_dots < dots {
                state.feel(|sensors| sensors.paper_dots = 0);
            }
            if state.quit || state.epoch != epoch {
                return false;
            }
            if state.sensors.is_online() {
                break;
            }
            if !told {
                told = true;
                tell(&Event::Waiting { status: state.sensors.word() });
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if told {
            tell(&Event::Resumed);
        }
        state.feel(|sensors| sensors.paper_dots -= dots);
        true
    }

    /// Lets time pass, unless the power goes off.
    pub fn take_time(&self, time: Duration, epoch: usize) {
        let end = Instant::now() + time;
        let mut state = self.lock();
        while !state.quit && state.epoch == epoch {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Answers the commands that ask for one, and keeps the settings that answers depend on.
    pub fn answer(&self, command: &Command) {
        let mut state = self.lock();
        match *command {
            Command::ProcessId([a, b, c, d]) if self.profile.process_id => {
                state.answer(&[0x37, 0x22, a, b, c, d, 0]);
            }
            Command::TransmitStatus(1 | b'1') if self.profile.processed_mark => {
                let paper = state.sensors.paper();
                state.answer(&[paper]);
            }
            Command::TransmitStatus(2 | b'2') if self.profile.processed_mark => state.answer(&[0]),
            Command::Identity(n) if self.profile.process_id => {
                let words = match n {
                    65 => "1.00 virtual".to_owned(),
                    66 => "EPSON".to_owned(),
                    67 => self.profile.name.to_uppercase(),
                    _ => return,
                };
                state.answer(&[&[0x5F], words.as_bytes(), &[0]].concat());
            }
            Command::AutomaticStatus(n) if self.profile.automatic_status => {
                state.automatic = n != 0;
                if state.automatic {
                    let status = state.sensors.automatic();
                    state.answer(&status);
                }
            }
            Command::RealTimeSwitch { function: 1, on } => state.no_real_time_pulse = !on,
            Command::Initialise => {
                state.automatic = false;
                state.no_real_time_pulse = false;
            }
            Command::DrawerPulse if self.profile.drawer => tell(&Event::Drawer),
            _ => {}
        }
    }
}

impl State {
    /// Changes the sensors and says so.
    fn feel(&mut self, change: impl FnOnce(&mut Sensors)) {
        let before = self.sensors.word();
        change(&mut self.sensors);
        if self.sensors.word() != before {
            self.felt();
        }
    }

    fn felt(&mut self) {
        tell(&Event::Status { status: self.sensors.word() });
        if self.automatic {
            let status = self.sensors.automatic();
            self.answer(&status);
        }
    }

    fn answer(&mut self, bytes: &[u8]) {
        if self.mute || (self.mute_offline && !self.sensors.is_online()) {
            return;
        }
        if let Some(client) = &mut self.client {
            // A client that is gone is noticed by the wire.
            let _ = client.write_all(bytes);
        }
    }

    fn power_cycle(&mut self) {
        let lost = self.buffer.len();
        self.buffer.clear();
        self.automatic = false;
        self.epoch += 1;
        self.hang_up();
        tell(&Event::PowerCycle { lost });
    }

    fn hang_up(&mut self) {
        if let Some(client) = self.client.take() {
            let _ = client.shutdown(Shutdown::Both);
        }
    }
}
