//! The hash chain of a school's ledger: SHA-256 over every stored column of every transaction, its legs among them, in their order.
//!
//! Pure. Entries are not in it: they follow from the legs. The chain runs on with each transaction, which keeps the first eight bytes of it as its *mark*; the whole hash stands in
//! one link per commit. So a changed row is found, and named, without a hash of 32 bytes in each.
//!
//! **Invariant:** what is hashed is what is stored, so that the chain can be run again from the tables alone.

use sha2::{Digest, Sha256};

use super::value::Value;

/// A hash of the chain.
pub type Hash = [u8; 32];

/// Before the first transaction.
pub const START: Hash = [0; 32];

/// The hash after a row: of a transaction, without its mark; or, in an audit, of an entry among those of its book.
pub fn after(before: Hash, row: &[Value]) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update(before);
    absorb(&mut hasher, row);
    hasher.finalize().into()
}

/// What a transaction keeps of the hash after it.
pub fn mark(hash: &Hash) -> i64 {
    let mut first = [0; 8];
    first.copy_from_slice(&hash[..8]);
    i64::from_be_bytes(first)
}

/// Each value with its kind and length in front, so that no two rows read alike.
pub fn absorb(hasher: &mut Sha256, row: &[Value]) {
    for value in row {
        match value {
            Value::Null => hasher.update([0]),
            Value::Int(number) => {
                hasher.update([1]);
                hasher.update(number.to_be_bytes());
            }
            Value::Text(text) => bytes(hasher, 2, text.as_bytes()),
            Value::Bytes(stored) => bytes(hasher, 3, stored),
        }
    }
    hasher.update([4]);
}

fn bytes(hasher: &mut Sha256, kind: u8, bytes: &[u8]) {
    hasher.update([kind]);
    hasher.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
    hasher.update(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(values: &[Value]) -> Hash {
        after(START, values)
    }

    #[test]
    fn rows_that_differ_hash_differently() {
        let text = |text: &str| Value::Text(text.to_owned());
        let rows = [
            row(&[]),
            row(&[Value::Null]),
            row(&[text("")]),
            row(&[text("ab"), text("c")]),
            row(&[text("a"), text("bc")]),
            row(&[Value::Bytes(b"ab".to_vec()), text("c")]),
            row(&[Value::Int(0)]),
            row(&[Value::Int(1)]),
            row(&[Value::Int(1), Value::Null]),
            after([1; 32], &[Value::Int(1)]),
        ];
        for (place, one) in rows.iter().enumerate() {
            assert!(rows[..place].iter().all(|other| other != one), "row {place}");
        }
    }
}
