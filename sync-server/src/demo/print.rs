//! What `demo-data` says on the terminal.
//!
//! Pure.

use std::fmt::Write as _;

use madkort_protocol::Language;

use super::{DemoCard, DemoSchool};

/// A table of the cards that show something, the crowd after them in short, and the sandbox's payment cards.
#[must_use]
pub fn table(demo: &DemoSchool) -> String {
    let mut text = format!(
        "{} is open. Today is {}; orders can be placed for {}.\n\n",
        demo.school, demo.today, demo.next_school_day
    );
    let (shown, crowd): (Vec<_>, Vec<_>) = demo.cards.iter().partition(|card| !card.shows.is_empty());
    line(&mut text, "Who", "Card UID", "Number", "Code", "Balance", "Shows");
    for card in shown {
        row(&mut text, card);
    }
    text.push('\n');
    for card in crowd {
        row(&mut text, card);
    }
    text.push_str("\n* the tap asks for the code\n\nPayment cards of the sandbox:\n");
    for (number, what) in &demo.payment_cards {
        let _ = writeln!(text, "  {number}  {what}");
    }
    text
}

fn row(text: &mut String, card: &DemoCard) {
    let name = if card.name.is_empty() { &card.label } else { &card.name };
    let asked = if card.ask_code { "*" } else { " " };
    let shows = if card.shows.is_empty() { card.class.as_deref().unwrap_or("") } else { &card.shows };
    let balance = card.balance.in_words(Language::Danish);
    line(text, name, &card.uid, &card.number, &format!("{}{asked}", card.code), &balance, shows);
}

fn line(text: &mut String, who: &str, uid: &str, number: &str, code: &str, balance: &str, shows: &str) {
    let who: String = who.chars().take(34).collect();
    let line = format!("{who:<34}  {uid:<14}  {number:<14}  {code:<5}  {balance:>11}  {shows}");
    let _ = writeln!(text, "{}", line.trim_end());
}
