//! Wrong verification codes: five tries, then a wait, on the server and, out of its reach, on the kiosk alike.

use anyhow::{Result, ensure};
use madkort_protocol::{DeviceKind, LoginAnswer, LoginRequest};
use madkort_tests::rig::{Options, Rig};

const WRONG: &str = "0000";
const WAIT: &str = "Wait {n} second, then try again.";

/// Types five wrong codes and then the right one, which is no longer looked at.
fn use_up_the_tries(rig: &mut Rig, label: &str) -> Result<()> {
    let card = rig.card(label)?;
    ensure!(card.ask_code && card.code != WRONG, "not the card for this story");
    rig.reader.tap(&card.uid)?;
    rig.kiosk.wait_for_screen("Code")?;
    for left in [4, 3, 2, 1] {
        rig.type_code(WRONG)?;
        rig.window().wait_for_text(&rig.words.count("That is not the code. {n} try left.", left))?;
    }
    rig.type_code(WRONG)?;
    rig.see_some(WAIT)?;
    rig.type_code(&card.code)?;
    let sight = rig.see_some(WAIT)?;
    ensure!(!sight.says(card.name.split(' ').next().unwrap_or_default()), "let in all the same:\n{}", sight.told());
    Ok(())
}

#[test]
fn wrong_code_with_the_server() -> Result<()> {
    let mut rig = Rig::start(Options::default())?;
    use_up_the_tries(&mut rig, "Alma")?;

    // The server counts for all kiosks: another one is no way around.
    let alma = rig.card("Alma")?;
    let mut other = rig.server.enrol(DeviceKind::Kiosk, "En anden kiosk")?;
    let answer: LoginAnswer =
        other.post("/v1/logins", &LoginRequest { card: alma.card, code: alma.code.clone() })?.json()?;
    ensure!(matches!(answer, LoginAnswer::Wait { .. }), "the server looked at it: {answer:?}");

    // Another card is none the worse for it.
    rig.go()?;
    rig.come_in("Karen")
}

#[test]
fn wrong_code_without_the_server() -> Result<()> {
    let mut rig = Rig::start(Options::default())?;
    rig.network.cut();
    rig.see("No connection right now")?;
    use_up_the_tries(&mut rig, "Alma")?;
    rig.go()?;

    // A power cut is no way around either.
    rig.kiosk.kill9()?;
    rig.kiosk.switch_on()?;
    rig.kiosk.wait_for_screen("Idle")?;
    let alma = rig.card("Alma")?;
    rig.reader.tap(&alma.uid)?;
    rig.kiosk.wait_for_screen("Code")?;
    rig.type_code(&alma.code)?;
    rig.see_some(WAIT)?;
    rig.go()?;
    rig.come_in("Karen")
}
