//! The workbench: a window beside the kiosk's for whoever tries the demo.
//!
//! It shows what it is told on standard input and says on standard output what was pressed; the demo does the rest.
//!
//! **Invariant:** a line it cannot read changes nothing; the end of its input is the end of the window.

#[path = "../../rig/src/bench_words.rs"]
mod bench_words;

use std::io::{BufRead as _, Write as _};
use std::rc::Rc;

use anyhow::Result;
use bench_words::{Card, Fault, Show, Wish};
use slint::{ComponentHandle as _, Image, Model as _, SharedPixelBuffer, VecModel};

#[allow(clippy::all, clippy::pedantic, clippy::unwrap_used, clippy::float_arithmetic, clippy::todo, missing_docs)]
mod ui {
    slint::include_modules!();
}

use ui::{CardInHand, SwitchOnBench, Workbench};

fn main() -> Result<()> {
    let window = Workbench::new()?;
    let switches: Vec<_> = Fault::ALL.iter().map(|fault| switch(*fault, false)).collect();
    window.set_switches(Rc::new(VecModel::from(switches)).into());
    connect(&window);
    let shown = window.as_weak();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let Ok(line) = line else { break };
            match serde_json::from_str::<Show>(&line) {
                Ok(what) => drop(shown.upgrade_in_event_loop(move |window| show(&window, what))),
                Err(error) => eprintln!("workbench: {error}: {line}"),
            }
        }
        // Fails only when the window is closed already.
        let _ = slint::quit_event_loop();
    });
    window.run()?;
    Ok(())
}

fn connect(window: &Workbench) {
    let weak = window.as_weak();
    window.on_card_pressed(move |uid| {
        let lies = weak.upgrade().is_some_and(|window| window.get_lying() == uid);
        say(&if lies { Wish::Lift } else { Wish::Tap(uid.into()) });
    });
    let weak = window.as_weak();
    window.on_phone_pressed(move || {
        let lies = weak.upgrade().is_some_and(|window| window.get_lying() == "phone");
        say(&if lies { Wish::Lift } else { Wish::TapPhone });
    });
    let weak = window.as_weak();
    window.on_switch_pressed(move |row| {
        let Some(row) = usize::try_from(row).ok() else { return };
        let stands = weak.upgrade().and_then(|window| window.get_switches().row_data(row));
        if let (Some(fault), Some(stands)) = (Fault::ALL.get(row), stands) {
            say(&Wish::Switch(*fault, !stands.broken));
        }
    });
    window.on_pay_pressed(|| say(&Wish::Pay));
    window.on_sell_pressed(|| say(&Wish::Sell));
}

fn say(wish: &Wish) {
    let mut out = std::io::stdout().lock();
    // Nobody listens any more: the demo has ended, and the end of the input will end the window.
    let _ = serde_json::to_string(wish).map(|line| writeln!(out, "{line}").and_then(|()| out.flush()));
}

fn show(window: &Workbench, what: Show) {
    match what {
        Show::Cards(cards) => {
            let cards: Vec<_> = cards
                .into_iter()
                .map(|Card { uid, name, about }| CardInHand { uid: uid.into(), name: name.into(), about: about.into() })
                .collect();
            window.set_cards(Rc::new(VecModel::from(cards)).into());
        }
        Show::Lying(uid) => window.set_lying(uid.unwrap_or_default().into()),
        Show::Paper(path) => match read_png(&path) {
            Ok(picture) => {
                window.set_paper(picture);
                window.set_has_paper(true);
            }
            Err(error) => eprintln!("workbench: {error:#}"),
        },
        Show::Switch(fault, broken) => {
            if let Some(row) = Fault::ALL.iter().position(|other| *other == fault) {
                window.get_switches().set_row_data(row, switch(fault, broken));
            }
        }
        Show::Say(sentence) => window.set_said(sentence.into()),
    }
}

/// A PNG as a picture. Slint's own decoders are left out of the build: the kiosk needs none.
fn read_png(path: &std::path::Path) -> Result<Image> {
    let mut decoder = png::Decoder::new(std::io::BufReader::new(std::fs::File::open(path)?));
    decoder.set_transformations(png::Transformations::normalize_to_color8() | png::Transformations::ALPHA);
    let mut reader = decoder.read_info()?;
    let mut pixels = vec![0; reader.output_buffer_size().unwrap_or_default()];
    let info = reader.next_frame(&mut pixels)?;
    let rgba: Vec<u8> = match info.color_type.samples() {
        2 => pixels.chunks_exact(2).flat_map(|p| [p[0], p[0], p[0], p[1]]).collect(),
        _ => pixels,
    };
    Ok(Image::from_rgba8(SharedPixelBuffer::clone_from_slice(&rgba, info.width, info.height)))
}

fn switch(fault: Fault, broken: bool) -> SwitchOnBench {
    let (name, whole, cut) = match fault {
        Fault::Network => ("Network", "connected", "down: orders are kept"),
        Fault::Server => ("Server", "running", "killed"),
        Fault::Reader => ("Card reader", "plugged in", "unplugged"),
        Fault::Paper => ("Paper", "on the roll", "out"),
        Fault::Cover => ("Printer cover", "closed", "open"),
    };
    let about = if broken { cut } else { whole };
    SwitchOnBench { name: name.into(), about: about.into(), broken }
}
