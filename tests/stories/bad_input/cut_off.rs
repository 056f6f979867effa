//! An order after the cut-off: the server says no, and the money stays where it was.

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use madkort_protocol::{
    Changes, DeviceKind, LineRequest, Operation, OperationBody, Outcome, PlaceOrder, Push, Pushed, Rule,
};
use madkort_tests::device::new_id;
use madkort_tests::server::Server;

#[test]
fn an_order_for_a_day_that_is_closed() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let server = Server::start(dir.path())?;
    let emil = server.school().card("Emil")?.clone();
    let before = server.ledger().balance("Emil")?;
    let mut kiosk = server.enrol(DeviceKind::Kiosk, "En kiosk der er bagud")?;
    let mut changes: Changes = kiosk.get("/v1/changes?after=0")?.json()?;
    let (mut products, mut days) = (changes.products, changes.days);
    while changes.more {
        changes = kiosk.get(&format!("/v1/changes?after={}", changes.cursor))?.json()?;
        products.append(&mut changes.products);
        days.append(&mut changes.days);
    }
    let now = Timestamp::now();
    let closed = days.iter().filter(|day| day.cut_off < now).max_by_key(|day| day.date).context("no closed day")?;
    let product = products.iter().find(|product| closed.products.contains(&product.id)).context("an empty menu")?;
    let order = Operation {
        id: new_id(),
        seq: 1,
        claimed_at: now,
        offline: false,
        body: OperationBody::PlaceOrder(PlaceOrder {
            number: "K9-1".to_owned(),
            card: emil.card,
            account: emil.account,
            date: closed.date,
            lines: vec![LineRequest { product: product.id, quantity: 1, price: product.price, comment: String::new() }],
            total: product.price,
        }),
    };
    let pushed: Pushed = kiosk.post("/v1/operations", &Push { operations: vec![order.clone()] })?.json()?;
    let Outcome::Refused(refusal) = &pushed.answers[0].outcome else { anyhow::bail!("taken: {pushed:?}") };
    ensure!(refusal.rule == Rule::CutOff, "refused, but why? {refusal:?}");
    ensure!(pushed.acked_seq == 1, "a refusal settles it: {pushed:?}");

    // Asked again it is refused again: the same answer, and still no money moved.
    let again: Pushed = kiosk.post("/v1/operations", &Push { operations: vec![order] })?.json()?;
    ensure!(matches!(again.answers[0].outcome, Outcome::Refused(_)), "taken the second time: {again:?}");
    ensure!(server.ledger().balance("Emil")? == before, "money moved");
    server.ledger().must_add_up()
}
