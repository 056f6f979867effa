//! *Kontoudtog*: another month, on paper, again as a copy, and as a PDF by mail.

use anyhow::{Result, ensure};
use madkort_tests::rig::{Options, Rig};

const EMAIL: &str = "mormor@familie.example";

#[test]
fn a_month_on_paper_and_as_a_pdf_by_mail() -> Result<()> {
    let mut rig = Rig::start(Options::default())?;
    rig.come_in("Alma")?;
    rig.press("Statement")?;
    rig.see("Balance when the month began")?;
    rig.press("Print")?;
    let paper = rig.paper()?;
    paper.says_all(&["Kontoudtog", "Saldo ved månedens start"])?;

    rig.press("All months")?;
    rig.see("Choose a month")?;
    rig.press("Back")?;
    rig.see("Balance when the month began")?;

    rig.press("Send as PDF")?;
    rig.write_in("E-mail", "mormor")?;
    rig.press("Send")?;
    rig.see("Type an e-mail address, such as navn@skole.dk.")?;
    rig.write_in("E-mail", EMAIL)?;
    rig.press("Send")?;
    rig.see_with("The statement is on its way to {}.", &[EMAIL])?;
    let letter = rig.server.mailbox().wait_for(EMAIL, "Kontoudtog for")?;
    ensure!(letter.text.contains("Alma"), "whose? {letter:?}");
    let [pdf] = letter.papers.as_slice() else { anyhow::bail!("not one paper: {letter:?}") };
    ensure!(pdf.starts_with(b"%PDF-"), "no PDF");
    rig.go()?;
    let said = |line: &&String| line.contains(EMAIL);
    ensure!(!rig.kiosk.log().iter().chain(&rig.server.log()).any(|line| said(&line)), "the address is in a log");
    rig.ledger().must_add_up()
}
