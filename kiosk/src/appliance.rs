//! The whole kiosk put together: screen, loop and drivers, until the power goes.
//!
//! **Invariant:** the window stands before any driver starts, so that whatever is wrong has a screen to be shown on.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use kiosk_core::Screen;
use slint::{ComponentHandle as _, PhysicalSize, Timer, TimerMode};

use crate::card::{self, TapSeen};
use crate::config::{Config, Speech};
use crate::events::{Clock, Dice, Events};
use crate::headset;
use crate::lights;
use crate::notify::Notify;
use crate::paper::{PaperDriver, PrinterConfig};
use crate::shell::{Drivers, Face, Incoming, Shell, way_in};
use crate::speech::Espeak;
use crate::store::{Bells, StoreHandle};
use crate::sync::{self, Outside, SyncConfig};
use crate::ui::{House, Ui};

/// The core wants the time at least once a second.
const SECOND: Duration = Duration::from_secs(1);

thread_local! {
    /// The loop; it lives on the screen's thread and nowhere else.
    static SHELL: RefCell<Option<Shell>> = const { RefCell::new(None) };
}

/// Runs the kiosk; comes back only when its window is closed.
pub fn run(config: Config) -> anyhow::Result<()> {
    let (clock, dice) = (Clock::machine(), Dice::machine());
    let (out, incoming) = mpsc::channel();
    let post = way_in(out, wake);
    let hand = post.clone();
    let ui = Ui::new(move |intent| hand(Incoming::Hand(intent)))?;
    ui.set_house(as_set_up(config.text_scale));
    if let Some(speech) = config.speech {
        // Where the socket tells, it says who listens; elsewhere there is nothing but the headset.
        ui.set_voice(Box::new(Espeak::new("espeak-ng")), speech == Speech::Headset && config.headset.is_none());
    }
    if let Some((width, height)) = config.window {
        ui.window().window().set_size(PhysicalSize::new(width, height));
    }
    let window = ui.window().as_weak();
    let house = config.language;
    let tap_seen = TapSeen::default();
    let tell = post.clone();
    let events = Events::new(move |event| tell(Incoming::Event(event)));
    // Kept until the end: dropping it stops the watching.
    let (drivers, _monitor) = start_drivers(config, &events, (&clock, &dice), &tap_seen)?;
    let shell = Shell::new(Box::new(Panel(ui)), drivers, (clock, dice), house, incoming, tap_seen, time_frame);
    SHELL.with_borrow_mut(|held| *held = Some(shell));
    post(Incoming::Second);
    drain();
    let notify = Rc::new(Notify::from_environment());
    // Said from inside the loop: only then has the window been shown.
    let first = notify.clone();
    Timer::single_shot(Duration::ZERO, move || first.ready());
    // Kept until the end: dropping it stops the seconds.
    let seconds = Timer::default();
    seconds.start(TimerMode::Repeated, SECOND, move || {
        post(Incoming::Second);
        drain();
        notify.alive();
    });
    if let Some(window) = window.upgrade() {
        window.run()?;
    }
    SHELL.with_borrow_mut(Option::take);
    Ok(())
}

/// A size of type, not an amount of money: the only float the kiosk makes.
#[allow(clippy::float_arithmetic)]
fn as_set_up(text_scale_percent: u16) -> House {
    House { text_scale: f32::from(text_scale_percent) / 100.0, ..House::default() }
}

fn start_drivers(
    config: Config,
    events: &Events,
    (clock, dice): (&Clock, &Dice),
    tap_seen: &TapSeen,
) -> anyhow::Result<(Drivers, card_reader::Monitor)> {
    let (bells, rings) = Bells::new();
    let outbox = bells.outbox.clone();
    let store = StoreHandle::start(config.state.clone(), events.clone(), clock.clone(), bells)?;
    let sync_config = SyncConfig {
        server: config.server,
        state: config.state,
        name: config.name,
        enrol_code_file: config.enrol_code_file,
    };
    let outside =
        Outside { store: store.clone(), events: events.clone(), clock: clock.clone(), dice: dice.clone(), outbox };
    let sync = sync::start(sync_config, outside)?;
    let printer = PrinterConfig { address: config.printer, profile: config.printer_profile };
    PaperDriver::new(printer, store.clone(), events.clone()).start(rings)?;
    let monitor = card::start(config.reader, events.clone(), tap_seen.clone());
    if let (Some(_), Some(socket)) = (config.speech, config.headset) {
        headset::start(socket, events.clone())?;
    }
    let lights = lights::open(config.lights, config.speech.is_some());
    Ok((Drivers { store, sync, lights }, monitor))
}

/// The window as the loop sees it.
struct Panel(Ui);

impl Face for Panel {
    fn show(&self, screen: &Screen) {
        self.0.show(screen);
    }
}

/// Has the loop turn once on the screen's thread.
fn wake() {
    // Fails before the window stands and after it has gone; the second's tick comes anyway.
    let _ = slint::invoke_from_event_loop(drain);
}

fn drain() {
    SHELL.with_borrow_mut(|shell| {
        if let Some(shell) = shell {
            shell.drain();
        }
    });
}

/// Says how long it took from a card to the picture it led to. Two turns of the loop: timers come before drawing, so the second one
/// comes after. (The software renderer tells nobody when it has drawn.)
fn time_frame(page: &'static str, seen: Instant) {
    if tracing::enabled!(tracing::Level::DEBUG) {
        Timer::single_shot(Duration::ZERO, move || {
            Timer::single_shot(Duration::ZERO, move || {
                let micros = u64::try_from(seen.elapsed().as_micros()).unwrap_or(u64::MAX);
                tracing::debug!(frame = page, micros, "from card to picture");
            });
        });
    }
}
