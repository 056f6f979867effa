//! A list that the office gives: a line per card, its number, a semicolon, and what is said of it.
//!
//! Pure. **Invariant:** a list is read whole or not at all, and no error repeats a number or what is said.

use std::collections::BTreeMap;
use std::fmt;

use madkort_protocol::CardNumber;

/// What a list says of a card.
pub trait OfCard: PartialEq + Sized {
    /// What a line must be that has no semicolon.
    const SHAPE: &'static str;
    /// What is wrong with what stands behind the semicolon.
    const WRONG: &'static str;
    /// That something else was said of the card further up.
    const TWICE: &'static str;

    /// Reads what stands behind the semicolon, without the spaces around it; may be empty.
    fn parse(text: &str) -> Option<Self>;
}

/// A line that was read.
#[derive(Debug, PartialEq, Eq)]
pub struct Line<T> {
    /// Which, from 1; the first one, where the same is said again.
    pub line: usize,
    /// Whose card.
    pub card: CardNumber,
    /// What is said of it.
    pub said: T,
}

/// A line that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadLine {
    /// Which, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: Problem,
    sentence: &'static str,
}

/// What can be wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// There is no semicolon.
    Shape,
    /// The card's number is none.
    Number,
    /// What stands behind the semicolon cannot be read.
    Wrong,
    /// Something else was said of the card further up.
    Twice,
}

impl BadLine {
    const fn of<T: OfCard>(line: usize, problem: Problem) -> Self {
        let sentence = match problem {
            Problem::Shape => T::SHAPE,
            Problem::Number => "this is no card number",
            Problem::Wrong => T::WRONG,
            Problem::Twice => T::TWICE,
        };
        Self { line, problem, sentence }
    }
}

impl fmt::Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.sentence)
    }
}

impl std::error::Error for BadLine {}

/// Reads a list; each card once, in the order of the lines. Empty lines, and those that begin with `#`, say nothing.
pub fn read<T: OfCard>(text: &str) -> Result<Vec<Line<T>>, BadLine> {
    let mut list: BTreeMap<CardNumber, (usize, T)> = BTreeMap::new();
    for (line, text) in (1..).zip(text.lines().map(str::trim)) {
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let bad = |problem| BadLine::of::<T>(line, problem);
        let (card, said) = text.split_once(';').ok_or(bad(Problem::Shape))?;
        let card = CardNumber::parse(card).map_err(|_| bad(Problem::Number))?;
        let said = T::parse(said.trim()).ok_or(bad(Problem::Wrong))?;
        match list.get(&card) {
            Some((_, before)) if *before != said => return Err(bad(Problem::Twice)),
            Some(_) => {}
            None => {
                list.insert(card, (line, said));
            }
        }
    }
    let mut list: Vec<_> = list.into_iter().map(|(card, (line, said))| Line { line, card, said }).collect();
    list.sort_by_key(|line| line.line);
    Ok(list)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use madkort_ledger::PriceClass;

    use super::*;
    use crate::cpr::Cpr;

    const ONE: &str = "12345678901237";
    const OTHER: &str = "12345678901245";

    fn line<T>(line: usize, card: &str, said: T) -> Line<T> {
        Line { line, card: CardNumber::parse(card).unwrap(), said }
    }

    fn cpr() -> Cpr {
        Cpr::parse("0101104321").unwrap()
    }

    #[test]
    fn a_list_is_read_with_its_notes() {
        let classes = read(&format!("# 5.a\n\n{OTHER};free\r\n {ONE} ; reduced \n{OTHER};free\n"));
        assert_eq!(classes, Ok(vec![line(3, OTHER, PriceClass::Free), line(4, ONE, PriceClass::Reduced)]));
        let numbers = read(&format!("# 5.a\n\n{ONE};010110-4321\r\n {OTHER} ; \n{ONE};0101104321\n"));
        assert_eq!(numbers, Ok(vec![line(3, ONE, Some(cpr())), line(4, OTHER, None)]));
    }

    #[test]
    fn a_bad_line_is_named_and_not_repeated() {
        for (text, line, problem, sentence) in [
            (ONE.to_owned(), 1, Problem::Shape, "must be a card number, a semicolon and a price class"),
            (format!("{ONE},free"), 1, Problem::Shape, "must be a card number, a semicolon and a price class"),
            ("\n1234;free".to_owned(), 2, Problem::Number, "this is no card number"),
            (format!("{ONE};Free"), 1, Problem::Wrong, "the price class must be paid, reduced or free"),
            (
                format!("{ONE};free\n{OTHER};paid\n{ONE};paid"),
                3,
                Problem::Twice,
                "the card has another price class further up",
            ),
        ] {
            assert_bad(read::<PriceClass>(&text).unwrap_err(), line, problem, sentence);
        }
        let shape = "must be a card number, a semicolon and a CPR number, or nothing behind the semicolon";
        for (text, line, problem, sentence) in [
            (ONE.to_owned(), 1, Problem::Shape, shape),
            (format!("{ONE},0101104321"), 1, Problem::Shape, shape),
            ("\n1234;0101104321".to_owned(), 2, Problem::Number, "this is no card number"),
            (format!("{ONE};3102104321"), 1, Problem::Wrong, "this is no CPR number"),
            (
                format!("{ONE};0101104321\n{OTHER};\n{ONE};"),
                3,
                Problem::Twice,
                "the card has another CPR number further up",
            ),
        ] {
            assert_bad(read::<Option<Cpr>>(&text).unwrap_err(), line, problem, sentence);
        }
    }

    fn assert_bad(bad: BadLine, line: usize, problem: Problem, sentence: &'static str) {
        assert_eq!(bad, BadLine { line, problem, sentence });
        assert_eq!(bad.to_string(), format!("line {line}: {sentence}"));
        assert!(!bad.to_string().contains("0101") && !bad.to_string().contains(&ONE[..6]), "{bad}");
    }
}
