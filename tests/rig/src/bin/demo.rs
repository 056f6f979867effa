//! `make demo`: the kiosk on real programs and virtual devices, on a person's display or, without one, as a guided visit.
//!
//! **Invariant:** both are the same rig.

use std::fs;
use std::process::ExitCode;

use anyhow::Result;
use madkort_tests::album::Album;
use madkort_tests::display::Size;
use madkort_tests::folders::target_dir;
use madkort_tests::kiosk::Kiosk;
use madkort_tests::rig::{Options, Rig, Stage};
use madkort_tests::server::Server;
use madkort_tests::{bench, visit};

const HELP: &str = "\
demo: Madkort on real programs and virtual devices

With a display it opens the kiosk and a workbench beside it. Without one, or with --headless, it plays one guided visit and
leaves a picture of every screen and every paper in target/demo/ with an index.html.

  --headless   play the guided visit, display or not
  --portrait   a window of 720x1280, like the 7-inch panel; for the visit this is so anyway
  --landscape  a window of 1280x800, like the 10-inch panel; on a display this is so anyway
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    if arguments.iter().any(|argument| !["--headless", "--portrait", "--landscape"].contains(&argument.as_str())) {
        print!("{HELP}");
        return if has("--help") || has("-h") { ExitCode::SUCCESS } else { ExitCode::from(2) };
    }
    let display =
        ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some_and(|it| !it.is_empty()));
    let open = display && !has("--headless");
    let size = if has("--portrait") || !open && !has("--landscape") { Size::PORTRAIT } else { Size::LANDSCAPE };
    match if open { for_a_person(size) } else { guided(size) } {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\ndemo: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn guided(size: Size) -> Result<()> {
    println!("Starting server, card service, printer and kiosk …");
    let mut album = Album::begin(&target_dir().join("demo"), true)?;
    let mut rig = Rig::start(Options { stage: Stage::Hidden, size })?;
    let played = visit::play(&mut rig, &mut album);
    let about = format!(
        "One visit at {}, played on the real programs: every screen, every paper and every page the payer's phone saw.",
        rig.server.school().school
    );
    let index = album.finish("From tap to paper", &about)?;
    println!("\nEvery picture: {}", index.display());
    played
}

fn for_a_person(size: Size) -> Result<()> {
    println!("Starting server, card service, printer, kiosk and workbench …");
    let mut rig = Rig::prepare(Options { stage: Stage::Theirs, size }, with_sound)?;
    rig.kiosk.wait_for_screen("Idle")?;
    println!("Lay a card on the reader in the workbench. Close one of the windows to end.");
    bench::play(&mut rig)
}

/// Gives the kiosk a loudspeaker where the machine can play sound.
fn with_sound(kiosk: &mut Kiosk, _: &mut Server) -> Result<()> {
    let plays = |name: &str| name.starts_with("pcm") && name.ends_with('p');
    let devices = fs::read_dir("/dev/snd").into_iter().flatten().flatten();
    if devices.into_iter().any(|device| plays(&device.file_name().to_string_lossy())) {
        kiosk.configure("speech", "loudspeaker")?;
    }
    Ok(())
}
