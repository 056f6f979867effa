//! Amounts that cannot be paid in: nought, less than nought, too much, and no number at all.

use anyhow::{Result, ensure};
use madkort_protocol::{DeviceKind, Problem, ProblemCode};
use madkort_tests::device::new_id;
use madkort_tests::rig::{Options, Rig};
use madkort_tests::server::Server;
use serde_json::{Value, json};

#[test]
fn the_keypad_takes_no_wrong_amount() -> Result<()> {
    let mut rig = Rig::start(Options::default())?;
    rig.come_in("Emil")?;
    rig.press("Top up")?;
    rig.kiosk.wait_for_screen("DepositAmount")?;
    rig.press("I accept the terms")?;
    rig.write_in("E-mail", "emil@hojager.example")?;

    rig.press("Next")?;
    rig.see("Choose or type an amount.")?;
    rig.type_code("0")?;
    rig.press("Next")?;
    rig.see("Choose or type an amount.")?;
    rig.type_code("5")?;
    rig.press("Next")?;
    rig.see_with("The lowest amount is {}.", &["10,00 kr."])?;
    rig.type_code("0000")?;
    rig.press("Next")?;
    rig.see_with("The highest amount is {}.", &["1.000,00 kr."])?;
    ensure!(rig.ledger().open_page()?.is_none(), "a payment page was opened");
    rig.go()
}

#[test]
fn the_server_takes_none_either() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let server = Server::start(dir.path())?;
    let emil = server.school().card("Emil")?.clone();
    let mut kiosk = server.enrol(DeviceKind::Kiosk, "En anden kiosk")?;
    let transactions = server.ledger().transactions()?;
    let terms = "2026-08";
    let mut ask = |amount: Value| -> Result<Problem> {
        let body = json!({
            "id": new_id(), "card": emil.card, "account": emil.account, "amount": amount,
            "email": "emil@hojager.example", "terms_version": terms, "language": "da",
        });
        let answer = kiosk.post("/v1/deposits", &body)?;
        Ok(serde_json::from_slice(&answer.body)?)
    };
    for amount in [0, -100, 10_000_000, 999, 1_050] {
        let problem = ask(json!(amount))?;
        ensure!(problem.code == ProblemCode::InvalidAmount, "{amount} øre: {problem:?}");
        ensure!(!problem.detail.is_empty() && !problem.detail_da.is_empty(), "no sentence: {problem:?}");
    }
    for amount in [json!("abc"), json!(null), json!(1e300), json!(i64::MAX), json!([100])] {
        let problem = ask(amount.clone())?;
        let wrong = [ProblemCode::Malformed, ProblemCode::InvalidAmount].contains(&problem.code);
        ensure!(wrong, "{amount}: {problem:?}");
    }
    ensure!(server.ledger().open_page()?.is_none(), "a payment page was opened");
    ensure!(server.ledger().transactions()? == transactions, "something was booked");
    server.ledger().must_add_up()
}
