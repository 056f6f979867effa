//! The printer itself: a buffer, a mechanism that empties it at the speed of paper, and sensors that stop it.
//!
//! Two threads share it: the wire fills the buffer, the mechanism empties it; a third, the person at the printer, turns
//! the sensors. Every change wakes the others.
//!
//! **Invariant:** bytes are printed in the order in which they came, each once, or lost by a power cycle; and a command
//! that moves paper waits until there is paper, the cover is closed and the blade free.

use std::collections::VecDeque;
use std::io::Write as _;
use std::net::{Shutdown, TcpStream};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use receipt_printer::profile::Profile;

use crate::archive::Archive;
use crate::events::{Event, tell};
use crate::interpreter::{Command, Interpreter};
use crate::remote::Order;
use crate::sensors::Sensors;
use crate::sheet::Sheet;

/// From the print head to the blade.
const BLADE_MM: usize = 15;
/// How long the blade takes.
const CUT_TIME: Duration = Duration::from_millis(400);
/// A client that does not read its answers must not stop the printer.
const REPLY_TIMEOUT: Duration = Duration::from_secs(1);

/// The printer.
pub struct Machine {
    profile: Profile,
    /// Millimetres a second; `None` is at once.
    speed: Option<usize>,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    buffer: VecDeque<u8>,
    sensors: Sensors,
    sheet: Sheet,
    archive: Archive,
    /// Bytes that the paper in the making was made of.
    consumed: Vec<u8>,
    /// Where answers go.
    client: Option<TcpStream>,
    automatic: bool,
    /// `DLE DC4` functions that are obeyed: pulse.
    real_time_pulse: bool,
    mute: bool,
    mute_offline: bool,
    stall: bool,
    reset_after: Option<usize>,
    /// Counts power cycles and clears, so that the mechanism drops what it holds.
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

impl Machine {
    /// A printer that is switched on.
    pub fn new(profile: &Profile, speed: Option<usize>, archive: Archive) -> Self {
        Self {
            profile: profile.clone(),
            speed,
            changed: Condvar::new(),
            state: Mutex::new(State {
                buffer: VecDeque::with_capacity(profile.buffer),
                sensors: Sensors::default(),
                sheet: Sheet::new(profile),
                archive,
                consumed: Vec::new(),
                client: None,
                automatic: false,
                real_time_pulse: true,
                mute: false,
                mute_offline: false,
                stall: false,
                reset_after: None,
                epoch: 0,
                quit: false,
            }),
        }
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
            [0x10, 0x14, 1, ..] if state.real_time_pulse => tell(&Event::Drawer),
            _ => {}
        }
    }

    // ---- the person ----

    /// Does what a line of the remote control says, and answers it.
    pub fn order(&self, order: Order) -> Result<String, String> {
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
            Order::Tear => self.tear(&mut state),
            Order::Snapshot => {
                let path = state.archive.snapshot(&state.sheet, &self.profile);
                answer = path.map_err(|error| format!("{error:#}"))?.display().to_string();
            }
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

    /// Prints until it is told to quit.
    pub fn run(&self) {
        let mut interpreter = Interpreter::default();
        let mut state = self.lock();
        let mut epoch = state.epoch;
        let mut command_start = 0;
        while !state.quit {
            if state.epoch != epoch {
                epoch = state.epoch;
                interpreter.clear();
            }
            let Some(byte) = state.buffer.pop_front() else {
                if self.profile.cut_is_by_hand() && state.client.is_none() && interpreter.is_between_commands() {
                    self.tear(&mut state);
                }
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            if state.buffer.len() + 1 == self.profile.buffer {
                // There is room again.
                self.changed.notify_all();
            }
            if interpreter.is_between_commands() {
                command_start = state.consumed.len();
            }
            state.consumed.push(byte);
            if let Some(command) = interpreter.push(byte) {
                match command {
                    // Queries are the client's business, not the paper's.
                    Command::RealTime => state.consumed.truncate(command_start),
                    Command::Initialise if state.sheet.is_blank() => drop(state.consumed.drain(..command_start)),
                    _ => {}
                }
                state = self.carry_out(state, &command, epoch);
            }
        }
    }

    fn carry_out<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        command: &Command,
        epoch: usize,
    ) -> MutexGuard<'a, State> {
        let mut dots = state.sheet.advance(command);
        let cut = if let Command::Cut { partial, to_blade } = *command {
            if to_blade {
                dots += BLADE_MM * self.profile.dpi * 10 / 254;
            }
            Some(partial)
        } else {
            None
        };
        if dots > 0 || cut.is_some() {
            state = self.wait_for_paper(state, dots, epoch);
            if state.quit || state.epoch != epoch {
                return state;
            }
            let left = state.sensors.paper_dots - dots;
            state.sensors.paper_dots = left;
            if left == 0 {
                state.felt();
            }
        }
        state.sheet.obey(command);
        state = self.take_time(state, dots, cut.is_some(), epoch);
        if let Some(partial) = cut {
            self.finish(&mut state, partial);
        }
        self.answer(&mut state, command);
        state
    }

    /// Waits until so many dots can be printed. Too short a rest of paper runs out here.
    fn wait_for_paper<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        dots: usize,
        epoch: usize,
    ) -> MutexGuard<'a, State> {
        let mut told = false;
        loop {
            if state.sensors.has_paper() && state.sensors.paper_dots < dots {
                state.feel(|sensors| sensors.paper_dots = 0);
            }
            if state.quit || state.epoch != epoch || state.sensors.is_online() {
                if told {
                    tell(&Event::Resumed);
                }
                return state;
            }
            if !told {
                told = true;
                tell(&Event::Waiting { status: state.sensors.word() });
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Lets the time pass that paper and blade take.
    fn take_time<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        dots: usize,
        cut: bool,
        epoch: usize,
    ) -> MutexGuard<'a, State> {
        let Some(speed) = self.speed else { return state };
        let micros = dots * 25_400_000 / (self.profile.dpi * speed.max(1));
        let moving = Duration::from_micros(u64::try_from(micros).unwrap_or(0));
        let end = Instant::now() + if cut { moving + CUT_TIME } else { moving };
        while !state.quit && state.epoch == epoch {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        state
    }

    fn answer(&self, state: &mut State, command: &Command) {
        match *command {
            Command::ProcessId([a, b, c, d]) if self.profile.process_id => {
                state.answer(&[0x37, 0x22, a, b, c, d, 0]);
            }
            Command::TransmitStatus(1 | b'1') if self.profile.processed_mark => {
                let paper = state.sensors.paper();
                state.answer(&[paper]);
            }
            Command::TransmitStatus(2 | b'2') if self.profile.processed_mark => state.answer(&[0]),
            Command::Identity(n) => {
                let words = match n {
                    66 => "EPSON".to_owned(),
                    67 => self.profile.name.to_uppercase(),
                    65 => "1.00 virtual".to_owned(),
                    _ => return,
                };
                if self.profile.process_id {
                    state.answer(&[&[0x5F], words.as_bytes(), &[0]].concat());
                }
            }
            Command::AutomaticStatus(n) if self.profile.automatic_status => {
                state.automatic = n != 0;
                if state.automatic {
                    let status = state.sensors.automatic();
                    state.answer(&status);
                }
            }
            Command::RealTimeSwitch { function: 1, on } => state.real_time_pulse = on,
            Command::Initialise => {
                state.automatic = false;
                state.real_time_pulse = true;
            }
            Command::DrawerPulse if self.profile.drawer => tell(&Event::Drawer),
            _ => {}
        }
    }

    fn finish(&self, state: &mut State, partial: bool) {
        let paper = state.sheet.cut();
        let bytes = std::mem::take(&mut state.consumed);
        state.archive.keep(&paper, &bytes, &self.profile, partial, BLADE_MM);
    }

    fn tear(&self, state: &mut State) {
        if !state.sheet.is_blank() {
            self.finish(state, false);
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
        self.sheet.obey(&Command::Initialise);
        self.hang_up();
        tell(&Event::PowerCycle { lost });
    }

    fn hang_up(&mut self) {
        if let Some(client) = self.client.take() {
            let _ = client.shutdown(Shutdown::Both);
        }
    }
}
