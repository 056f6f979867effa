//! A configuration or a database that is no such thing: said in Danish and in English, and nothing is written over.

use anyhow::{Context, Result, ensure};
use madkort_tests::kiosk::Kiosk;
use madkort_tests::rig::{Options, Rig};
use madkort_tests::server::Server;

/// `EX_CONFIG` of sysexits.h.
const EXIT_CONFIG: i32 = 78;

fn spoiled_config(spoil: impl FnOnce(&str) -> String) -> Result<(Option<i32>, String)> {
    let mut rig = Rig::prepare(Options::default(), |kiosk: &mut Kiosk, _: &mut Server| {
        let text = std::fs::read_to_string(kiosk.config())?;
        Ok(std::fs::write(kiosk.config(), spoil(&text))?)
    })?;
    rig.kiosk.wait_end()
}

#[test]
fn a_config_that_is_no_toml() -> Result<()> {
    let (code, said) = spoiled_config(|text| format!("{text}\n[window\n"))?;
    ensure!(code == Some(EXIT_CONFIG), "ended with {code:?}: {said}");
    ensure!(said.contains("filen er ikke gyldig TOML") && said.contains("the file is not valid TOML"), "{said}");
    ensure!(!said.contains("panicked"), "{said}");
    Ok(())
}

#[test]
fn a_config_with_a_wrong_key() -> Result<()> {
    let (code, said) = spoiled_config(|text| format!("serveren = 1\n{text}"))?;
    ensure!(code == Some(EXIT_CONFIG), "ended with {code:?}: {said}");
    ensure!(said.contains("\"serveren\" findes ikke") && said.contains("there is no key \"serveren\""), "{said}");
    Ok(())
}

#[test]
fn a_database_that_is_none() -> Result<()> {
    let garbage = b"This is not a database. ".repeat(400);
    let spoil = garbage.clone();
    let mut rig = Rig::prepare(Options::default(), move |kiosk: &mut Kiosk, _: &mut Server| {
        Ok(std::fs::write(kiosk.state().join("kiosk.db"), &spoil)?)
    })?;
    // Nobody can be served, and the screen says so; the file is left for whoever can still read it.
    rig.see("The kiosk's memory does not work right now")?;
    rig.reader.tap(&rig.card("Emil")?.uid)?;
    let sight = rig.see("The kiosk's memory does not work right now")?;
    ensure!(!sight.says("Emil"), "somebody is served:\n{}", sight.told());
    let kept = std::fs::read(rig.kiosk_database()).context("the database is gone")?;
    ensure!(kept == garbage, "the broken database was written over");
    let said = rig.kiosk.log().join("\n");
    ensure!(!said.contains("panicked"), "{said}");
    rig.reader.lift()?;
    Ok(())
}
