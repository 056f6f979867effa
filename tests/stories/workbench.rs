//! The demo for a person: the kiosk on their display, and the workbench beside it that lays cards, breaks things and shows paper.

use std::process::Command;

use anyhow::{Result, ensure};
use madkort_tests::bins::bin;
use madkort_tests::display::{Display, Size};
use madkort_tests::folders::target_dir;
use madkort_tests::process::{PATIENCE, Process};
use madkort_tests::window::{Role, Window};
use madkort_tests::words::Words;

/// Room for both windows.
const DESK: Size = Size { width: 2080, height: 900 };
const CARD: &str = "Malthe Kjær Thomsen";
/// What is printed on it.
const CODE: &str = "2580";

#[test]
fn everything_on_the_bench_reaches_the_kiosk() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let display = Display::start(dir.path(), DESK)?;
    let kiosk = Window::of_program(&display, "kiosk")?;
    let bench = Window::of_program(&display, "workbench")?;
    let words = Words::danish()?;
    let mut demo = Process::start("demo", Command::new(bin("demo")).envs(display.env()))?;
    bench.wait_for(Role::Button, CARD)?;
    bench.wait_drawn()?;
    kiosk.lay_side_by_side()?;

    bench.tap(CARD)?;
    kiosk.wait_for_text("53,00 kr.")?;
    bench.tap("The till sells for 12,00 kr.")?;
    kiosk.wait_for_text("141,00 kr.")?;

    for (switch, sentence) in [
        ("Network", "No connection right now"),
        ("Paper", "The printer is out of paper"),
        ("Printer cover", "The printer's cover is open"),
        ("Server", "No connection right now"),
    ] {
        bench.tap(switch)?;
        kiosk.wait_for_text(&words.say(sentence))?;
        bench.tap(switch)?;
        kiosk.wait_gone(&words.say(sentence))?;
    }

    // A bare tap reads no statement: the code is asked for, and then it is there.
    kiosk.tap(&words.say("Statement"))?;
    kiosk.wait_for_text(&words.say("Type your code"))?;
    for digit in CODE.chars() {
        kiosk.tap(&digit.to_string())?;
    }
    kiosk.wait_for_text(&words.say("Balance when the month began"))?;
    kiosk.tap(&words.say("Print"))?;
    bench.wait_for(Role::Image, "The paper")?;
    bench.still_picture()?.save(&target_dir().join("stories/workbench.png"))?;

    bench.tap(CARD)?;
    kiosk.wait_for_text(&words.say("Hold your school card to the reader"))?;
    bench.tap("Card reader")?;
    kiosk.wait_for_text(&words.say("The card reader is not plugged in"))?;
    bench.tap("Card reader")?;
    kiosk.wait_for_text(&words.say("Hold your school card to the reader"))?;

    // Closing a window ends the demo, and everything it started with it.
    bench.close_last()?;
    let code = demo.wait_end(PATIENCE)?;
    ensure!(code == Some(0), "the demo ended with {code:?}:\n{}", demo.tail());
    Ok(())
}
