//! A list of CPR numbers: a line per card, its number and its holder's CPR number, or nothing where it is to be forgotten.
//!
//! Pure. **Invariant:** a list is read whole or not at all, and no error repeats a number.

use std::collections::BTreeMap;

use madkort_protocol::CardNumber;

use super::Cpr;

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
    /// There is no semicolon.
    #[error("must be a card number, a semicolon and a CPR number, or nothing behind the semicolon")]
    Shape,
    /// The card's number is none.
    #[error("this is no card number")]
    Number,
    /// The CPR number is none.
    #[error("this is no CPR number")]
    Cpr,
    /// The card has another one further up.
    #[error("the card has another CPR number further up")]
    Twice,
}

/// Reads `number;cpr` lines. Empty ones, and those that begin with `#`, say nothing.
pub fn read(text: &str) -> Result<Vec<(CardNumber, Option<Cpr>)>, BadLine> {
    let mut list: BTreeMap<CardNumber, Option<Cpr>> = BTreeMap::new();
    for (place, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let bad = |problem| BadLine { line: place + 1, problem };
        let (number, cpr) = line.split_once(';').ok_or(bad(Problem::Shape))?;
        let number = CardNumber::parse(number).map_err(|_| bad(Problem::Number))?;
        let cpr = match cpr.trim() {
            "" => None,
            cpr => Some(Cpr::parse(cpr).map_err(|_| bad(Problem::Cpr))?),
        };
        if list.get(&number).is_some_and(|before| *before != cpr) {
            return Err(bad(Problem::Twice));
        }
        list.insert(number, cpr);
    }
    Ok(list.into_iter().collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const ONE: &str = "12345678901237";
    const OTHER: &str = "12345678901245";

    #[test]
    fn a_list_is_read_with_its_notes() {
        let list = read(&format!("# 5.a\n\n{ONE};010110-4321\r\n {OTHER} ; \n{ONE};0101104321\n")).unwrap();
        let numbers = [ONE, OTHER].map(|number| CardNumber::parse(number).unwrap());
        assert_eq!(list.len(), 2);
        for (number, cpr) in numbers.into_iter().zip([Some(Cpr::parse("0101104321").unwrap()), None]) {
            assert!(list.contains(&(number, cpr)));
        }
    }

    #[test]
    fn a_bad_line_is_named_and_not_repeated() {
        for (text, line, problem) in [
            (ONE.to_owned(), 1, Problem::Shape),
            (format!("{ONE},0101104321"), 1, Problem::Shape),
            ("\n1234;0101104321".to_owned(), 2, Problem::Number),
            (format!("{ONE};3102104321"), 1, Problem::Cpr),
            (format!("{ONE};0101104321\n{OTHER};\n{ONE};"), 3, Problem::Twice),
        ] {
            let bad = read(&text).unwrap_err();
            assert_eq!(bad, BadLine { line, problem }, "{text}");
            assert!(!bad.to_string().contains("0101") && !bad.to_string().contains(&ONE[..6]), "{bad}");
        }
    }
}
