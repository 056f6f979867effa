//! What a transaction moves, as its row keeps it, and the entries that follow from it.
//!
//! Pure. The row of a transaction keeps its legs, 16 bytes each: the book's id and what moved on it, big-endian, in their order.
//! The hash chain runs over them. Entries are the same legs once more, by book and time, with the balance after each: what a
//! statement reads.
//!
//! **Invariant:** the entries of a book follow from the legs of the transactions alone, so that an audit can tell what each of
//! them must say.

use super::value::{Db, Value, corrupt, values};

/// Bytes of an id, and of an amount.
const HALF: usize = size_of::<i64>();
/// Bytes of a leg.
const WHOLE: usize = 2 * HALF;

/// A leg as it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BookLeg {
    /// The book's id.
    pub book: i64,
    /// Øre.
    pub amount: i64,
}

/// The bytes of legs.
pub fn stored(legs: &[BookLeg]) -> Vec<u8> {
    legs.iter().flat_map(|leg| [leg.book.to_be_bytes(), leg.amount.to_be_bytes()]).flatten().collect()
}

/// The legs that bytes stand for.
pub fn read(stored: &[u8]) -> Db<Vec<BookLeg>> {
    let (legs, rest) = stored.as_chunks::<WHOLE>();
    if !rest.is_empty() {
        return Err(corrupt("leg"));
    }
    Ok(legs.iter().map(|leg| BookLeg { book: half(&leg[..HALF]), amount: half(&leg[HALF..]) }).collect())
}

fn half(bytes: &[u8]) -> i64 {
    bytes.iter().fold(0, |number, byte| number << 8 | i64::from(*byte))
}

/// A row of the entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    pub book: i64,
    /// Microseconds.
    pub at: i64,
    /// In its school's row, without gaps.
    pub number: i64,
    pub shard: i64,
    /// Of its transaction.
    pub place: i64,
    pub amount: i64,
    /// The book's, right after it.
    pub balance: i64,
}

impl Entry {
    /// In the order of the table's columns.
    pub fn row(&self) -> [Value; 7] {
        values![self.book, self.at, self.number, self.shard, self.place, self.amount, self.balance]
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn legs_are_read_back_as_they_were_stored() {
        let legs = [
            BookLeg { book: 1 << 32 | 7, amount: -4500 },
            BookLeg { book: i64::MAX, amount: i64::MIN },
            BookLeg { book: 0, amount: 4500 },
        ];
        assert_eq!(stored(&legs).len(), 48);
        assert_eq!(read(&stored(&legs)).unwrap(), legs);
        assert_eq!(read(&[]).unwrap(), []);
    }

    #[test]
    fn half_a_leg_is_not_read() {
        assert!(read(&[0; 17]).is_err());
    }
}
