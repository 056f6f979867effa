//! A list of who pays what: a line per card, its number and a price class.
//!
//! Pure. **Invariant:** a list is read whole or not at all, and no error repeats a number.

use std::collections::BTreeMap;
use std::fmt;

use madkort_ledger::PriceClass;
use madkort_protocol::CardNumber;

/// A line that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct BadLine {
    /// Which, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What can be wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// There are not two words with a semicolon between them.
    #[error("must be a card number, a semicolon and a price class")]
    Shape,
    /// The number is none.
    #[error("this is no card number")]
    Number,
    /// The class is none.
    #[error("the price class must be paid, reduced or free")]
    Class,
    /// The card has another class further up.
    #[error("the card has another price class further up")]
    Twice,
}

/// One line: which it is, from 1, whose card, and its class.
pub type Entry = (usize, CardNumber, PriceClass);

/// Two cards of one person with different classes: the person has one account, and it is in one class. Named by their lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Torn {
    /// The line further up.
    pub line: usize,
    /// The other one.
    pub other: usize,
}

impl fmt::Display for Torn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, other } = self;
        write!(f, "lines {line} and {other}: two cards of one person have different price classes: nothing was changed")
    }
}

/// Reads `number;class` lines. Empty ones, and those that begin with `#`, say nothing.
pub fn read(text: &str) -> Result<Vec<Entry>, BadLine> {
    let mut list: BTreeMap<CardNumber, (usize, PriceClass)> = BTreeMap::new();
    for (place, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let bad = |problem| BadLine { line: place + 1, problem };
        let (number, class) = line.split_once(';').ok_or(bad(Problem::Shape))?;
        let number = CardNumber::parse(number).map_err(|_| bad(Problem::Number))?;
        let class = PriceClass::parse(class.trim()).ok_or(bad(Problem::Class))?;
        let (_, before) = *list.entry(number).or_insert((place + 1, class));
        if before != class {
            return Err(bad(Problem::Twice));
        }
    }
    let mut list: Vec<Entry> = list.into_iter().map(|(number, (line, class))| (line, number, class)).collect();
    list.sort_by_key(|(line, ..)| *line);
    Ok(list)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const ONE: &str = "12345678901237";
    const OTHER: &str = "12345678901245";

    #[test]
    fn a_list_is_read_with_its_notes() {
        let list = read(&format!("# 5.a\n\n{ONE};free\r\n {OTHER} ; reduced \n{ONE};free\n")).unwrap();
        let numbers = [ONE, OTHER].map(|number| CardNumber::parse(number).unwrap());
        let [one, other] = numbers;
        assert_eq!(list, [(3, one, PriceClass::Free), (4, other, PriceClass::Reduced)]);
    }

    #[test]
    fn a_bad_line_is_named_and_not_repeated() {
        for (text, line, problem) in [
            (ONE.to_owned(), 1, Problem::Shape),
            (format!("{ONE},free"), 1, Problem::Shape),
            ("\n1234;free".to_owned(), 2, Problem::Number),
            (format!("{ONE};Free"), 1, Problem::Class),
            (format!("{ONE};free\n{OTHER};paid\n{ONE};paid"), 3, Problem::Twice),
        ] {
            let bad = read(&text).unwrap_err();
            assert_eq!(bad, BadLine { line, problem }, "{text}");
            assert!(!bad.to_string().contains(&ONE[..6]), "{bad}");
        }
    }
}
