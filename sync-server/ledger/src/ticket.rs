//! A support ticket: no money moves, and still a card vouches for whoever asks.
//!
//! Pure.

use madkort_protocol::{FileTicket, Refusal, Rule, check_email, check_text};

use crate::order::NUMBER;
use crate::rules::{Payer, refusal};

/// Checks the fields and trims them.
pub fn filed(ticket: &FileTicket, asker: Payer) -> Result<FileTicket, Refusal> {
    asker.check_card()?;
    let text = |text: &str, limit| check_text(text, limit).map_err(|_| refusal(Rule::Field));
    Ok(FileTicket {
        number: text(&ticket.number, NUMBER)?,
        name: text(&ticket.name, FileTicket::NAME)?,
        email: check_email(&ticket.email).map_err(|_| refusal(Rule::Field))?,
        phone: if ticket.phone.trim().is_empty() { String::new() } else { text(&ticket.phone, FileTicket::PHONE)? },
        message: text(&ticket.message, FileTicket::MESSAGE)?,
        ..ticket.clone()
    })
}
