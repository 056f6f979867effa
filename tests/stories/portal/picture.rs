//! *Billede*: taken on a phone by a code on the kiosk's screen, seen there, and removed; what is no picture changes nothing.

use anyhow::{Context, Result, ensure};
use madkort_tests::rig::{Options, Rig};
use madkort_tests::window::Picture;

use crate::portal::steps::{give_code, open_on_phone};

const NAME: &str = "Noah Hassan Abdi";
/// Of the whole picture; no page of the kiosk has it.
const COLOUR: [u8; 3] = [150, 40, 200];
/// A face of 160 pixels, less what a JPEG smears at its edges.
const SEEN: usize = 150 * 150;

/// How many pixels of the screen look like the picture.
fn coloured(rig: &Rig) -> Result<usize> {
    let screen = rig.window().still_picture()?;
    let near = |pixel: &&[u8]| pixel.iter().zip(COLOUR).all(|(one, other)| one.abs_diff(other) < 16);
    Ok(screen.rgb.chunks_exact(3).filter(near).count())
}

#[test]
fn taken_on_a_phone_seen_at_the_kiosk_and_removed() -> Result<()> {
    let mut rig = Rig::start(Options::default())?;
    let (noah, ledger) = (rig.card("Noah")?, rig.ledger());
    let before = ledger.profile("Noah")?.changes;
    rig.come_in("Noah")?;
    rig.press("Your details")?;
    give_code(&rig, &noah)?;
    rig.see("No picture")?;
    rig.scroll_to_text(&rig.words.say_with("Track {}", &["A"]))?;
    rig.press("Change picture")?;
    rig.see("Waiting for your phone")?;
    open_on_phone(&mut rig)?;
    let link = rig.phone()?.url()?;

    let (letter, face) = (rig.dir().join("brev.jpg"), rig.dir().join("foto.png"));
    std::fs::write(&letter, "Kære kantine")?;
    Picture { width: 400, height: 300, rgb: COLOUR.repeat(400 * 300) }.save(&face)?;
    let phone = rig.phone()?;
    phone.click("#save")?;
    phone.wait_for("Tag eller vælg et billede først")?;
    phone.choose_file("#chosen", &letter)?;
    phone.click("#save")?;
    phone.wait_for("Filen kan ikke læses som et billede")?;
    ensure!(ledger.picture("Noah")?.is_none(), "a letter is no picture");
    phone.choose_file("#taken", &face)?;
    phone.click("#save")?;
    phone.wait_for("Billedet er gemt")?;
    rig.see_with("Picture of {}", &[NAME])?;
    let seen = coloured(&rig)?;
    ensure!(seen > SEEN, "only {seen} pixels look like it");
    let kept = ledger.picture("Noah")?.context("no picture on the server")?;
    ensure!(kept.starts_with(&[0xff, 0xd8]) && kept.len() < 30_000, "not made small: {} bytes", kept.len());
    // The link is used up.
    let phone = rig.phone()?;
    phone.open(&link)?;
    phone.wait_for("Linket virker ikke mere")?;

    // Gone from the screen with the card, and back with the code.
    rig.go()?;
    ensure!(coloured(&rig)? == 0, "it is still on the screen");
    rig.come_in("Noah")?;
    ensure!(coloured(&rig)? == 0, "a tap alone shows it");
    rig.press("Your details")?;
    give_code(&rig, &noah)?;
    rig.see_with("Picture of {}", &[NAME])?;
    rig.press("Change picture")?;
    rig.see("Waiting for your phone")?;
    open_on_phone(&mut rig)?;
    let phone = rig.phone()?;
    phone.click("#remove")?;
    phone.wait_for("Billedet er fjernet")?;
    rig.see("No picture")?;
    ensure!(ledger.picture("Noah")?.is_none(), "it is still there");
    ensure!(ledger.profile("Noah")?.changes == before + 2, "nobody wrote down who did it");
    let token = link.rsplit('/').next().unwrap_or_default().split('?').next().unwrap_or_default().to_owned();
    for line in rig.kiosk.log().iter().chain(&rig.server.log()) {
        ensure!(!line.contains(&token), "the link is in a log: {line}");
    }
    rig.go()
}
