//! What a visit costs inside the kiosk: a frame, a key, a moment of stillness, and the way from a touch to the disk.
//!
//! `cargo bench -p kiosk`. Prints one figure a line; with `MADKORT_FIGURES` set, appends each as a JSON line to that file.

#![allow(
    clippy::unwrap_used,
    clippy::wildcard_imports,
    clippy::float_arithmetic,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    dead_code,
    unused_imports,
    missing_docs
)]

#[path = "../tests/screens/fixtures/mod.rs"]
mod fixtures;
#[path = "../tests/drivers/school.rs"]
mod school;

use std::cell::{Cell, RefCell};
use std::io::Write as _;
use std::rc::Rc;
use std::time::{Duration, Instant};

use kiosk::ui::Ui;
use kiosk_core::{Intent, Page, SupportPage};
use madkort_protocol::Language;
use slint::platform::software_renderer::{
    MinimalSoftwareWindow, PremultipliedRgbaColor, RepaintBufferType, TargetPixel,
};
use slint::platform::{Platform, PointerEventButton, WindowAdapter, WindowEvent};
use slint::{ComponentHandle as _, LogicalPosition, PhysicalSize, PlatformError};

/// The panels that are built for: 10 inches lying, 7 inches upright.
const PANELS: [(u16, u16); 2] = [(1280, 800), (720, 1280)];
/// Repetitions of everything drawn.
const FRAMES: usize = 200;
/// Orders recorded, each beside a bare fsync.
const RECORDS: u128 = 300;
/// Orders recorded before: a kiosk's log has long been as large as it gets.
const RECORDED: u128 = 300;

/// A panel in memory and a clock turned by hand.
struct Panel {
    window: Rc<MinimalSoftwareWindow>,
    time: Rc<Cell<Duration>>,
}

impl Platform for Panel {
    fn create_window_adapter(&self) -> Result<Rc<dyn WindowAdapter>, PlatformError> {
        Ok(self.window.clone())
    }

    fn duration_since_start(&self) -> Duration {
        self.time.get()
    }
}

/// A pixel as the panel takes it (DRM XRGB8888), and as the window's buffer on a desktop has it.
#[derive(Clone, Copy, Default)]
struct Xrgb(u32);

impl TargetPixel for Xrgb {
    fn blend(&mut self, color: PremultipliedRgbaColor) {
        let [_, red, green, blue] = self.0.to_be_bytes();
        let mut pixel = PremultipliedRgbaColor { red, green, blue, alpha: u8::MAX };
        pixel.blend(color);
        *self = Self::from_rgb(pixel.red, pixel.green, pixel.blue);
    }

    fn from_rgb(red: u8, green: u8, blue: u8) -> Self {
        Self(u32::from_be_bytes([u8::MAX, red, green, blue]))
    }
}

/// What was measured, beside what it is measured by.
struct Figure {
    name: String,
    value: f64,
    unit: &'static str,
    reference: f64,
    /// The most that `value / reference` may be.
    target: f64,
}

fn main() {
    let mut figures = frames();
    figures.push(confirm_to_durable());
    let file = std::env::var("MADKORT_FIGURES").ok();
    for figure in figures {
        let ratio = figure.value / figure.reference;
        let holds = ratio <= figure.target;
        let Figure { name, value, unit, reference, target } = figure;
        println!("{name}: {value:.3} {unit}, {ratio:.3} of {reference:.3} {unit} (at most {target}): {holds}");
        let line = serde_json::json!({
            "name": name, "value": value, "unit": unit, "reference": reference,
            "ratio": ratio, "target": target, "holds": holds,
        });
        if let Some(file) = &file {
            let mut out = std::fs::OpenOptions::new().append(true).create(true).open(file).unwrap();
            writeln!(out, "{line}").unwrap();
        }
    }
}

/// How long a finger stays, in milliseconds: what scrolls waits for a tenth of a second whether it is being dragged.
const TOUCH: u64 = 150;
/// The strip on top takes less than one part in so many of a page.
const STRIP: u16 = 6;

/// The window, drawn into memory.
struct Face {
    ui: Ui,
    heard: Rc<RefCell<Vec<Intent>>>,
    window: Rc<MinimalSoftwareWindow>,
    time: Rc<Cell<Duration>>,
    panel: (u16, u16),
    pixels: Vec<Xrgb>,
}

impl Face {
    fn open() -> Self {
        let window = MinimalSoftwareWindow::new(RepaintBufferType::ReusedBuffer);
        let time = Rc::new(Cell::new(Duration::ZERO));
        slint::platform::set_platform(Box::new(Panel { window: window.clone(), time: time.clone() })).unwrap();
        let heard = Rc::<RefCell<Vec<Intent>>>::default();
        let hand = Rc::clone(&heard);
        let ui = Ui::new(move |intent| hand.borrow_mut().push(intent)).unwrap();
        let mut face = Self { ui, heard, window, time, panel: (0, 0), pixels: vec![] };
        face.resize(PANELS[0]);
        face.ui.window().show().unwrap();
        face
    }

    fn resize(&mut self, (width, height): (u16, u16)) {
        self.window.set_size(PhysicalSize::new(width.into(), height.into()));
        self.pixels = vec![Xrgb::default(); usize::from(width) * usize::from(height)];
        self.panel = (width, height);
    }

    /// Turns the clock on and draws, if there is anything to draw; says so, and how long it took.
    fn draw_as(&mut self, tick_ms: u64, buffer: RepaintBufferType) -> (bool, Duration) {
        self.time.set(self.time.get() + Duration::from_millis(tick_ms));
        slint::platform::update_timers_and_animations();
        let (pixels, across) = (&mut self.pixels, usize::from(self.panel.0));
        let begun = Instant::now();
        let drawn = self.window.draw_if_needed(|renderer| {
            renderer.set_repaint_buffer_type(buffer);
            renderer.render(pixels, across);
        });
        (drawn, begun.elapsed())
    }

    fn draw(&mut self, tick_ms: u64) -> (bool, Duration) {
        self.draw_as(tick_ms, RepaintBufferType::ReusedBuffer)
    }

    /// Whatever moves comes to its end.
    fn settle(&mut self) {
        for _ in 0..20 {
            self.draw(50);
        }
    }

    fn press(&self, position: LogicalPosition) {
        let button = PointerEventButton::Left;
        self.ui.window().window().dispatch_event(WindowEvent::PointerPressed { position, button });
    }

    fn release(&self, position: LogicalPosition) {
        let button = PointerEventButton::Left;
        self.ui.window().window().dispatch_event(WindowEvent::PointerReleased { position, button });
    }

    /// Touches point after point, less than a key apart, until somebody is heard to want that; says where. A release carries no
    /// names of elements: a key is where a touch types it. What a touch opens is there for the next one: so not the strip on top,
    /// where the choice of size and colours would open over the page, and from the left, for what closes a thing is on the right.
    fn find(&mut self, wanted: impl Fn(&Intent) -> bool) -> LogicalPosition {
        let (width, height) = self.panel;
        let rows = || (height / STRIP..height).step_by(40);
        for (x, y) in (0..width).step_by(40).flat_map(|x| rows().map(move |y| (x, y))) {
            let position = LogicalPosition::new(x.into(), y.into());
            self.press(position);
            self.draw(TOUCH);
            self.release(position);
            self.draw(16);
            if self.heard.take().iter().any(&wanted) {
                return position;
            }
        }
        panic!("no such key")
    }
}

fn frames() -> Vec<Figure> {
    let mut face = Face::open();
    PANELS.into_iter().flat_map(|panel| frames_on(&mut face, panel)).collect()
}

fn frames_on(face: &mut Face, panel: (u16, u16)) -> Vec<Figure> {
    face.resize(panel);
    let da = Language::Danish;
    let home = fixtures::screen(da, Page::Home(fixtures::home(true)));
    let idle = fixtures::screen(da, Page::Idle(fixtures::idle(true, None)));
    face.ui.show(&home);
    let mut full = Vec::new();
    for _ in 0..FRAMES {
        // What a panel whose buffer is new each time costs: every pixel, of a page that stands.
        face.window.request_redraw();
        full.push(face.draw_as(16, RepaintBufferType::NewBuffer).1);
    }
    let mut turned = Vec::new();
    for round in 0..FRAMES {
        // Two unlike pages in turn: each is built, its text set, and all of it drawn.
        let begun = Instant::now();
        face.ui.show(if round % 2 == 0 { &idle } else { &home });
        face.draw(16);
        turned.push(begun.elapsed());
    }

    // Long after the last touch: the attract pulse has come to rest.
    face.ui.show(&idle);
    for _ in 0..600 {
        face.draw(100);
    }
    let at_rest = (0..600).filter(|_| face.draw(100).0).count();
    let (mut pressed, mut typed) = (pressed(face), typed(face));

    let (width, height) = panel;
    let figure = |what: &str, rest: &str, value, reference| {
        let name = format!("{what} {width}x{height}{rest}");
        Figure { name, value, unit: "ms", reference, target: 1.0 }
    };
    // A change is felt as at once within 100 ms (Miller 1968); a Pi 4 is up to seven times slower than a desk.
    let at_once = 14.0;
    vec![
        figure("full redraw", " p50", p(&mut full, 50), 4.0),
        figure("page change", " p95", p(&mut turned, 95), at_once),
        figure("pressed key", " p50", p(&mut pressed, 50), 0.5),
        figure("letter typed on the screen", " p95", p(&mut typed, 95), at_once),
        Figure {
            name: format!("frames in a minute at rest {width}x{height}"),
            value: at_rest as f64,
            unit: "frames",
            reference: 1.0,
            target: 0.0,
        },
    ]
}

/// A finger on a key of the keypad, on the page where nothing else opens: what is drawn of it.
fn pressed(face: &mut Face) -> Vec<Duration> {
    let code = fixtures::code(0, false, None);
    face.ui.show(&fixtures::screen(Language::Danish, Page::Code(code)));
    face.settle();
    let five = face.find(|intent| *intent == Intent::Digit(5));
    face.settle();
    let press = |_| {
        face.press(five);
        let (drawn, took) = face.draw(16);
        assert!(drawn, "a pressed key looks pressed");
        face.release(five);
        face.settle();
        took
    };
    (0..FRAMES).map(press).collect()
}

/// A letter of the keyboard on the screen: from the touch to the frame that shows it in the field, by way of the form it belongs to.
fn typed(face: &mut Face) -> Vec<Duration> {
    let form = |name: &str| {
        let form = SupportPage { name: name.to_owned(), ..fixtures::support(true, None) };
        fixtures::screen(Language::Danish, Page::Support(form))
    };
    face.ui.show(&form(""));
    face.settle();
    // The first touch that meets a field opens it, and a later one meets a key.
    let key = face.find(|intent| matches!(intent, Intent::Edit(..)));
    face.settle();
    face.heard.take();
    let letter = |_| {
        let begun = Instant::now();
        face.press(key);
        face.draw(16);
        face.release(key);
        let heard = face.heard.take();
        let Some(Intent::Edit(_, text)) = heard.last() else { panic!("no letter was typed: {heard:?}") };
        face.ui.show(&form(text));
        assert!(face.draw(16).0, "a letter that was typed is seen");
        let took = begun.elapsed();
        face.settle();
        took
    };
    (0..FRAMES).map(letter).collect()
}

/// From the touch that confirms to the row that a power cut cannot take back.
fn confirm_to_durable() -> Figure {
    let target = concat!(env!("CARGO_MANIFEST_DIR"), "/../target");
    let folder = tempfile::tempdir_in(target).unwrap();
    let mut store = school::store_in(folder.path());
    let mut bare = std::fs::File::create(folder.path().join("bare")).unwrap();
    let page = [7_u8; 4096];
    let (mut records, mut syncs) = (Vec::new(), Vec::new());
    for number in 1..=RECORDED {
        store.record(school::to_record(number, 1)).unwrap();
    }
    for number in RECORDED + 1..=RECORDED + RECORDS {
        let begun = Instant::now();
        bare.write_all(&page).unwrap();
        bare.sync_all().unwrap();
        syncs.push(begun.elapsed());
        let order = school::to_record(number, 1);
        let begun = Instant::now();
        store.record(order).unwrap();
        records.push(begun.elapsed());
    }
    Figure {
        name: "confirm to durable p95".to_owned(),
        value: p(&mut records, 95),
        unit: "ms",
        reference: p(&mut syncs, 95),
        target: 1.5,
    }
}

/// The percentile, in milliseconds.
fn p(times: &mut [Duration], percent: usize) -> f64 {
    times.sort();
    times[(times.len() * percent / 100).min(times.len() - 1)].as_secs_f64() * 1000.0
}
