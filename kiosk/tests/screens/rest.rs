//! The idle page moves for 20 seconds and then rests: no frame is drawn until somebody comes.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use jiff::civil::date;
use kiosk::ui::{House, Ui};
use kiosk_core::{Countdown, IdlePage, MenuPage, Page, Screen};
use madkort_protocol::Language;
use slint::platform::software_renderer::{MinimalSoftwareWindow, PremultipliedRgbaColor, RepaintBufferType};
use slint::platform::{Platform, WindowAdapter, update_timers_and_animations};
use slint::{ComponentHandle, PhysicalSize, PlatformError};

use crate::fixtures;

const WIDTH: u32 = 720;
const HEIGHT: u32 = 1280;

/// A window that counts its frames, and a clock that is turned by hand.
struct Still {
    window: Rc<MinimalSoftwareWindow>,
    now: Rc<Cell<Duration>>,
}

impl Platform for Still {
    fn create_window_adapter(&self) -> Result<Rc<dyn WindowAdapter>, PlatformError> {
        Ok(self.window.clone())
    }
    fn duration_since_start(&self) -> Duration {
        self.now.get()
    }
}

fn idle(minutes: i64) -> Screen {
    let page = IdlePage {
        school: "Skovvejens Skole".to_owned(),
        dishes: vec!["Lasagne".to_owned()],
        countdown: Some(Countdown { date: date(2026, 11, 26), minutes }),
        notice: None,
    };
    let looks = kiosk_core::Looks::default();
    Screen {
        language: Language::Danish,
        looks,
        headset: false,
        adjusting: false,
        page: Page::Idle(page),
        faults: vec![],
        warning: None,
    }
}

/// Frames drawn while the clock is turned on by this much, in steps of 50 ms.
fn frames(window: &MinimalSoftwareWindow, now: &Cell<Duration>, seconds: u64) -> usize {
    let mut pixels = vec![PremultipliedRgbaColor::default(); (WIDTH * HEIGHT) as usize];
    let mut drawn = 0;
    for _ in 0..seconds * 20 {
        now.set(now.get() + Duration::from_millis(50));
        update_timers_and_animations();
        window.draw_if_needed(|renderer| {
            renderer.render(&mut pixels, WIDTH as usize);
            drawn += 1;
        });
    }
    drawn
}

#[test]
fn the_idle_page_comes_to_rest() {
    let window = MinimalSoftwareWindow::new(RepaintBufferType::ReusedBuffer);
    let now = Rc::new(Cell::new(Duration::ZERO));
    slint::platform::set_platform(Box::new(Still { window: window.clone(), now: now.clone() })).unwrap();
    let ui = Ui::new(|_| {}).unwrap();
    window.set_size(PhysicalSize::new(WIDTH, HEIGHT));
    ui.show(&idle(135));
    ui.window().show().unwrap();

    assert!(frames(&window, &now, 5) > 10, "the rings move");
    frames(&window, &now, 20);
    assert_eq!(frames(&window, &now, 60), 0, "at rest");

    // The core says the same screen again each second, and a minute later a new minute.
    ui.show(&idle(135));
    assert_eq!(frames(&window, &now, 2), 0, "nothing new, nothing drawn");
    ui.show(&idle(134));
    assert_eq!(frames(&window, &now, 60), 1, "one frame for one minute");

    // So does the menu, whose countdown is words and no animation.
    let menu = |minutes| {
        let menu = fixtures::menu(true, true);
        let countdown = menu.countdown.map(|left| Countdown { minutes, ..left });
        Screen { page: Page::Menu(MenuPage { countdown, ..menu }), ..idle(1) }
    };
    ui.show(&menu(90));
    frames(&window, &now, 2);
    ui.show(&menu(90));
    assert_eq!(frames(&window, &now, 59), 0, "no frame between two minutes");
    ui.show(&menu(89));
    assert_eq!(frames(&window, &now, 60), 1, "one frame for one minute");
    ui.show(&idle(134));
    frames(&window, &now, 30);

    ui.set_house(House { reduced_motion: true, ..House::default() });
    ui.show(&Screen { page: Page::Starting, ..idle(1) });
    frames(&window, &now, 1);
    ui.show(&idle(134));
    assert_eq!(frames(&window, &now, 30), 1, "with reduced motion nothing moves at all");
}
