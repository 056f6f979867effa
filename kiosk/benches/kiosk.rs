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

use std::cell::Cell;
use std::io::Write as _;
use std::rc::Rc;
use std::time::{Duration, Instant};

use kiosk::ui::Ui;
use kiosk_core::{Intent, Page};
use madkort_protocol::Language;
use slint::platform::software_renderer::{
    MinimalSoftwareWindow, PremultipliedRgbaColor, RepaintBufferType, TargetPixel,
};
use slint::platform::{Platform, PointerEventButton, WindowAdapter, WindowEvent};
use slint::{ComponentHandle as _, PhysicalSize, PlatformError};

/// The larger panel.
const WIDTH: u32 = 1280;
const HEIGHT: u32 = 800;
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
    name: &'static str,
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

fn frames() -> Vec<Figure> {
    let window = MinimalSoftwareWindow::new(RepaintBufferType::ReusedBuffer);
    let time = Rc::new(Cell::new(Duration::ZERO));
    slint::platform::set_platform(Box::new(Panel { window: window.clone(), time: time.clone() })).unwrap();
    let five = Rc::new(Cell::new(false));
    let typed = Rc::clone(&five);
    let ui = Ui::new(move |intent| typed.set(typed.get() || intent == Intent::Digit(5))).unwrap();
    window.set_size(PhysicalSize::new(WIDTH, HEIGHT));
    ui.window().show().unwrap();
    let mut pixels = vec![Xrgb::default(); (WIDTH * HEIGHT) as usize];
    let mut draw_as = |tick_ms: u64, buffer: RepaintBufferType| {
        time.set(time.get() + Duration::from_millis(tick_ms));
        slint::platform::update_timers_and_animations();
        let begun = Instant::now();
        let drawn = window.draw_if_needed(|renderer| {
            renderer.set_repaint_buffer_type(buffer);
            renderer.render(&mut pixels, WIDTH as usize);
        });
        (drawn, begun.elapsed())
    };

    let da = Language::Danish;
    let home = fixtures::screen(da, Page::Home(fixtures::home(true)));
    let idle = fixtures::screen(da, Page::Idle(fixtures::idle(true, None)));
    ui.show(&home);
    let mut full = Vec::new();
    for _ in 0..FRAMES {
        // What a panel whose buffer is new each time costs: every pixel, of a page that stands.
        window.request_redraw();
        full.push(draw_as(16, RepaintBufferType::NewBuffer).1);
    }
    let mut draw = |tick_ms| draw_as(tick_ms, RepaintBufferType::ReusedBuffer);
    let mut turned = Vec::new();
    for round in 0..FRAMES {
        // Two unlike pages in turn: each is built, its text set, and all of it drawn.
        let begun = Instant::now();
        ui.show(if round % 2 == 0 { &idle } else { &home });
        draw(16);
        turned.push(begun.elapsed());
    }

    // Long after the last touch: the attract pulse has come to rest.
    ui.show(&idle);
    for _ in 0..600 {
        draw(100);
    }
    let at_rest = (0..600).filter(|_| draw(100).0).count();

    ui.show(&fixtures::screen(da, Page::DepositAmount(fixtures::amount("10", None))));
    for _ in 0..20 {
        draw(50);
    }
    let button = PointerEventButton::Left;
    // A release carries no names of elements: the key is where a touch types a five.
    let touched = |position| {
        ui.window().window().dispatch_event(WindowEvent::PointerPressed { position, button });
        ui.window().window().dispatch_event(WindowEvent::PointerReleased { position, button });
        five.get()
    };
    let position = touch_points().find(|position| touched(*position)).expect("a key for five");
    for _ in 0..20 {
        draw(50);
    }
    let mut pressed = Vec::new();
    for _ in 0..FRAMES {
        ui.window().window().dispatch_event(WindowEvent::PointerPressed { position, button });
        let (drawn, took) = draw(16);
        assert!(drawn, "a pressed key looks pressed");
        pressed.push(took);
        ui.window().window().dispatch_event(WindowEvent::PointerReleased { position, button });
        for _ in 0..12 {
            draw(50);
        }
    }
    vec![
        Figure { name: "full redraw 1280x800 p50", value: p(&mut full, 50), unit: "ms", reference: 4.0, target: 1.0 },
        // A change of page is felt as at once within 100 ms (Miller 1968); a Pi 4 is up to seven times slower than a desk.
        Figure {
            name: "page change 1280x800 p95",
            value: p(&mut turned, 95),
            unit: "ms",
            reference: 14.0,
            target: 1.0,
        },
        Figure { name: "pressed key p50", value: p(&mut pressed, 50), unit: "ms", reference: 0.5, target: 1.0 },
        Figure {
            name: "frames in a minute at rest",
            value: at_rest as f64,
            unit: "frames",
            reference: 1.0,
            target: 0.0,
        },
    ]
}

/// Points all over the panel, less than a key apart.
fn touch_points() -> impl Iterator<Item = slint::LogicalPosition> {
    let across = |y: u16| (0..WIDTH as u16).step_by(40).map(move |x| (x, y));
    let points = (0..HEIGHT as u16).step_by(40).flat_map(across);
    points.map(|(x, y)| slint::LogicalPosition::new(f32::from(x), f32::from(y)))
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
        name: "confirm to durable p95",
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
