//! What the `printer` command does with a real device.

use anyhow::bail;
use receipt_printer::query::query_identity;
use receipt_printer::{
    Control, Document, JobEvent, JobOutcome, Left, Patience, PrinterAddress, Profile, Tag, escpos, layout, print_job,
    query_status,
};

/// Prints a document and says what became of it.
pub fn print(address: &PrinterAddress, profile: &Profile, left: Left, document: &Document) -> anyhow::Result<()> {
    let tag = tag();
    send(address, profile, left, &escpos::job(&layout(document, profile), profile, tag), tag)
}

/// Prints the commissioning page.
pub fn commission(address: &PrinterAddress, profile: &Profile, left: Left) -> anyhow::Result<()> {
    let model = query_identity(address)?;
    println!("model: {}", model.as_deref().unwrap_or("not said"));
    let tag = tag();
    send(address, profile, left, &escpos::commissioning(profile, model.as_deref(), tag), tag)?;
    println!("Choose the line whose letters are right, and give its number as --code-page.");
    Ok(())
}

/// Asks how it is, and who.
pub fn status(address: &PrinterAddress, profile: &Profile) -> anyhow::Result<()> {
    let status = query_status(address, profile);
    println!("status: {status}");
    if !status.can_print() {
        bail!("the printer at {address} cannot print: {status}");
    }
    println!("model: {}", query_identity(address)?.as_deref().unwrap_or("not said"));
    Ok(())
}

fn send(address: &PrinterAddress, profile: &Profile, left: Left, bytes: &[u8], tag: Tag) -> anyhow::Result<()> {
    let mut tell = |event| {
        match event {
            JobEvent::Status(status) => eprintln!("printer: {status}"),
            JobEvent::Sending { bytes: sent } => eprintln!("sent {sent} of {} bytes", bytes.len()),
        }
        Control::Continue
    };
    let outcome = print_job(address, profile, left, (bytes, tag), &Patience::default(), &mut tell);
    let leaves = outcome.leaves(left);
    match outcome {
        JobOutcome::Printed => println!("printed: the printer confirmed the paper"),
        JobOutcome::Processed => println!("processed: the printer took the last command"),
        JobOutcome::Assumed => println!("assumed printed: this printer confirms nothing"),
        JobOutcome::NotStarted { reason } => bail!("nothing was printed: {:#}", anyhow::Error::new(reason)),
        JobOutcome::Uncertain { bytes_sent, reason } => {
            // Nothing here remembers it until the next paper.
            let next = if leaves == Left::Torn { "; print the next with --after-torn" } else { "" };
            bail!(
                "look at the paper: {bytes_sent} of {} bytes were sent; {:#}{next}",
                bytes.len(),
                anyhow::Error::new(reason)
            )
        }
    }
    Ok(())
}

/// No spool numbers these jobs; the process number tells two of them apart.
fn tag() -> Tag {
    Tag::from_number(std::process::id())
}
