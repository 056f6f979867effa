//! The kitchen's list of a day on paper: plain text of at most [`WIDTH`] columns.
//!
//! Pure: what was ordered goes in, the paper comes out.
//!
//! **Invariants:** of each dish its comments, and the portions without one, add up to all of its portions; the same list taken again
//! differs in nothing but that its first line says KOPI. What somebody cannot eat stands by the number of their order, which is what is
//! called out when the food is handed over, and by no name: paper lies about.

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
mod words;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use madkort_protocol::{Language, Product};

use crate::store::{KitchenDay, KitchenLine};

use words::Words;

/// Columns of the paper: what any printer puts on A4 in its own type.
pub const WIDTH: usize = 80;
/// Columns of a count, with room in front of it and behind.
const COUNT: usize = 6;

/// The school has nothing on its menu for that day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoMenu {
    /// Which day.
    pub date: Date,
}

impl std::fmt::Display for NoMenu {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [danish, english] =
            [Language::Danish, Language::English].map(|language| Words(language).no_menu(self.date));
        write!(f, "{danish}\n{english}")
    }
}

impl std::error::Error for NoMenu {}

/// A dish, and who has ordered it how.
struct Dish<'a> {
    product: &'a Product,
    portions: u64,
    /// Portions of each comment, the one asked for most first.
    comments: Vec<(u64, String)>,
    /// Lines of those who cannot eat everything.
    minded: Vec<&'a KitchenLine>,
}

impl<'a> Dish<'a> {
    fn new(product: &'a Product, lines: &'a [KitchenLine]) -> Self {
        let mut by_comment: BTreeMap<String, u64> = BTreeMap::new();
        let mut minded = Vec::new();
        for line in lines.iter().filter(|line| line.product == product.id) {
            *by_comment.entry(one_line(&line.comment)).or_default() += u64::from(line.quantity);
            if !line.allergens.is_empty() {
                minded.push(line);
            }
        }
        let portions = by_comment.values().sum();
        let mut comments: Vec<_> = by_comment.into_iter().map(|(comment, portions)| (portions, comment)).collect();
        // The portions without one come first, whatever their number; comments asked for equally often stay in the order of the alphabet.
        comments.sort_by_key(|(portions, comment)| (!comment.is_empty(), Reverse(*portions)));
        Self { product, portions, comments, minded }
    }
}

/// The list on paper.
#[must_use]
pub fn text(school: &str, day: &KitchenDay, language: Language) -> String {
    let words = Words(language);
    let dishes: Vec<_> = day.dishes.iter().map(|product| Dish::new(product, &day.lines)).collect();
    let (ordered, not_ordered): (Vec<_>, Vec<_>) = dishes.iter().partition(|dish| dish.portions > 0);
    let mut paper = Paper::default();
    paper.ends(&words.heading(day.taken), school);
    paper.row("", &words.day(day.date));
    for sentence in words.taken(day) {
        paper.row("", &sentence);
    }
    for dish in &ordered {
        paper.rule('=');
        paper.dish(dish, words);
    }
    paper.rule('=');
    let orders: BTreeSet<_> = day.lines.iter().map(|line| line.order).collect();
    paper.row("", &words.total(ordered.iter().map(|dish| dish.portions).sum(), orders.len()));
    if !not_ordered.is_empty() {
        let names: Vec<_> = not_ordered.iter().map(|dish| dish.product.name(language)).collect();
        paper.row("", &words.nobody(&names.join(", ")));
    }
    for sentence in words.end(day.taken) {
        paper.row("", sentence);
    }
    paper.0
}

/// A comment may have been typed in several lines.
fn one_line(comment: &str) -> String {
    comment.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Lines of at most [`WIDTH`] columns.
#[derive(Default)]
struct Paper(String);

impl Paper {
    fn dish(&mut self, dish: &Dish<'_>, words: Words) {
        self.ends(dish.product.name(words.0), &words.portions(dish.portions));
        for (portions, comment) in &dish.comments {
            let comment = if comment.is_empty() { words.no_comment().to_owned() } else { format!("\"{comment}\"") };
            self.row(&count(*portions), &comment);
        }
        let minded = dish.minded.iter().map(|line| u64::from(line.quantity)).sum();
        self.row("  ", &words.minded(minded, dish.portions));
        let number = dish.minded.iter().map(|line| columns(&line.number)).max().unwrap_or_default();
        for line in &dish.minded {
            let lead = format!("{}{:<number$}  ", count(line.quantity.into()), line.number);
            let mut what = words.mind(&dish.product.allergens, &line.allergens);
            if !line.comment.is_empty() {
                what = format!("{what} \"{}\"", one_line(&line.comment));
            }
            self.row(&lead, &what);
        }
    }

    /// Words at the left edge and at the right one; one above the other where they do not fit.
    fn ends(&mut self, left: &str, right: &str) {
        let between = WIDTH.checked_sub(columns(left) + columns(right)).filter(|between| *between >= 2);
        if let Some(between) = between {
            self.line(&format!("{left}{}{right}", " ".repeat(between)));
        } else {
            self.row("", left);
            self.row("", right);
        }
    }

    /// Words behind what leads them, wrapped to the column where they begin.
    fn row(&mut self, lead: &str, words: &str) {
        let indent = columns(lead);
        for (place, part) in wrapped(words, WIDTH.saturating_sub(indent)).iter().enumerate() {
            let lead = if place == 0 { lead.to_owned() } else { " ".repeat(indent) };
            self.line(&format!("{lead}{part}"));
        }
    }

    fn rule(&mut self, mark: char) {
        self.line(&mark.to_string().repeat(WIDTH));
    }

    fn line(&mut self, line: &str) {
        self.0.push_str(line.trim_end());
        self.0.push('\n');
    }
}

fn count(portions: u64) -> String {
    format!("{portions:>width$}  ", width = COUNT - 2)
}

/// Columns a text takes at most: above the alphabets of Europe a character is counted as two, as those of East Asia and most pictures
/// are. Whatever is narrower breaks its line too early, and nothing too late.
fn columns(text: &str) -> usize {
    text.chars().map(width).sum()
}

fn width(character: char) -> usize {
    if character < '\u{1100}' { 1 } else { 2 }
}

/// Lines of at most so many columns, broken between words, and within one that is longer than a line.
fn wrapped(words: &str, room: usize) -> Vec<String> {
    let (mut lines, mut line) = (Vec::new(), String::new());
    for word in words.split(' ') {
        if !line.is_empty() && columns(&line) + 1 + columns(word) > room {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        for character in word.chars() {
            if columns(&line) + width(character) > room {
                lines.push(std::mem::take(&mut line));
            }
            line.push(character);
        }
    }
    lines.push(line);
    lines
}
