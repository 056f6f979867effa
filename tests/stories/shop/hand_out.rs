//! An order's last hours: what comes after the cut-off is not taken, what came before it is sold then and handed out at a tap.

use std::process::Command;

use anyhow::{Result, ensure};
use madkort_protocol::DeviceKind;
use madkort_tests::bins::bin;
use madkort_tests::kiosk_user::kroner;
use madkort_tests::patience::until;
use madkort_tests::process::{PATIENCE, run_told};
use madkort_tests::rig::{Options, Rig};
use madkort_tests::window::Role;

use super::refusals::{refused_by_the_server, to_the_check_out};

/// The till's own program.
fn register(rig: &Rig, arguments: &[&str], line: &str) -> Result<String> {
    let mut command = Command::new(bin("register"));
    run_told("register", command.arg("--state").arg(rig.dir().join("register.json")).args(arguments), line)
}

#[test]
fn too_late_is_said_and_what_came_in_time_is_handed_out_at_a_tap() -> Result<()> {
    let mut rig = Rig::start_with(Options::default(), |_, server| server.only_today_is_open())?;
    let (emil, ledger) = (rig.card("Emil")?, rig.ledger());
    let before = ledger.balance("Emil")?;
    rig.come_in("Emil")?;

    // In time when the menu opened, too late when "Pay" is pressed.
    let closed = ("cut_off", "Orders for that day had closed.");
    let too_late = |rig: &mut Rig| {
        let dish = to_the_check_out(rig)?;
        rig.see("Balance afterwards")?;
        rig.server.today_has_closed()?;
        rig.press("Pay")?;
        Ok(dish)
    };
    refused_by_the_server(&mut rig, "Emil", too_late, closed)?;

    rig.server.only_today_is_open()?;
    let (dish, number) = rig.order_food(None)?;
    rig.paper()?.says_all(&[&number, &dish])?;
    let order = rig.order_in_ledger("Emil", &number)?;
    let today = rig.server.school().today.to_string();
    ensure!(order.state == "held" && order.date == today, "not an order for today: {order:?}");
    rig.server.today_has_closed()?;
    until(
        "the order sold",
        PATIENCE,
        || Ok((rig.order_in_ledger("Emil", &number)?.state == "captured").then_some(())),
    )?;
    rig.press("To my page")?;
    let line = |state: &str| format!("{number} · {} kr. · {}", kroner(order.total), rig.words.say(state));
    rig.scroll_to_text(&line("Ready to collect"))?;

    let code = rig.server.enrol_code(DeviceKind::Register, "Udleveringen")?;
    register(&rig, &["enrol", "--server", &format!("http://{}", rig.server.address())], &code)?;
    let tap = ["pick-up", "--card", &emil.uid];
    let told = register(&rig, &tap, "")?;
    ensure!(told.contains(&format!("UDLEVER {number}\n1 x {dish}\n")), "not handed out:\n{told}");
    rig.window().wait_for_text(&line("Collected"))?;
    let again = register(&rig, &tap, "")?;
    ensure!(again.ends_with("INTET AT UDLEVERE\n"), "handed out twice:\n{again}");

    rig.press("All orders")?;
    rig.kiosk.wait_for_screen("Orders")?;
    let sight = rig.scroll_to_text(&line("Collected"))?;
    let undo = rig.words.say_with("Undo {}", &[&number]);
    ensure!(sight.find(Role::Button, &undo).is_none(), "what is eaten can be undone:\n{}", sight.told());
    rig.go()?;
    // Held, and sold.
    ensure!(ledger.times_posted(&number)? == 2, "order {number} is not held once and sold once");
    ensure!(ledger.balance("Emil")? == before - order.total, "the balance is wrong");
    ensure!(rig.printer.untaken()?.is_empty(), "a paper nobody asked for");
    ledger.must_add_up()
}
