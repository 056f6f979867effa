//! *Ordrer*: what is ordered, and taking it back before its cut-off.

use anyhow::{Context, Result, bail, ensure};
use jiff::Timestamp;
use madkort_protocol::{CancelOrder, DeviceKind, Operation, OperationBody, OperationId, Outcome, Push, Pushed, Rule};
use madkort_tests::device::new_id;
use madkort_tests::ledger::OrderRow;
use madkort_tests::rig::{Options, Rig};
use madkort_tests::server::Server;
use madkort_tests::window::{Role, Sight};
use uuid::Uuid;

use crate::portal::steps::{books, soon};

#[test]
fn undone_before_the_cut_off_the_money_is_back() -> Result<()> {
    let mut rig = Rig::start(Options::default())?;
    let ledger = rig.ledger();
    let before = ledger.balance("Emil")?;
    rig.come_in("Emil")?;
    let (product, number) = rig.order_food(None)?;
    let order = rig.order_in_ledger("Emil", &number)?;
    ensure!(order.state == "held", "not held: {order:?}");
    books(&rig, "Emil", before - order.total)?;
    rig.paper()?.says_all(&[&number, &product])?;
    rig.press("To my page")?;

    rig.press("All orders")?;
    rig.kiosk.wait_for_screen("Orders")?;
    let undo = rig.words.say_with("Undo {}", &[&number]);
    rig.press_named(&undo)?;
    rig.scroll_to("Cancelled, the money is back")?;
    soon("the order undone", || Ok(rig.order_in_ledger("Emil", &number)?.state == "released"))?;
    let last = ledger.movements("Emil")?.pop().context("no movement")?;
    ensure!(last == ("order-released".to_owned(), order.total), "not what an undone order does: {last:?}");
    books(&rig, "Emil", before)?;
    let gone = |sight: &Sight| sight.find(Role::Button, &undo).is_none();
    rig.window().wait_until("an order that cannot be undone twice", gone)?;
    rig.press("Back")?;
    rig.see_money(before)?;
    rig.go()
}

#[test]
fn what_the_kitchen_has_read_cannot_be_undone() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let server = Server::start(dir.path())?;
    let (alma, ledger) = (server.school().card("Alma")?.clone(), server.ledger());
    let (before, orders) = (ledger.balance("Alma")?, ledger.orders("Alma")?);
    let sold = orders.iter().find(|order| order.state == "captured").context("nothing was sold")?;
    let mut kiosk = server.enrol(DeviceKind::Kiosk, "En kiosk der er bagud")?;
    let cancel = CancelOrder { order: OperationId::new(Uuid::parse_str(&sold.id)?), card: alma.card };
    let body = OperationBody::CancelOrder(cancel);
    let cancel = Operation { id: new_id(), seq: 1, claimed_at: Timestamp::now(), offline: true, body };
    let pushed: Pushed = kiosk.post("/v1/operations", &Push { operations: vec![cancel] })?.json()?;
    let Outcome::Refused(refusal) = &pushed.answers[0].outcome else { bail!("undone: {pushed:?}") };
    ensure!(refusal.rule == Rule::Order, "refused, but why? {refusal:?}");
    // All stand as they stood, but for one that the kitchen's morning has sold since the server began.
    let sold_since = |order: &OrderRow| OrderRow { state: "captured".to_owned(), ..order.clone() };
    let as_before = |(was, is): (&OrderRow, &OrderRow)| is == was || (was.state == "held" && *is == sold_since(was));
    let now = ledger.orders("Alma")?;
    ensure!(now.len() == orders.len() && orders.iter().zip(&now).all(as_before), "an order changed: {now:?}");
    ensure!(now.contains(sold), "the order that was sold changed");
    ensure!(ledger.balance("Alma")? == before, "money moved");
    ledger.must_add_up()
}
